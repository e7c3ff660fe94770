//! Which documents a `@context` refers to, by itself and by way of those, and which of them are not loaded yet.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use machi_types::{Json, Name};

use super::core;
use super::document::{Document, Documents};
use super::error::{ContextError, Fault, Place, short};
use super::layer::Loaded;
use super::limits::{Limits, TOO_MANY_DOCUMENTS};
use super::reference;

/// The documents that a context needs.
#[derive(Debug, Default)]
pub(super) struct Survey {
    pub(super) loaded: Loaded,
    pub(super) missing: Vec<Name>,
}

/// Follows every reference as far as documents are loaded.
pub(super) fn survey(context: &Json<'_>, documents: &dyn Documents, limits: &Limits) -> Result<Survey, ContextError> {
    let mut found = Survey::default();
    let mut seen = HashSet::new();
    let mut waiting: VecDeque<(Arc<Document>, usize)> = VecDeque::new();
    let mut urls = references(context, &Place::default())?;
    let mut depth = 1;
    let mut place = Place::default();
    loop {
        for url in urls {
            if !seen.insert(url.clone()) {
                continue;
            }
            check_extent(seen.len(), depth, limits).map_err(|fault| place.refuse(fault))?;
            match documents.document(&url) {
                Some(document) => {
                    waiting.push_back((Arc::clone(&document), depth + 1));
                    found.loaded.insert(url, document);
                }
                None => found.missing.push(loadable(url).map_err(|fault| place.refuse(fault))?),
            }
        }
        let Some((document, deeper)) = waiting.pop_front() else {
            return Ok(found);
        };
        place = Place::at(document.url().clone());
        urls = references(document.context(), &place)?;
        depth = deeper;
    }
}

/// The whole URL of a reference in a context that lies here.
pub(super) fn absolute(reference: &str, place: &Place) -> Result<Name, ContextError> {
    let resolved = match place.url() {
        Some(base) => reference::resolve(base, reference),
        None if reference::has_scheme(reference) => reference::resolve("", reference),
        None => None,
    };
    resolved.map(Name::from).ok_or_else(|| place.refuse(Fault::RelativeUrl(short(reference))))
}

fn check_extent(documents: usize, depth: usize, limits: &Limits) -> Result<(), Fault> {
    if depth > limits.depth {
        let what = (
            "its documents include one another too deeply ([contexts] chain)",
            "文書が互いを取り込む連鎖が長すぎます([contexts] chain)",
        );
        return Err(Fault::overflow(what, limits.depth));
    }
    if documents > limits.documents {
        return Err(Fault::overflow(TOO_MANY_DOCUMENTS, limits.documents));
    }
    Ok(())
}

/// Documents may be preloaded under any URL, but only these can be asked for.
fn loadable(url: Name) -> Result<Name, Fault> {
    let scheme = url.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    match scheme.as_deref() {
        Some("http" | "https") => Ok(url),
        _ => Err(Fault::Scheme(short(&url))),
    }
}

/// The URLs of the documents that a context itself refers to, the core contexts left out.
fn references(context: &Json<'_>, place: &Place) -> Result<Vec<Name>, ContextError> {
    let mut references = Vec::new();
    collect(context, &mut references);
    let absolute = references.into_iter().map(|reference| absolute(reference, place));
    absolute.filter(|url| !matches!(url, Ok(url) if core::edition(url).is_some())).collect()
}

fn collect<'j>(context: &'j Json<'_>, references: &mut Vec<&'j str>) {
    match context {
        Json::String(url) => references.push(url),
        Json::Array(items) => items.iter().for_each(|item| collect(item, references)),
        Json::Object(members) => {
            for (name, value) in members {
                match value {
                    Json::String(url) if name == "@import" => references.push(url),
                    Json::Object(_) => {
                        value.get("@context").into_iter().for_each(|scoped| collect(scoped, references));
                    }
                    _ => {}
                }
            }
        }
        _ => {}
    }
}
