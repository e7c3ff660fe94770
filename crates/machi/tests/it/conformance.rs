//! Holds `docs/conformance.md` to the tests: each requirement that a test cites is a row of the table.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The files in a folder and in those below it, in their order.
fn files_in(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<_> =
        fs::read_dir(folder).expect("the tests are here").flatten().map(|entry| entry.path()).collect();
    entries.sort();
    entries.into_iter().flat_map(|entry| if entry.is_dir() { files_in(&entry) } else { vec![entry] }).collect()
}

/// Where tests cite requirements, and what their names begin with in the table.
const FOLDERS: [(&str, &str); 2] = [("tests/it", ""), ("../history/tests/it", "history::")];

/// The requirements in the comments above each test, with the tests that check them.
fn cited() -> BTreeMap<(String, String), Vec<String>> {
    let mut requirements: BTreeMap<_, Vec<String>> = BTreeMap::new();
    for (folder, prefix) in FOLDERS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        for file in files_in(&folder) {
            let module = file.strip_prefix(&folder).expect("it lies there").with_extension("");
            let stem = module.to_str().unwrap_or_default().replace('/', "::");
            let text = fs::read_to_string(&file).expect("a test file is UTF-8");
            let mut pending = Vec::new();
            for line in text.lines() {
                let signature = line.strip_prefix("async ").unwrap_or(line);
                if let Some((clause, requirement)) = line.strip_prefix("// §").and_then(|rest| rest.split_once(": ")) {
                    pending.push((clause.to_owned(), requirement.to_owned()));
                } else if let Some(name) = signature.strip_prefix("fn ").and_then(|rest| rest.split('(').next()) {
                    for requirement in pending.drain(..) {
                        requirements.entry(requirement).or_default().push(format!("`{prefix}{stem}::{name}`"));
                    }
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

/// The clauses of ETSI GS CIM 009 v1.9.1 that can require something, in their order: those of chapters 4 and 7 and the
/// normative annexes one by one, those of chapter 5 by operation or type, those of chapter 6 by method.
const CLAUSES: &str = "\
    4.1 4.2.1 4.2.2 4.2.3 4.2.4 4.2.5 4.3.1 4.3.2 4.3.3 4.3.4 4.3.5 4.3.6.1 4.3.6.2 4.3.6.3 4.3.6.4 4.3.6.5 \
    4.3.6.6 4.3.6.7 4.3.6.8 4.3.7 4.4 4.5.0 4.5.1 4.5.2.1 4.5.2.2 4.5.2.3 4.5.3.1 4.5.3.2 4.5.3.3 4.5.4 4.5.5.1 \
    4.5.5.2 4.5.5.3 4.5.6 4.5.7 4.5.8 4.5.9 4.5.10 4.5.11 4.5.12 4.5.13 4.5.14 4.5.15 4.5.16.0 4.5.16.1 4.5.16.2 \
    4.5.16.3 4.5.17.0 4.5.17.1 4.5.17.2 4.5.18.1 4.5.18.2 4.5.18.3 4.5.19.0 4.5.19.1 4.5.20.1 4.5.20.2 4.5.20.3 \
    4.5.21.1 4.5.21.2 4.5.21.3 4.5.22.1 4.5.22.2 4.5.22.3 4.5.23.1 4.5.23.2 4.5.23.3 4.5.24.1 4.5.24.2 4.5.24.3 \
    4.5.25 4.6.1 4.6.2 4.6.3 4.6.4 4.6.5 4.6.6 4.7.1 4.7.2 4.7.3 4.8 4.9 4.10 4.11 4.12 4.13 4.14 4.15 4.16 4.17 \
    4.18 4.19 4.20 4.21 4.22 4.23.1 4.23.2 4.23.3 5.1 5.2.1 5.2.2 5.2.3 5.2.4 5.2.5 5.2.6 5.2.7 5.2.8 5.2.9 5.2.10 \
    5.2.11 5.2.12 5.2.13 5.2.14 5.2.15 5.2.16 5.2.17 5.2.18 5.2.19 5.2.20 5.2.21 5.2.22 5.2.23 5.2.24 5.2.25 \
    5.2.26 5.2.27 5.2.28 5.2.29 5.2.30 5.2.31 5.2.32 5.2.33 5.2.34 5.2.35 5.2.36 5.2.37 5.2.38 5.2.39 5.2.40 \
    5.2.41 5.2.42 5.2.43 5.2.44 5.3.1 5.3.2 5.3.3 5.3.4 5.4 5.5.1 5.5.2 5.5.3 5.5.4 5.5.5 5.5.6 5.5.7 5.5.8 5.5.9 \
    5.5.10 5.5.11 5.5.12 5.5.13 5.5.14 5.5.15 5.6.1 5.6.2 5.6.3 5.6.4 5.6.5 5.6.6 5.6.7 5.6.8 5.6.9 5.6.10 5.6.11 \
    5.6.12 5.6.13 5.6.14 5.6.15 5.6.16 5.6.17 5.6.18 5.6.19 5.6.20 5.6.21 5.7.1 5.7.2 5.7.3 5.7.4 5.7.5 5.7.6 \
    5.7.7 5.7.8 5.7.9 5.7.10 5.8.1 5.8.2 5.8.3 5.8.4 5.8.5 5.8.6 5.9 5.10 5.11 5.12 5.13.1 5.13.2 5.13.3 5.13.4 \
    5.13.5 5.14 5.15.1 5.16 6.1 6.2 6.3.1 6.3.2 6.3.3 6.3.4 6.3.5 6.3.6 6.3.7 6.3.8 6.3.9 6.3.10 6.3.11 6.3.12 \
    6.3.13 6.3.14 6.3.15 6.3.16 6.3.17 6.3.18 6.3.19 6.3.20 6.3.21 6.3.22 6.4.3.1 6.4.3.2 6.4.3.3 6.5.3.1 6.5.3.2 \
    6.5.3.3 6.5.3.4 6.6.3.1 6.6.3.2 6.7.3.1 6.7.3.2 6.7.3.3 6.8.3.1 6.8.3.2 6.9.3.1 6.9.3.2 6.9.3.3 6.10.3.1 \
    6.10.3.2 6.11.3.1 6.11.3.2 6.11.3.3 6.12.3.1 6.12.3.2 6.13.3.1 6.13.3.2 6.13.3.3 6.14.3.1 6.15.3.1 6.16.3.1 \
    6.17.3.1 6.18.3.1 6.18.3.2 6.19.3.1 6.19.3.2 6.20.3.1 6.21.3.1 6.22.3.1 6.22.3.2 6.23.3.1 6.24.3.1 6.25.3.1 \
    6.26.3.1 6.27.3.1 6.28.3.1 6.29.3.1 6.29.3.2 6.30.3.1 6.30.3.2 6.31.3.1 6.32.3.1 6.32.3.2 6.32.3.3 6.33.3.1 \
    6.34.3.1 6.34.3.2 6.35.3.1 6.35.3.2 6.36.3.1 6.36.3.2 6.37.3.1 6.37.3.2 6.37.3.3 6.38.3.1 7.1 7.2 A B";

#[test]
fn every_clause_of_the_standard_has_a_row_or_a_reason() {
    let table = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/conformance.md");
    let table = fs::read_to_string(table).expect("docs/conformance.md");
    let clauses: Vec<&str> = CLAUSES.split_whitespace().collect();
    let mut told = BTreeSet::new();
    for cell in table.lines().filter_map(|line| line.strip_prefix("| §")?.split(" | ").next()) {
        for range in cell.split(", §") {
            let (first, last) = range.split_once(" to §").unwrap_or((range, range));
            told.extend(between(&clauses, first, last));
        }
    }
    let silent: Vec<&&str> = clauses.iter().filter(|clause| !told.contains(**clause)).collect();
    assert!(silent.is_empty(), "docs/conformance.md has neither a row nor a reason for {silent:?}");
}

/// The clauses from one to another, each with what lies within it; a row of a part is one of its whole, too.
fn between<'a>(clauses: &[&'a str], first: &str, last: &str) -> Vec<&'a str> {
    let is_within =
        |part: &str, whole: &str| part.strip_prefix(whole).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    let is_told = |clause: &&&str, end: &str| is_within(clause, end) || is_within(end, clause);
    let begin = clauses.iter().position(|clause| is_told(&clause, first));
    let end = clauses.iter().rposition(|clause| is_told(&clause, last));
    match (begin, end) {
        (Some(begin), Some(end)) => clauses.get(begin..=end).unwrap_or_default().to_vec(),
        _ => panic!("docs/conformance.md names §{first} to §{last}, which the list of clauses does not have"),
    }
}

#[test]
fn ranges_of_clauses_hold_what_lies_within_them() {
    let clauses = ["4.1", "4.2.1", "4.2.2", "4.2.10", "4.3"];
    for (first, last, expected) in [
        ("4.1", "4.1", &["4.1"][..]),
        ("4.2", "4.2", &["4.2.1", "4.2.2", "4.2.10"]),
        ("4.1", "4.2.2", &["4.1", "4.2.1", "4.2.2"]),
        ("4.3.6.8", "4.3.6.8", &["4.3"]),
    ] {
        assert_eq!(between(&clauses, first, last), expected, "{first} to {last}");
    }
}
