//! Which crate of ours may use which: the map in ARCHITECTURE.md, and no other arrow.
//!
//! The map is the one table: this test reads it. A place that is not in it fails the test, and so does a row that
//! tells more than is used; what a kind of crate may know at all stands below.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use crate::assert_clean;
use crate::checkout::root;
use crate::packages::{Ours, ours, short};

const MAP: &str = "ARCHITECTURE.md";

/// What stands in the column `kind`, and which kinds a crate of that kind may know.
const KINDS: &[(&str, &[&str])] = &[
    ("layer", &["layer"]),
    // Siblings never know each other: `machi` introduces them.
    ("block", &["layer"]),
    // Only the binary, and what measures it, names an adapter.
    ("adapter", &["layer"]),
    // What speaks to a running Machi from outside, like any other client.
    ("client", &["layer"]),
    ("assembly", &["layer", "block", "adapter", "client"]),
    // What measures sets the clock as a test does.
    ("measure", &["layer", "adapter", "test"]),
    ("test", &["layer"]),
    ("page", &[]),
];

/// Folders without code of the product.
const NOT_IN_THE_MAP: &[&str] = &["crates", "docs", "scripts", "target", "data"];

/// A row of the map.
#[derive(Clone, Debug)]
struct Row {
    place: String,
    kind: String,
    knows: BTreeSet<String>,
}

#[test]
fn every_arrow_between_our_crates_is_in_the_map() {
    let rows = rows(&fs::read_to_string(root().join(MAP)).expect("the map is there"));
    let mut findings = wrong_rows(&rows);
    findings.extend(wrong_arrows(&rows, &ours()));
    findings.extend(wrong_places(&rows, &places()));
    assert_clean(&findings);
}

#[test]
fn an_arrow_that_is_not_in_the_map_is_found() {
    let rows = rows(
        "| place | what | kind | knows |\n\
         |---|---|---|---|\n\
         | `crates/types` | words | layer | nothing of ours |\n\
         | `crates/store` | a port | layer | `types` |\n\
         | `crates/broker` | a block | block | `store`, `types` |\n\
         | `crates/connect` | a block | block | `types` |\n\
         | `crates/machi` | the binary | assembly | `broker`, `connect` |\n",
    );
    assert_eq!(rows.len(), 5);
    let city = |from: &str, knows: &[&str]| -> Vec<Ours> {
        let real = [("types", vec![]), ("store", vec!["types"]), ("broker", vec!["store", "types"])];
        let real = real.into_iter().chain([("connect", vec!["types"]), ("machi", vec!["broker", "connect"])]);
        real.map(|(name, uses)| Ours::example(name, if name == from { knows } else { &uses })).collect()
    };
    let count = |from: &str, knows: &[&str]| wrong_arrows(&rows, &city(from, knows)).len();
    assert_eq!(count("types", &[]), 0);
    assert_eq!(count("connect", &["types", "store"]), 1, "more than the map says");
    assert_eq!(count("broker", &["types"]), 1, "less than the map says");
    assert_eq!(count("stranger", &[]), 0);
    assert_eq!(wrong_arrows(&rows, &[Ours::example("stranger", &[])]).len(), 1, "a crate without a row");

    assert_clean(&wrong_rows(&rows));
    for (name, knows) in [("broker", "connect"), ("connect", "machi"), ("types", "broker"), ("connect", "nobody")] {
        let mut wrong = rows.clone();
        wrong.iter_mut().find(|row| row.name() == name).unwrap().knows.insert(knows.to_owned());
        assert_eq!(wrong_rows(&wrong).len(), 1, "{name} {knows}");
    }
    let places = rows.iter().map(|row| row.place.clone()).collect::<BTreeSet<_>>();
    assert_clean(&wrong_places(&rows, &places));
    let mut more = places.clone();
    more.insert("console".to_owned());
    assert_eq!(wrong_places(&rows, &more).len(), 1);
    assert_eq!(wrong_places(&rows, &BTreeSet::new()).len(), 5);
}

impl Row {
    fn name(&self) -> &str {
        self.place.strip_prefix("crates/").unwrap_or(&self.place)
    }
}

/// The rows of the table whose places stand in code.
fn rows(map: &str) -> Vec<Row> {
    let cells = |line: &str| -> Vec<String> { line.split('|').map(|cell| cell.trim().to_owned()).collect() };
    let quoted = |cell: &str| -> BTreeSet<String> { cell.split('`').skip(1).step_by(2).map(str::to_owned).collect() };
    let lines = map.lines().filter(|line| line.starts_with("| `"));
    let rows = lines.map(cells).filter_map(|cells| match cells.as_slice() {
        [_, place, _, kind, knows, _] => {
            Some(Row { place: place.trim_matches('`').to_owned(), kind: kind.clone(), knows: quoted(knows) })
        }
        _ => None,
    });
    rows.collect()
}

/// Rows that tell of arrows which their kind may not have.
fn wrong_rows(rows: &[Row]) -> Vec<String> {
    let kinds: BTreeMap<&str, &str> = rows.iter().map(|row| (row.name(), row.kind.as_str())).collect();
    let mut findings = Vec::new();
    for row in rows {
        let Some((_, allowed)) = KINDS.iter().find(|(kind, _)| *kind == row.kind) else {
            findings.push(format!("{MAP}: {} is of no kind that there is: {}", row.place, row.kind));
            continue;
        };
        let is_allowed = |known: &&String| kinds.get(known.as_str()).is_some_and(|kind| allowed.contains(kind));
        let wrong = row.knows.iter().filter(|known| !is_allowed(known));
        findings
            .extend(wrong.map(|known| format!("{MAP}: a {} such as {} must not know {known}", row.kind, row.place)));
    }
    findings
}

/// Where manifests and map differ. Whatever only tests use is `testkit`, or stands in the map.
fn wrong_arrows(rows: &[Row], packages: &[Ours]) -> Vec<String> {
    let mut findings = Vec::new();
    for package in packages {
        let name = &package.name;
        let Some(row) = rows.iter().find(|row| row.name() == name) else {
            findings.push(format!("{name} has no row in the map of {MAP}"));
            continue;
        };
        let ours = package.uses.iter().filter(|used| used.is_ours);
        let used: BTreeSet<String> = ours
            .filter(|used| !(used.for_tests_only && short(&used.name) == "testkit"))
            .map(|used| short(&used.name).to_owned())
            .collect();
        findings.extend(used.difference(&row.knows).map(|used| format!("{name} uses {used}; the map does not say so")));
        findings
            .extend(row.knows.difference(&used).map(|known| format!("{name} does not use {known}, as the map says")));
    }
    findings
}

/// Places that the map lacks, and rows without a place.
fn wrong_places(rows: &[Row], places: &BTreeSet<String>) -> Vec<String> {
    let told: BTreeSet<String> = rows.iter().map(|row| row.place.clone()).collect();
    let lacking = places.difference(&told).map(|place| format!("{place} has no row in the map of {MAP}"));
    lacking.chain(told.difference(places).map(|place| format!("{MAP}: there is no {place}"))).collect()
}

/// Every folder with code of the product.
fn places() -> BTreeSet<String> {
    let folders = |folder: &str| -> Vec<String> {
        let entries = fs::read_dir(root().join(folder)).expect("the checkout can be read");
        let entries = entries.map(|entry| entry.expect("the checkout can be read"));
        let folders = entries.filter(|entry| entry.path().is_dir());
        let names = folders.filter_map(|entry| entry.file_name().into_string().ok());
        names.filter(|name| !name.starts_with('.')).collect()
    };
    let top = folders(".").into_iter().filter(|name| !NOT_IN_THE_MAP.contains(&name.as_str()));
    top.chain(folders("crates").into_iter().map(|name| format!("crates/{name}"))).collect()
}
