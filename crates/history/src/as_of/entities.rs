//! Entities as they were: of each series what was written last, unless that said that there is none.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

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
/// entities as they are: what has lasted until now is taken from there.
pub(crate) fn entities_at(
    past: &dyn Snapshot,
    names: &dyn Names,
    ids: &[Name],
    now: &[Option<Arc<Document>>],
    at: Timestamp,
) -> Result<Vec<Option<Arc<Document>>>, HistoryError> {
    // What is erased of the past is not told by the present either.
    let forgotten = past.forgotten()?;
    let is_known = |id: &Name| {
        let place = forgotten.binary_search_by(|(one, _)| one.cmp(id));
        place.ok().and_then(|place| forgotten.get(place)).is_none_or(|(_, erased)| *erased <= at)
    };
    let is_same =
        |id: &Name, now: &Option<Arc<Document>>| now.as_ref().is_some_and(|now| now.modified <= at) && is_known(id);
    let others: Vec<(&Name, &Option<Arc<Document>>)> =
        ids.iter().zip(now).filter(|(id, now)| !is_same(id, now)).collect();
    let other_ids: Vec<Name> = others.iter().map(|(id, _)| (*id).clone()).collect();
    let there = others.into_iter().zip(heads_at(past, &other_ids, at)?);
    let there: Vec<There<'_>> =
        there.filter_map(|((id, now), head)| Some(There::new(id, head?, now.as_deref(), at))).collect();
    let mut latest = Latest::read(past, names, &there, at)?;
    let mut there = there.into_iter().peekable();
    let entities = ids.iter().zip(now).map(|(id, now)| {
        if is_same(id, now) {
            return Ok(now.clone());
        }
        let Some(of_it) = there.next_if(|one| one.id == id) else { return Ok(None) };
        let series = latest.take_of(id);
        of_it.entity(past, names, series, at).map(|entity| Some(Arc::new(entity)))
    });
    entities.collect()
}

/// An entity that there was.
struct There<'e> {
    id: &'e Name,
    head: machi_archive::Head,
    /// As it is, where it has lived on since.
    now: Option<&'e Document>,
}

/// What the entities of these ids, which ascend, were at an instant; none where there was none.
pub(crate) fn heads_at(
    past: &dyn Snapshot,
    ids: &[Name],
    at: Timestamp,
) -> Result<Vec<Option<machi_archive::Head>>, HistoryError> {
    let mut evolutions = past.evolutions(&WantedEvolutions::Of(ids))?.into_iter().peekable();
    let head_of = |id: &Name| evolutions.next_if(|one| one.entity == *id).and_then(|evolution| head_at(evolution, at));
    Ok(ids.iter().map(head_of).collect())
}

/// What an entity was at an instant; none where there was none.
pub(crate) fn head_at(evolution: Evolution, at: Timestamp) -> Option<machi_archive::Head> {
    let heads = evolution.heads.into_iter().filter(|head| head.origin != Origin::Amendment && head.modified_at <= at);
    heads.max_by_key(|head| head.modified_at).filter(|head| head.deleted_at.is_none_or(|gone| gone > at))
}

/// What each series held last, by entity.
#[derive(Debug)]
struct Latest {
    at: Timestamp,
    held: BTreeMap<Series, Instance>,
    /// Of each entity the attributes of series that held nothing any more at some later time.
    ended: BTreeMap<Name, BTreeSet<Name>>,
}

impl Latest {
    /// What entities held that they do not hold as it is until now.
    fn read(past: &dyn Snapshot, names: &dyn Names, there: &[There<'_>], at: Timestamp) -> Result<Self, HistoryError> {
        let mut latest = Self { at, held: BTreeMap::new(), ended: BTreeMap::new() };
        let ids: Vec<Name> = there.iter().map(|one| one.id.clone()).collect();
        let ever = TemporalRelation::After(Timestamp::from_micros(i64::MIN));
        latest.read_by(past, &ids, None, TemporalQuery { relation: ever, property: TimeProperty::DeletedAt })?;
        // Those of which the same is wanted are read together, the attributes of each alone.
        let mut wanted: BTreeMap<Option<Vec<Name>>, Vec<Name>> = BTreeMap::new();
        for one in there {
            wanted.entry(latest.changed(names, one)).or_default().push(one.id.clone());
        }
        let until = TemporalRelation::Before(Timestamp::from_micros(at.micros().saturating_add(1)));
        let last = TemporalQuery { relation: until, property: TimeProperty::ModifiedAt };
        for (attributes, ids) in wanted {
            latest.read_by(past, &ids, attributes.as_deref(), last)?;
        }
        for replaced in past.replaced(&ids)? {
            if replaced.instance.origin == Origin::Change {
                latest.note(&replaced.series, replaced.instance);
            }
        }
        Ok(latest)
    }

    /// The attributes of an entity that are not as they were; none where it is gone, and all are wanted.
    fn changed(&mut self, names: &dyn Names, one: &There<'_>) -> Option<Vec<Name>> {
        let ended = self.ended.remove(one.id).unwrap_or_default();
        one.now?;
        let changed = one.changed(self.at).map(|name| names.text(name));
        let all: BTreeSet<Name> = changed.chain(ended).chain([SCOPE.into()]).collect();
        Some(all.into_iter().collect())
    }

    fn read_by(
        &mut self,
        past: &dyn Snapshot,
        entities: &[Name],
        attributes: Option<&[Name]>,
        query: TemporalQuery,
    ) -> Result<(), HistoryError> {
        // Of deletions those that came later tell that there was something before.
        let share = if query.property == TimeProperty::DeletedAt { Share::All } else { Share::Latest(1) };
        let (time, writers) = (Some(query), Writers::Changes);
        let wanted = WantedInstances { entities, attributes, time, writers, share, numbers: false };
        if entities.is_empty() { Ok(()) } else { Ok(past.read(&wanted, self)?) }
    }

    fn note(&mut self, series: &Series, instance: Instance) {
        if instance.in_force_since() > self.at {
            if instance.deleted_at.is_some() {
                self.ended.entry(series.entity.clone()).or_default().insert(series.attribute.clone());
            }
            return;
        }
        let order = |one: &Instance| (one.in_force_since(), one.modified_at, one.key.place);
        match self.held.get_mut(series) {
            Some(known) if order(known) >= order(&instance) => {}
            Some(known) => *known = instance,
            None => {
                self.held.insert(series.clone(), instance);
            }
        }
    }

    /// The series of an entity, those that held nothing any more among them.
    fn take_of(&mut self, id: &Name) -> Vec<(Series, Instance)> {
        let first = Series { entity: id.clone(), attribute: Name::from(""), dataset: None };
        let of_it: Vec<Series> = self
            .held
            .range(first..)
            .map(|(series, _)| series)
            .take_while(|series| series.entity == *id)
            .cloned()
            .collect();
        of_it.into_iter().filter_map(|series| self.held.remove_entry(&series)).collect()
    }
}

impl Sink for Latest {
    fn instances(&mut self, series: &Series, instances: Vec<Instance>) {
        instances.into_iter().for_each(|instance| self.note(series, instance));
    }

    fn numbers(&mut self, _: &Series, _: &[Timestamp], _: &[f64]) {}
}

impl<'e> There<'e> {
    fn new(id: &'e Name, head: machi_archive::Head, now: Option<&'e Document>, at: Timestamp) -> Self {
        // What was created later is another entity of the same id.
        Self { id, head, now: now.filter(|now| now.created <= at) }
    }

    /// The attributes that were written since.
    fn changed(&self, at: Timestamp) -> impl Iterator<Item = NameNo> {
        let sections = self.now.into_iter().flat_map(|now| &now.sections);
        sections.filter(move |section| section.modified > at).map(|section| section.key.name)
    }

    /// What it holds until now as it did then.
    fn lasting(&self, at: Timestamp) -> impl Iterator<Item = &'e Section> {
        let sections = self.now.into_iter().flat_map(|now| &now.sections);
        sections.filter(move |section| section.modified <= at)
    }

    fn entity(
        &self,
        past: &dyn Snapshot,
        names: &dyn Names,
        series: Vec<(Series, Instance)>,
        at: Timestamp,
    ) -> Result<Document, HistoryError> {
        let head = &self.head;
        let mut scopes = Vec::new();
        let mut sections: Vec<Section> = self.lasting(at).cloned().collect();
        let lasting = sections.len();
        let mut modified = sections.iter().map(|section| section.modified).fold(head.modified_at, Timestamp::max);
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
            if sections.iter().take(lasting).any(|section| section.key == key) {
                continue;
            }
            let created = created_at(past, &series, &instance, self.now.and_then(|now| now.section(key)))?;
            sections.push(Section { key, created, modified: instance.modified_at, body: instance.body });
        }
        sections.sort_by_key(|section| section.created);
        let stored = Head { types: head.types.to_vec(), scopes, expires_at: head.expires_at };
        Ok(Document {
            number: DocumentNo(0),
            id: self.id.clone(),
            version: u64::try_from(modified.micros()).unwrap_or_default(),
            created: head.created_at,
            modified,
            head: Bytes::from(stored.encode()),
            sections,
        })
    }
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
            let until_last = instances.iter().filter(|one| one.in_force_since() <= self.last);
            self.written.extend(until_last.map(|one| (one.in_force_since(), one.deleted_at.is_some())));
        }
    }

    fn numbers(&mut self, _: &Series, _: &[Timestamp], _: &[f64]) {}
}
