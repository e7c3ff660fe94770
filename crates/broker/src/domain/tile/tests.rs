//! What shapes become on a tile, by their commands; whole tiles are read by other people's decoders in `tests/it`.

use machi_types::geo::{Geometry, GeometryKind, MapPosition, Tile};
use proptest::prelude::*;

use super::mvt::{Kind, Layer, Shape, Tags, Value};
use super::shape::{draw, point};

fn geometry(kind: GeometryKind, coordinates: &str) -> Geometry {
    Geometry::parse_coordinates(kind, coordinates).unwrap()
}

/// The chains that commands draw.
fn chains(shape: &Shape) -> Vec<Vec<(i64, i64)>> {
    let (mut chains, mut at, mut left) = (Vec::<Vec<(i64, i64)>>::new(), (0, 0), shape.commands.as_slice());
    let unzigzag = |step: u32| i64::from(step >> 1) ^ -i64::from(step & 1);
    while let Some((command, rest)) = left.split_first() {
        left = rest;
        for _ in 0..command >> 3 {
            if command & 7 == 7 {
                continue;
            }
            let [x, y] = [left[0], left[1]].map(unzigzag);
            left = &left[2..];
            at = (at.0 + x, at.1 + y);
            if command & 7 == 1 {
                chains.push(Vec::new());
            }
            chains.last_mut().unwrap().push(at);
        }
    }
    chains
}

fn area(ring: &[(i64, i64)]) -> i64 {
    let next = ring.iter().cycle().skip(1);
    ring.iter().zip(next).map(|(a, b)| a.0 * b.1 - b.0 * a.1).sum()
}

#[test]
fn a_line_leaves_the_tile_and_comes_back() {
    let tile = Tile::new(1, 1, 0).unwrap();
    let line = geometry(GeometryKind::LineString, "[[90,45],[-90,45],[-90,60],[90,60]]");
    let drawn = draw(&line, tile).unwrap();
    assert_eq!(drawn.kind, Kind::Line);
    let chains = chains(&drawn);
    assert_eq!(chains.len(), 2);
    assert!(chains.iter().flatten().all(|(x, _)| (-64..=2048).contains(x)), "{chains:?}");
    assert_eq!((chains[0][0].0, chains[0][1].0, chains[1][0].0), (2048, -64, -64));
    assert_eq!(draw(&line, Tile::new(1, 1, 1).unwrap()), None);
}

#[test]
fn an_area_around_the_tile_covers_it_and_holes_go_the_other_way_round() {
    let tile = Tile::new(2, 2, 1).unwrap();
    let around = geometry(
        GeometryKind::Polygon,
        "[[[-170,-80],[-170,80],[170,80],[170,-80],[-170,-80]],[[30,30],[40,30],[40,40],[30,40],[30,30]]]",
    );
    let chains = chains(&draw(&around, tile).unwrap());
    assert_eq!(chains.len(), 2);
    let side = 4096 + 2 * 64;
    assert_eq!(area(&chains[0]), 2 * side * side);
    assert!(area(&chains[1]) < 0);
}

#[test]
fn what_is_smaller_than_a_step_is_there_all_the_same() {
    let tile = Tile::new(5, 28, 12).unwrap();
    let house = geometry(GeometryKind::Polygon, "[[[137.5,34.3],[137.5001,34.3],[137.5001,34.3001],[137.5,34.3]]]");
    assert_eq!(area(&chains(&draw(&house, tile).unwrap())[0]), 2);
    let path = geometry(GeometryKind::LineString, "[[137.5,34.3],[137.50001,34.3]]");
    assert_eq!(chains(&draw(&path, tile).unwrap())[0].len(), 2);
    // A hole that small is not.
    let with_hole = geometry(
        GeometryKind::Polygon,
        "[[[137,34],[138,34],[138,35],[137,34]],[[137.5,34.3],[137.5001,34.3],[137.5001,34.3001],[137.5,34.3]]]",
    );
    assert_eq!(chains(&draw(&with_hole, tile).unwrap()).len(), 1);
}

#[test]
fn an_area_cut_in_two_at_the_date_line_is_at_both_ends_of_the_map() {
    let islands = geometry(
        GeometryKind::MultiPolygon,
        "[[[[170,-10],[180,-10],[180,10],[170,10],[170,-10]]],[[[-180,-10],[-170,-10],[-170,10],[-180,10],[-180,-10]]]]",
    );
    let whole = chains(&draw(&islands, Tile::MAP).unwrap());
    assert_eq!(whole.iter().map(|ring| ring.iter().map(|at| at.0).max().unwrap()).collect::<Vec<_>>(), [4096, 114]);
    let west = chains(&draw(&islands, Tile::new(1, 0, 0).unwrap()).unwrap());
    assert_eq!(west.len(), 1);
}

#[test]
fn a_line_of_two_hundred_thousand_positions_becomes_what_a_screen_can_show() {
    let spiral: Vec<String> = (0..199_000)
        .map(|n| {
            let (angle, radius) = (f64::from(n) / 50.0, 0.0001 * f64::from(n) / 1000.0);
            format!("[{},{}]", 137.5 + radius * angle.sin(), 34.3 + radius * angle.cos())
        })
        .collect();
    let spiral = geometry(GeometryKind::LineString, &format!("[{}]", spiral.join(",")));
    let drawn = draw(&spiral, Tile::new(5, 28, 12).unwrap()).unwrap();
    assert!(drawn.commands.len() < 8000, "{}", drawn.commands.len());
}

#[test]
fn values_that_are_alike_are_written_once() {
    let tile = Tile::MAP;
    let shape = point(MapPosition::of(0.0, 0.0).unwrap(), tile).unwrap();
    let mut layer = Layer::new("a", vec!["k".to_owned()]);
    let mut before = 0;
    for nth in 0..3 {
        let mut tags = Tags::default();
        layer.tag(&mut tags, 0, &Value::Text("the same long text"));
        layer.feature(None, &tags, &shape);
        let mut written = Vec::new();
        layer.finish(&mut written);
        assert!(nth == 0 || written.len() - before < 20, "{} {before}", written.len());
        before = written.len();
    }
}

proptest! {
    #[test]
    fn nothing_is_drawn_beyond_the_margin(
        positions in prop::collection::vec((-180.0..180.0f64, -90.0..90.0f64), 3..40), zoom in 0u8..=22, pick in any::<usize>()
    ) {
        let (longitude, latitude) = positions[pick % positions.len()];
        let middle = MapPosition::nearest(longitude, latitude);
        let at = |number: u32| number.checked_shr(32 - u32::from(zoom)).unwrap_or(0);
        let tile = Tile::new(zoom, at(middle.x), at(middle.y)).unwrap();
        let mut ring: Vec<String> = positions.iter().map(|(x, y)| format!("[{x},{y}]")).collect();
        let line = geometry(GeometryKind::LineString, &format!("[{}]", ring.join(",")));
        ring.push(ring[0].clone());
        let polygon = geometry(GeometryKind::Polygon, &format!("[[{}]]", ring.join(",")));
        for shape in [draw(&line, tile), draw(&polygon, tile)].into_iter().flatten() {
            for at in chains(&shape).into_iter().flatten() {
                prop_assert!((-65..=4161).contains(&at.0) && (-65..=4161).contains(&at.1), "{at:?}");
            }
        }
    }
}
