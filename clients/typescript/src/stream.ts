// The stream: one socket, channels that go on where they stopped, and polling while there is no
// socket to be had.
//
// A channel's messages arrive in order and without a gap, or anew from a snapshot; a message that
// was delivered is not delivered again.

import type { Http } from "./http.js";
import { pauseMs, type World } from "./patience.js";

export type Channel = "odds" | "bets" | "account";

/** What a channel tells. A snapshot replaces everything that was told before. */
export interface Change {
  readonly op: "snapshot" | "delta" | "reality_check";
  readonly channel: Channel;
  readonly data: unknown;
  /** `socket` as things happen, `polling` every ten seconds while the socket cannot be had. */
  readonly by: "socket" | "polling";
}

export interface Subscription {
  readonly channel: Channel;
  /** Of odds only; absent: everything on the board. */
  readonly markets?: readonly string[];
  readonly tell: (change: Change) => void;
  /** furlong does not let this subscription in; it stays out until it is begun anew. */
  readonly refused?: (code: string, message: string) => void;
}

/** What the platform's WebSocket has in common with that of the package `ws`. */
export interface Socket {
  send(text: string): void;
  close(): void;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
}

export interface StreamSettings {
  readonly url: string;
  readonly open: (url: string) => Socket;
  readonly http: Http;
  readonly world: World;
}

/** After so many attempts in a row without a socket, polling begins. */
const POLL_AFTER_FAILURES = 3;
const POLL_EVERY_MS = 10_000;
/** A socket that is silent for so many heartbeats is taken for dead. */
const SILENT_BEATS = 3;
const BEAT_MS_UNLESS_TOLD = 15_000;

interface Followed {
  readonly subscription: Subscription;
  seq: number | undefined;
  resume: string | undefined;
}

interface Told {
  readonly op: string;
  readonly channel?: Channel;
  readonly seq?: number;
  readonly resume?: string;
  readonly id?: unknown;
  readonly status?: string;
  readonly error_code?: string;
  readonly error_message?: string;
  readonly data?: { readonly interval_ms?: number };
}

/** One socket and its channels, from `start` until `stop`. */
export class Stream {
  private readonly followed = new Map<Channel, Followed>();
  private readonly stopped = new AbortController();
  private socket: Socket | undefined;
  private failures = 0;
  private polling: AbortController | undefined;
  private beatMs = BEAT_MS_UNLESS_TOLD;
  private heardAt = 0;
  private running: Promise<void> | undefined;

  constructor(private readonly settings: StreamSettings) {}

  /** `socket` when there is one, `polling` while there is none to be had, else `connecting`. */
  get by(): "socket" | "polling" | "connecting" {
    if (this.socket !== undefined) return "socket";
    return this.polling === undefined ? "connecting" : "polling";
  }

  /** Begins a channel, or begins it anew. */
  subscribe(subscription: Subscription): void {
    const followed = { subscription, seq: undefined, resume: undefined };
    this.followed.set(subscription.channel, followed);
    if (this.socket !== undefined) this.ask(this.socket, followed);
    this.running ??= this.run();
  }

  unsubscribe(channel: Channel): void {
    this.followed.delete(channel);
    this.socket?.send(JSON.stringify({ op: "unsubscribe", channel }));
  }

  /** Ends the socket, the polling and all that waits. */
  async stop(): Promise<void> {
    this.stopped.abort(new Error("the stream was stopped"));
    this.polling?.abort();
    await this.running;
  }

  private async run(): Promise<void> {
    const { world } = this.settings;
    const signal = this.stopped.signal;
    while (!signal.aborted) {
      await this.connection().catch(() => undefined);
      if (signal.aborted) return;
      this.failures += 1;
      if (this.failures >= POLL_AFTER_FAILURES) this.poll();
      await world.wait(pauseMs(this.failures, world.chance()), signal).catch(() => undefined);
    }
  }

  /** One socket from its opening to its end. */
  private async connection(): Promise<void> {
    const token = await this.settings.http.freshToken();
    const socket = this.settings.open(this.settings.url);
    const watch = new AbortController();
    try {
      await new Promise<void>((resolve) => {
        const end = () => {
          socket.close();
          resolve();
        };
        socket.onclose = () => resolve();
        socket.onerror = end;
        this.stopped.signal.addEventListener("abort", end, { signal: watch.signal });
        socket.onopen = () => this.opened(socket, token);
        socket.onmessage = (event) => this.heard(String(event.data));
        this.heardAt = this.settings.world.now();
        void this.watchSilence(watch.signal).then(end, () => undefined);
      });
    } finally {
      watch.abort();
      this.socket = undefined;
    }
  }

  private opened(socket: Socket, token: string | undefined): void {
    this.socket = socket;
    if (token !== undefined) socket.send(JSON.stringify({ op: "authenticate", id: "token", token }));
    for (const followed of this.followed.values()) this.ask(socket, followed);
  }

  private ask(socket: Socket, followed: Followed): void {
    const { channel, markets } = followed.subscription;
    const since = followed.resume;
    socket.send(JSON.stringify({ op: "subscribe", id: channel, channel, markets, since }));
  }

  /** Resolves when nothing was heard for too long. */
  private async watchSilence(signal: AbortSignal): Promise<void> {
    const { world } = this.settings;
    for (;;) {
      const left = this.heardAt + this.beatMs * SILENT_BEATS - world.now();
      if (left <= 0) return;
      // Meanwhile furlong may say that it beats more often.
      await world.wait(Math.min(left, this.beatMs), signal);
    }
  }

  private heard(text: string): void {
    this.heardAt = this.settings.world.now();
    const told = JSON.parse(text) as Told;
    if (told.op === "status") return this.status(told);
    if (told.op === "heartbeat") {
      this.beatMs = told.data?.interval_ms ?? this.beatMs;
      // What was conflated or counted away is caught up with from the token.
      if (told.channel !== undefined) this.mustBeAt(told.channel, told.seq);
      return;
    }
    if (told.channel !== undefined) this.deliver(told.channel, told);
  }

  private status(told: Told): void {
    if (told.status === "success") {
      // Whoever is let in has a socket again: polling ends, and the next drop begins at one second.
      this.failures = 0;
      this.polling?.abort();
      this.polling = undefined;
      return;
    }
    if (told.error_code === "token_expired") return void this.renewToken();
    const followed = this.followed.get(told.id as Channel);
    followed?.subscription.refused?.(told.error_code ?? "", told.error_message ?? "");
  }

  private async renewToken(): Promise<void> {
    const token = await this.settings.http.freshToken().catch(() => undefined);
    if (this.socket !== undefined) this.opened(this.socket, token);
  }

  private deliver(channel: Channel, told: Told): void {
    const followed = this.followed.get(channel);
    if (followed === undefined || told.seq === undefined) return;
    const { op } = told;
    if (op !== "snapshot" && op !== "delta" && op !== "reality_check") return;
    if (op !== "reality_check") {
      if (followed.seq !== undefined && told.seq <= followed.seq) return;
      const gap = op === "delta" && followed.seq !== undefined && told.seq > followed.seq + 1;
      if (gap) return this.catchUp(followed);
      followed.seq = told.seq;
      followed.resume = told.resume;
    }
    followed.subscription.tell({ op, channel, data: told.data, by: "socket" });
  }

  private mustBeAt(channel: Channel, seq: number | undefined): void {
    const followed = this.followed.get(channel);
    if (followed?.seq === undefined || seq === undefined || seq <= followed.seq) return;
    this.catchUp(followed);
  }

  private catchUp(followed: Followed): void {
    if (this.socket !== undefined) this.ask(this.socket, followed);
  }

  /** Asks for everything every ten seconds, until a socket is there again. */
  private poll(): void {
    if (this.polling !== undefined) return;
    const polling = new AbortController();
    this.polling = polling;
    const round = async (): Promise<void> => {
      while (!polling.signal.aborted) {
        for (const { subscription } of this.followed.values()) {
          const data = await this.look(subscription).catch(() => undefined);
          if (polling.signal.aborted) return;
          if (data === undefined) continue;
          subscription.tell({ op: "snapshot", channel: subscription.channel, data, by: "polling" });
        }
        await this.settings.world.wait(POLL_EVERY_MS, polling.signal).catch(() => undefined);
      }
    };
    void round();
  }

  /** The same data as the channel's snapshot. */
  private async look(subscription: Subscription): Promise<unknown> {
    const get = async (path: string) => (await this.settings.http.once({ method: "GET", path })).body;
    switch (subscription.channel) {
      case "account":
        return get("/v1/account/balance");
      case "bets":
        return { bets: ((await get("/v1/bets?limit=50")) as { items: unknown[] }).items };
      case "odds": {
        const ids = subscription.markets ?? (await this.everyMarket());
        return { markets: await Promise.all(ids.map((id) => get(`/v1/markets/${id}`))) };
      }
    }
  }

  private async everyMarket(): Promise<string[]> {
    const answer = await this.settings.http.once({ method: "GET", path: "/v1/fixtures?limit=100" });
    const fixtures = (answer.body as { items: { markets: { id: string }[] }[] }).items;
    return fixtures.flatMap((fixture) => fixture.markets.map((market) => market.id));
  }
}
