//! Entities in the normalized form of `NGSIv2`, which many published examples and older platforms write, as NGSI-LD.

use std::borrow::Cow;

use machi_types::json::Members;
use machi_types::{Iri, Json};

use crate::cell;
use crate::mapping::escape;
use crate::moment::Zone;

/// The attribute types of NGSI-LD (ETSI GS CIM 009 §4.5); `NGSIv2` knows but two of the words, and with other members.
const LD_TYPES: &[&str] = &[
    "Property",
    "GeoProperty",
    "Relationship",
    "LanguageProperty",
    "VocabProperty",
    "JsonProperty",
    "ListProperty",
    "ListRelationship",
];

/// The geometries of GeoJSON (RFC 7946 §3.1).
const GEOMETRIES: &[&str] =
    &["Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon", "GeometryCollection"];

/// Members of an entity that are no attributes.
const HEAD: &[&str] = &["id", "type", "@context", "scope"];

/// Whether an entity is in the normalized form of `NGSIv2`: each attribute has a type and a value, in its words.
pub(crate) fn is_normalized(entity: &Json<'_>) -> bool {
    let Some(members) = entity.as_object() else { return false };
    if entity.get("@context").is_some() {
        return false;
    }
    let mut attributes = members.iter().filter(|(name, _)| !HEAD.contains(&&**name)).map(|(_, value)| value).peekable();
    let is_any = attributes.peek().is_some();
    let attributes: Vec<_> = attributes.collect();
    let is_typed =
        |value: &&Json<'_>| value.get("type").and_then(Json::as_str).is_some() && value.get("value").is_some();
    let is_foreign = |value: &&Json<'_>| {
        value.get("type").and_then(Json::as_str).is_some_and(|kind| kind == "Relationship" || !LD_TYPES.contains(&kind))
    };
    is_any && attributes.iter().all(is_typed) && attributes.iter().any(is_foreign)
}

/// The entity in NGSI-LD; an attribute whose value is null says nothing there and is left out.
pub(crate) fn to_ngsi_ld(entity: Json<'static>) -> Json<'static> {
    let Json::Object(members) = entity else { return entity };
    let converted = members.into_iter().filter_map(|(name, value)| {
        let value = if HEAD.contains(&&*name) { Some(value) } else { attribute(&value) };
        value.map(|value| (name, value))
    });
    Json::Object(converted.collect())
}

/// Makes values of the objects that have a type of their own, such as a `PostalAddress` in the key-values form:
/// NGSI-LD takes the type of an object for the type of the attribute (ETSI GS CIM 009 §4.5.1).
pub(crate) fn with_values(entity: Json<'static>) -> Json<'static> {
    let Json::Object(members) = entity else { return entity };
    let wrap = |(name, value): (Cow<'static, str>, Json<'static>)| {
        if HEAD.contains(&&*name) || !is_typed_value(&value) {
            return (name, value);
        }
        (name, Json::Object(vec![member("type", Json::from("Property")), member("value", value)]))
    };
    Json::Object(members.into_iter().map(wrap).collect())
}

/// Whether an object has a type that is neither an attribute's nor a geometry's, and no member of an attribute.
fn is_typed_value(value: &Json<'_>) -> bool {
    let has_other_type = value
        .get("type")
        .and_then(Json::as_str)
        .is_some_and(|kind| !LD_TYPES.contains(&kind) && !GEOMETRIES.contains(&kind));
    has_other_type && ["value", "object"].iter().all(|member| value.get(member).is_none())
}

/// Gives an id that is no IRI the form `urn:ngsi-ld:TYPE:id`, as users of `NGSIv2` do when they move.
pub(crate) fn with_iri(entity: Json<'static>) -> Json<'static> {
    let kind = entity.get("type").and_then(Json::as_str).map(escape);
    let id = entity.get("id").and_then(Json::as_str).filter(|id| !id.is_empty() && Iri::check(id).is_err()).map(escape);
    let (Some(kind), Some(id), Json::Object(members)) = (kind, id, &entity) else { return entity };
    let id = Json::from(format!("urn:ngsi-ld:{kind}:{id}"));
    let swap = |(name, value): &(Cow<'static, str>, Json<'static>)| {
        (name.clone(), if name == "id" { id.clone() } else { value.clone() })
    };
    Json::Object(members.iter().map(swap).collect())
}

fn attribute(attribute: &Json<'static>) -> Option<Json<'static>> {
    let kind = attribute.get("type").and_then(Json::as_str).unwrap_or_default();
    let value = attribute.get("value").filter(|value| **value != Json::Null)?;
    let mut members: Members<'static> = match kind {
        "Relationship" | "Reference" => {
            vec![member("type", Json::from("Relationship")), member("object", value.clone())]
        }
        "geo:json" | "GeoProperty" => vec![member("type", Json::from("GeoProperty")), member("value", value.clone())],
        "geo:point" => vec![member("type", Json::from("GeoProperty")), member("value", point(value)?)],
        "DateTime" | "ISO8601" => vec![member("type", Json::from("Property")), member("value", date_time(value))],
        _ => vec![member("type", Json::from("Property")), member("value", value.clone())],
    };
    let metadata = attribute.get("metadata").and_then(Json::as_object).into_iter().flatten();
    members.extend(metadata.filter_map(|(name, metadata)| sub_attribute(name, metadata)));
    Some(Json::Object(members))
}

fn sub_attribute(name: &str, metadata: &Json<'static>) -> Option<(Cow<'static, str>, Json<'static>)> {
    let value = metadata.get("value").filter(|value| **value != Json::Null)?;
    Some(match name {
        "unitCode" => member("unitCode", value.clone()),
        "timestamp" | "TimeInstant" | "observedAt" => member("observedAt", value.clone()),
        "type" | "value" | "dateCreated" | "dateModified" => return None,
        _ => (Cow::Owned(name.to_owned()), attribute(metadata)?),
    })
}

/// `latitude, longitude` as a GeoJSON point.
fn point(value: &Json<'_>) -> Option<Json<'static>> {
    let (latitude, longitude) = value.as_str()?.split_once(',')?;
    let (latitude, longitude) = (cell::float(latitude.trim()).ok()?, cell::float(longitude.trim()).ok()?);
    Some(point_at(longitude, latitude))
}

/// A GeoJSON point.
pub(crate) fn point_at(longitude: f64, latitude: f64) -> Json<'static> {
    let coordinates = Json::Array(vec![Json::from(longitude), Json::from(latitude)]);
    Json::Object(vec![member("type", Json::from("Point")), member("coordinates", coordinates)])
}

/// An instant says so by its `@type`; an interval, or what else is called a time, stays a text.
fn date_time(value: &Json<'static>) -> Json<'static> {
    let instant = value.as_str().and_then(|text| Zone::utc().instant(text).ok());
    let Some(instant) = instant else { return value.clone() };
    Json::Object(vec![member("@type", Json::from("DateTime")), member("@value", Json::from(instant.to_string()))])
}

fn member(name: &'static str, value: Json<'static>) -> (Cow<'static, str>, Json<'static>) {
    (Cow::Borrowed(name), value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use machi_types::json::{DEFAULT_DEPTH, parse};

    fn json(text: &str) -> Json<'static> {
        parse(text.as_bytes(), DEFAULT_DEPTH).unwrap().into_owned()
    }

    #[test]
    fn attributes_are_converted_one_by_one() {
        for (from, to) in [
            (r#"{"type":"Text","value":"x"}"#, r#"{"type":"Property","value":"x"}"#),
            (r#"{"type":"Relationship","value":"urn:x:1"}"#, r#"{"type":"Relationship","object":"urn:x:1"}"#),
            (
                r#"{"type":"geo:point","value":"35.6, 139.7"}"#,
                r#"{"type":"GeoProperty","value":{"type":"Point","coordinates":[139.7,35.6]}}"#,
            ),
            (
                r#"{"type":"Number","value":1,"metadata":{"unitCode":{"type":"Text","value":"CEL"},"accuracy":{"type":"Number","value":2}}}"#,
                r#"{"type":"Property","value":1,"unitCode":"CEL","accuracy":{"type":"Property","value":2}}"#,
            ),
        ] {
            let entity =
                json(&format!(r#"{{"id":"urn:x:1","type":"T","a":{from},"b":{{"type":"Text","value":null}}}}"#));
            assert!(is_normalized(&entity), "{from}");
            assert_eq!(to_ngsi_ld(entity), json(&format!(r#"{{"id":"urn:x:1","type":"T","a":{to}}}"#)));
        }
    }

    #[test]
    fn what_is_ngsi_ld_stays_as_it_is() {
        for text in [
            r#"{"id":"urn:x:1","type":"T"}"#,
            r#"{"id":"urn:x:1","type":"T","a":1}"#,
            r#"{"id":"urn:x:1","type":"T","a":{"type":"Property","value":1}}"#,
            r#"{"id":"urn:x:1","type":"T","a":{"type":"Text","value":1},"@context":[]}"#,
        ] {
            assert!(!is_normalized(&json(text)), "{text}");
        }
    }

    #[test]
    fn values_with_a_type_of_their_own_stay_values() {
        let from = r#"{"id":"urn:x:1","type":"T","a":{"type":"PostalAddress","c":"JP"},"b":{"type":"Point","coordinates":[1,2]},"c":{"type":"Text","value":1}}"#;
        let to = from.replace(
            r#"{"type":"PostalAddress","c":"JP"}"#,
            r#"{"type":"Property","value":{"type":"PostalAddress","c":"JP"}}"#,
        );
        assert_eq!(with_values(json(from)), json(&to));
    }

    #[test]
    fn times_are_instants_where_they_are() {
        let value = |text: &str| date_time(&Json::from(text.to_owned())).to_text();
        assert_eq!(value("2020-09-16T11:00:00+05:30"), r#"{"@type":"DateTime","@value":"2020-09-16T05:30:00Z"}"#);
        assert_eq!(value("2022-07-01T17:00/PT1H"), r#""2022-07-01T17:00/PT1H""#);
    }

    #[test]
    fn an_id_that_is_no_iri_becomes_one() {
        assert_eq!(
            with_iri(json(r#"{"id":"Room 1","type":"Room"}"#)),
            json(r#"{"id":"urn:ngsi-ld:Room:Room%201","type":"Room"}"#)
        );
        let iri = json(r#"{"id":"urn:x:1","type":"Room"}"#);
        assert_eq!(with_iri(iri.clone()), iri);
    }
}
