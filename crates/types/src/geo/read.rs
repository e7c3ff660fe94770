//! Reads `GeoJSON` strictly: every fault is named with its place, and what passes is a valid geometry.

use std::fmt::Write;

use ::geo::{Coord, LineString, MultiLineString, MultiPoint, MultiPolygon, Point, Polygon};

use super::{Geometry, GeometryFault as Fault, GeometryKind, InvalidGeometry, Position};
use crate::{Json, json};

/// How many positions one geometry may have; the coast of Japan at 1:1,000,000 has fewer.
pub const MAX_POSITIONS: usize = 200_000;

/// A geometry nests at most this deep: the object, polygons, rings, positions and foreign members beside them.
const DEPTH: usize = 16;

/// Any coordinate nearer to 0 than this is 0.
///
/// A femtodegree is a tenth of a nanometre. Without the cut, products of differences could underflow,
/// and the exact signs on which topology stands would no longer be exact.
const SMALLEST: f64 = 1e-15;

pub(super) fn point(longitude: f64, latitude: f64) -> Result<Geometry, InvalidGeometry> {
    let position = [longitude, latitude].map(Json::from).to_vec();
    coordinates(GeometryKind::Point, &Json::Array(position))
}

pub(super) fn geometry(json: &Json<'_>) -> Result<Geometry, InvalidGeometry> {
    if let Some(text) = json.as_str() {
        let parsed = json::parse(text.as_bytes(), DEPTH)
            .map_err(|error| InvalidGeometry::new("geometry", Fault::NotJson(error)))?;
        return object(&parsed);
    }
    object(json)
}

fn object(json: &Json<'_>) -> Result<Geometry, InvalidGeometry> {
    if json.as_object().is_none() {
        return Err(InvalidGeometry::new("geometry", Fault::NotAnObject { found: json.kind() }));
    }
    let name = json.get("type").and_then(Json::as_str);
    let name = name.ok_or_else(|| InvalidGeometry::new("type", Fault::NoType))?;
    let kind = name.parse().map_err(|fault| InvalidGeometry::new("type", fault))?;
    match json.get("coordinates") {
        Some(value) => coordinates(kind, value),
        None => Err(InvalidGeometry::new("coordinates", Fault::NoCoordinates)),
    }
}

pub(super) fn coordinates_text(kind: GeometryKind, text: &str) -> Result<Geometry, InvalidGeometry> {
    let parsed = json::parse(text.as_bytes(), DEPTH)
        .map_err(|error| InvalidGeometry::new("coordinates", Fault::NotJson(error)))?;
    coordinates(kind, &parsed)
}

pub(super) fn coordinates(kind: GeometryKind, value: &Json<'_>) -> Result<Geometry, InvalidGeometry> {
    let mut reader = Reader { altitudes: Vec::new(), has_altitude: false };
    let shape = reader.shape(kind, value).map_err(Misplaced::named)?;
    let altitudes = reader.has_altitude.then(|| reader.altitudes.into_boxed_slice());
    Ok(Geometry::of(shape, altitudes))
}

/// A fault, and the indexes that lead to it, the innermost first.
struct Misplaced {
    fault: Fault,
    path: Vec<usize>,
}

impl From<Fault> for Misplaced {
    fn from(fault: Fault) -> Self {
        Self { fault, path: Vec::new() }
    }
}

impl Misplaced {
    fn in_item(mut self, index: usize) -> Self {
        self.path.push(index);
        self
    }

    fn named(self) -> InvalidGeometry {
        let mut place = String::from("coordinates");
        for index in self.path.iter().rev() {
            write!(place, "[{index}]").expect("writing to a string cannot fail");
        }
        InvalidGeometry { place, fault: self.fault }
    }
}

struct Reader {
    altitudes: Vec<Option<f64>>,
    has_altitude: bool,
}

impl Reader {
    fn shape(&mut self, kind: GeometryKind, value: &Json<'_>) -> Result<::geo::Geometry<f64>, Misplaced> {
        Ok(match kind {
            GeometryKind::Point => Point(self.position(value)?.coord()).into(),
            GeometryKind::MultiPoint => {
                let points = self.items(value, "an array of positions", Self::position)?;
                points.into_iter().map(|position| Point(position.coord())).collect::<MultiPoint>().into()
            }
            GeometryKind::LineString => self.line(value)?.into(),
            GeometryKind::MultiLineString => {
                MultiLineString(self.items(value, "an array of lines", Self::line)?).into()
            }
            GeometryKind::Polygon => self.polygon(value)?.into(),
            GeometryKind::MultiPolygon => {
                MultiPolygon(self.items(value, "an array of polygons", Self::polygon)?).into()
            }
        })
    }

    fn polygon(&mut self, value: &Json<'_>) -> Result<Polygon<f64>, Misplaced> {
        let mut rings = self.items(value, "an array of rings", Self::ring)?.into_iter();
        let exterior = rings.next().expect("items refuses an empty array");
        Ok(Polygon::new(exterior, rings.collect()))
    }

    fn ring(&mut self, value: &Json<'_>) -> Result<LineString<f64>, Misplaced> {
        let positions = self.items(value, "an array of positions", Self::position)?;
        if positions.len() < 4 {
            return Err(Fault::ShortRing(positions.len()).into());
        }
        if let (Some(first), Some(last)) = (positions.first(), positions.last())
            && first != last
        {
            return Err(Fault::OpenRing { first: first.to_string(), last: last.to_string() }.into());
        }
        Ok(positions.into_iter().map(Position::coord).collect())
    }

    fn line(&mut self, value: &Json<'_>) -> Result<LineString<f64>, Misplaced> {
        let positions = self.items(value, "an array of positions", Self::position)?;
        if positions.len() < 2 {
            return Err(Fault::ShortLine(positions.len()).into());
        }
        Ok(positions.into_iter().map(Position::coord).collect())
    }

    fn position(&mut self, value: &Json<'_>) -> Result<Position, Misplaced> {
        const POSITION: &str = "a position [longitude, latitude]";
        let Some(items) = value.as_array() else {
            return Err(Fault::NotAnArray { expected: POSITION, found: value.kind() }.into());
        };
        let (longitude, latitude, altitude) = match items {
            [] => return Err(Fault::Empty { expected: POSITION }.into()),
            [x, y] => (number(x, 0)?, number(y, 1)?, None),
            [x, y, z] => (number(x, 0)?, number(y, 1)?, Some(number(z, 2)?)),
            _ => return Err(Fault::PositionLength(items.len()).into()),
        };
        if longitude.abs() > 180.0 {
            return Err(Fault::Longitude(longitude).into());
        }
        if latitude.abs() > 90.0 {
            return Err(Fault::Latitude(latitude).into());
        }
        if self.altitudes.len() == MAX_POSITIONS {
            return Err(Fault::TooManyPositions { limit: MAX_POSITIONS }.into());
        }
        self.altitudes.push(altitude);
        self.has_altitude |= altitude.is_some();
        Ok(Position::of(Coord { x: longitude, y: latitude }, altitude))
    }

    fn items<T>(
        &mut self,
        value: &Json<'_>,
        expected: &'static str,
        mut read: impl FnMut(&mut Self, &Json<'_>) -> Result<T, Misplaced>,
    ) -> Result<Vec<T>, Misplaced> {
        let Some(items) = value.as_array() else {
            return Err(Fault::NotAnArray { expected, found: value.kind() }.into());
        };
        if items.is_empty() {
            return Err(Fault::Empty { expected }.into());
        }
        let read_item = |(index, item)| read(self, item).map_err(|fault| fault.in_item(index));
        items.iter().enumerate().map(read_item).collect()
    }
}

fn number(value: &Json<'_>, index: usize) -> Result<f64, Misplaced> {
    match value.as_f64() {
        Some(number) if number.abs() < SMALLEST => Ok(0.0),
        Some(number) if number.is_finite() => Ok(number),
        _ => Err(Misplaced::from(Fault::NotANumber { found: value.kind() }).in_item(index)),
    }
}
