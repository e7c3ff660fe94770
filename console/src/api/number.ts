// Numbers as they were written: a JavaScript number has 53 bits, and JSON has as many digits as somebody wrote.

/** A number that no JavaScript number is equal to; it keeps its digits. */
export class LongNumber {
  constructor(readonly digits: string) {}

  toString(): string {
    return this.digits;
  }

  /** Only `writeJson` makes a number of this again. */
  toJSON(): string {
    return `${MARK}${this.digits}`;
  }
}

/** Nobody's data can hold what is only known once the page runs. */
const MARK = `number-${Math.random().toString(36).slice(2)}:`;
const MARKED = new RegExp(`"${MARK}([-+.0-9eE]+)"`, "g");
/** A text, which is passed over whole, or a number (RFC 8259 §6, §7). */
const TEXT_OR_NUMBER = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?/g;
/** Where a number may stand that a JavaScript number would change: it has an exponent, or more than 15 digits. */
const SUSPECT = /(?:^|[:,[\s])-?(?:\d[\d.]{15}|\d[\d.]*[eE])/;
/** The least characters that a number of 16 digits has. */
const LONG = 16;
/** Beyond this many places nobody counts up by one. */
const MOST_PLACES = 400;

export function isNumber(value: unknown): value is number | LongNumber {
  return typeof value === "number" || value instanceof LongNumber;
}

/** The same with the nearest JavaScript numbers, for what is drawn rather than read. */
export function nearNumbers(value: unknown): unknown {
  if (value instanceof LongNumber) return Number(value);
  if (Array.isArray(value)) return value.map(nearNumbers);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, nearNumbers(one)]));
}

/** Reads JSON; numbers that a JavaScript number would change stay as they were written. */
export function readJson(text: string): unknown {
  const plain: unknown = JSON.parse(text);
  // Most texts hold no such number, and a live feed has thousands of them in a second.
  if (!SUSPECT.test(text)) return plain;
  const kept = text.replace(TEXT_OR_NUMBER, (token) =>
    token.startsWith('"') || isKept(token) ? token : `"${MARK}${token}"`,
  );
  return kept === text ? plain : withLongNumbers(JSON.parse(kept));
}

/** The same with a number for each mark; faster than a reviver, which is asked for every value. */
function withLongNumbers(value: unknown): unknown {
  if (typeof value === "string") return value.startsWith(MARK) ? new LongNumber(value.slice(MARK.length)) : value;
  if (typeof value !== "object" || value === null) return value;
  const members = value as Record<string, unknown>;
  for (const name of Object.keys(members)) {
    const before = members[name];
    const after = withLongNumbers(before);
    if (after !== before) members[name] = after;
  }
  return value;
}

/** Writes JSON with the digits that were read. */
export function writeJson(value: unknown, indent?: number): string {
  return (JSON.stringify(value, null, indent) ?? "").replace(MARKED, "$1");
}

/** One more, to the last digit; a number too large or too small to count stays as it is. */
export function oneMore(value: number | LongNumber): LongNumber {
  const written = String(value);
  const { digits, exponent } = partsOf(written);
  if (Math.abs(exponent) > MOST_PLACES || digits.length > MOST_PLACES) return new LongNumber(written);
  const places = Math.max(0, -exponent);
  const scaled = BigInt(digits) * 10n ** BigInt(Math.max(0, exponent)) + 10n ** BigInt(places);
  const sign = scaled < 0n ? "-" : "";
  const all = String(scaled < 0n ? -scaled : scaled).padStart(places + 1, "0");
  const whole = all.slice(0, all.length - places);
  return new LongNumber(sign + whole + (places > 0 ? `.${all.slice(-places)}` : ""));
}

/** Whether a JavaScript number says the same as these digits. */
function isKept(written: string): boolean {
  if (written.length < LONG && !/[eE]/.test(written)) return true;
  const value = Number(written);
  if (String(value) === written) return true;
  if (!Number.isFinite(value)) return false;
  const [a, b] = [partsOf(written), partsOf(String(value))];
  return a.digits === b.digits && (a.exponent === b.exponent || a.digits === "0");
}

/** `-1.50e3` as -15 and the exponent 2. */
function partsOf(written: string): { digits: string; exponent: number } {
  const [mantissa = "", power = "0"] = written.toLowerCase().split("e");
  const [whole = "", fraction = ""] = mantissa.replace("-", "").split(".");
  const all = (whole + fraction).replace(/^0+/, "");
  const digits = all.replace(/0+$/, "");
  const exponent = Number(power) - fraction.length + (all.length - digits.length);
  if (digits === "") return { digits: "0", exponent: 0 };
  return { digits: (mantissa.startsWith("-") ? "-" : "") + digits, exponent };
}
