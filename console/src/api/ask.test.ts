// What goes out with a request, and what an answer comes to.
import { afterEach, expect, it, vi } from "vitest";
import { AskError, ask, asOf, base, clock, failureOf, headersOf, isAbort, own } from "./ask";

const asking = { tenant: "aoi", language: "ja" as const, context: "https://example.org/c.jsonld" };
const stub = (answer: (url: URL, init: RequestInit) => Promise<Response>): void => void vi.stubGlobal("fetch", answer);

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

async function failure(): Promise<unknown> {
  return ask("ngsi-ld/v1/types", asking).then(
    () => "no failure",
    (error: unknown) => (error instanceof AskError ? error.failure : error),
  );
}

it("names tenant, @context and language", async () => {
  let asked: Headers | undefined;
  let address = "";
  stub(async (url, init) => {
    asked = init.headers as Headers;
    address = url.href;
    return new Response('{"a":1}');
  });
  const reads = own.reads;
  expect((await ask("ngsi-ld/v1/types?details=true", asking)).body).toEqual({ a: 1 });
  expect(address).toBe(`${base()}ngsi-ld/v1/types?details=true`);
  expect(asked?.get("NGSILD-Tenant")).toBe("aoi");
  expect(asked?.get("Link")).toContain("<https://example.org/c.jsonld>; rel=");
  expect(asked?.get("Accept-Language")).toBe("ja");
  expect(own.reads).toBe(reads + 1);
  expect(own.ended).toBe(own.begun);
});

it("needs no headers for the default tenant and the core @context", () => {
  expect(headersOf({ tenant: "", context: "" })).toEqual([]);
});

it("passes on what the city refuses, in its own words", async () => {
  const body = { type: "https://uri.etsi.org/ngsi-ld/errors/BadRequestData", title: "Bad", detail: "q: at 4" };
  stub(async () => new Response(JSON.stringify(body), { status: 400, headers: { "X-Request-Id": "a7" } }));
  expect(await failure()).toEqual({
    kind: "refused",
    status: 400,
    type: "BadRequestData",
    title: "Bad",
    detail: "q: at 4",
    requestId: "a7",
  });
});

it("tells an answer that it cannot read from none", async () => {
  stub(async () => new Response("<html>"));
  expect(await failure()).toEqual({ kind: "unreadable", status: 200 });
  stub(async () => new Response("Bad gateway", { status: 502 }));
  expect(await failure()).toEqual({ kind: "unreadable", status: 502 });
  stub(async () => Promise.reject(new TypeError("Failed to fetch")));
  expect(await failure()).toEqual({ kind: "unreachable" });
});

it("lets a request that the page gave up pass as it is", async () => {
  const control = new AbortController();
  control.abort();
  stub(async (_, init) => Promise.reject(init.signal?.reason ?? new TypeError("no signal")));
  const error = await ask("a", { ...asking, signal: control.signal }).catch((thrown: unknown) => thrown);
  expect(isAbort(error)).toBe(true);
  expect(failureOf(error)).toEqual({ kind: "unreadable", status: 0 });
});

it("tells a clock that is wrong from an answer that is read late", async () => {
  vi.useFakeTimers({ now: Date.parse("2026-01-01T00:00:00.700Z"), toFake: ["Date"] });
  /** The server's clock is ahead by so much, and the page comes to the answer so much later. */
  const read = async (aheadMs: number, lateMs: number): Promise<number> => {
    stub(async () => {
      const date = new Date(Date.now() + aheadMs).toUTCString();
      vi.setSystemTime(Date.now() + lateMs);
      return new Response("{}", { headers: { Date: date } });
    });
    await ask("a", asking);
    return clock.aheadMs;
  };
  expect(await read(0, 0)).toBe(0);
  expect(await read(0, 15_000)).toBe(0);
  expect(Math.abs((await read(60_000, 0)) - 60_000)).toBeLessThanOrEqual(1000);
  expect(Math.abs((await read(60_000, 15_000)) - 60_000)).toBeLessThanOrEqual(1000);
  expect(Math.abs(await read(0, 10))).toBeLessThanOrEqual(1000);
});

it("asks for an instant of the past, of a further page, too", async () => {
  let address = "";
  stub(async (url) => {
    address = url.href;
    return new Response("[]");
  });
  const instant = "2026-11-23T10:00:00.000Z";
  await ask("ngsi-ld/v1/entities?type=Room", { ...asking, asOf: instant });
  expect(new URL(address).searchParams.get("asOf")).toBe(instant);
  expect(asOf(asOf("ngsi-ld/v1/entities?type=Room", "2001-01-01T00:00:00Z"), instant)).toBe("ngsi-ld/v1/entities?type=Room&asOf=2026-11-23T10%3A00%3A00.000Z");
  await ask("ngsi-ld/v1/entities?type=Room", { ...asking, asOf: "" });
  expect(new URL(address).searchParams.has("asOf")).toBe(false);
});
