// The past in a real browser: the chart of a number, and the slider that moves the whole map to an instant.
import type { BrowserContextOptions } from "playwright-core";
import { describe, expect, it } from "vitest";
import { BUS, FLOOD, GAUGE, LAMP, at, bus, gauge, lamp, shiomi } from "../mock/shiomi";
import { ariaOf, axeFaults } from "./audit";
import { contrastFaults } from "./contrast";
import { featuresOf } from "./drawn";
import { city, visit as open, page, part, says, setStage } from "./stage";

const LOCALES = { ja: "ja-JP", en: "en-GB" };
const [LONGITUDE, LATITUDE] = at(0.5, 0.6);
const WHOLE = `#view=map&at=${LATITUDE},${LONGITUDE},13.2`;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

setStage(shiomi);

const SAID = {
  ja: { month: "1か月", week: "1週間", hour: "1時間", none: "この期間に計測された値はありません", mean: "平均", gap: "計測なし", table: "表で見る", now: "現在に戻る", past: "過去を表示しています", empty: "まだ何も登録されていませんでした", lamps: "街灯", slider: "表示する日時", minute: "日時を指定" },
  en: { month: "1 month", week: "1 week", hour: "1 hour", none: "No value was measured in this period", mean: "Mean", gap: "Not measured", table: "As a table", now: "Back to now", past: "You are looking at the past", empty: "nothing was stored in this city yet", lamps: "Streetlights", slider: "Time shown", minute: "Go to a minute" },
} as const;

const features = (type: string): Promise<Record<string, Record<string, unknown>>> => featuresOf(page, type);

/** A month of water levels: every quarter of an hour, but for three days when the gauge was broken. */
function measureMonth(): void {
  const now = Date.now();
  for (let ago = 30 * 24 * 4; ago > 0; ago -= 1) {
    const at = now - ago * 15 * MINUTE_MS;
    const days = ago / 96;
    if (days < 15 && days > 12) continue;
    city.measure(GAUGE, "waterLevel", { value: 1.5 + Math.sin(days) / 2, observedAt: new Date(at).toISOString() });
  }
}

/** The city of some time ago: the lamp was off, the bus elsewhere, one gauge not there yet, and a shelter that is gone. */
function cityThen(): Map<string, Record<string, unknown>> {
  const then = new Map(city.entities);
  then.set(LAMP, lamp(2, "off"));
  then.set(BUS, bus(1, 0.6, 0.8, 12));
  then.delete("urn:ngsi-ld:WaterObserved:shiomi:2");
  const gone = "urn:ngsi-ld:EvacuationShelter:shiomi:9";
  then.set(gone, { ...city.entities.get("urn:ngsi-ld:EvacuationShelter:shiomi:1"), id: gone });
  return then;
}

describe.each(["ja", "en"] as const)("the past in %s", (language) => {
  const said = SAID[language];

  async function visit(hash: string, options: BrowserContextOptions = {}): Promise<void> {
    const given = { locale: LOCALES[language], timezoneId: "Asia/Tokyo", viewport: { width: 1440, height: 900 }, ...options };
    await open(hash, given);
    await page.waitForSelector('[data-idle="true"]');
  }

  async function audit(): Promise<void> {
    expect(await axeFaults(page)).toEqual([]);
    expect(await contrastFaults(page)).toEqual([]);
  }

  it("charts a number from the last hour to the last month, as a line and as a table", async () => {
    measureMonth();
    await visit(`${WHOLE}&entity=${GAUGE}`);
    await says(part("course-about"), /4/);
    await page.getByRole("button", { name: said.month, exact: true }).click();
    // Thousands of values come as means, with what they lie between; where none was measured no line is drawn.
    await says(part("course-about"), /2,59\d/);
    await page.locator(`${part("plot")} canvas`).waitFor();
    await page.locator(`${part("courses")} summary`).click();
    await says(`${part("courses")} thead`, said.mean);
    // The rows come when the table is open, a moment after its head.
    await page.locator(`${part("courses")} tbody tr`).first().waitFor();
    expect(await page.locator(`${part("courses")} tbody tr`, { hasText: said.gap }).count()).toBe(1);
    expect(await page.locator(`${part("courses")} tbody tr`).count()).toBeGreaterThan(150);
    await audit();
    await page.getByRole("button", { name: said.week, exact: true }).click();
    await says(part("course-about"), /67\d/);
    expect(await page.locator(`${part("courses")} tbody tr`, { hasText: said.gap }).count()).toBe(0);
    // By keyboard from one measurement to the next.
    const plot = page.locator(part("plot"));
    await plot.focus();
    const last = await plot.getAttribute("aria-valuetext");
    await page.keyboard.press("ArrowLeft");
    await expect.poll(() => plot.getAttribute("aria-valuetext")).not.toBe(last);
    await page.keyboard.press("End");
    await expect.poll(() => plot.getAttribute("aria-valuetext")).toBe(last);
  });

  it("says that nothing was measured, and draws what is measured then", async () => {
    await visit(`${WHOLE}&entity=${GAUGE}`);
    await says(part("courses"), said.none);
    await audit();
    city.put(gauge(1, 1.7, "normal"));
    await says(part("course-about"), /1\.7/);
  });

  it("moves the whole map to a minute of the past, and back", async () => {
    city.then = cityThen();
    await visit(WHOLE);
    expect((await features("Streetlight"))[LAMP]?.["powerState"]).toBe("on");
    await page.getByRole("slider", { name: said.slider }).focus();
    for (let step = 0; step < 3; step += 1) await page.keyboard.press("ArrowLeft");
    await says(part("past"), said.past);
    await expect.poll(async () => (await features("Streetlight"))[LAMP]?.["powerState"]).toBe("off");
    expect(Object.keys(await features("WaterObserved"))).toEqual([GAUGE]);
    expect(Object.keys(await features("EvacuationShelter")).length).toBe(3);
    expect(Object.keys(await features("CityDistrict")).length).toBe(4);
    const asked = new URL(city.asked.findLast(({ path }) => path.includes("asOf="))?.path ?? "", city.url);
    const ago = Date.now() - Date.parse(asked.searchParams.get("asOf") ?? "");
    expect(ago).toBeGreaterThan(MINUTE_MS);
    expect(ago).toBeLessThan(6 * MINUTE_MS);
    // What happens now is not painted into it.
    city.put(lamp(3, "off"));
    city.put(bus(1, 0.1, 0.1));
    await page.waitForTimeout(500);
    expect((await features("Streetlight"))["urn:ngsi-ld:Streetlight:shiomi:3"]?.["powerState"]).toBe("on");
    expect((await features("Vehicle"))[BUS]?.["delay"]).toBe(12);
    await audit();
    await expect(await ariaOf(page, part("time"))).toMatch(said.slider);
    await page.getByRole("link", { name: said.now }).click();
    await page.waitForSelector(part("past"), { state: "detached" });
    await expect.poll(async () => (await features("Streetlight"))[LAMP]?.["powerState"]).toBe("on");
    await expect.poll(async () => (await features("Vehicle"))[BUS]?.["delay"]).toBe(0);
    expect(Object.keys(await features("WaterObserved")).length).toBe(2);
    city.put(lamp(2, "off"));
    await expect.poll(async () => (await features("Streetlight"))[LAMP]?.["powerState"]).toBe("off");
  });

  it("shows the state of that minute in panel and table, and changes nothing there", async () => {
    city.then = cityThen();
    const then = new Date(Date.now() - 5 * HOUR_MS).toISOString();
    await visit(`${WHOLE}&entity=${LAMP}&then=${then}`);
    await says(`${part("entity")} [data-attribute="powerState"]`, "off");
    expect(await page.locator(`${part("entity")} [role="switch"]`).count()).toBe(0);
    expect(await page.locator(part("scenarios")).count()).toBe(0);
    await says(`${part("entity")} pre`, "asOf=");
    await audit();
    await page.goto(`${city.url}${WHOLE}&entity=${FLOOD}0&then=${then}`);
    await says(`${part("entity")} [role="status"]`, language === "ja" ? "この日時には" : "at this time");
    await page.goto(`${city.url}${WHOLE}&as=table&then=${then}`);
    await page.selectOption(`${part("map-table")} select`, "EvacuationShelter");
    await says(`${part("map-table")} [role="status"]`, "3");
    await audit();
  });

  it("says where history begins, and that a city was empty", async () => {
    city.begins = new Date(Date.now() - 2 * HOUR_MS).toISOString();
    await visit(WHOLE);
    const then = new Date(Date.now() + 9 * HOUR_MS - 3 * HOUR_MS).toISOString().slice(0, 16);
    await page.getByLabel(said.minute).fill(then);
    await page.keyboard.press("Enter");
    await says(`${part("past")} [role="alert"]`, `the history of this city begins at ${city.begins}`);
    expect(await features("Streetlight")).toEqual({});
    await audit();
    city.begins = "";
    city.then = new Map();
    await page.getByRole("slider", { name: said.slider }).focus();
    await page.keyboard.press("ArrowLeft");
    await says(part("past"), said.empty);
    await page.goBack();
    await page.waitForSelector(part("past"), { state: "detached" });
  });

  for (const [width, colorScheme] of [[360, "light"], [1440, "dark"], [2560, "light"]] as const) {
    it(`fits ${width} pixels in ${colorScheme} colours`, async () => {
      measureMonth();
      city.then = cityThen();
      const then = new Date(Date.now() - 5 * HOUR_MS).toISOString();
      await visit(`${WHOLE}&then=${then}`, { viewport: { width, height: 900 }, colorScheme });
      const isWide = (): Promise<boolean> => page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
      await says(part("past"), said.past);
      expect(await isWide()).toBe(false);
      await audit();
      await page.goto(`${city.url}${WHOLE}&entity=${GAUGE}&then=${then}`);
      await page.locator(`${part("courses")} button`, { hasText: said.month }).click();
      await page.locator(`${part("plot")} canvas`).waitFor();
      const panel = page.locator(part("entity"));
      expect(await panel.evaluate((one) => one.scrollWidth > one.clientWidth)).toBe(false);
      await audit();
    });
  }
});
