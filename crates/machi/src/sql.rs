//! The SQL face of a city, in a program that is built with it: its settings, the past that it reads, and where clients of
//! PostgreSQL come in.

use std::io;
use std::sync::Arc;

use machi_face::Face;
use machi_history::History;
use machi_http::edge::Peers;
use machi_sql::config::Config as Settings;
use machi_sql::wire::{Bounds, Listener};
use machi_sql::{PastOf, Pasts, Sql};
use machi_types::TenantId;
use tracing::info;

use crate::config::Config;
use crate::lifecycle::StartError;

/// History, as the SQL face asks for it.
#[derive(Debug)]
struct OfHistory(Arc<History>);

impl Pasts for OfHistory {
    fn past<'a>(&'a self, tenant: &'a TenantId) -> PastOf<'a> {
        Box::pin(async move {
            let past = self.0.past(tenant).await;
            past.map_err(|error| machi_face::FaceError::from(error).into())
        })
    }
}

/// Opens the face, whose threads stand back behind those that answer other requests.
pub(crate) fn open(config: &Config, face: &Arc<Face>, history: &Arc<History>) -> io::Result<Arc<Sql>> {
    let pasts = Arc::new(OfHistory(Arc::clone(history)));
    Sql::new(Arc::clone(face), pasts, settings(config), machi_store_embedded::give_way)
}

/// Takes the address for clients of PostgreSQL, where there is one.
pub(crate) fn bind(config: &Config, peers: &Peers) -> Result<Option<Listener>, StartError> {
    let Some(address) = config.sql.address else { return Ok(None) };
    let bounds = Bounds {
        address,
        connections: config.sql.connections.get(),
        peers: peers.clone(),
        grace: config.server.shutdown_grace.0,
    };
    let bound = Listener::bind(bounds).and_then(|listener| Ok((listener.address()?, listener)));
    let (bound, listener) = bound.map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => StartError::SqlPortTaken { address },
        _ => StartError::SqlListen { address, source },
    })?;
    info!(sql.address = %bound, "clients of PostgreSQL are heard");
    Ok(Some(listener))
}

fn settings(config: &Config) -> Settings {
    let section = &config.sql;
    Settings {
        memory: section.memory.0 as usize,
        time: section.time,
        rows: section.rows,
        queries: section.queries.get(),
        threads: section.threads.get(),
    }
}
