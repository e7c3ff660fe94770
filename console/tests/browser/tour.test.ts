// The page beside the README's tour: whoever follows it sees the library, the room and the notification arrive.
import { writeFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { launch, open } from "./chromium";

const CITY = process.env["MACHI_TOUR"];
/** Written once the page is open, so that the tour goes on. */
const OPEN = process.env["MACHI_TOUR_OPEN"] ?? "";

it.skipIf(!CITY)("shows what the tour does", async () => {
  const browser = await launch();
  try {
    const { page, faults } = await open(browser, CITY ?? "");
    const says = (part: string, text: RegExp): Promise<void> =>
      page.locator(`[data-part="${part}"]`).filter({ hasText: text }).first().waitFor();
    await page.waitForSelector('[data-line="open"]');
    await says("first", /There are no entities yet/);
    await writeFile(OPEN, "");
    await says("results", /urn:ngsi-ld:Building:library/);
    await says("results", /urn:ngsi-ld:Room:reading/);
    await says("subscriptions", /warm/);
    await says("notification", /warm\s*1 delivered/);
    expect(faults).toEqual([]);
  } finally {
    await browser.close();
  }
});
