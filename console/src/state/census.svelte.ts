// The city in numbers: entities by type, tenants, subscriptions and rates, asked for again and again.
import { type Asking, own } from "../api/ask";
import {
  type Subscription,
  type Tenant,
  countEntities,
  listSubscriptions,
  listTenants,
  listTypes,
  readMetrics,
} from "../api/city";
import { type Rates, type Reading, ratesBetween, readingOf } from "../api/rates";
import { Loaded } from "./loaded.svelte";
import { type Repeating, repeat } from "./repeat";

export interface TypeCount {
  name: string;
  /** Null where it was not asked for. */
  entities: number | null;
}

/** A subscription has notified, or has tried to, since it was last asked. */
export interface Notice {
  number: number;
  subscription: string;
  sent: number;
  failed: number;
  time: string;
}

const NOTICES = 50;
const RATES_MS = 2000;
const COUNTS_MS = 10_000;
/** A new subscription is no change of an entity, and is to be seen within a second. */
const SUBSCRIPTIONS_MS = 800;
/** Rates of three minutes. */
export const HISTORY = 90;
/** Each type costs a request; the rest are counted when a reader wants to see all. */
export const FIRST_TYPES = 12;
const AT_ONCE = 4;

export class Census {
  entities = new Loaded<number>();
  types = new Loaded<TypeCount[]>();
  tenants = new Loaded<Tenant[]>();
  subscriptions = new Loaded<Subscription[]>();
  rates = new Loaded<Rates | null>();
  /** The newest last; null where the counters began anew. */
  history = $state.raw<(Rates | null)[]>([]);
  countAll = $state(false);
  /** The newest first. */
  notices = $state.raw<Notice[]>([]);

  #number = 0;
  #last: Reading | null = null;
  #counts: Repeating | null = null;
  #subscriptions: Repeating | null = null;

  /** Begins to ask; the function it gives ends that. */
  start(asking: Asking): () => void {
    this.entities.clear();
    this.types.clear();
    this.subscriptions.clear();
    this.notices = [];
    const counts = repeat((signal) => this.#count({ ...asking, signal }), COUNTS_MS);
    const rates = repeat((signal) => this.#measure({ ...asking, signal }), RATES_MS);
    const subscriptions = repeat((signal) => this.#askSubscriptions({ ...asking, signal }), SUBSCRIPTIONS_MS);
    this.#counts = counts;
    this.#subscriptions = subscriptions;
    return () => [counts, rates, subscriptions].forEach((one) => one.stop());
  }

  /** Counts again without waiting for the next round. */
  recount(): void {
    this.#counts?.now();
  }

  /** Asks at once what the subscriptions have sent. */
  reaskSubscriptions(): void {
    this.#subscriptions?.now();
  }

  async #askSubscriptions(asking: Asking): Promise<void> {
    await this.subscriptions.load(async () => {
      const now = await listSubscriptions(asking);
      this.#notice(this.subscriptions.value ?? now, now);
      return now;
    });
  }

  /** Whatever a subscription has sent since, in one notice. */
  #notice(before: Subscription[], now: Subscription[]): void {
    const known = new Map(before.map((one) => [one.id, one]));
    const fresh = now.flatMap((one): Notice[] => {
      // A subscription that is new here has sent everything since.
      const { sent, failed } = known.get(one.id) ?? { sent: 0, failed: 0 };
      if (one.sent <= sent) return [];
      this.#number += 1;
      const subscription = one.name || one.id;
      return [{ number: this.#number, subscription, sent: one.sent - sent, failed: one.failed - failed, time: one.lastSent }];
    });
    if (fresh.length > 0) this.notices = [...fresh, ...this.notices].slice(0, NOTICES);
  }

  async #count(asking: Asking): Promise<void> {
    await Promise.all([
      this.entities.load(() => countEntities(null, asking)),
      this.types.load(() => this.#countTypes(asking)),
      this.tenants.load(() => listTenants({ ...asking, tenant: "" })),
    ]);
  }

  async #countTypes(asking: Asking): Promise<TypeCount[]> {
    const names = await listTypes(asking);
    const counted = this.countAll ? names : names.slice(0, FIRST_TYPES);
    const counts = new Map<string, number>();
    const rest = [...counted];
    const work = async (): Promise<void> => {
      for (let name = rest.shift(); name !== undefined; name = rest.shift()) {
        counts.set(name, await countEntities(name, asking));
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    const types = names.map((name) => ({ name, entities: counts.get(name) ?? null }));
    return types.sort((a, b) => (b.entities ?? -1) - (a.entities ?? -1) || a.name.localeCompare(b.name));
  }

  async #measure(asking: Asking): Promise<void> {
    await this.rates.load(async () => {
      const endedBefore = own.ended;
      const metrics = await readMetrics({ ...asking, tenant: "" });
      // This very request is counted once it is answered, so the city does not count it yet.
      const reading = readingOf(metrics, performance.now(), own.reads - 1, own.begun - endedBefore - 1);
      const rates = this.#last && ratesBetween(this.#last, reading);
      if (this.#last) this.history = [...this.history, rates].slice(-HISTORY);
      this.#last = reading;
      return rates;
    });
  }
}
