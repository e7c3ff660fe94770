//! `machi index`: indexes for conditions that no default facet answers.

use clap::Subcommand;
use machi_types::TenantId;

/// What to do with indexes.
#[derive(Debug, Subcommand)]
pub enum IndexCommand {
    /// Build an index in the background: of a sub-attribute, a JSON path, or for patterns
    Add {
        /// What to index, as q writes it: `temperature.accuracy`, `address[city]`
        #[arg(value_name = "PATH")]
        path: String,
        /// Index three-letter pieces of texts, for ~= patterns
        #[arg(long)]
        patterns: bool,
        /// Only in this tenant
        #[arg(long, value_name = "TENANT")]
        tenant: Option<TenantId>,
        /// Where the running city listens
        #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
        server: String,
    },
}
