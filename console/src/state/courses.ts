// The course of measured numbers over the last minutes, as the live feed told them.
import { isMembers, text } from "../api/json";
import type { Change } from "../api/live";
import { isNumber } from "../api/number";

export interface Point {
  at: number;
  value: number;
}

interface Feed {
  onChange(listener: (change: Change) => void): () => void;
}

export const COURSE_MS = 10 * 60_000;
const MOST_ENTITIES = 1000;
const MOST_ATTRIBUTES = 12;
const MOST_POINTS = 200;

export class Courses {
  /** Those that changed last come last. */
  #entities = new Map<string, Map<string, Point[]>>();

  /** Begins anew with a tenant's feed; the function it gives ends that. */
  start(_tenant: string, feed: Feed): () => void {
    this.#entities.clear();
    return feed.onChange((change) => this.keep(change, Date.now()));
  }

  /** The courses of an entity's numbers that have more than one point. */
  of(id: string): [attribute: string, points: readonly Point[]][] {
    return [...(this.#entities.get(id) ?? [])].filter(([, points]) => points.length > 1);
  }

  keep({ id, entity }: Change, now: number): void {
    const known = this.#entities.get(id) ?? new Map<string, Point[]>();
    this.#entities.delete(id);
    if (!entity) return;
    this.#entities.set(id, known);
    for (const name in entity) this.#add(known, name, entity[name], now);
    if (this.#entities.size > MOST_ENTITIES) this.#forgetOldest();
  }

  #add(known: Map<string, Point[]>, name: string, attribute: unknown, now: number): void {
    const content = isMembers(attribute) ? attribute["value"] : attribute;
    if (!isNumber(content) || (known.size >= MOST_ATTRIBUTES && !known.has(name))) return;
    const observed = isMembers(attribute) ? Date.parse(text(attribute["observedAt"])) : Number.NaN;
    const at = Number.isNaN(observed) ? now : observed;
    const points = known.get(name) ?? [];
    const last = points.at(-1);
    if (last && last.at >= at) return;
    known.set(name, [...points, { at, value: Number(content) }].filter((one) => one.at > at - COURSE_MS).slice(-MOST_POINTS));
  }

  #forgetOldest(): void {
    const oldest = this.#entities.keys().next();
    if (!oldest.done) this.#entities.delete(oldest.value);
  }
}
