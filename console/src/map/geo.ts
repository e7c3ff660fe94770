// Shapes on the globe: boxes, circles and what crosses the date line.
import { isMembers, list, text } from "../api/json";

export type Place = [longitude: number, latitude: number];

export interface Box {
  west: number;
  south: number;
  east: number;
  north: number;
}

/** A GeoJSON geometry that a query can be asked with. */
export type Area =
  | { type: "Polygon"; coordinates: Place[][] }
  | { type: "MultiPolygon"; coordinates: Place[][][] };

/** As Web Mercator has it. */
const FARTHEST_NORTH = 85.05;
const EARTH_M = 6_371_008.8;
const CORNERS = 48;
/** Shapes with more places than this are measured by some of them. */
const MEASURED = 20_000;

/** Whoever cuts a shape there may come so near to 180 degrees. */
const DATE_LINE = 179.999;

const radians = (degrees: number): number => (degrees * Math.PI) / 180;
const degrees = (radians: number): number => (radians * 180) / Math.PI;

/** A longitude between -180 and 180. */
export function wrapped(longitude: number): number {
  const turned = ((((longitude + 180) % 360) + 360) % 360) - 180;
  return turned === -180 && longitude > 0 ? 180 : turned;
}

/** The box around all places of a geometry; null where it has none. Hostile nesting ends at the depth of GeoJSON. */
export function boxOf(geometry: unknown): Box | null {
  const box: Box = { west: Infinity, south: Infinity, east: -Infinity, north: -Infinity };
  let left = MEASURED;
  const visit = (coordinates: unknown, depth: number): void => {
    if (!Array.isArray(coordinates) || depth > 5 || left <= 0) return;
    const [longitude, latitude] = coordinates;
    if (typeof longitude !== "number" || typeof latitude !== "number") {
      for (const one of coordinates) visit(one, depth + 1);
      return;
    }
    left -= 1;
    box.west = Math.min(box.west, longitude);
    box.east = Math.max(box.east, longitude);
    box.south = Math.min(box.south, latitude);
    box.north = Math.max(box.north, latitude);
  };
  if (isMembers(geometry)) {
    visit(geometry["coordinates"], 0);
    for (const one of list(geometry["geometries"])) if (isMembers(one)) visit(one["coordinates"], 0);
  }
  return box.west <= box.east ? acrossDateLine(box, geometry) : null;
}

/** The box of parts that were cut at the date line reaches across it, to the east beyond 180 degrees, and not around the
 * globe. */
function acrossDateLine(box: Box, geometry: unknown): Box {
  if (box.west > -DATE_LINE || box.east < DATE_LINE || !isMembers(geometry) || !text(geometry["type"]).startsWith("Multi")) return box;
  let [west, east] = [Infinity, -Infinity];
  for (const part of list(geometry["coordinates"])) {
    const { west: from, east: to } = boxOf({ type: "Polygon", coordinates: part }) ?? box;
    const turn = to < 0 ? 360 : 0;
    [west, east] = [Math.min(west, from + turn), Math.max(east, to + turn)];
  }
  return east - west < box.east - box.west ? { ...box, west, east } : box;
}

/** The middle of an area, and how large it is in square degrees. */
export interface Middle {
  at: Place;
  face: number;
}

/** The middle of a polygon's face; of several polygons that of the largest, which is no island. */
export function middleOf(geometry: GeoJSON.Geometry): Middle | null {
  const polygons = geometry.type === "Polygon" ? [geometry.coordinates] : geometry.type === "MultiPolygon" ? geometry.coordinates : [];
  return polygons.map(([ring]) => middleOfRing(ring ?? [])).reduce<Middle | null>((most, one) => (one && one.face > (most?.face ?? 0) ? one : most), null);
}

function middleOfRing(ring: readonly GeoJSON.Position[]): Middle | null {
  // Far from their origin, the parts of a small face are lost among the digits of large ones.
  const [[left = 0, low = 0] = []] = ring;
  let [face, x, y] = [0, 0, 0];
  ring.forEach((here, at) => {
    const next = ring[(at + 1) % ring.length] ?? [];
    const [west, south] = [(here[0] ?? 0) - left, (here[1] ?? 0) - low];
    const [east, north] = [(next[0] ?? 0) - left, (next[1] ?? 0) - low];
    const part = west * north - east * south;
    face += part;
    x += (west + east) * part;
    y += (south + north) * part;
  });
  return face === 0 ? null : { at: [left + x / (3 * face), low + y / (3 * face)], face: Math.abs(face) / 2 };
}

export function united(boxes: readonly Box[]): Box | null {
  if (boxes.length === 0) return null;
  return {
    west: Math.min(...boxes.map((one) => one.west)),
    south: Math.min(...boxes.map((one) => one.south)),
    east: Math.max(...boxes.map((one) => one.east)),
    north: Math.max(...boxes.map((one) => one.north)),
  };
}

/** What two boxes share; null where they are apart. */
export function shared(one: Box, other: Box): Box | null {
  const west = Math.max(one.west, other.west);
  const south = Math.max(one.south, other.south);
  const east = Math.min(one.east, other.east);
  const north = Math.min(one.north, other.north);
  return west <= east && south <= north ? { west, south, east, north } : null;
}

/** Four corners, as an area to ask with. */
export function areaOfBox(box: Box): Area {
  const south = Math.max(box.south, -FARTHEST_NORTH);
  const north = Math.min(box.north, FARTHEST_NORTH);
  if (box.east - box.west >= 360) return cut([[-180, south], [180, south], [180, north], [-180, north]]);
  return cut([[box.west, south], [box.east, south], [box.east, north], [box.west, north]]);
}

/** The corners of a circle. */
export function circle([longitude, latitude]: Place, metres: number): Place[] {
  const angle = Math.min(metres / EARTH_M, 1);
  const phi = radians(latitude);
  return Array.from({ length: CORNERS }, (_, n): Place => {
    const bearing = (-2 * Math.PI * n) / CORNERS;
    const sine = Math.sin(phi) * Math.cos(angle) + Math.cos(phi) * Math.sin(angle) * Math.cos(bearing);
    const to = Math.asin(Math.max(-1, Math.min(1, sine)));
    const east = Math.atan2(
      Math.sin(bearing) * Math.sin(angle) * Math.cos(phi),
      Math.cos(angle) - Math.sin(phi) * Math.sin(to),
    );
    return [longitude + degrees(east), degrees(to)];
  });
}

/** Metres between two places. */
export function distance([west, south]: Place, [east, north]: Place): number {
  const [from, to] = [radians(south), radians(north)];
  const half = Math.sin((to - from) / 2) ** 2 + Math.cos(from) * Math.cos(to) * Math.sin(radians(east - west) / 2) ** 2;
  return 2 * EARTH_M * Math.asin(Math.min(1, Math.sqrt(half)));
}

/** An area of these corners; one that crosses the date line is cut there, as GeoJSON wants it (RFC 7946 §3.1.9). */
export function cut(corners: readonly Place[]): Area {
  const shift = Math.floor((Math.min(...corners.map(([longitude]) => longitude)) + 180) / 360) * 360;
  const ring = corners.map(([longitude, latitude]): Place => [longitude - shift, latitude]);
  const west = half(ring, 1);
  const east = half(ring, -1).map(([longitude, latitude]): Place => [longitude - 360, latitude]);
  if (east.length < 3) return { type: "Polygon", coordinates: [closed(ring)] };
  return { type: "MultiPolygon", coordinates: [[closed(west)], [closed(east)]] };
}

/** The part of a ring on one side of the date line. */
function half(ring: readonly Place[], side: 1 | -1): Place[] {
  const isIn = ([longitude]: Place): boolean => side * (180 - longitude) > 0;
  return ring.flatMap((here, at): Place[] => {
    const next = ring[(at + 1) % ring.length] ?? here;
    const kept: Place[] = isIn(here) ? [here] : [];
    if (isIn(here) === isIn(next)) return kept;
    const share = (180 - here[0]) / (next[0] - here[0]);
    return [...kept, [180, here[1] + share * (next[1] - here[1])]];
  });
}

/** Counterclockwise and back at its beginning (RFC 7946 §3.1.6). */
function closed(ring: readonly Place[]): Place[] {
  const turn = ring.reduce((sum, [west, south], at) => {
    const [east, north] = ring[(at + 1) % ring.length] ?? [west, south];
    return sum + (east - west) * (north + south);
  }, 0);
  const turned = (turn > 0 ? [...ring].reverse() : [...ring]).map(rounded);
  return [...turned, ...turned.slice(0, 1)];
}

/** A millionth of a degree is a hand's breadth. */
function rounded([longitude, latitude]: Place): Place {
  return [Number(longitude.toFixed(6)), Number(latitude.toFixed(6))];
}
