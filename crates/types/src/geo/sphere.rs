//! Distances on the sphere: between positions, from a position to an edge, and what two boxes are apart at least.
//!
//! An edge is straight in the plane of longitude and latitude (RFC 7946 §3.1.1), so on the sphere it
//! bends away from the great circle between its ends. Long edges are therefore halved until a piece
//! and its great circle are a centimetre apart; pieces that cannot hold the nearest point are passed over.

use ::geo::Coord;

use super::BoundingBox;

/// The mean radius of the Earth (IUGG), on which all distances are computed.
pub const EARTH_RADIUS_METRES: f64 = 6_371_008.8;

/// How far, in metres, a piece of an edge may bend away from its great circle.
const BEND: f64 = 0.01;

/// A piece wider than this, in degrees, is halved before it is looked at as a great circle.
const WIDEST_PIECE: f64 = 1.0;

/// Metres between two positions, by the haversine formula.
pub(super) fn distance(a: Coord<f64>, b: Coord<f64>) -> f64 {
    let half_latitude = ((b.y - a.y) / 2.0).to_radians().sin();
    let half_longitude = ((b.x - a.x) / 2.0).to_radians().sin();
    let cosines = a.y.to_radians().cos() * b.y.to_radians().cos();
    let square = half_latitude * half_latitude + cosines * half_longitude * half_longitude;
    2.0 * EARTH_RADIUS_METRES * square.sqrt().min(1.0).asin()
}

/// A place from which distances are measured.
pub(super) struct Origin {
    at: Coord<f64>,
    unit: Vector,
}

impl Origin {
    pub(super) fn new(at: Coord<f64>) -> Self {
        Self { at, unit: Vector::of(at) }
    }

    /// Lowers `best` to the distance to this edge, if that is less.
    pub(super) fn measure(&self, from: Coord<f64>, to: Coord<f64>, best: &mut f64) {
        *best = best.min(distance(self.at, from)).min(distance(self.at, to));
        if from != to {
            self.measure_piece(from, to, best);
        }
    }

    fn measure_piece(&self, from: Coord<f64>, to: Coord<f64>, best: &mut f64) {
        let middle = Coord { x: f64::midpoint(from.x, to.x), y: f64::midpoint(from.y, to.y) };
        let (width, height) = ((to.x - from.x).abs(), (to.y - from.y).abs());
        if width > WIDEST_PIECE || height > WIDEST_PIECE {
            let to_middle = distance(self.at, middle);
            *best = best.min(to_middle);
            let half_length = (width + height).to_radians() / 2.0 * EARTH_RADIUS_METRES;
            if to_middle - half_length < *best {
                self.measure_piece(from, middle, best);
                self.measure_piece(middle, to, best);
            }
            return;
        }
        let to_foot = distance(self.at, self.foot(from, to));
        *best = best.min(to_foot);
        let bend = bend(from, to);
        if bend > BEND && to_foot - 2.0 * bend < *best {
            self.measure_piece(from, middle, best);
            self.measure_piece(middle, to, best);
        }
    }

    /// The point of this short piece that is nearest, as far as its great circle tells.
    fn foot(&self, from: Coord<f64>, to: Coord<f64>) -> Coord<f64> {
        let (a, b) = (Vector::of(from), Vector::of(to));
        // Differences first: all vectors are near each other, and a plain cross product would cancel.
        let normal = a.cross(b.minus(a));
        let along_b = a.cross(self.unit.minus(a)).dot(normal);
        let along_a = self.unit.minus(b).cross(b).dot(normal);
        let angle = distance(from, to) / EARTH_RADIUS_METRES;
        let to_foot = (along_b * angle.sin()).atan2(along_a + along_b * angle.cos());
        let share = to_foot / angle;
        if !(0.0..=1.0).contains(&share) {
            return if distance(self.at, from) <= distance(self.at, to) { from } else { to };
        }
        Coord { x: from.x + share * (to.x - from.x), y: from.y + share * (to.y - from.y) }
    }
}

/// At most so many metres does this short piece bend away from the great circle between its ends.
///
/// A path with the acceleration |a| across its direction strays |a|/8 from the straight one. For
/// longitude and latitude that change evenly, a has the parts sin φ cos φ Δλ² and 2 sin φ Δφ Δλ.
fn bend(from: Coord<f64>, to: Coord<f64>) -> f64 {
    let turn = (to.x - from.x).abs().to_radians();
    let rise = (to.y - from.y).abs().to_radians();
    let sine = from.y.abs().max(to.y.abs()).to_radians().sin();
    EARTH_RADIUS_METRES * turn * sine * (turn + 2.0 * rise) / 8.0
}

/// No position of one box is nearer to any of the other; neither crosses the antimeridian.
pub(super) fn least_distance(a: &BoundingBox, b: &BoundingBox) -> f64 {
    let latitude_gap = (a.south - b.north).max(b.south - a.north).max(0.0).to_radians();
    let east_gap = (a.west - b.east).max(b.west - a.east).max(0.0);
    let around_gap = (360.0 - (a.east.max(b.east) - a.west.min(b.west))).max(0.0);
    let longitude_gap = east_gap.min(around_gap).min(90.0).to_radians();
    let angle = if longitude_gap == 0.0 {
        latitude_gap
    } else {
        // From latitude φ to the meridian Δλ away it is asin(cos φ sin Δλ); either box may be asked.
        let cosine = least_cosine(a).max(least_cosine(b));
        latitude_gap.max((cosine * longitude_gap.sin()).asin())
    };
    // Rounding must not lift the bound above the truth.
    (angle * EARTH_RADIUS_METRES * (1.0 - 1e-9) - 1e-6).max(0.0)
}

fn least_cosine(area: &BoundingBox) -> f64 {
    area.south.abs().max(area.north.abs()).to_radians().cos().max(0.0)
}

/// A direction from the centre of the Earth.
#[derive(Clone, Copy)]
struct Vector {
    x: f64,
    y: f64,
    z: f64,
}

impl Vector {
    fn of(position: Coord<f64>) -> Self {
        let (sine, cosine) = position.y.to_radians().sin_cos();
        let (east_sine, east_cosine) = position.x.to_radians().sin_cos();
        Self { x: cosine * east_cosine, y: cosine * east_sine, z: sine }
    }

    fn minus(self, other: Self) -> Self {
        Self { x: self.x - other.x, y: self.y - other.y, z: self.z - other.z }
    }

    fn cross(self, other: Self) -> Self {
        Self {
            x: self.y * other.z - self.z * other.y,
            y: self.z * other.x - self.x * other.z,
            z: self.x * other.y - self.y * other.x,
        }
    }

    fn dot(self, other: Self) -> f64 {
        self.x * other.x + self.y * other.y + self.z * other.z
    }
}
