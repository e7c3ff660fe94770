//! `/machi/v1/dead-letters`: notifications that were given up, to be read, sent again, or deleted.

mod delete;
mod list;
mod replay;
mod retrieve;

use std::sync::Arc;

use machi_face::FaceError;
use machi_http::openapi::{Api, Schema};
use machi_http::request::Query;
use machi_http::{Problem, Text};
use machi_types::{Json, json};

use crate::Broker;
use crate::subscriptions::DeadLetter;

const TENANT: &str = "NGSILD-Tenant";
const LARGEST: u64 = 1000;

/// Which piece of a list of notifications is asked for: how many are passed over, and how many are given.
pub(super) fn piece(parameters: &Query<'_>) -> Result<(usize, usize), Problem> {
    let limit = parameters.number("limit")?.unwrap_or(20);
    if limit > LARGEST {
        return Err(FaceError::bad_data(Text::both(
            format!("limit is at most {LARGEST} here, and is {limit}"),
            format!("limitの上限は{LARGEST}です(指定値: {limit})"),
        ))
        .into());
    }
    Ok((parameters.number("offset")?.unwrap_or(0) as usize, limit as usize))
}

/// The endpoints of this resource.
pub(super) fn api() -> Api<Arc<Broker>> {
    Api::new()
        .route(list::operation(), list::handle)
        .route(retrieve::operation(), retrieve::handle)
        .route(replay::operation(), replay::handle)
        .route(delete::operation(), delete::handle)
}

/// A dead letter as its readers see it.
fn view(letter: &DeadLetter, with_body: bool) -> Json<'static> {
    let parked = &letter.parked;
    let mut members = vec![
        ("id".into(), Json::from(parked.id.as_str().to_owned())),
        ("subscriptionId".into(), Json::from(parked.envelope.subscription.as_str().to_owned())),
        ("dueAt".into(), parked.envelope.due.to_string().into()),
        ("givenUpAt".into(), letter.given_up_at.to_string().into()),
        ("attempts".into(), parked.attempts.count.into()),
        ("reason".into(), parked.attempts.reason.clone().into()),
    ];
    if with_body {
        let body = json::parse(&parked.body, 128).map_or(Json::Null, Json::into_owned);
        members.push(("notification".into(), body));
    }
    Json::Object(members)
}

fn schema(with_body: bool) -> Schema {
    let mut members = vec![
        ("id", Schema::string().described("The id of the notification.")),
        ("subscriptionId", Schema::string().described("The subscription that it belongs to.")),
        ("dueAt", Schema::format("date-time").described("When it became due.")),
        ("givenUpAt", Schema::format("date-time").described("When it was given up.")),
        ("attempts", Schema::integer().described("How often it was tried.")),
        ("reason", Schema::string().described("What came of the last attempt.")),
    ];
    if with_body {
        members.push(("notification", Schema::any().described("The notification itself.")));
    }
    Schema::object(members)
}

fn example(with_body: bool) -> Json<'static> {
    let mut members: Vec<(std::borrow::Cow<'static, str>, Json<'static>)> = vec![
        ("id".into(), "urn:ngsi-ld:Notification:0123456789abcdef0123456789abcdef".into()),
        ("subscriptionId".into(), "urn:ngsi-ld:Subscription:1".into()),
        ("dueAt".into(), "2026-11-22T01:00:00Z".into()),
        ("givenUpAt".into(), "2026-11-22T01:09:00Z".into()),
        ("attempts".into(), 10_u64.into()),
        ("reason".into(), "the receiver answered 503 Service Unavailable".into()),
    ];
    if with_body {
        members.push(("notification".into(), Json::Object(vec![("type".into(), "Notification".into())])));
    }
    Json::Object(members)
}
