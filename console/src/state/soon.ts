// Does something soon after it was asked for, or at once, and once however often it was asked for meanwhile.
export interface Soon {
  ask(): void;
  stop(): void;
}

export function soon(task: () => void, afterMs: number): Soon {
  let timer: ReturnType<typeof setTimeout> | undefined;
  return {
    ask: () => {
      timer ??= setTimeout(() => {
        timer = undefined;
        task();
      }, afterMs);
    },
    stop: () => {
      clearTimeout(timer);
      timer = undefined;
    },
  };
}

/** At once, but never sooner after the last time than this. */
export function atMostEvery(task: () => void, everyMs: number): Soon {
  let last = -Infinity;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const run = (): void => {
    timer = undefined;
    last = performance.now();
    task();
  };
  return {
    ask: () => {
      if (timer !== undefined) return;
      const wait = last + everyMs - performance.now();
      if (wait > 0) timer = setTimeout(run, wait);
      else run();
    },
    stop: () => {
      clearTimeout(timer);
      timer = undefined;
    },
  };
}
