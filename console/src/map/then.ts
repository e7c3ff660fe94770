// What the map shows of an instant of the past: entities as they were, asked for as far as they lie in sight. Tiles come from
// indexes, which know the present alone.
import type { Asking } from "../api/ask";
import { countEntities, entitiesPath, page } from "../api/city";
import type { Entity } from "../api/entity";
import type { Members } from "../api/json";
import { attributesOf, lookOf } from "./catalogue";
import { type Feature, featureOf, namesOf } from "./feature";
import { type Box, areaOfBox } from "./geo";
import { queryOf } from "./sketch.svelte";
import type { Drawn } from "./source";

/** Entities that are drawn, of ground and of what stands on it each, and how many are asked for at once. */
const MOST = 3000;
const AT_ONCE = 1000;

export interface Then {
  features: Feature[];
  /** Names of areas, each where it stands. */
  names: Feature[];
  /** How many there were in sight, where not all of them are drawn. */
  total: number;
  /** Whether there was no entity at all. */
  isEmptyCity: boolean;
}

/** Where the map stands. */
export interface View {
  box: Box;
  zoom: number;
}

/** The types that were in sight, as they were at the instant of `asking`; ground is not filtered. */
export async function cityThen(shown: readonly Drawn[], q: string, { box, zoom }: View, asking: Asking): Promise<Then> {
  const types = shown.filter(({ from }) => zoom >= from).map(({ type }) => type);
  const isGround = (type: string): boolean => lookOf(type).isGround;
  const [places, ground] = await Promise.all([
    found(types.filter((type) => !isGround(type)), q, box, asking),
    found(types.filter(isGround), "", box, asking),
  ]);
  const typed = [...ground.entities, ...places.entities].flatMap(({ types: its, json }): [string, Members][] => {
    const type = types.find((one) => its.includes(one));
    return type ? [[type, json]] : [];
  });
  const features = typed.flatMap(([type, json]) => featureOf(type, json, asking.language) ?? []);
  const names = namesOf(typed.filter(([type]) => lookOf(type).tint === "land"), asking.language);
  const isNothing = features.length === 0 && !q && (await countEntities(null, asking)) === 0;
  return { features, names, total: places.total + ground.total, isEmptyCity: isNothing };
}

async function found(types: readonly string[], q: string, box: Box, asking: Asking): Promise<{ entities: Entity[]; total: number }> {
  if (types.length === 0) return { entities: [], total: 0 };
  const members = new Set(["id", "type", "location", ...types.flatMap(attributesOf)]);
  const parameters = new URLSearchParams({ type: types.join(","), pick: [...members].join(","), limit: String(AT_ONCE), ...queryOf(areaOfBox(box), "intersects") });
  if (q) parameters.set("q", q);
  const entities: Entity[] = [];
  let total = 0;
  for (let next: string | null = entitiesPath(parameters); next && entities.length < MOST; ) {
    const part = await page(next, asking);
    entities.push(...part.entities);
    total = part.total ?? entities.length;
    next = part.next;
  }
  return { entities, total };
}
