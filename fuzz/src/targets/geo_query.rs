//! Geoqueries: georel, geometry, coordinates and geoproperty, one a line.

use machi_model::query::{Coordinates, GeoParameters, GeoQuery};
use machi_types::geo::Geometry;

use crate::planted;
use crate::target::{Target, texts};
use crate::text::{parameters, text};

pub(crate) const TARGET: Target = Target { name: "geo_query", run, seeds, words: WORDS };

pub(crate) const WORDS: &[&str] = &[
    "near;maxDistance==",
    "near;minDistance==",
    "within",
    "contains",
    "intersects",
    "equals",
    "disjoint",
    "overlaps",
    "Point",
    "MultiPoint",
    "LineString",
    "MultiLineString",
    "Polygon",
    "MultiPolygon",
    "[",
    "]",
    ",",
    "[0,0]",
    "180",
    "-90",
    "1e308",
    "\"type\":",
    "\"coordinates\":",
    "[[[0,0],[1,0],[1,1],[0,0]]]",
];

fn run(bytes: &[u8]) {
    let text = text(bytes);
    let [georel, geometry, coordinates, geoproperty] = parameters(&text);
    let coordinates = coordinates.map(Coordinates::Text);
    let Ok(Some(query)) = GeoQuery::parse(&GeoParameters { georel, geometry, coordinates, geoproperty }) else {
        return;
    };
    let _ = (query.to_string(), query.search_box());
    let targets = [Geometry::point(139.7, 35.6), Geometry::point(-180.0, 90.0)];
    let hits = targets.iter().flatten().filter(|target| query.matches(target).unwrap_or(false)).count();
    planted::fault(hits == 2);
}

fn seeds() -> Vec<Vec<u8>> {
    texts(&[
        "near;maxDistance==2000\nPoint\n[139.7,35.6]\nlocation",
        "within\nPolygon\n[[[139,35],[140,35],[140,36],[139,36],[139,35]]]",
        "intersects\nMultiPolygon\n[[[[0,0],[1,0],[1,1],[0,0]]],[[[179,0],[-179,0],[-179,1],[179,0]]]]",
        "equals\nLineString\n[[0,0],[1,1],[2,0]]\nobservationSpace",
        "near;minDistance==0.5\nMultiPoint\n[[0,0],[0,90]]",
    ])
}
