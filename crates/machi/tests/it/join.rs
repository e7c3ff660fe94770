//! Linked entities (§4.5.23): inline and flat, how deep, what is left out, and conditions across links.

use crate::kit::*;

/// A shop in a street in a city; the city knows the shop, so that the links go round.
fn city_of_links() -> Client {
    tenant_with([
        &entity(
            "urn:ngsi-ld:Shop:1",
            "Shop",
            json!({
                "name": property("Books"),
                "street": {"type": "Relationship", "object": "urn:ngsi-ld:Street:1", "objectType": "Street"},
            }),
        ),
        &entity(
            "urn:ngsi-ld:Shop:2",
            "Shop",
            json!({"name": property("Bread"), "street": relationship("urn:ngsi-ld:Street:2")}),
        ),
        &entity(
            "urn:ngsi-ld:Street:1",
            "Street",
            json!({"name": property("Main"), "city": relationship("urn:ngsi-ld:City:1")}),
        ),
        &entity(
            "urn:ngsi-ld:Street:2",
            "Street",
            json!({"name": property("Side"), "city": relationship("urn:ngsi-ld:City:1")}),
        ),
        &entity(
            "urn:ngsi-ld:City:1",
            "City",
            json!({
                "name": property("Aoi"), "best": relationship("urn:ngsi-ld:Shop:1"), "sister": relationship("urn:ngsi-ld:City:unknown"),
            }),
        ),
        &entity(
            "urn:ngsi-ld:Tour:1",
            "Tour",
            json!({
                "stops": {"type": "ListRelationship", "objectList": [{"object": "urn:ngsi-ld:Street:2"}, {"object": "urn:ngsi-ld:Street:1"}]},
                "sponsors": {"type": "Relationship", "object": ["urn:ngsi-ld:Shop:1", "urn:ngsi-ld:Shop:2"]},
            }),
        ),
    ])
}

const SHOP: &str = "urn:ngsi-ld:Shop:1";

// §4.5.23.2: Inline, a linked entity stands in the member entity of its Relationship; one level is the default.
#[test]
fn an_inline_join_puts_the_linked_entity_into_the_relationship() {
    let shop = city_of_links().retrieve_with(SHOP, &[("join", "inline")]);
    let street = &shop["street"]["entity"];
    assert_eq!(shop["street"]["object"], "urn:ngsi-ld:Street:1");
    assert_eq!((&street["id"], &street["type"]), (&json!("urn:ngsi-ld:Street:1"), &json!("Street")));
    assert_eq!(street["name"], property("Main"));
    assert_eq!(street["city"], relationship("urn:ngsi-ld:City:1"));
}

// §4.5.23.1: joinLevel says how deep to go; what was met before is not entered again.
// §4.5.23.1: A link to an entity that is not here stays a link.
#[test]
fn a_join_goes_as_deep_as_it_is_told_and_not_in_circles() {
    let tenant = city_of_links();
    let two = tenant.retrieve_with(SHOP, &[("join", "inline"), ("joinLevel", "2")]);
    let city = &two["street"]["entity"]["city"]["entity"];
    assert_eq!(city["name"], property("Aoi"));
    assert_eq!(city["best"], relationship(SHOP));
    let deep = tenant.retrieve_with(SHOP, &[("join", "inline"), ("joinLevel", "10")]);
    let city = &deep["street"]["entity"]["city"]["entity"];
    assert_eq!((city["best"].get("entity"), city["sister"].get("entity")), (None, None));
}

// §4.5.23.3: Flat, the answer is an array of the linking and the linked entities, each once.
#[test]
fn a_flat_join_appends_the_linked_entities() {
    let tenant = city_of_links();
    let flat = |query: &[(&str, &str)]| {
        let list = tenant.retrieve_with(SHOP, query);
        assert_eq!(list[0]["street"]["object"], "urn:ngsi-ld:Street:1");
        ids(&list)
    };
    assert_eq!(flat(&[("join", "flat")]), [SHOP, "urn:ngsi-ld:Street:1"]);
    assert_eq!(flat(&[("join", "flat"), ("joinLevel", "3")]), [SHOP, "urn:ngsi-ld:Street:1", "urn:ngsi-ld:City:1"]);
}

// §4.5.23.3: Of a query, an entity that several link to is appended once.
#[test]
fn a_flat_query_gives_each_entity_once() {
    let tenant = city_of_links();
    let list = tenant.find(&[("type", "Shop"), ("join", "flat"), ("joinLevel", "2")]);
    let expected = ["City:1", "Shop:1", "Shop:2", "Street:1", "Street:2"].map(|id| format!("urn:ngsi-ld:{id}"));
    assert_eq!(sorted(&json!(ids(&list))), expected);
    assert!(ids(&list).iter().take(2).all(|id| id.contains("Shop")), "{list}");
    let inline = tenant.find(&[("type", "Shop"), ("join", "inline")]);
    assert!(
        inline.as_array().is_some_and(|list| { list.iter().all(|shop| shop["street"]["entity"]["name"].is_object()) })
    );
}

// §4.5.22.2: A ListRelationship holds the linked entities in entityList, in order.
// §5.7.1.5: A Relationship to several holds an array of entities.
#[test]
fn several_links_are_joined_in_order() {
    let tour = city_of_links().retrieve_with("urn:ngsi-ld:Tour:1", &[("join", "inline")]);
    assert_eq!(ids(&tour["stops"]["entityList"]), ["urn:ngsi-ld:Street:2", "urn:ngsi-ld:Street:1"]);
    assert_eq!(sorted(&json!(ids(&tour["sponsors"]["entity"]))), ["urn:ngsi-ld:Shop:1", "urn:ngsi-ld:Shop:2"]);
}

// §4.5.4: In simplified representation an inline join puts the entity in the place of its URI.
#[test]
fn a_simplified_join_replaces_the_link() {
    let tenant = city_of_links();
    let shop = tenant.retrieve_with(SHOP, &[("join", "inline"), ("format", "simplified")]);
    let street = json!({"id": "urn:ngsi-ld:Street:1", "type": "Street", "name": "Main", "city": "urn:ngsi-ld:City:1"});
    assert_eq!(shop["street"], street);
    let tour = tenant.retrieve_with("urn:ngsi-ld:Tour:1", &[("join", "inline"), ("format", "simplified")]);
    assert_eq!(ids(&tour["stops"]), ["urn:ngsi-ld:Street:2", "urn:ngsi-ld:Street:1"]);
    let flat = tenant.retrieve_with(SHOP, &[("join", "flat"), ("format", "simplified")]);
    assert_eq!((&flat[0]["street"], &flat[1]), (&json!("urn:ngsi-ld:Street:1"), &street));
}

// §5.7.1.5: Entities that containedBy lists were met before and are not brought along.
#[test]
fn contained_by_leaves_out_what_was_met_before() {
    let tenant = city_of_links();
    let query = [("join", "inline"), ("joinLevel", "2"), ("containedBy", "urn:ngsi-ld:City:1")];
    let shop = tenant.retrieve_with(SHOP, &query);
    assert!(shop["street"]["entity"].is_object(), "{shop}");
    assert_eq!(shop["street"]["entity"]["city"].get("entity"), None);
    let query = [("join", "flat"), ("joinLevel", "2"), ("containedBy", "urn:ngsi-ld:City:1,urn:ngsi-ld:City:2")];
    assert_eq!(ids(&tenant.retrieve_with(SHOP, &query)), [SHOP, "urn:ngsi-ld:Street:1"]);
}

// §6.5.3.1: join=@none joins nothing.
#[test]
fn join_none_joins_nothing() {
    let shop = city_of_links().retrieve_with(SHOP, &[("join", "@none")]);
    assert_eq!(shop["street"].get("entity"), None);
}

// §4.21: A projection may reach into the linked entity, as deep as the join goes.
#[test]
fn projections_reach_into_linked_entities() {
    let tenant = city_of_links();
    let shop = tenant.retrieve_with(SHOP, &[("join", "inline"), ("pick", "id,street{name}")]);
    assert_eq!(shop["street"]["entity"], json!({"name": property("Main")}));
    assert_eq!(shop.get("name"), None);
    let shop = tenant.retrieve_with(SHOP, &[("join", "inline"), ("omit", "street{city,id,type}")]);
    assert_eq!(shop["street"]["entity"], json!({"name": property("Main")}));
    assert_eq!(shop["name"], property("Books"));
    let deep = [("join", "inline"), ("joinLevel", "2"), ("pick", "street{city{name}}")];
    assert_eq!(
        tenant.retrieve_with(SHOP, &deep)["street"]["entity"]["city"]["entity"],
        json!({"name": property("Aoi")})
    );
    for query in [&[("pick", "street{name}")][..], &[("join", "inline"), ("pick", "street{city{name}}")]] {
        tenant.get("/entities/urn:ngsi-ld:Shop:1").query(query).send().problem("BadRequestData");
    }
}

// §4.21: omit without braces leaves out members of the entity asked for, and none of those that it links to.
#[test]
fn what_is_omitted_without_braces_stays_in_linked_entities() {
    let tenant = city_of_links();
    for (omit, street, city) in [("name", true, true), ("type,name", true, true), ("name,street{name}", false, true)] {
        let query = [("join", "inline"), ("joinLevel", "2"), ("omit", omit)];
        let shop = tenant.retrieve_with(SHOP, &query);
        let linked = &shop["street"]["entity"];
        assert_eq!(shop.get("name"), None, "{omit}");
        assert_eq!((linked.get("name").is_some(), linked["type"].is_string()), (street, true), "{omit}");
        assert_eq!(linked["city"]["entity"].get("name").is_some(), city, "{omit}");
        let query = [("join", "flat"), ("joinLevel", "2"), ("omit", omit)];
        let flat = tenant.retrieve_with(SHOP, &query);
        let named = |n: usize| flat[n].get("name").is_some();
        assert_eq!((named(0), named(1), named(2)), (false, street, city), "{omit} {flat}");
    }
}

// §4.9: A condition in braces is on the linked entity, whose type may be told before a colon.
// §5.7.2.4: Such a condition needs a join that is deep enough.
#[test]
fn conditions_reach_into_linked_entities() {
    let tenant = city_of_links();
    let found =
        |q: &str, level: &str| tenant.query(&[("type", "Shop"), ("q", q), ("join", "inline"), ("joinLevel", level)]);
    assert_eq!(found("street{name}==\"Main\"", "1"), [SHOP]);
    assert_eq!(found("street{Street:name}==\"Main\"", "1"), [SHOP]);
    assert_eq!(found("street{City:name}==\"Main\"", "1"), Vec::<String>::new());
    assert_eq!(found("street{name}==\"Side\";name==\"Bread\"", "1"), ["urn:ngsi-ld:Shop:2"]);
    assert_eq!(found("street{city{name}}==\"Aoi\"", "2").len(), 2);
    assert_eq!(found("street{city}", "1").len(), 2);
    refuses(&tenant, &[("type", "Shop"), ("q", "street{name}==\"Main\"")], "BadRequestData");
    let deep = [("type", "Shop"), ("q", "street{city{name}}==\"Aoi\""), ("join", "inline"), ("joinLevel", "1")];
    refuses(&tenant, &deep, "BadRequestData");
}

// §6.4.3.2: join is flat, inline or @none; joinLevel is a positive whole number and goes with a join.
#[test]
fn malformed_joins_are_refused() {
    let tenant = city_of_links();
    let cases: [&[(&str, &str)]; 6] = [
        &[("join", "deep")],
        &[("join", "")],
        &[("join", "flat"), ("joinLevel", "0")],
        &[("join", "flat"), ("joinLevel", "-1")],
        &[("join", "flat"), ("joinLevel", "x")],
        &[("join", "flat"), ("containedBy", "no uri")],
    ];
    each(cases.map(|case| (format!("{case:?}"), case)), |query| {
        tenant.get("/entities/urn:ngsi-ld:Shop:1").query(query).send().problem("BadRequestData");
    });
}
