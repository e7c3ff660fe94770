//! A JSON value as its shortest text: checked once, stored and written as it stands.

use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt;

use machi_types::Json;
use machi_types::json::{self, JsonError};

/// How deep a stored value may nest; the edge allows less.
const STORED_DEPTH: usize = 128;

thread_local! {
    /// Values are written here first, so that each takes just the memory that it needs.
    static SCRATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// How many bytes of memory a thread keeps for the next value.
const LONGEST_SCRATCH: usize = 16 * 1024;

/// The shortest text of one JSON value.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct JsonText(Box<str>);

impl JsonText {
    /// The text of a value.
    pub fn of(value: &Json<'_>) -> Self {
        SCRATCH.with_borrow_mut(|scratch| {
            scratch.clear();
            value.write(scratch);
            let text = str::from_utf8(scratch).expect("JSON writers write UTF-8").into();
            scratch.shrink_to(LONGEST_SCRATCH);
            Self(text)
        })
    }

    /// The text of a string; an IRI needs no escapes.
    pub fn string(text: &str) -> Self {
        let mut out = Vec::with_capacity(text.len() + 2);
        json::write_string(text, &mut out);
        Self::from_written(out)
    }

    /// The text of an array of strings.
    pub fn strings<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut out = vec![b'['];
        for text in texts {
            if out.len() > 1 {
                out.push(b',');
            }
            json::write_string(text, &mut out);
        }
        out.push(b']');
        Self::from_written(out)
    }

    /// Checks a text and keeps its shortest form.
    pub fn parse(text: &str) -> Result<Self, JsonError> {
        json::parse(text.as_bytes(), STORED_DEPTH).map(|value| Self::of(&value))
    }

    /// What this crate's own writers wrote, or what was stored by them.
    pub(crate) fn trusted(text: &str) -> Self {
        Self(text.into())
    }

    fn from_written(out: Vec<u8>) -> Self {
        Self(String::from_utf8(out).expect("JSON writers write UTF-8").into_boxed_str())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The value.
    pub fn to_json(&self) -> Result<Json<'_>, JsonError> {
        value_of(&self.0)
    }
}

impl fmt::Debug for JsonText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for JsonText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The value that a stored text stands for.
pub fn value_of(text: &str) -> Result<Json<'_>, JsonError> {
    json::parse(text.as_bytes(), STORED_DEPTH)
}

/// The content of a JSON string, borrowed where it holds no escape; nothing if the text is no string.
pub fn string_of(text: &str) -> Option<Cow<'_, str>> {
    let inner = text.strip_prefix('"')?.strip_suffix('"')?;
    if memchr::memchr2(b'\\', b'"', inner.as_bytes()).is_none() {
        return Some(Cow::Borrowed(inner));
    }
    match value_of(text) {
        Ok(Json::String(content)) => Some(Cow::Owned(content.into_owned())),
        _ => None,
    }
}

/// The IRIs in `"iri"` or `["iri",…]`, as Relationships and `VocabProperties` are stored.
///
/// An IRI holds neither quotes nor backslashes, so every second piece between quotes is one.
pub fn iris_of(text: &str) -> impl Iterator<Item = &str> {
    text.split('"').skip(1).step_by(2)
}
