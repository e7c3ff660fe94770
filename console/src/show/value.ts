// What an attribute holds, sorted by how a page shows it.
import type { Instance } from "../api/entity";
import { isMembers, list, text } from "../api/json";
import { type LongNumber, isNumber, writeJson } from "../api/number";

/** Hostile data has texts of megabytes and lists of thousands, and a browser lays out each of them for seconds. */
const LONGEST_TEXT = 2000;
const LONGEST_JSON = 20_000;
const MOST_LISTED = 50;

export type Shown =
  | { as: "number"; value: number | LongNumber; unit: string }
  | { as: "text"; text: string; unit: string }
  | { as: "time"; time: string }
  /** Ids of other entities, and how many more there are. */
  | { as: "links"; ids: string[]; more: number }
  | { as: "languages"; chosen: string; language: string; others: [string, string][] }
  | { as: "point"; latitude: number; longitude: number }
  /** Too wide is what has an edge more than half around the globe. */
  | { as: "shape"; shape: string; points: number; isTooWide: boolean }
  | { as: "json"; json: string };

export function shownOf(instance: Instance, language: string): Shown {
  const { kind, content } = instance;
  switch (kind) {
    case "Relationship":
      return listed(linksOf(content));
    case "ListRelationship":
      return listed(list(content).flatMap((one) => linksOf(isMembers(one) ? one["object"] : one)));
    case "LanguageProperty":
      return languagesOf(content, language);
    case "GeoProperty":
      return geometryOf(content);
    case "JsonProperty":
      return jsonOf(content);
    default:
      return plainOf(content, instance.unitCode);
  }
}

function linksOf(content: unknown): string[] {
  return (Array.isArray(content) ? content : [content]).filter((one) => typeof one === "string");
}

function listed(ids: string[]): Shown {
  return { as: "links", ids: ids.slice(0, MOST_LISTED), more: Math.max(0, ids.length - MOST_LISTED) };
}

/** As much of a text as fits a screen. */
function cut(text: string, longest = LONGEST_TEXT): string {
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}

function plainOf(content: unknown, unitCode: string): Shown {
  if (isNumber(content)) return { as: "number", value: content, unit: unitCode };
  if (typeof content === "string") return { as: "text", text: cut(content), unit: unitCode };
  if (typeof content === "boolean") return { as: "text", text: String(content), unit: unitCode };
  if (isMembers(content) && typeof content["@value"] === "string") {
    const value = content["@value"];
    return content["@type"] === "DateTime" ? { as: "time", time: cut(value) } : { as: "text", text: cut(value), unit: unitCode };
  }
  if (Array.isArray(content) && content.every((one) => typeof one === "string" || isNumber(one))) {
    return { as: "text", text: cut(content.join(", ")), unit: unitCode };
  }
  return jsonOf(content);
}

function jsonOf(content: unknown): Shown {
  return { as: "json", json: cut(writeJson(content, 2), LONGEST_JSON) };
}

/** The reader's language where it is there, else the one for everybody, else the first. */
function languagesOf(content: unknown, language: string): Shown {
  const map = isMembers(content) ? content : {};
  const said = Object.entries(map).map(([tag, one]): [string, string] => [tag, sayingOf(one)]);
  const primary = (tag: string): string => tag.toLowerCase().split("-")[0] ?? "";
  const chosen =
    said.find(([tag]) => primary(tag) === language) ?? said.find(([tag]) => tag === "@none") ?? said[0] ?? ["", ""];
  const others = said.filter((one) => one !== chosen).slice(0, MOST_LISTED);
  return { as: "languages", chosen: chosen[1], language: chosen[0], others };
}

function sayingOf(one: unknown): string {
  return cut(Array.isArray(one) ? one.map(text).join(", ") : text(one));
}

function geometryOf(content: unknown): Shown {
  if (!isMembers(content)) return jsonOf(content);
  const coordinates = content["coordinates"];
  if (content["type"] === "Point" && Array.isArray(coordinates)) {
    const [longitude, latitude] = coordinates;
    if (isNumber(longitude) && isNumber(latitude)) {
      return { as: "point", latitude: Number(latitude), longitude: Number(longitude) };
    }
  }
  const within = coordinates ?? content["geometries"];
  const shape = text(content["type"]);
  return { as: "shape", shape, points: pointsOf(within), isTooWide: shape !== "MultiPoint" && isTooWide(within) };
}

/** Whether an edge goes more than half around the globe, as one does that was meant to cross the date line. */
function isTooWide(coordinates: unknown): boolean {
  if (isMembers(coordinates)) return isTooWide(coordinates["coordinates"]);
  if (!Array.isArray(coordinates)) return false;
  const longitude = (place: unknown): number => (Array.isArray(place) && isNumber(place[0]) ? Number(place[0]) : NaN);
  return coordinates.some((one, at) => {
    const wide = Math.abs(longitude(one) - longitude(coordinates[at - 1]));
    return Number.isNaN(wide) ? isTooWide(one) : wide > 180;
  });
}

function pointsOf(coordinates: unknown): number {
  if (isMembers(coordinates)) return pointsOf(coordinates["coordinates"]);
  if (!Array.isArray(coordinates)) return 0;
  if (isNumber(coordinates[0])) return 1;
  return coordinates.reduce((total: number, one) => total + pointsOf(one), 0);
}
