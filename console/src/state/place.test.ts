// The page's address tells where the reader is.
import { afterEach, expect, it, vi } from "vitest";
import { Address, NOWHERE, momentOf, readPlace, writePlace } from "./place.svelte";

afterEach(() => vi.unstubAllGlobals());

it("is written and read back", () => {
  const place = {
    tenant: "aoi",
    context: "https://example.org/c.jsonld",
    id: "urn:ngsi-ld:Room:1",
    type: "Room",
    q: 'temperature>20;name=="会議室 & #1"',
    entity: "urn:ngsi-ld:Room:2",
    view: "map",
    as: "table",
    at: "34.3,137.5,12.5",
    layers: "Room,Building",
    then: "2026-11-23T10:00:00.000Z",
  };
  expect(readPlace(writePlace(place))).toEqual(place);
  expect(readPlace(writePlace(NOWHERE))).toEqual(NOWHERE);
});

it("is short where nothing is asked, and ids stay readable", () => {
  expect(writePlace(NOWHERE)).toBe("#");
  expect(writePlace({ ...NOWHERE, entity: "urn:ngsi-ld:Room:1" })).toBe("#entity=urn:ngsi-ld:Room:1");
  expect(writePlace({ ...NOWHERE, view: "map", at: "34.3,137.5,12" })).toBe("#view=map&at=34.3,137.5,12");
});

it("takes any address", () => {
  expect(readPlace("")).toEqual(NOWHERE);
  expect(readPlace("#/type=Room&nonsense=1")).toEqual({ ...NOWHERE, type: "Room" });
  expect(readPlace("#%%%")).toEqual(NOWHERE);
});

it("goes on from an address of which the page has not been told yet", () => {
  // A browser changes the address at once, and tells of it when the page has done its work.
  const location = { hash: "#view=map&at=34.3,137.5,14" };
  const told: (() => void)[] = [];
  vi.stubGlobal("location", location);
  vi.stubGlobal("window", { addEventListener: (_: string, listener: () => void) => told.push(listener) });
  vi.stubGlobal("history", { state: null, replaceState: (_state: unknown, _title: string, hash: string) => void (location.hash = hash) });
  const address = new Address();
  location.hash = "#view=map&at=34.3,137.5,14&entity=urn:ngsi-ld:Room:1";
  // The map comes to rest meanwhile.
  address.note({ at: "34.4,137.6,15" });
  expect(readPlace(location.hash)).toMatchObject({ entity: "urn:ngsi-ld:Room:1", at: "34.4,137.6,15" });
  location.hash = writePlace({ ...readPlace(location.hash), q: "a>1" });
  address.go({ entity: "" });
  expect(readPlace(location.hash)).toMatchObject({ entity: "", q: "a>1" });
  for (const tell of told) tell();
  expect(address.place).toMatchObject({ entity: "", q: "a>1", at: "34.4,137.6,15" });
});

it("names an instant of the past, or none", () => {
  expect(momentOf("2026-11-23T19:00:00+09:00")).toBe("2026-11-23T10:00:00.000Z");
  expect([momentOf(""), momentOf("yesterday")]).toEqual(["", ""]);
});
