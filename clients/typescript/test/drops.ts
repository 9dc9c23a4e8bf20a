// A thousand bets over a connection that drops every two to three seconds, against a real furlong.
//
//   node dist/test/drops.js http://localhost:7400 LOGIN PASSWORD [BETS]
//
// Afterwards the house's own list, over a connection that does not drop, has each of them once.

import assert from "node:assert/strict";
import net from "node:net";
import WebSocket from "ws";
import { Furlong, Refused, type Bet, type Socket } from "../src/index.js";

const [house, login, password, bets = "1000"] = process.argv.slice(2);
if (house === undefined || login === undefined || password === undefined) {
  console.error("usage: node dist/test/drops.js http://HOST:PORT LOGIN PASSWORD [BETS]");
  process.exit(2);
}
const COUNT = Number(bets);
const AT_ONCE = 16;
/** However fast the machine is, so often it must go wrong. */
const DROPS_MIN = 8;
/** Each who places looks around between two bets. */
const LOOK_MS = 200;
const RUN = `drops-${Date.now()}`;
/** A bet that is not decided by then counts as lost. */
const PATIENCE_MS = 120_000;

interface Market {
  readonly status: string;
  readonly version: number;
  readonly selections: readonly { readonly id: string; readonly price: string }[];
}

/** Passes bytes on, and cuts every connection at once every two to three seconds. */
async function droppingProxy(target: URL): Promise<{ url: string; drops: () => number; close: () => void }> {
  const pairs = new Set<net.Socket>();
  let drops = 0;
  const server = net.createServer((client) => {
    const upstream = net.connect(Number(target.port), target.hostname);
    for (const socket of [client, upstream]) {
      pairs.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => {
        pairs.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.pipe(upstream);
    upstream.pipe(client);
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  let timer: NodeJS.Timeout;
  const drop = () => {
    drops += 1;
    for (const socket of pairs) socket.resetAndDestroy();
    timer = setTimeout(drop, 2_000 + Math.random() * 1_000);
  };
  timer = setTimeout(drop, 2_000);
  const { port } = server.address() as net.AddressInfo;
  const close = () => {
    clearTimeout(timer);
    server.close();
    for (const socket of pairs) socket.destroy();
  };
  return { url: `http://127.0.0.1:${port}`, drops: () => drops, close };
}

async function openMarket(furlong: Furlong): Promise<Market> {
  const fixtures = (await furlong.get("/v1/fixtures?limit=100")) as {
    items: { markets: { id: string; status: string }[] }[];
  };
  const open = fixtures.items.flatMap((one) => one.markets).filter((one) => one.status === "open");
  for (let tries = 0; tries < 20; tries += 1) {
    const chosen = open[Math.floor(Math.random() * open.length)];
    if (chosen === undefined) break;
    const market = (await furlong.get(`/v1/markets/${chosen.id}`)) as Market;
    if (market.status === "open" && market.selections.length > 0) return market;
  }
  throw new Error("no market is open");
}

/** Bets of this run in the house's list, by the name that we gave to each. */
async function listed(furlong: Furlong): Promise<Map<string, Bet[]>> {
  const found = new Map<string, Bet[]>();
  let cursor: string | undefined;
  do {
    const at: string = cursor === undefined ? "" : `&cursor=${encodeURIComponent(cursor)}`;
    const page = (await furlong.get(`/v1/bets?limit=100${at}`)) as { items: Bet[]; next_cursor?: string };
    for (const bet of page.items) {
      if (bet.client_ref?.startsWith(RUN)) found.set(bet.client_ref, [...(found.get(bet.client_ref) ?? []), bet]);
    }
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined);
  return found;
}

const proxy = await droppingProxy(new URL(house));
const openSocket = (url: string) => new WebSocket(url) as unknown as Socket;
const furlong = new Furlong({ baseUrl: proxy.url, openSocket });
await furlong.signIn(login, password);
const heard = new Set<string>();
furlong.subscribe({
  channel: "bets",
  tell: ({ op, data }) => {
    const told = data as { bet?: Bet; bets?: Bet[] };
    for (const bet of op === "snapshot" ? (told.bets ?? []) : told.bet === undefined ? [] : [told.bet]) {
      if (bet.status !== "pending") heard.add(bet.id);
    }
  },
});

const accepted = new Map<string, Bet>();
let begun = 0;
let refused = 0;
async function placeSome(): Promise<void> {
  while (accepted.size < COUNT || proxy.drops() < DROPS_MIN) {
    begun += 1;
    const client_ref = `${RUN}-${begun}`;
    const market = await openMarket(furlong);
    const selection = market.selections[begun % market.selections.length];
    assert.ok(selection !== undefined);
    const leg = { selection_id: selection.id, price: selection.price, market_version: market.version };
    const stake = { amount: "0.10", currency: "EUR" };
    try {
      const slip = { type: "single", legs: [leg], stake, price_policy: "any", client_ref } as const;
      accepted.set(client_ref, await furlong.placeBet(slip, { patienceMs: PATIENCE_MS }));
    } catch (error) {
      // A market that moves may refuse; that is an answer, and the bet must then not stand.
      if (!(error instanceof Refused)) throw error;
      refused += 1;
    }
    await new Promise((go) => setTimeout(go, LOOK_MS));
    if (begun % 100 === 0) console.error(`${accepted.size} of ${COUNT}, ${proxy.drops()} drops`);
  }
}
const startedAt = performance.now();
await Promise.all(Array.from({ length: AT_ONCE }, placeSome));
const seconds = (performance.now() - startedAt) / 1_000;

const direct = new Furlong({ baseUrl: house, openSocket });
await direct.signIn(login, password);
const found = await listed(direct);
assert.ok(proxy.drops() >= DROPS_MIN);
const lost = [...accepted].filter(([ref, bet]) => found.get(ref)?.[0]?.id !== bet.id);
const doubled = [...found].filter(([, same]) => same.length > 1);
const unasked = [...found].filter(([ref, [bet]]) => !accepted.has(ref) && bet?.status === "accepted");
assert.deepEqual({ lost, doubled, unasked }, { lost: [], doubled: [], unasked: [] });

// The stream was cut as often; in the end it has told each bet.
const unheard = () => [...accepted.values()].filter((bet) => !heard.has(bet.id));
const giveUpAt = performance.now() + 30_000;
while (unheard().length > 0 && performance.now() < giveUpAt) {
  await new Promise((again) => setTimeout(again, 100));
}
assert.equal(unheard().length, 0, "accepted bets that the stream never told");
await furlong.stop();
proxy.close();
console.log(
  `${accepted.size} bets accepted, ${refused} refused, ${proxy.drops()} drops in ${seconds.toFixed(1)} s: ` +
    "none lost, none doubled, all told by the stream",
);
