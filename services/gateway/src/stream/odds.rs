//! Prices as they change.
//!
//! Duty: a snapshot of the markets asked for, then those that changed, each in full and in its
//! newest version. Who reads slowly gets fewer and newer messages. A stream that comes back with
//! its token gets what changed meanwhile, or a snapshot when that is no longer remembered.

use crate::app::App;
use crate::positions::Token;
use crate::shapes;
use crate::stream::{Counter, Message, heartbeat_data};
use kernel::MarketId;
use markets::{Market, MarketStatus, MarketView};
use schemas::odds::FixtureStatus;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tokio::sync::watch;

/// One client's view of the prices.
pub(crate) struct OddsChannel {
    app: App,
    /// None: everything that is on the board.
    markets: Option<BTreeSet<MarketId>>,
    changes: watch::Receiver<u64>,
    /// None: a snapshot is due.
    cursor: Option<u64>,
    counter: Counter,
}

impl OddsChannel {
    pub(crate) fn new(
        app: &App,
        markets: Option<BTreeSet<MarketId>>,
        since: Option<&Token>,
    ) -> Self {
        let mut changes = app.hub.odds_changes();
        // Whatever there is now is looked at once, whether or not it changes again.
        changes.mark_changed();
        Self {
            app: app.clone(),
            markets,
            changes,
            cursor: since.and_then(|token| app.hub.odds_resume(token)),
            counter: Counter::after(since),
        }
    }

    /// The next snapshot or delta. May be dropped and called again without loss.
    pub(crate) async fn next(&mut self) -> Message {
        loop {
            if self.changes.changed().await.is_err() {
                // The hub lives as long as the gateway.
                std::future::pending::<()>().await;
            }
            if let Some(message) = self.news() {
                return message;
            }
        }
    }

    fn news(&mut self) -> Option<Message> {
        let Some(cursor) = self.cursor else {
            return Some(self.snapshot());
        };
        let news = self.app.hub.odds_since(cursor);
        let Some(changed) = news.markets else {
            return Some(self.snapshot());
        };
        self.cursor = Some(news.cursor);
        self.counter.seen(&news.seen);
        let view = self.app.market_view();
        let shown: Vec<Value> = changed
            .into_iter()
            .filter(|id| {
                self.markets
                    .as_ref()
                    .is_none_or(|markets| markets.contains(id))
            })
            .filter_map(|id| view.market(id))
            .map(shapes::market)
            .collect();
        drop(view);
        if shown.is_empty() {
            return None;
        }
        Some(self.counter.next("delta", json!({"markets": shown})))
    }

    fn snapshot(&mut self) -> Message {
        // The end first and the view after it: what is shown is never older than the token.
        let (cursor, seen) = self.app.hub.odds_end();
        self.cursor = Some(cursor);
        self.counter.stand_at(seen);
        let view = self.app.market_view();
        let shown: Vec<Value> = match &self.markets {
            Some(ids) => ids
                .iter()
                .filter_map(|id| view.market(*id))
                .map(shapes::market)
                .collect(),
            None => view
                .markets()
                .filter(|market| is_on_board(market, &view))
                .map(shapes::market)
                .collect(),
        };
        drop(view);
        self.counter.next("snapshot", json!({"markets": shown}))
    }

    pub(crate) fn heartbeat(&self) -> Message {
        self.counter.again("heartbeat", heartbeat_data(&self.app))
    }
}

/// Whether a market is of interest to somebody who asked for none in particular.
fn is_on_board(market: &Market, view: &MarketView) -> bool {
    match market.status {
        MarketStatus::Open | MarketStatus::Suspended => true,
        MarketStatus::Closed | MarketStatus::Settled => {
            let fixture = view.fixture(market.fixture);
            fixture.is_some_and(|fixture| match fixture.status {
                FixtureStatus::Scheduled | FixtureStatus::InPlay => true,
                FixtureStatus::Finished | FixtureStatus::Cancelled => false,
            })
        }
    }
}
