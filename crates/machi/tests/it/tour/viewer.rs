//! Somebody who watches the page during the tour, where a browser is installed: what they see, and how soon.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use machi_types::{Clock, SystemClock};
use rustix::process::{Pid, Signal, kill_process_group};

use super::checkout;
use super::terminals::free_port;
use crate::kit::*;

/// What a machine that does much else may take to show a change; a quiet one shows it within a second.
const BUSY: Duration = Duration::from_secs(20);

/// A browser, and the test that holds it: see `console/tests/browser/tour.test.ts`.
pub(super) struct Viewer {
    child: Child,
    log: PathBuf,
    browser: Client,
    /// The steps of which something was seen.
    pub(super) seen: Vec<usize>,
    _folder: tempfile::TempDir,
}

impl Viewer {
    /// Opens a browser in this language; its pictures go into a folder.
    pub(super) fn open(language: &str, pictures: Option<&Path>) -> Option<Self> {
        let console = checkout().join("console");
        if which("chromium").is_none() || !console.join("node_modules/vitest").is_dir() || !holds_console() {
            println!("SKIPPED: nobody watches the page: chromium, the console's packages or the console are missing");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let (log, port) = (folder.path().join("log"), free_port());
        let output = fs::File::create(&log).unwrap();
        let child = Command::new("npm")
            .args(["run", "--silent", "test:browser", "--", "tests/browser/tour.test.ts"])
            .current_dir(console)
            .env("MACHI_TOUR", port.to_string())
            .env("MACHI_TOUR_LANGUAGE", language)
            .env("MACHI_TOUR_PICTURES", pictures.unwrap_or(folder.path()))
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            .spawn();
        let browser = Client::new(&format!("http://127.0.0.1:{port}"), None);
        let viewer = Self { child: child.unwrap(), log, browser, seen: Vec::new(), _folder: folder };
        eventually("the browser is open", || viewer.browser.get("/").exchange().ok());
        Some(viewer)
    }

    /// Opens an address of the page, and waits until it shows what it is opened for.
    pub(super) fn look(&mut self, step: usize, place: usize, address: &str) {
        let shown = self.ask("/look", &json!({ "sight": format!("{step}.{place}"), "address": address }));
        self.note(step, place, &shown);
    }

    /// Begins to watch for what a block will change.
    pub(super) fn watch(&self, step: usize, place: usize) {
        self.ask("/watch", &json!({ "sight": format!("{step}.{place}") }));
    }

    /// Waits until the page has shown what a block has changed since it was typed.
    pub(super) fn has_seen(&mut self, step: usize, place: usize, typed: i64) {
        let shown = self.ask("/seen", &json!({ "sight": format!("{step}.{place}"), "since": typed }));
        self.note(step, place, &shown);
    }

    /// Closes the browser, and expects that its page had no fault.
    pub(super) fn close(mut self) {
        self.ask("/end", &json!({}));
        let status = self.child.wait().unwrap();
        assert!(status.success(), "{}", fs::read_to_string(&self.log).unwrap());
    }

    fn ask(&self, path: &str, body: &Value) -> Value {
        let answer = self.browser.post(path).json(body.clone()).exchange();
        let told = || fs::read_to_string(&self.log).unwrap();
        let answer = answer.unwrap_or_else(|error| panic!("{path} {body}: {error}\n{}", told()));
        assert_eq!(answer.status, 200, "{path} {body}: {}\n{}", answer.text(), told());
        answer.json()
    }

    fn note(&mut self, step: usize, place: usize, shown: &Value) {
        let Some(after) = shown["ms"].as_u64().map(Duration::from_millis) else { return };
        println!("step {step}.{place} is on the page after {} ms", after.as_millis());
        assert!(after < BUSY, "step {step}.{place} took {after:?} to be seen");
        self.seen.push(step);
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
        let _ = self.child.wait();
    }
}

/// The time as the page tells it: milliseconds since 1970.
pub(super) fn now() -> i64 {
    SystemClock.now().micros() / 1000
}

/// Whether the page was built before the binary.
fn holds_console() -> bool {
    city().client().get("/").send().text().contains("<script")
}
