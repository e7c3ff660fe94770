// The map of the built page in a real browser, before a city that does what each test asks of it.
import { brotliCompressSync } from "node:zlib";
import type { BrowserContextOptions } from "playwright-core";
import { describe, expect, it } from "vitest";
import type { Map as GlMap } from "maplibre-gl";
import { BUS, FLOOD, GAUGE, LAMP, at, bus, gauge, lamp, shiomi } from "../mock/shiomi";
import { ariaOf, axeFaults } from "./audit";
import { contrastFaults } from "./contrast";
import { city, enter, visit as open, page, part, says, setStage } from "./stage";

/** What the map may weigh before its first picture, as brotli packs it. */
const MOST_SCRIPT = 300_000;
const LOCALES = { ja: "ja-JP", en: "en-GB" };
const [LONGITUDE, LATITUDE] = at(0.5, 0.6);
const WIDE = { viewport: { width: 1440, height: 900 } };
const WHOLE = `#view=map&at=${LATITUDE},${LONGITUDE},13.2`;

setStage(shiomi);

const visit = (hash = WHOLE, options: BrowserContextOptions = {}): Promise<void> =>
  open(hash, { ...WIDE, ...options });

async function drawn(): Promise<void> {
  await page.waitForSelector('[data-idle="true"]');
}

/** The ids that the map draws of a type, and what it knows of them. */
async function features(type: string): Promise<Record<string, Record<string, unknown>>> {
  return page.evaluate((wanted) => {
    const { map } = document.querySelector(".ground") as unknown as { map: GlMap };
    const layers = map.getStyle().layers.filter((one) => (one.metadata as { type?: string })?.type === wanted).map(({ id }) => id);
    const found = map.queryRenderedFeatures({ layers }).filter((one) => !one.state["gone"]);
    return Object.fromEntries(
      found.map((one) => {
        const place = one.geometry.type === "Point" ? map.project(one.geometry.coordinates as [number, number]) : { x: 0, y: 0 };
        return [String(one.properties["id"] ?? one.properties["count"]), { ...one.properties, ...one.state, x: place.x, y: place.y }];
      }),
    );
  }, type);
}

/** Where an entity stands within the page. */
async function spot(type: string, id: string): Promise<{ x: number; y: number }> {
  const { x, y } = (await features(type))[id] as { x: number; y: number };
  const stage = await page.locator(".ground").boundingBox();
  return { x: x + (stage?.x ?? 0), y: y + (stage?.y ?? 0) };
}

describe("the map", () => {
  it("asks its own city alone, under a policy without eval, and for at most 300 kB of script", async () => {
    const scripts = new Map<string, Promise<Buffer>>();
    const origins = new Set<string>();
    const errors: string[] = [];
    await enter("about:blank", WIDE);
    const context = page.context();
    page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
    context.on("request", (request) => origins.add(new URL(request.url()).origin));
    context.on("response", (response) => {
      if (response.url().endsWith(".js")) scripts.set(response.url(), response.body());
    });
    const answer = await page.goto(city.url + WHOLE);
    const policy = answer?.headers()["content-security-policy"] ?? "";
    await drawn();
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/unsafe|https?:|data:|blob:|\*/);
    expect([...origins]).toEqual([new URL(city.url).origin]);
    expect(errors).toEqual([]);
    expect([...scripts.keys()].some((url) => url.includes("worker"))).toBe(true);
    // What may be needed later is loaded after the first picture.
    const later = await page.evaluate(() => {
      const picture = performance.getEntriesByName("first-picture")[0]?.startTime ?? Infinity;
      return performance.getEntriesByType("resource").filter(({ startTime }) => startTime > picture).map(({ name }) => name);
    });
    const first = [...scripts].filter(([url]) => !later.includes(url));
    const sizes = await Promise.all(first.map(async ([, body]) => brotliCompressSync(await body).length));
    const total = sizes.reduce((sum, size) => sum + size, 0);
    console.log(`script before the first picture: ${total} bytes of brotli`);
    expect(total).toBeLessThanOrEqual(MOST_SCRIPT);
  });

  it("draws what the city counts, by type", async () => {
    await visit();
    await drawn();
    for (const type of ["Vehicle", "WaterObserved", "OffStreetParking", "Streetlight", "EvacuationShelter", "AED", "Station"]) {
      const count = [...city.entities.values()].filter((one) => one["type"] === type).length;
      expect(Object.keys(await features(type)).length, type).toBe(count);
      expect(await page.locator(`[data-layer="${type}"] .number`).first().innerText(), type).toBe(String(count));
    }
    await page.evaluate(() => (document.querySelector(".ground") as unknown as { map: GlMap }).map.jumpTo({ zoom: 11 }));
    await expect.poll(async () => Object.keys(await features("Building")).length).toBe(0);
  });

  it("shows crowds as clusters with their counts, and goes into one at a click", async () => {
    for (let n = 61; n < 90; n += 1) city.entities.set(`urn:ngsi-ld:AED:shiomi:${n}`, { ...city.entities.get("urn:ngsi-ld:AED:shiomi:1"), id: `urn:ngsi-ld:AED:shiomi:${n}` });
    // A crowd of a type that the map does not know, so that low zooms draw it.
    for (const [id, one] of city.entities) if (one["type"] === "AED") city.entities.set(id, { ...one, type: "Bench" });
    await visit(`#view=map&layers=Bench&at=${LATITUDE},${LONGITUDE},10`);
    await drawn();
    await expect.poll(async () => Object.keys(await features("Bench"))).toEqual(["30"]);
    const { x, y } = await spot("Bench", "30");
    await page.mouse.click(x, y);
    await expect.poll(() => page.evaluate(() => (document.querySelector(".ground") as unknown as { map: GlMap }).map.getZoom())).toBeGreaterThan(11.5);
  });

  it("moves what moves", async () => {
    await visit();
    await drawn();
    const before = await spot("Vehicle", BUS);
    city.put(bus(1, 0.4, 0.45, 5));
    await expect.poll(async () => (await features("Vehicle"))[BUS]?.["delay"], { interval: 20 }).toBe(5);
    expect((await spot("Vehicle", BUS)).x).toBeGreaterThan(before.x + 20);
    expect(Object.keys(await features("Vehicle")).length).toBe(3);
    city.put(lamp(2, "off"));
    await expect.poll(async () => (await features("Streetlight"))[LAMP]?.["powerState"]).toBe("off");
    city.delete(LAMP);
    await expect.poll(async () => LAMP in (await features("Streetlight"))).toBe(false);
    city.put(lamp(2, "on"));
    await expect.poll(async () => LAMP in (await features("Streetlight"))).toBe(true);
  });

  it("paints newer values where the tile has the entity, and draws it once where it has moved as well", async () => {
    await visit();
    await drawn();
    /** How often a lamp is drawn, and how. */
    const painted = (): Promise<unknown[][]> =>
      page.evaluate((wanted) => {
        const { map } = document.querySelector(".ground") as unknown as { map: GlMap };
        const found = map.queryRenderedFeatures({ layers: ["tile:dot:Streetlight", "live:dot:Streetlight"] });
        const lamps = found.filter((one) => one.properties["id"] === wanted && !one.state["gone"]);
        return lamps.map((one) => [one.layer.id, one.state["powerState"] ?? one.properties["powerState"]]);
      }, LAMP);
    expect(await painted()).toEqual([["tile:dot:Streetlight", "on"]]);
    const change = (next: Record<string, unknown>, ...attributes: string[]): void => {
      city.entities.set(LAMP, next);
      city.change("changed", LAMP, "Streetlight", attributes);
    };
    change(lamp(2, "off"), "powerState");
    await expect.poll(painted).toEqual([["tile:dot:Streetlight", "off"]]);
    // Two changes that come together: the one that moved it is not forgotten for the other.
    const moved = { ...lamp(2, "on"), location: lamp(3, "on")["location"] };
    change(moved, "location");
    change(moved, "powerState");
    await expect.poll(painted).toEqual([["live:dot:Streetlight", "on"]]);
    change({ ...moved, powerState: lamp(2, "off")["powerState"] }, "powerState");
    await expect.poll(painted).toEqual([["live:dot:Streetlight", "off"]]);
  });

  it("draws ground anew when it changes", async () => {
    await visit(`#view=map&at=${LATITUDE},${LONGITUDE},14.5`);
    await drawn();
    const houses = async (): Promise<string[]> => Object.keys(await features("Building"));
    const before = await houses();
    const [first = ""] = before;
    const house = city.entities.get(first);
    city.delete(first);
    await expect.poll(houses).not.toContain(first);
    city.put({ ...house, id: first });
    await expect.poll(houses).toContain(first);
    expect((await houses()).length).toBe(before.length);
  });

  it("stands a flood: frames stay free, and the newest is shown", async () => {
    await visit();
    await drawn();
    await page.evaluate(() => {
      const gaps: number[] = [];
      let last = performance.now();
      const frame = (): void => {
        gaps.push(performance.now() - last);
        last = performance.now();
        requestAnimationFrame(frame);
      };
      requestAnimationFrame(frame);
      Object.assign(window, { gaps });
    });
    /** The frames since the last look, while the whole map is painted again for each. */
    const frames = async (): Promise<{ middle: number; worst: number }> => {
      const gaps = await page.evaluate(() => (window as unknown as { gaps: number[] }).gaps.splice(0).sort((a, b) => a - b));
      return { middle: gaps[Math.floor(gaps.length / 2)] ?? 0, worst: gaps.at(-1) ?? 0 };
    };
    await page.evaluate(() => ((document.querySelector(".ground") as unknown as { map: GlMap }).map.repaint = true));
    await frames();
    await page.waitForTimeout(2000);
    const calm = await frames();
    for (let round = 0; round < 20; round += 1) {
      for (let n = 1; n <= 60; n += 1) city.put(lamp(n, round % 2 ? "on" : "off"));
      for (let n = 0; n < 440; n += 1) city.change("changed", `urn:ngsi-ld:Streetlight:far:${round}-${n}`, "Streetlight", ["powerState"]);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    city.put(lamp(2, "off"));
    const busy = await frames();
    await expect.poll(async () => (await features("Streetlight"))[LAMP]?.["powerState"]).toBe("off");
    const told = ({ middle, worst }: typeof calm): string => `median ${middle.toFixed(0)} ms, worst ${worst.toFixed(0)} ms`;
    console.log(`frames of a calm map: ${told(calm)}; under 10,000 changes: ${told(busy)}`);
    // What software takes to paint the map is no matter of the flood.
    expect(busy.middle).toBeLessThan(4 * calm.middle + 100);
    expect(busy.worst).toBeLessThan(calm.worst + 3000);
    expect(Object.keys(await features("Streetlight")).length).toBe(60);
  });

  it("catches up with what changed out of sight", async () => {
    await visit();
    await drawn();
    city.entities.set(LAMP, lamp(2, "off"));
    city.goDown();
    await page.waitForSelector('[data-line="lost"]');
    city.comeBack();
    await page.click('[role="status"] button');
    await expect.poll(async () => (await features("Streetlight"))[LAMP]?.["powerState"], { timeout: 5000 }).toBe("off");
  });

  it("keeps its place in the address, and finds it again", async () => {
    await visit();
    await drawn();
    await page.getByRole("button", { name: "Zoom in" }).click();
    await expect.poll(() => new URL(page.url()).hash).toMatch(/at=34\.\d+,137\.\d+,14\.2/);
    await page.locator('[data-layer="Vehicle"] input').uncheck();
    await expect.poll(() => new URL(page.url()).hash).toContain("layers=");
    await page.reload();
    await drawn();
    expect(await page.locator('[data-layer="Vehicle"] input').isChecked()).toBe(false);
    expect(new URL(page.url()).hash).toMatch(/at=34\.\d+,137\.\d+,14\.2/);
    expect(Object.keys(await features("Vehicle"))).toEqual([]);
  });

  it("goes where the places are when another tenant is chosen", async () => {
    city.tenants = [{ tenant: "-", entities: 0 }, { tenant: "other", entities: city.entities.size }];
    await visit("#view=map&at=10,10,5");
    await drawn();
    expect(await features("WaterObserved")).toEqual({});
    await page.selectOption("header select", "other");
    await expect.poll(async () => Object.keys(await features("WaterObserved").catch(() => ({}))).length).toBe(2);
    expect(new URL(page.url()).hash).toContain("tenant=other");
  });

  it("leads from a tenant without places to those that have entities", async () => {
    const entities = new Map(city.entities);
    city.entities.clear();
    city.tenants = [{ tenant: "-", entities: 0 }, { tenant: "other", entities: entities.size }];
    await visit("#view=map");
    await says(part("map-empty"), "These tenants have entities:");
    for (const [id, entity] of entities) city.entities.set(id, entity);
    await page.getByRole("link", { name: /^other/ }).click();
    await expect.poll(async () => Object.keys(await features("WaterObserved").catch(() => ({}))).length).toBe(2);
  });

  it("changes its colours with the page", async () => {
    await visit();
    await drawn();
    const ground = (): Promise<string> =>
      page.evaluate(() => String((document.querySelector(".ground") as unknown as { map: GlMap }).map.getPaintProperty("page", "background-color")));
    const light = await ground();
    const named = (): Promise<number> =>
      page.evaluate(() => (document.querySelector(".ground") as unknown as { map: GlMap }).map.queryRenderedFeatures({ layers: ["name:CityDistrict"] }).length);
    await expect.poll(named).toBe(4);
    await page.selectOption("footer select", "dark");
    await expect.poll(ground).not.toBe(light);
    await drawn();
    await expect.poll(named).toBe(4);
    expect(Object.keys(await features("Vehicle")).length).toBe(3);
  });
});

describe("an entity on the map", () => {
  it("opens at a click, and is switched", async () => {
    await visit();
    await drawn();
    const { x, y } = await spot("Streetlight", LAMP);
    await page.mouse.click(x, y);
    await says(`${part("entity")} h2`, LAMP);
    await page.locator(`${part("entity")} [role="switch"]`).click();
    await expect.poll(() => city.written.at(-1)).toMatchObject({ method: "PATCH", path: `/ngsi-ld/v1/entities/${LAMP}/attrs/powerState`, body: { value: "off" } });
    await says(`${part("entity")} [data-switch="powerState"]`, "Off");
    await expect.poll(async () => (await features("Streetlight"))[LAMP]?.["powerState"]).toBe("off");
  });

  it("opens by keyboard", async () => {
    const [longitude, latitude] = at(0.45, 0.5);
    await visit(`#view=map&at=${latitude},${longitude},15`);
    await drawn();
    await page.locator("canvas").focus();
    await page.keyboard.press("Enter");
    await says(`${part("entity")} h2`, GAUGE);
    await page.keyboard.press("Escape");
    await page.waitForSelector(part("entity"), { state: "detached" });
  });

  it("shows the course of its numbers, and says so when it is deleted", async () => {
    await visit(`${WHOLE}&entity=${GAUGE}`);
    await drawn();
    for (const level of [1.3, 1.5, 1.9]) {
      city.put(gauge(1, level, "normal"));
      await page.waitForTimeout(50);
    }
    await says(part("courses"), /Water level[^]*1\.3 to 1\.9 m[^]*3 values/);
    await page.locator(`${part("plot")} canvas`).waitFor();
    city.delete(GAUGE);
    await says(part("entity"), "This entity has been deleted");
    await expect.poll(async () => GAUGE in (await features("WaterObserved"))).toBe(false);
  });

  it("starts a scenario by its switch", async () => {
    await visit();
    await says(part("scenarios"), "Flood");
    await page.locator(`${part("scenarios")} [role="switch"]`).click();
    await expect.poll(() => city.written.at(-1)).toMatchObject({ path: `/ngsi-ld/v1/entities/${FLOOD}/attrs/state`, body: { value: "running" } });
    await says(part("scenarios"), "Running");
  });
});

describe("an area by keyboard", () => {
  it("gets its corners where the map stands", async () => {
    await visit();
    await drawn();
    await page.getByRole("button", { name: "Draw a polygon" }).click();
    await page.locator("canvas").focus();
    for (const key of ["ArrowRight", "ArrowDown", "ArrowLeft"]) {
      await page.keyboard.press("Enter");
      await page.keyboard.press(key);
      await page.keyboard.press(key);
      await page.waitForTimeout(900);
    }
    await page.getByRole("button", { name: "Done" }).click();
    await page.getByRole("button", { name: "Search inside" }).click();
    await says(part("area-found"), /\d+ entit/);
    expect(city.asked.findLast(({ path }) => path.includes("georel=within"))?.path).toContain("geometry=Polygon");
  });
});

describe("without WebGL", () => {
  it("a table takes the map's place, and areas are asked for by numbers", async () => {
    await enter("about:blank", WIDE);
    await page.addInitScript(() => {
      const original = HTMLCanvasElement.prototype.getContext;
      HTMLCanvasElement.prototype.getContext = function (this: HTMLCanvasElement, kind: string, ...rest: unknown[]) {
        return kind.startsWith("webgl") ? null : Reflect.apply(original, this, [kind, ...rest]);
      } as typeof original;
    });
    await page.goto(city.url + WHOLE);
    await says('[role="status"]', "This browser has no WebGL");
    await says(`${part("map-table")} tbody`, "Streetlight");
    const [longitude, latitude] = at(0.55, 0.7);
    await page.getByLabel("Latitude").fill(String(latitude));
    await page.getByLabel("Longitude").fill(String(longitude));
    await page.getByLabel("Radius (m)").fill("300");
    await page.keyboard.press("Tab");
    await page.getByRole("button", { name: "Search inside" }).click();
    await says(part("area-found"), "AED at Shiomi Station");
    expect(await axeFaults(page)).toEqual([]);
  });
});

describe("bad input", () => {
  it("hostile entities are shown as what they are", async () => {
    const attack = '<img src=x onerror="document.title=1"><script>document.title=1</script>';
    const attributes = Object.fromEntries(Array.from({ length: 10_000 }, (_, n) => [`a${n}`, { type: "Property", value: n }]));
    const [longitude, latitude] = at(0.5, 0.6);
    const hostile = {
      id: "urn:ngsi-ld:Vehicle:hostile",
      type: "Vehicle",
      name: { type: "LanguageProperty", languageMap: { en: attack, ja: attack } },
      location: { type: "GeoProperty", value: { type: "Point", coordinates: [longitude, latitude] } },
      ...attributes,
    };
    city.put(hostile);
    const ring = [[170, 30], [190, 30], [190, 40], [170, 40], [170, 30]];
    city.put({ id: "urn:ngsi-ld:Zone:1", type: "Zone", location: { type: "GeoProperty", value: { type: "Polygon", coordinates: [ring] } } });
    await visit(`#view=map&at=${LATITUDE},${LONGITUDE},16`);
    await drawn();
    const { x, y } = await spot("Vehicle", hostile.id);
    await page.mouse.move(x, y);
    await says(".hint", "<img src=x");
    await page.mouse.click(x, y);
    await says(part("entity"), "onerror");
    await says(part("entity"), /100 of 10,\d+ attributes shown/);
    expect(await page.locator("[data-attribute]").count()).toBe(100);
    expect(await page.title()).toBe("Machi City OS");
    await page.keyboard.press("Escape");
    await page.goto(`${city.url}#view=map&layers=Zone&at=35,180,4`);
    await page.reload();
    await drawn();
    await expect.poll(async () => Object.keys(await features("Zone"))).toEqual(["urn:ngsi-ld:Zone:1"]);
  });

  it("a city without places says how to begin", async () => {
    for (const id of [...city.entities.keys()]) if (!id.includes("CityScenario")) city.entities.delete(id);
    await visit("#view=map");
    await says(part("map-empty"), "machi import");
    expect(await axeFaults(page)).toEqual([]);
    city.put(bus(1, 0.5, 0.5));
    await drawn();
    expect(Object.keys(await features("Vehicle"))).toEqual([BUS]);
  });

  it("a city that refuses its tiles leaves the page usable", async () => {
    city.refusals.set("/machi/v1/tiles/Vehicle", { status: 500, type: "InternalError", title: "Something broke", detail: "the log knows" });
    await visit();
    await says('[role="alert"]', "Something broke");
    city.refusals.clear();
    await page.getByRole("button", { name: "Try again" }).click();
    await drawn();
    expect(Object.keys(await features("Vehicle")).length).toBe(3);
  });
});

/** What the journeys press and read, in each language. */
const SAID = {
  ja: { station: "駅", find: "検索", filter: "絞り込む", wrong: "temperature>>2", lamps: "街灯", circle: "円を描く", ask: "範囲内を検索", watch: "変化を通知", stop: "通知を止める", table: "表で見る", clear: "条件を消す" },
  en: { station: "station", find: "Search", filter: "Filter", wrong: "temperature>>2", lamps: "Streetlights", circle: "Draw a circle", ask: "Search inside", watch: "Notify of changes", stop: "Stop notifying", table: "As a table", clear: "Clear" },
} as const;

describe.each(["ja", "en"] as const)("a journey in %s", (language) => {
  const said = SAID[language];

  async function begin(hash = WHOLE, options: BrowserContextOptions = {}): Promise<void> {
    await visit(hash, { locale: LOCALES[language], timezoneId: "Asia/Tokyo", ...options });
  }

  /** Each journey ends with an audit and with what a screen reader is told. */
  async function end(name: string, selector: string): Promise<void> {
    expect(await axeFaults(page)).toEqual([]);
    expect(await contrastFaults(page)).toEqual([]);
    await expect(await ariaOf(page, selector)).toMatchFileSnapshot(`aria/${name}.${language}.yaml`);
  }

  it("finds a station by its name and by its id", async () => {
    await begin();
    await drawn();
    await page.fill("#map-find", said.station);
    await page.press("#map-find", "Enter");
    await page.locator(`${part("find")} li a`).first().click();
    await says(`${part("entity")} h2`, "urn:ngsi-ld:");
    await page.keyboard.press("Escape");
    await page.fill("#map-find", "Station:shiomi");
    await page.press("#map-find", "Enter");
    await says(`${part("find")} li`, language === "ja" ? "汐見駅" : "Shiomi Station");
    await end("find", part("find"));
  });

  it("reads an entity and walks on", async () => {
    const seat = { type: "Relationship", object: GAUGE };
    city.entities.set(BUS, { ...bus(1, 0.3, 0.45), passes: seat });
    await begin(`${WHOLE}&entity=${BUS}`);
    await drawn();
    await page.locator(`${part("entity")} a`, { hasText: GAUGE }).click();
    await says(`${part("entity")} h2`, GAUGE);
    await page.goBack();
    await says(`${part("entity")} h2`, BUS);
    await end("entity", part("entity"));
  });

  it("chooses layers and reads the legend", async () => {
    await begin();
    await drawn();
    await page.locator('[data-layer="Streetlight"] input').uncheck();
    await expect.poll(async () => Object.keys(await features("Streetlight")).length).toBe(0);
    await page.locator('[data-layer="Streetlight"] input').check();
    await expect.poll(async () => Object.keys(await features("Streetlight")).length).toBe(60);
    await end("layers", part("layers"));
  });

  it("filters, and is told where a condition is wrong", async () => {
    await begin();
    await drawn();
    await page.fill("#map-q", said.wrong);
    await page.getByRole("button", { name: said.filter, exact: true }).click();
    await page.waitForSelector('[data-fault="12"]');
    await page.fill("#map-q", 'powerState=="off"');
    await page.press("#map-q", "Enter");
    await says(`${part("filter")} [role="status"]`, "12");
    await drawn();
    await expect.poll(async () => Object.keys(await features("Streetlight")).length).toBe(12);
    expect(Object.keys(await features("CityDistrict")).length).toBe(4);
    await end("filter", part("filter"));
    await page.getByRole("link", { name: said.clear }).click();
    await expect.poll(async () => Object.keys(await features("Streetlight")).length).toBe(60);
  });

  it("draws an area, asks it, and is notified of it", async () => {
    await begin();
    await drawn();
    const { x, y } = await spot("WaterObserved", GAUGE);
    await page.getByRole("button", { name: said.circle }).click();
    await page.mouse.click(x, y);
    await page.mouse.click(x + 60, y);
    await page.getByRole("button", { name: said.ask }).click();
    await says(part("area-found"), language === "ja" ? "汐見川 1番水位計" : "Shiomi River gauge 1");
    const asked = new URL(city.asked.findLast(({ path }) => path.includes("georel="))?.path ?? "", city.url);
    expect(asked.searchParams.get("georel")).toMatch(/^near;maxDistance==\d+$/);
    await page.getByRole("button", { name: said.watch }).click();
    await page.waitForSelector(part("arrivals"));
    const subscription = city.subscriptions.at(-1);
    expect(subscription).toMatchObject({ geoQ: { geometry: "Point" }, notification: { endpoint: { accept: "application/json" } } });
    city.notify(gauge(1, 3.2, "caution"));
    await says(`${part("arrivals")} li`, language === "ja" ? "汐見川 1番水位計" : "Shiomi River gauge 1");
    await end("area", part("area"));
    await page.getByRole("button", { name: said.stop }).click();
    await expect.poll(() => city.subscriptions.length).toBe(0);
  });

  it("reads the same in a table", async () => {
    await begin();
    await drawn();
    await page.getByRole("link", { name: said.table }).click();
    await says(part("map-table"), said.lamps);
    await page.selectOption(`${part("map-table")} select`, "WaterObserved");
    await says(part("map-table"), "2");
    city.put(gauge(2, 4.4, "danger"));
    await says(`${part("map-table")} td`, language === "ja" ? "氾濫危険水位" : "Danger");
    await end("table", part("map-table"));
  });

  for (const [width, colorScheme] of [[360, "light"], [1440, "dark"], [2560, "light"]] as const) {
    it(`fits ${width} pixels in ${colorScheme} colours`, async () => {
      await begin(WHOLE, { viewport: { width, height: 900 }, colorScheme });
      await drawn();
      const isWide = (): Promise<boolean> => page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
      expect(await isWide()).toBe(false);
      expect(await contrastFaults(page)).toEqual([]);
      expect(await axeFaults(page)).toEqual([]);
      await page.goto(`${city.url}${WHOLE}&entity=${LAMP}`);
      await says(part("entity"), "powerState");
      expect(await isWide()).toBe(false);
      expect(await contrastFaults(page)).toEqual([]);
    });
  }
});
