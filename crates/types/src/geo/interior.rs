//! A position inside a polygon, which says where all of it lies once no boundary of the other geometry runs through it.
//!
//! Polygons that cross themselves are welcome: what is inside is decided by winding number, as in `locate`.

use std::iter;

use ::geo::{Coord, CoordsIter, Line, Polygon};

use super::locate::{Place, place_in_polygon};

/// How many heights are tried. One suffices unless holes cover a polygon there, or numbers are too coarse.
const HEIGHTS: usize = 16;

/// A position inside the polygon, or on its ring where it has no inside.
pub(super) fn position_in(polygon: &Polygon<f64>) -> Option<Coord<f64>> {
    let is_inside = |at: &Coord<f64>| place_in_polygon(polygon, *at) == Place::Inside;
    let inside = heights(polygon).into_iter().filter_map(|y| middle_at(polygon, y)).find(is_inside);
    inside.or_else(|| polygon.exterior().0.first().copied())
}

/// Heights at which no corner lies: the middles of the widest gaps between those of the corners.
fn heights(polygon: &Polygon<f64>) -> Vec<f64> {
    let mut corners: Vec<f64> = polygon.coords_iter().map(|corner| corner.y).collect();
    corners.sort_unstable_by(f64::total_cmp);
    let gaps = corners.iter().zip(corners.iter().skip(1)).map(|(low, high)| (high - low, f64::midpoint(*low, *high)));
    let mut gaps: Vec<(f64, f64)> = gaps.filter(|(gap, _)| *gap > 0.0).collect();
    gaps.sort_unstable_by(|(one, _), (other, _)| other.total_cmp(one));
    gaps.truncate(HEIGHTS);
    gaps.into_iter().map(|(_, middle)| middle).collect()
}

/// Where a ring goes through a height.
struct Crossing {
    x: f64,
    /// 0 for the outer ring, then the holes.
    ring: usize,
    turn: i32,
}

/// The middle of the widest piece of a height that lies inside.
fn middle_at(polygon: &Polygon<f64>, y: f64) -> Option<Coord<f64>> {
    let crossings = crossings(polygon, y);
    let mut windings = vec![0_i32; polygon.interiors().len() + 1];
    let mut widest: Option<(f64, f64)> = None;
    let mut holes_around = 0;
    for (here, next) in crossings.iter().zip(crossings.iter().skip(1)) {
        let winding = windings.get_mut(here.ring)?;
        let was_around = *winding != 0;
        *winding += here.turn;
        if here.ring > 0 {
            holes_around += i32::from(*winding != 0) - i32::from(was_around);
        }
        let is_inside = holes_around == 0 && windings.first().is_some_and(|winding| *winding != 0);
        let width = next.x - here.x;
        if is_inside && widest.is_none_or(|(most, _)| width > most) {
            widest = Some((width, f64::midpoint(here.x, next.x)));
        }
    }
    widest.map(|(_, x)| Coord { x, y })
}

/// From west to east.
fn crossings(polygon: &Polygon<f64>, y: f64) -> Vec<Crossing> {
    let rings = iter::once(polygon.exterior()).chain(polygon.interiors()).enumerate();
    let mut all: Vec<Crossing> =
        rings.flat_map(|(ring, line)| line.lines().filter_map(move |edge| crossing(ring, edge, y))).collect();
    all.sort_unstable_by(|one, other| one.x.total_cmp(&other.x));
    all
}

fn crossing(ring: usize, edge: Line<f64>, y: f64) -> Option<Crossing> {
    let turn = match (edge.start.y < y, edge.end.y < y) {
        (true, false) => 1,
        (false, true) => -1,
        _ => return None,
    };
    let share = (y - edge.start.y) / (edge.end.y - edge.start.y);
    Some(Crossing { x: edge.start.x + share * (edge.end.x - edge.start.x), ring, turn })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geo::{Geometry, GeometryKind};
    use crate::json;

    fn position(rings: &str) -> Coord<f64> {
        let json = json::parse(rings.as_bytes(), 8).unwrap();
        let geometry = Geometry::from_coordinates(GeometryKind::Polygon, &json).unwrap();
        let ::geo::Geometry::Polygon(polygon) = &geometry.shape else { panic!("{rings} is no polygon") };
        position_in(polygon).unwrap()
    }

    #[test]
    fn a_hole_is_avoided() {
        let frame = "[[[0,0],[10,0],[10,10],[0,10],[0,0]],[[1,1],[9,1],[9,9],[1,9],[1,1]]]";
        let at = position(frame);
        assert!(at.x < 1.0 || at.x > 9.0 || at.y < 1.0 || at.y > 9.0, "{at:?}");
    }

    #[test]
    fn thin_teeth_between_wide_gaps_are_found() {
        let tooth = |n: u32| format!("[{n},0],[{n},5],[{n}.001,5],[{n}.001,0]");
        let teeth: Vec<String> = (0..40).map(tooth).collect();
        let at = position(&format!("[[{},[0,0]]]", teeth.join(",")));
        assert!(at.x.fract() > 0.0 && at.x.fract() < 0.001, "{at:?}");
    }

    #[test]
    fn a_ring_that_crosses_itself_and_one_without_an_inside_have_a_position() {
        // A bow has no inside where its strings cross, and one on either side.
        let bow = position("[[[0,0],[4,4],[4,0],[0,4],[0,0]]]");
        assert!(bow.x > 0.0 && bow.x < 4.0 && (bow.x - 2.0).abs() > 0.1, "{bow:?}");
        assert_eq!(position("[[[0,0],[4,4],[2,2],[0,0]]]"), Coord { x: 0.0, y: 0.0 });
        // The same ring twice, there and back, around nothing: the hole takes all.
        let none = position("[[[0,0],[4,0],[4,4],[0,4],[0,0]],[[0,0],[4,0],[4,4],[0,4],[0,0]]]");
        assert_eq!(none, Coord { x: 0.0, y: 0.0 });
    }
}
