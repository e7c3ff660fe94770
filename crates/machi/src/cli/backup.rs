//! `machi backup`, `machi restore` and `machi verify`: a city in one file, and the proof that it is whole.

use std::path::PathBuf;

use clap::Args;
use machi_types::TenantId;

/// What is saved, and where to.
#[derive(Args, Debug)]
pub struct BackupArgs {
    /// The file to write
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Where the running city listens
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    pub server: String,
    /// Only this tenant
    #[arg(long, value_name = "TENANT")]
    pub tenant: Option<TenantId>,
}

/// What is restored, and where to.
#[derive(Args, Debug)]
pub struct RestoreArgs {
    /// A file that `machi backup` wrote
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The folder to restore into; empty, or the city's own for one tenant
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// Only this tenant
    #[arg(long, value_name = "TENANT")]
    pub tenant: Option<TenantId>,
}

/// What is proven.
#[derive(Args, Debug)]
pub struct VerifyArgs {
    /// The city's folder, or a file that `machi backup` wrote
    #[arg(value_name = "PATH")]
    pub path: PathBuf,
}
