//! The web's map: positions on the square of Web Mercator, and the tiles that it is cut into.
//!
//! A position is two whole numbers of 32 bits, from the north-west corner on, about a centimetre apart at the equator,
//! so that whoever puts one into a tile or a cell comes to the same. Taken together, bit by bit, they give a code by
//! which the places of a tile, or of any cell of it, follow each other without a gap.

use std::f64::consts::PI;
use std::ops::RangeInclusive;

use super::BoundingBox;

/// The latitude at which the map ends.
const LAST_LATITUDE: f64 = 85.051_128_779_806_6;
/// How many positions there are on each side.
const SIDE: f64 = 4_294_967_296.0;

/// A position on the map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MapPosition {
    /// From west to east.
    pub x: u32,
    /// From north to south.
    pub y: u32,
}

impl MapPosition {
    /// Where a position lies; `None` where the map has ended, near the poles.
    pub fn of(longitude: f64, latitude: f64) -> Option<Self> {
        (latitude.abs() <= LAST_LATITUDE).then(|| Self::nearest(longitude, latitude))
    }

    /// The same, at the edge of the map for what lies beyond.
    pub fn nearest(longitude: f64, latitude: f64) -> Self {
        let (x, y) = project(longitude, latitude);
        // A float becomes the nearest whole number of the type, so that both edges are on the map.
        Self { x: (x * SIDE) as u32, y: (y * SIDE) as u32 }
    }

    /// The middle of a box that does not cross the antimeridian.
    pub fn middle_of([west, south, east, north]: [f32; 4]) -> Self {
        let middle = |a: f32, b: f32| f64::midpoint(f64::from(a), f64::from(b));
        Self::nearest(middle(west, east), middle(south, north))
    }

    /// Its code: the bits of both numbers by turns.
    pub fn code(self) -> u64 {
        spread(self.x) | spread(self.y) << 1
    }

    /// The position with this code.
    pub fn of_code(code: u64) -> Self {
        Self { x: gathered(code), y: gathered(code >> 1) }
    }
}

/// A tile of the map, or any other square that halving leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tile {
    zoom: u8,
    x: u32,
    y: u32,
}

impl Tile {
    /// The whole map.
    pub const MAP: Self = Self { zoom: 0, x: 0, y: 0 };
    /// How often the map can be halved.
    pub const LARGEST_ZOOM: u8 = 22;

    /// A tile by its zoom, column and row; `None` where there is none.
    pub fn new(zoom: u8, x: u32, y: u32) -> Option<Self> {
        let count = 1_u32 << u32::from(zoom).min(31);
        (zoom <= Self::LARGEST_ZOOM && x < count && y < count).then_some(Self { zoom, x, y })
    }

    /// How often the map was halved.
    pub fn zoom(self) -> u8 {
        self.zoom
    }

    /// The codes of the positions in it.
    pub fn codes(self) -> RangeInclusive<u64> {
        let first = self.corner().code();
        first..=first | self.last_code()
    }

    /// The codes of the cells of this tile, each side of it halved so often, in the order of their codes.
    pub fn cells(self, halvings: u8) -> impl Iterator<Item = RangeInclusive<u64>> {
        let first = self.corner().code();
        let shift = 64 - 2 * (u32::from(self.zoom) + u32::from(halvings).min(9));
        let count = 1_u64 << (2 * u32::from(halvings).min(9));
        let last = 1_u64.checked_shl(shift).map_or(u64::MAX, |size| size - 1);
        (0..count).map(move |cell| {
            let start = first | cell.checked_shl(shift).unwrap_or(0);
            start..=start | last
        })
    }

    /// Whether a position is in it; each is in one tile of a zoom.
    pub fn holds(self, position: MapPosition) -> bool {
        self.codes().contains(&position.code())
    }

    /// Where on the tile a position lies, whose sides are 1 long; what is beside it, too.
    pub fn place(self, longitude: f64, latitude: f64) -> (f64, f64) {
        let tiles = f64::from(1_u32 << self.zoom);
        let (x, y) = project(longitude, latitude.clamp(-LAST_LATITUDE, LAST_LATITUDE));
        (x * tiles - f64::from(self.x), y * tiles - f64::from(self.y))
    }

    /// The step of a position in it, of so many (two to the power of `bits`) on each side.
    pub fn step(self, position: MapPosition, bits: u8) -> (u32, u32) {
        let step = |at: u32| {
            let within = (u64::from(at) << self.zoom) & u64::from(u32::MAX);
            (within >> (32 - u32::from(bits).min(32))) as u32
        };
        (step(position.x), step(position.y))
    }

    /// The box of the tile in degrees, with a margin on each side, as a part of that side.
    pub fn bounds(self, margin: f64) -> BoundingBox {
        let tiles = f64::from(1_u32 << self.zoom);
        let (west, east) = (f64::from(self.x) - margin, f64::from(self.x) + 1.0 + margin);
        let (top, bottom) = (f64::from(self.y) - margin, f64::from(self.y) + 1.0 + margin);
        let longitude = |x: f64| (x / tiles * 360.0 - 180.0).clamp(-180.0, 180.0);
        let latitude = |y: f64| (PI * (1.0 - 2.0 * (y / tiles).clamp(0.0, 1.0))).sinh().atan().to_degrees();
        BoundingBox { west: longitude(west), south: latitude(bottom), east: longitude(east), north: latitude(top) }
    }

    fn corner(self) -> MapPosition {
        let shift = 32 - u32::from(self.zoom);
        let at = |number: u32| number.checked_shl(shift).unwrap_or(0);
        MapPosition { x: at(self.x), y: at(self.y) }
    }

    fn last_code(self) -> u64 {
        u64::MAX.checked_shr(2 * u32::from(self.zoom)).unwrap_or(0)
    }
}

/// The position on a square whose sides are 1 long.
fn project(longitude: f64, latitude: f64) -> (f64, f64) {
    let sine = latitude.to_radians().sin();
    let y = 0.5 - ((1.0 + sine) / (1.0 - sine)).ln() / (4.0 * PI);
    (longitude / 360.0 + 0.5, y)
}

/// Each bit with room for another beside it.
fn spread(number: u32) -> u64 {
    let mut bits = u64::from(number);
    bits = (bits | bits << 16) & 0x0000_ffff_0000_ffff;
    bits = (bits | bits << 8) & 0x00ff_00ff_00ff_00ff;
    bits = (bits | bits << 4) & 0x0f0f_0f0f_0f0f_0f0f;
    bits = (bits | bits << 2) & 0x3333_3333_3333_3333;
    (bits | bits << 1) & 0x5555_5555_5555_5555
}

/// Every second bit, close together.
fn gathered(code: u64) -> u32 {
    let mut bits = code & 0x5555_5555_5555_5555;
    bits = (bits | bits >> 1) & 0x3333_3333_3333_3333;
    bits = (bits | bits >> 2) & 0x0f0f_0f0f_0f0f_0f0f;
    bits = (bits | bits >> 4) & 0x00ff_00ff_00ff_00ff;
    bits = (bits | bits >> 8) & 0x0000_ffff_0000_ffff;
    (bits | bits >> 16) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_places_are_in_their_tiles() {
        let tokyo = MapPosition::of(139.7671, 35.6812).unwrap();
        assert!(Tile::new(14, 14552, 6451).unwrap().holds(tokyo));
        assert!(!Tile::new(14, 14552, 6450).unwrap().holds(tokyo));
        assert!(Tile::new(0, 0, 0).unwrap().holds(tokyo));
        assert_eq!(MapPosition::of(180.0, 0.0).unwrap().x, u32::MAX);
        assert_eq!(MapPosition::of(-180.0, 0.0).unwrap().x, 0);
        assert_eq!(MapPosition::of(0.0, 86.0), None);
        assert_eq!(MapPosition::nearest(0.0, 90.0).y, 0);
        assert_eq!(MapPosition::nearest(0.0, -90.0).y, u32::MAX);
        assert_eq!((Tile::new(0, 1, 0), Tile::new(23, 0, 0), Tile::new(3, 0, 8)), (None, None, None));
        assert_eq!(Tile::new(0, 0, 0).unwrap().cells(0).collect::<Vec<_>>(), [0..=u64::MAX]);
    }

    proptest! {
        #[test]
        fn a_position_is_in_one_tile_of_each_zoom_and_one_cell_of_it(
            longitude in -180.0..180.0f64, latitude in -85.05..85.05f64, zoom in 0u8..=22
        ) {
            let position = MapPosition::of(longitude, latitude).unwrap();
            prop_assert_eq!(MapPosition::of_code(position.code()), position);
            let shift = 32 - u32::from(zoom);
            let at = |number: u32| number.checked_shr(shift).unwrap_or(0);
            let tile = Tile::new(zoom, at(position.x), at(position.y)).unwrap();
            prop_assert!(tile.holds(position));
            let cells: Vec<_> = tile.cells(3).collect();
            prop_assert_eq!(cells.iter().filter(|cell| cell.contains(&position.code())).count(), 1);
            prop_assert_eq!((*cells[0].start(), *cells[63].end()), (*tile.codes().start(), *tile.codes().end()));
            let (x, y) = tile.place(longitude, latitude);
            let (step_x, step_y) = tile.step(position, 12);
            prop_assert!((x * 4096.0 - f64::from(step_x)).abs() < 6.0 && (y * 4096.0 - f64::from(step_y)).abs() < 6.0);
            let bounds = tile.bounds(0.01);
            prop_assert!(bounds.west <= longitude && longitude <= bounds.east);
            prop_assert!(bounds.south <= latitude && latitude <= bounds.north);
        }
    }
}
