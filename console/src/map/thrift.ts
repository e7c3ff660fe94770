// Draws less where a computer draws slowly: without a graphics card each pixel costs the processor's time, and a map
// that is dragged would follow the hand three times a second.
import type { Map as GlMap } from "maplibre-gl";

/** Frames by which a drag is judged, and how long one may take: 40 a second leave room above the 30 that look smooth. */
const FRAMES = 4;
const SLOW_MS = 25;
/** Strokes of a hand follow each other; between them the picture stays as it is. */
const SHARPEN_AFTER_MS = 200;
/** The share of the pixels on each side that is drawn meanwhile: from one to the next as long as that is too slow. */
const SHARES = [1, 0.5, 0.35];

/** What a frame of the screen takes at least. */
const FRAME_MS = 17;

/** A layer of the style as the painter meets it. */
interface PaintedLayer {
  type: string;
  source: string;
  metadata?: { isFree?: boolean };
  paint: { get(name: string): { constantOr(otherwise: number): number } };
  isTileClipped(): boolean;
  isHidden(zoom: number): boolean;
}

interface Tile {
  /** What of the tile the layer draws; nothing where there is none. */
  getBucket(layer: PaintedLayer): unknown;
}

interface TileId {
  overscaledZ: number;
}

/** The inner parts of MapLibre 4.7 that say what is drawn, and on how many pixels. */
interface Inside {
  painter: {
    renderPass: "offscreen" | "opaque" | "translucent";
    pixelRatio: number;
    context: { gl: WebGL2RenderingContext };
    resize(width: number, height: number, ratio: number): void;
    renderLayer(painter: unknown, tiles: unknown, layer: PaintedLayer, ids: unknown): void;
    stencilModeForClipping(tile: TileId): object;
    _renderTileClippingMasks(layer: PaintedLayer, tiles: readonly TileId[] | undefined): void;
  };
  style: { sourceCaches: Record<string, { getTile(id: TileId): Tile }> };
  _resizeCanvas(width: number, height: number, ratio: number): void;
}

/**
 * Before a layer is drawn, MapLibre fills the whole map with the outlines of its source's tiles, so that none draws
 * beyond its own. With a source for each type that is most of all pixels. It is done only where there is something to
 * draw, and where it can be seen: some ground may well be drawn twice where two tiles meet.
 */
export function withFewMasks(map: GlMap): void {
  const inside = map as unknown as Inside;
  const { painter } = inside;
  const { gl } = painter.context;
  const mask = painter._renderTileClippingMasks.bind(painter);
  const clipped = painter.stencilModeForClipping.bind(painter);
  const unclipped = { test: { func: gl.ALWAYS, mask: 0 }, ref: 0, mask: 0, fail: gl.KEEP, depthFail: gl.KEEP, pass: gl.KEEP };
  let isClipped = true;
  painter.stencilModeForClipping = (tile) => (isClipped ? clipped(tile) : unclipped);
  painter._renderTileClippingMasks = (layer, tiles) => {
    if (!layer.isTileClipped() || !tiles?.length || layer.isHidden(map.getZoom())) return;
    if (painter.renderPass === "opaque" && !isOpaque(layer)) return;
    // Tiles of several zooms lie on each other.
    const [{ overscaledZ }] = tiles as [TileId];
    isClipped = !layer.metadata?.isFree || tiles.some((tile) => tile.overscaledZ !== overscaledZ);
    if (!isClipped) return;
    const cache = inside.style.sourceCaches[layer.source];
    if (tiles.some((id) => cache?.getTile(id).getBucket(layer))) mask(layer, tiles);
  };
}

/** Whether the layer hides whatever is below it. */
function isOpaque(layer: PaintedLayer): boolean {
  return layer.type === "fill" && layer.paint.get("fill-opacity").constantOr(0) === 1;
}

/**
 * MapLibre paints the whole map again for each tile that comes, and where that is slow, tiles, changes and the city
 * itself wait for the processor meanwhile. A map that rests does so as long as its last picture took.
 */
export function withRest(map: GlMap): void {
  const repaint = map.triggerRepaint.bind(map);
  let until = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  map.triggerRepaint = () => {
    const wait = map.isMoving() ? 0 : until - performance.now();
    if (wait <= 0) repaint();
    else timer ??= setTimeout(() => ((timer = undefined), repaint()), wait);
  };
  map.on("render", () => {
    const began = performance.now();
    // The next frame of the screen waits for the picture.
    requestAnimationFrame((now) => (until = now + Math.max(0, now - began - FRAME_MS)));
  });
  map.on("remove", () => clearTimeout(timer));
}

/** Draws a map that moves on fewer pixels, once it has been too slow; where it rests, on all of them. */
export class Sharpness {
  readonly #inside: Inside;
  #level = 0;
  #moments: number[] = [];
  #sharpen: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly map: GlMap,
    private readonly container: HTMLElement,
  ) {
    this.#inside = map as unknown as Inside;
    this.#leaveEdgesRough();
    map.on("movestart", () => (this.#moments = []));
    map.on("move", () => {
      clearTimeout(this.#sharpen);
      this.#draw((SHARES[this.#level] ?? 1) * map.getPixelRatio());
    });
    map.on("render", () => this.#judge());
    map.on("moveend", () => {
      clearTimeout(this.#sharpen);
      this.#sharpen = setTimeout(() => this.#rest(), SHARPEN_AFTER_MS);
    });
  }

  close(): void {
    clearTimeout(this.#sharpen);
  }

  /** What hides all below it has its face drawn in the opaque pass, and its edges smoothed in the other one. */
  #leaveEdgesRough(): void {
    const { painter } = this.#inside;
    const draw = painter.renderLayer.bind(painter);
    painter.renderLayer = (given, tiles, layer, ids) => {
      const isCoarse = painter.pixelRatio < this.map.getPixelRatio();
      if (isCoarse && painter.renderPass === "translucent" && isOpaque(layer)) return;
      draw(given, tiles, layer, ids);
    };
  }

  #judge(): void {
    if (this.#level === SHARES.length - 1 || !this.map.isMoving()) return;
    this.#moments = [...this.#moments, performance.now()].slice(-FRAMES - 1);
    const [first = 0] = this.#moments;
    const took = (this.#moments.at(-1) ?? 0) - first;
    if (this.#moments.length <= FRAMES || took <= FRAMES * SLOW_MS) return;
    this.#level += 1;
    this.#moments = [];
  }

  #rest(): void {
    if (this.#draw(this.map.getPixelRatio())) this.map.redraw();
  }

  /** Whether the number of pixels is another one now. `map.setPixelRatio` would end the drag. */
  #draw(ratio: number): boolean {
    const { painter } = this.#inside;
    if (painter.pixelRatio === ratio) return false;
    const { clientWidth, clientHeight } = this.container;
    this.#inside._resizeCanvas(clientWidth, clientHeight, ratio);
    painter.resize(clientWidth, clientHeight, ratio);
    return true;
  }
}
