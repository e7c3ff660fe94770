//! Query Entities by GET (§5.7.2, §6.4.3.2): what selects an entity, and what is too wide a query.

use crate::kit::*;

fn town() -> Client {
    tenant_with([
        &t("a", json!({"temperature": property(1), "scope": "/Tokyo"})),
        &t("b", json!({"humidity": property(2)})),
        &entity(&thing("c"), "House", json!({"temperature": property(3)})),
        &json!({"id": thing("d"), "type": ["House", "Shop"]}),
        &json!({"id": "urn:ngsi-ld:Other:e", "type": "Shop"}),
    ])
}

// §5.7.2.5: The entities that match are answered as an array with 200, an empty one where none does.
#[test]
fn matching_entities_are_answered_as_an_array() {
    let tenant = town();
    let answer = tenant.get("/entities").query(&[("type", "T")]).send().expect_status(200);
    assert_eq!(answer.media_type(), "application/json");
    assert!(answer.context_link().is_some_and(|link| link.contains("ngsi-ld-core-context")), "{answer:?}");
    finds(&tenant, &[("type", "T")], "a b");
    assert_eq!(tenant.find(&[("type", "Nothing")]), json!([]));
}

// §5.7.2.4: A query without type, attrs, q, geoquery or local scope is too wide and refused with BadRequestData.
#[test]
fn a_query_that_is_too_wide_is_refused() {
    let tenant = town();
    let cases: [&[(&str, &str)]; 9] = [
        &[],
        &[("limit", "5")],
        &[("id", "urn:ngsi-ld:T:a")],
        &[("idPattern", ".*")],
        &[("scopeQ", "/Tokyo")],
        &[("pick", "temperature")],
        &[("q", "createdAt>2020-01-01T00:00:00Z")],
        &[("q", "modifiedAt")],
        &[("geoproperty", "location")],
    ];
    each(cases.map(|query| (format!("{query:?}"), query)), |query| {
        refuses(&tenant, query, "BadRequestData");
    });
}

// §5.7.2.4: Each of type, attrs, q and geoquery is enough to ask.
// §5.5.13: With local scope no further restriction is needed.
// §6.4.3.2: type=* asks for all entities and implies local scope, which cannot be denied.
#[test]
fn one_restriction_is_enough() {
    let tenant = town();
    finds(&tenant, &[("attrs", "temperature")], "a c");
    finds(&tenant, &[("q", "temperature")], "a c");
    finds(&tenant, &[("q", "temperature>2;createdAt>2020-01-01T00:00:00Z")], "c");
    assert_eq!(tenant.query(&[("local", "true")]).len(), 5);
    assert_eq!(tenant.query(&[("type", "*")]).len(), 5);
    finds(&tenant, &[("local", "true"), ("scopeQ", "/Tokyo")], "a");
    finds(&tenant, &[("local", "true"), ("id", "urn:ngsi-ld:T:a,urn:ngsi-ld:T:zzz")], "a");
    refuses(&tenant, &[("type", "*"), ("local", "false")], "BadRequestData");
}

// §4.17: Types are joined by bar or comma for any of them, by semicolon in parentheses for all of them.
#[test]
fn type_expressions_select_entities() {
    let tenant = town();
    let tenant = &tenant;
    let cases = [
        ("T", "a b"),
        ("House", "c d"),
        ("T|House", "a b c d"),
        ("T,House", "a b c d"),
        ("(House;Shop)", "d"),
        ("(House;Shop)|T", "a b d"),
        ("T,(House;Shop)", "a b d"),
        ("(T;House)", ""),
        ("https://uri.etsi.org/ngsi-ld/default-context/T", "a b"),
        ("(House)", "c d"),
    ];
    each(cases.map(|case| (case.0, case)), |(kind, names)| {
        finds(tenant, &[("type", kind)], names);
    });
}

// §4.17: A malformed type expression is refused.
#[test]
fn malformed_type_expressions_are_refused() {
    let tenant = town();
    each(
        ["", "T|", "|T", "(T", "T)", "(T;)", "T;House", "T||House", "a b"].map(|text| (format!("{text:?}"), text)),
        |text| {
            refuses(&tenant, &[("type", text)], "BadRequestData");
        },
    );
}

// §5.7.2.4: id lists the entities that may match; one that is no URI is refused.
// §5.7.2.4: idPattern is a regular expression that an id must match; one that is malformed is refused.
#[test]
fn ids_and_patterns_select_entities() {
    let tenant = town();
    finds(&tenant, &[("type", "T"), ("id", "urn:ngsi-ld:T:b,urn:ngsi-ld:T:c")], "b");
    finds(&tenant, &[("type", "*"), ("id", "urn:ngsi-ld:T:b,urn:ngsi-ld:T:c")], "b c");
    finds(&tenant, &[("type", "*"), ("idPattern", "^urn:ngsi-ld:T:[a-c]$")], "a b c");
    finds(&tenant, &[("type", "*"), ("idPattern", ".*:T:.*")], "a b c d");
    refuses(&tenant, &[("type", "T"), ("id", "urn:ngsi-ld:T:a,b")], "BadRequestData");
    for pattern in ["[", "a**", "*"] {
        refuses(&tenant, &[("type", "T"), ("idPattern", pattern)], "BadRequestData");
    }
}

// §5.7.2.4: Where id and idPattern are both given in a URL, an entity must meet both.
#[test]
fn an_entity_meets_both_id_and_pattern() {
    let tenant = town();
    let ids = ("id", "urn:ngsi-ld:T:a,urn:ngsi-ld:T:b");
    finds(&tenant, &[("type", "*"), ids, ("idPattern", ":b$")], "b");
    finds(&tenant, &[("type", "*"), ids, ("idPattern", ":c$")], "");
    refuses(&tenant, &[("type", "*"), ids, ("idPattern", "[")], "BadRequestData");
}

// §6.4.3.2: attrs selects the entities that have one of the attributes, and gives only these attributes.
#[test]
fn attrs_selects_and_projects() {
    let tenant = town();
    finds(&tenant, &[("attrs", "temperature,humidity")], "a b c");
    let found = tenant.find(&[("type", "T"), ("attrs", "humidity")]);
    assert_eq!(found, json!([t("b", json!({"humidity": property(2)}))]));
}

// §6.4.3.2: Each name in attrs is the name of an attribute; id, type and scope are none, and refused.
#[test]
fn attrs_takes_attributes_only() {
    let tenant = town();
    for attrs in ["id", "type,temperature", "temperature,scope"] {
        refuses(&tenant, &[("type", "T"), ("attrs", attrs)], "BadRequestData");
        let query = json!({"type": "Query", "attrs": attrs.split(',').collect::<Vec<_>>()});
        tenant.post("/entityOperations/query").json(query).send().problem("BadRequestData");
    }
    finds(&tenant, &[("type", "T"), ("attrs", "temperature,createdAt")], "a b");
}

// §5.7.2.5: pick and omit change what is given, not what is found.
// §4.21: Of the entities that are found, those of which pick and omit leave nothing are not given.
#[test]
fn pick_and_omit_do_not_select() {
    let tenant = town();
    assert_eq!(tenant.find(&[("type", "T"), ("pick", "id")]).as_array().map(Vec::len), Some(2));
    let found = tenant.find(&[("id", "urn:ngsi-ld:T:a"), ("type", "T"), ("pick", "temperature")]);
    assert_eq!(found, json!([{"temperature": property(1)}]));
    let found = tenant.find(&[("id", "urn:ngsi-ld:T:a"), ("type", "T"), ("omit", "scope,type")]);
    assert_eq!(found, json!([{"id": thing("a"), "temperature": property(1)}]));
    let query = [("type", "T"), ("pick", "temperature"), ("count", "true")];
    let answer = tenant.get("/entities").query(&query).send().expect_status(200);
    assert_eq!(answer.json(), json!([{"temperature": property(1)}]));
    assert_eq!(answer.expect_header("NGSILD-Results-Count"), "2");
    assert_eq!(tenant.find(&[("type", "T"), ("pick", "unknown")]), json!([]));
}

// §5.7.2.4: datasetId keeps the instances of the listed datasets and drops attributes without such an instance.
#[test]
fn dataset_id_chooses_instances_of_all_entities() {
    let tenant = tenant_with([&t(
        "a",
        json!({
            "speed": [property(1), {"type": "Property", "value": 2, "datasetId": "urn:ngsi-ld:D:1"}],
            "brand": property("x"),
        }),
    )]);
    let found = tenant.find(&[("type", "T"), ("datasetId", "urn:ngsi-ld:D:1")]);
    let kept = json!({"type": "Property", "value": 2, "datasetId": "urn:ngsi-ld:D:1"});
    assert_eq!(found, json!([t("a", json!({"speed": kept}))]));
}

// §5.5.7: Types and attributes of a query are expanded by the @context that its Link names.
#[test]
fn query_terms_are_expanded_by_the_link() {
    let receiver = Receiver::start();
    let context = receiver.serve("/c.jsonld", json!({"@context": {"Raum": full("T"), "temp": full("temperature")}}));
    let tenant = town();
    let answer = tenant.get("/entities").query(&[("type", "Raum"), ("q", "temp==1")]).link(&context).send();
    let found = answer.expect_status(200).json();
    assert_eq!(ids(&found), [thing("a")]);
    assert_eq!((&found[0]["type"], &found[0]["temp"]), (&json!("Raum"), &property(1)));
    let other = tenant.get("/entities").query(&[("type", "T")]).link(&context).send().expect_status(200);
    assert_eq!(ids(&other.json()).len(), 2);
}

// §5.7.2.4: geometryProperty without GeoJSON is refused.
// §5.7.2.4: A projection into linked entities needs a join.
#[test]
fn parameters_that_do_not_fit_are_refused() {
    let tenant = town();
    let cases = [("geometryProperty", "location"), ("pick", "owner{name}"), ("q", "owner{name}==1")];
    each(cases.map(|case| (case.0, case)), |parameter| {
        refuses(&tenant, &[("type", "T"), parameter], "BadRequestData");
    });
}

// §6.4.3.2: splitEntities changes nothing where there is one source.
// §5.7.2.3: A context source filter has nothing to filter where there are no context sources.
#[test]
fn a_context_source_filter_leaves_local_entities_alone() {
    finds(&town(), &[("type", "T"), ("splitEntities", "false")], "a b");
    finds(&town(), &[("type", "T"), ("csf", "contextSourceAlias==\"x\"")], "a b");
}
