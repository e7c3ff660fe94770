//! What the answers that hold no entities have in common, those about types, attributes and subscriptions: short
//! names, the @context, lists.

use std::sync::Arc;

use axum::response::Response;
use http::HeaderMap;
use machi_face::wanted::bad;
use machi_face::{Asked, FaceError, Negotiated, StableHash, link_context, with_context_link};
use machi_http::answer::{AnswerExt, representation};
use machi_http::request::{MediaType, Prefer, accept};
use machi_http::{Problem, Text};
use machi_model::context::Context;
use machi_model::entity::{Terms, check_name};
use machi_types::{Caller, Json, Name};

use crate::Broker;
use crate::service::discovery::AttributeInfo;

/// A request for what describes the city's entities, or who is told of them.
#[derive(Debug)]
pub(super) struct Described {
    negotiated: Negotiated,
    pub(super) context: Arc<Context>,
}

impl Described {
    /// Reads the headers of a request.
    pub(super) async fn of(broker: &Broker, caller: &Caller, headers: &HeaderMap) -> Result<Self, Problem> {
        let negotiated = Negotiated { media: accept(headers, MediaType::STANDARD)?, prefer: Prefer::of(headers) };
        let context = link_context(&broker.face, caller, headers).await?;
        Ok(Self { negotiated, context })
    }

    /// The media type of the answer.
    pub(super) fn media(&self) -> MediaType {
        self.negotiated.media
    }

    /// The short form of a name.
    pub(super) fn short(&self, name: &str) -> Json<'static> {
        Json::from(Terms::name(&self.context, name).into_owned())
    }

    /// The full form of a name in the path.
    pub(super) fn expand(&self, name: &str) -> Result<Name, Problem> {
        check_name(name).map_err(|_| {
            let name: String = name.chars().take(60).collect();
            bad(Text::both(
                format!("{name:?} in the path is no name: names begin with a letter and hold letters, numbers and _, or are IRIs"),
                format!("パスの{name:?}は名前として正しくありません"),
            ))
        })?;
        Ok(self.context.expand_name(name).map_err(FaceError::from)?)
    }

    /// The answer with one object.
    pub(super) async fn answer(
        &self,
        broker: &Broker,
        caller: &Caller,
        object: Json<'static>,
    ) -> Result<Response, Problem> {
        self.written(broker, caller, self.with_context(object)).await
    }

    /// The answer with an array of objects.
    pub(super) async fn answer_list(
        &self,
        broker: &Broker,
        caller: &Caller,
        items: Vec<Json<'static>>,
    ) -> Result<Response, Problem> {
        let items = items.into_iter().map(|item| self.with_context(item)).collect();
        self.written(broker, caller, Json::Array(items)).await
    }

    fn with_context(&self, object: Json<'static>) -> Json<'static> {
        match (self.media(), object) {
            (MediaType::JsonLd, Json::Object(mut members)) => {
                members.push(("@context".into(), self.context.in_document()));
                Json::Object(members)
            }
            (_, object) => object,
        }
    }

    async fn written(&self, broker: &Broker, caller: &Caller, body: Json<'static>) -> Result<Response, Problem> {
        let mut response = representation(self.media(), body.to_text());
        if self.media() == MediaType::Json {
            response = with_context_link(&broker.face, caller.tenant(), &self.context, response).await?;
        }
        // §4.3.6.8 has fallbacks for entities alone: what is told here is the same in all versions.
        Ok(match self.negotiated.applied() {
            Some(version) => response.with_preference_applied(version, false),
            None => response,
        })
    }
}

/// Reads the parameters of a list: whether the details are asked for.
pub(super) fn wants_details(asked: &Asked) -> Result<bool, Problem> {
    let query = asked.parameters(&["details", "local"])?;
    query.flag("local")?;
    Ok(query.flag("details")?.unwrap_or(false))
}

/// Reads the parameters of a request for one type or attribute.
pub(super) fn check_parameters(asked: &Asked) -> Result<(), Problem> {
    asked.parameters(&["local"])?.flag("local").map(|_| ())
}

/// An `EntityTypeList` or `AttributeList` (§5.2.24, §5.2.27); its id follows from what it holds.
pub(super) fn list_of(kind: &'static str, member: &'static str, names: Vec<Json<'static>>) -> Json<'static> {
    let names = Json::Array(names);
    let hash = StableHash::new().with(names.to_text().as_bytes()).finish();
    Json::Object(vec![
        ("id".into(), Json::from(format!("urn:ngsi-ld:{kind}:{hash:032x}"))),
        ("type".into(), Json::from(kind)),
        (member.into(), names),
    ])
}

/// The kinds of an attribute.
pub(super) fn kinds(attribute: &AttributeInfo) -> Json<'static> {
    Json::Array(attribute.kinds.iter().map(|kind| Json::from(kind.as_str())).collect())
}
