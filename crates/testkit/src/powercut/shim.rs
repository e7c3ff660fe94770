//! The preloaded library: built once per version of its source, and handed to a command by environment.

use std::ffi::OsString;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

const SOURCE: &str = include_str!("../../shim/powercut.c");

/// How a command is watched, and what is made to go wrong below its folder.
#[derive(Clone, Debug)]
pub struct Watch {
    settings: Vec<(&'static str, OsString)>,
}

impl Watch {
    /// Watches what a command does below `root` and logs it to `log`, which must lie elsewhere.
    pub fn new(root: &Path, log: &Path) -> Self {
        let root = fs::canonicalize(root).expect("the watched folder is there");
        Self { settings: vec![("MACHI_SHIM_ROOT", root.into()), ("MACHI_SHIM_LOG", log.into())] }
    }

    /// Applies the two settings of syncs to files whose path contains `part` only.
    #[must_use]
    pub fn matching(self, part: &str) -> Self {
        self.with("MACHI_SHIM_MATCH", part)
    }

    /// Makes the sync of that number, counted from 1, fail.
    #[must_use]
    pub fn failing_sync(self, number: u64) -> Self {
        self.with("MACHI_SHIM_FAIL_SYNC", number.to_string())
    }

    /// Takes all syncs out: they say yes and make nothing durable.
    #[must_use]
    pub fn without_syncs(self) -> Self {
        self.with("MACHI_SHIM_IGNORE_SYNC", "1")
    }

    /// Makes each sync take at least so long, as a slow disk does.
    #[must_use]
    pub fn slow_sync(self, micros: u64) -> Self {
        self.with("MACHI_SHIM_SYNC_MICROS", micros.to_string())
    }

    /// Lets the folder grow by no more bytes than the number that this file holds.
    #[must_use]
    pub fn quota(self, file: &Path) -> Self {
        self.with("MACHI_SHIM_QUOTA", file)
    }

    fn with(mut self, name: &'static str, value: impl Into<OsString>) -> Self {
        self.settings.push((name, value.into()));
        self
    }

    /// Preloads the shim into a command.
    pub fn around<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command.env("LD_PRELOAD", library()).envs(self.settings.iter().map(|(name, value)| (name, value)))
    }
}

/// The built library. Builds of other processes at the same time do no harm: the last rename wins.
fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let mut hasher = DefaultHasher::new();
        SOURCE.hash(&mut hasher);
        let folder = std::env::temp_dir().join("machi-testkit");
        fs::create_dir_all(&folder).expect("the folder of temporary files can be written");
        let library = folder.join(format!("powercut-{:016x}.so", hasher.finish()));
        if !library.exists() {
            build(&folder, &library);
        }
        library
    })
}

fn build(folder: &Path, library: &Path) {
    let fresh = tempfile::tempdir_in(folder).expect("the folder of temporary files can be written");
    let (source, built) = (fresh.path().join("powercut.c"), fresh.path().join("powercut.so"));
    fs::write(&source, SOURCE).expect("the folder of temporary files can be written");
    let compiled = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-pthread", "-o"])
        .arg(&built)
        .arg(&source)
        .output()
        .expect("a C compiler named cc is there");
    assert!(compiled.status.success(), "the shim was not built:\n{}", String::from_utf8_lossy(&compiled.stderr));
    fs::rename(&built, library).expect("both lie in one folder");
}
