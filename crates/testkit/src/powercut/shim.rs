//! How the shim is told what to watch, and what to make go wrong.

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::preload::{self, Environment};

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
        command.envs(self.environment())
    }

    /// What a process that is watched is started with.
    pub fn environment(&self) -> Environment {
        let mut environment = vec![(preload::VARIABLE.to_owned(), preload::library("powercut", SOURCE).into())];
        environment.extend(self.settings.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        environment
    }
}
