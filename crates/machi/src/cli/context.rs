//! `machi context`: @contexts that are there without a network.

use std::error::Error;
use std::fs;
use std::path::PathBuf;

use clap::Subcommand;
use machi_http::Language;
use machi_types::Iri;

use super::print_line;
use crate::control::{self, Asked};
use crate::import::FileError;

/// What to do with @contexts.
#[derive(Debug, Subcommand)]
pub enum ContextCommand {
    /// Keep a file as the @context of an address, so that it is never fetched
    Add {
        /// The address by which data names it
        #[arg(value_name = "URL")]
        url: Iri,
        /// The JSON-LD document
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// The city's folder; the city may be running
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
    },
}

pub(super) fn run(command: ContextCommand, language: Language) -> Result<(), Box<dyn Error>> {
    let ContextCommand::Add { url, file, data } = command;
    let text = fs::read_to_string(&file).map_err(|source| FileError::Read { path: file, source })?;
    print_line(&control::ask_any(&data, Asked::AddContext { url, text }, language)?)
}
