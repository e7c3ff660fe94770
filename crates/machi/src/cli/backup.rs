//! `machi backup`, `machi restore` and `machi verify`: a city in another folder, and the proof that it is whole.

use std::error::Error;
use std::path::PathBuf;

use clap::Args;
use machi_http::{Language, Text};
use machi_store_embedded::{EmbeddedStore, SoundBackup};

use super::print_line;
use crate::control::{self, Asked};

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
    /// The city's folder, where the city may be running, or that of a backup
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
}

pub(super) fn backup(arguments: &BackupArgs, language: Language) -> Result<(), Box<dyn Error>> {
    // The running city may have another working directory.
    let to = std::path::absolute(&arguments.to)?;
    print_line(&control::ask_any(&arguments.data, Asked::Backup { to }, language)?)
}

pub(super) fn restore(arguments: &RestoreArgs, language: Language) -> Result<(), Box<dyn Error>> {
    let position = EmbeddedStore::restore(&arguments.from, &arguments.data)?;
    let data = arguments.data.display();
    let said = Text::both(
        format!("the city up to position {position} is restored to {data}"),
        format!("位置{position}までの都市データを{data}に復元しました"),
    );
    print_line(said.in_language(language))
}

pub(super) fn verify(arguments: &VerifyArgs, language: Language) -> Result<(), Box<dyn Error>> {
    if let Some(checked) = EmbeddedStore::check_backup(&arguments.data) {
        return print_line(sound(&checked?).in_language(language));
    }
    print_line(&control::verify(&arguments.data, language)?)
}

/// What a check of a backup has seen, as a sentence.
fn sound(backup: &SoundBackup) -> Text {
    let SoundBackup { position, files, bytes } = backup;
    Text::both(
        format!("the backup of position {position} is whole: {files} files with {bytes} bytes are what was written"),
        format!("位置{position}のバックアップは正常です: {files}個のファイル({bytes}バイト)が書き出したときのままです"),
    )
}
