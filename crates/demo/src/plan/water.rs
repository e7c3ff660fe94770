//! The coast, the river that meets it, and what measures the river.

use super::Plan;
use super::ground::{Drawn, Place};

/// How far the sea is drawn beyond the city and out from the coast, in metres and by half of the city's size.
const BEYOND: f64 = 1500.0;
const DEEP: f64 = 2500.0;
/// How many corners its far side has.
const FAR: usize = 40;
/// How far the river comes from beyond the last district, in metres and by half of the city's height.
const UPSTREAM: f64 = 500.0;
/// The line of the coast at the mouth of the river.
const MOUTH: f64 = -45.0;
/// How far one corner of the shore is from the next, in metres.
const SHORE: f64 = 22.0;
/// The dry part of the river's strip on each side.
const DRY: f64 = 14.0;

impl Plan {
    /// The outline of the sea, counter-clockwise.
    pub(crate) fn sea(&self) -> Vec<Place> {
        let half = self.grid.width() + BEYOND;
        let deep = self.grid.height() / 2.0 + DEEP;
        let (west, east) = self.waters();
        let count = (2.0 * half / SHORE) as usize;
        let beach = |index: usize| {
            let x = half - 2.0 * half * index as f64 / count as f64;
            // Wide bays, and small ones in them.
            let bays = |question, wide| self.seed.with(5).with(question).wander(x as i64, wide);
            Drawn { x, y: MOUTH + 4.0 - 46.0 * bays(1, 420) - 16.0 * bays(2, 110) }
        };
        let is_beach = |drawn: &Drawn| drawn.x < west - 4.0 || drawn.x > east + 4.0;
        let mut shore: Vec<Drawn> = (0..=count).map(beach).filter(is_beach).collect();
        // The sea begins where the river ends.
        let mouth = shore.partition_point(|drawn| drawn.x > east);
        shore.splice(mouth..mouth, [Drawn { x: east, y: MOUTH }, Drawn { x: west, y: MOUTH }]);
        let far = (0..=FAR).map(|index| Drawn { x: -half + 2.0 * half * index as f64 / FAR as f64, y: -deep });
        far.chain(shore).map(|drawn| self.ground.place(drawn)).collect()
    }

    /// The outline of the river's face, counter-clockwise from its mouth.
    pub(crate) fn river(&self) -> Vec<Place> {
        let (west, east) = self.waters();
        let steps = self.river_steps();
        let up = steps.iter().map(|y| Drawn { x: east, y: *y });
        let down = steps.iter().rev().map(|y| Drawn { x: west, y: *y });
        up.chain(down).map(|drawn| self.ground.place(drawn)).collect()
    }

    /// Where the `number`th gauge stands, counted from the mouth.
    pub(crate) fn gauge(&self, number: u8) -> Place {
        let (west, east) = self.waters();
        let part = (f64::from(number) + 0.6) / self.figures().gauges as f64;
        self.ground.place(Drawn { x: f64::midpoint(west, east), y: self.grid.height() * part })
    }

    /// The edges of the water on the drawing board.
    fn waters(&self) -> (f64, f64) {
        let (west, east) = self.grid.banks();
        (west + DRY, east - DRY)
    }

    fn river_steps(&self) -> Vec<f64> {
        let end = 1.5 * self.grid.height() + UPSTREAM;
        let count = (end / self.figures().block) as usize;
        let inland = (0..=count).map(|index| end * index as f64 / count as f64);
        std::iter::once(MOUTH).chain(inland).collect()
    }
}
