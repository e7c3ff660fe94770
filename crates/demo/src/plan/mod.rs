//! The city as it stands: what there is and where, as a pure function of seed and size.
//!
//! Nothing of it is kept but the districts and the bus routes; everything else follows from a few numbers when
//! it is asked for, so that a metropolis takes no more memory than a town.

mod building;
mod district;
mod grid;
mod ground;
mod names;
mod seed;
mod size;
mod thing;
mod transit;
mod water;
mod ways;

pub(crate) use building::{Building, Kind};
pub(crate) use district::{District, Use};
pub(crate) use grid::Grid;
pub(crate) use ground::{Drawn, Ground, Place};
pub(crate) use names::{Named, park as park_name};
pub(crate) use seed::{Seed, cosine, smooth};
pub(crate) use size::Figures;
pub use size::{InvalidSize, Size};
pub(crate) use thing::{Block, Parcel, Road, RoomAt, Thing};
pub(crate) use transit::Route;

/// A city.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) seed: Seed,
    pub(crate) grid: Grid,
    pub(crate) ground: Ground,
    pub(crate) districts: Vec<District>,
    pub(crate) routes: Vec<Route>,
}

impl Plan {
    /// The city of a size and a seed.
    pub(crate) fn new(size: Size, seed: u64) -> Self {
        let seed = Seed::new(seed);
        let grid = Grid::new(seed.with(1), size.figures());
        let ground = Ground::new(seed.with(2), grid.width(), grid.height());
        let mut plan = Self { seed, grid, ground, districts: Vec::new(), routes: Vec::new() };
        plan.districts = District::all(&plan);
        plan.routes = Route::all(&plan);
        plan
    }

    pub(crate) fn figures(&self) -> &Figures {
        &self.grid.figures
    }

    /// How many parts the city is told in.
    pub(crate) fn parts(&self) -> usize {
        1 + self.districts.len()
    }

    /// What there is, part by part: first what the whole city shares, then district by district.
    pub(crate) fn part(&self, part: usize) -> Vec<Thing> {
        match part.checked_sub(1) {
            None => self.shared(),
            Some(district) => self.of_district(district as u16),
        }
    }

    fn shared(&self) -> Vec<Thing> {
        let mut things = vec![Thing::Coast, Thing::River];
        let districts = 0..self.districts.len() as u16;
        things.extend(districts.clone().map(Thing::District));
        things.extend(self.main_roads());
        things.extend([Thing::Railway, Thing::Station]);
        for (number, route) in self.routes.iter().enumerate() {
            let route_number = number as u8;
            things.push(Thing::Route(route_number));
            let stops = 0..route.stops.len() as u8;
            things.extend(stops.map(|number| Thing::Stop { route: route_number, number }));
            let buses = 0..self.figures().buses as u8;
            things.extend(buses.map(|number| Thing::Bus { route: route_number, number }));
        }
        things.extend((0..self.figures().gauges as u8).map(Thing::Gauge));
        things.extend(districts.clone().step_by(4).map(Thing::Weather));
        things.extend(districts.step_by(2).map(Thing::Air));
        things.push(Thing::Flood);
        things
    }

    fn of_district(&self, district: u16) -> Vec<Thing> {
        let mut things: Vec<Thing> = self.streets(district).collect();
        for number in 0..self.block_count() as u8 {
            let block = Block { district, number };
            let lights = 0..self.figures().lights;
            match self.use_of(block) {
                Use::Park => things.push(Thing::Park(block)),
                Use::CarPark(_) => {
                    things.push(Thing::CarPark(block));
                    things.extend((0..self.figures().spots).map(|number| Thing::Spot { block, number }));
                }
                Use::School | Use::Hall => things.push(Thing::Shelter(block)),
                _ => {}
            }
            things.extend(lights.map(|number| Thing::Streetlight { block, number }));
            for number in 0..self.parcel_count(block) {
                self.on_parcel(Parcel { block, number }, &mut things);
            }
        }
        things
    }

    fn on_parcel(&self, parcel: Parcel, things: &mut Vec<Thing>) {
        let Some(building) = self.building(parcel) else { return };
        things.push(Thing::Building(parcel));
        if building.has_aed() {
            things.push(Thing::Aed(parcel));
        }
        if building.rooms == 0 {
            return;
        }
        for floor in 1..=building.floors {
            things.push(Thing::Floor { parcel, floor });
            for number in 0..building.rooms {
                let at = RoomAt { parcel, floor, number };
                things.extend([Thing::Room(at), Thing::Device(at)]);
            }
        }
    }
}

#[cfg(test)]
mod tests;
