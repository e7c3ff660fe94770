//! Tenants (§4.14, §5.5.10, §6.3.14): born by their first write, and kept apart in every operation.

use crate::kit::*;

const PATH: &str = "/entities/urn:ngsi-ld:T:x";

fn one() -> Value {
    t("x", json!({"a": property(1), "b": {"type": "Property", "value": 1, "datasetId": "urn:ngsi-ld:D:1"}}))
}

// §6.3.14: A tenant that a request names is named in the answer, of whatever kind; the default one never is.
#[test]
fn the_tenant_is_told_in_every_answer() {
    let tenant = tenant();
    let name = tenant.tenant().map(str::to_owned);
    let named = |answer: &Answer| {
        assert_eq!(answer.header("NGSILD-Tenant").map(str::to_owned), name, "{answer:?}");
    };
    named(&tenant.post("/entities").json(one()).send().expect_status(201));
    named(&tenant.get(PATH).send().expect_status(200));
    named(&tenant.get("/entities/urn:ngsi-ld:T:unknown").send().expect_status(404));
    named(&tenant.get("/entities").send().expect_status(400));
    named(&tenant.get("/entities").query(&[("type", "T")]).send().expect_status(200));
    named(&tenant.delete(PATH).send().expect_status(204));
    let default = city().client().get("/types").send().expect_status(200);
    assert_eq!(default.header("NGSILD-Tenant"), None);
}

// §5.5.10: What does not create information does not create a tenant: it is NonexistentTenant.
#[test]
fn an_unknown_tenant_is_told_by_every_operation_but_creation() {
    let tenant = tenant();
    let query = json!({"type": "Query", "entities": [{"type": "T"}]});
    let cases = [
        ("GET", PATH, Value::Null),
        ("GET", "/entities?type=T", Value::Null),
        ("DELETE", PATH, Value::Null),
        ("DELETE", "/entities?type=T", Value::Null),
        ("PUT", PATH, one()),
        ("PATCH", PATH, json!({"a": property(1)})),
        ("POST", "/entities/urn:ngsi-ld:T:x/attrs", json!({"a": property(1)})),
        ("PATCH", "/entities/urn:ngsi-ld:T:x/attrs", json!({"a": property(1)})),
        ("PATCH", "/entities/urn:ngsi-ld:T:x/attrs/a", property(1)),
        ("PUT", "/entities/urn:ngsi-ld:T:x/attrs/a", property(1)),
        ("DELETE", "/entities/urn:ngsi-ld:T:x/attrs/a", Value::Null),
        ("POST", "/entityOperations/update", json!([one()])),
        ("POST", "/entityOperations/merge", json!([one()])),
        ("POST", "/entityOperations/delete", json!([thing("x")])),
        ("POST", "/entityOperations/query", query),
        ("GET", "/types", Value::Null),
        ("GET", "/types/T", Value::Null),
        ("GET", "/attributes", Value::Null),
        ("GET", "/attributes/a", Value::Null),
        ("GET", "/subscriptions", Value::Null),
        ("GET", "/subscriptions/urn:ngsi-ld:S:1", Value::Null),
        ("PATCH", "/subscriptions/urn:ngsi-ld:S:1", json!({"isActive": false})),
        ("DELETE", "/subscriptions/urn:ngsi-ld:S:1", Value::Null),
    ];
    each(cases.map(|case| (format!("{} {}", case.0, case.1), case)), |(method, path, body)| {
        let request = tenant.request(method, path);
        let request = if body.is_null() { request } else { request.json(body) };
        request.send().problem("NonexistentTenant");
    });
}

// §5.5.10: A tenant is born by the creation of an entity, of a batch, of a subscription.
#[test]
fn a_tenant_is_born_by_its_first_creation() {
    let receiver = Receiver::start();
    let by_entity = tenant();
    by_entity.create(&one());
    let by_batch = tenant();
    by_batch.post("/entityOperations/create").json(json!([one()])).send().expect_status(201);
    let by_subscription = tenant();
    by_subscription.subscribe(&subscription("T", &receiver.url("/x"), json!({})));
    for tenant in [by_entity, by_batch, by_subscription] {
        tenant.get("/types").send().expect_status(200);
    }
    let refused = tenant();
    refused.post("/entities").json(json!({"id": "x"})).send().problem("BadRequestData");
    refused.get("/types").send().problem("NonexistentTenant");
}

// §5.5.10: An operation is applied to its own tenant only.
#[test]
fn writes_of_one_tenant_leave_others_alone() {
    let (ours, theirs) = (tenant_with([&one()]), tenant_with([&one()]));
    let writes = [
        ("PATCH", PATH, json!({"a": property(2)})),
        ("POST", "/entities/urn:ngsi-ld:T:x/attrs", json!({"a": property(3), "c": property(1)})),
        ("PATCH", "/entities/urn:ngsi-ld:T:x/attrs", json!({"a": property(4)})),
        ("PATCH", "/entities/urn:ngsi-ld:T:x/attrs/a", json!({"value": 5})),
        ("PUT", "/entities/urn:ngsi-ld:T:x/attrs/a", property(6)),
        ("DELETE", "/entities/urn:ngsi-ld:T:x/attrs/c", Value::Null),
        ("PUT", PATH, t("x", json!({"a": property(7)}))),
        ("POST", "/entityOperations/upsert", json!([t("x", json!({"a": property(8)}))])),
        ("POST", "/entityOperations/update", json!([t("x", json!({"a": property(9)}))])),
        ("POST", "/entityOperations/merge", json!([t("x", json!({"a": property(10)}))])),
        ("POST", "/entityOperations/delete", json!([thing("x")])),
        ("POST", "/entities", one()),
        ("DELETE", "/entities?type=T", Value::Null),
        ("POST", "/entityOperations/create", json!([one()])),
        ("DELETE", PATH, Value::Null),
    ];
    for (method, path, body) in writes {
        let request = ours.request(method, path);
        let request = if body.is_null() { request } else { request.json(body) };
        let answer = request.send();
        assert!((200..300).contains(&answer.status), "{answer:?}");
        assert_eq!(theirs.retrieve(&thing("x")), one(), "{method} {path}");
    }
    ours.expect_absent(&thing("x"));
}

// §5.5.10: Queries, links, types, attributes and counts show the own tenant only, the default one included.
// §4.14: Whatever belongs to one tenant is seen by that tenant alone; without a tenant the default one is meant.
#[test]
fn reads_show_one_tenant_only() {
    let ours = tenant_with([&t("ours", json!({"a": property(1), "to": relationship("urn:ngsi-ld:T:theirs")}))]);
    let theirs = tenant_with([&t("theirs", json!({"z": property(1)})), &entity("urn:ngsi-ld:Z:1", "Z", json!({}))]);
    finds(&ours, &[("type", "T")], "ours");
    finds(&theirs, &[("type", "T")], "theirs");
    finds(&ours, &[("q", "z")], "");
    let joined = ours.retrieve_with(&thing("ours"), &[("join", "inline")]);
    assert_eq!(joined["to"].get("entity"), None);
    let get = |tenant: &Client, path: &str| tenant.get(path).send().expect_status(200).json();
    assert_eq!(get(&ours, "/types")["typeList"], json!(["T"]));
    assert_eq!(sorted(&get(&ours, "/attributes")["attributeList"]), ["a", "to"]);
    assert_eq!(get(&theirs, "/types/T")["entityCount"], 1);
    let answer = ours.get("/entities").query(&[("type", "T"), ("count", "true")]).send();
    assert_eq!(answer.expect_header("NGSILD-Results-Count"), "1");
    city().client().expect_absent(&thing("ours"));
}

// §5.5.10: Subscriptions see the changes of their tenant only and are seen there only.
// §6.3.14: A notification names the tenant.
#[test]
fn subscriptions_see_one_tenant_only() {
    let receiver = Receiver::start();
    let (ours, theirs) = (empty_tenant(), empty_tenant());
    let id = ours.subscribe(&subscription("T", &receiver.url("/ours"), json!({})));
    theirs.subscribe(&subscription("T", &receiver.url("/theirs"), json!({})));
    theirs.get(&format!("/subscriptions/{id}")).send().problem("ResourceNotFound");
    theirs.delete(&format!("/subscriptions/{id}")).send().problem("ResourceNotFound");
    ours.create(&one());
    let notice = receiver.wait_for("/ours", 1).remove(0);
    assert_eq!(notice.header("NGSILD-Tenant"), ours.tenant());
    theirs.create(&t("y", json!({"a": property(1)})));
    let notices = receiver.wait_for("/theirs", 1);
    assert_eq!(notices[0].first()["id"], thing("y"));
    assert_eq!((notices.len(), receiver.notices("/ours").len()), (1, 1));
}

// §6.3.14: A name that is none is refused.
#[test]
fn a_malformed_tenant_name_is_refused() {
    let long = "x".repeat(65);
    each(["a b", "../x", "a/b", "-x", long.as_str()].map(|name| (name, name)), |name| {
        city().tenant(name).post("/entities").json(one()).send().expect_status(400);
    });
}
