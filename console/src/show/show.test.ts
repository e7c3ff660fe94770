// How numbers, ages, names, units and values are shown.
import { describe, expect, it } from "vitest";
import type { Instance, Kind } from "../api/entity";
import { LongNumber, readJson } from "../api/number";
import { showAge, showMoment } from "./age";
import { nameOf, shortName } from "./name";
import { showCount, showRate, showValue } from "./number";
import { shownOf } from "./value";
import { attributeWord, typeWord, unitSign, valueWord, withUnit } from "./vocabulary";

const NOW = Date.parse("2026-04-01T12:00:00Z");
const age = (secondsAgo: number, language = "en"): string =>
  showAge(new Date(NOW - secondsAgo * 1000).toISOString(), NOW, language);

describe("ages", () => {
  it("are told in the largest unit that fits", () => {
    expect(age(0)).toBe("now");
    expect(age(5)).toBe("5 sec. ago");
    expect(age(59)).toBe("59 sec. ago");
    expect(age(60)).toBe("1 min. ago");
    expect(age(7200)).toBe("2 hr. ago");
    expect(age(86_400)).toBe("1 day ago");
    expect(age(86_400 * 65)).toBe("2 mo. ago");
    expect(age(86_400 * 800)).toBe("2 yr. ago");
    expect(age(-90)).toBe("in 1 min.");
  });

  it("are told in Japanese without spaces", () => {
    expect(age(0, "ja")).toBe("今");
    expect(age(5, "ja")).toBe("5秒前");
    expect(age(7200, "ja")).toBe("2時間前");
    expect(age(86_400 * 3, "ja")).toBe("3日前");
  });

  it("are empty where there is no time", () => {
    expect(showAge("", NOW, "en")).toBe("");
    expect(showAge("soon", NOW, "en")).toBe("");
    expect(showMoment("soon", "en")).toBe("soon");
    expect(showMoment("2026-04-01T12:00:00.123456Z", "ja")).toMatch(/^2026/);
  });
});

describe("numbers", () => {
  it("are grouped, and rates rounded by their size", () => {
    expect(showCount(1_234_567, "en")).toBe("1,234,567");
    expect(showRate(0, "en")).toBe("0");
    expect(showRate(0.25, "en")).toBe("0.3");
    expect(showRate(1234.5, "en")).toBe("1,235");
  });

  it("keep the digits of a measured value", () => {
    expect(showValue(0.1, "en")).toBe("0.1");
    expect(showValue(35.943817, "ja")).toBe("35.943817");
    expect(showValue(1e21, "en")).toBe("1e+21");
    expect(showValue(0.000_000_1, "en")).toBe("1e-7");
    expect(showValue(0, "en")).toBe("0");
    expect(showValue(0.30000000000000004, "en")).toBe("0.30000000000000004");
    for (const written of ["9007199254740993", "0.12345678901234567890", "1e400"]) {
      expect(showValue(new LongNumber(written), "ja")).toBe(written);
    }
  });
});

describe("names", () => {
  it("of entities are short, on one line, and turn nothing around", () => {
    const name = (value: unknown, id = "urn:ngsi-ld:Room:1"): string => nameOf({ id, json: { name: { type: "Property", value } } }, "en");
    expect(name("Meeting room")).toBe("Meeting room");
    expect(name("<b>x</b>")).toBe("<b>x</b>");
    expect(name("a\u202Eb\nc\u0000d")).toBe("a b c d");
    expect(name("街".repeat(200))).toBe(`${"街".repeat(80)}…`);
    expect([name("\u2066 "), name(null)]).toEqual(["1", "1"]);
    expect(name({}, `urn:ngsi-ld:Room:${"9".repeat(500)}`)).toBe(`${"9".repeat(80)}…`);
  });

  it("lose what every name of a vocabulary has", () => {
    expect(shortName("temperature")).toBe("temperature");
    expect(shortName("https://smartdatamodels.org/dataModel.Building/owner")).toBe("owner");
    expect(shortName("http://www.w3.org/2003/01/geo/wgs84_pos#lat")).toBe("lat");
    expect(shortName("urn:ngsi-ld:Subscription:a")).toBe("a");
    expect(shortName("https://a.example/b/")).toBe("https://a.example/b/");
    expect(shortName("sosa:hosts")).toBe("hosts");
  });
});

describe("units", () => {
  it("are signs where there is one", () => {
    expect(unitSign("CEL", "ja")).toBe("°C");
    expect(unitSign("C62", "ja")).toBe("");
    expect(unitSign("ZZZ", "ja")).toBe("ZZZ");
    expect(unitSign("", "ja")).toBe("");
    // What every object of JavaScript has is no word of ours.
    for (const word of [unitSign, typeWord, attributeWord, valueWord]) expect(word("constructor", "ja")).toBe("constructor");
    expect([withUnit("3", "MIN", "ja"), withUnit("3", "MIN", "en"), withUnit("3", "MTR", "ja"), withUnit("3", "", "en")]).toEqual(["3分", "3 min", "3 m", "3"]);
  });
});

describe("values", () => {
  const shown = (kind: Kind, content: unknown, language = "ja", unitCode = ""): unknown => {
    const rest = { datasetId: "", observedAt: "", modifiedAt: "", subAttributes: [] };
    const instance: Instance = { kind, content, unitCode, ...rest };
    return shownOf(instance, language);
  };

  it("are numbers, texts, times and lists", () => {
    expect(shown("Property", 1.5, "ja", "MTR")).toEqual({ as: "number", value: 1.5, unit: "MTR" });
    expect(shown("Property", "開館")).toEqual({ as: "text", text: "開館", unit: "" });
    expect(shown("Property", false)).toEqual({ as: "text", text: "false", unit: "" });
    expect(shown("Property", ["a", 1])).toEqual({ as: "text", text: "a, 1", unit: "" });
    expect(shown("Property", { "@type": "DateTime", "@value": "2026-04-01T00:00:00Z" })).toEqual({
      as: "time",
      time: "2026-04-01T00:00:00Z",
    });
    expect(shown("VocabProperty", ["open", "late"])).toEqual({ as: "text", text: "open, late", unit: "" });
    expect(shown("ListProperty", [1, 2])).toEqual({ as: "text", text: "1, 2", unit: "" });
    expect(shown("Property", { a: [1] })).toEqual({ as: "json", json: '{\n  "a": [\n    1\n  ]\n}' });
    const long = new LongNumber("9007199254740993");
    expect(shown("Property", long)).toEqual({ as: "number", value: long, unit: "" });
    expect(shown("Property", [long, "a"])).toEqual({ as: "text", text: "9007199254740993, a", unit: "" });
    expect(shown("JsonProperty", readJson('{"a":18446744073709551615}'))).toEqual({
      as: "json",
      json: '{\n  "a": 18446744073709551615\n}',
    });
    expect(shown("JsonProperty", "text")).toEqual({ as: "json", json: '"text"' });
    expect(shown("Property", undefined)).toEqual({ as: "json", json: "" });
    expect(shown("Property", "x".repeat(1_000_000))).toEqual({ as: "text", text: `${"x".repeat(2000)}…`, unit: "" });
  });

  it("are links to one or many", () => {
    expect(shown("Relationship", "urn:a:1")).toEqual({ as: "links", ids: ["urn:a:1"], more: 0 });
    expect(shown("Relationship", ["urn:a:1", "urn:a:2"])).toEqual({ as: "links", ids: ["urn:a:1", "urn:a:2"], more: 0 });
    expect(shown("ListRelationship", [{ object: "urn:a:1" }, "urn:a:2", 7])).toEqual({
      as: "links",
      ids: ["urn:a:1", "urn:a:2"],
      more: 0,
    });
    const many = Array.from({ length: 10_000 }, (_, n) => `urn:a:${n}`);
    expect(shown("Relationship", many)).toMatchObject({ ids: many.slice(0, 50), more: 9950 });
  });

  it("speak the reader's language where they can", () => {
    const map = { fr: "Rivière", "ja-JP": "川", en: "River" };
    expect(shown("LanguageProperty", map)).toMatchObject({ chosen: "川", language: "ja-JP" });
    expect(shown("LanguageProperty", map, "en")).toMatchObject({ chosen: "River" });
    expect(shown("LanguageProperty", { fr: "Rivière", "@none": "R" })).toMatchObject({ chosen: "R" });
    expect(shown("LanguageProperty", { fr: ["a", "b"] })).toMatchObject({ chosen: "a, b", others: [] });
    expect(shown("LanguageProperty", null)).toMatchObject({ chosen: "", others: [] });
  });

  it("are places", () => {
    expect(shown("GeoProperty", { type: "Point", coordinates: [136.2, 36.1] })).toEqual({
      as: "point",
      latitude: 36.1,
      longitude: 136.2,
    });
    const ring = [[[0, 0], [0, 1], [1, 1], [0, 0]]];
    expect(shown("GeoProperty", { type: "Polygon", coordinates: ring })).toEqual({
      as: "shape",
      shape: "Polygon",
      points: 4,
      isTooWide: false,
    });
    const across = [[[170, 0], [-170, 0], [-170, 9], [170, 9], [170, 0]]];
    expect(shown("GeoProperty", { type: "Polygon", coordinates: across })).toMatchObject({ isTooWide: true });
    expect(shown("GeoProperty", { type: "MultiPolygon", coordinates: [ring, across] })).toMatchObject({ isTooWide: true });
    expect(shown("GeoProperty", { type: "MultiPoint", coordinates: across[0] })).toMatchObject({ isTooWide: false });
    const parts = [{ type: "Point", coordinates: [0, 0] }, { type: "Polygon", coordinates: ring }];
    expect(shown("GeoProperty", { type: "GeometryCollection", geometries: parts })).toMatchObject({ points: 5 });
    expect(shown("GeoProperty", { type: "Point", coordinates: "no" })).toMatchObject({ as: "shape", points: 0 });
  });
});
