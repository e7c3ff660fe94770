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
