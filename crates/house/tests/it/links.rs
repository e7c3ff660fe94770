//! Links between documents lead somewhere: to a file of the checkout, and to a heading in it.
//!
//! Links to other hosts are not followed: a test run must not depend on the network.

use std::fs;
use std::path::{Path, PathBuf};

use crate::assert_clean;
use crate::checkout::{TextFile, files_ending, root};
use crate::prose::text_lines;

#[test]
fn every_link_between_documents_leads_somewhere() {
    assert_clean(&files_ending(&["md"]).flat_map(broken_links).collect::<Vec<_>>());
}

#[test]
fn a_link_that_leads_nowhere_is_found() {
    let check = |text: &str, expected: usize| {
        let file = TextFile { path: "docs/a.md".to_owned(), text: text.to_owned() };
        assert_eq!(broken_links(&file).len(), expected, "{text}");
    };
    check("See [the licence](../LICENSE).", 0);
    check("See [nothing](../NOTHING.md).", 1);
    check("See [here](#below).\n\n## Below\n", 0);
    check("See [here](#above).\n\n## Below\n", 1);
    check("See [outside](https://example.org/a).", 0);
    check("```\n[not](a-link)\n```\n", 0);
    check("Nor is `[this](one)`.", 0);
}

#[test]
fn a_heading_has_the_anchor_that_a_reader_links_to() {
    assert_eq!(anchor("How to add a crate"), "how-to-add-a-crate");
    assert_eq!(anchor("`make test`, in short"), "make-test-in-short");
    assert_eq!(anchor("データ仲介 (broker)"), "データ仲介-broker");
}

fn broken_links(file: &TextFile) -> Vec<String> {
    let mut findings = Vec::new();
    for (number, line) in text_lines(&file.text) {
        for target in targets(&line).filter(|target| !leads_somewhere(file, target)) {
            findings.push(format!("{}:{number}: the link to {target} leads nowhere", file.path));
        }
    }
    findings
}

/// What stands in round brackets behind square ones.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    line.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next())
}

fn leads_somewhere(file: &TextFile, target: &str) -> bool {
    let is_outside = target.contains("://") || target.starts_with("mailto:");
    if is_outside {
        return true;
    }
    let (path, heading) = target.split_once('#').unwrap_or((target, ""));
    if path.is_empty() {
        return has_heading(&file.text, heading);
    }
    let found = resolve(&file.path, path);
    if heading.is_empty() || !found.is_file() {
        return found.exists();
    }
    fs::read_to_string(found).is_ok_and(|text| has_heading(&text, heading))
}

fn resolve(from: &str, path: &str) -> PathBuf {
    let folder = Path::new(from).parent().unwrap_or(Path::new(""));
    root().join(folder).join(path)
}

fn has_heading(text: &str, wanted: &str) -> bool {
    let headings =
        text_lines(text).filter_map(|(_, line)| Some(line.strip_prefix('#')?.trim_start_matches('#').to_owned()));
    headings.into_iter().any(|heading| anchor(&heading) == wanted) || text.contains(&format!("id=\"{wanted}\""))
}

fn anchor(heading: &str) -> String {
    let kept = heading.trim().chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.flat_map(char::to_lowercase).map(|c| if c == ' ' { '-' } else { c }).collect()
}
