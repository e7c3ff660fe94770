//! Cuts a form that arrives in pieces into its parts (RFC 7578, RFC 2046 §5.1), so that no more than the last piece
//! and the head of one part are held at a time.

use bytes::{Buf, Bytes, BytesMut};
use memchr::memmem;

/// The longest head of a part.
const LONGEST_HEAD: usize = 16 << 10;
/// RFC 2046 §5.1.1: blanks may stand behind a boundary; so many are put up with.
const MOST_BLANKS: usize = 64;

/// What was cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// Nothing: more must come first.
    More,
    /// The head of a part, its lines without the end of the last one.
    Head(Bytes),
    /// Some of the content of a part.
    Content(Bytes),
    /// The part is at its end.
    PartEnd,
    /// The form is at its end.
    End,
}

/// Why the bytes are no form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BrokenForm {
    /// A boundary is followed by something else than the end of its line.
    #[error("a boundary is not followed by the end of its line")]
    NoLine,
    /// The head of a part does not end.
    #[error("the head of a part is longer than {LONGEST_HEAD} bytes")]
    LongHead,
    /// The bytes end before the form does.
    #[error("it ends before its last boundary")]
    Unfinished,
}

/// The state of the cutting.
#[derive(Debug)]
pub(crate) struct Cutter {
    /// What stands before each boundary, and the boundary.
    delimiter: memmem::Finder<'static>,
    held: BytesMut,
    place: Place,
}

/// Where in the form the held bytes begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Before the first boundary, where anything may stand.
    Preamble,
    /// Behind a boundary.
    Boundary,
    Head,
    Content,
    End,
}

impl Cutter {
    pub(crate) fn new(boundary: &[u8]) -> Self {
        let delimiter = memmem::Finder::new(&[b"\r\n--", boundary].concat()).into_owned();
        // The first boundary has no line before it that it could end.
        Self { delimiter, held: BytesMut::from(&b"\r\n"[..]), place: Place::Preamble }
    }

    /// Takes the next piece.
    pub(crate) fn push(&mut self, piece: &[u8]) {
        if self.place != Place::End {
            self.held.extend_from_slice(piece);
        }
    }

    /// Cuts off what is next.
    pub(crate) fn cut(&mut self) -> Result<Cut, BrokenForm> {
        loop {
            match self.place {
                Place::Preamble => {
                    let Some(at) = self.delimiter.find(&self.held) else {
                        self.held.advance(self.certain());
                        return Ok(Cut::More);
                    };
                    self.pass_boundary(at);
                }
                Place::Boundary => match self.boundary()? {
                    Some(Place::End) => self.place = Place::End,
                    Some(next) => self.place = next,
                    None => return Ok(Cut::More),
                },
                Place::Head => return self.head(),
                Place::Content => return Ok(self.content()),
                Place::End => return Ok(Cut::End),
            }
        }
    }

    fn pass_boundary(&mut self, at: usize) {
        self.held.advance(at + self.delimiter.needle().len());
        self.place = Place::Boundary;
    }

    /// How many of the held bytes cannot be the beginning of a delimiter.
    fn certain(&self) -> usize {
        (self.held.len() + 1).saturating_sub(self.delimiter.needle().len())
    }

    /// What a boundary leads to; none while that is not here.
    fn boundary(&mut self) -> Result<Option<Place>, BrokenForm> {
        if self.held.starts_with(b"--") {
            self.held.clear();
            return Ok(Some(Place::End));
        }
        let blanks = self.held.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        if blanks > MOST_BLANKS {
            return Err(BrokenForm::NoLine);
        }
        let rest = self.held.get(blanks..).unwrap_or_default();
        if rest.starts_with(b"\r\n") {
            // The end of the line stays: a part without any header has its head's end right behind it.
            self.held.advance(blanks);
            return Ok(Some(Place::Head));
        }
        let may_come = rest.is_empty() || rest == b"\r" || (rest == b"-" && blanks == 0);
        if may_come { Ok(None) } else { Err(BrokenForm::NoLine) }
    }

    fn head(&mut self) -> Result<Cut, BrokenForm> {
        match memmem::find(&self.held, b"\r\n\r\n") {
            Some(at) if at <= LONGEST_HEAD => {
                let head = self.held.split_to(at).freeze();
                self.held.advance(4);
                self.place = Place::Content;
                Ok(Cut::Head(head))
            }
            None if self.held.len() <= LONGEST_HEAD => Ok(Cut::More),
            _ => Err(BrokenForm::LongHead),
        }
    }

    fn content(&mut self) -> Cut {
        match self.delimiter.find(&self.held) {
            Some(0) => {
                self.pass_boundary(0);
                Cut::PartEnd
            }
            Some(at) => Cut::Content(self.held.split_to(at).freeze()),
            None => match self.certain() {
                0 => Cut::More,
                certain => Cut::Content(self.held.split_to(certain).freeze()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Parts = Vec<(String, Vec<u8>)>;

    fn cut(text: &[u8], sizes: &[usize]) -> Result<Parts, BrokenForm> {
        let mut cutter = Cutter::new(b"xyz");
        let (mut parts, mut rest) = (Parts::new(), text);
        let mut sizes = sizes.iter().cycle();
        loop {
            match cutter.cut()? {
                Cut::More if rest.is_empty() => return Err(BrokenForm::Unfinished),
                Cut::More => {
                    let size = sizes.next().map_or(rest.len(), |size| (*size).clamp(1, rest.len()));
                    let (piece, after) = rest.split_at(size);
                    cutter.push(piece);
                    rest = after;
                }
                Cut::Head(head) => parts.push((String::from_utf8_lossy(&head).trim().to_owned(), Vec::new())),
                Cut::Content(content) => parts.last_mut().unwrap().1.extend(content),
                Cut::PartEnd => {}
                Cut::End => return Ok(parts),
            }
        }
    }

    fn part(head: &str, content: &str) -> (String, Vec<u8>) {
        (head.to_owned(), content.as_bytes().to_vec())
    }

    #[test]
    fn parts_are_cut_wherever_the_pieces_end() {
        let text = "before\r\n--xyz \r\nA: b\r\nC: d\r\n\r\none\r\n--xy\r\n\r\n--xyz\r\n\r\ntwo\r\n--xyz\r\nE: f\r\n\r\n\r\n--xyz--\r\nafter";
        let expected = vec![part("A: b\r\nC: d", "one\r\n--xy\r\n"), part("", "two"), part("E: f", "")];
        for sizes in [&[1][..], &[2, 3], &[7], &[1000]] {
            assert_eq!(cut(text.as_bytes(), sizes), Ok(expected.clone()), "{sizes:?}");
        }
        assert_eq!(cut(b"--xyz--", &[1]), Ok(vec![]));
    }

    #[test]
    fn what_is_no_form_is_told() {
        let long = format!("--xyz\r\nA: {}", "b".repeat(LONGEST_HEAD));
        for (text, expected) in [
            ("", BrokenForm::Unfinished),
            ("--xyz\r\nA: b\r\n\r\nhalf", BrokenForm::Unfinished),
            ("--xyz\r\nA: b", BrokenForm::Unfinished),
            ("--xyz-", BrokenForm::Unfinished),
            ("--xyzw\r\n", BrokenForm::NoLine),
            ("--xyz\n\n", BrokenForm::NoLine),
            (&long, BrokenForm::LongHead),
        ] {
            for sizes in [&[1][..], &[100_000]] {
                assert_eq!(cut(text.as_bytes(), sizes), Err(expected), "{text}");
            }
        }
    }

    proptest! {
        #[test]
        fn contents_come_back(
            contents in prop::collection::vec("[a\r\n-]{0,20}", 0..4),
            sizes in prop::collection::vec(1usize..9, 1..5),
        ) {
            let parts = contents.iter().map(|content| format!("--xyz\r\nA: b\r\n\r\n{content}\r\n"));
            let parts = parts.collect::<Vec<_>>().concat();
            let expected: Parts = contents.iter().map(|content| part("A: b", content)).collect();
            prop_assert_eq!(cut(format!("{parts}--xyz--\r\n").as_bytes(), &sizes), Ok(expected));
        }

        #[test]
        fn any_bytes_are_judged(text in "(--xyz|\r\n|[a -]){0,30}", sizes in prop::collection::vec(1usize..9, 1..5)) {
            let whole = cut(text.as_bytes(), &[1000]);
            prop_assert_eq!(cut(text.as_bytes(), &sizes), whole);
        }
    }
}
