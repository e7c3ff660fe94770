//! JSON as the faces need it: members in order, duplicate members and deep nesting refused, positions in errors.
//!
//! Strings borrow from the input where they hold no escape, so that parsing an entity copies little.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::HashSet;
use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

/// A JSON number: an integer up to 64 bits, or a double.
pub type Number = serde_json::Number;

/// The members of an object, in the order in which they came.
pub type Members<'a> = Vec<(Cow<'a, str>, Json<'a>)>;

/// A JSON value.
#[derive(Clone, Debug, PartialEq)]
pub enum Json<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number.
    Number(Number),
    /// A string.
    String(Cow<'a, str>),
    /// An array.
    Array(Vec<Json<'a>>),
    /// An object, whose names are all different.
    Object(Members<'a>),
}

/// Why a text is no JSON that we take.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} (line {line}, column {column})")]
pub struct JsonError {
    is_syntax: bool,
    pub(crate) message: String,
    pub(crate) line: usize,
    pub(crate) column: usize,
}

/// How deep arrays and objects may nest where nobody configures another depth.
pub const DEFAULT_DEPTH: usize = 64;

pub(crate) const TOO_DEEP: &str = "arrays and objects nest too deeply";
pub(crate) const OUT_OF_RANGE: &str = "the number is out of range";
/// What is said of a member, after its name.
pub(crate) const TWICE: &str = " appears twice in one object";
/// How the parser's own guard of the stack begins.
pub(crate) const PARSERS_GUARD: &str = "recursion limit";

/// Parses one JSON text that nests at most `depth` levels.
pub fn parse(text: &[u8], depth: usize) -> Result<Json<'_>, JsonError> {
    // serde_json's own stack guard stands at 128; a configured depth beyond it has no effect.
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let left = Cell::new(depth);
    let value = Seed { left: &left }.deserialize(&mut deserializer).map_err(|error| JsonError::new(&error))?;
    deserializer.end().map_err(|error| JsonError::new(&error))?;
    Ok(value)
}

impl JsonError {
    /// Whether the text is no JSON at all, rather than JSON that is ambiguous or nests too deeply.
    pub const fn is_syntax(&self) -> bool {
        self.is_syntax
    }

    /// Whether arrays and objects nest deeper than was allowed.
    pub fn is_too_deep(&self) -> bool {
        self.message == TOO_DEEP || self.message.starts_with(PARSERS_GUARD)
    }

    fn new(error: &serde_json::Error) -> Self {
        let (line, column) = (error.line(), error.column());
        let text = error.to_string();
        let message = match text.rfind(" at line ") {
            Some(end) => text.get(..end).unwrap_or(&text).to_owned(),
            None => text,
        };
        // What the visitors below refuse is data; the parser's own guard of the stack calls itself syntax.
        let is_syntax = !error.is_data() && !message.starts_with(PARSERS_GUARD);
        Self { is_syntax, message, line, column }
    }
}

impl<'a> Json<'a> {
    /// The member of this name, where this is an object that has one.
    pub fn get(&self, name: &str) -> Option<&Json<'a>> {
        self.as_object()?.iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// The text, where this is a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The members, where this is an object.
    pub fn as_object(&self) -> Option<&Members<'a>> {
        match self {
            Self::Object(members) => Some(members),
            _ => None,
        }
    }

    /// The items, where this is an array.
    pub fn as_array(&self) -> Option<&[Json<'a>]> {
        match self {
            Self::Array(items) => Some(items),
            _ => None,
        }
    }

    /// The number as a double, where this is a number.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Number(number) => number.as_f64(),
            _ => None,
        }
    }

    /// The number, where this is a whole number that is not negative.
    pub fn as_u64(&self) -> Option<u64> {
        match self {
            Self::Number(number) => number.as_u64(),
            _ => None,
        }
    }

    /// The truth value, where this is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// What this is, for error texts.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a truth value",
            Self::Number(_) => "a number",
            Self::String(_) => "a string",
            Self::Array(_) => "an array",
            Self::Object(_) => "an object",
        }
    }

    /// The shortest text of this value.
    pub fn to_text(&self) -> String {
        let mut text = Vec::with_capacity(64);
        self.write(&mut text);
        String::from_utf8(text).expect("serde_json writes UTF-8")
    }

    /// Appends the shortest text of this value.
    pub fn write(&self, out: &mut Vec<u8>) {
        serde_json::to_writer(out, self).expect("writing to memory cannot fail, and no map key is a non-string");
    }

    /// A copy that borrows nothing.
    pub fn into_owned(self) -> Json<'static> {
        match self {
            Self::Null => Json::Null,
            Self::Bool(value) => Json::Bool(value),
            Self::Number(number) => Json::Number(number),
            Self::String(text) => Json::String(Cow::Owned(text.into_owned())),
            Self::Array(items) => Json::Array(items.into_iter().map(Json::into_owned).collect()),
            Self::Object(members) => Json::Object(
                members.into_iter().map(|(name, value)| (Cow::Owned(name.into_owned()), value.into_owned())).collect(),
            ),
        }
    }

    /// A string value.
    pub fn string(text: impl Into<Cow<'a, str>>) -> Self {
        Self::String(text.into())
    }
}

impl From<f64> for Json<'_> {
    /// A number, or `null` for what JSON cannot write (NaN, infinity).
    fn from(value: f64) -> Self {
        Number::from_f64(value).map_or(Self::Null, Self::Number)
    }
}

impl From<u64> for Json<'_> {
    fn from(value: u64) -> Self {
        Self::Number(value.into())
    }
}

impl From<bool> for Json<'_> {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl<'a> From<&'a str> for Json<'a> {
    fn from(text: &'a str) -> Self {
        Self::String(Cow::Borrowed(text))
    }
}

impl From<String> for Json<'_> {
    fn from(text: String) -> Self {
        Self::String(Cow::Owned(text))
    }
}

/// Appends a JSON string, quoted and escaped.
pub fn write_string(text: &str, out: &mut Vec<u8>) {
    serde_json::to_writer(out, text).expect("writing to memory cannot fail");
}

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Number(number) => number.serialize(serializer),
            Self::String(text) => serializer.serialize_str(text),
            Self::Array(items) => {
                let mut seq = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    seq.serialize_element(item)?;
                }
                seq.end()
            }
            Self::Object(members) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for (name, value) in members {
                    map.serialize_entry(&**name, value)?;
                }
                map.end()
            }
        }
    }
}

/// Carries how many levels are left while parsing.
#[derive(Clone, Copy)]
struct Seed<'d> {
    left: &'d Cell<usize>,
}

impl Seed<'_> {
    fn descend<E: de::Error>(self) -> Result<(), E> {
        let left = self.left.get();
        if left == 0 {
            return Err(E::custom(TOO_DEEP));
        }
        self.left.set(left - 1);
        Ok(())
    }

    fn ascend(self) {
        self.left.set(self.left.get() + 1);
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Json<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Json<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json<'de>, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json<'de>, E> {
        Ok(Json::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json<'de>, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json<'de>, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Json<'de>, E> {
        Number::from_f64(value).map(Json::Number).ok_or_else(|| E::custom(OUT_OF_RANGE))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Json<'de>, E> {
        Ok(Json::String(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Json<'de>, E> {
        Ok(Json::String(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Json<'de>, A::Error> {
        self.descend()?;
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(self)? {
            items.push(item);
        }
        self.ascend();
        Ok(Json::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json<'de>, A::Error> {
        self.descend()?;
        let mut members: Members<'de> = Vec::with_capacity(8);
        let mut seen: HashSet<Cow<'de, str>> = HashSet::new();
        while let Some(name) = map.next_key_seed(NameSeed)? {
            let is_new = if members.len() < 16 {
                members.iter().all(|(known, _)| *known != name)
            } else {
                if seen.is_empty() {
                    seen.extend(members.iter().map(|(known, _)| known.clone()));
                }
                seen.insert(name.clone())
            };
            if !is_new {
                return Err(de::Error::custom(format_args!("the member \"{name}\"{TWICE}")));
            }
            let value = map.next_value_seed(self)?;
            members.push((name, value));
        }
        self.ascend();
        Ok(Json::Object(members))
    }
}

/// Reads the name of a member, borrowed where it holds no escape.
struct NameSeed;

impl<'de> DeserializeSeed<'de> for NameSeed {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for NameSeed {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a member")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text_of(input: &str) -> Result<String, String> {
        parse(input.as_bytes(), DEFAULT_DEPTH).map(|json| json.to_text()).map_err(|e| e.to_string())
    }

    #[test]
    fn values_come_back_as_they_were_in_their_order() {
        for text in
            ["null", "true", "-1", "20.5", "\"街\"", "[]", r#"{"b":1,"a":[{"c":null}]}"#, "18446744073709551615"]
        {
            assert_eq!(text_of(text).as_deref(), Ok(text));
        }
        assert_eq!(text_of(r#""\u8857\n""#).as_deref(), Ok("\"街\\n\""));
    }

    #[test]
    fn what_is_no_json_is_refused_with_its_position() {
        for bad in
            ["", "{", "[1,]", "NaN", "{\"a\":1,}", "'a'", "1 2", "\"\\ud800\"", "\"\\ud800x\"", "01", "1e999", "{a:1}"]
        {
            let error = text_of(bad).expect_err(bad);
            assert!(error.contains("line 1, column"), "{bad}: {error}");
        }
        let invalid_utf8 = parse(b"\"\xff\"", DEFAULT_DEPTH);
        assert!(invalid_utf8.unwrap_err().is_syntax());
        assert!(parse(b"1e999", DEFAULT_DEPTH).unwrap_err().is_syntax());
        assert!(!parse(br#"{"a": 1, "a": 2}"#, DEFAULT_DEPTH).unwrap_err().is_syntax());
    }

    #[test]
    fn duplicate_members_are_refused_in_small_and_large_objects() {
        assert_eq!(
            text_of(r#"{"a":1,"a":2}"#).unwrap_err(),
            "the member \"a\" appears twice in one object (line 1, column 10)"
        );
        let many = (0..40).map(|n| format!("\"m{n}\":{n},")).collect::<Vec<_>>().concat();
        assert!(text_of(&format!("{{{many}\"m3\":0}}")).is_err());
        assert!(text_of(&format!("{{{many}\"n\":0}}")).is_ok());
    }

    #[test]
    fn nesting_beyond_the_limit_is_refused() {
        let nested = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
        assert!(parse(nested(10).as_bytes(), 10).is_ok());
        assert!(parse(nested(11).as_bytes(), 10).is_err());
        for depth in [10, 1_000_000] {
            assert!(!parse(nested(100_000).as_bytes(), depth).unwrap_err().is_syntax());
        }
    }

    fn any_json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            any::<f64>().prop_map(Into::into),
            ".*".prop_map(Into::into),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
                prop::collection::hash_map(".*", inner, 0..6)
                    .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn every_json_round_trips(value in any_json()) {
            let text = value.to_string();
            let ours = parse(text.as_bytes(), DEFAULT_DEPTH).unwrap().to_text();
            prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&ours).unwrap(), value);
        }
    }
}
