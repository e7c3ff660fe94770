//! Places in the feed: how far a view sees, how far a consumer has come.

use std::fmt;
use std::str::FromStr;

use smallvec::{SmallVec, smallvec};

/// A place in the feed: one number per bucket, opaque to all but the adapter that gave it.
///
/// Positions of one store are compared only by that store. The embedded engine has one bucket.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Position(SmallVec<[u64; 1]>);

/// Why a text is no position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a position is a list of numbers, such as 12 or 12-7-9")]
pub struct InvalidPosition;

impl Position {
    /// A place in a feed of one bucket.
    pub fn single(number: u64) -> Self {
        Self(smallvec![number])
    }

    /// The number of one bucket; 0, before everything, for a bucket that the position does not know.
    pub fn bucket(&self, bucket: usize) -> u64 {
        self.0.get(bucket).copied().unwrap_or(0)
    }

    /// Whether nothing before the other place lies behind this one: it is the same, or further in every bucket.
    pub fn reaches(&self, other: &Self) -> bool {
        other.0.iter().enumerate().all(|(bucket, number)| self.bucket(bucket) >= *number)
    }
}

impl Default for Position {
    /// Before everything.
    fn default() -> Self {
        Self::single(0)
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, number) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "-" };
            write!(f, "{separator}{number}")?;
        }
        Ok(())
    }
}

impl FromStr for Position {
    type Err = InvalidPosition;

    fn from_str(text: &str) -> Result<Self, InvalidPosition> {
        text.split('-').map(|number| number.parse().map_err(|_| InvalidPosition)).collect::<Result<_, _>>().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_round_trip_as_text() {
        for text in ["0", "12", "12-7-9"] {
            assert_eq!(text.parse::<Position>().unwrap().to_string(), text);
        }
        assert!("".parse::<Position>().is_err());
        assert!("1-x".parse::<Position>().is_err());
    }

    #[test]
    fn a_position_reaches_what_is_not_ahead_of_it_in_any_bucket() {
        let at = |text: &str| text.parse::<Position>().unwrap();
        for (one, other, reaches) in [
            ("5", "5", true),
            ("5", "4", true),
            ("4", "5", false),
            ("5-1", "4-2", false),
            ("5", "5-0", true),
            ("5", "0-1", false),
        ] {
            assert_eq!(at(one).reaches(&at(other)), reaches, "{one} {other}");
        }
    }
}
