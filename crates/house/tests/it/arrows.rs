//! Which crate of ours may use which: the table of ARCHITECTURE.md, and no other arrow.
//!
//! A crate that is not in the table fails the test: give it its place here, in the same change
//! that creates it, and say why in a decision record when the place is not obvious.

use crate::assert_clean;
use crate::packages::{Ours, Use, ours, short};

/// The layers below the blocks.
const LAYERS: &[(&str, &[&str])] = &[
    ("types", &[]),
    ("model", &["types"]),
    ("store", &["types"]),
    ("contracts", &["model", "types"]),
    ("http", &["contracts", "model", "types"]),
    // The tests of the house read files and manifests; they use nothing of ours.
    ("house", &[]),
];

/// Siblings that never depend on each other: they meet through `contracts`, and `machi` introduces them.
const BLOCKS: &[&str] = &[
    "broker",
    "history",
    "twins",
    "identity",
    "gateway",
    "services",
    "assets",
    "connect",
    "exchange",
    "civic",
    "guard",
    "operate",
    "buildings",
];
const BLOCK_MAY_USE: &[&str] = &["http", "contracts", "store", "model", "types"];

/// A block's own pure sub-crate is called `<block>-<noun>`.
const SUB_CRATE_MAY_USE: &[&str] = &["model", "types"];

/// Leaves that only the binary names, each with the crate that owns its port.
const ADAPTERS: &[(&str, &str)] = &[
    ("store-embedded", "store"),
    ("store-postgres", "store"),
    ("history-lake", "history"),
    ("bus-nats", "contracts"),
    ("drivers", "connect"),
];

/// The assembly, and what measures or tests it, may use anything.
const ASSEMBLY: &[&str] = &["machi", "testkit", "bench"];

#[test]
fn every_arrow_between_our_crates_is_in_the_table() {
    assert_clean(&forbidden_arrows(&ours()));
}

#[test]
fn an_arrow_that_is_not_in_the_table_is_found() {
    let all = ["types", "model", "store", "broker", "broker-query", "identity", "store-embedded", "machi", "testkit"];
    let city = |from: &str, target: &str, for_tests_only: bool| -> Vec<Ours> {
        let uses = |name: &str| {
            if name == from { vec![arrow(target, for_tests_only)] } else { Vec::new() }
        };
        all.iter().map(|name| Ours { name: (*name).to_owned(), uses: uses(name) }).collect()
    };
    let is_forbidden = |from, target, tests| !forbidden_arrows(&city(from, target, tests)).is_empty();

    assert!(is_forbidden("types", "model", false), "a layer above");
    assert!(is_forbidden("broker", "identity", false), "a sibling");
    assert!(is_forbidden("broker", "identity", true), "a sibling, in tests");
    assert!(is_forbidden("broker", "store-embedded", false), "an adapter");
    assert!(is_forbidden("broker", "machi", false), "the assembly");
    assert!(is_forbidden("broker", "testkit", false), "the testkit outside tests");
    assert!(is_forbidden("identity", "broker-query", false), "a sibling's sub-crate");
    assert!(is_forbidden("store-embedded", "model", false), "what the port's owner may not use");

    assert!(!is_forbidden("broker", "broker-query", false));
    assert!(!is_forbidden("broker", "testkit", true));
    assert!(!is_forbidden("store-embedded", "types", false));
    assert!(!is_forbidden("testkit", "machi", false));
    assert!(!is_forbidden("machi", "store-embedded", false));
}

#[test]
fn a_crate_without_a_place_is_found() {
    let stranger = Ours { name: "utilities".to_owned(), uses: Vec::new() };
    assert_eq!(forbidden_arrows(&[stranger]).len(), 1);
}

/// Where a crate stands.
enum Place {
    Layer(&'static [&'static str]),
    Block,
    SubCrate,
    Adapter { port: &'static str },
    Assembly,
}

/// The arrows that the table does not have.
fn forbidden_arrows(packages: &[Ours]) -> Vec<String> {
    let mut findings = Vec::new();
    for package in packages {
        if place(&package.name).is_none() {
            findings.push(format!("{} has no place in the table of crates/house/tests/it/arrows.rs", package.name));
        }
        let forbidden = package.uses.iter().filter(|used| used.is_ours && !is_allowed(&package.name, used));
        findings.extend(forbidden.map(|used| format!("{} must not depend on {}", package.name, short(&used.name))));
    }
    findings
}

fn is_allowed(name: &str, used: &Use) -> bool {
    let target = short(&used.name);
    if target == "testkit" {
        return used.for_tests_only || name == "bench";
    }
    may_use(name, target)
}

fn may_use(name: &str, target: &str) -> bool {
    match place(name) {
        Some(Place::Layer(below)) => below.contains(&target),
        Some(Place::Block) => BLOCK_MAY_USE.contains(&target) || block_of(target) == Some(name),
        Some(Place::SubCrate) => SUB_CRATE_MAY_USE.contains(&target),
        Some(Place::Adapter { port }) => target == port || may_use(port, target),
        Some(Place::Assembly) => true,
        None => false,
    }
}

fn place(name: &str) -> Option<Place> {
    if ASSEMBLY.contains(&name) {
        return Some(Place::Assembly);
    }
    if BLOCKS.contains(&name) {
        return Some(Place::Block);
    }
    if let Some((_, below)) = LAYERS.iter().find(|(layer, _)| *layer == name) {
        return Some(Place::Layer(below));
    }
    // Before the sub-crates: history-lake is an adapter of history's port, not a part of history.
    if let Some((_, port)) = ADAPTERS.iter().find(|(adapter, _)| *adapter == name) {
        return Some(Place::Adapter { port });
    }
    block_of(name).map(|_| Place::SubCrate)
}

/// The block whose sub-crate this is.
fn block_of(name: &str) -> Option<&'static str> {
    if ADAPTERS.iter().any(|(adapter, _)| *adapter == name) {
        return None;
    }
    BLOCKS.iter().copied().find(|block| name.strip_prefix(block).is_some_and(|rest| rest.starts_with('-')))
}

fn arrow(target: &str, for_tests_only: bool) -> Use {
    Use { name: format!("machi-{target}"), is_ours: true, for_tests_only }
}
