// Reading JSON that somebody else wrote: each function gives what was asked for, or a harmless nothing.
import { LongNumber, isNumber } from "./number";

export type Members = Record<string, unknown>;

export function isMembers(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof LongNumber);
}

export function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

export function count(value: unknown): number {
  const near = isNumber(value) ? Number(value) : 0;
  return Number.isFinite(near) ? near : 0;
}

export function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

/** NGSI-LD writes one string alone and several in an array. */
export function strings(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return list(value).filter((one) => typeof one === "string");
}
