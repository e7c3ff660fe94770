//! The entities as they are: which types and attributes there are at one position, and a table for each type.

mod rows;
mod shape;
mod table;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use machi_face::ENTITIES;
use machi_face::facets::TYPE;
use machi_model::context::Context;
use machi_store::{Budget, Condition, Filter, Find, Instances, NameNo, Names, Store, Term, TermKind, Test, View};
use machi_types::{Name, TenantId, Timestamp};

pub(crate) use table::Entities;

use crate::SqlError;

/// A query has a time of its own, and reads as much as it needs in it.
const NO_BOUND: Budget = Budget { scanned: u64::MAX, documents: u64::MAX, time: Duration::from_hours(1) };

/// The entities of a tenant at one position.
#[derive(Debug)]
pub(crate) struct Present {
    pub(crate) tenant: TenantId,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) view: Arc<dyn View>,
    /// What has expired by then is not there.
    pub(crate) now: Timestamp,
    /// Compacts names.
    pub(crate) context: Arc<Context>,
    /// The types of entities.
    pub(crate) types: Vec<Name>,
    /// The attributes that entities have, each with the tags of its default instances.
    attributes: BTreeMap<Name, Vec<Name>>,
}

impl Present {
    /// What there is now.
    pub(crate) async fn open(
        tenant: TenantId,
        store: Arc<dyn Store>,
        now: Timestamp,
        context: Arc<Context>,
    ) -> Result<Self, SqlError> {
        let view = store.view();
        let mut present = Self { tenant, store, view, now, context, types: Vec::new(), attributes: BTreeMap::new() };
        let terms = present.view.terms(&present.tenant, ENTITIES).await?;
        terms.into_iter().for_each(|term| present.learn(term));
        present.types.sort_unstable();
        present.types.dedup();
        Ok(present)
    }

    fn learn(&mut self, term: Term) {
        match term.kind {
            TermKind::Tag(tag) if &*term.name == TYPE => self.types.push(tag),
            _ if term.name.starts_with('@') || !term.instance.is_empty() => {}
            TermKind::Exists => drop(self.attributes.entry(term.name).or_default()),
            TermKind::Tag(tag) => self.attributes.entry(term.name).or_default().push(tag),
        }
    }

    fn names(&self) -> &dyn Names {
        self.store.names()
    }

    /// Those of a type.
    fn of_type(&self, name: &Name) -> Filter {
        match (self.names().lookup(TYPE), self.names().lookup(name)) {
            (Some(facet), Some(tag)) => {
                Filter::Test(Test { name: facet, instances: Instances::Any, condition: Condition::Tag(tag) })
            }
            _ => Filter::Or(Vec::new()),
        }
    }

    /// Those whose attribute meets a condition by its default instance.
    fn with(&self, attribute: &Name, condition: Condition) -> Filter {
        match self.names().lookup(attribute) {
            Some(name) => Filter::Test(Test { name, instances: Instances::Only(NameNo::NONE), condition }),
            None => Filter::Or(Vec::new()),
        }
    }

    fn find(&self, filter: Filter) -> Find {
        Find { budget: NO_BOUND, ..Find::new(self.tenant.clone(), ENTITIES, filter) }
    }

    async fn has(&self, filter: Filter) -> Result<bool, SqlError> {
        Ok(self.view.count(self.find(filter)).await? > 0)
    }
}
