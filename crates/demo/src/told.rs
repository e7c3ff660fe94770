//! The city as batches of entities, and what is in it, for whoever asks without a running Machi.

use machi_types::Timestamp;

use crate::life::Moment;
use crate::plan::{Block, Plan, Size, Thing};

/// The whole city as it is at a time, in JSON arrays of at most `most` entities.
pub fn batches(size: Size, seed: u64, at: Timestamp, most: usize) -> impl Iterator<Item = Vec<u8>> {
    let plan = Plan::new(size, seed);
    let now = Moment { seconds: at.micros().div_euclid(1_000_000), flood: None };
    (0..plan.parts()).flat_map(move |part| {
        let things = plan.part(part);
        let batch = |things: &[_]| batch(&plan, things, now);
        things.chunks(most.max(1)).map(batch).collect::<Vec<_>>()
    })
}

/// The id of a streetlight of the city, to begin with.
pub fn a_streetlight(size: Size, seed: u64) -> String {
    let first = Block { district: 0, number: 0 };
    Plan::new(size, seed).id(Thing::Streetlight { block: first, number: 0 })
}

/// A JSON array of these things.
pub(crate) fn batch(plan: &Plan, things: &[Thing], now: Moment) -> Vec<u8> {
    let mut body = Vec::with_capacity(things.len() * 640);
    for (index, thing) in things.iter().enumerate() {
        body.push(if index == 0 { b'[' } else { b',' });
        plan.write(*thing, now, &mut body);
    }
    body.push(b']');
    body
}
