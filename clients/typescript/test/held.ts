// Time and chance that a test holds in its hand, and sockets that it plays.

import type { Socket } from "../src/index.js";
import type { World } from "../src/patience.js";

interface Waiting {
  readonly at: number;
  readonly wake: () => void;
}

/** A world whose clock stands still until `pass`. */
export class HeldWorld implements World {
  private clock = 0;
  private waiting: Waiting[] = [];
  /** What was waited for, in milliseconds. */
  readonly waits: number[] = [];

  wait(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      this.waits.push(ms);
      signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
      this.waiting.push({ at: this.clock + ms, wake: resolve });
    });
  }

  chance(): number {
    return 0;
  }

  now(): number {
    return this.clock;
  }

  /** Lets so many milliseconds go by, waking each who waits when its time comes. */
  async pass(ms: number): Promise<void> {
    const end = this.clock + ms;
    for (;;) {
      await settled();
      const next = this.waiting.filter((one) => one.at <= end).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      this.waiting = this.waiting.filter((one) => one !== next);
      this.clock = Math.max(this.clock, next.at);
      next.wake();
    }
    this.clock = end;
    await settled();
  }
}

/** Until everything that can go on without time has gone on. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
}

/** A socket whose other end is the test. */
export class PlayedSocket implements Socket {
  onopen: ((event: never) => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: never) => void) | null = null;
  onerror: ((event: never) => void) | null = null;
  readonly sent: Record<string, unknown>[] = [];
  closed = false;

  send(text: string): void {
    this.sent.push(JSON.parse(text) as Record<string, unknown>);
  }

  close(): void {
    this.closed = true;
  }

  open(): void {
    this.onopen?.(undefined as never);
  }

  tell(message: unknown): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }

  drop(): void {
    this.onclose?.(undefined as never);
  }
}

/** Answers in their order; each a status with a body, or a connection that drops. */
export function played(answers: (readonly [number, unknown] | "drop")[]): {
  fetch: typeof fetch;
  asked: { path: string; key: string | undefined; token: string | undefined }[];
} {
  const asked: { path: string; key: string | undefined; token: string | undefined }[] = [];
  const answer = (url: unknown, init?: RequestInit): Promise<Response> => {
    const headers = init?.headers as Record<string, string>;
    const path = new URL(String(url)).pathname;
    asked.push({ path, key: headers["idempotency-key"], token: headers["authorization"] });
    const next = answers.shift();
    if (next === undefined) return Promise.reject(new Error(`nothing was to be asked of ${path}`));
    if (next === "drop") return Promise.reject(new TypeError("the connection dropped"));
    return Promise.resolve(new Response(JSON.stringify(next[1]), { status: next[0] }));
  };
  return { fetch: answer as typeof fetch, asked };
}
