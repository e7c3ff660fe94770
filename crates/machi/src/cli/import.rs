//! `machi import`: files full of entities.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use machi_types::{Iri, TenantId};

/// Which files are loaded, and how.
#[derive(Args, Debug)]
pub struct ImportArgs {
    /// NGSI-LD JSON or NDJSON, GeoJSON or CSV
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// How the columns of a CSV or the properties of a GeoJSON become attributes
    #[arg(long, value_name = "FILE")]
    pub mapping: Option<PathBuf>,
    /// The encoding of CSV files, where it is not recognised
    #[arg(long, value_enum)]
    pub encoding: Option<Encoding>,
    /// The @context of plain JSON
    #[arg(long, value_name = "URL")]
    pub context: Option<Iri>,
    /// Into which tenant
    #[arg(long, value_name = "TENANT")]
    pub tenant: Option<TenantId>,
    /// Where the running city listens
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    pub server: String,
    /// Where the report of refused rows is written
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Begin anew, even if an earlier run was interrupted
    #[arg(long)]
    pub restart: bool,
}

/// An encoding of text files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Encoding {
    /// UTF-8, with or without a byte order mark
    Utf8,
    /// Shift JIS as Windows writes it
    Cp932,
}
