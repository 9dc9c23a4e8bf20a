// Placing bets, each of them once.

import { Unanswered, type Answer, type Http } from "./http.js";
import type { World } from "./patience.js";

export interface Leg {
  readonly selection_id: string;
  readonly price: string;
  readonly market_version: number;
}

export interface Slip {
  readonly type: string;
  readonly legs: readonly Leg[];
  readonly stake: { readonly amount: string; readonly currency: string };
  readonly price_policy?: "exact" | "better" | "any";
  readonly each_way?: boolean;
  readonly client_ref?: string;
  readonly [more: string]: unknown;
}

export interface Bet {
  readonly id: string;
  readonly status: string;
  readonly client_ref?: string;
  readonly [more: string]: unknown;
}

export interface PlaceOptions {
  /** The same key is the same bet, for ever. Keep it if the page may be closed meanwhile. */
  readonly idempotencyKey?: string;
  /** How long to ask before giving up, in milliseconds; 120,000 unless told. */
  readonly patienceMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * Places a slip and waits until it is accepted or refused. Connections may drop meanwhile: the
 * same key asks for the same bet.
 *
 * Throws Refused with the reason where it is refused, and Unanswered where nobody has said it in
 * time; then the bet may stand, and placing it again with the same key tells.
 */
export async function place(http: Http, world: World, slip: Slip, options: PlaceOptions): Promise<Bet> {
  const idempotencyKey = options.idempotencyKey ?? crypto.randomUUID();
  const end = world.now() + (options.patienceMs ?? 120_000);
  const ask = { method: "POST", path: "/v1/bets", body: slip, idempotencyKey, preferWaitS: 2 } as const;
  for (;;) {
    const left = end - world.now();
    if (left <= 0) throw new Unanswered("the bet", undefined);
    const answer: Answer = await http.patiently(ask, left, options.signal);
    if (answer.status !== 202) return answer.body as Bet;
    // Placed, and not yet accepted. furlong has waited already; it is asked again at its own pace.
    await world.wait(Math.min(250, Math.max(left, 0)), options.signal);
  }
}
