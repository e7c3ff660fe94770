// What the page knows beyond the tiles of each type: which of their entities are gone from where the tile has them, and
// newer values of others; painted at once, and forgotten when tiles have come that know it, too.
import type { Map as GlMap } from "maplibre-gl";
import { ENTITIES } from "./source";
import { tilesOf } from "./style";

export type Values = Record<string, string | number | boolean>;

/** Entities of a type of which something is known; what finds no room is caught up by newer tiles. */
const MOST = 5000;
const GONE: Values = { gone: true };

/** The inner parts of MapLibre 4.7 that tell what a tile draws, and fetch it again while the old one is still shown. */
interface Tile {
  buckets?: Record<string, { programConfigurations?: { _featureMap: { getPositions(id: string): readonly unknown[] } } }>;
}

interface TileCache {
  _tiles: Record<string, Tile>;
  _cache: { reset(): void };
  _reloadTile(id: string, state: "expired"): Promise<void>;
}

export class Marks {
  /** Of each type the entities, each with what is known of it. */
  #known = new Map<string, Map<string, string>>();
  /** What may go once tiles have come that know it. */
  #settling = new Set<Set<string>>();
  #isClosed = false;

  constructor(private readonly map: GlMap) {}

  close(): void {
    this.#isClosed = true;
  }

  has(id: string, type: string): boolean {
    return this.#known.get(type)?.has(id) ?? false;
  }

  /** Whether a tile draws the entity by itself, and not as one of a crowd. */
  isInTile(id: string, type: string): boolean {
    const buckets = Object.values(this.#cacheOf(type)?._tiles ?? {}).flatMap((tile) => Object.values(tile.buckets ?? {}));
    return buckets.some(({ programConfigurations: drawn }) => drawn && drawn._featureMap.getPositions(id).length > 0);
  }

  /** Whether anything is known beyond the tiles of a type. */
  hasAny(type: string): boolean {
    return this.#known.has(type);
  }

  /** Hides the entity as the tile has it; whether there was room for that. */
  hide(id: string, type: string): boolean {
    return this.#mark(id, type, GONE);
  }

  /** Paints the entity by these values; whether there was room for that. */
  paint(id: string, type: string, values: Values): boolean {
    return this.#mark(id, type, values);
  }

  /** What changes while its tiles are on their way is newer than they are. */
  touch(id: string): void {
    for (const settling of this.#settling) settling.delete(id);
  }

  /** Forgets all at once; gives the types of which something was known. */
  clear(): string[] {
    const types = [...this.#known.keys()];
    for (const [type, known] of this.#known) for (const id of known.keys()) this.#unmark(id, type);
    this.#known.clear();
    return types;
  }

  /** Asks for the tiles of a type again; gives the entities that they know now, without those that wait. */
  async reload(type: string, isWaiting: (id: string) => boolean): Promise<ReadonlySet<string>> {
    const settled = new Set([...(this.#known.get(type)?.keys() ?? [])].filter((id) => !isWaiting(id)));
    const cache = this.#cacheOf(type);
    if (!cache) return new Set();
    this.#settling.add(settled);
    cache._cache.reset();
    await Promise.all(Object.keys(cache._tiles).map((id) => cache._reloadTile(id, "expired")));
    this.#settling.delete(settled);
    if (this.#isClosed || !this.map.getSource(tilesOf(type))) return new Set();
    for (const id of settled) this.#forget(id, type);
    return settled;
  }

  /** Forgets the tiles of a type that are kept for later. */
  dropKept(type: string): void {
    this.#cacheOf(type)?._cache.reset();
  }

  #mark(id: string, type: string, state: Values): boolean {
    const known = this.#known.get(type) ?? new Map<string, string>();
    const text = JSON.stringify(state);
    // Each state that is set has the whole map painted again.
    if (known.get(id) === text || !this.map.getSource(tilesOf(type))) return true;
    if (known.size >= MOST && !known.has(id)) return false;
    this.#known.set(type, known.set(id, text));
    this.map.setFeatureState({ source: tilesOf(type), sourceLayer: ENTITIES, id }, state);
    return true;
  }

  #forget(id: string, type: string): void {
    this.#unmark(id, type);
    const known = this.#known.get(type);
    known?.delete(id);
    if (known?.size === 0) this.#known.delete(type);
  }

  #unmark(id: string, type: string): void {
    if (!this.map.getSource(tilesOf(type))) return;
    this.map.removeFeatureState({ source: tilesOf(type), sourceLayer: ENTITIES, id });
  }

  #cacheOf(type: string): TileCache | undefined {
    const { style } = this.map as unknown as { style?: { sourceCaches?: Record<string, TileCache> } };
    return style?.sourceCaches?.[tilesOf(type)];
  }
}
