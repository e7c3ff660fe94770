//! How large the city is.

use std::fmt;
use std::str::FromStr;

/// One of three sizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Size {
    /// About 2,000 entities: a town by a river.
    Small,
    /// About 50,000 entities: a city of 24 districts.
    City,
    /// About 1,000,000 entities: 140 districts.
    Metropolis,
}

/// What is no size.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is no size; sizes are small, city and metropolis")]
pub struct InvalidSize(String);

/// The figures behind a size.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figures {
    /// Districts from west to east, and from the coast to the north.
    pub(crate) columns: usize,
    pub(crate) rows: usize,
    /// Blocks along one side of a district.
    pub(crate) blocks: usize,
    /// The length of a block's side in metres, half of its streets included.
    pub(crate) block: f64,
    /// How wide the strip is that the river has to itself, in metres.
    pub(crate) valley: f64,
    /// Behind which column the river runs, and behind which row the railway.
    pub(crate) river: usize,
    pub(crate) railway: usize,
    /// Parcels on one side of a block of homes.
    pub(crate) parcels: usize,
    /// Streetlights of a block.
    pub(crate) lights: u8,
    /// Car parks of a district, and the spots of each.
    pub(crate) car_parks: usize,
    pub(crate) spots: u8,
    /// Rooms of a floor, where rooms are known.
    pub(crate) rooms: u8,
    /// The share of ordinary buildings whose rooms are known.
    pub(crate) watched: f64,
    /// Bus routes, and the buses on each.
    pub(crate) routes: usize,
    pub(crate) buses: usize,
    /// Gauges of the river.
    pub(crate) gauges: usize,
    /// Attributes that change in a second.
    pub(crate) rate: u32,
}

impl Size {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::City => "city",
            Self::Metropolis => "metropolis",
        }
    }

    /// How many attributes change in a second, where nobody asks for another rate.
    pub fn rate(self) -> u32 {
        self.figures().rate
    }

    pub(crate) fn figures(self) -> Figures {
        match self {
            Self::Small => Figures {
                columns: 3,
                rows: 2,
                blocks: 5,
                block: 70.0,
                valley: 76.0,
                river: 2,
                railway: 1,
                parcels: 2,
                lights: 2,
                car_parks: 1,
                spots: 16,
                rooms: 3,
                watched: 0.04,
                routes: 2,
                buses: 5,
                gauges: 3,
                rate: 30,
            },
            Self::City => Figures {
                columns: 6,
                rows: 4,
                blocks: 8,
                block: 75.0,
                valley: 130.0,
                river: 4,
                railway: 2,
                parcels: 3,
                lights: 3,
                car_parks: 2,
                spots: 60,
                rooms: 5,
                watched: 0.18,
                routes: 6,
                buses: 6,
                gauges: 5,
                rate: 300,
            },
            Self::Metropolis => Figures {
                columns: 14,
                rows: 10,
                blocks: 12,
                block: 80.0,
                valley: 240.0,
                river: 8,
                railway: 4,
                parcels: 4,
                lights: 6,
                car_parks: 5,
                spots: 120,
                rooms: 6,
                watched: 0.23,
                routes: 20,
                buses: 8,
                gauges: 9,
                rate: 1000,
            },
        }
    }
}

impl FromStr for Size {
    type Err = InvalidSize;

    fn from_str(text: &str) -> Result<Self, InvalidSize> {
        let all = [Self::Small, Self::City, Self::Metropolis];
        all.into_iter().find(|size| size.name() == text).ok_or_else(|| InvalidSize(text.chars().take(60).collect()))
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_round_trip() {
        for size in [Size::Small, Size::City, Size::Metropolis] {
            assert_eq!(size.to_string().parse(), Ok(size));
        }
        assert!("large".parse::<Size>().is_err());
    }
}
