// What the types and values that the map knows are called in each language.
import type { Language } from "../i18n";
import { shortName } from "../show/name";

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

const ATTRIBUTES: Record<string, Said> = {
  powerState: { ja: "点灯状態", en: "Power" },
  state: { ja: "状態", en: "State" },
  status: { ja: "状態", en: "Status" },
  availableSpotNumber: { ja: "空き率", en: "Free share" },
  temperature: { ja: "気温", en: "Temperature" },
  pm25: { ja: "PM2.5", en: "PM2.5" },
  alertStage: { ja: "水位の段階", en: "Stage" },
  delay: { ja: "遅れ", en: "Delay" },
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

function say(words: Record<string, Said>, key: string, language: Language): string {
  return (Object.hasOwn(words, key) ? words[key]?.[language] : undefined) ?? key;
}
