//! From the drawing board to the earth: the city is drawn on straight lines and then bent as a whole.
//!
//! The bend is two shears, one along each axis. A shear never folds, so what does not overlap on the drawing
//! board does not overlap on the earth, and the river meanders although its banks are drawn straight.

use super::seed::{Seed, sine};

/// A point of the drawing board in metres: east from the middle of the city, north from its coast.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Drawn {
    pub(crate) x: f64,
    pub(crate) y: f64,
}

/// A point of the bent city in metres.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Metres {
    pub(crate) x: f64,
    pub(crate) y: f64,
}

/// A point of the earth in units of 1e-7 degrees, about a centimetre.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    pub(crate) longitude: i32,
    pub(crate) latitude: i32,
}

/// In the sea off Enshū, where no real place is covered.
const ORIGIN: (f64, f64) = (137.50, 34.30);
/// Metres of one degree at that latitude.
const DEGREE: (f64, f64) = (92_100.0, 110_930.0);

/// How the drawing board is bent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ground {
    width: f64,
    height: f64,
    phases: [f64; 4],
}

impl Ground {
    pub(crate) fn new(seed: Seed, width: f64, height: f64) -> Self {
        Self { width, height, phases: [0, 1, 2, 3].map(|wave| seed.with(wave).unit()) }
    }

    /// Where a point of the drawing board comes to lie.
    pub(crate) fn bend(&self, drawn: Drawn) -> Metres {
        let [first, second, third, fourth] = self.phases;
        let (along, across) = (drawn.y / self.height, self.height);
        let x = drawn.x + across * (0.045 * sine(along * 1.05 + first) + 0.006 * sine(along * 2.5 + second));
        let (along, across) = (x / self.width, self.width);
        let y = drawn.y + across * (0.03 * sine(along * 0.9 + third) + 0.004 * sine(along * 2.3 + fourth));
        Metres { x, y }
    }

    /// Where a point of the drawing board lies on the earth.
    pub(crate) fn place(&self, drawn: Drawn) -> Place {
        self.bend(drawn).place()
    }
}

impl Drawn {
    /// The point at this part of the way to another.
    pub(crate) fn toward(self, other: Self, part: f64) -> Self {
        // In this form both ends are met exactly, so that neighbours share their corners.
        Self { x: self.x * (1.0 - part) + other.x * part, y: self.y * (1.0 - part) + other.y * part }
    }
}

impl Metres {
    pub(crate) fn place(self) -> Place {
        let degrees = |origin: f64, metres: f64, degree: f64| ((origin + metres / degree) * 1e7 + 0.5).floor() as i32;
        Place { longitude: degrees(ORIGIN.0, self.x, DEGREE.0), latitude: degrees(ORIGIN.1, self.y, DEGREE.1) }
    }

    pub(crate) fn distance(self, other: Self) -> f64 {
        let (x, y) = (other.x - self.x, other.y - self.y);
        (x * x + y * y).sqrt()
    }

    pub(crate) fn toward(self, other: Self, part: f64) -> Self {
        Self { x: self.x + (other.x - self.x) * part, y: self.y + (other.y - self.y) * part }
    }

    /// The direction to another point in whole degrees from north, clockwise.
    pub(crate) fn bearing(self, other: Self) -> i64 {
        let (east, north) = (other.x - self.x, other.y - self.y);
        let sum = east.abs() + north.abs();
        if sum == 0.0 {
            return 0;
        }
        // The angle within its quarter, by a polynomial instead of the platform's arctangent; right to a degree.
        let slope = east.abs().min(north.abs()) / east.abs().max(north.abs());
        let eighth = 45.0 * slope + slope * (1.0 - slope) * (14.02 + 3.79 * slope);
        let quarter = if east.abs() <= north.abs() { eighth } else { 90.0 - eighth };
        let degrees = match (east >= 0.0, north >= 0.0) {
            (true, true) => quarter,
            (true, false) => 180.0 - quarter,
            (false, false) => 180.0 + quarter,
            (false, true) => 360.0 - quarter,
        };
        (degrees + 0.5).floor() as i64 % 360
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bearings_turn_clockwise_from_north() {
        let middle = Metres { x: 0.0, y: 0.0 };
        for degree in 0..360_i64 {
            let angle = (degree as f64).to_radians();
            let found = middle.bearing(Metres { x: angle.sin(), y: angle.cos() });
            assert!((found - degree).rem_euclid(360).min((degree - found).rem_euclid(360)) <= 1, "{degree} {found}");
        }
    }

    #[test]
    fn the_city_lies_in_the_sea() {
        let place = Metres { x: 0.0, y: 0.0 }.place();
        assert_eq!((place.longitude, place.latitude), (1_375_000_000, 343_000_000));
    }
}
