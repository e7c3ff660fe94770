//! Records of a CSV file (RFC 4180), as bytes: no byte of a CP932 character looks like a comma, a tab or a quote.
//!
//! A stray quote would swallow what follows it. So a record may go over few lines only; where its quote
//! is not closed by then, its first line is refused, and reading goes on with its second.

use std::io;

use crate::RowError;
use crate::lines::{Line, Lines};

/// How many lines one record may have.
const MOST_LINES: usize = 200;

/// One record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    /// The line on which it begins.
    pub(crate) line: u64,
    pub(crate) fields: Result<Vec<Vec<u8>>, RowError>,
}

/// The records of a file.
pub(crate) struct Records {
    lines: Lines,
    delimiter: u8,
}

impl Records {
    pub(crate) fn new(lines: Lines, delimiter: u8) -> Self {
        Self { lines, delimiter }
    }

    /// The next record that is not blank; none at the end.
    pub(crate) fn next(&mut self) -> io::Result<Option<Record>> {
        loop {
            let Some(line) = self.lines.next()? else { return Ok(None) };
            if !line.bytes.iter().all(u8::is_ascii_whitespace) {
                return self.record(line).map(Some);
            }
        }
    }

    fn record(&mut self, first: Line) -> io::Result<Record> {
        let line = first.number;
        if first.is_cut {
            return Ok(Record { line, fields: Err(too_long()) });
        }
        let mut is_return = first.ends_with_return;
        let mut text = first.bytes;
        let mut further: Vec<Line> = Vec::new();
        loop {
            let column = match cut(&text, self.delimiter) {
                Ok(fields) => return Ok(Record { line, fields: Ok(fields) }),
                Err(column) => column,
            };
            let next = if further.len() + 1 < MOST_LINES { self.lines.next()? } else { None };
            match next {
                Some(next) if !next.is_cut => {
                    text.push(if is_return { b'\r' } else { b'\n' });
                    is_return = next.ends_with_return;
                    text.extend(&next.bytes);
                    further.push(next);
                }
                end => {
                    further.extend(end);
                    self.lines.put_back(further);
                    return Ok(Record { line, fields: Err(not_closed(column)) });
                }
            }
        }
    }
}

/// The delimiter of a file with this header: whichever there are more of.
pub(crate) fn delimiter_of(header: &[u8]) -> u8 {
    let count = |delimiter: u8| header.split(|byte| *byte == delimiter).count();
    let others = [b'\t', b';'];
    others.into_iter().max_by_key(|other| count(*other)).filter(|other| count(*other) > count(b',')).unwrap_or(b',')
}

/// Cuts a record into its fields; the error is the column whose quote is not closed, from 1.
fn cut(text: &[u8], delimiter: u8) -> Result<Vec<Vec<u8>>, usize> {
    let mut fields = vec![Vec::new()];
    let mut bytes = text.iter().copied().peekable();
    // Only a quote at the beginning of a field opens one; blanks before it do not count.
    let (mut is_quoted, mut is_start) = (false, true);
    while let Some(byte) = bytes.next() {
        let Some(field) = fields.last_mut() else { break };
        match byte {
            b'"' if is_quoted && bytes.peek() == Some(&b'"') => {
                bytes.next();
                field.push(b'"');
            }
            b'"' if is_quoted => is_quoted = false,
            b'"' if is_start => {
                field.clear();
                is_quoted = true;
            }
            byte if byte == delimiter && !is_quoted => {
                fields.push(Vec::new());
                is_start = true;
                continue;
            }
            byte => field.push(byte),
        }
        is_start &= byte == b' ';
    }
    if is_quoted { Err(fields.len()) } else { Ok(fields) }
}

fn not_closed(column: usize) -> RowError {
    RowError::new(
        (
            format!("the quote that opens column {column} is not closed"),
            format!("{column}列目の引用符が閉じられていません"),
        ),
        (
            "close it with a second quote; a quote inside a quoted value is written twice",
            "引用符を閉じてください。値の中の引用符は2つ続けて書きます",
        ),
    )
}

fn too_long() -> RowError {
    RowError::new(
        ("the line is longer than 16 MiB", "行が16 MiBを超えています"),
        ("one row per line, with a line end after each", "1行に1件ずつ、行末で改行してください"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Read = Vec<(u64, Result<Vec<String>, String>)>;

    fn all(text: &str) -> Read {
        let lines = Lines::of_csv(Box::new(io::Cursor::new(text.as_bytes().to_vec())));
        let mut records = Records::new(lines, b',');
        std::iter::from_fn(|| records.next().unwrap())
            .map(|record| {
                let text = |field: Vec<u8>| String::from_utf8_lossy(&field).into_owned();
                let fields = record.fields.map(|fields| fields.into_iter().map(text).collect());
                (record.line, fields.map_err(|error| error.to_string()))
            })
            .collect()
    }

    fn good(line: u64, fields: &[&str]) -> (u64, Result<Vec<String>, String>) {
        (line, Ok(fields.iter().map(|field| (*field).to_owned()).collect()))
    }

    #[test]
    fn records_are_cut_as_rfc_4180_says() {
        assert_eq!(
            all("a,b\r\n\r\n\"1,\"\"2\"\"\n3\",\n x , y\" \n\"\",\"q\"x\n\"a\",  \"b,c\"\n"),
            [
                good(1, &["a", "b"]),
                good(3, &["1,\"2\"\n3", ""]),
                good(5, &[" x ", " y\" "]),
                good(6, &["", "qx"]),
                good(7, &["a", "b,c"])
            ]
        );
    }

    #[test]
    fn records_end_with_a_carriage_return_too_and_quoted_ones_stay() {
        let expected = [good(1, &["a", "b"]), good(2, &["1\r2\n3", "x"]), good(5, &["2", "y"])];
        assert_eq!(all("a,b\r\"1\r2\n3\",x\r2,y\r"), expected);
    }

    #[test]
    fn a_stray_quote_costs_its_own_line_alone() {
        let read = all("a,b\n1,\"x\n2,y\n3,z");
        assert_eq!(read.len(), 4);
        assert!(read[1].1.as_ref().unwrap_err().starts_with("the quote that opens column 2 is not closed"));
        assert_eq!(read[2..], [good(3, &["2", "y"]), good(4, &["3", "z"])]);
    }

    #[test]
    fn the_delimiter_is_found_in_the_header() {
        for (header, delimiter) in [("a,b", b','), ("a\tb,c\td", b'\t'), ("a;b", b';'), ("a", b',')] {
            assert_eq!(delimiter_of(header.as_bytes()), delimiter, "{header}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(rows in prop::collection::vec(prop::collection::vec("[a-z,\"\n街]{0,5}", 1..4), 1..5)) {
            let quote = |field: &String| format!("\"{}\"", field.replace('"', "\"\""));
            let write = |row: &Vec<String>| row.iter().map(quote).collect::<Vec<_>>().join(",");
            let text = rows.iter().map(write).collect::<Vec<_>>().join("\n");
            let read: Vec<_> = all(&text).into_iter().map(|(_, fields)| fields.unwrap()).collect();
            prop_assert_eq!(read, rows);
        }

        #[test]
        fn any_text_is_read_to_its_end(text in "[a,\"\n\r]{0,80}") {
            all(&text);
        }
    }
}
