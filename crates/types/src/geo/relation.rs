//! How two geometries lie to each other: the relations of OGC Simple Features, which NGSI-LD takes over (§4.10).
//!
//! They are defined by what interior, boundary and exterior have in common (DE-9IM). Here each boundary or
//! line is cut where the other geometry touches it, and the pieces are placed inside, on, or outside the
//! other: see [`Course`]. Only where edges of the two meet is anything computed, so that a geometry
//! that crosses itself a million times costs no more than a smooth one, and is decided by winding number.

use std::collections::HashSet;

use ::geo::{Coord, Intersects};

use super::course::Course;
use super::edges::{Budget, Edge, Edges};
use super::interior::position_in;
use super::locate::{Place, place_in, place_in_area, place_on_lines};
use super::{Geometry, GeometryKind, TooIntricate};

/// How a geometry may lie to another (OGC Simple Features; ETSI GS CIM 009 §4.10).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SpatialRelation {
    /// They cover the same place.
    Equals,
    /// They have no position in common.
    Disjoint,
    /// They have a position in common.
    Intersects,
    /// No position is outside the other, and not all are on its boundary.
    Within,
    /// The other is within this one.
    Contains,
    /// Both points, lines or areas; their interiors share some of that, and each has more than the other.
    Overlaps,
}

impl SpatialRelation {
    /// All relations.
    pub const ALL: [Self; 6] =
        [Self::Equals, Self::Disjoint, Self::Intersects, Self::Within, Self::Contains, Self::Overlaps];

    /// The word of the geoquery language.
    pub fn name(self) -> &'static str {
        match self {
            Self::Equals => "equals",
            Self::Disjoint => "disjoint",
            Self::Intersects => "intersects",
            Self::Within => "within",
            Self::Contains => "contains",
            Self::Overlaps => "overlaps",
        }
    }

    pub(super) fn holds(self, a: &Geometry, b: &Geometry) -> Result<bool, TooIntricate> {
        if let Some(holds) = self.holds_by_box(a, b) {
            return Ok(holds);
        }
        let mut budget = Budget::for_pair(a, b);
        match self {
            Self::Disjoint => touch(a, b, &mut budget).map(|touch| !touch),
            Self::Intersects => touch(a, b, &mut budget),
            Self::Within => within(a, b, &mut budget),
            Self::Contains => within(b, a, &mut budget),
            Self::Equals => equal(a, b, &mut budget),
            Self::Overlaps => overlap(a, b, &mut budget),
        }
    }
}

impl SpatialRelation {
    /// The answer, where the boxes around the two give it away.
    fn holds_by_box(self, a: &Geometry, b: &Geometry) -> Option<bool> {
        if a.bounds.meets(&b.bounds) { None } else { Some(self == Self::Disjoint) }
    }
}

/// Whether the two have a position in common.
pub(super) fn touch(a: &Geometry, b: &Geometry, budget: &mut Budget) -> Result<bool, TooIntricate> {
    if !a.bounds.meets(&b.bounds) {
        return Ok(false);
    }
    match (a.as_coord(), b.as_coord()) {
        (Some(at), _) => return Ok(place_in(b, at) != Place::Outside),
        (_, Some(at)) => return Ok(place_in(a, at) != Place::Outside),
        _ => {}
    }
    if edges_touch(a.edges(), b, budget)? {
        return Ok(true);
    }
    // No edge meets another, so that each part is wholly inside the other geometry or wholly outside.
    Ok(any_part_inside(a.edges(), b, budget)? || any_part_inside(b.edges(), a, budget)?)
}

fn edges_touch(a: &Edges, b: &Geometry, budget: &mut Budget) -> Result<bool, TooIntricate> {
    let mut touch = false;
    for edge in a.iter() {
        let bounds = edge.bounds();
        if !bounds.meets(&b.bounds) {
            continue;
        }
        let visit = |other: &Edge, _: &mut Budget| {
            touch = bounds.meets(&other.bounds()) && edge.line().intersects(&other.line());
            Ok(!touch)
        };
        b.edges().search(budget, |area| area.meets(&bounds), visit)?;
        if touch {
            return Ok(true);
        }
    }
    Ok(false)
}

fn any_part_inside(a: &Edges, b: &Geometry, budget: &mut Budget) -> Result<bool, TooIntricate> {
    if b.kind().dimension() < 2 {
        return Ok(false);
    }
    let mut last_part = usize::MAX;
    for edge in a.iter() {
        if std::mem::replace(&mut last_part, edge.part) != edge.part
            && place_in_area(b.edges(), edge.from, budget)? != Place::Outside
        {
            return Ok(true);
        }
    }
    Ok(false)
}

fn within(a: &Geometry, b: &Geometry, budget: &mut Budget) -> Result<bool, TooIntricate> {
    if !b.bounds.covers(&a.bounds) {
        return Ok(false);
    }
    match (a.kind().dimension(), b.kind().dimension()) {
        (0, 0) => Ok(points(a).is_subset(&points(b))),
        (0, _) => points_within(a, b, budget),
        (1, 1) => {
            let course = Course::of_all(a, b, budget)?;
            Ok(course.inside && !course.outside)
        }
        (1, 2) => {
            let course = Course::of_all(a, b, budget)?;
            // Who crosses the ring of a polygon leaves it, however little; two polygons may touch there.
            let leaves = course.outside || (course.crosses && b.kind() == GeometryKind::Polygon);
            Ok(course.inside && !leaves)
        }
        (2, 2) => area_within(a, b, budget),
        _ => Ok(false),
    }
}

fn equal(a: &Geometry, b: &Geometry, budget: &mut Budget) -> Result<bool, TooIntricate> {
    // A ring that crosses itself is not within itself by these rules; the same positions are the same place still.
    if a.shape == b.shape {
        return Ok(true);
    }
    let may_be = a.kind().dimension() == b.kind().dimension() && a.bounds == b.bounds;
    Ok(may_be && within(a, b, budget)? && within(b, a, budget)?)
}

fn overlap(a: &Geometry, b: &Geometry, budget: &mut Budget) -> Result<bool, TooIntricate> {
    if !a.bounds.meets(&b.bounds) {
        return Ok(false);
    }
    match (a.kind().dimension(), b.kind().dimension()) {
        (0, 0) => {
            let (a, b) = (points(a), points(b));
            Ok(!a.is_disjoint(&b) && !a.is_subset(&b) && !b.is_subset(&a))
        }
        (1, 1) => {
            let course = Course::of_all(a, b, budget)?;
            Ok(course.inside && course.outside && Course::of_all(b, a, budget)?.outside)
        }
        (2, 2) => areas_overlap(a, b, budget),
        _ => Ok(false),
    }
}

/// The positions of a geometry of points, as bits; -0 is 0.
fn points(geometry: &Geometry) -> HashSet<(u64, u64)> {
    let bits = |number: f64| (number + 0.0).to_bits();
    geometry.edges().iter().map(|point| (bits(point.from.x), bits(point.from.y))).collect()
}

fn points_within(a: &Geometry, b: &Geometry, budget: &mut Budget) -> Result<bool, TooIntricate> {
    if let Some(at) = a.as_coord() {
        return Ok(place_in(b, at) == Place::Inside);
    }
    let mut any_inside = false;
    for point in a.edges().iter() {
        let place = match b.kind().dimension() {
            2 => place_in_area(b.edges(), point.from, budget)?,
            _ => place_on_lines(b, point.from, budget)?,
        };
        match place {
            Place::Outside => return Ok(false),
            Place::Inside => any_inside = true,
            Place::Boundary => {}
        }
    }
    Ok(any_inside)
}

fn area_within(a: &Geometry, b: &Geometry, budget: &mut Budget) -> Result<bool, TooIntricate> {
    let boundary = Course::of_all(a, b, budget)?;
    if boundary.outside || boundary.crosses || Course::of_all(b, a, budget)?.inside {
        return Ok(false);
    }
    // No boundary of b runs through a, so that each polygon of a is wholly in b or wholly out of it.
    // One whose ring runs along that of b throughout may be a hole of b: its interior decides.
    interiors_are_inside(a, b, budget)
}

fn areas_overlap(a: &Geometry, b: &Geometry, budget: &mut Budget) -> Result<bool, TooIntricate> {
    let (of_a, of_b) = (Course::of_all(a, b, budget)?, Course::of_all(b, a, budget)?);
    if of_a.crosses || of_b.crosses {
        return Ok(true);
    }
    let share_interior =
        of_a.inside || of_b.inside || any_interior_inside(a, b, budget)? || any_interior_inside(b, a, budget)?;
    Ok(share_interior && !area_within(a, b, budget)? && !area_within(b, a, budget)?)
}

fn interiors_are_inside(a: &Geometry, b: &Geometry, budget: &mut Budget) -> Result<bool, TooIntricate> {
    let mut all = true;
    each_interior(a, |at| {
        all = all && place_in_area(b.edges(), at, budget)? == Place::Inside;
        Ok(())
    })?;
    Ok(all)
}

fn any_interior_inside(a: &Geometry, b: &Geometry, budget: &mut Budget) -> Result<bool, TooIntricate> {
    let mut any = false;
    each_interior(a, |at| {
        any = any || place_in_area(b.edges(), at, budget)? == Place::Inside;
        Ok(())
    })?;
    Ok(any)
}

/// Calls `see` with a position inside each polygon.
fn each_interior(area: &Geometry, see: impl FnMut(Coord<f64>) -> Result<(), TooIntricate>) -> Result<(), TooIntricate> {
    let polygons = match &area.shape {
        ::geo::Geometry::Polygon(polygon) => std::slice::from_ref(polygon),
        ::geo::Geometry::MultiPolygon(polygons) => polygons.0.as_slice(),
        _ => &[],
    };
    polygons.iter().filter_map(position_in).try_for_each(see)
}
