// What has changed since its tile came: drawn from the live feed over the tiles, until newer tiles have come.
//
// A flood may bring thousands of changes a second: of each entity only the newest waits, a frame takes as many as it
// has time for, and what finds no room is caught up by tiles that are asked for anew.
import type { GeoJSONSource, Map as GlMap } from "maplibre-gl";
import type { Change } from "../api/live";
import { lookOf } from "./catalogue";
import { type Feature, featureOf, geometryOf } from "./feature";
import { type Box, boxOf } from "./geo";
import { perFrame } from "./refresh";
import { type Drawn, ENTITIES } from "./source";
import { LIVE, tilesOf } from "./style";

/** Changes that wait for a frame, and entities that are drawn over the tiles. */
const MOST_WAITING = 5000;
const MOST_DRAWN = 3000;
/** Changed entities that are held against the filter at once, and how often. */
const MOST_UNSURE = 50;
const SIFT_MS = 200;
/** What a frame may take of the page's time: where frames are slow, a share of what has passed since the last one. */
const BUDGET_MS = 6;
const BUDGET_SHARE = 0.2;
/** How long it is believed what is in sight. */
const VIEW_MS = 100;
/** The worker lays out all live entities again for each update. */
const UPDATE_MS = 120;
/** How long tiles may lag behind what is drawn over them. */
const REFRESH_MS = 10_000;

/** The inner parts of MapLibre 4.7 that fetch a tile again while the old one is still shown. */
interface TileCache {
  _tiles: Record<string, { state: string }>;
  _cache: { reset(): void };
  _reloadTile(id: string, state: "expired"): Promise<void>;
}

/** Tells which of some entities meet the filter. */
export type Sieve = (ids: readonly string[]) => Promise<ReadonlySet<string>>;

export class Overlay {
  #types: readonly string[] = [];
  /** The first zoom that shows each type. */
  #from = new Map<string, number>();
  #language = "en";
  /** Null where nothing is filtered. */
  #sieve: Sieve | null = null;
  /** Changed entities of which only the city knows whether they meet the filter. */
  #unsure = new Map<string, Change>();
  #sifting: ReturnType<typeof setTimeout> | undefined;
  /** The map is gone, and answers that are still on their way are for nobody. */
  #isClosed = false;
  #waiting = new Map<string, Change>();
  /** Each entity that is drawn here, with its type. */
  #drawn = new Map<string, string>();
  /** What is hidden in the tiles of each type, as it is drawn here or is gone. */
  #hidden = new Map<string, Set<string>>();
  #add = new Map<string, Feature>();
  #remove = new Set<string>();
  #stale = new Set<string>();
  /** Types of which something has changed out of sight: only tiles that are kept for later are older than it. */
  #elsewhere = new Set<string>();
  /** No tile of a shown type is of a deeper zoom than this. */
  #deepest = 0;
  #box: Box | null = null;
  #boxUntil = 0;
  /** What may go once tiles have come that know it. */
  #settling = new Set<Set<string>>();
  #frame = perFrame(() => this.#work());
  #lastUpdate = 0;
  #lastWork = 0;
  #refresh: ReturnType<typeof setInterval>;

  constructor(private readonly map: GlMap) {
    this.#refresh = setInterval(() => this.refreshStale(), REFRESH_MS);
  }

  /** Begins anew with the types of a new style. */
  reset(shown: readonly Drawn[], language: string, sieve: Sieve | null): void {
    for (const [type, ids] of this.#hidden) {
      for (const id of ids) this.#reveal(id, type);
      this.#stale.add(type);
    }
    this.#types = shown.map(({ type }) => type);
    this.#from = new Map(shown.map(({ type, from }) => [type, from]));
    this.#deepest = Math.min(...shown.map(({ maxzoom }) => maxzoom));
    this.#language = language;
    this.#sieve = sieve;
    this.#unsure.clear();
    this.#drawn.clear();
    this.#hidden.clear();
    this.#add.clear();
    this.#remove.clear();
    (this.map.getSource(LIVE) as GeoJSONSource | undefined)?.setData({ type: "FeatureCollection", features: [] });
    this.refreshStale();
  }

  close(): void {
    clearInterval(this.#refresh);
    clearTimeout(this.#sifting);
    this.#isClosed = true;
    this.#frame.stop();
  }

  take(change: Change): void {
    for (const settling of this.#settling) settling.delete(change.id);
    const type = this.#types.find((one) => change.types.includes(one));
    if (this.#sieve && type && change.entity && !lookOf(type).isGround) return this.#doubt(change, type);
    this.#unsure.delete(change.id);
    this.#keep(change);
  }

  #keep(change: Change): void {
    if (this.#isOutOfSight(change)) return;
    if (this.#waiting.size >= MOST_WAITING && !this.#waiting.has(change.id)) {
      for (const type of change.types) this.#stale.add(type);
      return;
    }
    this.#waiting.set(change.id, change);
    this.#frame.ask();
  }

  /** A metropolis changes a thousand times a second, and nearly all of that is nowhere near what is shown. */
  #isOutOfSight({ id, types, attributes, entity, kind }: Change): boolean {
    if (kind !== "changed" || !entity || this.#drawn.has(id) || this.#waiting.has(id)) return false;
    const type = this.#types.find((one) => types.includes(one));
    if (!type) return true;
    if (this.map.getZoom() >= (this.#from.get(type) ?? 0)) {
      // What has moved may have been in sight before.
      const box = attributes.includes("location") ? null : boxOf(geometryOf(entity["location"]));
      if (!box || meets(box, this.#viewNow())) return false;
    }
    this.#elsewhere.add(type);
    return true;
  }

  /** What has changed may meet the filter no longer, or only now. */
  #doubt(change: Change, type: string): void {
    if (this.#unsure.size >= MOST_UNSURE && !this.#unsure.has(change.id)) return void this.#stale.add(type);
    this.#unsure.set(change.id, change);
    this.#sifting ??= setTimeout(() => void this.#sift(), SIFT_MS);
  }

  async #sift(): Promise<void> {
    this.#sifting = undefined;
    const sieve = this.#sieve;
    const changes = [...this.#unsure.values()];
    this.#unsure.clear();
    if (!sieve || changes.length === 0) return;
    // Where the city does not answer, newer tiles tell it later.
    const met = await sieve(changes.map(({ id }) => id)).catch(() => null);
    if (this.#isClosed || sieve !== this.#sieve) return;
    for (const change of changes) {
      if (!met) for (const type of change.types) this.#stale.add(type);
      else this.#keep(met.has(change.id) ? change : { ...change, entity: null });
    }
  }

  /** Asks for all tiles anew, as after a break of the line. */
  refreshAll(): void {
    for (const type of this.#types) this.#stale.add(type);
    this.refreshStale();
  }

  /** Asks for the tiles of those types that were changed out of sight. */
  refreshStale(): void {
    if (document.hidden) return;
    const stale = this.#types.filter((type) => this.#stale.has(type) || this.#hidden.has(type));
    for (const type of this.#elsewhere) this.#cacheOf(type)?._cache.reset();
    this.#elsewhere.clear();
    this.#stale.clear();
    for (const type of stale) void this.#reload(type);
  }

  #work(): void {
    const now = performance.now();
    const until = now + Math.max(BUDGET_MS, Math.min(BUDGET_SHARE * (now - this.#lastWork), UPDATE_MS / 2));
    this.#lastWork = now;
    const view = this.#view();
    for (const [id, change] of this.#waiting) {
      this.#waiting.delete(id);
      this.#apply(change, view);
      if (performance.now() > until) break;
    }
    this.#update();
    if (this.#waiting.size > 0 || this.#add.size > 0 || this.#remove.size > 0) this.#frame.ask();
  }

  #apply(change: Change, view: Box): void {
    if (change.kind === "deleted" || !change.entity) {
      const type = this.#drawn.get(change.id) ?? this.#types.find((one) => change.types.includes(one));
      for (const one of type ? [type] : this.#types) this.#hide(change.id, one);
      this.#erase(change.id);
      return;
    }
    const type = this.#types.find((one) => change.types.includes(one));
    if (!type) return;
    const feature = featureOf(type, change.entity, this.#language);
    const box = feature && boxOf(feature.geometry);
    const isHere = this.#drawn.has(change.id);
    const isSeen = box !== null && meets(box, view) && this.map.getZoom() >= (this.#from.get(type) ?? 0);
    if (!feature || !box || !isSeen || (!isHere && this.#drawn.size >= MOST_DRAWN)) {
      this.#stale.add(type);
      if (isHere && feature) this.#draw(change.id, type, feature);
      else if (isHere) this.#erase(change.id);
      return;
    }
    this.#draw(change.id, type, feature);
  }

  #draw(id: string, type: string, feature: Feature): void {
    this.#hide(id, type);
    this.#drawn.set(id, type);
    this.#remove.delete(id);
    this.#add.set(id, feature);
  }

  #erase(id: string): void {
    this.#add.delete(id);
    if (this.#drawn.delete(id)) this.#remove.add(id);
  }

  /** Hides the entity as the tile has it. */
  #hide(id: string, type: string): void {
    const hidden = this.#hidden.get(type) ?? new Set();
    // Each state that is set has the whole map painted again.
    if (hidden.has(id) || !this.map.getSource(tilesOf(type))) return;
    if (hidden.size >= MOST_WAITING) {
      this.#stale.add(type);
      return;
    }
    this.#hidden.set(type, hidden.add(id));
    this.map.setFeatureState({ source: tilesOf(type), sourceLayer: ENTITIES, id }, { gone: true });
  }

  #update(): void {
    if (this.#add.size === 0 && this.#remove.size === 0) return;
    const source = this.map.getSource(LIVE) as GeoJSONSource | undefined;
    const now = performance.now();
    if (!source?.loaded() || now - this.#lastUpdate < UPDATE_MS) return;
    this.#lastUpdate = now;
    source.updateData({ add: [...this.#add.values()], remove: [...this.#remove] });
    this.#add.clear();
    this.#remove.clear();
  }

  /** What is drawn over a type's tiles goes once tiles have come that know it. */
  async #reload(type: string): Promise<void> {
    const cache = this.#cacheOf(type);
    if (!cache) return;
    const settled = new Set([...(this.#hidden.get(type) ?? [])].filter((id) => !this.#waiting.has(id)));
    // What changes while its tiles are on their way is newer than they are.
    this.#settling.add(settled);
    cache._cache.reset();
    await Promise.all(Object.keys(cache._tiles).map((id) => cache._reloadTile(id, "expired")));
    this.#settling.delete(settled);
    if (this.#isClosed || !this.map.getSource(tilesOf(type))) return;
    for (const id of settled) this.#settle(id, type);
    if (settled.size > 0) this.#frame.ask();
  }

  #cacheOf(type: string): TileCache | undefined {
    const { style } = this.map as unknown as { style?: { sourceCaches?: Record<string, TileCache> } };
    return style?.sourceCaches?.[tilesOf(type)];
  }

  #settle(id: string, type: string): void {
    if (this.#drawn.get(id) === type) this.#erase(id);
    this.#reveal(id, type);
    const hidden = this.#hidden.get(type);
    hidden?.delete(id);
    if (hidden?.size === 0) this.#hidden.delete(type);
  }

  #reveal(id: string, type: string): void {
    if (!this.map.getSource(tilesOf(type))) return;
    this.map.removeFeatureState({ source: tilesOf(type), sourceLayer: ENTITIES, id }, "gone");
  }

  #viewNow(): Box {
    const now = performance.now();
    if (!this.#box || now > this.#boxUntil) {
      this.#box = this.#view();
      this.#boxUntil = now + VIEW_MS;
    }
    return this.#box;
  }

  /** What is in sight, and beyond it as far as the tiles reach that show it. */
  #view(): Box {
    const bounds = this.map.getBounds();
    const [east, west] = [bounds.getEast(), bounds.getWest()];
    const [north, south] = [bounds.getNorth(), bounds.getSouth()];
    const tile = 360 / 2 ** Math.min(Math.floor(this.map.getZoom()), this.#deepest);
    const [wide, high] = [Math.max((east - west) / 4, tile), Math.max((north - south) / 4, tile)];
    return { west: west - wide, east: east + wide, south: south - high, north: north + high };
  }
}

function meets(one: Box, other: Box): boolean {
  const isSouth = one.south <= other.north && one.north >= other.south;
  // The view may stand several turns around the globe.
  const turn = Math.round(((other.west + other.east) / 2 - (one.west + one.east) / 2) / 360) * 360;
  return isSouth && one.west + turn <= other.east && one.east + turn >= other.west;
}
