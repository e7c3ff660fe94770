// The map's style: the sources and layers that draw a city's types, from the ground up.
import type {
  ExpressionSpecification,
  FilterSpecification,
  LayerSpecification,
  SourceSpecification,
  StyleSpecification,
} from "maplibre-gl";
import type { Language } from "../i18n";
import { type Legend, type Look, inOrder, lookOf } from "./catalogue";
import { GLYPHS_URL } from "./glyphs";
import { CLUSTERS, type Drawn, ENTITIES, tilesUrl } from "./source";

/** The sources that are not tiles: what has changed since its tile came, the open entity, and the drawn area. */
export const LIVE = "live";
export const CHOSEN = "chosen";
export const DRAWN = "drawn";
/** Names of areas that many tiles share, so that each stands once. */
export const NAMES = "names";

/** What a colour is in the theme of now. */
export type Paint = (tint: string) => string;

export const NOTHING: SourceSpecification = { type: "geojson", data: { type: "FeatureCollection", features: [] } };
const LONGEST_NAME = 40;

export function tilesOf(type: string): string {
  return `tiles:${type}`;
}

/** The type that a layer of the style draws; null for marks of the page itself. */
export function typeOfLayer(layer: { metadata?: unknown }): string | null {
  const metadata = layer.metadata as { type?: string } | undefined;
  return metadata?.type ?? null;
}

/** Of the past there are no tiles: all of it is drawn from the source of what is live. */
export function styleOf(shown: readonly Drawn[], q: string, language: Language, paint: Paint, isPast = false): StyleSpecification {
  const types = inOrder(shown.map(({ type }) => type));
  const byType = new Map(shown.map((one) => [one.type, one]));
  const sources: Record<string, SourceSpecification> = { [LIVE]: { ...NOTHING, promoteId: "id" } as SourceSpecification };
  sources[CHOSEN] = NOTHING;
  sources[DRAWN] = NOTHING;
  sources[NAMES] = NOTHING;
  for (const type of isPast ? [] : types) {
    const { minzoom = 0, maxzoom = 14 } = byType.get(type) ?? {};
    const tiles = [tilesUrl(type, q, language)];
    sources[tilesOf(type)] = { type: "vector", tiles, minzoom, maxzoom, promoteId: { [ENTITIES]: "id" } };
  }
  // A city with a coast lies in its sea; one with boundaries alone among whatever lies beyond them.
  const hasSea = types.some((type) => lookOf(type).tint === "sea" && lookOf(type).from === 0);
  const hasLand = types.some((type) => lookOf(type).tint === "land");
  const drawn = types.flatMap((type) => byType.get(type) ?? []);
  const drawings = drawn.flatMap((one) => {
    if (isPast) return [drawing(one, true, language, paint)];
    const tiles = drawing(one, false, language, paint);
    // Ground that has changed comes with newer tiles.
    return lookOf(one.type).isGround ? [tiles] : [tiles, drawing(one, true, language, paint)];
  });
  return {
    version: 8,
    glyphs: GLYPHS_URL,
    sources,
    layers: [
      { id: "page", type: "background", paint: { "background-color": paint(hasSea ? "sea" : hasLand ? "beyond" : "land") } },
      ...drawings.flatMap(({ shapes }) => shapes),
      ...drawnLayers(paint),
      ...(isPast ? [] : drawn.flatMap((one) => clusterLayers(one, paint))),
      // What comes last finds its room first: marks, then names of areas, then all other names.
      ...drawings.flatMap(({ names }) => names),
      ...drawings.flatMap(({ areaNames }) => areaNames),
      ...drawings.flatMap(({ marks }) => marks),
      ...chosenLayers(paint),
    ],
  };
}

interface Drawing {
  shapes: LayerSpecification[];
  names: LayerSpecification[];
  areaNames: LayerSpecification[];
  marks: LayerSpecification[];
}

/** One type from its tiles or from what is live; what is live hides its older self in the tile, and newer values of what
 * has not moved are painted there. */
function drawing({ type, from: firstZoom }: Drawn, isLive: boolean, language: Language, paint: Paint): Drawing {
  const look = lookOf(type);
  const from = isLive ? { source: LIVE } : { source: tilesOf(type), "source-layer": ENTITIES };
  const only: ExpressionSpecification[] = isLive ? [["==", ["get", "layer"], type]] : [];
  const metadata = { type };
  const of = (name: string): { id: string; metadata: object; minzoom: number } & typeof from => ({
    id: `${isLive ? "live" : "tile"}:${name}:${type}`,
    metadata,
    minzoom: firstZoom,
    ...from,
  });
  const shape = (kind: string): FilterSpecification => ["all", ...only, ["==", ["geometry-type"], kind]];
  // A constant lets ground be painted from the top down, each pixel once.
  const unless: Unless = (opacity) => (look.isGround ? opacity : ["case", ["boolean", ["feature-state", "gone"], false], 0, opacity]);
  const colour = look.legend ? coloured(look.legend, look.tint, paint) : paint(look.tint);
  const shapes: LayerSpecification[] = [];
  const names: LayerSpecification[] = [];
  const areaNames: LayerSpecification[] = [];
  const marks: LayerSpecification[] = [];
  // Whatever shape a type is made for: a list of parks may have their middles, and one of shelters their yards.
  shapes.push({ ...of("area"), ...freely(look, type), type: "fill", filter: shape("Polygon"), paint: areaPaint(look, paint, unless) });
  if (look.tint === "land" || !look.isGround) {
    shapes.push({
      ...of("edge"),
      type: "line",
      filter: shape("Polygon"),
      paint: { "line-color": paint(look.isGround ? "edge" : "other"), "line-width": 1, "line-opacity": unless(0.8) },
    });
  }
  shapes.push(...lines(look, type, of, shape("LineString"), paint, unless));
  shapes.push({
    ...of("dot"),
    type: "circle",
    filter: shape("Point"),
    paint: {
      "circle-color": colour,
      "circle-radius": radius(look, firstZoom),
      "circle-opacity": unless(1),
      "circle-stroke-color": paint(look.isGround ? "land-name" : "ring"),
      "circle-stroke-width": look.isSmall ? ["interpolate", ["linear"], ["zoom"], 14.5, 0, 16, 1] : ["interpolate", ["linear"], ["zoom"], 11, 1, 14, 2],
      "circle-stroke-opacity": unless(1),
    },
  });
  const mark = markLayer(look, of, shape("Point"), language, paint, unless(1));
  if (mark) marks.push(mark);
  const isNamedOnce = look.tint === "land";
  if (isNamedOnce && (!isLive || look.isGround)) areaNames.push(nameLayer(look, () => ({ id: `name:${type}`, metadata, minzoom: look.named, source: NAMES }), ["==", ["get", "layer"], type], paint, 1));
  if (!isNamedOnce && look.named < 24) names.push(nameLayer(look, of, ["all", ...only], paint, unless(1)));
  return { shapes, names, areaNames, marks };
}

type Of = (name: string) => { id: string; metadata: object; minzoom: number; source: string; "source-layer"?: string };
type Unless = (opacity: number) => ExpressionSpecification | number;

/** Ground that hides whatever is below it may be drawn beyond its tile. An edge may not: it is drawn along the cut, too. */
function freely({ isGround }: Look, type: string): { metadata: object } {
  return { metadata: { type, isFree: isGround } };
}

/** Land has an edge drawn around it. */
function areaPaint(look: Look, paint: Paint, unless: Unless): object {
  return { "fill-color": paint(look.tint), "fill-opacity": unless(look.isGround ? 1 : 0.15), "fill-antialias": look.tint !== "land" };
}

/** From afar streets are a haze: main roads are drawn there alone, and none with ends and joins that nobody could see. */
const STREETS_FROM = 13;
const ROUND_FROM = 14;

function lines(look: Look, type: string, of: Of, filter: FilterSpecification, paint: Paint, unless: Unless): LayerSpecification[] {
  const isMain: ExpressionSpecification = ["==", ["get", "roadClass"], "main"];
  if (look.tint === "road") {
    const layout = {
      "line-cap": ["step", ["zoom"], "butt", ROUND_FROM, "round"] as ExpressionSpecification,
      "line-join": ["step", ["zoom"], "miter", ROUND_FROM, "round"] as ExpressionSpecification,
    } as const;
    const wide = (more: number): ExpressionSpecification => [
      "interpolate", ["exponential", 1.6], ["zoom"],
      11, ["case", isMain, 1.5 + more, 0.4 + more / 2],
      14, ["case", isMain, 4 + more, 1.8 + more],
      18, ["case", isMain, 22 + more, 13 + more],
    ];
    const wideEnough: FilterSpecification = ["all", filter as ExpressionSpecification, ["any", isMain, ["!", ["has", "roadClass"]], [">=", ["zoom"], STREETS_FROM]]];
    return [
      { ...of("casing"), ...freely(look, type), type: "line", filter: wideEnough, layout, paint: { "line-color": paint("road-edge"), "line-width": wide(1.5), "line-opacity": unless(1) } },
      { ...of("line"), ...freely(look, type), type: "line", filter: wideEnough, layout, paint: { "line-color": paint("road"), "line-width": wide(0), "line-opacity": unless(1) } },
    ];
  }
  const dash = look.tint === "rail" ? { "line-dasharray": [3, 2] } : {};
  const width: ExpressionSpecification = ["interpolate", ["linear"], ["zoom"], 10, 1.2, 16, 3];
  return [{ ...of("line"), type: "line", filter, layout: { "line-join": "round" }, paint: { "line-color": paint(look.tint === "land" ? "edge" : look.tint), "line-width": width, "line-opacity": unless(look.tint === "route" ? 0.6 : 0.9), ...dash } }];
}

function radius(look: Look, firstZoom: number): ExpressionSpecification {
  // Where it is to be seen from afar, it is as large as others.
  if (look.isSmall && firstZoom > 0) return ["interpolate", ["linear"], ["zoom"], 13, 1.2, 15, 3, 18, 7];
  const large = look.letter !== undefined || look.bearing !== undefined;
  return ["interpolate", ["linear"], ["zoom"], 9, 3, 12.5, large ? 4 : 3.5, 13.5, large ? 8 : 5, 17, large ? 11 : 8];
}

/** A letter or an arrow within the dot. */
function markLayer(look: Look, of: Of, filter: FilterSpecification, language: Language, paint: Paint, opacity: ExpressionSpecification | number): LayerSpecification | null {
  // Always drawn, and names keep off it.
  const always = { "text-allow-overlap": true, "text-padding": 3 } as const;
  const ink = { "text-color": paint("ink"), "text-opacity": opacity };
  const here = of("mark");
  const minzoom = Math.max(here.minzoom, 13.2);
  if (look.letter) {
    return { ...here, minzoom, type: "symbol", filter, layout: { "text-field": look.letter[language], "text-font": ["bold"], "text-size": 11, ...always }, paint: ink };
  }
  if (!look.bearing) return null;
  const layout = {
    "icon-image": "arrow",
    "icon-rotate": ["coalesce", ["get", look.bearing], 0] as ExpressionSpecification,
    "icon-rotation-alignment": "map",
    "icon-allow-overlap": true,
    "icon-padding": 3,
    "icon-size": 0.5,
  } as const;
  return { ...here, minzoom, type: "symbol", filter, layout, paint: { "icon-color": paint("ink"), "icon-opacity": opacity } };
}

function nameLayer(look: Look, of: Of, filter: FilterSpecification, paint: Paint, opacity: ExpressionSpecification | number): LayerSpecification {
  const isArea = look.shape === "area";
  // An area's name stands in it; where the area is told by a point, the dot stands there.
  const belowPoints: ExpressionSpecification = ["case", ["==", ["geometry-type"], "Point"], ["literal", [0, 1.3]], ["literal", [0, 0]]];
  return {
    ...of("name"),
    minzoom: look.named,
    type: "symbol",
    filter: ["all", filter as ExpressionSpecification, ["has", "name"]],
    layout: {
      "text-field": ["slice", ["to-string", ["get", "name"]], 0, LONGEST_NAME],
      "text-font": [look.tint === "land" ? "bold" : "regular"],
      "text-size": look.tint === "land" ? ["interpolate", ["linear"], ["zoom"], 10, 12, 15, 18] : 12,
      "text-max-width": 9,
      ...(look.shape === "line" ? { "symbol-placement": "line" as const } : {}),
      ...(look.shape === "place" ? { "text-anchor": "top" as const, "text-offset": [0, look.isSmall ? 0.6 : 1.3] as [number, number] } : {}),
      ...(look.tint === "land" ? { "text-variable-anchor": ["center", "bottom", "top", "left", "right"] as const, "text-radial-offset": 1.2 } : {}),
      ...(isArea && look.tint !== "land" ? { "text-offset": belowPoints } : {}),
      "text-padding": isArea ? 8 : 3,
    },
    paint: {
      "text-color": paint(look.tint === "sea" ? "sea-name" : look.tint === "land" ? "land-name" : "name"),
      "text-halo-color": paint(look.tint === "sea" ? "sea" : "halo"),
      "text-halo-width": 1.5,
      "text-opacity": opacity,
    },
  };
}

/** The value of an attribute: the newest that is known, or that of the tile. */
function valueOf(attribute: string): ExpressionSpecification {
  return ["coalesce", ["feature-state", attribute], ["get", attribute]];
}

/** The colour of a feature by its value. */
export function coloured(legend: Legend, otherwise: string, paint: Paint): ExpressionSpecification {
  if (legend.by === "word") {
    const cases = legend.tints.flatMap(([word, tint]) => [word, paint(tint)]);
    return ["match", ["to-string", valueOf(legend.attribute)], ...cases, paint(otherwise)] as unknown as ExpressionSpecification;
  }
  const number: ExpressionSpecification = ["to-number", valueOf(legend.attribute), 0];
  const value: ExpressionSpecification = legend.of ? ["/", number, ["max", 1, ["to-number", valueOf(legend.of), 1]]] : number;
  const [first, ...rest] = legend.steps;
  const steps = rest.flatMap(([from, tint]) => [from, paint(tint)]);
  const stepped = ["step", value, paint(first?.[1] ?? otherwise), ...steps] as unknown as ExpressionSpecification;
  return ["case", ["!=", ["to-string", valueOf(legend.attribute)], ""], stepped, paint(otherwise)];
}

function clusterLayers({ type, from: firstZoom }: Drawn, paint: Paint): LayerSpecification[] {
  const look = lookOf(type);
  if (look.isGround) return [];
  const from = { source: tilesOf(type), "source-layer": CLUSTERS, metadata: { type }, minzoom: firstZoom };
  const count: ExpressionSpecification = ["to-number", ["get", "count"], 0];
  return [
    {
      ...from,
      id: `cluster:${type}`,
      type: "circle",
      paint: {
        "circle-color": paint("cluster"),
        "circle-radius": ["interpolate", ["linear"], ["log10", ["max", 1, count]], 0, 9, 3, 22, 6, 34],
        "circle-stroke-color": paint(look.tint),
        "circle-stroke-width": 2,
      },
    },
    {
      ...from,
      id: `cluster-count:${type}`,
      type: "symbol",
      layout: {
        "text-field": ["case", [">=", count, 10000], ["concat", ["to-string", ["round", ["/", count, 1000]]], "k"], ["to-string", count]],
        "text-font": ["bold"],
        "text-size": 11,
        "text-allow-overlap": true,
        "text-ignore-placement": true,
      },
      paint: { "text-color": paint("cluster-ink") },
    },
  ];
}

function drawnLayers(paint: Paint): LayerSpecification[] {
  return [
    { id: "drawn:area", type: "fill", source: DRAWN, filter: ["==", ["geometry-type"], "Polygon"], paint: { "fill-color": paint("key"), "fill-opacity": 0.12 } },
    { id: "drawn:line", type: "line", source: DRAWN, paint: { "line-color": paint("key"), "line-width": 2.5 } },
    { id: "drawn:corner", type: "circle", source: DRAWN, filter: ["==", ["geometry-type"], "Point"], paint: { "circle-color": paint("ring"), "circle-radius": 5, "circle-stroke-color": paint("key"), "circle-stroke-width": 2.5 } },
  ];
}

function chosenLayers(paint: Paint): LayerSpecification[] {
  return [
    { id: "chosen:line", type: "line", source: CHOSEN, filter: ["!=", ["geometry-type"], "Point"], paint: { "line-color": paint("key"), "line-width": 4 } },
    { id: "chosen:ring", type: "circle", source: CHOSEN, filter: ["==", ["geometry-type"], "Point"], paint: { "circle-radius": 13, "circle-opacity": 0, "circle-stroke-color": paint("key"), "circle-stroke-width": 3 } },
  ];
}
