//! The log of a Delta table (protocol reader 1, writer 2): which files are in it, version by version.
//!
//! A version is a file of JSON lines that is written only where there is none of its number; a checkpoint is the sum of
//! all versions up to its own, so that the older ones may go.

use std::collections::BTreeMap;
use std::sync::Arc;

use machi_archive::ArchiveError;
use machi_types::{Clock, Name, SystemClock};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::checkpoint;
use crate::columns::Shape;
use crate::entry::Entry;
use crate::fault;
use crate::files::Files;

/// A table: its folder, and what its rows look like.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    pub(crate) folder: String,
    pub(crate) shape: &'static Shape,
}

/// A table at one of its versions.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    /// The number of the next version.
    pub(crate) next: u64,
    pub(crate) id: String,
    pub(crate) files: BTreeMap<Name, Arc<Entry>>,
    pub(crate) txns: BTreeMap<String, i64>,
    /// Files that are no longer in it, and since when, in milliseconds.
    pub(crate) removed: BTreeMap<Name, i64>,
}

/// What a commit is to change.
#[derive(Clone, Debug, Default)]
pub(crate) struct Changes {
    pub(crate) add: BTreeMap<Name, Arc<Entry>>,
    pub(crate) remove: Vec<Name>,
    pub(crate) txns: BTreeMap<String, i64>,
}

/// A line of a version.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Action {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) commit_info: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) protocol: Option<Protocol>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) meta_data: Option<MetaData>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) txn: Option<Txn>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) add: Option<Add>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) remove: Option<Remove>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Protocol {
    pub(crate) min_reader_version: i32,
    pub(crate) min_writer_version: i32,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MetaData {
    pub(crate) id: String,
    pub(crate) format: Format,
    pub(crate) schema_string: String,
    pub(crate) partition_columns: Vec<String>,
    pub(crate) configuration: BTreeMap<String, String>,
    pub(crate) created_time: i64,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Format {
    pub(crate) provider: String,
    pub(crate) options: BTreeMap<String, String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Txn {
    pub(crate) app_id: String,
    pub(crate) version: i64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Add {
    pub(crate) path: String,
    pub(crate) partition_values: BTreeMap<String, String>,
    pub(crate) size: i64,
    pub(crate) modification_time: i64,
    pub(crate) data_change: bool,
    pub(crate) stats: String,
    pub(crate) tags: BTreeMap<String, String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Remove {
    pub(crate) path: String,
    pub(crate) deletion_timestamp: i64,
    pub(crate) data_change: bool,
}

/// What readers and writers of a table of ours must understand.
pub(crate) const PROTOCOL: Protocol = Protocol { min_reader_version: 1, min_writer_version: 2 };

/// Milliseconds since 1970, by the clock by which the file system tells how old files are.
pub(crate) fn now() -> i64 {
    SystemClock.now().micros() / 1000
}

impl Table {
    pub(crate) fn file(&self, name: &str) -> String {
        format!("{}/{name}", self.folder)
    }

    pub(crate) fn log(&self) -> String {
        self.file("_delta_log")
    }

    pub(crate) fn version(&self, version: u64) -> String {
        self.file(&format!("_delta_log/{version:020}.json"))
    }

    pub(crate) fn checkpoint(&self, version: u64) -> String {
        self.file(&format!("_delta_log/{version:020}.checkpoint.parquet"))
    }

    fn last_checkpoint(&self) -> String {
        self.file("_delta_log/_last_checkpoint")
    }

    /// The table before one of its versions, or as it is now.
    pub(crate) fn load(&self, files: &dyn Files, before: Option<u64>) -> Result<State, ArchiveError> {
        let start = match self.newest_checkpoint(files, before)? {
            Some(version) => checkpoint::read(files, self, version)?,
            None => State::default(),
        };
        self.follow(files, start, before)
    }

    /// The checkpoint to begin with.
    fn newest_checkpoint(&self, files: &dyn Files, before: Option<u64>) -> Result<Option<u64>, ArchiveError> {
        let fits = |version: &u64| before.is_none_or(|before| *version < before);
        if !exists(files, &self.last_checkpoint())? {
            return Ok(None);
        }
        let name = self.last_checkpoint();
        let content = files.read(&name).map_err(|error| fault::reading(&files.place(&name), &error))?;
        let told = serde_json::from_slice::<Value>(&content).ok().and_then(|json| json["version"].as_u64());
        if let Some(version) = told.filter(fits) {
            return Ok(Some(version));
        }
        // It is newer than what is wanted, or says nothing: the checkpoints themselves tell.
        Ok(self.checkpoints(files)?.into_iter().filter(fits).max())
    }

    /// The versions of all checkpoints.
    pub(crate) fn checkpoints(&self, files: &dyn Files) -> Result<Vec<u64>, ArchiveError> {
        let listed = files.list(&self.log()).map_err(|error| fault::reading(&files.place(&self.log()), &error))?;
        Ok(listed.iter().filter_map(|one| one.name.strip_suffix(".checkpoint.parquet")?.parse().ok()).collect())
    }

    /// Takes the versions that follow on a state.
    pub(crate) fn follow(
        &self,
        files: &dyn Files,
        mut state: State,
        before: Option<u64>,
    ) -> Result<State, ArchiveError> {
        while before.is_none_or(|before| state.next < before) {
            let name = self.version(state.next);
            let content = match files.read(&name) {
                Ok(content) => content,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound && before.is_none() => break,
                Err(error) => return Err(fault::reading(&files.place(&name), &error)),
            };
            state.take(&content).map_err(|reason| fault::damaged(&files.place(&name), &reason))?;
        }
        Ok(state)
    }

    /// Commits changes behind a state; nothing where somebody else was faster.
    pub(crate) fn commit(
        &self,
        files: &dyn Files,
        state: &State,
        changes: &Changes,
    ) -> Result<Option<State>, ArchiveError> {
        let mut content = Vec::new();
        for action in self.actions(state, changes) {
            let line = serde_json::to_string(&action).map_err(|error| fault::writing(&self.folder, &error))?;
            content.extend_from_slice(line.as_bytes());
            content.push(b'\n');
        }
        let name = self.version(state.next);
        let done = files.put_new(&name, &content).map_err(|error| fault::writing(&files.place(&name), &error))?;
        if !done {
            return Ok(None);
        }
        let mut next = state.clone();
        next.take(&content).map_err(|reason| fault::damaged(&files.place(&name), &reason))?;
        Ok(Some(next))
    }

    fn actions(&self, state: &State, changes: &Changes) -> Vec<Action> {
        let info = json!({"timestamp": now(), "operation": "WRITE", "engineInfo": concat!("machi ", env!("CARGO_PKG_VERSION"))});
        let mut actions = vec![Action { commit_info: Some(info), ..Action::default() }];
        if state.next == 0 {
            actions.push(Action { protocol: Some(PROTOCOL), ..Action::default() });
            actions.push(Action { meta_data: Some(self.meta_data(new_id(&self.folder))), ..Action::default() });
        }
        let txns = changes.txns.iter().map(|(app, version)| Txn { app_id: app.clone(), version: *version });
        actions.extend(txns.map(|txn| Action { txn: Some(txn), ..Action::default() }));
        let gone = changes.remove.iter().map(|path| Remove {
            path: path.to_string(),
            deletion_timestamp: now(),
            data_change: true,
        });
        actions.extend(gone.map(|remove| Action { remove: Some(remove), ..Action::default() }));
        let new = changes.add.iter().map(|(path, entry)| entry.to_add(path, self.shape));
        actions.extend(new.map(|add| Action { add: Some(add), ..Action::default() }));
        actions
    }

    pub(crate) fn meta_data(&self, id: String) -> MetaData {
        MetaData {
            id,
            format: Format { provider: "parquet".to_owned(), options: BTreeMap::new() },
            schema_string: self.shape.delta(),
            partition_columns: Vec::new(),
            configuration: BTreeMap::new(),
            created_time: now(),
        }
    }

    /// Writes the sum of all versions of a state, and says that there is one.
    pub(crate) fn sum_up(&self, files: &dyn Files, state: &State) -> Result<(), ArchiveError> {
        let Some(version) = state.next.checked_sub(1) else { return Ok(()) };
        let rows = checkpoint::write(files, self, state, version)?;
        let told = json!({"version": version, "size": rows}).to_string();
        let name = self.last_checkpoint();
        files.put(&name, told.as_bytes()).map_err(|error| fault::writing(&files.place(&name), &error))
    }
}

pub(crate) fn exists(files: &dyn Files, name: &str) -> Result<bool, ArchiveError> {
    files.exists(name).map_err(|error| fault::reading(&files.place(name), &error))
}

/// An id in the form of a UUID: of the folder, the time and the process.
pub(crate) fn new_id(folder: &str) -> String {
    let bits = |salt: &str| {
        use std::hash::{BuildHasher, RandomState};
        RandomState::new().hash_one((folder, salt, now()))
    };
    let (one, other) = (bits("a"), bits("b"));
    format!(
        "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
        one >> 32,
        (one >> 16) & 0xffff,
        one & 0xfff,
        other & 0xfff,
        other >> 16
    )
}

impl State {
    /// Takes the lines of the next version.
    pub(crate) fn take(&mut self, content: &[u8]) -> Result<(), String> {
        let content = str::from_utf8(content).map_err(|error| error.to_string())?;
        for line in content.lines().filter(|line| !line.is_empty()) {
            let action: Action = serde_json::from_str(line).map_err(|error| error.to_string())?;
            self.apply(action)?;
        }
        self.next += 1;
        Ok(())
    }

    pub(crate) fn apply(&mut self, action: Action) -> Result<(), String> {
        if let Some(protocol) = action.protocol
            && (protocol.min_reader_version > 1 || protocol.min_writer_version > 2)
        {
            return Err(format!("it asks for reader {} of Delta", protocol.min_reader_version));
        }
        if let Some(meta_data) = action.meta_data {
            self.id = meta_data.id;
        }
        if let Some(txn) = action.txn {
            self.txns.insert(txn.app_id, txn.version);
        }
        if let Some(remove) = action.remove {
            self.files.remove(remove.path.as_str());
            self.removed.insert(Name::from(remove.path), remove.deletion_timestamp);
        }
        if let Some(add) = action.add {
            let path = Name::from(add.path.as_str());
            let entry = Entry::of(&add).ok_or_else(|| format!("it does not tell what {path} holds"))?;
            self.removed.remove(&path);
            self.files.insert(path, Arc::new(entry));
        }
        Ok(())
    }

    /// What makes this state out of another one of the same table.
    pub(crate) fn changes_from(&self, other: &Self) -> Changes {
        let is_new = |(path, entry): &(&Name, &Arc<Entry>)| other.files.get(*path) != Some(*entry);
        Changes {
            add: self.files.iter().filter(is_new).map(|(path, entry)| (path.clone(), Arc::clone(entry))).collect(),
            remove: other.files.keys().filter(|path| !self.files.contains_key(*path)).cloned().collect(),
            txns: BTreeMap::new(),
        }
    }

    /// The same with changes made.
    #[must_use]
    pub(crate) fn with(&self, changes: &Changes) -> Self {
        let mut state = self.clone();
        changes.remove.iter().for_each(|path| drop(state.files.remove(path)));
        state.files.extend(changes.add.iter().map(|(path, entry)| (path.clone(), Arc::clone(entry))));
        state
    }
}

impl Changes {
    pub(crate) fn is_empty(&self) -> bool {
        self.add.is_empty() && self.remove.is_empty()
    }
}
