//! `/ngsi-ld/v1/entityOperations`: the batch operations that write (ETSI GS CIM 009 §6.14 to §6.17, §6.31).

pub(super) mod query;

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use machi_face::Asked;
use machi_http::Problem;
use machi_http::answer::no_content;
use machi_http::request::{BodyLimits, BodyStream};

use super::output;
use crate::Broker;
use crate::service::batch::{Batch, BatchKind};
use machi_face::once::BatchResult;

/// `POST /entityOperations/create`
pub(super) async fn create(State(broker): State<Arc<Broker>>, asked: Asked) -> Result<Response, Problem> {
    asked.parameters(&["local"])?.flag("local")?;
    let result = run(&broker, asked, BatchKind::Create).await?;
    Ok(if result.errors.is_empty() { created(&result) } else { output::batch(&result) })
}

/// `POST /entityOperations/upsert`
pub(super) async fn upsert(State(broker): State<Arc<Broker>>, asked: Asked) -> Result<Response, Problem> {
    let kind = {
        let parameters = asked.parameters(&["local", "options"])?;
        parameters.flag("local")?;
        match parameters.words("options", &["replace", "update", "newer"])?.as_slice() {
            [] | ["replace"] => BatchKind::UpsertReplace,
            ["update"] => BatchKind::UpsertUpdate,
            ["newer"] => BatchKind::UpsertNewer,
            _ => return Err(one_mode_only()),
        }
    };
    let result = run(&broker, asked, kind).await?;
    Ok(match (result.errors.is_empty(), result.created.is_empty()) {
        (false, _) => output::batch(&result),
        (true, false) => created(&result),
        (true, true) => no_content(),
    })
}

/// `POST /entityOperations/update`
pub(super) async fn update(State(broker): State<Arc<Broker>>, asked: Asked) -> Result<Response, Problem> {
    let overwrite = {
        let parameters = asked.parameters(&["local", "options"])?;
        parameters.flag("local")?;
        parameters.words("options", &["noOverwrite"])?.is_empty()
    };
    Ok(all_or_partly(&run(&broker, asked, BatchKind::Update { overwrite }).await?))
}

/// `POST /entityOperations/merge`
pub(super) async fn merge(State(broker): State<Arc<Broker>>, asked: Asked) -> Result<Response, Problem> {
    asked.parameters(&["local"])?.flag("local")?;
    Ok(all_or_partly(&run(&broker, asked, BatchKind::Merge).await?))
}

/// `POST /entityOperations/delete`
pub(super) async fn delete(State(broker): State<Arc<Broker>>, asked: Asked) -> Result<Response, Problem> {
    asked.parameters(&["local"])?.flag("local")?;
    Ok(all_or_partly(&run(&broker, asked, BatchKind::Delete).await?))
}

async fn run(broker: &Arc<Broker>, mut asked: Asked, kind: BatchKind) -> Result<BatchResult, Problem> {
    asked.refuse_if_match()?;
    let (form, link) = asked.body_context()?;
    let limits = BodyLimits { largest: broker.face.config.limits.batch_bytes, key: "[limits] batch_body" };
    // The body becomes part of it when it has come.
    let key = asked.request_key(b"")?;
    let body = asked.take_body();
    let body = BodyStream::new(&asked.headers, body, &limits)?;
    let batch = Batch { kind, form, link, language: asked.language, key };
    Ok(broker.batch(&asked.caller, batch, body).await?)
}

fn created(result: &BatchResult) -> Response {
    let mut body = Vec::with_capacity(result.size());
    result.write_created(&mut body);
    output::with_body(StatusCode::CREATED, body)
}

fn all_or_partly(result: &BatchResult) -> Response {
    if result.errors.is_empty() { no_content() } else { output::batch(result) }
}

fn one_mode_only() -> Problem {
    Problem::new(
        machi_types::ErrorKind::InvalidRequest,
        machi_http::Text::both(
            "\"options\" names several of replace, update and newer; an upsert does one of them",
            "\"options\"に指定できるのはreplace、update、newerのいずれか1つです",
        ),
    )
}
