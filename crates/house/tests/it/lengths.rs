//! How long a file may get: a reader opens it and sees within one screen what it is for.

use crate::assert_clean;
use crate::checkout::{TextFile, files_ending};

/// Most have 100 to 250 lines; beyond this one holds more than one noun. Tests do not count.
const TOO_LONG: usize = 500;

#[test]
fn no_file_is_too_long() {
    let code = files_ending(&["css", "py", "rs", "sh", "svelte", "ts"]).filter(|file| !is_test(&file.path));
    let too_long = code.map(|file| (file, lines(file))).filter(|(_, lines)| *lines > TOO_LONG);
    let told =
        too_long.map(|(file, lines)| format!("{} has {lines} lines without its tests; split it by noun", file.path));
    assert_clean(&told.collect::<Vec<_>>());
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
