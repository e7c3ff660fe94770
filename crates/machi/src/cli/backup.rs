//! `machi backup`, `machi restore` and `machi verify`: a city in another folder, and the proof that it is whole.

use std::error::Error;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use machi_store_embedded::EmbeddedStore;

use super::print;
use crate::config::Config;
use crate::control::{self, Asked};
use crate::wiring;

/// What is saved, and where to.
#[derive(Args, Debug)]
pub struct BackupArgs {
    /// The folder to write; new or empty
    #[arg(value_name = "TO")]
    pub to: PathBuf,
    /// The city's folder; the city may be running
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
}

/// What is restored, and where to.
#[derive(Args, Debug)]
pub struct RestoreArgs {
    /// A folder that `machi backup` wrote
    #[arg(value_name = "FROM")]
    pub from: PathBuf,
    /// The city's new folder; new or empty
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
}

/// What is proven.
#[derive(Args, Debug)]
pub struct VerifyArgs {
    /// The city's folder; the city may be running
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
}

pub(super) fn backup(arguments: &BackupArgs) -> Result<(), Box<dyn Error>> {
    // The running city may have another working directory.
    let to = std::path::absolute(&arguments.to)?;
    let position = match control::ask(&arguments.data, &Asked::Backup { to: to.clone() })? {
        Some(answer) => answer,
        None => open(&arguments.data)?.backup(&to)?.to_string(),
    };
    print(&format!("the city up to position {position} is in {}\n", to.display()))
}

pub(super) fn restore(arguments: &RestoreArgs) -> Result<(), Box<dyn Error>> {
    let position = EmbeddedStore::restore(&arguments.from, &arguments.data)?;
    print(&format!("the city up to position {position} is restored to {}\n", arguments.data.display()))
}

pub(super) fn verify(arguments: &VerifyArgs) -> Result<(), Box<dyn Error>> {
    let seen = match control::ask(&arguments.data, &Asked::Verify)? {
        Some(answer) => answer,
        None => control::describe(&open(&arguments.data)?.verify()?),
    };
    let _ = std::io::stdout().flush();
    print(&format!("everything is whole: {seen}\n"))
}

/// Opens a city that no process runs.
fn open(data: &Path) -> Result<EmbeddedStore, Box<dyn Error>> {
    if !data.join("format").exists() {
        return Err(format!("{} holds no city", data.display()).into());
    }
    let mut config = Config::default();
    data.clone_into(&mut config.store.path);
    Ok(wiring::open_store(&config)?)
}
