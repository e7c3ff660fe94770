//! Documents: one sentence a line, so that a change to one sentence is a change to one line;
//! and a README whose Japanese and English commands are the same.

use std::fs;

use crate::assert_clean;
use crate::checkout::{TextFile, files_ending, root};

/// A full stop behind one of these ends no sentence.
const ABBREVIATIONS: &[&str] = &["e.g", "i.e", "etc", "vs", "cf", "No", "St", "approx"];

#[test]
fn a_paragraph_has_one_sentence_a_line() {
    let ours = files_ending(&["md"]).filter(|file| file.path.starts_with("docs/") || !file.path.contains('/'));
    assert_clean(&ours.flat_map(crowded_lines).collect::<Vec<_>>());
}

#[test]
fn the_readmes_have_the_same_commands() {
    let read = |name: &str| fs::read_to_string(root().join(name));
    // Both are there, or neither is yet.
    let (Ok(english), Ok(japanese)) = (read("README.md"), read("README.ja.md")) else {
        assert_eq!(read("README.md").is_ok(), read("README.ja.md").is_ok(), "one README lacks the other language");
        return;
    };
    assert_eq!(command_blocks(&english), command_blocks(&japanese), "README.md and README.ja.md differ");
}

#[test]
fn two_sentences_in_one_line_are_found() {
    let check = |text: &str, expected: usize| {
        let file = TextFile { path: "docs/a.md".to_owned(), text: text.to_owned() };
        assert_eq!(crowded_lines(&file).len(), expected, "{text}");
    };
    check("The river rises. The gate closes.\n", 1);
    check("The river rises.\nThe gate closes.\n", 0);
    check("Some cities, e.g. Fukui, measure it.\n", 0);
    check("Version 1.9.1 of the API.\n", 0);
    check("| A row. Of a table. |\n", 0);
    check("- A point. With more.\n", 0);
    check("```\nA line. Of code.\n```\n", 0);
    check("`A. B`, in code.\n", 0);
    check("川が増水する。門が閉まる。\n", 1);
    check("「川が増水する。」と言う。\n", 0);
}

#[test]
fn command_blocks_are_what_a_reader_would_type() {
    let text = "Start:\n```sh\nmake up\n```\nIt prints:\n```\nready\n```\n```console\n$ make test\n```\n";
    assert_eq!(command_blocks(text), ["make up\n", "$ make test\n"]);
}

/// The lines outside code blocks, with their numbers, and with code in the line taken out.
pub(crate) fn text_lines(text: &str) -> impl Iterator<Item = (usize, String)> {
    let mut in_block = false;
    let lines = text.lines().enumerate().filter(move |(_, line)| {
        let is_fence = line.trim_start().starts_with("```");
        in_block ^= is_fence;
        !in_block && !is_fence
    });
    lines.map(|(index, line)| (index + 1, without_code(line)))
}

fn without_code(line: &str) -> String {
    line.split('`').step_by(2).collect::<Vec<_>>().join("code")
}

fn crowded_lines(file: &TextFile) -> Vec<String> {
    let paragraphs = text_lines(&file.text).filter(|(_, line)| is_paragraph(line));
    let crowded = paragraphs.filter(|(_, line)| has_two_sentences(line));
    crowded.map(|(number, _)| format!("{}:{number}: write one sentence a line", file.path)).collect()
}

fn is_paragraph(line: &str) -> bool {
    let starts_like_one = line.starts_with(char::is_alphanumeric) || line.starts_with(['「', '*', '[', '"']);
    let is_point = line.starts_with("* ") || line.split_once(". ").is_some_and(|(n, _)| n.parse::<u32>().is_ok());
    starts_like_one && !is_point
}

fn has_two_sentences(line: &str) -> bool {
    let ends_and_goes_on = line.match_indices(['.', '!', '?']).any(|(at, mark)| {
        let before = line.get(..at).unwrap_or_default();
        let after = line.get(at + mark.len()..).unwrap_or_default();
        let word = before.rsplit([' ', '(']).next().unwrap_or_default();
        let starts = after.strip_prefix(' ').and_then(|rest| rest.chars().next()).is_some_and(char::is_uppercase);
        starts && !ABBREVIATIONS.contains(&word) && word.chars().count() > 1
    });
    let goes_on_in_japanese = line.match_indices('。').any(|(at, mark)| {
        let after = line.get(at + mark.len()..).and_then(|rest| rest.chars().next());
        after.is_some_and(|c| !matches!(c, '」' | '』' | '）' | ')' | ' ' | '*'))
    });
    ends_and_goes_on || goes_on_in_japanese
}

fn command_blocks(text: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut block: Option<String> = None;
    for line in text.lines() {
        match (&mut block, line.strip_prefix("```")) {
            (None, Some("sh" | "bash" | "console")) => block = Some(String::new()),
            (Some(_), Some(_)) => blocks.extend(block.take()),
            (Some(commands), None) => commands.extend([line, "\n"]),
            (None, _) => {}
        }
    }
    blocks
}
