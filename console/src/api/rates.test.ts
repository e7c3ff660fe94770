// Rates are differences of counters.
import { expect, it } from "vitest";
import { parseMetrics } from "./openmetrics";
import { type Reading, ratesBetween, readingOf } from "./rates";

const metrics = parseMetrics(`
machi_http_requests_total{method="GET",status="2xx"} 100
machi_http_requests_total{method="GET",status="3xx"} 10
machi_http_requests_total{method="GET",status="4xx"} 1000
machi_http_requests_total{method="POST",status="2xx"} 5
machi_http_requests_total{method="DELETE",status="2xx"} 2
machi_http_requests_total{method="PATCH",status="4xx"} 1000
`);

it("counts what succeeded, and not what the page itself read", () => {
  expect(readingOf(metrics, 500, 30, 2)).toEqual({ at: 500, reads: 80, writes: 7, doubt: 2 });
});

const reading = (at: number, reads: number, writes = 0, doubt = 0): Reading => ({ at, reads, writes, doubt });

it("tells requests a second", () => {
  expect(ratesBetween(reading(0, 10, 4), reading(2000, 110, 9))).toEqual({ reads: 50, writes: 2.5 });
});

it("does not take the page's own requests for the city's", () => {
  const none = { reads: 0, writes: 0 };
  expect(ratesBetween(reading(0, 10, 0, 1), reading(2000, 9))).toEqual(none);
  expect(ratesBetween(reading(0, 10, 0, 1), reading(2000, 13, 0, 2))).toEqual(none);
  expect(ratesBetween(reading(0, 10, 0, 1), reading(2000, 14, 0, 2))).toEqual({ reads: 2, writes: 0 });
});

it("knows a restart", () => {
  expect(ratesBetween(reading(0, 100, 40), reading(2000, 2, 0))).toBeNull();
  expect(ratesBetween(reading(0, 100), reading(2000, 2))).toBeNull();
  expect(ratesBetween(reading(5, 1), reading(5, 2))).toBeNull();
});
