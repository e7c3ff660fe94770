//! Every parser of Machi, given any bytes at all: libFuzzer changes inputs and follows the coverage.
//!
//! `machi-fuzz --target=NAME FOLDER…` fuzzes one target, with libFuzzer's own options beside;
//! `--planted` switches on the fault that each target must be able to find;
//! `--list` names the targets; `--target=NAME --write-seeds=FOLDER` writes its seeds and its dictionary.
#![no_main]

mod planted;
mod seeds;
mod target;
mod targets;
mod text;

use libfuzzer_sys::fuzz_target;
use std::sync::OnceLock;

use target::Target;

static CHOSEN: OnceLock<&'static Target> = OnceLock::new();

fuzz_target!(init: choose(), |bytes: &[u8]| {
    if let Some(target) = CHOSEN.get() {
        (target.run)(bytes);
    }
});

/// Reads our own options, which libFuzzer passes over because they begin with two dashes.
fn choose() {
    let option = |name: &str| std::env::args().find_map(|argument| argument.strip_prefix(name).map(str::to_owned));
    if option("--list").is_some() {
        targets::ALL.iter().for_each(|target| println!("{}", target.name));
        std::process::exit(0);
    }
    let name = option("--target=").unwrap_or_default();
    let Some(target) = targets::ALL.iter().find(|target| target.name == name) else {
        eprintln!("there is no target \"{name}\"; --list names those that there are");
        std::process::exit(2);
    };
    if let Some(folder) = option("--write-seeds=") {
        let verdict = seeds::write(target, folder.as_ref());
        verdict.unwrap_or_else(|error| panic!("the seeds cannot be written to {folder}: {error}"));
        std::process::exit(0);
    }
    if option("--planted").is_some() {
        planted::plant();
    }
    CHOSEN.get_or_init(|| target);
}
