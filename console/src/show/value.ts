// What an attribute holds, sorted by how a page shows it.
import type { Instance } from "../api/entity";
import { isMembers, list, text } from "../api/json";
import { type LongNumber, isNumber, writeJson } from "../api/number";

export type Shown =
  | { as: "number"; value: number | LongNumber; unit: string }
  | { as: "text"; text: string; unit: string }
  | { as: "time"; time: string }
  /** Ids of other entities. */
  | { as: "links"; ids: string[] }
  | { as: "languages"; chosen: string; language: string; others: [string, string][] }
  | { as: "point"; latitude: number; longitude: number }
  | { as: "shape"; shape: string; points: number }
  | { as: "json"; json: string };

export function shownOf(instance: Instance, language: string): Shown {
  const { kind, content } = instance;
  switch (kind) {
    case "Relationship":
      return { as: "links", ids: linksOf(content) };
    case "ListRelationship":
      return { as: "links", ids: list(content).flatMap((one) => linksOf(isMembers(one) ? one["object"] : one)) };
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

function plainOf(content: unknown, unitCode: string): Shown {
  if (isNumber(content)) return { as: "number", value: content, unit: unitCode };
  if (typeof content === "string") return { as: "text", text: content, unit: unitCode };
  if (typeof content === "boolean") return { as: "text", text: String(content), unit: unitCode };
  if (isMembers(content) && typeof content["@value"] === "string") {
    const value = content["@value"];
    return content["@type"] === "DateTime" ? { as: "time", time: value } : { as: "text", text: value, unit: unitCode };
  }
  if (Array.isArray(content) && content.every((one) => typeof one === "string" || isNumber(one))) {
    return { as: "text", text: content.join(", "), unit: unitCode };
  }
  return jsonOf(content);
}

function jsonOf(content: unknown): Shown {
  return { as: "json", json: writeJson(content, 2) };
}

/** The reader's language where it is there, else the one for everybody, else the first. */
function languagesOf(content: unknown, language: string): Shown {
  const map = isMembers(content) ? content : {};
  const said = Object.entries(map).map(([tag, one]): [string, string] => [tag, sayingOf(one)]);
  const primary = (tag: string): string => tag.toLowerCase().split("-")[0] ?? "";
  const chosen =
    said.find(([tag]) => primary(tag) === language) ?? said.find(([tag]) => tag === "@none") ?? said[0] ?? ["", ""];
  return { as: "languages", chosen: chosen[1], language: chosen[0], others: said.filter((one) => one !== chosen) };
}

function sayingOf(one: unknown): string {
  return Array.isArray(one) ? one.map(text).join(", ") : text(one);
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
  return { as: "shape", shape: text(content["type"]), points: pointsOf(content["coordinates"] ?? content["geometries"]) };
}

function pointsOf(coordinates: unknown): number {
  if (isMembers(coordinates)) return pointsOf(coordinates["coordinates"]);
  if (!Array.isArray(coordinates)) return 0;
  if (isNumber(coordinates[0])) return 1;
  return coordinates.reduce((total: number, one) => total + pointsOf(one), 0);
}
