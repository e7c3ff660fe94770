// The line to the live feed: open, cut, silent, refused, and back.
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { type Line, type LineState, follow } from "./follow";

/** A feed that a test writes into. */
class Feed {
  headers = new Headers();
  #control: ReadableStreamDefaultController<Uint8Array> | undefined;

  answer(): Response {
    const body = new ReadableStream<Uint8Array>({ start: (control) => void (this.#control = control) });
    return new Response(body, { headers: { "Content-Type": "text/event-stream" } });
  }

  say(text: string): void {
    this.#control?.enqueue(new TextEncoder().encode(text));
  }

  end(): void {
    this.#control?.close();
  }
}

let feeds: (Feed | Response)[] = [];
let asked: Headers[] = [];
let states: LineState[] = [];
let events: string[] = [];
let line: Line | undefined;

beforeEach(() => {
  vi.useFakeTimers();
  [feeds, asked, states, events] = [[], [], [], []];
  vi.stubGlobal("fetch", async (_: URL, init: RequestInit) => {
    asked.push(init.headers as Headers);
    const next = feeds.shift();
    if (!next) throw new TypeError("Failed to fetch");
    return next instanceof Feed ? next.answer() : next;
  });
});

afterEach(() => {
  line?.close();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function start(...given: (Feed | Response)[]): void {
  feeds = given;
  line = follow({
    path: "machi/v1/live",
    asking: { tenant: "aoi", language: "en", context: "" },
    onState: (state) => states.push(state),
    onEvents: (some) => events.push(...some.map((event) => event.data)),
  });
}

const soon = (): Promise<unknown> => vi.advanceTimersByTimeAsync(1);
const kinds = (): string[] => states.map((state) => state.kind);

it("gives events as they come, also when one is cut in two", async () => {
  const feed = new Feed();
  start(feed);
  await soon();
  feed.say("id: 1\ndata: a\n\nid: 2\nda");
  await soon();
  feed.say("ta: 街\n\n");
  await soon();
  expect(events).toEqual(["a", "街"]);
  expect(kinds()).toEqual(["connecting", "open"]);
  expect(asked[0]?.get("NGSILD-Tenant")).toBe("aoi");
});

it("comes back after a cut and goes on where it left off", async () => {
  const [first, second] = [new Feed(), new Feed()];
  start(first, second);
  await soon();
  first.say("id: 41\ndata: a\n\n");
  await soon();
  first.end();
  await soon();
  expect(states.at(-1)).toMatchObject({ kind: "lost", retryAt: expect.any(Number) });
  await vi.advanceTimersByTimeAsync(1000);
  expect(kinds()).toEqual(["connecting", "open", "lost", "lost", "open"]);
  expect(asked[1]?.get("Last-Event-ID")).toBe("41");
});

it("tries often at first, and waits longer each time where nobody answers for long", async () => {
  const began = Date.now();
  start();
  await vi.advanceTimersByTimeAsync(100_000);
  const tries = states.flatMap((state) => (state.kind === "lost" && state.retryAt !== null ? [state.retryAt - began] : []));
  expect(tries.slice(0, 3)).toEqual([800, 1600, 2400]);
  expect(tries.slice(39, 45)).toEqual([32_000, 33_600, 36_800, 43_200, 56_000, 71_000]);
});

it("gives up a line that shows no sign of life", async () => {
  const [first, second] = [new Feed(), new Feed()];
  start(first, second);
  await soon();
  await vi.advanceTimersByTimeAsync(30_000);
  first.say(":\n\n");
  await vi.advanceTimersByTimeAsync(30_000);
  expect(kinds().at(-1)).toBe("open");
  await vi.advanceTimersByTimeAsync(12_000);
  expect(kinds()).toContain("lost");
  expect(kinds().at(-1)).toBe("open");
});

it("tells why it is refused and asks again later", async () => {
  const headers = { "Content-Type": "application/problem+json" };
  const problem = JSON.stringify({ type: "x/TooManyReaders", title: "Too many readers", detail: "200 are enough" });
  start(new Response(problem, { status: 503, headers }), new Feed());
  await soon();
  expect(states.at(-1)).toMatchObject({ kind: "refused", failure: { status: 503, type: "TooManyReaders" } });
  await vi.advanceTimersByTimeAsync(30_000);
  expect(kinds().at(-1)).toBe("open");
});

it("comes back when a refusal says that it may", async () => {
  const headers = { "Content-Type": "application/problem+json", "Retry-After": "1" };
  start(new Response("{}", { status: 503, headers }), new Feed());
  await soon();
  expect(kinds().at(-1)).toBe("refused");
  await vi.advanceTimersByTimeAsync(1000);
  expect(kinds().at(-1)).toBe("open");
});

it("is retried, put to sleep and closed by hand", async () => {
  start();
  await soon();
  feeds = [new Feed(), new Feed()];
  line?.retry();
  await soon();
  expect(kinds().at(-1)).toBe("open");
  line?.sleep();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(kinds().at(-1)).toBe("asleep");
  line?.retry();
  await soon();
  expect(kinds().at(-1)).toBe("open");
  const before = states.length;
  line?.close();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(states.length).toBe(before);
});

it("passes over what is still on its way, and nobody is told of a break", async () => {
  const [first, second] = [new Feed(), new Feed()];
  start(first, second);
  await soon();
  first.say("id: 41\ndata: a\n\n");
  await soon();
  line?.skip();
  await soon();
  expect(kinds()).toEqual(["connecting", "open", "connecting", "open"]);
  expect(asked[1]?.has("Last-Event-ID")).toBe(false);
});

it("takes what is no stream for a city that is not there", async () => {
  start(new Response("<html>", { headers: { "Content-Type": "text/html" } }));
  await soon();
  expect(kinds().at(-1)).toBe("lost");
});
