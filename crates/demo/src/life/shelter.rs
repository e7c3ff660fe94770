//! Evacuation shelters: closed, until a flood calls people out.

use super::{Moment, Reading};
use crate::plan::{Block, Plan};

impl Plan {
    /// How many people a shelter takes.
    pub(crate) fn shelter_capacity(&self, block: Block) -> i64 {
        150 + 10 * self.seed_of(block).with(25).below(36) as i64
    }

    pub(super) fn shelter(&self, block: Block, now: Moment) -> Vec<Reading> {
        let is_open = now.flood.is_some_and(|flood| flood.calls_out(now.seconds));
        let comes = self.seed_of(block).with(26).between(0.25, 0.8) * self.shelter_capacity(block) as f64;
        let there = now.flood.filter(|_| is_open).map_or(0.0, |flood| flood.sheltered(now.seconds) * comes);
        vec![
            Reading::word("status", if is_open { "open" } else { "closed" }),
            Reading::whole("occupancy", there.floor(), None),
        ]
    }
}
