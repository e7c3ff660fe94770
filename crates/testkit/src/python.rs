//! The Python in which the packages of `scripts/requirements.txt` are installed.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The Python that has all of these packages; none where there is none, which is said.
pub fn python_with(packages: &[&str]) -> Option<PathBuf> {
    let found = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .map(|folder| folder.join(".venv/bin/python"))
        .find(|python| python.exists());
    let python = found.filter(|python| has(python, packages));
    if python.is_none() {
        println!("SKIPPED: there is no .venv/bin/python with {}; `make test` makes one", packages.join(" and "));
    }
    python
}

fn has(python: &Path, packages: &[&str]) -> bool {
    let asked = format!("import {}", packages.join(","));
    let asked = Command::new(python).args(["-c", &asked]).stderr(Stdio::null()).status();
    asked.is_ok_and(|status| status.success())
}
