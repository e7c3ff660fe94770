//! What everything that moves is at a time: a pure function of seed, thing and time.
//!
//! Nothing is remembered from one moment to the next, so that a simulator which starts again goes on where time is.

mod air;
mod bus;
mod flood;
mod lamp;
mod parking;
mod reading;
mod river;
mod room;
mod shelter;
mod sky;
mod tokyo;

pub(crate) use bus::hours as bus_hours;
pub(crate) use flood::Flood;
pub(crate) use reading::{Reading, Value};
pub(crate) use tokyo::Tokyo;

use crate::plan::{Plan, Thing};

/// A moment of the city: a time, and the flood if somebody has started one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    /// Seconds since 1970-01-01T00:00:00Z.
    pub(crate) seconds: i64,
    pub(crate) flood: Option<Flood>,
}

impl Plan {
    /// The attributes of a thing that change, as they are at a moment; none for what only stands there.
    pub(crate) fn live(&self, thing: Thing, now: Moment) -> Vec<Reading> {
        match thing {
            Thing::Bus { route, number } => self.bus(route, number, now),
            Thing::Room(at) => self.room(at, now),
            Thing::Device(at) => self.device(at, now),
            Thing::Streetlight { block, number } => self.lamp(block, number, now),
            Thing::CarPark(block) => self.car_park(block, now),
            Thing::Spot { block, number } => self.spot(block, number, now),
            Thing::Gauge(number) => self.gauge_reading(number, now),
            Thing::Weather(district) => self.weather(district, now),
            Thing::Air(district) => self.air(district, now),
            Thing::Shelter(block) => self.shelter(block, now),
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests;
