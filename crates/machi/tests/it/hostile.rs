//! Hostile parameters, names and geometries: each is refused with the place at fault, and nothing is stored.

use crate::kit::*;

/// Expects a refusal whose detail tells a position or place.
#[track_caller]
fn refuses_at(tenant: &Client, query: &[(&str, &str)], problem: &str, place: &str) {
    let detail = refuses(tenant, query, problem);
    assert!(detail.contains(place), "{query:?}: {detail}");
}

// §4.9: A malformed query is refused with the position of the fault.
#[test]
fn malformed_queries_are_refused_with_their_position() {
    let tenant = empty_tenant();
    let cases = [
        ("", "position 1"),
        ("a==", "position 4"),
        ("a=1", "position 2"),
        ("a===1", "position 4"),
        ("a>1e400", "position 3"),
        ("a>true", "position 3"),
        ("a==1..\"x\"", "position 7"),
        ("(a==1", "position 6"),
        ("a==1)", "position 5"),
        ("a==\"x", "position 6"),
        ("a==\"\\x\"", "position 4"),
        ("a==\"\u{0}\"", "position 4"),
        ("a~=\"(\"", "position"),
        ("a~=\"a{1000000}\"", "position 5"),
        ("a[b", "position 4"),
        ("a[]==1", "position 3"),
        ("a.==1", "position 3"),
        ("a{b==1", "position 4"),
        ("!!a", "position 2"),
        ("@type==1", "position 1"),
    ];
    each(cases.map(|case| (format!("{:?}", case.0), case)), |(q, place)| {
        refuses_at(&tenant, &[("type", "T"), ("q", q)], "BadRequestData", place);
    });
}

// §5.5.6: A query that nests too deeply or is too long is TooComplexQuery, with the limit.
#[test]
fn queries_beyond_the_limits_are_too_complex() {
    let tenant = empty_tenant();
    let deep = format!("{}a==1{}", "(".repeat(1000), ")".repeat(1000));
    refuses_at(&tenant, &[("type", "T"), ("q", &deep)], "TooComplexQuery", "16 levels at position 17");
    let deep = format!("{}T{}", "(".repeat(100), ")".repeat(100));
    refuses_at(&tenant, &[("type", &deep)], "TooComplexQuery", "position 17");
    refuses_at(&tenant, &[("type", "T"), ("scopeQ", &deep)], "TooComplexQuery", "position 17");
    let long = "a;".repeat(20_000) + "a";
    let query = json!({"type": "Query", "entities": [{"type": "T"}], "q": long});
    tenant.post("/entityOperations/query").json(query).send().problem("TooComplexQuery");
}

// §4.10: Coordinates that are no JSON, too deep, no numbers or beyond the globe are refused with their place.
#[test]
fn malformed_coordinates_are_refused_with_their_place() {
    let tenant = empty_tenant();
    let deep = "[".repeat(200) + &"]".repeat(200);
    let cases = [
        ("here", "column 1"),
        ("[NaN,1]", "column 2"),
        ("[1e400,1]", "column"),
        (deep.as_str(), "column"),
        ("[]", "coordinates"),
        ("{}", "coordinates"),
        ("[1]", "coordinates"),
        ("[1,2,3,4]", "coordinates"),
        ("[\"1\",2]", "coordinates[0]"),
        ("[181,0]", "longitude 181"),
        ("[0,91]", "latitude 91"),
    ];
    each(cases.map(|case| (format!("{:.40}", case.0), case)), |(coordinates, place)| {
        let query =
            [("type", "T"), ("georel", "near;maxDistance==1"), ("geometry", "Point"), ("coordinates", coordinates)];
        refuses_at(&tenant, &query, "BadRequestData", place);
    });
    for distance in ["near", "near;maxDistance==", "near;maxDistance==-1", "near;maxDistance==1e400", "near;max==1"] {
        let query = [("type", "T"), ("georel", distance), ("geometry", "Point"), ("coordinates", "[1,2]")];
        refuses_at(&tenant, &query, "BadRequestData", "position");
    }
}

// §4.7.1: A geometry that does not close, or is none, is refused with its place, and nothing is stored.
#[test]
fn what_is_no_geometry_is_refused() {
    let tenant = empty_tenant();
    let polygon = |ring: Value| json!({"type": "Polygon", "coordinates": [ring]});
    let cases = [
        ("open ring", polygon(json!([[0, 0], [1, 0], [1, 1], [0, 1]])), "coordinates[0]"),
        ("three positions", polygon(json!([[0, 0], [1, 0], [0, 0]])), "coordinates[0]"),
        ("no rings", json!({"type": "Polygon", "coordinates": []}), "coordinates"),
        ("a text for a number", json!({"type": "Point", "coordinates": ["1", 2]}), "coordinates[0]"),
        ("null for a number", json!({"type": "Point", "coordinates": [null, 2]}), "/location"),
        ("no coordinates", json!({"type": "Point"}), "coordinates"),
        ("one position for a line", json!({"type": "LineString", "coordinates": [[1, 1]]}), "coordinates"),
        ("an unknown type", json!({"type": "Circle", "coordinates": [1, 2]}), "type"),
        ("a collection", json!({"type": "GeometryCollection", "geometries": []}), "type"),
        ("beyond the globe", json!({"type": "Point", "coordinates": [1, 91]}), "latitude 91"),
    ];
    each(cases.map(|case| (case.0, case)), |(_, geometry, place)| {
        let answer = tenant.post("/entities").json(t("bad", json!({"location": geo(geometry)}))).send();
        let detail = answer.problem("BadRequestData");
        assert!(detail.contains(place) && detail.contains("/location"), "{detail}");
        tenant.expect_absent(&thing("bad"));
    });
}

// §5.2.1: Ids and names that are longer than a URL can name are refused, and nothing is stored.
#[test]
fn very_long_ids_and_names_are_refused() {
    let tenant = empty_tenant();
    let name = |length: usize| "a".repeat(length);
    let id = |length: usize| format!("urn:{}", name(length - 4));
    let longest = id(2048);
    tenant.create(&entity(&longest, "T", json!({})));
    assert_eq!(tenant.retrieve(&longest)["id"], longest);
    for length in [2049, 70_000] {
        let sent = [
            entity(&id(length), "T", json!({})),
            entity(&thing("bad"), &name(length), json!({})),
            t("bad", json!({name(length): property(1)})),
            t("bad", json!({"a": relationship(&id(length))})),
            t("bad", json!({"a": {"type": "Property", "value": 1, "datasetId": id(length)}})),
        ];
        for sent in sent {
            let detail = tenant.post("/entities").json(sent).send().problem("BadRequestData");
            assert!(detail.len() < 1000, "{detail}");
        }
        tenant.expect_absent(&thing("bad"));
    }
    let path = format!("/entities/{}", id(4000));
    tenant.get(&path).send().problem("BadRequestData");
}

// §6.3.20: Percent-encoding that is broken is refused with its place, in a path as in a parameter.
#[test]
fn broken_percent_encoding_is_refused() {
    let tenant = tenant_with([&t("x", json!({}))]);
    for query in ["type=%", "type=%2", "type=%zz", "type=T&q=%ff", "%zz=T"] {
        tenant.get(&format!("/entities?{query}")).send().problem("InvalidRequest");
    }
    for path in ["/entities/urn:ngsi-ld:T:%", "/entities/urn:ngsi-ld:T:%ff", "/entities/urn:ngsi-ld:T:%00"] {
        tenant.get(path).send().problem("BadRequestData");
    }
    let whole = "/entities/%75rn%3Angsi-ld%3AT%3Ax";
    assert_eq!(tenant.get(whole).send().expect_status(200).json()["id"], thing("x"));
    assert_eq!(ids(&tenant.get("/entities?%74ype=%54").send().expect_status(200).json()), [thing("x")]);
}

// §6.3.20: Every operation refuses a parameter that it does not have, and tells the nearest that it has.
#[test]
fn every_operation_refuses_unknown_parameters() {
    let tenant = tenant_with([&t("x", json!({"a": property(1)}))]);
    let entity = "/entities/urn:ngsi-ld:T:x";
    let attrs = format!("{entity}/attrs");
    let attribute = format!("{attrs}/a");
    let cases = [
        ("POST", "/entities", "locale", "local"),
        ("GET", "/entities", "typ", "type"),
        ("DELETE", "/entities", "scopeq", "scopeQ"),
        ("GET", entity, "pik", "pick"),
        ("PUT", entity, "types", "type"),
        ("PATCH", entity, "observedat", "observedAt"),
        ("DELETE", entity, "typ", "type"),
        ("POST", &attrs, "option", "options"),
        ("PATCH", &attrs, "tipe", "type"),
        ("PATCH", &attribute, "tipe", "type"),
        ("PUT", &attribute, "tipe", "type"),
        ("DELETE", &attribute, "deleteall", "deleteAll"),
        ("POST", "/entityOperations/upsert", "optoins", "options"),
        ("POST", "/entityOperations/query", "limt", "limit"),
        ("GET", "/types", "detail", "details"),
        ("GET", "/attributes", "detail", "details"),
        ("GET", "/subscriptions", "counts", "count"),
        ("GET", "/jsonldContexts", "kinds", "kind"),
    ];
    each(cases.map(|case| (format!("{} {}?{}", case.0, case.1, case.2), case)), |(method, path, wrong, right)| {
        let request = tenant.request(method, path).query(&[(wrong, "x")]);
        let request = if matches!(method, "GET" | "DELETE") {
            request
        } else {
            request.json(json!({"type": "Query", "entities": [{"type": "T"}]}))
        };
        let detail = request.send().problem("InvalidRequest");
        assert!(detail.contains(wrong) && detail.contains(&format!("\"{right}\"")), "{detail}");
    });
    assert_eq!(tenant.retrieve(&thing("x")), t("x", json!({"a": property(1)})));
}

// §5.5.15: What is asked of a snapshot is refused, not answered from the present: none is kept here.
#[test]
fn requests_for_snapshots_are_refused() {
    let tenant = tenant_with([&t("x", json!({}))]);
    for path in ["/entities?type=T", "/entities/urn:ngsi-ld:T:x", "/types"] {
        tenant.get(path).header("NGSILD-Snapshot", "urn:ngsi-ld:Snapshot:1").send().problem("OperationNotSupported");
    }
}
