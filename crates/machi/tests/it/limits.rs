//! Every limit, at its edge: what just fits is done, one more is refused by name, and nothing is stored.

mod alone;

use crate::kit::*;

/// A city with limits that a test can reach.
const CONFIG: &str = r#"
[server]
head_size = "16 KiB"
[limits]
body = "2 KiB"
batch_body = "8 KiB"
batch_entities = 10
depth = 8
largest_page = 5
largest_offset = 20
query_reads = 50
attributes = 4
[contexts]
document = "1 KiB"
chain = 3
documents = 4
terms = 20
"#;

fn narrow() -> &'static City {
    static CITY: std::sync::OnceLock<City> = std::sync::OnceLock::new();
    CITY.get_or_init(|| {
        let options = Options { config: Some(CONFIG.to_owned()), ..Options::default() };
        City::start_with(env!("CARGO_BIN_EXE_machi"), options)
    })
}

/// Expects a refusal whose detail names the limit, and the key of the configuration that sets it, if one does.
#[track_caller]
fn refused(answer: &Answer, status: u16, limit: &str, key: &str) {
    assert_eq!(answer.status, status, "{answer:?}");
    let detail = answer.json()["detail"].as_str().unwrap_or_default().to_owned();
    assert!(detail.contains(limit), "the detail names the limit {limit}: {detail}");
    assert!(detail.contains(key), "the detail names the key {key}: {detail}");
}

/// An entity whose JSON text has just this length.
fn of_length(name: &str, length: usize) -> String {
    let text = |filling: usize| {
        format!(
            r#"{{"id":"urn:ngsi-ld:T:{name}","type":"T","a":{{"type":"Property","value":"{}"}}}}"#,
            "x".repeat(filling)
        )
    };
    text(length - text(0).len())
}

// Issue 2, limits: The longest body of a request for one thing.
#[test]
fn a_body_has_a_largest_size() {
    let tenant = narrow().fresh_tenant();
    let send = |body: String| tenant.post("/entities").body("application/json", body).send();
    send(of_length("fits", 2048)).expect_status(201);
    refused(&send(of_length("long", 2049)), 413, "2048", "[limits] body");
    tenant.expect_absent(&thing("long"));
}

// Issue 2, limits: The longest body of a batch, and the longest entity in it.
#[test]
fn a_batch_has_a_largest_size() {
    let tenant = narrow().fresh_tenant();
    let send = |body: String| tenant.post("/entityOperations/create").body("application/json", body).send();
    let batch = |sizes: [usize; 5]| {
        let entities: Vec<String> =
            sizes.iter().enumerate().map(|(n, size)| of_length(&n.to_string(), *size)).collect();
        format!("[{}]", entities.join(","))
    };
    let fits = batch([2000, 2000, 2000, 2000, 8192 - 6 - 8000]);
    assert_eq!(fits.len(), 8192);
    refused(&send(fits.clone() + " "), 413, "8192", "[limits] batch_body");
    tenant.expect_absent(&thing("0"));
    send(fits).expect_status(201);
    let tenant = narrow().fresh_tenant();
    let send = |length: usize| {
        tenant
            .post("/entityOperations/create")
            .body("application/json", format!("[{}]", of_length("one", length)))
            .send()
    };
    refused(&send(2049), 400, "2048", "[limits] body");
    send(2048).expect_status(201);
}

// Issue 2, limits: The most entities in a batch.
#[test]
fn a_batch_has_a_largest_number_of_entities() {
    let tenant = narrow().fresh_tenant();
    let send = |count: usize| {
        let entities: Vec<Value> = (0..count).map(|n| t(&n.to_string(), json!({}))).collect();
        tenant.post("/entityOperations/create").json(json!(entities)).send()
    };
    refused(&send(11), 413, "10", "[limits] batch_entities");
    tenant.expect_absent(&thing("0"));
    send(10).expect_status(201);
}

// Issue 2, limits: How deep JSON may nest.
#[test]
fn json_has_a_largest_depth() {
    let tenant = narrow().fresh_tenant();
    let nested = |levels: usize| format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
    let body = |name: &str, depth: usize| {
        format!(r#"{{"id":"urn:ngsi-ld:T:{name}","type":"T","a":{{"type":"Property","value":{}}}}}"#, nested(depth - 2))
    };
    let send = |body: String| tenant.post("/entities").body("application/json", body).send();
    send(body("fits", 8)).expect_status(201);
    refused(&send(body("deep", 9)), 400, "column", "[limits] depth");
    tenant.expect_absent(&thing("deep"));
    let batch = format!("[{}]", body("batched", 8));
    tenant.post("/entityOperations/create").body("application/json", batch).send().expect_status(201);
    let batch = format!("[{}]", body("deep", 9));
    let batch = tenant.post("/entityOperations/create").body("application/json", batch).send();
    refused(&batch, 400, "8 levels", "[limits] depth");
    tenant.expect_absent(&thing("deep"));
}

// Issue 2, limits: The most elements on a page, and the farthest offset.
#[test]
fn pages_have_a_largest_size_and_offset() {
    let tenant = narrow().fresh_tenant();
    tenant.create(&t("x", json!({})));
    let ask = |name: &str, value: &str| tenant.get("/entities").query(&[("type", "T"), (name, value)]).send();
    ask("limit", "5").expect_status(200);
    refused(&ask("limit", "6"), 403, "5", "[limits] largest_page");
    ask("offset", "20").expect_status(200);
    refused(&ask("offset", "21"), 403, "20", "[limits] largest_offset");
    let subscriptions = |limit: &str| tenant.get("/subscriptions").query(&[("limit", limit)]).send();
    subscriptions("5").expect_status(200);
    refused(&subscriptions("6"), 403, "5", "[limits] largest_page");
}

// Issue 2, limits: How much a query may read beyond what it answers.
#[test]
fn a_query_has_a_largest_effort() {
    let tenant = narrow().fresh_tenant();
    let create = |from: usize, to: usize| {
        (from..to).for_each(|n| tenant.create(&t(&n.to_string(), json!({"a": {"value": 1, "b": property(1)}}))));
    };
    // No index tells the sub-attribute, so each entity is read.
    let ask = || tenant.get("/entities").query(&[("type", "T"), ("q", "a.b==2")]).send();
    create(0, 50);
    assert_eq!(ask().expect_status(200).json(), json!([]));
    create(50, 51);
    refused(&ask(), 403, "budget", "[limits] query_reads");
    let query = [("type", "T"), ("q", "a.b==2")];
    let japanese = tenant.get("/entities").query(&query).header("Accept-Language", "ja").send().expect_status(403);
    let detail = japanese.json()["detail"].as_str().unwrap_or_default().to_owned();
    assert_eq!(not_japanese(&detail), None);
    assert!(detail.contains("50件"), "{detail}");
    finds(&tenant, &[("type", "T"), ("q", "a==2")], "");
}

// Issue 2, limits: The most attributes of an entity, however it grows.
#[test]
fn an_entity_has_a_largest_number_of_attributes() {
    let tenant = narrow().fresh_tenant();
    let four = json!({"a": property(1), "b": [{"value": 1}, {"value": 2, "datasetId": "urn:d:1"}], "c": property(1)});
    let mut five = four.clone();
    five["d"] = property(1);
    tenant.create(&t("x", four.clone()));
    refused(&tenant.post("/entities").json(t("y", five.clone())).send(), 400, "4", "[limits] attributes");
    tenant.expect_absent(&thing("y"));
    let path = format!("/entities/{}", thing("x"));
    let attrs = format!("{path}/attrs");
    refused(&tenant.post(&attrs).json(json!({"d": property(1)})).send(), 400, "4", "[limits] attributes");
    refused(&tenant.patch(&path).json(json!({"d": property(1)})).send(), 400, "4", "[limits] attributes");
    refused(&tenant.put(&path).json(t("x", five.clone())).send(), 400, "4", "[limits] attributes");
    tenant.post(&attrs).json(json!({"a": property(2)})).send().expect_status(204);
    let verdicts = tenant.post("/entityOperations/upsert").json(json!([t("x", five), t("z", four)])).send();
    let verdicts = verdicts.expect_status(207).json();
    assert_eq!(verdicts["success"], json!([thing("z")]));
    assert_eq!(verdicts["errors"][0]["entityId"], json!(thing("x")));
    assert_eq!(tenant.retrieve(&thing("x")).as_object().map(serde_json::Map::len), Some(5), "id, type, a, b and c");
    // One goes, another may come.
    tenant.delete(&format!("{attrs}/c")).send().expect_status(204);
    tenant.post(&attrs).json(json!({"d": property(1)})).send().expect_status(204);
}

// Issue 2, limits: The most bytes of a request's head, its address and headers.
#[test]
fn a_head_has_a_largest_size() {
    let options =
        |size: &str| Options { config: Some(format!("[server]\nhead_size = \"{size}\"\n")), ..Options::default() };
    let odd = City::start_with(env!("CARGO_BIN_EXE_machi"), options("40001 B"));
    for (city, most) in [(city(), 64 << 10), (narrow(), 16 << 10), (&odd, 40_001)] {
        let head = |length: usize| {
            let start = "GET /ngsi-ld/v1/types HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Filling: ";
            format!("{start}{}\r\n\r\n", "x".repeat(length - start.len() - 4)).into_bytes()
        };
        assert_eq!(head(most).len(), most);
        assert_eq!(city.raw(&head(most)).status, 200, "{most} bytes");
        refused(&city.raw(&head(most + 1)), 431, "", "[server] head_size");
        let address = |length: usize| {
            let (start, end) = ("GET /ngsi-ld/v1/types?details=", " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
            format!("{start}{}{end}", "x".repeat(length - start.len() - end.len())).into_bytes()
        };
        assert_eq!(city.raw(&address(most)).status, 400, "{most} bytes are read, and are no truth value");
        refused(&city.raw(&address(most + 1)), 431, "", "[server] head_size");
    }
}

// Issue 2, limits: The longest address, which has a limit of its own where heads may be longer.
#[test]
fn an_address_has_a_longest_length() {
    let config = "[server]\nhead_size = \"128 KiB\"\n".to_owned();
    let city = City::start_with(env!("CARGO_BIN_EXE_machi"), Options { config: Some(config), ..Options::default() });
    let ask = |length: usize| {
        let start = "/ngsi-ld/v1/types?details=";
        let filling = "x".repeat(length - start.len());
        city.raw(format!("GET {start}{filling} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes())
    };
    assert_eq!(ask(65_534).status, 400, "it is read, and is no truth value");
    let long = ask(65_535);
    refused(&long, 414, "65,534", "entityOperations/query");
    assert_eq!(long.json()["status"], json!(414));
    assert_eq!(long.json()["title"], json!("Address too long"));
}

/// Creates an entity whose @context is this URL.
fn create_under(tenant: &Client, name: &str, url: &str) -> Answer {
    tenant.post("/entities").link(url).json(t(name, json!({"a": property(1)}))).send()
}

// Issue 2, limits: The largest document of a context.
#[test]
fn a_context_has_a_largest_document() {
    let (tenant, receiver) = (narrow().fresh_tenant(), Receiver::start());
    let document = |length: usize| {
        let start = r#"{"@context":{"a":"https://example.org/a"}"#;
        format!("{start}{}}}", " ".repeat(length - start.len() - 1))
    };
    let serve =
        |path: &str, body: &str| receiver.serve_page(path, 200, &[("Content-Type", "application/ld+json")], body);
    let (fits, large) = (serve("/fits.jsonld", &document(1024)), serve("/large.jsonld", &document(1025)));
    create_under(&tenant, "fits", &fits).expect_status(201);
    refused(&create_under(&tenant, "large", &large), 504, "1024", "[contexts] document");
    tenant.expect_absent(&thing("large"));
}

// Issue 2, limits: How many documents of contexts may include one another, in a chain and in all.
#[test]
fn contexts_have_a_longest_chain_and_a_largest_family() {
    let (tenant, receiver) = (narrow().fresh_tenant(), Receiver::start());
    let last = receiver.serve("/1.jsonld", json!({"@context": {"a": "https://example.org/a"}}));
    let chained = (2..=4).fold(vec![last.clone()], |mut urls, n| {
        let url = receiver.serve(&format!("/{n}.jsonld"), json!({"@context": urls[n - 2]}));
        urls.push(url);
        urls
    });
    create_under(&tenant, "chain", &chained[2]).expect_status(201);
    let long = create_under(&tenant, "long", &chained[3]);
    refused(&long, 400, "3", "[contexts] chain");
    let family = |path: &str, members: usize| receiver.serve(path, json!({"@context": vec![last.clone(); members]}));
    let (four, five) = (family("/four.jsonld", 3), family("/five.jsonld", 4));
    create_under(&tenant, "family", &four).expect_status(201);
    refused(&create_under(&tenant, "crowd", &five), 400, "4", "[contexts] documents");
    tenant.expect_absent(&thing("long"));
    tenant.expect_absent(&thing("crowd"));
}

// Issue 2, limits: How many terms a context may define.
#[test]
fn a_context_has_a_largest_number_of_terms() {
    let tenant = narrow().fresh_tenant();
    let create = |name: &str, terms: usize| {
        let context: serde_json::Map<String, Value> =
            (0..terms).map(|n| (format!("t{n}"), json!(format!("u:{n}")))).collect();
        tenant.post("/entities").ld(t(name, json!({"@context": context}))).send()
    };
    create("fits", 20).expect_status(201);
    refused(&create("many", 21), 400, "20", "[contexts] terms");
    tenant.expect_absent(&thing("many"));
}

// Issue 2, limits: An entity has at most 1,000 types and 1,000 scopes, at once or one by one.
#[test]
fn an_entity_has_a_largest_number_of_types_and_scopes() {
    let names = |prefix: &str, numbers: std::ops::Range<u32>| -> Vec<String> {
        numbers.map(|number| format!("{prefix}{number}")).collect()
    };
    let tenant = tenant();
    let full = json!({"id": thing("full"), "type": names("T", 0..1000), "scope": names("/s", 0..1000)});
    tenant.create(&full);
    for (member, prefix) in [("type", "T"), ("scope", "/s")] {
        let mut large = t("large", json!({}));
        large[member] = json!(names(prefix, 0..1001));
        refused(&tenant.post("/entities").json(large.clone()).send(), 400, "1000", "");
        let batch = tenant.post("/entityOperations/upsert").json(json!([large])).send().expect_status(207).json();
        assert_eq!((&batch["success"], batch["errors"].as_array().map(Vec::len)), (&json!([]), Some(1)));
        let path = format!("/entities/{}/attrs", thing("full"));
        let one_more = json!({member: names(prefix, 2000..2001)});
        refused(&tenant.post(&path).query(&[("options", "noOverwrite")]).json(one_more).send(), 400, "1000", "");
        tenant
            .post(&path)
            .query(&[("options", "noOverwrite")])
            .json(json!({member: names(prefix, 0..1000)}))
            .send()
            .expect_status(204);
    }
    tenant.expect_absent(&thing("large"));
    let found = tenant.retrieve(&thing("full"));
    assert_eq!(
        (found["type"].as_array().map(Vec::len), found["scope"].as_array().map(Vec::len)),
        (Some(1000), Some(1000))
    );
}
