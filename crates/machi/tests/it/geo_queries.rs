//! The geoquery language (§4.10): the relations, the geometries, the property asked, and what is malformed.

use crate::kit::*;

const SHIBUYA: &str = "[139.70,35.66]";
const TOKYO: &str = "[[[139.5,35.5],[140.0,35.5],[140.0,35.9],[139.5,35.9],[139.5,35.5]]]";

fn places() -> Client {
    let osaka = json!({"type": "Point", "coordinates": [135.50, 34.70]});
    let second = json!({"type": "GeoProperty", "value": {"type": "Point", "coordinates": [139.70, 35.66]}, "datasetId": "urn:ngsi-ld:D:1"});
    tenant_with([
        &t("shibuya", json!({"location": point(139.70, 35.66)})),
        &t("ginza", json!({"location": point(139.765, 35.672)})),
        &t("osaka", json!({"location": geo(osaka.clone())})),
        &t("moved", json!({"location": [geo(osaka), second]})),
        &t("nowhere", json!({"name": property("x")})),
        &t("seen", json!({"observationSpace": point(139.70, 35.66)})),
    ])
}

/// Lines and areas on a plane that is small enough to think of as flat.
fn areas() -> Client {
    let square =
        |x: f64, y: f64, side: f64| json!([[[x, y], [x + side, y], [x + side, y + side], [x, y + side], [x, y]]]);
    let polygon = |coordinates: Value| json!({"location": geo(json!({"type": "Polygon", "coordinates": coordinates}))});
    let holed = json!([square(0.0, 0.0, 4.0)[0], square(1.0, 1.0, 2.0)[0]]);
    tenant_with([
        &t("small", polygon(square(1.0, 1.0, 1.0))),
        &t("large", polygon(square(0.0, 0.0, 4.0))),
        &t("shifted", polygon(square(3.0, 3.0, 4.0))),
        &t("far", polygon(square(20.0, 20.0, 1.0))),
        &t("holed", polygon(holed)),
        &t("line", json!({"location": geo(json!({"type": "LineString", "coordinates": [[-1.0, 2.0], [5.0, 2.0]]}))})),
        &t(
            "points",
            json!({"location": geo(json!({"type": "MultiPoint", "coordinates": [[1.5, 1.5], [30.0, 30.0]]}))}),
        ),
    ])
}

#[track_caller]
fn related(tenant: &Client, relation: &str, geometry: &str, coordinates: &str, names: &str) {
    let query = [("type", "T"), ("georel", relation), ("geometry", geometry), ("coordinates", coordinates)];
    finds(tenant, &query, names);
}

// §4.10: near with maxDistance finds what lies within that many metres, with minDistance what lies beyond.
// §4.10: One instance that meets the condition is enough; an entity without the property never matches.
#[test]
fn near_measures_in_metres() {
    let tenant = places();
    let cases = [
        ("near;maxDistance==100", "shibuya moved"),
        ("near;maxDistance==5000", "shibuya moved"),
        ("near;maxDistance==7000", "shibuya ginza moved"),
        ("near;maxDistance==1000000.5", "shibuya ginza osaka moved"),
        ("near;minDistance==5000", "ginza osaka moved"),
        ("near;minDistance==100000", "osaka moved"),
        ("near;minDistance==1000000", ""),
    ];
    each(cases.map(|case| (case.0, case)), |(relation, names)| {
        related(&tenant, relation, "Point", SHIBUYA, names);
    });
}

// §4.10: within, intersects, disjoint and equals compare a point with an area or a point.
#[test]
fn points_are_compared_with_areas() {
    let tenant = places();
    related(&tenant, "within", "Polygon", TOKYO, "shibuya ginza moved");
    related(&tenant, "intersects", "Polygon", TOKYO, "shibuya ginza moved");
    related(&tenant, "disjoint", "Polygon", TOKYO, "osaka moved");
    related(&tenant, "equals", "Point", SHIBUYA, "shibuya moved");
    related(&tenant, "contains", "Point", SHIBUYA, "shibuya moved");
}

// §4.10: An area whose border crosses itself equals one with the same positions.
#[test]
fn an_area_that_crosses_itself_equals_its_like() {
    let bow = json!([[[0.0, 0.0], [2.0, 2.0], [2.0, 0.0], [0.0, 2.0], [0.0, 0.0]]]);
    let bow = json!({"location": geo(json!({"type": "Polygon", "coordinates": bow}))});
    let tenant = tenant_with([&t("bow", bow), &t("point", json!({"location": point(0.0, 0.0)}))]);
    related(&tenant, "equals", "Polygon", "[[[0,0],[2,2],[2,0],[0,2],[0,0]]]", "bow");
}

// §4.10: The relations of lines, areas and sets of points are those of simple features.
#[test]
fn areas_are_compared_with_areas() {
    let tenant = areas();
    let square = "[[[0,0],[4,0],[4,4],[0,4],[0,0]]]";
    let tiny = "[[[1.2,1.2],[1.4,1.2],[1.4,1.4],[1.2,1.4],[1.2,1.2]]]";
    related(&tenant, "within", "Polygon", square, "small large holed");
    related(&tenant, "contains", "Polygon", tiny, "small large");
    related(&tenant, "contains", "Point", "[1.5,1.5]", "small large points");
    related(&tenant, "intersects", "Polygon", tiny, "small large");
    related(&tenant, "intersects", "Polygon", square, "small large shifted holed line points");
    related(&tenant, "overlaps", "Polygon", square, "shifted");
    related(&tenant, "disjoint", "Polygon", square, "far");
    related(&tenant, "equals", "Polygon", "[[[4,4],[0,4],[0,0],[4,0],[4,4]]]", "large");
    related(&tenant, "intersects", "LineString", "[[0.5,-1],[0.5,5]]", "large holed line");
    related(&tenant, "intersects", "MultiPoint", "[[20.5,20.5],[6,6]]", "shifted far");
    related(
        &tenant,
        "within",
        "MultiPolygon",
        &format!("[{square},[[[20,20],[22,20],[22,22],[20,20]]]]"),
        "small large holed",
    );
}

// §4.10: geoproperty names the property that is asked; by default it is location.
// §5.5.7: The name of the property is expanded by the @context.
#[test]
fn another_geoproperty_can_be_asked() {
    let tenant = places();
    let near = [("type", "T"), ("georel", "near;maxDistance==100"), ("geometry", "Point"), ("coordinates", SHIBUYA)];
    let with = |name: &'static str| near.into_iter().chain([("geoproperty", name)]).collect::<Vec<_>>();
    finds(&tenant, &with("observationSpace"), "seen");
    finds(&tenant, &with("location"), "shibuya moved");
    finds(&tenant, &with("name"), "");
}

// §5.7.2.4: Conditions on place and on value must both be met.
// §5.7.2.4: A geoquery alone is restriction enough.
#[test]
fn a_geoquery_goes_with_other_conditions_or_alone() {
    let tenant = places();
    let place = [("georel", "within"), ("geometry", "Polygon"), ("coordinates", TOKYO)];
    finds(&tenant, &place, "shibuya ginza moved");
    let both: Vec<_> = place.into_iter().chain([("id", "urn:ngsi-ld:T:ginza")]).collect();
    finds(&tenant, &both, "ginza");
}

// §4.10: georel, geometry and coordinates come together; the distance is greater than 0 and stands alone.
// §5.7.2.4: A malformed geoquery is refused with BadRequestData.
// §5.2.13: A geoquery has georel, geometry and coordinates of its kind.
#[test]
fn malformed_geoqueries_are_refused() {
    let tenant = places();
    let point = ("Point", "[1,2]");
    let cases = [
        ("around", point.0, point.1),
        ("", point.0, point.1),
        ("near", point.0, point.1),
        ("near;maxDistance=100", point.0, point.1),
        ("near;maxDistance==-1", point.0, point.1),
        ("near;maxDistance==0", point.0, point.1),
        ("near;maxDistance==far", point.0, point.1),
        ("near;distance==5", point.0, point.1),
        ("near;maxDistance==5;minDistance==1", point.0, point.1),
        ("within;maxDistance==5", "Polygon", TOKYO),
        ("within", "Circle", point.1),
        ("within", "GeometryCollection", "[]"),
        ("within", "Polygon", "[[[0,0],[1,0],[1,1],[0,1]]]"),
        ("within", "Polygon", "[0,0]"),
        ("equals", "Point", "[1]"),
        ("equals", "Point", "[\"a\",\"b\"]"),
        ("equals", "Point", "1,2"),
        ("equals", "Point", ""),
    ];
    each(cases.map(|case| (format!("{case:?}"), case)), |(relation, geometry, coordinates)| {
        let query = [("type", "T"), ("georel", relation), ("geometry", geometry), ("coordinates", coordinates)];
        refuses(&tenant, &query, "BadRequestData");
    });
    let incomplete: [&[(&str, &str)]; 4] = [
        &[("type", "T"), ("georel", "equals")],
        &[("type", "T"), ("georel", "equals"), ("geometry", "Point")],
        &[("type", "T"), ("georel", "equals"), ("coordinates", "[1,2]")],
        &[("type", "T"), ("geometry", "Point"), ("coordinates", "[1,2]")],
    ];
    each(incomplete.map(|query| (format!("{query:?}"), query)), |query| {
        refuses(&tenant, query, "BadRequestData");
    });
}
