//! Batch operations (§5.6.7 to §5.6.10, §5.6.20, §6.14 to §6.17, §6.31): a verdict for each entity.

use crate::kit::*;

fn x(name: &str, a: i64) -> Value {
    t(name, json!({"a": property(a)}))
}

fn ask(tenant: &Client, operation: &str, query: &[(&str, &str)], body: Value) -> Answer {
    tenant.post(&format!("/entityOperations/{operation}")).query(query).json(body).send()
}

/// Expects a partial success: who succeeded, and who failed with which error.
#[track_caller]
fn expect_verdicts(answer: &Answer, success: &[&str], errors: &[(&str, &str)]) {
    assert_eq!((answer.status, answer.media_type().as_str()), (207, "application/json"), "{answer:?}");
    let result = answer.json();
    let mut expected: Vec<String> = success.iter().map(|name| thing(name)).collect();
    expected.sort();
    assert_eq!(sorted(&result["success"]), expected, "{answer:?}");
    let read = |error: &Value| (error["entityId"].clone(), error["error"]["type"].clone());
    let mut found: Vec<_> = result["errors"].as_array().expect("an array of errors").iter().map(read).collect();
    found.sort_by_key(|(id, kind)| format!("{id}{kind}"));
    let mut wanted: Vec<_> = errors.iter().map(|(name, kind)| (json!(thing(name)), json!(error_type(kind)))).collect();
    wanted.sort_by_key(|(id, kind)| format!("{id}{kind}"));
    assert_eq!(found, wanted, "{answer:?}");
}

fn value(tenant: &Client, name: &str) -> Value {
    tenant.retrieve(&thing(name))["a"]["value"].clone()
}

// §6.14.3.1: A batch that is created wholly answers 201 with the ids.
#[test]
fn a_created_batch_answers_its_ids() {
    let tenant = tenant();
    let answer = ask(&tenant, "create", &[], json!([x("1", 1), x("2", 2)])).expect_status(201);
    assert_eq!(sorted(&answer.json()), ["1", "2"].map(thing));
    finds(&tenant, &[("type", "T")], "1 2");
}

// §5.6.7.4: Entities that exist or are malformed fail with their own error, all others are created.
// §5.5.11.1: Of entities with the same id the first is created, later ones fail with AlreadyExists.
// §5.2.16: The result of a batch has the ids that were done and an error for each that was not.
// §5.2.17: An error in a batch names the entity and holds a problem.
#[test]
fn a_creation_gives_a_verdict_per_entity() {
    let tenant = tenant_with([&x("old", 0)]);
    let bad = t("bad", json!({"a": {"type": "Property"}}));
    let answer = ask(&tenant, "create", &[], json!([x("old", 9), x("new", 1), bad, x("new", 2)]));
    expect_verdicts(
        &answer,
        &["new"],
        &[("bad", "BadRequestData"), ("new", "AlreadyExists"), ("old", "AlreadyExists")],
    );
    assert_eq!((value(&tenant, "old"), value(&tenant, "new")), (json!(0), json!(1)));
    tenant.expect_absent(&thing("bad"));
    let none = ask(&tenant, "create", &[], json!([x("old", 9)]));
    expect_verdicts(&none, &[], &[("old", "AlreadyExists")]);
}

// §6.15.3.1: An upsert answers 201 with the ids of the created entities only, 204 where none was created.
// §5.6.8.3: By default, and with options=replace, an existing entity is replaced.
#[test]
fn an_upsert_creates_and_replaces() {
    let tenant = tenant_with([&t("old", json!({"a": property(0), "b": property(0)}))]);
    let answer = ask(&tenant, "upsert", &[], json!([x("old", 1), x("new", 2)])).expect_status(201);
    assert_eq!(answer.json(), json!([thing("new")]));
    assert_eq!(tenant.retrieve(&thing("old")), x("old", 1));
    ask(&tenant, "upsert", &[("options", "replace")], json!([x("old", 5), x("new", 6)])).expect_empty(204);
    assert_eq!((value(&tenant, "old"), value(&tenant, "new")), (json!(5), json!(6)));
}

// §6.15.3.1: An entity that has expired does not exist: who comes after it in a batch is created, and told so.
#[test]
fn what_has_expired_is_created_anew() {
    for (operation, query) in [("create", vec![]), ("upsert", vec![]), ("upsert", vec![("options", "update")])] {
        let tenant = tenant_with([&t("old", json!({"b": property(0)})), &x("live", 0)]);
        let end = json!({"expiresAt": "2020-01-01T00:00:00Z"});
        tenant.patch(&format!("/entities/{}", thing("old"))).json(end).send().expect_empty(204);
        let answer = ask(&tenant, operation, &query, json!([x("old", 1), x("new", 2)])).expect_status(201);
        assert_eq!(sorted(&answer.json()), ["new", "old"].map(thing), "{operation} {query:?}");
        assert_eq!(tenant.retrieve(&thing("old")), x("old", 1));
    }
}

// §5.6.8.3: With options=update an existing entity keeps the attributes that are not sent.
#[test]
fn an_upsert_with_update_keeps_other_attributes() {
    let tenant = tenant_with([&t("old", json!({"a": property(0), "b": property(0)}))]);
    let answer = ask(&tenant, "upsert", &[("options", "update")], json!([x("old", 1), x("new", 2)])).expect_status(201);
    assert_eq!(answer.json(), json!([thing("new")]));
    assert_eq!(tenant.retrieve(&thing("old")), t("old", json!({"a": property(1), "b": property(0)})));
}

// docs/api-design.md: with options=newer an attribute follows only what was observed after it.
#[test]
fn an_upsert_of_what_is_newer_leaves_what_was_observed_later() {
    let tenant = tenant();
    let at = |value: i64, time: &str| json!({"type": "Property", "value": value, "observedAt": format!("2026-03-01T{time}Z")});
    let upsert = |entities: Value| ask(&tenant, "upsert", &[("options", "newer")], entities);
    let first = t("one", json!({"a": at(1, "10:00:00"), "b": at(1, "10:00:00"), "c": property(1)}));
    assert_eq!(upsert(json!([first])).expect_status(201).json(), json!([thing("one")]));
    assert_eq!(tenant.retrieve(&thing("one")), first);
    let of = |a: Value, b: Value, c: i64| t("one", json!({"a": a, "b": b, "c": property(c), "d": at(5, "09:00:00")}));
    upsert(json!([of(at(2, "09:59:59.999"), at(3, "10:00:01"), 4)])).expect_empty(204);
    let second = of(at(1, "10:00:00"), at(3, "10:00:01"), 4);
    assert_eq!(tenant.retrieve(&thing("one")), second);
    // The same again is no change at all, also of what has no time.
    let times = || tenant.retrieve_with(&thing("one"), &[("options", "sysAttrs")]);
    let before = times();
    upsert(json!([second])).expect_empty(204);
    assert_eq!(times(), before);
    // What has no time of its own dates from when it was written.
    upsert(json!([t("one", json!({"c": at(6, "10:00:00")}))])).expect_empty(204);
    assert_eq!(tenant.retrieve(&thing("one"))["c"], property(4));
    upsert(json!([t("one", json!({"c": {"type": "Property", "value": 6, "observedAt": "2999-01-01T00:00:00Z"}}))]))
        .expect_empty(204);
    assert_eq!(tenant.retrieve(&thing("one"))["c"]["value"], json!(6));
    let both = ask(&tenant, "upsert", &[("options", "newer,update")], json!([first]));
    assert_eq!((both.status, both.json()["type"].clone()), (400, json!(error_type("InvalidRequest"))));
}

// §5.5.11.2: Of entities with the same id each is processed in its turn, as if each had come alone.
// §4.6.6: Later entities in the array are newer.
#[test]
fn an_upsert_processes_the_same_id_in_order() {
    let tenant = tenant();
    let later = t("new", json!({"b": property(2)}));
    ask(&tenant, "upsert", &[], json!([x("new", 1), later])).expect_status(201);
    assert_eq!(tenant.retrieve(&thing("new")), later);
    let again = json!([x("new", 3), t("new", json!({"c": property(4)}))]);
    ask(&tenant, "upsert", &[("options", "update")], again).expect_empty(204);
    let merged = t("new", json!({"a": property(3), "b": property(2), "c": property(4)}));
    assert_eq!(tenant.retrieve(&thing("new")), merged);
}

// §6.15.3.1: An upsert that partly fails answers 207 with what was created or updated and what was not.
#[test]
fn an_upsert_gives_a_verdict_per_entity() {
    let tenant = tenant_with([&x("old", 0)]);
    let bad = t("bad", json!({"a": {"type": "Relationship", "object": 1}}));
    let answer = ask(&tenant, "upsert", &[], json!([bad, x("old", 1), x("new", 2)]));
    expect_verdicts(&answer, &["new", "old"], &[("bad", "BadRequestData")]);
    assert_eq!(value(&tenant, "old"), 1);
}

// §5.5.13: local is a truth value in every batch.
#[test]
fn a_malformed_locality_is_refused() {
    let tenant = tenant_with([&x("old", 0)]);
    for operation in ["create", "upsert", "update", "merge", "delete"] {
        let body = if operation == "delete" { json!([thing("old")]) } else { json!([x("old", 1)]) };
        ask(&tenant, operation, &[("local", "perhaps")], body).problem("BadRequestData");
    }
    assert_eq!(value(&tenant, "old"), 0);
}

// §5.6.9.4: A batch update updates and appends attributes of existing entities; unknown ones fail.
// §6.16.3.1: A batch that is updated wholly answers 204.
#[test]
fn a_batch_update_changes_existing_entities() {
    let tenant = tenant_with([&t("old", json!({"a": property(0), "b": property(0)}))]);
    let both = t("old", json!({"a": property(1), "c": property(2)}));
    ask(&tenant, "update", &[], json!([both])).expect_empty(204);
    let expected = t("old", json!({"a": property(1), "b": property(0), "c": property(2)}));
    assert_eq!(tenant.retrieve(&thing("old")), expected);
    let answer = ask(&tenant, "update", &[], json!([x("unknown", 1), x("old", 5)]));
    expect_verdicts(&answer, &["old"], &[("unknown", "ResourceNotFound")]);
    assert_eq!(value(&tenant, "old"), 5);
    tenant.expect_absent(&thing("unknown"));
}

// §5.5.11.3: With options=noOverwrite existing attributes stay and new ones are added.
#[test]
fn a_batch_update_without_overwrite_only_adds() {
    let tenant = tenant_with([&x("old", 0)]);
    let both = t("old", json!({"a": property(1), "c": property(2)}));
    let answer = ask(&tenant, "update", &[("options", "noOverwrite")], json!([both]));
    assert!(matches!(answer.status, 204 | 207), "{answer:?}");
    assert_eq!(tenant.retrieve(&thing("old")), t("old", json!({"a": property(0), "c": property(2)})));
}

// §5.6.10.4: A batch delete deletes the entities of the listed ids; unknown ones fail with ResourceNotFound.
// §5.5.11.4: An id that occurs twice fails the second time.
// §6.17.3.1: A batch that is deleted wholly answers 204.
#[test]
fn a_batch_delete_gives_a_verdict_per_id() {
    let tenant = tenant_with([&x("1", 1), &x("2", 2), &x("3", 3), &x("4", 4)]);
    ask(&tenant, "delete", &[], json!([thing("1"), thing("2")])).expect_empty(204);
    finds(&tenant, &[("type", "T")], "3 4");
    let answer = ask(&tenant, "delete", &[], json!([thing("3"), thing("1"), thing("3")]));
    expect_verdicts(&answer, &["3"], &[("1", "ResourceNotFound"), ("3", "ResourceNotFound")]);
    finds(&tenant, &[("type", "T")], "4");
}

// §5.6.20.4: A batch merge merges each fragment into its entity; unknown ones fail with ResourceNotFound.
// §5.5.11.5: Of fragments with the same id each is merged in its turn.
// §6.31.3.1: A batch that is merged wholly answers 204.
#[test]
fn a_batch_merge_merges_fragments() {
    let tenant =
        tenant_with([&t("old", json!({"a": {"type": "Property", "value": 0, "unitCode": "CEL"}, "b": property(0)}))]);
    let fragment = |members: Value| entity(&thing("old"), "T", members);
    let all = json!([fragment(json!({"a": property(1), "b": NULL})), fragment(json!({"c": property(2)}))]);
    ask(&tenant, "merge", &[], all).expect_empty(204);
    let expected = t("old", json!({"a": {"type": "Property", "value": 1, "unitCode": "CEL"}, "c": property(2)}));
    assert_eq!(tenant.retrieve(&thing("old")), expected);
    let answer = ask(&tenant, "merge", &[], json!([x("unknown", 1), x("old", 5)]));
    expect_verdicts(&answer, &["old"], &[("unknown", "ResourceNotFound")]);
}

// §5.5.11.0: All entities of a batch get the same modifiedAt.
#[test]
fn a_batch_has_one_time() {
    let tenant = tenant();
    let all: Vec<Value> = (0..10).map(|i| x(&i.to_string(), i)).collect();
    ask(&tenant, "create", &[], json!(all)).expect_status(201);
    let found = tenant.find(&[("type", "T"), ("options", "sysAttrs")]);
    let times: std::collections::BTreeSet<_> =
        found.as_array().expect("a list").iter().filter_map(|one| one["modifiedAt"].as_str()).collect();
    assert_eq!(times.len(), 1, "{times:?}");
}

// §5.6.7.4: An empty array, an array that holds null, and what is no array are refused with BadRequestData.
// §5.6.8.4: An upsert of what is no batch is refused with BadRequestData.
// §5.6.9.4: An update of what is no batch is refused with BadRequestData.
// §5.6.10.4: A deletion of what is no batch is refused with BadRequestData.
// §5.6.20.4: A merge of what is no batch is refused with BadRequestData.
#[test]
fn what_is_no_batch_is_refused() {
    let tenant = tenant_with([&x("old", 0)]);
    for operation in ["create", "upsert", "update", "delete", "merge"] {
        let cases = [json!([]), json!([null]), json!({}), json!("x")];
        each(cases.map(|body| (format!("{operation} {body}"), body)), |body| {
            ask(&tenant, operation, &[], body).problem("BadRequestData");
        });
        let garbage = tenant.post(&format!("/entityOperations/{operation}")).body("application/json", "[{]").send();
        garbage.problem("InvalidRequest");
    }
    finds(&tenant, &[("type", "*")], "old");
}

// §6.3.5: In a batch of application/ld+json each entity has its own @context; without one it fails.
#[test]
fn each_entity_of_a_batch_has_its_own_context() {
    let tenant = tenant();
    let mut first = x("1", 1);
    first["@context"] = json!({"a": "https://example.org/a"});
    let mut second = x("2", 2);
    second["@context"] = json!({"a": "https://example.org/b"});
    let answer = tenant.post("/entityOperations/create").ld(json!([first, second])).send();
    answer.expect_status(201);
    assert_eq!(tenant.retrieve(&thing("1"))["https://example.org/a"], property(1));
    assert_eq!(tenant.retrieve(&thing("2"))["https://example.org/b"], property(2));
}

// §6.3.20: Options that an operation does not have are refused with InvalidRequest.
#[test]
fn unknown_options_are_refused() {
    let tenant = tenant_with([&x("old", 0)]);
    for (operation, option) in [("upsert", "noOverwrite"), ("update", "replace"), ("create", "update"), ("merge", "x")]
    {
        ask(&tenant, operation, &[("options", option)], json!([x("old", 1)])).problem("InvalidRequest");
    }
    assert_eq!(value(&tenant, "old"), 0);
}
