// A task that is done again and again while somebody looks at the page.
export interface Repeating {
  /** Does it now, and counts the interval from there. */
  now(): void;
  stop(): void;
}

/** The next round begins `everyMs` after the last one ended, so that a slow city is not pressed. */
export function repeat(task: (signal: AbortSignal) => Promise<void>, everyMs: number): Repeating {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let running = new AbortController();
  let isStopped = false;

  const round = async (): Promise<void> => {
    clearTimeout(timer);
    running.abort();
    running = new AbortController();
    const { signal } = running;
    await task(signal);
    if (!signal.aborted && !isStopped && !document.hidden) timer = setTimeout(() => void round(), everyMs);
  };
  const onVisibility = (): void => {
    if (document.hidden) clearTimeout(timer);
    else void round();
  };

  document.addEventListener("visibilitychange", onVisibility);
  void round();
  return {
    now: () => void round(),
    stop: () => {
      isStopped = true;
      clearTimeout(timer);
      running.abort();
      document.removeEventListener("visibilitychange", onVisibility);
    },
  };
}
