// Where the map's shapes come from: the city's vector tiles, one set for each type.
import { type Asking, ask, base } from "../api/ask";
import { segment } from "../api/city";
import { count, isMembers, list } from "../api/json";
import type { Box } from "./geo";
import { attributesOf, lookOf } from "./catalogue";

/** The layers of a tile. */
export const ENTITIES = "entities";
export const CLUSTERS = "clusters";

const TILES = "machi/v1/tiles";

/** What the city says of a type's tiles. */
export interface Tiles {
  type: string;
  minzoom: number;
  maxzoom: number;
  /** Null where no entity of the type has a place. */
  bounds: Box | null;
}

/** A type as the map draws it. */
export interface Drawn extends Tiles {
  /** The first zoom that shows it. */
  from: number;
}

/** Reads TileJSON (https://github.com/mapbox/tilejson-spec, 3.0). */
export async function describeTiles(type: string, asking: Asking): Promise<Tiles> {
  const { body } = await ask(`${TILES}/${segment(type)}`, asking);
  const told = isMembers(body) ? body : {};
  const [west, south, east, north] = list(told["bounds"]).map(Number);
  const box = { west: west ?? NaN, south: south ?? NaN, east: east ?? NaN, north: north ?? NaN };
  return {
    type,
    minzoom: count(told["minzoom"]),
    maxzoom: count(told["maxzoom"]) || 14,
    bounds: Object.values(box).every(Number.isFinite) ? box : null,
  };
}

/** The address of a type's tiles; ground is not filtered. */
export function tilesUrl(type: string, q: string, language: string): string {
  const parameters = new URLSearchParams({ attrs: attributesOf(type).join(","), lang: language });
  if (q && !lookOf(type).isGround) parameters.set("q", q);
  return `${new URL(TILES, base()).href}/${segment(type)}/{z}/{x}/{y}?${parameters.toString().replaceAll("%2C", ",")}`;
}
