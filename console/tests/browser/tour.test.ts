// The page beside the README's tour: whoever follows the tour asks here, over HTTP, what the page shows, and how soon.
// MACHI_TOUR is the port to be asked at. Two pictures are taken on the way.
import { writeFile } from "node:fs/promises";
import { type IncomingMessage, createServer } from "node:http";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { expect, it } from "vitest";
import { launch, open } from "./chromium";
import { featuresOf } from "./drawn";

const PORT = Number(process.env["MACHI_TOUR"]);
const LANGUAGE = process.env["MACHI_TOUR_LANGUAGE"] ?? "en";
const PICTURES = process.env["MACHI_TOUR_PICTURES"] ?? "";
const TOUR_MS = 600_000;
const PATIENCE_MS = 25_000;
const AGAIN_MS = 25;
/** Names fade in, and tiles of a moving city come again and again. */
const SETTLED_MS = 2500;
/** A picture in a README costs whoever opens it. */
const LARGEST_PICTURE = 150_000;

const LAMP = "urn:ngsi-ld:Streetlight:shiomi:chuo-b22-1";
const RIVER = "urn:ngsi-ld:Subscription:river";
const IMPORTED = ["urn:ngsi-ld:AED:1", "urn:ngsi-ld:AED:3"];

interface Sight {
  /** Whether the page shows it now. */
  isThere(page: Page): Promise<boolean>;
  /** When it happened, where the city tells: milliseconds since 1970. */
  since?(page: Page): Promise<number>;
  picture?: string;
}

const has = (selector: string) => ({ isThere: (page: Page) => page.evaluate((wanted) => document.querySelector(wanted) !== null, selector) });
const lampIs = (state: string) => ({
  ...has(`[data-part="entity"] [role="switch"][aria-checked="${state === "on"}"]`),
  since: async (page: Page) => Date.parse(String((await told(page, `entities/${LAMP}?options=sysAttrs`)).powerState.modifiedAt)),
});

/** What is to be seen, by step of the tour and place in it. */
const SIGHTS: Record<string, Sight> = {
  "0.2": { isThere: async (page) => (await drawn(page, "Streetlight")).length > 0, picture: "city" },
  "1.2": { isThere: async (page) => lampIs((await told(page, `entities/${LAMP}`)).powerState.value).isThere(page) },
  "2.1": lampIs("on"),
  "2.2": lampIs("off"),
  "3.2": {
    isThere: async (page) => {
      const found = await told(page, "entities?type=OffStreetParking&q=availableSpotNumber%3E0&pick=id");
      const wanted = (found as unknown as { id: string }[]).map(({ id }) => id);
      const shown = await drawn(page, "OffStreetParking");
      return wanted.every((id) => shown.includes(id)) && shown.every((id) => wanted.includes(id)) && (await drawn(page, "Vehicle")).length === 0;
    },
  },
  "4.2": has('[data-part="results"] a[href*="urn:ngsi-ld:Room:shiomi:chuo-3-2-1-104"]'),
  "5.1": has('[data-part="subscriptions"]'),
  "5.2": {
    ...has(`[data-subscription="${RIVER}"]`),
    since: async (page) => Date.parse(String((await told(page, `subscriptions/${RIVER}?options=sysAttrs`))["createdAt"])),
  },
  "5.3": {
    ...has('[data-part="notification"]'),
    since: async (page) => Date.parse((await told(page, `subscriptions/${RIVER}?options=sysAttrs`)).notification.lastNotification),
  },
  "5.4": { ...has('[data-part="entity"] [data-attribute="waterLevel"]'), picture: "flood" },
  "6.1": { isThere: async (page) => (await drawn(page, "AED")).length > 0 },
  "6.2": {
    isThere: async (page) => (await drawn(page, "AED")).filter((id) => /:AED:\d$/.test(id)).sort().join() === IMPORTED.join(),
    since: async (page) => Date.parse(String((await told(page, `entities/${IMPORTED[1]}?options=sysAttrs`))["createdAt"])),
  },
  "7.1": has('[data-line="lost"]'),
  "7.2": has('[data-line="open"]'),
  "8.2": { isThere: async (page) => (await drawn(page, "AED")).filter((id) => IMPORTED.includes(id)).length === 2 },
};

type Told = Record<string, unknown> & { powerState: { value: string; modifiedAt: string }; notification: { lastNotification: string } };

/** What the city of the page answers. */
async function told(page: Page, path: string): Promise<Told> {
  return (await fetch(new URL(`/ngsi-ld/v1/${path}`, page.url()))).json() as Promise<Told>;
}

/** The ids of a type that the map draws. */
async function drawn(page: Page, type: string): Promise<string[]> {
  return Object.keys(await featuresOf(page, type));
}

const rest = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms));

/** When the page shows it. */
async function shown(page: Page, sight: Sight): Promise<number> {
  for (const began = Date.now(); Date.now() - began < TOUR_MS; await rest(AGAIN_MS)) {
    if (await sight.isThere(page).catch(() => false)) return Date.now();
  }
  throw new Error("it was never shown");
}

async function inTime<T>(work: Promise<T>, page: Page): Promise<T> {
  const late = rest(PATIENCE_MS).then(async () => Promise.reject(new Error(`not shown at ${page.url()}: ${await page.innerText("body")}`)));
  return Promise.race([work, late]);
}

/** Takes a picture as WebP, which the browser itself makes of it. */
async function picture(browser: Browser, page: Page, name: string): Promise<void> {
  await rest(SETTLED_MS);
  // What the city tells of a thing stands below what is always so.
  await page.locator('[data-attribute="dangerLevel"]').evaluateAll(([row]) => row?.scrollIntoView({ block: "center" }));
  const png = (await page.screenshot()).toString("base64");
  const desk = await browser.newPage();
  const webp = await desk.evaluate(async (png) => {
    const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${png}`)).blob());
    const canvas = Object.assign(document.createElement("canvas"), { width: image.width, height: image.height });
    canvas.getContext("2d")?.drawImage(image, 0, 0);
    return canvas.toDataURL("image/webp", 0.8).split(",")[1] ?? "";
  }, png);
  await desk.close();
  const bytes = Buffer.from(webp, "base64");
  expect(bytes.length).toBeLessThan(LARGEST_PICTURE);
  await writeFile(join(PICTURES, `${name}-${LANGUAGE}.webp`), bytes);
}

it.skipIf(!PORT)("shows what the tour does", { timeout: TOUR_MS }, async () => {
  const browser = await launch();
  const { page, faults } = await open(browser, "about:blank", { locale: LANGUAGE === "ja" ? "ja-JP" : "en-GB", timezoneId: "Asia/Tokyo", viewport: { width: 1280, height: 800 } });
  const watched = new Map<string, { wasThere: boolean; at: Promise<number> }>();
  let end = (): void => undefined;
  const ended = new Promise<void>((resolve) => (end = resolve));

  async function answer(path: string, { sight: name = "", address = "", since = 0 }: { sight?: string; address?: string; since?: number }): Promise<object> {
    const sight = SIGHTS[name];
    if (path === "/end") end();
    if (!sight) return {};
    if (path === "/look") {
      const began = Date.now();
      await page.goto(address);
      const ms = (await inTime(shown(page, sight), page)) - began;
      if (sight.picture) await picture(browser, page, sight.picture);
      return { ms };
    }
    if (path === "/watch") {
      const wasThere = await sight.isThere(page).catch(() => false);
      const at = shown(page, sight);
      at.catch(() => undefined);
      watched.set(name, { wasThere, at });
    }
    if (path === "/seen") {
      const seen = watched.get(name);
      if (!seen) throw new Error(`nobody watched for ${name}`);
      const at = await inTime(seen.at, page);
      // By night a lamp burns before somebody switches it on.
      if (seen.wasThere) return {};
      return { ms: Math.max(0, at - ((await sight.since?.(page)) ?? since)) };
    }
    return {};
  }

  const server = createServer((request, response) => {
    void (async () => {
      try {
        const told = JSON.stringify(await answer(request.url ?? "", await bodyOf(request)));
        response.writeHead(200, { "Content-Type": "application/json" }).end(told);
      } catch (error) {
        response.writeHead(500).end(String(error));
      }
    })();
  });
  server.listen(PORT, "127.0.0.1");
  try {
    await ended;
    expect(faults).toEqual([]);
  } finally {
    server.close();
    await browser.close();
  }
});

async function bodyOf(request: IncomingMessage): Promise<object> {
  let text = "";
  for await (const piece of request) text += String(piece);
  return text ? (JSON.parse(text) as object) : {};
}
