//! `GET /types` (ETSI GS CIM 009 §5.7.5, §5.7.6, §6.25.3.1)

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use machi_face::Asked;
use machi_http::Problem;
use machi_types::Json;

use crate::Broker;
use crate::http::described::{Described, list_of, wants_details};
use crate::service::discovery::{Detail, TypeInfo};

pub(in crate::http) async fn handle(State(broker): State<Arc<Broker>>, asked: Asked) -> Result<Response, Problem> {
    let wants_details = wants_details(&asked)?;
    let described = Described::of(&broker, &asked.caller, &asked.headers).await?;
    if wants_details {
        let types = broker.entity_types(&asked.caller, Detail::All).await?;
        let items = types.iter().map(|info| detailed(&described, info)).collect();
        return described.answer_list(&broker, &asked.caller, items).await;
    }
    let types = broker.entity_types(&asked.caller, Detail::Names).await?;
    let names = types.iter().map(|info| described.short(&info.name)).collect();
    described.answer(&broker, &asked.caller, list_of("EntityTypeList", "typeList", names)).await
}

/// An `EntityType` (§5.2.25).
fn detailed(described: &Described, info: &TypeInfo) -> Json<'static> {
    let attributes = info.attributes.iter().map(|attribute| described.short(&attribute.name)).collect();
    Json::Object(vec![
        ("id".into(), Json::from(info.name.to_string())),
        ("type".into(), Json::from("EntityType")),
        ("typeName".into(), described.short(&info.name)),
        ("attributeNames".into(), Json::Array(attributes)),
    ])
}
