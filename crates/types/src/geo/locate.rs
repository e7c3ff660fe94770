//! Where a position lies relative to a geometry: inside, on its boundary, or outside.

use ::geo::coordinate_position::{CoordPos, coord_pos_relative_to_ring};
use ::geo::kernels::{Kernel, Orientation, RobustKernel};
use ::geo::{Coord, CoordinatePosition, CoordsIter, Polygon};

use super::edges::{Budget, Edge, Edges, Part};
use super::{BoundingBox, Geometry, TooIntricate};

/// Where a position lies relative to a geometry.
///
/// The boundary of an area is its rings. That of lines is the ends that an odd number of chains share
/// (OGC Simple Features, the mod 2 rule). Points have none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Inside,
    Boundary,
    Outside,
}

impl From<CoordPos> for Place {
    fn from(position: CoordPos) -> Self {
        match position {
            CoordPos::Inside => Self::Inside,
            CoordPos::OnBoundary => Self::Boundary,
            CoordPos::Outside => Self::Outside,
        }
    }
}

/// From so many positions on, an area is asked by its tree, which is kept for the next question.
const MANY: usize = 64;

/// The place of one position; at worst in time linear in the number of edges.
pub(super) fn place_in(geometry: &Geometry, at: Coord<f64>) -> Place {
    if !geometry.bounds.meets(&BoundingBox::of_edge(at, at)) {
        return Place::Outside;
    }
    if geometry.kind().dimension() == 2 && geometry.shape.coords_count() >= MANY {
        let place = place_in_area(geometry.edges(), at, &mut Budget::for_one());
        return place.expect("one look at every edge is within the budget");
    }
    match &geometry.shape {
        ::geo::Geometry::Polygon(polygon) => place_in_polygon(polygon, at),
        ::geo::Geometry::MultiPolygon(polygons) => best(polygons.iter().map(|polygon| place_in_polygon(polygon, at))),
        shape => place_on(shape, at),
    }
}

fn place_on(lines_or_points: &::geo::Geometry<f64>, at: Coord<f64>) -> Place {
    let (mut is_inside, mut ends) = (false, 0);
    lines_or_points.calculate_coordinate_position(&at, &mut is_inside, &mut ends);
    match ends % 2 {
        1 => Place::Boundary,
        // Where an even number of chains end, they join.
        _ if is_inside || ends > 0 => Place::Inside,
        _ => Place::Outside,
    }
}

/// The place in one polygon, by the winding numbers of its rings.
pub(super) fn place_in_polygon(polygon: &Polygon<f64>, at: Coord<f64>) -> Place {
    let in_exterior = coord_pos_relative_to_ring(at, polygon.exterior()).into();
    if in_exterior != Place::Inside {
        return in_exterior;
    }
    for hole in polygon.interiors() {
        match coord_pos_relative_to_ring(at, hole) {
            CoordPos::Outside => {}
            CoordPos::OnBoundary => return Place::Boundary,
            CoordPos::Inside => return Place::Outside,
        }
    }
    Place::Inside
}

/// The place in a union: inside any is inside, else on the boundary of any is on the boundary.
fn best(places: impl Iterator<Item = Place>) -> Place {
    let mut found = Place::Outside;
    for place in places {
        match place {
            Place::Inside => return Place::Inside,
            Place::Boundary => found = Place::Boundary,
            Place::Outside => {}
        }
    }
    found
}

/// As [`place_in`] for areas, asking only the edges beside the position.
pub(super) fn place_in_area(area: &Edges, at: Coord<f64>, budget: &mut Budget) -> Result<Place, TooIntricate> {
    let mut rings: Vec<Ring> = Vec::new();
    let is_beside = |area: &BoundingBox| area.south <= at.y && at.y <= area.north && area.east >= at.x;
    area.search(budget, is_beside, |edge, _| {
        let crossing = crossing(edge, at);
        if crossing != Crossing::No {
            note(&mut rings, edge.part, crossing);
        }
        Ok(true)
    })?;
    Ok(best(polygons(area, &mut rings)))
}

/// One look at all edges costs as many steps.
pub(super) fn place_on_lines(lines: &Geometry, at: Coord<f64>, budget: &mut Budget) -> Result<Place, TooIntricate> {
    for _ in lines.edges().groups() {
        budget.step()?;
    }
    Ok(place_in(lines, at))
}

/// What the edges say of one ring.
struct Ring {
    part: usize,
    winding: i32,
    is_on: bool,
}

impl Ring {
    fn place(&self) -> Place {
        match (self.is_on, self.winding) {
            (true, _) => Place::Boundary,
            (false, 0) => Place::Outside,
            (false, _) => Place::Inside,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Crossing {
    No,
    On,
    Up,
    Down,
}

/// Whether a ray from the position to the east crosses this edge; an edge holds its lower end alone.
fn crossing(edge: &Edge, at: Coord<f64>) -> Crossing {
    let (from, to) = (edge.from, edge.to);
    if from.y.min(to.y) > at.y || from.y.max(to.y) < at.y {
        return Crossing::No;
    }
    let side = RobustKernel::orient2d(from, to, at);
    if side == Orientation::Collinear && from.x.min(to.x) <= at.x && at.x <= from.x.max(to.x) {
        return Crossing::On;
    }
    let rises = from.y <= at.y && at.y < to.y;
    let falls = to.y <= at.y && at.y < from.y;
    match side {
        Orientation::CounterClockwise if rises => Crossing::Up,
        Orientation::Clockwise if falls => Crossing::Down,
        _ => Crossing::No,
    }
}

fn note(rings: &mut Vec<Ring>, part: usize, crossing: Crossing) {
    let known = rings.iter().rposition(|ring| ring.part == part);
    let index = known.unwrap_or(rings.len());
    if known.is_none() {
        rings.push(Ring { part, winding: 0, is_on: false });
    }
    let Some(ring) = rings.get_mut(index) else { return };
    match crossing {
        Crossing::On => ring.is_on = true,
        Crossing::Up => ring.winding += 1,
        Crossing::Down => ring.winding -= 1,
        Crossing::No => {}
    }
}

/// The place in each polygon of which some ring was crossed; in all others it is outside.
fn polygons<'r>(area: &'r Edges, rings: &'r mut [Ring]) -> impl Iterator<Item = Place> + 'r {
    let polygon_of = |ring: &Ring| match area.parts().get(ring.part) {
        Some(Part::Exterior(polygon) | Part::Hole(polygon)) => *polygon,
        _ => usize::MAX,
    };
    rings.sort_by_key(|ring| ring.part);
    rings.chunk_by(move |one, next| polygon_of(one) == polygon_of(next)).map(|rings| {
        // The exterior comes before its holes.
        let (Some(exterior), holes) = (rings.first(), rings.get(1..).unwrap_or_default()) else {
            return Place::Outside;
        };
        if !matches!(area.parts().get(exterior.part), Some(Part::Exterior(_))) {
            return Place::Outside;
        }
        if exterior.place() != Place::Inside {
            return exterior.place();
        }
        let in_holes = holes.iter().map(Ring::place).find(|place| *place != Place::Outside);
        match in_holes {
            None => Place::Inside,
            Some(Place::Boundary) => Place::Boundary,
            Some(_) => Place::Outside,
        }
    })
}
