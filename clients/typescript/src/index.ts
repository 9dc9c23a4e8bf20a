// furlong for programs that bet: sign in, place bets, follow prices, bets and money.

import { place, type Bet, type PlaceOptions, type Slip } from "./bets.js";
import { Http, type Answer, type Ask } from "./http.js";
import { realWorld, type World } from "./patience.js";
import { Stream, type Socket, type Subscription } from "./stream.js";

export { type Bet, type Leg, type PlaceOptions, type Slip } from "./bets.js";
export { Refused, Unanswered, type Answer, type Ask, type Problem } from "./http.js";
export { pauseMs, realWorld, type World } from "./patience.js";
export { type Change, type Channel, type Socket, type Subscription } from "./stream.js";

export interface Settings {
  /** Such as `http://localhost:7400`. */
  readonly baseUrl: string;
  /** The platform's unless told. */
  readonly fetch?: typeof fetch;
  /** Opens a WebSocket; the platform's unless told (Node has one from version 22 on). */
  readonly openSocket?: (url: string) => Socket;
  /** Time and chance; the real ones unless told. */
  readonly world?: World;
  /** A single try of a request is given up after so many milliseconds; 10,000 unless told. */
  readonly tryMs?: number;
}

/** One customer's furlong. */
export class Furlong {
  private readonly http: Http;
  private readonly world: World;
  readonly stream: Stream;

  constructor(settings: Settings) {
    const baseUrl = settings.baseUrl.replace(/\/+$/, "");
    this.world = settings.world ?? realWorld;
    this.http = new Http({
      baseUrl,
      fetch: settings.fetch ?? globalThis.fetch,
      world: this.world,
      tryMs: settings.tryMs ?? 10_000,
    });
    this.stream = new Stream({
      url: `${baseUrl.replace(/^http/, "ws")}/v1/stream`,
      open: settings.openSocket ?? ((url) => new WebSocket(url) as Socket),
      http: this.http,
      world: this.world,
    });
  }

  signIn(login: string, password: string, otp?: string): Promise<void> {
    return this.http.signIn(login, password, otp);
  }

  /** Places a slip once, whatever the connection does; see `place`. */
  placeBet(slip: Slip, options: PlaceOptions = {}): Promise<Bet> {
    return place(this.http, this.world, slip, options);
  }

  /** Prices, bets or money from here on. */
  subscribe(subscription: Subscription): void {
    this.stream.subscribe(subscription);
  }

  /** A read, asked until it is answered, for at most so many milliseconds. */
  async get(path: string, patienceMs = 30_000): Promise<unknown> {
    return (await this.http.patiently({ method: "GET", path }, patienceMs)).body;
  }

  /** Any other request, asked once. */
  ask(ask: Ask): Promise<Answer> {
    return this.http.once(ask);
  }

  /** Ends the stream. Bets that are being placed go on. */
  stop(): Promise<void> {
    return this.stream.stop();
  }
}
