//! What an index should know of a value: its numbers, texts, times, places and links.

use std::borrow::Cow;

use machi_types::{Json, Timestamp};

use super::codec::InstanceRef;
use super::datetime::parse_datetime;
use super::json_text::{iris_of, string_of, value_of};
use super::kind::Kind;

/// One comparable part of a value.
#[derive(Clone, Debug, PartialEq)]
pub enum Scalar<'a> {
    /// A number.
    Number(f64),
    /// A text.
    Text(Cow<'a, str>),
    /// A truth value.
    Bool(bool),
    /// A time; a text with the form of a date-time is given as a text, too.
    Time(Timestamp),
    /// A GeoJSON geometry, as JSON text.
    Geometry(&'a str),
    /// The id of a target entity.
    Link(&'a str),
    /// The expanded term of a vocabulary.
    Vocab(Cow<'a, str>),
    /// A text in a language.
    Language {
        /// The language tag, or `@none`.
        tag: Cow<'a, str>,
        /// The text.
        text: Cow<'a, str>,
    },
}

/// The scalars of an instance. Values that hold more than scalars and arrays of scalars give just those.
pub fn scalars<'a>(instance: &InstanceRef<'a>, mut each: impl FnMut(Scalar<'a>)) {
    let value = instance.value();
    match instance.kind() {
        Kind::Relationship | Kind::ListRelationship => iris_of(value).for_each(|target| each(Scalar::Link(target))),
        Kind::GeoProperty => each(Scalar::Geometry(value)),
        Kind::VocabProperty => vocab(value, &mut each),
        Kind::LanguageProperty => languages(value, &mut each),
        Kind::Property | Kind::ListProperty | Kind::JsonProperty => property(value, &mut each),
    }
}

/// The scalars of a JSON value: those of an array, and of a typed value `{"@type": …, "@value": …}`.
pub fn json_scalars<'a>(json: Json<'a>, mut each: impl FnMut(Scalar<'a>)) {
    compound(json, &mut each);
}

fn property<'a>(value: &'a str, each: &mut impl FnMut(Scalar<'a>)) {
    match value.as_bytes().first() {
        Some(b'"') => {
            if let Some(content) = string_of(value) {
                text(content, each);
            }
        }
        Some(b't') => each(Scalar::Bool(true)),
        Some(b'f') => each(Scalar::Bool(false)),
        Some(b'[' | b'{') => {
            if let Ok(json) = value_of(value) {
                compound(json, each);
            }
        }
        _ => {
            if let Ok(number) = value.parse() {
                each(Scalar::Number(number));
            }
        }
    }
}

fn text<'a>(content: Cow<'a, str>, each: &mut impl FnMut(Scalar<'a>)) {
    if let Some(time) = parse_datetime(&content) {
        each(Scalar::Time(time));
    }
    each(Scalar::Text(content));
}

/// The scalars of an array, and of a typed value `{"@type": …, "@value": …}`.
fn compound<'a>(json: Json<'a>, each: &mut impl FnMut(Scalar<'a>)) {
    match json {
        Json::Array(items) => items.into_iter().for_each(|item| scalar(item, each)),
        Json::Object(members) => {
            if let Some((_, value)) = members.into_iter().find(|(key, _)| key == "@value") {
                scalar(value, each);
            }
        }
        other => scalar(other, each),
    }
}

fn scalar<'a>(json: Json<'a>, each: &mut impl FnMut(Scalar<'a>)) {
    match json {
        Json::Bool(value) => each(Scalar::Bool(value)),
        Json::String(content) => text(content, each),
        Json::Number(number) => {
            if let Some(number) = number.as_f64() {
                each(Scalar::Number(number));
            }
        }
        Json::Object(_) => {
            if let Json::Object(members) = json
                && let Some((_, value)) = members.into_iter().find(|(key, _)| key == "@value")
                && !matches!(value, Json::Object(_) | Json::Array(_))
            {
                scalar(value, each);
            }
        }
        Json::Null | Json::Array(_) => {}
    }
}

fn vocab<'a>(value: &'a str, each: &mut impl FnMut(Scalar<'a>)) {
    match string_of(value) {
        Some(term) => each(Scalar::Vocab(term)),
        None => {
            if let Ok(Json::Array(terms)) = value_of(value) {
                for term in terms {
                    if let Json::String(term) = term {
                        each(Scalar::Vocab(term));
                    }
                }
            }
        }
    }
}

fn languages<'a>(value: &'a str, each: &mut impl FnMut(Scalar<'a>)) {
    let Ok(Json::Object(texts)) = value_of(value) else { return };
    for (tag, text) in texts {
        let items = match text {
            Json::Array(items) => items,
            text => vec![text],
        };
        for item in items {
            if let Json::String(text) = item {
                each(Scalar::Language { tag: tag.clone(), text });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entity::{Instance, JsonText, encode_instance};

    fn check(kind: Kind, value: &str, expected: &[Scalar<'_>]) {
        let bytes = encode_instance(&Instance::new(kind, JsonText::parse(value).unwrap()));
        let instance = InstanceRef::read(&bytes).unwrap();
        let mut found = Vec::new();
        scalars(&instance, |scalar| found.push(scalar));
        assert_eq!(found, expected, "{value}");
    }

    #[test]
    fn every_kind_gives_its_scalars() {
        let text = |text: &'static str| Scalar::Text(text.into());
        let time = "2026-11-22T10:00:00Z";
        let instant = Scalar::Time(time.parse().unwrap());
        check(Kind::Property, "20.5", &[Scalar::Number(20.5)]);
        check(Kind::Property, "-3", &[Scalar::Number(-3.0)]);
        check(Kind::Property, "true", &[Scalar::Bool(true)]);
        check(Kind::Property, r#""街\n""#, &[text("街\n")]);
        check(Kind::Property, r#""2026-11-22T10:00:00Z""#, &[instant.clone(), text(time)]);
        check(Kind::Property, r#"{"@type":"DateTime","@value":"2026-11-22T10:00:00Z"}"#, &[instant, text(time)]);
        check(
            Kind::Property,
            r#"[1,"a",[2],{"b":3},{"@value":4}]"#,
            &[Scalar::Number(1.0), text("a"), Scalar::Number(4.0)],
        );
        check(Kind::Property, r#"{"a":1}"#, &[]);
        check(Kind::ListProperty, "[false]", &[Scalar::Bool(false)]);
        check(Kind::Relationship, r#""urn:a:b""#, &[Scalar::Link("urn:a:b")]);
        check(Kind::ListRelationship, r#"["urn:a:b","urn:c:d"]"#, &[Scalar::Link("urn:a:b"), Scalar::Link("urn:c:d")]);
        check(Kind::VocabProperty, r#"["urn:a:b"]"#, &[Scalar::Vocab("urn:a:b".into())]);
        check(Kind::GeoProperty, r#"{"type":"Point"}"#, &[Scalar::Geometry(r#"{"type":"Point"}"#)]);
        let in_language =
            |tag: &'static str, text: &'static str| Scalar::Language { tag: tag.into(), text: text.into() };
        check(
            Kind::LanguageProperty,
            r#"{"en":["a","b"],"ja":"c"}"#,
            &[in_language("en", "a"), in_language("en", "b"), in_language("ja", "c")],
        );
    }
}
