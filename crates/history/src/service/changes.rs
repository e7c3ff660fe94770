//! What changed between two instants: entities that came, that changed and that went.

use std::sync::Arc;

use machi_archive::Snapshot;
use machi_face::{AsOf, ENTITIES, FaceError};
use machi_model::entity::{HeadRef, NameRef};
use machi_model::query::TypeExpression;
use machi_store::{Document, NameNo};
use machi_types::{Caller, Name, Timestamp};

use crate::as_of::{check_kept, entities_at};
use crate::blocking;
use crate::error::HistoryError;
use crate::history::History;

/// How many entities are compared at a time.
const AT_ONCE: usize = 1000;

/// Which changes are asked for.
#[derive(Clone, Debug)]
pub struct Span {
    /// The earlier instant.
    pub from: AsOf,
    /// The later one; none is now.
    pub to: Option<AsOf>,
    /// Entities that are of these types at one of both.
    pub types: Option<TypeExpression>,
    /// Entities behind this id.
    pub after: Option<Name>,
    /// How many at most.
    pub limit: usize,
}

/// What changed, in the order of ids.
#[derive(Clone, Debug, PartialEq)]
pub struct Changes {
    /// The earlier instant.
    pub from: Timestamp,
    /// The later one.
    pub to: Timestamp,
    /// The entities.
    pub entities: Vec<ChangedEntity>,
    /// Whether there are more.
    pub more: bool,
}

/// An entity that is not what it was.
#[derive(Clone, Debug, PartialEq)]
pub struct ChangedEntity {
    /// Its id.
    pub id: Name,
    /// Its types, at the later instant where it is there then.
    pub types: Vec<Name>,
    /// What became of it.
    pub change: EntityChange,
}

/// What became of an entity between two instants.
#[derive(Clone, Debug, PartialEq)]
pub enum EntityChange {
    /// It was not there at the earlier one.
    Created,
    /// It is not there at the later one.
    Deleted,
    /// It is there at both.
    Changed {
        /// Attributes of which some instance came, changed or went.
        attributes: Vec<Name>,
        /// Whether its types, its scopes or its time of expiry differ.
        itself: bool,
    },
}

/// What is needed to tell entities at two instants.
#[derive(Clone)]
struct Two {
    past: Arc<dyn Snapshot>,
    store: Arc<dyn machi_store::Store>,
    from: Timestamp,
    to: Timestamp,
}

impl History {
    /// What changed between two instants.
    pub async fn changes(&self, caller: &Caller, span: &Span) -> Result<Changes, FaceError> {
        self.face.check_tenant(caller).await?;
        let tenant = caller.tenant();
        let now = self.store().view();
        let newest = now.position().await?;
        let past = self.past_of_all(tenant).await?;
        let from = self.instant(&span.from, &newest).await?;
        check_kept(&*past, from)?;
        let to = match &span.to {
            Some(to) => self.instant(to, &newest).await?,
            None => self.face.clock.now().max(self.state.read().until),
        };
        if to < from {
            return Err(inverted(from, to));
        }
        let of = Arc::clone(&past);
        let written = blocking(move || of.written_after(from, usize::MAX)).await?.map_err(HistoryError::from)?;
        let start = span.after.as_ref().map_or(0, |after| written.partition_point(|id| id <= after));
        let rest = written.get(start..).unwrap_or_default();
        let two = Two { past, store: Arc::clone(self.store()), from, to };
        let mut entities = Vec::new();
        for ids in rest.chunks(AT_ONCE) {
            let documents = now.documents(tenant, ENTITIES, ids).await?;
            let (two, ids) = (two.clone(), ids.to_vec());
            let compared = blocking(move || two.compare(&ids, &documents)).await??;
            entities.extend(compared.into_iter().filter(|one| is_of(one, span.types.as_ref())));
            if entities.len() > span.limit {
                break;
            }
        }
        let more = entities.len() > span.limit;
        entities.truncate(span.limit);
        Ok(Changes { from, to, entities, more })
    }
}

fn is_of(changed: &ChangedEntity, types: Option<&TypeExpression>) -> bool {
    types.is_none_or(|types| types.matches(&changed.types))
}

impl Two {
    fn compare(&self, ids: &[Name], now: &[Option<Arc<Document>>]) -> Result<Vec<ChangedEntity>, HistoryError> {
        let names = self.store.names();
        let before = entities_at(&*self.past, names, ids, now, self.from)?;
        let after = entities_at(&*self.past, names, ids, now, self.to)?;
        let pairs = ids.iter().zip(before.iter().zip(&after));
        pairs
            .filter_map(|(id, (before, after))| self.difference(id, before.as_deref(), after.as_deref()).transpose())
            .collect()
    }

    fn difference(
        &self,
        id: &Name,
        before: Option<&Document>,
        after: Option<&Document>,
    ) -> Result<Option<ChangedEntity>, HistoryError> {
        // What has expired is not there.
        let before = alive(before, self.from)?;
        let after = alive(after, self.to)?;
        let (of, change) = match (before, after) {
            (None, None) => return Ok(None),
            (None, Some(after)) => (after, EntityChange::Created),
            (Some(before), None) => (before, EntityChange::Deleted),
            (Some(before), Some(after)) => {
                let attributes = self.attributes(before, after);
                let itself = before.head != after.head;
                if attributes.is_empty() && !itself {
                    return Ok(None);
                }
                (after, EntityChange::Changed { attributes, itself })
            }
        };
        let types = HeadRef::read(&of.head)?.types().map(NameRef::to_name).collect();
        Ok(Some(ChangedEntity { id: id.clone(), types, change }))
    }

    fn attributes(&self, before: &Document, after: &Document) -> Vec<Name> {
        let is_in = |document: &Document, key, body: &[u8]| document.section(key).is_some_and(|one| *one.body == *body);
        let gone = before.sections.iter().filter(|one| !is_in(after, one.key, &one.body));
        let come = after.sections.iter().filter(|one| !is_in(before, one.key, &one.body));
        let mut numbers: Vec<NameNo> = gone.chain(come).map(|section| section.key.name).collect();
        numbers.sort_unstable();
        numbers.dedup();
        let mut names: Vec<Name> = numbers.into_iter().map(|number| self.store.names().text(number)).collect();
        names.sort_unstable();
        names
    }
}

fn alive(document: Option<&Document>, at: Timestamp) -> Result<Option<&Document>, HistoryError> {
    let Some(document) = document else { return Ok(None) };
    let expires_at = HeadRef::read(&document.head)?.expires_at();
    Ok(Some(document).filter(|_| expires_at.is_none_or(|time| time > at)))
}

fn inverted(from: Timestamp, to: Timestamp) -> FaceError {
    FaceError::bad_data(machi_http::Text::both(
        format!("to: {to} lies before from, which is {from}"),
        format!("to: {to}はfrom({from})より前です"),
    ))
}
