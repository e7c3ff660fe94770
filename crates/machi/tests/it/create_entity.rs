//! Create Entity (§5.6.1, §6.4.3.1): what is stored, what is answered, and what is refused.

use crate::kit::*;

const ROOM: &str = "urn:ngsi-ld:Room:1";

fn room() -> Value {
    entity(ROOM, "Room", json!({"temperature": property(21)}))
}

// §6.4.3.1: Creation answers 201 with the entity's path in Location and without a body.
// §6.3.6: An answer without a body carries no Link to an @context.
#[test]
fn creating_an_entity_answers_201_with_its_location() {
    let answer = tenant().post("/entities").json(room()).send().expect_empty(201);
    assert_eq!(answer.expect_header("location"), "/ngsi-ld/v1/entities/urn:ngsi-ld:Room:1");
    assert_eq!(answer.context_link(), None);
}

// §5.5.1: URIs are the same if they have the same characters (RFC 3986 §6.2.1).
#[test]
fn ids_that_differ_in_one_character_are_two() {
    let tenant = tenant();
    for (id, value) in [("urn:ngsi-ld:T:a", 1), ("urn:ngsi-ld:T:A", 2), ("urn:ngsi-ld:T:%61", 3)] {
        tenant.create(&entity(id, "T", json!({"a": property(value)})));
    }
    let found = tenant.find(&[("type", "T"), ("id", "urn:ngsi-ld:T:A"), ("format", "simplified")]);
    assert_eq!(found, json!([{"id": "urn:ngsi-ld:T:A", "type": "T", "a": 2}]));
    let all = tenant.query(&[("type", "T")]);
    assert_eq!(all.len(), 3, "{all:?}");
}

// §5.6.1.4: What was sent is what is stored and read back.
// §5.2.4: An entity has an id, a type and attributes.
#[test]
fn a_created_entity_is_read_back_as_it_was_sent() {
    let tenant = tenant_with([&room()]);
    assert_eq!(tenant.retrieve(ROOM), room());
}

// §5.6.1.4: An id that exists already is refused with AlreadyExists and the first entity stays.
#[test]
fn a_second_entity_of_the_same_id_is_refused_and_changes_nothing() {
    let tenant = tenant_with([&room()]);
    let other = entity(ROOM, "Other", json!({"humidity": property(5)}));
    tenant.post("/entities").json(other).send().problem("AlreadyExists");
    assert_eq!(tenant.retrieve(ROOM), room());
}

// §4.5.1: An entity needs nothing but an id and a type.
#[test]
fn an_entity_without_attributes_is_an_entity() {
    let bare = entity(ROOM, "Room", json!({}));
    assert_eq!(tenant_with([&bare]).retrieve(ROOM), bare);
}

// §4.5.1: An entity may have several types.
#[test]
fn an_entity_may_have_several_types() {
    let tenant = tenant_with([&json!({"id": ROOM, "type": ["Room", "Kitchen"]})]);
    assert_eq!(sorted(&tenant.retrieve(ROOM)["type"]), ["Kitchen", "Room"]);
}

// §4.18: An entity may have one scope or several.
#[test]
fn an_entity_may_have_one_scope_or_several() {
    let tenant = tenant_with([
        &t("one", json!({"scope": "/Madrid/Gardens"})),
        &t("two", json!({"scope": ["/Madrid", "/CompanyA"]})),
    ]);
    assert_eq!(tenant.retrieve(&thing("one"))["scope"], "/Madrid/Gardens");
    assert_eq!(sorted(&tenant.retrieve(&thing("two"))["scope"]), ["/CompanyA", "/Madrid"]);
}

// §5.2.2: createdAt and modifiedAt come from the system; what a client sends is ignored.
#[test]
fn system_attributes_from_the_client_are_ignored() {
    let mut sent = room();
    sent["createdAt"] = json!("2001-01-01T00:00:00Z");
    sent["temperature"]["modifiedAt"] = json!("2001-01-01T00:00:00Z");
    let tenant = tenant_with([&sent]);
    let stored = tenant.retrieve_with(ROOM, &[("options", "sysAttrs")]);
    assert!(stored["createdAt"].as_str().is_some_and(|time| time > "2020"), "{stored}");
    assert!(stored["temperature"]["modifiedAt"].as_str().is_some_and(|time| time > "2020"), "{stored}");
}

// §5.5.7: Terms are stored as the IRIs that the @context of the request gives them.
#[test]
fn terms_are_expanded_by_the_context_of_the_request() {
    let context = json!({"Room": "https://example.org/Room", "temperature": "https://example.org/temperature"});
    let mut sent = room();
    sent["@context"] = context;
    let stored = tenant_with([&sent]).retrieve(ROOM);
    assert_eq!(stored["type"], "https://example.org/Room");
    assert_eq!(stored["https://example.org/temperature"], property(21));
}

// §5.5.13: local=true limits the creation to this broker and changes nothing else.
#[test]
fn an_entity_can_be_created_with_local_scope() {
    let tenant = tenant();
    tenant.post("/entities").query(&[("local", "true")]).json(room()).send().expect_status(201);
    assert_eq!(tenant.retrieve(ROOM), room());
}

// §5.5.4: An entity without a usable id or type is refused with BadRequestData.
#[test]
fn an_entity_needs_a_uri_as_id_and_a_type() {
    let tenant = tenant();
    let cases = [
        ("no id", json!({"type": "Room"})),
        ("id is no URI", json!({"id": "room1", "type": "Room"})),
        ("id with a blank", json!({"id": "urn:ngsi-ld:Room:a b", "type": "Room"})),
        ("id is a number", json!({"id": 1, "type": "Room"})),
        ("id is null", json!({"id": null, "type": "Room"})),
        ("no type", json!({"id": ROOM})),
        ("type is a number", json!({"id": ROOM, "type": 1})),
        ("type is empty", json!({"id": ROOM, "type": ""})),
        ("type is an empty array", json!({"id": ROOM, "type": []})),
        ("type holds a number", json!({"id": ROOM, "type": ["Room", 2]})),
        ("the body is an array", json!([room()])),
        ("the body is a string", json!("Room")),
    ];
    each(cases, |body| {
        tenant.post("/entities").json(body).send().problem("BadRequestData");
        tenant.expect_absent(ROOM);
    });
}

// §4.5.1: The id is a URI that can be told from others: characters that nobody sees are refused, those of any script are not.
#[test]
fn an_id_holds_no_characters_that_nobody_sees() {
    let tenant = tenant();
    let unseen =
        "\u{a0}\u{115f}\u{200b}\u{2028}\u{202e}\u{2800}\u{3164}\u{fdd0}\u{fe0f}\u{feff}\u{ffa0}\u{fffe}\u{e0100}";
    each(unseen.chars().map(|c| (format!("{c:?}"), c)), |character| {
        let id = format!("urn:ngsi-ld:T:A{character}B");
        tenant.post("/entities").json(entity(&id, "T", json!({}))).send().problem("BadRequestData");
        let link = json!({"a": {"type": "Relationship", "object": id}});
        tenant.post("/entities").json(t("bad", link)).send().problem("BadRequestData");
    });
    let seen = t("París", json!({"a": {"type": "Relationship", "object": "urn:ngsi-ld:T:越前市"}}));
    tenant.post("/entities").json(seen).send().expect_status(201);
}

// §4.6.2: The words that stand for keywords of JSON-LD are no types.
#[test]
fn a_keyword_is_no_type() {
    let tenant = tenant();
    each(["type", "id", "@type", "@id"].map(|word| (word, word)), |word| {
        tenant.post("/entities").json(entity(ROOM, word, json!({}))).send().problem("BadRequestData");
        let several = json!({"id": ROOM, "type": ["Room", word]});
        tenant.post("/entities").json(several).send().problem("BadRequestData");
        tenant.expect_absent(ROOM);
    });
    let alias = json!({"@context": {"kind": "@type"}, "id": ROOM, "type": "kind"});
    tenant.post("/entities").ld(alias).send().problem("BadRequestData");
}

// §4.6.2: Names are letters, digits and underscores after a letter, of any script; others are refused.
#[test]
fn names_follow_the_grammar_of_names() {
    let tenant = tenant();
    each(["a b", "a-b", "1a", "a<b", "a(b", "a/b", ""].map(|name| (format!("{name:?}"), name)), |name| {
        let attribute = t("bad", json!({name: property(1)}));
        tenant.post("/entities").json(attribute).send().problem("BadRequestData");
        tenant.post("/entities").json(entity(ROOM, name, json!({}))).send().problem("BadRequestData");
    });
    let good = t("good", json!({"温度": property(1), "a_1": property(2), "Ärger": property(3)}));
    tenant.create(&good);
    assert_eq!(tenant.retrieve(&thing("good")), good);
}

// §4.5.1: The core terms that are no attributes cannot be used as names of attributes.
// §5.5.7: An @context inside an attribute is refused.
#[test]
fn core_members_cannot_be_attributes_and_attributes_hold_no_context() {
    let tenant = tenant();
    let cases = [
        ("datasetId", json!({"datasetId": property(1)})),
        ("instanceId", json!({"instanceId": property(1)})),
        ("unitCode", json!({"unitCode": property("CEL")})),
        ("@context", json!({"a": {"type": "Property", "value": 1, "@context": {"x": "https://example.org/x"}}})),
    ];
    each(cases, |members| {
        tenant.post("/entities").json(t("bad", members)).send().problem("BadRequestData");
        tenant.expect_absent(&thing("bad"));
    });
}

// §4.18: A scope is a string or an array of strings that start with a slash.
#[test]
fn a_malformed_scope_is_refused() {
    let tenant = tenant();
    each([json!(1), json!({}), json!(""), json!("/a//b"), json!("/a b"), json!(["/a", 2])].map(named), |scope| {
        tenant.post("/entities").json(t("bad", json!({"scope": scope}))).send().problem("BadRequestData");
        tenant.expect_absent(&thing("bad"));
    });
}

fn named(value: Value) -> (String, Value) {
    (value.to_string(), value)
}

// §4.6.4: Content that could be script is given back unchanged.
#[test]
fn dangerous_characters_are_preserved() {
    let text = "<script>alert('x=\"1\";(2)')</script> \u{0} \u{1F600} \\ / \u{2028}";
    let sent = t("text", json!({"note": property(text)}));
    assert_eq!(tenant_with([&sent]).retrieve(&thing("text")), sent);
}
