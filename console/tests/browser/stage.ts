// The stage of the tests before a city that does what each of them asks: a browser for all, a city and a page for each.
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect } from "vitest";
import { MockCity } from "../mock/city";
import { launch, open } from "./chromium";

/** What a test works with, from its begin to its end. */
let browser: Browser;
export let city: MockCity;
export let page: Page;
let faults: string[];

/** Sets the stage before each test of a file, with a city of these entities, and clears it after: without a fault that nobody saw. */
export function setStage(entities: () => Record<string, unknown>[]): void {
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser.close());

  beforeEach(async () => {
    city = await MockCity.start();
    for (const entity of entities()) city.entities.set(String(entity["id"]), entity);
    city.tenants = [{ tenant: "-", entities: city.entities.size }];
  });
  afterEach(async () => {
    await page.context().close();
    await city.stop();
    expect(faults).toEqual([]);
  });
}

/** Opens the page of a test. */
export async function enter(url: string, options: BrowserContextOptions = {}): Promise<void> {
  ({ page, faults } = await open(browser, url, options));
}

/** Opens the page of the city, and waits until it hears of changes. */
export async function visit(hash = "", options: BrowserContextOptions = {}): Promise<void> {
  await enter(city.url + hash, options);
  await page.waitForSelector('[data-line="open"]');
}

export const part = (name: string): string => `[data-part="${name}"]`;

/** Waits until an element says this. */
export async function says(selector: string, text: string | RegExp): Promise<void> {
  await page.locator(selector).filter({ hasText: text }).first().waitFor();
}
