//! What is told of a city, and what is not.

use std::collections::BTreeSet;

use super::*;
use crate::life::{Flood, Value};
use crate::plan::Size;

/// 2026-06-03T03:00:00Z, a Wednesday: noon in Japan.
const NOON: i64 = 1_780_455_600;

fn at(seconds: i64) -> Moment {
    Moment { seconds, flood: None }
}

/// Everything that is told in these seconds, each change taken.
fn told(plan: &Plan, rings: &mut Rings, seconds: std::ops::Range<i64>, rate: u32) -> Vec<Change> {
    let mut all = Vec::new();
    for second in seconds {
        let changes = rings.changes(plan, at(second), rate);
        let count: usize = changes.iter().map(|change| change.readings.len()).sum();
        assert!(count <= rate as usize, "{count}");
        rings.taken(&changes, second);
        all.extend(changes);
    }
    all
}

#[test]
fn what_has_not_changed_is_not_told() {
    let plan = Plan::new(Size::Small, 1);
    let mut rings = Rings::new(&plan, NOON);
    assert!(rings.changes(&plan, at(NOON), 1_000_000).is_empty());
    for change in told(&plan, &mut rings, NOON + 1..NOON + 60, 1000) {
        assert!(!change.readings.is_empty());
    }
    // What was not taken is told again.
    let first = rings.changes(&plan, at(NOON + 90), 10_000);
    let again: BTreeSet<String> =
        (0..90).flat_map(|_| rings.changes(&plan, at(NOON + 90), 10_000)).map(|change| plan.id(change.thing)).collect();
    assert!(!first.is_empty() && first.iter().all(|change| again.contains(&plan.id(change.thing))));
}

#[test]
fn everything_has_its_turn_within_a_few_minutes() {
    let plan = Plan::new(Size::Small, 1);
    let mut rings = Rings::new(&plan, NOON - 86_400);
    let changes = told(&plan, &mut rings, NOON..NOON + 300, 30);
    let rooms: BTreeSet<String> = changes
        .iter()
        .filter(|change| matches!(change.thing, Thing::Room(_)))
        .map(|change| plan.id(change.thing))
        .collect();
    let all =
        (0..plan.parts()).flat_map(|part| plan.part(part)).filter(|thing| matches!(thing, Thing::Room(_))).count();
    assert!(rooms.len() * 10 > all * 9, "{} of {all}", rooms.len());
    let buses = changes.iter().filter(|change| matches!(change.thing, Thing::Bus { .. })).count();
    assert!(buses > 600, "{buses}");
}

#[test]
fn each_size_changes_about_as_fast_as_it_should() {
    for (size, low, high) in [(Size::Small, 15, 31), (Size::City, 180, 301)] {
        let plan = Plan::new(size, 1);
        let mut rings = Rings::new(&plan, NOON - 120);
        let changes = told(&plan, &mut rings, NOON..NOON + 120, size.rate());
        let rate = changes.iter().map(|change| change.readings.len()).sum::<usize>() / 120;
        assert!((low..high).contains(&rate), "{size}: {rate}");
    }
}

#[test]
fn a_lamp_that_somebody_switched_is_left_alone_until_dusk() {
    let plan = Plan::new(Size::Small, 1);
    let mut rings = Rings::new(&plan, NOON);
    let is_switch = |change: &Change| change.readings.iter().any(|reading| reading.name == "powerState");
    // From noon to five nothing switches; the sun sets at seven.
    let by_day = told(&plan, &mut rings, NOON..NOON + 600, 300);
    assert!(!by_day.iter().any(is_switch));
    let by_night = told(&plan, &mut rings, NOON + 9 * 3600..NOON + 9 * 3600 + 200, 300);
    let switched: Vec<&Change> = by_night.iter().filter(|change| is_switch(change)).collect();
    assert_eq!(switched.len(), 300, "every lamp once");
    let is_on = |change: &&Change| change.readings.iter().any(|reading| reading.value == Value::Word("on"));
    assert!(switched.iter().all(is_on));
}

#[test]
fn a_flood_is_told_at_once_and_its_end_too() {
    let plan = Plan::new(Size::Small, 1);
    let mut rings = Rings::new(&plan, NOON);
    rings.forget_urgent();
    let flooded = Moment { seconds: NOON + 60, flood: Some(Flood { since: NOON }) };
    let changes = rings.changes(&plan, flooded, 1000);
    let shelters = changes.iter().filter(|change| matches!(change.thing, Thing::Shelter(_))).count();
    let gauges = changes.iter().filter(|change| matches!(change.thing, Thing::Gauge(_))).count();
    assert_eq!((shelters, gauges), (12, 3), "all of them, whether they have changed or not");
    rings.taken(&changes, NOON + 60);
    rings.forget_urgent();
    let after = rings.changes(&plan, at(NOON + 61), 1000);
    let level = |change: &Change| {
        change.readings.iter().find(|reading| reading.name == "waterLevel").map(|reading| reading.value)
    };
    let levels: Vec<Value> = after.iter().filter_map(level).collect();
    assert!(levels.len() == 3 && levels.iter().all(|level| matches!(level, Value::Hundredths(50..250))), "{levels:?}");
}

#[test]
fn a_slow_city_moves_all_the_same_and_a_still_one_does_not() {
    let plan = Plan::new(Size::Small, 1);
    for (rate, moves) in [(1, true), (0, false)] {
        let mut rings = Rings::new(&plan, NOON - 3600);
        let changes: Vec<usize> = (0..200)
            .map(|second| {
                let changes = rings.changes(&plan, at(NOON + second), rate);
                rings.taken(&changes, NOON + second);
                changes.len()
            })
            .collect();
        assert!(changes.iter().all(|count| *count == usize::from(moves)), "{changes:?}");
    }
}
