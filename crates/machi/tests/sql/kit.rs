//! What every test here uses: the shared city, a tenant of its own, and short ways to ask in SQL.

pub(crate) use machi_testkit::*;
pub(crate) use serde_json::{Value, json};

/// The city that all tests of this process share.
pub(crate) fn city() -> &'static City {
    City::shared(env!("CARGO_BIN_EXE_machi"))
}

/// A city with settings of its own.
pub(crate) fn city_with(config: &str) -> City {
    let options = Options { config: Some(config.to_owned()), ..Options::default() };
    City::start_with(env!("CARGO_BIN_EXE_machi"), options)
}

/// A client of a tenant that holds these entities.
pub(crate) fn tenant_with<'a>(entities: impl IntoIterator<Item = &'a Value>) -> Client {
    let tenant = city().fresh_tenant();
    tenant.create_all(entities);
    tenant
}

/// A query, not sent yet.
pub(crate) fn query(client: &Client, query: &str) -> Request {
    client.post("/machi/v1/sql").json(json!({ "query": query }))
}

/// The rows of a query.
#[track_caller]
pub(crate) fn rows(client: &Client, text: &str) -> Value {
    query(client, text).send().expect_status(200).json()
}

/// The one value of the one row of a query.
#[track_caller]
pub(crate) fn value(client: &Client, text: &str) -> Value {
    let rows = rows(client, text);
    let row = rows[0].as_object().unwrap_or_else(|| panic!("no row: {text}"));
    assert!(rows.as_array().is_some_and(|rows| rows.len() == 1) && row.len() == 1, "{rows}");
    row.values().next().cloned().unwrap_or_default()
}

/// Expects a refusal with this status and type, and gives what it says.
#[track_caller]
pub(crate) fn refused(answer: &Answer, status: u16, kind: &str) -> String {
    assert_eq!(answer.status, status, "{answer:?}");
    let body = answer.json();
    let told = body["type"].as_str().unwrap_or_default();
    assert!(told.ends_with(kind), "{answer:?}");
    body["detail"].as_str().unwrap_or_default().to_owned()
}
