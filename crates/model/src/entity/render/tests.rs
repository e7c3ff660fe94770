//! Tests of writing: each representation and each option.

use machi_types::Timestamp;
use machi_types::json::parse;

use super::*;
use crate::entity::{CoreTerms, Encoded, Entity, Input, Section, parse_entity};

const VEHICLE: &str = r#"{
  "id": "urn:ngsi-ld:Vehicle:A4567", "type": ["Vehicle", "Car"], "scope": "/Fukui", "expiresAt": "2030-01-01T00:00:00Z",
  "brandName": "Mercedes",
  "street": {"languageMap": {"fr": "Grand Place", "nl": "Grote Markt"}},
  "isParked": {"object": "urn:ngsi-ld:OffStreetParking:1", "objectType": "OffStreetParking",
    "providedBy": {"object": "urn:ngsi-ld:Person:Bob"}},
  "category": {"vocab": "non-commercial"},
  "passengers": {"object": ["urn:ngsi-ld:Person:Alice", "urn:ngsi-ld:Person:Bob"]},
  "route": {"objectList": ["urn:ngsi-ld:City:Antwerp"]},
  "depths": {"valueList": [300, 6], "unitCode": "MMT"},
  "raw": {"json": {"id": 1}},
  "speed": [{"value": 5, "observedAt": "2026-11-22T10:00:00.5Z"}, {"value": 6, "datasetId": "urn:d:1"}],
  "location": {"type": "Point", "coordinates": [136.2, 36.0]}
}"#;

fn vehicle() -> Entity {
    let mut entity = parse_entity(&parse(VEHICLE.as_bytes(), 64).unwrap(), &CoreTerms, Input::WHOLE).unwrap();
    entity.created_at = Some(Timestamp::from_micros(1_000_000));
    entity.modified_at = Some(Timestamp::from_micros(2_000_000));
    entity
}

/// The vehicle as `write` writes it, as JSON that is one.
fn written(write: impl Fn(&Document<'_>, &mut Vec<u8>)) -> String {
    let encoded = Encoded::of(&vehicle());
    let mut out = Vec::new();
    write(&encoded.document(&encoded.sections()), &mut out);
    let text = String::from_utf8(out).unwrap();
    assert!(parse(text.as_bytes(), 64).is_ok(), "{text}");
    text
}

fn entity(output: Output<'_>) -> String {
    written(|document, out| write_entity(document, &output, out).unwrap())
}

/// Only the picked attributes, so that an example stays readable.
fn pick(names: &[&str]) -> Projection {
    let name = |name: &&str| {
        if ["id", "type", "scope", "expiresAt", "modifiedAt"].contains(name) {
            (*name).into()
        } else {
            CoreTerms.expand(name).unwrap()
        }
    };
    Projection { pick: Some(names.iter().map(name).collect()), omit: Vec::new() }
}

fn of_format(format: Format, names: &[&str]) -> String {
    let projection = pick(names);
    entity(Output { format, projection: Some(&projection), ..Output::new(&CoreTerms) })
}

#[test]
fn the_normalized_representation_spells_everything_out() {
    assert_eq!(
        entity(Output::new(&CoreTerms)),
        r#"{"id":"urn:ngsi-ld:Vehicle:A4567","type":["Vehicle","Car"],"scope":"/Fukui","brandName":{"type":"Property","value":"Mercedes"},"street":{"type":"LanguageProperty","languageMap":{"fr":"Grand Place","nl":"Grote Markt"}},"isParked":{"type":"Relationship","object":"urn:ngsi-ld:OffStreetParking:1","objectType":"OffStreetParking","providedBy":{"type":"Relationship","object":"urn:ngsi-ld:Person:Bob"}},"category":{"type":"VocabProperty","vocab":"non-commercial"},"passengers":{"type":"Relationship","object":["urn:ngsi-ld:Person:Alice","urn:ngsi-ld:Person:Bob"]},"route":{"type":"ListRelationship","objectList":[{"object":"urn:ngsi-ld:City:Antwerp"}]},"depths":{"type":"ListProperty","valueList":[300,6],"unitCode":"MMT"},"raw":{"type":"JsonProperty","json":{"id":1}},"speed":[{"type":"Property","value":5,"observedAt":"2026-11-22T10:00:00.5Z"},{"type":"Property","value":6,"datasetId":"urn:d:1"}],"location":{"type":"GeoProperty","value":{"type":"Point","coordinates":[136.2,36.0]}}}"#
    );
}

#[test]
fn the_concise_representation_leaves_out_what_can_be_inferred() {
    assert_eq!(
        of_format(
            Format::Concise,
            &["brandName", "street", "isParked", "category", "route", "depths", "raw", "speed", "location"]
        ),
        r#"{"brandName":"Mercedes","street":{"languageMap":{"fr":"Grand Place","nl":"Grote Markt"}},"isParked":{"object":"urn:ngsi-ld:OffStreetParking:1","objectType":"OffStreetParking","providedBy":{"object":"urn:ngsi-ld:Person:Bob"}},"category":{"vocab":"non-commercial"},"route":{"objectList":["urn:ngsi-ld:City:Antwerp"]},"depths":{"valueList":[300,6],"unitCode":"MMT"},"raw":{"json":{"id":1}},"speed":[{"value":5,"observedAt":"2026-11-22T10:00:00.5Z"},{"value":6,"datasetId":"urn:d:1"}],"location":{"type":"Point","coordinates":[136.2,36.0]}}"#
    );
}

#[test]
fn the_simplified_representation_has_values_only() {
    assert_eq!(
        of_format(
            Format::Simplified,
            &["id", "type", "street", "isParked", "category", "route", "depths", "raw", "speed", "location"]
        ),
        r#"{"id":"urn:ngsi-ld:Vehicle:A4567","type":["Vehicle","Car"],"street":{"languageMap":{"fr":"Grand Place","nl":"Grote Markt"}},"isParked":"urn:ngsi-ld:OffStreetParking:1","category":{"vocab":"non-commercial"},"route":["urn:ngsi-ld:City:Antwerp"],"depths":[300,6],"raw":{"json":{"id":1}},"speed":{"dataset":{"@none":5,"urn:d:1":6}},"location":{"type":"Point","coordinates":[136.2,36.0]}}"#
    );
}

#[test]
fn times_are_written_on_demand_and_sub_attributes_have_the_sections() {
    let encoded = Encoded::of(&vehicle());
    let mut sections: Vec<Section<'_>> = encoded.sections();
    for section in &mut sections {
        section.created_at = Some(Timestamp::from_micros(3_000_000));
        section.modified_at = Some(Timestamp::from_micros(4_000_000));
    }
    let projection = pick(&["isParked", "expiresAt", "modifiedAt"]);
    let mut out = Vec::new();
    let output =
        Output { format: Format::Concise, sys_attrs: true, projection: Some(&projection), ..Output::new(&CoreTerms) };
    write_entity(&encoded.document(&sections), &output, &mut out).unwrap();
    assert_eq!(
        String::from_utf8(out).unwrap(),
        r#"{"modifiedAt":"1970-01-01T00:00:02Z","expiresAt":"2030-01-01T00:00:00Z","isParked":{"object":"urn:ngsi-ld:OffStreetParking:1","objectType":"OffStreetParking","createdAt":"1970-01-01T00:00:03Z","modifiedAt":"1970-01-01T00:00:04Z","providedBy":{"object":"urn:ngsi-ld:Person:Bob","createdAt":"1970-01-01T00:00:04Z","modifiedAt":"1970-01-01T00:00:04Z"}}}"#
    );
}

#[test]
fn a_language_makes_plain_texts_of_language_maps() {
    let languages = Languages::parse("nl").unwrap();
    let projection = pick(&["street"]);
    let of = |format| {
        let output =
            Output { format, languages: Some(&languages), projection: Some(&projection), ..Output::new(&CoreTerms) };
        entity(output)
    };
    assert_eq!(of(Format::Normalized), r#"{"street":{"type":"Property","value":"Grote Markt","lang":"nl"}}"#);
    assert_eq!(of(Format::Concise), r#"{"street":{"value":"Grote Markt","lang":"nl"}}"#);
    assert_eq!(of(Format::Simplified), r#"{"street":"Grote Markt"}"#);
}

#[test]
fn datasets_choose_instances_and_drop_attributes_without_any() {
    let of = |ids: &[&str]| {
        let datasets = Datasets::new(ids.iter().copied());
        let projection = pick(&["speed", "raw"]);
        let output = Output {
            format: Format::Simplified,
            datasets: Some(&datasets),
            projection: Some(&projection),
            ..Output::new(&CoreTerms)
        };
        entity(output)
    };
    assert_eq!(of(&["urn:d:1"]), r#"{"speed":6}"#);
    assert_eq!(of(&["@none"]), r#"{"raw":{"json":{"id":1}},"speed":5}"#);
    assert_eq!(of(&["urn:d:2"]), "{}");
}

#[test]
fn features_carry_the_chosen_geometry_and_everything_as_properties() {
    let projection = pick(&["type", "brandName"]);
    let output = Output {
        format: Format::Simplified,
        projection: Some(&projection),
        context: Some("\"http://x\""),
        ..Output::new(&CoreTerms)
    };
    assert_eq!(
        written(|document, out| write_feature(document, &output, GeometrySource::default(), out).unwrap()),
        r#"{"id":"urn:ngsi-ld:Vehicle:A4567","type":"Feature","geometry":{"type":"Point","coordinates":[136.2,36.0]},"properties":{"type":["Vehicle","Car"],"brandName":"Mercedes"},"@context":"http://x"}"#
    );
    let elsewhere = GeometrySource { property: "https://uri.etsi.org/ngsi-ld/default-context/brandName" };
    assert_eq!(
        written(|document, out| write_feature_collection([*document], &output, elsewhere, out).unwrap()),
        r#"{"type":"FeatureCollection","features":[{"id":"urn:ngsi-ld:Vehicle:A4567","type":"Feature","geometry":null,"properties":{"type":["Vehicle","Car"],"brandName":"Mercedes"}}],"@context":"http://x"}"#
    );
}

struct People;

impl Links for People {
    fn write_entity(&self, _attribute: &str, target: &str, out: &mut Vec<u8>) -> bool {
        out.extend_from_slice(b"{\"id\":\"");
        out.extend_from_slice(target.as_bytes());
        out.extend_from_slice(b"\"}");
        target.contains("Person")
    }
}

#[test]
fn linked_entities_stand_inline_where_they_are_known() {
    let projection = pick(&["isParked", "passengers"]);
    let of = |format| {
        entity(Output { format, links: Some(&People), projection: Some(&projection), ..Output::new(&CoreTerms) })
    };
    assert_eq!(
        of(Format::Concise),
        r#"{"isParked":{"object":"urn:ngsi-ld:OffStreetParking:1","objectType":"OffStreetParking","providedBy":{"object":"urn:ngsi-ld:Person:Bob"}},"passengers":{"object":["urn:ngsi-ld:Person:Alice","urn:ngsi-ld:Person:Bob"],"entity":[{"id":"urn:ngsi-ld:Person:Alice"},{"id":"urn:ngsi-ld:Person:Bob"}]}}"#
    );
    assert_eq!(
        of(Format::Simplified),
        r#"{"isParked":"urn:ngsi-ld:OffStreetParking:1","passengers":[{"id":"urn:ngsi-ld:Person:Alice"},{"id":"urn:ngsi-ld:Person:Bob"}]}"#
    );
}

/// The named attribute as a notification tells of its deletion.
fn deleted(name: &str, change: impl Fn(&mut Section<'_>), output: Output<'_>) -> String {
    let encoded = Encoded::of(&vehicle());
    let name = CoreTerms.expand(name).unwrap();
    let mut sections: Vec<Section<'_>> =
        encoded.sections().into_iter().filter(|section| section.name == &*name).collect();
    for section in &mut sections {
        section.deleted_at = Some(Timestamp::from_micros(5_000_000));
        section.created_at = Some(Timestamp::from_micros(3_000_000));
        section.modified_at = Some(Timestamp::from_micros(4_000_000));
        change(section);
    }
    let mut out = Vec::new();
    let projection = Projection {
        omit: ["id", "type", "scope", "createdAt", "modifiedAt", "expiresAt"].map(Into::into).to_vec(),
        pick: None,
    };
    write_entity(&encoded.document(&sections), &Output { projection: Some(&projection), ..output }, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn deleted_attributes_are_null_and_say_what_they_were_on_demand() {
    let normal = Output::new(&CoreTerms);
    let with_previous = |section: &mut Section<'_>| section.previous = Some(section.bytes);
    let concise = Output { format: Format::Concise, ..normal };
    assert_eq!(deleted("brandName", |_| (), concise), r#"{"brandName":"urn:ngsi-ld:null"}"#);
    assert_eq!(deleted("brandName", |_| (), normal), r#"{"brandName":{"type":"Property","value":"urn:ngsi-ld:null"}}"#);
    assert_eq!(
        deleted("brandName", with_previous, normal),
        r#"{"brandName":{"type":"Property","value":"urn:ngsi-ld:null","previousValue":"Mercedes"}}"#
    );
    assert_eq!(
        deleted("street", with_previous, concise),
        r#"{"street":{"languageMap":{"@none":"urn:ngsi-ld:null"},"previousLanguageMap":{"fr":"Grand Place","nl":"Grote Markt"}}}"#
    );
    assert_eq!(
        deleted("route", |_| (), Output { sys_attrs: true, ..normal }),
        r#"{"route":{"type":"ListRelationship","objectList":["urn:ngsi-ld:null"],"createdAt":"1970-01-01T00:00:03Z","modifiedAt":"1970-01-01T00:00:04Z","deletedAt":"1970-01-01T00:00:05Z"}}"#
    );
}

#[test]
fn an_attribute_that_is_gone_with_all_its_instances_is_told_once() {
    let normal = Output::new(&CoreTerms);
    let simplified = Output { format: Format::Simplified, ..normal };
    let with_previous = |section: &mut Section<'_>| section.previous = Some(section.bytes);
    assert_eq!(deleted("speed", |_| (), normal), r#"{"speed":{"type":"Property","value":"urn:ngsi-ld:null"}}"#);
    assert_eq!(deleted("speed", |_| (), simplified), r#"{"speed":"urn:ngsi-ld:null"}"#);
    // What was before is told of each.
    assert_eq!(
        deleted("speed", with_previous, normal),
        r#"{"speed":[{"type":"Property","value":"urn:ngsi-ld:null","previousValue":5},{"type":"Property","value":"urn:ngsi-ld:null","previousValue":6,"datasetId":"urn:d:1"}]}"#
    );
    let one_lives = |section: &mut Section<'_>| {
        if section.dataset_id.is_none() {
            section.deleted_at = None;
        }
    };
    assert_eq!(
        deleted("speed", one_lives, simplified),
        r#"{"speed":{"dataset":{"@none":5,"urn:d:1":"urn:ngsi-ld:null"}}}"#
    );
}

#[test]
fn changes_show_the_value_before() {
    let encoded = Encoded::of(&vehicle());
    let mut all = encoded.sections();
    let previous = all.iter().find(|section| section.name.ends_with("/depths")).map(|section| section.bytes);
    all.retain(|section| section.name.ends_with("/brandName"));
    for section in &mut all {
        section.previous = previous;
    }
    let mut out = Vec::new();
    let projection = pick(&["brandName"]);
    let output = Output { format: Format::Concise, projection: Some(&projection), ..Output::new(&CoreTerms) };
    write_entity(&encoded.document(&all), &output, &mut out).unwrap();
    assert_eq!(String::from_utf8(out).unwrap(), r#"{"brandName":{"value":"Mercedes","previousValueList":[300,6]}}"#);
}

#[test]
fn what_has_expired_is_not_written() {
    let text = r#"{"id":"urn:x:1","type":"T","a":{"value":1,"expiresAt":"2020-01-01T00:00:00Z"},
        "b":[{"value":1,"expiresAt":"2020-01-01T00:00:00Z"},{"value":2,"datasetId":"urn:d:1"}],
        "c":{"value":1,"d":{"value":2,"expiresAt":"2020-01-01T00:00:00Z"},
            "e":[{"value":3,"expiresAt":"2020-01-01T00:00:00Z"},{"value":4,"datasetId":"urn:d:1"}],"f":5}}"#;
    let entity = parse_entity(&parse(text.as_bytes(), 64).unwrap(), &CoreTerms, Input::WHOLE).unwrap();
    let encoded = Encoded::of(&entity);
    let of = |now: &str| {
        let mut out = Vec::new();
        let output = Output { format: Format::Concise, now: now.parse().ok(), ..Output::new(&CoreTerms) };
        write_entity(&encoded.document(&encoded.sections()), &output, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    };
    assert_eq!(
        of("2020-01-01T00:00:00Z"),
        r#"{"id":"urn:x:1","type":"T","b":{"value":2,"datasetId":"urn:d:1"},"c":{"value":1,"e":{"value":4,"datasetId":"urn:d:1"},"f":5}}"#
    );
    assert_eq!(
        of("2019-12-31T23:59:59Z"),
        r#"{"id":"urn:x:1","type":"T","a":1,"b":[{"value":1},{"value":2,"datasetId":"urn:d:1"}],"c":{"value":1,"d":2,"e":[{"value":3},{"value":4,"datasetId":"urn:d:1"}],"f":5}}"#
    );
}

#[test]
fn parameters_say_what_is_picked_and_what_is_left_out() {
    let expanded = |text: &str| {
        let projection = crate::query::Projection::parse("pick", text).unwrap();
        projection.expand(&|name| CoreTerms.expand(name)).unwrap()
    };
    let projection =
        Projection::of(Some(&expanded("id,brandName,isParked{name},raw")), Some(&expanded("raw,isParked{x}")));
    let shown = |name: &str| projection.shows(&CoreTerms.expand(name).unwrap());
    assert!(projection.shows("id") && shown("brandName") && shown("isParked"));
    assert!(!projection.shows("type") && !shown("raw") && !shown("street"));
}

// §4.6.2: a name begins with a letter, so that what follows the vocabulary is not always one.
#[test]
fn what_could_not_be_sent_back_as_a_name_is_shown_whole() {
    let text = r#"{"id":"urn:a:1","type":"https://uri.etsi.org/ngsi-ld/default-context/5dA","https://uri.etsi.org/ngsi-ld/default-context/a-b":{"type":"VocabProperty","vocab":"non-commercial"}}"#;
    let terms = &CoreTerms;
    let value = parse(text.as_bytes(), machi_types::json::DEFAULT_DEPTH).unwrap();
    let read = parse_entity(&value, terms, Input::WHOLE).unwrap();
    let (encoded, mut out) = (Encoded::of(&read), Vec::new());
    write_entity(&encoded.document(&encoded.sections()), &Output::new(terms), &mut out).unwrap();
    assert_eq!(String::from_utf8(out).unwrap(), text);
}
