// What the reader looks for, and the pages that were found.
import type { Asking } from "../api/ask";
import { type Page, type Search, findEntities, page } from "../api/city";
import { Loaded } from "./loaded.svelte";
import { type Repeating, repeat } from "./repeat";

const AGAIN_MS = 10_000;

export class Finding {
  page = new Loaded<Page>();
  #asking: Asking | null = null;
  #isFirstPage = true;
  #again: Repeating | null = null;

  /** Looks for this and, while one page is shown, keeps it fresh; the function it gives ends that. */
  start(search: Search, asking: Asking): () => void {
    this.page.clear();
    this.#asking = asking;
    this.#isFirstPage = true;
    const again = repeat(async (signal) => {
      if (this.#isFirstPage) await this.page.load(() => findEntities(search, { ...asking, signal }));
    }, AGAIN_MS);
    this.#again = again;
    return () => again.stop();
  }

  refresh(): void {
    this.#again?.now();
  }

  async more(): Promise<void> {
    const shown = this.page.value;
    const asking = this.#asking;
    if (!shown?.next || !asking) return;
    const { next, total } = shown;
    this.#isFirstPage = false;
    await this.page.load(async () => {
      const found = await page(next, asking);
      return { entities: [...shown.entities, ...found.entities], total: found.total ?? total, next: found.next };
    });
  }
}
