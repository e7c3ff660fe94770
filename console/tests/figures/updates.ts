// Updates by the generator of the benchmarks, in a process of its own, while the page is looked at.
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";

export class Updates {
  /** What the generator said last, such as "1000/s p50 0.5ms p99 2.1ms refused 0". */
  last = "";
  readonly rates: number[] = [];
  refused = 0;

  private constructor(private readonly child: ChildProcess) {}

  /** Starts it and waits for its first seconds to be over. */
  static async start(program: string, city: string, perSecond: number): Promise<Updates> {
    const child = spawn(program, [new URL(city).host, String(perSecond)], { stdio: ["ignore", "pipe", "inherit"] });
    const updates = new Updates(child);
    await new Promise<void>((resolve, reject) => {
      createInterface({ input: child.stdout }).on("line", (line) => {
        const told = /^([\d.]+)\/s .* refused (\d+)$/.exec(line);
        if (!told) return;
        updates.last = line;
        updates.rates.push(Number(told[1]));
        updates.refused += Number(told[2]);
        resolve();
      });
      child.on("exit", (code) => reject(new Error(`the generator of updates ended (${code})`)));
    });
    return updates;
  }

  get perSecond(): number {
    return this.rates.reduce((sum, one) => sum + one, 0) / Math.max(1, this.rates.length);
  }

  stop(): void {
    this.child.removeAllListeners("exit");
    this.child.kill();
  }
}
