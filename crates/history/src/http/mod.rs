//! The HTTP face of the block: the temporal API of NGSI-LD (ETSI GS CIM 009 §6.18 to §6.24), and endpoints of our own
//! under `/machi/v1`.

mod add;
mod answer;
mod changes;
mod create;
mod delete;
mod delete_attribute;
mod delete_instance;
mod entity_maps;
mod holds;
mod modify_instance;
mod policies;
mod query;
mod query_body;
mod retrieve;
mod tell_many;
mod wish;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, patch, post};
use machi_archive::InstanceKey;
use machi_face::{Asked, FaceError};
use machi_http::openapi::Api;
use machi_http::{Problem, Text};
use machi_types::{Iri, Name};

use crate::history::History;
use crate::service::tell::not_found;

pub use tell_many::PATH as MANY_EVOLUTIONS;

/// Where evolutions are.
const EVOLUTIONS: &str = "/ngsi-ld/v1/temporal/entities/";

/// The routes.
pub fn router(history: Arc<History>) -> Router {
    Router::new()
        .route("/ngsi-ld/v1/temporal/entities", post(create::handle).get(query::handle))
        .route(EVOLUTIONS, post(create::handle).get(query::handle))
        .route("/ngsi-ld/v1/temporal/entities/{entityId}", get(retrieve::handle).delete(delete::handle))
        .route("/ngsi-ld/v1/temporal/entities/{entityId}/attrs", post(add::handle))
        .route("/ngsi-ld/v1/temporal/entities/{entityId}/attrs/", post(add::handle))
        .route(
            "/ngsi-ld/v1/temporal/entities/{entityId}/attrs/{attrId}",
            axum::routing::delete(delete_attribute::handle),
        )
        // What lost its instanceId must not delete the attribute.
        .route(
            "/ngsi-ld/v1/temporal/entities/{entityId}/attrs/{attrId}/",
            axum::routing::delete(delete_instance::without_id),
        )
        .route(
            "/ngsi-ld/v1/temporal/entities/{entityId}/attrs/{attrId}/{instanceId}",
            patch(modify_instance::handle).delete(delete_instance::handle),
        )
        .route("/ngsi-ld/v1/temporal/entityOperations/query", post(query_body::handle))
        .route("/ngsi-ld/v1/temporal/entityMaps", get(entity_maps::handle).post(entity_maps::handle))
        .with_state(history)
}

/// Of the routes the one by which files of series come in, for who calls it without leaving the process.
pub fn many_evolutions(history: Arc<History>) -> Router {
    Router::new().route(MANY_EVOLUTIONS, post(tell_many::handle)).with_state(history)
}

/// The endpoints of our own, with their descriptions.
pub fn api(history: Arc<History>) -> Api {
    Api::new()
        .route(changes::operation(), changes::handle)
        .route(tell_many::operation(), tell_many::handle)
        .route(policies::list(), policies::handle_list)
        .route(policies::put(), policies::handle_put)
        .route(policies::delete(), policies::handle_delete)
        .route(holds::list(), holds::handle_list)
        .route(holds::put(), holds::handle_put)
        .route(holds::delete(), holds::handle_delete)
        .with_state(history)
}

/// The instance that the path names. A URI that no instance here has names none.
fn instance_key(asked: &Asked, id: &Name) -> Result<InstanceKey, Problem> {
    let text = asked.piece("instanceId");
    Iri::check(text).map_err(|error| {
        FaceError::bad_data(Text::both(
            format!("the instanceId in the path is no IRI: {error}"),
            format!("パスのinstanceIdがIRIではありません: {}", machi_face::japanese::iri(&error)),
        ))
    })?;
    text.parse().map_err(|_| {
        let text: String = text.chars().take(200).collect();
        not_found(Text::both(
            format!("the past of entity {id} has no instance {text}"),
            format!("エンティティ{id}の履歴にインスタンス{text}はありません"),
        ))
        .into()
    })
}
