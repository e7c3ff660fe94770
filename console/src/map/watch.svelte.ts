// A subscription to what happens in an area, whose notifications arrive in this page through an inbox of the city.
import { type Asking, type Failure, base, failureOf } from "../api/ask";
import { createSubscription, deleteSubscription } from "../api/city";
import { type Entity, entitiesOf } from "../api/entity";
import { type Line, follow } from "../api/follow";
import { isMembers, list, text } from "../api/json";
import { readJson } from "../api/number";
import type { ServerEvent } from "../api/sse";
import { atMostEvery } from "../state/soon";
import type { GeoQuery } from "./sketch.svelte";

/** A notification (§5.3.1) that has arrived. */
export interface Arrival {
  number: number;
  time: string;
  /** The first of them, and how many more there are. */
  entities: Entity[];
  more: number;
}

const INBOXES = "machi/v1/inboxes";
/** As many are shown, and of each as many entities. */
const KEPT = 50;
const MOST_ENTITIES = 10;
/** A list is drawn at most four times a second, however much arrives. */
const DRAW_MS = 250;
/** A page that is left behind leaves no subscription behind for good. */
const LIFE_MS = 60 * 60_000;

export interface Watched {
  types: string[];
  q: string;
  area: GeoQuery;
  name: string;
}

export class Watch {
  /** The id of the subscription; empty where there is none. */
  id = $state("");
  isBusy = $state(false);
  failure = $state.raw<Failure | null>(null);
  /** The newest first. */
  arrivals = $state.raw<Arrival[]>([]);
  /** How many have come that are not shown any more, or never were. */
  more = $state(0);

  #line: Line | null = null;
  #asking: Asking | null = null;
  #number = 0;
  /** The newest as they came; what nobody will see is not even read. */
  #waiting: string[] = [];
  #drawing = atMostEvery(() => this.#draw(), DRAW_MS);

  async start(watched: Watched, asking: Asking): Promise<void> {
    await this.stop();
    this.isBusy = true;
    this.failure = null;
    this.arrivals = [];
    this.more = 0;
    this.#number = 0;
    this.#waiting = [];
    this.#asking = asking;
    const box = crypto.getRandomValues(new Uint32Array(4)).reduce((name, part) => name + part.toString(16).padStart(8, "0"), "");
    try {
      await this.#listen(`${INBOXES}/${box}`, asking);
      this.id = await createSubscription(subscriptionOf(watched, new URL(`${INBOXES}/${box}`, base()).href), asking);
    } catch (error) {
      this.failure = failureOf(error);
      this.#line?.close();
    }
    this.isBusy = false;
  }

  async stop(): Promise<void> {
    this.#line?.close();
    this.#line = null;
    const { id } = this;
    this.id = "";
    if (!id || !this.#asking) return;
    try {
      await deleteSubscription(id, this.#asking);
    } catch (error) {
      this.failure = failureOf(error);
    }
  }

  /** An inbox is there as long as somebody reads it, so the reading comes before the subscription. */
  #listen(path: string, asking: Asking): Promise<void> {
    return new Promise((resolve) => {
      this.#line = follow({
        path,
        asking,
        onState: (state) => {
          if (state.kind === "refused") this.failure = state.failure;
          if (state.kind !== "connecting") resolve();
        },
        onEvents: (events) => this.#take(events),
      });
    });
  }

  #take(events: ServerEvent[]): void {
    const fresh = events.filter(({ name }) => name === "notification").map(({ data }) => data);
    if (fresh.length === 0) return;
    this.#number += fresh.length;
    this.#waiting = [...this.#waiting, ...fresh].slice(-KEPT);
    this.#drawing.ask();
  }

  #draw(): void {
    const first = this.#number - this.#waiting.length + 1;
    const fresh = this.#waiting.flatMap((data, at) => arrivalOf(data, first + at) ?? []);
    this.#waiting = [];
    this.arrivals = [...fresh.reverse(), ...this.arrivals].slice(0, KEPT);
    this.more = this.#number - this.arrivals.length;
  }
}

export function subscriptionOf({ types, q, area, name }: Watched, uri: string): object {
  return {
    type: "Subscription",
    subscriptionName: name,
    entities: types.map((type) => ({ type })),
    ...(q ? { q } : {}),
    geoQ: area,
    notification: { endpoint: { uri, accept: "application/json" } },
    expiresAt: new Date(Date.now() + LIFE_MS).toISOString(),
  };
}

function arrivalOf(data: string, number: number): Arrival | null {
  try {
    const notification = readJson(data);
    if (!isMembers(notification)) return null;
    const all = list(notification["data"]);
    const entities = entitiesOf(all.slice(0, MOST_ENTITIES));
    return { number, time: text(notification["notifiedAt"]), entities, more: all.length - entities.length };
  } catch {
    return null;
  }
}
