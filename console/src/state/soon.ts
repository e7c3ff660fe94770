// Does something soon after it was asked for, and once however often it was asked for meanwhile.
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
