// Counts what the map draws of a type, by asking MapLibre what it has rendered: all at once, crowds by the numbers that
// their clusters tell, and one by one, as a reader sees them who goes close enough that no cluster hides any.
import type { Map as GlMap, MapGeoJSONFeature } from "maplibre-gl";
import type { Page } from "playwright-core";

export type Place = [longitude: number, latitude: number];

/** What is in sight of a type. */
export interface Sight {
  /** Whether the map shows the type where it stands. */
  isShown: boolean;
  ids: string[];
  clusters: number;
  /** Entities in clusters. */
  crowded: number;
}

/** How close the map goes, and by how much at once. */
const CLOSEST = 18;
const STEP = 2;

declare global {
  interface Window {
    mapOfCity(): GlMap;
    isDrawn(): Promise<void>;
  }
}

/** Gives the page ways to its map; to be called before the page is opened. */
export async function readyToCount(page: Page): Promise<void> {
  await page.addInitScript(() => {
    window.mapOfCity = () => (document.querySelector(".ground") as unknown as { map: GlMap }).map;
    window.isDrawn = () =>
      new Promise((resolve) => {
        const map = window.mapOfCity();
        map.once("idle", () => resolve());
        map.triggerRepaint();
      });
  });
}

/** The types that the map draws. */
export function typesShown(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const layers = window.mapOfCity().getStyle()?.layers ?? [];
    return [...new Set(layers.flatMap((one) => (one.metadata as { type?: string } | undefined)?.type ?? []))];
  });
}

/** Puts the map so that a box is in sight, and waits until it is drawn. */
export async function lookAt(page: Page, [west, south, east, north]: readonly number[]): Promise<void> {
  await page.evaluate(
    async ([west, south, east, north]) => {
      window.mapOfCity().fitBounds([[west, south], [east, north]] as [Place, Place], { animate: false, padding: 24, maxZoom: 16 });
      await window.isDrawn();
    },
    [west ?? 0, south ?? 0, east ?? 0, north ?? 0] as const,
  );
}

/** Puts the map over a place, and waits until it is drawn. */
async function goTo(page: Page, [longitude, latitude]: Place, zoom: number): Promise<void> {
  await page.evaluate(
    async ([longitude, latitude, zoom]) => {
      window.mapOfCity().jumpTo({ center: [longitude, latitude], zoom });
      await window.isDrawn();
    },
    [longitude, latitude, zoom] as const,
  );
}

export function zoomOf(page: Page): Promise<number> {
  return page.evaluate(() => window.mapOfCity().getZoom());
}

/** What is drawn of a type where the map stands. */
export function inSight(page: Page, type: string): Promise<Sight> {
  return page.evaluate((wanted) => {
    const map = window.mapOfCity();
    const zoom = map.getZoom();
    const layers = map.getStyle().layers.filter((one) => (one.metadata as { type?: string } | undefined)?.type === wanted && one.type !== "symbol");
    const shown = layers.filter((one) => zoom >= (one.minzoom ?? 0));
    const found = map.queryRenderedFeatures({ layers: shown.map(({ id }) => id) }).filter((one) => !one.state["gone"]);
    const isCluster = (one: MapGeoJSONFeature): boolean => one.sourceLayer === "clusters";
    // The world may be in sight more than once, and with it each of its features; of clusters, places differ.
    const clusters = new Map(found.filter(isCluster).map((one) => [JSON.stringify(one.geometry), Number(one.properties["count"])]));
    return {
      isShown: shown.length > 0,
      ids: [...new Set(found.filter((one) => !isCluster(one)).map((one) => String(one.properties["id"])))],
      clusters: clusters.size,
      crowded: [...clusters.values()].reduce((sum, count) => sum + count, 0),
    };
  }, type);
}

/** The ids that are drawn one by one, and how often the map had to be moved: it goes to each place where one has not yet
 * been seen, and closer until no cluster is in sight. */
export async function oneByOne(page: Page, type: string, places: ReadonlyMap<string, Place>): Promise<{ ids: Set<string>; looks: number }> {
  const ids = new Set((await inSight(page, type)).ids);
  const start = await zoomOf(page);
  let looks = 0;
  for (const [id, place] of places) {
    let zoom = start;
    while (!ids.has(id) && zoom < CLOSEST) {
      zoom = Math.min(zoom + STEP, CLOSEST);
      await goTo(page, place, zoom);
      looks += 1;
      for (const seen of (await inSight(page, type)).ids) ids.add(seen);
    }
  }
  return { ids, looks };
}
