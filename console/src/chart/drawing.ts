// A course as ECharts draws it.
import type { EChartsCoreOption } from "echarts/core";
import type { Sample, Span } from "../api/course";
import { lonely } from "./gaps";

/** What the drawing is made of. */
export interface Drawing {
  /** With their gaps. */
  samples: readonly Sample[];
  span: Span;
  isMean: boolean;
  /** The sign of the unit; empty where there is none. */
  unit: string;
  language: string;
  font: string;
  colours: (variable: string) => string;
  /** Tells a sample in words, line by line. */
  tell: (sample: Sample) => string[];
}

/** The series of values among those that are drawn. */
export const VALUES = "values";

export function optionOf(drawing: Drawing): EChartsCoreOption {
  const { span, unit, language, font, colours } = drawing;
  const calm = { color: colours("--text-calm"), fontSize: 12 };
  const line = { lineStyle: { color: colours("--line") } };
  return {
    animation: false,
    textStyle: { fontFamily: font },
    grid: { left: 4, right: 12, top: unit ? 28 : 12, bottom: 4, containLabel: true },
    xAxis: {
      type: "time",
      min: span.from,
      max: span.to,
      axisLine: line,
      axisTick: line,
      splitNumber: 4,
      axisLabel: { ...calm, hideOverlap: true, formatter: (at: number) => timeOf(at, language) },
    },
    yAxis: {
      type: "value",
      scale: true,
      name: unit,
      nameTextStyle: { ...calm, align: "left" },
      splitLine: line,
      splitNumber: 4,
      axisLabel: { ...calm, formatter: (value: number) => new Intl.NumberFormat(language, { maximumFractionDigits: 6 }).format(value) },
    },
    tooltip: {
      trigger: "axis",
      // Text on the canvas: the page's policy lets nobody write HTML.
      renderMode: "richText",
      confine: true,
      backgroundColor: colours("--surface"),
      borderColor: colours("--line-field"),
      textStyle: { color: colours("--text"), fontSize: 13 },
      axisPointer: { lineStyle: { color: colours("--line-field") } },
      formatter: (shown: { dataIndex: number; seriesId?: string }[]) => told(drawing, shown),
    },
    series: drawing.isMean ? [...band(drawing), values(drawing)] : [values(drawing)],
  };
}

function told({ samples, tell }: Drawing, shown: { dataIndex: number }[]): string {
  const sample = samples[shown[0]?.dataIndex ?? -1];
  return sample ? tell(sample).join("\n") : "";
}

function values({ samples, colours }: Drawing): object {
  const alone = lonely(samples);
  const colour = colours("--key");
  return {
    id: VALUES,
    type: "line",
    data: samples.map(({ at, value }) => [at, value]),
    connectNulls: false,
    lineStyle: { color: colour, width: 2 },
    itemStyle: { color: colour },
    symbol: "circle",
    // A single measurement between two gaps has no line to be seen by.
    showSymbol: alone.size > 0,
    symbolSize: (_: unknown, { dataIndex }: { dataIndex: number }) => (alone.has(dataIndex) ? 5 : 0),
    emphasis: { scale: false },
  };
}

/** From the least to the most value of each period. */
function band({ samples, colours }: Drawing): object[] {
  const bare = { type: "line", stack: "band", stackStrategy: "all", symbol: "none", lineStyle: { opacity: 0 }, silent: true, tooltip: { show: false } };
  const heights = (height: (sample: Sample) => number): unknown[] => samples.map((one) => [one.at, one.value === null ? null : height(one)]);
  return [
    { ...bare, id: "least", data: heights(({ least }) => least) },
    { ...bare, id: "most", data: heights(({ least, most }) => most - least), areaStyle: { color: colours("--key"), opacity: 0.18 } },
  ];
}

/** A day where one begins, else an hour and minute. */
function timeOf(at: number, language: string): string {
  const time = new Date(at);
  const isMidnight = time.getHours() === 0 && time.getMinutes() === 0 && time.getSeconds() === 0;
  const parts: Intl.DateTimeFormatOptions = isMidnight ? { month: "numeric", day: "numeric" } : { hour: "2-digit", minute: "2-digit" };
  return new Intl.DateTimeFormat(language, parts).format(time);
}
