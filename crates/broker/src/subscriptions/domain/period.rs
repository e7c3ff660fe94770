//! When periodic notifications are due: at fixed instants counted from the definition, so that neither a restart
//! nor a slow notification shifts them (ETSI GS CIM 009 §5.8.6).

use machi_types::Timestamp;

/// The first instant after `now` that lies a whole number of periods, at least one, after `start`.
pub(crate) fn next_due(start: Timestamp, period: i64, now: Timestamp) -> Timestamp {
    let period = i128::from(period.max(1));
    let elapsed = i128::from(now.micros()) - i128::from(start.micros());
    let periods = elapsed.div_euclid(period).max(0) + 1;
    let due = i128::from(start.micros()) + periods * period;
    Timestamp::from_micros(i64::try_from(due).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_next_instant_is_the_nearest_one_on_the_beat(start in -1_000_i64..1_000, period in 1_i64..100, now in -2_000_i64..5_000) {
            let time = Timestamp::from_micros;
            let due = next_due(time(start), period, time(now)).micros();
            prop_assert_eq!((due - start) % period, 0);
            prop_assert!(due > now && due > start);
            prop_assert!(due - period <= now.max(start));
        }
    }
}
