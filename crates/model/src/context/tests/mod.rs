//! Contexts in use: names out and in, what is refused, and what hostile ones cost.

mod documents;
mod errors;
mod hostile;
mod laws;
mod names;
mod scoped;

use std::collections::HashMap;
use std::sync::Arc;

use machi_types::json::{self, DEFAULT_DEPTH};
use machi_types::{Json, Name};

use super::*;

type Library = HashMap<Name, Arc<Document>>;

fn json(text: &str) -> Json<'static> {
    json::parse(text.as_bytes(), DEFAULT_DEPTH).unwrap().into_owned()
}

fn library(documents: &[(&str, &str)]) -> Library {
    let document = |(url, context): &(&str, &str)| (Name::from(*url), Arc::new(Document::new(url, json(context))));
    documents.iter().map(document).collect()
}

fn try_with(context: &str, documents: &[(&str, &str)]) -> Result<Arc<Context>, ContextError> {
    match resolve(&json(context), &library(documents), &Limits::default())? {
        Resolution::Ready(context) => Ok(context),
        Resolution::Needs(urls) => panic!("not given: {urls:?}"),
    }
}

fn with(context: &str, documents: &[(&str, &str)]) -> Arc<Context> {
    try_with(context, documents).unwrap()
}

fn context(text: &str) -> Arc<Context> {
    with(text, &[])
}

/// The text of the error that a context gives.
fn refusal(text: &str) -> String {
    try_with(text, &[]).unwrap_err().to_string()
}

fn expand(context: &Arc<Context>, name: &str) -> String {
    context.expand_name(name).unwrap().to_string()
}

/// Checks what a name stands for, and that it is the short name of that.
fn check(context: &Arc<Context>, name: &str, iri: &str) {
    assert_eq!(expand(context, name), iri, "{name}");
    assert_eq!(context.compact_name(iri), name, "{iri}");
}
