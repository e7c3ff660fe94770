//! What a geometry is made of: its chains of positions, and `GeoJSON` coordinates as they are written back.

use ::geo::{LineString, Polygon};

use super::{Geometry, Position};
use crate::{Json, Number};

/// Beyond this, doubles no longer hold every whole number.
const LARGEST_EXACT: f64 = 9_007_199_254_740_992.0;

pub(super) fn coordinates(geometry: &Geometry) -> Json<'static> {
    let mut positions = geometry.positions();
    let mut next = || position(positions.next());
    match &geometry.shape {
        ::geo::Geometry::MultiPoint(points) => Json::Array(points.iter().map(|_| next()).collect()),
        ::geo::Geometry::LineString(line) => chain(line, &mut next),
        ::geo::Geometry::MultiLineString(lines) => {
            Json::Array(lines.iter().map(|line| chain(line, &mut next)).collect())
        }
        ::geo::Geometry::Polygon(polygon) => rings(polygon, &mut next),
        ::geo::Geometry::MultiPolygon(polygons) => {
            Json::Array(polygons.iter().map(|polygon| rings(polygon, &mut next)).collect())
        }
        _ => next(),
    }
}

/// The chains of each part.
pub(super) fn parts(shape: &::geo::Geometry<f64>) -> Vec<Vec<Vec<(f64, f64)>>> {
    let chain = |line: &LineString<f64>| line.coords().map(|at| (at.x, at.y)).collect::<Vec<_>>();
    let area = |polygon: &Polygon<f64>| -> Vec<Vec<(f64, f64)>> {
        std::iter::once(polygon.exterior()).chain(polygon.interiors()).map(chain).collect()
    };
    match shape {
        ::geo::Geometry::Point(point) => vec![vec![vec![point.x_y()]]],
        ::geo::Geometry::MultiPoint(points) => points.iter().map(|point| vec![vec![point.x_y()]]).collect(),
        ::geo::Geometry::LineString(line) => vec![vec![chain(line)]],
        ::geo::Geometry::MultiLineString(lines) => lines.iter().map(|line| vec![chain(line)]).collect(),
        ::geo::Geometry::Polygon(polygon) => vec![area(polygon)],
        ::geo::Geometry::MultiPolygon(polygons) => polygons.iter().map(area).collect(),
        _ => Vec::new(),
    }
}

fn rings(polygon: &Polygon<f64>, next: &mut impl FnMut() -> Json<'static>) -> Json<'static> {
    let rings = std::iter::once(polygon.exterior()).chain(polygon.interiors());
    Json::Array(rings.map(|ring| chain(ring, next)).collect())
}

fn chain(line: &LineString<f64>, next: &mut impl FnMut() -> Json<'static>) -> Json<'static> {
    Json::Array(line.coords().map(|_| next()).collect())
}

fn position(position: Option<Position>) -> Json<'static> {
    let position = position.expect("the outline has as many positions as the geometry");
    let numbers = [Some(position.longitude()), Some(position.latitude()), position.altitude()];
    Json::Array(numbers.into_iter().flatten().map(number).collect())
}

/// Whole numbers are written without `.0`, as they mostly came.
fn number(value: f64) -> Json<'static> {
    if value.fract() == 0.0 && value.abs() < LARGEST_EXACT {
        return Json::Number(Number::from(value as i64));
    }
    Json::from(value)
}
