//! The ways in which a store fails.

use std::io;
use std::time::Duration;

use machi_types::geo::TooIntricate;
use machi_types::{Language, Text};

/// Why the store could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A find needs more work than its budget allows.
    #[error("the query needs more than its budget: {}", .0.in_language(Language::English))]
    TooComplex(Text),
    /// The cursor was not made by this kind of query.
    #[error("the cursor does not belong to this query")]
    InvalidCursor,
    /// What was visible at this position is no longer kept.
    #[error("position {0} is no longer kept")]
    PositionGone(String),
    /// Writes are not taken now; reads go on.
    #[error("writes are not taken now: {}", reason.in_language(Language::English))]
    ReadOnly {
        /// What happened, and what helps.
        reason: Text,
    },
    /// A backup or a restored city goes to a folder of its own.
    #[error("{folder} is not empty; name a folder that is new or empty")]
    NotEmpty {
        /// The folder.
        folder: String,
    },
    /// A backup is what it is: nobody works in it.
    #[error(
        "{folder} is a backup, which stays as it is; put it into a new folder with: machi restore {folder} --data FOLDER"
    )]
    IsBackup {
        /// The folder.
        folder: String,
    },
    /// The folder is being filled, or was when that was broken off.
    #[error(
        "{folder} holds a {what} that has not ended; wait for its end, or if it was broken off, do it again with machi {what}"
    )]
    Unfinished {
        /// The folder.
        folder: String,
        /// `backup` or `restore`.
        what: &'static str,
    },
    /// A backup or a restored city would become a part of another.
    #[error("{folder} lies inside {outer}, which is the folder of a city or a backup; name one outside of it")]
    Inside {
        /// The folder.
        folder: String,
        /// The one that it lies in.
        outer: String,
    },
    /// The folder cannot be made or written to.
    #[error("the data folder {folder} cannot be used; check that it is a folder and that this user may write to it")]
    Unusable {
        /// The folder.
        folder: String,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// Another process has the folder open.
    #[error("the data folder {folder} is in use by another process; stop that one first, or name another folder")]
    InUse {
        /// The folder.
        folder: String,
    },
    /// A newer Machi wrote this.
    #[error(
        "{file} has format {found}, and this Machi reads up to {known}; use the Machi that wrote it, or a newer one"
    )]
    NewerFormat {
        /// The file that says so.
        file: String,
        /// Its format.
        found: u32,
        /// The newest that is known here.
        known: u32,
    },
    /// There is nothing of the kind.
    #[error("{folder} holds no {what}")]
    Missing {
        /// The folder.
        folder: String,
        /// What was looked for.
        what: &'static str,
    },
    /// A commit brings more names than one may.
    #[error(
        "the names of attributes and datasets in it that are new here are longer than {most} bytes together; send it in parts"
    )]
    TooManyNames {
        /// How many bytes of them are taken.
        most: usize,
    },
    /// The queue of writers is full: try later.
    #[error("too many writers wait; try again in a moment")]
    Overloaded,
    /// A file's content is not what was written.
    #[error("{file} is damaged: {detail}")]
    Damaged {
        /// The file.
        file: String,
        /// What is wrong with it.
        detail: String,
    },
    /// The operating system refused.
    #[error("{context}")]
    Io {
        /// What was being done to which file.
        context: String,
        /// The system's reason.
        #[source]
        source: io::Error,
    },
    /// Another process serves the city of a database.
    #[error("the city in this database is served by another process; stop that one first")]
    Served,
    /// The address of a database is none.
    #[error("[store] url is not the address of a database, such as postgres://user:password@host/database: {0}")]
    Unnamed(String),
    /// The database behind the store cannot be asked.
    #[error("the database cannot be reached: {0}")]
    Away(String),
    /// The database was lost while it committed.
    #[error(
        "the connection to the database broke off while a change was being committed, and whether it is there could not be found out ({0}); read it before you send it again"
    )]
    Uncertain(String),
    /// The engine below failed.
    #[error("the storage engine failed: {0}")]
    Engine(String),
    /// The store is being closed.
    #[error("the store is closing")]
    Closing,
}

impl StoreError {
    /// A find that takes longer than it may.
    pub fn too_slow(most: Duration) -> Self {
        Self::TooComplex(Text::both(format!("more than {most:?}"), format!("{most:?}を超えています")))
    }

    /// A survey that would read more than it may.
    pub fn too_many_bytes(most: usize) -> Self {
        Self::TooComplex(Text::both(
            format!("more than {most} bytes of documents"),
            format!("文書が{most}バイトを超えています"),
        ))
    }
}

impl From<TooIntricate> for StoreError {
    fn from(error: TooIntricate) -> Self {
        Self::TooComplex(Text::both(
            error.to_string(),
            "2つのジオメトリが複雑すぎて比較できません。近接する辺が多すぎます",
        ))
    }
}
