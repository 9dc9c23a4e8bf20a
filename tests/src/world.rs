//! A world: every service's owners, one log, one clock, one market picture, and the dice.
//!
//! Duty: let anything happen in any order that the port allows (crashes, zombies, late records,
//! lost outcomes), check the named invariants after each step, then heal and require that
//! everything resolves, that replay equals what the owners hold, and that the views equal both.

use crate::client::Client;
use crate::machine::{Machine, Maker, Scene, maker};
use crate::sabotage::Saboteur;
use crate::streams::Streams;
use crate::views::Views;
use audit::{Auditor, Violation};
use bytes::Bytes;
use eventlog::{AppendOutcome, Chain, Dice, Faults, SimulatedLog};
use kernel::{Duration, InvariantId, Position, RequestId, Timestamp, Topic, TopicPartition};
use markets::MarketView;
use runtime::{Bounds, Stop, take};
use schemas::{ClaimId, Decision};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How many partitions a simulated topic has.
pub const PARTITIONS: u16 = 2;

/// The journals, each with how its owners are made.
#[must_use]
pub fn services() -> Vec<(Topic, Maker)> {
    vec![
        (Topic::AuthEvents, maker::<auth::AuthService>()),
        (Topic::OddsEvents, maker::<odds::OddsService>()),
        (Topic::BetsEvents, maker::<bets::BetsService>()),
        (Topic::LedgerEvents, maker::<ledger::LedgerService>()),
        (Topic::PaymentsEvents, maker::<payments::PaymentsService>()),
        (Topic::FraudEvents, maker::<fraud::FraudService>()),
    ]
}

/// One partition of one service: its owners alive (one, or two when one is a zombie), and a
/// snapshot that a crash would leave.
struct Seat {
    at: TopicPartition,
    maker: Maker,
    owners: Vec<Box<dyn Machine>>,
    snapshot: Option<Vec<u8>>,
    claiming_since: u64,
}

/// A journal partition as an outsider reads it.
struct Outsider {
    at: TopicPartition,
    chain: Chain,
}

/// Everything.
pub struct World {
    /// Where it came from.
    pub seed: u64,
    /// The dice.
    pub dice: Dice,
    /// The log.
    pub log: SimulatedLog,
    /// The time.
    pub now: Timestamp,
    /// The auditor, fed as records appear.
    pub auditor: Auditor,
    /// Clients with a memory of their own.
    pub client: Client,
    /// Somebody who does one thing wrong, where a test wants to see it found.
    pub saboteur: Option<Saboteur>,
    seats: Vec<Seat>,
    outsiders: Vec<Outsider>,
    scene: Scene,
    picture_chains: Vec<Outsider>,
    views: Views,
    streams: Streams,
    steps: u64,
    /// Owners that came to an end for another reason than a lost claim.
    halted: Vec<(TopicPartition, Stop)>,
}

impl World {
    /// A world from a seed, in which these faults happen.
    #[must_use]
    pub fn new(seed: u64, faults: Faults) -> Self {
        let seats = services()
            .into_iter()
            .flat_map(|(topic, maker)| {
                (0..PARTITIONS).map(move |partition| Seat {
                    at: TopicPartition::new(topic, partition),
                    maker,
                    owners: vec![(maker.fresh)(partition, PARTITIONS)],
                    snapshot: None,
                    claiming_since: 0,
                })
            })
            .collect::<Vec<_>>();
        let outsider = |at| Outsider {
            at,
            chain: Chain::default(),
        };
        Self {
            seed,
            dice: Dice::new(seed),
            log: SimulatedLog::new(seed ^ 0x5eed, faults),
            now: Timestamp::from_millis(1_790_000_000_000),
            auditor: Auditor::default(),
            client: Client::default(),
            saboteur: None,
            outsiders: seats.iter().map(|seat| outsider(seat.at)).collect(),
            picture_chains: (0..PARTITIONS)
                .map(|partition| outsider(TopicPartition::new(Topic::OddsEvents, partition)))
                .collect(),
            seats,
            scene: Scene {
                picture: MarketView::default(),
                terms: odds::Terms::standard(PARTITIONS),
            },
            views: Views::default(),
            streams: Streams::default(),
            steps: 0,
            halted: Vec::new(),
        }
    }

    /// The market picture that owners and clients look at.
    #[must_use]
    pub const fn picture(&self) -> &MarketView {
        &self.scene.picture
    }

    /// One step of anything, then the checks that hold after every step.
    pub fn step(&mut self) {
        self.steps += 1;
        self.now = self.now.plus(Duration::from_micros(
            i64::try_from(self.dice.below(10_000)).unwrap_or(0),
        ));
        match self.dice.below(100) {
            0..=17 => Client::act(self),
            18..=21 => self.log.deliver_one(),
            22..=31 => self.draw_picture(),
            32..=33 => self.crash_one(),
            34 => self.add_zombie(),
            35..=36 => self.keep_snapshot(),
            37 => self.wait_a_while(),
            38..=47 => {
                self.watch();
            }
            _ => self.run_any(),
        }
    }

    /// Mostly a moment, now and then long enough for deadlines, delays and silence to pass.
    fn wait_a_while(&mut self) {
        let millis = if self.dice.permille(80) { 25_000 } else { 700 };
        self.now = self.now.plus(Duration::from_millis(millis));
    }

    fn any_seat(&mut self) -> usize {
        self.dice
            .below(self.seats.len().try_into().unwrap_or(1))
            .try_into()
            .unwrap_or(0)
    }

    /// An owner dies; the next one begins from a snapshot or from nothing.
    fn crash_one(&mut self) {
        let index = self.any_seat();
        let from_snapshot = self.dice.permille(600);
        let seat = &mut self.seats[index];
        seat.owners.clear();
        seat.owners.push(Self::successor(seat, from_snapshot));
        seat.claiming_since = self.steps;
    }

    fn successor(seat: &Seat, from_snapshot: bool) -> Box<dyn Machine> {
        match seat.snapshot.as_ref().filter(|_| from_snapshot) {
            Some(bytes) => (seat.maker.restored)(seat.at.partition, PARTITIONS, bytes),
            None => (seat.maker.fresh)(seat.at.partition, PARTITIONS),
        }
    }

    /// A second owner begins while the first one lives on and does not know it.
    fn add_zombie(&mut self) {
        let index = self.any_seat();
        let seat = &mut self.seats[index];
        if seat.owners.len() < 2 {
            let owner = Self::successor(seat, true);
            seat.owners.push(owner);
        }
    }

    fn keep_snapshot(&mut self) {
        let index = self.any_seat();
        let seat = &mut self.seats[index];
        if let Some(snapshot) = seat.owners.first().and_then(|owner| owner.snapshot()) {
            seat.snapshot = Some(match &mut self.saboteur {
                Some(saboteur) => saboteur.kept(seat.at, snapshot),
                None => snapshot,
            });
        }
    }

    /// Lets any one owner of any seat go on by a few records.
    fn run_any(&mut self) {
        let index = self.any_seat();
        let owners = self.seats[index].owners.len();
        let which = self.dice.below(owners.try_into().unwrap_or(1));
        self.run_owner(index, usize::try_from(which).unwrap_or(0), false);
    }

    /// Lets every owner of a seat go on as far as it can.
    fn run_seat(&mut self, index: usize) -> bool {
        let owners = self.seats[index].owners.len();
        (0..owners).rev().fold(false, |busy, which| {
            busy | self.run_owner(index, which, true)
        })
    }

    /// Lets one owner read, claim, decide and append. Whether anything happened.
    fn run_owner(&mut self, index: usize, which: usize, all: bool) -> bool {
        let portion = if all {
            usize::MAX
        } else {
            1 + usize::try_from(self.dice.below(6)).unwrap_or(0)
        };
        let seat = &mut self.seats[index];
        let owner = &mut seat.owners[which];
        let mut busy = owner.read_own(&self.log, portion);
        if let Some(stop) = owner.stopped() {
            self.end(index, which, stop);
            return true;
        }
        if owner.is_active() {
            busy |= if all {
                owner.read_all_inputs(&self.log)
            } else {
                owner.read_input(&self.log, &mut self.dice, portion)
            };
            let bounds = Bounds {
                records_max: if all { 512 } else { portion },
                ..Bounds::default()
            };
            let records = owner.decide(self.now, &self.scene, bounds);
            busy |= !records.is_empty();
            let at = owner.at();
            let doubtful = records
                .into_iter()
                .map(|record| self.log.append_one(at, record))
                .fold(false, |doubt, outcome| {
                    doubt | (outcome != AppendOutcome::Sent)
                });
            if doubtful {
                owner.doubt();
            }
        } else if !busy
            && (seat.claiming_since == 0 || self.steps > seat.claiming_since + 40 || all)
        {
            // Read to the end as far as it can tell: claim. A claim that never comes back is
            // tried again after a while.
            let owner = &mut seat.owners[which];
            let record: Bytes = owner.claim(ClaimId(claim_id(&mut self.dice)), self.now);
            let at = owner.at();
            seat.claiming_since = self.steps.max(1);
            self.log.append_one(at, record);
            busy = true;
        }
        if let Some(stop) = self.seats[index].owners[which].stopped() {
            self.end(index, which, stop);
        }
        busy
    }

    fn end(&mut self, index: usize, which: usize, stop: Stop) {
        let seat = &mut self.seats[index];
        match stop {
            Stop::Fenced { .. } | Stop::Doubt(_) => {}
            Stop::Halted(_) | Stop::Broken(_) => self.halted.push((seat.at, stop)),
        }
        seat.owners.remove(which);
        if seat.owners.is_empty() {
            let from_snapshot = self.dice.permille(500);
            let successor = Self::successor(seat, from_snapshot);
            seat.owners.push(successor);
            seat.claiming_since = 0;
        }
    }

    /// The market picture catches up with some of the odds journals.
    fn draw_picture(&mut self) {
        let which = usize::try_from(self.dice.below(u64::from(PARTITIONS))).unwrap_or(0);
        let portion = 1 + usize::try_from(self.dice.below(20)).unwrap_or(0);
        self.draw_picture_of(which, portion);
    }

    fn draw_picture_of(&mut self, which: usize, portion: usize) -> bool {
        let Outsider { at, chain } = &mut self.picture_chains[which];
        let records = self.log.records(*at, chain.next_offset, portion);
        let mut stretch =
            take(*at, chain, &records).expect("a simulated journal never halts its reader");
        if let Some(saboteur) = &mut self.saboteur {
            saboteur.picture(&mut stretch);
        }
        markets::draw(&mut self.scene.picture, &stretch);
        !records.is_empty()
    }

    /// Outsiders read on: the auditor, the projector and the client see what is effective.
    pub fn watch(&mut self) -> bool {
        let mut any = false;
        let mut seen: Vec<Arc<Decision>> = Vec::new();
        for Outsider { at, chain } in &mut self.outsiders {
            let records = self.log.records(*at, chain.next_offset, usize::MAX);
            any |= !records.is_empty();
            let stretch =
                take(*at, chain, &records).expect("a simulated journal never halts its reader");
            self.views.project(&stretch, self.saboteur.as_mut());
            seen.extend(
                stretch
                    .decisions
                    .into_iter()
                    .map(|effective| effective.decision),
            );
        }
        let which = usize::try_from(self.dice.below(self.seats.len().try_into().unwrap_or(1)));
        let late = self.seats[which.unwrap_or(0)].at;
        self.views
            .project_late(late, &self.log, &mut self.dice, self.saboteur.as_mut());
        for decision in seen {
            self.streams.send(&decision);
            self.tell(&decision);
        }
        self.streams
            .arrive(&self.log, &mut self.dice, self.saboteur.as_mut());
        any
    }

    /// The auditor and the clients hear of a decision.
    fn tell(&mut self, decision: &Decision) {
        let Some(saboteur) = &mut self.saboteur else {
            self.auditor.take(decision);
            Client::hear(self, decision);
            return;
        };
        let silenced = saboteur.silences(decision);
        if let Some(told) = saboteur.told(decision) {
            self.auditor.take(&told);
            if !silenced {
                Client::hear(self, &told);
            }
        }
    }

    /// What is wrong now.
    #[must_use]
    pub fn violations(&self, at_rest: bool) -> Vec<Violation> {
        let mut violations = self.auditor.violations(at_rest);
        violations.extend(self.client.violations(at_rest));
        violations.extend(self.views.violations());
        for (at, stop) in &self.halted {
            violations.push(Violation {
                invariant: InvariantId::WorkResolves,
                position: at.at(0),
                detail: stop.to_string(),
            });
        }
        violations
    }

    /// Everybody works until nothing is left to do at this instant.
    pub fn rest(&mut self) {
        loop {
            let mut busy = false;
            for which in 0..self.picture_chains.len() {
                busy |= self.draw_picture_of(which, usize::MAX);
            }
            for index in 0..self.seats.len() {
                busy |= self.run_seat(index);
            }
            busy |= self.watch();
            if !busy {
                return;
            }
        }
    }

    /// Misfortune ends; everything must come to rest.
    pub fn heal(&mut self) {
        self.log.heal();
        for round in 0..2_000_u32 {
            self.steps += 100;
            let mut busy = false;
            for which in 0..self.picture_chains.len() {
                busy |= self.draw_picture_of(which, usize::MAX);
            }
            for index in 0..self.seats.len() {
                busy |= self.run_seat(index);
            }
            busy |= self.watch();
            busy |= Client::finish(self);
            if !busy && self.fire_next_timer(round) {
                busy = true;
            }
            if !busy {
                return;
            }
        }
        let waiting: Vec<String> = self
            .seats
            .iter()
            .flat_map(|seat| &seat.owners)
            .filter(|owner| !owner.is_active() || !owner.is_quiet())
            .map(|owner| {
                format!(
                    "{} active {} quiet {}",
                    owner.at(),
                    owner.is_active(),
                    owner.is_quiet()
                )
            })
            .collect();
        panic!("seed {}: does not come to rest: {waiting:?}", self.seed);
    }

    /// Moves the clock to the next timer, of those that are near: heartbeats and stale feeds go
    /// on for ever, so rest is when nothing but them is left.
    fn fire_next_timer(&mut self, round: u32) -> bool {
        if round > 200 {
            return false;
        }
        self.now = self.now.plus(Duration::from_secs(1));
        true
    }

    /// Replay equals live: a fresh owner that reads the whole journal, and one that begins from a
    /// snapshot, hold the very state of the owner that lived through it all.
    pub fn check_replay(&mut self) -> Vec<Violation> {
        let mut violations = Vec::new();
        for seat in &self.seats {
            let live = seat
                .owners
                .first()
                .expect("every seat has an owner")
                .state();
            let replayed =
                Self::replayed(&self.log, (seat.maker.fresh)(seat.at.partition, PARTITIONS));
            let restored = seat.snapshot.as_ref().map(|bytes| {
                let found = self
                    .saboteur
                    .as_mut()
                    .map(|saboteur| saboteur.checked(seat.at, bytes));
                let bytes = found.as_ref().unwrap_or(bytes);
                Self::replayed(
                    &self.log,
                    (seat.maker.restored)(seat.at.partition, PARTITIONS, bytes),
                )
            });
            for (how, state) in [("from zero", Some(replayed)), ("from a snapshot", restored)] {
                if state.is_some_and(|state| state != live) {
                    violations.push(Violation {
                        invariant: InvariantId::ReplayIsDeterministic,
                        position: seat.at.at(0),
                        detail: format!("replay {how} differs from the owner's state"),
                    });
                }
            }
        }
        violations.extend(self.check_acknowledged());
        violations.extend(self.check_balances());
        let journals: Vec<TopicPartition> = self.seats.iter().map(|seat| seat.at).collect();
        violations.extend(self.views.check(&journals, &self.log));
        violations.extend(self.streams.check(&self.log));
        violations
    }

    /// The log is read once more from zero, by nobody who has read it before: everything that was
    /// acknowledged stands there once, where the client was told, and no rejection did anything.
    fn check_acknowledged(&mut self) -> Vec<Violation> {
        let mut violations = Vec::new();
        let mut found: BTreeMap<RequestId, Vec<Position>> = BTreeMap::new();
        let mut report = |position, detail| {
            violations.push(Violation {
                invariant: InvariantId::AcknowledgedIsRecorded,
                position,
                detail,
            });
        };
        for seat in &self.seats {
            let mut chain = Chain::default();
            let records = self.log.records(seat.at, 0, usize::MAX);
            let stretch = take(seat.at, &mut chain, &records)
                .expect("a simulated journal never halts its reader");
            for effective in stretch.decisions {
                let decision = (*effective.decision).clone();
                let decision = match &mut self.saboteur {
                    Some(saboteur) => saboteur.found(decision),
                    None => Some(decision),
                };
                let Some(decision) = decision else {
                    continue;
                };
                if decision.events.is_rejection() && !decision.events.is_empty() {
                    report(
                        decision.position,
                        "a rejection with consequences".to_owned(),
                    );
                }
                if let Some(request) = decision.header.request_id {
                    found.entry(request).or_default().push(decision.position);
                }
            }
        }
        for (request, position) in self.client.acknowledged() {
            let places = found.remove(&request).unwrap_or_default();
            if places != [position] {
                report(
                    position,
                    format!("{request} was acknowledged here and is found at {places:?}"),
                );
            }
        }
        violations
    }

    fn replayed(log: &SimulatedLog, mut owner: Box<dyn Machine>) -> Vec<u8> {
        while owner.read_own(log, 1_000) {}
        owner.state()
    }

    /// The balances in the views are those of the auditor's own fold.
    fn check_balances(&mut self) -> Vec<Violation> {
        use schemas::Wire;
        use schemas::rows::{BalanceRow, table};
        let mut violations = Vec::new();
        for (key, state) in self.auditor.accounts() {
            let Some(customer) = key.customer else {
                continue;
            };
            let account = schemas::ledger::Account {
                customer: Some(customer),
                kind: key.kind,
                currency: key.currency,
            };
            let at = TopicPartition::new(Topic::LedgerEvents, key.partition);
            let row = self
                .views
                .read(at, table::BALANCE, account.to_bytes(), None)
                .and_then(|row| BalanceRow::from_bytes(&row.value).ok());
            let agrees = row.as_ref().is_some_and(|row| {
                i128::from(row.posted_minor) == state.posted_minor
                    && i128::from(row.held_minor) == state.held_minor
                    && row.entry == state.entries
            });
            if !agrees {
                violations.push(Violation {
                    invariant: InvariantId::ReplayEqualsViews,
                    position: state.last.unwrap_or_else(|| zero_position(key.partition)),
                    detail: format!("{key:?}: the view has {row:?}, the movements give {state:?}"),
                });
            }
        }
        violations
    }
}

fn zero_position(partition: u16) -> Position {
    TopicPartition::new(Topic::LedgerEvents, partition).at(0)
}

fn claim_id(dice: &mut Dice) -> [u8; 16] {
    let mut id = [0; 16];
    for chunk in id.chunks_exact_mut(8) {
        chunk.copy_from_slice(&dice.next().to_be_bytes());
    }
    id
}
