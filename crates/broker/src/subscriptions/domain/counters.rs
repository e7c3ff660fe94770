//! What a subscription has done: how often and when it notified, and when one was last due (ETSI GS CIM 009 §5.2.14.2).
//!
//! The numbers live in memory, shared by all who count, and are written down now and then.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

use machi_types::{Json, Timestamp, json};

const NEVER: i64 = i64::MIN;
const VERSION: u64 = 1;

/// The living numbers of one subscription.
#[derive(Debug)]
pub(crate) struct Counters {
    sent: AtomicU64,
    failed: AtomicU64,
    last_notification: AtomicI64,
    last_success: AtomicI64,
    last_failure: AtomicI64,
    /// When a notification was last due, as far as the feed is settled; what throttling counts from after a restart.
    last_due: AtomicI64,
    /// Whether anything changed since the numbers were last written down.
    is_dirty: AtomicBool,
}

/// The numbers at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Figures {
    pub(crate) sent: u64,
    pub(crate) failed: u64,
    pub(crate) last_notification: Option<Timestamp>,
    pub(crate) last_success: Option<Timestamp>,
    pub(crate) last_failure: Option<Timestamp>,
    pub(crate) last_due: Option<Timestamp>,
}

impl Default for Counters {
    fn default() -> Self {
        Self::starting_at(&Figures::default())
    }
}

impl Counters {
    /// Counters that go on from these numbers.
    pub(crate) fn starting_at(figures: &Figures) -> Self {
        let time = |time: Option<Timestamp>| AtomicI64::new(time.map_or(NEVER, Timestamp::micros));
        Self {
            sent: AtomicU64::new(figures.sent),
            failed: AtomicU64::new(figures.failed),
            last_notification: time(figures.last_notification),
            last_success: time(figures.last_success),
            last_failure: time(figures.last_failure),
            last_due: time(figures.last_due),
            is_dirty: AtomicBool::new(false),
        }
    }

    /// A notification is sent; §5.8.6 counts it before it is known what the receiver says.
    pub(crate) fn begun(&self, at: Timestamp) {
        self.sent.fetch_add(1, Ordering::Relaxed);
        self.last_notification.fetch_max(at.micros(), Ordering::Relaxed);
        self.is_dirty.store(true, Ordering::Release);
    }

    /// One that was sent was taken.
    pub(crate) fn succeeded(&self, at: Timestamp) {
        self.last_success.fetch_max(at.micros(), Ordering::Relaxed);
        self.is_dirty.store(true, Ordering::Release);
    }

    /// One that was sent was not taken.
    pub(crate) fn failed(&self, at: Timestamp) {
        self.failed.fetch_add(1, Ordering::Relaxed);
        self.last_failure.fetch_max(at.micros(), Ordering::Relaxed);
        self.is_dirty.store(true, Ordering::Release);
    }

    /// The feed is settled up to a notification that was due at this time.
    pub(crate) fn settled(&self, due: Timestamp) {
        if self.last_due.fetch_max(due.micros(), Ordering::Relaxed) < due.micros() {
            self.is_dirty.store(true, Ordering::Release);
        }
    }

    /// The numbers, if they changed since this was last asked.
    pub(crate) fn take_changed(&self) -> Option<Figures> {
        self.is_dirty.swap(false, Ordering::AcqRel).then(|| self.figures())
    }

    /// The numbers could not be written down.
    pub(crate) fn put_back(&self) {
        self.is_dirty.store(true, Ordering::Release);
    }

    /// The numbers now.
    pub(crate) fn figures(&self) -> Figures {
        let time =
            |cell: &AtomicI64| Some(cell.load(Ordering::Relaxed)).filter(|t| *t != NEVER).map(Timestamp::from_micros);
        Figures {
            sent: self.sent.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
            last_notification: time(&self.last_notification),
            last_success: time(&self.last_success),
            last_failure: time(&self.last_failure),
            last_due: time(&self.last_due),
        }
    }
}

impl Figures {
    /// Whether the last attempt succeeded; nothing where there was none.
    pub(crate) fn is_ok(&self) -> Option<bool> {
        match (self.last_success, self.last_failure) {
            (None, None) => None,
            (success, failure) => Some(success >= failure),
        }
    }

    /// The form in which they are kept.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let time = |time: Option<Timestamp>| time.map_or(Json::Null, |time| Json::Number(time.micros().into()));
        let list = vec![
            Json::from(VERSION),
            Json::from(self.sent),
            Json::from(self.failed),
            time(self.last_notification),
            time(self.last_success),
            time(self.last_failure),
            time(self.last_due),
        ];
        Json::Array(list).to_text().into_bytes()
    }

    /// Reads what was kept; what cannot be read counts from nothing.
    pub(crate) fn decode(bytes: &[u8]) -> Self {
        let Ok(list) = json::parse(bytes, 2) else { return Self::default() };
        let Some([version, sent, failed, times @ ..]) = list.as_array() else { return Self::default() };
        if version.as_u64() != Some(VERSION) {
            return Self::default();
        }
        let time = |n: usize| match times.get(n) {
            Some(Json::Number(micros)) => micros.as_i64().map(Timestamp::from_micros),
            _ => None,
        };
        Self {
            sent: sent.as_u64().unwrap_or(0),
            failed: failed.as_u64().unwrap_or(0),
            last_notification: time(0),
            last_success: time(1),
            last_failure: time(2),
            last_due: time(3),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_kept_and_go_on() {
        let counters = Counters::default();
        assert_eq!((counters.take_changed(), counters.figures().is_ok()), (None, None));
        counters.begun(Timestamp::from_micros(4));
        assert_eq!((counters.figures().sent, counters.figures().is_ok()), (1, None));
        counters.succeeded(Timestamp::from_micros(5));
        counters.begun(Timestamp::from_micros(6));
        counters.failed(Timestamp::from_micros(7));
        counters.settled(Timestamp::from_micros(4));
        let figures = counters.take_changed().unwrap();
        assert_eq!((figures.sent, figures.failed, figures.is_ok()), (2, 1, Some(false)));
        assert_eq!(Figures::decode(&figures.encode()), figures);
        let again = Counters::starting_at(&figures);
        again.begun(Timestamp::from_micros(8));
        again.succeeded(Timestamp::from_micros(9));
        assert_eq!((again.figures().sent, again.figures().is_ok()), (3, Some(true)));
        assert_eq!(Figures::decode(b"[9]"), Figures::default());
    }
}
