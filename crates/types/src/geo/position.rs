//! One position on Earth.

use std::fmt;

use ::geo::Coord;

/// Longitude and latitude in degrees, and the altitude in metres where it is given.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Position {
    longitude: f64,
    latitude: f64,
    altitude: Option<f64>,
}

impl Position {
    pub(super) fn of(coord: Coord<f64>, altitude: Option<f64>) -> Self {
        Self { longitude: coord.x, latitude: coord.y, altitude }
    }

    /// Degrees east of Greenwich, -180 to 180.
    pub fn longitude(self) -> f64 {
        self.longitude
    }

    /// Degrees north of the equator, -90 to 90.
    pub fn latitude(self) -> f64 {
        self.latitude
    }

    /// Metres above the WGS 84 ellipsoid, where given; no relation or distance looks at it.
    pub fn altitude(self) -> Option<f64> {
        self.altitude
    }

    pub(super) fn coord(self) -> Coord<f64> {
        Coord { x: self.longitude, y: self.latitude }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.altitude {
            Some(altitude) => write!(f, "[{}, {}, {altitude}]", self.longitude, self.latitude),
            None => write!(f, "[{}, {}]", self.longitude, self.latitude),
        }
    }
}
