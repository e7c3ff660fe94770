//! Tests of reading: each clause's forms, and each fault with its place.

use machi_types::json::parse;
use proptest::prelude::*;

use super::*;
use crate::entity::render::{Format, Output, write_entity};
use crate::entity::{CoreTerms, Encoded};

/// What an entity with this attribute member becomes, in the normalized representation.
fn normalized(members: &str) -> String {
    let text = format!(r#"{{"id":"urn:ngsi-ld:T:1","type":"T",{members}}}"#);
    read(&text, Input::WHOLE).unwrap_or_else(|error| error.to_string())
}

fn read(text: &str, input: Input) -> Result<String, InvalidEntity> {
    let json = parse(text.as_bytes(), 64).unwrap();
    let entity = parse_entity(&json, &CoreTerms, input)?;
    let encoded = Encoded::of(&entity);
    let mut out = Vec::new();
    let output = Output { sys_attrs: true, ..Output::new(&CoreTerms) };
    write_entity(&encoded.document(&encoded.sections()), &output, &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    Ok(text.replace(r#"{"id":"urn:ngsi-ld:T:1","type":"T","#, "").trim_end_matches('}').to_owned())
}

/// One attribute member, and what it becomes.
fn check(member: &str, expected: &str) {
    assert_eq!(normalized(member), expected.trim_end_matches('}'), "{member}");
}

fn refused(member: &str, expected: &str) {
    assert_eq!(normalized(member), expected, "{member}");
}

#[test]
fn the_concise_representation_tells_kinds_by_members() {
    check(r#""a":5"#, r#""a":{"type":"Property","value":5}"#);
    check(r#""a":[1,2]"#, r#""a":{"type":"Property","value":[1,2]}"#);
    check(r#""a":{"street":"x"}"#, r#""a":{"type":"Property","value":{"street":"x"}}"#);
    check(r#""a":{"value":5,"unitCode":"CEL"}"#, r#""a":{"type":"Property","value":5,"unitCode":"CEL"}"#);
    check(
        r#""a":{"type":"Point","coordinates":[1,2]}"#,
        r#""a":{"type":"GeoProperty","value":{"type":"Point","coordinates":[1,2]}}"#,
    );
    check(
        r#""a":{"value":{"type":"Point","coordinates":[1,2]}}"#,
        r#""a":{"type":"GeoProperty","value":{"type":"Point","coordinates":[1,2]}}"#,
    );
    check(r#""a":{"object":"urn:x:1"}"#, r#""a":{"type":"Relationship","object":"urn:x:1"}"#);
    check(r#""a":{"languageMap":{"en":"x"}}"#, r#""a":{"type":"LanguageProperty","languageMap":{"en":"x"}}"#);
    check(r#""a":{"vocab":"x-y"}"#, r#""a":{"type":"VocabProperty","vocab":"x-y"}"#);
    check(r#""a":{"json":{"id":null}}"#, r#""a":{"type":"JsonProperty","json":{"id":null}}"#);
    check(r#""a":{"valueList":[1,"b"]}"#, r#""a":{"type":"ListProperty","valueList":[1,"b"]}"#);
    check(
        r#""a":{"objectList":["urn:x:1",{"object":"urn:x:2"}]}"#,
        r#""a":{"type":"ListRelationship","objectList":[{"object":"urn:x:1"},{"object":"urn:x:2"}]}"#,
    );
    check(
        r#""a":{"@type":"DateTime","@value":"2026-11-22T10:00:00Z"}"#,
        r#""a":{"type":"Property","value":{"@type":"DateTime","@value":"2026-11-22T10:00:00Z"}}"#,
    );
}

#[test]
fn normalized_attributes_keep_all_their_members() {
    let full = r#""a":{"type":"Property","value":1,"unitCode":"CEL","valueType":"Integer","datasetId":"urn:d:1","observedAt":"2026-11-22T10:00:00Z","expiresAt":"2030-01-01T00:00:00Z","by":{"type":"Relationship","object":["urn:x:1","urn:x:2"],"objectType":["A","B"]}}"#;
    check(full, full);
    let proof = r#""a":{"type":"Property","value":1,"ngsildproof":{"type":"Property","value":{"proof":"x"},"entityIdSealed":"urn:x:1","entityTypeSealed":"T"}}"#;
    check(proof, proof);
}

#[test]
fn what_only_answers_have_is_ignored() {
    check(
        r#""createdAt":"x","a":{"value":1,"createdAt":"x","modifiedAt":5,"instanceId":"y","lang":"en"}"#,
        r#""a":{"type":"Property","value":1}"#,
    );
    check(r#""a":{"object":"urn:x:1","entity":{"id":"q"}}"#, r#""a":{"type":"Relationship","object":"urn:x:1"}"#);
}

#[test]
fn instances_differ_by_their_datasets() {
    check(
        r#""a":[{"value":1,"datasetId":"@none"},{"value":2,"datasetId":"urn:d:1"}]"#,
        r#""a":[{"type":"Property","value":1},{"type":"Property","value":2,"datasetId":"urn:d:1"}]"#,
    );
    check(
        r#""a":{"dataset":{"@none":1,"urn:d:1":"x"}}"#,
        r#""a":[{"type":"Property","value":1},{"type":"Property","value":"x","datasetId":"urn:d:1"}]"#,
    );
    refused(
        r#""a":[{"value":1},{"value":2}]"#,
        "/a/1: another instance of the attribute has no datasetId either: only one may be the default instance",
    );
    refused(
        r#""a":[{"value":1,"datasetId":"urn:d:1"},{"value":2,"datasetId":"urn:d:1"}]"#,
        "/a/1: another instance of the attribute has the datasetId urn:d:1 as well",
    );
    refused(r#""a":[{"value":1},5]"#, "/a/1: this is no attribute instance, while other items of the array are");
    refused(
        r#""a":{"value":1,"datasetId":"d"}"#,
        "/a/datasetId: \"d\" has no scheme; an IRI looks like urn:ngsi-ld:Room:1 or https://example.org/room/1",
    );
}

#[test]
fn names_are_letters_digits_and_underscores() {
    refused(
        r#""a-b":1"#,
        "/a-b: \"a-b\" is no name, because of '-': a name is letters, digits and _ beginning with a letter, prefix:name or an IRI, of at most 2048 bytes",
    );
    check(r#""https://example.org/a-b":1"#, r#""https://example.org/a-b":{"type":"Property","value":1}"#);
    refused(
        r#""a":1,"https://uri.etsi.org/ngsi-ld/default-context/a":2"#,
        "/https:~1~1uri.etsi.org~1ngsi-ld~1default-context~1a: another member of this object expands to \
         https://uri.etsi.org/ngsi-ld/default-context/a as well",
    );
    for word in
        ["value", "observedAt", "unitCode", "datasetId", "previousValue", "object", "entity", "@graph", "instanceId"]
    {
        refused(
            &format!(r#""{word}":1"#),
            &format!("/{word}: \"{word}\" is a word of NGSI-LD itself and cannot name an attribute or a type"),
        );
    }
}

#[test]
fn values_are_checked_by_their_kinds() {
    let null = "null is no value in NGSI-LD; to delete a member, PATCH it with \"urn:ngsi-ld:null\"";
    refused(r#""a":null"#, &format!("/a: {null}"));
    refused(r#""a":{"type":"Property","value":null}"#, &format!("/a/value: {null}"));
    refused(r#""a":{"value":{"b":[null]}}"#, &format!("/a/value/b/0: {null}"));
    refused(r#""a":{"object":5}"#, "/a/object: this is a number, where a string is needed");
    refused(
        r#""a":{"object":"x"}"#,
        "/a/object: \"x\" has no scheme; an IRI looks like urn:ngsi-ld:Room:1 or https://example.org/room/1",
    );
    refused(
        r#""a":{"object":[]}"#,
        "/a/object: this is an empty array, where a string or an array of strings is needed",
    );
    refused(
        r#""a":{"languageMap":{"e n":"x"}}"#,
        "/a/languageMap/e n: \"e n\" is no language tag (RFC 5646) such as en or pt-BR, nor @none",
    );
    refused(r#""a":{"languageMap":{"en":1}}"#, "/a/languageMap/en: this is a number, where a string is needed");
    refused(
        r#""a":{"languageMap":"x"}"#,
        "/a/languageMap: this is a string, where an object of texts by language tag is needed",
    );
    refused(r#""a":{"json":5}"#, "/a/json: this is a number, where an object or an array of objects is needed");
    refused(r#""a":{"valueList":5}"#, "/a/valueList: this is a number, where an array is needed");
    refused(
        r#""a":{"observedAt":"2026-11-22","value":1}"#,
        "/a/observedAt: \"2026-11-22\" is no date-time in UTC; it looks like 2026-11-22T10:00:00Z",
    );
    refused(r#""a":{"@type":"Date","@value":"x"}"#, "/a/@value: \"x\" is no date; it looks like 2026-11-22");
    refused(r#""a":{"value":1,"@context":{}}"#, "/a/@context: an @context may stand at the top of the document only");
    refused(
        r#""a":{"value":{"@context":{}}}"#,
        "/a/value/@context: an @context may stand at the top of the document only",
    );
}

#[test]
fn geometries_must_be_whole_and_closed() {
    let polygon = r#""a":{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,1]]]}"#;
    assert!(
        normalized(polygon).starts_with("/a: this is no GeoJSON geometry: coordinates[0]: the ring does not close"),
        "{}",
        normalized(polygon)
    );
    assert!(normalized(r#""a":{"type":"GeoProperty","value":5}"#).starts_with("/a/value: "));
    check(
        r#""a":{"type":"GeoProperty","value":"{\"type\":\"Point\",\"coordinates\":[1,2]}"}"#,
        r#""a":{"type":"GeoProperty","value":{"type":"Point","coordinates":[1,2]}}"#,
    );
    refused(r#""location":5"#, "/location: this is a number, where a GeoJSON geometry is needed");
    refused(r#""location":{"type":"Property","value":5}"#, "/location: \"location\" must be a GeoProperty");
    refused(
        r#""a":{"type":"GeoProperty","value":{"type":"GeometryCollection","geometries":[]}}"#,
        &normalized(r#""a":{"type":"GeoProperty","value":{"type":"GeometryCollection","geometries":[]}}"#),
    );
}

#[test]
fn members_that_a_kind_does_not_have_are_refused() {
    refused(r#""a":{"type":"Relationship","value":5}"#, "/a/value: a Relationship has no member \"value\"");
    refused(r#""a":{"value":5,"object":"urn:x:1"}"#, "/a/object: a Property has no member \"object\"");
    refused(r#""a":{"object":"urn:x:1","unitCode":"CEL"}"#, "/a/unitCode: a Relationship has no member \"unitCode\"");
    refused(r#""a":{"languageMap":{},"unitCode":"CEL"}"#, "/a/unitCode: a LanguageProperty has no member \"unitCode\"");
    refused(r#""a":{"value":1,"entity":{}}"#, "/a/entity: a Property has no member \"entity\"");
    refused(
        r#""a":{"value":1,"previousObject":"urn:x:1"}"#,
        "/a/previousObject: a Property has no member \"previousObject\"",
    );
    refused(
        r#""a":{"languageMap":{"en":"x"},"valueType":"string"}"#,
        "/a/valueType: the valueType of a LanguageProperty is langString, and no other",
    );
    refused(
        r#""a":{"value":1,"entityIdSealed":"urn:x:1"}"#,
        "/a/entityIdSealed: a Property has no member \"entityIdSealed\"",
    );
    assert!(
        normalized(r#""a":{"type":"Thing","value":1}"#)
            .starts_with("/a/type: \"Thing\" is no attribute type; they are")
    );
    assert!(normalized(r#""a":{"type":"Property"}"#).starts_with("/a: the attribute has no value"));
    assert!(normalized(r#""a":{"observedAt":"2026-11-22T10:00:00Z"}"#).starts_with("/a: the attribute has no value"));
}

#[test]
fn entities_need_an_id_a_type_and_valid_scopes() {
    let error = |text: &str| read(text, Input::WHOLE).unwrap_err().to_string();
    assert_eq!(error("[]"), "this is an array, where an object is needed");
    assert_eq!(error(r#"{"type":"T"}"#), "the member \"id\" is missing");
    assert_eq!(error(r#"{"id":"urn:x:1"}"#), "the member \"type\" is missing");
    assert!(error(r#"{"id":"x","type":"T"}"#).starts_with("/id: \"x\" has no scheme"));
    assert!(error(r#"{"id":"urn:x:1","@id":"urn:x:1","type":"T"}"#).starts_with("/@id: another member"));
    assert!(error(r#"{"id":"urn:x:1","type":[]}"#).starts_with("/type: this is an empty array"));
    assert!(error(r#"{"id":"urn:x:1","type":"T","scope":"/9"}"#).starts_with("/scope: \"/9\" is no scope"));
    assert!(
        error(r#"{"id":"urn:x:1","type":"T","expiresAt":"soon"}"#).starts_with("/expiresAt: \"soon\" is no date-time")
    );
    assert!(
        error(r#"{"id":"urn:ngsi-ld:null","type":"T"}"#).starts_with("/id: \"urn:ngsi-ld:null\" is only for deleting")
    );
    check(r#""scope":["/a","/b","/a"]"#, r#""scope":["/a","/b"]"#);
}

#[test]
fn nulls_are_refused_where_nothing_can_be_deleted() {
    let message = "\"urn:ngsi-ld:null\" is only for deleting in update and merge operations";
    for (member, place) in [
        (r#""a":"urn:ngsi-ld:null""#, "/a"),
        (r#""a":{"value":"urn:ngsi-ld:null"}"#, "/a/value"),
        (r#""a":{"value":{"b":"urn:ngsi-ld:null"}}"#, "/a/value/b"),
        (r#""a":{"object":"urn:ngsi-ld:null"}"#, "/a/object"),
        (r#""a":{"languageMap":{"@none":"urn:ngsi-ld:null"}}"#, "/a/languageMap"),
        (r#""a":{"languageMap":{"en":"urn:ngsi-ld:null"}}"#, "/a/languageMap/en"),
        (r#""a":{"valueList":["urn:ngsi-ld:null"]}"#, "/a/valueList"),
        (r#""a":{"objectList":["urn:ngsi-ld:null"]}"#, "/a/objectList"),
        (r#""a":{"value":1,"unitCode":"urn:ngsi-ld:null"}"#, "/a/unitCode"),
        (r#""a":{"value":1,"b":"urn:ngsi-ld:null"}"#, "/a/b"),
        (r#""a":{"value":1,"datasetId":"urn:ngsi-ld:null"}"#, "/a/datasetId"),
        (r#""scope":"urn:ngsi-ld:null""#, "/scope"),
    ] {
        refused(member, &format!("{place}: {message}"));
    }
}

fn fragment(text: &str, input: Input) -> Result<Fragment, String> {
    let json = parse(text.as_bytes(), 64).unwrap();
    parse_fragment(&json, &CoreTerms, input).map_err(|error| error.to_string())
}

#[test]
fn nulls_delete_in_fragments_as_far_as_the_operation_goes() {
    for text in [
        r#"{"a":"urn:ngsi-ld:null"}"#,
        r#"{"a":{"value":"urn:ngsi-ld:null"}}"#,
        r#"{"a":{"type":"Relationship","object":"urn:ngsi-ld:null"}}"#,
        r#"{"a":{"languageMap":{"@none":"urn:ngsi-ld:null"}}}"#,
        r#"{"a":{"valueList":["urn:ngsi-ld:null"]}}"#,
        r#"{"a":{"objectList":[{"object":"urn:ngsi-ld:null"}]}}"#,
        r#"{"a":{"vocab":"urn:ngsi-ld:null"}}"#,
        r#"{"a":{"json":"urn:ngsi-ld:null"}}"#,
    ] {
        let fragment = fragment(text, Input::UPDATE).unwrap();
        assert!(fragment.attributes[0].instances[0].removes(), "{text}");
    }
    let within = r#"{"a":{"value":{"b":"urn:ngsi-ld:null"}}}"#;
    assert!(fragment(within, Input::UPDATE).is_err());
    assert!(fragment(within, Input::MERGE).is_ok());
    assert!(fragment(r#"{"a":{"value":1,"datasetId":"urn:ngsi-ld:null"}}"#, Input::MERGE).is_err());
    assert!(fragment(r#"{"id":"urn:ngsi-ld:null"}"#, Input::MERGE).is_err());
    assert!(fragment(r#"{"type":"urn:ngsi-ld:null"}"#, Input::MERGE).is_err());
}

#[test]
fn partial_fragments_may_lack_the_value() {
    assert!(fragment(r#"{"a":{"unitCode":"CEL"}}"#, Input::MERGE).is_ok());
    assert!(fragment(r#"{"a":{"type":"Property"}}"#, Input::MERGE).is_ok());
    assert!(fragment(r#"{"a":{"by":{"type":"Relationship","object":"urn:x:1"}}}"#, Input::MERGE).is_ok());
    assert!(fragment(r#"{"a":{"unitCode":"CEL"}}"#, Input::UPDATE).is_err());
    let json = parse(br#"{"city":"x"}"#, 64).unwrap();
    let attribute = parse_attribute(&json, &"urn:a".into(), &CoreTerms, Input::PARTIAL).unwrap();
    assert_eq!(attribute.attributes.len(), 1);
}

#[test]
fn the_simplified_representation_takes_objects_as_values() {
    let text = r#"{"id":"urn:ngsi-ld:T:1","type":"T","a":{"type":"PostalAddress","value":1},"b":{"vocab":"x"},"c":{"value":1,"unit":"m"}}"#;
    assert_eq!(
        read(text, Input::WHOLE.simplified()).unwrap(),
        r#""a":{"type":"Property","value":{"type":"PostalAddress","value":1}},"b":{"type":"VocabProperty","vocab":"x"},"c":{"type":"Property","value":{"value":1,"unit":"m""#
    );
}

#[test]
fn attributes_nest_only_so_deep() {
    let nested = |levels: usize| format!(r#""a":{}1{}"#, r#"{"value":1,"b":"#.repeat(levels), "}".repeat(levels));
    assert!(!normalized(&nested(30)).contains("nest too deeply"));
    assert!(normalized(&nested(40)).ends_with("attributes nest too deeply"));
}

#[test]
fn names_grow_only_so_far_when_they_are_expanded() {
    use crate::context::{Limits, Resolution, resolve_text};
    let prefix = "x".repeat(900);
    let text = format!("{{\"@context\":{{\"p\":\"https://e.org/{prefix}/\"}}}}");
    let resolved = resolve_text(text.as_bytes(), &(), &Limits::default()).unwrap();
    let Resolution::Ready(context) = resolved else { panic!("nothing is to be loaded") };
    let entity = |names: usize| {
        let names: Vec<String> = (0..names).map(|n| format!("\"p:b{n}\":1")).collect();
        let text = format!("{{\"id\":\"urn:x:1\",\"type\":\"T\",\"a\":{{\"value\":1,{}}}}}", names.join(","));
        let json = parse(text.as_bytes(), 64).unwrap();
        (parse_entity(&json, &context, Input::WHOLE).map(|_| ()), parse_entity(&json, &CoreTerms, Input::WHOLE).is_ok())
    };
    // 914 bytes take the place of the prefix and its colon, and the type and the attribute grow by some, too.
    let fitting = (16 << 20) / 913;
    assert_eq!(entity(fitting), (Ok(()), true));
    let (refused, is_core_fine) = entity(fitting + 1);
    let refused = refused.unwrap_err();
    assert_eq!(refused.fault, Fault::ExpandedNames);
    assert_eq!(refused.pointer, format!("/a/p:b{fitting}"));
    assert!(refused.to_string().contains("more than 16 MiB longer than they are written") && is_core_fine, "{refused}");
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(entity in crate::entity::arbitrary::any_entity(), is_concise: bool) {
        let encoded = Encoded::of(&entity);
        let mut out = Vec::new();
        let format = if is_concise { Format::Concise } else { Format::Normalized };
        let output = Output { sys_attrs: true, format, ..Output::new(&CoreTerms) };
        write_entity(&encoded.document(&encoded.sections()), &output, &mut out).unwrap();
        let json = parse(&out, 64).unwrap();
        let read = parse_entity(&json, &CoreTerms, Input::WHOLE);
        prop_assert_eq!(read, Ok(entity), "{}", String::from_utf8_lossy(&out));
    }

    #[test]
    fn any_json_is_taken_or_refused(
        text in crate::entity::arbitrary::any_json(),
        member in "(a|type|@type|scope|id|expiresAt|location|@context|ngsildproof)",
        attribute_member in "(value|object|languageMap|vocab|json|valueList|objectList|unitCode|datasetId|b|dataset|@value)",
    ) {
        for input in [Input::WHOLE, Input::UPDATE, Input::MERGE, Input::PARTIAL, Input::MERGE.simplified()] {
            for value in [text.to_string(), format!("{{\"{attribute_member}\":{text}}}"), format!("[{{\"{attribute_member}\":{text}}}]")] {
                let document = format!("{{\"{member}\":{value}}}");
                let json = parse(document.as_bytes(), 64).unwrap();
                let _ = parse_fragment(&json, &CoreTerms, input);
                let _ = parse_attribute(&json, &"urn:a".into(), &CoreTerms, input);
            }
        }
    }
}
