//! What every test here uses: the shared city, a tenant of its own, and short ways to ask and to expect.

use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) use machi_testkit::*;
pub(crate) use serde_json::{Value, json};

/// NGSI-LD Null (§4.5.0), which stands for a deletion.
pub(crate) const NULL: &str = "urn:ngsi-ld:null";

/// What one long request may take above idle, in bytes.
pub(crate) const ABOVE_IDLE: u64 = 64 << 20;
/// How much more it may be where others keep the processors busy, and what is done in the background falls behind.
pub(crate) const WHERE_BUSY: u64 = 16 << 20;

/// The city that all tests of this process share.
pub(crate) fn city() -> &'static City {
    City::shared(env!("CARGO_BIN_EXE_machi"))
}

/// A client of a tenant that no other test uses.
pub(crate) fn tenant() -> Client {
    city().fresh_tenant()
}

/// A tenant that exists but holds nothing.
pub(crate) fn empty_tenant() -> Client {
    let tenant = tenant();
    tenant.create(&entity("urn:ngsi-ld:Seed:1", "Seed", json!({})));
    tenant.delete("/entities/urn:ngsi-ld:Seed:1").send().expect_status(204);
    tenant
}

/// A tenant that holds these entities.
pub(crate) fn tenant_with<'a>(entities: impl IntoIterator<Item = &'a Value>) -> Client {
    let tenant = tenant();
    tenant.create_all(entities);
    tenant
}

/// `urn:ngsi-ld:T:name`, the id of an entity of the type `T`.
pub(crate) fn thing(name: &str) -> String {
    format!("urn:ngsi-ld:T:{name}")
}

/// An entity of the type `T`.
pub(crate) fn t(name: &str, rest: Value) -> Value {
    entity(&thing(name), "T", rest)
}

/// Sets the attribute `a` of the thing `x`.
pub(crate) fn change(client: &Client, value: i64) {
    let path = format!("/entities/{}", thing("x"));
    client.patch(&path).json(json!({"a": property(value)})).send().expect_status(204);
}

/// The values of the attribute `a` of the thing `x` that the temporal API tells, in the order of their changes.
pub(crate) fn past_values(client: &Client) -> Vec<i64> {
    let path = format!("/temporal/entities/{}", thing("x"));
    let query = [("timeproperty", "modifiedAt"), ("options", "temporalValues")];
    let answer = client.get(&path).query(&query).send().expect_status(200).json();
    answer["a"]["values"].as_array().into_iter().flatten().filter_map(|pair| pair[0].as_i64()).collect()
}

/// Runs the program with some variables set; whether it succeeded, and all that it said, in English.
pub(crate) fn machi(variables: &Environment, arguments: &[&str], places: &[&Path]) -> (bool, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_machi"));
    command.env("LC_ALL", "C").envs(variables.iter().map(|(name, value)| (name, value))).args(arguments).args(places);
    let done = command.output().expect("the binary runs");
    let said = [done.stdout, done.stderr].concat();
    (done.status.success(), String::from_utf8_lossy(&said).into_owned())
}

/// Expects that a query finds the entities whose short names are listed, in any order.
#[track_caller]
pub(crate) fn finds(tenant: &Client, query: &[(&str, &str)], names: &str) {
    let mut expected: Vec<String> = names.split_whitespace().map(thing).collect();
    expected.sort();
    assert_eq!(tenant.query(query), expected, "{query:?}");
}

/// Expects that a query gives the entities whose short names are listed, in this order.
#[track_caller]
pub(crate) fn lists(tenant: &Client, query: &[(&str, &str)], names: &str) {
    let expected: Vec<String> = names.split_whitespace().map(thing).collect();
    assert_eq!(ids(&tenant.find(query)), expected, "{query:?}");
}

/// Expects that a query is refused, and gives the detail.
#[track_caller]
pub(crate) fn refuses(tenant: &Client, query: &[(&str, &str)], problem: &str) -> String {
    tenant.get("/entities").query(query).send().problem(problem)
}

/// The name that a term has where no @context defines it.
pub(crate) fn full(term: &str) -> String {
    format!("{DEFAULT_VOCABULARY}{term}")
}

/// Where a program is, if it is installed.
pub(crate) fn which(program: &str) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders).map(|folder| folder.join(program)).find(|path| path.is_file())
}
