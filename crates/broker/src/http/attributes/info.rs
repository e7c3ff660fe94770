//! `GET /attributes/{attrId}` (ETSI GS CIM 009 §5.7.10, §6.28.3.1)

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use machi_face::Asked;
use machi_http::{Problem, Text};
use machi_types::{ErrorKind, Json};

use crate::Broker;
use crate::http::described::{Described, check_parameters, kinds};
use crate::service::discovery::AttributeInfo;

pub(in crate::http) async fn handle(State(broker): State<Arc<Broker>>, asked: Asked) -> Result<Response, Problem> {
    check_parameters(&asked)?;
    let described = Described::of(&broker, &asked.caller, &asked.headers).await?;
    let name = described.expand(asked.piece("attrId"))?;
    let info = broker.attribute(&asked.caller, &name).await?.ok_or_else(|| {
        Problem::new(
            ErrorKind::ResourceNotFound,
            Text::both(
                format!("no entity has the attribute {name}"),
                format!("属性{name}を持つエンティティはありません"),
            ),
        )
    })?;
    described.answer(&broker, &asked.caller, attribute(&described, &info)).await
}

/// An `Attribute` with all that there is to say (§5.2.28).
fn attribute(described: &Described, info: &AttributeInfo) -> Json<'static> {
    let types = info.types.iter().map(|name| described.short(name)).collect();
    Json::Object(vec![
        ("id".into(), Json::from(info.name.to_string())),
        ("type".into(), Json::from("Attribute")),
        ("attributeName".into(), described.short(&info.name)),
        ("attributeCount".into(), Json::from(info.instances)),
        ("attributeTypes".into(), kinds(info)),
        ("typeNames".into(), Json::Array(types)),
    ])
}
