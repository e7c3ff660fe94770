// What has changed since its tile came, from the live feed, until newer tiles have come: newer values are painted in the
// tile, what has moved or is new is drawn over it, and ground is asked for anew.
//
// A flood may bring thousands of changes a second: of each entity only the newest waits, all go to the map on one beat,
// as many as there is time for, and what finds no room is caught up by tiles that are asked for anew.
import type { GeoJSONSource, Map as GlMap } from "maplibre-gl";
import type { Change } from "../api/live";
import { atMostEvery } from "../state/soon";
import { attributesOf, lookOf, themesOf } from "./catalogue";
import { type Feature, featureOf, geometryOf } from "./feature";
import { type Box, boxOf } from "./geo";
import { Marks, type Values } from "./marks";
import { perFrame } from "./refresh";
import type { Drawn } from "./source";
import { LIVE } from "./style";

/** Changes that wait for a beat, and entities that are drawn over the tiles. */
const MOST_WAITING = 5000;
const MOST_DRAWN = 3000;
/** Changed entities that are held against the filter at once, and how often. */
const MOST_UNSURE = 50;
const SIFT_MS = 200;
/** Each time that something changes the whole map is painted again, so changes come together. */
const BEAT_MS = 200;
/** What a beat may take of the page's time. */
const BUDGET_MS = 6;
const BUDGET_SHARE = 0.2;
/** How long what is drawn over its tile stays there at least, so that it can be seen also where the tile has a crowd. */
const SEEN_MS = 1000;
/** How long it is believed what is in sight. */
const VIEW_MS = 100;
/** How long tiles may lag behind what is drawn over them, and those of ground behind what was changed in sight. */
const REFRESH_MS = 10_000;
const GROUND_MS = 500;

/** Tells which of some entities meet the filter. */
export type Sieve = (ids: readonly string[]) => Promise<ReadonlySet<string>>;

export class Overlay {
  readonly #marks: Marks;
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
  /** Each entity that is drawn over the tiles, with its type, and since when as it is. */
  #drawn = new Map<string, { type: string; since: number }>();
  #add = new Map<string, Feature>();
  #remove = new Set<string>();
  #stale = new Set<string>();
  /** Types of ground that have changed in sight. */
  #rebuilt = new Set<string>();
  /** Types of which something has changed out of sight: only tiles that are kept for later are older than it. */
  #elsewhere = new Set<string>();
  /** No tile of a shown type is of a deeper zoom than this. */
  #deepest = 0;
  #box: Box | null = null;
  #boxUntil = 0;
  #frame = perFrame(() => this.#work());
  #beat = atMostEvery(() => this.#frame.ask(), BEAT_MS);
  #updating = perFrame(() => this.#update());
  #building = atMostEvery(() => this.#rebuild(), GROUND_MS);
  #lastWork = 0;
  #refresh: ReturnType<typeof setInterval>;

  constructor(private readonly map: GlMap) {
    this.#marks = new Marks(map);
    this.#refresh = setInterval(() => this.refreshStale(), REFRESH_MS);
  }

  /** Begins anew with the types of a new style. */
  reset(shown: readonly Drawn[], language: string, sieve: Sieve | null): void {
    for (const type of this.#marks.clear()) this.#stale.add(type);
    this.#types = shown.map(({ type }) => type);
    this.#from = new Map(shown.map(({ type, from }) => [type, from]));
    this.#deepest = Math.min(...shown.map(({ maxzoom }) => maxzoom));
    this.#language = language;
    this.#sieve = sieve;
    this.#unsure.clear();
    this.#drawn.clear();
    this.#add.clear();
    this.#remove.clear();
    (this.map.getSource(LIVE) as GeoJSONSource | undefined)?.setData({ type: "FeatureCollection", features: [] });
    this.refreshStale();
  }

  close(): void {
    clearInterval(this.#refresh);
    clearTimeout(this.#sifting);
    this.#isClosed = true;
    this.#marks.close();
    for (const one of [this.#beat, this.#frame, this.#updating, this.#building]) one.stop();
  }

  take(change: Change): void {
    this.#marks.touch(change.id);
    const type = this.#typeOf(change);
    if (this.#sieve && type && change.entity && !lookOf(type).isGround) return this.#doubt(change, type);
    this.#unsure.delete(change.id);
    if (!this.#isUnseen(change, type)) this.#keep(change);
  }

  #typeOf({ types }: Change): string | undefined {
    return this.#types.find((one) => types.includes(one));
  }

  #keep(change: Change): void {
    if (this.#isOutOfSight(change)) return;
    if (this.#waiting.size >= MOST_WAITING && !this.#waiting.has(change.id)) {
      for (const type of change.types) this.#stale.add(type);
      return;
    }
    this.#waiting.set(change.id, together(this.#waiting.get(change.id), change));
    this.#beat.ask();
  }

  /** Whether nothing has changed of what the map draws. */
  #isUnseen({ kind, attributes }: Change, type: string | undefined): boolean {
    if (kind !== "changed" || attributes.length === 0 || !type) return false;
    const seen = ["location", ...attributesOf(type)];
    return !attributes.some((name) => seen.includes(name));
  }

  /** A metropolis changes a thousand times a second, and nearly all of that is nowhere near what is shown. */
  #isOutOfSight(change: Change): boolean {
    const { id, attributes, entity, kind } = change;
    if (kind === "deleted" || !entity || this.#drawn.has(id) || this.#waiting.has(id)) return false;
    const type = this.#typeOf(change);
    if (!type) return true;
    if (this.#marks.has(id, type)) return false;
    if (this.map.getZoom() >= (this.#from.get(type) ?? 0)) {
      // What has moved may have been in sight before.
      if (kind === "changed" && attributes.includes("location")) return false;
      const box = boxOf(geometryOf(entity["location"]));
      if (!box) return true;
      if (meets(box, this.#viewNow())) return false;
    }
    this.#elsewhere.add(type);
    return true;
  }

  /** What has changed may meet the filter no longer, or only now. */
  #doubt(change: Change, type: string): void {
    if (this.#unsure.size >= MOST_UNSURE && !this.#unsure.has(change.id)) return void this.#stale.add(type);
    this.#unsure.set(change.id, together(this.#unsure.get(change.id), change));
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

  /** Asks for the tiles of those types of which something has changed. */
  refreshStale(): void {
    if (document.hidden) return;
    const stale = this.#types.filter((type) => this.#stale.has(type) || this.#marks.hasAny(type));
    for (const type of this.#elsewhere) this.#marks.dropKept(type);
    this.#elsewhere.clear();
    this.#stale.clear();
    for (const type of stale) void this.#reload(type);
  }

  async #rebuild(): Promise<void> {
    const types = this.#types.filter((type) => this.#rebuilt.has(type));
    this.#rebuilt.clear();
    await Promise.all(types.map((type) => this.#reload(type)));
  }

  #work(): void {
    const now = performance.now();
    const until = now + Math.max(BUDGET_MS, BUDGET_SHARE * Math.min(now - this.#lastWork, 2 * BEAT_MS));
    this.#lastWork = now;
    const view = this.#view();
    for (const [id, change] of this.#waiting) {
      this.#waiting.delete(id);
      this.#apply(change, view);
      if (performance.now() > until) break;
    }
    this.#update();
    if (this.#waiting.size > 0) this.#beat.ask();
  }

  #apply(change: Change, view: Box): void {
    const type = this.#drawn.get(change.id)?.type ?? this.#typeOf(change);
    if (change.kind === "deleted" || !change.entity) return this.#takeAway(change, type);
    if (!type) return;
    if (lookOf(type).isGround) return this.#askAnew(type);
    // A value that was written again, or another type or scope.
    if (change.kind === "changed" && change.attributes.length === 0 && !this.#sieve) return void this.#stale.add(type);
    const values = this.#valuesOf(change, type);
    if (values) {
      if (!this.#marks.paint(change.id, type, values)) this.#stale.add(type);
      return;
    }
    const feature = featureOf(type, change.entity, this.#language);
    const box = feature && boxOf(feature.geometry);
    if (!feature || !box) return this.#takeAway(change, type);
    const isHere = this.#drawn.has(change.id);
    const isSeen = meets(box, view) && this.map.getZoom() >= (this.#from.get(type) ?? 0);
    const hasRoom = isHere || this.#drawn.size < MOST_DRAWN;
    if (!isSeen || !hasRoom) this.#stale.add(type);
    if (isHere || (isSeen && hasRoom)) this.#draw(change.id, type, feature);
  }

  /** Newer values of an entity that stands where its tile has it, by which it is painted; null where it must be drawn. */
  #valuesOf({ id, kind, attributes, entity }: Change, type: string): Values | null {
    const themes = themesOf(type);
    const isElse = (name: string): boolean => name === "location" || (attributesOf(type).includes(name) && !themes.includes(name));
    if (kind !== "changed" || !entity || this.#sieve || this.#drawn.has(id) || attributes.some(isElse)) return null;
    const { properties } = featureOf(type, entity, this.#language) ?? {};
    const values = themes.map((name) => [name, properties?.[name]] as const);
    const hasAll = values.every(([, value]) => value !== undefined);
    return hasAll && this.#marks.isInTile(id, type) ? (Object.fromEntries(values) as Values) : null;
  }

  #takeAway({ id }: Change, type: string | undefined): void {
    for (const one of type ? [type] : this.#types) {
      if (lookOf(one).isGround) this.#askAnew(one);
      else this.#hide(id, one);
    }
    this.#erase(id);
  }

  #askAnew(type: string): void {
    this.#rebuilt.add(type);
    this.#building.ask();
  }

  #draw(id: string, type: string, feature: Feature): void {
    this.#hide(id, type);
    this.#drawn.set(id, { type, since: performance.now() });
    this.#remove.delete(id);
    this.#add.set(id, feature);
  }

  #erase(id: string): void {
    this.#add.delete(id);
    if (this.#drawn.delete(id)) this.#remove.add(id);
  }

  /** Hides the entity as the tile has it. */
  #hide(id: string, type: string): void {
    if (!this.#marks.hide(id, type)) this.#stale.add(type);
  }

  /** The worker lays out all that is drawn again: what it is given meanwhile would only wait behind that. */
  #update(): void {
    if (this.#add.size === 0 && this.#remove.size === 0) return;
    const source = this.map.getSource(LIVE) as GeoJSONSource | undefined;
    if (!source || !this.map.isSourceLoaded(LIVE)) return this.#updating.ask();
    source.updateData({ add: [...this.#add.values()], remove: [...this.#remove] });
    this.#add.clear();
    this.#remove.clear();
  }

  /** What is drawn over a type's tiles goes once tiles have come that know it. */
  async #reload(type: string): Promise<void> {
    const until = performance.now() - SEEN_MS;
    const isFresh = (id: string): boolean => this.#waiting.has(id) || (this.#drawn.get(id)?.since ?? 0) > until;
    const known = await this.#marks.reload(type, isFresh);
    if (this.#isClosed) return;
    for (const id of known) if (this.#drawn.get(id)?.type === type) this.#erase(id);
    if (this.#remove.size > 0) this.#beat.ask();
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

/** A change after another one that nobody has seen yet. */
function together(before: Change | undefined, change: Change): Change {
  if (!before || change.kind !== "changed") return change;
  const kind = before.kind === "changed" ? "changed" : "created";
  return { ...change, kind, attributes: [...new Set([...before.attributes, ...change.attributes])] };
}

function meets(one: Box, other: Box): boolean {
  const isSouth = one.south <= other.north && one.north >= other.south;
  // The view may stand several turns around the globe.
  const turn = Math.round(((other.west + other.east) / 2 - (one.west + one.east) / 2) / 360) * 360;
  return isSouth && one.west + turn <= other.east && one.east + turn >= other.west;
}
