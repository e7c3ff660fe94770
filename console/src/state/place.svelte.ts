// Where the reader is: view, tenant, search, place of the map and open entity, kept in the address so that a link
// leads back to it.
import type { Search } from "../api/city";

export interface Place extends Search {
  tenant: string;
  context: string;
  /** The id of the open entity; empty where none is. */
  entity: string;
  /** `map`, or empty for the start page. */
  view: string;
  /** What the map view shows: `table`, or empty for the map. */
  as: string;
  /** Where the map stands: latitude, longitude and zoom. */
  at: string;
  /** The types that the map shows; empty where nobody chose. */
  layers: string;
  /** The instant of the past that the map shows; empty for now. */
  then: string;
}

const PARTS = [
  "view",
  "as",
  "tenant",
  "context",
  "id",
  "type",
  "q",
  "at",
  "layers",
  "then",
  "entity",
] as const satisfies (keyof Place)[];

export const NOWHERE: Readonly<Place> = {
  view: "",
  as: "",
  tenant: "",
  context: "",
  id: "",
  type: "",
  q: "",
  at: "",
  layers: "",
  then: "",
  entity: "",
};

/** What does not hold in another tenant: what is open there, which types it has and where its places are. */
export const OTHER_CITY: Readonly<Partial<Place>> = { entity: "", type: "", at: "", layers: "", then: "" };

/** The instant that an address names, as a date-time; empty where it names none. */
export function momentOf(then: string): string {
  const at = Date.parse(then);
  return Number.isNaN(at) ? "" : new Date(at).toISOString();
}

export function readPlace(hash: string): Place {
  const parameters = new URLSearchParams(hash.replace(/^#\/?/, ""));
  const place = { ...NOWHERE };
  for (const part of PARTS) place[part] = parameters.get(part) ?? "";
  return place;
}

export function writePlace(place: Place): string {
  const parameters = new URLSearchParams();
  for (const part of PARTS) if (place[part]) parameters.set(part, place[part]);
  const text = parameters.toString().replaceAll("%3A", ":").replaceAll("%2C", ",");
  return text ? `#${text}` : "#";
}

/** The place in the browser's address, which may be newer than what the page has been told of: whatever changes it goes on
 * from there. */
export class Address {
  place = $state.raw<Place>({ ...NOWHERE });

  constructor() {
    this.#read();
    window.addEventListener("hashchange", () => this.#read());
  }

  /** Goes elsewhere, as a step that the browser's back button undoes. */
  go(change: Partial<Place>): void {
    location.hash = writePlace({ ...readPlace(location.hash), ...change });
  }

  /** Notes where the reader is now, without a step that the back button would have to undo. */
  note(change: Partial<Place>): void {
    this.place = { ...readPlace(location.hash), ...change };
    history.replaceState(history.state, "", writePlace(this.place));
  }

  /** Where a link to this change leads. */
  href(change: Partial<Place>): string {
    return writePlace({ ...this.place, ...change });
  }

  #read(): void {
    this.place = readPlace(location.hash);
  }
}
