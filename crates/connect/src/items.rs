//! The items of a JSON file, cut out one by one without reading the file into memory: those of an array,
//! those of a `FeatureCollection`, or the one object that the file is.

use std::io::{self, BufRead};

use crate::encoding::MARK;
use crate::lines::LONGEST;

/// Where in a JSON file the items are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// The file is an array of items, or one item.
    Whole,
    /// The items are in the member `features` of an object.
    Collection,
}

/// Why a file cannot be read on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ItemsError {
    #[error(transparent)]
    Io(#[from] io::Error),
    /// In English and Japanese.
    #[error("{}", .0.0)]
    Broken((&'static str, &'static str)),
}

/// The items of a file.
pub(crate) struct Items {
    reader: Box<dyn BufRead>,
    shape: Shape,
    place: Place,
    /// Whether the array is a member of an object, which goes on behind it.
    is_in_collection: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Before,
    FirstInArray,
    InArray,
    End,
}

const CUT_OFF: ItemsError = ItemsError::Broken((
    "the file ends in the middle of an item; it seems to be cut off",
    "ファイルが途中で終わっています。切れているようです",
));
const TOO_LONG: ItemsError = ItemsError::Broken(("an item is longer than 16 MiB", "1件が16 MiBを超えています"));
const NO_COLLECTION: ItemsError = ItemsError::Broken((
    "the object has no member \"features\" that is an array",
    "オブジェクトに配列\"features\"がありません",
));

impl Items {
    pub(crate) fn new(reader: Box<dyn BufRead>, shape: Shape) -> Self {
        Self { reader, shape, place: Place::Before, is_in_collection: false }
    }

    /// The text of the next item; none at the end, which is also what follows an error.
    pub(crate) fn next(&mut self) -> Option<Result<Vec<u8>, ItemsError>> {
        let item = self.step();
        if !matches!(item, Ok(Some(_))) {
            self.place = Place::End;
        }
        item.transpose()
    }

    fn step(&mut self) -> Result<Option<Vec<u8>>, ItemsError> {
        match self.place {
            Place::End => Ok(None),
            Place::Before => self.enter(),
            Place::FirstInArray | Place::InArray => self.in_array(),
        }
    }

    fn enter(&mut self) -> Result<Option<Vec<u8>>, ItemsError> {
        if self.reader.fill_buf()?.starts_with(MARK) {
            self.reader.consume(MARK.len());
        }
        match (self.skip_space()?, self.shape) {
            (None, _) => Ok(None),
            (Some(b'['), _) => {
                self.reader.consume(1);
                self.place = Place::FirstInArray;
                self.in_array()
            }
            (Some(_), Shape::Whole) => {
                let item = self.value()?;
                self.place = Place::End;
                match self.skip_space()? {
                    None => Ok(Some(item)),
                    Some(_) => Err(ItemsError::Broken((
                        "something follows the one object that a JSON file may be",
                        "JSONオブジェクトの後に余分な内容があります",
                    ))),
                }
            }
            (Some(_), Shape::Collection) => {
                self.find_features()?;
                self.is_in_collection = true;
                self.place = Place::FirstInArray;
                self.in_array()
            }
        }
    }

    /// Goes to the first item of the member `features`.
    fn find_features(&mut self) -> Result<(), ItemsError> {
        self.expect(b'{', NO_COLLECTION)?;
        loop {
            let name = match self.skip_space()? {
                Some(b'"') => self.value()?,
                _ => return Err(NO_COLLECTION),
            };
            self.expect(b':', NO_COLLECTION)?;
            if name == b"\"features\"" {
                return self.expect(b'[', NO_COLLECTION);
            }
            self.value()?;
            self.expect(b',', NO_COLLECTION)?;
        }
    }

    fn in_array(&mut self) -> Result<Option<Vec<u8>>, ItemsError> {
        match self.skip_space()? {
            None => return Err(CUT_OFF),
            Some(b']') => {
                self.reader.consume(1);
                return self.leave().map(|()| None);
            }
            Some(b',') if self.place == Place::InArray => self.reader.consume(1),
            Some(_) if self.place == Place::InArray => {
                return Err(ItemsError::Broken((
                    "there is neither a comma nor a bracket after an item",
                    "項目の後にコンマもかっこもありません",
                )));
            }
            Some(_) => {}
        }
        self.place = Place::InArray;
        self.value().map(Some)
    }

    /// Reads from the end of the array to that of the file, so that nothing is passed over in silence.
    fn leave(&mut self) -> Result<(), ItemsError> {
        if self.is_in_collection {
            while self.skip_space()? == Some(b',') {
                self.reader.consume(1);
                self.value()?;
                self.expect(b':', CUT_OFF)?;
                self.value()?;
            }
            self.expect(b'}', CUT_OFF)?;
        }
        match self.skip_space()? {
            None => Ok(()),
            Some(_) => Err(ItemsError::Broken((
                "something follows the end of the JSON",
                "JSONの終わりの後に余分な内容があります",
            ))),
        }
    }

    fn expect(&mut self, wanted: u8, otherwise: ItemsError) -> Result<(), ItemsError> {
        if self.skip_space()? != Some(wanted) {
            return Err(otherwise);
        }
        self.reader.consume(1);
        Ok(())
    }

    /// The next byte that is not white space, which stays unread; none at the end.
    fn skip_space(&mut self) -> io::Result<Option<u8>> {
        loop {
            match self.reader.fill_buf()?.first() {
                Some(byte) if byte.is_ascii_whitespace() => self.reader.consume(1),
                other => return Ok(other.copied()),
            }
        }
    }

    /// Reads one value; whether it is right inside is for the parser to say.
    fn value(&mut self) -> Result<Vec<u8>, ItemsError> {
        self.skip_space()?;
        let mut text = Vec::new();
        let (mut depth, mut is_text, mut is_escaped) = (0_usize, false, false);
        loop {
            let Some(byte) = self.reader.fill_buf()?.first().copied() else {
                // A number or a word may end with the file.
                return if depth == 0 && !is_text && !text.is_empty() { Ok(text) } else { Err(CUT_OFF) };
            };
            let is_end_of_word = matches!(byte, b',' | b']' | b'}' | b':') || byte.is_ascii_whitespace();
            if depth == 0 && !is_text && is_end_of_word {
                return Ok(text);
            }
            self.reader.consume(1);
            text.push(byte);
            if text.len() > LONGEST {
                return Err(TOO_LONG);
            }
            match byte {
                _ if is_escaped => is_escaped = false,
                b'\\' if is_text => is_escaped = true,
                b'"' => is_text = !is_text,
                b'{' | b'[' if !is_text => depth += 1,
                b'}' | b']' if !is_text => depth = depth.saturating_sub(1),
                _ => continue,
            }
            if depth == 0 && !is_text && matches!(byte, b'"' | b'}' | b']') {
                return Ok(text);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(text: &str, shape: Shape) -> Vec<Result<String, String>> {
        let mut items = Items::new(Box::new(io::Cursor::new(text.as_bytes().to_vec())), shape);
        std::iter::from_fn(|| items.next())
            .map(|item| item.map(|item| String::from_utf8(item).unwrap()).map_err(|error| error.to_string()))
            .collect()
    }

    fn good(items: &[&str]) -> Vec<Result<String, String>> {
        items.iter().map(|item| Ok((*item).to_owned())).collect()
    }

    #[test]
    fn items_are_cut_out() {
        assert_eq!(
            all(" [ {\"a\":[1,{}]} ,{\"b\":\"]}\\\"\"}, 3 ]", Shape::Whole),
            good(&["{\"a\":[1,{}]}", "{\"b\":\"]}\\\"\"}", "3"])
        );
        assert_eq!(all("\u{feff}{\"a\":1}\n", Shape::Whole), good(&["{\"a\":1}"]));
        assert_eq!(all("[]", Shape::Whole), []);
        assert_eq!(all("", Shape::Whole), []);
        let collection = r#"{"type":"FeatureCollection","crs":{"features":[0]},"features":[{"x":1},{"x":2}],"more":1}"#;
        assert_eq!(all(collection, Shape::Collection), good(&[r#"{"x":1}"#, r#"{"x":2}"#]));
    }

    #[test]
    fn what_breaks_the_file_ends_it_after_the_items_before() {
        for (text, before, expected) in [
            ("[{\"a\":1},{\"b\"", 1, "cut off"),
            ("[{} {}]", 1, "neither a comma"),
            ("{} {}", 0, "something follows"),
            ("[{}] x", 1, "something follows"),
            ("[{}][{}]", 1, "something follows"),
        ] {
            let read = all(text, Shape::Whole);
            assert_eq!(read.len(), before + 1, "{text}");
            assert!(read[before].as_ref().unwrap_err().contains(expected), "{text}: {read:?}");
        }
        assert!(all("{\"features\":{}}", Shape::Collection)[0].is_err());
        for cut in
            ["{\"features\":[{}]", "{\"features\":[{}],\"a\"", "{\"features\":[{}],\"a\":1", "{\"features\":[{}]} x"]
        {
            let read = all(cut, Shape::Collection);
            assert!(read.len() == 2 && read[0].is_ok() && read[1].is_err(), "{cut}: {read:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_to_its_end(text in "[\\[\\]{}\",:a1\\\\ ]{0,60}") {
            all(&text, Shape::Whole);
            all(&text, Shape::Collection);
        }
    }
}
