//! Every route, once.
//!
//! Duty: the one table from which the router is built and the OpenAPI document is written, so
//! that neither can have what the other lacks. Prohibition: no route is added anywhere else.

use crate::app::App;
use crate::edge;
use crate::errors::Code;
use crate::problem::Problem;
use crate::routes::{account, auth, bets, health, markets, payments};
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post, put};
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
pub(crate) const ROUTES: &[Route] = &[
    Route::new(
        "POST",
        "/v1/auth/register",
        "auth",
        "Open an account",
        (201, "Registered"),
        || post(auth::register),
    )
    .body("Register")
    .key(Key::Optional),
    Route::new(
        "POST",
        "/v1/auth/login",
        "auth",
        "Sign in",
        (200, "Tokens"),
        || post(auth::login),
    )
    .body("Login"),
    Route::new(
        "POST",
        "/v1/auth/refresh",
        "auth",
        "Exchange a refresh token",
        (200, "Tokens"),
        || post(auth::refresh),
    )
    .body("Refresh"),
    Route::new(
        "POST",
        "/v1/auth/logout",
        "auth",
        "End the session",
        (204, ""),
        || post(auth::logout),
    )
    .body("Logout")
    .signed_in(),
    Route::new(
        "GET",
        "/v1/fixtures",
        "odds",
        "List fixtures",
        (200, "FixtureList"),
        || get(markets::fixtures),
    )
    .query(&["sport", "status", "cursor", "limit"]),
    Route::new(
        "GET",
        "/v1/fixtures/{id}",
        "odds",
        "One fixture with its markets in full",
        (200, "Fixture"),
        || get(markets::fixture),
    ),
    Route::new(
        "GET",
        "/v1/markets/{id}",
        "odds",
        "One market with its prices",
        (200, "Market"),
        || get(markets::market),
    ),
    Route::new(
        "POST",
        "/v1/bets",
        "bets",
        "Place a slip",
        (201, "Bet"),
        || post(bets::place),
    )
    .body("Slip")
    .key(Key::Required)
    .signed_in(),
    Route::new(
        "GET",
        "/v1/bets",
        "bets",
        "List one's own bets, newest first",
        (200, "BetList"),
        || get(bets::list),
    )
    .query(&["status", "cursor", "limit", "min_position"])
    .signed_in(),
    Route::new(
        "GET",
        "/v1/bets/{id}",
        "bets",
        "One of one's own bets",
        (200, "Bet"),
        || get(bets::show),
    )
    .query(&["min_position"])
    .signed_in(),
    Route::new(
        "GET",
        "/v1/account",
        "account",
        "One's own account",
        (200, "Account"),
        || get(account::show),
    )
    .signed_in(),
    Route::new(
        "GET",
        "/v1/account/balance",
        "account",
        "One's own balance, now or at a time or position",
        (200, "Balance"),
        || get(account::balance),
    )
    .query(&["at", "min_position"])
    .signed_in(),
    Route::new(
        "GET",
        "/v1/account/statement",
        "account",
        "One's own statement, newest first",
        (200, "StatementList"),
        || get(account::statement),
    )
    .query(&["cursor", "limit", "min_position"])
    .signed_in(),
    Route::new(
        "GET",
        "/v1/account/limits",
        "account",
        "One's own limits",
        (200, "LimitList"),
        || get(account::limits),
    )
    .signed_in(),
    Route::new(
        "PUT",
        "/v1/account/limits",
        "account",
        "Set a limit: a decrease binds at once, an increase after a cool-off",
        (200, "LimitSet"),
        || put(account::set_limit),
    )
    .body("Limit")
    .key(Key::Optional)
    .signed_in(),
    Route::new(
        "POST",
        "/v1/account/exclusion",
        "account",
        "Exclude oneself",
        (201, "Exclusion"),
        || post(account::exclude),
    )
    .body("Exclude")
    .key(Key::Optional)
    .signed_in(),
    Route::new(
        "POST",
        "/v1/deposits",
        "payments",
        "Pay in",
        (202, "Payment"),
        || post(payments::deposit),
    )
    .body("PaymentRequest")
    .key(Key::Required)
    .signed_in(),
    Route::new(
        "GET",
        "/v1/deposits/{id}",
        "payments",
        "One of one's own deposits",
        (200, "Payment"),
        || get(payments::show_deposit),
    )
    .query(&["min_position"])
    .signed_in(),
    Route::new(
        "POST",
        "/v1/withdrawals",
        "payments",
        "Be paid out",
        (202, "Payment"),
        || post(payments::withdraw),
    )
    .body("PaymentRequest")
    .key(Key::Required)
    .signed_in(),
    Route::new(
        "GET",
        "/v1/withdrawals/{id}",
        "payments",
        "One of one's own withdrawals",
        (200, "Payment"),
        || get(payments::show_withdrawal),
    )
    .query(&["min_position"])
    .signed_in(),
    Route::new(
        "POST",
        "/v1/webhooks/{provider}",
        "payments",
        "A signed call-back of a payment provider",
        (200, "Taken"),
        || post(payments::webhook),
    )
    .body("Webhook"),
    Route::new(
        "GET",
        "/v1/errors",
        "service",
        "Every error code",
        (200, "ErrorList"),
        || get(health::errors),
    ),
    Route::new(
        "GET",
        "/livez",
        "service",
        "Whether the process lives",
        (200, "Health"),
        || get(health::livez),
    ),
    Route::new(
        "GET",
        "/readyz",
        "service",
        "Whether the process takes requests; names what is missing",
        (200, "Health"),
        || get(health::readyz),
    ),
    Route::new(
        "GET",
        "/metrics",
        "service",
        "Figures in the Prometheus text format",
        (200, "Text"),
        || get(health::metrics),
    ),
];

/// The router of all routes, within the edge.
pub(crate) fn router(app: App) -> Router {
    let mut router = Router::new();
    for route in ROUTES {
        router = router.route(route.path, (route.handler)());
    }
    router
        .fallback(nowhere)
        .layer(DefaultBodyLimit::max(app.config.body_bytes_max))
        .layer(axum::middleware::from_fn_with_state(
            app.clone(),
            edge::edge,
        ))
        .with_state(app)
}

async fn nowhere() -> Response {
    Problem::new(Code::NotFound).into_response()
}
