//! Cuts a JSON array that arrives in pieces into the texts of its items, so that no more than one item
//! and one piece are held at a time. It looks at brackets, strings and commas alone; what lies inside
//! an item is the parser's business.

use bytes::{Bytes, BytesMut};
use machi_face::japanese;
use machi_types::{JsonError, Phrase};
use memchr::memchr2;

/// The state of the cutting.
#[derive(Debug)]
pub(crate) struct Items {
    place: Place,
    /// The open brackets of the item that is being read, innermost last.
    open: Vec<u8>,
    /// What has come of that item.
    item: BytesMut,
    /// How many bytes have come in all.
    offset: u64,
    largest: usize,
    deepest: usize,
}

/// Where in the array the next byte lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Before the opening bracket.
    Start,
    /// After the opening bracket: an item or the end.
    First,
    /// After a comma: an item.
    Next,
    /// After an item: a comma or the end.
    Between,
    /// Inside an object or array, outside its strings.
    Nested,
    /// Inside a string.
    Text,
    /// After a backslash in a string.
    Escape,
    /// Inside a number or a word.
    Word,
    /// After the closing bracket.
    End,
}

/// Why the bytes are no array of items.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BrokenArray {
    /// There was nothing.
    #[error("the body is empty; it must be a JSON array")]
    Empty,
    /// It is JSON of another kind.
    #[error("the body begins with \"{0}\"; a batch is a JSON array of items: [{{…}}, {{…}}]")]
    NoArray(char),
    /// It is no JSON at all.
    #[error("{0}")]
    NoJson(JsonError),
    /// A byte stands where it must not.
    #[error("unexpected {found:?} at byte {offset}; {}", expected.en)]
    Unexpected {
        /// The byte, as a character.
        found: char,
        /// Where it stands, from 0.
        offset: u64,
        /// What would be right.
        expected: Phrase,
    },
    /// The bytes end before the array does.
    #[error("the body ends at byte {0}, before its JSON array does")]
    Unfinished(u64),
    /// An item is longer than is allowed.
    #[error("the item that ends after byte {offset} is longer than {limit} bytes ([limits] body)")]
    TooLong {
        /// How far the reading came.
        offset: u64,
        /// What is allowed.
        limit: usize,
    },
    /// An item nests deeper than is allowed.
    #[error("arrays and objects nest more than {limit} levels deep ([limits] depth) at byte {offset}")]
    TooDeep {
        /// Where.
        offset: u64,
        /// What is allowed.
        limit: usize,
    },
}

impl BrokenArray {
    /// The same in Japanese.
    pub(crate) fn in_japanese(&self) -> String {
        match self {
            Self::Empty => "本文が空です。JSON配列でなければなりません".to_owned(),
            Self::NoArray(first) => {
                format!("本文が{first:?}で始まっています。一括操作の本文は項目のJSON配列です: [{{…}}, {{…}}]")
            }
            Self::NoJson(error) => japanese::json(error),
            Self::Unexpected { found, offset, expected } => {
                format!("{offset}バイト目の{found:?}は正しくありません。{}", expected.ja)
            }
            Self::Unfinished(offset) => format!("JSON配列が終わる前に、{offset}バイト目で本文が終わっています"),
            Self::TooLong { offset, limit } => {
                format!("{offset}バイト目より後で終わる項目が{limit}バイトを超えています([limits] body)")
            }
            Self::TooDeep { offset, limit } => {
                format!("{offset}バイト目で配列とオブジェクトの入れ子が{limit}段を超えています([limits] depth)")
            }
        }
    }
}

impl Items {
    /// Cuts items of at most `largest` bytes and `deepest` levels.
    pub(crate) fn new(largest: usize, deepest: usize) -> Self {
        let open = Vec::with_capacity(16);
        Self { place: Place::Start, open, item: BytesMut::new(), offset: 0, largest, deepest }
    }

    /// Takes the next piece and hands on the items that it completes.
    pub(crate) fn push(&mut self, piece: &[u8], items: &mut Vec<Bytes>) -> Result<(), BrokenArray> {
        let mut at = 0;
        // Where in the piece the part of the current item begins that is not yet in `item`.
        let mut begin = 0;
        while let Some(byte) = piece.get(at).copied() {
            let was_inside = self.is_inside();
            let step = self.step(byte, piece.get(at..).unwrap_or_default(), at)?;
            if !was_inside && self.is_inside() {
                begin = at;
            }
            at += step.bytes;
            if step.ends_item {
                self.keep(piece.get(begin..at).unwrap_or_default(), at)?;
                items.push(self.item.split().freeze());
            }
        }
        if self.is_inside() {
            self.keep(piece.get(begin..).unwrap_or_default(), at)?;
        }
        self.offset += piece.len() as u64;
        Ok(())
    }

    /// Whether the array came to its end.
    pub(crate) fn finish(&self) -> Result<(), BrokenArray> {
        match self.place {
            Place::End => Ok(()),
            Place::Start => Err(BrokenArray::Empty),
            _ => Err(BrokenArray::Unfinished(self.offset)),
        }
    }

    fn is_inside(&self) -> bool {
        matches!(self.place, Place::Nested | Place::Text | Place::Escape | Place::Word)
    }

    fn keep(&mut self, part: &[u8], at: usize) -> Result<(), BrokenArray> {
        if self.item.len() + part.len() > self.largest {
            return Err(BrokenArray::TooLong { offset: self.offset + at as u64, limit: self.largest });
        }
        self.item.extend_from_slice(part);
        Ok(())
    }

    /// Moves over one byte, or over several that mean nothing.
    fn step(&mut self, byte: u8, rest: &[u8], at: usize) -> Result<Step, BrokenArray> {
        match self.place {
            Place::Nested => self.nested(byte, at),
            Place::Text => Ok(self.text(rest)),
            Place::Escape => {
                self.place = Place::Text;
                Ok(Step::over(1))
            }
            Place::Word => Ok(self.word(byte)),
            _ if matches!(byte, b' ' | b'\t' | b'\n' | b'\r') => Ok(Step::over(1)),
            Place::Start => self.start(byte),
            Place::First if byte == b']' => Ok(self.goto(Place::End)),
            Place::First | Place::Next => self.item(byte, at),
            Place::Between => match byte {
                b',' => Ok(self.goto(Place::Next)),
                b']' => Ok(self.goto(Place::End)),
                _ => Err(self.unexpected(
                    byte,
                    at,
                    ("after an item comes \",\" or \"]\"", "項目の後に書けるのは\",\"か\"]\"です"),
                )),
            },
            Place::End => {
                Err(self.unexpected(byte, at, ("nothing may follow the array", "配列の後には何も書けません")))
            }
        }
    }

    fn goto(&mut self, place: Place) -> Step {
        self.place = place;
        Step::over(1)
    }

    fn start(&mut self, byte: u8) -> Result<Step, BrokenArray> {
        match byte {
            b'[' => Ok(self.goto(Place::First)),
            _ => Err(BrokenArray::NoArray(char::from(byte))),
        }
    }

    fn item(&mut self, byte: u8, at: usize) -> Result<Step, BrokenArray> {
        let place = match byte {
            b'{' | b'[' => {
                self.open.push(byte);
                Place::Nested
            }
            b'"' => Place::Text,
            b'-' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => Place::Word,
            _ => return Err(self.unexpected(byte, at, ("an item is expected here", "ここには項目が必要です"))),
        };
        Ok(self.goto(place))
    }

    fn nested(&mut self, byte: u8, at: usize) -> Result<Step, BrokenArray> {
        match byte {
            b'"' => self.place = Place::Text,
            b'{' | b'[' => {
                if self.open.len() >= self.deepest {
                    return Err(BrokenArray::TooDeep { offset: self.offset + at as u64, limit: self.deepest });
                }
                self.open.push(byte);
            }
            b'}' | b']' => {
                let opened = if byte == b'}' { b'{' } else { b'[' };
                if self.open.pop() != Some(opened) {
                    return Err(self.unexpected(
                        byte,
                        at,
                        ("it closes a bracket of the other kind", "対応する括弧の種類が違います"),
                    ));
                }
                return Ok(self.closed(1));
            }
            _ => {}
        }
        Ok(Step::over(1))
    }

    fn text(&mut self, rest: &[u8]) -> Step {
        match memchr2(b'"', b'\\', rest) {
            None => Step::over(rest.len()),
            Some(at) if rest.get(at) == Some(&b'\\') => {
                self.place = Place::Escape;
                Step::over(at + 1)
            }
            Some(at) => self.closed(at + 1),
        }
    }

    /// A word ends before a byte that cannot belong to one; that byte is then looked at anew.
    fn word(&mut self, byte: u8) -> Step {
        if matches!(byte, b',' | b']' | b' ' | b'\t' | b'\n' | b'\r') {
            self.place = Place::Between;
            return Step { bytes: 0, ends_item: true };
        }
        Step::over(1)
    }

    /// A string or bracket was closed, and with it perhaps the item.
    fn closed(&mut self, bytes: usize) -> Step {
        let ends_item = self.open.is_empty();
        self.place = if ends_item { Place::Between } else { Place::Nested };
        Step { bytes, ends_item }
    }

    fn unexpected(&self, byte: u8, at: usize, expected: impl Into<Phrase>) -> BrokenArray {
        let (found, offset) = (char::from(byte), self.offset + at as u64);
        BrokenArray::Unexpected { found, offset, expected: expected.into() }
    }
}

/// What one move came to.
struct Step {
    bytes: usize,
    ends_item: bool,
}

impl Step {
    fn over(bytes: usize) -> Self {
        Self { bytes, ends_item: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cut(text: &[u8], sizes: &[usize]) -> Result<Vec<String>, BrokenArray> {
        let mut items = Items::new(1000, 8);
        let mut found = Vec::new();
        let mut rest = text;
        let mut sizes = sizes.iter().cycle();
        while !rest.is_empty() {
            let size = sizes.next().map_or(rest.len(), |size| (*size).clamp(1, rest.len()));
            let (piece, after) = rest.split_at(size);
            items.push(piece, &mut found)?;
            rest = after;
        }
        items.finish()?;
        Ok(found.iter().map(|item| String::from_utf8_lossy(item).into_owned()).collect())
    }

    #[test]
    fn items_come_out_as_they_went_in() {
        let check = |text: &str, expected: &[&str]| {
            for sizes in [&[1][..], &[2, 3], &[7], &[1000]] {
                assert_eq!(cut(text.as_bytes(), sizes).unwrap(), expected, "{text} in {sizes:?}");
            }
        };
        check("[]", &[]);
        check(" [ \n ] ", &[]);
        check(r#"[{"a":1},{"b":[2,3]}]"#, &[r#"{"a":1}"#, r#"{"b":[2,3]}"#]);
        check(r#"[ {"a":"}]\"\\"} , "x" , 12 , null ]"#, &[r#"{"a":"}]\"\\"}"#, "\"x\"", "12", "null"]);
        check(r#"["\\"]"#, &[r#""\\""#]);
    }

    #[test]
    fn what_is_no_array_is_told_with_its_place() {
        let check = |text: &str, expected: &str| {
            assert_eq!(cut(text.as_bytes(), &[1]).unwrap_err().to_string(), expected, "{text}");
            assert_eq!(cut(text.as_bytes(), &[1000]).unwrap_err().to_string(), expected, "{text}");
        };
        check("", "the body is empty; it must be a JSON array");
        check("  ", "the body is empty; it must be a JSON array");
        check("{}", "the body begins with \"{\"; a batch is a JSON array of items: [{…}, {…}]");
        check("[{}", "the body ends at byte 3, before its JSON array does");
        check("[{},]", "unexpected ']' at byte 4; an item is expected here");
        check("[{}{}]", "unexpected '{' at byte 3; after an item comes \",\" or \"]\"");
        check("[{}] x", "unexpected 'x' at byte 5; nothing may follow the array");
        check("[{]", "unexpected ']' at byte 2; it closes a bracket of the other kind");
        check("[[[[[[[[[[]]]]]]]]]]", "arrays and objects nest more than 8 levels deep ([limits] depth) at byte 9");
    }

    #[test]
    fn an_item_that_is_too_long_is_refused_before_it_has_come() {
        let mut items = Items::new(100, 8);
        let mut found = Vec::new();
        items.push(b"[\"", &mut found).unwrap();
        let error = (0..20).find_map(|_| items.push(b"0123456789", &mut found).err());
        assert!(matches!(error, Some(BrokenArray::TooLong { limit: 100, .. })), "{error:?}");
    }

    proptest! {
        #[test]
        fn cutting_does_not_depend_on_the_pieces(
            values in prop::collection::vec("[a-z\"\\\\\\[\\]{},: ]{0,12}", 0..6),
            sizes in prop::collection::vec(1usize..9, 1..5),
        ) {
            let texts: Vec<String> = values.iter().map(|value| serde_json::json!({ "v": value }).to_string()).collect();
            let array = format!("[{}]", texts.join(" ,"));
            prop_assert_eq!(cut(array.as_bytes(), &sizes).unwrap(), texts);
        }

        #[test]
        fn no_input_panics(bytes in prop::collection::vec(any::<u8>(), 0..64), sizes in prop::collection::vec(1usize..9, 1..5)) {
            let _ = cut(&bytes, &sizes);
        }
    }
}
