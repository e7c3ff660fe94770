// The page's address tells where the reader is.
import { expect, it } from "vitest";
import { NOWHERE, readPlace, writePlace } from "./place.svelte";

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
