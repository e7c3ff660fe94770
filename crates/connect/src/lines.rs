//! Physical lines of a file, each with its number and within a length.

use std::collections::VecDeque;
use std::io::{self, BufRead};

use crate::encoding::MARK;

/// The longest line; what is longer is no row of data.
pub(crate) const LONGEST: usize = 16 << 20;

/// A line without its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// From 1.
    pub(crate) number: u64,
    pub(crate) bytes: Vec<u8>,
    /// Whether a carriage return alone ends it.
    pub(crate) ends_with_return: bool,
    /// Whether it is longer than a line may be; then `bytes` is its beginning.
    pub(crate) is_cut: bool,
}

/// The lines of a file.
pub(crate) struct Lines {
    reader: Box<dyn BufRead>,
    /// Whether a carriage return alone ends a line too, as spreadsheets write it for the Macintosh.
    has_returns: bool,
    read: u64,
    put_back: VecDeque<Line>,
}

impl Lines {
    pub(crate) fn new(reader: Box<dyn BufRead>) -> Self {
        Self { reader, has_returns: false, read: 0, put_back: VecDeque::new() }
    }

    /// The lines of a CSV, which end in any of the three ways.
    pub(crate) fn of_csv(reader: Box<dyn BufRead>) -> Self {
        Self { has_returns: true, ..Self::new(reader) }
    }

    /// The next line; none at the end.
    pub(crate) fn next(&mut self) -> io::Result<Option<Line>> {
        if let Some(line) = self.put_back.pop_front() {
            return Ok(Some(line));
        }
        let Some(mut line) = self.read_line()? else { return Ok(None) };
        let bytes = &mut line.bytes;
        if bytes.last() == Some(&b'\r') {
            bytes.pop();
        }
        if self.read == 0 && bytes.starts_with(MARK) {
            bytes.drain(..MARK.len());
        }
        self.read += 1;
        line.number = self.read;
        Ok(Some(line))
    }

    /// Puts lines back in front of those that come.
    pub(crate) fn put_back(&mut self, lines: Vec<Line>) {
        for line in lines.into_iter().rev() {
            self.put_back.push_front(line);
        }
    }

    fn read_line(&mut self) -> io::Result<Option<Line>> {
        let mut line = Line { number: 0, bytes: Vec::new(), ends_with_return: false, is_cut: false };
        let mut is_any = false;
        loop {
            let piece = self.reader.fill_buf()?;
            if piece.is_empty() {
                return Ok(is_any.then_some(line));
            }
            is_any = true;
            let ends = |byte: u8| byte == b'\n' || (self.has_returns && byte == b'\r');
            let end = piece.iter().position(|byte| ends(*byte));
            let is_return = end.and_then(|end| piece.get(end)) == Some(&b'\r');
            let wanted = piece.iter().take(end.unwrap_or(piece.len()));
            let room = LONGEST - line.bytes.len();
            line.is_cut |= wanted.len() > room;
            line.bytes.extend(wanted.take(room));
            let used = end.map_or(piece.len(), |end| end + 1);
            self.reader.consume(used);
            if end.is_some() {
                line.ends_with_return = is_return && !self.skip_line_feed()?;
                return Ok(Some(line));
            }
        }
    }

    /// Skips the second half of a line end; whether it is there.
    fn skip_line_feed(&mut self) -> io::Result<bool> {
        let is_there = self.reader.fill_buf()?.first() == Some(&b'\n');
        self.reader.consume(usize::from(is_there));
        Ok(is_there)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &'static [u8]) -> Vec<(u64, String)> {
        let mut lines = Lines::new(Box::new(text));
        std::iter::from_fn(|| lines.next().unwrap())
            .map(|line| (line.number, String::from_utf8(line.bytes).unwrap()))
            .collect()
    }

    #[test]
    fn lines_end_with_or_without_a_carriage_return() {
        let expected = [(1, "a".to_owned()), (2, String::new()), (3, "b".to_owned())];
        assert_eq!(all(b"a\n\nb"), expected);
        assert_eq!(all(b"\xef\xbb\xbfa\r\n\r\nb\r\n"), expected);
        assert!(all(b"").is_empty());
    }

    #[test]
    fn a_csv_has_line_ends_of_three_kinds_wherever_the_reader_pauses() {
        let text = b"a\rb\r\nc\n\rd";
        for capacity in 1..8 {
            let mut lines = Lines::of_csv(Box::new(io::BufReader::with_capacity(capacity, &text[..])));
            let read: Vec<_> = std::iter::from_fn(|| lines.next().unwrap())
                .map(|line| (String::from_utf8(line.bytes).unwrap(), line.ends_with_return))
                .collect();
            let expected = [("a", true), ("b", false), ("c", false), ("", true), ("d", false)];
            assert_eq!(read, expected.map(|(text, is_return)| (text.to_owned(), is_return)));
        }
        assert_eq!(all(b"{\"a\":\r1}\n"), [(1, "{\"a\":\r1}".to_owned())]);
    }

    #[test]
    fn lines_that_were_put_back_come_again() {
        let mut lines = Lines::new(Box::new(&b"a\nb\nc"[..]));
        let (a, b) = (lines.next().unwrap().unwrap(), lines.next().unwrap().unwrap());
        lines.put_back(vec![a.clone(), b.clone()]);
        assert_eq!(lines.next().unwrap(), Some(a));
        assert_eq!(lines.next().unwrap(), Some(b));
        assert_eq!(lines.next().unwrap().unwrap().number, 3);
    }

    #[test]
    fn a_line_beyond_the_limit_is_cut_and_the_next_one_is_whole() {
        let mut text = vec![b'x'; LONGEST + 10];
        text.extend(b"\nnext");
        let mut lines = Lines::new(Box::new(io::Cursor::new(text)));
        let long = lines.next().unwrap().unwrap();
        assert!(long.is_cut && long.bytes.len() == LONGEST);
        assert_eq!(lines.next().unwrap().unwrap().bytes, b"next");
    }
}
