//! Reads the simple members: names, types, ids, times, scopes.

use std::collections::HashSet;

use machi_types::{Iri, Json, Name, Phrase, Timestamp};

use super::fault::{Fault, InvalidEntity, shortened};
use super::path::Path;
use super::{Nulls, Parser};
use crate::context::ContextError;
use crate::entity::datetime::parse_datetime;
use crate::entity::fragment::{Change, NULL};
use crate::entity::name::{MOST_NAMES, check_name, is_scope};
use crate::entity::observed::Observed;

/// Whether this is the IRI that stands for null.
pub(super) fn is_null(json: &Json<'_>) -> bool {
    json.as_str() == Some(NULL)
}

/// The text, or the fault that it is none.
pub(super) fn text<'j>(json: &'j Json<'_>, path: &Path<'_>) -> Result<&'j str, InvalidEntity> {
    json.as_str().ok_or_else(|| form(json, ("a string", "文字列"), path))
}

/// The fault that another JSON type is needed.
pub(super) fn form(json: &Json<'_>, expected: impl Into<Phrase>, path: &Path<'_>) -> InvalidEntity {
    match json {
        Json::Null => path.fault(Fault::JsonNull),
        json => path.fault(Fault::Form { found: json.kind(), expected: expected.into() }),
    }
}

/// The fault that the @context gives a name no meaning.
pub(super) fn expansion(name: &str, reason: ContextError, path: &Path<'_>) -> InvalidEntity {
    path.fault(Fault::Expansion { name: shortened(name), reason: Box::new(reason) })
}

/// An absolute IRI; a null is none.
pub(super) fn iri<'j>(json: &'j Json<'_>, path: &Path<'_>) -> Result<&'j str, InvalidEntity> {
    let text = text(json, path)?;
    if text == NULL {
        return Err(path.fault(Fault::Null));
    }
    Iri::check(text).map_err(|fault| path.fault(fault.into()))?;
    Ok(text)
}

/// A time in UTC.
pub(super) fn datetime(json: &Json<'_>, path: &Path<'_>) -> Result<Timestamp, InvalidEntity> {
    let text = text(json, path)?;
    parse_datetime(text).ok_or_else(|| path.fault(Fault::DateTime(shortened(text))))
}

/// The same, with the digits that were written.
pub(super) fn observed(json: &Json<'_>, path: &Path<'_>) -> Result<Observed, InvalidEntity> {
    let text = text(json, path)?;
    text.parse().map_err(|()| path.fault(Fault::DateTime(shortened(text))))
}

/// One text or several, each read by `read`; none given is a fault.
pub(super) fn one_or_more<'j, T>(
    json: &'j Json<'_>,
    path: &Path<'_>,
    mut read: impl FnMut(&'j Json<'_>, &Path<'_>) -> Result<T, InvalidEntity>,
) -> Result<Vec<T>, InvalidEntity> {
    let Json::Array(items) = json else {
        return Ok(vec![read(json, path)?]);
    };
    if items.is_empty() {
        let expected = ("a string or an array of strings", "文字列、または文字列の配列").into();
        return Err(path.fault(Fault::Form { found: "an empty array", expected }));
    }
    items.iter().enumerate().map(|(index, item)| read(item, &path.item(index))).collect()
}

impl Parser<'_> {
    /// Whether this null deletes; a fault where nothing can be deleted.
    pub(super) fn is_removal(&self, json: &Json<'_>, path: &Path<'_>) -> Result<bool, InvalidEntity> {
        match (is_null(json), self.input.nulls) {
            (true, Nulls::Refused) => Err(path.fault(Fault::Null)),
            (is_null, _) => Ok(is_null),
        }
    }

    /// A member that can be set or, by a null, removed.
    pub(super) fn change<'j, T>(
        &self,
        json: &'j Json<'_>,
        path: &Path<'_>,
        read: impl FnOnce(&'j Json<'_>, &Path<'_>) -> Result<T, InvalidEntity>,
    ) -> Result<Change<T>, InvalidEntity> {
        if self.is_removal(json, path)? { Ok(Change::Remove) } else { read(json, path).map(Change::Set) }
    }

    /// The full name of an attribute or type.
    pub(super) fn name(&self, name: &str, path: &Path<'_>) -> Result<Name, InvalidEntity> {
        check_name(name).map_err(|character| path.fault(Fault::Name { name: shortened(name), character }))?;
        let expanded = self.expand(name, path)?;
        // JSON-LD 1.1 §4.1.7: `id`, `type` and other names of keywords stand for no IRI.
        if expanded.starts_with('@') { Err(path.fault(Fault::Reserved(shortened(name)))) } else { Ok(expanded) }
    }

    /// The full name of any term.
    pub(super) fn expand(&self, name: &str, path: &Path<'_>) -> Result<Name, InvalidEntity> {
        let expanded = self.terms.expand(name).map_err(|reason| expansion(name, reason, path))?;
        let left = self.expanded.get().checked_sub(expanded.len().saturating_sub(name.len()));
        self.expanded.set(left.ok_or_else(|| path.fault(Fault::ExpandedNames))?);
        Ok(expanded)
    }

    /// One type name or several, expanded, each once.
    pub(super) fn types(&self, json: &Json<'_>, path: &Path<'_>) -> Result<Vec<Name>, InvalidEntity> {
        let names = one_or_more(json, path, |json, path| match text(json, path)? {
            NULL => Err(path.fault(Fault::Null)),
            name => self.name(name, path),
        })?;
        few(each_once(names), path)
    }
}

/// One scope or several, each once.
pub(super) fn scopes(json: &Json<'_>, path: &Path<'_>) -> Result<Vec<Name>, InvalidEntity> {
    if json.as_array().is_some_and(<[_]>::is_empty) {
        return Ok(Vec::new());
    }
    let scopes = one_or_more(json, path, |json, path| match text(json, path)? {
        NULL => Err(path.fault(Fault::Null)),
        scope if is_scope(scope) => Ok(Name::from(scope)),
        other => Err(path.fault(Fault::Scope(shortened(other)))),
    })?;
    few(each_once(scopes), path)
}

/// As many names as an entity may have types or scopes.
fn few(names: Vec<Name>, path: &Path<'_>) -> Result<Vec<Name>, InvalidEntity> {
    if names.len() > MOST_NAMES { Err(path.fault(Fault::TooMany(names.len()))) } else { Ok(names) }
}

fn each_once(mut names: Vec<Name>) -> Vec<Name> {
    if names.len() > 1 {
        let mut seen = HashSet::new();
        names.retain(|name| seen.insert(name.clone()));
    }
    names
}
