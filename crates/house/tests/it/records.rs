//! Decision records: a number of its own for each, never used twice, and the four parts that a reader looks for.

use std::collections::BTreeMap;

use crate::assert_clean;
use crate::checkout::{TextFile, files};

const PARTS: &[&str] = &["## Context", "## Decision", "## Consequences", "## Rejected alternatives"];

#[test]
fn every_record_has_its_number_and_its_parts() {
    let records: Vec<&TextFile> = files().iter().filter(|file| is_record(&file.path)).collect();
    assert_clean(&complaints(&records));
}

#[test]
fn a_record_that_takes_a_number_twice_or_lacks_a_part_is_found() {
    let record = |name: &str, text: String| TextFile { path: format!("docs/adr/{name}.md"), text };
    let whole = |title: &str| format!("# {title}\n\n{}\n", PARTS.join("\n\nText.\n\n"));
    let first = record("0001-one-port", whole("0001. One port"));
    assert_eq!(complaints(&[&first]), Vec::<String>::new());
    let second = record("0001-one-more", whole("0001. One more"));
    assert_eq!(complaints(&[&first, &second]).len(), 1);
    let other_title = record("0002-time", whole("0003. Time"));
    assert_eq!(complaints(&[&other_title]).len(), 1);
    let short = record("0004-short", "# 0004. Short\n\n## Context\n".to_owned());
    assert_eq!(complaints(&[&short]).len(), 3);
    let unnumbered = record("time", whole("Time"));
    assert_eq!(complaints(&[&unnumbered]).len(), 1);
}

fn is_record(path: &str) -> bool {
    path.strip_prefix("docs/adr/").is_some_and(|name| name != "README.md")
}

fn complaints(records: &[&TextFile]) -> Vec<String> {
    let mut complaints = Vec::new();
    let mut taken: BTreeMap<&str, &str> = BTreeMap::new();
    for record in records {
        let Some(number) = number(&record.path) else {
            complaints.push(format!("{}: name it by four digits, a hyphen and words", record.path));
            continue;
        };
        if let Some(other) = taken.insert(number, &record.path) {
            complaints.push(format!("{}: {other} has the number {number} too", record.path));
        }
        if !record.text.starts_with(&format!("# {number}. ")) {
            complaints.push(format!("{}: the title begins with '# {number}. '", record.path));
        }
        let missing = PARTS.iter().filter(|part| !record.text.lines().any(|line| line == **part));
        complaints.extend(missing.map(|part| format!("{}: lacks '{part}'", record.path)));
    }
    complaints
}

fn number(path: &str) -> Option<&str> {
    let name = path.strip_prefix("docs/adr/")?.strip_suffix(".md")?;
    let (number, words) = name.split_once('-')?;
    let is_number = number.len() == 4 && number.bytes().all(|b| b.is_ascii_digit());
    (is_number && !words.is_empty()).then_some(number)
}
