// Each layer of the map before a real city at MACHI_URL, whatever is in it: what Chromium counts is what the API counts.
//
// COUNTS names a file for one line for each layer, and what differs; `make realdata` prints it.
import { appendFile } from "node:fs/promises";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { geometryOf } from "../../src/map/feature";
import { type Place, inSight, lookAt, oneByOne, readyToCount, typesShown } from "./counting";
import { launch, open } from "./chromium";

const CITY = process.env["MACHI_URL"];
const REPORT = process.env["COUNTS"];
const MS = 1_800_000;
/** Half around the earth: whatever has a place is near. */
const ANYWHERE = { georel: "near;maxDistance==20100000", geometry: "Point", coordinates: "[0,0]" };
const COUNT = "NGSILD-Results-Count";
const AT_ONCE = 1000;

describe.skipIf(!CITY || !REPORT)("the layers of the map", () => {
  let browser: Browser;
  let layersCounted = 0;
  const faults: string[] = [];

  beforeAll(async () => {
    const page = await (await fetch(CITY ?? "")).text();
    expect(page, "the binary holds no page: build it with the console").toContain("<script");
    browser = await launch();
  });
  afterAll(async () => {
    await browser.close();
    for (const fault of faults) await tell(`NOT AS EXPECTED: ${fault}`);
  });

  async function tell(line: string): Promise<void> {
    await appendFile(REPORT ?? "", `${line}\n`);
  }

  async function ask(path: string, tenant: string): Promise<Response> {
    const answer = await fetch(new URL(path, CITY), { headers: tenant ? { "NGSILD-Tenant": tenant } : {} });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer;
  }

  async function count(parameters: Record<string, string>, tenant: string): Promise<number> {
    const answer = await ask(`ngsi-ld/v1/entities?${new URLSearchParams({ ...parameters, limit: "0", count: "true" })}`, tenant);
    return Number(answer.headers.get(COUNT));
  }

  /** Where the entities of a type are: a corner of each. */
  async function placesOf(type: string, total: number, tenant: string): Promise<Map<string, Place>> {
    const places = new Map<string, Place>();
    for (let offset = 0; offset < total; offset += AT_ONCE) {
      const parameters = new URLSearchParams({ type, ...ANYWHERE, pick: "id,location", limit: String(AT_ONCE), offset: String(offset) });
      const found = (await (await ask(`ngsi-ld/v1/entities?${parameters}`, tenant)).json()) as { id: string; location: unknown }[];
      for (const { id, location } of found) {
        const geometry = geometryOf(location);
        let corner: unknown = geometry && "coordinates" in geometry ? geometry.coordinates : [];
        while (Array.isArray(corner) && Array.isArray(corner[0])) [corner] = corner;
        places.set(id, corner as Place);
      }
    }
    return places;
  }

  it("hold as many entities as the API counts", { timeout: MS }, async () => {
    const tenants = (await (await ask("machi/v1/tenants", "")).json()) as { tenant: string; entities: number }[];
    for (const { tenant: written, entities } of tenants) {
      const tenant = written === "-" ? "" : written;
      if (entities > 0) await countTenant(tenant);
    }
    expect(faults).toEqual([]);
    expect(layersCounted).toBeGreaterThan(0);
  });

  async function countTenant(tenant: string): Promise<void> {
    const { typeList } = (await (await ask("ngsi-ld/v1/types", tenant)).json()) as { typeList: string | string[] };
    const layers: { type: string; bounds: number[]; all: number; placed: number }[] = [];
    for (const type of [typeList].flat()) {
      const [all, placed] = [await count({ type }, tenant), await count({ type, ...ANYWHERE }, tenant)];
      const { bounds } = (await (await ask(`machi/v1/tiles/${encodeURIComponent(type)}`, tenant)).json()) as { bounds?: number[] };
      if (bounds) layers.push({ type, bounds, all, placed });
      else if (placed > 0) faults.push(`${tenant} ${type}: ${placed} have a place, and its tiles tell of none`);
    }
    if (layers.length === 0) return;
    const { page, faults: told } = await open(browser, "about:blank");
    await readyToCount(page);
    await page.goto(`${CITY}#${new URLSearchParams({ view: "map", tenant })}`);
    await page.waitForSelector('[data-idle="true"]');
    for (const { type, bounds, all, placed } of layers) {
      // One layer at a time: whatever else is drawn costs time and tells nothing.
      await page.evaluate((hash) => void (location.hash = hash), new URLSearchParams({ view: "map", tenant, layers: type }).toString());
      await expect.poll(() => typesShown(page), { message: type }).toEqual([type]);
      await lookAt(page, bounds);
      const { isShown, ids, clusters, crowded } = await inSight(page, type);
      const single = await oneByOne(page, type, await placesOf(type, placed, tenant));
      const whole = isShown ? `${ids.length + crowded} at once (${clusters} clusters)` : "shown from closer only";
      layersCounted += 1;
      await tell(`${tenant || "-"} ${type}: ${all} by the API, ${placed} of them with a place; on the map ${whole}, ${single.ids.size} one by one (${single.looks + 1} looks)`);
      if (isShown && ids.length + crowded !== placed) faults.push(`${tenant} ${type}: the map shows ${ids.length + crowded} at once, the API counts ${placed}`);
      if (single.ids.size !== placed) faults.push(`${tenant} ${type}: the map shows ${single.ids.size} one by one, the API counts ${placed}`);
    }
    faults.push(...told.map((fault) => `${tenant}: the page says ${fault}`));
    await page.context().close();
  }
});
