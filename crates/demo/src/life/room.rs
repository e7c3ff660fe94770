//! Rooms: people by hour and day, warmth by people, heating and weather, and the sensors that tell of it.

use super::{Moment, Reading, Tokyo};
use crate::plan::{Building, Kind, Plan, RoomAt, Seed};

/// How long a sensor that has failed stays so: until somebody comes.
const FAULT: i64 = 2 * 86_400;
/// The share of sensors that have failed.
const FAULTS: f64 = 0.006;
/// How long a battery lasts, in seconds.
const BATTERY: i64 = 600 * 86_400;

impl Plan {
    pub(super) fn room(&self, at: RoomAt, now: Moment) -> Vec<Reading> {
        let Some(building) = self.building(at.parcel) else { return Vec::new() };
        let seed = room_seed(&building, at);
        // A sensor that has failed tells what it saw last.
        let seconds = fault_since(seed, now.seconds).unwrap_or(now.seconds);
        let wall = Tokyo::at(seconds);
        let used = used(building.kind, wall);
        let seats = seats(building.kind, seed);
        let crowd = used * seed.with(2).wander(seconds, 1500).max(0.15);
        let people = if building.is_plant(at) { 0.0 } else { seats * crowd };
        let mut warmth = self.indoors(seed, used, seconds) + 0.05 * people;
        if building.is_plant(at) {
            warmth = 29.4 + seed.with(3).between(0.0, 1.6) + 0.6 * seed.with(4).wander(seconds, 1300);
        }
        let stale = 25.0 * seed.with(5).wander(seconds, 800);
        let co2 = 420.0 + stale + if people > 0.0 { 900.0 * crowd * seed.with(6).between(0.5, 1.0) } else { 0.0 };
        vec![
            Reading::tenths("temperature", warmth, "CEL"),
            Reading::whole("occupancy", people.floor(), None),
            Reading::whole("co2", (co2 / 5.0).floor() * 5.0, Some("59")),
        ]
    }

    pub(super) fn device(&self, at: RoomAt, now: Moment) -> Vec<Reading> {
        let Some(building) = self.building(at.parcel) else { return Vec::new() };
        let seed = room_seed(&building, at);
        let is_faulty = fault_since(seed, now.seconds).is_some();
        let age = (now.seconds + seed.with(7).below(BATTERY as usize) as i64).rem_euclid(BATTERY);
        let charge = 1.0 - 0.93 * age as f64 / BATTERY as f64;
        vec![
            Reading::hundredths("batteryLevel", charge, "C62"),
            Reading::word("deviceState", if is_faulty { "fault" } else { "ok" }),
        ]
    }

    /// The temperature of a room that nobody is in, heated or cooled while the house is used.
    fn indoors(&self, seed: Seed, used: f64, seconds: i64) -> f64 {
        let outdoors = self.warmth(seconds);
        let kept = (20.5 + 0.22 * (outdoors - 10.0)).clamp(20.0, 26.5);
        let left = 0.6 * 20.0 + 0.4 * outdoors;
        let own = seed.with(8).between(-1.0, 1.0) + 0.9 * (seed.with(9).wander(seconds, 1100) - 0.5);
        left + (kept - left) * used.min(0.5) * 2.0 + own
    }
}

fn room_seed(building: &Building, at: RoomAt) -> Seed {
    building.seed().with(40).with(u64::from(at.floor)).with(u64::from(at.number))
}

/// Since when the sensor has failed, if it has.
fn fault_since(seed: Seed, seconds: i64) -> Option<i64> {
    let shift = seed.with(10).below(FAULT as usize) as i64;
    let turn = (seconds + shift).div_euclid(FAULT);
    seed.with(11).with(turn as u64).chance(FAULTS).then_some(turn * FAULT - shift)
}

/// How much a kind of building is used at an hour, from 0 to 1.
fn used(kind: Kind, wall: Tokyo) -> f64 {
    let is_weekend = wall.is_weekend();
    match kind {
        Kind::School if is_weekend => 0.0,
        Kind::School => wall.between(8.3, 15.6),
        Kind::Hall if is_weekend => 0.9 * wall.between(9.5, 17.0),
        Kind::Hall => (0.4 * wall.between(9.5, 12.0)).max(0.8 * wall.between(18.0, 21.0)),
        Kind::CityHall | Kind::Office | Kind::Works if is_weekend => 0.04,
        Kind::CityHall => wall.between(8.5, 17.4),
        Kind::Office | Kind::Works => wall.between(8.8, 18.4),
        Kind::Hospital => 0.3 + 0.6 * wall.between(8.5, 17.0),
        Kind::Shop => wall.between(9.5, 20.0),
        Kind::Apartments | Kind::House => 0.9 - 0.6 * wall.between(8.5, 18.0) * if is_weekend { 0.4 } else { 1.0 },
    }
}

/// How many people a room takes.
fn seats(kind: Kind, seed: Seed) -> f64 {
    let (low, high) = match kind {
        Kind::School => (24.0, 36.0),
        Kind::Hall => (12.0, 40.0),
        Kind::CityHall | Kind::Office | Kind::Works => (6.0, 28.0),
        Kind::Hospital => (3.0, 8.0),
        Kind::Shop => (10.0, 45.0),
        Kind::Apartments | Kind::House => (1.0, 5.0),
    };
    seed.with(1).between(low, high)
}
