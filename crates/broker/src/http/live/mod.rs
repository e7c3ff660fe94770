//! `GET /machi/v1/live`: what changes, as it changes, for browsers; by Server-Sent Events, or by WebSocket where
//! the request asks for an upgrade.

use std::sync::Arc;

use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{FromRequestParts, Request, State};
use axum::response::Response;
use http::{Method, StatusCode, header};
use machi_face::wanted::List;
use machi_face::{FaceError, link_context};
use machi_http::live::{sse, websocket};
use machi_http::openapi::{Api, Content, Operation, Schema};
use machi_http::request::{Query, RequestCaller};
use machi_http::{Problem, Shutdown, Text};
use machi_model::context::Context;
use machi_model::query::{NameList, Step};
use machi_types::{Caller, ErrorKind, InvalidTenant, Name, TenantId};

use crate::Broker;
use crate::subscriptions::LiveFilter;

/// What the live feed needs.
#[derive(Clone, Debug)]
pub(super) struct Live {
    pub(super) broker: Arc<Broker>,
    pub(super) shutdown: Shutdown,
}

pub(super) fn api() -> Api<Live> {
    Api::new().route(operation(), handle)
}

fn operation() -> Operation {
    let event = Schema::object(vec![
        ("change", Schema::one_of(&["created", "changed", "deleted"]).described("What happened to the entity.")),
        ("id", Schema::string().described("The id of the entity.")),
        ("at", Schema::format("date-time").described("When.")),
        ("attributes", Schema::array(Schema::string()).described("The attributes that it happened to.")),
    ])
    .and_maybe("types", Schema::array(Schema::string()).described("The types that an entity had which is gone."))
    .and_maybe(
        "entity",
        Schema::any().described("The entity as it is now, in the concise format; nothing where it is gone."),
    );
    Operation::new(Method::GET, "/machi/v1/live", "followChanges", "Changes of entities as they happen")
        .tag("live")
        .description("Server-Sent Events, or the same over a WebSocket. Events are named `change`; a reader who falls too far behind gets one named `lagged` and goes on from now. Last-Event-ID goes on where an earlier stream ended, as far as that is kept; a commit that was not heard to its end is told again.")
        .in_header("NGSILD-Tenant", Schema::string(), "The tenant; without it, the default tenant.")
        .in_query("tenant", Schema::string(), "The tenant, for browsers, whose event sources set no headers.")
        .in_query("type", Schema::string(), "Only entities of one of these types, separated by commas.")
        .in_query("id", Schema::string(), "Only these entities, separated by commas.")
        .in_query("attrs", Schema::string(), "Only changes of these attributes, separated by commas.")
        .answers(StatusCode::OK, "A stream of events.", Some(Content::of("text/event-stream", event)))
        .answers(StatusCode::SERVICE_UNAVAILABLE, "Too many readers already.", None)
}

async fn handle(State(live): State<Live>, request: Request) -> Result<Response, Problem> {
    let (mut parts, _) = request.into_parts();
    let RequestCaller(caller) = RequestCaller::from_request_parts(&mut parts, &()).await?;
    let parameters = Query::parse(parts.uri.query(), &["tenant", "type", "id", "attrs"])?;
    let caller = Caller::anonymous(tenant_of(&caller, parameters.get("tenant"))?, caller.request());
    live.broker.face.check_tenant(&caller).await?;
    let context = link_context(&live.broker.face, &caller, &parts.headers).await?;
    let filter = LiveFilter {
        tenant: caller.tenant().clone(),
        types: types(parameters.get("type"), &context)?,
        ids: List::of(parameters.get("id")).iris("id")?,
        attributes: attributes(parameters.get("attrs"), &context)?,
        context,
    };
    let last = parts.headers.get("last-event-id").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let source = live.broker.follow(filter, last.as_deref(), live.shutdown.clone()).await?;
    let wants_upgrade = parts.headers.get(header::UPGRADE).is_some();
    if wants_upgrade {
        let upgrade = WebSocketUpgrade::from_request_parts(&mut parts, &()).await;
        let upgrade = upgrade.map_err(|error| {
            Problem::new(
                ErrorKind::InvalidRequest,
                Text::both(
                    format!("this is no upgrade to a WebSocket: {error}"),
                    "WebSocketへの切り替え要求として正しくありません。Connection、Upgrade、Sec-WebSocket-Version、Sec-WebSocket-Keyの各ヘッダーを確認してください",
                ),
            )
        })?;
        return Ok(websocket(upgrade, source, live.shutdown));
    }
    Ok(sse(source, live.shutdown))
}

/// The types that are asked for, by their full names.
fn types(text: Option<&str>, context: &Context) -> Result<Vec<Name>, FaceError> {
    let words = text.map(|text| NameList::parse("type", text)).transpose()?.unwrap_or_default().names;
    Ok(words.iter().map(|word| context.expand_name(word.as_str())).collect::<Result<_, _>>()?)
}

/// The attributes that are asked for, by their full names. Of a member that is none there would never be an event.
fn attributes(text: Option<&str>, context: &Context) -> Result<Vec<Name>, Problem> {
    let steps = List::of(text).attributes("attrs", context)?;
    let name = |step: Step| match step {
        Step::Attribute(name) => Ok(name),
        Step::Member(member) => Err(Problem::new(
            ErrorKind::BadRequestData,
            Text::both(
                format!("attrs: \"{}\" is no attribute, and no event tells of it", member.term()),
                format!("attrs: \"{}\"は属性ではなく、イベントの対象になりません", member.term()),
            ),
        )),
    };
    steps.into_iter().map(name).collect()
}

/// A parameter stands in for the header, which event sources of browsers cannot set.
fn tenant_of(caller: &Caller, named: Option<&str>) -> Result<TenantId, Problem> {
    match named {
        None => Ok(caller.tenant().clone()),
        Some(name) => name.parse().map_err(|error: InvalidTenant| {
            Problem::new(
                ErrorKind::BadRequestData,
                Text::both(format!("the parameter tenant names none: {error}"), "tenantの値が正しくありません"),
            )
        }),
    }
}
