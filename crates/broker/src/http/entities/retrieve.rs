//! `GET /entities/{entityId}` (ETSI GS CIM 009 §5.7.1, §6.5.3.1)

use std::borrow::Cow;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::response::Response;
use http::HeaderMap;
use http::header::{ACCEPT, HeaderName, LINK};
use machi_face::contexts::ContextRef;
use machi_face::wanted::{bad, expander};
use machi_face::{FaceError, Negotiated, japanese, refuse_snapshot};
use machi_http::answer::{AnswerExt, not_modified};
use machi_http::percent;
use machi_http::request::{Conditions, Etag, Query, RequestCaller, context_link};
use machi_http::{Problem, Text};
use machi_model::context::Context;
use machi_model::query::TypeExpression;
use machi_types::{ErrorKind, Iri, Name};
use rustc_hash::FxHasher;

use crate::Broker;
use crate::domain::graph::Join;
use crate::domain::members::NodeNo;
use crate::domain::reading::Reading;
use crate::domain::rendered::Rendered;
use crate::domain::representation::Representation;
use crate::http::representation::{AS_OF, SHOWING, Shown, answer, as_of};

pub(in crate::http) const PATH: &str = "/ngsi-ld/v1/entities/";
pub(in crate::http) const PREFER: HeaderName = HeaderName::from_static("prefer");

pub(in crate::http) async fn handle(State(broker): State<Arc<Broker>>, request: Request) -> Result<Response, Problem> {
    let (mut parts, _) = request.into_parts();
    let RequestCaller(caller) = RequestCaller::from_request_parts(&mut parts, &()).await?;
    refuse_snapshot(&parts.headers)?;
    let id = entity_id(parts.uri.path())?;
    let query = Query::parse(parts.uri.query(), &ALLOWED)?;
    let negotiated = Negotiated::of(&parts.headers)?;
    let link = context_link(&parts.headers)?;
    let context_ref = link.as_deref().map_or(ContextRef::Core, ContextRef::Url);
    let context = match broker.face.contexts.held(caller.tenant(), context_ref) {
        Some(held) => held,
        None => broker.face.contexts.resolve(caller.tenant(), context_ref).await?,
    };
    query.flag("local")?;
    let shown = Shown::of_query(&query)?;
    let as_of = as_of(&query)?;
    let representation = shown.representation(&context, negotiated)?.of_past(as_of.is_some());
    let types = types(&query, &context)?;
    let (sight, row) = broker.retrieve_entity(&caller, &id, types.as_ref(), as_of.as_ref()).await?;
    check_attributes(&shown, &context, &row)?;
    check_rest(&representation, &row)?;
    // Where other entities are shown, too, or what was, no version stands for what is seen.
    let is_alone = representation.join == Join::None && as_of.is_none();
    let etag = is_alone.then(|| etag(row.version(), row.instances(), parts.uri.query(), &parts.headers));
    if let Some(etag) = &etag {
        let conditions = Conditions::of(&parts.headers)?;
        conditions.check_read(etag)?;
        if conditions.is_unmodified(etag) {
            return Ok(not_modified(etag));
        }
    }
    let graph = broker.linked_entities(&sight, std::slice::from_ref(&row), &representation).await?;
    let body = representation.write_one(&row, graph.as_ref()).map_err(FaceError::from)?;
    if let Some(look) = representation.look() {
        Rendered::leave(&*broker.store, caller.tenant(), &row, (&context, look), &body.bytes)
            .map_err(FaceError::from)?;
    }
    let response = answer(&broker, caller.tenant(), negotiated, &context, body).await?;
    Ok(match etag {
        Some(etag) => response.with_etag(&etag),
        None => response,
    })
}

/// The parameters of Table 6.5.3.1-1, and one of our own.
const ALLOWED: [&str; SHOWING.len() + 3] = {
    let mut allowed = ["type"; SHOWING.len() + 3];
    let mut at = 0;
    while at < SHOWING.len() {
        allowed[at] = SHOWING[at];
        at += 1;
    }
    allowed[at] = "local";
    allowed[at + 1] = AS_OF;
    allowed
};

/// The id in the path, read by hand: this is the request that is asked most.
fn entity_id(path: &str) -> Result<Name, Problem> {
    let encoded = path.strip_prefix(PATH).unwrap_or_default();
    let decoded = percent::decode_path(encoded).map(Cow::into_owned).map_err(|error| {
        bad(Text::both(format!("the path: {error}"), format!("パス: {}", japanese::percent(&error))))
    })?;
    Iri::check(&decoded).map_err(|error| {
        bad(Text::both(
            format!("the entity id in the path is no IRI: {error}"),
            format!("パスのエンティティIDがIRIではありません: {}", japanese::iri(&error)),
        ))
    })?;
    Ok(Name::from(decoded))
}

fn types(query: &Query<'_>, context: &Context) -> Result<Option<TypeExpression>, FaceError> {
    let Some(text) = query.get("type") else { return Ok(None) };
    Ok(Some(TypeExpression::parse(text)?.expand(&expander(context))?))
}

/// §5.7.1.4: an entity that has none of the attributes in `attrs` is not found.
fn check_attributes(shown: &Shown<'_>, context: &Context, row: &Reading) -> Result<(), Problem> {
    let wanted = shown.attrs.attributes("attrs", context)?;
    let has_one = wanted.iter().any(|step| step.attribute().is_some_and(|name| row.has(name)));
    if wanted.is_empty() || has_one {
        return Ok(());
    }
    let id = row.id();
    Err(Problem::new(
        ErrorKind::ResourceNotFound,
        Text::both(
            format!("entity {id} has none of the attributes in attrs"),
            format!("エンティティ{id}にはattrsで指定された属性がありません"),
        ),
    ))
}

/// §4.21: an entity of which `pick` and `omit` leave nothing is not found.
fn check_rest(representation: &Representation, row: &Reading) -> Result<(), Problem> {
    if representation.shows_any(row, NodeNo::ROOT).map_err(FaceError::from)? {
        return Ok(());
    }
    let id = row.id();
    Err(Problem::new(
        ErrorKind::ResourceNotFound,
        Text::both(
            format!("pick and omit leave nothing of entity {id}"),
            format!("pickとomitの指定により、エンティティ{id}には表示するものがありません"),
        ),
    ))
}

/// The version of an entity with so many instances, and what tells its representations apart.
pub(in crate::http) fn etag(version: u64, instances: usize, query: Option<&str>, headers: &HeaderMap) -> Etag {
    let mut hasher = FxHasher::default();
    (query, instances).hash(&mut hasher);
    for name in [ACCEPT, PREFER, LINK] {
        headers.get_all(&name).iter().for_each(|value| (&name, value.as_bytes()).hash(&mut hasher));
    }
    Etag::of_representation(version, hasher.finish() as u32)
}
