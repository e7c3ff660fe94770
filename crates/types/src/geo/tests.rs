//! Examples of every kind of geometry, fault, distance and relation.

use super::*;
use crate::json::{self, DEFAULT_DEPTH};
use ::geo::{Relate, Validation};
use proptest::prelude::*;

mod laws;

fn geometry(text: &str) -> Geometry {
    Geometry::from_json(&json::parse(text.as_bytes(), DEFAULT_DEPTH).unwrap()).unwrap()
}

fn shape(kind: GeometryKind, coordinates: &str) -> Geometry {
    Geometry::parse_coordinates(kind, coordinates).unwrap()
}

fn fault(text: &str) -> String {
    Geometry::from_json(&json::parse(text.as_bytes(), DEFAULT_DEPTH).unwrap()).unwrap_err().to_string()
}

#[test]
fn every_kind_is_read_and_written_back() {
    for text in [
        r#"{"type":"Point","coordinates":[136.2,36]}"#,
        r#"{"type":"Point","coordinates":[136.2,36,12.5]}"#,
        r#"{"type":"MultiPoint","coordinates":[[1,2],[3,4,5]]}"#,
        r#"{"type":"LineString","coordinates":[[1,2],[3,4]]}"#,
        r#"{"type":"MultiLineString","coordinates":[[[1,2],[3,4]],[[5,6],[7,8],[9,10]]]}"#,
        r#"{"type":"Polygon","coordinates":[[[0,0],[9,0],[9,9],[0,0]],[[5,1],[6,1],[6,2],[5,1]]]}"#,
        r#"{"type":"MultiPolygon","coordinates":[[[[0,0],[1,0],[1,1],[0,0]]],[[[2,2],[3,2],[3,3],[2,2]]]]}"#,
    ] {
        assert_eq!(geometry(text).to_json().to_text(), text);
    }
}

#[test]
fn a_geometry_may_come_as_a_string_and_with_foreign_members() {
    let text = r#"{"type":"Point","coordinates":[1,2]}"#;
    assert_eq!(Geometry::from_json(&Json::from(text)).unwrap(), geometry(text));
    assert_eq!(geometry(r#"{"bbox":[1,2,1,2],"coordinates":[1,2],"type":"Point"}"#), geometry(text));
}

#[test]
fn faults_say_what_and_where() {
    let cases = [
        ("[1,2]", "geometry: a geometry is an object with \"type\" and \"coordinates\", not an array"),
        ("\"{\"", "geometry: not JSON: EOF while parsing an object (line 1, column 1)"),
        (r#"{"coordinates":[1,2]}"#, "type: a geometry has a \"type\""),
        (r#"{"type":"Circle","coordinates":[1,2]}"#, "type: \"Circle\" is no type of geometry"),
        (r#"{"type":"GeometryCollection","geometries":[]}"#, "type: NGSI-LD takes no GeometryCollection"),
        (r#"{"type":"Point"}"#, "coordinates: a geometry has \"coordinates\""),
        (
            r#"{"type":"Point","coordinates":"1,2"}"#,
            "coordinates: expected a position [longitude, latitude], found a string",
        ),
        (
            r#"{"type":"Point","coordinates":[]}"#,
            "coordinates: expected a position [longitude, latitude], found an empty array",
        ),
        (r#"{"type":"Point","coordinates":[1]}"#, "coordinates: a position is [longitude, latitude] or"),
        (r#"{"type":"Point","coordinates":[1,2,3,4]}"#, "coordinates: a position is [longitude, latitude] or"),
        (r#"{"type":"Point","coordinates":[1,"2"]}"#, "coordinates[1]: a coordinate is a number, not a string"),
        (r#"{"type":"Point","coordinates":[1,null]}"#, "coordinates[1]: a coordinate is a number, not null"),
        (r#"{"type":"Point","coordinates":[181,2]}"#, "coordinates: longitude 181 is not between -180 and 180"),
        (r#"{"type":"Point","coordinates":[35.6,139.7]}"#, "coordinates: latitude 139.7 is not between -90 and 90"),
        (
            r#"{"type":"MultiPoint","coordinates":[]}"#,
            "coordinates: expected an array of positions, found an empty array",
        ),
        (r#"{"type":"LineString","coordinates":[[1,2]]}"#, "coordinates: a line has two or more positions, not 1"),
        (
            r#"{"type":"LineString","coordinates":[1,2]}"#,
            "coordinates[0]: expected a position [longitude, latitude], found a number",
        ),
        (
            r#"{"type":"Polygon","coordinates":[[[0,0],[1,0],[0,0]]]}"#,
            "coordinates[0]: a ring has four or more positions",
        ),
        (
            r#"{"type":"MultiPolygon","coordinates":[[[[0,0],[1,0],[1,1],[0,0]]],[[[0,0],[1,0],[1,1],[0,0.5]]]]}"#,
            "coordinates[1][0]: the ring does not close: its last position [0, 0.5] is not its first [0, 0]",
        ),
        (
            r#"{"type":"Polygon","coordinates":[[[0,0,1],[1,0,1],[1,1,1],[0,0,2]]]}"#,
            "coordinates[0]: the ring does not close: its last position [0, 0, 2] is not its first [0, 0, 1]",
        ),
    ];
    for (text, expected) in cases {
        let found = fault(text);
        assert!(found.starts_with(expected), "{text}\n  {found}");
    }
    let long = format!("[{}]", vec!["[0,0]"; MAX_POSITIONS + 1].join(","));
    let error = Geometry::parse_coordinates(GeometryKind::MultiPoint, &long).unwrap_err();
    assert_eq!(error.to_string(), "coordinates[200000]: the geometry has more than 200000 positions");
    assert!(Geometry::point(f64::NAN, 0.0).is_err());
}

#[test]
fn distances_are_those_of_the_sphere() {
    let fukui = Geometry::point(136.2196, 36.0641).unwrap();
    let kanazawa = Geometry::point(136.6482, 36.5780).unwrap();
    // By the spherical law of cosines, computed apart.
    assert!((fukui.distance(&kanazawa).unwrap() - 68_883.0).abs() < 100.0);
    let (east, west) = (Geometry::point(179.9, 0.0).unwrap(), Geometry::point(-179.9, 0.0).unwrap());
    let fifth_of_a_degree = EARTH_RADIUS_METRES * 0.2_f64.to_radians();
    assert!((east.distance(&west).unwrap() - fifth_of_a_degree).abs() < 1e-6);
    assert!(east.distance(&east).unwrap() == 0.0);
}

#[test]
fn distance_to_lines_and_areas_is_to_their_nearest_point() {
    let degree = EARTH_RADIUS_METRES * 1.0_f64.to_radians();
    let meridian = shape(GeometryKind::LineString, "[[10,-40],[10,40]]");
    let on_equator = Geometry::point(11.0, 0.0).unwrap();
    assert!((on_equator.distance(&meridian).unwrap() - degree).abs() < 1e-3);
    let square = shape(
        GeometryKind::Polygon,
        "[[[0,0],[2,0],[2,2],[0,2],[0,0]],[[0.5,0.5],[1.5,0.5],[1.5,1.5],[0.5,1.5],[0.5,0.5]]]",
    );
    assert!(Geometry::point(0.2, 0.2).unwrap().distance(&square).unwrap() == 0.0);
    let in_hole = Geometry::point(1.0, 0.6).unwrap().distance(&square).unwrap();
    assert!((in_hole - 0.1 * degree).abs() < 5.0, "{in_hole}");
    assert!((meridian.distance(&square).unwrap() - square.distance(&meridian).unwrap()).abs() < 1e-6);
    let inner = shape(GeometryKind::LineString, "[[0.9,0.9],[1.1,0.9]]");
    assert!((inner.distance(&square).unwrap() - 0.4 * degree).abs() < 10.0);
    let crossing = shape(GeometryKind::LineString, "[[-1,1],[3,1]]");
    assert!(crossing.distance(&square).unwrap() == 0.0);
    assert!(crossing.is_within_distance(&square, 0.0).unwrap());
    assert!(!inner.is_within_distance(&square, 44_000.0).unwrap());
    assert!(inner.is_within_distance(&square, 45_000.0).unwrap());
}

#[test]
fn relations_are_those_of_simple_features() {
    use SpatialRelation::{Contains, Disjoint, Equals, Intersects, Overlaps, Within};
    let square = shape(GeometryKind::Polygon, "[[[0,0],[4,0],[4,4],[0,4],[0,0]],[[1,1],[2,1],[2,2],[1,2],[1,1]]]");
    let check = |a: &Geometry, relations: &[SpatialRelation]| {
        for relation in SpatialRelation::ALL {
            assert_eq!(a.relates(relation, &square).unwrap(), relations.contains(&relation), "{relation:?} {a:?}");
        }
    };
    check(&Geometry::point(3.0, 3.0).unwrap(), &[Intersects, Within]);
    check(&Geometry::point(4.0, 3.0).unwrap(), &[Intersects]);
    check(&Geometry::point(1.5, 1.5).unwrap(), &[Disjoint]);
    check(&Geometry::point(9.0, 1.5).unwrap(), &[Disjoint]);
    check(&shape(GeometryKind::MultiPoint, "[[4,3],[3,3]]"), &[Intersects, Within]);
    check(&shape(GeometryKind::LineString, "[[0,0],[4,0]]"), &[Intersects]);
    check(&shape(GeometryKind::LineString, "[[0,0],[4,4]]"), &[Intersects]);
    check(&shape(GeometryKind::LineString, "[[0,0],[3,1],[4,0]]"), &[Intersects, Within]);
    check(&shape(GeometryKind::Polygon, "[[[1,1],[1,2],[2,2],[2,1],[1,1]]]"), &[Intersects]);
    check(&shape(GeometryKind::Polygon, "[[[1,1],[1,2],[3,2],[3,1],[1,1]]]"), &[Intersects, Overlaps]);
    check(&shape(GeometryKind::Polygon, "[[[2,2],[4,2],[4,4],[2,2]]]"), &[Intersects, Within]);
    check(&shape(GeometryKind::Polygon, "[[[0,0],[4,0],[4,4],[0,4],[0,0]]]"), &[Intersects, Contains]);
    check(
        &shape(GeometryKind::Polygon, "[[[4,4],[4,2],[4,0],[0,0],[0,4],[4,4]],[[1,1],[1,2],[2,2],[2,1],[1,1]]]"),
        &[Intersects, Within, Contains, Equals],
    );
    check(&shape(GeometryKind::Polygon, "[[[1.2,1.2],[1.8,1.2],[1.8,1.8],[1.2,1.2]]]"), &[Disjoint]);
    let bow = shape(GeometryKind::Polygon, "[[[0,0],[2,2],[2,0],[0,2],[0,0]]]");
    assert!(bow.relates(Equals, &bow.clone()).unwrap());
}

#[test]
fn a_ring_whose_hole_lies_outside_of_it_is_compared() {
    let flat = shape(GeometryKind::Polygon, "[[[0,0],[1,1],[10,10],[0,0],[0,0]],[[1,1],[2,1],[2,2],[1,1]]]");
    let square = shape(GeometryKind::Polygon, "[[[0,0],[10,0],[10,10],[0,10],[0,0]],[[1,1],[2,2],[2,2],[1,1]]]");
    // OGC has no answers for such a ring; it gets some, and the two that follow from positions in common are right.
    for relation in SpatialRelation::ALL {
        let holds = flat.relates(relation, &square).unwrap();
        assert!(relation != SpatialRelation::Intersects || holds);
        assert!(relation != SpatialRelation::Disjoint || !holds);
    }
}

#[test]
fn the_box_of_a_circle_crosses_the_antimeridian_and_the_pole() {
    let near_date_line = Geometry::point(179.99, 10.0).unwrap().bounding_box().widened(10_000.0);
    assert!(near_date_line.crosses_antimeridian());
    assert!(near_date_line.covers(&Geometry::point(-179.95, 10.0).unwrap().bounding_box()));
    assert!(!near_date_line.covers(&Geometry::point(-179.5, 10.0).unwrap().bounding_box()));
    let (first, second) = near_date_line.parts();
    assert_eq!((first.east, second.unwrap().west), (180.0, -180.0));
    let near_pole = Geometry::point(0.0, 89.99).unwrap().bounding_box().widened(10_000.0);
    assert_eq!((near_pole.west, near_pole.east, near_pole.north), (-180.0, 180.0, 90.0));
    let everything = Geometry::point(0.0, 0.0).unwrap().bounding_box().widened(f64::MAX);
    assert_eq!(everything, BoundingBox::EARTH);
}

#[test]
fn a_comparison_of_intricate_geometries_ends_soon() {
    let comb = |swap: bool| {
        let teeth = (0..40_000).map(|n| {
            let (x, y) = (f64::from(n) / 1000.0, if n % 2 == 0 { 0.0 } else { 40.0 });
            if swap { format!("[{y},{x}]") } else { format!("[{x},{y}]") }
        });
        shape(GeometryKind::LineString, &format!("[{}]", teeth.collect::<Vec<_>>().join(",")))
    };
    let (upright, lying) = (comb(false), comb(true));
    assert!(upright.relates(SpatialRelation::Intersects, &lying).unwrap());
    assert_eq!(upright.relates(SpatialRelation::Overlaps, &lying), Err(TooIntricate));
    let area = shape(GeometryKind::Polygon, "[[[-1,-1],[50,-1],[50,50],[-1,50],[-1,-1]]]");
    assert!(upright.relates(SpatialRelation::Within, &area).unwrap());
}

proptest! {
    #[test]
    fn whatever_lies_in_an_inner_box_is_near_enough(
        longitude in -179.0..179.0f64, latitude in -80.0..80.0f64, metres in 1.0..2_500_000.0f64,
        (x, y) in (0.0..=1.0f64, 0.0..=1.0f64),
    ) {
        let Some(inner) = BoundingBox::inside(longitude, latitude, metres) else { return Ok(()) };
        let place = Geometry::point(inner.west + x * (inner.east - inner.west), inner.south + y * (inner.north - inner.south));
        let centre = Geometry::point(longitude, latitude).unwrap();
        let distance = place.unwrap().distance(&centre).unwrap();
        prop_assert!(distance <= metres, "{distance} of {metres}");
        let corner = Geometry::point(inner.east, inner.north).unwrap().distance(&centre).unwrap();
        prop_assert!(corner <= metres && corner > 0.5 * metres, "{corner} of {metres}");
    }
}
