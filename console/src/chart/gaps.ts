// Where a course has gaps: times without measurements, which a line must not cross.
import type { Sample } from "../api/course";

/** How many times longer than usual a pause is that counts as a gap. */
const LONG = 5;

/** The same samples, with one without a value in each gap. A pause is long as measured by those beside it, for things may
 * report every hour for a month, and then every few seconds. */
export function withGaps(samples: readonly Sample[]): Sample[] {
  const pauses = samples.slice(1).map(({ at }, place) => at - (samples[place]?.at ?? at));
  const usual = middle(pauses);
  return samples.flatMap((one, place) => {
    const pause = pauses[place];
    if (pause === undefined) return [one];
    const beside = Math.max(usual, pauses[place - 1] ?? 0, pauses[place + 1] ?? 0);
    return pause > LONG * beside ? [one, gapAt(one.at + pause / 2)] : [one];
  });
}

/** The places of samples that no line joins to another one. */
export function lonely(samples: readonly Sample[]): Set<number> {
  const isThere = (place: number): boolean => (samples[place]?.value ?? null) !== null;
  const all = samples.map((_, place) => place);
  return new Set(all.filter((place) => isThere(place) && !isThere(place - 1) && !isThere(place + 1)));
}

function gapAt(at: number): Sample {
  return { at, value: null, least: Number.NaN, most: Number.NaN };
}

function middle(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;
}
