// Which attributes tell most of an entity in one row: its name, and then what changed last.
import type { Attribute, Entity } from "../api/entity";
import { isNumber } from "../api/number";
import { shortName } from "./name";

const NAMES = ["name", "title", "alternateName"];

/** So many attributes of an entity, those that say most first. */
export function telling(entity: Entity, most: number): Attribute[] {
  return [...entity.attributes].sort((a, b) => rank(a) - rank(b) || compare(newest(b), newest(a))).slice(0, most);
}

/** A name, a short value, a shape or a document. */
function rank(attribute: Attribute): number {
  if (NAMES.includes(shortName(attribute.name))) return 0;
  const content = attribute.instances[0]?.content;
  return typeof content === "object" && !isNumber(content) ? 2 : 1;
}

function newest(attribute: Attribute): string {
  return attribute.instances.reduce((latest, one) => (one.modifiedAt > latest ? one.modifiedAt : latest), "");
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
