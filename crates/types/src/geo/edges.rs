//! The edges of a geometry under a tree of boxes, so that those near a place are found without asking all.
//!
//! Edges stay in the order of the coordinates: neighbours in a ring are neighbours on the ground, so
//! that boxes of eight in a row, and of eight such boxes, are small without sorting.

use ::geo::{Coord, CoordsIter, LineString, Polygon};

use super::{BoundingBox, Geometry};

/// How many boxes and edges one comparison of two geometries may look at: so many, and more for each edge.
///
/// Two rings that run along each other throughout take about a hundred steps for each edge, and four rounds.
const STEPS: u32 = 2_000_000;
const STEPS_PER_EDGE: u32 = 256;

/// How many edges, or boxes, go under one box.
const FAN: usize = 8;

/// The two geometries have so many edges so near each other that comparing them would take too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the two geometries are too intricate to compare: too many of their edges lie close together")]
pub struct TooIntricate;

/// What is left of the steps that one comparison may take.
#[derive(Debug)]
pub(super) struct Budget {
    left: u32,
}

impl Budget {
    pub(super) fn for_pair(a: &Geometry, b: &Geometry) -> Self {
        // Positions are counted, as there are about as many edges, which need not be known yet.
        let edges = a.shape.coords_count() + b.shape.coords_count();
        let more = u32::try_from(edges).unwrap_or(u32::MAX).saturating_mul(STEPS_PER_EDGE);
        Self { left: STEPS.saturating_add(more) }
    }

    /// One that suffices for looking at every edge once.
    pub(super) fn for_one() -> Self {
        Self { left: u32::MAX }
    }

    pub(super) fn step(&mut self) -> Result<(), TooIntricate> {
        self.left = self.left.checked_sub(1).ok_or(TooIntricate)?;
        Ok(())
    }
}

/// A straight piece; a lone point is one whose ends are the same.
#[derive(Clone, Copy, Debug)]
pub(super) struct Edge {
    pub(super) from: Coord<f64>,
    pub(super) to: Coord<f64>,
    /// Which [`Part`] it belongs to.
    pub(super) part: usize,
}

impl Edge {
    pub(super) fn bounds(&self) -> BoundingBox {
        BoundingBox::of_edge(self.from, self.to)
    }

    pub(super) fn is_point(&self) -> bool {
        self.from == self.to
    }

    pub(super) fn line(&self) -> ::geo::Line<f64> {
        ::geo::Line { start: self.from, end: self.to }
    }
}

/// A point, a chain or a ring: edges that follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Point,
    Chain,
    /// The outer ring of the polygon of this number.
    Exterior(usize),
    /// A hole of the polygon of this number.
    Hole(usize),
}

#[derive(Debug, Default)]
pub(super) struct Edges {
    all: Vec<Edge>,
    parts: Vec<Part>,
    /// `levels[0]` has a box for every [`FAN`] edges, each next level one for every [`FAN`] boxes.
    levels: Vec<Vec<BoundingBox>>,
}

impl Edges {
    pub(super) fn of(shape: &::geo::Geometry<f64>) -> Self {
        let mut edges = Self::default();
        match shape {
            ::geo::Geometry::Point(point) => edges.add_point(point.0),
            ::geo::Geometry::MultiPoint(points) => points.iter().for_each(|point| edges.add_point(point.0)),
            ::geo::Geometry::LineString(line) => edges.add_chain(line, Part::Chain),
            ::geo::Geometry::MultiLineString(lines) => {
                lines.iter().for_each(|line| edges.add_chain(line, Part::Chain));
            }
            ::geo::Geometry::Polygon(polygon) => edges.add_polygon(polygon, 0),
            ::geo::Geometry::MultiPolygon(polygons) => {
                polygons.iter().enumerate().for_each(|(number, polygon)| edges.add_polygon(polygon, number));
            }
            _ => {}
        }
        edges.build_levels();
        edges
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Edge> {
        self.all.iter()
    }

    pub(super) fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The edges by the eight, each with their box.
    pub(super) fn groups(&self) -> impl Iterator<Item = (&BoundingBox, &[Edge])> {
        self.levels.first().into_iter().flatten().zip(self.all.chunks(FAN))
    }

    /// Calls `visit` for each edge under the boxes that `wanted` admits, until it answers `false`.
    ///
    /// `wanted` is asked again at every box, so that it may grow stricter on the way.
    pub(super) fn search(
        &self,
        budget: &mut Budget,
        mut wanted: impl FnMut(&BoundingBox) -> bool,
        mut visit: impl FnMut(&Edge, &mut Budget) -> Result<bool, TooIntricate>,
    ) -> Result<(), TooIntricate> {
        let Some(top) = self.levels.len().checked_sub(1) else { return Ok(()) };
        let roots = self.levels.last().map_or(0, Vec::len);
        let mut stack: Vec<(usize, usize)> = (0..roots).rev().map(|index| (top, index)).collect();
        while let Some((level, index)) = stack.pop() {
            budget.step()?;
            let boxes = self.levels.get(level).map_or(&[][..], Vec::as_slice);
            if !boxes.get(index).is_some_and(&mut wanted) {
                continue;
            }
            if let Some(below) = level.checked_sub(1) {
                let end = self.levels.get(below).map_or(0, Vec::len).min((index + 1) * FAN);
                stack.extend((index * FAN..end).rev().map(|child| (below, child)));
                continue;
            }
            for edge in self.all.iter().skip(index * FAN).take(FAN) {
                budget.step()?;
                if !visit(edge, budget)? {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn add_point(&mut self, at: Coord<f64>) {
        self.all.push(Edge { from: at, to: at, part: self.parts.len() });
        self.parts.push(Part::Point);
    }

    fn add_polygon(&mut self, polygon: &Polygon<f64>, number: usize) {
        self.add_chain(polygon.exterior(), Part::Exterior(number));
        polygon.interiors().iter().for_each(|hole| self.add_chain(hole, Part::Hole(number)));
    }

    /// Positions that repeat the one before are left out; a chain of nothing else is kept as a point.
    fn add_chain(&mut self, line: &LineString<f64>, part: Part) {
        let number = self.parts.len();
        let count = self.all.len();
        let moves = line.lines().filter(|line| line.start != line.end);
        self.all.extend(moves.map(|line| Edge { from: line.start, to: line.end, part: number }));
        if self.all.len() == count
            && let Some(&at) = line.0.first()
        {
            self.all.push(Edge { from: at, to: at, part: number });
        }
        self.parts.push(part);
    }

    fn build_levels(&mut self) {
        let leaf_boxes: Vec<BoundingBox> = self.all.iter().map(Edge::bounds).collect();
        let mut level = grouped(&leaf_boxes);
        while level.len() > FAN {
            let next = grouped(&level);
            self.levels.push(level);
            level = next;
        }
        self.levels.push(level);
    }
}

fn grouped(boxes: &[BoundingBox]) -> Vec<BoundingBox> {
    boxes.chunks(FAN).filter_map(|group| group.iter().copied().reduce(|all, one| all.joined(&one))).collect()
}
