import assert from "node:assert/strict";
import test from "node:test";
import { Furlong, Refused, Unanswered, pauseMs, type Slip } from "../src/index.js";
import { HeldWorld, played } from "./held.js";

const SLIP: Slip = {
  type: "single",
  legs: [{ selection_id: "sel_1", price: "2.00", market_version: 1 }],
  stake: { amount: "1.00", currency: "EUR" },
};
const TOKENS = { access_token: "one", refresh_token: "r1", expires_in: 600 };
const BET = { id: "bet_1", status: "accepted" };
const problem = (status: number, code: string) => [status, { title: code, status, code }] as const;

function customer(answers: Parameters<typeof played>[0]) {
  const world = new HeldWorld();
  const { fetch, asked } = played(answers);
  return { world, asked, furlong: new Furlong({ baseUrl: "http://house", fetch, world }) };
}

test("pauses are 1, 2, 4, then always 8 seconds, up to a half shorter", () => {
  assert.deepEqual([1, 2, 3, 4, 5, 90].map((n) => pauseMs(n, 0)), [1e3, 2e3, 4e3, 8e3, 8e3, 8e3]);
  assert.equal(pauseMs(2, 0.5), 1_500);
  assert.equal(pauseMs(0, 0), 1_000);
});

test("a dropped connection asks again with the same key", async () => {
  const { world, asked, furlong } = customer(["drop", "drop", [201, BET]]);
  const bet = furlong.placeBet(SLIP);
  await world.pass(3_000);
  assert.deepEqual(await bet, BET);
  assert.deepEqual(world.waits, [1_000, 2_000]);
  assert.equal(new Set(asked.map((ask) => ask.key)).size, 1);
  assert.notEqual(asked[0]?.key, undefined);
});

test("a bet that is pending is asked for until it is decided", async () => {
  const { world, furlong } = customer([[202, { ...BET, status: "pending" }], [200, BET]]);
  const bet = furlong.placeBet(SLIP);
  await world.pass(250);
  assert.deepEqual(await bet, BET);
});

test("two bets have two keys, unless told", async () => {
  const { asked, furlong } = customer([[201, BET], [201, BET], [201, BET]]);
  await furlong.placeBet(SLIP);
  await furlong.placeBet(SLIP);
  await furlong.placeBet(SLIP, { idempotencyKey: "mine" });
  assert.notEqual(asked[0]?.key, asked[1]?.key);
  assert.equal(asked[2]?.key, "mine");
});

test("what is refused is not asked again", async () => {
  const { world, asked, furlong } = customer([problem(409, "price_changed")]);
  await assert.rejects(furlong.placeBet(SLIP), (error) => {
    assert.ok(error instanceof Refused);
    return error.problem.code === "price_changed";
  });
  assert.deepEqual([asked.length, world.waits], [1, []]);
});

test("an outcome that is unknown is asked for again, and never told as refused", async () => {
  const unknown = problem(503, "outcome_unknown");
  const { world, furlong } = customer([unknown, unknown]);
  const bet = furlong.placeBet(SLIP, { patienceMs: 2_500 });
  const told = assert.rejects(bet, Unanswered);
  await world.pass(2_500);
  await told;
});

test("a token that ended is renewed once for all who ask", async () => {
  const renewed = { ...TOKENS, access_token: "two" };
  const expired = problem(401, "token_expired");
  const { asked, furlong } = customer([[200, TOKENS], expired, expired, [200, renewed], [200, 1], [200, 2]]);
  await furlong.signIn("me", "secret");
  assert.deepEqual(await Promise.all([furlong.get("/v1/bets"), furlong.get("/v1/account")]), [1, 2]);
  assert.equal(asked.filter((ask) => ask.path === "/v1/auth/refresh").length, 1);
  assert.equal(asked.at(-1)?.token, "Bearer two");
});

test("a token is renewed before it ends", async () => {
  const { world, asked, furlong } = customer([[200, TOKENS], [200, TOKENS], [200, 1]]);
  await furlong.signIn("me", "secret");
  await world.pass(480_000);
  await furlong.get("/v1/bets");
  assert.deepEqual(asked.map((ask) => ask.path), ["/v1/auth/login", "/v1/auth/refresh", "/v1/bets"]);
});
