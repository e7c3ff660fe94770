//! The cut in time: which part of what was found an answer holds, and how it tells so (ETSI GS CIM 009 §6.3.10).

use std::fmt;

use machi_model::query::TemporalRelation;
use machi_types::Timestamp;

use super::timing::Timing;

/// Which part is told first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// The oldest, where all is asked for.
    Forwards,
    /// The newest, where so many of the last instances of each series are asked for.
    Backwards {
        /// How many.
        last: usize,
    },
}

/// More instances at one instant than an answer may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooMany;

/// What an answer tells of the time that it covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    start: Timestamp,
    end: Timestamp,
    size: Option<usize>,
}

impl Direction {
    /// That of a request for all, or for the last ones.
    pub(crate) fn of(last: Option<usize>) -> Self {
        last.map_or(Self::Forwards, |last| Self::Backwards { last })
    }

    /// The last instant that fits, counted in this direction; none where all fit. What is at one instant is never split.
    pub(crate) fn edge(self, mut times: Vec<Timestamp>, most: usize) -> Result<Option<Timestamp>, TooMany> {
        if times.len() <= most {
            return Ok(None);
        }
        times.sort_unstable();
        if let Self::Backwards { .. } = self {
            times.reverse();
        }
        let beyond = times.get(most).copied();
        let fitting = times.iter().copied().take_while(|time| Some(*time) != beyond).last();
        fitting.map(Some).ok_or(TooMany)
    }

    /// Whether something at this time is on this side of the edge, or at it.
    pub(crate) fn fits(self, time: Timestamp, edge: Timestamp) -> bool {
        match self {
            Self::Forwards => time <= edge,
            Self::Backwards { .. } => time >= edge,
        }
    }
}

impl Range {
    /// That of an answer that shows something at these times, and goes on from where an earlier answer was cut.
    pub(crate) fn of(
        direction: Direction,
        timing: Timing,
        earlier: Option<Timestamp>,
        shown: impl Iterator<Item = Timestamp> + Clone,
    ) -> Option<Self> {
        let (least, most) = (shown.clone().min()?, shown.max()?);
        let (start, end) = match (direction, timing.relation()) {
            (Direction::Forwards, Some(TemporalRelation::After(start) | TemporalRelation::Between(start, _))) => {
                (earlier.map_or(start, next_instant), most)
            }
            (Direction::Forwards, _) => (least, most),
            (Direction::Backwards { .. }, Some(TemporalRelation::Before(end) | TemporalRelation::Between(_, end))) => {
                (earlier.unwrap_or(end), least)
            }
            (Direction::Backwards { .. }, _) => (most, least),
        };
        let size = match direction {
            Direction::Forwards => None,
            Direction::Backwards { last } => Some(last),
        };
        Some(Self { start, end, size })
    }
}

/// The first instant behind another one.
pub(crate) fn next_instant(time: Timestamp) -> Timestamp {
    Timestamp::from_micros(time.micros().saturating_add(1))
}

impl fmt::Display for Range {
    /// The value of `Content-Range`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DateTime {}-{}/", self.start, self.end)?;
        match self.size {
            Some(size) => write!(f, "{size}"),
            None => f.write_str("*"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn times(micros: &[i64]) -> Vec<Timestamp> {
        micros.iter().copied().map(Timestamp::from_micros).collect()
    }

    #[test]
    fn what_is_at_one_instant_is_never_split() {
        let at = |micros| Ok(Some(Timestamp::from_micros(micros)));
        let last = Direction::Backwards { last: 9 };
        assert_eq!(Direction::Forwards.edge(times(&[3, 1, 2]), 3), Ok(None));
        assert_eq!(Direction::Forwards.edge(times(&[3, 1, 2]), 2), at(2));
        assert_eq!(Direction::Forwards.edge(times(&[3, 1, 2, 2]), 2), at(1));
        assert_eq!(last.edge(times(&[3, 1, 2, 2]), 2), at(3));
        assert_eq!(last.edge(times(&[3, 1, 2, 2]), 3), at(2));
        assert_eq!(Direction::Forwards.edge(times(&[1, 1, 2]), 1), Err(TooMany));
        assert_eq!(last.edge(times(&[1, 2, 2]), 1), Err(TooMany));
    }

    proptest! {
        #[test]
        fn the_edge_is_the_last_that_fits(micros in prop::collection::vec(0_i64..20, 0..40), most in 1_usize..20) {
            for direction in [Direction::Forwards, Direction::Backwards { last: 1 }] {
                let all = times(&micros);
                let fitting = |edge| all.iter().filter(|time| direction.fits(**time, edge)).count();
                match direction.edge(all.clone(), most) {
                    Ok(None) => prop_assert!(all.len() <= most),
                    Ok(Some(edge)) => {
                        prop_assert!(fitting(edge) <= most);
                        let beyond = all.iter().filter(|time| !direction.fits(**time, edge));
                        prop_assert!(beyond.into_iter().all(|time| fitting(*time) > most));
                    }
                    Err(TooMany) => prop_assert!(all.iter().all(|time| fitting(*time) > most)),
                }
            }
        }
    }
}
