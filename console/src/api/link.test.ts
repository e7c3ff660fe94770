// The next page of a listing.
import { expect, it } from "vitest";
import { nextLink } from "./link";

const ASKED = "ngsi-ld/v1/entities?type=Room";

it("is found among other links", () => {
  const header =
    '<https://example.org/context.jsonld>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json", ' +
    '</ngsi-ld/v1/entities?type=Room&cursor=a%2Cb>; rel="next"; type="application/json"';
  expect(nextLink(header, ASKED)).toBe("ngsi-ld/v1/entities?type=Room&cursor=a%2Cb");
});

it("is found however it is written", () => {
  expect(nextLink("</x?p=2>;rel=next", ASKED)).toBe("ngsi-ld/v1/entities?p=2");
  expect(nextLink('</x?q=a>;type="a,b";rel="last next"', ASKED)).toBe("ngsi-ld/v1/entities?q=a");
});

it("stays with this city, whatever address the server believes to have", () => {
  expect(nextLink('<http://inside:8080/x?p=2>; rel="next"', ASKED)).toBe("ngsi-ld/v1/entities?p=2");
});

it("is nothing on the last page", () => {
  expect(nextLink(null, ASKED)).toBeNull();
  expect(nextLink('</x?p=1>; rel="prev"', ASKED)).toBeNull();
  expect(nextLink('</x?p=1>; rel="nextish"', ASKED)).toBeNull();
});
