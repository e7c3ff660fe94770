// What the map of a page draws of a type, asked of MapLibre.
import type { Map as GlMap } from "maplibre-gl";
import type { Page } from "playwright-core";

/** Each entity that is drawn, by its id, with its properties as they are painted; none where there is no map, or not of this type. */
export function featuresOf(page: Page, type: string): Promise<Record<string, Record<string, unknown>>> {
  return page.evaluate((wanted) => {
    const map = (document.querySelector(".ground") as unknown as { map?: GlMap } | null)?.map;
    const layers = map?.getStyle()?.layers.filter((one) => (one.metadata as { type?: string })?.type === wanted && one.type !== "symbol") ?? [];
    if (!map || layers.length === 0) return {};
    const found = map.queryRenderedFeatures({ layers: layers.map(({ id }) => id) }).filter((one) => !one.state["gone"]);
    return Object.fromEntries(found.map((one) => [String(one.properties["id"]), { ...one.properties, ...one.state }]));
  }, type);
}
