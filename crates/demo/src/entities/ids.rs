//! Ids that people can read: `urn:ngsi-ld:Room:shiomi:chuo-2-3-5-203`.

use crate::plan::{Parcel, Plan, Road, Thing};

/// The id of the scenario that starts the flood.
pub(crate) const FLOOD: &str = "urn:ngsi-ld:CityScenario:shiomi:flood";
/// The id of the entity that says which city this is, and until when it was moved.
pub(crate) const DEMO: &str = "urn:ngsi-ld:DemoCity:shiomi";

/// The id of an entity of a type.
pub(super) fn urn(kind: &str, local: &str) -> String {
    format!("urn:ngsi-ld:{kind}:shiomi:{local}")
}

impl Plan {
    /// The type of a thing.
    pub(crate) fn kind(thing: Thing) -> &'static str {
        match thing {
            Thing::Coast => "Coast",
            Thing::River => "River",
            Thing::Railway => "Railway",
            Thing::Station => "Station",
            Thing::District(_) => "CityDistrict",
            Thing::Road(_) => "RoadSegment",
            Thing::Park(_) => "Park",
            Thing::Building(_) => "Building",
            Thing::Floor { .. } => "BuildingFloor",
            Thing::Room(_) => "Room",
            Thing::Device(_) => "Device",
            Thing::Streetlight { .. } => "Streetlight",
            Thing::CarPark(_) => "OffStreetParking",
            Thing::Spot { .. } => "ParkingSpot",
            Thing::Route(_) => "PublicTransportRoute",
            Thing::Stop { .. } => "PublicTransportStop",
            Thing::Bus { .. } => "Vehicle",
            Thing::Gauge(_) => "WaterObserved",
            Thing::Weather(_) => "WeatherObserved",
            Thing::Air(_) => "AirQualityObserved",
            Thing::Shelter(_) => "EvacuationShelter",
            Thing::Aed(_) => "AED",
            Thing::Flood => "CityScenario",
        }
    }

    /// The id of a thing.
    pub(crate) fn id(&self, thing: Thing) -> String {
        urn(Self::kind(thing), &self.local(thing))
    }

    fn local(&self, thing: Thing) -> String {
        match thing {
            Thing::Coast => "coast".to_owned(),
            Thing::River => "river".to_owned(),
            Thing::Railway => "railway".to_owned(),
            Thing::Station => "station".to_owned(),
            Thing::Flood => "flood".to_owned(),
            Thing::District(district) | Thing::Weather(district) | Thing::Air(district) => {
                self.slug(district).to_owned()
            }
            Thing::Road(road) => self.local_of_road(road),
            Thing::Park(block) | Thing::CarPark(block) | Thing::Shelter(block) => {
                self.of_block(block.district, block.number)
            }
            Thing::Streetlight { block, number } | Thing::Spot { block, number } => {
                format!("{}-{}", self.of_block(block.district, block.number), number + 1)
            }
            Thing::Building(parcel) | Thing::Aed(parcel) => self.of_parcel(parcel),
            Thing::Floor { parcel, floor } => format!("{}-f{floor}", self.of_parcel(parcel)),
            Thing::Room(at) | Thing::Device(at) => format!("{}-{}", self.of_parcel(at.parcel), at.door()),
            Thing::Route(route) => format!("{}", route + 1),
            Thing::Stop { route, number } | Thing::Bus { route, number } => format!("{}-{}", route + 1, number + 1),
            Thing::Gauge(number) => format!("gauge-{}", number + 1),
        }
    }

    fn slug(&self, district: u16) -> &str {
        &self.districts[usize::from(district)].slug
    }

    fn of_block(&self, district: u16, number: u8) -> String {
        format!("{}-b{number}", self.slug(district))
    }

    /// The numbers of its address.
    fn of_parcel(&self, parcel: Parcel) -> String {
        let [chome, ban, go] = self.numbers(parcel);
        format!("{}-{chome}-{ban}-{go}", self.slug(parcel.block.district))
    }

    fn local_of_road(&self, road: Road) -> String {
        match road {
            Road::Along { row, column } => format!("along-{row}-{column}"),
            Road::Up { column, is_west_bank, row } => {
                let bank = if is_west_bank { "" } else { "-east" };
                format!("up-{column}{bank}-{row}")
            }
            Road::Bridge { row } => format!("bridge-{row}"),
            Road::Street { district, is_up, line } => {
                format!("{}-{}-{line}", self.slug(district), if is_up { "street" } else { "lane" })
            }
        }
    }
}
