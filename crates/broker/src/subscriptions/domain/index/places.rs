//! Boxes of interest, found by a place: a grid of cells in several sizes, so that each box lies in few cells.

use machi_store::NameNo;
use machi_types::geo::BoundingBox;
use rustc_hash::FxHashMap;

use super::Number;

/// The finest grid: cells of about two metres.
const FINEST: u8 = 24;
/// For a geometry that covers more cells than this all boxes of the grid are candidates.
const MOST_CELLS: u64 = 64;

/// A cell of a grid, for one attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Cell {
    attribute: NameNo,
    level: u8,
    x: u32,
    y: u32,
}

/// The boxes.
#[derive(Debug, Default)]
pub(super) struct Places {
    cells: FxHashMap<Cell, Vec<Number>>,
    /// How many boxes there are in each grid of an attribute.
    grids: FxHashMap<NameNo, [u32; FINEST as usize + 1]>,
}

impl Places {
    pub(super) fn insert(&mut self, attribute: NameNo, reach: &BoundingBox, number: Number) {
        let level = level_of(reach);
        self.grids.entry(attribute).or_insert([0; FINEST as usize + 1])[usize::from(level)] += 1;
        for cell in cells(attribute, level, reach) {
            self.cells.entry(cell).or_default().push(number);
        }
    }

    pub(super) fn remove(&mut self, attribute: NameNo, reach: &BoundingBox, number: Number) {
        let level = level_of(reach);
        for cell in cells(attribute, level, reach) {
            if let Some(list) = self.cells.get_mut(&cell) {
                list.retain(|known| *known != number);
                if list.is_empty() {
                    self.cells.remove(&cell);
                }
            }
        }
        if let Some(grids) = self.grids.get_mut(&attribute) {
            grids[usize::from(level)] -= 1;
            if grids.iter().all(|count| *count == 0) {
                self.grids.remove(&attribute);
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.grids.is_empty()
    }

    /// About how many boxes one more like this would lie among.
    pub(super) fn crowd(&self, attribute: NameNo, reach: &BoundingBox) -> u64 {
        cells(attribute, level_of(reach), reach)
            .filter_map(|cell| self.cells.get(&cell))
            .map(|list| list.len() as u64)
            .max()
            .unwrap_or(0)
    }

    /// The boxes that may hold a place of this attribute.
    pub(super) fn candidates(&self, attribute: NameNo, place: &BoundingBox, out: &mut Vec<Number>) {
        let Some(grids) = self.grids.get(&attribute) else { return };
        for (level, count) in (0..).zip(grids) {
            if *count == 0 {
                continue;
            }
            if count_cells(level, place) > MOST_CELLS {
                let all = self.cells.iter().filter(|(cell, _)| cell.attribute == attribute && cell.level == level);
                all.for_each(|(_, list)| out.extend_from_slice(list));
                continue;
            }
            for cell in cells(attribute, level, place) {
                out.extend(self.cells.get(&cell).into_iter().flatten());
            }
        }
    }
}

/// The finest grid in which a box lies in at most four cells.
fn level_of(reach: &BoundingBox) -> u8 {
    let width = match reach.parts() {
        (one, None) => one.east - one.west,
        (one, Some(other)) => (one.east - one.west) + (other.east - other.west),
    };
    let largest = width.max(reach.north - reach.south);
    (0..=FINEST).rev().find(|level| size(*level) >= largest).unwrap_or(0)
}

/// The edge of a cell, in degrees.
fn size(level: u8) -> f64 {
    360.0 / f64::from(1_u32 << level)
}

fn span(level: u8, from: f64, to: f64, offset: f64) -> (u32, u32) {
    let last = (1_u32 << level) - 1;
    // A cast of what lies outside stops at the nearest number.
    let place = |degrees: f64| (((degrees + offset) / size(level)).floor() as u32).min(last);
    (place(from), place(to))
}

fn cells(attribute: NameNo, level: u8, reach: &BoundingBox) -> impl Iterator<Item = Cell> {
    let (one, other) = reach.parts();
    [Some(one), other].into_iter().flatten().flat_map(move |part| {
        let (x0, x1) = span(level, part.west, part.east, 180.0);
        let (y0, y1) = span(level, part.south, part.north, 90.0);
        (x0..=x1).flat_map(move |x| (y0..=y1).map(move |y| Cell { attribute, level, x, y }))
    })
}

fn count_cells(level: u8, reach: &BoundingBox) -> u64 {
    let (one, other) = reach.parts();
    let of = |part: BoundingBox| {
        let (x0, x1) = span(level, part.west, part.east, 180.0);
        let (y0, y1) = span(level, part.south, part.north, 90.0);
        u64::from(x1 - x0 + 1) * u64::from(y1 - y0 + 1)
    };
    of(one) + other.map_or(0, of)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_box() -> impl Strategy<Value = BoundingBox> {
        let corner = (-180.0..180.0_f64, -90.0..90.0_f64);
        (corner, 0.0..40.0_f64, 0.0..20.0_f64, any::<bool>()).prop_map(|((west, south), width, height, is_tiny)| {
            let scale = if is_tiny { 0.001 } else { 1.0 };
            let east = west + width * scale;
            let east = if east > 180.0 { east - 360.0 } else { east };
            BoundingBox { west, south, east, north: (south + height * scale).min(90.0) }
        })
    }

    proptest! {
        #[test]
        fn no_box_that_meets_a_place_is_missed(boxes in prop::collection::vec(any_box(), 1..20), place in any_box()) {
            let attribute = NameNo::from_number(7);
            let mut places = Places::default();
            for (number, reach) in (0..).zip(&boxes) {
                places.insert(attribute, reach, number);
            }
            let mut found = Vec::new();
            places.candidates(attribute, &place, &mut found);
            for (number, reach) in (0..).zip(&boxes) {
                prop_assert!(!reach.intersects(&place) || found.contains(&number), "{reach:?}");
            }
            for (number, reach) in (0..).zip(&boxes) {
                places.remove(attribute, reach, number);
            }
            prop_assert!(places.cells.is_empty() && places.grids.is_empty());
        }
    }
}
