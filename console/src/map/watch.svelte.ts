// A subscription to what happens in an area, whose notifications arrive in this page through an inbox of the city.
import { type Asking, type Failure, base, failureOf } from "../api/ask";
import { createSubscription, deleteSubscription } from "../api/city";
import { type Entity, entitiesOf } from "../api/entity";
import { type Line, follow } from "../api/follow";
import { isMembers, text } from "../api/json";
import { readJson } from "../api/number";
import type { ServerEvent } from "../api/sse";
import type { GeoQuery } from "./sketch.svelte";

/** A notification (§5.3.1) that has arrived. */
export interface Arrival {
  number: number;
  time: string;
  entities: Entity[];
}

const INBOXES = "machi/v1/inboxes";
const KEPT = 50;
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

  #line: Line | null = null;
  #asking: Asking | null = null;
  #number = 0;

  async start(watched: Watched, asking: Asking): Promise<void> {
    await this.stop();
    this.isBusy = true;
    this.failure = null;
    this.arrivals = [];
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
    const fresh = events.flatMap((event): Arrival[] => {
      const notification = event.name === "notification" ? parsed(event.data) : null;
      if (!isMembers(notification)) return [];
      this.#number += 1;
      return [{ number: this.#number, time: text(notification["notifiedAt"]), entities: entitiesOf(notification["data"]) }];
    });
    if (fresh.length > 0) this.arrivals = [...fresh.reverse(), ...this.arrivals].slice(0, KEPT);
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

function parsed(data: string): unknown {
  try {
    return readJson(data);
  } catch {
    return null;
  }
}
