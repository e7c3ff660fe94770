//! The commands of the README and of the import guide, typed into a shell as a reader would, and what they print.
//!
//! An `…` in an expected line stands for what differs each time.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, helpers included")]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use crate::kit::*;

/// What one step may take.
const STEP: Duration = Duration::from_mins(1);
/// The locale of whoever reads English.
const ENGLISH: &str = "C.UTF-8";
/// The locale of whoever reads Japanese.
const JAPANESE: &str = "ja_JP.UTF-8";
/// Printed by the shell behind the output of each block.
const END: &str = "--end of block--";
/// The block behind which the page must show a notification.
const NOTIFIED: &str = "cat notified.json";

#[test]
fn the_english_readme_tells_the_truth() {
    follow("README.md", ENGLISH);
}

#[test]
fn the_japanese_readme_tells_the_truth() {
    follow("README.ja.md", JAPANESE);
}

#[test]
fn both_languages_have_the_same_commands() {
    for (english, japanese) in [
        ("README.md", "README.ja.md"),
        ("docs/guide/en/import.md", "docs/guide/ja/import.md"),
        ("docs/guide/en/operation.md", "docs/guide/ja/operation.md"),
    ] {
        let commands = |document: &str| {
            let blocks = blocks(&read(document)).into_iter();
            blocks.map(|block| block.commands).collect::<Vec<_>>()
        };
        assert_eq!(commands(english), commands(japanese), "{english}, {japanese}");
        assert_eq!(settings(&read(english)), settings(&read(japanese)), "{english}, {japanese}");
        assert!(commands(english).len() >= 5, "{english} shows how it is done");
    }
}

fn follow(readme: &str, locale: &str) {
    if which("node").is_none() {
        println!("SKIPPED: node, with which the tour receives notifications, is not installed");
        return;
    }
    let text = read(readme);
    let blocks = blocks(&text);
    let steps = text.lines().filter(|line| line.starts_with("### ")).count();
    assert_eq!(steps, 8, "the tour has eight steps");
    let mut tour = Tour::speaking(locale);
    let mut viewer = None;
    for block in &blocks {
        let started = Instant::now();
        let printed = if block.commands == "make up\n" { tour.make_up() } else { tour.type_in(&block.commands) };
        assert!(
            is_like(&printed, &block.output),
            "{readme}: {}printed\n{printed}not\n{}",
            block.commands,
            block.output
        );
        assert!(started.elapsed() < STEP, "{readme}: {} took {:?}", block.commands, started.elapsed());
        if block.commands == "make up\n" && viewer.is_none() {
            viewer = Some(Viewer::look_at(&tour));
        }
        if block.commands.contains(NOTIFIED) {
            viewer.as_mut().unwrap().has_seen_the_notification();
        }
    }
    assert!(blocks.iter().any(|block| block.commands.contains(NOTIFIED)), "the tour subscribes");
}

#[test]
fn the_import_guide_tells_the_truth_in_both_languages() {
    for (guide, locale) in [("docs/guide/en/import.md", ENGLISH), ("docs/guide/ja/import.md", JAPANESE)] {
        let guide = blocks(&read(guide));
        let mut tour = Tour::speaking(locale);
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

/// Commands, and what they print.
#[derive(Debug, PartialEq)]
struct Block {
    commands: String,
    output: String,
}

/// The `sh` blocks of a document, each with the `text` block that follows it.
fn blocks(text: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut into: Option<bool> = None;
    for line in text.lines() {
        match (into, line) {
            (None, "```sh") => {
                blocks.push(Block { commands: String::new(), output: String::new() });
                into = Some(false);
            }
            (None, "```text") => into = Some(true),
            (Some(_), "```") => into = None,
            (Some(is_output), line) => {
                let block = blocks.last_mut().expect("commands come before what they print");
                let text = if is_output { &mut block.output } else { &mut block.commands };
                text.extend([line, "\n"]);
            }
            (None, _) => {}
        }
    }
    blocks
}

/// Whether a text is as expected, where `…` stands for anything within a line.
fn is_like(text: &str, expected: &str) -> bool {
    let (lines, wanted): (Vec<_>, Vec<_>) = (text.lines().collect(), expected.lines().collect());
    lines.len() == wanted.len() && lines.iter().zip(wanted).all(|(line, wanted)| is_line_like(line, wanted))
}

fn is_line_like(line: &str, wanted: &str) -> bool {
    let mut pieces = wanted.split('…');
    let Some(mut rest) = line.strip_prefix(pieces.next().unwrap_or_default()) else { return false };
    let pieces: Vec<&str> = pieces.collect();
    for (index, piece) in pieces.iter().enumerate() {
        let is_last = index + 1 == pieces.len();
        let at = if is_last { rest.strip_suffix(piece).map(str::len) } else { rest.find(piece) };
        let Some((_, after)) = at.and_then(|at| rest.split_at_checked(at + piece.len())) else { return false };
        rest = after;
    }
    rest.is_empty()
}

/// A reader's checkout with the program built, and two terminals in it.
struct Tour {
    folder: tempfile::TempDir,
    locale: String,
    port: u16,
    receiver: u16,
    first: Option<(Child, BufReader<ChildStdout>)>,
    second: Child,
    typed: ChildStdin,
    printed: Receiver<String>,
}

impl Tour {
    /// A tour of somebody who reads the language of this locale.
    fn speaking(locale: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["Makefile", "scripts", "docs"] {
            symlink(checkout().join(name), folder.path().join(name)).unwrap();
        }
        fs::create_dir_all(folder.path().join("target/release")).unwrap();
        symlink(env!("CARGO_BIN_EXE_machi"), folder.path().join("target/release/machi")).unwrap();
        let mut second = Command::new("bash")
            .current_dir(folder.path())
            .env("LC_ALL", locale)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let typed = second.stdin.take().unwrap();
        let output = BufReader::new(second.stdout.take().unwrap());
        let (line, printed) = channel();
        thread::spawn(move || output.lines().map_while(Result::ok).try_for_each(|text| line.send(text)));
        let locale = locale.to_owned();
        Self { folder, locale, port: free_port(), receiver: free_port(), first: None, second, typed, printed }
    }

    /// `make up` in the first terminal: the line that says that the city is ready.
    fn make_up(&mut self) -> String {
        self.leave_first();
        let mut make = Command::new("make")
            .arg("up")
            .current_dir(self.folder.path())
            .env("MACHI", env!("CARGO_BIN_EXE_machi"))
            .env("LC_ALL", &self.locale)
            .env("PORT", self.port.to_string())
            .env("DEMO", "none")
            .env_remove("MACHI_DATA")
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut printed = BufReader::new(make.stdout.take().unwrap());
        let mut line = String::new();
        printed.read_line(&mut line).unwrap();
        self.first = Some((make, printed));
        self.as_written(&line)
    }

    /// Waits for the end of what runs in the first terminal.
    fn leave_first(&mut self) {
        if let Some((mut make, _)) = self.first.take() {
            let _ = make.wait();
        }
    }

    /// Types a block into the second terminal: what it prints, errors included.
    fn type_in(&mut self, commands: &str) -> String {
        let commands =
            commands.replace(":8080", &format!(":{}", self.port)).replace("9000", &self.receiver.to_string());
        let commands =
            commands.replace("machi import ", &format!("machi import --server http://127.0.0.1:{} ", self.port));
        // Braces keep the shell's own input, which is this pipe, from the commands.
        write!(self.typed, "{{\n{commands}}} </dev/null 2>&1\nprintf '\\n%s\\n' '{END}'\n").unwrap();
        let mut text = String::new();
        loop {
            let line = self.printed.recv_timeout(STEP);
            let line = line.unwrap_or_else(|_| panic!("{STEP:?} were not enough for {commands}, which printed {text}"));
            if line == END {
                // What a command prints last may lack its line end, so the shell gives one more.
                text.pop();
                return self.as_written(&text);
            }
            text.extend([line.as_str(), "\n"]);
        }
    }

    /// A text as a reader sees it, with the ports of the README.
    fn as_written(&self, text: &str) -> String {
        let text = text.replace(['\r', '\u{feff}'], "");
        text.replace(&format!(":{}", self.port), ":8080").replace(&self.receiver.to_string(), "9000")
    }
}

impl Drop for Tour {
    fn drop(&mut self) {
        // Each terminal is a group of processes: the city below make, the receiver below the shell.
        for terminal in self.first.iter_mut().map(|(make, _)| make).chain([&mut self.second]) {
            let _ = kill_process_group(Pid::from_child(terminal), Signal::KILL);
            let _ = terminal.wait();
        }
    }
}

/// Somebody who watches the page during the tour, where a browser is installed.
struct Viewer(Option<(Child, PathBuf)>);

impl Viewer {
    /// Opens the page, and waits until it is open.
    fn look_at(tour: &Tour) -> Self {
        let console = checkout().join("console");
        let page = Client::new(&format!("http://127.0.0.1:{}", tour.port), None).get("/").send().text();
        if which("chromium").is_none() || !console.join("node_modules/vitest").is_dir() || !page.contains("<script") {
            println!("SKIPPED: nobody watches the page: chromium, the console's packages or the console are missing");
            return Self(None);
        }
        let (open, log) = (tour.folder.path().join("page-open"), tour.folder.path().join("page-log"));
        let output = fs::File::create(&log).unwrap();
        let child = Command::new("npm")
            .args(["run", "--silent", "test:browser", "--", "tests/browser/tour.test.ts"])
            .current_dir(console)
            .env("MACHI_TOUR", format!("http://127.0.0.1:{}/", tour.port))
            .env("MACHI_TOUR_OPEN", &open)
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            .spawn();
        let viewer = Self(Some((child.unwrap(), log)));
        eventually("the page is open", || open.exists().then_some(()));
        viewer
    }

    /// Expects that the page has shown the tour's entities and its notification.
    fn has_seen_the_notification(&mut self) {
        if let Some((mut child, log)) = self.0.take() {
            let status = child.wait().unwrap();
            assert!(status.success(), "{}", fs::read_to_string(log).unwrap());
        }
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        if let Some((mut child, _)) = self.0.take() {
            let _ = kill_process_group(Pid::from_child(&child), Signal::KILL);
            let _ = child.wait();
        }
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn read(document: &str) -> String {
    fs::read_to_string(checkout().join(document)).unwrap()
}

fn checkout() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

#[test]
fn an_ellipsis_stands_for_what_differs() {
    for (text, expected, is) in [
        ("a1b\n", "a…b\n", true),
        ("a1b2c\n", "a…b…c\n", true),
        ("ab\nc\n", "ab\n…\n", true),
        ("a1b\n", "a…c\n", false),
        ("ab\n", "ab\nc\n", false),
        ("abc\n", "ab\n", false),
    ] {
        assert_eq!(is_like(text, expected), is, "{text} {expected}");
    }
}
