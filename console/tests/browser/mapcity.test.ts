// The map before a real, empty city at MACHI_URL: what it draws, moves, switches and is notified of, and what was before.
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BUS, FLOOD, GAUGE, LAMP, at, shiomi } from "../mock/shiomi";
import { launch, open } from "./chromium";
import { featuresOf } from "./drawn";
import { bare, send as sendTo } from "./realcity";

const CITY = process.env["MACHI_URL"];
const [LONGITUDE, LATITUDE] = at(0.5, 0.6);
const TYPES = ["Vehicle", "WaterObserved", "OffStreetParking", "Streetlight", "EvacuationShelter", "AED", "Station", "CityDistrict", "River"];

describe.skipIf(!CITY)("the map of a real city", () => {
  let browser: Browser;
  let page: Page;
  let faults: string[];
  /** When all was created, and nothing had changed yet. */
  let began: string;

  beforeAll(async () => {
    expect(await send("POST", "ngsi-ld/v1/entityOperations/create", bare(shiomi()))).toBe(201);
    began = new Date().toISOString();
    browser = await launch();
    ({ page, faults } = await open(browser, `${CITY}#view=map&at=${LATITUDE},${LONGITUDE},13.4`, { viewport: { width: 1440, height: 900 } }));
    await page.waitForSelector('[data-idle="true"]');
  });
  afterAll(async () => {
    await browser.close();
    expect(faults).toEqual([]);
  });

  const send = (method: string, path: string, body: unknown): Promise<number> => sendTo(CITY ?? "", method, path, body);

  async function says(selector: string, text: string | RegExp): Promise<void> {
    await page.locator(selector).filter({ hasText: text }).first().waitFor();
  }

  const features = (type: string): Promise<Record<string, Record<string, unknown>>> => featuresOf(page, type);

  it("draws of each type what the API counts", async () => {
    for (const type of TYPES) {
      const counted = await fetch(new URL(`ngsi-ld/v1/entities?type=${type}&limit=0&count=true`, CITY));
      const count = Number(counted.headers.get("NGSILD-Results-Count"));
      await expect.poll(async () => Object.keys(await features(type)).length, { message: type }).toBe(count);
    }
  });

  it("shows what another client changes", async () => {
    expect(await send("PATCH", `ngsi-ld/v1/entities/${LAMP}/attrs/powerState`, { type: "Property", value: "off" })).toBe(204);
    await expect.poll(async () => (await features("Streetlight"))[LAMP]?.["powerState"], { interval: 20 }).toBe("off");
  });

  it("finds by name, and filters", async () => {
    await page.fill("#map-find", "shiomi station");
    await page.press("#map-find", "Enter");
    await says('[data-part="find"] li', "Shiomi Station");
    await page.fill("#map-q", "powerState=='off'");
    await page.press("#map-q", "Enter");
    await page.waitForSelector("[data-fault]");
    await page.fill("#map-q", 'powerState=="off"');
    await page.press("#map-q", "Enter");
    await expect.poll(async () => Object.keys(await features("Streetlight")).length).toBe(13);
    // What changes is held against the filter, too.
    expect(await send("PATCH", `ngsi-ld/v1/entities/${BUS}/attrs/speed`, { type: "Property", value: 31 })).toBe(204);
    expect(await send("PATCH", `ngsi-ld/v1/entities/${LAMP}/attrs/powerState`, { type: "Property", value: "on" })).toBe(204);
    await expect.poll(async () => Object.keys(await features("Streetlight")).length).toBe(12);
    expect(await features("Vehicle")).toEqual({});
    expect(await send("PATCH", `ngsi-ld/v1/entities/${LAMP}/attrs/powerState`, { type: "Property", value: "off" })).toBe(204);
    await expect.poll(async () => Object.keys(await features("Streetlight")).length).toBe(13);
    await page.getByRole("link", { name: "Clear" }).click();
    await expect.poll(async () => Object.keys(await features("Streetlight")).length).toBe(60);
  });

  it("switches a scenario on", async () => {
    await page.locator('[data-part="scenarios"] [role="switch"]').click();
    await says('[data-part="scenarios"]', "Running");
    const flood = (await (await fetch(new URL(`ngsi-ld/v1/entities/${FLOOD}`, CITY))).json()) as { state: { value: string } };
    expect(flood.state.value).toBe("running");
  });

  it("asks an area, and gets the notifications of a subscription to it", async () => {
    const [longitude, latitude] = at(0.45, 0.5);
    await page.getByText("A circle by numbers").click();
    await page.getByLabel("Latitude").fill(String(latitude));
    await page.getByLabel("Longitude").fill(String(longitude));
    await page.getByLabel("Radius (m)").fill("150");
    await page.keyboard.press("Tab");
    await page.getByRole("button", { name: "Search inside" }).click();
    await says('[data-part="area-found"] li', "Shiomi River gauge 1");
    await page.getByRole("button", { name: "Notify of changes" }).click();
    await page.waitForSelector('[data-part="arrivals"]');
    expect(await send("PATCH", `ngsi-ld/v1/entities/${GAUGE}/attrs/waterLevel`, { type: "Property", value: 3.3 })).toBe(204);
    await says('[data-part="arrivals"] li', "Shiomi River gauge 1");
    await page.getByRole("button", { name: "Stop notifying" }).click();
    await expect.poll(async () => (await fetch(new URL("ngsi-ld/v1/subscriptions", CITY))).json()).toEqual([]);
  });

  it("goes back to before all that", async () => {
    await page.goto(`${CITY}#view=map&at=${LATITUDE},${LONGITUDE},13.4&then=${began}`);
    await says('[data-part="past"]', "You are looking at the past");
    await expect.poll(async () => (await features("Streetlight"))[LAMP]?.["powerState"]).toBe("on");
    // What was comes tile by tile.
    await expect.poll(async () => Object.keys(await features("Streetlight")).length).toBe(60);
    await expect.poll(async () => (await features("Vehicle"))[BUS]).toBeDefined();
    await page.goto(`${CITY}#view=map&entity=${GAUGE}&then=${began}`);
    await says('[data-attribute="waterLevel"]', "1.2");
    await page.goto(`${CITY}#view=map&then=2001-01-01T00:00:00Z`);
    await says('[data-part="past"]', "nothing was stored in this city yet");
    expect(await features("Streetlight")).toEqual({});
    await page.getByRole("link", { name: "Back to now" }).click();
    await expect.poll(async () => (await features("Streetlight"))[LAMP]?.["powerState"]).toBe("off");
  });

  it("charts what was measured", async () => {
    const measured = Array.from({ length: 1500 }, (_, ago) => ({ type: "Property", value: 2 + (ago % 7) / 10, unitCode: "MTR", observedAt: new Date(Date.now() - (ago + 1) * 1_200_000).toISOString() }));
    expect(await send("POST", `ngsi-ld/v1/temporal/entities/${GAUGE}/attrs`, { waterLevel: measured })).toBe(204);
    await page.goto(`${CITY}#view=map&entity=${GAUGE}`);
    await page.getByRole("button", { name: "1 week", exact: true }).click();
    await says('[data-part="course-about"]', /50\d values/);
    await page.getByRole("button", { name: "1 month", exact: true }).click();
    await says('[data-part="course-about"]', /1\.2 to 3\.3 m[^]*1,50\d values/);
    await says('[data-part="courses"]', "There are many values");
    await page.locator('[data-part="plot"] canvas').waitFor();
  });
});
