// The events of the live feed, `/machi/v1/live`.
import { type Members, isMembers, strings, text } from "./json";
import { readJson } from "./number";
import type { ServerEvent } from "./sse";

export const LIVE_PATH = "machi/v1/live";

export const CHANGE_KINDS = ["created", "changed", "deleted"] as const;
export type ChangeKind = (typeof CHANGE_KINDS)[number];

/** An entity was created, changed or deleted. */
export interface Change {
  event: "change";
  kind: ChangeKind;
  id: string;
  /** Of one that is gone those that it had. */
  types: string[];
  /** The attributes that it happened to. */
  attributes: string[];
  /** As it is now, in the concise format; null where it is gone. */
  entity: Members | null;
  time: string;
}

/** A reader too far behind was brought back to now. */
export interface Lagged {
  event: "lagged";
}

/** Reads an event; null where it is of a kind that this page does not know. */
export function liveEventOf(event: ServerEvent): Change | Lagged | null {
  if (event.name === "lagged") return { event: "lagged" };
  if (event.name !== "change") return null;
  try {
    return changeOf(readJson(event.data));
  } catch {
    return null;
  }
}

function changeOf(data: unknown): Change | null {
  if (!isMembers(data) || typeof data["id"] !== "string") return null;
  const kind = CHANGE_KINDS.find((one) => one === data["change"]);
  if (!kind) return null;
  const entity = isMembers(data["entity"]) ? data["entity"] : null;
  return {
    event: "change",
    kind,
    id: data["id"],
    types: strings(entity?.["type"] ?? data["types"]),
    attributes: strings(data["attributes"]),
    entity,
    time: text(data["at"]),
  };
}
