//! Listing, updating and deleting subscriptions (§5.8.2, §5.8.4, §5.8.5, §6.10.3.2, §6.11.3).

use crate::kit::*;
use crate::subscriptions::simple;

// §5.8.4.4: All subscriptions are listed, in pages, with their number on request.
// §6.10.3.2: An unknown limit is refused as for entities.
#[test]
fn subscriptions_are_listed_in_pages() {
    let tenant = tenant();
    let mut all: Vec<String> = (0..7).map(|_| tenant.subscribe(&simple(json!({})))).collect();
    all.sort();
    let mut page = tenant.get("/subscriptions").query(&[("limit", "3"), ("count", "true")]).send().expect_status(200);
    assert_eq!(page.expect_header("NGSILD-Results-Count"), "7");
    let mut found = ids(&page.json());
    assert_eq!(found.len(), 3);
    while let Some(next) = page.link("next") {
        page = tenant.get(&next).send().expect_status(200);
        assert!(page.link("prev").is_some(), "{page:?}");
        found.extend(ids(&page.json()));
        assert!(found.len() <= 7, "the links lead in a circle");
    }
    found.sort();
    assert_eq!(found, all);
    let count = tenant.get("/subscriptions").query(&[("limit", "0"), ("count", "true")]).send().expect_status(200);
    assert_eq!((count.expect_header("NGSILD-Results-Count"), count.json()), ("7", json!([])));
    tenant.get("/subscriptions").query(&[("limit", "0")]).send().problem("BadRequestData");
}

// §6.3.11: options=sysAttrs adds createdAt and modifiedAt to subscriptions.
#[test]
fn subscriptions_have_system_attributes() {
    let tenant = tenant();
    let path = format!("/subscriptions/{}", tenant.subscribe(&simple(json!({}))));
    let with = || tenant.get(&path).query(&[("options", "sysAttrs")]).send().expect_status(200).json();
    let before = with();
    tenant.patch(&path).json(json!({"description": "new"})).send().expect_empty(204);
    let after = with();
    assert_eq!(before["createdAt"], after["createdAt"]);
    assert!(before["modifiedAt"].as_str() < after["modifiedAt"].as_str(), "{before} {after}");
    assert_eq!(tenant.get(&path).send().json().get("createdAt"), None);
}

// §5.5.7: Names in a subscription are expanded when it is written and compacted when it is read.
// §5.8.1.4: jsonldContext is by default the @context of the subscription.
#[test]
fn names_in_a_subscription_follow_the_context() {
    let receiver = Receiver::start();
    let context = receiver
        .serve("/c.jsonld", json!({"@context": {"Raum": "https://example.org/Room", "temp": "https://example.org/t"}}));
    let tenant = tenant();
    let body = simple(
        json!({"entities": [{"type": "Raum"}], "watchedAttributes": ["temp"], "notification": {"attributes": ["temp"]}}),
    );
    let answer = tenant.post("/subscriptions").link(&context).json(body).send().expect_status(201);
    let path = answer.expect_header("location").to_owned();
    let plain = tenant.get(&path).send().expect_status(200).json();
    assert_eq!(plain["entities"][0]["type"], "https://example.org/Room");
    assert_eq!(plain["watchedAttributes"], json!(["https://example.org/t"]));
    let compact = tenant.get(&path).link(&context).send().expect_status(200);
    assert_eq!(
        (&compact.json()["entities"][0]["type"], &compact.json()["watchedAttributes"]),
        (&json!("Raum"), &json!(["temp"]))
    );
    assert_eq!(compact.context_link(), Some(context.clone()));
    // Who reads in that @context is told of it by the answer itself.
    assert_eq!((&plain["jsonldContext"], compact.json().get("jsonldContext")), (&json!(context), None));
    let inside = |context: &str| tenant.get(&path).link(context).accept("application/ld+json").send().json();
    assert_eq!(inside(&context)["@context"], json!([context, CORE_CONTEXT]));
    assert_eq!(inside(CORE_CONTEXT)["@context"], CORE_CONTEXT);
    tenant.patch(&path).json(json!({"jsonldContext": context})).send().expect_status(204);
    let given = tenant.get(&path).link(&context).send().json();
    assert_eq!(given["jsonldContext"], context);
}

// §6.3.6: Every answer with a body names the version that was preferred; what is no entity is the same in all versions.
#[test]
fn a_preferred_version_is_named_by_answers_without_entities() {
    let tenant = tenant_with([&t("x", json!({"a": property(1)}))]);
    let id = tenant.subscribe(&simple(json!({"notification": {"attributes": ["a"]}})));
    for path in
        [&format!("/subscriptions/{id}"), "/subscriptions", "/types", "/types/T", "/attributes", "/attributes/a"]
    {
        let plain = tenant.get(path).send().expect_status(200);
        assert_eq!(plain.header("Preference-Applied"), None);
        for prefer in ["ngsi-ld=1.0", "NGSI-LD=\"1.0\"", "respond-async, Ngsi-Ld=1.0;q=0.1"] {
            let answer = tenant.get(path).header("Prefer", prefer).send().expect_status(200);
            assert_eq!(answer.expect_header("Preference-Applied"), "ngsi-ld=1.0", "{path} {prefer}");
            assert_eq!(answer.json(), plain.json());
        }
    }
}

// §6.3.10: The links of a page that was asked for by its offset have limit and offset.
#[test]
fn subscriptions_are_paged_by_offset() {
    let tenant = tenant();
    for _ in 0..3 {
        tenant.subscribe(&simple(json!({})));
    }
    let links = |offset: &str| {
        let page = tenant.get("/subscriptions/").query(&[("limit", "1"), ("offset", offset)]).send();
        (page.link("prev"), page.link("next"))
    };
    let page = |offset: u8| Some(format!("/ngsi-ld/v1/subscriptions?limit=1&offset={offset}"));
    assert_eq!(links("0"), (None, page(1)));
    assert_eq!(links("1"), (page(0), page(2)));
    assert_eq!(links("2"), (page(1), None));
}

// §5.8.1.4: A jsonldContext that cannot be had is LdContextNotAvailable, one that is none BadRequestData.
// §5.8.2.4: An unusable jsonldContext in an update is refused as at creation.
#[test]
fn an_unusable_jsonld_context_is_refused() {
    let receiver = Receiver::start();
    let none = receiver.serve_page("/none.jsonld", 200, &[("Content-Type", "application/ld+json")], "[");
    let tenant = tenant();
    let path = format!("/subscriptions/{}", tenant.subscribe(&simple(json!({}))));
    for (url, problem) in [(receiver.url("/missing.jsonld"), "LdContextNotAvailable"), (none, "BadRequestData")] {
        tenant.post("/subscriptions").json(simple(json!({"jsonldContext": url}))).send().problem(problem);
        tenant.patch(&path).json(json!({"jsonldContext": url})).send().problem(problem);
    }
}

// §5.8.2.4: An update changes what it names; NGSI-LD Null removes what may be removed.
// §6.11.3.2: PATCH of a subscription answers 204.
#[test]
fn an_update_changes_what_it_names() {
    let tenant = tenant();
    let path = format!(
        "/subscriptions/{}",
        tenant.subscribe(&simple(json!({"q": "a>1", "description": "old", "watchedAttributes": ["a"]})))
    );
    let now = || tenant.get(&path).send().expect_status(200).json();
    tenant
        .patch(&path)
        .json(json!({"description": "new", "watchedAttributes": ["b"], "q": NULL}))
        .send()
        .expect_empty(204);
    let stored = now();
    assert_eq!(
        (&stored["description"], &stored["watchedAttributes"], stored.get("q")),
        (&json!("new"), &json!(["b"]), None)
    );
    assert_eq!(stored["entities"], json!([{"type": "T"}]));
    let notification =
        json!({"notification": {"endpoint": {"uri": "http://127.0.0.1:9/other", "accept": "application/json"}}});
    tenant.patch(&path).json(notification).send().expect_empty(204);
    assert_eq!(now()["notification"]["endpoint"]["uri"], "http://127.0.0.1:9/other");
}

// §5.8.2.4: isActive and expiresAt in an update move the status, except that activity does not revive what has expired.
#[test]
fn an_update_moves_the_status() {
    let tenant = tenant();
    let path = format!("/subscriptions/{}", tenant.subscribe(&simple(json!({}))));
    let update = |body: Value| tenant.patch(&path).json(body).send().expect_empty(204);
    let status = || tenant.get(&path).send().expect_status(200).json()["status"].clone();
    update(json!({"isActive": false}));
    assert_eq!(status(), "paused");
    update(json!({"isActive": true}));
    assert_eq!(status(), "active");
    update(json!({"expiresAt": in_seconds(1)}));
    eventually("the subscription has expired", || (status() == "expired").then_some(()));
    update(json!({"isActive": true}));
    assert_eq!(status(), "expired");
    update(json!({"expiresAt": in_seconds(3600)}));
    assert_eq!(status(), "active");
    tenant.patch(&path).json(json!({"expiresAt": in_seconds(-5), "isActive": true})).send().problem("BadRequestData");
    assert_eq!(status(), "active");
}

// §5.8.2.4: A new expiresAt alone makes active what had expired, even paused; it does not end a pause.
#[test]
fn a_new_expiry_revives_what_had_expired() {
    let tenant = tenant();
    let path = format!("/subscriptions/{}", tenant.subscribe(&simple(json!({}))));
    let update = |body: Value| tenant.patch(&path).json(body).send().expect_empty(204);
    let status = || tenant.get(&path).send().expect_status(200).json()["status"].clone();
    update(json!({"isActive": false, "expiresAt": in_seconds(3600)}));
    update(json!({"expiresAt": in_seconds(2)}));
    assert_eq!(status(), "paused");
    eventually("the paused subscription has expired", || (status() == "expired").then_some(()));
    update(json!({"expiresAt": in_seconds(3600)}));
    assert_eq!(status(), "active");
}

// §5.8.2.4: A malformed update is refused and changes nothing.
#[test]
fn a_malformed_update_changes_nothing() {
    let tenant = tenant();
    let path = format!("/subscriptions/{}", tenant.subscribe(&simple(json!({"watchedAttributes": ["a"]}))));
    let before = tenant.get(&path).send().expect_status(200).json();
    let cases = [
        json!({"q": "a=="}),
        json!({"entities": []}),
        json!({"watchedAttributes": []}),
        json!({"timeInterval": 5}),
        json!({"throttling": -1}),
        json!({"id": "urn:ngsi-ld:Subscription:other"}),
        json!({"type": "Other"}),
        json!({"notification": NULL}),
        json!({"notification": {"endpoint": {"uri": "nowhere"}}}),
        json!([]),
    ];
    each(cases.map(|case| (case.to_string(), case)), |body| {
        tenant.patch(&path).json(body).send().problem("BadRequestData");
        assert_eq!(tenant.get(&path).send().expect_status(200).json(), before);
    });
}

// §5.8.5.4: A deleted subscription is gone.
// §5.8.3.4: An unknown subscription is not found; a malformed id is refused.
// §5.8.2.4: An unknown subscription is not updated, and none under a malformed id.
// §6.11.3.3: DELETE of a subscription answers 204, and 404 where there is none.
#[test]
fn unknown_subscriptions_are_not_found() {
    let tenant = tenant();
    let path = format!("/subscriptions/{}", tenant.subscribe(&simple(json!({}))));
    tenant.delete(&path).send().expect_empty(204);
    for (path, problem) in [(path.as_str(), "ResourceNotFound"), ("/subscriptions/nonsense", "BadRequestData")] {
        tenant.get(path).send().problem(problem);
        tenant.delete(path).send().problem(problem);
        tenant.patch(path).json(json!({"description": "x"})).send().problem(problem);
    }
    assert_eq!(tenant.get("/subscriptions").send().expect_status(200).json(), json!([]));
}

// §5.8.5.4: What was due to a subscription that was deleted goes to nobody, and not to a new one of the same id either.
#[test]
fn what_waited_for_a_deleted_subscription_goes_to_none_of_its_id() {
    let receiver = Receiver::start();
    receiver.behave("/old", Behaviour::Status(503));
    let tenant = tenant_with([&t("x", json!({"a": property(0)}))]);
    let of = |path: &str| {
        let rest = json!({"id": "urn:ngsi-ld:Subscription:again", "notification": {"endpoint": {"cooldown": 300}}});
        subscription("T", &receiver.url(path), rest)
    };
    let change = |value| {
        tenant
            .patch(&format!("/entities/{}", thing("x")))
            .json(json!({"a": property(value)}))
            .send()
            .expect_status(204);
    };
    let path = format!("/subscriptions/{}", tenant.subscribe(&of("/old")));
    (1..=3).for_each(change);
    let waiting = || tenant.get("/machi/v1/deliveries").send().expect_status(200).json();
    eventually("all three wait", || (waiting().as_array()?.len() == 3).then_some(()));
    tenant.delete(&path).send().expect_status(204);
    tenant.subscribe(&of("/new"));
    change(4);
    let notices = receiver.wait_for("/new", 1);
    assert_eq!(notices[0].data()[0]["a"]["value"], 4);
    eventually("what waited is cleared away", || (waiting() == json!([])).then_some(()));
    assert_eq!(receiver.notices("/new").len(), 1);
}
