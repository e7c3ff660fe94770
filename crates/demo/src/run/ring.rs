//! Things that are looked at in turn, and what of them has changed since they were last told.

use crate::life::{Moment, Reading};
use crate::plan::{Plan, Thing};

/// Things that take turns.
#[derive(Debug)]
pub(super) struct Ring {
    things: Vec<Thing>,
    /// The second as of which each was last told; none where nobody knows.
    told: Vec<Option<i64>>,
    next: usize,
    /// How many seconds one turn of all takes.
    round: usize,
    /// The share of all changes that these may make.
    share: f64,
}

/// What has changed of a thing.
#[derive(Debug)]
pub(super) struct Change {
    ring: usize,
    place: usize,
    pub(super) thing: Thing,
    pub(super) readings: Vec<Reading>,
}

/// All rings of a city, those first that people watch.
#[derive(Debug)]
pub(super) struct Rings(Vec<Ring>);

impl Rings {
    /// Everything that moves, as it was told last at a second.
    pub(super) fn new(plan: &Plan, told: i64) -> Self {
        let [mut urgent, mut buses, mut lamps, mut parking, mut rooms] = [const { Vec::new() }; 5];
        for thing in (0..plan.parts()).flat_map(|part| plan.part(part)) {
            match thing {
                Thing::Gauge(_) | Thing::Weather(_) | Thing::Shelter(_) => urgent.push(thing),
                Thing::Bus { .. } => buses.push(thing),
                Thing::Streetlight { .. } => lamps.push(thing),
                Thing::Air(_) | Thing::CarPark(_) | Thing::Spot { .. } => parking.push(thing),
                Thing::Room(_) | Thing::Device(_) => rooms.push(thing),
                _ => {}
            }
        }
        let ring = |things: Vec<Thing>, round, share| Ring {
            told: vec![Some(told); things.len()],
            things,
            next: 0,
            round,
            share,
        };
        Self(vec![
            ring(urgent, 1, 1.0),
            ring(buses, 1, 0.65),
            ring(lamps, 60, 0.25),
            ring(parking, 20, 0.2),
            ring(rooms, 40, 1.0),
        ])
    }

    /// What has changed up to now, of those whose turn it is; at most `rate` attributes.
    pub(super) fn changes(&mut self, plan: &Plan, now: Moment, rate: u32) -> Vec<Change> {
        let mut left = rate as usize;
        let mut changes = Vec::new();
        for (number, ring) in self.0.iter_mut().enumerate() {
            let most = left.min((f64::from(rate) * ring.share).ceil() as usize);
            left = left.saturating_sub(ring.turn(number, plan, now, most, &mut changes));
        }
        changes
    }

    /// Notes that these changes were taken.
    pub(super) fn taken(&mut self, changes: &[Change], seconds: i64) {
        for change in changes {
            self.0[change.ring].told[change.place] = Some(seconds);
        }
    }

    /// Forgets what was told of the river, the weather and the shelters: a flood has begun or ended.
    pub(super) fn forget_urgent(&mut self) {
        self.0[0].told.fill(None);
    }
}

impl Ring {
    /// Looks at the next ones and gives how many attributes have changed.
    fn turn(&mut self, ring: usize, plan: &Plan, now: Moment, most: usize, changes: &mut Vec<Change>) -> usize {
        let mut changed = 0;
        for _ in 0..self.things.len().div_ceil(self.round) {
            let (place, thing) = (self.next, self.things[self.next]);
            let readings = self.changed(plan, place, now);
            // A thing with more changes than the rate still has its turn, or nothing would come after it.
            let is_alone = changes.is_empty() && most > 0;
            if changed + readings.len() > most && !is_alone {
                break;
            }
            self.next = (self.next + 1) % self.things.len();
            changed += readings.len();
            if !readings.is_empty() {
                changes.push(Change { ring, place, thing, readings });
            }
        }
        changed
    }

    /// The attributes that are not as they were told.
    fn changed(&self, plan: &Plan, place: usize, now: Moment) -> Vec<Reading> {
        let thing = self.things[place];
        let mut readings = plan.live(thing, now);
        if let Some(seconds) = self.told[place] {
            let before = plan.live(thing, Moment { seconds, ..now });
            readings.retain(|reading| !before.contains(reading));
        }
        readings
    }
}

#[cfg(test)]
mod tests;
