//! Entities: what the plan and the life of the city look like in NGSI-LD, after the Smart Data Models.

mod draft;
mod ids;
mod past;
mod standing;

pub(crate) use draft::Draft;
pub(crate) use ids::{DEMO, FLOOD};
pub(crate) use past::{FIRST_WITHIN, MONTH};

use crate::life::{Moment, Reading};
use crate::plan::{Plan, Thing};

impl Plan {
    /// Appends a whole entity, as it is at a moment.
    pub(crate) fn write(&self, thing: Thing, now: Moment, out: &mut Vec<u8>) {
        let mut draft = Draft::open(out, Self::kind(thing), &self.id(thing));
        self.standing(thing, &mut draft);
        for reading in self.live(thing, now) {
            draft.reading(&reading, now.seconds);
        }
        draft.close();
    }

    /// Appends a fragment with these attributes alone.
    pub(crate) fn write_change(&self, thing: Thing, readings: &[Reading], seconds: i64, out: &mut Vec<u8>) {
        let mut draft = Draft::open(out, Self::kind(thing), &self.id(thing));
        readings.iter().for_each(|reading| draft.reading(reading, seconds));
        draft.close();
    }
}
