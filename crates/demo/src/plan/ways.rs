//! Roads and the railway: they run along the boundaries of districts and of blocks.

use super::Plan;
use super::grid::Side;
use super::ground::{Drawn, Place};
use super::names::{self, Named};
use super::thing::{Road, Thing};

/// How far the railway comes from outside, in metres and by half of the city's width.
const OUTSIDE: f64 = 1200.0;

impl Road {
    /// As `RoadSegment` spells its class.
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::Street { .. } => "street",
            _ => "main",
        }
    }
}

impl Plan {
    /// Every main road. The railway has its boundary to itself.
    pub(super) fn main_roads(&self) -> Vec<Thing> {
        let (columns, rows) = (self.figures().columns, self.figures().rows);
        let mut roads = Vec::new();
        for row in (0..=rows).filter(|row| *row != self.figures().railway) {
            roads.extend((0..columns).map(|column| Road::Along { row: row as u8, column: column as u8 }));
            roads.push(Road::Bridge { row: row as u8 });
        }
        for column in 0..=columns {
            let banks: &[bool] = if column == self.figures().river { &[true, false] } else { &[true] };
            let up = |is_west_bank| move |row| Road::Up { column: column as u8, is_west_bank, row: row as u8 };
            banks.iter().for_each(|bank| roads.extend((0..rows).map(up(*bank))));
        }
        roads.into_iter().map(Thing::Road).collect()
    }

    /// The streets of a district.
    pub(super) fn streets(&self, district: u16) -> impl Iterator<Item = Thing> {
        let lines = 1..self.figures().blocks as u8;
        let street = move |is_up| move |line| Thing::Road(Road::Street { district, is_up, line });
        lines.clone().map(street(true)).chain(lines.map(street(false)))
    }

    /// The line of a road on the drawing board.
    pub(crate) fn line_of(&self, road: Road) -> Vec<Drawn> {
        let corner = |column: u8, side, row: u8| self.grid.corner(usize::from(column), side, usize::from(row));
        let blocks = self.figures().blocks;
        let between = |from: Drawn, to: Drawn| {
            (0..=blocks).map(|step| from.toward(to, step as f64 / blocks as f64)).collect::<Vec<_>>()
        };
        match road {
            Road::Along { row, column } => {
                between(corner(column, Side::East, row), corner(column + 1, Side::West, row))
            }
            Road::Up { column, is_west_bank, row } => {
                let side = if is_west_bank { Side::West } else { Side::East };
                between(corner(column, side, row), corner(column, side, row + 1))
            }
            Road::Bridge { row } => {
                let river = self.figures().river as u8;
                vec![corner(river, Side::West, row), corner(river, Side::East, row)]
            }
            Road::Street { district, is_up, line } => {
                let cell = self.cell_of(district);
                let part = f64::from(line) / blocks as f64;
                let at = |step: usize| {
                    let along = step as f64 / blocks as f64;
                    if is_up { cell.at(part, along) } else { cell.at(along, part) }
                };
                (0..=blocks).map(at).collect()
            }
        }
    }

    /// What people call a road.
    pub(crate) fn name_of_road(&self, road: Road) -> Named {
        match road {
            Road::Along { row: 0, .. } => Named::new("海岸通り", "Kaigan-dori"),
            Road::Along { row, .. } => Named::new(format!("市道{row}号線"), format!("City Road {row}")),
            Road::Up { column, .. } if usize::from(column) == self.figures().river => {
                Named::new("川岸通り", "Kawagishi-dori")
            }
            Road::Up { column, .. } => {
                let number = usize::from(column) + 1;
                Named::new(format!("{}番大通り", names::kanji(number)), format!("Avenue {number}"))
            }
            Road::Bridge { row: 0 } => Named::new("汐見河口大橋", "Shiomi Estuary Bridge"),
            Road::Bridge { row } => {
                Named::new(format!("第{}汐見橋", names::kanji(row.into())), format!("Shiomi Bridge {row}"))
            }
            Road::Street { district, is_up, line } => {
                let Named { ja, en } = &self.districts[usize::from(district)].named;
                let number = names::kanji(line.into());
                match is_up {
                    true => Named::new(format!("{ja}{number}番通り"), format!("{en} Street {line}")),
                    false => Named::new(format!("{ja}{number}条通り"), format!("{en} Lane {line}")),
                }
            }
        }
    }

    /// The line of the railway, from west to east.
    pub(crate) fn railway(&self) -> Vec<Place> {
        let row = self.figures().railway;
        let mut line = Vec::new();
        for column in 0..self.figures().columns {
            let road = Road::Along { row: row as u8, column: column as u8 };
            line.extend(self.line_of(road));
        }
        let far = self.grid.width() / 2.0 + OUTSIDE;
        let outside = |end: Option<&Drawn>, x| end.map(|end| Drawn { x: end.x + x, y: end.y });
        let (west, east) = (outside(line.first(), -far), outside(line.last(), far));
        line.dedup();
        west.into_iter().chain(line).chain(east).map(|drawn| self.ground.place(drawn)).collect()
    }

    /// The station, in the middle of the centre's northern side.
    pub(crate) fn station(&self) -> Place {
        let (column, row) = (self.figures().river - 1, self.figures().railway);
        let west = self.grid.corner(column, Side::East, row);
        let east = self.grid.corner(column + 1, Side::West, row);
        self.ground.place(west.toward(east, 0.5))
    }
}
