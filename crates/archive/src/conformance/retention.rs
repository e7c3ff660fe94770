//! What becomes of instances as policies say, and that nothing is counted twice or lost on the way.

use std::collections::BTreeMap;

use machi_model::entity::{Instance as Body, InstanceRef, JsonText, Kind, encode_instance};
use machi_store::Position;
use machi_types::{Name, TenantId, Timestamp};

use super::Make;
use super::dice::{Dice, EPOCH, SECOND};
use super::random::World;
use crate::memory::MemoryArchive;
use crate::retention::{Hold, Keep, Retained, Retention, Rule, Step, Summary};
use crate::{
    Archive, Collected, Delivery, Head, Instance, InstanceKey, Origin, Part, Series, Snapshot, WantedInstances,
};

const HOUR: i64 = 3600 * SECOND;
const ATTRIBUTE: &str = "https://example.org/a";
const TYPE: &str = "https://example.org/Room";

pub(super) fn laws(make: Make<'_>) {
    numbers_come_to_what_they_came_to(&*make());
    what_is_in_force_stays(&*make());
    what_is_gone_leaves_nothing(&*make());
    policies_and_holds_are_for_their_entities(&*make());
    nothing_is_done_without_need(&*make());
}

fn tenant() -> TenantId {
    TenantId::default_tenant()
}

fn entity(number: u8) -> Name {
    Name::from(format!("urn:ngsi-ld:Room:{number}"))
}

fn series(number: u8) -> Series {
    Series { entity: entity(number), attribute: ATTRIBUTE.into(), dataset: None }
}

/// A value that was observed so long after the epoch, and written at once.
fn value(after: i64, json: &str) -> Instance {
    let time = Timestamp::from_micros(EPOCH.div_euclid(24 * HOUR) * 24 * HOUR + after);
    let mut body = Body::new(Kind::Property, JsonText::parse(json).expect("it is JSON"));
    body.observed_at = Some(time.into());
    Instance {
        key: InstanceKey { created_at: time, place: 0 },
        modified_at: time,
        observed_at: Some(time),
        deleted_at: None,
        origin: Origin::Change,
        body: encode_instance(&body).into(),
    }
}

fn head(of: &Instance, is_gone: bool) -> Head {
    let (modified_at, types) = (of.modified_at, if is_gone { Vec::new() } else { vec![Name::from(TYPE)] });
    let deleted_at = is_gone.then_some(modified_at);
    let (created_at, origin) = (modified_at, Origin::Change);
    Head { modified_at, created_at, deleted_at, expires_at: None, origin, types: types.into() }
}

/// Takes these of one entity, the oldest first.
fn take(archive: &dyn Archive, position: u64, number: u8, instances: Vec<Instance>, heads: Vec<Head>) {
    let delivery = Delivery {
        up_to: Some(Position::single(position)),
        instances: vec![(series(number), instances.into())],
        heads: if heads.is_empty() { Vec::new() } else { vec![(entity(number), heads.into())] },
        ..Delivery::default()
    };
    archive.take(&tenant(), delivery).expect("it is taken");
}

fn retention(after: i64, rules: Vec<Rule>) -> Retention {
    Retention { now: value(after, "0").modified_at, rules, holds: Vec::new() }
}

fn for_all(whole: i64, summed: &[(Step, Option<i64>)]) -> Rule {
    Rule { of: None, keep: Keep { whole, summed: summed.to_vec() } }
}

fn retain(archive: &dyn Archive, retention: &Retention) -> Retained {
    archive.retain(&tenant(), retention).expect("policies are applied")
}

fn all(snapshot: &dyn Snapshot) -> Vec<(Series, Instance)> {
    let entities: Vec<Name> =
        (0..4).map(entity).chain((0..9).map(|n| format!("urn:ngsi-ld:Thing:{n}").into())).collect();
    Collected::of(snapshot, &WantedInstances::all_of(&entities)).expect("it reads").instances
}

fn now(archive: &dyn Archive) -> Vec<(Series, Instance)> {
    all(&*archive.open(&tenant()).expect("it opens"))
}

fn minutes(from: i64, to: i64) -> Vec<Instance> {
    (from..to).map(|minute| value(minute * 60 * SECOND + 5 * SECOND, &format!("{}.5", minute % 7))).collect()
}

/// Hours of minutes become hours, then days, then nothing; those that are young stay as they are.
fn numbers_come_to_what_they_came_to(archive: &dyn Archive) {
    let first = minutes(0, 60);
    let heads = vec![head(&first[0], false)];
    take(archive, 1, 0, first, heads);
    take(archive, 2, 0, minutes(60, 600), Vec::new());
    let before = archive.open(&tenant()).expect("it opens");
    let whole = all(&*before);
    assert_eq!(before.known_since(), None);
    let policy = || vec![for_all(2 * HOUR, &[(Step::Hour, Some(1000 * HOUR))])];
    let done = retain(archive, &retention(10 * HOUR, policy()));
    assert_eq!((done.dropped, done.summed, done.summaries), (0, 479, 8), "the last before the horizon is in force");
    let after = now(archive);
    assert_eq!(after.len(), 120 + 8 + 1);
    assert_eq!(all(&*before), whole, "who reads an earlier state reads on");
    assert_eq!(folded(&after), folded(&whole));
    let known_since = archive.open(&tenant()).expect("it opens").known_since();
    assert_eq!(known_since, Some(value(8 * HOUR, "0").modified_at));
    let (_, summary) = after.iter().find(|(_, one)| one.is_summary()).expect("there are summaries");
    assert_eq!((summary.observed_at, summary.origin), (value(0, "0").observed_at, Origin::Summary(Step::Hour)));
    let body = InstanceRef::read(&summary.body).expect("it is an instance");
    let mean: f64 = body.value().parse().expect("the mean is a number");
    let expected = (0..60).map(|minute| f64::from(minute % 7) + 0.5).sum::<f64>() / 60.0;
    assert!((mean - expected).abs() < 1e-12, "{mean} is not {expected}");
    // What comes late is joined with what stands for its hour.
    let late = Instance { origin: Origin::Amendment, ..value(HOUR + 7, "100") };
    let expected = [whole, vec![(series(0), late.clone())]].concat();
    take(archive, 3, 0, vec![late], Vec::new());
    retain(archive, &retention(11 * HOUR, policy()));
    assert_eq!(folded(&now(archive)), folded(&expected));
    // Days of hours.
    let by_day = vec![for_all(2 * HOUR, &[(Step::Hour, Some(30 * HOUR)), (Step::Day, None)])];
    retain(archive, &retention(500 * HOUR, by_day));
    assert_eq!(folded_by(&now(archive), 24 * HOUR), folded_by(&expected, 24 * HOUR));
    assert_eq!(now(archive).len(), 2, "a day, and what is in force");
    retain(archive, &retention(2000 * HOUR, policy()));
    assert_eq!(now(archive).len(), 1, "what is in force");
}

/// A value that has not changed for long stays, so that the city of yesterday still has it.
fn what_is_in_force_stays(archive: &dyn Archive) {
    let all_of = vec![value(0, "1"), value(HOUR, "2"), value(2 * HOUR, "3"), value(50 * HOUR, "4")];
    let heads = vec![head(&all_of[0], false)];
    take(archive, 1, 0, all_of.clone(), heads);
    let done = retain(archive, &retention(48 * HOUR, vec![for_all(10 * HOUR, &[])]));
    assert_eq!(done.dropped, 2);
    let left: Vec<Instance> = now(archive).into_iter().map(|(_, one)| one).collect();
    assert_eq!(left, all_of[2..]);
    let done = retain(archive, &retention(100 * HOUR, vec![for_all(10 * HOUR, &[])]));
    assert_eq!(done.dropped, 1);
    assert_eq!(now(archive)[0].1, all_of[3]);
}

fn what_is_gone_leaves_nothing(archive: &dyn Archive) {
    let mut all = vec![value(0, "1"), value(HOUR, "2")];
    let gone = Instance { deleted_at: Some(all[1].modified_at), observed_at: None, ..value(HOUR, "3") };
    all.push(Instance { key: InstanceKey { place: 1, ..gone.key }, ..gone });
    let heads = vec![head(&all[0], false), head(&all[2], true)];
    take(archive, 1, 0, all, heads);
    assert_eq!(retain(archive, &retention(48 * HOUR, vec![for_all(10 * HOUR, &[])])).dropped, 3);
    assert_eq!(now(archive), []);
}

fn policies_and_holds_are_for_their_entities(archive: &dyn Archive) {
    for number in 0..3 {
        let all = vec![value(i64::from(number), "1"), value(HOUR, "2"), value(2 * HOUR, "3")];
        let heads = vec![head(&all[0], false)];
        take(archive, u64::from(number) + 1, number, all, heads);
    }
    let of_others = Rule { of: Some("https://example.org/Other".into()), ..for_all(HOUR, &[]) };
    assert_eq!(retain(archive, &retention(48 * HOUR, vec![of_others.clone()])).dropped, 0);
    let of_type = Rule { of: Some(TYPE.into()), ..for_all(HOUR, &[]) };
    let mut held = retention(48 * HOUR, vec![of_others, of_type]);
    held.holds.push(Hold { types: Vec::new(), ids: vec![entity(1)] });
    assert_eq!(retain(archive, &held).dropped, 4);
    let left: Vec<Name> = now(archive).into_iter().map(|(series, _)| series.entity).collect();
    assert_eq!(left, [entity(0), entity(1), entity(1), entity(1), entity(2)]);
    held.holds = vec![Hold { types: vec![TYPE.into()], ids: Vec::new() }];
    assert_eq!(retain(archive, &held).dropped, 0);
    held.holds = Vec::new();
    assert_eq!(retain(archive, &held).dropped, 2);
}

fn nothing_is_done_without_need(archive: &dyn Archive) {
    let first = minutes(0, 60);
    let heads = vec![head(&first[0], false)];
    take(archive, 1, 0, first, heads);
    let policy = vec![for_all(HOUR, &[(Step::Hour, None)])];
    assert!(retain(archive, &retention(10 * HOUR, policy.clone())).summed > 0);
    assert_eq!(retain(archive, &retention(10 * HOUR, policy.clone())), Retained::default());
    assert_eq!(retain(archive, &retention(11 * HOUR, policy)), Retained::default());
    let unknown: TenantId = "nobody".parse().expect("the name of a tenant");
    let done = archive.retain(&unknown, &retention(11 * HOUR, vec![for_all(1, &[])]));
    assert_eq!(done.expect("there is nothing to do"), Retained::default());
}

/// What instances come to, by series, sort and hour.
type Folded = BTreeMap<(Series, String, i64), Told>;

/// Count, sum, least and greatest number, and sum of squares.
#[derive(Debug)]
struct Told(u64, Option<[f64; 4]>);

impl PartialEq for Told {
    fn eq(&self, other: &Self) -> bool {
        let is_near = |(one, other): (&f64, &f64)| (one - other).abs() <= 1e-9 * one.abs().max(other.abs()).max(1.0);
        let figures = match (&self.1, &other.1) {
            (Some(one), Some(other)) => one.iter().zip(other).all(is_near),
            (None, None) => true,
            _ => false,
        };
        self.0 == other.0 && figures
    }
}

fn folded(instances: &[(Series, Instance)]) -> Folded {
    folded_by(instances, HOUR)
}

fn folded_by(instances: &[(Series, Instance)], length: i64) -> Folded {
    let mut sums: BTreeMap<(Series, String, i64), Summary> = BTreeMap::new();
    for (series, one) in instances {
        let body = InstanceRef::read(&one.body).expect("it is an instance");
        let value = body.value().get(..1).unwrap_or_default().replace(|c: char| c == '-' || c.is_ascii_digit(), "0");
        let is_truth = matches!(body.value(), "true" | "false");
        let form = if body.kind() == Kind::Property && (value == "0" || is_truth) { value.as_str() } else { "-" };
        let sort = format!(
            "{} {form} {:?} {} {}",
            body.kind().as_str(),
            body.unit_code(),
            one.observed_at.is_some(),
            one.deleted_at.is_some()
        );
        let hour = one.kept_by().micros().div_euclid(length);
        sums.entry((series.clone(), sort, hour)).or_default().add(&Summary::of(one));
    }
    let told = |sum: Summary| {
        let figures = sum.figures.map(|of| [of.sum + of.lacking, of.least, of.greatest, of.squares]);
        Told(sum.count, figures)
    };
    sums.into_iter().map(|(place, sum)| (place, told(sum))).collect()
}

/// Random deliveries with policies applied in between, by an archive and by the reference: what is left comes to the same.
pub(super) fn random(archive: &dyn Archive, seed: u64, deliveries: usize) {
    let reference = MemoryArchive::default();
    let mut world = World::new(seed.wrapping_mul(31));
    let mut dice = Dice::new(seed.wrapping_mul(17));
    let whole = 1 + dice.below(30) as i64;
    let summed: &[(Step, Option<i64>)] = match seed % 4 {
        0 => &[],
        1 => &[(Step::Minute, Some(1500 * SECOND))],
        2 => &[(Step::Minute, Some(900 * SECOND)), (Step::Hour, None)],
        _ => &[(Step::Hour, None)],
    };
    let rules = vec![for_all(whole * SECOND, summed)];
    for number in 1..=deliveries {
        let mut delivery = world.delivery(number as u64);
        // One that is in a summary is not there any more to be removed alone.
        delivery.removals.retain(|removal| !matches!(removal.part, Part::Instance { .. }));
        reference.take(&tenant(), delivery.clone()).expect("the reference takes all");
        archive.take(&tenant(), delivery).expect("a delivery is taken");
        let now = Timestamp::from_micros(EPOCH + (300 * number as i64 + dice.below(300) as i64) * SECOND);
        if dice.one_in(2) {
            // Something else is held each time, so that what was in force until now is looked at again at once.
            let ids = vec![Name::from(format!("urn:ngsi-ld:Nobody:{number}"))];
            let holds = vec![Hold { types: Vec::new(), ids }];
            let retention = Retention { now, rules: rules.clone(), holds };
            retain(&reference, &retention);
            retain(archive, &retention);
        }
        let (known, found) = (self::now(&reference), self::now(archive));
        assert_eq!(folded(&found), folded(&known), "seed {seed}, delivery {number}");
        let mut unique: Vec<_> = found.iter().map(|(series, one)| (series, one.key)).collect();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(unique.len(), found.len(), "seed {seed}: an instance came twice");
    }
}
