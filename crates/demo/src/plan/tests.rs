//! The city as a whole: its size, its ids, and that nothing lies where something else is.

mod overlap;

use std::collections::{BTreeMap, HashSet};

use super::*;
use crate::life::Moment;
use overlap::{boxes_meet, is_inside, overlap, turns_left};

/// Cities that the laws are tried on, each with the parts to look at: all of a small one, some of a large one.
fn cities() -> Vec<(Plan, Vec<usize>)> {
    let small = (1..8).map(|seed| Plan::new(Size::Small, seed)).map(|plan| {
        let parts = (0..plan.parts()).collect();
        (plan, parts)
    });
    let large = [(Plan::new(Size::City, 1), vec![0, 4, 5, 11]), (Plan::new(Size::Metropolis, 1), vec![0, 8, 9])];
    small.chain(large).collect()
}

fn drawn(plan: &Plan, ring: impl IntoIterator<Item = Drawn>) -> Vec<Place> {
    ring.into_iter().map(|drawn| plan.ground.place(drawn)).collect()
}

fn area(plan: &Plan, thing: Thing) -> Option<(Thing, Vec<Place>)> {
    let ring = match thing {
        Thing::Building(parcel) => plan.outline(parcel, &plan.building(parcel)?),
        Thing::Park(block) | Thing::CarPark(block) => plan.quad_of(block).corners().to_vec(),
        _ => return None,
    };
    Some((thing, drawn(plan, ring)))
}

#[test]
fn sizes_are_about_what_they_say() {
    for (size, low, high) in
        [(Size::Small, 1_700, 2_400), (Size::City, 42_000, 58_000), (Size::Metropolis, 900_000, 1_100_000)]
    {
        let plan = Plan::new(size, 1);
        let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
        let things = (0..plan.parts()).flat_map(|part| plan.part(part));
        things.for_each(|thing| *kinds.entry(Plan::kind(thing)).or_default() += 1);
        let total: usize = kinds.values().sum();
        assert!((low..high).contains(&total), "{size}: {total} {kinds:?}");
        assert_eq!(kinds.len(), 23, "{kinds:?}");
    }
}

#[test]
fn no_two_things_have_one_id() {
    for plan in [Plan::new(Size::Small, 3), Plan::new(Size::City, 1)] {
        let mut ids = HashSet::new();
        for thing in (0..plan.parts()).flat_map(|part| plan.part(part)) {
            let id = plan.id(thing);
            assert!(ids.insert(id.clone()), "{id}");
        }
    }
}

#[test]
fn buildings_and_parks_share_no_ground_with_each_other_or_with_the_water() {
    for (plan, parts) in cities() {
        let waters = [plan.sea(), plan.river()];
        for part in parts {
            let areas: Vec<_> = plan.part(part).into_iter().filter_map(|thing| area(&plan, thing)).collect();
            for (index, (thing, ring)) in areas.iter().enumerate() {
                assert!(turns_left(ring), "{thing:?} runs counter-clockwise (RFC 7946, 3.1.6)");
                assert!(!waters.iter().any(|water| overlap(ring, water)), "{thing:?} in the water");
                let after = areas.iter().skip(index + 1).filter(|(_, other)| boxes_meet(ring, other));
                after.for_each(|(other, shape)| assert!(!overlap(ring, shape), "{thing:?} {other:?}"));
            }
        }
    }
}

#[test]
fn a_building_stands_in_its_district_and_districts_share_no_ground() {
    for (plan, parts) in cities() {
        let border = |district: u16| drawn(&plan, plan.border(district));
        let all: Vec<Vec<Place>> = (0..plan.districts.len() as u16).map(border).collect();
        let waters = [plan.sea(), plan.river()];
        for (index, ring) in all.iter().enumerate() {
            assert!(turns_left(ring) && !waters.iter().any(|water| overlap(ring, water)), "district {index}");
            let mut after = all.iter().skip(index + 1).filter(|other| boxes_meet(ring, other));
            assert!(!after.any(|other| overlap(ring, other)), "district {index}");
        }
        for (thing, ring) in parts.into_iter().flat_map(|part| plan.part(part)).filter_map(|thing| area(&plan, thing)) {
            let (Thing::Building(Parcel { block, .. }) | Thing::Park(block)) = thing else { continue };
            let own = &all[usize::from(block.district)];
            assert!(ring.iter().all(|corner| is_inside(*corner, own)), "{thing:?}");
        }
        assert!(!overlap(&waters[0], &waters[1]) && waters.iter().all(|water| turns_left(water)));
    }
}

#[test]
fn routes_are_closed_and_no_stop_is_far_from_the_next() {
    for (plan, _) in cities() {
        for route in &plan.routes {
            assert_eq!(route.points.first(), route.points.last());
            assert!((4..250).contains(&route.stops.len()), "{}", route.stops.len());
            for pair in route.stops.windows(2) {
                assert!((300.0..500.0).contains(&(pair[1].mile - pair[0].mile)));
            }
            // The line follows main roads, which have a point at every block, and bridges.
            let far = route.points.windows(2).map(|pair| pair[0].distance(pair[1])).fold(0.0, f64::max);
            assert!(far < 2.0 * plan.figures().block + plan.figures().valley, "{far}");
        }
    }
}

#[test]
fn addresses_are_written_as_in_japan() {
    let plan = Plan::new(Size::Small, 1);
    let harbour = plan.districts.iter().position(|district| district.slug == "chuo").unwrap() as u16;
    let parcel = Parcel { block: Block { district: harbour, number: 19 }, number: 4 };
    assert_eq!(plan.address(parcel), Named::new("汐見市中央四丁目2番5号", "4-2-5 Chuo, Shiomi City"));
    assert_eq!(plan.id(Thing::Building(parcel)), "urn:ngsi-ld:Building:shiomi:chuo-4-2-5");
}

/// Whoever changes this figure changes the city of everybody who has one.
#[test]
fn the_small_city_is_the_same_on_every_machine() {
    let mut sum: u64 = 0xcbf2_9ce4_8422_2325;
    let now = Moment { seconds: 1_770_000_000, flood: None };
    let plan = Plan::new(Size::Small, 1);
    for thing in (0..plan.parts()).flat_map(|part| plan.part(part)) {
        let mut text = Vec::new();
        plan.write(thing, now, &mut text);
        // FNV-1a.
        text.iter().for_each(|byte| sum = (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
    }
    assert_eq!(format!("{sum:016x}"), "19b3da7d492dd535");
}
