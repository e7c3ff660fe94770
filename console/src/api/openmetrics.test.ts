// OpenMetrics text as the city writes it, and as others do.
import { expect, it } from "vitest";
import { parseMetrics, sum } from "./openmetrics";

const TEXT = `# TYPE machi_http_requests counter
# HELP machi_http_requests Requests answered.
machi_http_requests_total{method="GET",status="2xx"} 120
machi_http_requests_total{method="PATCH",status="2xx"} 7
machi_http_requests_total{method="GET",status="4xx"} 3
# TYPE process_resident_memory_bytes gauge
# UNIT process_resident_memory_bytes bytes
process_resident_memory_bytes 31457280
machi_http_request_duration_seconds_bucket{method="GET",le="0.00025"} 1e2
machi_http_request_duration_seconds_bucket{method="GET",le="+Inf"} 120 1700000000 # {trace_id="a"} 0.1 1700000000
# EOF
`;

it("reads names, labels and values", () => {
  const metrics = parseMetrics(TEXT);
  expect(metrics).toHaveLength(6);
  expect(metrics[0]).toEqual({
    name: "machi_http_requests_total",
    labels: { method: "GET", status: "2xx" },
    value: 120,
  });
  expect(metrics[3]).toEqual({ name: "process_resident_memory_bytes", labels: {}, value: 31457280 });
  expect(metrics[4]?.value).toBe(100);
  expect(metrics[5]).toMatchObject({ labels: { le: "+Inf" }, value: 120 });
});

it("unescapes labels, in which anything may stand", () => {
  const [metric] = parseMetrics('a{path="C:\\\\x\\n\\"}{,=",tenant="青"} 1\n');
  expect(metric?.labels).toEqual({ path: 'C:\\x\n"}{,=', tenant: "青" });
});

it("knows what is no number and passes over what is no sample", () => {
  const metrics = parseMetrics("a +Inf\nb -Inf\nc NaN\nd what\n{} 1\n\n7 1\ne\n");
  expect(metrics.map(({ name, value }) => [name, value])).toEqual([
    ["a", Number.POSITIVE_INFINITY],
    ["b", Number.NEGATIVE_INFINITY],
    ["c", Number.NaN],
  ]);
  expect(parseMetrics("")).toEqual([]);
  expect(parseMetrics("<!doctype html>")).toEqual([]);
});

it("adds up by labels", () => {
  const metrics = parseMetrics(TEXT);
  expect(sum(metrics, "machi_http_requests_total")).toBe(130);
  expect(sum(metrics, "machi_http_requests_total", { status: ["2xx"] })).toBe(127);
  expect(sum(metrics, "machi_http_requests_total", { method: ["GET", "HEAD"], status: ["2xx"] })).toBe(120);
  expect(sum(metrics, "unknown")).toBe(0);
});
