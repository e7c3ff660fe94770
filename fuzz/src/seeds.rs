//! Seeds and dictionaries as the files that libFuzzer reads.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;

use crate::target::Target;

/// Writes the seeds of a target into a folder, and its dictionary beside them as `FOLDER.dict`.
pub(crate) fn write(target: &Target, folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for (number, seed) in (target.seeds)().iter().enumerate() {
        fs::write(folder.join(format!("seed-{number:03}")), seed)?;
    }
    let lines: String = target.words.iter().map(|word| line(word)).collect();
    fs::write(folder.with_extension("dict"), lines)
}

/// One word, its bytes spelled out.
fn line(word: &str) -> String {
    let mut line = String::from("\"");
    for byte in word.bytes() {
        write!(line, "\\x{byte:02x}").expect("a String takes everything");
    }
    line + "\"\n"
}

// A word of no bytes would stop libFuzzer at its dictionary.
const _: () = {
    let mut target = 0;
    while target < crate::targets::ALL.len() {
        let words = crate::targets::ALL[target].words;
        let mut word = 0;
        while word < words.len() {
            assert!(!words[word].is_empty());
            word += 1;
        }
        target += 1;
    }
};
