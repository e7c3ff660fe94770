//! `GET /attributes` (ETSI GS CIM 009 §5.7.8, §5.7.9, §6.27.3.1)

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use machi_face::Asked;
use machi_http::Problem;
use machi_types::Json;

use crate::Broker;
use crate::http::described::{Described, list_of, wants_details};
use crate::service::discovery::{AttributeInfo, Detail};

pub(in crate::http) async fn handle(State(broker): State<Arc<Broker>>, asked: Asked) -> Result<Response, Problem> {
    let wants_details = wants_details(&asked)?;
    let described = Described::of(&broker, &asked.caller, &asked.headers).await?;
    if wants_details {
        let attributes = broker.attributes(&asked.caller, Detail::All).await?;
        let items = attributes.iter().map(|info| detailed(&described, info)).collect();
        return described.answer_list(&broker, &asked.caller, items).await;
    }
    let attributes = broker.attributes(&asked.caller, Detail::Names).await?;
    let names = attributes.iter().map(|info| described.short(&info.name)).collect();
    described.answer(&broker, &asked.caller, list_of("AttributeList", "attributeList", names)).await
}

/// An `Attribute` "restricted to the elements id, type, attributeName and typeNames" (§5.7.9.4).
fn detailed(described: &Described, info: &AttributeInfo) -> Json<'static> {
    let types = info.types.iter().map(|name| described.short(name)).collect();
    Json::Object(vec![
        ("id".into(), Json::from(info.name.to_string())),
        ("type".into(), Json::from("Attribute")),
        ("attributeName".into(), described.short(&info.name)),
        ("typeNames".into(), Json::Array(types)),
    ])
}
