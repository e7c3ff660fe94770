//! Districts, what each block of them is used for, and addresses.

use super::Plan;
use super::grid::Quad;
use super::ground::Drawn;
use super::names::{self, Named};
use super::seed::Seed;
use super::thing::{Block, Parcel};

/// A district.
#[derive(Clone, Debug)]
pub(crate) struct District {
    pub(crate) column: usize,
    pub(crate) row: usize,
    pub(crate) named: Named,
    /// Its name in ids and scopes.
    pub(crate) slug: String,
    /// How many districts lie between it and the station.
    pub(crate) remoteness: usize,
    /// The order in which its blocks are given away.
    stride: usize,
    offset: usize,
}

/// What a block is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    Park,
    School,
    Hall,
    CarPark(u8),
    CityHall,
    Hospital,
    Homes,
    Shops,
    Offices,
    Works,
}

/// Half the width of a street, of a main road, of the road on a bank, and of the railway's strip, in metres.
const STREET: f64 = 3.5;
const MAIN: f64 = 9.0;
const BANK: f64 = 11.0;
const RAILWAY: f64 = 16.0;

impl District {
    /// All districts, row by row from the coast.
    pub(super) fn all(plan: &Plan) -> Vec<Self> {
        let figures = plan.figures();
        let station = plan.station_cell();
        let harbour = (station.0, 0);
        let mut taken = 0;
        let cells = (0..figures.rows).flat_map(|row| (0..figures.columns).map(move |column| (column, row)));
        let mut districts = Vec::new();
        for (column, row) in cells {
            let named = match (column, row) {
                cell if cell == station => Named::new(names::CENTRE.0, names::CENTRE.1),
                cell if cell == harbour => Named::new(names::HARBOUR.0, names::HARBOUR.1),
                _ => {
                    taken += 1;
                    names::district(taken - 1)
                }
            };
            let seed = plan.seed.with(3).with(districts.len() as u64);
            districts.push(Self {
                column,
                row,
                slug: names::slug(&named),
                named,
                remoteness: column.abs_diff(station.0).max(row.abs_diff(station.1)),
                // Each of these is prime to the number of blocks of every size, so that no block is given twice.
                stride: seed.with(1).one_of(&[7, 11, 13, 17]),
                offset: seed.with(2).below(plan.block_count()),
            });
        }
        districts
    }
}

impl Plan {
    /// The column and row of the district in front of the station.
    fn station_cell(&self) -> (usize, usize) {
        (self.figures().river - 1, self.figures().railway - 1)
    }

    pub(crate) fn district_of(&self, block: Block) -> &District {
        &self.districts[usize::from(block.district)]
    }

    pub(crate) fn cell_of(&self, district: u16) -> Quad {
        let District { column, row, .. } = self.districts[usize::from(district)];
        self.grid.cell(column, row)
    }

    /// The border of a district, counter-clockwise, with a corner at every block, as the roads on it have: so
    /// neighbours share it exactly.
    pub(crate) fn border(&self, district: u16) -> Vec<Drawn> {
        let (cell, blocks) = (self.cell_of(district), self.figures().blocks);
        let part = |step: usize| step as f64 / blocks as f64;
        let south = (0..blocks).map(|step| cell.at(part(step), 0.0));
        let east = (0..blocks).map(|step| cell.at(1.0, part(step)));
        let north = (0..blocks).map(|step| cell.at(part(blocks - step), 1.0));
        let west = (0..blocks).map(|step| cell.at(0.0, part(blocks - step)));
        south.chain(east).chain(north).chain(west).collect()
    }

    pub(crate) fn block_count(&self) -> usize {
        self.figures().blocks * self.figures().blocks
    }

    pub(crate) fn seed_of(&self, block: Block) -> Seed {
        self.seed.with(4).with(u64::from(block.district)).with(u64::from(block.number))
    }

    /// What a block is used for: first what each district has, then what fits the place.
    pub(crate) fn use_of(&self, block: Block) -> Use {
        let district = self.district_of(block);
        let car_parks = self.figures().car_parks;
        let is_centre = district.remoteness == 0;
        let reserved = if is_centre { 5 } else { 3 } + car_parks;
        let place = |turn: usize| (turn * district.stride + district.offset) % self.block_count();
        match (0..reserved).find(|turn| place(*turn) == usize::from(block.number)) {
            Some(0) => Use::School,
            Some(1) => Use::Hall,
            Some(2) => Use::Park,
            Some(turn) if turn < 3 + car_parks => Use::CarPark(turn as u8 - 3),
            Some(turn) if turn == 3 + car_parks => Use::CityHall,
            Some(_) => Use::Hospital,
            None => self.ordinary_use(district, self.seed_of(block).with(1)),
        }
    }

    fn ordinary_use(&self, district: &District, seed: Seed) -> Use {
        if seed.with(1).chance(0.03) {
            return Use::Park;
        }
        let is_harbour = district.row == 0 && district.column + 1 >= self.figures().river / 2;
        if is_harbour && district.remoteness > 0 && seed.with(2).chance(0.3) {
            return Use::Works;
        }
        let near = 1.0 / (1.0 + district.remoteness as f64);
        if seed.with(3).chance(0.45 * near * near + 0.03) {
            Use::Offices
        } else if seed.with(4).chance(0.5 * near + 0.06) {
            Use::Shops
        } else {
            Use::Homes
        }
    }

    /// A block without the halves of the streets around it.
    pub(crate) fn quad_of(&self, block: Block) -> Quad {
        let (across, up) = self.ways(block);
        let [west, east] = self.edges_across(block, across);
        let [south, north] = self.edges_up(block, up);
        self.cell_of(block.district).part(west, south, east, north)
    }

    /// A point beside a block: `out` metres into the street on one of its four sides, at this part of the side.
    pub(crate) fn kerb(&self, block: Block, side: usize, part: f64, out: f64) -> Drawn {
        let (across, up) = self.ways(block);
        let [west, east] = self.edges_across(block, across);
        let [south, north] = self.edges_up(block, up);
        let out = out / self.grid.side();
        let (along, upward) = (west + (east - west) * part, south + (north - south) * part);
        let (east, north) = match side % 4 {
            0 => (along, south - out),
            1 => (east + out, upward),
            2 => (along, north + out),
            _ => (west - out, upward),
        };
        self.cell_of(block.district).at(east, north)
    }

    /// The column and the row of a block in its district.
    fn ways(&self, block: Block) -> (usize, usize) {
        let blocks = self.figures().blocks;
        (usize::from(block.number) % blocks, usize::from(block.number) / blocks)
    }

    fn edges_across(&self, block: Block, across: usize) -> [f64; 2] {
        let column = self.district_of(block).column;
        let wide = |boundary: usize| if boundary == self.figures().river { BANK } else { MAIN };
        self.edges(across, wide(column), wide(column + 1))
    }

    fn edges_up(&self, block: Block, up: usize) -> [f64; 2] {
        let row = self.district_of(block).row;
        let wide = |boundary: usize| if boundary == self.figures().railway { RAILWAY } else { MAIN };
        self.edges(up, wide(row), wide(row + 1))
    }

    /// Where a block begins and ends, as parts of the district's side.
    fn edges(&self, place: usize, first: f64, last: f64) -> [f64; 2] {
        let (blocks, side) = (self.figures().blocks, self.grid.side());
        let before = if place == 0 { first } else { STREET };
        let after = if place + 1 == blocks { last } else { STREET };
        let part = |edge: usize| edge as f64 / blocks as f64;
        [part(place) + before / side, part(place + 1) - after / side]
    }

    /// How many parcels a block has.
    pub(crate) fn parcel_count(&self, block: Block) -> u8 {
        let figures = self.figures();
        match self.use_of(block) {
            Use::Park | Use::CarPark(_) => 0,
            Use::School | Use::Hall | Use::CityHall | Use::Hospital => 1,
            Use::Works => 2,
            Use::Offices => 4,
            Use::Homes | Use::Shops => 2 * figures.parcels as u8,
        }
    }

    /// The ground of a parcel, with a path between it and its neighbours.
    pub(crate) fn lot(&self, parcel: Parcel) -> Quad {
        let quad = self.quad_of(parcel.block);
        let count = usize::from(self.parcel_count(parcel.block));
        // Public buildings stand in one half of their block; the other is their yard.
        if count == 1 {
            return quad.part(0.04, 0.45, 0.96, 0.96);
        }
        let (columns, number) = ((count / 2).max(1), usize::from(parcel.number));
        let (column, row) = ((number % columns) as f64, (number / columns) as f64);
        let width = 1.0 / columns as f64;
        let path = 0.012;
        quad.part(column * width + path, row * 0.5 + path, (column + 1.0) * width - path, (row + 1.0) * 0.5 - path)
    }

    /// The three numbers of an address: 丁目, 番, 号.
    pub(crate) fn numbers(&self, parcel: Parcel) -> [usize; 3] {
        let half = self.figures().blocks.div_ceil(2);
        let (across, up) = self.ways(parcel.block);
        let chome = 1 + across / half + 2 * (up / half);
        let ban = 1 + across % half + half * (up % half);
        [chome, ban, usize::from(parcel.number) + 1]
    }

    /// An address as Japan writes it, and as the post office does in English.
    pub(crate) fn address(&self, parcel: Parcel) -> Named {
        let Named { ja, en } = &self.district_of(parcel.block).named;
        let [chome, ban, go] = self.numbers(parcel);
        Named::new(
            format!("汐見市{ja}{}丁目{ban}番{go}号", names::kanji(chome)),
            format!("{chome}-{ban}-{go} {en}, Shiomi City"),
        )
    }
}
