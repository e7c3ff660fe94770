// The table of figures, each beside what is promised and the load of the machine while it was taken.
import { appendFile } from "node:fs/promises";
import { loadavg } from "node:os";

export interface Figure {
  what: string;
  value: string;
  /** What is promised; empty where nothing is. */
  bound: string;
  /** Null where nothing is promised. */
  isKept: boolean | null;
}

export class Table {
  readonly missed: string[] = [];

  constructor(private readonly file: string) {}

  async begin(): Promise<void> {
    await appendFile(this.file, "| what | figure | promised | | load |\n|---|---|---|---|---|\n");
  }

  async tell({ what, value, bound, isKept }: Figure): Promise<void> {
    const verdict = isKept === null ? "" : isKept ? "kept" : "MISSED";
    if (isKept === false) this.missed.push(what);
    await appendFile(this.file, `| ${what} | ${value} | ${bound} | ${verdict} | ${(loadavg()[0] ?? 0).toFixed(1)} |\n`);
  }
}

export function seconds(ms: number): string {
  return Number.isFinite(ms) ? `${(ms / 1000).toFixed(2)} s` : "never";
}

export function milliseconds(ms: number): string {
  return Number.isFinite(ms) ? `${ms < 10 ? ms.toFixed(1) : ms.toFixed(0)} ms` : "never";
}

export function megabytes(size: number): string {
  return `${size.toFixed(0)} MB`;
}

/** The value of which this share of all are at most as large; the list need not be sorted. */
export function within(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Infinity;
}
