//! Programs in Python that the tests run, and what outside readers make of an archive.

use std::fmt::Debug;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::kit::*;

/// A program of `tests/clients`.
pub(crate) fn program(python: &Path, name: &str) -> Command {
    let mut command = Command::new(python);
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients").join(name));
    command
}

/// What an outside reader (`deltalake`, `duckdb`, `spark`) answers to a question of `past.py` about a table.
pub(crate) fn read_outside(python: &Path, reader: &str, table: &str, question: &str) -> Result<Vec<Value>, String> {
    read_outside_with(python, Environment::new(), reader, table, question)
}

/// The same, where the reader has to be told something, as whose bucket it is.
pub(crate) fn read_outside_with(
    python: &Path,
    environment: Environment,
    reader: &str,
    table: &str,
    question: &str,
) -> Result<Vec<Value>, String> {
    let mut command = program(python, "past.py");
    let ran = command.args([reader, table, question]).envs(environment).output().expect("Python runs");
    if !ran.status.success() {
        return Err(String::from_utf8_lossy(&ran.stderr).into_owned());
    }
    Ok(serde_json::from_slice(&ran.stdout).expect("an array is printed"))
}

/// Reads again and again until that is what it comes to: what was written last is archived a moment later.
#[track_caller]
pub(crate) fn comes_to<T: Debug + PartialEq>(expected: &T, mut read: impl FnMut() -> Result<T, String>) {
    let begun = Instant::now();
    loop {
        let found = read();
        if found.as_ref() == Ok(expected) {
            return;
        }
        assert!(begun.elapsed() < DEADLINE, "not what was expected:\n{expected:?}\nbut\n{found:?}");
        thread::sleep(Duration::from_millis(50));
    }
}
