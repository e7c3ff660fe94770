// Names as they fit a screen.
import { type Members, isMembers, text } from "../api/json";
import { LongNumber } from "../api/number";

/** What names in lists are cut to. */
const LONGEST = 80;
/** Signs that nobody sees, and that turn or hide the text around them (Unicode: Cc, and the marks of UAX #9). */
const UNSEEN = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]+/gu;

/** An IRI that no @context shortens is shown by its last part. */
export function shortName(name: string): string {
  if (!/^[A-Za-z][A-Za-z0-9+.-]*:/.test(name)) return name;
  const isUrl = name.includes("://");
  const cut = Math.max(name.lastIndexOf("#"), isUrl ? name.lastIndexOf("/") : name.lastIndexOf(":"));
  return name.slice(cut + 1) || name;
}

/** What an entity is called in the reader's language, or else the end of its id; on one line, however long it is. */
export function nameOf({ id, json }: { id: string; json: Members }, language: string): string {
  return oneLine(String(plain(json["name"], language) ?? "")) || oneLine(shortName(id));
}

/** Text that cannot run through the page or turn what stands beside it. */
export function oneLine(text: string): string {
  const letters = [...text.slice(0, 8 * LONGEST).replace(UNSEEN, " ").trim()];
  return letters.length > LONGEST ? `${letters.slice(0, LONGEST).join("")}…` : letters.join("");
}

/** A number, text or boolean; of texts in languages the reader's own. */
export function plain(attribute: unknown, language: string): string | number | boolean | null {
  const first: unknown = Array.isArray(attribute) ? attribute[0] : attribute;
  if (isMembers(first)) {
    const map = first["languageMap"];
    if (isMembers(map)) return text(map[language]) || text(map["@none"]) || text(Object.values(map)[0]) || null;
    return "value" in first ? plain(first["value"], language) : null;
  }
  if (first instanceof LongNumber) return first.digits;
  return typeof first === "string" || typeof first === "number" || typeof first === "boolean" ? first : null;
}
