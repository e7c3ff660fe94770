// Does something soon after it was asked for, or at once, and once however often it was asked for meanwhile.
//
// What takes longer than its interval is not begun again before it has ended: under constant change nothing would ever
// come to its end.
export interface Soon {
  ask(): void;
  stop(): void;
}

type Task = () => void | Promise<void>;

/** Each time so long after it was asked for. */
export function soon(task: Task, afterMs: number): Soon {
  return waiting(task, () => afterMs);
}

/** At once, but never sooner after the last time than this. */
export function atMostEvery(task: Task, everyMs: number): Soon {
  return waiting(task, (sinceLast) => everyMs - sinceLast);
}

function waiting(task: Task, waitOf: (sinceLast: number) => number): Soon {
  let last = -Infinity;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isRunning = false;
  let isAsked = false;
  let isStopped = false;
  const run = async (): Promise<void> => {
    timer = undefined;
    isRunning = true;
    last = performance.now();
    // A task tells of its failures itself.
    await Promise.resolve(task()).catch(() => undefined);
    isRunning = false;
    if (isAsked) ask();
  };
  const ask = (): void => {
    isAsked = isRunning;
    if (isStopped || isRunning || timer !== undefined) return;
    const wait = waitOf(performance.now() - last);
    if (wait > 0) timer = setTimeout(() => void run(), wait);
    else void run();
  };
  return {
    ask,
    stop: () => {
      isStopped = true;
      clearTimeout(timer);
      timer = undefined;
    },
  };
}
