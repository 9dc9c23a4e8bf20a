//! Who may call which route. A new route fails until its row stands here.

use super::Things;
use crate::rig::Ask;
use schemas::auth::Role;
use serde_json::json;

/// Who may call a route.
#[derive(Clone, Copy, Debug)]
pub enum Who {
    /// Anybody, with or without a token; reads nothing of any customer.
    Anybody,
    /// Whoever is signed in, about himself.
    SignedIn,
    /// The owner of the thing that the path names; for all others it does not exist.
    OwnerOfThing,
    /// Whoever has one of these roles, and nobody else.
    Roles(&'static [Role]),
}

/// A route and what is asked of it.
pub struct Row {
    pub method: &'static str,
    pub path: &'static str,
    pub who: Who,
    pub ask: fn(&Things) -> Ask,
}

const fn row(method: &'static str, path: &'static str, who: Who, ask: fn(&Things) -> Ask) -> Row {
    Row {
        method,
        path,
        who,
        ask,
    }
}

const PLAYERS: Who = Who::Roles(&[Role::Customer]);
const MARKETS: Who = Who::Roles(&[Role::Operator, Role::Trader]);
const CASES: Who = Who::Roles(&[Role::Operator, Role::Trader, Role::Compliance]);
const APPROVERS: Who = Who::Roles(&[Role::Operator, Role::Compliance]);
const GIVERS: Who = Who::Roles(&[Role::Operator]);
const AUDITORS: Who = Who::Roles(&[Role::Auditor]);

/// An id of the right form that nobody has.
const NOBODYS: &str = "00000000-0000-7000-8000-000000000000";

fn payment() -> serde_json::Value {
    json!({"amount": {"amount": "0.01", "currency": "EUR"}})
}

/// All of them.
#[rustfmt::skip]
pub const ROWS: &[Row] = &[
    row("POST", "/v1/auth/register", Who::Anybody, |_| Ask::post("/v1/auth/register", &json!({"login": "x"}))),
    row("POST", "/v1/auth/login", Who::Anybody, |_| Ask::post("/v1/auth/login", &json!({"login": "nobody-here", "password": "x"}))),
    row("POST", "/v1/auth/refresh", Who::Anybody, |_| Ask::post("/v1/auth/refresh", &json!({}))),
    row("POST", "/v1/auth/logout", Who::SignedIn, |t| Ask::post("/v1/auth/logout", &json!({"refresh_token": t.spare_refresh}))),
    row("POST", "/v1/auth/passkey/options", Who::Anybody, |_| Ask::post("/v1/auth/passkey/options", &json!({}))),
    row("POST", "/v1/auth/passkey", Who::Anybody, |_| Ask::post("/v1/auth/passkey", &json!({"ticket": "x", "credential": {}}))),
    row("POST", "/v1/auth/step-up/options", Who::SignedIn, |_| Ask::post("/v1/auth/step-up/options", &json!({}))),
    row("POST", "/v1/auth/step-up", Who::SignedIn, |_| Ask::post("/v1/auth/step-up", &json!({}))),
    row("POST", "/v1/auth/password", Who::SignedIn, |_| Ask::post("/v1/auth/password", &json!({"login": "x", "password": "x", "new_password": "x"}))),

    row("POST", "/v1/auth/password/reset", Who::Anybody, |_| Ask::post("/v1/auth/password/reset", &json!({"login": "x"}))),

    row("GET", "/v1/fixtures", Who::Anybody, |_| Ask::get("/v1/fixtures")),
    row("GET", "/v1/fixtures/{id}", Who::Anybody, |t| Ask::get(format!("/v1/fixtures/{}", t.fixture))),
    row("GET", "/v1/markets/{id}", Who::Anybody, |t| Ask::get(format!("/v1/markets/{}", t.market))),
    row("GET", "/v1/odds/stream", Who::Anybody, |t| Ask::get(format!("/v1/odds/stream?market={}", t.market))),
    row("GET", "/v1/stream", Who::Anybody, |_| Ask::get("/v1/stream")),

    row("POST", "/v1/calc", Who::Anybody, |_| Ask::post("/v1/calc", &json!({"ask": "odds"}))),
    row("POST", "/v1/bets", PLAYERS, |t| Ask::post("/v1/bets", &json!({"type": "single", "legs": [{"selection_id": t.market.replace("mkt_", "sel_"), "price": "2.50", "market_version": 1}], "stake": {"amount": "1.00", "currency": "EUR"}}))),
    row("GET", "/v1/bets", Who::SignedIn, |_| Ask::get("/v1/bets")),
    row("GET", "/v1/bets/{id}", Who::OwnerOfThing, |t| Ask::get(format!("/v1/bets/{}", t.bet))),
    row("GET", "/v1/bets/{id}/prices", Who::OwnerOfThing, |t| Ask::get(format!("/v1/bets/{}/prices", t.bet))),

    row("GET", "/v1/bets/{id}/reoffer", Who::SignedIn, |_| Ask::get(format!("/v1/bets/bet_{NOBODYS}/reoffer"))),
    row("POST", "/v1/bets/{id}/reoffer/accept", PLAYERS, |_| Ask::post(format!("/v1/bets/bet_{NOBODYS}/reoffer/accept"), &json!({}))),
    row("POST", "/v1/bets/{id}/cash-out/quotes", Who::OwnerOfThing, |t| Ask::post(format!("/v1/bets/{}/cash-out/quotes", t.bet), &json!({}))),
    row("POST", "/v1/bets/{id}/cash-out", Who::OwnerOfThing, |t| Ask::post(format!("/v1/bets/{}/cash-out", t.bet), &json!({"quote_id": format!("quo_{NOBODYS}")}))),

    row("GET", "/v1/account", Who::SignedIn, |_| Ask::get("/v1/account")),
    row("GET", "/v1/account/balance", Who::SignedIn, |_| Ask::get("/v1/account/balance")),
    row("GET", "/v1/account/statement", Who::SignedIn, |_| Ask::get("/v1/account/statement")),
    row("GET", "/v1/account/bonuses", Who::SignedIn, |_| Ask::get("/v1/account/bonuses")),
    row("GET", "/v1/account/limits", Who::SignedIn, |_| Ask::get("/v1/account/limits")),
    row("PUT", "/v1/account/limits", Who::SignedIn, |_| Ask::put("/v1/account/limits", &json!({"kind": "none"}))),
    row("POST", "/v1/account/limits/confirm", Who::SignedIn, |_| Ask::post("/v1/account/limits/confirm", &json!({"kind": "none"}))),
    row("POST", "/v1/account/exclusion", Who::SignedIn, |_| Ask::post("/v1/account/exclusion", &json!({"days": 0}))),
    row("PUT", "/v1/account/marketing", Who::SignedIn, |_| Ask::put("/v1/account/marketing", &json!({"allowed": false}))),
    row("GET", "/v1/account/reality-check", Who::SignedIn, |_| Ask::get("/v1/account/reality-check")),
    row("PUT", "/v1/account/reality-check", Who::SignedIn, |_| Ask::put("/v1/account/reality-check", &json!({"interval_minutes": 0}))),
    row("POST", "/v1/account/reality-check/acknowledge", Who::SignedIn, |_| Ask::post("/v1/account/reality-check/acknowledge", &json!({}))),

    row("GET", "/v1/account/profile", Who::SignedIn, |_| Ask::get("/v1/account/profile")),
    row("PUT", "/v1/account/profile", Who::SignedIn, |_| Ask::put("/v1/account/profile", &json!({"name": "", "born": "", "country": ""}))),
    row("GET", "/v1/account/second-factor", Who::SignedIn, |_| Ask::get("/v1/account/second-factor")),
    row("POST", "/v1/account/second-factor", Who::SignedIn, |_| Ask::post("/v1/account/second-factor", &json!({}))),
    row("POST", "/v1/account/second-factor/confirm", Who::SignedIn, |_| Ask::post("/v1/account/second-factor/confirm", &json!({"otp": ""}))),
    row("POST", "/v1/account/second-factor/remove", Who::SignedIn, |_| Ask::post("/v1/account/second-factor/remove", &json!({"otp": ""}))),

    row("GET", "/v1/account/sessions", Who::SignedIn, |_| Ask::get("/v1/account/sessions")),
    row("POST", "/v1/account/sessions/{id}/end", Who::SignedIn, |_| Ask::post(format!("/v1/account/sessions/ses_{NOBODYS}/end"), &json!({}))),
    row("POST", "/v1/account/sessions/end-others", Who::SignedIn, |_| Ask::post("/v1/account/sessions/end-others", &json!({"none": true}))),
    row("GET", "/v1/account/passkeys", Who::SignedIn, |_| Ask::get("/v1/account/passkeys")),
    row("POST", "/v1/account/passkeys/options", Who::SignedIn, |_| Ask::post("/v1/account/passkeys/options", &json!({"name": ""}))),
    row("POST", "/v1/account/passkeys", Who::SignedIn, |_| Ask::post("/v1/account/passkeys", &json!({"ticket": "x", "credential": {}}))),
    row("POST", "/v1/account/passkeys/{id}/remove", Who::SignedIn, |_| Ask::post("/v1/account/passkeys/99/remove", &json!({}))),

    row("POST", "/v1/deposits", PLAYERS, |_| Ask::post("/v1/deposits", &json!({"amount": "x"}))),
    row("GET", "/v1/deposits/{id}", Who::OwnerOfThing, |t| Ask::get(format!("/v1/deposits/{}", t.deposit))),
    row("POST", "/v1/withdrawals", PLAYERS, |_| Ask::post("/v1/withdrawals", &payment())),
    row("GET", "/v1/withdrawals/{id}", Who::OwnerOfThing, |t| Ask::get(format!("/v1/withdrawals/{}", t.withdrawal))),
    row("POST", "/v1/webhooks/{provider}", Who::Anybody, |_| Ask::post("/v1/webhooks/simulator", &json!({}))),

    row("POST", "/v1/feed/updates", MARKETS, |_| Ask::post("/v1/feed/updates", &json!({"type": "none"}))),

    row("GET", "/v1/admin/referrals", MARKETS, |_| Ask::get("/v1/admin/referrals")),
    row("POST", "/v1/admin/referrals/{id}/accept", MARKETS, |_| Ask::post(format!("/v1/admin/referrals/bet_{NOBODYS}/accept"), &json!({"reason": "matrix"}))),
    row("POST", "/v1/admin/referrals/{id}/decline", MARKETS, |_| Ask::post(format!("/v1/admin/referrals/bet_{NOBODYS}/decline"), &json!({"reason": "matrix"}))),
    row("POST", "/v1/admin/referrals/{id}/offer", MARKETS, |_| Ask::post(format!("/v1/admin/referrals/bet_{NOBODYS}/offer"), &json!({"reason": "matrix"}))),

    row("POST", "/v1/admin/markets/{id}/suspend", MARKETS, |_| Ask::post(format!("/v1/admin/markets/mkt_{NOBODYS}/suspend"), &json!({"reason": "matrix"}))),
    row("POST", "/v1/admin/markets/{id}/resume", MARKETS, |_| Ask::post(format!("/v1/admin/markets/mkt_{NOBODYS}/resume"), &json!({"reason": "matrix"}))),
    row("POST", "/v1/admin/markets/{id}/result", MARKETS, |_| Ask::post(format!("/v1/admin/markets/mkt_{NOBODYS}/result"), &json!({}))),
    row("POST", "/v1/admin/markets/{id}/rollback", MARKETS, |_| Ask::post(format!("/v1/admin/markets/mkt_{NOBODYS}/rollback"), &json!({"reason": "matrix"}))),
    row("POST", "/v1/admin/markets/{id}/lean", MARKETS, |_| Ask::post(format!("/v1/admin/markets/mkt_{NOBODYS}/lean"), &json!({}))),
    row("GET", "/v1/admin/markets/{id}/liability", MARKETS, |_| Ask::get(format!("/v1/admin/markets/mkt_{NOBODYS}/liability"))),
    row("GET", "/v1/admin/fixtures/{id}/liability", MARKETS, |_| Ask::get(format!("/v1/admin/fixtures/fix_{NOBODYS}/liability"))),
    row("PUT", "/v1/admin/customers/{id}/factor", MARKETS, |t| Ask::put(format!("/v1/admin/customers/{}/factor", t.owner), &json!({}))),
    row("GET", "/v1/admin/customers/{id}/factors", MARKETS, |t| Ask::get(format!("/v1/admin/customers/{}/factors", t.owner))),
    row("POST", "/v1/admin/markets/{id}/void-prices", MARKETS, |_| Ask::post(format!("/v1/admin/markets/mkt_{NOBODYS}/void-prices"), &json!({}))),
    row("POST", "/v1/admin/markets/{id}/void-prices/approve", APPROVERS, |_| Ask::post(format!("/v1/admin/markets/mkt_{NOBODYS}/void-prices/approve"), &json!({}))),
    row("GET", "/v1/admin/markets/{id}/void-prices", CASES, |_| Ask::get(format!("/v1/admin/markets/mkt_{NOBODYS}/void-prices"))),
    row("PUT", "/v1/admin/markets/{id}/leaning", MARKETS, |_| Ask::put(format!("/v1/admin/markets/mkt_{NOBODYS}/leaning"), &json!({"step": {"amount": "x", "currency": "EUR"}}))),
    row("POST", "/v1/admin/markets/{id}/withdraw", MARKETS, |_| Ask::post(format!("/v1/admin/markets/mkt_{NOBODYS}/withdraw"), &json!({}))),
    row("POST", "/v1/admin/markets/{id}/race", MARKETS, |_| Ask::post(format!("/v1/admin/markets/mkt_{NOBODYS}/race"), &json!({}))),
    row("POST", "/v1/admin/payments/reconciliations", APPROVERS, |_| Ask::post("/v1/admin/payments/reconciliations", &json!({}))),
    row("POST", "/v1/admin/adjustments", APPROVERS, |_| Ask::post("/v1/admin/adjustments", &json!({}))),
    row("GET", "/v1/admin/adjustments", APPROVERS, |_| Ask::get("/v1/admin/adjustments")),
    row("GET", "/v1/admin/adjustments/{id}", APPROVERS, |_| Ask::get(format!("/v1/admin/adjustments/adj_{NOBODYS}"))),
    row("POST", "/v1/admin/adjustments/{id}/approve", APPROVERS, |_| Ask::post(format!("/v1/admin/adjustments/adj_{NOBODYS}/approve"), &json!({}))),
    row("POST", "/v1/admin/adjustments/{id}/decline", APPROVERS, |_| Ask::post(format!("/v1/admin/adjustments/adj_{NOBODYS}/decline"), &json!({}))),
    row("GET", "/v1/admin/withdrawals", APPROVERS, |_| Ask::get("/v1/admin/withdrawals")),
    row("GET", "/v1/admin/withdrawals/{id}", APPROVERS, |_| Ask::get(format!("/v1/admin/withdrawals/wdr_{NOBODYS}"))),
    row("POST", "/v1/admin/withdrawals/{id}/approve", APPROVERS, |_| Ask::post(format!("/v1/admin/withdrawals/wdr_{NOBODYS}/approve"), &json!({}))),
    row("POST", "/v1/admin/withdrawals/{id}/decline", APPROVERS, |_| Ask::post(format!("/v1/admin/withdrawals/wdr_{NOBODYS}/decline"), &json!({}))),
    row("GET", "/v1/admin/suspense", APPROVERS, |_| Ask::get("/v1/admin/suspense")),
    row("GET", "/v1/admin/liability", MARKETS, |_| Ask::get("/v1/admin/liability")),
    row("GET", "/v1/admin/cases", CASES, |_| Ask::get("/v1/admin/cases")),
    row("GET", "/v1/admin/cases/{id}", CASES, |_| Ask::get(format!("/v1/admin/cases/cas_{NOBODYS}"))),
    row("POST", "/v1/admin/cases/{id}/close", CASES, |_| Ask::post(format!("/v1/admin/cases/cas_{NOBODYS}/close"), &json!({}))),
    row("POST", "/v1/admin/customers/{id}/restrict", CASES, |t| Ask::post(format!("/v1/admin/customers/{}/restrict", t.owner), &json!({}))),

    row("POST", "/v1/admin/customers/{id}/bonus", GIVERS, |t| Ask::post(format!("/v1/admin/customers/{}/bonus", t.owner), &json!({}))),
    row("POST", "/v1/admin/customers/{id}/free-bets", GIVERS, |t| Ask::post(format!("/v1/admin/customers/{}/free-bets", t.owner), &json!({}))),
    row("POST", "/v1/admin/customers/{id}/password-reset", APPROVERS, |t| Ask::post(format!("/v1/admin/customers/{}/password-reset", t.owner), &json!({}))),
    row("POST", "/v1/admin/customers/{id}/erase", Who::Roles(&[Role::Compliance]), |_| Ask::post(format!("/v1/admin/customers/cus_{NOBODYS}/erase"), &json!({"reason": "matrix"}))),

    row("GET", "/v1/audit/journals/{topic}/{partition}", AUDITORS, |_| Ask::get("/v1/audit/journals/auth.events/0")),
    row("GET", "/v1/audit/balance", AUDITORS, |t| Ask::get(format!("/v1/audit/balance?account={}", t.owner))),
    row("GET", "/v1/audit/checkpoint", AUDITORS, |_| Ask::get("/v1/audit/checkpoint")),

    row("GET", "/v1/errors", Who::Anybody, |_| Ask::get("/v1/errors")),
    row("GET", "/.well-known/jwks.json", Who::Anybody, |_| Ask::get("/.well-known/jwks.json")),
    row("GET", "/v1/dev/demo", Who::Anybody, |_| Ask::get("/v1/dev/demo")),
    row("GET", "/livez", Who::Anybody, |_| Ask::get("/livez")),
    row("GET", "/readyz", Who::Anybody, |_| Ask::get("/readyz")),
    row("GET", "/metrics", Who::Anybody, |_| Ask::get("/metrics")),
    row("GET", "/openapi.json", Who::Anybody, |_| Ask::get("/openapi.json")),
    row("GET", "/asyncapi.yaml", Who::Anybody, |_| Ask::get("/asyncapi.yaml")),
    row("GET", "/docs", Who::Anybody, |_| Ask::get("/docs")),
    row("GET", "/", Who::Anybody, |_| Ask::get("/")),
    row("GET", "/assets/{file}", Who::Anybody, |_| Ask::get("/assets/app.js")),
];
