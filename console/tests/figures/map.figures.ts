// The figures of the map before a real demo city at MACHI_URL, whose simulator rests: `make bench-map` starts both.
//
// FIGURES names the file that gets the table, UPDATES the generator of updates, MINUTES how long memory is watched.
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launch, open } from "../browser/chromium";
import { readyToCount } from "../browser/counting";
import { type Memory, isFlat, memoryOf, thirdsOf } from "./memory";
import { Table, megabytes, milliseconds, seconds, within } from "./table";
import { Updates } from "./updates";
import { type Pace, type Seen, instrument, onesInSight, pan, picturesOf, seenAt } from "./watch";

const CITY = process.env["MACHI_URL"] ?? "";
const UPDATES = process.env["UPDATES"] ?? "";
const MINUTES = Number(process.env["MINUTES"] ?? 10);
const table = new Table(process.env["FIGURES"] ?? "");

const VIEWPORT = { width: 1440, height: 900 };
const OPENINGS = 5;
const PANNING_MS = 10_000;
const A_SECOND = 1000;
const CHANGES = 30;
const PATIENCE_MS = 15_000;
const TILE_ROUNDS = 5;

const FIRST_PICTURE_MS = 3000;
const FRAMES = 30;
const SHOWN_MS = 1000;
const TILE_MS = 50;

/** How close the map is looked at: the city as it opens, its streets, and houses. */
const ZOOMS = { city: null, streets: 14.5, houses: 16.5 };
type Closeness = keyof typeof ZOOMS;

describe.skipIf(!CITY || !UPDATES || !process.env["FIGURES"])("the map of a demo city", () => {
  let browser: Browser;
  let page: Page;
  let at = "";
  const tiles = new Set<string>();

  beforeAll(async () => {
    const answer = await fetch(CITY);
    expect(await answer.text(), "the binary holds no page: build it with the console").toContain("<script");
    browser = await launch();
  });
  afterAll(async () => {
    await browser?.close();
  });

  /** A page of a reader who was never here, with the instruments in it. */
  async function opened(view = ""): Promise<Page> {
    const { page: fresh } = await open(browser, "about:blank", { viewport: VIEWPORT, locale: "ja-JP" });
    await readyToCount(fresh);
    await instrument(fresh);
    fresh.on("request", (request) => {
      if (request.url().includes("/machi/v1/tiles/") && request.url().includes("?")) tiles.add(request.url());
    });
    await fresh.goto(`${CITY}#${new URLSearchParams({ view: "map", ...(view ? { at: view } : {}) })}`);
    return fresh;
  }

  function placeAt(closeness: Closeness): string {
    return ZOOMS[closeness] === null ? "" : `${at},${ZOOMS[closeness]}`;
  }

  async function goTo(closeness: Closeness): Promise<void> {
    await page.context().close();
    page = await opened(placeAt(closeness));
    await picturesOf(page);
  }

  it("comes within its time", async () => {
    await table.begin();
    const [first, whole]: [number[], number[]] = [[], []];
    for (let opening = 0; opening < OPENINGS; opening += 1) {
      await page?.context().close();
      page = await opened();
      const pictures = await picturesOf(page);
      first.push(pictures.first);
      whole.push(pictures.whole);
    }
    const told = (values: number[]): string => `${seconds(within(values, 0.5))}, longest ${seconds(Math.max(...values))}`;
    await table.tell({ what: `first picture, ${OPENINGS} openings`, value: told(first), bound: seconds(FIRST_PICTURE_MS), isKept: Math.max(...first) <= FIRST_PICTURE_MS });
    await table.tell({ what: "everything in sight", value: told(whole), bound: "", isKept: null });
    at = await page.evaluate(() => {
      const { lat, lng } = window.mapOfCity().getCenter();
      return `${lat.toFixed(5)},${lng.toFixed(5)}`;
    });
  });

  async function panEverywhere(when: string, isPromised: boolean): Promise<void> {
    for (const closeness of Object.keys(ZOOMS) as Closeness[]) {
      await goTo(closeness);
      const { page: frames, map: pictures } = await pan(page, PANNING_MS);
      const told = (pace: Pace): string => `${pace.perSecond.toFixed(0)}/s (p95 ${milliseconds(pace.p95Ms)}, longest ${milliseconds(pace.longestMs)})`;
      await table.tell({
        what: `panning over the ${closeness}, ${when}`,
        value: `${told(pictures)}; frames of the page ${frames.perSecond.toFixed(0)}/s`,
        bound: isPromised ? `${FRAMES}/s` : "",
        isKept: isPromised ? Math.min(pictures.perSecond, frames.perSecond) >= FRAMES : null,
      });
    }
  }

  it("follows the hand while the city rests", () => panEverywhere("city at rest", true));

  it("gets its tiles in time", async () => {
    const slowest = { ms: 0, features: 0, path: "" };
    const fullest = { ms: 0, features: 0, path: "" };
    for (const url of tiles) {
      const times: number[] = [];
      let features = 0;
      for (let round = 0; round < TILE_ROUNDS; round += 1) {
        const started = performance.now();
        const bytes = Buffer.from(await (await fetch(url)).arrayBuffer());
        times.push(performance.now() - started);
        features = countOf(bytes, "urn:ngsi-ld:");
      }
      const { pathname } = new URL(url);
      const one = { ms: within(times, 0.5), features, path: pathname.replace("/machi/v1/tiles/", "") };
      if (one.ms > slowest.ms) Object.assign(slowest, one);
      if (one.features > fullest.features) Object.assign(fullest, one);
    }
    const told = ({ ms, features, path }: typeof slowest): string => `${milliseconds(ms)} (${features} features, ${path})`;
    await table.tell({ what: `slowest of ${tiles.size} tiles, middle of ${TILE_ROUNDS}`, value: told(slowest), bound: milliseconds(TILE_MS), isKept: slowest.ms <= TILE_MS });
    await table.tell({ what: "tile with the most features", value: told(fullest), bound: "", isKept: null });
  });

  describe("while it is updated", () => {
    let updates: Updates;

    beforeAll(async () => {
      updates = await Updates.start(UPDATES, CITY, A_SECOND);
    });
    afterAll(async () => {
      updates.stop();
      const isKept = updates.refused === 0 && updates.perSecond > A_SECOND * 0.98;
      await table.tell({ what: "updates meanwhile", value: `${updates.perSecond.toFixed(0)}/s, ${updates.refused} refused; last ${updates.last}`, bound: `${A_SECOND}/s`, isKept });
    });

    it("shows a change within its time", async () => {
      await goTo("houses");
      await latency("a streetlight among the houses", "Streetlight", "powerState", (number) => ["on", "off"][number % 2] ?? "");
      await goTo("streets");
      await latency("a streetlight in the streets", "Streetlight", "powerState", (number) => ["on", "off"][number % 2] ?? "");
      await goTo("city");
      await latency("a weather station, the city in sight", "WeatherObserved", "temperature", (number) => 40 + number / 100);
    });

    /** From the answer to a change until the map shows it, of some entities by turns. */
    async function latency(what: string, type: string, attribute: string, valueOf: (number: number) => string | number): Promise<void> {
      const seen = await onesInSight(page, CITY, type, CHANGES);
      expect(seen.length, `${type} in sight`).toBeGreaterThan(0);
      const delays: number[] = [];
      for (let number = 0; number < CHANGES; number += 1) {
        const one = seen[number % seen.length] as Seen;
        const now = await valueNow(one.id, attribute);
        const value = [valueOf(number), valueOf(number + 1)].find((other) => other !== now) ?? "";
        const watched = seenAt(page, { ...one, type, attribute, value }, PATIENCE_MS);
        const committed = await change(one.id, attribute, value);
        const shown = await watched;
        delays.push(shown === null ? Infinity : Math.max(0, shown - committed));
        // Not in step with anything that the page does at fixed times.
        await new Promise((resolve) => setTimeout(resolve, 200 + Math.random() * 600));
      }
      const longest = Math.max(...delays);
      const value = `${milliseconds(within(delays, 0.5))}, p95 ${milliseconds(within(delays, 0.95))}, longest ${milliseconds(longest)}`;
      await table.tell({ what: `commit to sight, ${what}, ${delays.length} changes`, value, bound: seconds(SHOWN_MS), isKept: longest <= SHOWN_MS });
    }

    it("follows the hand all the same", () => panEverywhere(`${A_SECOND} updates/s`, false));

    it("takes no more memory with time", async () => {
      await goTo("city");
      const sizes: Memory[] = [];
      for (let minute = 0; minute <= MINUTES; minute += 1) {
        if (minute > 0) await aMinuteOfUse();
        sizes.push(await memoryOf(browser, page));
        const { heap, renderer, drawing } = sizes.at(-1) as Memory;
        await table.tell({ what: `memory after ${minute} min`, value: `heap ${megabytes(heap)}, page's process ${megabytes(renderer)}, drawing ${megabytes(drawing)}`, bound: "", isKept: null });
      }
      for (const [name, of] of [["heap", ({ heap }) => heap], ["page's process", ({ renderer }) => renderer], ["drawing process", ({ drawing }) => drawing]] as [string, (one: Memory) => number][]) {
        const { early, late } = thirdsOf(sizes.map(of));
        await table.tell({ what: `memory over ${MINUTES} min, ${name}`, value: `${megabytes(early)} early, ${megabytes(late)} late`, bound: "flat (a tenth and 16 MB)", isKept: isFlat(sizes.map(of)) });
      }
    });

    /** A reader looks, drags, goes close and comes back. */
    async function aMinuteOfUse(): Promise<void> {
      const until = Date.now() + 60_000;
      const { center, zoom } = await page.evaluate(() => ({ center: window.mapOfCity().getCenter().toArray(), zoom: window.mapOfCity().getZoom() }));
      await pan(page, 5000);
      for (const closer of [14.5, 16.5, zoom]) {
        await page.evaluate(({ center, closer }) => void window.mapOfCity().flyTo({ center, zoom: closer, duration: 2000 }), { center, closer });
        await page.waitForTimeout(8000);
      }
      await page.waitForTimeout(Math.max(0, until - Date.now()));
    }
  });

  async function valueNow(id: string, attribute: string): Promise<unknown> {
    const answer = await fetch(new URL(`ngsi-ld/v1/entities/${id}?options=keyValues`, CITY));
    return ((await answer.json()) as Record<string, unknown>)[attribute];
  }

  /** Changes an attribute and tells when that was answered. */
  async function change(id: string, attribute: string, value: string | number): Promise<number> {
    const body = JSON.stringify({ [attribute]: { type: "Property", value } });
    const answer = await fetch(new URL(`ngsi-ld/v1/entities/${id}/attrs`, CITY), { method: "PATCH", headers: { "Content-Type": "application/json" }, body });
    const committed = Date.now();
    expect(answer.status).toBe(204);
    return committed;
  }

  it("keeps what is promised", () => {
    expect(table.missed).toEqual([]);
  });
});

function countOf(bytes: Buffer, text: string): number {
  let count = 0;
  for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + 1)) count += 1;
  return count;
}
