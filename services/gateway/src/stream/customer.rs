//! A customer's bets and money as they change.
//!
//! Duty: fold the tail's decisions about one customer into the same bets and balances that the
//! reads show, one message for each change, none left out. A channel begins with a snapshot from
//! the views, or goes on from a token with the decisions that the hub remembers.

use crate::app::App;
use crate::money::{self, At, Wallet};
use crate::picture::Picture;
use crate::positions::Token;
use crate::problem::Problem;
use crate::routes::bets::picture_of;
use crate::stream::{Counter, Message, heartbeat_data};
use crate::{events, views};
use kernel::{BetId, CustomerId, Position, Topic};
use schemas::Decision;
use schemas::bets::Event;
use schemas::rows::{BetStatus, table};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use viewstore::Scan;

/// Bets in a snapshot: the newest.
const SNAPSHOT_BETS: usize = 50;
/// Bets that a channel keeps in mind; others are looked up when something happens to them.
const BETS_KEPT: usize = 500;

/// What the views show once they have passed what the tail has brought.
async fn views_at_tail(app: &App, topic: Topic, customer: CustomerId) -> Result<Token, Problem> {
    let seen = app.hub.seen(topic, Some(customer.partition()));
    views::wait_for(app, &seen).await?;
    Ok(seen)
}

/// The channel of bets.
pub(crate) struct BetsChannel {
    customer: CustomerId,
    bets: BTreeMap<BetId, (Picture, Position)>,
    counter: Counter,
}

impl BetsChannel {
    /// Begins, and what is to be sent first.
    pub(crate) async fn begin(
        app: &App,
        customer: CustomerId,
        since: Option<&Token>,
    ) -> Result<(Self, Vec<Message>), Problem> {
        let mut channel = Self {
            customer,
            bets: BTreeMap::new(),
            counter: Counter::after(since),
        };
        let missed =
            since.and_then(|token| app.hub.recent_since(token, Topic::BetsEvents, customer));
        if let Some(missed) = missed {
            let mut messages = Vec::new();
            for decision in missed {
                messages.extend(channel.take(app, &decision).await?);
            }
            return Ok((channel, messages));
        }
        let seen = views_at_tail(app, Topic::BetsEvents, customer).await?;
        channel.counter.stand_at(seen);
        let snapshot = channel.snapshot(app).await?;
        Ok((channel, vec![snapshot]))
    }

    async fn snapshot(&mut self, app: &App) -> Result<Message, Problem> {
        let scan = Scan::of(table::BET_OF_CUSTOMER, self.customer.bytes())
            .reversed()
            .rows_max(SNAPSHOT_BETS);
        let mut shown = Vec::new();
        for key in views::keys(app, scan).await? {
            let id: Option<[u8; 16]> = key.get(16..).and_then(|id| id.try_into().ok());
            let Some(bet) = id.map(BetId::from_bytes) else {
                continue;
            };
            if let Some((_, picture)) = picture_of(app, bet).await? {
                shown.push(Value::Object(picture.to_json()));
                let position = picture.position();
                self.bets.insert(bet, (picture, position));
            }
        }
        Ok(self.counter.next("snapshot", json!({"bets": shown})))
    }

    /// The messages that a decision makes: one for each bet that it changes.
    pub(crate) async fn take(
        &mut self,
        app: &App,
        decision: &Decision,
    ) -> Result<Vec<Message>, Problem> {
        let mut messages = Vec::new();
        for event in events::of_bets(decision) {
            let Some((bet, _)) = events::state_of_bet(event) else {
                continue;
            };
            if let Some(shown) = self.changed(app, bet, event, decision).await? {
                self.counter.seen(&Token::of(&[decision.position]));
                messages.push(self.counter.next("delta", json!({"bet": shown})));
            }
        }
        Ok(messages)
    }

    /// The bet after the event; none when it is somebody else's, or was shown so before.
    async fn changed(
        &mut self,
        app: &App,
        bet: BetId,
        event: &Event,
        decision: &Decision,
    ) -> Result<Option<Value>, Problem> {
        let (position, decided_at) = (decision.position, decision.header.decided_at);
        if let Some(placed) = events::placement(event) {
            if placed.customer != self.customer {
                return Ok(None);
            }
            if !self.bets.contains_key(&bet) {
                let picture = Picture::placed(placed, position).agreed(events::of_bets(decision));
                self.keep(bet, picture, position);
                return Ok(self.shown(bet));
            }
        }
        if !self.bets.contains_key(&bet) {
            // Placed before this channel began. The view may be ahead of the event; taking the
            // event shows the bet as it was then, and what comes later will come as well.
            views::wait_for(app, &Token::of(&[position])).await?;
            let Some((customer, picture)) = picture_of(app, bet).await? else {
                return Ok(None);
            };
            if customer != self.customer {
                return Ok(None);
            }
            let before = position.topic_partition().at(0);
            self.keep(bet, picture, before);
        }
        let Some((picture, shown_at)) = self.bets.get_mut(&bet) else {
            return Ok(None);
        };
        if shown_at.offset >= position.offset {
            return Ok(None);
        }
        *shown_at = position;
        picture.take(event, position, decided_at);
        Ok(self.shown(bet))
    }

    fn shown(&self, bet: BetId) -> Option<Value> {
        let (picture, _) = self.bets.get(&bet)?;
        Some(Value::Object(picture.to_json()))
    }

    fn keep(&mut self, bet: BetId, picture: Picture, shown_at: Position) {
        if self.bets.len() >= BETS_KEPT {
            let over = |(picture, _): &(Picture, Position)| match picture.status() {
                BetStatus::Rejected | BetStatus::Settled | BetStatus::CashedOut => true,
                BetStatus::Pending | BetStatus::Accepted => false,
            };
            self.bets.retain(|_, kept| !over(kept));
        }
        self.bets.insert(bet, (picture, shown_at));
    }

    pub(crate) fn heartbeat(&self, app: &App) -> Message {
        self.counter.again("heartbeat", heartbeat_data(app))
    }
}

/// The channel of the customer's money.
pub(crate) struct AccountChannel {
    wallet: Wallet,
    counter: Counter,
}

impl AccountChannel {
    /// Begins, and what is to be sent first.
    pub(crate) async fn begin(
        app: &App,
        customer: CustomerId,
        since: Option<&Token>,
    ) -> Result<(Self, Vec<Message>), Problem> {
        let seen = views_at_tail(app, Topic::LedgerEvents, customer).await?;
        let currency = money::customer(app, customer).await?.currency;
        let counter = Counter::after(since);
        let from = since.and_then(|token| {
            let missed = app.hub.recent_since(token, Topic::LedgerEvents, customer)?;
            let ledger = token.positions().find(|p| p.topic == Topic::LedgerEvents)?;
            Some((ledger, missed))
        });
        if let Some((position, missed)) = from {
            let at = At::Position(position);
            let wallet = money::wallet(app, customer, currency, &at).await?;
            let mut channel = Self { wallet, counter };
            let messages = missed
                .iter()
                .filter_map(|decision| channel.take(decision, customer))
                .collect();
            return Ok((channel, messages));
        }
        let wallet = money::wallet(app, customer, currency, &At::Now).await?;
        let mut channel = Self { wallet, counter };
        channel.counter.stand_at(seen);
        let snapshot = channel.counter.next("snapshot", channel.wallet.to_json());
        Ok((channel, vec![snapshot]))
    }

    /// The message that a decision makes: the wallet after all of it.
    pub(crate) fn take(&mut self, decision: &Decision, customer: CustomerId) -> Option<Message> {
        let mut changed = false;
        for event in events::of_ledger(decision) {
            for (account, balance) in events::balances_of(event) {
                if account.customer == Some(customer) {
                    changed |= self.wallet.take(account, balance, decision.position);
                }
            }
        }
        if !changed {
            return None;
        }
        self.counter.seen(&Token::of(&[decision.position]));
        Some(self.counter.next("delta", self.wallet.to_json()))
    }

    /// A reminder, which is no change and does not count.
    pub(crate) fn reality_check(&self, due: Value) -> Message {
        self.counter.again("reality_check", due)
    }

    pub(crate) fn heartbeat(&self, app: &App) -> Message {
        self.counter.again("heartbeat", heartbeat_data(app))
    }
}
