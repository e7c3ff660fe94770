//! From what a request asks for to a filter of the store: conditions on linked entities are answered first,
//! so that what remains can be held against each entity alone (ETSI GS CIM 009 §4.9).

use std::pin::Pin;
use std::sync::Arc;

use machi_face::{AsOf, Criteria, FaceError, Selector};
use machi_model::query::{Link, Logic, Query, Step, Term, Test, TypeExpression};
use machi_store::{Filter, Find, StoreError, View};
use machi_types::{Name, TenantId, Text, Timestamp};

use crate::Broker;
use crate::collections::ENTITIES;
use crate::domain::filter::Compiler;
use crate::domain::selection::{Condition, LinkedCondition, Selection};

/// How many linked entities one condition may single out.
const LINKED: usize = 10_000;

/// One instant of a tenant's entities, and the time by which things have expired.
#[derive(Clone, Debug)]
pub(crate) struct Sight {
    pub(crate) view: Arc<dyn View>,
    pub(crate) tenant: TenantId,
    pub(crate) now: Timestamp,
}

type Resolved<'a> = Pin<Box<dyn Future<Output = Result<Condition, FaceError>> + Send + 'a>>;

impl Broker {
    /// The newest instant.
    pub(crate) fn sight(&self, tenant: &TenantId) -> Sight {
        Sight { view: self.store.view(), tenant: tenant.clone(), now: self.clock.now() }
    }

    /// The newest instant, or an earlier one.
    pub(crate) async fn sight_as_of(&self, tenant: &TenantId, as_of: Option<&AsOf>) -> Result<Sight, FaceError> {
        let (view, now) = self.face.view(tenant, as_of).await?;
        Ok(Sight { view, tenant: tenant.clone(), now })
    }

    /// The filter that the criteria come to.
    pub(crate) async fn select(&self, sight: &Sight, criteria: Criteria) -> Result<Filter, FaceError> {
        let selection = self.selection(sight, criteria).await?;
        Ok(self.filter(sight, &selection))
    }

    /// The selection that the criteria come to.
    pub(crate) async fn selection(&self, sight: &Sight, mut criteria: Criteria) -> Result<Arc<Selection>, FaceError> {
        let conditions = match criteria.q.take() {
            Some(query) => Some(self.conditions(sight, &query).await?),
            None => None,
        };
        Ok(Arc::new(Selection::new(criteria, conditions)))
    }

    /// The filter of a selection.
    pub(crate) fn filter(&self, sight: &Sight, selection: &Arc<Selection>) -> Filter {
        Compiler::new(&self.store, sight.now).compile(selection)
    }

    /// A find of entities within the budget of one request.
    pub(crate) fn entity_find(&self, sight: &Sight, filter: Filter) -> Find {
        Find { budget: self.face.budget(), ..Find::new(sight.tenant.clone(), ENTITIES, filter) }
    }

    async fn conditions(&self, sight: &Sight, query: &Query) -> Result<Logic<Condition>, FaceError> {
        let mut ready = Vec::new();
        for term in query.logic.conditions() {
            ready.push(self.condition(sight, term.clone()).await?);
        }
        let mut ready = ready.into_iter();
        // INVARIANT: a logic is walked in one order, from left to right.
        query.logic.try_map(&mut |_| ready.next().ok_or(FaceError::Bug("a condition of a query was lost")))
    }

    fn condition<'a>(&'a self, sight: &'a Sight, mut term: Term) -> Resolved<'a> {
        Box::pin(async move {
            if term.path.links.is_empty() {
                return Ok(Condition::Own(term));
            }
            let link: Link<Step> = term.path.links.remove(0);
            let is_absent = term.test == Test::Absent;
            if is_absent {
                term.test = Test::Exists;
            }
            let inner = self.condition(sight, term).await?;
            let targets = self.linked_by(sight, &link, inner).await?;
            Ok(Condition::Linked(LinkedCondition { relationship: link.relationship, targets, is_absent }))
        })
    }

    /// The entities of a link's types that meet a condition.
    async fn linked_by(&self, sight: &Sight, link: &Link, condition: Condition) -> Result<Vec<Name>, FaceError> {
        let types = link.types.iter().cloned().map(Logic::One).collect::<Vec<_>>();
        let selector = Selector {
            types: (!types.is_empty()).then(|| TypeExpression::Logic(Logic::any(types))),
            ..Selector::default()
        };
        let selection = Arc::new(Selection {
            selectors: vec![selector],
            conditions: Some(Logic::One(condition)),
            ..Selection::default()
        });
        let filter = self.filter(sight, &selection);
        let found = sight.view.find(Find { limit: LINKED, ..self.entity_find(sight, filter) }).await?;
        if found.more {
            let reason = Text::both(
                format!("a condition on linked entities is met by more than {LINKED} of them"),
                format!("関連エンティティの条件に該当するものが{LINKED}件を超えています"),
            );
            return Err(StoreError::TooComplex(reason).into());
        }
        let mut ids: Vec<Name> = found.rows.iter().map(|row| row.document.id.clone()).collect();
        ids.sort_unstable();
        Ok(ids)
    }
}
