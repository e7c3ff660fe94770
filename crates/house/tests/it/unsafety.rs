//! Code that the compiler cannot vouch for stands in one place.

use crate::assert_clean;
use crate::checkout::{TextFile, files_ending};

/// The allocator has no other way to be told what to do.
const MAY: &[&str] = &["crates/machi/src/allocator.rs"];

#[test]
fn the_compiler_vouches_for_all_else() {
    assert_clean(&files_ending(&["rs"]).flat_map(unsafe_lines).collect::<Vec<_>>());
}

#[test]
fn a_second_place_is_found() {
    let file =
        |path: &str| TextFile { path: path.to_owned(), text: "#[allow(unsafe_code, reason = \"\")]\n".to_owned() };
    assert_eq!(unsafe_lines(&file("crates/types/src/lib.rs")).len(), 1);
    assert_eq!(unsafe_lines(&file(MAY[0])).len(), 0);
}

fn unsafe_lines(file: &TextFile) -> Vec<String> {
    if MAY.contains(&file.path.as_str()) {
        return Vec::new();
    }
    let lines = file.text.lines().enumerate();
    let found = lines.filter(|(_, line)| line.trim_start().starts_with('#') && line.contains("(unsafe_code"));
    found.map(|(number, _)| format!("{}:{}: find a way that the compiler can follow", file.path, number + 1)).collect()
}
