// Entities as the API gives them, and what the page makes of them.
import { expect, it } from "vitest";
import { river } from "../../tests/mock/entities";
import { contentMember, entitiesOf, entityOf } from "./entity";

it("reads every kind of attribute", () => {
  const entity = entityOf(river(1.42));
  expect(entity?.types).toEqual(["WaterLevelObserved"]);
  expect(entity?.scopes).toEqual(["/fukui/river"]);
  const kinds = Object.fromEntries(entity?.attributes.map(({ name, instances }) => [name, instances[0]?.kind]) ?? []);
  expect(kinds).toMatchObject({
    name: "LanguageProperty",
    waterLevel: "Property",
    status: "VocabProperty",
    location: "GeoProperty",
    thresholds: "JsonProperty",
  });
});

it("reads instances and sub-attributes, and keeps values apart from them", () => {
  const entity = entityOf(river(1.42));
  const flow = entity?.attributes.find(({ name }) => name === "flow");
  expect(flow?.instances.map(({ content, datasetId }) => [content, datasetId])).toEqual([
    [38.25, ""],
    [41, "urn:ngsi-ld:Dataset:forecast"],
  ]);
  const level = entity?.attributes.find(({ name }) => name === "waterLevel")?.instances[0];
  expect(level).toMatchObject({ content: 1.42, unitCode: "MTR" });
  expect(level?.subAttributes.map(({ name }) => name)).toEqual(["accuracy", "measuredBy"]);
});

it("does not take a value for attributes", () => {
  const value = { type: "Property", value: { type: "Property", value: 1 } };
  const entity = entityOf({ id: "urn:a:1", type: "A", nested: value, json: { type: "JsonProperty", json: value } });
  expect(entity?.attributes.map(({ instances }) => instances[0]?.subAttributes)).toEqual([[], []]);
});

it("takes nothing for an entity that is none", () => {
  for (const value of [null, undefined, 7, "a", [], {}, { id: 7 }]) expect(entityOf(value)).toBeNull();
  expect(entitiesOf({})).toEqual([]);
  expect(entitiesOf([{ id: "urn:a:1" }, null])).toHaveLength(1);
  expect(entityOf({ id: "urn:a:1", odd: 7, none: { type: "Nothing" }, empty: [] })?.attributes).toEqual([]);
});

it("knows which member a change sets", () => {
  expect(contentMember("Property")).toBe("value");
  expect(contentMember("ListRelationship")).toBe("objectList");
});
