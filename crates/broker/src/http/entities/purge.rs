//! `DELETE /entities` (ETSI GS CIM 009 §5.6.21, §6.4.3.3)

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use machi_face::wanted::{List, SELECTING, Wanted};
use machi_face::{Asked, link_context};
use machi_http::answer::no_content;
use machi_http::request::Query;
use machi_http::{Problem, Text};
use machi_model::context::Context;
use machi_types::ErrorKind;

use crate::Broker;
use crate::service::purge::Purged;

/// The other parameters of Table 6.4.3.3-1, and `attrs` of §5.6.21.3.
const OTHERS: [&str; 5] = ["attrs", "drop", "geometryProperty", "keep", "local"];

pub(in crate::http) async fn handle(State(broker): State<Arc<Broker>>, asked: Asked) -> Result<Response, Problem> {
    asked.refuse_if_match()?;
    let parameters = asked.parameters(&[&SELECTING[..], &OTHERS].concat())?;
    let context = link_context(&broker.face, &asked.caller, &asked.headers).await?;
    let purged = purged(&parameters, &context)?;
    let is_of_attributes = parameters.get("id").is_some() && purged.names_attributes();
    let criteria = Wanted { is_of_attributes, ..Wanted::of_query(&parameters)? }.criteria(&context)?;
    if criteria.q.as_ref().is_some_and(|query| query.link_depth() > 0) {
        return Err(linked());
    }
    broker.purge_entities(&asked.caller, criteria, purged).await?;
    Ok(no_content())
}

/// What becomes of the entities; `keep` and `drop` name attributes.
fn purged(parameters: &Query<'_>, context: &Context) -> Result<Purged, Problem> {
    match (parameters.get("keep"), parameters.get("drop")) {
        (None, None) => Ok(Purged::Entities),
        (Some(keep), None) => {
            // What is no attribute stays anyway.
            let steps = List::of(Some(keep)).names("keep", context)?;
            Ok(Purged::AllBut(steps.iter().filter_map(|step| step.attribute().cloned()).collect()))
        }
        (None, Some(drop)) => {
            let steps = List::of(Some(drop)).names("drop", context)?;
            let names = steps.iter().map(|step| step.attribute().cloned().ok_or_else(no_attribute));
            Ok(Purged::Attributes(names.collect::<Result<_, _>>()?))
        }
        (Some(_), Some(_)) => Err(Problem::new(
            ErrorKind::BadRequestData,
            Text::both(
                "keep and drop exclude each other; name either the attributes that remain or those that go",
                "keepとdropは同時に指定できません",
            ),
        )),
    }
}

fn linked() -> Problem {
    Problem::new(
        ErrorKind::BadRequestData,
        Text::both(
            "q: a purge asks about the entities themselves, not about those that they link to",
            "q: 削除の条件にリンク先のエンティティは指定できません",
        ),
    )
}

fn no_attribute() -> Problem {
    Problem::new(
        ErrorKind::BadRequestData,
        Text::both(
            "the query parameter \"drop\" names attributes; id, type, scope and what the system keeps are none",
            "クエリパラメーター\"drop\"に指定できるのは属性名だけです",
        ),
    )
}
