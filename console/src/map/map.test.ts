// What the map works out before it draws: shapes, features, looks and where a condition is wrong.
import { expect, it } from "vitest";
import { plain } from "../show/name";
import { TYPES } from "../show/vocabulary";
import { readCamera, writeCamera } from "./camera";
import { attributesOf, firstZooms, inOrder, lookOf } from "./catalogue";
import { faultOf } from "./fault";
import { featureOf, namesOf } from "./feature";
import { type Place, areaOfBox, boxOf, circle, cut, distance, middleOf, shared, wrapped } from "./geo";
import { LIVE, styleOf } from "./style";


const paint = (tint: string): string => `rgb(0, 0, ${tint.length})`;

it("an area that crosses the date line is cut there", () => {
  const area = cut([[170, -10], [-170 + 360, -10], [-170 + 360, 10], [170, 10]]);
  expect(area).toEqual({
    type: "MultiPolygon",
    coordinates: [
      [[[170, -10], [180, -10], [180, 10], [170, 10], [170, -10]]],
      [[[-180, -10], [-170, -10], [-170, 10], [-180, 10], [-180, -10]]],
    ],
  });
  // A map that was turned once around the globe tells longitudes beyond 180.
  expect(cut([[497, 34], [498, 34], [498, 35]])).toEqual({ type: "Polygon", coordinates: [[[137, 34], [138, 34], [138, 35], [137, 34]]] });
  expect(wrapped(190)).toBe(-170);
});

it("the box of what was cut at the date line reaches across it", () => {
  const { coordinates } = cut([[170, -10], [190, -10], [190, 10], [170, 10]]) as { coordinates: Place[][][] };
  expect(boxOf({ type: "MultiPolygon", coordinates })).toEqual({ west: 170, south: -10, east: 190, north: 10 });
  expect(boxOf({ type: "MultiLineString", coordinates: [[[175, 1], [180, 2]], [[-180, 2], [-178, 3]]] })).toEqual({ west: 175, south: 1, east: 182, north: 3 });
  // What goes around the globe, or was not cut, is as wide as it says.
  const around = [[[-180, 0], [180, 0]], [[1, 1], [2, 2]]];
  expect(boxOf({ type: "MultiLineString", coordinates: around })).toMatchObject({ west: -180, east: 180 });
  expect(boxOf({ type: "Polygon", coordinates: [[[170, 0], [-170, 0], [170, 9]]] })).toMatchObject({ west: -170, east: 170 });
});

it("rings run counterclockwise, whichever way they were drawn", () => {
  const drawn = cut([[0, 0], [0, 1], [1, 1], [1, 0]]) as { coordinates: Place[][] };
  expect(drawn.coordinates[0]).toEqual([[1, 0], [1, 1], [0, 1], [0, 0], [1, 0]]);
});

it("a view of the whole globe is asked for as such", () => {
  expect(areaOfBox({ west: -400, south: -90, east: 400, north: 90 })).toMatchObject({ type: "Polygon" });
});

it("a circle is as wide as it says", () => {
  const center: Place = [137.5, 34.3];
  for (const corner of circle(center, 800)) expect(distance(center, corner)).toBeCloseTo(800, 0);
});

it("boxes are taken of any geometry, and hostile ones do no harm", () => {
  expect(boxOf({ type: "Point", coordinates: [1, 2] })).toEqual({ west: 1, south: 2, east: 1, north: 2 });
  expect(boxOf({ type: "Polygon", coordinates: [] })).toBeNull();
  expect(boxOf({ type: "Point", coordinates: ["a", null] })).toBeNull();
  let nested: unknown = [1, 2];
  for (let depth = 0; depth < 5000; depth += 1) nested = [nested];
  expect(boxOf({ type: "Polygon", coordinates: nested })).toBeNull();
  expect(middleOf({ type: "Polygon", coordinates: [[[0, 0], [2, 0], [2, 2], [0, 2], [0, 0]]] })).toEqual({ at: [1, 1], face: 4 });
  const island = [[[9, 9], [9.1, 9], [9.1, 9.1], [9, 9]]];
  expect(middleOf({ type: "MultiPolygon", coordinates: [island, [[[0, 0], [2, 0], [2, 2], [0, 2], [0, 0]]], island] })?.at).toEqual([1, 1]);
  expect(middleOf({ type: "Polygon", coordinates: [] })).toBeNull();
});

it("boxes share what lies in both", () => {
  const whole = { west: -180, south: -80, east: 180, north: 80 };
  const part = { west: 136, south: 36, east: 137, north: 37 };
  expect(shared(whole, part)).toEqual(part);
  expect(shared(part, { west: 0, south: 0, east: 1, north: 1 })).toBeNull();
});

it("each name stands once, in the largest area that has it", () => {
  const square = (west: number, side: number): object => ({
    type: "Polygon",
    coordinates: [[[west, 36], [west + side, 36], [west + side, 36 + side], [west, 36 + side], [west, 36]]],
  });
  const area = (n: number, west: number, side: number): [string, Record<string, unknown>] => [
    "AdministrativeArea",
    { id: `urn:ngsi-ld:AdministrativeArea:${n}`, name: { languageMap: { ja: "福井市" } }, location: square(west, side) },
  ];
  const names = namesOf([area(1, 135, 0.01), area(2, 136, 0.5), area(3, 137, 0.02)], "en");
  expect(names.map(({ geometry, properties }) => [properties["name"], geometry.type === "Point" && geometry.coordinates[0]?.toFixed(3)])).toEqual([["福井市", "136.250"]]);
});

it("an entity of the live feed becomes a feature with what its tile would have", () => {
  const entity = {
    id: "urn:ngsi-ld:Streetlight:1",
    type: "Streetlight",
    name: { languageMap: { ja: "街灯", en: "Streetlight" } },
    powerState: { value: "on", observedAt: "2026-11-22T00:00:00Z" },
    location: { type: "Point", coordinates: [137.5, 34.3] },
  };
  expect(featureOf("Streetlight", entity, "ja")).toEqual({
    type: "Feature",
    geometry: entity.location,
    properties: { id: entity.id, layer: "Streetlight", name: "街灯", powerState: "on" },
  });
  expect(featureOf("Streetlight", { ...entity, location: { type: "Script" } }, "ja")).toBeNull();
  expect(plain([{ value: 3 }, { value: 4, datasetId: "urn:a:1" }], "en")).toBe(3);
  expect(plain({ languageMap: {} }, "en")).toBeNull();
});

it("types that nobody knows have a look, and lie below the places of known ones", () => {
  expect(inOrder(["Vehicle", "Anything", "Coast", "https://example.org/RoadSegment"])).toEqual([
    "Coast",
    "https://example.org/RoadSegment",
    "Anything",
    "Vehicle",
  ]);
  expect(lookOf("constructor").shape).toBe("place");
  expect(attributesOf("OffStreetParking")).toEqual(["name", "availableSpotNumber", "totalSpotNumber"]);
  for (const type of Object.keys(TYPES)) for (const word of Object.values(TYPES[type] ?? {})) expect(word).not.toBe("");
});

it("what waits for its turn among streets is seen from the beginning where there are none", () => {
  expect(firstZooms(["AED", "RoadSegment"])("AED")).toBe(13);
  expect(firstZooms(["AED", "AdministrativeArea", "Park"])("AED")).toBe(0);
});

it("a type is drawn whatever shape its places have", () => {
  const drawn = (type: string): string[] =>
    styleOf([{ type, minzoom: 0, maxzoom: 14, bounds: null, from: 0 }], "", "ja", paint).layers.flatMap(({ id, type: kind }) => (id.startsWith("tile:") ? kind : []));
  for (const type of Object.keys(TYPES)) expect(drawn(type), type).toEqual(expect.arrayContaining(["fill", "line", "circle"]));
});

it("ground is drawn from its tiles alone, and hides what is below it wherever it may be drawn twice", () => {
  const layers = Object.keys(TYPES).flatMap((type) => styleOf([{ type, minzoom: 0, maxzoom: 14, bounds: null, from: 0 }], "", "ja", paint).layers.map((layer) => ({ type, layer })));
  const ofGround = layers.filter(({ type }) => lookOf(type).isGround).map(({ layer }) => layer);
  expect(ofGround.filter((layer) => "source" in layer && layer.source === LIVE)).toEqual([]);
  expect(layers.some(({ layer }) => "source" in layer && layer.source === LIVE)).toBe(true);
  const isFree = ({ metadata }: { metadata?: unknown }): boolean => (metadata as { isFree?: boolean } | undefined)?.isFree === true;
  const free = layers.filter(({ layer }) => isFree(layer));
  expect(free.length).toBeGreaterThan(0);
  for (const { type, layer } of free) {
    const { "fill-opacity": face, "line-opacity": line } = (layer.paint ?? {}) as Record<string, unknown>;
    expect([lookOf(type).isGround, face ?? line], layer.id).toEqual([true, 1]);
  }
});

it("the style names no other host and each layer once", () => {
  const types = [...Object.keys(TYPES), "Anything"].map((type) => ({ type, minzoom: 0, maxzoom: 14, bounds: null, from: 0 }));
  const style = styleOf(types, 'a=="b"', "ja", paint);
  const ids = style.layers.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  const texts = JSON.stringify(style).match(/https?:\/\/[^"/]+/g) ?? [];
  expect(new Set(texts)).toEqual(new Set(["http://127.0.0.1:8080"]));
});

it("the place in the address is read and written", () => {
  expect(readCamera(writeCamera({ latitude: 34.3, longitude: 137.5, zoom: 12.5 }))).toEqual({ latitude: 34.3, longitude: 137.5, zoom: 12.5 });
  for (const nonsense of ["", "a,b,c", "91,0,3", "1,2", "1,2,NaN"]) expect(readCamera(nonsense), nonsense).toBeNull();
});

it("the place of a fault is found in the words of either language", () => {
  expect(faultOf("temperature>>2", 'q: expected a number at position 13, found ">"')).toEqual({ before: "temperature>", at: ">", after: "2" });
  expect(faultOf("temperature>>2", '指定が正しくありません: q: 13文字目の">"は正しくありません')?.at).toBe(">");
  expect(faultOf("a==", "q: expected a value at position 4, found the end")?.at).toBe(" ");
  expect(faultOf("a", "q: at position 40")).toBeNull();
  expect(faultOf("a", "too many results")).toBeNull();
});
