//! Random deliveries and questions: an archive answers as the reference does.

use machi_model::query::{TemporalQuery, TemporalRelation, TimeProperty};
use machi_store::Position;
use machi_types::geo::BoundingBox;
use machi_types::{Name, TenantId, Timestamp};

use super::dice::Dice;
use crate::memory::MemoryArchive;
use crate::{
    Archive, Collected, Delivery, Instance, Part, Removal, Replaced, Series, Share, Snapshot, WantedEvolutions,
    WantedInstances, Writers,
};

/// Delivers so many times to both, and asks both after each.
pub(super) fn run(archive: &dyn Archive, seed: u64, deliveries: usize) {
    let tenant = TenantId::default_tenant();
    let reference = MemoryArchive::default();
    let mut world = World::new(seed);
    for number in 1..=deliveries {
        let delivery = world.delivery(number as u64);
        reference.take(&tenant, delivery.clone()).expect("the reference takes all");
        archive.take(&tenant, delivery).expect("a delivery is taken");
        let (known, found) = (reference.open(&tenant), archive.open(&tenant));
        let (known, found) = (known.expect("the reference opens"), found.expect("the archive opens"));
        assert_eq!(found.position(), known.position(), "seed {seed}");
        for _ in 0..20 {
            world.ask(&*known, &*found, seed);
        }
    }
}

/// What was delivered so far.
pub(super) struct World {
    pub(super) dice: Dice,
    commit: u64,
    known: Vec<(Series, Instance)>,
}

impl World {
    pub(super) fn new(seed: u64) -> Self {
        Self { dice: Dice::new(seed), commit: 0, known: Vec::new() }
    }

    pub(super) fn delivery(&mut self, number: u64) -> Delivery<'static> {
        let mut delivery = Delivery { up_to: Some(Position::single(number)), ..Delivery::default() };
        for _ in 0..self.dice.below(4) {
            delivery.removals.extend(self.removal());
        }
        for _ in 0..self.dice.below(25) {
            self.add_instances(&mut delivery);
        }
        for _ in 0..self.dice.below(5) {
            let entity = self.dice.entity();
            self.commit += 1;
            let head = self.dice.head(Dice::commit(self.commit));
            match delivery.heads.iter_mut().find(|(known, _)| *known == entity) {
                Some((_, heads)) => heads.to_mut().push(head),
                None => delivery.heads.push((entity, vec![head].into())),
            }
        }
        if self.dice.one_in(4) {
            self.commit += 2;
            let series = self.dice.series();
            let instance = self.dice.instance(&series, Dice::commit(self.commit - 1), 0);
            delivery.replaced.push(Replaced { series, instance, replaced_at: Dice::commit(self.commit) });
        }
        delivery.instances.sort_by(|one, other| one.0.cmp(&other.0));
        delivery.heads.sort_by(|one, other| one.0.cmp(&other.0));
        delivery
    }

    fn add_instances(&mut self, delivery: &mut Delivery<'static>) {
        let series = self.dice.series();
        self.commit += 1;
        let commit = Dice::commit(self.commit);
        let count = 1 + self.dice.below(3) as u32;
        let instances: Vec<_> = (0..count).map(|place| self.dice.instance(&series, commit, place)).collect();
        self.known.extend(instances.iter().map(|one| (series.clone(), one.clone())));
        match delivery.instances.iter_mut().find(|(known, _)| *known == series) {
            Some((_, all)) => all.to_mut().extend(instances),
            None => delivery.instances.push((series, instances.into())),
        }
    }

    fn removal(&mut self) -> Option<Removal> {
        if self.known.is_empty() {
            return None;
        }
        let (series, instance) = self.dice.pick(&self.known).clone();
        let Series { entity, attribute, dataset } = series;
        let part = match self.dice.below(12) {
            0 => Part::All,
            1 => Part::Attribute(attribute),
            2 => Part::Series { attribute, dataset },
            _ => Part::Instance { attribute, dataset, key: instance.key },
        };
        self.commit += 1;
        let is_one = matches!(part, Part::Instance { .. });
        let replaced_at = (is_one && self.dice.one_in(2)).then(|| Dice::commit(self.commit));
        Some(Removal { entity, part, replaced_at })
    }

    fn ask(&mut self, known: &dyn Snapshot, found: &dyn Snapshot, seed: u64) {
        let mut entities: Vec<Name> = (0..self.dice.below(6)).map(|_| self.dice.entity()).collect();
        entities.sort_unstable();
        entities.dedup();
        let attributes: Vec<Name> = (0..=self.dice.below(2)).map(|_| self.dice.attribute()).collect();
        let wanted = WantedInstances {
            entities: &entities,
            attributes: self.dice.one_in(2).then_some(&attributes),
            time: (!self.dice.one_in(5)).then(|| self.query()),
            writers: *self.dice.pick(&[Writers::All, Writers::All, Writers::Changes]),
            share: *self.dice.pick(&[Share::All, Share::All, Share::Earliest(3), Share::Latest(1), Share::Latest(2)]),
            numbers: false,
        };
        compare(known, found, &wanted, seed);
        compare_numbers(known, found, &WantedInstances { share: Share::All, numbers: true, ..wanted }, seed);
        let types = [Name::from("https://example.org/Lab")];
        let after = self.dice.entity();
        let all = WantedEvolutions::After {
            after: self.dice.one_in(2).then_some(&after),
            limit: 1 + self.dice.below(6) as usize,
            types: None,
        };
        for question in [WantedEvolutions::Of(&entities), all] {
            let (known, found) = (known.evolutions(&question), found.evolutions(&question));
            assert_eq!(
                found.expect("evolutions are told"),
                known.expect("the reference tells"),
                "seed {seed}: {question:?}"
            );
        }
        compare_types(known, found, &types, seed);
        assert_eq!(
            found.forgotten().expect("whose past was erased is told"),
            known.forgotten().expect("the reference tells"),
            "seed {seed}"
        );
        let time = Dice::commit(self.dice.below(self.commit + 2));
        let (known_ids, ids) = (known.written_after(time, usize::MAX), found.written_after(time, usize::MAX));
        let ids = ids.expect("what was written is told");
        assert!(ids.is_sorted(), "seed {seed}: {ids:?}");
        for id in known_ids.expect("the reference tells") {
            assert!(ids.contains(&id), "seed {seed}: {id} was written after {time}");
        }
        let some = found.written_after(time, 2).expect("what was written is told");
        assert!(some.is_sorted() && some.len() >= ids.len().min(2), "seed {seed}: {some:?}");
        assert!(some.iter().all(|id| ids.contains(id)), "seed {seed}: {some:?}");
        self.ask_places(known, found, seed);
        let order = |one: &Replaced, other: &Replaced| {
            (&one.series, one.instance.written(), one.instance.key).cmp(&(
                &other.series,
                other.instance.written(),
                other.instance.key,
            ))
        };
        let mut known = known.replaced(&entities).expect("the reference tells");
        let mut found = found.replaced(&entities).expect("what was replaced is told");
        known.sort_by(order);
        found.sort_by(order);
        assert_eq!(found, known, "seed {seed}");
    }

    fn ask_places(&mut self, known: &dyn Snapshot, found: &dyn Snapshot, seed: u64) {
        let ((west, south), attribute) = (self.dice.place(), self.dice.attribute());
        let area = BoundingBox { west: west - 0.5, south: south - 0.5, east: west + 0.5, north: south + 1.5 };
        let known = known.touching(&attribute, &area, usize::MAX).expect("the reference tells");
        let all = found.touching(&attribute, &area, usize::MAX).expect("who touched an area is told");
        assert!(all.is_sorted(), "seed {seed}: {all:?}");
        for id in known {
            assert!(all.contains(&id), "seed {seed}: {id} touched {area:?} by {attribute}");
        }
        let some = found.touching(&attribute, &area, 2).expect("who touched an area is told");
        assert!(some.is_sorted() && some.len() >= all.len().min(2), "seed {seed}: {some:?}");
        assert!(some.iter().all(|id| all.contains(id)), "seed {seed}: {some:?}");
    }

    fn query(&mut self) -> TemporalQuery {
        let property = *self.dice.pick(&[
            TimeProperty::ObservedAt,
            TimeProperty::ObservedAt,
            TimeProperty::CreatedAt,
            TimeProperty::ModifiedAt,
            TimeProperty::DeletedAt,
        ]);
        let is_of_commit = matches!(property, TimeProperty::CreatedAt | TimeProperty::ModifiedAt);
        let mut time = || if is_of_commit { Dice::commit(self.dice.below(self.commit + 2)) } else { self.dice.time() };
        let (one, other) = (time(), time());
        let relation = match self.dice.below(3) {
            0 => TemporalRelation::Before(one),
            1 => TemporalRelation::After(one),
            _ => TemporalRelation::Between(one.min(other), one.max(other)),
        };
        TemporalQuery { relation, property }
    }
}

/// An archive gives what is wanted, perhaps more of it than the share, and nothing else.
fn compare(known: &dyn Snapshot, found: &dyn Snapshot, wanted: &WantedInstances<'_>, seed: u64) {
    let (wanted_rows, rows) = (read(known, wanted), read(found, wanted));
    let all = read(known, &WantedInstances { share: Share::All, ..*wanted });
    for row in &wanted_rows.instances {
        assert!(rows.instances.contains(row), "seed {seed}: {row:?} is missing of {wanted:?}");
    }
    for row in &rows.instances {
        assert!(all.instances.contains(row), "seed {seed}: {row:?} is not of {wanted:?}");
    }
    let mut unique = rows.instances.clone();
    unique.dedup();
    assert_eq!(unique.len(), rows.instances.len(), "seed {seed}: an instance came twice");
    if wanted.share == Share::All {
        assert_eq!(rows.instances, wanted_rows.instances, "seed {seed}: {wanted:?}");
    }
}

/// Numbers with their times stand for instances that hold just these.
fn compare_numbers(known: &dyn Snapshot, found: &dyn Snapshot, wanted: &WantedInstances<'_>, seed: u64) {
    let rows = read(found, wanted);
    let mut all = rows.numbers;
    all.extend(rows.instances.iter().filter_map(|(series, one)| number(series, one, wanted)));
    let mut expected: Vec<_> =
        read(known, wanted).instances.iter().filter_map(|(series, one)| number(series, one, wanted)).collect();
    let order = |one: &(Series, Timestamp, f64), other: &(Series, Timestamp, f64)| {
        (&one.0, one.1).cmp(&(&other.0, other.1)).then(one.2.total_cmp(&other.2))
    };
    all.sort_by(order);
    expected.sort_by(order);
    assert_eq!(all, expected, "seed {seed}: {wanted:?}");
}

/// What [`crate::Sink::numbers`] would tell of an instance.
fn number(series: &Series, instance: &Instance, wanted: &WantedInstances<'_>) -> Option<(Series, Timestamp, f64)> {
    let body = machi_model::entity::InstanceRef::read(&instance.body).ok()?;
    let is_number = instance.deleted_at.is_none() && body.kind() == machi_model::entity::Kind::Property;
    let value = body.value().parse().ok().filter(|_| is_number)?;
    Some((series.clone(), instance.time(wanted.time?.property)?, value))
}

fn compare_types(known: &dyn Snapshot, found: &dyn Snapshot, types: &[Name], seed: u64) {
    let question = WantedEvolutions::After { after: None, limit: usize::MAX, types: Some(types) };
    let is_of =
        |one: &crate::Evolution| one.heads.iter().any(|head| types.iter().any(|name| head.types.contains(name)));
    let known = known.evolutions(&question).expect("the reference tells");
    let mut found = found.evolutions(&question).expect("evolutions are told");
    found.retain(is_of);
    assert_eq!(found, known, "seed {seed}: of the types {types:?}");
}

fn read(snapshot: &dyn Snapshot, wanted: &WantedInstances<'_>) -> Collected {
    Collected::of(snapshot, wanted).expect("what is wanted can be read")
}
