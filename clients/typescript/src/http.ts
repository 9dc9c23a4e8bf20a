// Asking furlong over HTTP: the token, its renewal, and what a failure means.
//
// A request is repeated here only when nothing can have come of it, or when its idempotency key
// makes repeats harmless.

import { pauseMs, type World } from "./patience.js";

/** What furlong says when it does not do what was asked (RFC 9457). */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail?: string;
  readonly retryable?: boolean;
  readonly request_id?: string;
  readonly errors?: readonly { readonly pointer: string; readonly message: string }[];
  readonly [more: string]: unknown;
}

/** furlong answered, and the answer is no. */
export class Refused extends Error {
  constructor(readonly problem: Problem) {
    super(`${problem.code}: ${problem.detail ?? problem.title}`);
    this.name = "Refused";
  }
}

/** Nobody answered in the time that was given. What was asked may have happened. */
export class Unanswered extends Error {
  constructor(what: string, cause: unknown) {
    super(`${what} was not answered`, { cause });
    this.name = "Unanswered";
  }
}

export interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
  readonly expires_in: number;
}

export interface Ask {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  readonly path: string;
  readonly body?: unknown;
  readonly idempotencyKey?: string;
  /** Seconds that furlong may take over an answer before it says "pending". */
  readonly preferWaitS?: number;
}

export interface Answer {
  readonly status: number;
  readonly body: unknown;
  /** The answer of an earlier request with the same key. */
  readonly replayed: boolean;
}

export interface HttpSettings {
  readonly baseUrl: string;
  readonly fetch: typeof fetch;
  readonly world: World;
  /** A single try is given up after this long. */
  readonly tryMs: number;
}

/** One customer's conversation. */
export class Http {
  private tokens: Tokens | undefined;
  private renewal: Promise<void> | undefined;
  private expiresAt = 0;

  constructor(private readonly settings: HttpSettings) {}

  get accessToken(): string | undefined {
    return this.tokens?.access_token;
  }

  async signIn(login: string, password: string, otp?: string): Promise<void> {
    const body = { login, password, ...(otp === undefined ? {} : { otp }) };
    const answer = await this.patiently({ method: "POST", path: "/v1/auth/login", body }, 60_000);
    this.keep(answer.body as Tokens);
  }

  /** A token that is good for some time yet; renewed once, however many ask at the same time. */
  async freshToken(): Promise<string | undefined> {
    if (this.tokens !== undefined && this.settings.world.now() >= this.expiresAt) {
      await this.renew();
    }
    return this.accessToken;
  }

  /**
   * Asks until there is an answer, for at most so long. Only for what may be asked twice: reads,
   * and what carries an idempotency key.
   */
  async patiently(ask: Ask, patienceMs: number, signal?: AbortSignal): Promise<Answer> {
    const { world } = this.settings;
    const end = world.now() + patienceMs;
    for (let failures = 1; ; failures += 1) {
      let why: unknown;
      let pause = pauseMs(failures, world.chance());
      try {
        return await this.once(ask, signal);
      } catch (error) {
        signal?.throwIfAborted();
        if (error instanceof Refused) {
          if (!isPassing(error.problem)) throw error;
          pause = Math.max(pause, retryAfterMs(error));
        }
        why = error;
      }
      if (world.now() + pause > end) {
        if (why instanceof Refused && why.problem.code !== "outcome_unknown") throw why;
        throw new Unanswered(`${ask.method} ${ask.path}`, why);
      }
      await world.wait(pause, signal);
    }
  }

  /** Asks one time, and one time more with a new token if the old one is over. */
  async once(ask: Ask, signal?: AbortSignal): Promise<Answer> {
    await this.freshToken();
    const first = await this.send(ask, signal);
    if (first.status !== 401 || this.tokens === undefined) return accepted(first);
    await this.renew();
    return accepted(await this.send(ask, signal));
  }

  private keep(tokens: Tokens): void {
    this.tokens = tokens;
    // A fifth before its end, so that no request begins with a token that ends on the way.
    this.expiresAt = this.settings.world.now() + tokens.expires_in * 800;
  }

  private renew(): Promise<void> {
    const refresh_token = this.tokens?.refresh_token;
    this.renewal ??= this.send({ method: "POST", path: "/v1/auth/refresh", body: { refresh_token } })
      .then((answer) => this.keep(accepted(answer).body as Tokens))
      .finally(() => {
        this.renewal = undefined;
      });
    return this.renewal;
  }

  private async send(ask: Ask, signal?: AbortSignal): Promise<Answer & { retryAfter?: string }> {
    const headers: Record<string, string> = { accept: "application/json" };
    if (this.tokens !== undefined && !ask.path.startsWith("/v1/auth/")) {
      headers["authorization"] = `Bearer ${this.tokens.access_token}`;
    }
    if (ask.body !== undefined) headers["content-type"] = "application/json";
    if (ask.idempotencyKey !== undefined) headers["idempotency-key"] = ask.idempotencyKey;
    if (ask.preferWaitS !== undefined) headers["prefer"] = `wait=${ask.preferWaitS}`;
    const limit = AbortSignal.timeout(this.settings.tryMs);
    const response = await this.settings.fetch(this.settings.baseUrl + ask.path, {
      method: ask.method,
      headers,
      signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
      ...(ask.body === undefined ? {} : { body: JSON.stringify(ask.body) }),
    });
    const text = await response.text();
    const retryAfter = response.headers.get("retry-after");
    return {
      status: response.status,
      body: text === "" ? undefined : JSON.parse(text),
      replayed: response.headers.get("idempotency-replayed") === "true",
      ...(retryAfter === null ? {} : { retryAfter }),
    };
  }
}

function accepted(answer: Answer & { retryAfter?: string }): Answer {
  if (answer.status < 400) return answer;
  const { retryAfter } = answer;
  const told = (answer.body ?? {}) as Partial<Problem>;
  throw new Refused({
    type: "about:blank",
    title: `HTTP ${answer.status}`,
    code: `http_${answer.status}`,
    ...told,
    status: answer.status,
    ...(retryAfter === undefined ? {} : { retry_after_s: Number(retryAfter) }),
  });
}

/** Whether asking again, unchanged, may bring another answer. */
function isPassing(problem: Problem): boolean {
  const again = [408, 429, 502, 503, 504].includes(problem.status);
  return again || problem.code === "idempotency_key_in_flight";
}

function retryAfterMs(refused: Refused): number {
  const seconds = Number(refused.problem["retry_after_s"]);
  return Number.isFinite(seconds) ? seconds * 1_000 : 0;
}
