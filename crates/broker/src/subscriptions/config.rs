//! `[subscriptions]`: how notifications are sent, held back, repeated and given up.

use std::time::Duration;

/// The settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubscriptionsConfig {
    /// Notifications under way at once.
    pub in_flight: usize,
    /// Notifications under way at once to one machine.
    pub in_flight_per_host: usize,
    /// Notifications under way at once to one address.
    pub in_flight_per_endpoint: usize,
    /// Notifications in memory that are neither under way nor written down as waiting.
    pub held: usize,
    /// How long a receiver has where its subscription names no time, in milliseconds.
    pub timeout_millis: u64,
    /// The longest time that a subscription may name, in milliseconds.
    pub timeout_millis_max: u64,
    /// How long a notification waits in memory for its turn before it is written down, in milliseconds.
    pub park_after_millis: u64,
    /// How long the first rest after a failure is, in milliseconds; each further one is twice as long.
    pub retry_millis: u64,
    /// The longest rest, in milliseconds.
    pub retry_millis_max: u64,
    /// How often a notification is tried before it becomes a dead letter.
    pub attempts: u64,
    /// How old a notification may be that is still tried, in seconds.
    pub give_up_seconds: u64,
    /// How long dead letters are kept, in seconds.
    pub dead_letter_seconds: u64,
    /// The most entities in one notification.
    pub entities_per_notification: usize,
    /// How often the place in the feed is written down, in milliseconds: what may be sent twice after a crash.
    pub cursor_millis: u64,
    /// How often numbers of subscriptions are written down, in milliseconds.
    pub figures_millis: u64,
    /// Readers of the live feed at once.
    pub live_readers: usize,
}

impl Default for SubscriptionsConfig {
    fn default() -> Self {
        Self {
            in_flight: 512,
            in_flight_per_host: 64,
            in_flight_per_endpoint: 16,
            held: 20_000,
            timeout_millis: 5_000,
            timeout_millis_max: 60_000,
            park_after_millis: 1_000,
            retry_millis: 500,
            retry_millis_max: 60_000,
            attempts: 10,
            give_up_seconds: 24 * 3600,
            dead_letter_seconds: 7 * 24 * 3600,
            entities_per_notification: 100,
            cursor_millis: 1_000,
            figures_millis: 10_000,
            live_readers: 200,
        }
    }
}

impl SubscriptionsConfig {
    /// How long a receiver has.
    pub(crate) fn patience(&self, wished: Option<Duration>) -> Duration {
        let default = Duration::from_millis(self.timeout_millis);
        wished.unwrap_or(default).min(Duration::from_millis(self.timeout_millis_max))
    }

    /// How long to rest after this many failures in a row; `dice` is between 0 and 1.
    pub(crate) fn rest(&self, failures: u32, dice: f64) -> Duration {
        let doubled =
            self.retry_millis.saturating_mul(1_u64.checked_shl(failures.saturating_sub(1)).unwrap_or(u64::MAX));
        let longest = doubled.min(self.retry_millis_max).max(1) as f64;
        // Between half and the whole, so that receivers that failed together are not tried together.
        Duration::from_secs_f64(longest * (0.5 + dice.clamp(0.0, 1.0) / 2.0) / 1000.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rests_double_up_to_the_longest() {
        let config = SubscriptionsConfig::default();
        assert_eq!(config.rest(1, 1.0), Duration::from_millis(500));
        assert_eq!(config.rest(3, 0.0), Duration::from_secs(1));
        assert_eq!(config.rest(200, 1.0), Duration::from_mins(1));
        assert_eq!(config.patience(Some(Duration::MAX)), Duration::from_mins(1));
    }
}
