//! Whether two outlines share ground, decided in whole numbers.

use crate::plan::Place;

/// Whether two closed rings share any ground; touching at a border is none.
pub(super) fn overlap(one: &[Place], other: &[Place]) -> bool {
    let crosses = edges(one).any(|edge| edges(other).any(|against| cross(edge, against)));
    let holds = |outer: &[Place], inner: &[Place]| {
        inner.iter().copied().chain(within(inner)).any(|point| is_inside(point, outer))
    };
    crosses || holds(one, other) || holds(other, one)
}

/// Whether a point lies strictly inside.
pub(super) fn is_inside(point: Place, ring: &[Place]) -> bool {
    let mut is_inside = false;
    for (a, b) in edges(ring) {
        let side = turn(a, b, point);
        let is_between = |low: i32, high: i32, at: i32| (low.min(high)..=low.max(high)).contains(&at);
        let is_beside =
            is_between(a.latitude, b.latitude, point.latitude) && is_between(a.longitude, b.longitude, point.longitude);
        if side == 0 && is_beside {
            return false;
        }
        if (a.latitude > point.latitude) != (b.latitude > point.latitude) && (side > 0) == (b.latitude > a.latitude) {
            is_inside = !is_inside;
        }
    }
    is_inside
}

/// Whether a ring runs counter-clockwise.
pub(super) fn turns_left(ring: &[Place]) -> bool {
    edges(ring).map(|(a, b)| turn(ring[0], a, b)).sum::<i64>() > 0
}

/// Whether the boxes around two rings meet, without which the rings do not.
pub(super) fn boxes_meet(one: &[Place], other: &[Place]) -> bool {
    let meet = |part: fn(&Place) -> i32| {
        let range = |ring: &[Place]| {
            let parts = || ring.iter().map(part);
            (parts().min().unwrap_or_default(), parts().max().unwrap_or_default())
        };
        let ((low, high), (other_low, other_high)) = (range(one), range(other));
        low <= other_high && other_low <= high
    };
    meet(|place| place.longitude) && meet(|place| place.latitude)
}

fn edges(ring: &[Place]) -> impl Iterator<Item = (Place, Place)> {
    (0..ring.len()).map(|index| (ring[index], ring[(index + 1) % ring.len()]))
}

/// Twice the area of a triangle: positive where it turns to the left.
fn turn(a: Place, b: Place, c: Place) -> i64 {
    let from_a = |to: Place| (i64::from(to.longitude - a.longitude), i64::from(to.latitude - a.latitude));
    let (ahead, aside) = (from_a(b), from_a(c));
    ahead.0 * aside.1 - ahead.1 * aside.0
}

/// Whether two edges cross between their ends.
fn cross((a, b): (Place, Place), (c, d): (Place, Place)) -> bool {
    let one = turn(a, b, c).signum() * turn(a, b, d).signum();
    let other = turn(c, d, a).signum() * turn(c, d, b).signum();
    one < 0 && other < 0
}

/// A point of the ground within a ring: the middle of a triangle of three corners in a row that lies inside.
fn within(ring: &[Place]) -> Option<Place> {
    let third = |part: fn(&Place) -> i32, corners: &[Place]| {
        (corners.iter().map(|place| i64::from(part(place))).sum::<i64>() / 3) as i32
    };
    let middles = ring.windows(3).map(|corners| Place {
        longitude: third(|place| place.longitude, corners),
        latitude: third(|place| place.latitude, corners),
    });
    middles.into_iter().find(|middle| is_inside(*middle, ring))
}

#[test]
fn shared_ground_is_found_and_a_shared_border_is_none() {
    let square = |x: i32, y: i32, side: i32| {
        [(0, 0), (side, 0), (side, side), (0, side)].map(|(a, b)| Place { longitude: x + a, latitude: y + b })
    };
    let is_shared = |other: [Place; 4]| overlap(&square(0, 0, 10), &other) && overlap(&other, &square(0, 0, 10));
    assert!(is_shared(square(5, 5, 10)) && is_shared(square(2, 2, 3)) && is_shared(square(0, 0, 10)));
    assert!(!is_shared(square(10, 0, 10)) && !is_shared(square(0, 10, 10)) && !is_shared(square(20, 20, 10)));
    assert!(boxes_meet(&square(0, 0, 10), &square(10, 0, 10)) && !boxes_meet(&square(0, 0, 10), &square(11, 0, 10)));
    assert!(turns_left(&square(0, 0, 10)));
}
