// Follows the city's live feed: connects, reads, notices silence, and comes back after a break where it left off.
//
// The browser's own EventSource cannot name a tenant, tell why it was refused, or notice a dead line.
import { AskError, type Asking, type Failure, base, failureOf, headersOf, own, refusal } from "./ask";
import { EventReader, type ServerEvent } from "./sse";

export type LineState =
  | { kind: "connecting" }
  | { kind: "open" }
  /** Trying again at `retryAt` (milliseconds of the device's clock); now where that is null. */
  | { kind: "lost"; retryAt: number | null }
  /** Nobody looks at the page, and a browser has few connections to spare. */
  | { kind: "asleep" }
  | { kind: "refused"; failure: Failure };

export interface Line {
  /** Ends the wait for the next try. */
  retry(): void;
  /** Goes on from now: what is still on its way is passed over. */
  skip(): void;
  sleep(): void;
  close(): void;
}

export interface Following {
  path: string;
  asking: Asking;
  onState(state: LineState): void;
  onEvents(events: ServerEvent[]): void;
}

/** The city shows a sign of life every 15 s. */
const SILENCE_MS = 40_000;
/** A server that is started again is back within seconds, and is to be seen within one; a network takes longer. */
const FIRST_WAIT_MS = 800;
const FIRST_WAITS = 40;
const LONGEST_WAIT_MS = 15_000;
/** Where a refusal does not say when to come back. */
const REFUSED_WAIT_MS = 15_000;
/** Of a flood the page takes so much at once, and then looks after its reader: the city waits meanwhile. */
const AT_ONCE_MS = 12;

export function follow(following: Following): Line {
  return new FollowedLine(following);
}

class FollowedLine implements Line {
  #current = new AbortController();
  #lastId = "";
  #waitMs = FIRST_WAIT_MS;
  #waits = 0;
  #refusedWaitMs = REFUSED_WAIT_MS;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #wasOpen = false;

  constructor(private readonly following: Following) {
    void this.#connect();
  }

  retry(): void {
    this.#stop();
    void this.#connect();
  }

  skip(): void {
    this.#lastId = "";
    this.#wasOpen = false;
    this.retry();
  }

  sleep(): void {
    this.#stop();
    this.#wasOpen = false;
    this.following.onState({ kind: "asleep" });
  }

  close(): void {
    this.#stop();
  }

  #stop(): void {
    clearTimeout(this.#timer);
    this.#current.abort();
    this.#current = new AbortController();
  }

  async #connect(): Promise<void> {
    const { signal } = this.#current;
    this.following.onState(this.#wasOpen ? { kind: "lost", retryAt: null } : { kind: "connecting" });
    try {
      await this.#read(await this.#open(signal), signal);
      if (!signal.aborted) this.#waitAndConnect();
    } catch (error) {
      if (signal.aborted) return;
      this.#fail(error);
    }
  }

  async #open(signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    const { path, asking } = this.following;
    const headers = new Headers(headersOf(asking));
    headers.set("Accept", "text/event-stream");
    headers.set("Accept-Language", asking.language);
    if (this.#lastId) headers.set("Last-Event-ID", this.#lastId);
    const guard = new AbortController();
    const end = (): void => guard.abort();
    signal.addEventListener("abort", end, { once: true });
    const patience = setTimeout(end, SILENCE_MS);
    const address = new URL(path, base());
    const response = await fetch(address, { headers, signal: guard.signal, cache: "no-store" }).finally(() =>
      clearTimeout(patience),
    );
    const type = response.headers.get("Content-Type") ?? "";
    // A city that has just been started says that it is back in a second.
    this.#refusedWaitMs = Number(response.headers.get("Retry-After")) * 1000 || REFUSED_WAIT_MS;
    if (type.startsWith("application/problem+json")) throw new AskError(await refusal(response, await response.text()));
    const isStream = type.startsWith("text/event-stream");
    if (!response.ok || !isStream || !response.body) throw new AskError({ kind: "unreachable" });
    own.begun += 1;
    own.ended += 1;
    own.reads += 1;
    return response.body;
  }

  async #read(stream: ReadableStream<Uint8Array>, signal: AbortSignal): Promise<void> {
    const reader = stream.getReader();
    const events = new EventReader();
    const decoder = new TextDecoder();
    this.#wasOpen = true;
    this.#waitMs = FIRST_WAIT_MS;
    this.#waits = 0;
    this.following.onState({ kind: "open" });
    const cancel = (): void => void reader.cancel().catch(() => undefined);
    signal.addEventListener("abort", cancel);
    let silence: ReturnType<typeof setTimeout> | undefined;
    let worked = 0;
    try {
      for (;;) {
        silence = setTimeout(cancel, SILENCE_MS);
        const { done, value } = await reader.read();
        clearTimeout(silence);
        if (done || signal.aborted) return;
        const began = performance.now();
        this.#take(events.read(decoder.decode(value, { stream: true })));
        worked += performance.now() - began;
        if (worked < AT_ONCE_MS) continue;
        await breath();
        worked = 0;
      }
    } finally {
      clearTimeout(silence);
      signal.removeEventListener("abort", cancel);
    }
  }

  #take(events: ServerEvent[]): void {
    const last = events.at(-1);
    if (!last) return;
    if (last.id) this.#lastId = last.id;
    this.following.onEvents(events);
  }

  #fail(error: unknown): void {
    const failure = failureOf(error);
    if (failure.kind !== "refused") return this.#waitAndConnect();
    this.following.onState({ kind: "refused", failure });
    this.#timer = setTimeout(() => this.retry(), this.#refusedWaitMs);
  }

  #waitAndConnect(): void {
    this.#wasOpen = true;
    const wait = this.#waitMs;
    this.#waits += 1;
    if (this.#waits >= FIRST_WAITS) this.#waitMs = Math.min(wait * 2, LONGEST_WAIT_MS);
    this.following.onState({ kind: "lost", retryAt: Date.now() + wait });
    this.#timer = setTimeout(() => this.retry(), wait);
  }
}

/** Until the page has had time for whatever else is due. A hidden page has nothing to draw, and its timers are slow. */
function breath(): Promise<void> | undefined {
  const isSeen = typeof document !== "undefined" && !document.hidden;
  return isSeen ? new Promise((resolve) => void setTimeout(resolve)) : undefined;
}
