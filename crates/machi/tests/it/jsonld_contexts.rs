//! Storing, listing, serving and deleting @contexts (§5.13, §6.29, §6.30).

use crate::kit::*;

const BASE: &str = "/ngsi-ld/v1/jsonldContexts/";

fn document() -> Value {
    json!({"@context": {"Raum": "https://example.org/Room", "temp": "https://example.org/temperature"}})
}

/// Adds an @context and gives its path and its id.
#[track_caller]
fn add(tenant: &Client, document: Value) -> (String, String) {
    let answer = tenant.post("/jsonldContexts").json(document).send().expect_status(201);
    let location = answer.expect_header("location").to_owned();
    let id = location.strip_prefix(BASE).unwrap_or_default().to_owned();
    assert!(!id.is_empty(), "the location is a path below {BASE}: {answer:?}");
    (location, id)
}

/// The details of the @context that has this URL.
fn details_of(tenant: &Client, url: &str) -> Option<Value> {
    let list = tenant.get("/jsonldContexts").query(&[("details", "true")]).send().expect_status(200).json();
    list.as_array()?.iter().find(|one| one["URL"] == *url).cloned()
}

/// Makes the broker fetch an @context by using it.
#[track_caller]
fn use_context(tenant: &Client, url: &str) {
    tenant.get("/entities").query(&[("type", "Raum"), ("local", "true")]).link(url).send().expect_status(200);
}

// §6.29.3.1: Adding an @context answers 201 with the path where it is served.
// §5.13.4.4: A hosted @context is served as it was added.
// §6.30.3.1: GET of an @context answers 200 with it.
#[test]
fn a_hosted_context_is_served() {
    let tenant = empty_tenant();
    let (location, _) = add(&tenant, document());
    let answer = tenant.get(&location).send().expect_status(200);
    assert_eq!(answer.json(), document());
}

// §5.13.1: A hosted @context can be used by its URL.
#[test]
fn a_hosted_context_is_used_by_its_url() {
    let tenant = empty_tenant();
    let (location, _) = add(&tenant, document());
    let url = format!("{}{location}", tenant.base());
    let room = entity("urn:ngsi-ld:Room:1", "Raum", json!({"temp": property(1)}));
    tenant.post("/entities").link(&url).json(room).send().expect_status(201);
    let stored = tenant.retrieve("urn:ngsi-ld:Room:1");
    assert_eq!(stored["https://example.org/temperature"], property(1));
}

// §5.13.3.5: Details tell the URL, the local id, the kind and when the @context was stored.
// §5.13.4.4: details=true gives the same of one @context.
#[test]
fn details_of_a_hosted_context_are_told() {
    let tenant = empty_tenant();
    let (location, id) = add(&tenant, document());
    let one = tenant.get(&location).query(&[("details", "true")]).send().expect_status(200).json();
    assert_eq!((&one["kind"], &one["localId"]), (&json!("Hosted"), &json!(id)));
    assert!(one["URL"].as_str().is_some_and(|url| url.ends_with(&location)), "{one}");
    assert!(one["createdAt"].as_str().is_some_and(|time| time.starts_with("20")), "{one}");
    let list = tenant.get("/jsonldContexts").query(&[("details", "true")]).send().expect_status(200).json();
    assert!(list.as_array().is_some_and(|list| list.iter().any(|one| one["localId"] == *id)), "{list}");
    let plain = tenant.get(&location).query(&[("details", "false")]).send().expect_status(200).json();
    assert_eq!(plain, document());
}

// §5.13.3.4: Without details the list holds URLs; kind keeps those of one kind.
// §6.29.3.2: GET of jsonldContexts answers 200 with the list; kind is a parameter.
#[test]
fn contexts_are_listed_by_kind() {
    let receiver = Receiver::start();
    let cached = receiver.serve("/cached.jsonld", document());
    let tenant = empty_tenant();
    let (location, _) = add(&tenant, document());
    use_context(&tenant, &cached);
    let list =
        |query: &[(&str, &str)]| sorted(&tenant.get("/jsonldContexts").query(query).send().expect_status(200).json());
    let holds = |list: &[String], end: &str| list.iter().any(|url| url.ends_with(end));
    let (all, hosted, fetched) = (list(&[]), list(&[("kind", "Hosted")]), list(&[("kind", "Cached")]));
    assert!(holds(&all, &location) && holds(&all, &cached), "{all:?}");
    assert!(holds(&hosted, &location) && !holds(&hosted, &cached), "{hosted:?}");
    assert!(!holds(&fetched, &location) && holds(&fetched, &cached), "{fetched:?}");
    assert!(!holds(&list(&[("kind", "ImplicitlyCreated")]), &location));
    tenant.get("/jsonldContexts").query(&[("kind", "Other")]).send().expect_status(400);
}

// §5.13.1: An @context that a request names by URL is fetched once, stored as Cached and not served.
// §5.13.4.4: A cached @context is not served but OperationNotSupported; its details are.
#[test]
fn a_fetched_context_is_cached_and_not_served() {
    let receiver = Receiver::start();
    let url = receiver.serve("/c.jsonld", document());
    let tenant = empty_tenant();
    use_context(&tenant, &url);
    use_context(&tenant, &url);
    assert_eq!(receiver.fetched("/c.jsonld"), 1);
    let details = details_of(&tenant, &url).expect("the @context is listed");
    assert_eq!(details["kind"], "Cached");
    let path = format!("{BASE}{}", encoded(details["localId"].as_str().unwrap_or_default()));
    tenant.get(&path).send().problem("OperationNotSupported");
    let one = tenant.get(&path).query(&[("details", "true")]).send().expect_status(200).json();
    assert_eq!((&one["kind"], &one["URL"]), (&json!("Cached"), &json!(url)));
}

// §6.3.16: A cached @context is fetched again when the time that its server gave it is over, and not before.
#[test]
fn a_cached_context_lives_as_long_as_its_server_says() {
    let receiver = Receiver::start();
    let serve = |path: &str, control: &str| {
        let headers = [("Content-Type", "application/ld+json"), ("Cache-Control", control)];
        receiver.serve_page(path, 200, &headers, &document().to_string())
    };
    let (brief, long) = (serve("/brief.jsonld", "max-age=1"), serve("/long.jsonld", "max-age=3600"));
    let tenant = empty_tenant();
    eventually("the brief one is fetched again", || {
        use_context(&tenant, &brief);
        use_context(&tenant, &long);
        (receiver.fetched("/brief.jsonld") >= 3).then_some(())
    });
    assert_eq!(receiver.fetched("/long.jsonld"), 1);
}

// §5.13.5.4: reload=true fetches a cached @context again; where that fails it stays as it was.
#[test]
fn a_cached_context_is_reloaded() {
    let receiver = Receiver::start();
    let url = receiver.serve("/c.jsonld", json!({"@context": {"Raum": "https://example.org/Old"}}));
    let tenant = tenant_with([&entity("urn:ngsi-ld:R:1", "https://example.org/New", json!({}))]);
    let finds = || {
        let answer = tenant.get("/entities").query(&[("type", "Raum")]).link(&url).send().expect_status(200);
        ids(&answer.json()).len()
    };
    assert_eq!(finds(), 0);
    let details = details_of(&tenant, &url).expect("the @context is listed");
    let path = format!("{BASE}{}", encoded(details["localId"].as_str().unwrap_or_default()));
    let reload = || tenant.delete(&path).query(&[("reload", "true")]).send();
    receiver.serve_page("/c.jsonld", 500, &[], "");
    reload().problem("LdContextNotAvailable");
    receiver.serve_page("/c.jsonld", 200, &[("Content-Type", "application/ld+json")], "no json");
    reload().problem("LdContextNotAvailable");
    assert_eq!(finds(), 0);
    receiver.serve("/c.jsonld", json!({"@context": {"Raum": "https://example.org/New"}}));
    reload().expect_empty(204);
    assert_eq!(finds(), 1);
}

// §5.13.5.4: A deleted @context is gone; a hosted one cannot be reloaded; an unknown one is not found.
// §6.30.3.2: DELETE of an @context answers 204; reload is its parameter.
#[test]
fn contexts_are_deleted() {
    let tenant = empty_tenant();
    let (location, _) = add(&tenant, document());
    tenant.delete(&location).query(&[("reload", "true")]).send().problem("BadRequestData");
    tenant.get(&location).send().expect_status(200);
    tenant.delete(&location).send().expect_empty(204);
    tenant.get(&location).send().problem("ResourceNotFound");
    tenant.get(&location).query(&[("details", "true")]).send().problem("ResourceNotFound");
    tenant.delete(&location).send().problem("ResourceNotFound");
}

// §5.13.5.4: The core @context is there from the start; it can be reloaded, but neither deleted nor served.
#[test]
fn the_core_context_stays() {
    let tenant = empty_tenant();
    for version in ["-v1.6", "-v1.9", ""] {
        let url = format!("https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context{version}.jsonld");
        let path = format!("{BASE}{}", encoded(&url));
        let details = || tenant.get(&path).query(&[("details", "true")]).send().expect_status(200).json();
        assert_eq!((&details()["kind"], &details()["URL"]), (&json!("Cached"), &json!(url)));
        tenant.get(&path).send().problem("OperationNotSupported");
        for reload in [&[][..], &[("reload", "false")]] {
            tenant.delete(&path).query(reload).send().problem("BadRequestData");
        }
        tenant.delete(&path).query(&[("reload", "true")]).send().expect_empty(204);
        let local = format!("{BASE}{}", details()["localId"].as_str().unwrap_or_default());
        assert_eq!(tenant.get(&local).query(&[("details", "true")]).send().expect_status(200).json()["URL"], *url);
        tenant.delete(&local).send().problem("BadRequestData");
    }
}

// §5.13.3.5: numberOfHits counts how often an @context was found: when it is used, and when it is asked for.
#[test]
fn hits_are_counted() {
    let receiver = Receiver::start();
    let url = receiver.serve("/c.jsonld", document());
    let tenant = empty_tenant();
    let path = format!("{BASE}{}", encoded(&url));
    let hits =
        || tenant.get(&path).query(&[("details", "true")]).send().expect_status(200).json()["numberOfHits"].clone();
    use_context(&tenant, &url);
    assert_eq!(hits(), 1);
    use_context(&tenant, &url);
    assert_eq!((hits(), hits()), (json!(3), json!(4)));
}

// §5.13.2.4: What is no JSON, or an object without @context, is InvalidRequest; what is no @context BadRequestData.
#[test]
fn a_malformed_context_is_refused() {
    let tenant = empty_tenant();
    tenant.post("/jsonldContexts").body("application/json", "{\"@context\": ").send().problem("InvalidRequest");
    for document in [json!({}), json!({"name": "https://example.org/name"})] {
        tenant.post("/jsonldContexts").json(document).send().problem("InvalidRequest");
    }
    let cases = [
        json!([]),
        json!({"@context": 5}),
        json!({"@context": true}),
        json!({"@context": [{"a": "urn:a"}, 5]}),
        json!({"@context": {"a": 5}}),
        json!({"@context": {"a b": {"@id": 7}}}),
    ];
    each(cases.map(|case| (case.to_string(), case)), |document| {
        tenant.post("/jsonldContexts").json(document).send().problem("BadRequestData");
    });
}

// §5.5.6: A remote @context that cannot be had is LdContextNotAvailable, one that is no @context BadRequestData.
#[test]
fn an_unusable_remote_context_is_told_apart() {
    let receiver = Receiver::start();
    let missing = receiver.url("/missing.jsonld");
    let broken = receiver.serve_page("/broken.jsonld", 500, &[], "");
    let garbage = receiver.serve_page("/garbage.jsonld", 200, &[("Content-Type", "application/ld+json")], "<html>");
    let other = receiver.serve("/other.jsonld", json!({"no": "context"}));
    let wrong = receiver.serve("/wrong.jsonld", json!({"@context": 5}));
    let nobody = "http://127.0.0.1:9/c.jsonld".to_owned();
    let tenant = empty_tenant();
    let cases = [
        (missing, "LdContextNotAvailable"),
        (broken, "LdContextNotAvailable"),
        (nobody, "LdContextNotAvailable"),
        (garbage, "BadRequestData"),
        (other, "BadRequestData"),
        (wrong, "BadRequestData"),
    ];
    each(cases.into_iter().map(|case| (case.0.clone(), case)), |(url, problem)| {
        let entity = t("x", json!({"a": property(1)}));
        tenant.post("/entities").link(&url).json(entity.clone()).send().problem(problem);
        let mut inside = entity;
        inside["@context"] = json!([url]);
        tenant.post("/entities").ld(inside).send().problem(problem);
        tenant.get("/entities").query(&[("type", "T")]).link(&url).send().problem(problem);
        tenant.expect_absent(&thing("x"));
    });
}

// §5.5.7: An @context may be a URL, an object or an array of both; remote ones may name further ones.
// §5.5.5: The core @context has precedence over every other.
// §5.2.3: An @context is a URL, an object, or an array of these.
#[test]
fn contexts_are_nested_and_cannot_change_the_core() {
    let receiver = Receiver::start();
    let inner = receiver
        .serve("/inner.jsonld", json!({"@context": {"a": "https://example.org/a", "ex": "https://example.org/"}}));
    let outer = receiver
        .serve("/outer.jsonld", json!({"@context": [inner, {"b": "ex:b", "type": "https://example.org/type"}]}));
    let tenant = tenant();
    let sent = json!({
        "@context": [outer, {"c": "https://example.org/c", "observedAt": "https://example.org/observedAt"}],
        "id": thing("x"), "type": "T",
        "a": property(1), "b": property(2), "ex:d": property(4),
        "c": {"type": "Property", "value": 3, "observedAt": "2024-01-01T00:00:00Z"},
    });
    tenant.create(&sent);
    let stored = tenant.retrieve(&thing("x"));
    for (name, value) in [("a", 1), ("b", 2), ("d", 4)] {
        assert_eq!(stored[format!("https://example.org/{name}")], property(value), "{stored}");
    }
    assert_eq!(stored["https://example.org/c"]["observedAt"], "2024-01-01T00:00:00Z");
    assert_eq!(stored["type"], "T");
}

// §5.5.7: A user @context that would reshape NGSI-LD elements is refused.
#[test]
fn what_reshapes_the_model_is_refused() {
    let tenant = tenant();
    let cases = [
        ("@reverse", json!({"a": {"@reverse": "https://example.org/a"}})),
        ("a term that is a number", json!({"a": 1})),
        (
            "a context of a type that changes a core term",
            json!({"T": {"@id": "https://example.org/T", "@context": {"value": "https://example.org/value"}}}),
        ),
        (
            "a context of a property that changes a core term",
            json!({"a": {"@id": "https://example.org/a", "@context": {"observedAt": "https://example.org/at"}}}),
        ),
    ];
    each(cases, |context| {
        let mut sent = t("x", json!({"a": property(1)}));
        sent["@context"] = context;
        tenant.post("/entities").ld(sent).send().problem("BadRequestData");
    });
}

// §5.5.7: A scoped @context, which users shall not have, is taken where it leaves the core alone (our choice).
#[test]
fn scoped_contexts_that_leave_the_core_alone_are_understood() {
    let tenant = tenant();
    let mut sent = t("x", json!({"size": property(1)}));
    sent["@context"] = json!({"T": {"@id": "https://example.org/T", "@context": {"size": "https://example.org/size"}}});
    tenant.post("/entities").ld(sent).send().expect_status(201);
    let stored = tenant.retrieve(&thing("x"));
    assert_eq!(stored["https://example.org/size"], property(1), "{stored}");
}
