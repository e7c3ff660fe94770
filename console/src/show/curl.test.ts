// Commands: a shell must read them as they are meant, whatever stands in them.
import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";
import { entityOf } from "../api/entity";
import { readJson } from "../api/number";
import { changeCurl, firstCurl, quoted, readCurl, subscribeCurl } from "./curl";

const BASE = new URL("http://127.0.0.1:8080/");
const HERE = { tenant: "", context: "" };

/** The words that a shell makes of a command. */
function words(command: string): string[] {
  const script = command.replace(/^curl/, "printf '%s\\0'");
  return execFileSync("sh", ["-c", script], { encoding: "utf8" }).split("\0").slice(0, -1);
}

function change(attributes: object, name: string): string[] {
  const entity = entityOf({ id: "urn:ngsi-ld:Room:1", type: "Room", ...attributes });
  const attribute = entity?.attributes.find((one) => one.name === name);
  if (!attribute) throw new Error(`no attribute ${name}`);
  return words(changeCurl("urn:ngsi-ld:Room:1", attribute, HERE, BASE));
}

it("read an entity in its tenant and vocabulary", () => {
  const where = { tenant: "aoi", context: "https://example.org/c.jsonld" };
  expect(words(readCurl("urn:ngsi-ld:Room:1", where, BASE))).toEqual([
    "http://127.0.0.1:8080/ngsi-ld/v1/entities/urn:ngsi-ld:Room:1",
    "-H",
    "NGSILD-Tenant: aoi",
    "-H",
    'Link: <https://example.org/c.jsonld>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"',
  ]);
  expect(readCurl("urn:ngsi-ld:Room:1", HERE, BASE)).toBe(
    "curl http://127.0.0.1:8080/ngsi-ld/v1/entities/urn:ngsi-ld:Room:1",
  );
});

it("change an attribute so that it is seen", () => {
  const number = { temperature: { type: "Property", value: 21.35, unitCode: "CEL" } };
  expect(change(number, "temperature")).toEqual([
    "-X",
    "PATCH",
    "http://127.0.0.1:8080/ngsi-ld/v1/entities/urn:ngsi-ld:Room:1/attrs/temperature",
    "-H",
    "Content-Type: application/json",
    "-d",
    '{"type":"Property","value":22.35}',
  ]);
  expect(change({ on: { type: "Property", value: true } }, "on").at(-1)).toBe('{"type":"Property","value":false}');
  const link = { isIn: { type: "Relationship", object: "urn:a:1" } };
  expect(change(link, "isIn").at(-1)).toBe('{"type":"Relationship","object":"urn:a:1"}');
});

it("leave no digit of a long number out", () => {
  const long = readJson('{"a":{"type":"Property","value":9007199254740993}}') as object;
  expect(change(long, "a").at(-1)).toBe('{"type":"Property","value":9007199254740994}');
  const inside = readJson('{"a":{"type":"Property","value":{"b":[18446744073709551615,1e400]}}}') as object;
  expect(change(inside, "a").at(-1)).toBe('{"type":"Property","value":{"b":[18446744073709551615,1e400]}}');
});

it("change the default instance, or name the one that is there", () => {
  const two = [{ type: "Property", value: 1, datasetId: "urn:d:1" }, { type: "Property", value: 5 }];
  expect(change({ a: two }, "a").at(-1)).toBe('{"type":"Property","value":6}');
  expect(change({ a: [two[0]] }, "a").at(-1)).toBe('{"type":"Property","value":2,"datasetId":"urn:d:1"}');
});

it("survive every character", () => {
  const odd = `it's "$HOME" \`id\` \\ ; & | * ? [a-z]\n街`;
  expect(change({ a: { type: "Property", value: odd } }, "a").at(-1)).toBe(JSON.stringify({ type: "Property", value: odd }));
  expect(words(readCurl("urn:a:it's;$(id)#/?", HERE, BASE))).toEqual([
    "http://127.0.0.1:8080/ngsi-ld/v1/entities/urn:a:it's%3B%24(id)%23%2F%3F",
  ]);
  expect(change({ "https://a.example/b#c": { type: "Property", value: 1 } }, "https://a.example/b#c")[2]).toMatch(
    /attrs\/https:%2F%2Fa\.example%2Fb%23c$/,
  );
  expect(quoted("")).toBe("''");
});

it("create a first entity and a subscription", () => {
  const first = words(firstCurl({ tenant: "aoi", context: "" }, BASE));
  expect(first).toContain("NGSILD-Tenant: aoi");
  expect(JSON.parse(first.at(-1) ?? "")).toMatchObject({ id: "urn:ngsi-ld:Room:1", type: "Room" });
  const subscription = words(subscribeCurl("https://a.example/Room", HERE, BASE));
  expect(JSON.parse(subscription.at(-1) ?? "")).toMatchObject({
    type: "Subscription",
    entities: [{ type: "https://a.example/Room" }],
  });
});

it("read an entity as it was", () => {
  expect(words(readCurl("urn:ngsi-ld:Room:1", { ...HERE, asOf: "2026-11-23T10:00:00.000Z" }, BASE))).toEqual([
    "http://127.0.0.1:8080/ngsi-ld/v1/entities/urn:ngsi-ld:Room:1?asOf=2026-11-23T10%3A00%3A00.000Z",
  ]);
});
