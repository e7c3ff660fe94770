//! The commands of the README and of the guides to imports and to the past, typed into a shell as a reader would, and what they print.
//!
//! An `…` in an expected line stands for what differs each time, and as a last line for all that follows.
//! `TOUR_PICTURES=1` writes the pictures of the READMEs anew.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, helpers included")]

mod document;
mod terminals;
mod viewer;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use document::{Act, Block, acts, blocks, is_like};
use terminals::Tour;
use viewer::Viewer;

use crate::kit::*;

/// What one step may take.
const STEP: Duration = Duration::from_mins(1);
/// The locale of whoever reads English.
const ENGLISH: &str = "C.UTF-8";
/// The locale of whoever reads Japanese.
const JAPANESE: &str = "ja_JP.UTF-8";
/// How many steps the tour has.
const STEPS: usize = 8;

#[test]
fn the_english_readme_tells_the_truth() {
    follow("README.md", ENGLISH, "en");
}

#[test]
fn the_japanese_readme_tells_the_truth() {
    follow("README.ja.md", JAPANESE, "ja");
}

#[test]
fn both_languages_have_the_same_commands() {
    for (english, japanese) in [
        ("README.md", "README.ja.md"),
        ("docs/guide/en/import.md", "docs/guide/ja/import.md"),
        ("docs/guide/en/operation.md", "docs/guide/ja/operation.md"),
        ("docs/guide/en/open-data.md", "docs/guide/ja/open-data.md"),
        ("docs/guide/en/history.md", "docs/guide/ja/history.md"),
    ] {
        let commands = |document: &str| {
            let blocks = blocks(&read(document)).into_iter();
            blocks.map(|block| block.commands).collect::<Vec<_>>()
        };
        let pages = |document: &str| {
            let acts = acts(&read(document)).into_iter();
            acts.filter(|done| matches!(done.act, Act::Look(_))).map(|done| format!("{done:?}")).collect::<Vec<_>>()
        };
        assert_eq!(pages(english), pages(japanese), "{english}, {japanese}");
        assert_eq!(commands(english), commands(japanese), "{english}, {japanese}");
        assert_eq!(settings(&read(english)), settings(&read(japanese)), "{english}, {japanese}");
        assert!(commands(english).len() >= 5, "{english} shows how it is done");
    }
}

fn follow(readme: &str, locale: &str, language: &str) {
    if which("node").is_none() {
        println!("SKIPPED: node, with which the tour receives notifications, is not installed");
        return;
    }
    let (mut tour, pictures) = (Tour::speaking(locale, "small"), pictures());
    let mut viewer = Viewer::open(language, pictures.as_deref());
    let done = acts(&read(readme));
    assert_eq!(done.iter().map(|done| done.step).max(), Some(STEPS), "the tour has eight steps");
    for (step, place, act) in done.iter().map(|done| (done.step, done.place, &done.act)) {
        let started = Instant::now();
        match (act, &mut viewer) {
            (Act::Look(address), Some(viewer)) => viewer.look(step, place, &tour.as_here(address)),
            (Act::Look(_), None) => {}
            (Act::Type(block), viewer) => {
                if let Some(viewer) = viewer {
                    viewer.watch(step, place);
                }
                let typed = type_in(&mut tour, readme, block);
                if let Some(viewer) = viewer {
                    viewer.has_seen(step, place, typed);
                }
            }
        }
        assert!(started.elapsed() < STEP, "{readme}: step {step}.{place} took {:?}", started.elapsed());
    }
    if let Some(viewer) = viewer {
        for step in 1..=STEPS {
            assert!(viewer.seen.contains(&step), "step {step} is seen on the page");
        }
        viewer.close();
    }
}

/// Types a block and compares what it prints; the time from which a change may be seen.
fn type_in(tour: &mut Tour, readme: &str, Block { commands, output }: &Block) -> i64 {
    let typed = viewer::now();
    let is_start = commands == "make up\n";
    let printed = if is_start { tour.make_up() } else { tour.type_in(commands) };
    assert!(is_like(&printed, output), "{readme}: {commands}printed\n{printed}not\n{output}");
    if is_start { tour.ready } else { typed }
}

/// Where the pictures of the READMEs lie, if they are to be made anew.
fn pictures() -> Option<PathBuf> {
    std::env::var_os("TOUR_PICTURES").map(|_| checkout().join("docs/images"))
}

#[test]
fn the_guides_tell_the_truth_in_both_languages() {
    for (guide, locale) in [
        ("docs/guide/en/import.md", ENGLISH),
        ("docs/guide/ja/import.md", JAPANESE),
        ("docs/guide/en/open-data.md", ENGLISH),
        ("docs/guide/ja/open-data.md", JAPANESE),
        ("docs/guide/en/history.md", ENGLISH),
        ("docs/guide/ja/history.md", JAPANESE),
    ] {
        let guide = blocks(&read(guide));
        let mut tour = Tour::speaking(locale, "none");
        tour.make_up();
        tour.type_in("export PATH=\"$PWD/target/release:$PATH\"\n");
        for Block { commands, output } in &guide {
            let printed = tour.type_in(commands);
            assert!(is_like(&printed, output), "{commands}printed\n{printed}not\n{output}");
        }
    }
}

#[test]
fn the_unit_may_write_wherever_the_guide_tells_it_to() {
    let guide = read("docs/guide/en/operation.md");
    let unit = settings(&guide).into_iter().find(|settings| settings.contains("[Service]")).unwrap();
    let line = |key: &str| unit.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_default().to_owned();
    assert_eq!(line("ProtectSystem="), "strict", "it writes nowhere but where it is told");
    let writable: Vec<String> = line("StateDirectory=").split(' ').map(|name| format!("/var/lib/{name}")).collect();
    let commands = blocks(&guide).into_iter().map(|block| block.commands).filter(|text| text.contains("sudo -u machi"));
    let commands: String = commands.collect();
    let paths: Vec<&str> = commands.split_whitespace().filter(|word| word.starts_with('/')).collect();
    assert!(paths.len() >= 4, "{commands}");
    for path in paths {
        assert!(writable.iter().any(|folder| Path::new(path).starts_with(folder)), "{path} of {writable:?}");
    }
}

/// The blocks of a document that are written into files.
fn settings(text: &str) -> Vec<String> {
    let blocks = text.split("\n```").skip(1).step_by(2);
    let typed = blocks.filter(|block| ["ini\n", "toml\n", "yaml\n"].iter().any(|kind| block.starts_with(kind)));
    typed.map(str::to_owned).collect()
}

fn read(document: &str) -> String {
    fs::read_to_string(checkout().join(document)).unwrap()
}

fn checkout() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}
