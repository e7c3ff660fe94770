// Which attribute of an entity a line shows first.
import { expect, it } from "vitest";
import { entityOf } from "../api/entity";
import { telling } from "./telling";

function names(members: Record<string, unknown>, most = 9): string[] | undefined {
  const entity = entityOf({ id: "urn:x:1", type: "T", ...members });
  return entity ? telling(entity, most).map((attribute) => attribute.name) : undefined;
}

const at = (modifiedAt: string, value: unknown): object => ({ type: "Property", value, modifiedAt });

it("tells the name, then what changed last, then what is long", () => {
  const members = {
    address: at("2026-01-01T00:00:00Z", "x"),
    document: at("2026-03-01T00:00:00Z", { a: 1 }),
    level: at("2026-02-01T00:00:00Z", 1),
    "https://example.org/name": { type: "LanguageProperty", languageMap: { ja: "川" } },
    river: at("2026-01-01T00:00:00Z", "y"),
  };
  expect(names(members)).toEqual(["https://example.org/name", "level", "address", "river", "document"]);
  expect(names(members, 2)).toEqual(["https://example.org/name", "level"]);
});
