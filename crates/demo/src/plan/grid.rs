//! The grid of districts: jittered corners, and between them everything by bilinear interpolation.

use super::ground::Drawn;
use super::seed::Seed;
use super::size::Figures;

/// Corners of districts, with the strip of the river between two columns.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Grid {
    seed: Seed,
    pub(crate) figures: Figures,
}

/// On which side of a boundary between columns; they differ at the river alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    West,
    East,
}

/// A district or a part of one: four corners from the south-west, counter-clockwise.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Quad([Drawn; 4]);

/// How far a corner may lie from where a straight grid would have it, as a part of a district's side.
const JITTER: f64 = 0.07;

impl Grid {
    pub(crate) fn new(seed: Seed, figures: Figures) -> Self {
        Self { seed, figures }
    }

    /// The side of a district in metres.
    pub(crate) fn side(&self) -> f64 {
        self.figures.blocks as f64 * self.figures.block
    }

    pub(crate) fn width(&self) -> f64 {
        self.figures.columns as f64 * self.side() + self.figures.valley
    }

    pub(crate) fn height(&self) -> f64 {
        self.figures.rows as f64 * self.side()
    }

    /// The corner on the `column`th boundary from the west and the `row`th from the coast.
    pub(crate) fn corner(&self, column: usize, side: Side, row: usize) -> Drawn {
        let is_river = column == self.figures.river;
        let is_beyond = column > self.figures.river || (is_river && side == Side::East);
        let valley = if is_beyond { self.figures.valley } else { 0.0 };
        let seed = self.seed.with(column as u64).with(row as u64);
        let jitter = |axis| seed.with(axis).between(-JITTER, JITTER) * self.side();
        // The river keeps its width, and the coast its line.
        let (aside, up) = (if is_river { 0.0 } else { jitter(0) }, if row == 0 { 0.0 } else { jitter(1) });
        Drawn { x: column as f64 * self.side() + valley - self.width() / 2.0 + aside, y: row as f64 * self.side() + up }
    }

    /// The west and the east bank of the river's strip, straight through the city.
    pub(crate) fn banks(&self) -> (f64, f64) {
        let west = self.figures.river as f64 * self.side() - self.width() / 2.0;
        (west, west + self.figures.valley)
    }

    /// A district.
    pub(crate) fn cell(&self, column: usize, row: usize) -> Quad {
        Quad([
            self.corner(column, Side::East, row),
            self.corner(column + 1, Side::West, row),
            self.corner(column + 1, Side::West, row + 1),
            self.corner(column, Side::East, row + 1),
        ])
    }
}

impl Quad {
    /// The point at these parts of the way to the east and to the north.
    pub(crate) fn at(&self, east: f64, north: f64) -> Drawn {
        let [south_west, south_east, north_east, north_west] = self.0;
        south_west.toward(south_east, east).toward(north_west.toward(north_east, east), north)
    }

    /// The part between these parts of the ways.
    pub(crate) fn part(&self, west: f64, south: f64, east: f64, north: f64) -> Self {
        Self([self.at(west, south), self.at(east, south), self.at(east, north), self.at(west, north)])
    }

    pub(crate) fn corners(&self) -> [Drawn; 4] {
        self.0
    }
}
