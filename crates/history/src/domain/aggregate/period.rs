//! Which period an instant is in, for long runs of instants.

use machi_model::query::Period;
use machi_types::Timestamp;

/// Periods from an origin on, and back.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Periods {
    period: Period,
    origin: Timestamp,
    /// How long each is, where all are equally long.
    length: Option<i64>,
}

/// One of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub(crate) number: i64,
    /// Instants from here on are in it.
    start: Timestamp,
    /// Instants up to here are in it.
    last: Timestamp,
}

impl Periods {
    pub(crate) fn new(period: Period, origin: Timestamp) -> Self {
        Self { period, origin, length: period.micros().filter(|length| *length > 0) }
    }

    /// Whether there is but one, over all there is.
    pub(crate) fn is_one(&self) -> bool {
        self.period.is_zero()
    }

    /// The period that an instant is in.
    pub(crate) fn span(&self, instant: Timestamp) -> Span {
        if self.is_one() {
            let (start, last) = (Timestamp::from_micros(i64::MIN), Timestamp::from_micros(i64::MAX));
            return Span { number: 0, start, last };
        }
        self.equally_long(instant).unwrap_or_else(|| self.counted(instant))
    }

    fn counted(&self, instant: Timestamp) -> Span {
        let number = self.period.number(self.origin, instant);
        let last = Timestamp::from_micros(self.end(number).micros().saturating_sub(1));
        Span { number, start: self.start(number), last }
    }

    fn equally_long(&self, instant: Timestamp) -> Option<Span> {
        let (length, origin) = (self.length?, self.origin.micros());
        let number = instant.micros().checked_sub(origin)?.div_euclid(length);
        let start = origin.checked_add(number.checked_mul(length)?)?;
        let last = start.checked_add(length - 1)?;
        Some(Span { number, start: Timestamp::from_micros(start), last: Timestamp::from_micros(last) })
    }

    /// When a period begins.
    pub(crate) fn start(&self, number: i64) -> Timestamp {
        self.period.start(self.origin, number)
    }

    /// When it ends, which is when the next one begins.
    pub(crate) fn end(&self, number: i64) -> Timestamp {
        self.period.start(self.origin, number.saturating_add(1))
    }
}

impl Span {
    /// Whether an instant is in it for sure.
    pub(crate) fn holds(&self, instant: Timestamp) -> bool {
        self.start <= instant && instant <= self.last
    }
}
