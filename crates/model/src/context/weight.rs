//! How much memory a context takes, about: what is held of contexts is bounded by it.

use std::sync::atomic::{AtomicUsize, Ordering};

use machi_types::Json;

use super::Context;
use super::layer::{Layer, Origin};
use super::term::{Coercion, Term};

/// What a term takes beside its texts: its place in the map, and in those that lead back to it.
const TERM: usize = 256;
/// What a JSON value takes beside its texts.
const VALUE: usize = std::mem::size_of::<Json<'static>>() + 16;

/// What all contexts that terms of one context open may take while they are kept.
const SCOPED: usize = 4 << 20;

/// What the names that one context has worked out may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Names {
    /// There is one core, and everybody uses it.
    Core,
    /// Of a context that was given.
    Given,
    /// Of a context that a term opens.
    Scoped,
}

impl Names {
    /// The bytes of each of the two caches.
    pub(super) const fn bytes(self) -> usize {
        match self {
            Self::Core => 4 << 20,
            Self::Given => 128 << 10,
            Self::Scoped => 32 << 10,
        }
    }
}

impl Context {
    /// How many bytes it takes, about, with all that it may come to keep while it is used.
    pub fn bytes(&self) -> usize {
        let scoped = if self.layer.has_scopes { SCOPED } else { 0 };
        2 * Names::Given.bytes() + scoped + self.layer.bytes() + self.layer.origin.bytes()
    }

    /// The same of one that a term opens: what it was made from is not its own.
    pub(super) fn bytes_of_scope(&self) -> usize {
        2 * Names::Scoped.bytes() + self.layer.bytes()
    }
}

impl Layer {
    fn bytes(&self) -> usize {
        self.own.iter().map(|(name, term)| name.len() + term.bytes()).sum()
    }
}

impl Origin {
    fn bytes(&self) -> usize {
        let documents = self.documents.iter().map(|(url, document)| url.len() + json_bytes(document.context()));
        json_bytes(&self.source) + documents.sum::<usize>()
    }
}

impl Term {
    fn bytes(&self) -> usize {
        let datatype = match &self.coercion {
            Coercion::Datatype(name) => name.len(),
            _ => 0,
        };
        let scope = self.scope.as_ref().map_or(0, |scope| json_bytes(&scope.context));
        TERM + self.iri.as_ref().map_or(0, |iri| iri.len()) + datatype + scope
    }
}

fn json_bytes(json: &Json<'_>) -> usize {
    VALUE
        + match json {
            Json::String(text) => text.len(),
            Json::Array(items) => items.iter().map(json_bytes).sum(),
            Json::Object(members) => members.iter().map(|(name, value)| VALUE + name.len() + json_bytes(value)).sum(),
            _ => 0,
        }
}

/// What is left for the contexts that terms of one context open, and those that terms of these open.
#[derive(Debug)]
pub(super) struct Room(AtomicUsize);

impl Default for Room {
    fn default() -> Self {
        Self(AtomicUsize::new(SCOPED))
    }
}

impl Room {
    /// Takes so many bytes, if they are left.
    pub(super) fn take(&self, bytes: usize) -> bool {
        let less = |left: usize| left.checked_sub(bytes);
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok()
    }

    /// Gives bytes back that were taken.
    pub(super) fn give_back(&self, bytes: usize) {
        self.0.fetch_add(bytes, Ordering::Relaxed);
    }
}
