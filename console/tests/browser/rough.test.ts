// Bad times before a real city, MACHI being its program: a lost line, a restarted server, an entity that goes, floods of
// changes and notifications, hostile data. The page stays usable and says what happened, in both languages.
import { Agent, request } from "node:http";
import type { Map as GlMap } from "maplibre-gl";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { en } from "../../src/i18n/en";
import { ja } from "../../src/i18n/ja";
import { BUS, GAUGE, LAMP, at, lamp, shiomi } from "../mock/shiomi";
import { axeFaults } from "./audit";
import { launch, open } from "./chromium";
import { contrastFaults } from "./contrast";
import { featuresOf } from "./drawn";
import { MACHI, RealCity, bare } from "./realcity";

const LOCALES = { ja: "ja-JP", en: "en-GB" };
const [LONGITUDE, LATITUDE] = at(0.5, 0.6);
const WHOLE = `#view=map&at=${LATITUDE},${LONGITUDE},13.2`;
const LONG_MS = 180_000;
/** Changes of a flood; at a million a minute they take six seconds. */
const CHANGES = 100_000;
const LAMPS = 1000;
const NOTIFICATIONS = 20_000;
const SENDERS = 16;
const ATTRIBUTES = 9990;
const part = (name: string): string => `[data-part="${name}"]`;

describe.skipIf(!MACHI).each(["ja", "en"] as const)("in bad times, in %s, the page", (language) => {
  const words = { ja, en }[language];
  let browser: Browser;
  let city: RealCity;
  let page: Page;
  let faults: string[];

  beforeAll(async () => {
    [browser, city] = await Promise.all([launch(), RealCity.start()]);
    expect(await city.send("POST", "ngsi-ld/v1/entityOperations/create", bare(shiomi()))).toBe(201);
  });
  afterAll(async () => {
    await browser.close();
    await city.stop();
  });
  afterEach(async () => {
    const told = [await axeFaults(page), await contrastFaults(page)];
    await page.context().close();
    expect([...told, faults]).toEqual([[], [], []]);
  });

  async function visit(hash = WHOLE): Promise<void> {
    const options = { locale: LOCALES[language], viewport: { width: 1440, height: 900 } };
    ({ page, faults } = await open(browser, city.farUrl + hash, options));
    await page.waitForSelector('[data-line="open"]');
  }

  async function says(selector: string, text: string | RegExp): Promise<void> {
    await page.locator(selector).filter({ hasText: text }).first().waitFor();
  }

  const features = (type: string): Promise<Record<string, Record<string, unknown>>> => featuresOf(page, type);

  async function drawn(): Promise<void> {
    await page.waitForSelector('[data-idle="true"]');
    await expect.poll(async () => Object.keys(await features("Streetlight")).length).toBeGreaterThanOrEqual(60);
  }

  const turn = (powerState: string): Promise<number> =>
    city.send("PATCH", `ngsi-ld/v1/entities/${LAMP}/attrs/powerState`, { type: "Property", value: powerState });
  const stateOf = async (): Promise<unknown> => (await features("Streetlight"))[LAMP]?.["powerState"];

  it("tells of a lost connection, can still be read, and catches up", async () => {
    expect(await turn("on")).toBe(204);
    await visit();
    await drawn();
    // The panel was loaded while there was a connection.
    await expect.poll(() => page.evaluate(() => performance.getEntriesByType("resource").some(({ name }) => name.includes("EntityPanel")))).toBe(true);
    city.cut(true);
    await says('[role="status"]', words.lost);
    expect(Object.keys(await features("Streetlight")).length).toBe(60);
    await page.goto(`${city.farUrl}${WHOLE}&entity=${LAMP}`);
    await says(`${part("entity")} [role="alert"]`, words.failureUnreachable);
    expect(await turn("off")).toBe(204);
    city.cut(false);
    await page.waitForSelector('[data-line="open"]');
    await says('[role="status"]', words.back);
    await says(`${part("entity")} [data-attribute="powerState"]`, "off");
    await expect.poll(stateOf).toBe("off");
    expect(await page.locator('[role="alert"]').count()).toBe(0);
  });

  it("tells of a server that was killed, and goes on with the one that is started again", async () => {
    await visit(`${WHOLE}&entity=${GAUGE}`);
    await drawn();
    await page.getByText(words.areaByNumbers).click();
    const [longitude, latitude] = at(0.45, 0.5);
    await page.getByLabel(words.latitude).fill(String(latitude));
    await page.getByLabel(words.longitude).fill(String(longitude));
    await page.keyboard.press("Tab");
    await page.getByRole("button", { name: words.areaWatch }).click();
    await page.waitForSelector(part("arrivals"));
    await city.kill();
    await says('[role="status"]', words.lost);
    await says(`${part("entity")} [data-attribute="waterLevel"]`, "m");
    await city.begin();
    await page.waitForSelector('[data-line="open"]');
    await says('[role="status"]', words.back);
    expect(await city.send("PATCH", `ngsi-ld/v1/entities/${GAUGE}/attrs/waterLevel`, { type: "Property", value: 3.25, unitCode: "MTR" })).toBe(204);
    await says(`${part("entity")} [data-attribute="waterLevel"]`, "3.25");
    await says(`${part("arrivals")} li`, language === "ja" ? "汐見川 1番水位計" : "Shiomi River gauge 1");
    await page.getByRole("button", { name: words.areaStop }).click();
    await expect.poll(async () => (await fetch(new URL("ngsi-ld/v1/subscriptions", city.url))).json()).toEqual([]);
  });

  it("says so when an entity goes under its open panel, and when it is there again", async () => {
    await visit(`${WHOLE}&entity=${LAMP}`);
    await drawn();
    await page.waitForSelector(`${part("entity")} [role="switch"]`);
    expect(await city.send("DELETE", `ngsi-ld/v1/entities/${LAMP}`)).toBe(204);
    await says(`${part("entity")} [role="status"]`, words.entityDeleted);
    expect(await page.locator(`${part("entity")} [role="switch"]`).count()).toBe(0);
    await expect.poll(async () => LAMP in (await features("Streetlight"))).toBe(false);
    expect(await city.send("POST", "ngsi-ld/v1/entities", bare([lamp(2, "on")])[0])).toBe(201);
    await page.waitForSelector(`${part("entity")} [role="switch"][aria-checked="true"]`);
    await expect.poll(stateOf).toBe("on");
    await page.keyboard.press("Escape");
    await page.waitForSelector(part("entity"), { state: "detached" });
  });

  it("stands a million changes a minute", { timeout: LONG_MS }, async () => {
    const lights = Array.from({ length: LAMPS }, (_, n) => `urn:ngsi-ld:Streetlight:flood:${language}-${n}`);
    const [west, south] = at(0.3, 0.3);
    const light = (id: string, n: number): object => ({
      id,
      type: "Streetlight",
      powerState: { type: "Property", value: "on" },
      location: { type: "GeoProperty", value: { type: "Point", coordinates: [west + (n % 40) / 4000, south + Math.floor(n / 40) / 4000] } },
    });
    expect(await city.send("POST", "ngsi-ld/v1/entityOperations/create", lights.map(light))).toBe(201);
    await visit(`#view=map&at=${LATITUDE},${LONGITUDE},14.2`);
    await page.waitForSelector('[data-idle="true"]');
    const began = Date.now();
    let rounds = 0;
    const flood = (async () => {
      for (; rounds < CHANGES / LAMPS; rounds += 1) {
        const value = rounds % 2 ? "on" : "off";
        const fragments = lights.map((id) => ({ id, type: "Streetlight", powerState: { type: "Property", value } }));
        expect(await city.send("POST", "ngsi-ld/v1/entityOperations/update", fragments)).toBe(204);
        // No faster than a million a minute.
        await new Promise((resolve) => setTimeout(resolve, Math.max(0, began + (rounds + 1) * LAMPS * 0.06 - Date.now())));
      }
    })();
    // Whoever looks for something meanwhile finds it.
    await page.fill("#map-find", language === "ja" ? "汐見駅" : "shiomi station");
    await page.press("#map-find", "Enter");
    await page.locator(`${part("find")} li a`).first().click();
    await says(`${part("entity")} h2`, "urn:ngsi-ld:Station");
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: words.mapZoomIn }).click();
    const during = rounds;
    await flood;
    console.log(`${language}: ${CHANGES} changes in ${((Date.now() - began) / 1000).toFixed(1)} s; the reader was done after ${during * LAMPS}`);
    const [last = ""] = lights;
    await page.goto(`${city.farUrl}#view=map&at=${LATITUDE},${LONGITUDE},14.2&entity=${last}`);
    expect(await city.send("PATCH", `ngsi-ld/v1/entities/${last}/attrs/powerState`, { type: "Property", value: "late" })).toBe(204);
    await says(`${part("entity")} [data-attribute="powerState"]`, "late");
    await expect.poll(async () => (await features("Streetlight"))[last]?.["powerState"], { timeout: LONG_MS / 2 }).toBe("late");
    expect(await city.send("POST", "ngsi-ld/v1/entityOperations/delete", lights)).toBe(204);
  });

  it("stands a flood of notifications: the newest are shown, and all are counted", { timeout: LONG_MS }, async () => {
    await visit();
    await page.getByText(words.areaByNumbers).click();
    const [longitude, latitude] = at(0.3, 0.45);
    await page.getByLabel(words.latitude).fill(String(latitude));
    await page.getByLabel(words.longitude).fill(String(longitude));
    await page.keyboard.press("Tab");
    await page.getByRole("button", { name: words.areaWatch }).click();
    await page.waitForSelector(part("arrivals"));
    const [subscription] = (await (await fetch(new URL("ngsi-ld/v1/subscriptions", city.url))).json()) as { notification: { endpoint: { uri: string } } }[];
    const inbox = new URL(subscription?.notification.endpoint.uri ?? "");
    const began = Date.now();
    const waits = await flooded(new URL(inbox.pathname, city.url), BUS);
    console.log(`${language}: ${NOTIFICATIONS} notifications in ${((Date.now() - began) / 1000).toFixed(1)} s; the inbox asked ${waits} times to wait`);
    await says(`${part("arrivals")} [role="status"]`, words.areaArrivalsMore((NOTIFICATIONS - 50).toLocaleString(language)));
    await says(`${part("arrivals")} li:first-child`, language === "ja" ? "汐見循環" : "Shiomi Loop");
    expect(await page.locator(`${part("arrivals")} li`).count()).toBe(50);
    await page.getByRole("button", { name: words.areaStop }).click();
    await expect.poll(async () => (await fetch(new URL("ngsi-ld/v1/subscriptions", city.url))).json()).toEqual([]);
  });

  it("shows hostile entities as what they are", { timeout: LONG_MS }, async () => {
    const attack = '<img src=x onerror="document.title=1">\u202E<script>document.title=1</script>';
    const attributes = Object.fromEntries(Array.from({ length: ATTRIBUTES }, (_, n) => [`a${n}`, { type: "Property", value: n, unitCode: "constructor" }]));
    const hostile = {
      id: `urn:ngsi-ld:Vehicle:hostile-${language}`,
      type: ["Vehicle", "constructor"],
      name: { type: "LanguageProperty", languageMap: { en: attack + "!".repeat(100_000), ja: attack + "!".repeat(100_000) } },
      location: { type: "GeoProperty", value: { type: "Point", coordinates: [LONGITUDE, LATITUDE] } },
      ...attributes,
    };
    expect(await city.send("POST", "ngsi-ld/v1/entities", hostile)).toBe(201);
    await visit(`#view=map&at=${LATITUDE},${LONGITUDE},16&entity=${hostile.id}`);
    await says(`${part("entity")} [role="status"]`, words.attributesShown("100", (ATTRIBUTES + 2).toLocaleString(language)));
    expect(await page.locator("[data-attribute]").count()).toBe(100);
    await page.getByRole("button", { name: words.attributesMore("100") }).click();
    expect(await page.locator("[data-attribute]").count()).toBe(200);
    await page.getByLabel(words.attributesFilter).fill("a9989");
    await says('[data-attribute="a9989"]', "constructor");
    expect(await page.locator("[data-attribute]").count()).toBe(1);
    await page.getByLabel(words.attributesFilter).fill("nothing of this name");
    await says(part("entity"), words.attributesNoneFound);
    await page.getByText(words.json, { exact: true }).click();
    await says(part("entity"), words.jsonCut);
    await page.fill("#map-find", "onerror");
    await page.press("#map-find", "Enter");
    await says(`${part("find")} li a`, "<script>");
    expect((await page.locator(`${part("find")} li a`).first().innerText()).length).toBeLessThan(100);
    expect(await page.title()).toBe(words.title);
    expect(await city.send("DELETE", `ngsi-ld/v1/entities/${hostile.id}`)).toBe(204);
    await says(part("entity"), words.entityDeleted);
  });

  it("draws what was cut at the date line on both sides of it, and says so where it was not cut", async () => {
    const ring = (west: number, east: number): number[][][] => [[[west, -10], [east, -10], [east, 10], [west, 10], [west, -10]]];
    const zone = (id: string, value: object): object => ({ id: `urn:ngsi-ld:Zone:${id}`, type: "Zone", location: { type: "GeoProperty", value } });
    const beyond = zone(`beyond-${language}`, { type: "Polygon", coordinates: ring(170, 190) });
    expect(await city.send("POST", "ngsi-ld/v1/entities", beyond)).toBe(400);
    const [cut, uncut] = [`cut-${language}`, `uncut-${language}`];
    expect(await city.send("POST", "ngsi-ld/v1/entities", zone(cut, { type: "MultiPolygon", coordinates: [ring(170, 180), ring(-180, -170)] }))).toBe(201);
    expect(await city.send("POST", "ngsi-ld/v1/entities", zone(uncut, { type: "Polygon", coordinates: ring(170, -170) }))).toBe(201);
    await visit(`#view=map&layers=Zone&at=40,0,1&entity=urn:ngsi-ld:Zone:${cut}`);
    // The map goes to the shape, and not to the whole globe that its corners span.
    await expect.poll(() => page.evaluate(() => (document.querySelector(".ground") as unknown as { map?: GlMap } | null)?.map?.getZoom() ?? 0)).toBeGreaterThan(3);
    const sides = (): Promise<boolean[]> =>
      page.evaluate((wanted) => {
        const { map } = document.querySelector(".ground") as unknown as { map: GlMap };
        const layers = map.getStyle().layers.filter((one) => (one.metadata as { type?: string })?.type === "Zone" && one.type === "fill").map(({ id }) => id);
        // Where the map stands, the same longitude may be written another turn around the globe.
        const turned = (longitude: number): number => longitude + 360 * Math.round((map.getCenter().lng - longitude) / 360);
        return [175, 185].map(turned).map((longitude) => map.queryRenderedFeatures(map.project([longitude, 5]), { layers }).some((one) => one.properties["id"] === wanted));
      }, `urn:ngsi-ld:Zone:${cut}`);
    await expect.poll(sides).toEqual([true, true]);
    expect(await page.getByText(words.shapeTooWide).count()).toBe(0);
    await page.goto(`${city.farUrl}#view=map&layers=Zone&entity=urn:ngsi-ld:Zone:${uncut}`);
    await says(`${part("entity")} [data-attribute="location"]`, words.shapeTooWide);
    for (const id of [cut, uncut]) expect(await city.send("DELETE", `ngsi-ld/v1/entities/urn:ngsi-ld:Zone:${id}`)).toBe(204);
  });

  it("shows no secrets of receivers", async () => {
    const id = `urn:ngsi-ld:Subscription:secret-${language}`;
    const uris = ["http://127.0.0.1:9/hooks/x1ZkQe9cPq77aLmN3b5v?token=to-ken&level=3", "mqtt://operator:pass-word@127.0.0.1:9/alarm"];
    const hidden = ["http://127.0.0.1:9/hooks/***?token=***&level=***", "mqtt://***@127.0.0.1:9/alarm"];
    for (const [n, uri] of uris.entries()) {
      const subscription = { id: id + n, type: "Subscription", entities: [{ type: "Vehicle" }], notification: { endpoint: { uri, accept: "application/json" } } };
      expect(await city.send("POST", "ngsi-ld/v1/subscriptions", subscription)).toBe(201);
    }
    await visit("");
    for (const [n, shown] of hidden.entries()) await says(`[data-subscription="${id + n}"]`, shown);
    const shown = await page.content();
    for (const secret of ["operator", "pass-word", "x1ZkQe9cPq77aLmN3b5v", "to-ken"]) expect(shown).not.toContain(secret);
    for (const n of uris.keys()) expect(await city.send("DELETE", `ngsi-ld/v1/subscriptions/${id + n}`)).toBe(204);
  });
});

/** Posts many notifications of one entity to an inbox, several at once; gives how often it asked to wait. */
async function flooded(inbox: URL, entity: string): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: SENDERS });
  const bus = bare(shiomi()).find(({ id }) => id === entity);
  let [left, waits] = [NOTIFICATIONS, 0];
  const post = (body: string): Promise<number> =>
    new Promise((resolve, reject) => {
      const headers = { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) };
      const sent = request(inbox, { method: "POST", agent, headers }, (answer) => answer.resume().on("end", () => resolve(answer.statusCode ?? 0)));
      sent.on("error", reject).end(body);
    });
  const work = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const body = JSON.stringify({ id: `urn:ngsi-ld:Notification:${left}`, type: "Notification", notifiedAt: new Date().toISOString(), data: [bus] });
      for (let status = await post(body); status !== 204; status = await post(body)) {
        expect(status).toBe(503);
        waits += 1;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  };
  await Promise.all(Array.from({ length: SENDERS }, work));
  agent.destroy();
  return waits;
}
