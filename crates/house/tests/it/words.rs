//! What no file may contain: stray blanks, unfinished work, and traces of the machine it was written on.

use std::fmt::Write as _;

use crate::assert_clean;
use crate::checkout::{TextFile, ending, files, root};

/// This file lists what it looks for, and is the one that may contain it.
const THIS_FILE: &str = "crates/house/tests/it/words.rs";

const UNFINISHED: &[&str] = &["TODO", "FIXME", "XXX:", "HACK:", "unimplemented!(", "Not yet written"];

const HOSTS_OF_REGISTRIES: &[&str] =
    &["index.crates.io", "static.crates.io", "pypi.org", "pythonhosted.org", "registry.npmjs.org", "deb.debian.org"];

const FOLDERS_OF_MACHINES: &[&str] = &["/root/", "/tmp/"];

#[test]
fn no_file_contains_what_none_may() {
    let machine = [root().to_string_lossy().into_owned(), beside("shared")];
    assert_clean(&files().iter().flat_map(|file| findings(file, &machine)).collect::<Vec<_>>());
}

#[test]
fn what_no_file_may_contain_is_found() {
    let check = |path: &str, text: &str, expected: usize| {
        let file = TextFile { path: path.to_owned(), text: text.to_owned() };
        let machine = ["/srv/checkout".to_owned()];
        assert_eq!(findings(&file, &machine).len(), expected, "{path}: {text:?}");
    };
    check("a.rs", "//! Rivers.\n", 0);
    check("a.rs", "//! Rivers. \n", 1);
    check("a.rs", "\tlet a;\n", 1);
    check("a.rs", "\tlet a; // TODO later\r\n", 3);
    check("Makefile", "a:\n\tb\n", 0);
    check("a.md", "See /srv/checkout/a.\n", 1);
    check("a.sh", "# Rivers.\ncp a /tmp/a\n", 1);
    check("crates/a/src/a.rs", "//! Reads ../shared/data.\n", 1);
    check("crates/a/src/a/tests.rs", "//! Reads ../shared/data.\n", 0);
    check("crates/a/tests/it/main.rs", "//! Reads ../shared/data.\n", 0);
    check("scripts/a.sh", "# Reads ../shared/data.\n", 0);
    check("crates/a/src/a.rs", "//! Joins \"shared/data\".\n", 1);
    check("a.rs", "//! Rivers.", 1);
}

fn findings(file: &TextFile, machine: &[String]) -> Vec<String> {
    if file.path == THIS_FILE {
        return Vec::new();
    }
    let mut findings = Vec::new();
    if !file.text.is_empty() && !file.text.ends_with('\n') && ending(&file.path) != "snap" {
        findings.push(format!("{}: the last line does not end", file.path));
    }
    // Rust keeps short tests in the file that they test.
    let mut in_tests = is_for_tests(&file.path);
    for (number, line) in file.text.split('\n').enumerate() {
        in_tests |= line.trim_start().starts_with("#[cfg(test)]");
        for fault in faults(&file.path, line, in_tests, machine) {
            findings.push(format!("{}:{}: {fault}", file.path, number + 1));
        }
    }
    findings
}

fn faults(path: &str, line: &str, in_tests: bool, machine: &[String]) -> Vec<String> {
    let mut faults = Vec::new();
    let generated = matches!(ending(path), "snap" | "json" | "txt");
    if line.ends_with([' ', '\t', '\r']) && !generated {
        faults.push("ends in a blank".to_owned());
    }
    if line.contains('\t') && ending(path) == "rs" {
        faults.push("has a tab".to_owned());
    }
    for word in UNFINISHED.iter().filter(|word| line.contains(**word)) {
        faults.push(format!("says {word}: finish it, or open an issue"));
    }
    let traces = machine.iter().map(String::as_str).chain(FOLDERS_OF_MACHINES.iter().copied());
    for trace in traces.chain(HOSTS_OF_REGISTRIES.iter().copied()).filter(|trace| names(line, trace)) {
        faults.push(format!("names {trace}, which is not the same on another machine"));
    }
    let reads_shared = line.contains("../shared") || names(line, "shared/data");
    if reads_shared && !in_tests {
        faults.push("reads ../shared outside a test or a script".to_owned());
    }
    faults
}

/// Whether the line contains the path or host itself, and not a longer one that ends in it.
fn names(line: &str, trace: &str) -> bool {
    line.match_indices(trace).any(|(at, _)| {
        let before = line.get(..at).and_then(|before| before.chars().next_back());
        !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/'))
    })
}

fn is_for_tests(path: &str) -> bool {
    let tooling = ["bench/", "console/", "crates/testkit/", "crates/house/", "docs/", "fuzz/", "scripts/"];
    tooling.iter().any(|folder| path.starts_with(folder))
        || path.contains("/tests/")
        || path.ends_with("/tests.rs")
        || ending(path) == "md"
}

fn beside(folder: &str) -> String {
    let mut path = root().parent().unwrap_or(root()).to_string_lossy().into_owned();
    write!(path, "/{folder}").expect("a string takes any text");
    path
}
