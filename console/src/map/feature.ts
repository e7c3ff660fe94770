// An entity of the live feed as a feature of the map.
import { type Members, isMembers, text } from "../api/json";
import { nearNumbers } from "../api/number";
import { plain } from "../show/name";
import { attributesOf } from "./catalogue";
import { type Middle, middleOf } from "./geo";

export interface Feature {
  type: "Feature";
  geometry: GeoJSON.Geometry;
  properties: Record<string, string | number | boolean>;
}

const SHAPES = ["Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon"];

/** The feature of an entity in the concise format (§4.5.1); null where it has no place. */
export function featureOf(type: string, entity: Members, language: string): Feature | null {
  const geometry = geometryOf(entity["location"]);
  if (!geometry) return null;
  const properties: Feature["properties"] = { id: text(entity["id"]), layer: type };
  for (const name of attributesOf(type)) {
    const value = plain(entity[name], language);
    if (value !== null) properties[name] = value;
  }
  return { type: "Feature", geometry, properties };
}

/** The names of areas, each in the middle of the largest area that has it: islands share that of their town. */
export function namesOf(areas: readonly [type: string, entity: Members][], language: string): Feature[] {
  const named = new Map<string, Middle & { feature: Feature }>();
  for (const [type, entity] of areas) {
    const geometry = geometryOf(entity["location"]);
    const middle = geometry && middleOf(geometry);
    const name = plain(entity["name"], language);
    const key = JSON.stringify([type, name]);
    if (!middle || !name || middle.face < (named.get(key)?.face ?? 0)) continue;
    const properties = { id: text(entity["id"]), layer: type, name };
    named.set(key, { ...middle, feature: { type: "Feature", geometry: { type: "Point", coordinates: middle.at }, properties } });
  }
  return [...named.values()].map(({ feature }) => feature);
}

/** A geometry alone or as the value of a GeoProperty; of several instances the first. */
export function geometryOf(attribute: unknown): GeoJSON.Geometry | null {
  const first = Array.isArray(attribute) ? attribute[0] : attribute;
  if (!isMembers(first)) return null;
  const geometry = isMembers(first["value"]) ? first["value"] : first;
  const isShape = SHAPES.includes(text(geometry["type"])) && Array.isArray(geometry["coordinates"]);
  return isShape ? (nearNumbers(geometry) as GeoJSON.Geometry) : null;
}
