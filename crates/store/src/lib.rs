//! The store port: documents with sections and facets, atomic commits, consistent views and an ordered change feed.
//!
//! A block hands the store opaque bytes in named sections and a [`Derive`] that tells the facets of each;
//! the store numbers ids and names, keeps documents, indexes and feed, and answers neutral [`Filter`]s.
//! It holds no city words: entities, subscriptions and devices are all documents to it.
//!
//! # The words
//!
//! * A *document* is (tenant, collection, id) with a head and sections; see [`Document`].
//! * A *facet* is what an index knows of a section; see [`Facet`]. Facets are derived data.
//! * A *commit* is atomic, durable before it is visible, and has one time and one [`Position`].
//! * A *view* reads one instant; every read goes through one.
//! * The *feed* is the ordered record of all commits, with old and new sections.
//!
//! # How to add an adapter
//!
//! Implement [`Store`] and [`View`]; use [`evaluate`] for whatever the engine cannot push down;
//! call `machi_store::conformance::run` from the adapter's tests. The in-memory adapter in
//! [`memory`] is the readable reference: when in doubt, it decides.
//!
//! # How to add a collection
//!
//! Name it in a [`Collection`] constant of your block and register its [`Derive`] where the binary opens the store.
#![warn(missing_docs)]

mod added;
#[cfg(feature = "conformance")]
pub mod altered;
pub mod apply;
pub mod believed;
mod change;
pub mod codec;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
mod document;
mod error;
pub mod evaluate;
mod facet;
mod feed;
mod filter;
mod find;
pub mod memory;
mod names;
mod note;
mod port;
mod position;
mod survey;
pub mod surveyor;

pub use added::{DeriveAdded, IndexStatus, Indexed};
pub use change::{Change, Commit, Decide, Decision, Outcome, Proposal, Receipt, Refusal, Restored, SetSection, Stamp};
pub use document::{Document, DocumentNo, Section, SectionKey};
pub use error::StoreError;
pub use facet::{Collection, CollectionSpec, Derive, Facet, FacetValue, NoFacets};
pub use feed::{ChangeKind, Entry, SectionChange};
pub use filter::{Check, Condition, Filter, GeoCondition, GeoRelation, Instances, Range, Test, TextCondition};
pub use find::{Budget, CompareTexts, Cursor, Find, Found, Order, OrderBy, Row, Term, TermKind};
pub use names::{NameNo, NameTable, Names};
pub use note::{Note, Seen};
pub use port::{Answer, Store, TenantStatus, Verified, View, at_once};
pub use position::Position;
pub use survey::{Choose, SURVEY_BYTES, Sight, Survey, SurveyCell, SurveyColumn, SurveyRow, Surveyed, Told};
