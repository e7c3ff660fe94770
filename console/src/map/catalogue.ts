// How each type is drawn and coloured: the types of a city that the map knows, and a plain look for any other.
import type { Language } from "../i18n";
import { shortName } from "../show/name";

/** A colour by the name of its CSS variable, which knows light and dark: `--map-NAME`. */
export type Tint = string;

/** An attribute whose words each have a colour. */
export interface ByWord {
  by: "word";
  attribute: string;
  /** In the order of the legend. */
  tints: [word: string, tint: Tint][];
}

/** An attribute whose numbers are coloured in steps: each from its number on. */
export interface BySteps {
  by: "steps";
  attribute: string;
  /** What it is divided by, for shares. */
  of?: string;
  /** UN/CEFACT code; P1 for shares. */
  unit: string;
  steps: [from: number, tint: Tint][];
}

export type Legend = ByWord | BySteps;

export interface Look {
  /** Ground is drawn from the city's own geometry and is not filtered. */
  isGround: boolean;
  shape: "area" | "line" | "place";
  tint: Tint;
  /** The first zoom that shows it. */
  from: number;
  /** The first zoom that writes its name. */
  named: number;
  /** A letter in the mark of a place, in each language. */
  letter?: Record<Language, string>;
  /** A dot smaller than others, for what comes in hundreds. */
  isSmall?: boolean;
  /** The attribute that says which way it goes, in degrees. */
  bearing?: string;
  legend?: Legend;
  /** Not shown until a reader asks for it. */
  isOff?: boolean;
}

const NEVER = 30;

function ground(shape: Look["shape"], tint: Tint, from: number, named: number, more: Partial<Look> = {}): Look {
  return { isGround: true, shape, tint, from, named, ...more };
}

function place(tint: Tint, from: number, named: number, more: Partial<Look> = {}): Look {
  return { isGround: false, shape: "place", tint, from, named, ...more };
}

/** In the order in which they are drawn: what comes later lies above. */
const LOOKS: Record<string, Look> = {
  Coast: ground("area", "sea", 0, NEVER),
  AdministrativeArea: ground("area", "land", 0, 7),
  CityDistrict: ground("area", "land", 0, 10),
  Park: ground("area", "park", 10, 15),
  River: ground("area", "sea", 9, 13),
  Building: ground("area", "building", 14, 17),
  RoadSegment: ground("line", "road", 11, 15),
  Railway: ground("line", "rail", 10, NEVER),
  PublicTransportRoute: ground("line", "route", 12, NEVER),
  PublicTransportStop: place("route", 14, 16, { isSmall: true }),
  GtfsStop: place("bus", 13, 15),
  Station: place("rail", 10, 12, { letter: { ja: "駅", en: "S" } }),
  ParkingSpot: place("other", 16, NEVER, {
    isSmall: true,
    legend: { by: "word", attribute: "status", tints: [["free", "good"], ["occupied", "off"]] },
  }),
  Streetlight: place("other", 13, NEVER, {
    isSmall: true,
    legend: { by: "word", attribute: "powerState", tints: [["on", "lit"], ["off", "off"]] },
  }),
  AED: place("aed", 13, 17, { letter: { ja: "A", en: "A" } }),
  EvacuationShelter: place("shelter", 12, 15, {
    letter: { ja: "避", en: "E" },
    legend: { by: "word", attribute: "status", tints: [["open", "good"], ["closed", "off"]] },
  }),
  OffStreetParking: place("other", 12, 16, {
    letter: { ja: "P", en: "P" },
    legend: {
      by: "steps",
      attribute: "availableSpotNumber",
      of: "totalSpotNumber",
      unit: "P1",
      steps: [[0, "bad"], [0.1, "warn"], [0.3, "good"]],
    },
  }),
  WeatherObserved: place("other", 9, 14, {
    letter: { ja: "天", en: "W" },
    legend: {
      by: "steps",
      attribute: "temperature",
      unit: "CEL",
      steps: [[-50, "step-1"], [5, "step-2"], [15, "step-3"], [25, "step-4"], [31, "step-5"]],
    },
  }),
  AirQualityObserved: place("other", 10, 15, {
    letter: { ja: "気", en: "Q" },
    legend: {
      by: "steps",
      attribute: "pm25",
      unit: "GQ",
      steps: [[0, "good"], [15, "warn"], [35, "bad"], [70, "worst"]],
    },
  }),
  RiverGauge: place("gauge", 8, 12, { letter: { ja: "水", en: "R" } }),
  WaterObserved: place("other", 8, 13, {
    letter: { ja: "水", en: "R" },
    legend: {
      by: "word",
      attribute: "alertStage",
      tints: [["normal", "good"], ["standby", "step-2"], ["caution", "warn"], ["evacuation", "bad"], ["danger", "worst"]],
    },
  }),
  Vehicle: place("bus", 11, 15, {
    bearing: "bearing",
    legend: {
      by: "steps",
      attribute: "delay",
      unit: "MIN",
      steps: [[-60, "bus"], [3, "warn"], [10, "bad"]],
    },
  }),
};

/** What is inside buildings would lie on one heap. */
const INSIDE = ["BuildingFloor", "Room", "Device"];

const ORDER = Object.keys(LOOKS);

/** The look of a type; types that nobody knows are dots, lines and faint areas of one colour. */
export function lookOf(type: string): Look {
  const short = shortName(type);
  const known = Object.hasOwn(LOOKS, short) ? LOOKS[short] : undefined;
  return known ?? { ...place("other", 0, 15), isOff: INSIDE.includes(short) };
}

/** What fills a map so that other things have to wait for their turn. */
const STREETS = ["RoadSegment", "Building"];

/** Gives the first zoom that shows a type among all types of a city: where there are no streets, there is room from the
 * beginning. */
export function firstZooms(types: readonly string[]): (type: string) => number {
  const hasStreets = types.some((type) => STREETS.includes(shortName(type)));
  return (type) => (hasStreets ? lookOf(type).from : 0);
}

/** Sorts types as they are drawn; unknown ones lie below the places of known ones. */
export function inOrder(types: readonly string[]): string[] {
  const unknown = ORDER.indexOf("PublicTransportStop") - 0.5;
  const rank = (type: string): number => {
    const at = ORDER.indexOf(shortName(type));
    return at < 0 ? unknown : at;
  };
  return [...types].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : Number(a > b)));
}

/** What a legend is about: an attribute, or a share of two as `part/whole`. */
export function themeOf(legend: Legend): string {
  return legend.by === "steps" && legend.of ? `${legend.attribute}/${legend.of}` : legend.attribute;
}

/** The attributes by whose values a type is coloured. */
export function themesOf(type: string): string[] {
  const { legend } = lookOf(type);
  if (!legend) return [];
  return [legend.attribute, ...(legend.by === "steps" && legend.of ? [legend.of] : [])];
}

/** The attributes that a tile has to bring, by their full or short names as the @context has them. */
export function attributesOf(type: string): string[] {
  const { bearing } = lookOf(type);
  const extra = shortName(type) === "RoadSegment" ? ["roadClass"] : [];
  return ["name", ...themesOf(type), ...(bearing ? [bearing] : []), ...extra];
}
