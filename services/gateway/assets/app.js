// The first page: the board, a slip, the bets and the balance, fed by the public API only.
//
// It decides nothing. Every state shown came from the server; what the page adds is which price the
// customer has taken, and one idempotency key for each intention to place, kept until the answer is final.
// Amounts and prices stay decimal strings; the little arithmetic that is shown uses BigInt.
//
// Reading order: names, decimals, requests, session, market data, board, slip, bets, stream, polling, start.

// ---- Names -------------------------------------------------------------------------------------

const BACKOFF_MS = [1000, 2000, 4000, 8000];
const POLL_EVERY_MS = 10_000;
const POLL_MARKETS_MAX = 8; // keeps the fallback under 100 requests a minute
const FIXTURE_PAGES_MAX = 5;
const STALE_AFTER_MS = 3000;
const MOVE_SHOWN_MS = 6000;
const SPEAK_EVERY_MS = 5000;
const ASK_AGAIN_MAX = 4;
const REFRESH_BEFORE_MS = 60_000;

const SUSPENDED = "suspended";
const OPEN = "open";
const ENDED = new Set(["closed", "settled"]);

const byId = (id) => document.getElementById(id);

/** Builds an element; text goes in as text, never as markup. */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "text") element.textContent = value;
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** Writes text only when it differs, so that nothing is laid out or spoken twice. */
function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/** A random key; crypto.randomUUID exists only on secure origins, a laptop's address is not one. */
function randomKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// ---- Decimals ----------------------------------------------------------------------------------

/** Reads "12.50" as {units: 1250n, scale: 2}, or null. */
function decimal(text) {
  const match = /^(-?)(\d{1,15})(?:\.(\d{1,8}))?$/.exec(String(text).trim());
  if (!match) return null;
  const fraction = match[3] ?? "";
  const units = BigInt(match[2] + fraction);
  return { units: match[1] ? -units : units, scale: fraction.length };
}

function compareDecimals(left, right) {
  const a = decimal(left);
  const b = decimal(right);
  if (!a || !b) return 0;
  const scale = Math.max(a.scale, b.scale);
  const difference = a.units * 10n ** BigInt(scale - a.scale) - b.units * 10n ** BigInt(scale - b.scale);
  return difference > 0n ? 1 : difference < 0n ? -1 : 0;
}

/** The product of positive decimals with two places, half to even, as the house rounds; null if one is none. */
function productOf(texts) {
  let units = 1n;
  let scale = 0;
  for (const text of texts) {
    const factor = decimal(text);
    if (!factor || factor.units < 0n) return null;
    units *= factor.units;
    scale += factor.scale;
  }
  if (scale <= 2) return withTwoPlaces(units * 10n ** BigInt(2 - scale));
  const divisor = 10n ** BigInt(scale - 2);
  const twice = (units % divisor) * 2n;
  let cents = units / divisor;
  if (twice > divisor || (twice === divisor && cents % 2n === 1n)) cents += 1n;
  return withTwoPlaces(cents);
}

function withTwoPlaces(cents) {
  const digits = cents.toString().padStart(3, "0");
  return `${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

/** "1234.50" and {amount, currency} both become "1,234.50 EUR". */
function money(value, currency = account.currency) {
  if (value === undefined || value === null) return "–";
  const amount = typeof value === "object" ? value.amount : value;
  const unit = typeof value === "object" && value.currency ? value.currency : currency;
  return `${String(amount).replace(/\B(?=(\d{3})+(?:\.|$))/g, ",")}${unit ? ` ${unit}` : ""}`;
}

// ---- Requests ----------------------------------------------------------------------------------

/**
 * One request. Never throws: status 0 means that no answer came.
 * A 401 on a signed-in request is answered once with a fresh token.
 */
async function request(method, path, { body, headers = {}, signedIn = false, retried = false } = {}) {
  const sent = { Accept: "application/json", ...headers };
  if (body !== undefined) sent["Content-Type"] = "application/json";
  if (signedIn) sent.Authorization = `Bearer ${await freshToken()}`;
  let response;
  try {
    response = await fetch(path, { method, headers: sent, body, cache: "no-store", credentials: "omit" });
  } catch {
    return { ok: false, status: 0, data: { detail: "The server cannot be reached." } };
  }
  if (response.status === 401 && signedIn && !retried && (await refreshSession())) {
    return request(method, path, { body, headers, signedIn, retried: true });
  }
  const data = await response.json().catch(() => ({}));
  const retryAfter = Number(response.headers.get("Retry-After")) || 0;
  return { ok: response.ok, status: response.status, data: data ?? {}, retryAfter };
}

/** A problem in words: the server's own sentence comes first. */
function inWords({ status, data, retryAfter }) {
  const sentence = data.detail || data.title || `The server answered ${status} without an explanation.`;
  if (status === 429 && retryAfter) return `${sentence} Try again in ${retryAfter} s.`;
  return sentence;
}

// ---- Session -----------------------------------------------------------------------------------

// Tokens live in memory only: a reload signs out, and a copied tab can never reuse a rotated token.
const session = { token: null, refreshToken: null, login: "", expiresAt: 0, refreshing: null };
const account = { currency: "EUR", changes: 0 };
let demo = null;

async function lookForDemo() {
  const answer = await request("GET", "/v1/dev/demo");
  demo = answer.ok && answer.data.login ? answer.data : null;
  showSession();
}

async function signIn(login, password) {
  byId("sign-in-error").hidden = true;
  const answer = await request("POST", "/v1/auth/login", { body: JSON.stringify({ login, password }) });
  if (!answer.ok) {
    tellAtSignIn(inWords(answer));
    return;
  }
  begin(answer.data, login);
}

function tellAtSignIn(words) {
  byId("sign-in-error").textContent = words;
  byId("sign-in-error").hidden = false;
}

function begin(data, login) {
  keepTokens(data);
  session.login = login;
  showSession();
  stream.signedIn();
  refreshBalance();
  refreshBets();
}

/** Whether this browser reads and writes passkeys as the server does, on a page where it may. */
const passkeys = Boolean(window.isSecureContext && window.PublicKeyCredential?.parseRequestOptionsFromJSON);

async function signInWithPasskey() {
  byId("sign-in-error").hidden = true;
  const asked = await request("POST", "/v1/auth/passkey/options", { body: "{}" });
  if (!asked.ok) return tellAtSignIn(inWords(asked));
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(asked.data.publicKey);
  const credential = await navigator.credentials.get({ publicKey }).catch(() => null);
  if (!credential) return tellAtSignIn("No passkey was used.");
  const body = JSON.stringify({ ticket: asked.data.ticket, credential: credential.toJSON() });
  const answer = await request("POST", "/v1/auth/passkey", { body });
  if (!answer.ok) return tellAtSignIn(inWords(answer));
  begin(answer.data, "passkey");
}

async function addPasskey() {
  byId("sign-in-error").hidden = true;
  const named = JSON.stringify({ name: session.login || "furlong" });
  const asked = await request("POST", "/v1/account/passkeys/options", { body: named, signedIn: true });
  if (!asked.ok) return tellAtSignIn(inWords(asked));
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(asked.data.publicKey);
  const credential = await navigator.credentials.create({ publicKey }).catch(() => null);
  if (!credential) return tellAtSignIn("No passkey was made.");
  const body = JSON.stringify({ ticket: asked.data.ticket, credential: credential.toJSON() });
  const answer = await request("POST", "/v1/account/passkeys", { body, signedIn: true });
  tellAtSignIn(answer.ok ? "The passkey is kept." : inWords(answer));
}

function keepTokens(data) {
  session.token = data.access_token;
  session.refreshToken = data.refresh_token ?? session.refreshToken;
  session.expiresAt = Date.now() + (Number(data.expires_in) || 300) * 1000;
}

/** The access token, renewed shortly before it ends. */
async function freshToken() {
  if (session.token && Date.now() > session.expiresAt - REFRESH_BEFORE_MS && session.refreshToken) await refreshSession();
  return session.token;
}

/** Rotates the tokens; parallel callers share one call, since a refresh token works once. */
function refreshSession() {
  session.refreshing ??= rotate().finally(() => { session.refreshing = null; });
  return session.refreshing;
}

async function rotate() {
  if (!session.refreshToken) return false;
  const answer = await request("POST", "/v1/auth/refresh", { body: JSON.stringify({ refresh_token: session.refreshToken }) });
  if (answer.ok) {
    keepTokens(answer.data);
    stream.renew();
    return true;
  }
  if (answer.status === 400 || answer.status === 401 || answer.status === 403) {
    forgetSession();
    byId("sign-in-error").textContent = "The session has ended. Sign in again.";
    byId("sign-in-error").hidden = false;
  }
  return false;
}

async function signOut() {
  const body = JSON.stringify({ refresh_token: session.refreshToken });
  const leaving = request("POST", "/v1/auth/logout", { body, headers: { Authorization: `Bearer ${session.token}` } });
  forgetSession();
  await leaving;
}

function forgetSession() {
  Object.assign(session, { token: null, refreshToken: null, login: "", expiresAt: 0 });
  bets.clear();
  sales.clear();
  slip.watched = null;
  clearMessage();
  for (const name of ["cash", "held", "bonus"]) setText(byId(name), "–");
  stream.signedOut();
  showSession();
  drawBets();
  drawSlip();
}

function showSession() {
  const inside = session.token !== null;
  byId("signed-in").hidden = !inside;
  byId("balance").hidden = !inside;
  byId("demo-sign-in").hidden = inside || demo === null;
  byId("login-form").hidden = inside || demo !== null;
  byId("passkey-sign-in").hidden = inside || !passkeys;
  byId("passkey-add").hidden = !inside || !passkeys;
  setText(byId("who"), session.login);
  drawSlip();
  drawBets();
}

function showBalance(data) {
  account.currency = data.currency ?? account.currency;
  for (const name of ["cash", "held", "bonus"]) {
    const field = byId(name);
    const text = money(data[name], name === "cash" ? account.currency : "");
    if (field.textContent === text) continue;
    const first = field.textContent === "–";
    field.textContent = text;
    if (!first) restartAnimation(field.parentElement, "changed");
  }
  byId("bonus-pair").hidden = !data.bonus || compareDecimals(data.bonus, "0") === 0;
  setText(byId("stake-currency"), account.currency);
}

function restartAnimation(element, name) {
  element.classList.remove(name);
  requestAnimationFrame(() => requestAnimationFrame(() => element.classList.add(name)));
}

/** Asks for the balance; a change on the stream meanwhile is newer and stands. */
async function refreshBalance(position) {
  if (!session.token) return;
  const before = account.changes;
  const query = position ? `?min_position=${encodeURIComponent(position)}` : "";
  const answer = await request("GET", `/v1/account/balance${query}`, { signedIn: true });
  if (answer.ok && session.token && before === account.changes) showBalance(answer.data);
}

// ---- Market data -------------------------------------------------------------------------------

const fixtures = new Map(); // fixture id → fixture as the API lists it
const markets = new Map(); // market id → {id, fixture_id, name, status, version, selections}
const labels = new Map(); // selection id → {pick, fixture}: bets keep their names after a market is gone
const moves = new Map(); // selection id → {direction, at}
const dirty = { fixtures: new Set(), markets: new Set(), asked: false };
let fixturesAsked = 0;

/** Reads the whole list; true when the server answered. */
async function refreshFixtures() {
  const seen = new Map();
  let cursor = null;
  fixturesAsked = Date.now();
  for (let page = 0; page < FIXTURE_PAGES_MAX; page += 1) {
    const query = cursor ? `&cursor=${encodeURIComponent(cursor)}` : "";
    const answer = await request("GET", `/v1/fixtures?limit=100${query}`);
    if (!answer.ok) {
      if (fixtures.size === 0) setText(byId("board-empty"), inWords(answer));
      return false;
    }
    for (const fixture of answer.data.items ?? []) seen.set(fixture.id, fixture);
    cursor = answer.data.next_cursor;
    if (!cursor) break;
  }
  if (!cursor) for (const id of fixtures.keys()) if (!seen.has(id)) forgetFixture(id);
  for (const fixture of seen.values()) takeFixture(fixture);
  setText(byId("board-empty"), "No fixtures yet. `furlong dev` brings its own; otherwise post some to /v1/feed/updates.");
  byId("board-empty").hidden = fixtures.size > 0;
  askForDrawing();
  return true;
}

/** Fetches the list soon, but at most every few seconds: a goal suspends many markets at once. */
function refreshFixturesSoon() {
  if (Date.now() - fixturesAsked < 4000) return;
  fixturesAsked = Date.now();
  setTimeout(refreshFixtures, 250);
}

function takeFixture(fixture) {
  fixtures.set(fixture.id, fixture);
  dirty.fixtures.add(fixture.id);
  for (const listed of fixture.markets ?? []) {
    const known = markets.get(listed.id);
    // The stream is newer than the list while it is live; the list fills what the stream has not named.
    if (!known) markets.set(listed.id, { ...listed, fixture_id: fixture.id, version: -1, selections: [] });
    else if ((!stream.isLive() || ENDED.has(listed.status)) && known.status !== listed.status) takeMarket({ ...known, status: listed.status }, false);
  }
}

function forgetFixture(id) {
  fixtures.delete(id);
  rows.get(id)?.remove();
  rows.delete(id);
  for (const [marketId, market] of markets) if (market.fixture_id === id) markets.delete(marketId);
}

/** Takes one market's book. An older version than the one shown is ignored, unless an image replaces all. */
function takeMarket(news, replaces) {
  const known = markets.get(news.id);
  if (known && !replaces && Number(news.version) < Number(known.version)) return;
  const market = {
    ...known,
    ...news,
    fixture_id: news.fixture_id ?? known?.fixture_id,
    selections: news.selections ?? known?.selections ?? [],
  };
  noteMoves(known, market);
  markets.set(market.id, market);
  dirty.markets.add(market.id);
  const fixture = fixtures.get(market.fixture_id);
  if (!fixture) refreshFixturesSoon();
  else if (known && known.status !== market.status) {
    speech.statusChanges += 1;
    refreshFixturesSoon();
  }
  for (const selection of market.selections) {
    labels.set(selection.id, { pick: selection.name, market: market.name, fixture: fixture?.name ?? "" });
  }
  stream.updates += 1;
  askForDrawing();
}

function noteMoves(known, market) {
  if (!known || market.status !== OPEN) return;
  const before = new Map(known.selections.map((selection) => [selection.id, selection.price]));
  for (const selection of market.selections) {
    if (!before.has(selection.id)) continue;
    const order = compareDecimals(selection.price, before.get(selection.id));
    if (order !== 0) moves.set(selection.id, { direction: order > 0 ? "up" : "down", at: Date.now() });
  }
}

function findSelection(selectionId) {
  const marketId = buttons.get(selectionId)?.marketId ?? slip.legs.find((leg) => leg.selectionId === selectionId)?.marketId;
  const market = markets.get(marketId);
  const selection = market?.selections.find((candidate) => candidate.id === selectionId);
  return selection ? { market, selection, fixture: fixtures.get(market.fixture_id) } : null;
}

// ---- Board -------------------------------------------------------------------------------------

const rows = new Map(); // fixture id → its two rows and how to paint them
const buttons = new Map(); // selection id → {marketId, all: Set of buttons}
const opened = new Set(); // fixture ids whose other markets are shown

const GROUPS = [
  { key: "in-play", title: "In play" },
  { key: "upcoming", title: "Upcoming" },
  { key: "finished", title: "Finished" },
];

function isInPlay(fixture) {
  return fixture.in_play === true || /^(in[-_ ]?play|live|started)$/i.test(fixture.status ?? "");
}

function groupOf(fixture) {
  if (/^(finished|ended|closed|settled|resulted|cancelled|abandoned|complete|completed)$/i.test(fixture.status ?? "")) return "finished";
  return isInPlay(fixture) ? "in-play" : "upcoming";
}

function scoreOf(fixture) {
  const score = fixture.score;
  if (score === undefined || score === null) return "";
  if (typeof score !== "object") return String(score).replace("-", "–");
  return score.home !== undefined ? `${score.home}–${score.away}` : "";
}

function severalSports() {
  const first = fixtures.values().next().value?.sport;
  for (const fixture of fixtures.values()) if (fixture.sport !== first) return true;
  return false;
}

function askForDrawing() {
  if (dirty.asked) return;
  dirty.asked = true;
  requestAnimationFrame(() => {
    dirty.asked = false;
    drawBoard();
    drawSlip();
  });
}

function drawBoard() {
  for (const id of dirty.markets) {
    const fixtureId = markets.get(id)?.fixture_id;
    if (fixtures.has(fixtureId)) dirty.fixtures.add(fixtureId);
  }
  for (const id of dirty.fixtures) if (fixtures.has(id)) drawFixture(fixtures.get(id));
  if (dirty.fixtures.size > 0) arrangeRows();
  dirty.fixtures.clear();
  dirty.markets.clear();
}

function marketsOf(fixture) {
  return (fixture.markets ?? []).map((listed) => markets.get(listed.id)).filter(Boolean);
}

function mainMarketOf(list) {
  const filled = list.filter((market) => market.selections.length > 0);
  return filled.find((market) => /match (odds|result|winner)|1x2|full.?time result|^winner$/i.test(market.name ?? "")) ?? filled[0] ?? list[0];
}

/** Paints a fixture in place; only a changed shape (other markets or selections) builds it anew. */
function drawFixture(fixture) {
  const list = marketsOf(fixture);
  const shape = JSON.stringify([
    opened.has(fixture.id),
    fixture.name,
    severalSports(),
    list.map((market) => [market.id, market.name, market.selections.map((selection) => [selection.id, selection.name])]),
  ]);
  const present = rows.get(fixture.id);
  if (!present || present.shape !== shape) buildFixture(fixture, list, shape, present);
  const row = rows.get(fixture.id);
  paintTime(row.when, fixture);
  for (const market of list) {
    for (const selection of market.selections) paintSelection(market, selection, fixture);
    const state = row.states.get(market.id);
    if (state) setText(state, market.status === OPEN ? "" : ` · ${market.status}`);
  }
}

function buildFixture(fixture, list, shape, present) {
  const focused = present?.contains(document.activeElement) ? document.activeElement : null;
  const focusedSelection = focused?.dataset.selection;
  present?.forget();

  const main = mainMarketOf(list);
  const when = make("td", { role: "cell", class: "when" });
  const row = make("tr", { role: "row", class: "fixture", id: fixture.id });
  const sport = fixture.sport && severalSports() ? make("small", { text: fixture.sport.replace(/_/g, " ") }) : null;
  row.append(when, make("th", { role: "rowheader", scope: "row", class: "name" }, fixture.name, sport));
  row.append(...mainCells(main, fixture));

  const others = list.filter((market) => market !== main || market.selections.length > 3);
  const isOpen = opened.has(fixture.id);
  const toggle = others.length === 0 ? null : make(
    "button",
    { type: "button", "aria-expanded": String(isOpen), "aria-label": `${others.length} more markets of ${fixture.name}`, onclick: () => toggleFixture(fixture.id) },
    `${isOpen ? "−" : "+"}${others.length}`,
  );
  row.append(make("td", { role: "cell", class: "more" }, toggle));

  const states = new Map();
  let detail = null;
  if (isOpen && others.length > 0) {
    row.classList.add("open");
    const grid = make("div", { class: "markets" }, ...others.map((market) => marketTable(market, fixture, states)));
    detail = make("tr", { role: "row", class: "detail" }, make("td", { role: "cell", colspan: "6" }, grid));
  }

  const entry = {
    shape, row, detail, when, states,
    contains: (element) => row.contains(element) || Boolean(detail?.contains(element)),
    forget() {
      for (const known of buttons.values()) for (const button of known.all) if (this.contains(button)) known.all.delete(button);
    },
    remove() { this.forget(); row.remove(); detail?.remove(); },
  };
  if (present) {
    present.row.replaceWith(row);
    present.detail?.remove();
    if (detail) row.after(detail);
  }
  rows.set(fixture.id, entry);
  if (focusedSelection) row.parentElement?.querySelector(`[data-selection="${CSS.escape(focusedSelection)}"]`)?.focus();
  else if (focused) toggle?.focus();
}

/** The three columns 1, X, 2. Two-way markets leave X empty, larger ones move below the row. */
function mainCells(market, fixture) {
  const selections = market?.selections ?? [];
  if (selections.length === 0 || selections.length > 3) {
    const over = fixture.status === "finished" || fixture.status === "cancelled";
    const none = over ? "betting is over" : "no prices yet";
    const text = selections.length > 3 ? `${selections.length} selections in ${market.name}` : none;
    return [make("td", { role: "cell", class: "slot blank", colspan: "3", text })];
  }
  const draw = selections.length === 3 ? selections.find((selection) => /^(the )?(draw|tie|x)$/i.test(selection.name)) ?? selections[1] : null;
  const sides = selections.filter((selection) => selection !== draw);
  return [sides[0], draw, sides[1]].map((selection) => selection
    ? make("td", { role: "cell", class: "slot" }, priceButton(market, selection, fixture))
    : make("td", { role: "cell", class: "slot blank", text: "–" }));
}

function marketTable(market, fixture, states) {
  const state = make("span", { class: "state" });
  states.set(market.id, state);
  return make(
    "table",
    { class: "market" },
    make("caption", {}, market.name ?? market.id, state),
    make("tbody", {}, ...market.selections.map((selection) => make(
      "tr",
      {},
      make("th", { scope: "row", text: selection.name }),
      make("td", {}, priceButton(market, selection, fixture)),
    ))),
  );
}

function priceButton(market, selection, fixture) {
  const button = make(
    "button",
    { type: "button", class: "price", "data-selection": selection.id, "data-market": market.id, onclick: () => toggleLeg(selection.id) },
    make("span", { class: "pick", text: selection.name }),
    make("span", { class: "num" }),
    make("span", { class: "move", "aria-hidden": "true" }),
  );
  if (!buttons.has(selection.id)) buttons.set(selection.id, { marketId: market.id, all: new Set() });
  buttons.get(selection.id).all.add(button);
  paintButton(button, market, selection, fixture);
  return button;
}

function paintSelection(market, selection, fixture) {
  for (const button of buttons.get(selection.id)?.all ?? []) paintButton(button, market, selection, fixture);
}

const SHORT_STATE = { suspended: "susp.", closed: "closed", settled: "settled" };

function paintButton(button, market, selection, fixture) {
  const takes = market.status === OPEN && Boolean(selection.price);
  const shown = takes ? selection.price : SHORT_STATE[market.status] ?? "–";
  const number = button.children[1];
  const move = moves.get(selection.id);
  if (takes && move && number.textContent !== shown && button.dataset.status === OPEN) {
    button.dataset.move = move.direction;
    button.dataset.tick = button.dataset.tick === "0" ? "1" : "0";
    button.children[2].textContent = move.direction === "up" ? "▲" : "▼";
  } else if (!takes) {
    clearMove(button);
  }
  setText(number, shown);
  if (button.disabled === takes) button.disabled = !takes;
  button.dataset.status = market.status;
  button.dataset.version = market.version;
  button.setAttribute("aria-pressed", String(slip.legs.some((leg) => leg.selectionId === selection.id)));
  button.setAttribute("aria-label", `${selection.name}, ${market.name}, ${fixture.name}: ${takes ? selection.price : market.status}`);
}

function clearMove(button) {
  delete button.dataset.move;
  button.children[2].textContent = "";
}

/** An arrow is news for a few seconds only. */
function sweepMoves() {
  const now = Date.now();
  for (const [selectionId, move] of moves) {
    if (now - move.at < MOVE_SHOWN_MS) continue;
    moves.delete(selectionId);
    for (const button of buttons.get(selectionId)?.all ?? []) clearMove(button);
  }
}

function toggleFixture(id) {
  if (!opened.delete(id)) opened.add(id);
  drawFixture(fixtures.get(id));
}

function paintTime(cell, fixture) {
  const text = JSON.stringify([fixture.status, fixture.start, fixture.in_play, fixture.score, fixture.minute]);
  if (cell.dataset.shown === text) return;
  cell.dataset.shown = text;
  const group = groupOf(fixture);
  const score = group === "upcoming" ? "" : scoreOf(fixture);
  const parts = [];
  if (score) parts.push(make("span", { class: "score", text: score, "aria-label": `score ${score.replace("–", " to ")}` }));
  if (group === "in-play") parts.push(make("span", { class: "playing", text: fixture.minute !== undefined && fixture.minute !== null ? `${fixture.minute}′` : "in play" }));
  else if (group === "finished") parts.push(make("span", { class: "muted", text: fixture.status.replace(/_/g, " ") }));
  else parts.push(make("time", { datetime: fixture.start, title: fixture.start, text: clock(fixture.start) }));
  cell.replaceChildren(...parts);
}

/** Local time, with the day when it is not today; the title keeps the UTC original. */
function clock(text) {
  const time = new Date(text);
  if (Number.isNaN(time.getTime())) return text ?? "";
  const hours = time.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hour12: false });
  if (time.toDateString() === new Date().toDateString()) return hours;
  return `${time.toLocaleDateString([], { day: "numeric", month: "short" })} ${hours}`;
}

/** Puts the rows into their groups by start and name, touching the document only where the order differs. */
function arrangeRows() {
  const grouped = new Map(GROUPS.map(({ key }) => [key, []]));
  for (const fixture of fixtures.values()) grouped.get(groupOf(fixture)).push(fixture);
  for (const { key, title } of GROUPS) {
    const list = grouped.get(key);
    const later = key === "finished" ? -1 : 1;
    list.sort((a, b) => later * String(a.start).localeCompare(String(b.start)) || a.name.localeCompare(b.name) || a.id.localeCompare(b.id));
    const wanted = list.flatMap((fixture) => [rows.get(fixture.id)?.row, rows.get(fixture.id)?.detail]).filter(Boolean);
    const body = byId(`rows-${key}`);
    body.hidden = wanted.length === 0;
    const head = body.querySelector(".group") ?? make("tr", { role: "row", class: "group" }, make("th", { role: "columnheader", scope: "rowgroup", colspan: "6" }));
    setText(head.firstChild, `${title} · ${list.length}`);
    wanted.unshift(head);
    if (wanted.length !== body.children.length || wanted.some((row, index) => body.children[index] !== row)) moveRows(body, wanted);
  }
}

/** Reorders without taking the focused element out of the document. */
function moveRows(body, wanted) {
  const focused = body.contains(document.activeElement) ? document.activeElement : null;
  for (const row of [...body.children]) if (!wanted.includes(row)) row.remove();
  wanted.forEach((row, index) => { if (body.children[index] !== row) body.insertBefore(row, body.children[index] ?? null); });
  if (focused && document.activeElement !== focused) focused.focus({ preventScroll: true });
}

function drawSummary() {
  let open = 0;
  let suspended = 0;
  for (const market of markets.values()) {
    if (market.status === OPEN) open += 1;
    else if (market.status === SUSPENDED) suspended += 1;
  }
  const parts = [`${fixtures.size} fixtures`, `${open} markets open`];
  if (suspended > 0) parts.push(`${suspended} suspended`);
  if (stream.isLive()) parts.push(`${stream.updatesLastSecond} books/s`);
  setText(byId("board-summary"), fixtures.size > 0 ? parts.join(" · ") : "");
}

// ---- Slip --------------------------------------------------------------------------------------

// attempt: body and key of the present intention. The same body keeps its key until the answer is final.
// watched: the id of the bet whose states the message below the slip follows.
const slip = { legs: [], attempt: null, busy: false, watched: null, until: null, placed: [] };

const BET_TYPES = { 1: "single", 2: "double", 3: "treble" };

function toggleLeg(selectionId) {
  const at = slip.legs.findIndex((leg) => leg.selectionId === selectionId);
  if (at >= 0) slip.legs.splice(at, 1);
  else addLeg(selectionId);
  if (!slip.watched) clearMessage();
  repaintPressed();
  drawSlip();
}

function addLeg(selectionId) {
  const found = findSelection(selectionId);
  if (!found) return;
  const sameFixture = slip.legs.findIndex((leg) => leg.fixtureId === found.market.fixture_id);
  const leg = {
    selectionId,
    marketId: found.market.id,
    fixtureId: found.market.fixture_id,
    price: found.selection.price,
    version: found.market.version,
    note: sameFixture >= 0 ? "replaces your other selection on this fixture" : "",
  };
  if (sameFixture >= 0) slip.legs.splice(sameFixture, 1, leg);
  else slip.legs.push(leg);
  if (slip.watched && !slip.until) { slip.watched = null; clearMessage(); }
  say("spoken-bets", `${found.selection.name} at ${found.selection.price} is on the slip.`);
}

function repaintPressed() {
  for (const [selectionId, known] of buttons) {
    const pressed = String(slip.legs.some((leg) => leg.selectionId === selectionId));
    for (const button of known.all) button.setAttribute("aria-pressed", pressed);
  }
}

/** What the market says about a leg now, and whether the policy lets the leg follow it silently. */
function followMarket(leg, policy) {
  const found = findSelection(leg.selectionId);
  if (!found) return { status: "gone", current: leg.price, order: 0 };
  const status = found.market.status;
  const order = status === OPEN ? compareDecimals(found.selection.price, leg.price) : 0;
  const follows = policy === "any" || (policy === "better" && order > 0);
  if (!slip.busy && status === OPEN && (order === 0 || follows)) {
    leg.price = found.selection.price;
    leg.version = found.market.version;
    return { status, current: leg.price, version: leg.version, order: 0 };
  }
  return { status, current: found.selection.price, version: found.market.version, order };
}

function drawSlip() {
  const policy = byId("policy").value;
  const views = slip.legs.map((leg) => followMarket(leg, policy));
  const any = slip.legs.length > 0;
  byId("slip-form").hidden = !any;
  byId("slip-empty").hidden = any || slip.watched !== null;
  byId("slip-clear").hidden = !any;
  setText(byId("slip-kind"), any ? BET_TYPES[slip.legs.length] ?? `accumulator of ${slip.legs.length}` : "");
  drawLegs(views);
  drawReturns();
  drawPlace(views);
  const jump = byId("slip-jump");
  jump.hidden = !any;
  if (any) setText(jump, `Bet slip · ${slip.legs.length === 1 ? "1 selection" : `${slip.legs.length} selections`} · ${productOf(slip.legs.map((leg) => leg.price)) ?? ""}`);
}

function drawLegs(views) {
  const list = byId("legs");
  const shape = slip.legs.map((leg) => leg.selectionId).join();
  if (list.dataset.shape !== shape) {
    list.dataset.shape = shape;
    list.replaceChildren(...slip.legs.map(legItem));
  }
  slip.legs.forEach((leg, index) => {
    const item = list.children[index];
    const view = views[index];
    const moved = view.order !== 0;
    const price = item.querySelector(".leg-price");
    const text = moved ? `${leg.price}>${view.current}` : leg.price;
    if (price.dataset.shown !== text) {
      price.dataset.shown = text;
      price.replaceChildren(...(moved
        ? [make("s", { text: leg.price }), ` ${view.current} `, make("span", { class: view.order > 0 ? "up" : "down", text: view.order > 0 ? "▲" : "▼" })]
        : [leg.price]));
    }
    const note = view.status === "gone" ? "no longer on the board" : view.status !== OPEN ? `market ${view.status}` : moved ? "the price has moved" : leg.note;
    setText(item.querySelector(".leg-note"), note);
  });
}

function legItem(leg) {
  const label = labels.get(leg.selectionId) ?? { pick: leg.selectionId, market: "", fixture: "" };
  return make(
    "li",
    {},
    make("span", { class: "leg-pick", text: label.pick }),
    make("span", { class: "leg-price" }),
    make("button", { type: "button", class: "leg-drop", "aria-label": `Remove ${label.pick}`, text: "×", onclick: () => { toggleLeg(leg.selectionId); byId("slip").focus(); } }),
    make("span", { class: "leg-where", text: [label.market, label.fixture].filter(Boolean).join(" · ") }),
    make("span", { class: "leg-note" }),
  );
}

/** The stake as the API wants it ("5" → "5.00"), or null when it is not an amount above zero. */
function stakeAmount() {
  const typed = byId("stake").value.trim().replace(",", ".");
  const parsed = decimal(typed);
  if (!parsed || parsed.units <= 0n || parsed.scale > 2) return null;
  return withTwoPlaces(parsed.units * 10n ** BigInt(2 - parsed.scale));
}

function drawReturns() {
  const stake = stakeAmount();
  byId("stake").setAttribute("aria-invalid", String(stake === null));
  const line = byId("returns");
  const total = stake === null ? null : productOf([stake, ...slip.legs.map((leg) => leg.price)]);
  const text = total === null ? "Enter a stake such as 5.00" : `Returns if it wins|${money(total)}`;
  if (line.dataset.shown === text) return;
  line.dataset.shown = text;
  const [label, amount] = text.split("|");
  line.replaceChildren(make("span", { text: label }), ...(amount ? [make("strong", { text: amount })] : []));
}

function drawPlace(views) {
  const button = byId("place");
  const moved = views.some((view) => view.order !== 0);
  const blocked = views.some((view) => view.status !== OPEN);
  button.disabled = slip.busy || stakeAmount() === null || blocked || session.token === null;
  const text = slip.busy ? "Placing …"
    : session.token === null ? "Sign in to place the bet"
    : blocked ? "Waiting for the market to open"
    : moved ? acceptText(views) : "Place bet";
  setText(button, text);
}

function acceptText(views) {
  const moved = views.filter((view) => view.order !== 0);
  return moved.length === 1 ? `Accept new price ${moved[0].current} and place` : "Accept new prices and place";
}

function onPlace(event) {
  event.preventDefault();
  if (byId("place").disabled) return;
  acceptNewPrices();
  place();
}

/** Takes the prices that the board shows now; the customer has just said so. */
function acceptNewPrices() {
  for (const leg of slip.legs) {
    const found = findSelection(leg.selectionId);
    if (!found || found.market.status !== OPEN) continue;
    leg.price = found.selection.price;
    leg.version = found.market.version;
  }
}

function slipBody() {
  return JSON.stringify({
    type: BET_TYPES[slip.legs.length] ?? "accumulator",
    legs: slip.legs.map((leg) => ({ selection_id: leg.selectionId, price: leg.price, market_version: Number(leg.version) })),
    stake: { amount: stakeAmount(), currency: account.currency },
    price_policy: byId("policy").value,
    each_way: false,
  });
}

async function place() {
  const body = slipBody();
  if (slip.attempt?.body !== body) slip.attempt = { body, key: randomKey() };
  slip.busy = true;
  slip.watched = null;
  clearMessage();
  drawSlip();
  const answer = await askUntilKnown(slip.attempt);
  slip.busy = false;
  if (session.token === null) return;
  if (answer.status === 201 || answer.status === 202) placed(answer.data);
  else refused(answer);
  drawSlip();
}

/** Sends one attempt; where the outcome is unknown it asks again with the same key, which is always safe. */
async function askUntilKnown(attempt) {
  for (let tries = 1; ; tries += 1) {
    const answer = await request("POST", "/v1/bets", {
      body: attempt.body,
      headers: { "Idempotency-Key": attempt.key, Prefer: "wait=2" },
      signedIn: true,
    });
    const unknown = answer.status === 0 || answer.status >= 500 || answer.data.code === "idempotency_key_in_flight";
    if (!unknown || tries === ASK_AGAIN_MAX || session.token === null) return answer;
    showMessage("wait", "Not known yet", `${inWords(answer)} Asking again with the same key.`);
    await sleep(Math.max(answer.retryAfter * 1000 || 0, BACKOFF_MS[tries - 1]));
  }
}

function placed(bet) {
  slip.attempt = null;
  slip.placed = slip.legs;
  slip.legs = [];
  slip.watched = bet.id;
  repaintPressed();
  takeBet(bet);
  refreshBets(bet.position);
  if (bet.position) setTimeout(() => refreshBalance(bet.position), 300);
  byId("slip").focus({ preventScroll: true });
}

function refused(answer) {
  const { data, status } = answer;
  const unknown = status === 0 || status >= 500 || data.code === "idempotency_key_in_flight";
  if (!unknown) slip.attempt = null;
  const points = (data.errors ?? []).map((error) => `${error.message}${error.pointer ? ` (${error.pointer})` : ""}`).filter((point) => point !== data.detail);
  if (data.code === "price_changed") {
    takeOffer(data.offered);
    showMessage("wait", "The price has changed", inWords(answer), points);
  } else if (unknown) {
    showMessage("wait", "Not known yet", `${inWords(answer)} The bet may stand; asking again never doubles it.`, points);
    addAction("Ask again", true, () => place());
  } else {
    showMessage("bad", TITLES[data.code] ?? "Not placed", inWords(answer), points);
    if (data.maximum !== undefined) addAction(`Use the maximum, ${money(data.maximum)}`, false, () => useStake(data.maximum));
    if (data.available !== undefined) addNote(`Available: ${money(data.available)}`);
  }
}

const TITLES = {
  market_suspended: "The market is suspended",
  insufficient_funds: "Not enough money",
  stake_above_limit: "The stake is above the limit",
};

/** The refusal is newer than the board: shows its prices there too, so that the button offers to accept them. */
function takeOffer(offered) {
  for (const offer of offered ?? []) {
    const market = findSelection(offer.selection_id)?.market;
    if (!market) continue;
    const selections = market.selections.map((selection) => selection.id === offer.selection_id ? { ...selection, price: offer.price } : selection);
    takeMarket({ ...market, version: offer.market_version ?? market.version, selections }, false);
  }
}

function useStake(amount) {
  byId("stake").value = typeof amount === "object" ? amount.amount : amount;
  clearMessage();
  drawSlip();
  byId("place").focus();
}

function showMessage(kind, title, text, points = []) {
  const box = byId("slip-message");
  box.dataset.kind = kind;
  const list = points.length > 0 ? make("ul", {}, ...points.map((point) => make("li", { text: point }))) : null;
  box.replaceChildren(make("strong", { text: title }), text, ...(list ? [list] : []));
  box.hidden = false;
  byId("slip-actions").replaceChildren();
  byId("slip-actions").hidden = true;
}

function addNote(text) {
  byId("slip-message").append(make("div", { text }));
}

function addAction(text, primary, act) {
  byId("slip-actions").append(make("button", { type: "button", class: primary ? "primary" : "", text, onclick: act }));
  byId("slip-actions").hidden = false;
}

function clearMessage() {
  for (const id of ["slip-message", "slip-actions", "countdown"]) byId(id).hidden = true;
  byId("slip-actions").replaceChildren();
  slip.until = null;
}

/** Puts the legs of a rejected slip back, at today's prices. */
function slipAgain() {
  const again = slip.placed;
  slip.watched = null;
  clearMessage();
  for (const leg of again) if (!slip.legs.some((present) => present.selectionId === leg.selectionId)) addLeg(leg.selectionId);
  repaintPressed();
  drawSlip();
}

// ---- Bets --------------------------------------------------------------------------------------

const bets = new Map(); // bet id → {bet, trail: [{state, at}]}
const BETS_SHOWN_MAX = 30;

const STATES = {
  pending: { kind: "wait", sign: "…" },
  referred: { kind: "wait", sign: "…" },
  accepted: { kind: "plain", sign: "✓" },
  won: { kind: "good", sign: "+" },
  "half won": { kind: "good", sign: "+" },
  lost: { kind: "plain", sign: "−" },
  "half lost": { kind: "plain", sign: "−" },
  "partly won": { kind: "good", sign: "+" },
  "partly lost": { kind: "plain", sign: "−" },
  void: { kind: "plain", sign: "○" },
  rejected: { kind: "bad", sign: "✕" },
  settled: { kind: "plain", sign: "=" },
  "cashed out": { kind: "good", sign: "=" },
};

/** The state in one word: a settled bet says how it ended when the server does. */
function stateOf(bet) {
  const status = String(bet.status ?? "").replace(/_/g, " ");
  const ended = status === "settled" ? bet.result ?? bet.outcome : null;
  return typeof ended === "string" ? ended.replace(/_/g, " ") : status;
}

async function refreshBets(position) {
  if (!session.token) return;
  const query = position ? `&min_position=${encodeURIComponent(position)}` : "";
  const answer = await request("GET", `/v1/bets?limit=${BETS_SHOWN_MAX}${query}`, { signedIn: true });
  if (answer.ok && session.token) for (const bet of answer.data.items ?? []) takeBet(bet, false);
  drawBets();
}

const RANK = { pending: 0, referred: 0, accepted: 1, rejected: 2 };
const rankOf = (state) => RANK[state] ?? 3;

/** Takes a bet's present state. A late answer to a request never takes a bet back behind the stream. */
function takeBet(bet, draw = true, fromStream = false) {
  if (!bet?.id) return;
  const known = bets.get(bet.id);
  const state = stateOf(bet);
  const before = known ? stateOf(known.bet) : null;
  if (known && !fromStream && stream.isLive() && rankOf(state) < rankOf(before)) return;
  const trail = known?.trail ?? [];
  if (state && trail.at(-1)?.state !== state) {
    trail.push({ state, at: new Date() });
    if (before !== null) say("spoken-bets", `Bet on ${picksOf({ ...known.bet, ...bet })}: ${state}.`);
  }
  bets.set(bet.id, { bet: { ...known?.bet, ...bet }, trail });
  if (slip.watched === bet.id) followWatched(bets.get(bet.id).bet);
  if (draw) drawBets();
}

/** The message below the slip follows the bet that was placed last, from pending to its end. */
function followWatched(bet) {
  const state = stateOf(bet);
  slip.until = state === "pending" || state === "referred" ? bet.until ?? bet.pending_until ?? null : null;
  byId("countdown").hidden = slip.until === null;
  const returns = bet.potential_return ? ` It may return ${money(bet.potential_return)}.` : "";
  const about = `${picksOf(bet)}${bet.price ? ` at ${bet.price}` : ""}, stake ${money(bet.stake)}.`;
  if (rankOf(state) === 0) showMessage("wait", "Placed, not accepted yet", about);
  else if (state === "accepted") showMessage("good", "Bet accepted", `${about}${returns}`);
  else if (state === "rejected") {
    showMessage("bad", "Bet rejected", `${reasonOf(bet)} The stake was not taken.`);
    if (slip.placed.length > 0) addAction("Put it back on the slip", false, slipAgain);
  } else showMessage(STATES[state]?.kind === "good" ? "good" : "plain", `Bet ${state}`, about);
  if (slip.until !== null) drawCountdown();
}

function reasonOf(bet) {
  const reason = bet.rejection ?? bet.reason ?? bet.code;
  if (typeof reason === "object" && reason !== null) return reason.detail ?? reason.message ?? reason.code ?? "";
  return bet.detail ?? (reason ? `${String(reason).replace(/_/g, " ")}.` : "");
}

function drawCountdown() {
  if (slip.until === null) return;
  const left = new Date(slip.until).getTime() - Date.now();
  setText(byId("countdown"), left > 0 ? `Decided in ${(left / 1000).toFixed(1)} s` : "Being decided …");
}

function picksOf(bet) {
  const legs = bet.legs ?? (bet.id === slip.watched ? slip.placed.map((leg) => ({ selection_id: leg.selectionId })) : []);
  return legs.map((leg) => leg.selection_name ?? leg.selection ?? labels.get(leg.selection_id)?.pick ?? shortId(leg.selection_id)).join(" + ") || shortId(bet.id);
}

function placesOf(bet) {
  return (bet.legs ?? []).map((leg) => leg.fixture_name ?? leg.fixture ?? labels.get(leg.selection_id)?.fixture).filter(Boolean).join(" · ");
}

const shortId = (id) => (id ? `${id.slice(0, 4)}…${id.slice(-6)}` : "");

function drawBets() {
  const inside = session.token !== null;
  // Ids are UUIDv7, so their order is the order of placing.
  const list = [...bets.values()].sort((a, b) => (a.bet.id < b.bet.id ? 1 : -1)).slice(0, BETS_SHOWN_MAX);
  byId("bets-table").hidden = list.length === 0;
  byId("bets-empty").hidden = list.length > 0;
  setText(byId("bets-empty"), inside ? "No bets yet. The first one appears here and moves as the events arrive." : "Sign in to see your bets move.");
  const running = list.filter(({ bet }) => rankOf(stateOf(bet)) < 2).length;
  setText(byId("bets-summary"), list.length > 0 ? `${running} running` : "");
  const body = byId("bet-rows");
  const present = new Map([...body.children].map((row) => [row.dataset.bet, row]));
  body.replaceChildren(...list.map((entry) => betRow(entry, present.get(entry.bet.id))));
}

function betRow({ bet, trail }, present) {
  const shape = JSON.stringify([bet, trail, picksOf(bet), sales.get(bet.id)]);
  if (present?.dataset.shape === shape) return present;
  const state = stateOf(bet);
  const look = STATES[state] ?? { kind: "plain", sign: "" };
  const paid = bet.payout ?? bet.returned ?? bet.return;
  const row = make(
    "tr",
    { "data-bet": bet.id, "data-state": state, "data-shape": shape },
    make(
      "td",
      {},
      make("span", { class: "bet-pick", text: picksOf(bet) }),
      bet.price ? ` @ ${bet.price}` : "",
      make("div", { class: "bet-where", text: placesOf(bet), title: bet.id }),
      trail.length > 1 ? make("span", { class: "bet-trail", text: trail.map(({ state: name, at }) => `${name} ${at.toLocaleTimeString([], { hour12: false })}`).join(" → ") }) : null,
    ),
    make("td", { class: "right" }, money(plain(bet.stake), ""), make("div", { class: "bet-paid", text: rankOf(state) === 2 ? "–" : money(plain(paid ?? bet.potential_return), "") })),
    make("td", { class: "right state" }, make("span", { class: "state-chip", "data-kind": look.kind, text: `${look.sign} ${state}`.trim() }), saleOf(bet, state)),
  );
  if (present) restartAnimation(row, "changed");
  return row;
}

// What was asked and answered about selling a bet back: bet id → {quote, key, text, busy}.
const sales = new Map();

/** First the question, then the offer for as long as it holds, then what became of it. */
function saleOf(bet, state) {
  const sale = sales.get(bet.id) ?? {};
  const left = bet.cash_out?.stake_sold ? `${money(bet.cash_out.amount)} paid for ${plain(bet.cash_out.stake_sold)} of the stake` : "";
  const note = make("div", { class: "bet-where", text: sale.text ?? left });
  if (state !== "accepted" || session.token === null) return left ? note : null;
  const button = make("button", { type: "button", class: "cash-out", text: sale.quote ? `Sell for ${money(sale.quote.amount)}` : "Cash out" });
  button.disabled = Boolean(sale.busy || bet.cash_out?.pending_until);
  button.addEventListener("click", () => (sale.quote ? sell(bet.id, sale) : askSale(bet.id)));
  return make("div", {}, button, note);
}

function setSale(id, sale) {
  sales.set(id, sale);
  drawBets();
}

async function askSale(id) {
  setSale(id, { busy: true });
  const answer = await request("POST", `/v1/bets/${encodeURIComponent(id)}/cash-out/quotes`, { signedIn: true });
  if (!answer.ok) return setSale(id, { text: inWords(answer) });
  const quote = answer.data;
  setSale(id, { quote, key: randomKey() });
  // The server's clock decides; the page only takes away an offer that nobody could take any more.
  const life = Date.parse(quote.expires_at) - Date.parse(quote.quoted_at);
  setTimeout(() => { if (sales.get(id)?.quote === quote && !sales.get(id).busy) setSale(id, { text: "The offer has expired." }); }, life);
}

async function sell(id, { quote, key }) {
  setSale(id, { quote, key, busy: true });
  const answer = await request("POST", `/v1/bets/${encodeURIComponent(id)}/cash-out`, {
    body: JSON.stringify({ quote_id: quote.quote_id }),
    headers: { "Idempotency-Key": key, Prefer: "wait=10" },
    signedIn: true,
  });
  const unknown = answer.status === 0 || answer.status >= 500;
  if (unknown) return setSale(id, { quote, key, text: `${inWords(answer)} Asking again never sells twice.` });
  setSale(id, answer.ok ? {} : { text: inWords(answer) });
  refreshBets(answer.data.position);
  if (answer.data.position) setTimeout(() => refreshBalance(answer.data.position), 300);
}

const plain = (value) => (typeof value === "object" && value !== null ? value.amount : value);

// ---- Speech ------------------------------------------------------------------------------------

// A board that moves many times a second must not talk many times a second.
const speech = { statusChanges: 0, lastLegs: "", at: 0 };

function say(region, text) {
  byId(region).textContent = text;
}

function speakOdds() {
  if (Date.now() - speech.at < SPEAK_EVERY_MS) return;
  const legs = slip.legs.map((leg) => {
    const found = findSelection(leg.selectionId);
    return found ? `${found.selection.name} ${found.market.status === OPEN ? found.selection.price : found.market.status}` : "";
  }).filter(Boolean).join(", ");
  const parts = [];
  if (speech.statusChanges > 0) parts.push(`${speech.statusChanges} ${speech.statusChanges === 1 ? "market" : "markets"} changed state`);
  if (legs && legs !== speech.lastLegs) parts.push(`on your slip: ${legs}`);
  speech.statusChanges = 0;
  speech.lastLegs = legs;
  if (parts.length === 0) return;
  speech.at = Date.now();
  say("spoken-odds", `${parts.join("; ")}.`);
}

// ---- Stream ------------------------------------------------------------------------------------

const stream = {
  socket: null,
  failures: 0,
  heardAt: 0,
  heartbeatAt: 0,
  gapMs: 0, // the widest distance seen between heartbeats: how long a healthy silence may be
  nextId: 1,
  waiting: new Map(), // request id → what to do with its status
  channels: new Map(), // channel → {seq, resume}
  resynced: 0,
  updates: 0,
  updatesLastSecond: 0,
  retryTimer: null,

  isLive() {
    return this.socket?.readyState === WebSocket.OPEN && this.channels.get("odds")?.subscribed === true && this.heardAt > 0;
  },

  open() {
    clearTimeout(this.retryTimer);
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/v1/stream`);
    this.socket = socket;
    this.heardAt = 0;
    this.heartbeatAt = 0;
    this.waiting.clear();
    for (const channel of this.channels.values()) channel.subscribed = false;
    socket.addEventListener("open", () => this.greet());
    socket.addEventListener("message", (event) => { if (socket === this.socket) this.hear(event.data); });
    socket.addEventListener("close", () => { if (socket === this.socket) this.lost(); });
  },

  async greet() {
    const socket = this.socket;
    this.subscribe("odds");
    if (session.token) {
      await freshToken();
      if (socket === this.socket && session.token) this.signedIn();
    }
  },

  /** Authenticates the open socket, then follows the customer's own channels. */
  signedIn() {
    this.send({ op: "authenticate", token: session.token }, (reply) => {
      if (reply.status !== "success") return;
      this.subscribe("bets");
      this.subscribe("account");
    });
  },

  /** A new token for the same customer; the subscriptions stay. */
  renew() {
    this.send({ op: "authenticate", token: session.token });
  },

  signedOut() {
    this.channels.delete("bets");
    this.channels.delete("account");
    this.reopen();
  },

  subscribe(name) {
    const channel = this.channels.get(name) ?? {};
    this.channels.set(name, channel);
    const since = channel.resume ? { since: channel.resume } : {};
    this.send({ op: "subscribe", channel: name, ...since }, (reply) => {
      channel.subscribed = reply.status === "success";
      if (channel.subscribed || !since.since) return;
      // The token is too old for the server: start again from an image.
      channel.resume = undefined;
      channel.seq = undefined;
      this.subscribe(name);
    });
  },

  send(message, then) {
    if (this.socket?.readyState !== WebSocket.OPEN) return;
    const id = this.nextId;
    this.nextId += 1;
    if (then) this.waiting.set(id, then);
    this.socket.send(JSON.stringify({ ...message, id }));
  },

  hear(text) {
    let message;
    try {
      message = JSON.parse(text);
    } catch {
      return;
    }
    this.heardAt = Date.now();
    if (message.op === "status") {
      const then = this.waiting.get(message.id);
      this.waiting.delete(message.id);
      then?.(message);
    } else if (message.op === "heartbeat") this.beat(message);
    else if (message.op === "snapshot" || message.op === "delta") this.change(message);
  },

  beat(message) {
    if (this.heartbeatAt > 0) this.gapMs = Math.max(this.gapMs, Math.min(this.heardAt - this.heartbeatAt, 10_000));
    this.heartbeatAt = this.heardAt;
    const channel = this.channels.get(message.channel);
    if (channel && message.resume) channel.resume = message.resume;
    if (channel && typeof message.seq === "number" && channel.seq !== undefined) channel.seq = Math.max(channel.seq, message.seq);
  },

  change(message) {
    const channel = this.channels.get(message.channel);
    if (!channel) return;
    this.failures = 0;
    channel.subscribed = true;
    const image = message.op === "snapshot";
    if (!image && channel.seq !== undefined && message.seq <= channel.seq) return;
    if (!image && channel.seq !== undefined && message.seq > channel.seq + 1) this.gap(message.channel);
    channel.seq = message.seq;
    if (message.resume) channel.resume = message.resume;
    const data = message.data ?? {};
    if (message.channel === "odds") for (const market of data.markets ?? []) takeMarket(market, image);
    else if (message.channel === "bets") this.betsChanged(data);
    else if (message.channel === "account") {
      account.changes += 1;
      showBalance(data);
    }
    if (image) showConnection();
  },

  betsChanged(data) {
    for (const bet of data.bets ?? (data.bet ? [data.bet] : [])) takeBet(bet, false, true);
    drawBets();
  },

  /** Something was left out: ask the views, which know the present state whatever was missed. */
  gap(name) {
    if (Date.now() - this.resynced < 5000) return;
    this.resynced = Date.now();
    if (name === "odds") refreshFixtures();
    else { refreshBets(); refreshBalance(); }
  },

  lost() {
    const base = BACKOFF_MS[Math.min(this.failures, BACKOFF_MS.length - 1)];
    this.failures += 1;
    this.socket = null;
    clearTimeout(this.retryTimer);
    this.retryTimer = setTimeout(() => this.open(), base + Math.random() * base * 0.5);
    showConnection();
  },

  reopen() {
    const old = this.socket;
    this.socket = null;
    old?.close();
    this.open();
  },

  /** Once a second: silence far beyond the usual heartbeat is a dead connection. */
  watch() {
    this.updatesLastSecond = this.updates;
    this.updates = 0;
    if (this.socket && this.heardAt > 0 && Date.now() - this.heardAt > Math.max(15_000, 3 * this.gapMs)) {
      const dead = this.socket;
      this.lost();
      dead.close();
    }
    showConnection();
  },
};

function showConnection() {
  const quiet = Date.now() - stream.heardAt;
  const state = !stream.isLive() ? (stream.failures > 0 ? "reconnecting" : "connecting")
    : quiet > Math.max(STALE_AFTER_MS, 1.5 * stream.gapMs) ? "stale" : "live";
  byId("connection").dataset.state = state;
  setText(byId("connection-text"), state === "stale" ? `stale ${Math.round(quiet / 1000)} s` : state);
}

// ---- Polling -----------------------------------------------------------------------------------

let pollFrom = 0;

/** Every ten seconds: scores and fixtures always; prices, bets and balance only while the stream is away. */
async function poll() {
  if (!(await refreshFixtures()) || stream.isLive()) return;
  const first = slip.legs.map((leg) => leg.marketId);
  const mains = [...fixtures.values()].filter((fixture) => groupOf(fixture) !== "finished")
    .map((fixture) => mainMarketOf(marketsOf(fixture))?.id ?? fixture.markets?.[0]?.id).filter(Boolean);
  const turn = mains.slice(pollFrom).concat(mains.slice(0, pollFrom));
  const ids = [...new Set([...first, ...turn])].slice(0, POLL_MARKETS_MAX);
  pollFrom = mains.length > 0 ? (pollFrom + ids.length) % mains.length : 0;
  for (const id of ids) {
    const answer = await request("GET", `/v1/markets/${encodeURIComponent(id)}`);
    if (answer.ok) takeMarket(answer.data, false);
    else if (answer.status !== 404) break;
  }
  await refreshBalance();
  await refreshBets();
}

/** A pending bet past its time is looked up, in case its event went by while the socket was away. */
async function lookAfterPending() {
  const entry = slip.watched ? bets.get(slip.watched) : null;
  if (!entry || rankOf(stateOf(entry.bet)) > 0 || !session.token) return;
  if (slip.until !== null && Date.now() < new Date(slip.until).getTime() + 1500) return;
  const answer = await request("GET", `/v1/bets/${encodeURIComponent(entry.bet.id)}`, { signedIn: true });
  if (answer.ok) takeBet(answer.data);
}

// ---- Start -------------------------------------------------------------------------------------

function listen() {
  byId("passkey-sign-in").addEventListener("click", signInWithPasskey);
  byId("passkey-add").addEventListener("click", addPasskey);
  byId("demo-sign-in").addEventListener("click", () => signIn(demo.login, demo.password));
  byId("login-form").addEventListener("submit", (event) => {
    event.preventDefault();
    signIn(byId("login").value, byId("password").value).then(() => { byId("password").value = ""; });
  });
  byId("sign-out").addEventListener("click", signOut);
  byId("slip-form").addEventListener("submit", onPlace);
  byId("stake").addEventListener("input", drawSlip);
  byId("policy").addEventListener("change", drawSlip);
  byId("slip-clear").addEventListener("click", () => {
    slip.legs = [];
    slip.watched = null;
    clearMessage();
    repaintPressed();
    drawSlip();
  });
  // The shortcut to the slip is of no use while the slip itself is in sight.
  new IntersectionObserver(([entry]) => byId("slip-jump").classList.toggle("idle", entry.isIntersecting), { threshold: 0.3 }).observe(byId("slip"));
  for (const chip of document.querySelectorAll("[data-stake]")) {
    chip.addEventListener("click", () => { byId("stake").value = chip.dataset.stake; drawSlip(); });
  }
}

function everySecond() {
  stream.watch();
  sweepMoves();
  speakOdds();
  drawSummary();
}

listen();
showConnection();
drawSlip();
drawBets();
lookForDemo();
refreshFixtures().then(() => stream.open());
setInterval(everySecond, 1000);
setInterval(drawCountdown, 100);
setInterval(lookAfterPending, 2000);
setInterval(poll, POLL_EVERY_MS);
setTimeout(() => { if (!stream.isLive()) poll(); }, 2000); // prices soon, even where the socket never opens
