//! `machi context`: @contexts that are there without a network.

use std::path::PathBuf;

use clap::Subcommand;
use machi_types::Iri;

/// What to do with @contexts.
#[derive(Debug, Subcommand)]
pub enum ContextCommand {
    /// Keep the file as the @context of this address, so that it is never fetched
    Add {
        /// The address by which data names it
        #[arg(value_name = "URL")]
        url: Iri,
        /// The JSON-LD document
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// The city's folder [setting: store.path]
        #[arg(long, value_name = "DIR")]
        data: Option<PathBuf>,
    },
}
