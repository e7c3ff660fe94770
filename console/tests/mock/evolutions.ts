// The temporal API, as far as the page asks it: values of one attribute of one entity, or what they come to.
type Pair = [value: number, time: string];

const PERIODS: Record<string, number> = { PT1M: 60_000, PT10M: 600_000, PT1H: 3_600_000, PT4H: 14_400_000 };

const METHODS: Record<string, (values: number[]) => number> = {
  totalCount: (values) => values.length,
  avg: (values) => values.reduce((sum, one) => sum + one, 0) / values.length,
  min: (values) => Math.min(...values),
  max: (values) => Math.max(...values),
};

export function evolutions(url: URL, measured: ReadonlyMap<string, Pair[]>): object[] {
  const asked = (name: string): string => url.searchParams.get(name) ?? "";
  const [from, to] = [Date.parse(asked("timeAt")), Date.parse(asked("endTimeAt"))];
  const all = measured.get(`${asked("id")} ${asked("attrs")}`) ?? [];
  const pairs = all.filter(([, time]) => Date.parse(time) >= from && Date.parse(time) < to);
  if (pairs.length === 0) return [];
  const told = asked("format") === "temporalValues" ? { values: pairs } : aggregated(pairs, asked("aggrMethods").split(","), from, to, PERIODS[asked("aggrPeriodDuration")]);
  return [{ id: asked("id"), type: "Thing", [asked("attrs")]: { type: "Property", ...told } }];
}

function aggregated(pairs: Pair[], methods: string[], from: number, to: number, length = to - from): object {
  const periods = new Map<number, number[]>();
  for (const [value, time] of pairs) {
    const number = Math.floor((Date.parse(time) - from) / length);
    periods.set(number, [...(periods.get(number) ?? []), value]);
  }
  const rows = [...periods].sort(([one], [other]) => one - other).map(([number, values]) => ({ at: from + number * length, values }));
  const iso = (at: number): string => new Date(at).toISOString();
  return Object.fromEntries(methods.map((method) => [method, rows.map(({ at, values }) => [METHODS[method]?.(values), iso(at), iso(at + length)])]));
}
