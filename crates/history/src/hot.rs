//! What was taken from the feed and is not in the archive yet, in memory: instances by entity and series.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::btree_map;
use std::mem::size_of;

use machi_archive::{Delivery, Head, Instance, Part, Removal, Replaced, Series};
use machi_store::{DocumentNo, NameNo, Names, Position, SectionKey};
use machi_types::geo::BoundingBox;
use machi_types::{Name, Timestamp};
use rustc_hash::FxHashMap;

/// What a table with room for more takes for each of its entries, of what they take by themselves.
const ROOM: usize = 2;
/// What an allocation takes besides what is in it.
const ALLOCATED: usize = 16;

/// What came of one tenant since some time.
#[derive(Debug, Default)]
pub(crate) struct Hot {
    entities: FxHashMap<Name, Changed>,
    heads: BTreeMap<Name, Vec<Head>>,
    bytes: usize,
}

/// What came of one entity.
#[derive(Debug, Default)]
pub(crate) struct Changed {
    /// The number of its document, where that was changed itself.
    number: Option<DocumentNo>,
    series: Vec<HotSeries>,
    /// What of it is no longer in the archive's part, or not in force any more.
    pub(crate) removals: Vec<Removal>,
    /// What came and was replaced since.
    pub(crate) replaced: Vec<Replaced>,
}

/// The instances of a series, in the order in which they were written.
#[derive(Debug)]
struct HotSeries {
    key: SectionKey,
    instances: Vec<Instance>,
}

impl Hot {
    /// About how much memory it takes.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether nothing came.
    pub(crate) fn is_empty(&self) -> bool {
        self.entities.is_empty() && self.heads.is_empty()
    }

    /// Takes an instance of a series; the place in its commit is given here.
    pub(crate) fn add(&mut self, entity: &Name, key: SectionKey, mut instance: Instance) {
        let body = instance.body.len();
        let changed = self.changed(entity);
        let (series, mut taken) = changed.series(key);
        if let Some(last) = series.instances.last()
            && last.key.created_at == instance.key.created_at
            && last.modified_at == instance.modified_at
        {
            instance.key.place = instance.key.place.max(last.key.place + 1);
        }
        taken += push(&mut series.instances, instance) + body;
        self.bytes += taken;
    }

    /// Takes note of the number of an entity of which something came.
    pub(crate) fn note_number(&mut self, entity: &Name, number: DocumentNo) {
        if let Some(changed) = self.entities.get_mut(entity) {
            changed.number = Some(number);
        }
    }

    /// Takes a head of an entity.
    pub(crate) fn add_head(&mut self, entity: &Name, head: Head) {
        let heads = match self.heads.entry(entity.clone()) {
            btree_map::Entry::Occupied(known) => known.into_mut(),
            btree_map::Entry::Vacant(new) => {
                self.bytes += ROOM * size_of::<(Name, Vec<Head>)>();
                new.insert(Vec::new())
            }
        };
        // The types are as many as names in memory: those of most heads are the same, but each has its own list.
        self.bytes += size_of_val(&*head.types) + ALLOCATED + push(heads, head);
    }

    /// Removes from what is here, and notes what is to be removed from what was taken earlier.
    pub(crate) fn remove(&mut self, removal: Removal, names: &dyn Names) {
        if removal.part == Part::All {
            self.heads.remove(&removal.entity);
        }
        self.bytes += ROOM * size_of::<Removal>();
        let entity = removal.entity.clone();
        let changed = self.changed(&entity);
        let mut gone = changed.take_out(&removal, names);
        // What came here in the place of something has taken that out of what was taken earlier.
        let was_here = removal.replaced_at.is_some() && !gone.is_empty();
        match removal.replaced_at {
            Some(_) => changed.replaced.append(&mut gone),
            None => changed.replaced.retain(|one| !removal.part.holds(&one.series, one.instance.key)),
        }
        if !was_here {
            changed.removals.push(removal);
        }
    }

    /// What came of an entity.
    pub(crate) fn of(&self, entity: &str) -> Option<&Changed> {
        self.entities.get(entity)
    }

    /// What came of these entities, which ascend.
    pub(crate) fn of_all<'h>(&'h self, entities: &'h [Name]) -> Box<dyn Iterator<Item = (&'h Name, &'h Changed)> + 'h> {
        if entities.len() <= self.entities.len() {
            return Box::new(entities.iter().filter_map(|entity| self.entities.get_key_value(entity)));
        }
        Box::new(self.entities.iter().filter(|(entity, _)| entities.binary_search(entity).is_ok()))
    }

    /// The entities that came.
    pub(crate) fn entities(&self) -> impl Iterator<Item = &Name> {
        self.entities.keys().chain(self.heads.keys())
    }

    /// The entities of which a geometry came that touches an area.
    pub(crate) fn touching<'h>(&'h self, attribute: NameNo, area: &'h BoundingBox) -> impl Iterator<Item = &'h Name> {
        let touches = |instance: &Instance| instance.area().is_some_and(|place| place.intersects(area));
        let came = move |changed: &Changed| {
            let mut of_it = changed.series.iter().filter(|series| series.key.name == attribute);
            of_it.any(|series| series.instances.iter().any(touches))
                || changed.replaced.iter().any(|one| touches(&one.instance))
        };
        self.entities.iter().filter(move |(_, changed)| came(changed)).map(|(entity, _)| entity)
    }

    /// The entities that came without a head, and the numbers of their documents where these are known.
    pub(crate) fn headless(&self) -> impl Iterator<Item = (&Name, Option<DocumentNo>)> {
        let came = self.entities.iter().filter(|(entity, _)| !self.heads.contains_key(*entity));
        came.map(|(entity, changed)| (entity, changed.number))
    }

    /// The heads of an entity.
    pub(crate) fn heads(&self, entity: &str) -> Option<&[Head]> {
        self.heads.get(entity).map(Vec::as_slice)
    }

    /// Entities with new heads behind an id, ascending.
    pub(crate) fn heads_after(&self, after: Option<&str>) -> btree_map::Range<'_, Name, Vec<Head>> {
        use std::ops::Bound::{Excluded, Unbounded};
        self.heads.range::<str, _>((after.map_or(Unbounded, Excluded), Unbounded))
    }

    /// All of it, as an archive takes it.
    pub(crate) fn delivery(&self, up_to: Option<Position>, names: &dyn Names) -> Delivery<'_> {
        let mut delivery = Delivery { up_to, ..Delivery::default() };
        let mut entities: Vec<_> = self.entities.iter().collect();
        delivery.instances.reserve_exact(entities.iter().map(|(_, changed)| changed.series.len()).sum());
        entities.sort_unstable_by_key(|(entity, _)| *entity);
        for (entity, changed) in entities {
            delivery.removals.extend(changed.removals.iter().cloned());
            delivery.replaced.extend(changed.replaced.iter().cloned());
            for series in changed.series.iter().filter(|series| !series.instances.is_empty()) {
                delivery.instances.push((series.name(entity, names), Cow::Borrowed(&series.instances)));
            }
        }
        delivery.instances.sort_unstable_by(|one, other| one.0.cmp(&other.0));
        delivery.heads = self.heads.iter().map(|(entity, heads)| (entity.clone(), Cow::Borrowed(&**heads))).collect();
        delivery
    }

    fn changed(&mut self, entity: &Name) -> &mut Changed {
        if !self.entities.contains_key(entity) {
            self.bytes += ROOM * size_of::<(Name, Changed)>() + ALLOCATED + entity.len();
            self.entities.insert(entity.clone(), Changed::default());
        }
        self.entities.get_mut(entity).expect("it was just put there")
    }
}

impl Changed {
    /// Its series with what they hold up to a time.
    pub(crate) fn instances<'c>(
        &'c self,
        entity: &'c Name,
        until: Timestamp,
        names: &'c dyn Names,
    ) -> impl Iterator<Item = (Series, &'c [Instance])> {
        self.series.iter().filter_map(move |series| {
            // They stand in the order in which they were written.
            let count = series.instances.partition_point(|one| one.modified_at <= until);
            let instances = series.instances.get(..count).filter(|instances| !instances.is_empty())?;
            Some((series.name(entity, names), instances))
        })
    }

    /// A series, and how many bytes it takes more than before.
    fn series(&mut self, key: SectionKey) -> (&mut HotSeries, usize) {
        let at = self.series.iter().position(|series| series.key == key);
        let (at, taken) = at.map_or_else(
            || (self.series.len(), push(&mut self.series, HotSeries { key, instances: Vec::new() })),
            |at| (at, 0),
        );
        (&mut self.series[at], taken)
    }

    fn take_out(&mut self, removal: &Removal, names: &dyn Names) -> Vec<Replaced> {
        let mut gone = Vec::new();
        for series in &mut self.series {
            let name = series.name(&removal.entity, names);
            for instance in series.instances.extract_if(.., |one| removal.part.holds(&name, one.key)) {
                if let Some(replaced_at) = removal.replaced_at {
                    gone.push(Replaced { series: name.clone(), instance, replaced_at });
                }
            }
        }
        gone
    }
}

impl HotSeries {
    fn name(&self, entity: &Name, names: &dyn Names) -> Series {
        let dataset = (self.key.instance != NameNo::NONE).then(|| names.text(self.key.instance));
        Series { entity: entity.clone(), attribute: names.text(self.key.name), dataset }
    }
}

/// Adds to a list of which most have one thing alone, and tells how many bytes it takes more than before.
fn push<T>(list: &mut Vec<T>, one: T) -> usize {
    let before = list.capacity();
    if before == 0 {
        list.reserve_exact(1);
    }
    list.push(one);
    let allocated = if before == 0 { ALLOCATED } else { 0 };
    allocated + (list.capacity() - before) * size_of::<T>()
}
