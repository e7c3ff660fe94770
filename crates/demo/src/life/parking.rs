//! Parking: full by day, empty by night, each spot with its own coming and going.

use super::{Moment, Reading, Tokyo, Value};
use crate::plan::{Block, Plan};

impl Plan {
    pub(super) fn spot(&self, block: Block, number: u8, now: Moment) -> Vec<Reading> {
        let is_taken = self.is_taken(block, number, now.seconds);
        vec![Reading::word("status", if is_taken { "occupied" } else { "free" })]
    }

    pub(super) fn car_park(&self, block: Block, now: Moment) -> Vec<Reading> {
        let spots = 0..self.figures().spots;
        let free = spots.filter(|number| !self.is_taken(block, *number, now.seconds)).count();
        vec![Reading { name: "availableSpotNumber", value: Value::Whole(free as i64), unit: None }]
    }

    fn is_taken(&self, block: Block, number: u8, seconds: i64) -> bool {
        let seed = self.seed_of(block).with(24).with(u64::from(number));
        // A car stays for half an hour to two hours; then comes the next one, or none.
        let stay = 1800 + seed.with(1).below(5400) as i64;
        let turn = (seconds + seed.with(2).below(5400) as i64).div_euclid(stay);
        let came = Tokyo::at(turn * stay);
        let near = 1.0 / (1.0 + self.district_of(block).remoteness as f64);
        let (from, to, most) = if came.is_weekend() { (10.0, 19.0, 0.85) } else { (8.0, 18.5, 0.75) };
        let share = 0.12 + (most - 0.12 + 0.1 * near) * came.between(from, to);
        seed.with(3).with(turn as u64).chance(share)
    }
}
