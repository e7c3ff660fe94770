//! Scopes and the scope query language (§4.18, §4.19).

use crate::kit::*;

fn gardens() -> Client {
    tenant_with([
        &t("a", json!({"scope": "/Madrid"})),
        &t("b", json!({"scope": "/Madrid/Gardens"})),
        &t("c", json!({"scope": "/Madrid/Gardens/ParqueNorte"})),
        &t("d", json!({"scope": "/Madrid/Sights/ParqueNorte"})),
        &t("e", json!({"scope": ["/Madrid/Districts", "/CompanyA"]})),
        &t("f", json!({"scope": "/CompanyB"})),
        &t("g", json!({})),
        &t("h", json!({"scope": "/MadridX"})),
    ])
}

// §4.19: A scope matches itself; + stands for one level, /# at the end for the whole tree below, included itself.
// §4.19: /# alone matches any scope, and no scope never matches.
// §4.19: Bar and comma mean any, semicolon means all, with parentheses or without.
#[test]
fn scope_queries_select_entities() {
    let tenant = gardens();
    let cases = [
        ("/Madrid", "a"),
        ("/Madrid/Gardens", "b"),
        ("/Madrid/#", "a b c d e"),
        ("/Madrid/Gardens/#", "b c"),
        ("/Madrid/+/ParqueNorte", "c d"),
        ("/+/Gardens", "b"),
        ("/+", "a e f h"),
        ("/+/+", "b e"),
        ("/+/Gardens/#", "b c"),
        ("(/Madrid/Districts;/CompanyA)", "e"),
        ("(/Madrid/Districts;/CompanyB)", ""),
        ("/Madrid/Districts;/CompanyA", "e"),
        ("/CompanyB,/Madrid/Districts;/CompanyA", "e f"),
        ("(/Madrid/Districts;/CompanyA)|/CompanyB", "e f"),
        ("(/Madrid/Districts;/CompanyA),/CompanyB", "e f"),
        ("/Madrid/Gardens,/CompanyB", "b f"),
        ("/#", "a b c d e f h"),
        ("/Nowhere/#", ""),
    ];
    each(cases.map(|case| (case.0, case)), |(query, names)| {
        finds(&tenant, &[("type", "T"), ("scopeQ", query)], names);
    });
}

// §5.7.2.4: A malformed scope query is refused with BadRequestData.
#[test]
fn malformed_scope_queries_are_refused() {
    let tenant = gardens();
    each(
        ["", "Madrid", "/a//b", "/a/#/b", "/#/a", "(/a;/b", "/a;", "/a|", "/a b", "/"]
            .map(|text| (format!("{text:?}"), text)),
        |text| {
            refuses(&tenant, &[("type", "T"), ("scopeQ", text)], "BadRequestData");
        },
    );
}

// §5.6.2.4: Update Attributes replaces a scope that is there and ignores one where none was.
// §5.6.2.5: A scope that was ignored is told among what was not updated; the rest is done.
#[test]
fn update_replaces_a_scope_and_adds_none() {
    let tenant = gardens();
    let update =
        |name: &str, fragment: Value| tenant.patch(&format!("/entities/{}/attrs", thing(name))).json(fragment).send();
    update("a", json!({"scope": "/New", "x": property(1)})).expect_empty(204);
    let partly = update("g", json!({"scope": "/New", "x": property(1)})).expect_status(207).json();
    assert_eq!(partly["updated"], json!([full("x")]));
    assert_eq!(partly["notUpdated"][0]["attributeName"], "https://uri.etsi.org/ngsi-ld/scope");
    assert_eq!(tenant.retrieve(&thing("g"))["x"], property(1));
    update("g", json!({"scope": "/New"})).expect_status(207);
    let upsert = tenant.post("/entityOperations/upsert").query(&[("options", "update")]);
    upsert.json(json!([t("g", json!({"scope": "/New"}))])).send().expect_empty(204);
    assert_eq!(tenant.retrieve(&thing("a"))["scope"], "/New");
    assert_eq!(tenant.retrieve(&thing("g")).get("scope"), None);
    finds(&tenant, &[("type", "T"), ("scopeQ", "/Madrid")], "");
}

// §5.6.3.4: Append Attributes replaces the scope, and adds to it with noOverwrite.
#[test]
fn append_replaces_the_scope_or_adds_to_it() {
    let tenant = gardens();
    let path = |name: &str| format!("/entities/{}/attrs", thing(name));
    tenant.post(&path("a")).json(json!({"scope": "/New"})).send().expect_empty(204);
    assert_eq!(tenant.retrieve(&thing("a"))["scope"], "/New");
    let added = json!({"scope": ["/New", "/CompanyA"]});
    let answer = tenant.post(&path("e")).query(&[("options", "noOverwrite")]).json(added).send();
    assert!(matches!(answer.status, 204 | 207), "{answer:?}");
    assert_eq!(sorted(&tenant.retrieve(&thing("e"))["scope"]), ["/CompanyA", "/Madrid/Districts", "/New"]);
}

// §5.6.17.4: Merge Entity replaces the scope.
// §5.5.12: NGSI-LD Null removes it.
#[test]
fn merge_replaces_or_removes_the_scope() {
    let tenant = gardens();
    let path = format!("/entities/{}", thing("e"));
    tenant.patch(&path).json(json!({"scope": "/New"})).send().expect_empty(204);
    assert_eq!(tenant.retrieve(&thing("e"))["scope"], "/New");
    tenant.patch(&path).json(json!({"scope": NULL})).send().expect_empty(204);
    assert_eq!(tenant.retrieve(&thing("e")).get("scope"), None);
}

// §5.6.5.4: The scope can be deleted as an attribute is.
// §5.6.4.4: The scope cannot be updated partially.
// §5.6.19.4: The scope cannot be replaced as an attribute.
#[test]
fn the_scope_is_deleted_as_an_attribute_but_not_updated_as_one() {
    let tenant = gardens();
    let path = format!("/entities/{}/attrs/scope", thing("a"));
    tenant.patch(&path).json(json!({"value": "/x"})).send().problem("BadRequestData");
    tenant.put(&path).json(property("/x")).send().problem("BadRequestData");
    tenant.delete(&path).send().expect_empty(204);
    assert_eq!(tenant.retrieve(&thing("a")).get("scope"), None);
    tenant.delete(&path).send().problem("ResourceNotFound");
}

// §4.18: A scope has at most 32 levels and 2,048 bytes; a larger one is refused, and nothing is stored.
#[test]
fn very_deep_and_very_long_scopes_are_refused() {
    let tenant = tenant_with([&t("kept", json!({"scope": "/a"}))]);
    let path = format!("/entities/{}", thing("kept"));
    let scopes =
        [("33 levels", "/a".repeat(33)), ("10,000 levels", "/a".repeat(10_000)), ("2,049 bytes", "a".repeat(2049))];
    each(scopes, |scope| {
        let bad = t("bad", json!({"scope": scope}));
        tenant.post("/entities").json(bad.clone()).send().problem("BadRequestData");
        let verdicts = tenant.post("/entityOperations/upsert").json(json!([bad])).send().expect_status(207);
        assert_eq!(verdicts.json()["success"], json!([]));
        tenant.expect_absent(&thing("bad"));
        for request in
            [tenant.patch(&path), tenant.post(&format!("{path}/attrs")), tenant.patch(&format!("{path}/attrs"))]
        {
            request.json(json!({"scope": scope})).send().problem("BadRequestData");
        }
        assert_eq!(tenant.retrieve(&thing("kept"))["scope"], "/a");
    });
    let deepest = "/a".repeat(32);
    tenant.create(&t("deep", json!({"scope": deepest})));
    finds(&tenant, &[("type", "T"), ("scopeQ", "/a/a/a/#")], "deep");
}
