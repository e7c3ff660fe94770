//! The attributes that do not change: names, places, and how one thing belongs to another.

use super::draft::{Draft, Shape};
use crate::life::{Value, bus_hours};
use crate::plan::{Block, Building, Drawn, Named, Parcel, Place, Plan, Road, RoomAt, Thing, park_name};

impl Plan {
    /// Writes what does not change of a thing.
    pub(super) fn standing(&self, thing: Thing, draft: &mut Draft<'_>) {
        match thing {
            Thing::Coast => whole_city(draft, &Named::new("汐見湾", "Shiomi Bay"), Shape::Area(&self.sea())),
            Thing::River => whole_city(draft, &Named::new("汐見川", "Shiomi River"), Shape::Area(&self.river())),
            Thing::Railway => whole_city(draft, &Named::new("汐見線", "Shiomi Line"), Shape::Line(&self.railway())),
            Thing::Station => whole_city(draft, &Named::new("汐見駅", "Shiomi Station"), Shape::Point(self.station())),
            Thing::District(district) => self.district(district, draft),
            Thing::Road(road) => self.road(road, draft),
            Thing::Park(block) => self.park(block, draft),
            Thing::Building(parcel) => self.building_entity(parcel, draft),
            Thing::Floor { parcel, floor } => self.floor(parcel, floor, draft),
            Thing::Room(at) => self.room_entity(at, draft),
            Thing::Device(at) => self.device_entity(at, draft),
            Thing::Streetlight { block, number } => self.streetlight(block, number, draft),
            Thing::CarPark(block) => self.car_park_entity(block, draft),
            Thing::Spot { block, number } => self.spot_entity(block, number, draft),
            Thing::Route(route) => self.route_entity(route, draft),
            Thing::Stop { route, number } => self.stop_entity(route, number, draft),
            Thing::Bus { route, number } => self.bus_entity(route, number, draft),
            Thing::Gauge(number) => self.gauge_entity(number, draft),
            Thing::Weather(district) => self.station_of(district, ("気象観測所", "Weather Station"), 0.5, draft),
            Thing::Air(district) => self.station_of(district, ("大気測定局", "Air Quality Station"), 0.42, draft),
            Thing::Shelter(block) => self.shelter_entity(block, draft),
            Thing::Aed(parcel) => self.aed(parcel, draft),
            Thing::Flood => self.scenario(draft),
        }
    }

    fn places(&self, drawn: impl IntoIterator<Item = Drawn>) -> Vec<Place> {
        drawn.into_iter().map(|drawn| self.ground.place(drawn)).collect()
    }

    /// Which district a thing belongs to, as a scope.
    fn within(&self, district: u16, draft: &mut Draft<'_>) {
        draft.scope(&format!("/shiomi/{}", self.districts[usize::from(district)].slug));
    }

    fn in_district(&self, district: u16, ja: &str, en: &str) -> Named {
        let named = &self.districts[usize::from(district)].named;
        Named::new(format!("{}{ja}", named.ja), format!("{} {en}", named.en))
    }

    fn district(&self, district: u16, draft: &mut Draft<'_>) {
        self.within(district, draft);
        draft.named("name", &self.districts[usize::from(district)].named);
        draft.location(Shape::Area(&self.places(self.border(district))));
    }

    fn road(&self, road: Road, draft: &mut Draft<'_>) {
        match road {
            Road::Street { district, .. } => self.within(district, draft),
            _ => draft.scope("/shiomi"),
        }
        draft.named("name", &self.name_of_road(road));
        draft.text("roadClass", road.class());
        draft.location(Shape::Line(&self.places(self.line_of(road))));
    }

    fn park(&self, block: Block, draft: &mut Draft<'_>) {
        self.within(block.district, draft);
        let (ja, en) = park_name(block.number.into());
        draft.named("name", &self.in_district(block.district, ja, en));
        draft.location(Shape::Area(&self.places(self.quad_of(block).corners())));
    }

    fn building_entity(&self, parcel: Parcel, draft: &mut Draft<'_>) {
        let Some(building) = self.building(parcel) else { return };
        self.within(parcel.block.district, draft);
        draft.named("name", &self.name_of(parcel, &building));
        draft.text("category", building.kind.category());
        draft.named("address", &self.address(parcel));
        draft.number("floorsAboveGround", Value::Whole(building.floors.into()), None);
        draft.relationship("locatedIn", &self.id(Thing::District(parcel.block.district)));
        draft.location(Shape::Area(&self.places(self.outline(parcel, &building))));
    }

    fn floor(&self, parcel: Parcel, floor: u8, draft: &mut Draft<'_>) {
        let Some(building) = self.building(parcel) else { return };
        self.within(parcel.block.district, draft);
        let Named { ja, en } = self.name_of(parcel, &building);
        draft.named("name", &Named::new(format!("{ja} {floor}階"), format!("{en}, floor {floor}")));
        draft.number("floorNumber", Value::Whole(floor.into()), None);
        draft.relationship("isPartOf", &self.id(Thing::Building(parcel)));
        draft.location(Shape::Point(self.ground.place(self.point_in(parcel, 0.5, 0.5))));
    }

    fn room_entity(&self, at: RoomAt, draft: &mut Draft<'_>) {
        let Some(building) = self.building(at.parcel) else { return };
        self.within(at.parcel.block.district, draft);
        draft.named("name", &Self::name_of_room(at, &building));
        draft.relationship("isPartOf", &self.id(Thing::Floor { parcel: at.parcel, floor: at.floor }));
        draft.relationship("inBuilding", &self.id(Thing::Building(at.parcel)));
        draft.location(Shape::Point(self.point_of_room(at, &building, 0.0)));
    }

    fn device_entity(&self, at: RoomAt, draft: &mut Draft<'_>) {
        let Some(building) = self.building(at.parcel) else { return };
        self.within(at.parcel.block.district, draft);
        let number = at.door();
        draft.named("name", &Named::new(format!("室内環境センサー{number}"), format!("Room Sensor {number}")));
        draft.text("category", "sensor");
        draft.relationship("isLocatedIn", &self.id(Thing::Room(at)));
        draft.location(Shape::Point(self.point_of_room(at, &building, 0.3)));
    }

    /// Rooms of one floor stand in a row, floors beside each other, so that none hides another on a map.
    fn point_of_room(&self, at: RoomAt, building: &Building, aside: f64) -> Place {
        let part = |place: u8, count: u8, aside: f64| (f64::from(place) + 0.5 + aside) / f64::from(count.max(1));
        let (across, up) = (part(at.floor - 1, building.floors, 0.0), part(at.number, building.rooms, aside));
        self.ground.place(self.point_in(at.parcel, across, up))
    }

    fn streetlight(&self, block: Block, number: u8, draft: &mut Draft<'_>) {
        self.within(block.district, draft);
        let label = format!("{}-{}", block.number + 1, number + 1);
        draft.named(
            "name",
            &self.in_district(block.district, &format!("街路灯{label}"), &format!("Streetlight {label}")),
        );
        // Two sides of each block, so that a street is lit from one side.
        let (side, turn) = (usize::from(number % 2), f64::from(number / 2));
        let per_side = f64::from(self.figures().lights.div_ceil(2));
        draft.location(Shape::Point(self.ground.place(self.kerb(block, side, (turn + 0.5) / per_side, 1.2))));
    }

    fn car_park_entity(&self, block: Block, draft: &mut Draft<'_>) {
        self.within(block.district, draft);
        let number = block.number + 1;
        draft.named(
            "name",
            &self.in_district(block.district, &format!("第{number}駐車場"), &format!("Car Park {number}")),
        );
        draft.number("totalSpotNumber", Value::Whole(self.figures().spots.into()), None);
        draft.relationship("locatedIn", &self.id(Thing::District(block.district)));
        draft.location(Shape::Point(self.ground.place(self.quad_of(block).at(0.5, 0.5))));
    }

    fn spot_entity(&self, block: Block, number: u8, draft: &mut Draft<'_>) {
        self.within(block.district, draft);
        let label = number + 1;
        draft.named("name", &Named::new(format!("{label}番"), format!("Spot {label}")));
        draft.relationship("refParkingSite", &self.id(Thing::CarPark(block)));
        // Rows of spots twice as close as the lanes between them.
        let columns = f64::from(self.figures().spots * 2).sqrt().ceil() as u8;
        let rows = self.figures().spots.div_ceil(columns);
        let part = |place: u8, count: u8| 0.06 + 0.88 * (f64::from(place) + 0.5) / f64::from(count);
        let spot = self.quad_of(block).at(part(number % columns, columns), part(number / columns, rows));
        draft.location(Shape::Point(self.ground.place(spot)));
    }

    fn route_entity(&self, route: u8, draft: &mut Draft<'_>) {
        let line = &self.routes[usize::from(route)];
        draft.scope("/shiomi");
        let Named { ja, en } = &line.named;
        draft.named("name", &Named::new(format!("汐見市営バス{ja}"), format!("Shiomi City Bus {en}")));
        let [first, last] = bus_hours();
        draft.text("firstDeparture", &first);
        draft.text("lastArrival", &last);
        draft.number("headway", Value::Whole(self.headway(line) / 60), Some("MIN"));
        let mut places: Vec<Place> = line.points.iter().map(|point| point.place()).collect();
        places.dedup();
        draft.location(Shape::Line(&places));
    }

    fn stop_entity(&self, route: u8, number: u8, draft: &mut Draft<'_>) {
        let line = &self.routes[usize::from(route)];
        let stop = &line.stops[usize::from(number)];
        self.within(stop.district, draft);
        draft.named("name", &stop.named);
        draft.relationship("onRoute", &self.id(Thing::Route(route)));
        draft.location(Shape::Point(line.at(stop.mile).at.place()));
    }

    fn bus_entity(&self, route: u8, number: u8, draft: &mut Draft<'_>) {
        draft.scope("/shiomi");
        let (line, bus) = (route + 1, number + 1);
        draft.named("name", &Named::new(format!("{line}系統 {bus}号車"), format!("Route {line}, Bus {bus}")));
        draft.text("vehicleType", "bus");
        draft.relationship("onRoute", &self.id(Thing::Route(route)));
    }

    fn gauge_entity(&self, number: u8, draft: &mut Draft<'_>) {
        draft.scope("/shiomi");
        let label = number + 1;
        draft.named("name", &Named::new(format!("汐見川第{label}水位観測所"), format!("Shiomi River Gauge {label}")));
        let levels = self.thresholds(number);
        for (attribute, level) in [
            ("standbyLevel", levels.standby),
            ("cautionLevel", levels.caution),
            ("evacuationLevel", levels.evacuation),
            ("dangerLevel", levels.danger),
        ] {
            draft.number(attribute, Value::Hundredths(level), Some("MTR"));
        }
        draft.location(Shape::Point(self.gauge(number)));
    }

    fn station_of(&self, district: u16, (ja, en): (&str, &str), part: f64, draft: &mut Draft<'_>) {
        self.within(district, draft);
        draft.named("name", &self.in_district(district, ja, en));
        draft.location(Shape::Point(self.ground.place(self.cell_of(district).at(part, part))));
    }

    fn shelter_entity(&self, block: Block, draft: &mut Draft<'_>) {
        let parcel = Parcel { block, number: 0 };
        let Some(building) = self.building(parcel) else { return };
        self.within(block.district, draft);
        let Named { ja, en } = self.name_of(parcel, &building);
        draft.named("name", &Named::new(format!("避難所 {ja}"), format!("Shelter {en}")));
        draft.named("address", &self.address(parcel));
        draft.number("capacity", Value::Whole(self.shelter_capacity(block)), None);
        draft.relationship("locatedIn", &self.id(Thing::Building(parcel)));
        draft.location(Shape::Point(self.ground.place(self.quad_of(block).at(0.5, 0.25))));
    }

    fn scenario(&self, draft: &mut Draft<'_>) {
        draft.scope("/shiomi");
        draft.named("name", &Named::new("汐見川の増水", "Flood of the Shiomi River"));
        draft.text("state", "idle");
        draft.location(Shape::Point(self.gauge(0)));
    }

    fn aed(&self, parcel: Parcel, draft: &mut Draft<'_>) {
        let Some(building) = self.building(parcel) else { return };
        self.within(parcel.block.district, draft);
        let Named { ja, en } = self.name_of(parcel, &building);
        draft.named("name", &Named::new(format!("AED {ja}"), format!("AED, {en}")));
        draft.named("address", &self.address(parcel));
        draft.text("availableTime", building.kind.opens());
        draft.relationship("locatedIn", &self.id(Thing::Building(parcel)));
        draft.location(Shape::Point(self.ground.place(self.point_in(parcel, 0.0, 0.0))));
    }
}

fn whole_city(draft: &mut Draft<'_>, named: &Named, shape: Shape<'_>) {
    draft.scope("/shiomi");
    draft.named("name", named);
    draft.location(shape);
}
