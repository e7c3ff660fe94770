//! All operations as one OpenAPI 3.1 document.

use std::borrow::Cow;

use machi_types::Json;

use super::operation::{Content, Operation, Parameter};
use super::schema::Schema;

/// A named shape under `components/schemas`.
#[derive(Clone, Debug)]
pub struct Component {
    /// The name by which [`Schema::reference`] finds it.
    pub name: &'static str,
    /// The shape.
    pub schema: Schema,
}

type Members = Vec<(Cow<'static, str>, Json<'static>)>;

/// The document, paths in alphabetical order, so that its golden file changes where the API does.
pub fn document(
    title: &'static str,
    version: &'static str,
    description: &'static str,
    operations: &[Operation],
    components: Vec<Component>,
) -> Json<'static> {
    let info = object(vec![("title", title.into()), ("version", version.into()), ("description", description.into())]);
    let mut schemas: Members =
        components.into_iter().map(|component| (component.name.into(), component.schema.into_json())).collect();
    schemas.push(("Problem".into(), problem().into_json()));
    schemas.sort_by(|one, other| one.0.cmp(&other.0));
    object(vec![
        ("openapi", "3.1.0".into()),
        ("info", info),
        ("paths", paths(operations)),
        ("components", object(vec![("schemas", Json::Object(schemas))])),
    ])
}

fn paths(operations: &[Operation]) -> Json<'static> {
    let mut sorted: Vec<&Operation> = operations.iter().collect();
    sorted.sort_by_key(|operation| (operation.path, operation.method.as_str().to_owned()));
    let mut paths: Members = Vec::new();
    for operation in sorted {
        let entry = (Cow::from(operation.method.as_str().to_ascii_lowercase()), describe(operation));
        match paths.last_mut() {
            Some((path, Json::Object(methods))) if path == operation.path => methods.push(entry),
            _ => paths.push((operation.path.into(), Json::Object(vec![entry]))),
        }
    }
    Json::Object(paths)
}

fn describe(operation: &Operation) -> Json<'static> {
    let mut members = vec![
        ("operationId", operation.id.into()),
        ("tags", Json::Array(vec![operation.tag.into()])),
        ("summary", operation.summary.into()),
    ];
    members.extend(operation.description.map(|text| ("description", text.into())));
    if !operation.parameters.is_empty() {
        members.push(("parameters", Json::Array(operation.parameters.iter().map(parameter).collect())));
    }
    if !operation.bodies.is_empty() {
        let bodies = content(&operation.bodies);
        members.push(("requestBody", object(vec![("required", true.into()), ("content", bodies)])));
    }
    let failure = Content::of("application/problem+json", Schema::reference("Problem"));
    let mut answers: Members = Vec::new();
    for (status, text, body) in &operation.answers {
        let is_failure = status.is_client_error() || status.is_server_error();
        let body = body.as_ref().or(is_failure.then_some(&failure));
        answers.push((status.as_str().to_owned().into(), answer(text, body)));
    }
    answers.push(("default".into(), answer("Any failure, as RFC 9457 problem details.", Some(&failure))));
    members.push(("responses", Json::Object(answers)));
    object(members)
}

fn parameter(parameter: &Parameter) -> Json<'static> {
    object(vec![
        ("name", parameter.name.into()),
        ("in", parameter.place.into()),
        ("required", parameter.is_required.into()),
        ("description", parameter.description.into()),
        ("schema", parameter.schema.clone().into_json()),
    ])
}

fn answer(text: &'static str, body: Option<&Content>) -> Json<'static> {
    let mut members = vec![("description", text.into())];
    members.extend(body.map(|body| ("content", content(std::slice::from_ref(body)))));
    object(members)
}

fn content(contents: &[Content]) -> Json<'static> {
    let describe = |content: &Content| {
        let mut members = vec![("schema", content.schema.clone().into_json())];
        members.extend(content.example.clone().map(|example| ("example", example)));
        (content.media, object(members))
    };
    object(contents.iter().map(describe).collect())
}

fn object(members: Vec<(&'static str, Json<'static>)>) -> Json<'static> {
    Json::Object(members.into_iter().map(|(name, value)| (name.into(), value)).collect())
}

/// The shape of every failure.
fn problem() -> Schema {
    Schema::object(vec![
        ("type", Schema::format("uri").described("What kind of failure this is.")),
        ("title", Schema::string().described("The kind in words, in the language of the reader.")),
        ("status", Schema::integer()),
        ("detail", Schema::string().described("What happened, where, and what would be right.")),
        ("instance", Schema::format("uri").described("The request, as the log names it.")),
    ])
}
