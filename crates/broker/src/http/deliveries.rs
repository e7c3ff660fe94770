//! `GET /machi/v1/deliveries`: notifications that wait for their receiver, and why it has not taken them.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::{Method, StatusCode};
use machi_face::Asked;
use machi_http::Problem;
use machi_http::answer::representation;
use machi_http::openapi::{Api, Content, Operation, Schema};
use machi_http::request::MediaType;
use machi_types::Json;

use super::dead_letters::piece;
use crate::Broker;
use crate::subscriptions::Parked;

/// The endpoint of this resource.
pub(super) fn api() -> Api<Arc<Broker>> {
    Api::new().route(operation(), handle)
}

fn operation() -> Operation {
    Operation::new(Method::GET, "/machi/v1/deliveries", "listDeliveries", "Notifications that wait for their receiver")
        .tag("deliveries")
        .description("A notification that its receiver did not take is tried again until it is taken or becomes a dead letter; what is due behind it waits, too. The oldest come first. A list that is empty means that every receiver takes what is sent.")
        .in_header("NGSILD-Tenant", Schema::string(), "The tenant; without it, the default tenant.")
        .in_query("subscription", Schema::string(), "Only those of this subscription.")
        .in_query("limit", Schema::integer(), "How many at most; 20 where nothing is said, 1000 at most.")
        .in_query("offset", Schema::integer(), "How many are passed over first.")
        .answers(
            StatusCode::OK,
            "What waits, and what came of the last attempt.",
            Some(Content::json(Schema::array(schema()), Json::Array(vec![example()]))),
        )
}

fn schema() -> Schema {
    Schema::object(vec![
        ("id", Schema::string().described("The id of the notification.")),
        ("subscriptionId", Schema::string().described("The subscription that it belongs to.")),
        ("dueAt", Schema::format("date-time").described("When it became due.")),
        ("attempts", Schema::integer().described("How often it was tried.")),
    ])
    .and_maybe("lastAttemptAt", Schema::format("date-time").described("When it was last tried, if it was."))
    .and_maybe("reason", Schema::string().described("Why it was not taken then."))
}

fn example() -> Json<'static> {
    Json::Object(vec![
        ("id".into(), "urn:ngsi-ld:Notification:0123456789abcdef0123456789abcdef".into()),
        ("subscriptionId".into(), "urn:ngsi-ld:Subscription:1".into()),
        ("dueAt".into(), "2026-11-22T01:00:00Z".into()),
        ("attempts".into(), 3_u64.into()),
        ("lastAttemptAt".into(), "2026-11-22T01:00:03Z".into()),
        ("reason".into(), "the receiver answered 503 Service Unavailable".into()),
    ])
}

/// What waits, as its readers see it.
fn view(waiting: &Parked) -> Json<'static> {
    let mut members = vec![
        ("id".into(), Json::from(waiting.id.as_str().to_owned())),
        ("subscriptionId".into(), Json::from(waiting.envelope.subscription.as_str().to_owned())),
        ("dueAt".into(), waiting.envelope.due.to_string().into()),
        ("attempts".into(), waiting.attempts.count.into()),
    ];
    if let Some(last) = waiting.attempts.last {
        members.push(("lastAttemptAt".into(), last.to_string().into()));
        members.push(("reason".into(), waiting.attempts.reason.clone().into()));
    }
    Json::Object(members)
}

async fn handle(State(broker): State<Arc<Broker>>, asked: Asked) -> Result<Response, Problem> {
    let parameters = asked.parameters(&["subscription", "limit", "offset"])?;
    let (offset, limit) = piece(&parameters)?;
    let waiting = broker.deliveries(&asked.caller, parameters.get("subscription"), offset, limit).await?;
    let list = Json::Array(waiting.iter().map(view).collect());
    Ok(representation(MediaType::Json, list.to_text()))
}
