// A city that holds still: what the page asks of Machi, answered from memory, with levers for what a test wants to see.
import { readFile } from "node:fs/promises";
import { type IncomingMessage, type Server, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import { type Box, boxOf, distance } from "../../src/map/geo";
import { geometryOf } from "../../src/map/feature";
import { evolutions } from "./evolutions";
import { describe, tile } from "./tiles";

type Members = Record<string, unknown>;

/** The page's policy, as the binary sends it. */
export const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
  "worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " +
  "require-trusted-types-for 'script'; trusted-types svelte-trusted-html machi-map-worker";

const DIST = join(import.meta.dirname, "../../dist");
const CONTENT_TYPES: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".md": "text/plain; charset=utf-8",
};

export class MockCity {
  entities = new Map<string, Members>();
  subscriptions: Members[] = [];
  tenants: Members[] = [{ tenant: "-", entities: 0 }];
  requests = { reads: 0, writes: 0 };
  /** Whether connections are cut as they come, as by a city that is down. */
  isDown = false;
  /** Paths that are refused, each with its problem. */
  refusals = new Map<string, Members & { status: number }>();
  /** What was written by requests. */
  written: { method: string; path: string; body: Members }[] = [];
  /** All entities as they were at any instant of the past; none where that is as now. */
  then: Map<string, Members> | null = null;
  /** The history of the city does not reach back before this. */
  begins = "";
  /** What was measured, by entity and attribute. */
  measured = new Map<string, [value: number, time: string][]>();
  asked: { path: string; headers: IncomingMessage["headers"] }[] = [];

  #server: Server;
  #live = new Set<ServerResponse>();
  #inboxes = new Map<string, ServerResponse>();
  #position = 0;

  private constructor() {
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  static async start(): Promise<MockCity> {
    const city = new MockCity();
    await new Promise<void>((resolve) => city.#server.listen(0, "127.0.0.1", resolve));
    return city;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  put(entity: Members): void {
    const id = String(entity["id"]);
    const isNew = !this.entities.has(id);
    this.entities.set(id, entity);
    this.requests.writes += 1;
    for (const [name, attribute] of Object.entries(entity)) this.measure(id, name, attribute as Members);
    const names = Object.keys(entity).filter((name) => !["id", "type", "createdAt", "modifiedAt"].includes(name));
    this.change(isNew ? "created" : "changed", id, entity["type"], names);
  }

  /** Keeps what an attribute measures now. */
  measure(id: string, name: string, { value, observedAt }: Members): void {
    if (typeof value !== "number" || typeof observedAt !== "string") return;
    const key = `${id} ${name}`;
    this.measured.set(key, [...(this.measured.get(key) ?? []), [value, observedAt]]);
  }

  delete(id: string): void {
    const entity = this.entities.get(id);
    this.entities.delete(id);
    this.change("deleted", id, entity?.["type"], []);
  }

  change(kind: string, id: string, type: unknown, attributes: string[]): void {
    const entity = kind === "deleted" ? { types: [type].flat() } : { entity: concise(this.entities.get(id) ?? { id, type }) };
    this.emit("change", { change: kind, id, at: new Date().toISOString(), attributes, ...entity });
  }

  emit(name: string, data: Members): void {
    this.#position += 1;
    for (const stream of this.#live) {
      stream.write(`id: ${this.#position}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
    }
  }

  /** Sends a notification to whoever reads an inbox. */
  notify(...entities: Members[]): void {
    const data = JSON.stringify({ id: "urn:ngsi-ld:Notification:1", type: "Notification", notifiedAt: new Date().toISOString(), data: entities });
    for (const inbox of this.#inboxes.values()) inbox.write(`event: notification\ndata: ${data}\n\n`);
  }

  get listeners(): number {
    return this.#live.size;
  }

  /** Cuts all connections and refuses new ones until `comeBack`. */
  goDown(): void {
    this.isDown = true;
    this.#server.closeAllConnections();
  }

  comeBack(): void {
    this.isDown = false;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (this.isDown) return void request.socket.destroy();
    const url = new URL(request.url ?? "/", this.url);
    this.asked.push({ path: url.pathname + url.search, headers: request.headers });
    this.requests.reads += url.pathname === "/machi/v1/live" ? 0 : 1;
    const refusal = this.refusals.get(url.pathname);
    if (refusal) return problem(response, refusal);
    if (request.method !== "GET") return this.#write(request, url, response);
    const asOf = url.searchParams.get("asOf");
    if (asOf && Date.parse(asOf) < Date.parse(this.begins)) {
      const detail = `asOf: the history of this city begins at ${this.begins}; ${asOf} lies before it`;
      return problem(response, { status: 400, type: "BadRequestData", title: "Bad request data", detail });
    }
    if (url.pathname.startsWith("/machi/v1/tiles/")) return this.#tile(url, response);
    if (url.pathname.startsWith("/machi/v1/inboxes/")) return this.#openInbox(url.pathname, response);
    switch (url.pathname) {
      case "/ngsi-ld/v1/entities":
        return this.#find(url, response);
      case "/ngsi-ld/v1/temporal/entities":
        return json(response, evolutions(url, this.measured));
      case "/ngsi-ld/v1/types":
        return json(response, { id: "urn:ngsi-ld:EntityTypeList:1", type: "EntityTypeList", typeList: this.#types() });
      case "/ngsi-ld/v1/subscriptions":
        return json(response, this.subscriptions);
      case "/machi/v1/tenants":
        return json(response, this.tenants);
      case "/machi/v1/live":
        return this.#follow(response);
      case "/metrics":
        return this.#metrics(response);
      case "/healthz":
        return json(response, { status: "ok", version: "0.1.0" });
    }
    if (url.pathname.startsWith("/ngsi-ld/v1/entities/")) return this.#retrieve(url, response);
    return this.#file(url.pathname, response);
  }

  #find(url: URL, response: ServerResponse): void {
    const [type, id, q] = ["type", "id", "q"].map((name) => url.searchParams.get(name));
    const types = type?.split(",");
    const isWithin = areaTest(url);
    const pattern = new RegExp(url.searchParams.get("idPattern") ?? "");
    const found = [...this.#seen(url).values()].filter(
      (one) =>
        (!types || types.some((wanted) => [one["type"]].flat().includes(wanted))) &&
        (!id || id.split(",").includes(String(one["id"]))) &&
        pattern.test(String(one["id"])) &&
        meets(one, q) &&
        isWithin(one),
    );
    if (q?.includes(">>")) {
      const detail = 'q: at character 12, after ">": a value is expected, not ">"';
      return problem(response, { status: 400, type: "BadRequestData", title: "The request is not valid", detail });
    }
    const limit = Number(url.searchParams.get("limit") ?? 20);
    const offset = Number(url.searchParams.get("offset") ?? 0);
    if (url.searchParams.get("orderBy")) {
      found.sort((a, b) => String(b["modifiedAt"]).localeCompare(String(a["modifiedAt"])));
    }
    response.setHeader("NGSILD-Results-Count", String(found.length));
    if (limit > 0 && offset + limit < found.length) {
      url.searchParams.set("offset", String(offset + limit));
      response.setHeader("Link", `<${url.pathname}${url.search}>; rel="next"; type="application/json"`);
    }
    json(response, found.slice(offset, offset + limit));
  }

  /** The entities of the instant that is asked for. */
  #seen(url: URL): Map<string, Members> {
    return (url.searchParams.has("asOf") && this.then) || this.entities;
  }

  #retrieve(url: URL, response: ServerResponse): void {
    const id = decodeURIComponent(url.pathname.replace("/ngsi-ld/v1/entities/", ""));
    const entity = this.#seen(url).get(id);
    if (entity) return json(response, entity);
    problem(response, { status: 404, type: "ResourceNotFound", title: "Not found", detail: `there is no entity ${id}` });
  }

  #tile(url: URL, response: ServerResponse): void {
    const [type = "", ...at] = url.pathname.replace("/machi/v1/tiles/", "").split("/");
    const q = url.searchParams.get("q");
    const entities = [...this.entities.values()].filter((one) => [one["type"]].flat().includes(decodeURIComponent(type)) && meets(one, q));
    if (at.length === 0) return json(response, describe(type, entities, this.url));
    const [z = 0, x = 0, y = 0] = at.map(Number);
    const attributes = url.searchParams.get("attrs")?.split(",") ?? [];
    const bytes = tile(entities, [z, x, y], attributes, url.searchParams.get("lang") ?? "en");
    response.writeHead(200, { "Content-Type": "application/vnd.mapbox-vector-tile", "Cache-Control": "no-cache" }).end(bytes);
  }

  #openInbox(path: string, response: ServerResponse): void {
    response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
    response.write("retry: 2000\n\n");
    this.#inboxes.set(path, response);
    response.on("close", () => this.#inboxes.delete(path));
  }

  async #write(request: IncomingMessage, url: URL, response: ServerResponse): Promise<void> {
    let body = "";
    for await (const piece of request) body += String(piece);
    const members: Members = body ? JSON.parse(body) : {};
    this.written.push({ method: request.method ?? "", path: url.pathname, body: members });
    const [, id = "", name = ""] = /\/entities\/([^/]+)\/attrs\/([^/]+)$/.exec(decodeURIComponent(url.pathname)) ?? [];
    const entity = this.entities.get(id);
    if (entity) this.put({ ...entity, [name]: { ...(entity[name] as Members), ...members } });
    if (request.method === "POST") {
      const subscription = "urn:ngsi-ld:Subscription:drawn";
      this.subscriptions = [...this.subscriptions, { ...members, id: subscription }];
      return void response.writeHead(201, { Location: `/ngsi-ld/v1/subscriptions/${subscription}` }).end();
    }
    if (request.method === "DELETE") this.subscriptions = this.subscriptions.filter((one) => !url.pathname.endsWith(String(one["id"])));
    response.writeHead(204).end();
  }

  #types(): string[] {
    return [...new Set([...this.entities.values()].flatMap((one) => one["type"] as string | string[]))].sort();
  }

  #follow(response: ServerResponse): void {
    response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
    response.write("retry: 2000\n\n");
    this.#live.add(response);
    response.on("close", () => this.#live.delete(response));
  }

  #metrics(response: ServerResponse): void {
    const { reads, writes } = this.requests;
    response.setHeader("Content-Type", "application/openmetrics-text; version=1.0.0; charset=utf-8");
    response.end(
      "# TYPE machi_http_requests counter\n" +
        `machi_http_requests_total{method="GET",status="2xx"} ${reads - 1}\n` +
        `machi_http_requests_total{method="PATCH",status="2xx"} ${writes}\n# EOF\n`,
    );
  }

  async #file(path: string, response: ServerResponse): Promise<void> {
    const name = normalize(path === "/" ? "/index.html" : path);
    try {
      const bytes = await readFile(join(DIST, name));
      response.writeHead(200, {
        "Content-Type": CONTENT_TYPES[extname(name)] ?? "application/octet-stream",
        "Content-Security-Policy": POLICY,
        "X-Content-Type-Options": "nosniff",
      });
      response.end(bytes);
    } catch {
      problem(response, { status: 404, type: "ResourceNotFound", title: "Not found", detail: `nothing at ${path}` });
    }
  }
}

/** The concise format, as far as these tests need it. */
function concise(entity: Members): Members {
  const members = Object.entries(entity).map(([name, attribute]) => {
    const { type, ...rest } = (typeof attribute === "object" && attribute !== null ? attribute : {}) as Members;
    const isWhole = type === "Property" || type === "GeoProperty" || type === "LanguageProperty";
    return [name, isWhole ? (type === "GeoProperty" ? rest["value"] : rest) : attribute];
  });
  return Object.fromEntries(members);
}

/** Conditions such as `a=="b"` and `name~="(?i)b"`. */
function meets(entity: Members, q: string | null | undefined): boolean {
  const [, name = "", operator, wanted = ""] = /^(\w+)(==|~=)"(?:\(\?i\))?(.*)"$/.exec(q ?? "") ?? [];
  if (!operator) return true;
  const { value, languageMap } = (entity[name] ?? {}) as Members;
  const texts = languageMap ? Object.values(languageMap as Members) : value === undefined ? [] : [value];
  return texts.some((one) => (operator === "==" ? String(one) === wanted : new RegExp(wanted, "i").test(String(one))));
}

/** Whether an entity lies in the box around the area that is asked for. */
function areaTest(url: URL): (entity: Members) => boolean {
  const [georel, geometry, coordinates] = ["georel", "geometry", "coordinates"].map((name) => url.searchParams.get(name));
  if (!georel || !geometry || !coordinates) return () => true;
  const shape = { type: geometry, coordinates: JSON.parse(coordinates) as unknown };
  const around = boxOf(shape);
  const metres = Number(/maxDistance==(\d+)/.exec(georel)?.[1] ?? 0);
  return (entity) => {
    const box = boxOf(geometryOf(entity["location"]));
    if (!box || !around) return false;
    if (metres) return distance([box.west, box.south], [around.west, around.south]) <= metres;
    return georel === "within" ? contains(around, box) : overlaps(around, box);
  };
}

function contains(outer: Box, inner: Box): boolean {
  return outer.west <= inner.west && outer.east >= inner.east && outer.south <= inner.south && outer.north >= inner.north;
}

function overlaps(one: Box, other: Box): boolean {
  return one.west <= other.east && one.east >= other.west && one.south <= other.north && one.north >= other.south;
}

function json(response: ServerResponse, body: unknown): void {
  response.setHeader("Content-Type", "application/json");
  response.end(JSON.stringify(body));
}

function problem(response: ServerResponse, members: Members & { status: number }): void {
  const type = `https://uri.etsi.org/ngsi-ld/errors/${String(members["type"])}`;
  response.writeHead(members.status, { "Content-Type": "application/problem+json", "X-Request-Id": "00000000000000a7" });
  response.end(JSON.stringify({ ...members, type }));
}
