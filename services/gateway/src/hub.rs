//! What the gateway learns from the journals' tails.
//!
//! Duty: take every effective decision of the process's one journal reader, hand it to the
//! requests that wait for it, to the streams of the customers whom it concerns, and remember the
//! newest ones so that a stream can go on where it was cut.
//!
//! Prohibition: nothing here waits. `take` is called by the reader, after the market view has
//! taken the same decisions, and must never hold it up: who is too slow is cut off.

use crate::positions::Token;
use crate::ring::Ring;
use crate::ticket::Ticket;
use kernel::{
    BetId, CustomerId, MarketId, Offset, Position, RequestId, SessionId, Timestamp, Topic,
    TopicPartition,
};
use rustc_hash::FxHashMap;
use schemas::{Cause, Decision, Events};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{mpsc, watch};

/// Sessions that are remembered as living.
const LIVING_MAX: usize = 100_000;

/// How much is remembered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Memory {
    /// Odds decisions.
    pub odds: usize,
    /// Decisions of bets and ledger.
    pub recent: usize,
    /// Decisions that wait for one customer's stream.
    pub queue: usize,
}

/// The meeting point of tails, requests and streams. One per process.
pub struct Hub {
    state: Mutex<State>,
    odds_changed: watch::Sender<u64>,
    queue: usize,
}

struct State {
    next: BTreeMap<TopicPartition, Offset>,
    /// Where the reader began.
    began: BTreeMap<TopicPartition, Offset>,
    asking: FxHashMap<RequestId, Asker>,
    following: FxHashMap<BetId, mpsc::UnboundedSender<Arc<Decision>>>,
    /// Whose the bets are that are placed and not decided: some events name the bet only.
    pending: FxHashMap<BetId, CustomerId>,
    watchers: BTreeMap<CustomerId, Vec<mpsc::Sender<Arc<Decision>>>>,
    odds: Ring<Arc<[MarketId]>>,
    recent: Ring<Arc<Decision>>,
    revoked: BTreeMap<SessionId, Timestamp>,
    /// Sessions that had not ended when this process looked, and until when that need not be
    /// asked again: from then on the tail tells.
    living: FxHashMap<SessionId, Timestamp>,
    /// For each input of each ledger partition: the last record answered, and where.
    ledger_answered: BTreeMap<TopicPartition, (Offset, Position)>,
}

struct Asker {
    digest: kernel::Digest,
    sender: mpsc::UnboundedSender<Arc<Decision>>,
}

/// The same request is being asked here already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct InFlight {
    /// With the same content.
    pub same_content: bool,
}

/// What changed on the odds tail since a cursor.
pub(crate) struct OddsNews {
    /// The markets that changed; none: too much was missed, look at all of them.
    pub markets: Option<BTreeSet<MarketId>>,
    /// Where to go on.
    pub cursor: u64,
    /// What has been seen with this.
    pub seen: Token,
}

impl Hub {
    pub(crate) fn new(memory: Memory) -> Self {
        let state = State {
            next: BTreeMap::new(),
            began: BTreeMap::new(),
            asking: FxHashMap::default(),
            following: FxHashMap::default(),
            pending: FxHashMap::default(),
            watchers: BTreeMap::new(),
            odds: Ring::new(memory.odds),
            recent: Ring::new(memory.recent),
            revoked: BTreeMap::new(),
            living: FxHashMap::default(),
            ledger_answered: BTreeMap::new(),
        };
        Self {
            state: Mutex::new(state),
            odds_changed: watch::Sender::new(0),
            queue: memory.queue,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the next effective decisions of a journal partition, in order, and how far it was
    /// read (records without effect included). The first call for a partition tells where the
    /// reader began. The market view must have taken the same decisions before.
    pub fn take(
        &self,
        topic_partition: TopicPartition,
        decisions: &[Arc<Decision>],
        next_offset: Offset,
    ) {
        let mut state = self.state();
        state.begin(topic_partition, decisions.first(), next_offset);
        for decision in decisions {
            state.take(decision);
        }
        let next = state.next.entry(topic_partition).or_default();
        *next = next_offset.max(*next);
        if topic_partition.topic == Topic::OddsEvents && !decisions.is_empty() {
            let count = state.odds.end();
            drop(state);
            self.odds_changed.send_replace(count);
        }
    }

    /// Registers for the answer to a request, on the tail of that partition.
    pub(crate) fn register(
        self: &Arc<Self>,
        request: RequestId,
        digest: kernel::Digest,
        journal: TopicPartition,
    ) -> Result<Ticket, InFlight> {
        let mut state = self.state();
        if let Some(asker) = state.asking.get(&request) {
            return Err(InFlight {
                same_content: asker.digest == digest,
            });
        }
        let (sender, receiver) = mpsc::unbounded_channel();
        state.asking.insert(request, Asker { digest, sender });
        let registered_at = state.next.get(&journal).copied().unwrap_or(0);
        let hub = Arc::clone(self);
        Ok(Ticket::new(hub, request, registered_at, receiver))
    }

    /// The decisions about one customer's bets and money from here on.
    pub(crate) fn watch(&self, customer: CustomerId) -> mpsc::Receiver<Arc<Decision>> {
        let (sender, receiver) = mpsc::channel(self.queue);
        let mut state = self.state();
        let watchers = state.watchers.entry(customer).or_default();
        watchers.retain(|watcher| !watcher.is_closed());
        watchers.push(sender);
        receiver
    }

    /// What was seen of one topic's partitions, or of one partition.
    pub(crate) fn seen(&self, topic: Topic, partition: Option<u16>) -> Token {
        self.state().seen(topic, partition)
    }

    /// The remembered decisions about a customer after that token; none: too old a token.
    pub(crate) fn recent_since(
        &self,
        token: &Token,
        topic: Topic,
        customer: CustomerId,
    ) -> Option<Vec<Arc<Decision>>> {
        let state = self.state();
        let at = TopicPartition::new(topic, customer.partition());
        let found = state.recent.since(token, at)?;
        Some(
            found
                .filter(|decision| concerns(decision, &state.pending).contains(&customer))
                .map(Arc::clone)
                .collect(),
        )
    }

    /// Resolves when odds have changed beyond the cursor.
    pub(crate) fn odds_changes(&self) -> watch::Receiver<u64> {
        self.odds_changed.subscribe()
    }

    /// Where a stream of odds begins that has seen that much; no cursor: too much was missed.
    pub(crate) fn odds_resume(&self, token: &Token) -> Option<u64> {
        self.state().odds.index_after(token)
    }

    /// The end of the odds tail.
    pub(crate) fn odds_end(&self) -> (u64, Token) {
        let state = self.state();
        (state.odds.end(), state.seen(Topic::OddsEvents, None))
    }

    /// Which markets have changed since the cursor.
    pub(crate) fn odds_since(&self, cursor: u64) -> OddsNews {
        let state = self.state();
        let markets = state.odds.entries_from(cursor).map(|entries| {
            entries
                .flat_map(|markets| markets.iter().copied())
                .collect()
        });
        OddsNews {
            markets,
            cursor: state.odds.end(),
            seen: state.seen(Topic::OddsEvents, None),
        }
    }

    /// Whether a session was ended before its time.
    pub(crate) fn is_revoked(&self, session: SessionId) -> bool {
        self.state().revoked.contains_key(&session)
    }

    /// Whether the session was looked up before and lived.
    pub(crate) fn is_known_to_live(&self, session: SessionId, now: Timestamp) -> bool {
        let until = self.state().living.get(&session).copied();
        until.is_some_and(|until| now < until)
    }

    /// Notes that a session lives, and until when that holds unless the tail tells otherwise.
    pub(crate) fn note_living(&self, session: SessionId, until: Timestamp) {
        let mut state = self.state();
        // Looked up again, nothing else: whoever is forgotten here costs one read.
        if state.living.len() >= LIVING_MAX {
            state.living.clear();
        }
        state.living.insert(session, until);
    }

    /// Notes that a session ended before this process began to read.
    pub(crate) fn note_revoked(&self, session: SessionId, now: Timestamp) {
        self.state().revoked.insert(session, now);
    }

    /// How far the ledger has answered the records of another journal partition: the last one
    /// answered, and where the ledger's answer stands. None: nothing seen yet.
    pub(crate) fn ledger_answer(&self, input: TopicPartition) -> Option<(Offset, Position)> {
        self.state().ledger_answered.get(&input).copied()
    }

    /// Whether a record stands before everything that was read here.
    pub(crate) fn is_older(&self, position: Position) -> bool {
        let began = self.state().began.get(&position.topic_partition()).copied();
        began.is_none_or(|began| position.offset < began)
    }

    /// How far a journal partition was read.
    pub(crate) fn next_offset(&self, at: TopicPartition) -> Option<Offset> {
        self.state().next.get(&at).copied()
    }

    pub(crate) fn release(&self, request: RequestId, followed: &[BetId]) {
        let mut state = self.state();
        state.asking.remove(&request);
        for bet in followed {
            state.following.remove(bet);
        }
    }
}

impl State {
    /// What lies before the reader's beginning was never seen here.
    fn begin(&mut self, at: TopicPartition, first: Option<&Arc<Decision>>, next_offset: Offset) {
        if self.next.contains_key(&at) {
            return;
        }
        let start = first.map_or(next_offset, |decision| decision.position.offset);
        self.next.insert(at, 0);
        self.began.insert(at, start);
        if let Some(before) = start.checked_sub(1) {
            self.odds.begin(at.at(before));
            self.recent.begin(at.at(before));
        }
    }

    fn seen(&self, topic: Topic, partition: Option<u16>) -> Token {
        let mut token = Token::default();
        for (at, next) in &self.next {
            let wanted = at.topic == topic && partition.is_none_or(|p| p == at.partition);
            if let Some(last) = next.checked_sub(1).filter(|_| wanted) {
                token.see(at.at(last));
            }
        }
        token
    }

    fn take(&mut self, decision: &Arc<Decision>) {
        if let Some(asker) = decision
            .header
            .request_id
            .and_then(|request| self.asking.get(&request))
        {
            let sender = asker.sender.clone();
            for bet in crate::events::placed_in(decision) {
                self.following.insert(bet, sender.clone());
            }
            // The asker may just have given up.
            sender.send(Arc::clone(decision)).unwrap_or_default();
        }
        match &decision.events {
            Events::OddsEvents(body) => {
                let markets: Arc<[MarketId]> = body
                    .events
                    .iter()
                    .filter_map(crate::events::market_of)
                    .collect();
                if !markets.is_empty() {
                    self.odds.push(decision.position, markets);
                }
            }
            Events::BetsEvents(body) => {
                for event in &body.events {
                    self.follow(decision, event);
                }
                self.deliver(decision);
                for event in &body.events {
                    crate::events::note_pending(&mut self.pending, event);
                }
            }
            Events::LedgerEvents(_) => {
                self.note_ledger_answer(decision);
                self.deliver(decision);
            }
            Events::AuthEvents(body) => {
                for event in &body.events {
                    if let Some(session) = crate::events::revoked_session(event) {
                        self.revoked.insert(session, decision.header.decided_at);
                    }
                }
                self.forget_revoked(decision.header.decided_at);
            }
            Events::PaymentsEvents(_) | Events::FraudEvents(_) => {}
        }
    }

    /// Hands a decision about a bet to the request that placed it.
    fn follow(&self, decision: &Arc<Decision>, event: &schemas::bets::Event) {
        let follower = crate::events::followed_bet(event).and_then(|bet| self.following.get(&bet));
        if let Some(follower) = follower {
            follower.send(Arc::clone(decision)).unwrap_or_default();
        }
    }

    /// Hands a decision to the streams of the customers whom it concerns, and remembers it.
    fn deliver(&mut self, decision: &Arc<Decision>) {
        self.recent.push(decision.position, Arc::clone(decision));
        if self.watchers.is_empty() {
            return;
        }
        for customer in concerns(decision, &self.pending) {
            let Some(watchers) = self.watchers.get_mut(&customer) else {
                continue;
            };
            // A full queue: its stream is too slow for what must not be left out, and is cut.
            watchers.retain(|watcher| watcher.try_send(Arc::clone(decision)).is_ok());
            if watchers.is_empty() {
                self.watchers.remove(&customer);
            }
        }
    }

    fn note_ledger_answer(&mut self, decision: &Arc<Decision>) {
        let cause = match decision.header.cause {
            Some(Cause::Input(position)) => Some(position),
            Some(Cause::Timer { .. } | Cause::Work { .. }) | None => None,
        };
        let consumed = decision.header.consumed.iter().filter_map(|consumed| {
            let before = consumed.position.offset.checked_sub(1)?;
            Some(consumed.position.topic_partition().at(before))
        });
        for input in cause.into_iter().chain(consumed) {
            let answered = self
                .ledger_answered
                .entry(input.topic_partition())
                .or_insert((input.offset, decision.position));
            if input.offset > answered.0 {
                *answered = (input.offset, decision.position);
            }
        }
    }

    /// Access tokens live ten minutes at most; a revocation need not be known for longer.
    fn forget_revoked(&mut self, now: Timestamp) {
        let oldest = now.minus(kernel::Duration::from_secs(20 * 60));
        if self.revoked.len() > 1_000 {
            self.revoked.retain(|_, at| *at >= oldest);
        }
    }
}

/// The customers whom a decision of bets or the ledger concerns.
fn concerns(decision: &Decision, pending: &FxHashMap<BetId, CustomerId>) -> BTreeSet<CustomerId> {
    match &decision.events {
        Events::BetsEvents(body) => body
            .events
            .iter()
            .filter_map(|event| crate::events::bettor_of(event, pending))
            .collect(),
        Events::LedgerEvents(body) => body
            .events
            .iter()
            .flat_map(crate::events::balances_of)
            .filter_map(|(account, _)| account.customer)
            .collect(),
        Events::AuthEvents(_)
        | Events::OddsEvents(_)
        | Events::PaymentsEvents(_)
        | Events::FraudEvents(_) => BTreeSet::new(),
    }
}
