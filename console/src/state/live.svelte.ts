// The live feed as the page shows it: the newest changes, and how the line is.
import { type Asking, clock } from "../api/ask";
import { type Line, type LineState, follow } from "../api/follow";
import { type Change, LIVE_PATH, liveEventOf } from "../api/live";
import type { ServerEvent } from "../api/sse";
import { atMostEvery } from "./soon";

/** A change with a number of its own, as one commit may change many entities. */
export type NumberedChange = Change & { number: number };

const KEPT = 100;
/** Lists are drawn at most four times a second, however much happens. */
const DRAW_MS = 250;
const RATE_SECONDS = 5;
/** A page so far behind shows what was, and goes on from now; one that has just come is told what it has missed. */
const TOO_LATE_MS = 8000;
const SETTLED_MS = 5000;
/** After changes were left out all is asked for anew, but no more often than this; and for so long it is told. */
const CATCH_UP_MS = 2000;
const LAG_TOLD_MS = 10_000;
/** A hidden page gives its connection back after a while. */
const SLEEP_AFTER_MS = 60_000;

export class Live {
  line = $state.raw<LineState>({ kind: "connecting" });
  changes = $state.raw<NumberedChange[]>([]);
  /** Changes a second, over the last seconds. */
  rate = $state(0);
  isPaused = $state(false);
  /** Changes that came while the list is paused. */
  held = $state(0);
  /** Whether changes come faster than they can be shown, so that some were left out. */
  isLagging = $state(false);

  #line: Line | null = null;
  #listeners = new Set<(change: Change) => void>();
  #backListeners = new Set<() => void>();
  #missedListeners = new Set<() => void>();
  #catchingUp = atMostEvery(() => this.#tellMissed(), CATCH_UP_MS);
  #lag: ReturnType<typeof setTimeout> | undefined;
  #openedAt = 0;
  #isSkipping = false;
  #waiting: NumberedChange[] = [];
  #heldSoFar = 0;
  #number = 0;
  #perSecond: number[] = [];
  #sleep: ReturnType<typeof setTimeout> | undefined;

  /** Begins to follow a tenant; the function it gives ends that. */
  follow(asking: Asking): () => void {
    this.#forget();
    this.#line = follow({
      path: LIVE_PATH,
      asking,
      onState: (state) => this.#enter(state),
      onEvents: (events) => this.#take(events),
    });
    const drawing = setInterval(() => this.#draw(), DRAW_MS);
    const counting = setInterval(() => this.#count(), 1000);
    const onVisibility = (): void => this.#sleepOrWake();
    document.addEventListener("visibilitychange", onVisibility);
    window.addEventListener("online", onVisibility);
    return () => {
      clearInterval(drawing);
      clearInterval(counting);
      clearTimeout(this.#sleep);
      clearTimeout(this.#lag);
      document.removeEventListener("visibilitychange", onVisibility);
      window.removeEventListener("online", onVisibility);
      this.#line?.close();
      this.#line = null;
    };
  }

  retry(): void {
    this.#line?.retry();
  }

  pause(): void {
    this.#draw();
    this.isPaused = true;
    this.held = 0;
  }

  resume(): void {
    this.isPaused = false;
    this.#draw();
  }

  /** Calls back for every change as it comes. */
  onChange(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Calls back when the line is open again after a break. */
  onBack(listener: () => void): () => void {
    this.#backListeners.add(listener);
    return () => this.#backListeners.delete(listener);
  }

  /** Calls back when there may have been changes that nobody was told of: after a break, and after a flood of them. */
  onMissed(listener: () => void): () => void {
    this.#missedListeners.add(listener);
    return () => this.#missedListeners.delete(listener);
  }

  #enter(state: LineState): void {
    const isBack = state.kind === "open" && this.line.kind !== "open" && this.line.kind !== "connecting";
    this.line = state;
    if (state.kind !== "open") return;
    this.#openedAt = performance.now();
    if (isBack) for (const listener of this.#backListeners) listener();
    // Only from now on is everything told again.
    if (isBack || this.#isSkipping) this.#tellMissed();
    this.#isSkipping = false;
  }

  #tellMissed(): void {
    for (const listener of this.#missedListeners) listener();
  }

  #take(events: ServerEvent[]): void {
    for (const one of events) {
      const event = liveEventOf(one);
      if (event?.event === "lagged") this.#leaveOut();
      else if (event) this.#keep(event);
    }
    if (!this.#isTooLate()) return;
    this.#isSkipping = true;
    this.#sayLagging();
    this.#line?.skip();
  }

  #isTooLate(): boolean {
    const at = Date.parse(this.#waiting.at(-1)?.time ?? "");
    const isSettled = performance.now() - this.#openedAt > SETTLED_MS;
    return isSettled && Date.now() + clock.aheadMs - at > TOO_LATE_MS;
  }

  #leaveOut(): void {
    this.#sayLagging();
    this.#catchingUp.ask();
  }

  #sayLagging(): void {
    this.isLagging = true;
    clearTimeout(this.#lag);
    this.#lag = setTimeout(() => (this.isLagging = false), LAG_TOLD_MS);
  }

  #keep(change: Change): void {
    this.#number += 1;
    this.#waiting.push({ ...change, number: this.#number });
    this.#heldSoFar += 1;
    this.#perSecond[0] = (this.#perSecond[0] ?? 0) + 1;
    for (const listener of this.#listeners) listener(change);
  }

  #draw(): void {
    const fresh = this.#waiting.slice(-KEPT);
    if (this.isPaused) {
      this.held = this.#heldSoFar;
      this.#waiting = fresh;
      return;
    }
    this.#heldSoFar = 0;
    if (fresh.length === 0) return;
    this.#waiting = [];
    this.changes = [...fresh.reverse(), ...this.changes].slice(0, KEPT);
  }

  #count(): void {
    const seconds = this.#perSecond.slice(0, RATE_SECONDS);
    this.rate = seconds.reduce((total, one) => total + one, 0) / RATE_SECONDS;
    this.#perSecond = [0, ...seconds.slice(0, RATE_SECONDS - 1)];
  }

  #sleepOrWake(): void {
    clearTimeout(this.#sleep);
    if (document.hidden) this.#sleep = setTimeout(() => this.#line?.sleep(), SLEEP_AFTER_MS);
    else if (this.line.kind === "asleep" || this.line.kind === "lost") this.#line?.retry();
  }

  #forget(): void {
    this.changes = [];
    this.#waiting = [];
    this.#perSecond = [];
    this.rate = 0;
    this.held = 0;
    this.isPaused = false;
    this.isLagging = false;
    this.line = { kind: "connecting" };
  }
}
