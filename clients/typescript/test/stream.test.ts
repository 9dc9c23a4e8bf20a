import assert from "node:assert/strict";
import test from "node:test";
import { Furlong, type Change } from "../src/index.js";
import { HeldWorld, PlayedSocket, played } from "./held.js";

const snapshot = (seq: number) => ({ op: "snapshot", channel: "bets", seq, resume: `r${seq}`, data: { bets: [] } });
const delta = (seq: number) => ({ op: "delta", channel: "bets", seq, resume: `r${seq}`, data: { bet: seq } });
const LET_IN = { op: "status", id: "bets", status: "success" };

async function following(answers: Parameters<typeof played>[0] = []) {
  const world = new HeldWorld();
  const sockets: PlayedSocket[] = [];
  const told: Change[] = [];
  const { fetch, asked } = played(answers);
  const openSocket = () => {
    const socket = new PlayedSocket();
    sockets.push(socket);
    return socket;
  };
  const furlong = new Furlong({ baseUrl: "http://house", fetch, world, openSocket });
  furlong.subscribe({ channel: "bets", tell: (change) => told.push(change) });
  await world.pass(0);
  const newest = () => sockets.at(-1) as PlayedSocket;
  return { world, sockets, newest, told, asked, furlong };
}

const numbers = (told: Change[]) => told.map((change) => (change.data as { bet?: number }).bet ?? 0);

test("after a drop the channel goes on where it stopped", async () => {
  const { world, newest, sockets, told, furlong } = await following();
  newest().open();
  newest().tell(LET_IN);
  for (const message of [snapshot(1), delta(2), delta(3)]) newest().tell(message);
  newest().drop();
  await world.pass(1_000);
  assert.equal(sockets.length, 2);
  newest().open();
  assert.deepEqual(newest().sent, [{ op: "subscribe", id: "bets", channel: "bets", since: "r3" }]);
  for (const message of [delta(3), delta(4)]) newest().tell(message);
  assert.deepEqual(numbers(told), [0, 2, 3, 4]);
  await furlong.stop();
});

test("a gap is not delivered but asked for", async () => {
  const { newest, told, furlong } = await following();
  newest().open();
  for (const message of [snapshot(1), delta(3)]) newest().tell(message);
  assert.equal(newest().sent.at(-1)?.["since"], "r1");
  for (const message of [delta(2), delta(3)]) newest().tell(message);
  assert.deepEqual(numbers(told), [0, 2, 3]);
  await furlong.stop();
});

test("a heartbeat that is ahead of what was told is a gap", async () => {
  const { newest, furlong } = await following();
  newest().open();
  newest().tell(snapshot(1));
  newest().tell({ op: "heartbeat", channel: "bets", seq: 1, data: { interval_ms: 1_000 } });
  assert.equal(newest().sent.length, 1);
  newest().tell({ op: "heartbeat", channel: "bets", seq: 2, data: { interval_ms: 1_000 } });
  assert.equal(newest().sent.at(-1)?.["since"], "r1");
  await furlong.stop();
});

test("the pauses between sockets are 1, 2, 4, 8, 8 seconds, and begin anew once one is let in", async () => {
  const { world, newest, sockets, furlong } = await following(Array(20).fill([200, { items: [] }]));
  for (const [count, pause] of [1_000, 2_000, 4_000, 8_000, 8_000].entries()) {
    newest().drop();
    await world.pass(pause - 1);
    assert.equal(sockets.length, count + 1);
    await world.pass(1);
    assert.equal(sockets.length, count + 2);
  }
  newest().open();
  newest().tell(LET_IN);
  newest().drop();
  await world.pass(1_000);
  assert.equal(sockets.length, 7);
  await furlong.stop();
});

test("without a socket everything is polled every ten seconds, and with one no more", async () => {
  const { world, newest, told, asked, furlong } = await following(Array(9).fill([200, { items: [7] }]));
  for (const pause of [1_000, 2_000]) {
    newest().drop();
    await world.pass(pause);
  }
  assert.deepEqual([asked.length, furlong.stream.by], [0, "connecting"]);
  newest().drop();
  await world.pass(0);
  assert.deepEqual([asked.length, furlong.stream.by], [1, "polling"]);
  assert.deepEqual(told, [{ op: "snapshot", channel: "bets", data: { bets: [7] }, by: "polling" }]);
  await world.pass(10_000);
  assert.equal(asked.length, 2);
  newest().open();
  newest().tell(LET_IN);
  await world.pass(60_000);
  assert.equal(asked.length, 2);
  await furlong.stop();
});

test("a socket that is silent for three heartbeats is given up", async () => {
  const { world, newest, sockets, furlong } = await following();
  newest().open();
  newest().tell({ op: "heartbeat", data: { interval_ms: 1_000 } });
  const [first] = sockets;
  await world.pass(14_000);
  newest().tell({ op: "heartbeat", data: { interval_ms: 1_000 } });
  await world.pass(2_999);
  assert.equal(first?.closed, false);
  await world.pass(1);
  assert.equal(first?.closed, true);
  await furlong.stop();
});

test("who is not let in is told, and stays out", async () => {
  const world = new HeldWorld();
  const socket = new PlayedSocket();
  const codes: string[] = [];
  const furlong = new Furlong({ baseUrl: "http://house", world, openSocket: () => socket, fetch: played([]).fetch });
  furlong.subscribe({ channel: "account", tell: () => undefined, refused: (code) => codes.push(code) });
  await world.pass(0);
  socket.open();
  const error = { error_code: "authentication_required", error_message: "sign in" };
  socket.tell({ op: "status", id: "account", status: "failure", ...error });
  assert.deepEqual(codes, ["authentication_required"]);
  await furlong.stop();
});

test("what is stopped opens nothing more", async () => {
  const { world, newest, sockets, furlong } = await following();
  newest().open();
  const stopping = furlong.stop();
  newest().drop();
  await stopping;
  await world.pass(60_000);
  assert.equal(sockets.length, 1);
});
