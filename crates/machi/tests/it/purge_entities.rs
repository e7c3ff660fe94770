//! Purge Entities (§5.6.21, §6.4.3.3).

use crate::kit::*;

fn town() -> Client {
    tenant_with([
        &t("a", json!({"n": property(1), "x": property(1), "location": point(139.7, 35.6), "scope": "/Tokyo"})),
        &t(
            "b",
            json!({"n": property(2), "x": [property(1), {"type": "Property", "value": 2, "datasetId": "urn:ngsi-ld:D:1"}]}),
        ),
        &t("c", json!({"n": property(3), "owner": relationship("urn:ngsi-ld:T:a")})),
        &json!({"id": thing("d"), "type": "House"}),
    ])
}

#[track_caller]
fn left(query: &[(&str, &str)], names: &str) {
    let tenant = town();
    tenant.delete("/entities").query(query).send().expect_empty(204);
    finds(&tenant, &[("type", "*")], names);
}

// §5.6.21.4: Without keep and drop, every entity that a query of the same parameters finds is deleted.
// §6.4.3.3: A purge answers 204.
#[test]
fn what_a_query_finds_is_deleted() {
    let cases: [(&[(&str, &str)], &str); 12] = [
        (&[("type", "T")], "d"),
        (&[("type", "T|House")], ""),
        (&[("type", "T"), ("q", "n>=2")], "a d"),
        (&[("q", "n==2")], "a c d"),
        (&[("type", "T"), ("id", "urn:ngsi-ld:T:a,urn:ngsi-ld:T:d")], "b c d"),
        (&[("type", "*"), ("idPattern", ":[ab]$")], "c d"),
        (&[("type", "T"), ("scopeQ", "/Tokyo")], "b c d"),
        (&[("georel", "near;maxDistance==100"), ("geometry", "Point"), ("coordinates", "[139.7,35.6]")], "b c d"),
        (&[("type", "T"), ("q", "n==99")], "a b c d"),
        (&[("local", "true"), ("id", "urn:ngsi-ld:T:d")], "a b c"),
        (&[("local", "true")], ""),
        (&[("type", "Unknown")], "a b c d"),
    ];
    each(cases.map(|case| (format!("{:?}", case.0), case)), |(query, names)| left(query, names));
}

// §5.6.21.4: drop deletes the listed attributes, with all their instances, of what is found.
#[test]
fn drop_deletes_attributes() {
    let tenant = town();
    tenant.delete("/entities").query(&[("type", "T"), ("drop", "x,n")]).send().expect_empty(204);
    finds(&tenant, &[("type", "*")], "a b c d");
    finds(&tenant, &[("type", "T"), ("q", "x|n")], "");
    assert_eq!(tenant.retrieve(&thing("b")), t("b", json!({})));
    assert_eq!(tenant.retrieve(&thing("a"))["location"], point(139.7, 35.6));
}

// §5.6.21.4: keep deletes all attributes but the listed ones.
#[test]
fn keep_deletes_all_other_attributes() {
    let tenant = town();
    tenant.delete("/entities").query(&[("type", "T"), ("q", "n<3"), ("keep", "n")]).send().expect_empty(204);
    assert_eq!(tenant.retrieve(&thing("b")), t("b", json!({"n": property(2)})));
    let kept = tenant.retrieve(&thing("a"));
    assert_eq!((&kept["n"], kept.get("x"), kept.get("location")), (&property(1), None, None));
    assert_eq!(tenant.retrieve(&thing("c"))["owner"], relationship("urn:ngsi-ld:T:a"));
}

// §5.6.21.4: Attributes of named entities can be purged without any other condition.
#[test]
fn attributes_of_named_entities_are_purged() {
    let tenant = town();
    tenant.delete("/entities").query(&[("id", "urn:ngsi-ld:T:b"), ("keep", "n")]).send().expect_empty(204);
    assert_eq!(tenant.retrieve(&thing("b")), t("b", json!({"n": property(2)})));
    tenant.delete("/entities").query(&[("id", "urn:ngsi-ld:T:b"), ("drop", "n")]).send().expect_empty(204);
    assert_eq!(tenant.retrieve(&thing("b")), t("b", json!({})));
    assert_eq!(tenant.retrieve(&thing("a"))["n"], property(1));
}

// §5.6.21.4: A purge that is too wide or malformed is refused and deletes nothing.
// §5.6.21.4: Neither conditions nor projections of a purge may reach into linked entities.
#[test]
fn a_purge_that_is_too_wide_or_malformed_deletes_nothing() {
    let tenant = town();
    let cases: [&[(&str, &str)]; 14] = [
        &[],
        &[("keep", "n")],
        &[("idPattern", ".*"), ("drop", "n")],
        &[("id", "urn:ngsi-ld:T:a"), ("keep", "id")],
        &[("type", "T"), ("keep", "n"), ("drop", "x")],
        &[("id", "urn:ngsi-ld:T:a")],
        &[("idPattern", ".*")],
        &[("scopeQ", "/Tokyo")],
        &[("q", "createdAt>2020-01-01T00:00:00Z")],
        &[("type", "T"), ("id", "nonsense")],
        &[("type", "T"), ("q", "n==")],
        &[("type", "T"), ("q", "owner{n}==1")],
        &[("type", "T"), ("drop", "owner{n}")],
        &[("type", "T"), ("keep", "owner{n}")],
    ];
    each(cases.map(|query| (format!("{query:?}"), query)), |query| {
        tenant.delete("/entities").query(query).send().problem("BadRequestData");
        finds(&tenant, &[("type", "*")], "a b c d");
    });
}
