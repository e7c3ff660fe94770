//! Laws that hold for every geometry, with the `geo` crate and plain sampling as witnesses.

use super::*;

/// Few values, so that positions, edges and rings meet in every way that they can.
fn grid() -> impl Strategy<Value = f64> {
    prop_oneof![8 => (0..6_i32).prop_map(f64::from), 2 => (0..24_i32).prop_map(|n| f64::from(n) / 4.0)]
}

fn anywhere() -> impl Strategy<Value = (f64, f64)> {
    prop_oneof![
        (grid(), grid()),
        (-180.0..=180.0_f64, -90.0..=90.0_f64),
        (0..8_i32, 0..8_i32).prop_map(|(x, y)| (139.0 + f64::from(x) * 3e-14, 35.0 + f64::from(y) * 8e-15)),
        (0..3_i32, 0..3_i32).prop_map(|(x, y)| (f64::from(x) * 1e-300, f64::from(y) * 1e-15)),
    ]
}

fn json_of(positions: &[(f64, f64)]) -> Json<'static> {
    Json::Array(positions.iter().map(|(x, y)| Json::Array(vec![Json::from(*x), Json::from(*y)])).collect())
}

fn line(at: BoxedStrategy<(f64, f64)>) -> impl Strategy<Value = Json<'static>> {
    prop::collection::vec(at, 2..7).prop_map(|positions| json_of(&positions))
}

fn ring(at: BoxedStrategy<(f64, f64)>) -> impl Strategy<Value = Json<'static>> {
    prop::collection::vec(at, 3..7).prop_map(|mut positions| {
        positions.push(positions[0]);
        json_of(&positions)
    })
}

fn polygon(at: BoxedStrategy<(f64, f64)>) -> impl Strategy<Value = Json<'static>> {
    prop::collection::vec(ring(at), 1..3).prop_map(Json::Array)
}

fn any_geometry(at: impl Strategy<Value = (f64, f64)> + 'static) -> impl Strategy<Value = Geometry> {
    let at = at.boxed();
    let coordinates = prop_oneof![
        at.clone().prop_map(|(x, y)| (GeometryKind::Point, Json::Array(vec![Json::from(x), Json::from(y)]))),
        prop::collection::vec(at.clone(), 1..5).prop_map(|all| (GeometryKind::MultiPoint, json_of(&all))),
        line(at.clone()).prop_map(|line| (GeometryKind::LineString, line)),
        prop::collection::vec(line(at.clone()), 1..4).prop_map(|all| (GeometryKind::MultiLineString, Json::Array(all))),
        polygon(at.clone()).prop_map(|polygon| (GeometryKind::Polygon, polygon)),
        prop::collection::vec(polygon(at), 1..4).prop_map(|all| (GeometryKind::MultiPolygon, Json::Array(all))),
    ];
    coordinates.prop_map(|(kind, json)| Geometry::from_coordinates(kind, &json).unwrap())
}

/// Triangles and boxes, which are valid, so that the other crate's answer can be asked for.
fn valid_polygon() -> impl Strategy<Value = Json<'static>> {
    let corner = || (grid(), grid());
    let triangle = (corner(), corner(), corner()).prop_map(|(a, b, c)| Json::Array(vec![json_of(&[a, b, c, a])]));
    let frame = (0..3_i32, 0..3_i32, 3..5_i32).prop_map(|(x, y, side)| {
        let square =
            |x: f64, y: f64, side: f64| json_of(&[(x, y), (x + side, y), (x + side, y + side), (x, y + side), (x, y)]);
        let (x, y, side) = (f64::from(x), f64::from(y), f64::from(side));
        Json::Array(vec![square(x, y, side), square(x + 1.0, y + 1.0, side - 2.0)])
    });
    prop_oneof![triangle, frame, polygon((grid(), grid()).boxed())]
}

fn valid_geometry() -> impl Strategy<Value = Geometry> {
    let areas = prop_oneof![
        valid_polygon().prop_map(|polygon| (GeometryKind::Polygon, polygon)),
        prop::collection::vec(valid_polygon(), 1..3).prop_map(|all| (GeometryKind::MultiPolygon, Json::Array(all))),
    ];
    let areas = areas.prop_map(|(kind, json)| Geometry::from_coordinates(kind, &json).unwrap());
    prop_oneof![areas, any_geometry((grid(), grid()))].prop_filter("valid as OGC has it", |geometry| {
        is_valid(geometry) && !crosses_itself(geometry) && !is_flat(geometry)
    })
}

/// The other crate asserts, in debug builds, what its own check of validity then finds out.
fn is_valid(geometry: &Geometry) -> bool {
    std::panic::catch_unwind(|| geometry.shape.is_valid()).unwrap_or(false)
}

/// The other crate finds polygons without an area valid.
fn is_flat(geometry: &Geometry) -> bool {
    use ::geo::Area;
    let polygons = match &geometry.shape {
        ::geo::Geometry::Polygon(polygon) => std::slice::from_ref(polygon),
        ::geo::Geometry::MultiPolygon(polygons) => &polygons.0,
        _ => &[],
    };
    let rings = polygons.iter().flat_map(|polygon| std::iter::once(polygon.exterior()).chain(polygon.interiors()));
    rings.map(|ring| ::geo::Polygon::new(ring.clone(), Vec::new())).any(|ring| ring.unsigned_area() == 0.0)
}

/// The other crate rounds the places where a line crosses itself, and then errs about lines on it.
fn crosses_itself(geometry: &Geometry) -> bool {
    use ::geo::line_intersection::line_intersection;
    let edges: Vec<_> = geometry.edges().iter().map(edges::Edge::line).collect();
    edges.iter().any(|a| edges.iter().any(|b| line_intersection(*a, *b).is_some_and(|at| at.is_proper())))
}

/// Some position of the geometry, by edge and share.
fn sample(geometry: &Geometry, steps: u32) -> Vec<Coord<f64>> {
    let shares = (0..=steps).map(|n| f64::from(n) / f64::from(steps));
    let on = |edge: &edges::Edge, share: f64| Coord {
        x: edge.from.x + share * (edge.to.x - edge.from.x),
        y: edge.from.y + share * (edge.to.y - edge.from.y),
    };
    shares.flat_map(|share| geometry.edges().iter().map(move |edge| on(edge, share))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn relations_agree_with_the_intersection_matrix(a in valid_geometry(), b in valid_geometry()) {
        let matrix = std::panic::catch_unwind(|| a.shape.relate(&b.shape)).map_err(|_| TestCaseError::fail(format!("{a:?}\n {b:?}")))?;
        let expected = [
            (SpatialRelation::Intersects, matrix.is_intersects()),
            (SpatialRelation::Disjoint, matrix.is_disjoint()),
            (SpatialRelation::Within, matrix.is_within()),
            (SpatialRelation::Contains, matrix.is_contains()),
            (SpatialRelation::Equals, matrix.is_equal_topo()),
            (SpatialRelation::Overlaps, matrix.is_overlaps()),
        ];
        for (relation, holds) in expected {
            prop_assert_eq!(a.relates(relation, &b).unwrap(), holds, "{:?}\n {:?}\n {:?}\n{:?}", relation, a, b, matrix);
        }
    }
}

proptest! {
    #[test]
    fn nothing_panics_and_the_relations_cohere(a in any_geometry(anywhere()), b in any_geometry(anywhere())) {
        let holds = |relation| a.relates(relation, &b).unwrap();
        let distance = a.distance(&b).unwrap();
        prop_assert!((0.0..21_000_000.0).contains(&distance));
        prop_assert_eq!(holds(SpatialRelation::Intersects), !holds(SpatialRelation::Disjoint));
        prop_assert_eq!(holds(SpatialRelation::Within), b.relates(SpatialRelation::Contains, &a).unwrap());
        prop_assert!((distance - b.distance(&a).unwrap()).abs() < 1e-6);
        if holds(SpatialRelation::Intersects) {
            prop_assert!(distance == 0.0);
        }
        prop_assert!(a.is_within_distance(&b, distance * 1.000_000_001).unwrap());
        prop_assert!(a.is_within_distance(&b, 21_000_000.0).unwrap());
        prop_assert!(distance == 0.0 || !a.is_within_distance(&b, distance * 0.999_999).unwrap());
    }

    #[test]
    fn the_tree_finds_the_place_that_asking_every_edge_finds(
        (x, y) in (grid(), grid()),
        area in any_geometry((grid(), grid())).prop_filter("an area", |geometry| geometry.kind().dimension() == 2),
    ) {
        let at = Coord { x, y };
        let by_tree = locate::place_in_area(area.edges(), at, &mut edges::Budget::for_one()).unwrap();
        prop_assert_eq!(by_tree, locate::place_in(&area, at));
    }

    #[test]
    fn what_is_written_reads_back(geometry in any_geometry(anywhere())) {
        let text = geometry.to_json().to_text();
        prop_assert_eq!(super::geometry(&text), geometry);
    }

    #[test]
    fn the_distance_to_a_point_is_the_least_of_all_samples((x, y) in anywhere(), geometry in any_geometry(anywhere())) {
        let point = Geometry::point(x, y).unwrap();
        let distance = point.distance(&geometry).unwrap();
        for at in sample(&geometry, 50) {
            let other = sphere::distance(point.as_coord().unwrap(), at);
            prop_assert!(distance <= other + 0.01, "{} > {} at {:?}", distance, other, at);
        }
    }

    #[test]
    fn a_fine_sampling_of_an_edge_comes_near_the_distance(
        (x, y) in (135.0..137.0_f64, 34.0..38.0_f64),
        from in (135.0..137.0_f64, 34.0..38.0_f64),
        to in (135.0..137.0_f64, 34.0..38.0_f64),
    ) {
        let line = Geometry::from_coordinates(GeometryKind::LineString, &json_of(&[from, to])).unwrap();
        let point = Geometry::point(x, y).unwrap();
        let found = point.distance(&line).unwrap();
        // Golden section: from this near, the distance along one edge falls, then rises.
        let at = |share: f64| sphere::distance(
            point.as_coord().unwrap(),
            Coord { x: from.0 + share * (to.0 - from.0), y: from.1 + share * (to.1 - from.1) },
        );
        let (mut low, mut high) = (0.0, 1.0);
        for _ in 0..100 {
            let (one, two) = (high - 0.618 * (high - low), low + 0.618 * (high - low));
            if at(one) < at(two) { high = two } else { low = one }
        }
        prop_assert!((found - at(low).min(at(0.0)).min(at(1.0))).abs() < 0.03, "{} {}", found, at(low));
    }

    #[test]
    fn a_widened_box_holds_what_is_that_near(
        (x, y) in anywhere(), bearing in 0.0..360.0_f64, metres in 0.0..20_000_000.0_f64,
    ) {
        use ::geo::{Destination, Haversine};
        let reached = Haversine.destination(::geo::Point::new(x, y), bearing, metres);
        let reached = Geometry::point(reached.x().clamp(-180.0, 180.0), reached.y().clamp(-90.0, 90.0)).unwrap();
        let here = Geometry::point(x, y).unwrap().bounding_box();
        prop_assert!(here.widened(metres).covers(&reached.bounding_box()), "{:?} {:?}", here.widened(metres), reached);
        prop_assert!(here.least_distance(&reached.bounding_box()) <= metres + 1e-3);
    }

    #[test]
    fn boxes_never_promise_more_than_the_distance(a in any_geometry(anywhere()), b in any_geometry(anywhere())) {
        let bound = a.bounding_box().least_distance(&b.bounding_box());
        prop_assert!(bound <= a.distance(&b).unwrap() + 1e-6);
    }
}
