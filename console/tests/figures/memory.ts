// How much memory the browser takes: the page's own objects, and the processes that draw it.
import { readFile } from "node:fs/promises";
import type { Browser, Page } from "playwright-core";

/** In megabytes. */
export interface Memory {
  /** What the page's script holds, after everything that nobody holds was thrown away. */
  heap: number;
  /** Resident, of the process that runs the page. */
  renderer: number;
  /** Resident, of the process that draws. */
  drawing: number;
}

export async function memoryOf(browser: Browser, page: Page): Promise<Memory> {
  const whole = await browser.newBrowserCDPSession();
  const { processInfo } = await whole.send("SystemInfo.getProcessInfo");
  await whole.detach();
  const resident = async (type: string): Promise<number> => {
    const sizes = await Promise.all(processInfo.filter((one) => one.type === type).map(({ id }) => residentOf(id)));
    return Math.max(0, ...sizes);
  };
  const [renderer, drawing] = [await resident("renderer"), await resident("GPU")];
  const session = await page.context().newCDPSession(page);
  await session.send("HeapProfiler.enable");
  await session.send("HeapProfiler.collectGarbage");
  const { usedSize } = await session.send("Runtime.getHeapUsage");
  await session.detach();
  return { heap: usedSize / 1e6, renderer, drawing };
}

async function residentOf(process: number): Promise<number> {
  const status = await readFile(`/proc/${process}/status`, "utf8").catch(() => "");
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) / 1000;
}

/** Whether what was measured at equal distances of time stays what it was: the first third, without the very beginning,
 * is held against the last, as `steady` does with the city's own memory. */
export function isFlat(sizes: readonly number[]): boolean {
  const { early, late } = thirdsOf(sizes);
  return late <= early * 1.1 + 16;
}

export function thirdsOf(sizes: readonly number[]): { early: number; late: number } {
  const kept = sizes.slice(Math.min(2, Math.floor(sizes.length / 3)));
  const third = Math.max(1, Math.floor(kept.length / 3));
  return { early: median(kept.slice(0, third)), late: median(kept.slice(-third)) };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
