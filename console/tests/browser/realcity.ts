// The real binary on a folder of its own, with a wire to it that can be cut: for pages that have to stand bad times.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { type AddressInfo, type Server, type Socket, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

type Members = Record<string, unknown>;

/** The program to be tried. */
export const MACHI = process.env["MACHI"] ?? "";

/** Sends a document to a city, and gives the status of the answer. */
export async function send(city: string, method: string, path: string, body?: unknown): Promise<number> {
  const init = body === undefined ? {} : { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  const answer = await fetch(new URL(path, city), { method, ...init });
  await answer.arrayBuffer();
  return answer.status;
}

/** Entities as a client sends them: a city notes its own times. */
export function bare(entities: readonly Members[]): Members[] {
  return entities.map(({ createdAt: _created, modifiedAt: _modified, ...rest }) => rest);
}

export class RealCity {
  #process: ChildProcess | null = null;
  #address = "";
  #wire: Server | null = null;
  #sockets = new Set<Socket>();
  #isCut = false;

  private constructor(private readonly folder: string) {}

  static async start(): Promise<RealCity> {
    const city = new RealCity(await mkdtemp(join(tmpdir(), "machi-rough-")));
    await city.begin();
    city.#wire = createServer((socket) => city.#lead(socket));
    await new Promise<void>((resolve) => city.#wire?.listen(0, "127.0.0.1", resolve));
    return city;
  }

  /** Where it serves. */
  get url(): string {
    return `http://${this.#address}/`;
  }

  /** The same, behind the wire. */
  get farUrl(): string {
    return `http://127.0.0.1:${(this.#wire?.address() as AddressInfo).port}/`;
  }

  /** Starts the binary, again where it served before. */
  async begin(): Promise<void> {
    const listen = this.#address || "127.0.0.1:0";
    const given = ["serve", "--data", join(this.folder, "data"), "--listen", listen, "--open", "--egress-allow", "127.0.0.1/32"];
    const child = spawn(MACHI, given, { stdio: ["ignore", "pipe", "inherit"] });
    process.once("exit", () => child.kill("SIGKILL"));
    this.#process = child;
    for await (const line of createInterface({ input: child.stdout })) {
      const [, address] = /http:\/\/([^\s/,]+)/.exec(line) ?? [];
      if (!address) continue;
      this.#address = address;
      child.stdout.resume();
      return;
    }
    throw new Error("the city did not start");
  }

  /** Ends it as a power failure would. */
  async kill(): Promise<void> {
    const child = this.#process;
    this.#process = null;
    if (!child || child.exitCode !== null) return;
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
  }

  /** Cuts the wire, or makes it whole again. */
  cut(isCut: boolean): void {
    this.#isCut = isCut;
    if (isCut) for (const socket of this.#sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    this.cut(true);
    this.#wire?.close();
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }

  send(method: string, path: string, body?: unknown): Promise<number> {
    return send(this.url, method, path, body);
  }

  #lead(socket: Socket): void {
    if (this.#isCut) return void socket.destroy();
    const [host = "", port] = this.#address.split(":");
    const other = connect(Number(port), host);
    for (const [one, next] of [[socket, other], [other, socket]] as const) {
      this.#sockets.add(one);
      one.on("error", () => next.destroy());
      one.on("close", () => {
        this.#sockets.delete(one);
        next.destroy();
      });
      one.pipe(next);
    }
  }
}
