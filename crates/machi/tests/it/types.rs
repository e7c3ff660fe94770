//! Which types and attributes there are (§5.7.5 to §5.7.10, §6.25 to §6.28).

use crate::kit::*;

fn town() -> Client {
    tenant_with([
        &entity(
            "urn:ngsi-ld:House:1",
            "House",
            json!({"rooms": property(5), "owner": relationship("urn:ngsi-ld:P:1")}),
        ),
        &entity("urn:ngsi-ld:House:2", "House", json!({"rooms": property(2), "location": point(1.0, 2.0)})),
        &json!({"id": "urn:ngsi-ld:Shop:1", "type": ["Shop", "House"], "rooms": relationship("urn:ngsi-ld:R:1")}),
        &entity("urn:ngsi-ld:Empty:1", "Empty", json!({})),
    ])
}

fn get(tenant: &Client, path: &str) -> Value {
    tenant.get(path).send().expect_status(200).json()
}

fn find<'a>(list: &'a Value, id: &str) -> &'a Value {
    list.as_array().and_then(|list| list.iter().find(|one| one["id"] == *id)).unwrap_or(&Value::Null)
}

// §5.7.5.4: The types of all entities are listed, compacted by the @context of the request.
// §5.2.24: An EntityTypeList has an id that is a URI, its type and a typeList.
// §4.5.10: A list of types is an EntityTypeList, in the terms of the request.
// §6.25.3.1: GET of types answers 200 with the list.
#[test]
fn types_are_listed() {
    let list = get(&town(), "/types");
    assert_eq!(list["type"], "EntityTypeList");
    assert!(list["id"].as_str().is_some_and(|id| id.contains(':')), "{list}");
    assert_eq!(sorted(&list["typeList"]), ["Empty", "House", "Shop"]);
    assert_eq!(get(&empty_tenant(), "/types")["typeList"], json!([]));
}

// §5.7.6.4: With details each type is given with the names of its attributes.
// §5.2.25: An EntityType has the IRI of the type as id, its typeName and attributeNames.
// §4.5.11: A detailed list of types is an array of EntityType.
#[test]
fn types_are_listed_with_their_attributes() {
    let list = get(&town(), "/types?details=true");
    let house = find(&list, &full("House"));
    assert_eq!((&house["type"], &house["typeName"]), (&json!("EntityType"), &json!("House")));
    assert_eq!(sorted(&house["attributeNames"]), ["location", "owner", "rooms"]);
    assert_eq!(sorted(&find(&list, &full("Shop"))["attributeNames"]), ["rooms"]);
    assert_eq!(find(&list, &full("Empty"))["attributeNames"], json!([]));
    assert_eq!(list.as_array().map(Vec::len), Some(3));
    assert_eq!(get(&empty_tenant(), "/types?details=true"), json!([]));
}

// §5.7.7.4: One type is told with the number of its entities and its attributes with their kinds.
// §5.2.26: An EntityTypeInfo has typeName, entityCount and attributeDetails.
// §4.5.12: What is told of one type is an EntityTypeInfo.
// §6.26.3.1: GET of one type answers 200 with what is known of it.
#[test]
fn one_type_is_told_in_detail() {
    let house = get(&town(), "/types/House");
    assert_eq!((&house["id"], &house["type"]), (&json!(full("House")), &json!("EntityTypeInfo")));
    assert_eq!((&house["typeName"], &house["entityCount"]), (&json!("House"), &json!(3)));
    let rooms = find(&house["attributeDetails"], &full("rooms"));
    assert_eq!((&rooms["type"], &rooms["attributeName"]), (&json!("Attribute"), &json!("rooms")));
    assert_eq!(sorted(&rooms["attributeTypes"]), ["Property", "Relationship"]);
    // The core @context gives location an IRI of its own (annex B).
    let location = find(&house["attributeDetails"], "https://uri.etsi.org/ngsi-ld/location");
    assert_eq!(sorted(&location["attributeTypes"]), ["GeoProperty"]);
    assert_eq!(house["attributeDetails"].as_array().map(Vec::len), Some(3));
}

// §5.7.7.4: A type that no entity has is not found.
#[test]
fn an_unknown_type_is_not_found() {
    let tenant = town();
    tenant.get("/types/Unknown").send().problem("ResourceNotFound");
    tenant.get("/types/a%20b").send().problem("BadRequestData");
}

// §5.7.8.4: The attributes of all entities are listed.
// §5.2.27: An AttributeList has an id that is a URI, its type and an attributeList.
// §4.5.13: A list of attributes is an AttributeList, in the terms of the request.
// §6.27.3.1: GET of attributes answers 200 with the list.
#[test]
fn attributes_are_listed() {
    let list = get(&town(), "/attributes");
    assert_eq!(list["type"], "AttributeList");
    assert!(list["id"].as_str().is_some_and(|id| id.contains(':')), "{list}");
    assert_eq!(sorted(&list["attributeList"]), ["location", "owner", "rooms"]);
    assert_eq!(get(&empty_tenant(), "/attributes")["attributeList"], json!([]));
}

// §5.7.9.4: With details each attribute is given with the types of entities that have it.
// §5.2.28: An Attribute has its IRI as id, its attributeName and typeNames.
// §4.5.14: A detailed list of attributes is an array of Attribute.
#[test]
fn attributes_are_listed_with_their_types() {
    let list = get(&town(), "/attributes?details=true");
    let rooms = find(&list, &full("rooms"));
    assert_eq!((&rooms["type"], &rooms["attributeName"]), (&json!("Attribute"), &json!("rooms")));
    assert_eq!(sorted(&rooms["typeNames"]), ["House", "Shop"]);
    assert_eq!(sorted(&find(&list, &full("owner"))["typeNames"]), ["House"]);
    assert_eq!(list.as_array().map(Vec::len), Some(3));
}

// §5.7.10.4: One attribute is told with the number of its instances, its kinds and the types that have it.
// §4.5.15: What is told of one attribute is an Attribute with its number, kinds and types.
// §6.28.3.1: GET of one attribute answers 200 with what is known of it.
#[test]
fn one_attribute_is_told_in_detail() {
    let tenant = town();
    let rooms = get(&tenant, "/attributes/rooms");
    assert_eq!((&rooms["id"], &rooms["type"]), (&json!(full("rooms")), &json!("Attribute")));
    assert_eq!((&rooms["attributeName"], &rooms["attributeCount"]), (&json!("rooms"), &json!(3)));
    assert_eq!(sorted(&rooms["attributeTypes"]), ["Property", "Relationship"]);
    assert_eq!(sorted(&rooms["typeNames"]), ["House", "Shop"]);
    tenant.get("/attributes/unknown").send().problem("ResourceNotFound");
}

// §5.5.7: Types and attributes are asked and told in the words of the @context, or by IRI.
#[test]
fn types_and_attributes_are_told_in_words_of_the_context() {
    let receiver = Receiver::start();
    let context = receiver.serve("/c.jsonld", json!({"@context": {"Haus": full("House"), "zimmer": full("rooms")}}));
    let tenant = town();
    let told = |path: &str| tenant.get(path).link(&context).send().expect_status(200).json();
    assert_eq!(sorted(&told("/types")["typeList"]), ["Empty", "Haus", "Shop"]);
    let house = told("/types/Haus");
    assert_eq!((&house["typeName"], &house["entityCount"]), (&json!("Haus"), &json!(3)));
    assert_eq!(told("/attributes/zimmer")["attributeName"], "zimmer");
    let by_iri = get(&tenant, &format!("/types/{}", encoded(&full("House"))));
    assert_eq!((&by_iri["typeName"], &by_iri["entityCount"]), (&json!("House"), &json!(3)));
    assert_eq!(get(&tenant, &format!("/attributes/{}", encoded(&full("rooms"))))["attributeCount"], 3);
}

// §5.7.5.4: What is told follows every change at once.
#[test]
fn discovery_follows_changes() {
    let tenant = town();
    tenant.delete("/entities/urn:ngsi-ld:Empty:1").send().expect_status(204);
    tenant.delete("/entities/urn:ngsi-ld:House:1/attrs/owner").send().expect_status(204);
    assert_eq!(sorted(&get(&tenant, "/types")["typeList"]), ["House", "Shop"]);
    assert_eq!(sorted(&get(&tenant, "/attributes")["attributeList"]), ["location", "rooms"]);
    tenant.create(&t("new", json!({"fresh": property(1)})));
    assert_eq!(get(&tenant, "/types/T")["entityCount"], 1);
    tenant.get("/attributes/owner").send().problem("ResourceNotFound");
}
