// A task that is done again and again while somebody looks at the page.
export interface Repeating {
  /** Does it now, or once more when a round that is under way has ended, and counts the interval from there. */
  now(): void;
  stop(): void;
}

/** The next round begins `everyMs` after the last one ended, so that a slow city is not pressed. */
export function repeat(task: (signal: AbortSignal) => Promise<void>, everyMs: number): Repeating {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isRunning = false;
  let isAsked = false;
  const ended = new AbortController();

  const round = async (): Promise<void> => {
    clearTimeout(timer);
    // A round that is begun anew whenever somebody asks would never end where many ask.
    isAsked = isRunning;
    if (isRunning) return;
    isRunning = true;
    await task(ended.signal).finally(() => (isRunning = false));
    if (ended.signal.aborted) return;
    if (isAsked) void round();
    else if (!document.hidden) timer = setTimeout(() => void round(), everyMs);
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
      clearTimeout(timer);
      ended.abort();
      document.removeEventListener("visibilitychange", onVisibility);
    },
  };
}
