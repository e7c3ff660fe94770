// How many requests a second the city answers, from the difference of two readings of its counters.
import { type Metric, sum } from "./openmetrics";

export interface Reading {
  /** Monotonic milliseconds. */
  at: number;
  reads: number;
  writes: number;
  /** How many of the page's own requests the city may or may not have counted yet. */
  doubt: number;
}

export interface Rates {
  reads: number;
  writes: number;
}

const REQUESTS = "machi_http_requests_total";

/** `ownReads` is what the page itself has read up to now, which is no news to its reader. */
export function readingOf(metrics: readonly Metric[], at: number, ownReads: number, doubt: number): Reading {
  return {
    at,
    doubt,
    reads: sum(metrics, REQUESTS, { method: ["GET", "HEAD"], status: ["2xx", "3xx"] }) - ownReads,
    writes: sum(metrics, REQUESTS, { method: ["POST", "PATCH", "PUT", "DELETE"], status: ["2xx"] }),
  };
}

/** Null where the counters began anew, as after a restart. */
export function ratesBetween(before: Reading, after: Reading): Rates | null {
  const seconds = (after.at - before.at) / 1000;
  const writes = after.writes - before.writes;
  const reads = after.reads - before.reads;
  const doubt = before.doubt + after.doubt;
  const isAnew = writes < 0 || reads < -doubt;
  if (seconds <= 0 || isAnew) return null;
  return { reads: reads <= doubt ? 0 : reads / seconds, writes: writes / seconds };
}
