//! The air: traffic by hour, ozone by sun, washed by rain and wind.

use super::{Moment, Reading, Tokyo};
use crate::plan::Plan;

impl Plan {
    pub(super) fn air(&self, district: u16, now: Moment) -> Vec<Reading> {
        let wall = Tokyo::at(now.seconds);
        let seed = self.seed.with(22).with(u64::from(district));
        let near = 1.0 / (1.0 + self.districts[usize::from(district)].remoteness as f64);
        let traffic = wall.between(7.0, 9.5).max(wall.between(17.0, 19.5)) * if wall.is_weekend() { 0.4 } else { 1.0 };
        let washed = 1.0 / (1.0 + 0.3 * self.rain(now.seconds));
        let haze = self.seed.with(22).wander(now.seconds, 40 * 3600);
        let breath = |question, period| seed.with(question).wander(now.seconds, period);
        let (rise, set) = wall.sun();
        let fine = (4.0 + 18.0 * haze + 6.0 * traffic * near + 4.0 * breath(1, 900)) * washed;
        let nitrogen = 8.0 + 30.0 * traffic * (0.4 + near) + 8.0 * breath(2, 700);
        let ozone =
            (25.0 + 45.0 * wall.between(rise + 3.0, set - 1.0) - 12.0 * traffic + 10.0 * breath(3, 1100)) * washed;
        vec![
            Reading::tenths("pm25", fine, "GQ"),
            Reading::tenths("no2", nitrogen, "GQ"),
            Reading::tenths("o3", ozone, "GQ"),
        ]
    }
}
