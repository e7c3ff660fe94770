//! Geometries: two of them, one a line, and every question about how they lie to each other.

use machi_types::geo::{Geometry, SpatialRelation};
use machi_types::json::{self, DEFAULT_DEPTH};

use crate::planted;
use crate::target::{Target, texts};
use crate::targets::geo_query;

pub(crate) const TARGET: Target = Target { name: "geometry", run, seeds, words: geo_query::WORDS };

fn run(bytes: &[u8]) {
    let geometries: Vec<Geometry> = bytes.split(|byte| *byte == b'\n').take(2).filter_map(read).collect();
    let [one, other] = geometries.as_slice() else { return };
    for relation in SpatialRelation::ALL {
        let _ = one.relates(relation, other);
    }
    let there = one.distance(other);
    if let (Ok(there), Ok(back)) = (there, other.distance(one)) {
        assert!(there >= 0.0 && there.is_finite(), "a distance of {there}");
        assert!((there - back).abs() <= 1e-6 * there.max(1.0), "{there} m there, {back} m back");
    }
    let is_same = |relation| one.relates(relation, one);
    assert!(is_same(SpatialRelation::Disjoint) != Ok(true), "nothing is disjoint with itself");
    planted::fault(there.is_ok_and(|metres| metres == 0.0) && one.kind() != other.kind());
}

fn read(bytes: &[u8]) -> Option<Geometry> {
    let value = json::parse(bytes, DEFAULT_DEPTH).ok()?;
    let geometry = Geometry::from_json(&value).ok()?;
    let again = Geometry::from_json(&geometry.to_json()).expect("what we write can be read");
    assert_eq!(again, geometry);
    let bounds = geometry.bounding_box();
    let _ = format!("{bounds:?}");
    Some(geometry)
}

fn seeds() -> Vec<Vec<u8>> {
    let shapes = [
        r#"{"type":"Point","coordinates":[139.7,35.6]}"#,
        r#"{"type":"LineString","coordinates":[[0,0],[1,1],[179,1],[-179,2]]}"#,
        r#"{"type":"Polygon","coordinates":[[[0,0],[10,0],[10,10],[0,10],[0,0]],[[1,1],[2,1],[2,2],[1,1]]]}"#,
        r#"{"type":"MultiPoint","coordinates":[[1,1],[5,5]]}"#,
    ];
    let pairs = shapes.iter().flat_map(|one| shapes.map(|other| format!("{one}\n{other}").into_bytes()));
    pairs.chain(texts(&[shapes[0]])).collect()
}
