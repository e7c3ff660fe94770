// The map itself: draws the shown types, tells where it stands and what is pointed at, and follows the live feed.
import type { GeoJSONSource, Map as GlMap, MapGeoJSONFeature, PointLike } from "maplibre-gl";
import { type Asking, base, headersOf } from "../api/ask";
import { thoseThatMeet } from "../api/city";
import type { Change } from "../api/live";
import type { Words } from "../i18n";
import { oneLine } from "../show/name";
import { type Camera, readCamera } from "./camera";
import { lookOf } from "./catalogue";
import type { Box, Place } from "./geo";
import { readyMapLibre } from "./maplibre";
import { Overlay } from "./overlay";
import { arrow, paintOf } from "./paint";
import { perFrame } from "./refresh";
import { CLUSTERS, type Drawn } from "./source";
import { CHOSEN, DRAWN, LIVE, NAMES, NOTHING, styleOf, typeOfLayer } from "./style";
import { Sharpness, withFewMasks, withRest } from "./thrift";

/** What is under the pointer. */
export interface Hint {
  x: number;
  y: number;
  text: string;
}

/** What the map tells the page. */
export interface Listener {
  moved(camera: Camera, box: Box): void;
  picked(id: string): void;
  /** A tap while an area is drawn. */
  tapped(place: Place): void;
  hinted(hint: Hint | null): void;
  /** Everything in sight is drawn, for the first time. */
  drawn(): void;
}

export interface Beginning {
  at: string;
  bounds: Box | null;
  asking: Asking;
  words: Words;
}

/** A finger is wider than a dot. */
const REACH = 6;
const CLOSE = 15.5;
/** What an open panel covers of a wide screen, and what it leaves of one to be worth a look. */
const COVERED = 460;
const LEFT = 300;
/** What is left free around a shape that the map goes to. */
const AROUND = 60;

export class CityMap {
  isDrawing = false;
  readonly #map: GlMap;
  readonly #overlay: Overlay;
  readonly #sharpness: Sharpness;
  #asking: Asking;
  #key = "";
  /** Whether it shows the past, which does not change. */
  #isPast = false;
  /** What there was. */
  #then: GeoJSON.Feature[] = [];
  #pointer = { x: 0, y: 0 };
  #hover = perFrame(() => this.#hint(this.#pointer.x, this.#pointer.y));
  #ring: GeoJSON.Feature[] = [];
  #ringing = perFrame(() => this.#set(CHOSEN, this.#ring));

  constructor(
    private readonly container: HTMLElement,
    private readonly listener: Listener,
    { at, bounds, asking, words }: Beginning,
  ) {
    const family = getComputedStyle(container).fontFamily;
    const { Map } = readyMapLibre(family);
    const camera = readCamera(at);
    const start = camera
      ? { center: [camera.longitude, camera.latitude] as Place, zoom: camera.zoom }
      : bounds
        ? { bounds: [bounds.west, bounds.south, bounds.east, bounds.north] as [number, number, number, number], fitBoundsOptions: { padding: 24, maxZoom: 16 } }
        : { center: [137, 36] as Place, zoom: 4 };
    this.#asking = asking;
    this.#map = new Map({
      container,
      ...start,
      style: styleOf([], "", asking.language, paintOf(container)),
      attributionControl: false,
      localIdeographFontFamily: family,
      dragRotate: false,
      pitchWithRotate: false,
      touchPitch: false,
      maxZoom: 20,
      fadeDuration: 120,
      // Each type has tiles of its own, and keeps those that were in sight before.
      maxTileCacheZoomLevels: 2,
      locale: { "Map.Title": words.mapCanvas },
      transformRequest: (url) => this.#request(url),
    });
    this.#map.touchZoomRotate.disableRotation();
    this.#map.keyboard.disableRotation();
    withFewMasks(this.#map);
    withRest(this.#map);
    this.#sharpness = new Sharpness(this.#map, container);
    this.#overlay = new Overlay(this.#map);
    this.#listen();
    // For whoever looks at the page with the browser's tools.
    Object.assign(container, { map: this.#map });
  }

  /** Draws these types, as they are or for an instant of the past; a colour scheme that has changed counts, too. */
  show(shown: readonly Drawn[], q: string, asking: Asking): void {
    this.#asking = asking;
    this.#isPast = Boolean(asking.asOf);
    const key = JSON.stringify([shown, q, asking.language, asking.tenant, asking.context, this.#isPast]);
    const isSame = key === this.#key;
    this.#key = key;
    const style = styleOf(shown, q, asking.language, paintOf(this.container), this.#isPast);
    // A style says nothing of what is drawn beside the tiles, which would be gone with the one before.
    const sources = this.#map.getStyle()?.sources ?? {};
    for (const name of [LIVE, CHOSEN, DRAWN, NAMES]) style.sources[name] = sources[name] ?? style.sources[name] ?? NOTHING;
    this.#map.setStyle(style, { diff: true });
    if (!isSame) this.#overlay.reset(shown, asking.language, q ? (ids) => thoseThatMeet(q, ids, asking) : null);
    if (!isSame && this.#isPast) this.#set(LIVE, this.#then);
  }

  /** Draws what there was at the instant that is shown. */
  showThen(features: GeoJSON.Feature[]): void {
    this.#then = features;
    if (this.#isPast) this.#set(LIVE, features);
  }

  change(change: Change): void {
    if (!this.#isPast) this.#overlay.take(change);
  }

  /** Asks for everything anew. */
  refresh(): void {
    if (!this.#isPast) this.#overlay.refreshAll();
  }

  zoom(by: number): void {
    this.#map.zoomTo(this.#map.getZoom() + by);
  }

  fit(box: Box): void {
    this.#map.fitBounds([box.west, box.south, box.east, box.north], { padding: 40, maxZoom: 16 });
  }

  get center(): Place {
    const { lng, lat } = this.#map.getCenter();
    return [lng, lat];
  }

  /** Rings what is open and, where it is out of sight, goes there. */
  choose(geometry: GeoJSON.Geometry | null, box: Box | null, mayMove: boolean): void {
    this.#ring = geometry ? [{ type: "Feature", geometry, properties: {} }] : [];
    this.#ringing.ask();
    if (!box || !mayMove) return;
    const center: Place = [(box.west + box.east) / 2, (box.south + box.north) / 2];
    const { x, y } = this.#map.project(center);
    const { clientWidth, clientHeight } = this.container;
    const free = clientWidth > COVERED + LEFT ? clientWidth - COVERED : clientWidth;
    const isSeen = x > 0 && x < free && y > 0 && y < clientHeight && this.#map.getZoom() > 12;
    if (isSeen) return;
    const isPoint = box.west === box.east && box.south === box.north;
    const offset: [number, number] = [(free - clientWidth) / 2, 0];
    if (isPoint) this.#map.easeTo({ center, zoom: Math.max(this.#map.getZoom(), CLOSE), offset });
    else {
      const padding = { top: AROUND, bottom: AROUND, left: AROUND, right: AROUND + clientWidth - free };
      this.#map.fitBounds([box.west, box.south, box.east, box.north], { padding, maxZoom: CLOSE });
    }
  }

  /** Writes the names of areas, each once. */
  name(features: GeoJSON.Feature[]): void {
    this.#set(NAMES, features);
  }

  draw(features: GeoJSON.Feature[]): void {
    this.#set(DRAWN, features);
    this.#map.getCanvas().style.cursor = this.isDrawing ? "crosshair" : "";
  }

  close(): void {
    this.#hover.stop();
    this.#ringing.stop();
    this.#overlay.close();
    this.#sharpness.close();
    this.#map.remove();
  }

  #set(source: string, features: GeoJSON.Feature[]): void {
    const put = (): void => void (this.#map.getSource(source) as GeoJSONSource | undefined)?.setData({ type: "FeatureCollection", features });
    if (this.#map.getSource(source)) put();
    else this.#map.once("styledata", put);
  }

  #request(url: string): { url: string; headers?: Record<string, string> } {
    const isOurs = url.startsWith(base().href);
    return isOurs ? { url, headers: Object.fromEntries(headersOf(this.#asking)) } : { url };
  }

  #listen(): void {
    const map = this.#map;
    map.on("styleimagemissing", ({ id }) => {
      const image = id === "arrow" ? arrow() : null;
      if (image && !map.hasImage(id)) map.addImage(id, image, { sdf: true });
    });
    // What the city refuses or does not answer is told by the page around the map.
    map.on("error", () => undefined);
    map.on("moveend", () => this.#tellPlace());
    map.on("load", () => this.#tellPlace());
    map.on("idle", () => (this.container.dataset["idle"] = "true"));
    map.once("idle", () => this.listener.drawn());
    map.on("movestart", () => (this.container.dataset["idle"] = "false"));
    map.on("click", ({ point, lngLat }) => {
      if (this.isDrawing) this.listener.tapped([lngLat.lng, lngLat.lat]);
      else this.#pick([point.x, point.y]);
    });
    map.on("mousemove", ({ point }) => {
      this.#pointer = point;
      this.#hover.ask();
    });
    map.on("mouseout", () => this.listener.hinted(null));
    map.getCanvas().addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      if (this.isDrawing) this.listener.tapped(this.center);
      else this.#pick([this.container.clientWidth / 2, this.container.clientHeight / 2]);
    });
  }

  #tellPlace(): void {
    const [longitude, latitude] = this.center;
    const bounds = this.#map.getBounds();
    const box = { west: bounds.getWest(), south: bounds.getSouth(), east: bounds.getEast(), north: bounds.getNorth() };
    this.listener.moved({ latitude, longitude, zoom: this.#map.getZoom() }, box);
  }

  #pick(point: [number, number]): void {
    const feature = this.#featureAt(point);
    if (!feature) return;
    if (feature.sourceLayer === CLUSTERS && feature.geometry.type === "Point") {
      const [longitude = 0, latitude = 0] = feature.geometry.coordinates;
      this.#map.easeTo({ center: [longitude, latitude], zoom: this.#map.getZoom() + 2 });
      return;
    }
    const id = feature.properties["id"];
    if (typeof id === "string") this.listener.picked(id);
  }

  /** Places win over ground, and what is drawn above over what is below. */
  #featureAt([x, y]: [number, number]): MapGeoJSONFeature | null {
    const around: [PointLike, PointLike] = [[x - REACH, y - REACH], [x + REACH, y + REACH]];
    const all = this.#map.queryRenderedFeatures(around).filter((one) => typeOfLayer(one.layer) && !one.state["gone"]);
    const isGround = (one: MapGeoJSONFeature): boolean => lookOf(typeOfLayer(one.layer) ?? "").isGround;
    const isBottom = (one: MapGeoJSONFeature): boolean => ["land", "sea"].includes(lookOf(typeOfLayer(one.layer) ?? "").tint);
    return all.find((one) => !isGround(one)) ?? all.find((one) => !isBottom(one)) ?? all.find((one) => one.layer.type === "symbol") ?? null;
  }

  #hint(x: number, y: number): void {
    if (!this.#map.getCanvas().isConnected || this.isDrawing) return;
    const feature = this.#featureAt([x, y]);
    this.#map.getCanvas().style.cursor = feature ? "pointer" : "";
    const { name, id, count } = feature?.properties ?? {};
    const text = oneLine(String(name ?? id ?? count ?? ""));
    this.listener.hinted(feature && text ? { x, y, text } : null);
  }
}
