// The course of a number: what was measured of it over a span of time, as the temporal API tells it.
import { type Asking, ask } from "./ask";
import { isMembers, list } from "./json";
import { isNumber } from "./number";

/** Which number of which entity. */
export interface Measured {
  id: string;
  attribute: string;
  /** Empty for the default instance. */
  datasetId: string;
  /** Whether it says when it was observed; else what counts is when it was written. */
  isObserved: boolean;
}

/** From one moment up to another, in milliseconds. */
export interface Span {
  from: number;
  to: number;
}

/** What was measured at a time, or over a period from then on. */
export interface Sample {
  at: number;
  /** Null where there was no number. */
  value: number | null;
  /** Of a period, between which its values lie; else both are the value. */
  least: number;
  most: number;
}

export interface Course {
  span: Span;
  /** In the order of their times. */
  samples: Sample[];
  /** Of all values of the span; null where there is none. */
  about: { count: number; mean: number; least: number; most: number } | null;
  /** Whether a sample stands for a period, its value being the mean. */
  isMean: boolean;
}

/** Where there are more instances, the city makes means of them. */
const MOST_SINGLE = 1000;
const HOUR_MS = 3_600_000;
/** The period of the means in a span up to so many hours. */
const PERIODS: [hours: number, period: string][] = [
  [1, "PT1M"],
  [24, "PT10M"],
  [7 * 24, "PT1H"],
  [Infinity, "PT4H"],
];
const METHODS = ["avg", "min", "max"];

export async function loadCourse(measured: Measured, span: Span, asking: Asking): Promise<Course> {
  const whole = await told(measured, span, { format: "aggregatedValues", aggrMethods: ["totalCount", ...METHODS].join(",") }, asking);
  const [about = null] = samplesOf(whole);
  const [[count] = []] = pairsOf(whole["totalCount"]);
  if (!about || about.value === null) return { span, samples: [], about: null, isMean: false };
  const isMean = Number(count) > MOST_SINGLE;
  const wanted: Record<string, string> = isMean
    ? { format: "aggregatedValues", aggrMethods: METHODS.join(","), aggrPeriodDuration: periodOf(span) }
    : { format: "temporalValues" };
  const samples = samplesOf(await told(measured, span, wanted, asking));
  const { value: mean, least, most } = about;
  return { span, samples, about: { count: Number(count), mean, least, most }, isMean };
}

function periodOf({ from, to }: Span): string {
  return PERIODS.find(([hours]) => to - from <= hours * HOUR_MS)?.[1] ?? "PT4H";
}

/** The members of the attribute; none where nothing was measured. */
async function told({ id, attribute, datasetId, isObserved }: Measured, span: Span, more: Record<string, string>, asking: Asking): Promise<Record<string, unknown>> {
  const parameters = new URLSearchParams({
    id,
    attrs: attribute,
    datasetId: datasetId || "@none",
    timeproperty: isObserved ? "observedAt" : "modifiedAt",
    timerel: "between",
    timeAt: new Date(span.from).toISOString(),
    // The end is no part of the interval.
    endTimeAt: new Date(span.to + 1).toISOString(),
    ...more,
  });
  const { body } = await ask(`ngsi-ld/v1/temporal/entities?${parameters}`, asking);
  const [evolution] = list(body);
  const found = isMembers(evolution) ? evolution[attribute] : undefined;
  const [first] = Array.isArray(found) ? found : [found];
  return isMembers(first) ? first : {};
}

/** Reads pairs of a value and its time, or of each method's value and its period (§4.5.9, §4.5.19). */
export function samplesOf(members: Record<string, unknown>): Sample[] {
  if (!("avg" in members)) {
    return pairsOf(members["values"]).map(([value, time]) => {
      const number = isNumber(value) ? Number(value) : Number.NaN;
      return sample(Date.parse(String(time)), number, number, number);
    });
  }
  const [means, least, most] = METHODS.map((method) => pairsOf(members[method]));
  return (means ?? []).map(([value, time], place) => sample(Date.parse(String(time)), Number(value), Number(least?.[place]?.[0]), Number(most?.[place]?.[0])));
}

function sample(at: number, value: number, least: number, most: number): Sample {
  return { at, value: Number.isFinite(value) ? value : null, least, most };
}

function pairsOf(value: unknown): unknown[][] {
  return list(value).filter(Array.isArray);
}
