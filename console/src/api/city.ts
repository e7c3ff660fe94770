// What the page asks the city: entities, types, tenants, subscriptions and figures.
import { shownAddress } from "./address";
import { AskError, type Asking, ask, askText, send } from "./ask";
import { type Entity, entitiesOf, entityOf } from "./entity";
import { count, isMembers, list, strings, text } from "./json";
import { nextLink } from "./link";
import { type Metric, parseMetrics } from "./openmetrics";

/** What to look for; empty texts ask for nothing. */
export interface Search {
  id: string;
  type: string;
  q: string;
}

export interface Page {
  entities: Entity[];
  /** Of all matches; null where the server did not say. */
  total: number | null;
  /** Where the next page is, relative to the city. */
  next: string | null;
}

export interface Tenant {
  /** Empty for the default one. */
  name: string;
  entities: number;
}

export interface Subscription {
  id: string;
  name: string;
  /** What it watches, in words of the API. */
  watches: string[];
  /** Where it sends to, without the secrets that the address may hold. */
  endpoint: string;
  status: string;
  sent: number;
  failed: number;
  lastSent: string;
  lastFailed: string;
}

const API = "ngsi-ld/v1";
const PAGE = 20;
/** A glance at what was changed last is no list to read. */
const GLANCE = 10;
const COUNT_HEADER = "NGSILD-Results-Count";

/** An id that nobody has may be the beginning of others: a reader types from the left. */
export async function findEntities(search: Search, asking: Asking): Promise<Page> {
  const found = await page(`${API}/entities?${parametersOf(search)}`, asking);
  const id = search.id.trim();
  if (found.entities.length > 0 || !isWholeId(id)) return found;
  const parameters = parametersOf(search);
  parameters.delete("id");
  parameters.set("idPattern", `^${literal(id)}.*`);
  try {
    return await page(`${API}/entities?${parameters}`, asking);
  } catch (error) {
    // A large city refuses to try all its ids; that nobody has this one is then all there is to say.
    if (isRefused(error, 403)) return found;
    throw error;
  }
}

function isRefused(error: unknown, status: number): boolean {
  return error instanceof AskError && error.failure.kind === "refused" && error.failure.status === status;
}

/** A page whose address an earlier page told. */
export async function page(path: string, asking: Asking): Promise<Page> {
  const { body, headers } = await ask(path, asking);
  const total = headers.get(COUNT_HEADER);
  return {
    entities: entitiesOf(body),
    total: total === null ? null : Number(total),
    next: nextLink(headers.get("Link"), path),
  };
}

/** The parameters that a search comes to; without any condition, the entities that were changed last. */
export function parametersOf(search: Search): URLSearchParams {
  const parameters = new URLSearchParams();
  const { id, type, q } = { id: search.id.trim(), type: search.type.trim(), q: search.q.trim() };
  if (isWholeId(id)) parameters.set("id", id);
  else if (id) parameters.set("idPattern", `.*${literal(id)}.*`);
  if (type) parameters.set("type", type);
  if (q) parameters.set("q", q);
  // §5.7.2.4: an id alone is too wide a question, unless it stays within this city.
  parameters.set("local", "true");
  const isGlance = !id && !type && !q;
  if (isGlance) parameters.set("orderBy", "modifiedAt;desc");
  parameters.set("options", "sysAttrs");
  parameters.set("limit", String(isGlance ? GLANCE : PAGE));
  parameters.set("count", "true");
  return parameters;
}

/** Text that may be a whole id rather than a part of one. */
export function isWholeId(text: string): boolean {
  return /^(urn:[^\s:]+:|[A-Za-z][A-Za-z0-9+.-]*:\/\/)[^\s<>"{}|\\^`]+$/i.test(text);
}

/** A regular expression that matches this text alone. */
export function literal(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

/** A colon may stand in a path as it is (RFC 3986 §3.3), and is easier to read so. */
export function segment(text: string): string {
  return encodeURIComponent(text).replaceAll("%3A", ":");
}

export function entityPath(id: string): string {
  return `${API}/entities/${segment(id)}`;
}

/** The entity, or null where there is none. */
export async function retrieveEntity(id: string, asking: Asking): Promise<Entity | null> {
  try {
    return entityOf((await ask(`${entityPath(id)}?options=sysAttrs`, asking)).body);
  } catch (error) {
    if (isRefused(error, 404)) return null;
    throw error;
  }
}

/** How many entities there are, of one type or of all. */
export async function countEntities(type: string | null, asking: Asking): Promise<number> {
  const parameters = new URLSearchParams({ local: "true", limit: "0", count: "true" });
  if (type !== null) parameters.set("type", type);
  const { headers } = await ask(`${API}/entities?${parameters}`, asking);
  return Number(headers.get(COUNT_HEADER) ?? 0);
}

/** Whether some entity of a type meets a condition. */
export async function hasOne(type: string, q: string, asking: Asking): Promise<boolean> {
  const parameters = new URLSearchParams({ type, q, local: "true", limit: "1", pick: "id" });
  return (await page(`${API}/entities?${parameters}`, asking)).entities.length > 0;
}

/** How many entities meet a condition. */
export async function countMatches(q: string, asking: Asking): Promise<number> {
  const parameters = new URLSearchParams({ q, local: "true", limit: "0", count: "true" });
  const { headers } = await ask(`${API}/entities?${parameters}`, asking);
  return Number(headers.get(COUNT_HEADER) ?? 0);
}

/** Those of these entities that meet a condition. */
export async function thoseThatMeet(q: string, ids: readonly string[], asking: Asking): Promise<ReadonlySet<string>> {
  const parameters = new URLSearchParams({ id: ids.join(","), q, local: "true", limit: String(ids.length), pick: "id" });
  return new Set((await page(`${API}/entities?${parameters}`, asking)).entities.map(({ id }) => id));
}

/** Entities with this in their names, whatever the case of its letters. */
export async function findNamed(name: string, types: readonly string[], asking: Asking): Promise<Entity[]> {
  if (types.length === 0) return [];
  // A class of one letter is that letter itself; what would end the text or the class may be anything.
  const pattern = [...name].map((one) => (/["\\^]/.test(one) ? "." : /[.*+?${}()|[\]]/.test(one) ? `[${one}]` : one)).join("");
  const parameters = new URLSearchParams({ type: types.join(","), q: `name~="(?i)${pattern}"` });
  return (await page(entitiesPath(parameters), asking)).entities;
}

/** The address of a page of entities that meet these parameters. */
export function entitiesPath(parameters: URLSearchParams): string {
  for (const [name, value] of [["local", "true"], ["options", "sysAttrs"], ["count", "true"]] as const) {
    parameters.set(name, value);
  }
  if (!parameters.has("limit")) parameters.set("limit", String(PAGE));
  return `${API}/entities?${parameters}`;
}

/** Sets an attribute's value; one that is measured is measured now. */
export async function setValue(id: string, name: string, value: unknown, observedAt: string, asking: Asking): Promise<void> {
  const fragment = { type: "Property", value, ...(observedAt ? { observedAt } : {}) };
  await send("PATCH", `${entityPath(id)}/attrs/${segment(name)}`, fragment, asking);
}

export async function createSubscription(subscription: object, asking: Asking): Promise<string> {
  const headers = await send("POST", `${API}/subscriptions`, subscription, asking);
  return decodeURIComponent(headers.get("Location")?.split("/").pop() ?? "");
}

export async function deleteSubscription(id: string, asking: Asking): Promise<void> {
  await send("DELETE", `${API}/subscriptions/${segment(id)}`, undefined, asking);
}

export async function listTypes(asking: Asking): Promise<string[]> {
  const { body } = await ask(`${API}/types`, asking);
  return isMembers(body) ? strings(body["typeList"]) : [];
}

export async function listTenants(asking: Asking): Promise<Tenant[]> {
  const { body } = await ask("machi/v1/tenants", asking);
  const tenants = list(body).filter(isMembers);
  return tenants.map((one) => ({ name: tenantName(one["tenant"]), entities: count(one["entities"]) }));
}

/** The default tenant has no name; paths and events write it `-`. */
export function tenantName(written: unknown): string {
  const name = text(written);
  return name === "-" ? "" : name;
}

export async function listSubscriptions(asking: Asking): Promise<Subscription[]> {
  const { body } = await ask(`${API}/subscriptions?limit=100`, asking);
  return list(body).filter(isMembers).map(subscriptionOf);
}

function subscriptionOf(members: Record<string, unknown>): Subscription {
  const notification = isMembers(members["notification"]) ? members["notification"] : {};
  const endpoint = isMembers(notification["endpoint"]) ? notification["endpoint"] : {};
  const entities = list(members["entities"]).filter(isMembers);
  const selectors = entities.flatMap((one) => [text(one["type"]), text(one["id"]), text(one["idPattern"])]);
  const conditions = [...strings(members["watchedAttributes"]), text(members["q"]), text(members["scopeQ"])];
  return {
    id: text(members["id"]),
    name: text(members["subscriptionName"]),
    watches: [...selectors, ...conditions].filter((one) => one !== ""),
    endpoint: shownAddress(text(endpoint["uri"])),
    status: text(members["status"]) || "active",
    sent: count(notification["timesSent"]),
    failed: count(notification["timesFailed"]),
    lastSent: text(notification["lastNotification"]),
    lastFailed: text(notification["lastFailure"]),
  };
}

export async function readMetrics(asking: Asking): Promise<Metric[]> {
  return parseMetrics(await askText("metrics", asking, "application/openmetrics-text"));
}

export async function readVersion(asking: Asking): Promise<string> {
  const { body } = await ask("healthz", asking);
  return isMembers(body) ? text(body["version"]) : "";
}
