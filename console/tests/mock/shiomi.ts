// A small invented city by the sea, the same at every run: what the map draws.
type Members = Record<string, unknown>;
type Place = [number, number];

export const WEST = 137.48;
export const SOUTH = 34.28;
const SIDE = 0.04;

export const LAMP = id("Streetlight", 2);
export const BUS = id("Vehicle", 1);
export const GAUGE = id("WaterObserved", 1);
export const FLOOD = "urn:ngsi-ld:CityScenario:shiomi:flood";

export function id(type: string, n: number): string {
  return `urn:ngsi-ld:${type}:shiomi:${n}`;
}

/** From the south-west corner, in shares of the side. */
export function at(x: number, y: number): Place {
  return [Number((WEST + x * SIDE).toFixed(6)), Number((SOUTH + y * SIDE).toFixed(6))];
}

function ring(...places: Place[]): { type: "Polygon"; coordinates: Place[][] } {
  const [first] = places;
  return { type: "Polygon", coordinates: [first ? [...places, first] : places] };
}

const square = (x: number, y: number, wide: number, high: number): ReturnType<typeof ring> =>
  ring(at(x, y), at(x + wide, y), at(x + wide, y + high), at(x, y + high));

function entity(type: string, n: number, names: [string, string] | null, geometry: Members, more: Members = {}): Members {
  const now = new Date().toISOString();
  const name = names ? { name: { type: "LanguageProperty", languageMap: { ja: names[0], en: names[1] } } } : {};
  return { id: id(type, n), type, scope: "/shiomi/minato", ...name, location: { type: "GeoProperty", value: geometry }, ...more, createdAt: now, modifiedAt: now };
}

const value = (content: unknown, unitCode?: string): Members => ({
  type: "Property",
  value: content,
  observedAt: new Date().toISOString(),
  ...(unitCode ? { unitCode } : {}),
});

const point = (x: number, y: number): Members => ({ type: "Point", coordinates: at(x, y) });

export function bus(n: number, x: number, y: number, delay = 0): Members {
  return entity("Vehicle", n, [`汐見循環 ${n}号車`, `Shiomi Loop, bus ${n}`], point(x, y), {
    vehicleType: value("bus"),
    bearing: value((n * 90) % 360, "DD"),
    speed: value(24, "KMH"),
    delay: value(delay, "MIN"),
  });
}

export function lamp(n: number, powerState: string): Members {
  const [column, row] = [n % 10, Math.floor(n / 10)];
  return entity("Streetlight", n, [`街灯 ${n}`, `Streetlight ${n}`], point(0.08 + column * 0.09, 0.3 + row * 0.1), {
    powerState: value(powerState),
    status: value("ok"),
  });
}

export function gauge(n: number, level: number, stage: string): Members {
  return entity("WaterObserved", n, [`汐見川 ${n}番水位計`, `Shiomi River gauge ${n}`], point(0.45, 0.35 + n * 0.15), {
    waterLevel: value(level, "MTR"),
    alertStage: value(stage),
  });
}

const DISTRICTS: [string, string][] = [["港町", "Minatomachi"], ["旭ヶ丘", "Asahigaoka"], ["中央", "Chuo"], ["緑町", "Midorimachi"]];

/** About a hundred entities. */
export function shiomi(): Members[] {
  const districts = DISTRICTS.map((names, n) => entity("CityDistrict", n + 1, names, square((n % 2) * 0.5, 0.2 + Math.floor(n / 2) * 0.4, 0.5, 0.4)));
  const roads = Array.from({ length: 14 }, (_, n) => {
    const share = 0.08 + (n % 7) * 0.14;
    const [from, to] = n < 7 ? [at(share, 0.22), at(share, 0.98)] : [at(0.02, 0.2 + share * 0.8), at(0.98, 0.2 + share * 0.8)];
    const main = n % 7 === 3;
    const names: [string, string] | null = main ? ["汐見通り", "Shiomi Street"] : null;
    return entity("RoadSegment", n + 1, names, { type: "LineString", coordinates: [from, to] }, { roadClass: { type: "Property", value: main ? "main" : "street" } });
  });
  const buildings = Array.from({ length: 40 }, (_, n) =>
    entity("Building", n + 1, [`${n + 1}番館`, `House ${n + 1}`], square(0.1 + (n % 8) * 0.1, 0.28 + Math.floor(n / 8) * 0.12, 0.05, 0.04)),
  );
  const lamps = Array.from({ length: 60 }, (_, n) => lamp(n + 1, n % 5 === 0 ? "off" : "on"));
  const parkings = [3, 20, 70].map((free, n) =>
    entity("OffStreetParking", n + 1, [`第${n + 1}駐車場`, `Car park ${n + 1}`], point(0.2 + n * 0.3, 0.52), {
      availableSpotNumber: value(free),
      totalSpotNumber: { type: "Property", value: 100 },
    }),
  );
  const scenario: Members = { ...entity("CityScenario", 1, ["洪水", "Flood"], point(0, 0)), id: FLOOD, state: { type: "Property", value: "idle" } };
  delete scenario["location"];
  return [
    entity("Coast", 1, ["汐見湾", "Shiomi Bay"], square(-0.6, -0.8, 2.2, 1)),
    ...districts,
    entity("Park", 1, ["港公園", "Harbour Park"], square(0.58, 0.24, 0.2, 0.12)),
    entity("River", 1, ["汐見川", "Shiomi River"], ring(at(0.43, 0.2), at(0.47, 0.2), at(0.49, 1), at(0.45, 1))),
    ...roads,
    entity("Railway", 1, null, { type: "LineString", coordinates: [at(-0.2, 0.66), at(0.5, 0.7), at(1.2, 0.68)] }),
    entity("Station", 1, ["汐見駅", "Shiomi Station"], point(0.55, 0.7)),
    ...buildings,
    ...lamps,
    ...parkings,
    bus(1, 0.3, 0.45),
    bus(2, 0.7, 0.62, 4),
    bus(3, 0.64, 0.85, 12),
    gauge(1, 1.2, "normal"),
    gauge(2, 3.4, "caution"),
    entity("WeatherObserved", 1, ["汐見気象台", "Shiomi weather station"], point(0.82, 0.8), { temperature: value(21.4, "CEL") }),
    entity("AirQualityObserved", 1, ["中央測定局", "Chuo air station"], point(0.25, 0.75), { pm25: value(18, "GQ") }),
    ...["open", "closed"].map((status, n) => entity("EvacuationShelter", n + 1, [`第${n + 1}小学校`, `School ${n + 1}`], point(0.15 + n * 0.7, 0.9), { status: value(status), capacity: { type: "Property", value: 300 } })),
    entity("AED", 1, ["汐見駅 AED", "AED at Shiomi Station"], point(0.58, 0.72)),
    scenario,
  ];
}
