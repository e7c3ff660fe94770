//! Facets: what indexes know of a document, derived from its head and sections by the block that wrote them.

use std::fmt::Debug;
use std::sync::Arc;

use machi_types::Timestamp;
use machi_types::geo::Geometry;

use crate::{DeriveAdded, NameNo, Names, SectionKey};

/// The name of a collection of documents: entities, subscriptions, contexts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Collection(pub &'static str);

/// One thing that an index knows of a document.
#[derive(Clone, Debug, PartialEq)]
pub struct Facet<'a> {
    /// What it is about: an attribute, or a name of the block's own.
    pub name: NameNo,
    /// Which instance of the attribute.
    pub instance: NameNo,
    /// What is known.
    pub value: FacetValue<'a>,
}

/// The value of a facet. One name may have several values, of several kinds.
#[derive(Clone, Debug, PartialEq)]
pub enum FacetValue<'a> {
    /// It exists.
    Exists,
    /// One of few words that many documents share: a type, a part of a scope.
    Tag(NameNo),
    /// A truth value.
    Flag(bool),
    /// A number.
    Number(f64),
    /// An instant.
    Time(Timestamp),
    /// A text.
    Text(&'a str),
    /// A text that the index keeps whole, however long: for patterns.
    Whole(&'a str),
    /// A place.
    Geometry(&'a Geometry),
    /// The id of another document of the same collection.
    Link(&'a str),
}

/// Tells the facets of a head or a section; a pure function of its input, so that indexes can be rebuilt.
pub trait Derive: Debug + Send + Sync {
    /// Hands the facets of a head to `facet`.
    fn head(&self, names: &dyn Names, head: &[u8], facet: &mut dyn FnMut(Facet<'_>));
    /// Hands the facets of a section to `facet`; they may carry other names than the section's own.
    fn section(&self, names: &dyn Names, key: SectionKey, body: &[u8], facet: &mut dyn FnMut(Facet<'_>));
    /// Another number wherever other facets are derived than before: indexes of another number are made afresh.
    fn version(&self) -> u32 {
        1
    }
    /// What an added index derives that this text defines; `None` where the text defines none.
    fn added(&self, names: &dyn Names, definition: &str) -> Option<Arc<dyn DeriveAdded>> {
        let _ = (names, definition);
        None
    }
}

/// For collections that are read by id alone.
#[derive(Clone, Copy, Debug)]
pub struct NoFacets;

impl Derive for NoFacets {
    fn head(&self, _: &dyn Names, _: &[u8], _: &mut dyn FnMut(Facet<'_>)) {}
    fn section(&self, _: &dyn Names, _: SectionKey, _: &[u8], _: &mut dyn FnMut(Facet<'_>)) {}
}

/// A collection with what derives its facets, as registered when a store is opened.
#[derive(Clone, Debug)]
pub struct CollectionSpec {
    /// Its name.
    pub collection: Collection,
    /// Tells its facets.
    pub derive: Arc<dyn Derive>,
}
