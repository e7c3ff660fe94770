//! `/ngsi-ld/v1/entities`: entities and their attributes.

pub(super) mod append;
pub(super) mod create;
pub(super) mod delete;
pub(super) mod delete_attribute;
pub(super) mod merge;
pub(super) mod purge;
pub(super) mod query;
pub(super) mod replace;
pub(super) mod replace_attribute;
pub(super) mod retrieve;
pub(super) mod update;
pub(super) mod update_attribute;

use http::StatusCode;
use machi_face::{Asked, FaceError, TypeParameter};
use machi_http::Problem;
use machi_http::request::Conditions;
use machi_model::entity::{Fragment, Input, parse_fragment};
use machi_model::query::TypeExpression;
use machi_types::{Caller, Name};

use crate::Broker;
use crate::domain::guard::Guard;
use crate::service::write::Target;

/// What the entity must be like, and the key under which the request may be repeated.
fn target(asked: &Asked, types: Option<TypeExpression>, body: &[u8]) -> Result<Target, Problem> {
    let conditions = Conditions::of(&asked.headers)?;
    Ok(Target { guard: Guard { types, conditions }, key: asked.request_key(body)? })
}

/// The fragment in the body, and what its target must be like.
async fn read_fragment(
    broker: &Broker,
    asked: &mut Asked,
    types: &TypeParameter,
    input: Input,
) -> Result<(Fragment, Target), Problem> {
    let payload = asked.payload(&broker.face).await?;
    let json = payload.json()?;
    let context = payload.context(&broker.face, &asked.caller, &json).await?;
    let fragment = parse_fragment(&json, &context, input).map_err(FaceError::from)?;
    let target = target(asked, types.expression(&context)?, payload.bytes())?;
    Ok((fragment, target))
}

/// What was read from the body, unless the entity is missing: that is told before what is wrong with the body
/// (the order of ETSI GS CIM 009 §5.6.2.4, §5.6.3.4, §5.6.17.4, §5.6.18.4 and §5.6.19.4).
async fn unless_missing<T>(
    broker: &Broker,
    caller: &Caller,
    id: &Name,
    read: Result<T, Problem>,
) -> Result<T, Problem> {
    match read {
        Err(problem) if problem.status() == StatusCode::BAD_REQUEST => {
            broker.check_exists(caller, id).await?;
            Err(problem)
        }
        read => read,
    }
}
