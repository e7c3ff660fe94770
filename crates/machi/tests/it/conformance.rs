//! Holds `docs/conformance.md` to the tests: each requirement that a test cites is a row of the table.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The requirements in the comments above each test, with the tests that check them.
fn cited() -> BTreeMap<(String, String), Vec<String>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let mut files: Vec<_> =
        fs::read_dir(folder).expect("the tests are here").flatten().map(|entry| entry.path()).collect();
    files.retain(|file| file.is_file());
    files.sort();
    let mut requirements: BTreeMap<_, Vec<String>> = BTreeMap::new();
    for file in files {
        let stem = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().to_owned();
        let text = fs::read_to_string(&file).expect("a test file is UTF-8");
        let mut pending = Vec::new();
        for line in text.lines() {
            if let Some((clause, requirement)) = line.strip_prefix("// §").and_then(|rest| rest.split_once(": ")) {
                pending.push((clause.to_owned(), requirement.to_owned()));
            } else if let Some(name) = line.strip_prefix("fn ").and_then(|rest| rest.split('(').next()) {
                for requirement in pending.drain(..) {
                    requirements.entry(requirement).or_default().push(format!("`{stem}::{name}`"));
                }
            }
        }
    }
    requirements
}

#[test]
fn every_cited_requirement_is_a_row_of_the_table() {
    let table = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/conformance.md");
    let table = fs::read_to_string(table).expect("docs/conformance.md");
    let rows: Vec<&str> = table.lines().filter(|line| line.starts_with("| §")).collect();
    let expected: Vec<String> = cited()
        .into_iter()
        .map(|((clause, requirement), tests)| format!("| §{clause} | {requirement} | {} |", tests.join(", ")))
        .collect();
    let missing: Vec<&String> = expected.iter().filter(|row| !rows.contains(&row.as_str())).collect();
    let stale: Vec<&&str> =
        rows.iter().filter(|row| row.contains("::") && !expected.contains(&(**row).to_owned())).collect();
    assert!(
        missing.is_empty() && stale.is_empty(),
        "add to docs/conformance.md:\n{missing:#?}\nremove from it:\n{stale:#?}"
    );
}
