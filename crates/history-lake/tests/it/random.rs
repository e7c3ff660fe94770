//! Random deliveries and questions: whatever the archive in memory says, the one on a folder says too.

use machi_archive::memory::MemoryArchive;
use machi_archive::{
    Archive, Collected, Delivery, Head, Instance, InstanceKey, Origin, Part, Removal, Replaced, Series, Share,
    Snapshot, WantedInstances, Writers,
};
use machi_history_lake::{HistoryLake, Options};
use machi_model::query::{TemporalQuery, TemporalRelation, TimeProperty};
use machi_store::Position;
use machi_types::Name;

use crate::things::{all_of, body, entity, everything, head, read, tenant, time};

/// Numbers that look random and come again.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % sides
    }

    fn is(&mut self, one_of: usize) -> bool {
        self.roll(one_of) == 0
    }
}

/// A city that writes.
struct Writer {
    dice: Dice,
    clock: i64,
    position: u64,
    written: Vec<(Series, InstanceKey)>,
}

impl Writer {
    fn tick(&mut self) -> i64 {
        self.clock += 1 + self.dice.roll(5_000_000) as i64;
        self.clock
    }

    fn series(&mut self) -> Series {
        let attribute = ["level", "rain", "name"][self.dice.roll(3)].into();
        let dataset = self.dice.is(4).then(|| Name::from("urn:ds:1"));
        Series { entity: entity(self.dice.roll(12)), attribute, dataset }
    }

    fn instance(&mut self, place: u32) -> Instance {
        let commit = self.clock;
        let observed_at = (!self.dice.is(4)).then(|| time(commit - self.dice.roll(20_000_000) as i64));
        let value = match self.dice.roll(5) {
            0 => "\"calm\"".to_owned(),
            1 => format!("{}", self.dice.roll(100)),
            _ => format!("{:?}", self.dice.roll(1000) as f64 / 10.0),
        };
        let deleted_at = self.dice.is(9).then(|| time(commit));
        let modified_at = if self.dice.is(6) { time(self.tick()) } else { time(commit) };
        let origin = if self.dice.is(5) { Origin::Amendment } else { Origin::Change };
        let key = InstanceKey { created_at: time(commit), place };
        Instance { key, modified_at, observed_at, deleted_at, origin, body: body(&value, observed_at) }
    }

    fn removal(&mut self) -> Removal {
        let replaced_at = self.dice.is(2).then(|| time(self.clock));
        let series = self.series();
        let (entity, attribute, dataset) = (series.entity, series.attribute, series.dataset);
        if self.dice.is(2) && !self.written.is_empty() {
            let (series, key) = self.written[self.dice.roll(self.written.len())].clone();
            let part = Part::Instance { attribute: series.attribute, dataset: series.dataset, key };
            return Removal { entity: series.entity, part, replaced_at };
        }
        let part = match self.dice.roll(8) {
            0 => Part::All,
            1 | 2 => Part::Attribute(attribute),
            _ => Part::Series { attribute, dataset },
        };
        Removal { entity, part, replaced_at }
    }

    fn heads(&mut self) -> (Name, Vec<Head>) {
        let count = 1 + self.dice.roll(2);
        let heads = (0..count).map(|_| {
            let commit = self.tick();
            let mut one = head(commit);
            if self.dice.is(4) {
                one.types = [Name::from("https://example.org/Bridge"), Name::from("urn:x")].into();
            }
            if self.dice.is(5) {
                (one.types, one.deleted_at) = ([].into(), Some(time(commit)));
            }
            one
        });
        let heads = heads.collect();
        (entity(self.dice.roll(12)), heads)
    }

    fn delivery(&mut self) -> Delivery<'static> {
        self.position += 1 + self.dice.roll(3) as u64;
        let mut delivery = Delivery { up_to: Some(Position::single(self.position)), ..Delivery::default() };
        for _ in 0..self.dice.roll(3) * self.dice.roll(2) {
            delivery.removals.push(self.removal());
        }
        for _ in 0..self.dice.roll(8) {
            self.tick();
            let series = self.series();
            let instances: Vec<_> = (0..=self.dice.roll(3)).map(|place| self.instance(place as u32)).collect();
            if self.dice.is(6) {
                let (instance, replaced_at) = (instances[0].clone(), time(self.clock));
                delivery.replaced.push(Replaced { series: series.clone(), instance, replaced_at });
            }
            self.written.extend(instances.iter().map(|one| (series.clone(), one.key)));
            delivery.instances.push((series, instances.into()));
        }
        let mut entities = std::collections::BTreeSet::new();
        for _ in 0..self.dice.roll(3) {
            let (entity, heads) = self.heads();
            if entities.insert(entity.clone()) {
                delivery.heads.push((entity, heads.into()));
            }
        }
        delivery
    }
}

fn any_query(dice: &mut Dice, until: i64) -> TemporalQuery {
    let property =
        [TimeProperty::ObservedAt, TimeProperty::CreatedAt, TimeProperty::ModifiedAt, TimeProperty::DeletedAt]
            [dice.roll(4)];
    let mut moment = || time(dice.roll(until as usize + 1) as i64);
    let (one, other) = (moment(), moment());
    let relation = match dice.roll(3) {
        0 => TemporalRelation::Before(one),
        1 => TemporalRelation::After(one),
        _ => TemporalRelation::Between(one.min(other), one.max(other)),
    };
    TemporalQuery { relation, property }
}

fn any_entities(dice: &mut Dice) -> Vec<Name> {
    (0..13).filter(|_| !dice.is(3)).map(entity).collect()
}

/// Asks both the same, and compares.
fn ask(dice: &mut Dice, until: i64, memory: &dyn Snapshot, lake: &dyn Snapshot) {
    let entities = any_entities(dice);
    let names = [Name::from("level"), Name::from("name")];
    let attributes = dice.is(2).then_some(&names[..]);
    let time = (!dice.is(5)).then(|| any_query(dice, until));
    let writers = if dice.is(4) { Writers::Changes } else { Writers::All };
    let all = WantedInstances { entities: &entities, attributes, time, writers, share: Share::All, numbers: false };
    let expected = read(memory, &all);
    assert_eq!(read(lake, &all).instances, expected.instances, "{all:?}");
    let with_numbers = read(lake, &WantedInstances { numbers: true, ..all });
    assert_same_with_numbers(&expected, &with_numbers, time);
    let count = 1 + dice.roll(6);
    for share in [Share::Earliest(count), Share::Latest(count)] {
        let some = WantedInstances { share, ..all };
        let (least, given) = (read(memory, &some).instances, read(lake, &some).instances);
        assert!(given.windows(2).all(|two| two[0] != two[1]), "each instance comes once");
        assert!(least.iter().all(|one| given.contains(one)), "{some:?}\n{least:?}\n{given:?}");
        assert!(given.iter().all(|one| expected.instances.contains(one)), "{some:?}");
        let with_numbers = read(lake, &WantedInstances { numbers: true, ..some });
        assert_eq!(with_numbers.numbers.len() + with_numbers.instances.len(), given.len());
    }
}

/// What came as numbers and what came whole are together what came whole.
fn assert_same_with_numbers(expected: &Collected, given: &Collected, query: Option<TemporalQuery>) {
    let mut numbers = given.numbers.clone();
    for (series, instance) in &expected.instances {
        if given.instances.contains(&(series.clone(), instance.clone())) {
            continue;
        }
        let at =
            query.and_then(|query| instance.time(query.property)).expect("numbers have the time that is asked for");
        let bytes = machi_model::entity::InstanceRef::read(&instance.body).unwrap();
        let told = (series.clone(), at, bytes.value().parse::<f64>().unwrap());
        let place = numbers.iter().position(|one| *one == told).expect("the number is told");
        numbers.remove(place);
        assert_eq!(instance.deleted_at, None);
    }
    assert!(numbers.is_empty(), "{numbers:?}");
}

fn run(seed: u64) {
    let folder = crate::things::folder();
    let (memory, tenant) = (MemoryArchive::default(), tenant());
    let mut lake = HistoryLake::open_folder(folder.path(), Options::default()).unwrap();
    let mut writer = Writer { dice: Dice(seed), clock: 1_000_000_000, position: 0, written: Vec::new() };
    for round in 0..20 {
        let before = lake.open(&tenant).unwrap();
        let was = all_of(&*before);
        let delivery = writer.delivery();
        memory.take(&tenant, delivery.clone()).unwrap();
        lake.take(&tenant, delivery.clone()).unwrap();
        if writer.dice.is(4) {
            lake.take(&tenant, delivery).unwrap();
        }
        if writer.dice.is(3) {
            lake.keep_in_order(&tenant).unwrap();
        }
        if writer.dice.is(5) {
            lake = HistoryLake::open_folder(folder.path(), Options::default()).unwrap();
        }
        assert_eq!(everything(&lake, &tenant), everything(&memory, &tenant), "seed {seed}, round {round}");
        assert_eq!(all_of(&*before), was, "a snapshot stays what it was");
        let (one, other) = (memory.open(&tenant).unwrap(), lake.open(&tenant).unwrap());
        for _ in 0..3 {
            ask(&mut writer.dice, writer.clock + 10, &*one, &*other);
        }
    }
    lake.erase(&tenant).unwrap();
    assert_eq!(everything(&lake, &tenant), everything(&MemoryArchive::default(), &tenant));
}

#[test]
fn it_says_what_the_archive_in_memory_says() {
    (0..4).for_each(run);
}

#[test]
fn it_obeys_the_laws_of_archives() {
    let folder = crate::things::folder();
    let next = std::cell::Cell::new(0);
    machi_archive::conformance::run(&|| {
        next.set(next.get() + 1);
        let folder = folder.path().join(next.get().to_string());
        std::sync::Arc::new(HistoryLake::open_folder(&folder, Options::default()).unwrap())
    });
}
