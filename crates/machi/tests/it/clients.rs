//! Clients that others wrote, against the real binary.
//!
//! pyld is compared with the model in `machi-model`; the browser is in `page.rs`, curl in `tour.rs`.

use crate::kit::*;
use crate::python::program;

// Issue 2, line 10: PyPI's ngsildclient creates, reads, queries, subscribes and deletes.
#[test]
fn the_ngsildclient_of_pypi_finds_what_it_expects() {
    let Some(python) = python_with(&["ngsildclient"]) else { return };
    let url = city().url();
    let (host, port) = url.trim_start_matches("http://").split_once(':').unwrap();
    let ran = program(&python, "city.py").args([host, port]).output().unwrap();
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(ran.status.success(), "{}{}", said(&ran.stdout), said(&ran.stderr));
}
