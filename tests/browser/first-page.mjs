// Looks at the first page as a newcomer does: the board moves, the demo customer signs in, a bet of 1.00
// is placed and becomes accepted, the balance follows, a passkey is made and signs in. Starts no server: it takes the address of one.
//
//   node first-page.mjs http://localhost:7400 [folder for screenshots]
//
// CHROMIUM names the browser (default /usr/bin/chromium). Ends within 60 s; exit code 0 only if all passed.

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { chromium } from "playwright-core";

const TOTAL_MS_MAX = 60_000;
const STEP_MS_MAX = 20_000;
const PLACEMENTS_MAX = 8;
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

const [address, shots] = process.argv.slice(2);
if (!address || !/^https?:\/\//.test(address)) {
  process.stderr.write("usage: node first-page.mjs URL [SCREENSHOT_FOLDER]\n");
  process.exit(2);
}

const deadline = Date.now() + TOTAL_MS_MAX;
const left = (wanted = STEP_MS_MAX) => Math.max(1, Math.min(wanted, deadline - Date.now() - 2000));
const tally = { passed: 0, failed: 0 };
const complaints = [];

/** One named check; a failed one is told with its reason and the rest that depends on it is left out. */
async function check(name, act) {
  const began = Date.now();
  try {
    const said = await act();
    tally.passed += 1;
    process.stdout.write(`ok      ${name}${said ? `: ${said}` : ""} (${Date.now() - began} ms)\n`);
    return true;
  } catch (error) {
    tally.failed += 1;
    process.stdout.write(`FAILED  ${name}: ${String(error.message).split("\n")[0]}\n`);
    return false;
  }
}

function must(condition, message) {
  if (!condition) throw new Error(message);
}

function finish() {
  process.stdout.write(`${tally.passed} passed, ${tally.failed} failed\n`);
  process.exit(tally.failed === 0 && tally.passed > 0 ? 0 : 1);
}

/** Console errors count, except the browser's own line for a refused bet: a refusal is an answer. */
function listenForComplaints(page) {
  page.on("pageerror", (error) => complaints.push(`uncaught: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() !== "error") return;
    const refusedBet = /status of (409|422)/.test(message.text()) && /\/v1\/bets$/.test(message.location().url);
    if (!refusedBet) complaints.push(`${message.text()} (${message.location().url})`);
  });
}

async function screenshot(page, name) {
  if (shots) await page.screenshot({ path: join(shots, `${name}.png`) });
}

async function boardMoves(page) {
  await page.waitForSelector("button.price:not([disabled]) .num", { timeout: left() });
  await page.evaluate(() => {
    window.firstSeen = new Map();
    for (const button of document.querySelectorAll("button.price:not([disabled])")) {
      window.firstSeen.set(button.dataset.selection, button.querySelector(".num").textContent);
    }
  });
  const moved = await page.waitForFunction(() => {
    for (const button of document.querySelectorAll("button.price:not([disabled])")) {
      const before = window.firstSeen.get(button.dataset.selection);
      const now = button.querySelector(".num").textContent;
      if (before !== undefined && before !== now && /^\d+\.\d+$/.test(before) && /^\d+\.\d+$/.test(now)) {
        return `${button.getAttribute("aria-label")}, was ${before}`;
      }
    }
    return null;
  }, undefined, { timeout: left(), polling: 50 });
  return moved.jsonValue();
}

async function isLive(page) {
  await page.waitForSelector('#connection[data-state="live"]', { timeout: left(10_000) });
}

async function signIn(page) {
  await page.click("#demo-sign-in", { timeout: left() });
  await page.waitForFunction(() => /\d/.test(document.getElementById("cash").textContent), undefined, { timeout: left() });
  return page.textContent("#cash");
}

/** The next open selection not tried yet, quiet fixtures before those in play. */
async function chooseSelection(page, tried) {
  const found = await page.evaluate((before) => {
    const groups = ["#rows-upcoming", "#rows-in-play"];
    const open = groups.flatMap((group) => [...document.querySelectorAll(`${group} button.price:not([disabled])`)]);
    const fresh = open.find((button) => !before.markets.includes(button.dataset.market));
    return fresh ? { selection: fresh.dataset.selection, market: fresh.dataset.market } : null;
  }, tried);
  must(found, "no open selection is left to try");
  tried.markets.push(found.market);
  await page.click(`button.price[data-selection="${found.selection}"]`, { timeout: left(2000) });
}

async function place(page) {
  const tried = { markets: [] };
  let last = "nothing was tried";
  for (let attempt = 0; attempt < PLACEMENTS_MAX && left() > 1; attempt += 1) {
    const known = await page.$$eval("#bet-rows tr", (rows) => rows.map((row) => row.dataset.bet));
    try {
      await clearSlip(page);
      await chooseSelection(page, tried);
      await page.selectOption("#policy", "any");
      await page.fill("#stake", "1.00");
      await page.click("#place:not([disabled])", { timeout: left(2000) });
      const end = await outcome(page, known);
      if (end.state === "rejected" || end.state === "refused") last = end.text;
      else return end.text;
    } catch (error) {
      last = error.message.split("\n")[0];
    }
  }
  throw new Error(`no bet was accepted; the last one: ${last}`);
}

async function clearSlip(page) {
  const clear = page.locator("#slip-clear");
  if (await clear.isVisible()) await clear.click({ timeout: left(2000) });
}

/** Waits for the new row in "My bets" to leave pending, or for the page to show a refusal. */
async function outcome(page, known) {
  const seen = await page.waitForFunction((before) => {
    const row = [...document.querySelectorAll("#bet-rows tr")].find((candidate) => !before.includes(candidate.dataset.bet));
    if (row && !["pending", "referred"].includes(row.dataset.state)) return { state: row.dataset.state, text: row.innerText.replace(/\s+/g, " ").trim() };
    const message = document.getElementById("slip-message");
    const refused = !row && !message.hidden && ["bad", "wait"].includes(message.dataset.kind) && document.getElementById("place").textContent !== "Placing …";
    return refused ? { state: "refused", text: message.textContent } : null;
  }, known, { timeout: left(), polling: 50 });
  return seen.jsonValue();
}

async function balanceFollows(page, before) {
  await page.waitForFunction(
    (was) => `${document.getElementById("cash").textContent}|${document.getElementById("held").textContent}` !== was,
    before,
    { timeout: left(10_000), polling: 50 },
  );
  return `${before.replace("|", " + ")} → ${await balance(page).then((now) => now.replace("|", " + "))}`;
}

async function balance(page) {
  return `${await page.textContent("#cash")}|${await page.textContent("#held")}`;
}

/** An authenticator of the browser's own, with a user who always agrees. */
async function plugInAuthenticator(page) {
  const tools = await page.context().newCDPSession(page);
  await tools.send("WebAuthn.enable");
  const options = {
    protocol: "ctap2",
    transport: "internal",
    hasResidentKey: true,
    hasUserVerification: true,
    isUserVerified: true,
    automaticPresenceSimulation: true,
  };
  const { authenticatorId } = await tools.send("WebAuthn.addVirtualAuthenticator", { options });
  return async () => (await tools.send("WebAuthn.getCredentials", { authenticatorId })).credentials;
}

async function addPasskey(page) {
  const held = await plugInAuthenticator(page);
  await page.click("#passkey-add", { timeout: left() });
  const said = await page.waitForSelector("#sign-in-error:not([hidden])", { timeout: left() });
  must((await said.textContent()) === "The passkey is kept.", await said.textContent());
  must((await held()).length === 1, "the authenticator has made none");
}

/** Nothing of who was here is left on the page or in the browser's stores. */
async function signOutLeavesNothing(page) {
  await page.click("#sign-out", { timeout: left() });
  await page.waitForFunction(() => document.getElementById("cash").textContent === "–", undefined, { timeout: left() });
  const kept = await page.evaluate(() => ({
    bets: document.querySelectorAll("#bet-rows tr[data-bet]").length,
    stores: localStorage.length + sessionStorage.length,
    cookies: document.cookie,
  }));
  must(kept.bets === 0 && kept.stores === 0 && kept.cookies === "", JSON.stringify(kept));
}

async function signInWithPasskey(page) {
  await page.click("#passkey-sign-in", { timeout: left() });
  await page.waitForFunction(() => /\d/.test(document.getElementById("cash").textContent), undefined, { timeout: left() });
  return page.textContent("#cash");
}

/** The part of an accessibility audit that needs no library. */
async function accessible(page) {
  const faults = await page.evaluate(() => {
    const list = [];
    const visible = (element) => element.checkVisibility();
    if (!document.title.trim()) list.push("no title");
    if (!document.documentElement.lang) list.push("no lang");
    if (document.querySelectorAll("h1").length !== 1) list.push("not exactly one h1");
    if (!document.querySelector("main")) list.push("no main");
    const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
    for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) list.push(`id twice: ${id}`);
    for (const field of document.querySelectorAll("input, select, textarea")) {
      if (field.labels.length === 0 && !field.getAttribute("aria-label")) list.push(`no label: ${field.id || field.name}`);
    }
    for (const control of document.querySelectorAll("button, a[href]")) {
      const name = control.getAttribute("aria-label") ?? control.textContent;
      if (visible(control) && !name.trim()) list.push(`no name: ${control.outerHTML.slice(0, 80)}`);
    }
    for (const table of document.querySelectorAll("table")) {
      if (!table.caption && !table.getAttribute("aria-labelledby")) list.push("a table without a name");
      if (visible(table) && !table.querySelector("th[scope]")) list.push("a table without headers");
    }
    for (const element of document.querySelectorAll("[aria-labelledby], [aria-describedby]")) {
      for (const name of ["aria-labelledby", "aria-describedby"]) {
        const id = element.getAttribute(name);
        if (id && !document.getElementById(id)) list.push(`${name} names nothing: ${id}`);
      }
    }
    if (!document.querySelector('[aria-live="polite"], [role="status"]')) list.push("no live region");
    return list;
  });
  must(faults.length === 0, faults.join("; "));
}

async function fitsNarrow(page) {
  await page.setViewportSize({ width: 320, height: 800 });
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  must(width <= 320, `the page is ${width} px wide in a window of 320`);
}

const overdue = setTimeout(() => {
  tally.failed += 1;
  process.stdout.write(`FAILED  not done after ${TOTAL_MS_MAX / 1000} s\n`);
  finish();
}, TOTAL_MS_MAX);

let browser = null;
const started = await check("Chromium starts", async () => {
  if (shots) await mkdir(shots, { recursive: true });
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM || "/usr/bin/chromium", args: FLAGS, timeout: left() });
  return browser.version();
});

if (started) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  listenForComplaints(page);
  const opened = await check("the page opens", async () => {
    const response = await page.goto(address, { timeout: left(), waitUntil: "domcontentloaded" });
    must(response.ok(), `status ${response.status()}`);
  });
  if (opened) {
    await check("the board moves", () => boardMoves(page));
    await check("the connection is live", () => isLive(page));
    await screenshot(page, "1-board");
    if (await check("the demo customer signs in", () => signIn(page))) {
      const before = await balance(page);
      if (await check("a bet of 1.00 is accepted", () => place(page))) {
        await check("the balance follows", () => balanceFollows(page, before));
      }
      await screenshot(page, "2-bet");
      const made = await check("a passkey is made", () => addPasskey(page));
      await check("signing out leaves nothing", () => signOutLeavesNothing(page));
      if (made) {
        await check("the passkey signs in", () => signInWithPasskey(page));
      }
    }
    await check("names, labels and roles are there", () => accessible(page));
    await check("320 pixels are enough", () => fitsNarrow(page));
    await screenshot(page, "3-narrow");
    await check("the console holds no error", async () => must(complaints.length === 0, complaints.join("; ")));
  }
  await browser.close();
}
clearTimeout(overdue);
finish();
