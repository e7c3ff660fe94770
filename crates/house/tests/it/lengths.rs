//! How long a file may get: a reader opens it and sees within one screen what it is for.

use crate::assert_clean;
use crate::checkout::{TextFile, files_ending};

/// Beyond the first a file is named in the output; beyond the second the test fails. Tests do not count.
const LONG: usize = 600;
const TOO_LONG: usize = 900;

#[test]
fn no_file_is_too_long() {
    let code = files_ending(&["css", "py", "rs", "sh", "svelte", "ts"]).filter(|file| !is_test(&file.path));
    let long: Vec<_> = code.map(|file| (file, lines(file))).filter(|(_, lines)| *lines > LONG).collect();
    for (file, lines) in &long {
        println!("{} has {lines} lines without its tests; split it by noun", file.path);
    }
    let too_long = long.iter().filter(|(_, lines)| *lines > TOO_LONG);
    assert_clean(&too_long.map(|(file, lines)| format!("{} has {lines} lines", file.path)).collect::<Vec<_>>());
}

#[test]
fn tests_at_the_end_of_a_file_do_not_count() {
    let text = "//! Rivers.\nfn a() {}\n\n#[cfg(test)]\nmod tests {\n}\n".to_owned();
    assert_eq!(lines(&TextFile { path: "a.rs".to_owned(), text }), 3);
}

fn lines(file: &TextFile) -> usize {
    file.text.lines().take_while(|line| *line != "#[cfg(test)]").count()
}

fn is_test(path: &str) -> bool {
    path.contains("/tests/") || path.ends_with("/tests.rs") || path.contains(".test.")
}
