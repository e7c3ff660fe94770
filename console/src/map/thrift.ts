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

/** A layer of the style as the painter meets it. */
interface PaintedLayer {
  type: string;
  source: string;
  paint: { get(name: string): { constantOr(otherwise: number): number } };
  isTileClipped(): boolean;
  isHidden(zoom: number): boolean;
}

interface Tile {
  /** What of the tile the layer draws; nothing where there is none. */
  getBucket(layer: PaintedLayer): unknown;
}

/** The inner parts of MapLibre 4.7 that say what is drawn, and on how many pixels. */
interface Inside {
  painter: {
    renderPass: "offscreen" | "opaque" | "translucent";
    pixelRatio: number;
    resize(width: number, height: number, ratio: number): void;
    _renderTileClippingMasks(layer: PaintedLayer, tiles: readonly unknown[] | undefined): void;
  };
  style: { sourceCaches: Record<string, { getTile(id: unknown): Tile }> };
  _resizeCanvas(width: number, height: number, ratio: number): void;
}

/**
 * Before a layer is drawn, MapLibre fills the whole map with the outlines of its source's tiles, also where the layer
 * has nothing to draw. With a source for each type that is most of all pixels: it is done for what is drawn alone.
 */
export function withoutIdleMasks(map: GlMap): void {
  const inside = map as unknown as Inside;
  const { painter } = inside;
  const mask = painter._renderTileClippingMasks.bind(painter);
  painter._renderTileClippingMasks = (layer, tiles) => {
    if (!layer.isTileClipped() || !tiles?.length || layer.isHidden(map.getZoom())) return;
    const isOpaque = (): boolean => layer.type === "fill" && layer.paint.get("fill-opacity").constantOr(0) === 1;
    if (painter.renderPass === "opaque" && !isOpaque()) return;
    const cache = inside.style.sourceCaches[layer.source];
    if (tiles.some((id) => cache?.getTile(id).getBucket(layer))) mask(layer, tiles);
  };
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
