// Asks the city: the one place where a request gets its headers and its time limit, and an answer its verdict.
import { readJson, writeJson } from "./number";

import type { Language } from "../i18n";

/** In whose name a request is made. */
export interface Asking {
  /** Empty for the default tenant. */
  tenant: string;
  /** The language of errors. */
  language: Language;
  /** The URL of an @context; empty for the core one. */
  context: string;
  /** Entities are read as they were at this instant; without it, as they are. */
  asOf?: string;
  signal?: AbortSignal | undefined;
}

export type Failure =
  /** The city said no, and why. */
  | { kind: "refused"; status: number; type: string; title: string; detail: string; requestId: string }
  /** Nobody answered. */
  | { kind: "unreachable" }
  /** The answer did not come in time. */
  | { kind: "slow" }
  /** The answer is not what this page knows. */
  | { kind: "unreadable"; status: number };

export class AskError extends Error {
  override readonly name = "AskError";

  constructor(readonly failure: Failure) {
    super(failure.kind === "refused" ? failure.detail || failure.title : failure.kind);
  }
}

const PATIENCE_MS = 20_000;
const CONTEXT_RELATION = 'rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"';

/** What this page itself asks for, so that it can be left out of the city's figures. */
export const own = {
  /** Requests that were sent, and those of them that have their answer or never will. */
  begun: 0,
  ended: 0,
  /** Those that succeeded. */
  reads: 0,
};

/** How far the server's clock is ahead of this device's; told by its answers. */
export const clock = { aheadMs: 0 };

/** Where the city is: the folder of the page. */
export function base(): URL {
  const page = typeof document === "undefined" ? "http://127.0.0.1:8080/" : document.baseURI;
  return new URL(".", page.split("#")[0]);
}

/** The headers that a request needs, and that a curl needs as well. */
export function headersOf(asking: Pick<Asking, "tenant" | "context">): [string, string][] {
  const headers: [string, string][] = [];
  if (asking.tenant) headers.push(["NGSILD-Tenant", asking.tenant]);
  if (asking.context) headers.push(["Link", `<${asking.context}>; ${CONTEXT_RELATION}`]);
  return headers;
}

/** GETs a JSON document; `path` is relative to the city, such as `ngsi-ld/v1/types`. */
export async function ask(path: string, asking: Asking): Promise<{ body: unknown; headers: Headers }> {
  const { text, response } = await exchange(asking.asOf ? asOf(path, asking.asOf) : path, asking, "application/json");
  try {
    return { body: readJson(text), headers: response.headers };
  } catch {
    throw new AskError({ kind: "unreadable", status: response.status });
  }
}

/** The path with the instant; the address of a further page has it already. */
export function asOf(path: string, instant: string): string {
  const [address = "", query = ""] = path.split("?");
  const parameters = new URLSearchParams(query);
  parameters.set("asOf", instant);
  return `${address}?${parameters}`;
}

/** Writes: sends a body and gives the answer's headers. */
export async function send(method: "POST" | "PATCH" | "DELETE", path: string, body: unknown, asking: Asking): Promise<Headers> {
  const { response } = await exchange(path, asking, "application/json", { method, body });
  return response.headers;
}

/** GETs a text of another type. */
export async function askText(path: string, asking: Asking, accept: string): Promise<string> {
  return (await exchange(path, asking, accept)).text;
}

interface Writing {
  method: string;
  body: unknown;
}

async function exchange(
  path: string,
  asking: Asking,
  accept: string,
  writing?: Writing,
): Promise<{ text: string; response: Response }> {
  const limit = AbortSignal.timeout(PATIENCE_MS);
  const signal = asking.signal ? AbortSignal.any([asking.signal, limit]) : limit;
  const headers = new Headers(headersOf(asking));
  headers.set("Accept", accept);
  headers.set("Accept-Language", asking.language);
  const init: RequestInit = { headers, signal, cache: "no-store", credentials: "same-origin" };
  if (writing) {
    init.method = writing.method;
    if (writing.body !== undefined) {
      headers.set("Content-Type", "application/json");
      init.body = writeJson(writing.body);
    }
  }
  let response: Response;
  let text: string;
  const askedAt = Date.now();
  own.begun += 1;
  try {
    response = await fetch(new URL(path, base()), init);
    own.reads += response.ok && !writing ? 1 : 0;
    text = await response.text();
  } catch (error) {
    throw failed(error, limit, asking.signal);
  } finally {
    own.ended += 1;
  }
  keepTime(response.headers.get("Date"), askedAt);
  if (!response.ok) throw new AskError(await refusal(response, text));
  return { text, response };
}

/** A request that the page itself gave up is no failure: its AbortError passes as it is. */
function failed(error: unknown, limit: AbortSignal, given: AbortSignal | undefined): unknown {
  if (given?.aborted) return error;
  return new AskError({ kind: limit.aborted ? "slow" : "unreachable" });
}

/** Reads problem details (RFC 9457). */
export async function refusal(response: Response, text: string): Promise<Failure> {
  let problem: Record<string, unknown> = {};
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === "object" && parsed !== null) problem = parsed as Record<string, unknown>;
  } catch {
    return { kind: "unreadable", status: response.status };
  }
  const said = (key: string): string => (typeof problem[key] === "string" ? problem[key] : "");
  return {
    kind: "refused",
    status: response.status,
    type: said("type").split("/").pop() ?? "",
    title: said("title") || `HTTP ${response.status}`,
    detail: said("detail"),
    requestId: response.headers.get("X-Request-Id") ?? "",
  };
}

/** The header counts whole seconds, and was written some time between the question and now, when a busy page comes to
 * read its answer: only what lies outside of that is a difference of the clocks. */
function keepTime(date: string | null, askedAt: number): void {
  const server = date === null ? Number.NaN : Date.parse(date);
  if (Number.isNaN(server)) return;
  const [least, most] = [server - Date.now(), server + 1000 - askedAt];
  clock.aheadMs = Math.min(Math.max(clock.aheadMs, least), most);
}

export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}

/** Whatever was thrown, as a failure that can be shown. */
export function failureOf(error: unknown): Failure {
  return error instanceof AskError ? error.failure : { kind: "unreadable", status: 0 };
}
