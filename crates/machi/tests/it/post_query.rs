//! Query Entities by POST (§5.7.2, §5.2.23, §6.23.3.1).

use crate::kit::*;

fn town() -> Client {
    tenant_with([
        &t("a", json!({"temperature": property(1), "location": point(139.70, 35.66), "scope": "/Tokyo"})),
        &t(
            "b",
            json!({"temperature": property(2), "location": point(135.50, 34.70), "owner": relationship("urn:ngsi-ld:T:c")}),
        ),
        &entity(&thing("c"), "House", json!({"temperature": property(3), "name": property("x")})),
    ])
}

#[track_caller]
fn ask(tenant: &Client, body: Value) -> Value {
    tenant.post("/entityOperations/query").json(body).send().expect_status(200).json()
}

// §5.2.23: Each member of a Query does what the parameter of the same name does.
// §5.2.33: Where id and idPattern of a selector are both given, id takes precedence.
#[test]
fn each_member_of_a_query_does_what_its_parameter_does() {
    let tenant = town();
    let near = json!({"georel": "near;maxDistance==1000", "geometry": "Point", "coordinates": [139.70, 35.66]});
    let cases = [
        ("entities", json!({"entities": [{"type": "T"}]}), "a b"),
        ("two selectors", json!({"entities": [{"type": "T"}, {"type": "House"}]}), "a b c"),
        ("type expression", json!({"entities": [{"type": "T|House"}]}), "a b c"),
        ("id", json!({"entities": [{"type": "T", "id": thing("a")}]}), "a"),
        ("ids", json!({"entities": [{"type": "*", "id": [thing("a"), thing("c")]}]}), "a c"),
        ("idPattern", json!({"entities": [{"type": "*", "idPattern": ":[bc]$"}]}), "b c"),
        ("id before idPattern", json!({"entities": [{"type": "*", "id": thing("a"), "idPattern": ":b$"}]}), "a"),
        ("q", json!({"q": "temperature>1"}), "b c"),
        ("q with entities", json!({"entities": [{"type": "T"}], "q": "temperature>1"}), "b"),
        ("attrs", json!({"attrs": ["name", "owner"]}), "b c"),
        ("geoQ", json!({"geoQ": near}), "a"),
        ("scopeQ", json!({"entities": [{"type": "T"}], "scopeQ": "/Tokyo"}), "a"),
        ("lang, datasetId", json!({"entities": [{"type": "T"}], "lang": "ja", "datasetId": ["@none"]}), "a b"),
    ];
    each(cases.map(|(name, members, names)| (name, (members, names))), |(mut query, names)| {
        query["type"] = json!("Query");
        let mut expected: Vec<String> = names.split_whitespace().map(thing).collect();
        expected.sort();
        let mut found = ids(&ask(&tenant, query));
        found.sort();
        assert_eq!(found, expected);
    });
}

// §5.2.23: pick and omit are arrays of member names.
#[test]
fn a_query_projects_members() {
    let tenant = town();
    let picked = ask(&tenant, json!({"type": "Query", "entities": [{"type": "House"}], "pick": ["id", "name"]}));
    assert_eq!(picked, json!([{"id": thing("c"), "name": property("x")}]));
    let rest = ask(&tenant, json!({"type": "Query", "entities": [{"type": "House"}], "omit": ["name", "type"]}));
    assert_eq!(rest, json!([{"id": thing("c"), "temperature": property(3)}]));
}

// §5.2.23: join and joinLevel bring linked entities along.
#[test]
fn a_query_joins_linked_entities() {
    let tenant = town();
    let query =
        json!({"type": "Query", "entities": [{"type": "T", "id": thing("b")}], "join": "inline", "joinLevel": 1});
    assert_eq!(ask(&tenant, query)[0]["owner"]["entity"]["name"], property("x"));
    let query = json!({"type": "Query", "entities": [{"type": "T", "id": thing("b")}], "join": "flat"});
    assert_eq!(sorted(&json!(ids(&ask(&tenant, query)))), [thing("b"), thing("c")]);
}

// §5.2.43: ordering names the members to order by, and the place where they are ordered by distance.
#[test]
fn a_query_orders_entities_of_local_scope() {
    let tenant = town();
    let ordered = |ordering: Value| {
        let query = json!({"type": "Query", "entities": [{"type": "*"}], "ordering": ordering});
        let answer = tenant.post("/entityOperations/query").query(&[("local", "true")]).json(query).send();
        ids(&answer.expect_status(200).json())
    };
    assert_eq!(ordered(json!({"orderBy": ["temperature;desc"]})), ["c", "b", "a"].map(thing));
    let from = json!({"orderBy": ["location;dist-asc"], "geometry": "Point", "coordinates": [135.5, 34.7]});
    assert_eq!(ordered(from).first(), Some(&thing("b")));
    let query = json!({"type": "Query", "entities": [{"type": "T"}], "ordering": {"orderBy": ["temperature;desc"]}});
    assert_eq!(ids(&ask(&tenant, query.clone())), ["b", "a"].map(thing));
    let post = tenant.post("/entityOperations/query").query(&[("local", "false")]).json(query);
    post.send().problem("BadRequestData");
}

// §6.23.3.1: limit, count, options and format are given in the URL, also for a POST.
#[test]
fn the_url_carries_paging_and_format() {
    let tenant = town();
    let query = json!({"type": "Query", "entities": [{"type": "T"}]});
    let parameters = [("limit", "1"), ("count", "true"), ("format", "simplified")];
    let answer = tenant.post("/entityOperations/query").query(&parameters).json(query).send().expect_status(200);
    assert_eq!(answer.expect_header("NGSILD-Results-Count"), "2");
    assert_eq!(answer.json().as_array().map(Vec::len), Some(1));
    assert!(answer.json()[0]["temperature"].is_number(), "{answer:?}");
}

// §5.5.7: The @context of a POST query comes from its body or from its Link.
// §6.3.4: A POST query heeds Accept as a GET does.
#[test]
fn a_query_has_its_context_in_the_body_or_in_a_link() {
    let receiver = Receiver::start();
    let terms = json!({"Raum": full("T"), "temp": full("temperature")});
    let url = receiver.serve("/c.jsonld", json!({"@context": terms}));
    let tenant = town();
    let query = json!({"type": "Query", "entities": [{"type": "Raum"}], "q": "temp==1"});
    let by_link = tenant.post("/entityOperations/query").link(&url).json(query.clone()).send().expect_status(200);
    assert_eq!(by_link.json()[0]["temp"], property(1));
    let mut inside = query;
    inside["@context"] = terms;
    let by_body = tenant.post("/entityOperations/query").accept("application/ld+json").ld(inside).send();
    let by_body = by_body.expect_status(200);
    assert_eq!(by_body.media_type(), "application/ld+json");
    assert_eq!(by_body.json()[0]["temp"], property(1));
    let geojson = json!({"type": "Query", "entities": [{"type": "T"}]});
    let answer = tenant.post("/entityOperations/query").accept("application/geo+json").json(geojson).send();
    assert_eq!(answer.expect_status(200).json()["type"], "FeatureCollection");
}

// §5.2.23: A Query of another type, with empty or malformed members, is refused with BadRequestData.
// §5.7.2.4: A query that is too wide is refused, also by POST.
#[test]
fn a_malformed_query_is_refused() {
    let tenant = town();
    let cases = [
        ("no type", json!({"entities": [{"type": "T"}]})),
        ("another type", json!({"type": "Subscription", "entities": [{"type": "T"}]})),
        ("too wide", json!({"type": "Query"})),
        ("too wide by scope", json!({"type": "Query", "scopeQ": "/a"})),
        ("no entities", json!({"type": "Query", "entities": []})),
        ("entities is an object", json!({"type": "Query", "entities": {"type": "T"}})),
        ("a selector without type", json!({"type": "Query", "entities": [{"id": thing("a")}]})),
        ("id is no URI", json!({"type": "Query", "entities": [{"type": "T", "id": "a"}]})),
        ("empty attrs", json!({"type": "Query", "attrs": []})),
        ("empty pick", json!({"type": "Query", "entities": [{"type": "T"}], "pick": []})),
        ("empty omit", json!({"type": "Query", "entities": [{"type": "T"}], "omit": []})),
        ("malformed q", json!({"type": "Query", "q": "a=="})),
        ("q is a number", json!({"type": "Query", "q": 5})),
        ("malformed geoQ", json!({"type": "Query", "geoQ": {"georel": "near"}})),
        ("empty geoQ", json!({"type": "Query", "entities": [{"type": "T"}], "geoQ": {}})),
        (
            "geoQ without georel",
            json!({"type": "Query", "entities": [{"type": "T"}], "geoQ": {"geoproperty": "location"}}),
        ),
        (
            "unknown member of geoQ",
            json!({"type": "Query", "geoQ": {"georel": "within", "geometry": "Point", "coordinates": [1, 2], "x": 1}}),
        ),
        (
            "unknown member of ordering",
            json!({"type": "Query", "entities": [{"type": "*"}], "ordering": {"order": ["a"]}}),
        ),
        ("local is for the URL", json!({"type": "Query", "entities": [{"type": "T"}], "local": true})),
        ("unknown join", json!({"type": "Query", "entities": [{"type": "T"}], "join": "deep"})),
        ("joinLevel 0", json!({"type": "Query", "entities": [{"type": "T"}], "join": "flat", "joinLevel": 0})),
        ("empty containedBy", json!({"type": "Query", "entities": [{"type": "T"}], "join": "flat", "containedBy": []})),
        (
            "temporalQ",
            json!({"type": "Query", "entities": [{"type": "T"}], "temporalQ": {"timerel": "before", "timeAt": "2024-01-01T00:00:00Z"}}),
        ),
        ("an array", json!([{"type": "Query"}])),
    ];
    each(cases, |body| {
        tenant.post("/entityOperations/query").json(body).send().problem("BadRequestData");
    });
}
