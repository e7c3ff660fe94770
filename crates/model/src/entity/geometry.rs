//! What a GeoProperty may hold (ETSI GS CIM 009 §4.7.1): a GeoJSON geometry, but no `GeometryCollection`.

use machi_types::Json;
use machi_types::geo::{Geometry, InvalidGeometry};

/// Checks a geometry.
pub(crate) fn check_geometry(value: &Json<'_>) -> Result<(), InvalidGeometry> {
    Geometry::from_json(value).map(drop)
}

/// Whether this claims to be a geometry that a GeoProperty may hold.
pub(crate) fn has_geometry_type(value: &Json<'_>) -> bool {
    const TYPES: [&str; 6] = ["Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon"];
    let is_geometry_type = value.get("type").and_then(Json::as_str).is_some_and(|name| TYPES.contains(&name));
    is_geometry_type && value.get("coordinates").and_then(Json::as_array).is_some()
}
