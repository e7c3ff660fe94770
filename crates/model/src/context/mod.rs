//! `@context`s: what short names mean, and which short name an IRI has (ETSI GS CIM 009 §4.4 and §5.5.7).
//!
//! A [`Context`] is resolved once, by [`resolve()`], and then shared and asked. The core context is built in and wins
//! wherever it says anything; a context that is the core alone is [`Context::core`] and costs nothing. Nothing here
//! loads a document: [`resolve()`] says which ones it needs, and whoever may load asks again.

mod cache;
mod compact;
mod core;
mod define;
mod definition;
mod document;
mod entries;
mod error;
mod expand;
mod keyword;
mod layer;
mod limits;
mod local;
mod process;
mod reference;
mod resolve;
mod scope;
mod survey;
mod term;
mod weight;

use std::fmt;
use std::sync::{Arc, LazyLock};

use machi_types::{Json, Name};

use cache::NameCache;
use layer::{Layer, Loaded, Origin};
use scope::{Previous, Scoped};
use weight::{Names, Room};

pub use core::{CORE_URL, core_document, core_urls};
pub use document::{Document, Documents};
pub use error::{ContextError, Fault, NameFault, NoIri, Place};
pub use limits::{Limits, ScopedContexts};
pub use resolve::{Resolution, resolve, resolve_text};
pub use term::{Coercion, Container, Term};

/// A resolved `@context`: immutable, and shared by all that use it.
pub struct Context {
    layer: Arc<Layer>,
    previous: Option<Previous>,
    expanded: NameCache,
    compacted: NameCache,
    scoped: Scoped,
}

static CORE: LazyLock<Arc<Context>> = LazyLock::new(|| {
    let source = Json::from(CORE_URL);
    let origin = Origin { source, documents: Loaded::new(), limits: Limits::default(), room: Room::default() };
    Arc::new(Context::new(Layer::core_alone(Arc::new(origin)).finish(), None, Names::Core))
});

impl Context {
    /// The core context alone: what holds where nobody gives a context (ETSI GS CIM 009 §5.5.5).
    pub fn core() -> &'static Arc<Self> {
        &CORE
    }

    /// Whether this is the core context alone.
    pub fn is_core(self: &Arc<Self>) -> bool {
        Arc::ptr_eq(self, &CORE)
    }

    /// What the context was made from, as it was given: a URL, an object, or an array of these.
    pub fn source(&self) -> &Json<'static> {
        &self.layer.origin.source
    }

    /// What a document that is sent names as its @context: the source, and the core last where the source does not
    /// name it, or has a vocabulary of its own behind it, so that any reader of JSON-LD understands the document
    /// (ETSI GS CIM 009 §4.4).
    pub fn in_document(&self) -> Json<'static> {
        let mut items = match self.source() {
            Json::Array(items) => items.clone(),
            source => vec![source.clone()],
        };
        if self.layer.overruled.is_some() || !self.layer.origin.names_core() {
            items.push(Json::from(CORE_URL));
        }
        // A list of one is the one.
        if items.len() == 1 { items.remove(0) } else { Json::Array(items) }
    }

    /// The URL of the context, where it was given as one URL.
    pub fn url(&self) -> Option<&str> {
        match self.source() {
            Json::Array(items) if items.len() == 1 => items.first()?.as_str(),
            source => source.as_str(),
        }
    }

    /// What the context, or the core, says about a term.
    pub fn term(&self, term: &str) -> Option<&Term> {
        self.layer.find(term)
    }

    /// Where names lie that no term defines: in the vocabulary of the core, unless the context of a term has one.
    pub fn vocab(&self) -> &Name {
        &self.layer.vocab
    }

    fn new(layer: Arc<Layer>, previous: Option<Previous>, names: Names) -> Self {
        Self {
            layer,
            previous,
            expanded: NameCache::new(names.bytes()),
            compacted: NameCache::new(names.bytes()),
            scoped: Scoped::default(),
        }
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = f.debug_struct("Context");
        text.field("source", self.source()).field("terms", &self.layer.own.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
