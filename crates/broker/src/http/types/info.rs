//! `GET /types/{type}` (ETSI GS CIM 009 §5.7.7, §6.26.3.1)

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use machi_face::Asked;
use machi_http::{Problem, Text};
use machi_types::{ErrorKind, Json};

use crate::Broker;
use crate::http::described::{Described, check_parameters, kinds};
use crate::service::discovery::{AttributeInfo, TypeInfo};

pub(in crate::http) async fn handle(State(broker): State<Arc<Broker>>, asked: Asked) -> Result<Response, Problem> {
    check_parameters(&asked)?;
    let described = Described::of(&broker, &asked.caller, &asked.headers).await?;
    let name = described.expand(asked.piece("type"))?;
    let info = broker.entity_type(&asked.caller, &name).await?.ok_or_else(|| {
        Problem::new(
            ErrorKind::ResourceNotFound,
            Text::both(format!("no entity is of the type {name}"), format!("型{name}のエンティティはありません")),
        )
    })?;
    described.answer(&broker, &asked.caller, entity_type_info(&described, &info)).await
}

/// An `EntityTypeInfo` (§5.2.26).
fn entity_type_info(described: &Described, info: &TypeInfo) -> Json<'static> {
    let attributes = info.attributes.iter().map(|attribute| attribute_detail(described, attribute)).collect();
    Json::Object(vec![
        ("id".into(), Json::from(info.name.to_string())),
        ("type".into(), Json::from("EntityTypeInfo")),
        ("typeName".into(), described.short(&info.name)),
        ("entityCount".into(), Json::from(info.entities)),
        ("attributeDetails".into(), Json::Array(attributes)),
    ])
}

/// An `Attribute` with "only the elements id, type, attributeName and attributeTypes".
fn attribute_detail(described: &Described, attribute: &AttributeInfo) -> Json<'static> {
    Json::Object(vec![
        ("id".into(), Json::from(attribute.name.to_string())),
        ("type".into(), Json::from("Attribute")),
        ("attributeName".into(), described.short(&attribute.name)),
        ("attributeTypes".into(), kinds(attribute)),
    ])
}
