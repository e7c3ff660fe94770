//! What stands on a parcel: which kind of building, its shape, its floors and its rooms.

use super::district::Use;
use super::ground::Drawn;
use super::names::{self, Named};
use super::thing::{Parcel, RoomAt};
use super::{Plan, Seed};

/// What a building is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    House,
    Apartments,
    Shop,
    Office,
    Works,
    School,
    Hall,
    CityHall,
    Hospital,
}

/// A building on its parcel.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Building {
    pub(crate) kind: Kind,
    pub(crate) floors: u8,
    /// Rooms of each floor that are known; none where nobody measures.
    pub(crate) rooms: u8,
    seed: Seed,
}

impl Kind {
    /// As the Smart Data Models spell categories.
    pub(crate) fn category(self) -> &'static str {
        match self {
            Self::House => "house",
            Self::Apartments => "apartments",
            Self::Shop => "retail",
            Self::Office => "office",
            Self::Works => "industrial",
            Self::School => "school",
            Self::Hall => "public",
            Self::CityHall => "civic",
            Self::Hospital => "hospital",
        }
    }

    /// When people can go in, as opening hours are written (OpenStreetMap).
    pub(crate) fn opens(self) -> &'static str {
        match self {
            Self::Hospital | Self::House | Self::Apartments => "24/7",
            Self::School => "Mo-Fr 08:00-17:00",
            Self::Hall => "Mo-Su 09:00-21:30",
            Self::Shop => "Mo-Su 09:30-20:00",
            Self::Office | Self::Works | Self::CityHall => "Mo-Fr 08:30-18:00",
        }
    }
}

impl Plan {
    /// The building of a parcel, if one stands there.
    pub(crate) fn building(&self, parcel: Parcel) -> Option<Building> {
        let seed = self.seed_of(parcel.block).with(u64::from(parcel.number)).with(2);
        let (kind, low, high) = match self.use_of(parcel.block) {
            Use::Homes if seed.with(1).chance(0.08) => return None,
            Use::Homes if seed.with(2).chance(0.22) => (Kind::Apartments, 3, 8),
            Use::Homes => (Kind::House, 1, 2),
            Use::Shops if seed.with(2).chance(0.25) => (Kind::Apartments, 4, 10),
            Use::Shops => (Kind::Shop, 1, 3),
            Use::Offices => (Kind::Office, 4, 9),
            Use::Works => (Kind::Works, 1, 2),
            Use::School => (Kind::School, 3, 3),
            Use::Hall => (Kind::Hall, 2, 2),
            Use::CityHall => (Kind::CityHall, 6, 6),
            Use::Hospital => (Kind::Hospital, 5, 5),
            Use::Park | Use::CarPark(_) => return None,
        };
        let floors = low + seed.with(3).below(usize::from(high - low) + 1) as u8;
        let is_watched = seed.with(4).chance(self.figures().watched);
        let many = self.figures().rooms;
        let rooms = match kind {
            Kind::School => many,
            Kind::Hall => many - 1,
            Kind::CityHall | Kind::Hospital => many + 1,
            Kind::Office if is_watched || seed.with(5).chance(2.0 * self.figures().watched) => many,
            Kind::Apartments if is_watched => many - 1,
            Kind::Shop if is_watched => 2,
            _ => 0,
        };
        Some(Building { kind, floors, rooms, seed })
    }

    /// The corners of a building, counter-clockwise.
    pub(crate) fn outline(&self, parcel: Parcel, building: &Building) -> Vec<Drawn> {
        let lot = self.lot(parcel);
        let part = |question, low, high| building.seed.with(question).between(low, high);
        let (west, south) = (part(10, 0.08, 0.22), part(11, 0.08, 0.22));
        let (east, north) = (part(12, 0.78, 0.92), part(13, 0.78, 0.92));
        let has_notch = building.kind != Kind::House && building.seed.with(14).chance(0.4);
        if !has_notch {
            return [(west, south), (east, south), (east, north), (west, north)].map(|(x, y)| lot.at(x, y)).to_vec();
        }
        let (inner, middle) = (part(15, 0.45, 0.65), part(16, 0.4, 0.6));
        let corners = [(west, south), (east, south), (east, middle), (inner, middle), (inner, north), (west, north)];
        corners.map(|(x, y)| lot.at(x, y)).to_vec()
    }

    /// A point in a building, by parts of its ground: within its outline whether it has a notch or not.
    pub(crate) fn point_in(&self, parcel: Parcel, across: f64, up: f64) -> Drawn {
        self.lot(parcel).at(0.24 + 0.19 * across, 0.25 + 0.5 * up)
    }

    /// What people call a building.
    pub(crate) fn name_of(&self, parcel: Parcel, building: &Building) -> Named {
        let district = self.district_of(parcel.block);
        let Named { ja, en } = &district.named;
        let draw = |question| move |count| building.seed.with(question).below(count);
        let in_district =
            |(kind_ja, kind_en): (&str, &str)| Named::new(format!("{ja}{kind_ja}"), format!("{en} {kind_en}"));
        let of_family = |(kind_ja, kind_en): (&str, &str)| {
            let (family_ja, family_en) = names::surname(draw(21));
            Named::new(format!("{family_ja}{kind_ja}"), format!("{family_en} {kind_en}"))
        };
        match building.kind {
            Kind::House => {
                let [chome, ban, go] = self.numbers(parcel);
                Named::new(format!("住宅 {ja}{chome}-{ban}-{go}"), format!("House {en} {chome}-{ban}-{go}"))
            }
            Kind::Apartments => {
                let ((kind_ja, kind_en), number) = (names::apartments(draw(20)), draw(22)(9) + 1);
                Named::new(format!("{kind_ja}{ja}{number}"), format!("{kind_en} {en} {number}"))
            }
            Kind::Shop if building.seed.with(23).chance(0.5) => in_district(names::shop(draw(20))),
            Kind::Shop => of_family(names::shop(draw(20))),
            Kind::Office => of_family(("ビル", "Building")),
            Kind::Works => of_family(names::works(draw(20))),
            Kind::School => in_district(("小学校", "Elementary School")),
            Kind::Hall => in_district(("公民館", "Community Centre")),
            Kind::CityHall => Named::new("汐見市役所", "Shiomi City Hall"),
            Kind::Hospital => Named::new("汐見市立病院", "Shiomi City Hospital"),
        }
    }

    /// What people call a room.
    pub(crate) fn name_of_room(at: RoomAt, building: &Building) -> Named {
        let number = at.door();
        if building.is_plant(at) {
            return Named::new(format!("機械室{number}"), format!("Plant Room {number}"));
        }
        let numbered = |ja: &str, en: &str| Named::new(format!("{ja}{number}"), format!("{en} {number}"));
        match building.kind {
            Kind::School if at.number < 4 => {
                let (year, class) = (at.floor * 2 - u8::from(at.number < 2), at.number % 2 + 1);
                Named::new(format!("{year}年{class}組"), format!("Class {year}-{class}"))
            }
            Kind::School => numbered("特別教室", "Special Classroom"),
            Kind::Hall if at.number == 0 => numbered("和室", "Tatami Room"),
            Kind::Hall => numbered("会議室", "Meeting Room"),
            Kind::CityHall => numbered("執務室", "Office"),
            Kind::Hospital if at.floor == 1 => numbered("診察室", "Consulting Room"),
            Kind::Hospital => numbered("病室", "Ward"),
            Kind::Shop => numbered("売場", "Sales Floor"),
            Kind::Apartments | Kind::House => numbered("居室", "Apartment"),
            Kind::Office | Kind::Works => numbered("事務室", "Office"),
        }
    }
}

impl Building {
    /// Whether a room holds machines, which keep it warm: one in each building that has floors to heat.
    pub(crate) fn is_plant(&self, at: RoomAt) -> bool {
        at.floor == 1 && at.number + 1 == self.rooms && !matches!(self.kind, Kind::Shop | Kind::Apartments)
    }

    /// Where people find an AED.
    pub(crate) fn has_aed(&self) -> bool {
        let is_public = matches!(self.kind, Kind::School | Kind::Hall | Kind::CityHall | Kind::Hospital);
        is_public || (self.kind == Kind::Office && self.seed.with(30).chance(0.12))
    }

    /// Chance that belongs to this building.
    pub(crate) fn seed(&self) -> Seed {
        self.seed
    }
}
