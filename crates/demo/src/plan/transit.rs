//! Bus routes: loops over main roads that cross the river and the railway, with stops at even distances.

use super::Plan;
use super::ground::{Drawn, Metres};
use super::names::{self, Named};
use super::thing::Road;

/// A bus route: a closed line.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    pub(crate) named: Named,
    pub(crate) points: Vec<Metres>,
    /// How far each point lies from the first one along the line, in metres.
    miles: Vec<f64>,
    pub(crate) stops: Vec<Stop>,
}

/// A stop of a route.
#[derive(Clone, Debug)]
pub(crate) struct Stop {
    pub(crate) named: Named,
    pub(crate) district: u16,
    /// How far it lies from the first point, in metres.
    pub(crate) mile: f64,
}

/// Where a bus is on its route.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct OnRoute {
    pub(crate) at: Metres,
    pub(crate) bearing: i64,
}

/// About how far one stop is from the next, in metres.
const BETWEEN_STOPS: f64 = 330.0;

impl Route {
    pub(super) fn all(plan: &Plan) -> Vec<Self> {
        (0..plan.figures().routes).map(|number| Self::new(plan, number)).collect()
    }

    fn new(plan: &Plan, number: usize) -> Self {
        let figures = plan.figures();
        let seed = plan.seed.with(6).with(number as u64);
        // From west of the river to east of it, and from south of the railway to north of it.
        let west = seed.with(1).below(figures.river);
        let east = figures.river + 1 + seed.with(2).below(figures.columns - figures.river);
        let south = seed.with(3).below(figures.railway);
        let north = figures.railway + 1 + seed.with(4).below(figures.rows - figures.railway);
        let drawn = plan.circuit([west, east], [south, north]);
        let points: Vec<Metres> = drawn.iter().map(|drawn| plan.ground.bend(*drawn)).collect();
        let mut miles = vec![0.0];
        for pair in points.windows(2) {
            miles.push(miles[miles.len() - 1] + pair[0].distance(pair[1]));
        }
        let named = Named::new(format!("{}系統", number + 1), format!("Route {}", number + 1));
        let mut route = Self { named, points, miles, stops: Vec::new() };
        let count = (route.length() / BETWEEN_STOPS) as usize;
        route.stops = (0..count).map(|stop| plan.stop(&route, route.length() * stop as f64 / count as f64)).collect();
        route.name_apart();
        route
    }

    /// The length of one round in metres.
    pub(crate) fn length(&self) -> f64 {
        self.miles[self.miles.len() - 1]
    }

    /// The place at a distance along the line.
    pub(crate) fn at(&self, mile: f64) -> OnRoute {
        let mile = mile - (mile / self.length()).floor() * self.length();
        let next = self.miles.partition_point(|other| *other <= mile).clamp(1, self.points.len() - 1);
        let (from, to) = (self.points[next - 1], self.points[next]);
        let part = (mile - self.miles[next - 1]) / (self.miles[next] - self.miles[next - 1]);
        OnRoute { at: from.toward(to, part), bearing: from.bearing(to) }
    }

    /// Stops of one district are told apart by their number.
    fn name_apart(&mut self) {
        let bases: Vec<Named> = self.stops.iter().map(|stop| stop.named.clone()).collect();
        for (index, stop) in self.stops.iter_mut().enumerate() {
            let before = bases.iter().take(index).filter(|base| **base == bases[index]).count();
            let Named { ja, en } = &bases[index];
            stop.named = match before {
                0 => Named::new(format!("{ja}一丁目"), format!("{en} 1-chome")),
                more => Named::new(format!("{ja}{}丁目", names::kanji(more + 1)), format!("{en} {}-chome", more + 1)),
            };
        }
    }
}

impl Plan {
    /// The closed line along the boundaries of columns and rows, counter-clockwise.
    fn circuit(&self, [west, east]: [usize; 2], [south, north]: [usize; 2]) -> Vec<Drawn> {
        let mut line = Vec::new();
        let along = |row: usize| {
            let river = self.figures().river;
            let over = |column: usize| (column == river).then_some(Road::Bridge { row: row as u8 });
            let road = move |column: usize| {
                over(column).into_iter().chain([Road::Along { row: row as u8, column: column as u8 }])
            };
            (west..east).flat_map(road).flat_map(|road| self.line_of(road)).collect::<Vec<_>>()
        };
        let up = |column: usize| {
            let road = move |row: usize| Road::Up { column: column as u8, is_west_bank: true, row: row as u8 };
            (south..north).map(road).flat_map(|road| self.line_of(road)).collect::<Vec<_>>()
        };
        line.extend(along(south));
        line.extend(up(east));
        line.extend(along(north).into_iter().rev());
        line.extend(up(west).into_iter().rev());
        line.dedup();
        line
    }

    fn stop(&self, route: &Route, mile: f64) -> Stop {
        let here = route.at(mile).at;
        let middle = |district: &u16| self.ground.bend(self.cell_of(*district).at(0.5, 0.5)).distance(here);
        let all = 0..self.districts.len() as u16;
        let district = all.min_by(|one, other| middle(one).total_cmp(&middle(other))).unwrap_or_default();
        Stop { named: self.districts[usize::from(district)].named.clone(), district, mile }
    }
}
