// What the page itself is asked while it is measured: when it first drew something, how often it draws, and when a
// change can be seen. MapLibre tells what it has painted; no pixel is guessed at.
import type { Map as GlMap } from "maplibre-gl";
import type { Page } from "playwright-core";

/** How long a hand takes over the map. */
const STROKE_MS = 1000;

declare global {
  interface Window {
    figures: {
      /** Milliseconds since navigation; null where it has not come yet. */
      firstPicture: number | null;
      wholePicture: number | null;
      /** When each frame of the page and each picture of the map was drawn, while that is counted. */
      frames: number[];
      pictures: number[];
      isCounting: boolean;
    };
  }
}

/** Milliseconds between what happened at these moments, the longest last. */
export interface Pace {
  perSecond: number;
  longestMs: number;
  /** One frame in twenty takes longer. */
  p95Ms: number;
}

/** Puts the instruments into every page that is opened after this. */
export async function instrument(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const figures: Window["figures"] = { firstPicture: null, wholePicture: null, frames: [], pictures: [], isCounting: false };
    window.figures = figures;
    const hasFeatures = (map: GlMap): boolean => {
      const layers = map.getStyle().layers.filter((one) => (one.metadata as { type?: string } | undefined)?.type);
      return layers.length > 0 && map.queryRenderedFeatures({ layers: layers.map(({ id }) => id) }).length > 0;
    };
    // A map whose entities move all the time is never idle.
    const hasAllTiles = (map: GlMap): boolean =>
      Object.keys(map.getStyle().sources).every((name) => !name.startsWith("tiles:") || map.isSourceLoaded(name));
    const attend = (map: GlMap): void => {
      map.on("render", () => {
        if (figures.isCounting) figures.pictures.push(performance.now());
        // What was painted is on the screen when the next frame begins.
        if (figures.firstPicture === null && hasFeatures(map)) {
          figures.firstPicture = Infinity;
          requestAnimationFrame(() => (figures.firstPicture = performance.now()));
        } else if (figures.firstPicture !== null && figures.wholePicture === null && hasAllTiles(map)) {
          figures.wholePicture = Infinity;
          requestAnimationFrame(() => (figures.wholePicture = performance.now()));
        }
      });
    };
    const wait = (): void => {
      const map = (document.querySelector(".ground") as unknown as { map?: GlMap } | null)?.map;
      if (map) attend(map);
      else requestAnimationFrame(wait);
    };
    requestAnimationFrame(wait);
    const count = (): void => {
      if (figures.isCounting) figures.frames.push(performance.now());
      requestAnimationFrame(count);
    };
    requestAnimationFrame(count);
  });
}

/** Waits for the first picture and the whole one; in milliseconds since navigation. */
export async function picturesOf(page: Page): Promise<{ first: number; whole: number }> {
  await page.waitForFunction(() => Number.isFinite(window.figures.wholePicture ?? Infinity), null, { timeout: 120_000, polling: 100 });
  return page.evaluate(() => ({ first: window.figures.firstPicture ?? Infinity, whole: window.figures.wholePicture ?? Infinity }));
}

/** Drags the map for so long, stroke by stroke as a hand does: four times to the one side, and back. */
export async function pan(page: Page, forMs: number): Promise<{ page: Pace; map: Pace }> {
  const box = await page.locator(".ground canvas").first().boundingBox();
  if (!box) throw new Error("there is no map to drag");
  await page.evaluate(() => Object.assign(window.figures, { frames: [], pictures: [], isCounting: true }));
  const started = Date.now();
  for (let stroke = 0; Date.now() - started < forMs; stroke += 1) await drag(page, box, Math.floor(stroke / 4) % 2 === 0 ? 1 : -1);
  const { frames, pictures } = await page.evaluate(() => {
    window.figures.isCounting = false;
    return { frames: window.figures.frames, pictures: window.figures.pictures };
  });
  return { page: paceOf(frames), map: paceOf(pictures) };
}

interface Rectangle {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** One stroke over most of the map, to the west or to the east and a little up or down. */
async function drag(page: Page, { x, y, width, height }: Rectangle, way: 1 | -1): Promise<void> {
  const at = (share: number): [number, number] => [x + width * (0.5 + way * (0.35 - 0.7 * share)), y + height * (0.5 + way * (0.1 - 0.2 * share))];
  await page.mouse.move(...at(0));
  await page.mouse.down();
  const started = Date.now();
  for (let ms = 0; ms < STROKE_MS; ms = Date.now() - started) {
    await page.mouse.move(...at(ms / STROKE_MS));
    await new Promise((resolve) => setTimeout(resolve, 8));
  }
  await page.mouse.up();
}

export function paceOf(moments: readonly number[]): Pace {
  const gaps = moments.slice(1).map((moment, at) => moment - (moments[at] ?? 0)).sort((a, b) => a - b);
  const total = (moments.at(-1) ?? 0) - (moments[0] ?? 0);
  return {
    perSecond: total > 0 ? (gaps.length * 1000) / total : 0,
    longestMs: gaps.at(-1) ?? Infinity,
    p95Ms: gaps[Math.floor(gaps.length * 0.95)] ?? Infinity,
  };
}

export interface Seen {
  id: string;
  place: [longitude: number, latitude: number];
}

/** Entities of a type that lie in the middle of the map, also such as it draws in crowds; as the city tells. */
export async function onesInSight(page: Page, city: string, type: string, most: number): Promise<Seen[]> {
  const ring = await page.evaluate(() => {
    const map = window.mapOfCity();
    const { x, y } = map.project(map.getCenter());
    const corner = (east: number, south: number): number[] => map.unproject([x + 0.8 * east * x, y + 0.8 * south * y]).toArray();
    return [corner(-1, 1), corner(1, 1), corner(1, -1), corner(-1, -1), corner(-1, 1)];
  });
  const asked = new URL("ngsi-ld/v1/entities", city);
  const area = { georel: "within", geometry: "Polygon", coordinates: JSON.stringify([ring]) };
  asked.search = new URLSearchParams({ type, pick: "id,location", limit: String(most), ...area }).toString();
  const found = (await (await fetch(asked)).json()) as { id: string; location: { value: GeoJSON.Point } }[];
  return found.map(({ id, location }) => ({ id, place: location.value.coordinates as Seen["place"] }));
}

export interface Awaited extends Seen {
  type: string;
  attribute: string;
  value: string | number;
}

/** The clock's time when the map has painted an entity with this value; null where it has not for so long. */
export function seenAt(page: Page, awaited: Awaited, patienceMs: number): Promise<number | null> {
  return page.evaluate(
    ({ id, place, type, attribute, value, patienceMs }) =>
      new Promise<number | null>((resolve) => {
        const map = window.mapOfCity();
        const isOfType = (one: { metadata?: unknown; type: string }): boolean => (one.metadata as { type?: string } | undefined)?.type === type && one.type !== "symbol";
        const layers = map.getStyle().layers.filter(isOfType).map((one) => one.id);
        const { x, y } = map.project(place);
        const end = (at: number | null): void => {
          map.off("render", look);
          clearTimeout(patience);
          resolve(at);
        };
        const look = (): void => {
          const found = map.queryRenderedFeatures([[x - 8, y - 8], [x + 8, y + 8]], { layers });
          const isThere = found.some((one) => one.properties["id"] === id && (one.state[attribute] ?? one.properties[attribute]) === value && !one.state["gone"]);
          // What was painted is on the screen when the next frame begins.
          if (isThere) requestAnimationFrame(() => end(Date.now()));
        };
        const patience = setTimeout(() => end(null), patienceMs);
        map.on("render", look);
        look();
      }),
    { ...awaited, patienceMs },
  );
}
