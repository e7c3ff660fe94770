//! The weather: seasons, days, and rain that comes and goes.

use super::{Moment, Reading, Tokyo};
use crate::plan::{Plan, Seed, cosine};

const HOUR: i64 = 3600;

impl Plan {
    fn sky(&self) -> Seed {
        self.seed.with(20)
    }

    /// The air's temperature in degrees Celsius.
    pub(super) fn warmth(&self, seconds: i64) -> f64 {
        let wall = Tokyo::at(seconds);
        // Coldest at the end of January, and at five in the morning.
        let season = 16.5 - 11.0 * cosine(wall.year() - 0.07);
        let day = 4.2 * cosine((wall.hour() - 14.0) / 24.0) * (1.0 - 0.6 * self.cloud(seconds));
        let front = 7.0 * (self.sky().with(1).wander(seconds, 31 * HOUR) - 0.5);
        season + day + front
    }

    /// How much of the sky is covered, from 0 to 1.
    fn cloud(&self, seconds: i64) -> f64 {
        let (front, shower) = (self.sky().with(2), self.sky().with(3));
        (0.75 * front.wander(seconds, 27 * HOUR) + 0.25 * shower.wander(seconds, 2 * HOUR)).clamp(0.0, 1.0)
    }

    /// The rain in millimetres an hour, without any flood.
    pub(super) fn rain(&self, seconds: i64) -> f64 {
        let excess = self.cloud(seconds) - 0.66;
        if excess <= 0.0 { 0.0 } else { excess * 30.0 * self.sky().with(4).wander(seconds, HOUR) }
    }

    /// What a weather station in a district reports.
    pub(super) fn weather(&self, district: u16, now: Moment) -> Vec<Reading> {
        let here = self.sky().with(5).with(u64::from(district));
        let downpour = now.flood.map_or(0.0, |flood| flood.rain(now.seconds));
        let rain = self.rain(now.seconds) * here.with(1).between(0.8, 1.2) + downpour;
        let warmth =
            self.warmth(now.seconds) + here.with(2).between(-0.7, 0.7) + 0.3 * here.with(3).wander(now.seconds, 600)
                - downpour / 30.0;
        let cloud = if downpour > 1.0 { 1.0 } else { self.cloud(now.seconds) };
        let humid = (0.48 + 0.35 * cloud + rain / 60.0).clamp(0.2, 0.99);
        let wind = 1.0
            + 6.0 * self.sky().with(6).wander(now.seconds, 5 * HOUR) * here.with(4).wander(now.seconds, 900)
            + downpour / 8.0;
        let direction =
            360.0 * self.sky().with(7).wander(now.seconds, 19 * HOUR) + 40.0 * here.with(5).wander(now.seconds, 1200);
        vec![
            Reading::tenths("temperature", warmth, "CEL"),
            Reading::hundredths("relativeHumidity", humid, "C62"),
            Reading::tenths("precipitation", rain, "MMT"),
            Reading::tenths("windSpeed", wind, "MTS"),
            Reading::whole("windDirection", (direction / 5.0).floor() * 5.0 % 360.0, Some("DD")),
            Reading::word("weatherType", kind(rain, cloud, now.seconds)),
        ]
    }
}

/// As the Smart Data Models name the weather.
fn kind(rain: f64, cloud: f64, seconds: i64) -> &'static str {
    let wall = Tokyo::at(seconds);
    let (rise, set) = wall.sun();
    let is_day = (rise..set).contains(&wall.hour());
    match (rain, cloud) {
        (rain, _) if rain >= 20.0 => "heavyRain",
        (rain, _) if rain >= 2.0 => "rain",
        (rain, _) if rain >= 0.05 => "lightRain",
        (_, cloud) if cloud > 0.58 => "cloudy",
        (_, cloud) if cloud > 0.4 => {
            if is_day {
                "partlyCloudy"
            } else {
                "slightlyCloudyNight"
            }
        }
        _ => {
            if is_day {
                "sunnyDay"
            } else {
                "clearNight"
            }
        }
    }
}
