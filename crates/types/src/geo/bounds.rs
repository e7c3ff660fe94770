//! Boxes of longitude and latitude, around geometries and around circles.

use ::geo::Coord;

use super::sphere::{self, EARTH_RADIUS_METRES};

/// A box of longitudes and latitudes in degrees, edges included.
///
/// As in RFC 7946 §5.2, `west > east` means that the box crosses the antimeridian. The box of a
/// geometry never does; one [widened](Self::widened) by a distance may.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BoundingBox {
    /// The westernmost longitude.
    pub west: f64,
    /// The southernmost latitude.
    pub south: f64,
    /// The easternmost longitude.
    pub east: f64,
    /// The northernmost latitude.
    pub north: f64,
}

/// What rounding may take away from a computed edge, in degrees: about a tenth of a millimetre.
const MARGIN: f64 = 1e-9;

impl BoundingBox {
    /// The whole Earth.
    pub const EARTH: Self = Self { west: -180.0, south: -90.0, east: 180.0, north: 90.0 };

    /// Whether the box crosses the antimeridian.
    pub fn crosses_antimeridian(&self) -> bool {
        self.west > self.east
    }

    /// The same area as one box, or two, that do not cross the antimeridian.
    pub fn parts(&self) -> (Self, Option<Self>) {
        if !self.crosses_antimeridian() {
            return (*self, None);
        }
        (Self { east: 180.0, ..*self }, Some(Self { west: -180.0, ..*self }))
    }

    /// West, south, east and north in single precision, rounded so that nothing of the box is outside.
    pub fn outward(&self) -> [f32; 4] {
        [round_down(self.west), round_down(self.south), round_up(self.east), round_up(self.north)]
    }

    /// The box that was written so.
    pub fn of_single([west, south, east, north]: [f32; 4]) -> Self {
        let [west, south, east, north] = [west, south, east, north].map(f64::from);
        Self { west, south, east, north }
    }

    /// Whether the two have a position in common.
    pub fn intersects(&self, other: &Self) -> bool {
        let latitudes_meet = self.south <= other.north && other.south <= self.north;
        latitudes_meet && self.any_part(|part| other.any_part(|its| part.west <= its.east && its.west <= part.east))
    }

    /// Whether this box, which does not cross the antimeridian, and one in single precision have a position in common.
    pub fn meets_single(&self, other: [f32; 4]) -> bool {
        self.meets(&Self::of_single(other))
    }

    /// Whether every position of the other, which does not cross the antimeridian, is in this one.
    pub fn covers(&self, other: &Self) -> bool {
        let latitudes_covered = self.south <= other.south && other.north <= self.north;
        latitudes_covered && self.any_part(|part| part.west <= other.west && other.east <= part.east)
    }

    /// A box that holds every position at most this many metres from this one.
    ///
    /// It is the tightest such box but for a margin against rounding, and the whole turn of longitudes
    /// where a pole is that near.
    #[must_use]
    pub fn widened(&self, metres: f64) -> Self {
        let angle = metres.max(0.0) / EARTH_RADIUS_METRES;
        let south = self.south - angle.to_degrees() - MARGIN;
        let north = self.north + angle.to_degrees() + MARGIN;
        let all_around = Self { south: south.max(-90.0), north: north.min(90.0), ..Self::EARTH };
        // A NaN compares false, hence the positive question.
        let is_off_the_poles = south > -90.0 && north < 90.0;
        if !is_off_the_poles {
            return all_around;
        }
        let farthest_latitude = self.south.abs().max(self.north.abs()).to_radians();
        let reach = (angle.sin() / farthest_latitude.cos()).min(1.0).asin().to_degrees() + MARGIN;
        let width = if self.crosses_antimeridian() { self.east + 360.0 - self.west } else { self.east - self.west };
        if width + 2.0 * reach >= 360.0 {
            return all_around;
        }
        Self { west: wrapped(self.west - reach), south, east: wrapped(self.east + reach), north }
    }

    /// A box of which every position is at most this many metres from a point; `None` near the poles, beside the
    /// antimeridian and for distances of thousands of kilometres, where there is no simple one.
    pub fn inside(longitude: f64, latitude: f64, metres: f64) -> Option<Self> {
        let angle = metres / EARTH_RADIUS_METRES;
        if !(angle > 0.0 && angle < 0.4) {
            return None;
        }
        // The square in a circle has sides of 1.41 radii. What is missing here to that makes up for the sphere: of the
        // half sides h, the haversine is at most 2(h/2)², and that of the distance at least (a/2)²(1 - a²/12).
        let half = 0.7 * angle.to_degrees();
        let (south, north) = (latitude - half, latitude + half);
        let longest_circle =
            if south <= 0.0 && north >= 0.0 { 1.0 } else { south.abs().min(north.abs()).to_radians().cos() };
        let width = half / longest_circle;
        let (west, east) = (longitude - width, longitude + width);
        let is_simple = south > -89.0 && north < 89.0 && west > -180.0 && east < 180.0;
        is_simple.then_some(Self { west, south, east, north })
    }

    /// No position of this box is nearer than this many metres to any of the other.
    pub fn least_distance(&self, other: &Self) -> f64 {
        let mut least = f64::INFINITY;
        self.any_part(|part| {
            other.any_part(|its| {
                least = least.min(sphere::least_distance(part, its));
                false
            })
        });
        least
    }

    fn any_part(&self, mut test: impl FnMut(&Self) -> bool) -> bool {
        let (first, second) = self.parts();
        test(&first) || second.is_some_and(|part| test(&part))
    }

    pub(super) fn of_edge(a: Coord<f64>, b: Coord<f64>) -> Self {
        Self { west: a.x.min(b.x), south: a.y.min(b.y), east: a.x.max(b.x), north: a.y.max(b.y) }
    }

    /// The box of both, neither of which crosses the antimeridian.
    #[must_use]
    pub fn joined(&self, other: &Self) -> Self {
        Self {
            west: self.west.min(other.west),
            south: self.south.min(other.south),
            east: self.east.max(other.east),
            north: self.north.max(other.north),
        }
    }

    /// As [`Self::intersects`], for boxes neither of which crosses the antimeridian.
    pub(super) fn meets(&self, other: &Self) -> bool {
        self.south <= other.north && other.south <= self.north && self.west <= other.east && other.west <= self.east
    }
}

/// The nearest single-precision number that is not larger.
fn round_down(value: f64) -> f32 {
    let near = value as f32;
    if f64::from(near) > value { near.next_down() } else { near }
}

/// The nearest single-precision number that is not smaller.
fn round_up(value: f64) -> f32 {
    let near = value as f32;
    if f64::from(near) < value { near.next_up() } else { near }
}

fn wrapped(longitude: f64) -> f64 {
    if longitude < -180.0 {
        longitude + 360.0
    } else if longitude > 180.0 {
        longitude - 360.0
    } else {
        longitude
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn nothing_of_a_box_is_outside_of_it_in_single_precision(west in -180.0..180.0f64, south in -90.0..90.0f64) {
            let [w, s, e, n] = BoundingBox { west, south, east: west, north: south }.outward().map(f64::from);
            prop_assert!(w <= west && s <= south && e >= west && n >= south);
        }
    }
}
