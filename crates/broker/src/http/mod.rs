//! The HTTP face of the block: the routes of `/ngsi-ld/v1`, and those of our own under `/machi/v1`.

mod attributes;
mod batch;
mod dead_letters;
mod deliveries;
mod described;
mod entities;
mod inboxes;
mod indexes;
mod jsonld_contexts;
mod live;
mod output;
mod page;
mod preload_context;
mod representation;
mod shortcut;
mod source_identity;
mod subscriptions;
mod tenants;
mod tiles;
mod types;

use std::sync::Arc;

use axum::Router;
use axum::routing::{delete, get, patch, post, put};
use machi_http::Shutdown;
use machi_http::openapi::Api;

pub use shortcut::HotEntities;

use crate::Broker;

const UPSERT: &str = "/ngsi-ld/v1/entityOperations/upsert";

/// The routes of the standard.
pub fn router(broker: Arc<Broker>) -> Router {
    Router::new()
        .route(
            "/ngsi-ld/v1/entities",
            post(entities::create::handle).get(entities::query::handle).delete(entities::purge::handle),
        )
        .route("/ngsi-ld/v1/entities/", put(entities::replace::handle).patch(entities::merge::handle))
        .route(
            "/ngsi-ld/v1/entities/{entityId}",
            get(entities::retrieve::handle)
                .put(entities::replace::handle)
                .patch(entities::merge::handle)
                .delete(entities::delete::handle),
        )
        .route("/ngsi-ld/v1/entities/{entityId}/attrs", post(entities::append::handle).patch(entities::update::handle))
        .route(
            "/ngsi-ld/v1/entities/{entityId}/attrs/{attrId}",
            patch(entities::update_attribute::handle)
                .put(entities::replace_attribute::handle)
                .delete(entities::delete_attribute::handle),
        )
        .route("/ngsi-ld/v1/entityOperations/create", post(batch::create))
        .route(UPSERT, post(batch::upsert))
        .route("/ngsi-ld/v1/entityOperations/update", post(batch::update))
        .route("/ngsi-ld/v1/entityOperations/merge", post(batch::merge))
        .route("/ngsi-ld/v1/entityOperations/delete", post(batch::delete))
        .route("/ngsi-ld/v1/entityOperations/query", post(batch::query::handle))
        .route("/ngsi-ld/v1/types", get(types::list::handle))
        .route("/ngsi-ld/v1/types/{type}", get(types::info::handle))
        .route("/ngsi-ld/v1/attributes", get(attributes::list::handle))
        .route("/ngsi-ld/v1/attributes/{attrId}", get(attributes::info::handle))
        .route("/ngsi-ld/v1/subscriptions", post(subscriptions::create::handle).get(subscriptions::query::handle))
        .route(
            "/ngsi-ld/v1/subscriptions/{subscriptionId}",
            get(subscriptions::retrieve::handle)
                .patch(subscriptions::update::handle)
                .delete(subscriptions::delete::handle),
        )
        .route("/ngsi-ld/v1/jsonldContexts", post(jsonld_contexts::add::handle).get(jsonld_contexts::list::handle))
        .route(
            "/ngsi-ld/v1/jsonldContexts/{contextId}",
            get(jsonld_contexts::serve::handle).merge(delete(jsonld_contexts::delete::handle)),
        )
        .route("/ngsi-ld/v1/info/sourceIdentity", get(source_identity::handle))
        .with_state(broker)
}

/// Of the routes of the standard the one by which whole files come in, for who calls it without leaving the process.
pub fn upserts(broker: Arc<Broker>) -> Router {
    Router::new().route(UPSERT, post(batch::upsert)).with_state(broker)
}

/// The endpoints of our own, with their descriptions.
pub fn api(broker: Arc<Broker>) -> Api {
    tenants::api()
        .merge(preload_context::api())
        .merge(deliveries::api())
        .merge(dead_letters::api())
        .merge(indexes::api())
        .merge(tiles::api())
        .with_state(broker)
}

/// The live feed and the inboxes, which end when the city closes.
pub fn live(broker: Arc<Broker>, shutdown: Shutdown) -> Api {
    let inboxes = inboxes::Inboxes::new(Arc::clone(&broker), shutdown.clone());
    live::api().with_state(live::Live { broker, shutdown }).merge(inboxes::api().with_state(inboxes))
}
