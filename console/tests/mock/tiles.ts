// Vector tiles of a handful of entities, as `/machi/v1/tiles` gives them.
import geojsonvt from "geojson-vt";
import vtpbf from "vt-pbf";
import { boxOf, united } from "../../src/map/geo";
import { geometryOf } from "../../src/map/feature";
import { plain } from "../../src/show/name";

type Members = Record<string, unknown>;

const EXTENT = 4096;
const DEEPEST = 14;
/** Below this zoom, places that lie close together are one cluster. */
const CLUSTERED = 12;
const CELL = 512;

/** TileJSON of the entities of a type. */
export function describe(type: string, entities: Members[], url: string): Members {
  const box = united(entities.flatMap((one) => boxOf(geometryOf(one["location"])) ?? []));
  return {
    tilejson: "3.0.0",
    name: type,
    tiles: [`${url}machi/v1/tiles/${type}/{z}/{x}/{y}`],
    minzoom: 0,
    maxzoom: DEEPEST,
    ...(box ? { bounds: [box.west, box.south, box.east, box.north] } : {}),
    vector_layers: [{ id: "entities", fields: { id: "String" } }, { id: "clusters", fields: { count: "Number" } }],
  };
}

export function tile(entities: Members[], [z, x, y]: [number, number, number], attributes: string[], language: string): Uint8Array {
  const features = entities.flatMap((entity): GeoJSON.Feature[] => {
    const geometry = geometryOf(entity["location"]);
    if (!geometry) return [];
    const told = attributes.map((name): [string, unknown] => [name, plain(entity[name], language)]);
    const properties = Object.fromEntries([["id", entity["id"]], ...told.filter(([, value]) => value !== null)]);
    return [{ type: "Feature", geometry, properties }];
  });
  const options = { extent: EXTENT, maxZoom: DEEPEST, tolerance: 3, buffer: 64 };
  const cut = geojsonvt({ type: "FeatureCollection", features }, options).getTile(z, x, y);
  if (!cut) return new Uint8Array();
  const isCrowd = z < CLUSTERED && features.length > 10;
  return vtpbf.fromGeojsonVt(isCrowd ? clustered(cut) : { entities: cut }, { version: 2, extent: EXTENT });
}

interface Cut {
  features: { type: number; geometry: unknown; tags?: unknown }[];
}

/** Points by cells; a cell with one of them keeps it. */
function clustered(cut: Cut): Record<string, unknown> {
  const cells = new Map<string, Cut["features"]>();
  const rest: Cut["features"] = [];
  for (const feature of cut.features) {
    const [point] = feature.geometry as [number, number][];
    if (feature.type !== 1 || !point) rest.push(feature);
    else {
      const cell = `${Math.floor(point[0] / CELL)}/${Math.floor(point[1] / CELL)}`;
      cells.set(cell, [...(cells.get(cell) ?? []), feature]);
    }
  }
  const groups = [...cells.values()];
  const alone = groups.filter((one) => one.length === 1).flat();
  const crowds = groups.filter((one) => one.length > 1).map((one) => ({ ...one[0], tags: { count: one.length } }));
  return { entities: { features: [...rest, ...alone] }, clusters: { features: crowds } };
}
