//! Names say what a thing is: a noun of the city or of the standards, and no name that fits anything.

use crate::assert_clean;
use crate::checkout::{TextFile, files_ending};

const VAGUE_ENDINGS: &[&str] = &["Manager", "Helper", "Helpers", "Util", "Utils"];
const MODIFIERS: &[&str] = &["", "pub", "crate", "super", "async", "const", "unsafe"];
const KEYWORDS: &[&str] = &["struct", "enum", "trait", "type", "fn"];
const VAGUE_FILES: &[&str] = &["common.rs", "helper.rs", "helpers.rs", "misc.rs", "util.rs", "utils.rs"];

#[test]
fn no_name_fits_anything() {
    assert_clean(&files_ending(&["rs"]).flat_map(vague_names).collect::<Vec<_>>());
}

#[test]
fn a_name_that_fits_anything_is_found() {
    let check = |path: &str, text: &str, expected: usize| {
        let file = TextFile { path: path.to_owned(), text: text.to_owned() };
        assert_eq!(vague_names(&file).len(), expected, "{path}: {text}");
    };
    check("a.rs", "pub struct SubscriptionManager {\n", 1);
    check("a.rs", "    fn get_entity(&self) {}\n", 1);
    check("a.rs", "    async fn get_many(&self) {}\n", 0);
    check("a.rs", "pub struct Subscription;\nfn target_of() {}\n", 0);
    check("src/utils.rs", "", 1);
}

fn vague_names(file: &TextFile) -> Vec<String> {
    let mut findings = Vec::new();
    if VAGUE_FILES.iter().any(|name| file.path.ends_with(&format!("/{name}"))) {
        findings.push(format!("{}: name the file by the noun that it holds", file.path));
    }
    for (number, line) in file.text.lines().enumerate() {
        if let Some(name) = declared(line).filter(|name| is_vague(name)) {
            findings.push(format!("{}:{}: {name} fits anything; name it by what it is or does", file.path, number + 1));
        }
    }
    findings
}

/// The name of a type or function that the line declares.
fn declared(line: &str) -> Option<&str> {
    let words = line.trim_start().split([' ', '(', ')', '<', '{', ';', ':', '=']);
    let mut words = words.skip_while(|word| MODIFIERS.contains(word));
    let keyword = words.next()?;
    if KEYWORDS.contains(&keyword) { words.next() } else { None }
}

/// `get_many` is the store port's own word, for reading many keys by one call; the other is that of a trait of Parquet.
const TAKEN_OVER: &[&str] = &["get_many", "get_next_page"];

fn is_vague(name: &str) -> bool {
    let getter = name.starts_with("get_") && !TAKEN_OVER.contains(&name);
    getter || VAGUE_ENDINGS.iter().any(|ending| name.ends_with(ending))
}
