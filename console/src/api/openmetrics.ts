// OpenMetrics text (https://prometheus.io/docs/specs/om/): each sample with its labels and value.
export interface Metric {
  name: string;
  labels: Record<string, string>;
  value: number;
}

const SAMPLE = /^([a-zA-Z_:][\w:]*)(?:\{((?:[^"}]|"(?:[^"\\]|\\.)*")*)\})?[ \t]+(\S+)/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;

/** Reads all samples; a line that is none is passed over. */
export function parseMetrics(text: string): Metric[] {
  const metrics: Metric[] = [];
  for (const line of text.split("\n")) {
    const metric = line.startsWith("#") ? null : parseSample(line);
    if (metric) metrics.push(metric);
  }
  return metrics;
}

/** The sum of all samples of this name that carry these labels. */
export function sum(metrics: readonly Metric[], name: string, labels: Record<string, readonly string[]> = {}): number {
  const wanted = Object.entries(labels);
  const carries = (metric: Metric): boolean => wanted.every(([key, all]) => all.includes(metric.labels[key] ?? ""));
  return metrics.filter((one) => one.name === name && carries(one)).reduce((total, one) => total + one.value, 0);
}

function parseSample(line: string): Metric | null {
  const [, name, labels, number] = SAMPLE.exec(line) ?? [];
  if (name === undefined || number === undefined) return null;
  const value = valueOf(number);
  return value === null ? null : { name, labels: labelsOf(labels ?? ""), value };
}

function valueOf(text: string): number | null {
  if (text === "+Inf") return Number.POSITIVE_INFINITY;
  if (text === "-Inf") return Number.NEGATIVE_INFINITY;
  if (text === "NaN") return Number.NaN;
  const value = Number(text);
  return Number.isNaN(value) ? null : value;
}

function labelsOf(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const [, key, value] of text.matchAll(LABEL)) {
    if (key !== undefined) labels[key] = (value ?? "").replace(/\\(.)/g, (_, c: string) => (c === "n" ? "\n" : c));
  }
  return labels;
}
