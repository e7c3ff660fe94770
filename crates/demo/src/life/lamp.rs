//! Streetlights: on from dusk to dawn, each by its own eye, and a few of them broken.

use super::{Moment, Reading, Tokyo};
use crate::plan::{Block, Plan};

impl Plan {
    pub(super) fn lamp(&self, block: Block, number: u8, now: Moment) -> Vec<Reading> {
        let seed = self.seed_of(block).with(23).with(u64::from(number));
        let wall = Tokyo::at(now.seconds);
        let (rise, set) = wall.sun();
        let eye = seed.with(1).between(-0.15, 0.15);
        let is_night = wall.hour() < rise - 0.2 + eye || wall.hour() > set + 0.2 + eye;
        // One in a hundred is broken, for some weeks.
        let fortnight = (wall.day + seed.with(2).below(14) as i64).div_euclid(14);
        let is_broken = seed.with(3).with(fortnight as u64).chance(0.01);
        let light = if is_night && !is_broken { seed.with(4).between(0.8, 1.0) } else { 0.0 };
        vec![
            Reading::word("powerState", if is_night { "on" } else { "off" }),
            Reading::hundredths("illuminanceLevel", light, "C62"),
            Reading::word("status", if is_broken { "defectiveLamp" } else { "ok" }),
        ]
    }
}
