//! Where a city lies: in its folder, or in a database. All but its lifecycle and its commands know the store's port alone.
//!
//! A city in a database has a folder, too, for what belongs to one process and for its past. The folder remembers whose
//! it is, so that no other city takes its past for its own, and no second city begins in it unseen.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use machi_http::Text;
use machi_store::{Store, StoreError};
use machi_store_embedded::{DataFolder, EmbeddedStore, write_durably};
use machi_store_postgres::{Claim, PostgresStore};

use crate::lifecycle::StartError;
use crate::said::Told;

/// The file in the folder of a city that lies in a database; it says which one.
const FILE: &str = "database-city";

/// A city's store, as what opens and ends it knows it.
#[derive(Clone, Debug)]
pub enum Ground {
    /// It lies in its folder.
    Folder(Arc<EmbeddedStore>),
    /// It lies in a database; the folder and the claim are held as long as it is open.
    Database(Arc<PostgresStore>, Arc<(DataFolder, Claim)>),
}

impl Ground {
    /// The store, as all blocks know it.
    pub fn store(&self) -> Arc<dyn Store> {
        match self {
            Self::Folder(store) => Arc::clone(store) as Arc<dyn Store>,
            Self::Database(store, _) => Arc::clone(store) as Arc<dyn Store>,
        }
    }

    /// The store in the folder, where it lies there; else what to do instead.
    pub fn in_folder(&self) -> Result<Arc<EmbeddedStore>, Told> {
        match self {
            Self::Folder(store) => Ok(Arc::clone(store)),
            Self::Database(..) => Err(Told(Text::both(
                "this city lies in a database, which is backed up by its own tools, such as pg_basebackup; its past is in its folder or bucket, and is copied with it",
                "この都市のデータはデータベースにあります。pg_basebackupなど、データベースのツールでバックアップし、フォルダーかバケットにある履歴も一緒にコピーしてください",
            ))),
        }
    }

    /// How far the clock lies behind the last commit.
    pub fn clock_lag(&self) -> Duration {
        match self {
            Self::Folder(store) => store.clock_lag(),
            Self::Database(store, _) => store.clock_lag(),
        }
    }

    /// How far the clock has jumped ahead, which stops the writes.
    pub fn clock_jump(&self) -> Option<Duration> {
        match self {
            Self::Folder(store) => store.clock_jump(),
            Self::Database(store, _) => store.clock_jump(),
        }
    }

    /// Believes a clock that has jumped ahead.
    pub fn accept_clock(&self) -> Result<(), StoreError> {
        match self {
            Self::Folder(store) => store.accept_clock(),
            Self::Database(store, _) => {
                store.accept_clock();
                Ok(())
            }
        }
    }

    /// Why the database cannot be asked, if it cannot.
    pub fn trouble(&self) -> Option<Text> {
        match self {
            Self::Folder(_) => None,
            Self::Database(store, _) => store.trouble(),
        }
    }

    /// Writes everything out that is not.
    pub async fn close(&self) {
        if let Self::Folder(store) = self {
            let store = Arc::clone(store);
            let _ = tokio::task::spawn_blocking(move || store.close()).await;
        }
    }
}

/// Whether the city of a folder lies in a database.
pub fn is_in_database(folder: &Path) -> Result<bool, StartError> {
    Ok(remembered(folder)?.is_some())
}

/// Finds out that the city of a folder lies in it, and not in a database.
pub fn check_lies_here(folder: &Path) -> Result<(), StartError> {
    match is_in_database(folder)? {
        false => Ok(()),
        true => Err(StartError::Elsewhere(Told(Text::both(
            format!(
                "the city of {} lies in a database; name it in [store] url, or by MACHI__STORE__URL in the environment",
                folder.display()
            ),
            format!(
                "{}の都市のデータはデータベースにあります。[store] urlか環境変数MACHI__STORE__URLで指定してください",
                folder.display()
            ),
        )))),
    }
}

/// Finds out that a folder belongs to a city in a database, or makes it that city's.
pub fn belong(folder: &Path, city: &str) -> Result<(), StartError> {
    match remembered(folder)? {
        Some(known) if known == city => Ok(()),
        Some(_) => Err(StartError::Elsewhere(Told(Text::both(
            format!(
                "{} belongs to a city in another database; name a folder of its own for each city, or the other database",
                folder.display()
            ),
            format!(
                "{}は別のデータベースの都市のフォルダーです。都市ごとに別のフォルダーを指定するか、元のデータベースを指定してください",
                folder.display()
            ),
        )))),
        None if holds_a_city(folder) => Err(StartError::Elsewhere(Told(Text::both(
            format!("{} holds a city of its own, which no database knows; name another folder", folder.display()),
            format!("{}には別の都市のデータがあります。別のフォルダーを指定してください", folder.display()),
        )))),
        None => Ok(write_durably(&folder.join(FILE), format!("{city}\n"))?),
    }
}

fn remembered(folder: &Path) -> Result<Option<String>, StartError> {
    let file = folder.join(FILE);
    match fs::read_to_string(&file) {
        Ok(text) => Ok(Some(text.trim().to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(StoreError::Io { context: format!("reading {}", file.display()), source }.into()),
    }
}

/// Whether the embedded engine has written in a folder.
fn holds_a_city(folder: &Path) -> bool {
    folder.join("journal").exists()
}
