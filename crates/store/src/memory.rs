//! The in-memory adapter: the readable reference. It keeps every version for ever and scans for every answer.
//!
//! Good for tests and for reading; a city runs on an adapter that keeps its data.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use machi_types::geo::BoundingBox;
use machi_types::{Clock, Name, TenantId, Timestamp};
use parking_lot::RwLock;
use tokio::sync::watch;

use crate::apply::{self, Applied, At};
use crate::evaluate::{self, Place};
use crate::surveyor::{Matching, Surveyor, tagged};
use crate::{
    Answer, Collection, CollectionSpec, Commit, Decision, Derive, Document, DocumentNo, Entry, Filter, Find, Found,
    IndexStatus, NameNo, NameTable, Names, NoFacets, Outcome, Position, Proposal, Receipt, Row, Store, StoreError,
    Survey, Surveyed, TenantStatus, Term, TermKind, View, at_once,
};

/// A store that lives as long as the process.
#[derive(Clone)]
pub struct MemoryStore(Arc<Inner>);

struct Inner {
    names: NameTable,
    derives: HashMap<Collection, Arc<dyn Derive>>,
    clock: Arc<dyn Clock>,
    state: RwLock<State>,
    newest: watch::Sender<u64>,
}

#[derive(Default)]
struct State {
    spaces: BTreeMap<(TenantId, Collection), Space>,
    feed: Vec<Arc<Entry>>,
    cursors: HashMap<Name, Position>,
    indexes: HashMap<(TenantId, Collection), Vec<Name>>,
    commits: u64,
    time: Option<Timestamp>,
}

/// The documents of one collection of one tenant.
#[derive(Default)]
struct Space {
    numbers: HashMap<Name, DocumentNo>,
    /// By number: every version with its commit; `None` where the document was deleted.
    versions: Vec<Vec<(u64, Option<Arc<Document>>)>>,
}

impl Space {
    fn number(&mut self, id: &Name) -> DocumentNo {
        if let Some(number) = self.numbers.get(id) {
            return *number;
        }
        let number = DocumentNo(self.versions.len() as u32);
        self.numbers.insert(id.clone(), number);
        self.versions.push(Vec::new());
        number
    }

    fn document(&self, id: &str, at: u64) -> Option<&Arc<Document>> {
        self.version(*self.numbers.get(id)?, at)
    }

    fn version(&self, number: DocumentNo, at: u64) -> Option<&Arc<Document>> {
        let versions = self.versions.get(number.0 as usize)?;
        versions.iter().rev().find(|(commit, _)| *commit <= at)?.1.as_ref()
    }

    fn documents(&self, at: u64) -> impl Iterator<Item = &Arc<Document>> {
        (0..self.versions.len()).filter_map(move |number| self.version(DocumentNo(number as u32), at))
    }
}

impl MemoryStore {
    /// An empty store with these collections.
    pub fn new(collections: Vec<CollectionSpec>, clock: Arc<dyn Clock>) -> Self {
        let derives = collections.into_iter().map(|spec| (spec.collection, spec.derive)).collect();
        Self(Arc::new(Inner {
            names: NameTable::default(),
            derives,
            clock,
            state: RwLock::default(),
            newest: watch::Sender::new(0),
        }))
    }
}

impl Inner {
    fn derive(&self, collection: Collection) -> &dyn Derive {
        self.derives.get(&collection).map_or(&NoFacets, |derive| &**derive)
    }

    /// Gives numbers to the names that only facets carry: one that has none is in no document.
    fn number_names(&self, pending: &Pending) {
        for (collection, _, _, applied) in &pending.changes {
            if let Some(document) = &applied.document {
                evaluate::for_each_facet(document, self.derive(*collection), &self.names, &mut |_| {});
            }
        }
    }

    fn commit(&self, commit: Commit) -> Receipt {
        let mut state = self.state.write();
        let at = At {
            commit: state.commits + 1,
            time: state
                .time
                .map_or(self.clock.now(), |last| self.clock.now().max(Timestamp::from_micros(last.micros() + 1))),
        };
        let mut pending = Pending::default();
        let outcomes = commit
            .proposals
            .into_iter()
            .map(|(collection, proposal)| pending.decide(&mut state, &commit.tenant, collection, proposal, at))
            .collect::<Vec<_>>();
        let is_refused = |outcome: &Outcome| matches!(outcome, Outcome::Refused(_));
        if commit.all_or_nothing && outcomes.iter().any(is_refused) {
            let not_tried = |outcome| if is_refused(&outcome) { outcome } else { Outcome::NotTried };
            let outcomes = outcomes.into_iter().map(not_tried).collect();
            return Receipt { position: Position::single(state.commits), time: at.time, outcomes };
        }
        state.cursors.extend(commit.cursors);
        if !pending.changes.is_empty() {
            self.number_names(&pending);
            state.commits = at.commit;
            state.time = Some(at.time);
            pending.publish(&mut state, &commit.tenant, at);
        }
        let receipt = Receipt { position: Position::single(state.commits), time: at.time, outcomes };
        self.newest.send_replace(state.commits);
        receipt
    }
}

/// What a commit has decided so far.
#[derive(Default)]
struct Pending {
    changes: Vec<(Collection, DocumentNo, Name, Applied)>,
}

impl Pending {
    fn decide(
        &mut self,
        state: &mut State,
        tenant: &TenantId,
        collection: Collection,
        mut proposal: Proposal,
        at: At,
    ) -> Outcome {
        let space = state.spaces.entry((tenant.clone(), collection)).or_default();
        let earlier = self.changes.iter().rev().find(|(c, _, id, _)| *c == collection && *id == proposal.id);
        let current = match earlier {
            Some((.., applied)) => applied.document.clone().map(Arc::new),
            None => space.document(&proposal.id, u64::MAX).cloned(),
        };
        let decision = match proposal.decide.decide(current.as_deref()) {
            Ok(decision) => decision,
            Err(refusal) => return Outcome::Refused(refusal),
        };
        let applied = match (decision, &current) {
            (Decision::Keep, _) | (Decision::Delete, None) | (Decision::Restore(_), Some(_)) => return Outcome::Kept,
            (Decision::Restore(restored), None) => {
                apply::restore(&proposal.id, space.number(&proposal.id), restored, at)
            }
            (Decision::Delete, Some(document)) => apply::delete(document),
            (Decision::Change(change), _) => {
                apply::change(current.as_deref(), &proposal.id, space.number(&proposal.id), change, at)
            }
        };
        let outcome = match (&applied.document, &current) {
            (None, _) => Outcome::Deleted,
            (Some(_), None) => Outcome::Created { version: at.commit },
            (Some(_), Some(_)) => Outcome::Changed { version: at.commit },
        };
        let number = space.number(&proposal.id);
        self.changes.push((collection, number, proposal.id, applied));
        outcome
    }

    fn publish(self, state: &mut State, tenant: &TenantId, at: At) {
        for (collection, number, id, applied) in self.changes {
            let space = state.spaces.entry((tenant.clone(), collection)).or_default();
            let (created, modified) =
                applied.document.as_ref().map_or((at.time, at.time), |document| (document.created, document.modified));
            space.versions[number.0 as usize].push((at.commit, applied.document.map(Arc::new)));
            state.feed.push(Arc::new(Entry {
                commit: at.commit,
                time: at.time,
                tenant: tenant.clone(),
                collection,
                number,
                id,
                kind: applied.kind,
                created,
                modified,
                old_head: applied.old_head,
                new_head: applied.new_head,
                sections: applied.sections,
            }));
        }
    }
}

impl Store for MemoryStore {
    fn names(&self) -> &dyn Names {
        &self.0.names
    }

    fn commit(&self, commit: Commit) -> Answer<'_, Receipt> {
        Box::pin(async move { Ok(self.0.commit(commit)) })
    }

    fn view(&self) -> Arc<dyn View> {
        let at = self.0.state.read().commits;
        Arc::new(MemoryView { store: self.clone(), at })
    }

    fn known_position(&self) -> Position {
        Position::single(self.0.state.read().commits)
    }

    fn view_at(&self, position: &Position) -> Answer<'_, Arc<dyn View>> {
        let view: Arc<dyn View> = Arc::new(MemoryView { store: self.clone(), at: position.bucket(0) });
        at_once(Ok(view))
    }

    fn feed(&self, after: &Position, limit: usize) -> Answer<'_, (Vec<Arc<Entry>>, Position)> {
        let after = after.bucket(0);
        Box::pin(async move {
            let state = self.0.state.read();
            let start = state.feed.partition_point(|entry| entry.commit <= after);
            let rest = state.feed.get(start..).unwrap_or_default();
            let newest = after.max(state.commits);
            let last_commit = rest.get(limit.max(1) - 1).or(rest.last()).map_or(newest, |entry| entry.commit);
            let entries = rest.iter().take_while(|entry| entry.commit <= last_commit).cloned().collect();
            Ok((entries, Position::single(last_commit)))
        })
    }

    fn changed(&self, after: &Position) -> Answer<'_, ()> {
        let after = after.bucket(0);
        let mut newest = self.0.newest.subscribe();
        Box::pin(async move {
            newest.wait_for(|commits| *commits > after).await.map_err(|_| StoreError::Closing)?;
            Ok(())
        })
    }

    fn cursor<'a>(&'a self, consumer: &'a str) -> Answer<'a, Option<Position>> {
        at_once(Ok(self.0.state.read().cursors.get(consumer).cloned()))
    }

    fn pin<'a>(&'a self, _consumer: &'a str, _position: Option<&'a Position>) -> Answer<'a, ()> {
        // Nothing is ever dropped here.
        at_once(Ok(()))
    }

    fn has_tenant<'a>(&'a self, tenant: &'a TenantId) -> Answer<'a, bool> {
        at_once(Ok(self.0.state.read().spaces.keys().any(|(owner, _)| owner == tenant)))
    }

    fn tenants(&self) -> Answer<'_, Vec<TenantStatus>> {
        Box::pin(async move {
            let state = self.0.state.read();
            let mut by_tenant: BTreeMap<&TenantId, TenantStatus> = BTreeMap::new();
            for ((tenant, collection), space) in &state.spaces {
                let status = by_tenant.entry(tenant).or_insert_with(|| TenantStatus {
                    tenant: tenant.clone(),
                    documents: Vec::new(),
                    bytes: 0,
                });
                let documents: Vec<&Arc<Document>> = space.documents(u64::MAX).collect();
                status.bytes += documents.iter().map(|document| document.size() as u64).sum::<u64>();
                status.documents.push((Name::from(collection.0), documents.len() as u64));
            }
            Ok(by_tenant.into_values().collect())
        })
    }

    fn declare_indexes<'a>(
        &'a self,
        tenant: &'a TenantId,
        collection: Collection,
        definitions: Vec<Name>,
    ) -> Answer<'a, ()> {
        self.0.state.write().indexes.insert((tenant.clone(), collection), definitions);
        at_once(Ok(()))
    }

    fn indexes<'a>(&'a self, tenant: &'a TenantId, collection: Collection) -> Answer<'a, Vec<IndexStatus>> {
        let state = self.0.state.read();
        let key = (tenant.clone(), collection);
        let documents = state.spaces.get(&key).map_or(0, |space| space.documents(u64::MAX).count() as u64);
        // Here every condition is answered without indexes.
        let status = |definition: &Name| IndexStatus {
            definition: definition.clone(),
            documents,
            of: documents,
            is_complete: true,
        };
        at_once(Ok(state.indexes.get(&key).into_iter().flatten().map(status).collect()))
    }

    fn erase(&self, tenant: &TenantId, spared: &[Collection]) -> Answer<'_, ()> {
        let mut state = self.0.state.write();
        state.spaces.retain(|(owner, collection), _| owner != tenant || spared.contains(collection));
        state.commits += 1;
        self.0.newest.send_replace(state.commits);
        Box::pin(async { Ok(()) })
    }
}

/// A [`MemoryStore`] as of one commit.
struct MemoryView {
    store: MemoryStore,
    at: u64,
}

impl MemoryView {
    fn documents_of(&self, tenant: &TenantId, collection: Collection, ids: &[&str]) -> Vec<Option<Arc<Document>>> {
        let state = self.store.0.state.read();
        let space = state.spaces.get(&(tenant.clone(), collection));
        ids.iter().map(|id| space.and_then(|space| space.document(id, self.at)).cloned()).collect()
    }

    fn surveyor<'a>(&'a self, survey: &'a Survey) -> Surveyor<'a> {
        let inner = &self.store.0;
        Surveyor { survey, derive: inner.derive(survey.collection), names: &inner.names }
    }

    /// The documents that meet the filter, with all their facets.
    fn matching(&self, find: &Find) -> Result<Vec<Matching>, StoreError> {
        let started = Instant::now();
        let inner = &self.store.0;
        let derive = inner.derive(find.collection);
        let state = inner.state.read();
        let Some(space) = state.spaces.get(&(find.tenant.clone(), find.collection)) else { return Ok(Vec::new()) };
        let mut matching = Vec::new();
        for document in space.documents(self.at) {
            if started.elapsed() > find.budget.time {
                return Err(StoreError::too_slow(find.budget.time));
            }
            let facets = evaluate::facets(document, derive, &inner.names);
            if evaluate::meets(&find.filter, document, &facets)? {
                matching.push((Arc::clone(document), facets));
            }
        }
        Ok(matching)
    }

    fn find(&self, find: &Find) -> Result<Found, StoreError> {
        let after = find.after.as_ref().map(|cursor| Place::from_cursor(cursor, find.order.len())).transpose()?;
        let mut placed: Vec<(Place, Arc<Document>)> = self
            .matching(find)?
            .into_iter()
            .map(|(document, facets)| {
                let keys = evaluate::sort_keys(&find.order, &document, &facets)?;
                Ok((Place { keys, number: document.number }, document))
            })
            .collect::<Result<Vec<_>, StoreError>>()?
            .into_iter()
            .filter(|(place, _)| after.as_ref().is_none_or(|after| place.compare(after, &find.order).is_gt()))
            .collect();
        placed.sort_by(|(a, _), (b, _)| a.compare(b, &find.order));
        let more = placed.len() > find.offset.saturating_add(find.limit);
        let rows = placed
            .into_iter()
            .skip(find.offset)
            .take(find.limit)
            .map(|(place, document)| Row { cursor: place.to_cursor(), document })
            .collect();
        Ok(Found { rows, more })
    }

    fn terms(&self, tenant: &TenantId, collection: Collection) -> Vec<Term> {
        let inner = &self.store.0;
        let state = inner.state.read();
        let Some(space) = state.spaces.get(&(tenant.clone(), collection)) else { return Vec::new() };
        let mut counts: BTreeMap<(NameNo, NameNo, Option<NameNo>), u64> = BTreeMap::new();
        for document in space.documents(self.at) {
            let mut own: Vec<(NameNo, NameNo, Option<NameNo>)> = Vec::new();
            evaluate::for_each_facet(
                document,
                inner.derive(collection),
                &inner.names,
                &mut |facet| match facet.value {
                    crate::FacetValue::Exists => own.push((facet.name, facet.instance, None)),
                    crate::FacetValue::Tag(tag) => own.push((facet.name, facet.instance, Some(tag))),
                    _ => {}
                },
            );
            own.sort_unstable();
            own.dedup();
            own.into_iter().for_each(|key| *counts.entry(key).or_default() += 1);
        }
        let term = |((name, instance, tag), documents): (_, u64)| Term {
            name: inner.names.text(name),
            instance: inner.names.text(instance),
            kind: match tag {
                None => TermKind::Exists,
                Some(tag) => TermKind::Tag(inner.names.text(tag)),
            },
            documents,
        };
        let mut terms: Vec<Term> = counts.into_iter().map(term).collect();
        terms.sort_by(|a, b| (&a.name, &a.instance).cmp(&(&b.name, &b.instance)));
        terms
    }
}

impl View for MemoryView {
    fn position(&self) -> Answer<'_, Position> {
        at_once(Ok(Position::single(self.at)))
    }

    fn documents<'a>(
        &'a self,
        tenant: &'a TenantId,
        collection: Collection,
        ids: &'a [Name],
    ) -> Answer<'a, Vec<Option<Arc<Document>>>> {
        let ids: Vec<&str> = ids.iter().map(Name::as_str).collect();
        Box::pin(async move { Ok(self.documents_of(tenant, collection, &ids)) })
    }

    fn document<'a>(
        &'a self,
        tenant: &'a TenantId,
        collection: Collection,
        id: &'a str,
    ) -> Answer<'a, Option<Arc<Document>>> {
        Box::pin(async move { Ok(self.documents_of(tenant, collection, &[id]).pop().flatten()) })
    }

    fn find(&self, find: Find) -> Answer<'_, Found> {
        Box::pin(async move { self.find(&find) })
    }

    fn count(&self, find: Find) -> Answer<'_, u64> {
        Box::pin(async move { Ok(self.matching(&find)?.len() as u64) })
    }

    fn survey(&self, survey: Survey) -> Answer<'_, Surveyed> {
        Box::pin(async move { self.surveyor(&survey).survey(self.matching(&tagged(&survey, survey.meant()))?) })
    }

    fn extent(&self, survey: Survey) -> Answer<'_, Option<BoundingBox>> {
        Box::pin(async move {
            let found = self.matching(&tagged(&survey, Filter::All))?;
            Ok(self.surveyor(&survey).extent(found.iter().map(|(document, _)| &**document)))
        })
    }

    fn terms<'a>(&'a self, tenant: &'a TenantId, collection: Collection) -> Answer<'a, Vec<Term>> {
        Box::pin(async move { Ok(self.terms(tenant, collection)) })
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MemoryStore({} commits)", self.0.state.read().commits)
    }
}

impl fmt::Debug for MemoryView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MemoryView(at {})", self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::{self, Open};

    struct Memory;

    impl Open for Memory {
        async fn open(&self, collections: Vec<CollectionSpec>, clock: Arc<dyn Clock>) -> Arc<dyn Store> {
            Arc::new(MemoryStore::new(collections, clock))
        }
    }

    #[tokio::test]
    async fn the_reference_passes_its_own_suite() {
        conformance::run(&Memory).await;
    }
}
