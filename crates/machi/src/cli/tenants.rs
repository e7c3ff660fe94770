//! `machi tenants`: the tenants of a city, each listed, created, exported, restored and erased alone.

use std::error::Error;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use machi_http::Language;
use machi_types::TenantId;

use super::print_line;
use crate::control::{self, Asked};
use crate::said::Told;

/// What to do with tenants. The default tenant is written `-`.
#[derive(Debug, Subcommand)]
pub enum TenantsCommand {
    /// List the tenants with their entities and bytes
    List {
        /// The city's folder; the city may be running
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
    },
    /// Make a tenant that holds nothing, where its first write is not to make it
    Create {
        /// The name of the new tenant
        #[arg(value_name = "TENANT")]
        tenant: TenantId,
        /// The city's folder; the city may be running
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
    },
    /// Write everything of a tenant, as of one position, to a new file
    Export {
        /// Which tenant; - is the default one
        #[arg(value_name = "TENANT", value_parser = tenant)]
        tenant: TenantId,
        /// The file, lines of JSON
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// The city's folder; the city may be running
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
    },
    /// Bring a tenant back from such a file; the tenant must hold nothing
    Restore {
        /// Which tenant, also under another name than it was exported from; - is the default one
        #[arg(value_name = "TENANT", value_parser = tenant)]
        tenant: TenantId,
        /// A file that `machi tenants export` wrote
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// The city's folder; the city may be running
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
    },
    /// Delete everything of a tenant for good
    Erase {
        /// Which tenant; - is the default one
        #[arg(value_name = "TENANT", value_parser = tenant)]
        tenant: TenantId,
        /// The same name again, so that no other tenant is erased by a slip
        #[arg(long, value_name = "TENANT", value_parser = tenant)]
        confirm: TenantId,
        /// The city's folder; the city may be running
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
    },
}

/// The tenant that a word names.
fn tenant(word: &str) -> Result<TenantId, String> {
    if word == TenantId::DEFAULT_WORD {
        return Ok(TenantId::default_tenant());
    }
    word.parse().map_err(|error: machi_types::InvalidTenant| format!("{error}; the default tenant is written -"))
}

pub(super) fn run(command: TenantsCommand, language: Language) -> Result<(), Box<dyn Error>> {
    let (data, asked) = match command {
        TenantsCommand::List { data } => (data, Asked::ListTenants),
        TenantsCommand::Create { tenant, data } => (data, Asked::CreateTenant { tenant }),
        TenantsCommand::Export { tenant, file, data } => (data, Asked::ExportTenant { tenant, to: absolute(&file)? }),
        TenantsCommand::Restore { tenant, file, data } => {
            (data, Asked::RestoreTenant { tenant, from: absolute(&file)? })
        }
        TenantsCommand::Erase { tenant, confirm, .. } if tenant != confirm => {
            return Err(Box::new(Told::new(
                "--confirm names another tenant; nothing was erased",
                "--confirmのテナント名が一致しません。何も消去していません",
            )));
        }
        TenantsCommand::Erase { tenant, data, .. } => (data, Asked::EraseTenant { tenant }),
    };
    print_line(&control::ask_any(&data, asked, language)?)
}

/// The running city may have another working directory.
fn absolute(path: &Path) -> Result<PathBuf, std::io::Error> {
    std::path::absolute(path)
}
