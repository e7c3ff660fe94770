//! Clients that others wrote, against the real binary.
//!
//! pyld is compared with the model in `machi-model`; the browser is in `page.rs`, curl in `tour.rs`.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::kit::*;

// Issue 2, line 10: PyPI's ngsildclient creates, reads, queries, subscribes and deletes.
#[test]
fn the_ngsildclient_of_pypi_finds_what_it_expects() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = here.ancestors().map(|folder| folder.join(".venv/bin/python")).find(|python| python.exists());
    let has_client = |python: &Path| {
        let asked = Command::new(python).args(["-c", "import ngsildclient"]).stderr(Stdio::null()).status();
        asked.is_ok_and(|status| status.success())
    };
    let Some(python) = python.filter(|python| has_client(python)) else {
        println!("SKIPPED: there is no .venv/bin/python with ngsildclient; `make test` makes one");
        return;
    };
    let url = city().url();
    let (host, port) = url.trim_start_matches("http://").split_once(':').unwrap();
    let ran = Command::new(python).arg(here.join("tests/clients/city.py")).args([host, port]).output().unwrap();
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(ran.status.success(), "{}{}", said(&ran.stdout), said(&ran.stderr));
}
