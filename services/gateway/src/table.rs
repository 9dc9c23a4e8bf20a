//! Every route, once.
//!
//! Duty: the one table from which the router is built and the OpenAPI document is written, so
//! that neither can have what the other lacks. Prohibition: no route is added anywhere else.

use crate::app::App;
use crate::edge::{self, RequestContext};
use crate::errors::Code;
use crate::extract::Identified;
use crate::permissions::Permission;
use crate::ports::Subject;
use crate::problem::Problem;
use crate::routes::{
    account, adjustments, admin, audit, auth, bets, calc, cases, cash_out, dev, factors, feed,
    health, lean, liability, markets, passkeys, payments, placing, profile, promotions, protection,
    races, reality_check, reconciling, referrals, registering, reoffers, resets, rulings,
    second_factor, sessions, step_up, withdrawals,
};
use crate::stream::{sse, ws};
use crate::{assets, openapi};
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post, put};
use kernel::{Duration, Timestamp};
use schemas::auth::Role;

/// Who may call a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Anybody.
    Open,
    /// Whoever is signed in.
    SignedIn,
    /// Whoever has one of these roles.
    Roles(&'static [Role]),
}

/// Who has personal data erased.
const ERASERS: &[Role] = Permission::ErasePeople.roles();

/// Who hands over codes for forgotten passwords.
const RESETTERS: &[Role] = Permission::ResetPasswords.roles();

/// Who bets and pays.
const PLAYERS: &[Role] = Permission::Play.roles();

/// Whether a route needs an idempotency key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    /// It has no use for one.
    None,
    /// It takes one.
    Optional,
    /// It insists.
    Required,
}

/// One route.
#[derive(Clone, Copy)]
pub(crate) struct Route {
    pub method: &'static str,
    pub path: &'static str,
    pub tag: &'static str,
    pub summary: &'static str,
    pub access: Access,
    /// Whether the token must tell a proof of who one is that is not old.
    pub step_up: bool,
    /// Whether a session may call it whose holder still owes a password of his own or a second
    /// factor.
    pub enrols: bool,
    pub key: Key,
    /// Names of query parameters.
    pub query: &'static [&'static str],
    /// The body's schema, by name.
    pub body: Option<&'static str>,
    /// The status when all is well, and the answer's schema, by name.
    pub answer: (u16, &'static str),
    pub handler: fn() -> MethodRouter<App>,
}

impl Route {
    const fn new(
        method: &'static str,
        path: &'static str,
        tag: &'static str,
        summary: &'static str,
        answer: (u16, &'static str),
        handler: fn() -> MethodRouter<App>,
    ) -> Self {
        Self {
            method,
            path,
            tag,
            summary,
            access: Access::Open,
            step_up: false,
            enrols: false,
            key: Key::None,
            query: &[],
            body: None,
            answer,
            handler,
        }
    }

    const fn signed_in(mut self) -> Self {
        self.access = Access::SignedIn;
        self
    }

    const fn roles(mut self, roles: &'static [Role]) -> Self {
        self.access = Access::Roles(roles);
        self
    }

    /// For what is delicate: whoever has only a refreshed token proves himself once more.
    const fn step_up(mut self) -> Self {
        self.step_up = true;
        self
    }

    /// For what such a session is good for.
    const fn enrols(mut self) -> Self {
        self.enrols = true;
        self
    }

    const fn query(mut self, names: &'static [&'static str]) -> Self {
        self.query = names;
        self
    }

    const fn body(mut self, schema: &'static str) -> Self {
        self.body = Some(schema);
        self
    }

    const fn key(mut self, key: Key) -> Self {
        self.key = key;
        self
    }
}

/// All routes.
#[rustfmt::skip]
pub(crate) const ROUTES: &[Route] = &[
    Route::new("POST", "/v1/auth/register", "auth", "Open an account", (201, "Registered"), || post(registering::register)).body("Register").key(Key::Optional),
    Route::new("POST", "/v1/auth/login", "auth", "Sign in", (200, "Tokens"), || post(auth::login)).body("Login"),
    Route::new("POST", "/v1/auth/refresh", "auth", "Exchange a refresh token", (200, "Tokens"), || post(auth::refresh)).body("Refresh"),
    Route::new("POST", "/v1/auth/logout", "auth", "End the session", (204, ""), || post(auth::logout)).body("Logout").signed_in().enrols(),
    Route::new("POST", "/v1/auth/passkey/options", "auth", "What a browser asks of an authenticator for a sign-in with a passkey", (200, "PasskeyQuestion"), || post(passkeys::ask_to_sign_in)),
    Route::new("POST", "/v1/auth/passkey", "auth", "Sign in with a passkey", (200, "Tokens"), || post(passkeys::sign_in)).body("PasskeyAnswer"),
    Route::new("POST", "/v1/auth/step-up/options", "auth", "What a browser asks of an authenticator for a step-up with a passkey", (200, "PasskeyQuestion"), || post(passkeys::ask_to_step_up)).signed_in().enrols(),
    Route::new("POST", "/v1/auth/step-up", "auth", "Prove once more who one is, for what is delicate", (200, "SteppedUp"), || post(step_up::step_up)).body("StepUp").signed_in().enrols(),
    Route::new("POST", "/v1/auth/password", "auth", "Change the password; ends the other sessions", (200, "PasswordChanged"), || post(step_up::change_password)).body("ChangePassword").signed_in().step_up().enrols(),
    Route::new("POST", "/v1/auth/password/reset", "auth", "Set a new password with the code that support handed over; ends all sessions", (200, "PasswordChanged"), || post(resets::reset)).body("PasswordReset"),

    Route::new("GET", "/v1/fixtures", "odds", "List fixtures", (200, "FixtureList"), || get(markets::fixtures)).query(&["sport", "status", "cursor", "limit"]),
    Route::new("GET", "/v1/fixtures/{id}", "odds", "One fixture with its markets in full", (200, "Fixture"), || get(markets::fixture)),
    Route::new("GET", "/v1/markets/{id}", "odds", "One market with its prices", (200, "Market"), || get(markets::market)),
    Route::new("GET", "/v1/odds/stream", "odds", "Prices as server-sent events", (200, "OddsEvents"), || get(sse::odds)).query(&["market", "since"]),
    Route::new("GET", "/v1/stream", "odds", "Prices, bets and money over a WebSocket; see /asyncapi.yaml", (101, ""), || get(ws::stream)),

    Route::new("POST", "/v1/calc", "bets", "Work out a slip, a price or a rule by the house's arithmetic", (200, "Calculation"), || post(calc::ask)).body("Question"),
    Route::new("POST", "/v1/bets", "bets", "Place a slip", (201, "Bet"), || post(placing::place)).body("Slip").key(Key::Required).roles(PLAYERS),
    Route::new("GET", "/v1/bets", "bets", "List one's own bets, newest first", (200, "BetList"), || get(bets::list)).query(&["status", "cursor", "limit", "min_position"]).signed_in(),
    Route::new("GET", "/v1/bets/{id}", "bets", "One of one's own bets", (200, "Bet"), || get(bets::show)).query(&["min_position"]).signed_in(),

    Route::new("GET", "/v1/bets/{id}/reoffer", "bets", "What was offered to oneself instead of a refused slip", (200, "Reoffer"), || get(reoffers::show)).query(&["min_position"]).signed_in(),
    Route::new("POST", "/v1/bets/{id}/reoffer/accept", "bets", "Place what was offered instead of a refused slip", (201, "Bet"), || post(reoffers::accept)).key(Key::Required).roles(PLAYERS),
    Route::new("GET", "/v1/bets/{id}/prices", "bets", "Where each price of one's own bet came from", (200, "BetPrices"), || get(bets::prices)).query(&["min_position"]).signed_in(),
    Route::new("POST", "/v1/bets/{id}/cash-out/quotes", "bets", "What would be paid for a bet now", (201, "CashOutQuote"), || post(cash_out::quote)).key(Key::Optional).signed_in(),
    Route::new("POST", "/v1/bets/{id}/cash-out", "bets", "Sell a bet back, or a part of it", (200, "CashOut"), || post(cash_out::sell)).body("CashOutRequest").key(Key::Required).signed_in(),

    Route::new("GET", "/v1/account", "account", "One's own account", (200, "Account"), || get(account::show)).signed_in(),
    Route::new("GET", "/v1/account/balance", "account", "One's own balance, now or at a time or position", (200, "Balance"), || get(account::balance)).query(&["at", "min_position"]).signed_in(),
    Route::new("GET", "/v1/account/statement", "account", "One's own statement, newest first", (200, "StatementList"), || get(account::statement)).query(&["account", "cursor", "limit", "min_position"]).signed_in(),
    Route::new("GET", "/v1/account/bonuses", "account", "One's own tokens and bonus money, and how far the wagering is", (200, "Bonuses"), || get(promotions::bonuses)).query(&["min_position"]).signed_in(),
    Route::new("GET", "/v1/account/limits", "account", "One's own limits", (200, "LimitList"), || get(protection::limits)).signed_in(),
    Route::new("PUT", "/v1/account/limits", "account", "Set a limit: a decrease binds at once, an increase after a cool-off and a confirmation", (200, "LimitSet"), || put(protection::set_limit)).body("Limit").key(Key::Optional).signed_in(),
    Route::new("POST", "/v1/account/limits/confirm", "account", "Confirm an increase of a limit when its cool-off is over", (200, "LimitSet"), || post(protection::confirm_limit)).body("Limit").key(Key::Optional).signed_in().step_up(),
    Route::new("POST", "/v1/account/exclusion", "account", "Exclude oneself", (201, "Exclusion"), || post(protection::exclude)).body("Exclude").key(Key::Optional).signed_in(),
    Route::new("PUT", "/v1/account/marketing", "account", "Allow marketing messages, or forbid them", (200, "MarketingSet"), || put(protection::set_marketing)).body("Marketing").key(Key::Optional).signed_in(),
    Route::new("GET", "/v1/account/reality-check", "account", "How long this session has lasted and what it has cost, and when that is to be shown", (200, "RealityCheck"), || get(reality_check::show)).signed_in(),
    Route::new("PUT", "/v1/account/reality-check", "account", "Choose how often to be shown that", (200, "RealityCheckSet"), || put(reality_check::set)).body("RealityCheckInterval").key(Key::Optional).signed_in(),
    Route::new("POST", "/v1/account/reality-check/acknowledge", "account", "Say that it was seen", (200, "RealityCheckSeen"), || post(reality_check::acknowledge)).body("SeenRealityCheck").key(Key::Optional).signed_in(),
    Route::new("GET", "/v1/account/profile", "account", "One's own personal data", (200, "ProfileTold"), || get(profile::show)).signed_in().step_up(),
    Route::new("PUT", "/v1/account/profile", "account", "Replace one's own personal data", (200, "ProfileSet"), || put(profile::replace)).body("Profile").key(Key::Optional).signed_in().step_up(),
    Route::new("GET", "/v1/account/second-factor", "account", "Whether a second factor is asked for", (200, "SecondFactor"), || get(second_factor::show)).signed_in().enrols(),
    Route::new("POST", "/v1/account/second-factor", "account", "A new secret for an authenticator", (201, "SecondFactorOffer"), || post(second_factor::offer)).signed_in().step_up().enrols(),
    Route::new("POST", "/v1/account/second-factor/confirm", "account", "Show that the authenticator works; gives the recovery codes", (200, "RecoveryCodes"), || post(second_factor::confirm)).body("Otp").signed_in().enrols(),
    Route::new("POST", "/v1/account/second-factor/remove", "account", "Do without a second factor again", (200, "SecondFactor"), || post(second_factor::remove)).body("Otp").signed_in(),

    Route::new("GET", "/v1/account/sessions", "account", "Where one is signed in", (200, "SessionList"), || get(sessions::list)).signed_in(),
    Route::new("POST", "/v1/account/sessions/{id}/end", "account", "End one of one's own sessions", (204, ""), || post(sessions::end)).signed_in().step_up(),
    Route::new("POST", "/v1/account/sessions/end-others", "account", "End all of one's own sessions but this one", (200, "SessionsEnded"), || post(sessions::end_others)).signed_in().step_up(),
    Route::new("GET", "/v1/account/passkeys", "account", "One's own passkeys", (200, "PasskeyList"), || get(passkeys::list)).signed_in().enrols(),
    Route::new("POST", "/v1/account/passkeys/options", "account", "What a browser asks of an authenticator for a new passkey", (200, "PasskeyQuestion"), || post(passkeys::ask_to_add)).body("PasskeyName").signed_in().step_up().enrols(),
    Route::new("POST", "/v1/account/passkeys", "account", "Keep the passkey that the authenticator made", (201, "PasskeyAdded"), || post(passkeys::add)).body("PasskeyAnswer").signed_in().step_up().enrols(),
    Route::new("POST", "/v1/account/passkeys/{id}/remove", "account", "Forget a passkey", (200, "PasskeyRemoved"), || post(passkeys::remove)).signed_in().step_up(),

    Route::new("POST", "/v1/deposits", "payments", "Pay in", (202, "Payment"), || post(payments::deposit)).body("PaymentRequest").key(Key::Required).roles(PLAYERS),
    Route::new("GET", "/v1/deposits/{id}", "payments", "One of one's own deposits", (200, "Payment"), || get(payments::show_deposit)).query(&["min_position"]).signed_in(),
    Route::new("POST", "/v1/withdrawals", "payments", "Be paid out", (202, "Payment"), || post(payments::withdraw)).body("PaymentRequest").key(Key::Required).roles(PLAYERS).step_up(),
    Route::new("GET", "/v1/withdrawals/{id}", "payments", "One of one's own withdrawals", (200, "Payment"), || get(payments::show_withdrawal)).query(&["min_position"]).signed_in(),
    Route::new("POST", "/v1/webhooks/{provider}", "payments", "A signed call-back of a payment provider", (200, "Taken"), || post(payments::webhook)).body("Webhook"),

    Route::new("POST", "/v1/feed/updates", "feed", "A producer's messages, one a line: all are taken or none", (200, "FeedTaken"), || post(feed::updates).layer(DefaultBodyLimit::disable())).body("FeedLines").roles(admin::MARKET_ROLES),

    Route::new("GET", "/v1/admin/referrals", "admin", "Slips that wait for a trader, the first to end first", (200, "ReferralList"), || get(referrals::list)).query(&["cursor", "limit"]).roles(admin::MARKET_ROLES),
    Route::new("POST", "/v1/admin/referrals/{id}/accept", "admin", "Take a slip that waits, or a part of its stake where its customer accepts one", (200, "ReferralAnswered"), || post(referrals::accept)).body("ReferralAnswer").key(Key::Required).roles(admin::MARKET_ROLES),
    Route::new("POST", "/v1/admin/referrals/{id}/decline", "admin", "Do not take a slip that waits", (200, "ReferralAnswered"), || post(referrals::decline)).body("Reason").key(Key::Required).roles(admin::MARKET_ROLES),
    Route::new("POST", "/v1/admin/referrals/{id}/offer", "admin", "Offer another stake instead of a slip that waits", (200, "ReferralAnswered"), || post(referrals::offer)).body("ReferralAnswer").key(Key::Required).roles(admin::MARKET_ROLES),

    Route::new("POST", "/v1/admin/markets/{id}/suspend", "admin", "Stop betting on a market", (200, "MarketActed"), || post(admin::suspend)).body("Reason").key(Key::Required).roles(admin::MARKET_ROLES),
    Route::new("POST", "/v1/admin/markets/{id}/resume", "admin", "Let betting go on", (200, "MarketActed"), || post(admin::resume)).body("Reason").key(Key::Required).roles(admin::MARKET_ROLES),
    Route::new("POST", "/v1/admin/markets/{id}/result", "admin", "Give a market's result, or preview what that touches", (200, "MarketActed"), || post(admin::result)).body("Result").key(Key::Required).query(&["preview"]).roles(admin::MARKET_ROLES),
    Route::new("POST", "/v1/admin/markets/{id}/rollback", "admin", "Take a result back, or preview what that touches", (200, "MarketActed"), || post(admin::roll_back)).body("Reason").key(Key::Required).query(&["preview"]).roles(admin::MARKET_ROLES),
    Route::new("POST", "/v1/admin/markets/{id}/lean", "admin", "Let prices lean against what stands on a market, or no more", (200, "MarketLeans"), || post(lean::lean)).body("Lean").key(Key::Required).roles(admin::MARKET_ROLES),
    Route::new("GET", "/v1/admin/markets/{id}/liability", "admin", "What the house stands to lose on a market, by selection, and the worst case", (200, "MarketLiability"), || get(liability::of_market)).roles(admin::MARKET_ROLES),
    Route::new("GET", "/v1/admin/fixtures/{id}/liability", "admin", "What the house is left with at each final score, over all goal markets of a fixture, and the worst case", (200, "FixtureLiability"), || get(liability::of_fixture)).roles(admin::MARKET_ROLES),
    Route::new("POST", "/v1/admin/markets/{id}/void-prices", "admin", "Propose to void bets struck at obviously wrong prices", (200, "RulingActed"), || post(rulings::propose)).body("Mistake").key(Key::Required).roles(admin::MARKET_ROLES),
    Route::new("POST", "/v1/admin/markets/{id}/void-prices/approve", "admin", "Approve another person's proposal", (200, "RulingActed"), || post(rulings::approve)).body("RulingApproval").key(Key::Required).roles(rulings::APPROVER_ROLES),
    Route::new("GET", "/v1/admin/markets/{id}/void-prices", "admin", "What was proposed and approved", (200, "RulingList"), || get(rulings::list)).roles(rulings::READER_ROLES),
    Route::new("PUT", "/v1/admin/markets/{id}/leaning", "admin", "Let prices lean by themselves whenever an exposure has moved by a step, or no more", (200, "MarketLeans"), || put(lean::set_leaning)).body("Leaning").key(Key::Required).roles(admin::MARKET_ROLES),
    Route::new("POST", "/v1/admin/markets/{id}/withdraw", "admin", "Withdraw a runner: bets on it are void, and earlier bets on the others may lose a part of their winnings", (200, "MarketActed"), || post(races::withdraw)).body("Withdraw").key(Key::Required).roles(admin::MARKET_ROLES),
    Route::new("POST", "/v1/admin/markets/{id}/race", "admin", "Say what is known of a race: handicap, place terms, placings, starting prices", (200, "MarketActed"), || post(races::race)).body("Race").key(Key::Required).roles(admin::MARKET_ROLES),
    Route::new("POST", "/v1/admin/payments/reconciliations", "admin", "Hold a part of a payment provider's file against the books", (200, "Reconciled"), || post(reconciling::reconcile)).body("ProviderFile").key(Key::Required).roles(reconciling::RECONCILER_ROLES),
    Route::new("POST", "/v1/admin/adjustments", "admin", "Propose to correct an account, or to take money out of suspense", (200, "AdjustmentActed"), || post(adjustments::propose)).body("ProposeAdjustment").key(Key::Required).roles(adjustments::ADJUSTER_ROLES),
    Route::new("GET", "/v1/admin/adjustments", "admin", "What was proposed and what became of it, newest first", (200, "AdjustmentList"), || get(adjustments::list)).query(&["status", "cursor", "limit"]).roles(adjustments::ADJUSTER_ROLES),
    Route::new("GET", "/v1/admin/adjustments/{id}", "admin", "One adjustment", (200, "Adjustment"), || get(adjustments::show)).roles(adjustments::ADJUSTER_ROLES),
    Route::new("POST", "/v1/admin/adjustments/{id}/approve", "admin", "Approve another person's adjustment: the money moves", (200, "AdjustmentActed"), || post(adjustments::approve)).body("Reason").key(Key::Required).roles(adjustments::ADJUSTER_ROLES).step_up(),
    Route::new("POST", "/v1/admin/adjustments/{id}/decline", "admin", "Decline an adjustment, or take one's own back", (200, "AdjustmentActed"), || post(adjustments::decline)).body("Reason").key(Key::Required).roles(adjustments::ADJUSTER_ROLES),
    Route::new("GET", "/v1/admin/withdrawals", "admin", "Large withdrawals that two persons look at, newest first", (200, "ReviewedWithdrawalList"), || get(withdrawals::list)).query(&["status", "cursor", "limit"]).roles(withdrawals::REVIEWER_ROLES),
    Route::new("GET", "/v1/admin/withdrawals/{id}", "admin", "One large withdrawal, and who has said what", (200, "ReviewedWithdrawal"), || get(withdrawals::show)).roles(withdrawals::REVIEWER_ROLES),
    Route::new("POST", "/v1/admin/withdrawals/{id}/approve", "admin", "Approve a large withdrawal: with the second person it is paid", (200, "WithdrawalActed"), || post(withdrawals::approve)).body("Reason").key(Key::Required).roles(withdrawals::REVIEWER_ROLES).step_up(),
    Route::new("POST", "/v1/admin/withdrawals/{id}/decline", "admin", "Decline a large withdrawal: its money goes back to the customer, who reads why", (200, "WithdrawalActed"), || post(withdrawals::decline)).body("Reason").key(Key::Required).roles(withdrawals::REVIEWER_ROLES),
    Route::new("GET", "/v1/admin/suspense", "admin", "Money that belongs to no open deposit, and what is left of it", (200, "SuspenseList"), || get(adjustments::suspense)).query(&["reference", "cursor", "limit"]).roles(adjustments::ADJUSTER_ROLES),
    Route::new("GET", "/v1/admin/liability", "admin", "What stands on each selection", (200, "LiabilityList"), || get(admin::liability)).query(&["market"]).roles(admin::MARKET_ROLES),
    Route::new("GET", "/v1/admin/cases", "admin", "The fraud queue, newest first", (200, "CaseList"), || get(cases::cases)).query(&["status", "cursor", "limit"]).roles(cases::CASE_ROLES),
    Route::new("GET", "/v1/admin/cases/{id}", "admin", "One case", (200, "Case"), || get(cases::show_case)).roles(cases::CASE_ROLES),
    Route::new("POST", "/v1/admin/cases/{id}/close", "admin", "Close a case", (200, "CaseActed"), || post(cases::close_case)).body("CloseCase").key(Key::Required).roles(cases::CASE_ROLES),
    Route::new("PUT", "/v1/admin/customers/{id}/factor", "admin", "Set what part of the ordinary stake limit a customer gets, on all slips or those of a sport or kind of market", (200, "FactorSet"), || put(factors::set)).body("Factor").key(Key::Required).roles(admin::MARKET_ROLES),
    Route::new("GET", "/v1/admin/customers/{id}/factors", "admin", "The factors in force, with who set them and why", (200, "FactorList"), || get(factors::list)).roles(admin::MARKET_ROLES),
    Route::new("POST", "/v1/admin/customers/{id}/restrict", "admin", "Restrict a customer's stakes, or lift a restriction", (200, "CaseActed"), || post(cases::restrict)).body("Restrict").key(Key::Required).roles(cases::CASE_ROLES),
    Route::new("POST", "/v1/admin/customers/{id}/password-reset", "admin", "A code for a customer's forgotten password, to hand over", (201, "PasswordResetCode"), || post(resets::offer)).body("Reason").roles(RESETTERS).step_up(),
    Route::new("POST", "/v1/admin/customers/{id}/erase", "admin", "Make a customer's personal data unreadable for ever", (200, "Erased"), || post(profile::erase)).body("Reason").key(Key::Required).roles(ERASERS).step_up(),
    Route::new("POST", "/v1/admin/customers/{id}/bonus", "admin", "Give a customer bonus money", (200, "BonusGranted"), || post(promotions::give_bonus)).body("GrantBonus").key(Key::Required).roles(promotions::GRANT_ROLES),
    Route::new("POST", "/v1/admin/customers/{id}/free-bets", "admin", "Give a customer a token for one bet", (200, "FreeBetGranted"), || post(promotions::give_free_bet)).body("GrantFreeBet").key(Key::Required).roles(promotions::GRANT_ROLES),

    Route::new("GET", "/v1/audit/journals/{topic}/{partition}", "audit", "A journal's records as they are stored", (200, "Journal"), || get(audit::journal)).query(&["from", "limit"]).roles(audit::AUDIT_ROLES),
    Route::new("GET", "/v1/audit/balance", "audit", "Any account's balance, now or at a time or position", (200, "AuditBalance"), || get(audit::balance)).query(&["account", "at"]).roles(audit::AUDIT_ROLES),
    Route::new("GET", "/v1/audit/checkpoint", "audit", "The newest signed checkpoint", (200, "Checkpoint"), || get(audit::checkpoint)).roles(audit::AUDIT_ROLES),

    Route::new("GET", "/v1/errors", "service", "Every error code", (200, "ErrorList"), || get(health::errors)),
    Route::new("GET", "/.well-known/jwks.json", "service", "The keys of access tokens (RFC 7517)", (200, "KeySet"), || get(step_up::key_set)),
    Route::new("GET", "/v1/dev/demo", "service", "The demo customer's sign-in, in dev only", (200, "Demo"), || get(dev::demo)),
    Route::new("GET", "/livez", "service", "Whether the process lives", (200, "Health"), || get(health::livez)),
    Route::new("GET", "/readyz", "service", "Whether the process takes requests; names what is missing", (200, "Health"), || get(health::readyz)),
    Route::new("GET", "/metrics", "service", "Figures in the Prometheus text format", (200, "Text"), || get(health::metrics)),
    Route::new("GET", "/openapi.json", "service", "This description", (200, "Document"), || get(openapi::openapi)),
    Route::new("GET", "/asyncapi.yaml", "service", "The description of the streams", (200, "Document"), || get(openapi::asyncapi)),
    Route::new("GET", "/docs", "service", "The API explorer", (200, "Text"), || get(assets::docs)),
    Route::new("GET", "/", "service", "The first page", (200, "Text"), || get(assets::index)),
    Route::new("GET", "/assets/{file}", "service", "The pages' files", (200, "Text"), || get(assets::asset)),
];

/// The router of all routes, within the edge.
pub(crate) fn router(app: App) -> Router {
    let mut router = Router::new();
    for route in ROUTES {
        let clock = app.clone();
        let checked = (route.handler)().route_layer(from_fn(move |request, next| {
            admitted(route, clock.now(), request, next)
        }));
        router = router.route(route.path, checked);
    }
    router
        .fallback(nowhere)
        .layer(DefaultBodyLimit::max(app.config.body_bytes_max))
        .layer(from_fn_with_state(app.clone(), edge::edge))
        .with_state(app)
}

/// How long a proof of who one is counts.
pub(crate) const STEP_UP_LIFETIME: Duration = Duration::from_secs(10 * 60);

/// Looks at who asks before anything else of the request is looked at.
async fn admitted(route: &Route, now: Timestamp, request: Request, next: Next) -> Response {
    let identified = request.extensions().get::<Identified>();
    let refused = match (route.access, identified) {
        (Access::Open, _) => None,
        (_, None | Some(Identified::Nobody)) => Some(Code::AuthenticationRequired),
        (_, Some(Identified::Refused(code))) => Some(*code),
        (Access::SignedIn, Some(Identified::Subject(subject))) => {
            owing(route, subject).or_else(|| stale(route, subject, now))
        }
        (Access::Roles(roles), Some(Identified::Subject(subject))) => {
            if subject.roles.iter().any(|role| roles.contains(role)) {
                stale(route, subject, now)
            } else {
                owing(route, subject).or(Some(Code::PermissionDenied))
            }
        }
    };
    match refused {
        Some(code) => {
            tell(
                route,
                identified,
                code,
                &RequestContext::of(request.extensions()),
            );
            Problem::new(code).into_response()
        }
        None => next.run(request).await,
    }
}

/// A log line about somebody who asked for what is not his, or with a token that is not ours. That
/// there is no token, or that one has run out, happens to everybody and is in the figures.
fn tell(route: &Route, identified: Option<&Identified>, code: Code, context: &RequestContext) {
    let (method, path, request_id) = (route.method, route.path, context.id.as_str());
    match identified {
        Some(Identified::Subject(subject)) => {
            let (customer, code) = (subject.customer, code.entry().code);
            tracing::info!(method, path, %customer, code, request_id, "permission refused");
        }
        Some(Identified::Refused(Code::TokenInvalid)) => {
            tracing::info!(method, path, request_id, "a token that is not ours");
        }
        Some(Identified::Refused(_) | Identified::Nobody) | None => {}
    }
}

/// Whoever has no role in the token still owes something: the route must be one that pays it.
fn owing(route: &Route, subject: &Subject) -> Option<Code> {
    (subject.roles.is_empty() && !route.enrols).then_some(Code::EnrolmentRequired)
}

/// Where the proof of who asks is too old for the route.
fn stale(route: &Route, subject: &Subject, now: Timestamp) -> Option<Code> {
    let proved = subject
        .proved_at
        .is_some_and(|at| now < at.plus(STEP_UP_LIFETIME));
    (route.step_up && !proved).then_some(Code::StepUpRequired)
}

async fn nowhere() -> Response {
    Problem::new(Code::NotFound).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_for_customers_needs_a_role() {
        for route in ROUTES {
            let inside = ["/v1/admin/", "/v1/audit/", "/v1/feed/"]
                .iter()
                .any(|part| route.path.starts_with(part));
            let for_staff = match route.access {
                Access::Roles(roles) => !roles.contains(&Role::Customer),
                Access::Open | Access::SignedIn => false,
            };
            assert_eq!(inside, for_staff, "{}", route.path);
        }
    }

    #[test]
    fn a_session_that_owes_something_can_pay_it_and_end() {
        let enrolling: Vec<_> = ROUTES.iter().filter(|route| route.enrols).collect();
        assert!(
            enrolling
                .iter()
                .all(|route| route.access == Access::SignedIn)
        );
        let paths: Vec<_> = enrolling.iter().map(|route| route.path).collect();
        assert_eq!(
            paths,
            [
                "/v1/auth/logout",
                "/v1/auth/step-up/options",
                "/v1/auth/step-up",
                "/v1/auth/password",
                "/v1/account/second-factor",
                "/v1/account/second-factor",
                "/v1/account/second-factor/confirm",
                "/v1/account/passkeys",
                "/v1/account/passkeys/options",
                "/v1/account/passkeys",
            ]
        );
    }

    #[test]
    fn what_changes_something_needs_somebody() {
        // Whoever calls these is not signed in yet, or signs the body, or changes nothing.
        let open = [
            "/v1/calc",
            "/v1/auth/register",
            "/v1/auth/login",
            "/v1/auth/passkey",
            "/v1/auth/passkey/options",
            "/v1/auth/password/reset",
            "/v1/auth/refresh",
            "/v1/webhooks/{provider}",
        ];
        for route in ROUTES.iter().filter(|route| route.method != "GET") {
            assert_eq!(
                open.contains(&route.path),
                route.access == Access::Open,
                "{}",
                route.path
            );
        }
    }
}
