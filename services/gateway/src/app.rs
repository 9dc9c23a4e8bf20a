//! The gateway as a whole: what it is made of, and what it hands out.
//!
//! Duty: hold the ports, the hub and the settings that every route shares. Prohibition: no state
//! that counts: any gateway can be stopped at any time, and another one answers as it would.

use crate::admission::{AdmissionSettings, Gate, Rates, Seats};
use crate::doorway::Doorway;
use crate::hub::{Hub, Memory};
use crate::metrics::Metrics;
use crate::ports::{
    Calculator, Check, Checkpoints, Clock, FeedIngest, Foresight, MetricsSource, Mint, Passkeys,
    PasswordWorkers, ProfileSealer, RateStore, Receipts, SecondFactors, Tokens, WebhookVerifier,
};
use crate::progress::SharedLooks;
use crate::routes::feed::Unsent;
use axum::Router;
use eventlog::EventLog;
use kernel::{Currency, Timestamp};
use markets::MarketView;
use std::collections::VecDeque;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use viewstore::ViewStore;

/// So many requests a minute, so many at once from rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// Sustained.
    pub per_minute: u32,
    /// From rest.
    pub burst: u32,
}

/// Withdrawals of so many whole units of their currency and more wait for two persons, unless somebody
/// says otherwise.
pub const WITHDRAWAL_REVIEW_UNITS: u32 = 10_000;

/// The gateway's settings.
#[derive(Clone, Debug)]
pub struct Config {
    /// How long an answer is waited for before it is called unknown. Also the commands' deadline.
    pub deadline: Duration,
    /// How long a bet's acceptance is waited for without `Prefer: wait`.
    pub wait_default: Duration,
    /// The longest `Prefer: wait` that is honoured.
    pub wait_max: Duration,
    /// How long a read waits for its `min_position`.
    pub view_wait: Duration,
    /// Between two heartbeats of a stream.
    pub heartbeat: Duration,
    /// Per subject; none: unlimited.
    pub rate_limit: Option<RateLimit>,
    /// What else is let in.
    pub admission: AdmissionSettings,
    /// The largest JSON body, in bytes.
    pub body_bytes_max: usize,
    /// The largest feed body, in bytes.
    pub feed_bytes_max: usize,
    /// Whether a session of somebody who works here without a second factor or a passkey is good for
    /// nothing but to enrol one.
    pub staff_second_factor: bool,
    /// How long a refresh token is good for.
    pub session: kernel::Duration,
    /// The currency of accounts that ask for none.
    pub currency: Currency,
    /// The payment provider of payments that name none.
    pub provider: String,
    /// Withdrawals of so many whole units of their currency and more wait for two persons.
    pub withdrawal_review_units: u32,
    /// Remembered odds decisions, for streams that come back.
    pub odds_remembered: usize,
    /// Remembered decisions of bets and ledger, for streams that come back.
    pub decisions_remembered: usize,
    /// Decisions that may wait for one customer's stream before it is cut.
    pub stream_queue: usize,
    /// Open streams in all.
    pub streams_max: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(5),
            wait_default: Duration::from_secs(2),
            wait_max: Duration::from_secs(30),
            view_wait: Duration::from_secs(2),
            heartbeat: Duration::from_secs(1),
            rate_limit: Some(RateLimit {
                per_minute: 100,
                burst: 150,
            }),
            admission: AdmissionSettings::default(),
            body_bytes_max: 64 * 1024,
            feed_bytes_max: 4 * 1024 * 1024,
            staff_second_factor: false,
            session: kernel::Duration::from_secs(7 * 24 * 3_600),
            currency: Currency::Eur,
            provider: "simulator".to_owned(),
            withdrawal_review_units: WITHDRAWAL_REVIEW_UNITS,
            odds_remembered: 16_384,
            decisions_remembered: 16_384,
            stream_queue: 256,
            streams_max: 10_000,
        }
    }
}

/// The customer with whom the first page signs in, in `dev` only.
#[derive(Clone, Debug)]
pub struct Demo {
    /// The login.
    pub login: String,
    /// The password, made at this start.
    pub password: String,
}

/// What the composition root hands in.
pub struct Parts {
    /// The log.
    pub log: Arc<dyn EventLog>,
    /// The views.
    pub views: Arc<dyn ViewStore>,
    /// The picture of fixtures and markets; the process's reader applies decisions to it before
    /// it calls [`Hub::take`].
    pub markets: Arc<RwLock<MarketView>>,
    /// Partitions of every topic.
    pub partitions: u16,
    /// Settings.
    pub config: Config,
    /// The process's clock.
    pub clock: Arc<dyn Clock>,
    /// Ids and secrets.
    pub mint: Arc<dyn Mint>,
    /// Password hashing.
    pub passwords: Arc<dyn PasswordWorkers>,
    /// Access tokens.
    pub tokens: Arc<dyn Tokens>,
    /// Where all gateways count requests together; none: this one counts alone.
    pub rate_store: Option<Arc<dyn RateStore>>,
    /// Sealing of personal data.
    pub sealer: Arc<dyn ProfileSealer>,
    /// Codes of authenticators.
    pub factors: Arc<dyn SecondFactors>,
    /// Passkeys.
    pub passkeys: Arc<dyn Passkeys>,
    /// Call-backs of payment providers.
    pub webhooks: Arc<dyn WebhookVerifier>,
    /// The feed's lines; none: the route answers 404.
    pub feed: Option<Arc<dyn FeedIngest>>,
    /// Receipts of bets; none: answers carry none.
    pub receipts: Option<Arc<dyn Receipts>>,
    /// The house's arithmetic; none: the route answers 404.
    pub calculator: Option<Arc<dyn Calculator>>,
    /// What slips would pay by other results; none: there are no previews.
    pub foresight: Option<Arc<dyn Foresight>>,
    /// Signed checkpoints; none: the route answers 404.
    pub checkpoints: Option<Arc<dyn Checkpoints>>,
    /// What else must be well before this process takes requests.
    pub checks: Vec<Arc<dyn Check>>,
    /// Figures of other parts of the process.
    pub metrics: Vec<Arc<dyn MetricsSource>>,
    /// Markdown for the API's description, such as the magic amounts of the simulated provider.
    pub notes: String,
    /// The demo customer; none: there is no such route's content.
    pub demo: Option<Demo>,
}

/// The gateway.
pub struct Gateway {
    app: App,
}

impl Gateway {
    /// Puts it together.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let memory = Memory {
            odds: parts.config.odds_remembered,
            recent: parts.config.decisions_remembered,
            queue: parts.config.stream_queue,
        };
        let store = parts.rate_store.clone();
        let rates = parts.config.rate_limit;
        let rates = rates.map(|limit| Rates::new(limit, store));
        let gate = parts.config.admission.concurrency;
        let inner = Inner {
            hub: Arc::new(Hub::new(memory)),
            rates,
            gate: gate.map(|bounds| Arc::new(Gate::new(bounds))),
            seats: Seats::default(),
            metrics: Metrics::default(),
            looks: SharedLooks::default(),
            feed_unsent: tokio::sync::Mutex::default(),
            draining: watch::Sender::new(false),
            parts,
        };
        Self {
            app: App(Arc::new(inner)),
        }
    }

    /// The routes, for [`Self::serve`] or for tests that ask without a connection.
    pub fn router(&self) -> Router {
        crate::table::router(self.app.clone())
    }

    /// Serves the routes on a listener, within the limits of connections, until `stop` says true
    /// and everything that was open then has ended.
    pub async fn serve(&self, listener: TcpListener, stop: watch::Receiver<bool>) {
        self.serve_routes(listener, self.router(), stop).await;
    }

    /// The same with routes beside or instead of [`Self::router`]'s, within the same limits.
    pub async fn serve_routes(
        &self,
        listener: TcpListener,
        routes: Router,
        stop: watch::Receiver<bool>,
    ) {
        let settings = &self.app.config.admission;
        let (limits, proxies) = (settings.connections, settings.trusted_proxies.clone());
        let doorway = Doorway::new(self.app.clone(), routes);
        crate::admission::serve(listener, doorway, limits, proxies, stop).await;
    }

    /// Where the process's journal reader hands its decisions in.
    #[must_use]
    pub fn hub(&self) -> Arc<Hub> {
        Arc::clone(&self.app.0.hub)
    }

    /// Begins to stop: `readyz` answers 503, streams end (WebSockets with close code 1012).
    pub fn drain(&self) {
        self.app.0.draining.send_replace(true);
    }
}

/// What every route shares.
#[derive(Clone)]
pub(crate) struct App(Arc<Inner>);

pub(crate) struct Inner {
    parts: Parts,
    pub(crate) hub: Arc<Hub>,
    pub(crate) rates: Option<Rates>,
    pub(crate) gate: Option<Arc<Gate>>,
    pub(crate) seats: Seats,
    pub(crate) metrics: Metrics,
    pub(crate) looks: SharedLooks,
    /// Held while a feed's lines are counted and sent; what was counted and not taken by the log.
    pub(crate) feed_unsent: tokio::sync::Mutex<VecDeque<Unsent>>,
    draining: watch::Sender<bool>,
}

impl std::ops::Deref for App {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl std::ops::Deref for Inner {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.parts
    }
}

impl Inner {
    /// What was handed in.
    pub(crate) fn parts(&self) -> &Parts {
        &self.parts
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.parts.clock.now()
    }

    /// The market view, for as long as nothing is awaited.
    pub(crate) fn market_view(&self) -> RwLockReadGuard<'_, MarketView> {
        self.parts
            .markets
            .read()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn is_draining(&self) -> bool {
        *self.draining.borrow()
    }

    /// Resolves when the process begins to stop.
    pub(crate) fn draining(&self) -> watch::Receiver<bool> {
        self.draining.subscribe()
    }
}
