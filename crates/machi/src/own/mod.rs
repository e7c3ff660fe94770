//! Endpoints about the city itself: is it alive, is it ready, what are its figures, what can be asked.

mod console;
pub(crate) mod import;
mod page;
mod readiness;

use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use machi_http::metrics::{self, Registry};
use machi_http::openapi::{Api, Component, Content, Operation, Schema, document};
use machi_http::request::MediaType;
use machi_http::{Language, Problem, Text, answer, language_of};
use machi_types::Json;

pub use page::page_routes;
pub use readiness::Readiness;

const TITLE: &str = "Machi";
const DESCRIPTION: &str = "Machi's own endpoints. The NGSI-LD API under /ngsi-ld/v1 is the standard's (ETSI GS CIM 009 v1.9.1) and is described there.";
/// Endpoints that answer also when too many requests are waiting.
pub const ALWAYS: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

#[derive(Clone)]
struct Own {
    registry: Arc<Registry>,
    readiness: Arc<Readiness>,
    /// Written once all blocks have declared their endpoints.
    description: Arc<OnceLock<String>>,
}

/// The endpoints about the city itself.
pub fn endpoints(registry: Arc<Registry>, readiness: Arc<Readiness>, description: Arc<OnceLock<String>>) -> Api {
    Api::new()
        .route(state("/healthz", "getHealth", "Whether the process is alive; warnings need an operator.", "ok"), health)
        .route(
            state("/readyz", "getReadiness", "Whether the city takes requests; 503 names what is missing.", "ready"),
            ready,
        )
        .route(figures_operation(), figures)
        .route(description_operation(), openapi)
        .with_state(Own { registry, readiness, description })
}

/// What answers while the city's data is being read: these endpoints, and 503 everywhere else.
pub fn while_opening(registry: &Arc<Registry>) -> Router {
    let readiness = Readiness::default();
    readiness.add(|| Err("its data is being read".to_owned()));
    let own = endpoints(Arc::clone(registry), Arc::new(readiness), Arc::default());
    own.into_router().fallback(async || Readiness::opening())
}

/// The OpenAPI description of these operations, as text that people can read and compare.
pub fn describe(operations: &[Operation]) -> String {
    let document = document(TITLE, env!("CARGO_PKG_VERSION"), DESCRIPTION, operations, components());
    let mut text =
        serde_json::to_string_pretty(&document).expect("writing to memory cannot fail, and every key is a string");
    text.push('\n');
    text
}

fn components() -> Vec<Component> {
    let state = Schema::object(vec![
        ("status", Schema::string()),
        ("version", Schema::string().described("The version of the program.")),
    ])
    .and_maybe(
        "warnings",
        Schema::array(Schema::string())
            .described("What is not as it should be although the city works, such as a clock that lags."),
    );
    vec![Component { name: "State", schema: state }]
}

fn state(path: &'static str, id: &'static str, summary: &'static str, word: &'static str) -> Operation {
    let example = state_json(word, &[], Language::English);
    Operation::new(Method::GET, path, id, summary).answers(
        StatusCode::OK,
        "It is.",
        Some(Content::json(Schema::reference("State"), example)),
    )
}

fn figures_operation() -> Operation {
    Operation::new(
        Method::GET,
        "/metrics",
        "getMetrics",
        "Figures in OpenMetrics text, for Prometheus and its relatives.",
    )
    .answers(StatusCode::OK, "The figures.", Some(Content::of("application/openmetrics-text", Schema::string())))
}

fn description_operation() -> Operation {
    Operation::new(Method::GET, "/openapi.json", "getOpenapi", "This description.").answers(
        StatusCode::OK,
        "OpenAPI 3.1.",
        Some(Content::of("application/json", Schema::any())),
    )
}

fn state_json(word: &'static str, warnings: &[Text], language: Language) -> Json<'static> {
    let mut members = vec![("status".into(), word.into()), ("version".into(), Json::from(env!("CARGO_PKG_VERSION")))];
    if !warnings.is_empty() {
        let told = warnings.iter().map(|warning| Json::from(warning.in_language(language).to_owned()));
        members.push(("warnings".into(), Json::Array(told.collect())));
    }
    Json::Object(members)
}

async fn health(State(own): State<Own>, headers: HeaderMap) -> Response {
    let state = state_json("ok", &own.readiness.warnings(), language_of(&headers));
    answer::representation(MediaType::Json, state.to_text())
}

async fn ready(State(own): State<Own>, headers: HeaderMap) -> Result<Response, Problem> {
    own.readiness.check()?;
    let state = state_json("ready", &own.readiness.warnings(), language_of(&headers));
    Ok(answer::representation(MediaType::Json, state.to_text()))
}

async fn figures(State(own): State<Own>) -> Response {
    answer::of_type(HeaderValue::from_static(metrics::CONTENT_TYPE), own.registry.render())
}

async fn openapi(State(own): State<Own>) -> Response {
    answer::representation(MediaType::Json, own.description.get().cloned().unwrap_or_default())
}
