//! The river's level: its usual one, what the rain of the last hours adds, and the flood.

use super::flood::LAG;
use super::{Moment, Reading, Value};
use crate::plan::Plan;

/// The four levels of a Japanese river gauge in centimetres: 水防団待機水位, 氾濫注意水位, 避難判断水位, 氾濫危険水位.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Thresholds {
    pub(crate) standby: i64,
    pub(crate) caution: i64,
    pub(crate) evacuation: i64,
    pub(crate) danger: i64,
}

/// How many hours of rain still run down the river.
const HOURS: i64 = 10;

impl Thresholds {
    /// What a level means, in centimetres.
    pub(crate) fn stage(self, level: i64) -> &'static str {
        match level {
            level if level >= self.danger => "danger",
            level if level >= self.evacuation => "evacuation",
            level if level >= self.caution => "caution",
            level if level >= self.standby => "standby",
            _ => "normal",
        }
    }
}

impl Plan {
    /// The levels of a gauge.
    pub(crate) fn thresholds(&self, gauge: u8) -> Thresholds {
        let seed = self.seed.with(21).with(u64::from(gauge));
        let standby = 200 + 10 * seed.with(1).below(6) as i64;
        let caution = standby + 60 + 10 * seed.with(2).below(4) as i64;
        let evacuation = caution + 70 + 10 * seed.with(3).below(4) as i64;
        let danger = evacuation + 40 + 10 * seed.with(4).below(3) as i64;
        Thresholds { standby, caution, evacuation, danger }
    }

    pub(super) fn gauge_reading(&self, gauge: u8, now: Moment) -> Vec<Reading> {
        let seed = self.seed.with(21).with(u64::from(gauge));
        let thresholds = self.thresholds(gauge);
        // The flood reaches the gauges from the mountains down; the first is the one at the mouth.
        let last = self.figures().gauges as i64 - 1;
        let lag = LAG * (last - i64::from(gauge)) / last.max(1);
        let rained: f64 = (0..HOURS)
            .map(|hour| self.rain(now.seconds - lag - hour * 3600) * (1.0 - hour as f64 / HOURS as f64))
            .sum();
        let usual = 0.7 + seed.with(5).between(0.0, 0.3) + 0.016 * rained;
        let ripple = 0.05 * (seed.with(6).wander(now.seconds, 45) - 0.5);
        let crest = thresholds.danger as f64 / 100.0 + 0.35 - usual;
        let surge = now.flood.map_or(0.0, |flood| flood.surge(now.seconds, lag));
        let level = Reading::hundredths("waterLevel", usual + ripple + crest * surge, "MTR");
        let centimetres = if let Value::Hundredths(level) = level.value { level } else { 0 };
        vec![level, Reading::word("alertStage", thresholds.stage(centimetres))]
    }
}
