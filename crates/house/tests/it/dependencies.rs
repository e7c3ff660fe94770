//! What may be depended on: the lists of `deny.toml`, and which crate of ours may know which of the world's.
//!
//! cargo-deny reads the same lists where it is installed; these tests hold them where it is not.

use std::collections::BTreeSet;
use std::fs;

use toml::{Table, Value};

use crate::assert_clean;
use crate::checkout::root;
use crate::packages::{Package, graph, of_the_binary, ours};
use crate::spdx;

/// Outside crates that only some of ours may name.
const KNOWN_ONLY_TO: &[(&str, &[&str])] = &[
    ("lsm-tree", &["store-embedded"]),
    ("parquet", &["history-lake"]),
    ("object_store", &["history-bucket"]),
    ("tokio-postgres", &["store-postgres"]),
    ("deadpool-postgres", &["store-postgres"]),
    ("async-nats", &["bus-nats"]),
    ("datafusion", &["sql"]),
    ("clap", &["machi", "bench", "testkit"]),
    ("mimalloc", &["machi", "bench"]),
    ("toml", &["machi", "connect", "house", "bench", "testkit"]),
    ("tracing-subscriber", &["machi", "bench", "testkit"]),
];

/// What the pure crates stay free of, down to the last package below them.
const PURE: &[&str] = &["types", "model"];
const IMPURE: &[&str] = &["tokio", "axum", "hyper", "http", "rustls", "ring", "clap", "tracing-subscriber", "mio"];

/// Layers below the edge that speak no HTTP.
const WITHOUT_HTTP: &[&str] = &["types", "model", "store", "connect", "store-embedded", "store-postgres"];
const HTTP: &[&str] = &["axum", "hyper", "http", "ureq", "reqwest"];

/// How many packages the binary may consist of: a first build on two cores lasts less than ten minutes; with 271 it took
/// 5 min 6 s.
const MOST_PACKAGES: usize = 280;

#[test]
fn every_licence_is_permissive() {
    let allowed = strings(&deny_toml()["licenses"]["allow"]);
    assert!(!allowed.is_empty());
    assert_clean(&graph().packages().filter_map(|package| bad_licence(package, &allowed)).collect::<Vec<_>>());
}

#[test]
fn every_package_comes_from_the_public_index() {
    assert_clean(&graph().packages().filter_map(bad_source).collect::<Vec<_>>());
}

#[test]
fn no_banned_package_is_in_the_graph() {
    let config = deny_toml();
    let bans = config["bans"]["deny"].as_array().expect("deny.toml has a list of bans");
    assert!(!bans.is_empty());
    let names: BTreeSet<&str> = graph().packages().map(|package| package.name.as_str()).collect();
    let is_present = |ban: &&Value| {
        let name = ban["crate"].as_str().unwrap_or_default();
        // Those that may bring it in; nobody else may.
        let wrappers = ban.get("wrappers").map(strings).unwrap_or_default();
        names.contains(name)
            && (wrappers.is_empty() || graph().needing(name).iter().any(|by| !wrappers.iter().any(|one| one == by)))
    };
    let present = bans.iter().filter(is_present);
    assert_clean(&present.map(|ban| format!("{} is banned: {}", ban["crate"], ban["reason"])).collect::<Vec<_>>());
}

#[test]
fn a_crate_that_has_its_home_is_named_nowhere_else() {
    let mut findings = Vec::new();
    for package in ours() {
        for (outside, homes) in KNOWN_ONLY_TO {
            if package.uses.iter().any(|used| !used.is_ours && used.name == *outside)
                && !homes.contains(&package.name.as_str())
            {
                findings.push(format!("{} names {outside}, which belongs to {}", package.name, homes.join(", ")));
            }
        }
        if WITHOUT_HTTP.contains(&package.name.as_str()) {
            let named = package
                .uses
                .iter()
                .filter(|used| !used.is_ours && !used.for_tests_only && HTTP.contains(&used.name.as_str()));
            findings.extend(named.map(|used| format!("{} speaks no HTTP, but names {}", package.name, used.name)));
        }
    }
    assert_clean(&findings);
}

#[test]
fn the_pure_crates_stay_pure() {
    for pure in PURE {
        let below = graph().closure(pure);
        assert!(!below.is_empty(), "{pure} is in the graph");
        let impure: Vec<_> = IMPURE.iter().filter(|name| below.contains(**name)).collect();
        assert!(impure.is_empty(), "{pure} is pure, but brings in {impure:?}");
    }
}

#[test]
fn the_binary_stays_lean() {
    let packages = of_the_binary().len();
    assert!(
        packages <= MOST_PACKAGES,
        "the binary consists of {packages} packages, more than {MOST_PACKAGES}: leave one out, or raise the number \
         with the measured time of a first build"
    );
}

#[test]
fn a_bad_licence_or_source_is_found() {
    let allowed = vec!["MIT".to_owned()];
    assert!(bad_licence(&package(Some("MIT OR GPL-3.0-only"), None), &allowed).is_none());
    assert!(bad_licence(&package(Some("AGPL-3.0-only"), None), &allowed).is_some());
    assert!(bad_licence(&package(None, None), &allowed).is_some());
    assert!(bad_source(&package(None, None)).is_none());
    assert!(bad_source(&package(None, Some("git+https://example.org/a"))).is_some());
    assert!(bad_source(&package(None, Some("registry+https://example.org/index"))).is_some());
}

fn bad_licence(package: &Package, allowed: &[String]) -> Option<String> {
    let Package { name, version, licence, .. } = package;
    match licence {
        Some(licence) if spdx::is_allowed(licence, allowed) => None,
        Some(licence) => Some(format!("{name} {version} is under {licence}, which deny.toml does not allow")),
        None => Some(format!("{name} {version} names no licence")),
    }
}

fn bad_source(package: &Package) -> Option<String> {
    let source = package.source.as_deref()?;
    let is_public = source.starts_with("registry+") && source.ends_with("/rust-lang/crates.io-index");
    (!is_public).then(|| format!("{} {} comes from {source}", package.name, package.version))
}

fn deny_toml() -> Table {
    let text = fs::read_to_string(root().join("deny.toml")).expect("deny.toml can be read");
    text.parse().expect("deny.toml is TOML")
}

fn strings(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn package(licence: Option<&str>, source: Option<&str>) -> Package {
    Package::example(licence.map(str::to_owned), source.map(str::to_owned))
}
