// Something that is loaded from the city: what came last, and why the last try failed.
import { type Failure, failureOf, isAbort } from "../api/ask";

export class Loaded<T> {
  /** What came last; kept while a new try runs or fails. */
  value = $state.raw<T | null>(null);
  failure = $state.raw<Failure | null>(null);
  isLoading = $state(false);
  #turn = 0;

  /** Loads anew; of several loads at once the last one counts. */
  async load(work: () => Promise<T>): Promise<void> {
    const turn = ++this.#turn;
    this.isLoading = true;
    try {
      const value = await work();
      if (turn !== this.#turn) return;
      this.value = value;
      this.failure = null;
    } catch (error) {
      if (turn !== this.#turn || isAbort(error)) return;
      this.failure = failureOf(error);
    }
    this.isLoading = false;
  }

  clear(): void {
    this.#turn += 1;
    this.value = null;
    this.failure = null;
    this.isLoading = false;
  }
}
