// Events of the live feed.
import { expect, it } from "vitest";
import { liveEventOf } from "./live";
import { LongNumber } from "./number";

const read = (name: string, data: unknown): unknown =>
  liveEventOf({ id: "1", name, data: typeof data === "string" ? data : JSON.stringify(data) });

const AT = "2026-01-01T00:00:00.000001Z";

it("reads a change", () => {
  const entity = { id: "urn:ngsi-ld:Room:1", type: ["Room", "Office"], temperature: 21 };
  const data = { change: "changed", id: "urn:ngsi-ld:Room:1", at: AT, attributes: ["temperature"], entity };
  expect(read("change", data)).toEqual({
    event: "change",
    kind: "changed",
    id: "urn:ngsi-ld:Room:1",
    types: ["Room", "Office"],
    entity,
    attributes: ["temperature"],
    time: AT,
  });
});

it("reads a deletion, after which there is no entity to tell of", () => {
  const data = { change: "deleted", id: "urn:ngsi-ld:Room:1", at: AT, attributes: ["temperature"] };
  expect(read("change", data)).toMatchObject({ kind: "deleted", types: [] });
  expect(read("change", { ...data, types: ["Room"] })).toMatchObject({ kind: "deleted", types: ["Room"], entity: null });
});

it("keeps every digit of a number", () => {
  const data = `{"change":"changed","id":"urn:a:1","entity":{"id":"urn:a:1","type":"A","n":9007199254740993,"m":1.5}}`;
  expect(read("change", data)).toMatchObject({ entity: { n: new LongNumber("9007199254740993"), m: 1.5 } });
});

it("reads a lag", () => {
  expect(read("lagged", { reason: "too far behind" })).toEqual({ event: "lagged" });
});

it("passes over what it does not know", () => {
  for (const [name, data] of [
    ["change", "{"],
    ["change", []],
    ["change", { change: "moved", id: "urn:a:1" }],
    ["change", { change: "changed" }],
    ["weather", { change: "changed", id: "urn:a:1" }],
  ] as const) {
    expect(read(name, data)).toBeNull();
  }
});
