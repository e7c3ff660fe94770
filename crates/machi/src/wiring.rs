//! Builds the blocks and hands each what it needs; the one place where they meet.

use std::sync::{Arc, OnceLock};

use axum::Router;
use http::HeaderValue;
use machi_http::Shutdown;
use machi_http::client::{Client, ClientSettings, Egress};
use machi_http::edge::{Edge, EdgeSettings, Origins, Peers};
use machi_http::metrics::{Registry, observe_process};
use machi_http::openapi::Api;
use machi_http::server::ServerLimits;

use crate::config::{Config, EgressSection, ServerSection};
use crate::lifecycle::StartError;
use crate::own::{self, Readiness};

/// A city, ready to be served.
#[derive(Debug)]
pub struct City {
    /// All requests go through it.
    pub edge: Arc<Edge>,
    /// All figures.
    pub registry: Arc<Registry>,
    /// The way out, for contexts and notifications.
    pub client: Client,
}

/// Builds a city.
pub fn assemble(config: &Config, peers: Peers, _shutdown: &Shutdown) -> Result<City, StartError> {
    let registry = Arc::new(Registry::new());
    observe_process(&registry);
    let client = Client::new(client_settings(&config.egress))?;
    let readiness = Arc::new(Readiness::default());
    // Blocks are built here, each from its section; what must be ready before the city is, says so to `readiness`.
    let own = own_endpoints(&registry, &readiness);
    let router = routes(own);
    let edge = Edge::new(router, edge_settings(config, peers)?, &registry);
    Ok(City { edge, registry, client })
}

/// Every address of the city: the routers of the blocks are merged here.
fn routes(own: Api) -> Router {
    own.into_router().route("/", axum::routing::get(own::page))
}

/// Our own endpoints, those of the blocks included: their APIs are merged here.
fn own_endpoints(registry: &Arc<Registry>, readiness: &Arc<Readiness>) -> Api {
    let description = Arc::new(OnceLock::new());
    let api = own::endpoints(Arc::clone(registry), Arc::clone(readiness), Arc::clone(&description));
    description.get_or_init(|| own::describe(api.operations()));
    api
}

/// The OpenAPI description of our own endpoints, as it is committed.
pub fn openapi_text() -> String {
    let api = own_endpoints(&Arc::new(Registry::new()), &Arc::new(Readiness::default()));
    own::describe(api.operations())
}

/// The bounds on connections.
pub fn server_limits(server: &ServerSection) -> ServerLimits {
    ServerLimits {
        connections: server.connections.get(),
        head_timeout: server.head_timeout,
        idle_timeout: server.idle_timeout,
        write_timeout: server.write_timeout,
        head_bytes: server.head_size.0 as usize,
        grace: server.shutdown_grace,
    }
}

fn edge_settings(config: &Config, peers: Peers) -> Result<EdgeSettings, StartError> {
    let server = &config.server;
    Ok(EdgeSettings {
        concurrency: server.requests.get(),
        queue: server.queue as usize,
        queue_patience: server.queue_timeout,
        always: own::ALWAYS.to_vec(),
        origins: origins(&server.origins)?,
        gzip_from: server.gzip_from.0,
        slow: config.log.slow_request,
        peers,
    })
}

fn origins(list: &[String]) -> Result<Origins, StartError> {
    if list.iter().any(|origin| origin == "*") {
        return Ok(Origins::Any);
    }
    let mut origins = Vec::new();
    for text in list {
        let is_origin = text.split_once("://").is_some_and(|(_, host)| !host.is_empty() && !host.contains('/'));
        let value = HeaderValue::from_str(text).ok().filter(|_| is_origin);
        origins.push(value.ok_or_else(|| StartError::Origin(text.clone()))?);
    }
    Ok(Origins::Only(origins))
}

fn client_settings(egress: &EgressSection) -> ClientSettings {
    ClientSettings {
        egress: Egress::allowing(egress.allow.clone()),
        authorities: egress.authorities.0.clone(),
        connect_patience: egress.connect_timeout,
        kept_per_host: egress.kept_connections.get(),
        kept_for: egress.kept_for,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_description_is_the_committed_one() {
        let golden = include_str!("../../../docs/api/openapi.json");
        assert_eq!(openapi_text(), golden, "refresh it with `cargo run -p machi -- openapi > docs/api/openapi.json`");
    }

    #[test]
    fn origins_are_all_or_a_list() {
        assert_eq!(origins(&["*".to_owned()]).unwrap(), Origins::Any);
        assert_eq!(origins(&[]).unwrap(), Origins::Only(Vec::new()));
        assert!(origins(&["https://a.example".to_owned()]).is_ok());
        for bad in ["a.example", "https://a.example/", "https://", "https://a\n"] {
            assert!(matches!(origins(&[bad.to_owned()]), Err(StartError::Origin(_))), "{bad}");
        }
    }
}
