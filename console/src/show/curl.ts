// Commands that a reader can paste into a terminal: they do what the page shows.
import { type Asking, asOf, headersOf } from "../api/ask";
import { entityPath, segment } from "../api/city";
import { type Attribute, type Instance, contentMember } from "../api/entity";
import { isNumber, oneMore, writeJson } from "../api/number";

type Where = Pick<Asking, "tenant" | "context" | "asOf">;

export function readCurl(id: string, where: Where, base: URL): string {
  const path = entityPath(id);
  return command([["curl", url(where.asOf ? asOf(path, where.asOf) : path, base)], ...headerArguments(where)]);
}

/** Sets an attribute's content; a number goes up by one and a boolean turns, so that something is to be seen. */
export function changeCurl(id: string, attribute: Attribute, where: Where, base: URL): string {
  const instance = attribute.instances.find((one) => one.datasetId === "") ?? attribute.instances[0];
  const path = `${entityPath(id)}/attrs/${segment(attribute.name)}`;
  return command([
    ["curl", "-X PATCH", url(path, base)],
    ...headerArguments(where),
    ["-H", quoted("Content-Type: application/json")],
    ["-d", quoted(writeJson(instance ? fragmentOf(instance) : {}))],
  ]);
}

/** Asks what the page has asked. */
export function queryCurl(path: string, where: Where, base: URL): string {
  return command([["curl", url(path, base)], ...headerArguments(where)]);
}

/** Creates an entity that a city without any can begin with. */
export function firstCurl(where: Where, base: URL): string {
  const entity = {
    id: "urn:ngsi-ld:Room:1",
    type: "Room",
    name: { type: "LanguageProperty", languageMap: { ja: "会議室", en: "Meeting room" } },
    temperature: { type: "Property", value: 21, unitCode: "CEL" },
    location: { type: "GeoProperty", value: { type: "Point", coordinates: [136.2196, 36.0641] } },
  };
  return posting("ngsi-ld/v1/entities", entity, where, base);
}

/** Subscribes to a type, with a receiver on this machine. */
export function subscribeCurl(type: string, where: Where, base: URL): string {
  const subscription = {
    id: `urn:ngsi-ld:Subscription:${type.replace(/[^A-Za-z0-9]/g, "") || "first"}`,
    type: "Subscription",
    entities: [{ type }],
    notification: { endpoint: { uri: "http://127.0.0.1:9000/", accept: "application/json" } },
  };
  return posting("ngsi-ld/v1/subscriptions", subscription, where, base);
}

function posting(path: string, body: object, where: Where, base: URL): string {
  return command([
    ["curl", url(path, base)],
    ...headerArguments(where),
    ["-H", quoted("Content-Type: application/json")],
    ["-d", quoted(laidOut(body))],
  ]);
}

/** JSON with each member on a line of its own. */
function laidOut(body: object): string {
  const members = Object.entries(body).map(([name, value]) => `    ${JSON.stringify(name)}: ${JSON.stringify(value)}`);
  return `{\n${members.join(",\n")}\n  }`;
}

function fragmentOf(instance: Instance): Record<string, unknown> {
  const fragment: Record<string, unknown> = { type: instance.kind, [contentMember(instance.kind)]: next(instance.content) };
  if (instance.datasetId) fragment["datasetId"] = instance.datasetId;
  return fragment;
}

function next(content: unknown): unknown {
  if (typeof content === "boolean") return !content;
  return isNumber(content) ? oneMore(content) : content;
}

function headerArguments(where: Where): string[][] {
  return headersOf(where).map(([name, value]) => ["-H", quoted(`${name}: ${value}`)]);
}

function url(path: string, base: URL): string {
  return quoted(new URL(path, base).href);
}

function command(lines: string[][]): string {
  return lines.map((words) => words.join(" ")).join(" \\\n  ");
}

/** One word for a POSIX shell, whatever is in it. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
