//! Added indexes, from outside: asked for, used, kept over a restart, dropped; and queries that none answers.

use std::time::{Duration, Instant};

use crate::kit::*;

const INDEXES: &str = "/machi/v1/indexes";

/// Waits until an index answers queries, and gives what the city then says of it.
#[track_caller]
fn ready(tenant: &Client, id: &str) -> Value {
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        let index = tenant.get(&format!("{INDEXES}/{id}")).send().expect_status(200).json();
        if index["state"] == "ready" {
            return index;
        }
        assert!(Instant::now() < until, "not built: {index}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[track_caller]
fn add(tenant: &Client, body: Value) -> String {
    let answer = tenant.post(INDEXES).json(body).send().expect_status(201);
    let index = answer.json();
    let id = index["id"].as_str().expect("it has an id").to_owned();
    assert_eq!(answer.expect_header("Location"), format!("{INDEXES}/{id}"));
    ready(tenant, &id);
    id
}

fn rooms(tenant: &Client) {
    for i in 0..40 {
        let long = format!("{} and then room {i}", "a text that is longer than what is kept of it ".repeat(3));
        tenant.create(&t(
            &format!("{i:02}"),
            json!({
                "temperature": {"type": "Property", "value": i, "accuracy": property(i % 4), "observedAt": format!("2026-01-{:02}T00:00:00Z", i % 20 + 1)},
                "address": property(json!({"city": if i % 2 == 0 { "鯖江" } else { "福井" }, "floor": {"n": i}})),
                "note": property(long),
            }),
        ));
    }
}

/// The same questions, however they are answered.
#[track_caller]
fn asks(tenant: &Client) {
    finds(tenant, &[("type", "T"), ("q", "temperature.accuracy==3;temperature<10")], "03 07");
    finds(tenant, &[("type", "T"), ("q", "temperature.accuracy>2;temperature>=36")], "39");
    finds(tenant, &[("type", "T"), ("q", "!temperature.accuracy")], "");
    finds(tenant, &[("type", "T"), ("q", "address[city]==\"鯖江\";temperature<4")], "00 02");
    finds(tenant, &[("type", "T"), ("q", "address[floor.n]==7..9")], "07 08 09");
    finds(tenant, &[("type", "T"), ("q", "temperature.observedAt==2026-01-03T00:00:00Z")], "02 22");
    finds(tenant, &[("type", "T"), ("q", "note~=room 1$")], "01");
    finds(tenant, &[("type", "T"), ("q", "note!~=kept;type==T")], "");
}

#[test]
fn an_added_index_changes_no_answer_and_survives_a_restart() {
    let city = City::start(env!("CARGO_BIN_EXE_machi"));
    let tenant = city.client();
    rooms(&tenant);
    asks(&tenant);
    let paths = [
        ("temperature.accuracy", false),
        ("temperature.observedAt", false),
        ("address[city]", false),
        ("address[floor.n]", false),
        ("note", true),
    ];
    let added: Vec<String> =
        paths.iter().map(|(path, patterns)| add(&tenant, json!({"path": path, "patterns": patterns}))).collect();
    asks(&tenant);
    let first = ready(&tenant, &added[0]);
    assert_eq!(
        (&first["path"], &first["entities"], &first["entitiesDone"]),
        (&json!("temperature.accuracy"), &json!(40), &json!(40))
    );
    let again = tenant.post(INDEXES).json(json!({"path": "temperature.accuracy"})).send().expect_status(200);
    assert_eq!(again.json()["id"], json!(added[0]));
    // What is written from now on is in them.
    tenant.create(&t("99", json!({"temperature": {"type": "Property", "value": 99, "accuracy": property(3)}})));
    finds(&tenant, &[("type", "T"), ("q", "temperature.accuracy==3;temperature>35")], "39 99");
    city.restart();
    added.iter().for_each(|id| drop(ready(&tenant, id)));
    tenant.delete(&format!("/entities/{}", thing("99"))).send().expect_status(204);
    asks(&tenant);
    assert_eq!(tenant.get(INDEXES).send().expect_status(200).json().as_array().map(Vec::len), Some(paths.len()));
    for id in &added {
        tenant.delete(&format!("{INDEXES}/{id}")).send().expect_status(204);
    }
    tenant.delete(&format!("{INDEXES}/{}", added[0])).send().expect_status(404);
    asks(&tenant);
}

#[test]
fn indexes_belong_to_a_tenant() {
    let (one, other) = (tenant(), tenant());
    one.create(&t("1", json!({"a": property(1)})));
    other.create(&t("1", json!({"a": property(1)})));
    add(&one, json!({"path": "a.b"}));
    assert_eq!(other.get(INDEXES).send().expect_status(200).json(), json!([]));
    tenant().get(INDEXES).send().expect_status(404);
}

#[test]
fn what_cannot_be_indexed_is_refused() {
    let tenant = tenant_with(&[t("1", json!({}))]);
    for body in [
        json!({}),
        json!({"path": 1}),
        json!({"path": "a"}),
        json!({"path": "a.b", "patterns": "yes"}),
        json!({"path": "a.b", "pattern": true}),
        json!({"path": "a.b==1"}),
        json!({"path": "a.b;c"}),
        json!({"path": "a{b}"}),
        json!({"path": "a.modifiedAt"}),
        json!({"path": "id", "patterns": true}),
        json!({"path": "a..b"}),
        json!({"path": ""}),
    ] {
        let answer = tenant.post(INDEXES).json(body.clone()).send();
        assert_eq!(answer.status, 400, "{body}: {answer:?}");
    }
}

#[test]
fn a_query_beyond_its_budget_is_too_complex() {
    let config = "[limits]\nquery_reads = 10\n".to_owned();
    let city = City::start_with(env!("CARGO_BIN_EXE_machi"), Options { config: Some(config), ..Options::default() });
    let tenant = city.client();
    rooms(&tenant);
    let unanswered = [("type", "T"), ("q", "temperature.accuracy==77")];
    refuses(&tenant, &unanswered, "TooComplexQuery");
    add(&tenant, json!({"path": "temperature.accuracy"}));
    finds(&tenant, &unanswered, "");
}
