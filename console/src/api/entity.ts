// An entity as the page shows it, read from its normalized representation (ETSI GS CIM 009 §4.5).
import { type Members, isMembers, strings, text } from "./json";

/** Each kind of attribute with the member that holds its content. */
const CONTENT = {
  Property: "value",
  Relationship: "object",
  GeoProperty: "value",
  LanguageProperty: "languageMap",
  VocabProperty: "vocab",
  JsonProperty: "json",
  ListProperty: "valueList",
  ListRelationship: "objectList",
} as const;

export type Kind = keyof typeof CONTENT;

export interface Entity {
  id: string;
  types: string[];
  scopes: string[];
  createdAt: string;
  modifiedAt: string;
  attributes: Attribute[];
  /** As it came. */
  json: Members;
}

export interface Attribute {
  name: string;
  /** The default instance, and one for each further datasetId. */
  instances: Instance[];
}

export interface Instance {
  kind: Kind;
  content: unknown;
  /** UN/CEFACT code. */
  unitCode: string;
  datasetId: string;
  observedAt: string;
  modifiedAt: string;
  subAttributes: Attribute[];
}

const OF_ENTITY = new Set(["id", "type", "scope", "@context", "createdAt", "modifiedAt", "deletedAt", "expiresAt"]);
const OF_INSTANCE = new Set([
  "type",
  "unitCode",
  "datasetId",
  "instanceId",
  "observedAt",
  "createdAt",
  "modifiedAt",
  "deletedAt",
  "expiresAt",
  "objectType",
  "valueType",
  "entity",
  "entityList",
  "previousValue",
  "previousObject",
  "previousLanguageMap",
  "previousVocab",
  "previousJson",
  "previousValueList",
  "previousObjectList",
]);

/** Reads an entity; null where it is none. */
export function entityOf(value: unknown): Entity | null {
  if (!isMembers(value) || typeof value["id"] !== "string") return null;
  return {
    id: value["id"],
    types: strings(value["type"]),
    scopes: strings(value["scope"]),
    createdAt: text(value["createdAt"]),
    modifiedAt: text(value["modifiedAt"]),
    attributes: attributesOf(value, OF_ENTITY),
    json: value,
  };
}

export function entitiesOf(value: unknown): Entity[] {
  const all = Array.isArray(value) ? value : [];
  return all.map(entityOf).filter((entity) => entity !== null);
}

/** The member that a change of this kind of attribute sets. */
export function contentMember(kind: Kind): string {
  return CONTENT[kind];
}

function attributesOf(members: Members, reserved: ReadonlySet<string>): Attribute[] {
  const named = Object.entries(members).filter(([name]) => !reserved.has(name));
  const attributes = named.map(([name, value]) => ({ name, instances: instancesOf(value) }));
  return attributes.filter((attribute) => attribute.instances.length > 0);
}

function instancesOf(value: unknown): Instance[] {
  const all = Array.isArray(value) ? value : [value];
  return all.map(instanceOf).filter((instance) => instance !== null);
}

function instanceOf(value: unknown): Instance | null {
  if (!isMembers(value)) return null;
  const kind = kindOf(value);
  if (kind === null) return null;
  const reserved = new Set(OF_INSTANCE).add(CONTENT[kind]);
  return {
    kind,
    content: value[CONTENT[kind]],
    unitCode: text(value["unitCode"]),
    datasetId: text(value["datasetId"]),
    observedAt: text(value["observedAt"]),
    modifiedAt: text(value["modifiedAt"]),
    subAttributes: attributesOf(value, reserved),
  };
}

function kindOf(value: Members): Kind | null {
  const type = text(value["type"]);
  return type in CONTENT ? (type as Kind) : null;
}
