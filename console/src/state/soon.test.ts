// What is asked for often is done once, and comes to its end however often it is asked for.
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { repeat } from "./repeat";
import { atMostEvery, soon } from "./soon";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** A task that takes so long, and how often it was begun and done. */
function slow(ms: number): { task: () => Promise<void>; begun: number; done: number } {
  const told = {
    begun: 0,
    done: 0,
    task: async (): Promise<void> => {
      told.begun += 1;
      await new Promise((resolve) => setTimeout(resolve, ms));
      told.done += 1;
    },
  };
  return told;
}

it("soon: each time so long after it was asked for", async () => {
  const told = slow(0);
  const again = soon(told.task, 100);
  for (let n = 0; n < 5; n += 1) again.ask();
  await vi.advanceTimersByTimeAsync(99);
  expect(told.begun).toBe(0);
  await vi.advanceTimersByTimeAsync(2);
  expect(told).toMatchObject({ begun: 1, done: 1 });
  again.ask();
  again.stop();
  again.ask();
  await vi.advanceTimersByTimeAsync(1000);
  expect(told.begun).toBe(1);
});

it("at most every: at once, then no sooner than so long after the last time", async () => {
  const told = slow(0);
  const again = atMostEvery(told.task, 100);
  again.ask();
  expect(told.begun).toBe(1);
  await vi.advanceTimersByTimeAsync(10);
  again.ask();
  await vi.advanceTimersByTimeAsync(89);
  expect(told.begun).toBe(1);
  await vi.advanceTimersByTimeAsync(2);
  expect(told.begun).toBe(2);
});

it("what takes longer than its interval ends before it is begun again, and is begun again", async () => {
  const told = slow(1000);
  const again = atMostEvery(told.task, 100);
  for (let n = 0; n < 200; n += 1) {
    again.ask();
    expect(told.begun - told.done).toBeLessThanOrEqual(1);
    await vi.advanceTimersByTimeAsync(50);
  }
  expect(told.done).toBeGreaterThanOrEqual(9);
  await vi.advanceTimersByTimeAsync(2000);
  expect(told.done).toBe(told.begun);
});

it("a failure is the task's own matter", async () => {
  let begun = 0;
  const again = atMostEvery(async () => {
    begun += 1;
    throw new Error("no answer");
  }, 100);
  again.ask();
  await vi.advanceTimersByTimeAsync(200);
  again.ask();
  expect(begun).toBe(2);
});

it("repeat: rounds come to their end however often another one is asked for", async () => {
  vi.stubGlobal("document", { hidden: false, addEventListener: () => undefined, removeEventListener: () => undefined });
  const told = slow(300);
  const rounds = repeat(told.task, 1000);
  for (let n = 0; n < 40; n += 1) {
    rounds.now();
    await vi.advanceTimersByTimeAsync(50);
  }
  expect(told.done).toBeGreaterThanOrEqual(5);
  await vi.advanceTimersByTimeAsync(700);
  const { done } = told;
  await vi.advanceTimersByTimeAsync(1300);
  expect(told.done).toBe(done + 1);
  rounds.stop();
  await vi.advanceTimersByTimeAsync(5000);
  expect(told.begun).toBeLessThanOrEqual(done + 2);
});
