//! Writes one entity as NGSI-LD JSON, member by member, in the terms of the core @context.

use std::fmt::Write as _;
use std::io::Write as _;

use machi_types::{Timestamp, json};

use crate::life::{Reading, Value};
use crate::plan::{Named, Place};

/// An entity that is being written.
#[derive(Debug)]
pub(crate) struct Draft<'a> {
    out: &'a mut Vec<u8>,
}

/// What a GeoProperty holds.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shape<'a> {
    Point(Place),
    Line(&'a [Place]),
    /// The corners once, counter-clockwise.
    Area(&'a [Place]),
}

impl<'a> Draft<'a> {
    /// Opens an entity.
    pub(crate) fn open(out: &'a mut Vec<u8>, kind: &str, id: &str) -> Self {
        out.extend_from_slice(b"{\"id\":");
        json::write_string(id, out);
        out.extend_from_slice(b",\"type\":");
        json::write_string(kind, out);
        Self { out }
    }

    /// Closes it.
    pub(crate) fn close(self) {
        self.out.push(b'}');
    }

    pub(crate) fn scope(&mut self, scope: &str) {
        self.member("scope");
        json::write_string(scope, self.out);
    }

    /// A LanguageProperty in Japanese and English.
    pub(crate) fn named(&mut self, attribute: &str, Named { ja, en }: &Named) {
        self.member(attribute);
        self.out.extend_from_slice(b"{\"type\":\"LanguageProperty\",\"languageMap\":{\"ja\":");
        json::write_string(ja, self.out);
        self.out.extend_from_slice(b",\"en\":");
        json::write_string(en, self.out);
        self.out.extend_from_slice(b"}}");
    }

    /// A Property that does not change.
    pub(crate) fn text(&mut self, attribute: &str, value: &str) {
        self.property(attribute);
        json::write_string(value, self.out);
        self.out.push(b'}');
    }

    /// A number that does not change, with its unit if it has one.
    pub(crate) fn number(&mut self, attribute: &str, value: Value, unit: Option<&str>) {
        self.property(attribute);
        write_value(value, self.out);
        self.unit(unit);
        self.out.push(b'}');
    }

    pub(crate) fn relationship(&mut self, attribute: &str, object: &str) {
        self.member(attribute);
        self.out.extend_from_slice(b"{\"type\":\"Relationship\",\"object\":");
        json::write_string(object, self.out);
        self.out.push(b'}');
    }

    /// Where the entity is.
    pub(crate) fn location(&mut self, shape: Shape<'_>) {
        self.member("location");
        self.out.extend_from_slice(b"{\"type\":\"GeoProperty\",\"value\":");
        write_shape(shape, self.out);
        self.out.push(b'}');
    }

    /// What was measured at a time.
    pub(crate) fn reading(&mut self, reading: &Reading, seconds: i64) {
        self.member(reading.name);
        self.measured(reading, seconds);
    }

    /// What was measured in the course of time.
    pub(crate) fn course(&mut self, name: &str, course: &[(i64, Reading)]) {
        self.member(name);
        self.out.push(b'[');
        for (place, (seconds, reading)) in course.iter().enumerate() {
            if place > 0 {
                self.out.push(b',');
            }
            self.measured(reading, *seconds);
        }
        self.out.push(b']');
    }

    fn measured(&mut self, reading: &Reading, seconds: i64) {
        let kind = if let Value::Place(_) = reading.value { "GeoProperty" } else { "Property" };
        write!(self.out, "{{\"type\":\"{kind}\",\"value\":").expect("writing to memory cannot fail");
        write_value(reading.value, self.out);
        self.unit(reading.unit);
        let time = Timestamp::from_micros(seconds * 1_000_000);
        write!(self.out, ",\"observedAt\":\"{time}\"}}").expect("writing to memory cannot fail");
    }

    fn property(&mut self, attribute: &str) {
        self.member(attribute);
        self.out.extend_from_slice(b"{\"type\":\"Property\",\"value\":");
    }

    fn member(&mut self, name: &str) {
        self.out.extend_from_slice(b",\"");
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
    }

    fn unit(&mut self, unit: Option<&str>) {
        if let Some(unit) = unit {
            write!(self.out, ",\"unitCode\":\"{unit}\"").expect("writing to memory cannot fail");
        }
    }
}

fn write_value(value: Value, out: &mut Vec<u8>) {
    match value {
        Value::Word(word) => json::write_string(word, out),
        Value::Whole(whole) => out.extend_from_slice(whole.to_string().as_bytes()),
        Value::Tenths(tenths) => out.extend_from_slice(decimal(tenths, 1).as_bytes()),
        Value::Hundredths(hundredths) => out.extend_from_slice(decimal(hundredths, 2).as_bytes()),
        Value::Place(place) => write_shape(Shape::Point(place), out),
    }
}

/// A number that was counted in parts of ten; zeros at its end are left out, as JSON numbers are read back.
fn decimal(number: i64, digits: u32) -> String {
    let one = 10_i64.pow(digits);
    let (whole, part) = (number.abs() / one, number.abs() % one);
    let mut text = String::from(if number < 0 { "-" } else { "" });
    write!(text, "{whole}.{part:0width$}", width = digits as usize).expect("a string takes any text");
    let kept = text.trim_end_matches('0').trim_end_matches('.').len();
    text.truncate(kept);
    text
}

fn write_shape(shape: Shape<'_>, out: &mut Vec<u8>) {
    match shape {
        Shape::Point(place) => {
            out.extend_from_slice(b"{\"type\":\"Point\",\"coordinates\":");
            write_place(place, out);
        }
        Shape::Line(line) => {
            out.extend_from_slice(b"{\"type\":\"LineString\",\"coordinates\":");
            write_places(line.iter(), out);
        }
        Shape::Area(ring) => {
            out.extend_from_slice(b"{\"type\":\"Polygon\",\"coordinates\":[");
            // RFC 7946 §3.1.6: the last position of a ring is its first.
            write_places(ring.iter().chain(ring.first()), out);
            out.push(b']');
        }
    }
    out.push(b'}');
}

fn write_places<'a>(places: impl Iterator<Item = &'a Place>, out: &mut Vec<u8>) {
    for (index, place) in places.enumerate() {
        out.push(if index == 0 { b'[' } else { b',' });
        write_place(*place, out);
    }
    out.push(b']');
}

fn write_place(place: Place, out: &mut Vec<u8>) {
    let (longitude, latitude) = (decimal(place.longitude.into(), 7), decimal(place.latitude.into(), 7));
    write!(out, "[{longitude},{latitude}]").expect("writing to memory cannot fail");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_as_short_as_they_can_be() {
        assert_eq!(decimal(215, 1), "21.5");
        assert_eq!(decimal(-5, 1), "-0.5");
        assert_eq!(decimal(1_375_000_000, 7), "137.5");
        assert_eq!(decimal(100, 2), "1");
        assert_eq!(decimal(0, 2), "0");
    }

    #[test]
    fn an_entity_is_json_in_order() {
        let mut out = Vec::new();
        let mut draft = Draft::open(&mut out, "Room", "urn:ngsi-ld:Room:1");
        draft.named("name", &Named::new("会議室", "Meeting \"A\""));
        let place = Place { longitude: 1_375_000_000, latitude: 343_000_001 };
        draft.location(Shape::Area(&[place, place]));
        draft.reading(&Reading::tenths("temperature", 21.52, "CEL"), 0);
        draft.close();
        let expected = concat!(
            r#"{"id":"urn:ngsi-ld:Room:1","type":"Room","name":{"type":"LanguageProperty","languageMap":{"ja":"会議室","en":"Meeting \"A\""}},"#,
            r#""location":{"type":"GeoProperty","value":{"type":"Polygon","coordinates":[[[137.5,34.3000001],[137.5,34.3000001],[137.5,34.3000001]]]}},"#,
            r#""temperature":{"type":"Property","value":21.5,"unitCode":"CEL","observedAt":"1970-01-01T00:00:00Z"}}"#,
        );
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
