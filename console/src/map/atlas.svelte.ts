// Which types the map can show, which it shows, and whether the filter is one that the city understands.
import type { Asking } from "../api/ask";
import { countEntities, countMatches, entitiesPath, hasOne, listTypes, page } from "../api/city";
import type { Entity } from "../api/entity";
import { Loaded } from "../state/loaded.svelte";
import { firstZooms, inOrder, lookOf } from "./catalogue";
import { type Box, shared, united } from "./geo";
import { type Drawn, type Tiles, describeTiles } from "./source";

const AT_ONCE = 4;
/** Areas of a type that are named, and how many of them are asked for at once. */
const MOST_NAMED = 1000;
const NAMED_AT_ONCE = 200;

/** What was asked of a type. */
interface Counted extends Tiles {
  entities: number;
  /** Whether some entity has the value by which the type is coloured. */
  hasLegend: boolean;
}

export interface MapType extends Counted, Drawn {}

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
      const found: Counted[] = [];
      const work = async (): Promise<void> => {
        for (let type = rest.shift(); type !== undefined; type = rest.shift()) {
          const tiles = await describeTiles(type, asking);
          if (tiles.bounds) found.push({ ...tiles, entities: await countEntities(type, asking), hasLegend: await hasLegend(type, asking) });
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, work));
      const types = found.map(({ type }) => type);
      const [order, from] = [inOrder(types), firstZooms(types)];
      const drawn = found.map((one): MapType => ({ ...one, from: from(one.type) }));
      return drawn.sort((a, b) => order.indexOf(a.type) - order.indexOf(b.type));
    });
    await this.#nameAreas(asking);
  }

  /** Names come when the map is there; where they cannot be had, it goes without. */
  async #nameAreas(asking: Asking): Promise<void> {
    const lands = (this.types.value ?? []).map(({ type }) => type).filter((type) => lookOf(type).tint === "land");
    this.named = await namedAreas(lands, asking).catch(() => []);
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

  /** The box around the city: what there is on its areas, where it has any, for lists often have a place or two that lie
   * at the end of the world, and areas may reach beyond whatever is there. */
  get bounds(): Box | null {
    const around = (is: (type: string) => boolean): Box | null =>
      united((this.types.value ?? []).filter(({ type }) => is(type)).flatMap(({ bounds }) => bounds ?? []));
    const areas = around((type) => lookOf(type).tint === "land");
    const places = around((type) => !lookOf(type).isGround);
    return (areas && places && shared(areas, places)) ?? places ?? areas ?? around(() => true);
  }
}

async function hasLegend(type: string, asking: Asking): Promise<boolean> {
  const { legend } = lookOf(type);
  // A city that finds this too hard to tell has many of them.
  return legend !== undefined && (await hasOne(type, legend.attribute, asking).catch(() => true));
}

async function namedAreas(types: string[], asking: Asking): Promise<{ type: string; entity: Entity }[]> {
  const pages = types.map(async (type) => {
    const parameters = new URLSearchParams({ type, attrs: "name,location", limit: String(NAMED_AT_ONCE) });
    const named: Entity[] = [];
    for (let next: string | null = entitiesPath(parameters); next && named.length < MOST_NAMED; ) {
      const found = await page(next, asking);
      named.push(...found.entities);
      next = found.next;
    }
    return named.map((entity) => ({ type, entity }));
  });
  return (await Promise.all(pages)).flat();
}
