//! Metres between the nearest points of two geometries.

use ::geo::Coord;

use super::edges::{Budget, Edge};
use super::locate::{Place, place_in};
use super::sphere::{self, Origin};
use super::{BoundingBox, Geometry, TooIntricate, relation};

/// The distance, or `enough` if it is not less.
pub(super) fn between(a: &Geometry, b: &Geometry, enough: f64) -> Result<f64, TooIntricate> {
    match (a.as_coord(), b.as_coord()) {
        (Some(from), Some(to)) => Ok(sphere::distance(from, to).min(enough)),
        (Some(from), None) => Ok(from_point(from, b, enough)),
        (None, Some(from)) => Ok(from_point(from, a, enough)),
        (None, None) => from_shape(a, b, enough),
    }
}

pub(super) fn at_most(a: &Geometry, b: &Geometry, metres: f64) -> Result<bool, TooIntricate> {
    if let (Some(from), Some(to)) = (a.as_coord(), b.as_coord()) {
        return Ok(sphere::distance(from, to) <= metres);
    }
    if a.bounds.least_distance(&b.bounds) > metres {
        return Ok(false);
    }
    // The next larger double is what a search that finds nothing gives back.
    Ok(between(a, b, metres.next_up())? <= metres)
}

/// In time linear in the number of edges, hence always allowed.
fn from_point(at: Coord<f64>, geometry: &Geometry, enough: f64) -> f64 {
    if place_in(geometry, at) != Place::Outside {
        return 0.0_f64.min(enough);
    }
    let origin = Origin::new(at);
    let here = BoundingBox::of_edge(at, at);
    let mut best = enough;
    for (bounds, edges) in geometry.edges().groups() {
        if sphere::least_distance(&here, bounds) < best {
            for edge in edges {
                measure(&origin, &here, edge, &mut best);
            }
        }
    }
    best
}

fn measure(origin: &Origin, here: &BoundingBox, edge: &Edge, best: &mut f64) {
    if sphere::least_distance(here, &edge.bounds()) < *best {
        origin.measure(edge.from, edge.to, best);
    }
}

fn from_shape(a: &Geometry, b: &Geometry, enough: f64) -> Result<f64, TooIntricate> {
    let mut budget = Budget::for_pair(a, b);
    if relation::touch(a, b, &mut budget)? {
        return Ok(0.0_f64.min(enough));
    }
    let nearer = corners_to_edges(a, b, enough, &mut budget)?;
    corners_to_edges(b, a, nearer, &mut budget)
}

/// The least distance from a corner of `a` to an edge of `b`.
fn corners_to_edges(a: &Geometry, b: &Geometry, enough: f64, budget: &mut Budget) -> Result<f64, TooIntricate> {
    let mut best = enough;
    for (bounds, edges) in a.edges().groups() {
        if sphere::least_distance(bounds, &b.bounds) >= best {
            continue;
        }
        for corner in edges.iter().flat_map(corners) {
            best = from_corner(corner, b, best, budget)?;
        }
    }
    Ok(best)
}

fn corners(edge: &Edge) -> impl Iterator<Item = Coord<f64>> {
    std::iter::once(edge.from).chain((!edge.is_point()).then_some(edge.to))
}

fn from_corner(at: Coord<f64>, b: &Geometry, enough: f64, budget: &mut Budget) -> Result<f64, TooIntricate> {
    let origin = Origin::new(at);
    let here = BoundingBox::of_edge(at, at);
    let best = std::cell::Cell::new(enough);
    b.edges().search(
        budget,
        |bounds| sphere::least_distance(&here, bounds) < best.get(),
        |edge, _| {
            let mut nearest = best.get();
            measure(&origin, &here, edge, &mut nearest);
            best.set(nearest);
            Ok(true)
        },
    )?;
    Ok(best.get())
}
