// Which types the map can show, which it shows, and whether the filter is one that the city understands.
import type { Asking } from "../api/ask";
import { countEntities, countMatches, entitiesPath, listTypes, page } from "../api/city";
import type { Entity } from "../api/entity";
import { Loaded } from "../state/loaded.svelte";
import { inOrder, lookOf } from "./catalogue";
import { type Box, united } from "./geo";
import { type Tiles, describeTiles } from "./source";

const AT_ONCE = 4;
/** Areas whose names are written each once. */
const MOST_NAMED = 200;

export interface MapType extends Tiles {
  entities: number;
}

export class Atlas {
  /** Types of which some entity has a place, from the ground up. */
  types = new Loaded<MapType[]>();
  /** The areas that are named. */
  named = $state.raw<{ type: string; entity: Entity }[]>([]);
  /** How many entities meet the filter; null where there is none. */
  matches = new Loaded<number | null>();
  /** The filter that the city has understood. */
  q = $state("");

  async load(asking: Asking): Promise<void> {
    await this.types.load(async () => {
      const rest = await listTypes(asking);
      const found: MapType[] = [];
      const work = async (): Promise<void> => {
        for (let type = rest.shift(); type !== undefined; type = rest.shift()) {
          const tiles = await describeTiles(type, asking);
          if (tiles.bounds) found.push({ ...tiles, entities: await countEntities(type, asking) });
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, work));
      this.named = await namedAreas(found.map(({ type }) => type).filter((type) => lookOf(type).tint === "land"), asking);
      const order = inOrder(found.map(({ type }) => type));
      return found.sort((a, b) => order.indexOf(a.type) - order.indexOf(b.type));
    });
  }

  /** Tries a filter before tiles are asked with it; the map keeps the last good one. */
  async filter(q: string, asking: Asking): Promise<void> {
    if (!q) {
      this.matches.clear();
      this.q = "";
      return;
    }
    await this.matches.load(async () => {
      const matches = await countMatches(q, asking);
      this.q = q;
      return matches;
    });
  }

  /** The types to show: those that the reader chose, or those that nobody has to ask for. */
  shown(chosen: string): MapType[] {
    const all = this.types.value ?? [];
    if (!chosen) return all.filter(({ type }) => !lookOf(type).isOff);
    const names = new Set(chosen.split(","));
    return all.filter(({ type }) => names.has(type));
  }

  /** The box around the city: its ground where it has any. */
  get bounds(): Box | null {
    const all = this.types.value ?? [];
    const districts = all.filter(({ type }) => lookOf(type).tint === "land");
    const boxes = (districts.length > 0 ? districts : all).map(({ bounds }) => bounds);
    return united(boxes.filter((box) => box !== null));
  }
}

async function namedAreas(types: string[], asking: Asking): Promise<{ type: string; entity: Entity }[]> {
  const pages = types.map(async (type) => {
    const parameters = new URLSearchParams({ type, attrs: "name,location", limit: String(MOST_NAMED) });
    return (await page(entitiesPath(parameters), asking)).entities.map((entity) => ({ type, entity }));
  });
  return (await Promise.all(pages)).flat();
}
