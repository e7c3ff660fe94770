// Where a line must not be drawn.
import { expect, it } from "vitest";
import { type Sample, samplesOf } from "../api/course";
import { LongNumber } from "../api/number";
import { lonely, withGaps } from "./gaps";

const at = (...minutes: number[]): Sample[] => minutes.map((minute) => ({ at: minute * 60_000, value: minute, least: minute, most: minute }));
const gaps = (samples: Sample[]): (number | null)[] => withGaps(samples).map(({ value }) => value);

it("a pause that is much longer than those beside it is a gap", () => {
  expect(gaps(at(0, 1, 2, 30, 31, 32))).toEqual([0, 1, 2, null, 30, 31, 32]);
  expect(gaps(at(0, 60, 120, 180))).toEqual([0, 60, 120, 180]);
  // A month by the hour, and then by the minute.
  expect(gaps(at(0, 60, 120, 121, 122, 123, 124, 125, 126))).not.toContain(null);
  expect(gaps(at(7))).toEqual([7]);
  expect(gaps([])).toEqual([]);
});

it("a measurement behind a gap stands alone", () => {
  const samples = withGaps(at(0, 1, 2, 60));
  expect([...lonely(samples)].map((place) => samples[place]?.value)).toEqual([60]);
  expect(lonely(at(1, 2)).size).toBe(0);
});

it("values are read one by one, and what is no number has none", () => {
  const values = [[21.5, "2026-11-23T10:00:00Z"], ["broken", "2026-11-23T10:01:00Z"], [new LongNumber("0.12345678901234567890"), "2026-11-23T10:02:00Z"]];
  const samples = samplesOf({ type: "Property", values });
  expect(samples.map(({ value }) => value)).toEqual([21.5, null, 0.12345678901234568]);
  expect(samples[1]?.at).toBe(Date.parse("2026-11-23T10:01:00Z"));
  expect(samplesOf({})).toEqual([]);
});

it("means come with the least and the most of their periods", () => {
  const period = ["2026-11-23T10:00:00Z", "2026-11-23T11:00:00Z"];
  expect(samplesOf({ avg: [[2.5, ...period]], min: [[1, ...period]], max: [[4, ...period]] })).toEqual([
    { at: Date.parse("2026-11-23T10:00:00Z"), value: 2.5, least: 1, most: 4 },
  ]);
});
