//! Conditions that the store cannot decide by facets: decided by reading the document.

use std::fmt;
use std::sync::Arc;

use machi_model::entity::{Document as Entity, EntityFacts, HeadRef, Section};
use machi_model::query::{Pattern, ScopePath, ScopePattern, Term};
use machi_store::{Check, Document, NameNo, Names, Store};
use machi_types::{Name, Timestamp};

use crate::domain::selection::Selection;

/// A whole selection.
pub(super) struct SelectionCheck {
    store: Arc<dyn Store>,
    selection: Arc<Selection>,
    now: Timestamp,
}

impl SelectionCheck {
    pub(super) fn new(store: &Arc<dyn Store>, selection: Arc<Selection>, now: Timestamp) -> Self {
        Self { store: Arc::clone(store), selection, now }
    }
}

impl Check for SelectionCheck {
    fn meets(&self, document: &Document) -> bool {
        let is_any = |_: NameNo| true;
        with_entity(document, self.store.names(), is_any, |entity| self.selection.matches(entity, self.now))
    }
}

impl fmt::Debug for SelectionCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SelectionCheck({:?})", self.selection)
    }
}

/// One condition on one attribute of the entity.
pub(super) struct TermCheck {
    store: Arc<dyn Store>,
    term: Term,
    /// The attribute; without it, the condition is about the entity's head and times.
    attribute: Option<NameNo>,
    now: Timestamp,
}

impl TermCheck {
    pub(super) fn new(store: &Arc<dyn Store>, term: Term, attribute: Option<NameNo>, now: Timestamp) -> Self {
        Self { store: Arc::clone(store), term, attribute, now }
    }
}

impl Check for TermCheck {
    fn meets(&self, document: &Document) -> bool {
        let is_wanted = |name: NameNo| Some(name) == self.attribute;
        with_entity(document, self.store.names(), is_wanted, |entity| {
            self.term.matches(&EntityFacts { document: entity, now: self.now, linked: None })
        })
    }
}

impl fmt::Debug for TermCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TermCheck({})", self.term.path)
    }
}

/// A shape of scopes.
#[derive(Debug)]
pub(super) struct ScopeCheck(pub(super) ScopePattern);

impl Check for ScopeCheck {
    fn meets(&self, document: &Document) -> bool {
        let Ok(head) = HeadRef::read(&document.head) else { return false };
        head.scopes().filter_map(|scope| scope.parse::<ScopePath>().ok()).any(|scope| self.0.matches(&scope))
    }
}

/// A pattern of ids.
#[derive(Debug)]
pub(super) struct PatternCheck(pub(super) Pattern);

impl Check for PatternCheck {
    fn meets(&self, document: &Document) -> bool {
        self.0.matches(&document.id)
    }
}

/// Reads a document as an entity with the attributes that are wanted.
fn with_entity(
    document: &Document,
    names: &dyn Names,
    is_wanted: impl Fn(NameNo) -> bool,
    read: impl FnOnce(&Entity<'_>) -> bool,
) -> bool {
    let wanted: Vec<(&machi_store::Section, Name, Name)> = document
        .sections
        .iter()
        .filter(|section| is_wanted(section.key.name))
        .map(|section| (section, names.text(section.key.name), names.text(section.key.instance)))
        .collect();
    let sections: Vec<Section<'_>> = wanted
        .iter()
        .map(|(section, name, dataset)| {
            let dataset_id = (section.key.instance != NameNo::NONE).then_some(&**dataset);
            Section {
                created_at: Some(section.created),
                modified_at: Some(section.modified),
                ..Section::new(name, dataset_id, &section.body)
            }
        })
        .collect();
    read(&Entity {
        created_at: Some(document.created),
        modified_at: Some(document.modified),
        ..Entity::new(&document.id, &document.head, &sections)
    })
}
