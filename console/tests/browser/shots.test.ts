// Pictures of the page in both languages, two widths and both colours, for whoever changes how it looks.
// They are taken where SHOTS names a folder.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, it } from "vitest";
import { MockCity } from "../mock/city";
import { RIVER, SUBSCRIPTION, river, town } from "../mock/entities";
import { launch, open } from "./chromium";

const FOLDER = process.env["SHOTS"];
const LOCALES = { ja: "ja-JP", en: "en-GB" };
const SIZES = { 360: 800, 1280: 900, 1920: 1080 };

describe.skipIf(!FOLDER)("pictures", () => {
  let browser: Browser;
  let city: MockCity;

  beforeAll(async () => {
    await mkdir(FOLDER ?? "", { recursive: true });
    [browser, city] = await Promise.all([launch(), MockCity.start()]);
  });
  afterAll(async () => {
    await browser.close();
    await city.stop();
  });

  for (const language of ["ja", "en"] as const) {
    for (const width of [360, 1280, 1920] as const) {
      for (const colorScheme of ["light", "dark"] as const) {
        it(`${language} ${width} ${colorScheme}`, async () => {
          const options = {
            locale: LOCALES[language],
            timezoneId: "Asia/Tokyo",
            colorScheme,
            viewport: { width, height: SIZES[width] },
          };
          const shot = async (name: string, fullPage = false): Promise<void> => {
            const path = join(FOLDER ?? "", `${name}-${language}-${width}-${colorScheme}.png`);
            await page.screenshot({ path, fullPage });
          };
          city.entities.clear();
          city.subscriptions = [];
          city.comeBack();
          city.refusals.clear();
          const { page } = await open(browser, city.url, options);
          await page.waitForSelector('[data-part="first"]');
          await shot("empty", true);
          for (const entity of town(40)) city.entities.set(String(entity["id"]), entity);
          city.tenants = [
            { tenant: "-", entities: city.entities.size },
            { tenant: "aoi", entities: 12_345 },
          ];
          city.subscriptions = [SUBSCRIPTION];
          await page.reload();
          await page.waitForSelector('[data-line="open"]');
          city.change("created", "urn:ngsi-ld:Room:41", "Room", ["name", "temperature", "humidity"]);
          city.change("deleted", "urn:ngsi-ld:Room:39", "Room", []);
          for (let n = 0; n < 6; n += 1) city.put(river(1.4 + n / 100, 1));
          const notification = SUBSCRIPTION["notification"] as object;
          city.subscriptions = [{ ...SUBSCRIPTION, notification: { ...notification, timesSent: 5, timesFailed: 2 } }];
          for (let n = 0; n < 4; n += 1) {
            city.requests.writes += n * 7;
            city.requests.reads += 40 + n * 9;
            await page.waitForTimeout(2000);
          }
          await shot("city", true);
          await page.goto(`${city.url}#entity=${RIVER}`);
          await page.waitForSelector("[data-attribute]");
          await page.waitForTimeout(300);
          await shot("entity");
          const panel = page.locator('[data-part="entity"]');
          await panel.evaluate((node) => node.scrollTo(0, node.scrollHeight));
          await shot("entity-end");
          await page.goto(`${city.url}#q=temperature>>20`);
          await page.waitForSelector('[data-part="results"] [role="alert"]');
          await shot("refused");
          city.goDown();
          await page.waitForSelector('[data-line="lost"]');
          await shot("lost");
          await page.context().close();
        });
      }
    }
  }
});
