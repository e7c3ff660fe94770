//! Geometries on a tile: put into its steps, thinned out to what a screen can show, cut off at its margin, and drawn.
//!
//! Work grows with the number of positions and no faster, whatever the geometry is like.

use machi_types::geo::{Geometry, GeometryKind, MapPosition, Tile};

use super::DEEPEST;
use super::clip::{At, Frame};
use super::mvt::{EXTENT_BITS, Kind, Pen, Shape};

/// How far what is drawn reaches beyond the tile, so that no line shows along its edges, as a part of its side.
pub(crate) const MARGIN: f64 = 1.0 / 64.0;

const EXTENT: f64 = (1_u32 << EXTENT_BITS) as f64;
/// Tiles are shown with 512 pixels a side: half of one, in steps of the extent.
const HALF_PIXEL: f64 = EXTENT / 1024.0;

/// A point; a position is in one tile.
pub(super) fn point(position: MapPosition, tile: Tile) -> Option<Shape> {
    let (x, y) = tile.step(position, EXTENT_BITS);
    let mut pen = Pen::default();
    pen.points(&[(x as i32, y as i32)]);
    pen.shape(Kind::Point)
}

/// What is to be seen of a geometry; `None` where nothing is.
pub(super) fn draw(geometry: &Geometry, tile: Tile) -> Option<Shape> {
    match geometry.kind() {
        GeometryKind::Point | GeometryKind::MultiPoint => points(geometry, tile),
        GeometryKind::LineString | GeometryKind::MultiLineString => lines(geometry, tile),
        GeometryKind::Polygon | GeometryKind::MultiPolygon => areas(geometry, tile),
    }
}

fn points(geometry: &Geometry, tile: Tile) -> Option<Shape> {
    let positions = geometry.positions().filter_map(|at| MapPosition::of(at.longitude(), at.latitude()));
    let within = positions.filter(|position| tile.holds(*position)).map(|position| {
        let (x, y) = tile.step(position, EXTENT_BITS);
        (x as i32, y as i32)
    });
    let points: Vec<(i32, i32)> = within.collect();
    let mut pen = Pen::default();
    if !points.is_empty() {
        pen.points(&points);
    }
    pen.shape(Kind::Point)
}

fn lines(geometry: &Geometry, tile: Tile) -> Option<Shape> {
    let mut pen = Pen::default();
    for line in geometry.parts().iter().flatten() {
        for part in frame().line(&thinned(line, tile)) {
            let mut steps = steps(&part);
            // A line shorter than a step is there all the same.
            if let [only] = steps.as_slice() {
                steps.push((only.0 + 1, only.1));
            }
            pen.chain(&steps, false);
        }
    }
    pen.shape(Kind::Line)
}

fn areas(geometry: &Geometry, tile: Tile) -> Option<Shape> {
    let mut pen = Pen::default();
    for area in geometry.parts() {
        for (nth, ring) in area.iter().enumerate() {
            let is_outer = nth == 0;
            match ring_of(&frame().ring(&thinned(ring, tile)), is_outer, least(tile)) {
                Some(ring) => pen.chain(&ring, true),
                // Without its outer ring there is nothing to cut holes into.
                None if is_outer => break,
                None => {}
            }
        }
    }
    pen.shape(Kind::Area)
}

/// A ring in steps, outer ones in the direction of a clock's hands and holes in the other; an outer one that is smaller
/// than a step becomes a square of one. `None` where nothing is left, or a hole that nobody would see.
fn ring_of(kept: &[At], is_outer: bool, least: f64) -> Option<Vec<(i32, i32)>> {
    let mut ring = steps(kept);
    if ring.len() > 1 && ring.first() == ring.last() {
        ring.pop();
    }
    let area = doubled_area(&ring);
    if ring.len() < 3 || area == 0 {
        let (x, y) = ring.first().copied().filter(|_| is_outer)?;
        return Some(vec![(x, y), (x + 1, y), (x + 1, y + 1), (x, y + 1)]);
    }
    let is_seen = is_outer || area.unsigned_abs() as f64 >= 2.0 * (2.0 * least).powi(2);
    if !is_seen {
        return None;
    }
    if (area > 0) != is_outer {
        ring.reverse();
    }
    Some(ring)
}

/// Positive where the ring, with y downwards, goes round like a clock's hands.
fn doubled_area(ring: &[(i32, i32)]) -> i64 {
    let next = ring.iter().cycle().skip(1);
    ring.iter().zip(next).map(|(a, b)| i64::from(a.0) * i64::from(b.1) - i64::from(b.0) * i64::from(a.1)).sum()
}

fn frame() -> Frame {
    Frame { low: -MARGIN * EXTENT, high: (1.0 + MARGIN) * EXTENT }
}

/// How far apart two positions must be to be told apart, in steps.
fn least(tile: Tile) -> f64 {
    if tile.zoom() < DEEPEST { HALF_PIXEL } else { 1.0 }
}

/// The positions of a chain on the tile, without those that a screen could not tell from the one before.
fn thinned(chain: &[(f64, f64)], tile: Tile) -> Vec<At> {
    let least = least(tile);
    let place = |(longitude, latitude): (f64, f64)| {
        let (x, y) = tile.place(longitude, latitude);
        (x * EXTENT, y * EXTENT)
    };
    let mut kept: Vec<At> = Vec::new();
    for (nth, at) in chain.iter().copied().map(place).enumerate() {
        let is_near = |last: &At| (last.0 - at.0).abs() < least && (last.1 - at.1).abs() < least;
        let is_end = nth + 1 == chain.len();
        if is_end || !kept.last().is_some_and(is_near) {
            kept.push(at);
        }
    }
    kept
}

/// Whole steps, each once in a row.
fn steps(chain: &[At]) -> Vec<(i32, i32)> {
    let mut steps: Vec<(i32, i32)> = chain.iter().map(|at| (at.0.round() as i32, at.1.round() as i32)).collect();
    steps.dedup();
    steps
}
