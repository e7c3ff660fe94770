// What types, attributes, values and units are called in each language: the one place for terms of the data.
//
// What the page itself says is in `i18n`.
import type { Language } from "../i18n";
import { shortName } from "./name";

type Said = Record<Language, string>;

export const TYPES: Record<string, Said> = {
  Coast: { ja: "海", en: "Sea" },
  AdministrativeArea: { ja: "行政区域", en: "Administrative areas" },
  CityDistrict: { ja: "地区", en: "Districts" },
  Park: { ja: "公園", en: "Parks" },
  River: { ja: "川", en: "Rivers" },
  Building: { ja: "建物", en: "Buildings" },
  BuildingFloor: { ja: "階", en: "Floors" },
  Room: { ja: "部屋", en: "Rooms" },
  Device: { ja: "センサー", en: "Sensors" },
  RoadSegment: { ja: "道路", en: "Roads" },
  Railway: { ja: "鉄道", en: "Railways" },
  Station: { ja: "駅", en: "Stations" },
  PublicTransportRoute: { ja: "バス路線", en: "Bus routes" },
  PublicTransportStop: { ja: "停留所", en: "Stops" },
  GtfsStop: { ja: "停留所", en: "Stops" },
  ParkingSpot: { ja: "駐車区画", en: "Parking spots" },
  Streetlight: { ja: "街灯", en: "Streetlights" },
  AED: { ja: "AED", en: "AED" },
  EvacuationShelter: { ja: "避難所", en: "Shelters" },
  OffStreetParking: { ja: "駐車場", en: "Car parks" },
  WeatherObserved: { ja: "気象", en: "Weather" },
  AirQualityObserved: { ja: "大気", en: "Air quality" },
  RiverGauge: { ja: "水位観測所", en: "River gauges" },
  WaterObserved: { ja: "河川水位", en: "River gauges" },
  Vehicle: { ja: "バス", en: "Buses" },
  CityScenario: { ja: "シナリオ", en: "Scenarios" },
};

/** A share is named by both of its parts. */
const ATTRIBUTES: Record<string, Said> = {
  name: { ja: "名称", en: "Name" },
  location: { ja: "位置", en: "Place" },
  address: { ja: "所在地", en: "Address" },
  category: { ja: "種類", en: "Category" },
  powerState: { ja: "点灯状態", en: "Power" },
  state: { ja: "状態", en: "State" },
  status: { ja: "状態", en: "Status" },
  deviceState: { ja: "機器の状態", en: "Device state" },
  batteryLevel: { ja: "電池残量", en: "Battery" },
  illuminanceLevel: { ja: "照度", en: "Illuminance" },
  availableSpotNumber: { ja: "空き台数", en: "Free spots" },
  totalSpotNumber: { ja: "駐車台数", en: "Spots" },
  "availableSpotNumber/totalSpotNumber": { ja: "空き率", en: "Free share" },
  temperature: { ja: "温度", en: "Temperature" },
  relativeHumidity: { ja: "湿度", en: "Humidity" },
  precipitation: { ja: "降水量", en: "Precipitation" },
  windSpeed: { ja: "風速", en: "Wind speed" },
  windDirection: { ja: "風向", en: "Wind direction" },
  weatherType: { ja: "天気", en: "Weather" },
  pm25: { ja: "PM2.5", en: "PM2.5" },
  no2: { ja: "二酸化窒素", en: "Nitrogen dioxide" },
  o3: { ja: "オゾン", en: "Ozone" },
  co2: { ja: "二酸化炭素", en: "Carbon dioxide" },
  occupancy: { ja: "在室者数", en: "Occupancy" },
  waterLevel: { ja: "水位", en: "Water level" },
  alertStage: { ja: "水位の段階", en: "Stage" },
  standbyLevel: { ja: "水防団待機水位", en: "Standby level" },
  cautionLevel: { ja: "氾濫注意水位", en: "Caution level" },
  evacuationLevel: { ja: "避難判断水位", en: "Evacuation level" },
  dangerLevel: { ja: "氾濫危険水位", en: "Danger level" },
  speed: { ja: "速度", en: "Speed" },
  bearing: { ja: "進行方向", en: "Bearing" },
  delay: { ja: "遅れ", en: "Delay" },
  headway: { ja: "運行間隔", en: "Headway" },
  firstDeparture: { ja: "始発", en: "First departure" },
  lastArrival: { ja: "終着", en: "Last arrival" },
  capacity: { ja: "収容人数", en: "Capacity" },
  availableTime: { ja: "利用できる時間", en: "Available" },
  floorNumber: { ja: "階", en: "Floor" },
  floorsAboveGround: { ja: "地上階数", en: "Floors above ground" },
  isPartOf: { ja: "属するもの", en: "Part of" },
  locatedIn: { ja: "ある場所", en: "Located in" },
  isLocatedIn: { ja: "ある場所", en: "Located in" },
  inBuilding: { ja: "建物", en: "Building" },
  onRoute: { ja: "路線", en: "Route" },
  refParkingSite: { ja: "駐車場", en: "Car park" },
};

const VALUES: Record<string, Said> = {
  on: { ja: "点灯", en: "On" },
  off: { ja: "消灯", en: "Off" },
  idle: { ja: "停止中", en: "Idle" },
  running: { ja: "進行中", en: "Running" },
  free: { ja: "空き", en: "Free" },
  occupied: { ja: "使用中", en: "Occupied" },
  open: { ja: "開設", en: "Open" },
  closed: { ja: "閉鎖", en: "Closed" },
  normal: { ja: "平常", en: "Normal" },
  standby: { ja: "水防団待機水位", en: "Standby" },
  caution: { ja: "氾濫注意水位", en: "Caution" },
  evacuation: { ja: "避難判断水位", en: "Evacuation" },
  danger: { ja: "氾濫危険水位", en: "Danger" },
};

/** UN/CEFACT common codes (Recommendation 20) as the signs that people write. */
const UNITS: Record<string, string> = {
  "2N": "dB",
  "4K": "mA",
  "59": "ppm",
  "61": "ppb",
  A97: "hPa",
  AMP: "A",
  ANN: "a",
  BAR: "bar",
  C26: "ms",
  C62: "",
  CDL: "cd",
  CEL: "°C",
  CMQ: "cm³",
  CMT: "cm",
  D33: "T",
  DAY: "d",
  DD: "°",
  FAH: "°F",
  GP: "mg/m³",
  GQ: "µg/m³",
  GRM: "g",
  HAR: "ha",
  HTZ: "Hz",
  HUR: "h",
  JOU: "J",
  KEL: "K",
  KGM: "kg",
  KHZ: "kHz",
  KMH: "km/h",
  KMK: "km²",
  KMT: "km",
  KPA: "kPa",
  KVT: "kV",
  KWH: "kWh",
  KWT: "kW",
  LTR: "L",
  LUM: "lm",
  LUX: "lx",
  MAW: "MW",
  MBR: "mbar",
  MIN: "min",
  MLT: "mL",
  MMQ: "mm³",
  MMT: "mm",
  MQH: "m³/h",
  MQS: "m³/s",
  MTK: "m²",
  MTQ: "m³",
  MTR: "m",
  MTS: "m/s",
  MWH: "MWh",
  NEW: "N",
  OHM: "Ω",
  P1: "%",
  PAL: "Pa",
  SEC: "s",
  TNE: "t",
  VLT: "V",
  WHR: "Wh",
  WTT: "W",
};

/** What Japanese writes as a word, right behind the number. */
const UNITS_AS_WORDS: Record<string, string> = { ANN: "年", DAY: "日", HUR: "時間", MIN: "分", SEC: "秒" };

/** What a type is called; one that nobody knows by its own name. */
export function typeWord(type: string, language: Language): string {
  return say(TYPES, shortName(type), language);
}

export function attributeWord(attribute: string, language: Language): string {
  return say(ATTRIBUTES, shortName(attribute), language);
}

export function valueWord(value: string, language: Language): string {
  return say(VALUES, value, language);
}

/** The sign of a unit; a code without one is shown as it is. */
export function unitSign(code: string, language: Language): string {
  const word = language === "ja" ? own(UNITS_AS_WORDS, code) : undefined;
  return word ?? own(UNITS, code) ?? code;
}

/** A number with its unit. */
export function withUnit(number: string, code: string, language: Language): string {
  const isWord = language === "ja" && own(UNITS_AS_WORDS, code) !== undefined;
  return `${number}${isWord ? "" : " "}${unitSign(code, language)}`.trimEnd();
}

function say(words: Record<string, Said>, key: string, language: Language): string {
  return own(words, key)?.[language] ?? key;
}

/** Data may say "constructor", which every object has. */
function own<T>(table: Record<string, T>, key: string): T | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}
