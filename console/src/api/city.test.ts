// The questions that the page asks.
import { afterEach, expect, it, vi } from "vitest";
import {
  countEntities,
  entityPath,
  findEntities,
  isWholeId,
  listSubscriptions,
  listTenants,
  listTypes,
  literal,
  parametersOf,
  retrieveEntity,
} from "./city";

const asking = { tenant: "", language: "en" as const, context: "" };
const answer = (body: unknown, init?: ResponseInit): void =>
  void vi.stubGlobal("fetch", async () => new Response(JSON.stringify(body), init));
const parameters = (search: Partial<{ id: string; type: string; q: string }>): Record<string, string> =>
  Object.fromEntries(parametersOf({ id: "", type: "", q: "", ...search }));

afterEach(() => vi.unstubAllGlobals());

it("asks for an entity by its id and for others by a part of it", () => {
  expect(parameters({ id: " urn:ngsi-ld:Room:1 " })).toMatchObject({ id: "urn:ngsi-ld:Room:1", local: "true" });
  expect(parameters({ id: "Room:1+" })).toMatchObject({ idPattern: ".*Room:1\\+.*" });
  expect(parameters({ id: "会議室" })).toMatchObject({ idPattern: ".*会議室.*" });
});

it("asks by type and condition together", () => {
  const asked = parameters({ type: "Room", q: 'temperature>20;name=="a"' });
  expect(asked).toMatchObject({ type: "Room", q: 'temperature>20;name=="a"', count: "true", options: "sysAttrs" });
  expect(asked).not.toHaveProperty("orderBy");
});

it("asks for what was changed last where nothing is looked for", () => {
  expect(parameters({})).toMatchObject({ local: "true", orderBy: "modifiedAt;desc" });
});

it("takes an id that nobody has for the beginning of others", async () => {
  const asked: URLSearchParams[] = [];
  const room = { id: "urn:ngsi-ld:Room:12", type: "Room" };
  vi.stubGlobal("fetch", async (url: URL) => {
    asked.push(url.searchParams);
    return new Response(JSON.stringify(url.searchParams.has("idPattern") ? [room] : []));
  });
  const { entities } = await findEntities({ id: "urn:ngsi-ld:Room:1", type: "", q: "" }, asking);
  expect(entities.map(({ id }) => id)).toEqual([room.id]);
  expect(asked.map((one) => one.get("id") ?? one.get("idPattern"))).toEqual([
    "urn:ngsi-ld:Room:1",
    "^urn:ngsi-ld:Room:1.*",
  ]);
  expect(asked[1]?.has("id")).toBe(false);
});

it("says that nobody has an id where the city will not try them all", async () => {
  const problem = { type: "https://uri.etsi.org/ngsi-ld/errors/TooComplexQuery", title: "t" };
  vi.stubGlobal("fetch", async (url: URL) =>
    url.searchParams.has("idPattern")
      ? new Response(JSON.stringify(problem), { status: 403 })
      : new Response("[]", { headers: { "NGSILD-Results-Count": "0" } }),
  );
  const found = await findEntities({ id: "urn:ngsi-ld:Room:1", type: "", q: "" }, asking);
  expect(found).toEqual({ entities: [], total: 0, next: null });
  await expect(findEntities({ id: "Room", type: "", q: "" }, asking)).rejects.toThrow("t");
});

it("tells a whole id from a part of one", () => {
  for (const id of ["urn:ngsi-ld:Room:1", "https://example.org/a?b#c", "urn:街:1"]) expect(isWholeId(id), id).toBe(true);
  for (const part of ["Room", "Room:1", "1:", "urn:a:b c", "urn:a", "urn:a:", "https://"]) {
    expect(isWholeId(part), part).toBe(false);
  }
});

it("matches a part by its letters alone", () => {
  const pattern = new RegExp(`.*${literal("a.b*(c)[d]")}.*`);
  expect(pattern.test("xa.b*(c)[d]y")).toBe(true);
  expect(pattern.test("aXb(c)d")).toBe(false);
});

it("writes ids into paths", () => {
  expect(entityPath("urn:ngsi-ld:Room:1")).toBe("ngsi-ld/v1/entities/urn:ngsi-ld:Room:1");
  expect(entityPath("https://a.example/b?c#d")).toBe("ngsi-ld/v1/entities/https:%2F%2Fa.example%2Fb%3Fc%23d");
});

it("gives nothing for an entity that is not there, and fails for other reasons", async () => {
  answer({ type: "ResourceNotFound", title: "t" }, { status: 404 });
  expect(await retrieveEntity("urn:a:1", asking)).toBeNull();
  answer({ type: "InternalError", title: "t" }, { status: 500 });
  await expect(retrieveEntity("urn:a:1", asking)).rejects.toThrow("t");
});

it("reads counts, types and tenants", async () => {
  answer([], { headers: { "NGSILD-Results-Count": "1234" } });
  expect(await countEntities("Room", asking)).toBe(1234);
  answer({ typeList: ["Room", 7, "Shop"] });
  expect(await listTypes(asking)).toEqual(["Room", "Shop"]);
  answer([{ tenant: "-", entities: 5 }, { tenant: "aoi", entities: 7 }, null]);
  expect(await listTenants(asking)).toEqual([
    { name: "", entities: 5 },
    { name: "aoi", entities: 7 },
  ]);
});

it("reads subscriptions, complete or not", async () => {
  answer([
    {
      id: "urn:ngsi-ld:Subscription:1",
      type: "Subscription",
      entities: [{ type: "Room", idPattern: ".*1" }],
      watchedAttributes: ["temperature"],
      notification: { endpoint: { uri: "http://a.example/" }, timesSent: 3, lastNotification: "2026-01-01T00:00:00Z" },
    },
    { id: "urn:ngsi-ld:Subscription:2" },
    { id: "urn:ngsi-ld:Subscription:3", notification: { endpoint: { uri: "mqtt://u:secret@a.example/t" } } },
  ]);
  const [first, second, third] = await listSubscriptions(asking);
  expect(first).toMatchObject({
    watches: ["Room", ".*1", "temperature"],
    endpoint: "http://a.example/",
    sent: 3,
    failed: 0,
    status: "active",
  });
  expect(second).toMatchObject({ watches: [], endpoint: "", sent: 0 });
  expect(third?.endpoint).toBe("mqtt://***@a.example/t");
});
