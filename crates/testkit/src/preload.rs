//! Libraries that are preloaded into processes under test: built once per version of their source.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The environment that a process under test is given.
pub type Environment = Vec<(String, std::ffi::OsString)>;

/// The variable by which the loader is told.
pub(crate) const VARIABLE: &str = "LD_PRELOAD";

/// The library of a source in C. Builds of other processes at the same time do no harm: the last rename wins.
pub(crate) fn library(name: &str, source: &str) -> PathBuf {
    let mut hasher = DefaultHasher::new();
    source.hash(&mut hasher);
    let folder = std::env::temp_dir().join("machi-testkit");
    fs::create_dir_all(&folder).expect("the folder of temporary files can be written");
    let library = folder.join(format!("{name}-{:016x}.so", hasher.finish()));
    if !library.exists() {
        build(&folder, source, &library);
    }
    library
}

fn build(folder: &Path, text: &str, library: &Path) {
    let fresh = tempfile::tempdir_in(folder).expect("the folder of temporary files can be written");
    let (source, built) = (fresh.path().join("source.c"), fresh.path().join("built.so"));
    fs::write(&source, text).expect("the folder of temporary files can be written");
    let compiled = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-pthread", "-o"])
        .arg(&built)
        .arg(&source)
        .output()
        .expect("a C compiler named cc is there");
    assert!(compiled.status.success(), "the shim was not built:\n{}", String::from_utf8_lossy(&compiled.stderr));
    fs::rename(&built, library).expect("both lie in one folder");
}
