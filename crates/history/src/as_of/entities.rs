//! Entities as they were: of each series what was written last, unless that said that there is none.

use std::collections::BTreeMap;

use bytes::Bytes;
use machi_archive::{
    Evolution, Instance, Origin, SCOPE, Series, Share, Sink, Snapshot, WantedEvolutions, WantedInstances, Writers,
};
use machi_model::entity::{Head, InstanceRef, iris_of};
use machi_model::query::{TemporalQuery, TemporalRelation, TimeProperty};
use machi_store::{Document, DocumentNo, NameNo, Names, Section, SectionKey};
use machi_types::{Name, Timestamp};

use crate::error::HistoryError;

/// The entities of these ids, which ascend, as they were at an instant; none where there was none. `now` are the same
/// entities as they are: what has lasted until now has kept the time of its creation.
pub(crate) fn entities_at(
    past: &dyn Snapshot,
    names: &dyn Names,
    ids: &[Name],
    now: &[Option<Document>],
    at: Timestamp,
) -> Result<Vec<Option<Document>>, HistoryError> {
    let heads = heads_at(past, ids, at)?;
    let there: Vec<Name> =
        ids.iter().zip(&heads).filter(|(_, head)| head.is_some()).map(|(id, _)| id.clone()).collect();
    let mut latest = Latest::read(past, &there, at)?;
    let entities = ids.iter().zip(heads).zip(now).map(|((id, head), now)| {
        let Some(head) = head else { return Ok(None) };
        entity_at(past, names, (id, &head), latest.take_of(id), now.as_ref(), at).map(Some)
    });
    entities.collect()
}

/// What the entities of these ids, which ascend, were at an instant; none where there was none.
pub(crate) fn heads_at(
    past: &dyn Snapshot,
    ids: &[Name],
    at: Timestamp,
) -> Result<Vec<Option<machi_archive::Head>>, HistoryError> {
    let mut evolutions = past.evolutions(&WantedEvolutions::Of(ids))?.into_iter().peekable();
    let head_of = |evolution: Evolution| {
        let heads =
            evolution.heads.into_iter().filter(|head| head.origin != Origin::Amendment && head.modified_at <= at);
        heads.max_by_key(|head| head.modified_at).filter(|head| head.deleted_at.is_none_or(|gone| gone > at))
    };
    Ok(ids.iter().map(|id| evolutions.next_if(|one| one.entity == *id).and_then(head_of)).collect())
}

/// What each series held last, by entity.
#[derive(Debug, Default)]
struct Latest(BTreeMap<Series, Instance>);

impl Latest {
    fn read(past: &dyn Snapshot, ids: &[Name], at: Timestamp) -> Result<Self, HistoryError> {
        let mut latest = Self::default();
        let end = Timestamp::from_micros(at.micros().saturating_add(1));
        for property in [TimeProperty::ModifiedAt, TimeProperty::DeletedAt] {
            let time = Some(TemporalQuery { relation: TemporalRelation::Before(end), property });
            let (writers, share) = (Writers::Changes, Share::Latest(1));
            let wanted = WantedInstances { entities: ids, attributes: None, time, writers, share, numbers: false };
            past.read(&wanted, &mut latest)?;
        }
        for replaced in past.replaced(ids)? {
            if replaced.instance.origin == Origin::Change && since(&replaced.instance) <= at {
                latest.note(&replaced.series, replaced.instance);
            }
        }
        Ok(latest)
    }

    fn note(&mut self, series: &Series, instance: Instance) {
        let order = |one: &Instance| (since(one), one.modified_at, one.key.place);
        match self.0.get_mut(series) {
            Some(known) if order(known) >= order(&instance) => {}
            Some(known) => *known = instance,
            None => {
                self.0.insert(series.clone(), instance);
            }
        }
    }

    /// The series of an entity, those that held nothing any more among them.
    fn take_of(&mut self, id: &Name) -> Vec<(Series, Instance)> {
        let first = Series { entity: id.clone(), attribute: Name::from(""), dataset: None };
        let of_it: Vec<Series> = self
            .0
            .range(first..)
            .map(|(series, _)| series)
            .take_while(|series| series.entity == *id)
            .cloned()
            .collect();
        of_it.into_iter().filter_map(|series| self.0.remove_entry(&series)).collect()
    }
}

impl Sink for Latest {
    fn instances(&mut self, series: &Series, instances: Vec<Instance>) {
        instances.into_iter().for_each(|instance| self.note(series, instance));
    }

    fn numbers(&mut self, _: &Series, _: &[Timestamp], _: &[f64]) {}
}

/// Since when it is so.
fn since(instance: &Instance) -> Timestamp {
    instance.deleted_at.unwrap_or(instance.modified_at)
}

fn entity_at(
    past: &dyn Snapshot,
    names: &dyn Names,
    (id, head): (&Name, &machi_archive::Head),
    series: Vec<(Series, Instance)>,
    now: Option<&Document>,
    at: Timestamp,
) -> Result<Document, HistoryError> {
    let mut scopes = Vec::new();
    let mut sections = Vec::with_capacity(series.len());
    let mut modified = head.modified_at;
    for (series, instance) in series {
        // What an earlier entity of the id had is not of this one.
        if instance.modified_at < head.created_at {
            continue;
        }
        // What had expired by then may have been cleared away later.
        modified = modified.max(instance.modified_at).min(at);
        if instance.deleted_at.is_some() {
            continue;
        }
        if *series.attribute == *SCOPE {
            scopes = scopes_of(&instance)?;
            continue;
        }
        let dataset = series.dataset.as_deref().map_or(NameNo::NONE, |dataset| names.intern(dataset));
        let key = SectionKey::new(names.intern(&series.attribute), dataset);
        let created = created_at(past, &series, &instance, now.and_then(|now| now.section(key)))?;
        sections.push(Section { key, created, modified: instance.modified_at, body: instance.body });
    }
    sections.sort_by_key(|section| section.created);
    let stored = Head { types: head.types.to_vec(), scopes, expires_at: head.expires_at };
    Ok(Document {
        number: DocumentNo(0),
        id: id.clone(),
        version: u64::try_from(modified.micros()).unwrap_or_default(),
        created: head.created_at,
        modified,
        head: Bytes::from(stored.encode()),
        sections,
    })
}

fn scopes_of(instance: &Instance) -> Result<Vec<Name>, HistoryError> {
    Ok(iris_of(InstanceRef::read(&instance.body)?.value()).map(Name::from).collect())
}

/// When a series began that held something: it has lasted since then, so that what it is now tells, or else what was
/// written of it before.
fn created_at(
    past: &dyn Snapshot,
    series: &Series,
    instance: &Instance,
    now: Option<&Section>,
) -> Result<Timestamp, HistoryError> {
    if let Some(created) = now.map(|section| section.created).filter(|created| *created <= instance.modified_at) {
        return Ok(created);
    }
    let mut began = Began { series, last: instance.modified_at, written: Vec::new() };
    let entities = std::slice::from_ref(&series.entity);
    let attributes = Some(std::slice::from_ref(&series.attribute));
    let (writers, share) = (Writers::Changes, Share::All);
    past.read(&WantedInstances { entities, attributes, time: None, writers, share, numbers: false }, &mut began)?;
    for replaced in past.replaced(entities)? {
        if replaced.instance.origin == Origin::Change {
            began.instances(&replaced.series, vec![replaced.instance]);
        }
    }
    Ok(began.at().unwrap_or(instance.modified_at))
}

/// When what was written of a series last began.
struct Began<'s> {
    series: &'s Series,
    last: Timestamp,
    written: Vec<(Timestamp, bool)>,
}

impl Began<'_> {
    fn at(mut self) -> Option<Timestamp> {
        self.written.sort_unstable();
        let of_it = self.written.iter().rev().take_while(|(_, is_deletion)| !is_deletion);
        of_it.last().map(|(time, _)| *time)
    }
}

impl Sink for Began<'_> {
    fn instances(&mut self, series: &Series, instances: Vec<Instance>) {
        if series == self.series {
            let until_last = instances.iter().filter(|one| since(one) <= self.last);
            self.written.extend(until_last.map(|one| (since(one), one.deleted_at.is_some())));
        }
    }

    fn numbers(&mut self, _: &Series, _: &[Timestamp], _: &[f64]) {}
}
