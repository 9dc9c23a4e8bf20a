// How long to wait before the next try, and the one place where time and chance come from.

/** Time and chance, so that tests can hold both in their hands. */
export interface World {
  /** Resolves after so many milliseconds; rejects when the signal says so first. */
  wait(ms: number, signal?: AbortSignal): Promise<void>;
  /** From 0 up to, but not including, 1. */
  chance(): number;
  /** Milliseconds of a clock that only goes forward. */
  now(): number;
}

export const realWorld: World = {
  wait: (ms, signal) =>
    new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const over = () => {
        clearTimeout(timer);
        reject(signal?.reason);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener("abort", over);
        resolve();
      }, ms);
      signal?.addEventListener("abort", over, { once: true });
    }),
  chance: Math.random,
  now: () => performance.now(),
};

const STEPS_S = [1, 2, 4, 8] as const;

/**
 * The pause before try number `failures + 1`, in milliseconds: 1, 2, 4, then always 8 seconds,
 * each shortened by up to a half, so that those who were cut off together do not return together.
 */
export function pauseMs(failures: number, chance: number): number {
  const step = STEPS_S[Math.min(Math.max(failures, 1), STEPS_S.length) - 1] ?? 8;
  return step * 1_000 * (1 - chance / 2);
}
