//! What there is in the city, each by the few numbers from which everything about it follows.

/// A block of a district.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Block {
    pub(crate) district: u16,
    pub(crate) number: u8,
}

/// A parcel of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Parcel {
    pub(crate) block: Block,
    pub(crate) number: u8,
}

/// A room of a building.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct RoomAt {
    pub(crate) parcel: Parcel,
    pub(crate) floor: u8,
    pub(crate) number: u8,
}

impl RoomAt {
    /// The number on the door, such as 203.
    pub(crate) fn door(self) -> u32 {
        u32::from(self.floor) * 100 + u32::from(self.number) + 1
    }
}

/// A piece of road between two corners.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Road {
    /// On a boundary between rows, along a column.
    Along { row: u8, column: u8 },
    /// On a boundary between columns, along a row; the river has one on each bank.
    Up { column: u8, is_west_bank: bool, row: u8 },
    /// Over the river.
    Bridge { row: u8 },
    /// Through a district, from side to side.
    Street { district: u16, is_up: bool, line: u8 },
}

/// Anything that becomes an entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Thing {
    Coast,
    River,
    Railway,
    Station,
    District(u16),
    Road(Road),
    Park(Block),
    Building(Parcel),
    Floor { parcel: Parcel, floor: u8 },
    Room(RoomAt),
    Device(RoomAt),
    Streetlight { block: Block, number: u8 },
    CarPark(Block),
    Spot { block: Block, number: u8 },
    Route(u8),
    Stop { route: u8, number: u8 },
    Bus { route: u8, number: u8 },
    Gauge(u8),
    Weather(u16),
    Air(u16),
    Shelter(Block),
    Aed(Parcel),
    Flood,
}
