//! Days, weeks and weather of the city, and that nothing jumps.

use super::*;
use crate::plan::{RoomAt, Size, Use};

/// 2026-06-03T00:00:00Z, a Wednesday: nine in the morning in Japan.
const MORNING: i64 = 1_780_444_800;
const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

fn at(seconds: i64) -> Moment {
    Moment { seconds, flood: None }
}

fn things(plan: &Plan, wanted: fn(&Thing) -> bool) -> Vec<Thing> {
    (0..plan.parts()).flat_map(|part| plan.part(part)).filter(wanted).collect()
}

fn value(readings: &[Reading], name: &str) -> Value {
    readings.iter().find(|reading| reading.name == name).map(|reading| reading.value).unwrap()
}

fn number(readings: &[Reading], name: &str) -> i64 {
    match value(readings, name) {
        Value::Whole(value) | Value::Tenths(value) | Value::Hundredths(value) => value,
        other => panic!("{name}: {other:?}"),
    }
}

fn word(readings: &[Reading], name: &str) -> &'static str {
    match value(readings, name) {
        Value::Word(word) => word,
        other => panic!("{name}: {other:?}"),
    }
}

#[test]
fn clocks_are_those_of_japan() {
    let wall = Tokyo::at(MORNING);
    assert!((wall.hour() - 9.0).abs() < 1e-9 && !wall.is_weekend());
    // Saturday begins at midnight in Japan, not in Greenwich.
    let friday_at_23 = MORNING + 2 * DAY + 14 * HOUR;
    let weekend = [0, 1, 48, 49].map(|hours| Tokyo::at(friday_at_23 + hours * HOUR).is_weekend());
    assert_eq!(weekend, [false, true, true, false]);
    let (rise, set) = wall.sun();
    assert!((4.4..4.9).contains(&rise) && (18.7..19.2).contains(&set), "{rise} {set}");
    let (rise, set) = Tokyo::at(MORNING + 201 * DAY).sun();
    assert!((6.6..7.1).contains(&rise) && (16.5..17.0).contains(&set), "{rise} {set}");
}

#[test]
fn lamps_burn_at_night_alone_and_change_twice_a_day() {
    let plan = Plan::new(Size::Small, 1);
    for lamp in things(&plan, |thing| matches!(thing, Thing::Streetlight { .. })).into_iter().take(60) {
        let state = |minute: i64| word(&plan.live(lamp, at(MORNING + minute * 60)), "powerState");
        let states: Vec<_> = (0..48 * 60).map(state).collect();
        let changes = states.windows(2).filter(|pair| pair[0] != pair[1]).count();
        assert_eq!((states[0], states[14 * 60], changes), ("off", "on", 4), "{lamp:?}");
    }
}

#[test]
fn a_few_lamps_and_sensors_are_broken() {
    let plan = Plan::new(Size::City, 1);
    let share = |things: &[Thing], attribute: &str, broken: &str| {
        let is_broken = |thing: &&Thing| word(&plan.live(**thing, at(MORNING)), attribute) == broken;
        things.iter().filter(is_broken).count() as f64 / things.len() as f64
    };
    let lamps = share(&things(&plan, |thing| matches!(thing, Thing::Streetlight { .. })), "status", "defectiveLamp");
    let sensors = share(&things(&plan, |thing| matches!(thing, Thing::Device(_))), "deviceState", "fault");
    assert!((0.004..0.02).contains(&lamps) && (0.002..0.012).contains(&sensors), "{lamps} {sensors}");
}

#[test]
fn a_bus_moves_as_fast_as_a_bus() {
    let plan = Plan::new(Size::Small, 1);
    for bus in things(&plan, |thing| matches!(thing, Thing::Bus { .. })) {
        let place = |second: i64| match value(&plan.live(bus, at(MORNING + second)), "location") {
            Value::Place(place) => place,
            other => panic!("{other:?}"),
        };
        let mut moved = 0;
        for second in 0..3000 {
            let (from, to) = (place(second), place(second + 1));
            let step = (from.longitude - to.longitude).abs().max((from.latitude - to.latitude).abs());
            // 1e-7 degrees are about a centimetre: no more than 60 km/h.
            assert!(step < 1700, "{bus:?} {second} {step}");
            moved += i32::from(step > 0);
        }
        assert!(moved > 1500, "{bus:?} {moved}");
    }
}

#[test]
fn some_buses_run_at_any_hour() {
    let plan = Plan::new(Size::Small, 1);
    let buses = things(&plan, |thing| matches!(thing, Thing::Bus { .. }));
    for hour in 0..24 {
        let place = |bus: Thing, second: i64| value(&plan.live(bus, at(MORNING + hour * HOUR + second)), "location");
        let moving = buses.iter().filter(|bus| place(**bus, 0) != place(**bus, 40)).count();
        assert!(moving >= 2, "{hour}: {moving}");
    }
}

#[test]
fn schools_are_full_in_the_morning_and_empty_at_night() {
    let plan = Plan::new(Size::Small, 1);
    let is_school = |at: RoomAt| plan.use_of(at.parcel.block) == Use::School;
    let rooms = things(&plan, |thing| matches!(thing, Thing::Room(at) if at.floor == 2));
    let rooms: Vec<Thing> =
        rooms.into_iter().filter(|room| matches!(room, Thing::Room(at) if is_school(*at))).collect();
    let people =
        |seconds: i64| rooms.iter().map(|room| number(&plan.live(*room, at(seconds)), "occupancy")).sum::<i64>();
    assert!(people(MORNING + HOUR) > 5 * rooms.len() as i64, "{}", people(MORNING + HOUR));
    assert_eq!((people(MORNING + 13 * HOUR), people(MORNING + 3 * DAY + HOUR)), (0, 0));
}

#[test]
fn some_rooms_are_above_28_degrees_in_any_season() {
    let plan = Plan::new(Size::Small, 1);
    let rooms = things(&plan, |thing| matches!(thing, Thing::Room(_)));
    for month in 0..12 {
        let now = at(MORNING + month * 30 * DAY);
        let warm = rooms.iter().filter(|room| number(&plan.live(**room, now), "temperature") > 280).count();
        assert!(warm >= 5 && warm < rooms.len() / 3, "{month}: {warm} of {}", rooms.len());
    }
}

#[test]
fn rooms_do_not_jump() {
    let plan = Plan::new(Size::Small, 1);
    for room in things(&plan, |thing| matches!(thing, Thing::Room(_))).into_iter().step_by(17) {
        let warmth = |minute: i64| number(&plan.live(room, at(MORNING + minute * 60)), "temperature");
        for minute in 0..24 * 60 {
            assert!((warmth(minute) - warmth(minute + 1)).abs() <= 8, "{room:?} {minute}");
        }
    }
}

#[test]
fn without_a_flood_the_river_stays_within_its_banks_all_year() {
    let plan = Plan::new(Size::Small, 1);
    for gauge in things(&plan, |thing| matches!(thing, Thing::Gauge(_))) {
        for hour in 0..24 * 365 {
            let readings = plan.live(gauge, at(MORNING + hour * HOUR));
            let (level, stage) = (number(&readings, "waterLevel"), word(&readings, "alertStage"));
            assert!((50..300).contains(&level) && matches!(stage, "normal" | "standby"), "{gauge:?} {hour} {level}");
        }
    }
}

#[test]
fn a_flood_passes_every_threshold_opens_the_shelters_and_goes() {
    let plan = Plan::new(Size::Small, 1);
    let moment = |second: i64| Moment { seconds: MORNING + second, flood: Some(Flood { since: MORNING }) };
    for gauge in things(&plan, |thing| matches!(thing, Thing::Gauge(_))) {
        let stage = |second: i64| word(&plan.live(gauge, moment(second)), "alertStage");
        let up = ["normal", "standby", "caution", "evacuation", "danger"];
        // A ripple may cross a threshold more than once on the way.
        let first = |name: &str| (0..700).position(|second| stage(second) == name);
        let last = |name: &str| (0..700).rposition(|second: usize| stage(second as i64) == name);
        assert!(
            up.windows(2).all(|pair| first(pair[0]) < first(pair[1]) && last(pair[0]) > last(pair[1])),
            "{gauge:?}"
        );
        assert!(first("danger") < Some(220) && last("standby") < Some(650), "{gauge:?}");
    }
    for shelter in things(&plan, |thing| matches!(thing, Thing::Shelter(_))) {
        let readings = |second: i64| plan.live(shelter, moment(second));
        let state = |second: i64| (word(&readings(second), "status"), number(&readings(second), "occupancy"));
        assert_eq!((state(0), state(590)), (("closed", 0), ("closed", 0)));
        assert!(state(250).0 == "open" && state(250).1 > 20, "{:?}", state(250));
    }
    for station in things(&plan, |thing| matches!(thing, Thing::Weather(_))) {
        assert_eq!(word(&plan.live(station, moment(100)), "weatherType"), "heavyRain");
    }
}

#[test]
fn it_rains_on_some_days_and_is_dry_on_most() {
    let plan = Plan::new(Size::Small, 1);
    let hours = 24 * 365;
    let wet = (0..hours).filter(|hour| plan.rain(MORNING + hour * HOUR) > 0.5).count() as f64 / hours as f64;
    assert!((0.04..0.3).contains(&wet), "{wet}");
    let warmth = || (0..hours).map(|hour| plan.warmth(MORNING + hour * HOUR));
    let (low, high) = (warmth().fold(99.0, f64::min), warmth().fold(-99.0, f64::max));
    assert!((-3.0..5.0).contains(&low) && (29.0..37.0).contains(&high), "{low} {high}");
}
