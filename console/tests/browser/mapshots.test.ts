// Pictures of the map in both languages, two widths and both colours, for whoever changes how it looks.
// They are taken where SHOTS names a folder.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, it } from "vitest";
import { MockCity } from "../mock/city";
import { GAUGE, LAMP, at, shiomi } from "../mock/shiomi";
import { launch, open } from "./chromium";

const FOLDER = process.env["SHOTS"];
const LOCALES = { ja: "ja-JP", en: "en-GB" };
const SIZES = { 360: 800, 1440: 900 };

describe.skipIf(!FOLDER)("pictures of the map", () => {
  let browser: Browser;
  let city: MockCity;

  beforeAll(async () => {
    await mkdir(FOLDER ?? "", { recursive: true });
    [browser, city] = await Promise.all([launch(), MockCity.start()]);
    for (const entity of shiomi()) city.entities.set(String(entity["id"]), entity);
    city.tenants = [{ tenant: "-", entities: city.entities.size }];
    const hours = Array.from({ length: 720 }, (_, hour) => hour).filter((hour) => hour < 300 || hour > 360);
    for (const hour of hours) {
      const observedAt = new Date(Date.now() - (720 - hour) * 3_600_000).toISOString();
      city.measure(GAUGE, "waterLevel", { value: Number((1.5 + Math.sin(hour / 24) / 2).toFixed(2)), observedAt });
    }
  });
  afterAll(async () => {
    await browser.close();
    await city.stop();
  });

  for (const language of ["ja", "en"] as const) {
    for (const width of [360, 1440] as const) {
      for (const colorScheme of ["light", "dark"] as const) {
        it(`${language} ${width} ${colorScheme}`, async () => {
          const options = { locale: LOCALES[language], colorScheme, viewport: { width, height: SIZES[width] } };
          const { page } = await open(browser, `${city.url}#view=map`, options);
          const shot = async (name: string, fullPage = false): Promise<void> => {
            await page.waitForTimeout(1500);
            await page.screenshot({ path: join(FOLDER ?? "", `map-${name}-${language}-${width}-${colorScheme}.png`), fullPage });
          };
          await page.waitForSelector('[data-idle="true"]');
          await shot("whole", true);
          const [longitude, latitude] = at(0.5, 0.66);
          await page.goto(`${city.url}#view=map&at=${latitude},${longitude},15.2&entity=${width === 360 ? "" : GAUGE}`);
          await page.reload();
          await page.waitForSelector('[data-idle="true"]');
          await shot("near");
          if (width === 360) {
            await page.goto(`${city.url}#view=map&entity=${LAMP}`);
            await shot("lamp");
          }
          await page.goto(`${city.url}#view=map&as=table&q=temperature>>2`);
          await page.waitForSelector('[data-part="filter"] [role="alert"]');
          await shot("table", true);
          await page.goto(`${city.url}#view=map&then=${new Date(Date.now() - 600_000).toISOString()}&entity=${width === 360 ? "" : GAUGE}`);
          await page.waitForSelector('[data-part="past"]');
          await shot("past", true);
          await page.goto(`${city.url}#view=map&entity=${GAUGE}`);
          await page.locator('[data-part="courses"] .spans button').last().click();
          await page.locator('[data-part="plot"] canvas').scrollIntoViewIfNeeded();
          await shot("chart");
          await page.context().close();
        });
      }
    }
  }
});
