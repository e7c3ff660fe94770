// Numbers beyond 53 bits: what was stored is what is shown and sent.
import { expect, it } from "vitest";
import { LongNumber, isNumber, nearNumbers, oneMore, readJson, writeJson } from "./number";

const LONG = [
  "9007199254740993",
  "12345678901234567",
  "18446744073709551615",
  "0.1234567890123456789012345",
  "1e400",
  "-1e-400",
  "123456789012345678901234",
];

it("keep the digits that no JavaScript number has", () => {
  for (const written of LONG) {
    const text = `{"a":[${written},{"b":${written}}],"text":"${written} \\" ${written}"}`;
    expect(writeJson(readJson(text))).toBe(text);
    expect(readJson(written)).toEqual(new LongNumber(written));
    expect(isNumber(readJson(written))).toBe(true);
  }
});

it("are plain numbers where nothing is lost", () => {
  for (const written of ["0", "-0", "0.0e9", "1", "1.50", "-2.5e3", "1e21", "9007199254740992", "0.30000000000000004"]) {
    expect(readJson(written)).toBe(Number(written));
  }
  for (const broken of ["", "01", "0123456789012345678901", "[1,", "{9007199254740993:1}"]) {
    expect(() => readJson(broken)).toThrow(SyntaxError);
  }
});

it("are found in all places, and left alone in texts", () => {
  for (const text of [
    "9007199254740993",
    " [ 9007199254740993 ,-9007199254740993,\t9007199254740993]",
    '{"a":9007199254740993,"b": 9007199254740993}',
    "[1,0.12345678901234567,2]",
    "[1e400,-1E-400]",
  ]) {
    expect(writeJson(readJson(text))).toBe(text.replace(/\s/g, ""));
  }
  const texts = ["urn:ngsi-ld:A:9007199254740993", "1, 9007199254740993", "[1e400", "\"9007199254740993\""];
  expect(readJson(JSON.stringify(texts))).toEqual(texts);
  expect(readJson('{"__proto__":{"a":9007199254740993},"b":0.1}')).toEqual(
    Object.defineProperty({ b: 0.1 }, "__proto__", { value: { a: new LongNumber("9007199254740993") }, enumerable: true }),
  );
});

it("cost little to look for, so that a live feed may bring 10,000 changes in a second", () => {
  const change = (n: number, level: number): string =>
    JSON.stringify({ change: "changed", id: `urn:ngsi-ld:Bus:${n}`, at: "2026-11-22T10:00:00.000001Z", attributes: ["speed"], entity: { id: `urn:ngsi-ld:Bus:${n}`, type: "Bus", name: "循環バス", speed: { value: level, unitCode: "KMH", observedAt: "2026-11-22T10:00:00Z" }, location: { type: "Point", coordinates: [136.2 + level / 1000, 36.06] } } });
  const least = (read: (text: string) => unknown, texts: string[]): number => {
    const times = Array.from({ length: 7 }, () => {
      const begun = performance.now();
      for (const text of texts) read(text);
      return performance.now() - begun;
    });
    return Math.min(...times);
  };
  const short = Array.from({ length: 2000 }, (_, n) => change(n, n % 60).replace(/136\.\d+/, "136.25"));
  const long = Array.from({ length: 2000 }, (_, n) => change(n, Math.sqrt(n + 2)));
  const ratio = (texts: string[]): number => least(readJson, texts) / least(JSON.parse, texts);
  // Of the parser's time: what is read of a second's 10,000 is a fraction of it even where all numbers are long.
  expect(ratio(short)).toBeLessThan(4);
  expect(ratio(long)).toBeLessThan(12);
});

it("are near enough for a map", () => {
  const point = readJson('{"type":"Point","coordinates":[136.21960000000000001,36.5]}');
  expect(nearNumbers(point)).toEqual({ type: "Point", coordinates: [136.2196, 36.5] });
});

it("are counted up to the last digit", () => {
  for (const [written, expected] of [
    ["9007199254740993", "9007199254740994"],
    ["9007199254740992", "9007199254740993"],
    ["-9007199254740993", "-9007199254740992"],
    ["0.1234567890123456789", "1.1234567890123456789"],
    ["-0.25", "0.75"],
    ["-1", "0"],
    ["-3.5", "-2.5"],
    ["1.5e-7", "1.00000015"],
    ["1e21", "1000000000000000000001"],
    ["1e400", `1${"0".repeat(399)}1`],
    ["1e4000", "1e4000"],
  ] as const) {
    expect(oneMore(readJson(written) as number | LongNumber).digits).toBe(expected);
  }
});
