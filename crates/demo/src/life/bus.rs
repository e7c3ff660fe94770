//! Buses: whole rounds by a timetable, a pause at every stop, and a delay that grows with traffic and rain.
//!
//! Every second bus runs through the night, so that something moves whenever somebody looks.

use super::{Moment, Reading, Tokyo, Value};
use crate::plan::{Plan, Route, smooth};

/// The first departure and the end of service, in seconds of the day.
const FIRST: i64 = 5 * 3600 + 1800;
const LAST: i64 = 23 * 3600 + 1800;
/// How long a bus stands at a stop, in seconds, and how fast it is between two, in metres a second.
const STANDS: f64 = 18.0;
const PACE: f64 = 7.2;
/// The most minutes of delay.
const LATE: f64 = 6.0;

/// Where a bus is in its round.
struct Travel {
    mile: f64,
    speed: f64,
}

/// The first departure and the end of service, as a timetable has them.
pub(crate) fn hours() -> [String; 2] {
    [FIRST, LAST].map(|second| format!("{:02}:{:02}", second / 3600, second / 60 % 60))
}

impl Plan {
    /// How long one round of a route takes, in seconds.
    fn round(route: &Route) -> i64 {
        (route.length() / PACE + STANDS * route.stops.len() as f64) as i64 + 60
    }

    /// How many seconds lie between two buses of a route.
    pub(crate) fn headway(&self, route: &Route) -> i64 {
        Self::round(route) / self.figures().buses as i64
    }

    pub(super) fn bus(&self, route: u8, number: u8, now: Moment) -> Vec<Reading> {
        let line = &self.routes[usize::from(route)];
        let delay = self.delay(route, number, now);
        let (round, offset) = (Self::round(line), i64::from(number) * self.headway(line));
        let second = Tokyo::at(now.seconds).second - FIRST;
        let rounds = (LAST - FIRST - offset) / round;
        let runs_all_night = number.is_multiple_of(2);
        let departed = if runs_all_night { now.seconds - offset } else { second - offset } as f64 - delay * 60.0;
        let is_under_way = runs_all_night || (departed >= 0.0 && departed < (rounds * round) as f64);
        let travel =
            if is_under_way { travel(line, departed % round as f64) } else { Travel { mile: 0.0, speed: 0.0 } };
        let here = line.at(travel.mile);
        vec![
            Reading { name: "location", value: Value::Place(here.at.place()), unit: None },
            Reading { name: "bearing", value: Value::Whole(here.bearing), unit: Some("DD") },
            Reading::whole("speed", travel.speed * 3.6, Some("KMH")),
            Reading::whole("delay", if is_under_way { delay.floor() } else { 0.0 }, Some("MIN")),
        ]
    }

    /// Minutes of delay. It never changes as fast as time passes, so that a bus does not drive backwards.
    fn delay(&self, route: u8, number: u8, now: Moment) -> f64 {
        let seed = self.seed.with(27).with(u64::from(route)).with(u64::from(number));
        let wall = Tokyo::at(now.seconds);
        let rush = wall.between(7.0, 9.5).max(wall.between(16.5, 19.5)) * if wall.is_weekend() { 0.3 } else { 1.0 };
        let wet = (self.rain(now.seconds) / 8.0).min(1.0);
        LATE * seed.wander(now.seconds, 3600) * (0.25 + 0.45 * rush + 0.3 * wet)
    }
}

/// From stop to stop: a pause, then off, up to speed and to a halt.
fn travel(route: &Route, seconds: f64) -> Travel {
    let mut left = seconds;
    for (index, stop) in route.stops.iter().enumerate() {
        if left < STANDS {
            return Travel { mile: stop.mile, speed: 0.0 };
        }
        left -= STANDS;
        let next = route.stops.get(index + 1).map_or(route.length(), |next| next.mile);
        let (way, time) = (next - stop.mile, (next - stop.mile) / PACE);
        if left < time {
            let part = left / time;
            return Travel { mile: stop.mile + way * smooth(part), speed: 6.0 * part * (1.0 - part) * PACE };
        }
        left -= time;
    }
    Travel { mile: 0.0, speed: 0.0 }
}
