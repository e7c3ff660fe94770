//! One endpoint: a method on a path, what it takes and what it answers.

use http::{Method, StatusCode};
use machi_types::Json;

use super::Schema;

/// An endpoint, described.
#[derive(Clone, Debug)]
pub struct Operation {
    pub(super) method: Method,
    pub(super) path: &'static str,
    pub(super) id: &'static str,
    pub(super) tag: &'static str,
    pub(super) summary: &'static str,
    pub(super) description: Option<&'static str>,
    pub(super) parameters: Vec<Parameter>,
    pub(super) bodies: Vec<Content>,
    pub(super) answers: Vec<(StatusCode, &'static str, Option<Content>)>,
}

/// A body: its media type, its shape, and an example of it.
#[derive(Clone, Debug)]
pub struct Content {
    pub(super) media: &'static str,
    pub(super) schema: Schema,
    pub(super) example: Option<Json<'static>>,
}

#[derive(Clone, Debug)]
pub(super) struct Parameter {
    pub(super) name: &'static str,
    pub(super) place: &'static str,
    pub(super) is_required: bool,
    pub(super) schema: Schema,
    pub(super) description: &'static str,
}

impl Content {
    /// A JSON body.
    pub fn json(schema: Schema, example: Json<'static>) -> Self {
        Self { media: "application/json", schema, example: Some(example) }
    }

    /// The same JSON with a @context in it.
    #[must_use]
    pub fn as_json_ld(&self) -> Self {
        Self { media: "application/ld+json", ..self.clone() }
    }

    /// A body of another type.
    pub fn of(media: &'static str, schema: Schema) -> Self {
        Self { media, schema, example: None }
    }
}

impl Operation {
    /// An endpoint; `path` is written as the router takes it, such as `/machi/v1/tenants/{tenant}`.
    pub fn new(method: Method, path: &'static str, id: &'static str, summary: &'static str) -> Self {
        let tag = "operation";
        Self {
            method,
            path,
            id,
            tag,
            summary,
            description: None,
            parameters: Vec::new(),
            bodies: Vec::new(),
            answers: Vec::new(),
        }
    }

    /// The group under which readers find it.
    #[must_use]
    pub fn tag(mut self, tag: &'static str) -> Self {
        self.tag = tag;
        self
    }

    /// What a summary cannot say.
    #[must_use]
    pub fn description(mut self, text: &'static str) -> Self {
        self.description = Some(text);
        self
    }

    /// A piece of the path.
    #[must_use]
    pub fn in_path(self, name: &'static str, schema: Schema, description: &'static str) -> Self {
        self.parameter(Parameter { name, place: "path", is_required: true, schema, description })
    }

    /// A query parameter, which may be missing.
    #[must_use]
    pub fn in_query(self, name: &'static str, schema: Schema, description: &'static str) -> Self {
        self.parameter(Parameter { name, place: "query", is_required: false, schema, description })
    }

    /// A query parameter that must be there.
    #[must_use]
    pub fn needs_query(self, name: &'static str, schema: Schema, description: &'static str) -> Self {
        self.parameter(Parameter { name, place: "query", is_required: true, schema, description })
    }

    /// A header, which may be missing.
    #[must_use]
    pub fn in_header(self, name: &'static str, schema: Schema, description: &'static str) -> Self {
        self.parameter(Parameter { name, place: "header", is_required: false, schema, description })
    }

    /// The body it takes; where it takes several media types, each is told.
    #[must_use]
    pub fn takes(mut self, content: Content) -> Self {
        self.bodies.push(content);
        self
    }

    /// An answer it gives; errors need no mention, and no content: they are all problems.
    #[must_use]
    pub fn answers(mut self, status: StatusCode, description: &'static str, content: Option<Content>) -> Self {
        self.answers.push((status, description, content));
        self
    }

    fn parameter(mut self, parameter: Parameter) -> Self {
        self.parameters.push(parameter);
        self
    }
}
