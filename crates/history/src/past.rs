//! The past of a tenant at one position: what the archive holds, and what the feed has brought since.

use std::collections::BTreeMap;
use std::sync::Arc;

use machi_archive::{
    ArchiveError, Evolution, Head, Instance, Origin, Part, Removal, Replaced, Series, Share, Sink, Snapshot,
    WantedEvolutions, WantedInstances,
};
use machi_store::{Position, Store};
use machi_types::geo::BoundingBox;
use machi_types::{Name, Timestamp};
use parking_lot::RwLock;
use rustc_hash::FxHashSet;

use crate::hot::Hot;

/// What came between two positions. It grows until it is on its way to the archive.
pub(crate) type Stretch = RwLock<Hot>;

/// One state of a tenant's past. It stays as it is while more comes, but for what is erased: that is gone at once.
pub(crate) struct Past {
    /// Whose names stand behind the numbers.
    pub(crate) store: Arc<dyn Store>,
    /// What is archived.
    pub(crate) archive: Arc<dyn Snapshot>,
    /// What came since, the oldest first.
    pub(crate) stretches: Vec<Arc<Stretch>>,
    /// The time of the last commit that is in it.
    pub(crate) until: Timestamp,
    /// Where in the feed it stands.
    pub(crate) position: Position,
    /// Whether an entity that was left without an evolution is told: to who asks what there was, not what is known of it.
    pub(crate) with_forgotten: bool,
}

impl std::fmt::Debug for Past {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Past").field("position", &self.position).field("until", &self.until).finish_non_exhaustive()
    }
}

impl Snapshot for Past {
    fn position(&self) -> Position {
        self.position.clone()
    }

    fn known_since(&self) -> Option<Timestamp> {
        self.archive.known_since()
    }

    fn evolutions(&self, wanted: &WantedEvolutions<'_>) -> Result<Vec<Evolution>, ArchiveError> {
        match *wanted {
            WantedEvolutions::Of(ids) => self.evolutions_of(ids),
            WantedEvolutions::After { after, limit, types } => self.evolutions_after(after, limit, types),
        }
    }

    fn read(&self, wanted: &WantedInstances<'_>, sink: &mut dyn Sink) -> Result<(), ArchiveError> {
        self.read_archive(wanted, sink)?;
        for (place, stretch) in self.stretches.iter().enumerate() {
            self.read_stretch(place, &stretch.read(), wanted, sink);
        }
        Ok(())
    }

    fn written_after(&self, time: Timestamp, limit: usize) -> Result<Vec<Name>, ArchiveError> {
        let mut ids = self.archive.written_after(time, limit)?;
        if ids.len() >= limit {
            return Ok(ids);
        }
        for stretch in &self.stretches {
            ids.extend(stretch.read().entities().cloned());
        }
        ids.sort_unstable();
        ids.dedup();
        Ok(ids)
    }

    fn touching(&self, attribute: &Name, area: &BoundingBox, limit: usize) -> Result<Vec<Name>, ArchiveError> {
        let mut ids = self.archive.touching(attribute, area, limit)?;
        if ids.len() >= limit {
            return Ok(ids);
        }
        let key = self.store.names().intern(attribute);
        for stretch in &self.stretches {
            ids.extend(stretch.read().touching(key, area).cloned());
        }
        ids.sort_unstable();
        ids.dedup();
        Ok(ids)
    }

    fn forgotten(&self) -> Result<Vec<(Name, Timestamp)>, ArchiveError> {
        let mut last: BTreeMap<Name, Timestamp> = self.archive.forgotten()?.into_iter().collect();
        for stretch in &self.stretches {
            let hot = stretch.read();
            for (id, heads) in hot.heads_after(None) {
                let erased = heads.iter().filter(|head| head.origin == Origin::Forgotten);
                let erased = erased.map(|head| head.modified_at).filter(|time| *time <= self.until);
                // What came later is later.
                last.extend(erased.max().map(|time| (id.clone(), time)));
            }
        }
        Ok(last.into_iter().collect())
    }

    fn replaced(&self, entities: &[Name]) -> Result<Vec<Replaced>, ArchiveError> {
        let mut found = self.archive.replaced(entities)?;
        found.retain(|one| !self.erases(0, &one.series, &one.instance));
        for (place, stretch) in self.stretches.iter().enumerate() {
            let hot = stretch.read();
            let all = hot.of_all(entities).flat_map(|(_, changed)| &changed.replaced);
            let now = all.filter(|one| one.replaced_at <= self.until);
            found.extend(now.filter(|one| !self.erases(place + 1, &one.series, &one.instance)).cloned());
        }
        self.replaced_since(entities, &mut found)?;
        Ok(found)
    }
}

impl Past {
    /// What has happened to something since it was taken into the archive (0) or a stretch (1 and so on).
    fn since(&self, place: usize, entity: &str, judge: &mut dyn FnMut(&Removal)) {
        for stretch in self.stretches.iter().skip(place) {
            if let Some(changed) = stretch.read().of(entity) {
                changed
                    .removals
                    .iter()
                    .filter(|one| one.replaced_at.is_none_or(|at| at <= self.until))
                    .for_each(&mut *judge);
            }
        }
    }

    fn erases(&self, place: usize, series: &Series, instance: &Instance) -> bool {
        let mut erased = false;
        self.since(place, &series.entity, &mut |removal| {
            erased |= removal.replaced_at.is_none() && removal.part.holds(series, instance.key);
        });
        erased
    }

    /// Which of these entities have lost anything of what the archive holds.
    fn removals(&self, place: usize, entities: &[Name]) -> Vec<Removal> {
        let mut removals = Vec::new();
        for stretch in self.stretches.iter().skip(place) {
            let hot = stretch.read();
            let all = hot.of_all(entities).flat_map(|(_, changed)| &changed.removals);
            removals.extend(all.filter(|one| one.replaced_at.is_none_or(|at| at <= self.until)).cloned());
        }
        removals.sort_unstable_by(|one, other| one.entity.cmp(&other.entity));
        removals
    }

    fn read_archive(&self, wanted: &WantedInstances<'_>, sink: &mut dyn Sink) -> Result<(), ArchiveError> {
        let removals = self.removals(0, wanted.entities);
        if removals.is_empty() {
            return self.archive.read(wanted, sink);
        }
        // What is taken away could have been among the last ones, and numbers do not tell which instances they are of.
        let all = WantedInstances { share: Share::All, numbers: false, ..*wanted };
        self.archive.read(&all, &mut Without { removals: &removals, sink })
    }

    fn read_stretch(&self, place: usize, hot: &Hot, wanted: &WantedInstances<'_>, sink: &mut dyn Sink) {
        let names = self.store.names();
        let removals = self.removals(place + 1, wanted.entities);
        let mut sink = Without { removals: &removals, sink };
        for (entity, changed) in hot.of_all(wanted.entities) {
            for (series, instances) in changed.instances(entity, self.until, names) {
                if wanted.is_of(&series) {
                    sink.instances(&series, instances.iter().filter(|one| wanted.is_at(one)).cloned().collect());
                }
            }
            // Of what was replaced later than this past ends, it still knows the earlier.
            let later = changed
                .replaced
                .iter()
                .filter(|one| one.replaced_at > self.until && one.instance.modified_at <= self.until);
            for one in later.filter(|one| wanted.is_of(&one.series) && wanted.is_at(&one.instance)) {
                sink.instances(&one.series, vec![one.instance.clone()]);
            }
        }
    }

    fn evolutions_of(&self, ids: &[Name]) -> Result<Vec<Evolution>, ArchiveError> {
        let archived = self.archive.evolutions(&WantedEvolutions::Of(ids))?;
        let mut archived = archived.into_iter().peekable();
        let mut found = Vec::new();
        for id in ids {
            let heads = archived.next_if(|one| one.entity == *id).map_or_else(Vec::new, |one| one.heads);
            if let Some(evolution) = self.evolution(id, heads)
                && (self.with_forgotten || !evolution.is_forgotten() || self.has_instances(id)?)
            {
                found.push(evolution);
            }
        }
        Ok(found)
    }

    fn has_instances(&self, id: &Name) -> Result<bool, ArchiveError> {
        Ok(!with_instances(self, std::slice::from_ref(id))?.is_empty())
    }

    /// An evolution with what has come since to the heads that are archived.
    fn evolution(&self, entity: &Name, mut heads: Vec<Head>) -> Option<Evolution> {
        for stretch in &self.stretches {
            let hot = stretch.read();
            if hot.of(entity).is_some_and(|changed| changed.removals.iter().any(|one| one.part == Part::All)) {
                heads.clear();
            }
            let new = hot.heads(entity).unwrap_or_default();
            heads.extend(new.iter().filter(|head| head.modified_at <= self.until).cloned());
        }
        (!heads.is_empty()).then(|| Evolution { entity: entity.clone(), heads })
    }

    /// The first evolutions behind an id: in rounds, since of those that the archive gives some may be gone.
    fn evolutions_after(
        &self,
        after: Option<&str>,
        limit: usize,
        types: Option<&[Name]>,
    ) -> Result<Vec<Evolution>, ArchiveError> {
        let mut found: Vec<Evolution> = Vec::new();
        let mut after = after.map(Name::from);
        loop {
            let (ids, is_end) = self.ids_after(after.as_deref(), limit, types)?;
            after = ids.last().cloned();
            let is_of = |one: &Evolution| {
                types
                    .is_none_or(|types| one.heads.iter().any(|head| types.iter().any(|name| head.types.contains(name))))
            };
            found.extend(self.evolutions_of(&ids)?.into_iter().filter(is_of));
            if is_end || found.len() >= limit {
                found.truncate(limit);
                return Ok(found);
            }
        }
    }

    /// Ids behind an id, ascending, and whether there are no more.
    fn ids_after(
        &self,
        after: Option<&str>,
        limit: usize,
        types: Option<&[Name]>,
    ) -> Result<(Vec<Name>, bool), ArchiveError> {
        let archived = self.archive.evolutions(&WantedEvolutions::After { after, limit, types })?;
        let mut is_end = archived.len() < limit;
        let last = archived.last().filter(|_| !is_end).map(|one| one.entity.clone());
        let mut ids: Vec<Name> = archived.into_iter().map(|one| one.entity).collect();
        for stretch in &self.stretches {
            let hot = stretch.read();
            let until_last =
                hot.heads_after(after).map(|(id, _)| id).take_while(|id| last.as_ref().is_none_or(|last| *id <= last));
            let count = ids.len();
            ids.extend(until_last.take(limit + 1).cloned());
            is_end &= ids.len() - count <= limit;
        }
        ids.sort_unstable();
        ids.dedup();
        if ids.len() > limit {
            is_end = false;
            ids.truncate(limit);
        }
        Ok((ids, is_end))
    }

    /// What the archive still holds as being in force, and is not any more.
    fn replaced_since(&self, entities: &[Name], found: &mut Vec<Replaced>) -> Result<(), ArchiveError> {
        for place in 0..=self.stretches.len() {
            let removals = self.removals(place, entities);
            let replacing = removals.iter().filter(|one| one.replaced_at.is_some());
            let mut ids: Vec<Name> = replacing.map(|one| one.entity.clone()).collect();
            ids.dedup();
            if ids.is_empty() {
                continue;
            }
            let wanted = WantedInstances::all_of(&ids);
            let mut taken = Taken { removals: &removals, found };
            match place.checked_sub(1).and_then(|place| self.stretches.get(place)) {
                None => self.archive.read(&wanted, &mut taken)?,
                Some(stretch) => self.read_stretch_alone(&stretch.read(), &wanted, &mut taken),
            }
        }
        Ok(())
    }

    fn read_stretch_alone(&self, hot: &Hot, wanted: &WantedInstances<'_>, sink: &mut dyn Sink) {
        for (entity, changed) in hot.of_all(wanted.entities) {
            for (series, instances) in changed.instances(entity, self.until, self.store.names()) {
                sink.instances(&series, instances.to_vec());
            }
        }
    }
}

/// Passes on what was not removed.
struct Without<'w> {
    /// By entity.
    removals: &'w [Removal],
    sink: &'w mut dyn Sink,
}

impl Without<'_> {
    fn of(&self, entity: &Name) -> &[Removal] {
        let start = self.removals.partition_point(|one| one.entity < *entity);
        let rest = self.removals.get(start..).unwrap_or_default();
        let count = rest.partition_point(|one| one.entity == *entity);
        rest.get(..count).unwrap_or_default()
    }
}

impl Sink for Without<'_> {
    fn instances(&mut self, series: &Series, mut instances: Vec<Instance>) {
        let removals = self.of(&series.entity);
        instances.retain(|one| !removals.iter().any(|removal| removal.part.holds(series, one.key)));
        if !instances.is_empty() {
            self.sink.instances(series, instances);
        }
    }

    fn numbers(&mut self, series: &Series, times: &[Timestamp], numbers: &[f64]) {
        self.sink.numbers(series, times, numbers);
    }
}

/// Those of these entities, which ascend, that have any instance.
pub(crate) fn with_instances(past: &dyn Snapshot, ids: &[Name]) -> Result<FxHashSet<Name>, ArchiveError> {
    let mut found = Found::default();
    if !ids.is_empty() {
        past.read(&WantedInstances::all_of(ids), &mut found)?;
    }
    Ok(found.0)
}

/// The entities of which anything came.
#[derive(Default)]
struct Found(FxHashSet<Name>);

impl Sink for Found {
    fn instances(&mut self, series: &Series, instances: Vec<Instance>) {
        if !instances.is_empty() && !self.0.contains(&series.entity) {
            self.0.insert(series.entity.clone());
        }
    }

    /// Nobody who wants whole instances is given numbers.
    fn numbers(&mut self, _: &Series, _: &[Timestamp], _: &[f64]) {}
}

/// Takes what was replaced, and not erased since, out of what is read.
struct Taken<'t> {
    removals: &'t [Removal],
    found: &'t mut Vec<Replaced>,
}

impl Sink for Taken<'_> {
    fn instances(&mut self, series: &Series, instances: Vec<Instance>) {
        for instance in instances {
            let mut of_it =
                self.removals.iter().filter(|one| one.entity == series.entity && one.part.holds(series, instance.key));
            // The first thing that happened to it is that something came in its place, or that it was erased.
            let Some(replaced_at) = of_it.next().and_then(|first| first.replaced_at) else { continue };
            if of_it.all(|later| later.replaced_at.is_some()) {
                self.found.push(Replaced { series: series.clone(), instance, replaced_at });
            }
        }
    }

    fn numbers(&mut self, _: &Series, _: &[Timestamp], _: &[f64]) {}
}
