//! Faults planted on purpose, to see that the checks bite.
//!
//! Duty: alter what an owner looks at, what a snapshot holds, what a view or a stream shows, or
//! what is told of the log, in one way that breaks one invariant. Prohibition: nothing outside
//! this crate knows of it; a world without a saboteur is untouched.

use kernel::{
    BetId, CustomerId, Duration, InvariantId, Money, Price, RequestId, Timestamp, TopicPartition,
    TransferId,
};
use runtime::Stretch;
use schemas::ledger::{AccountKind, TransferCode};
use schemas::promotions::Promotion;
use schemas::rows::{BalanceRow, table};
use schemas::{Decision, Events, Input, Wire, auth, bets, ledger, odds, payments};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use viewstore::{Row, StoredRow, ViewError};

/// What is done wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A posting tells another amount than its balances.
    PostingAltered,
    /// A balance after an entry is not what the movements give.
    BalanceAfterAltered,
    /// More is held than there is.
    HoldBeyondBalance,
    /// The rational beside a return is not the one that was rounded.
    ExactReturnAltered,
    /// Two decisions answer one request.
    RequestAnsweredTwice,
    /// Owners begin from snapshots that do not know what was answered.
    SnapshotForgetsRequests,
    /// A record that was acknowledged is not found when the log is read again.
    AcknowledgedVanishes,
    /// A rejection that is read again moved something.
    RejectionWithEvents,
    /// A reader lets a gap in a chain through.
    DecisionMissing,
    /// An input is answered after a later one.
    CauseGoesBack,
    /// A view shows another balance.
    RowAltered,
    /// A snapshot holds the state of an earlier one.
    SnapshotStateOlder,
    /// A slip is settled a second time.
    SettledTwice,
    /// A return is a cent more than the rule gives.
    ReturnAltered,
    /// A leg that does not count counts.
    VoidForgotten,
    /// A void slip pays its token out.
    TokenReturnedAsCash,
    /// A stake is free again before the slip is decided.
    HoldReleasedEarly,
    /// The picture that bets looks at does not hear of suspensions.
    SuspensionUnheard,
    /// The picture that bets looks at shows better prices than were published.
    PriceMisread,
    /// A slip is struck at another price than the book's.
    AcceptedPriceAltered,
    /// A deposit is credited twice.
    DepositCreditedTwice,
    /// A withdrawal's hold is taken twice.
    WithdrawalPaidTwice,
    /// An adjustment is approved by the one who proposed it.
    AdjustmentByOnePerson,
    /// An adjustment moves money that nobody has approved.
    AdjustmentUnapproved,
    /// One person is both who approve a large withdrawal.
    WithdrawalByOnePerson,
    /// A large withdrawal goes to the provider behind one approval.
    WithdrawalHalfApproved,
    /// A large withdrawal goes to the provider without having waited for anybody.
    ReviewSkipped,
    /// A decision of an older epoch follows one of a newer.
    EpochGoesBack,
    /// A view shows a row as it was before.
    RowGoesBack,
    /// A view shows the cells of two writes in one row.
    RowTorn,
    /// A stream leaves out a balance.
    StreamSkips,
    /// A resumed stream tells its last balance again.
    StreamRepeats,
    /// A bet although the exclusion was noticed.
    BetWhileExcluded,
    /// A bet beyond the stake limit that was noticed.
    BetBeyondLimit,
    /// A bet although a restriction forbids it.
    BetWhileForbidden,
    /// A deposit although the exclusion was noticed.
    DepositWhileExcluded,
    /// A deposit beyond the limit that was noticed.
    DepositBeyondLimit,
    /// Bets of one day beyond the limit that was noticed.
    DayOfBetsBeyondLimit,
    /// Deposits of one month beyond the limit that was noticed.
    MonthOfDepositsBeyondLimit,
    /// A slip is struck although the exclusion was noticed after it was placed.
    AcceptedWhileExcluded,
    /// A limit is raised without the customer's second word.
    IncreaseUnconfirmed,
    /// An exclusion gets shorter.
    ExclusionShortened,
    /// Bets of one week beyond the limit that was noticed.
    WeekOfBetsBeyondLimit,
    /// Stakes that are lost or may be, beyond the limit that was noticed.
    LossesBeyondLimit,
    /// A bet beyond the factor that a trader has set.
    BetBeyondFactor,
    /// An answer that reaches nobody.
    AnswerUnheard,
    /// A slip is settled, and sold back as well.
    SettledThoughSold,
    /// A sale pays a cent more than its prices come to.
    SaleAltered,
}

impl Fault {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::PostingAltered,
        Self::BalanceAfterAltered,
        Self::HoldBeyondBalance,
        Self::ExactReturnAltered,
        Self::RequestAnsweredTwice,
        Self::SnapshotForgetsRequests,
        Self::AcknowledgedVanishes,
        Self::RejectionWithEvents,
        Self::DecisionMissing,
        Self::CauseGoesBack,
        Self::RowAltered,
        Self::SnapshotStateOlder,
        Self::SettledTwice,
        Self::ReturnAltered,
        Self::VoidForgotten,
        Self::TokenReturnedAsCash,
        Self::HoldReleasedEarly,
        Self::SuspensionUnheard,
        Self::PriceMisread,
        Self::AcceptedPriceAltered,
        Self::DepositCreditedTwice,
        Self::WithdrawalPaidTwice,
        Self::AdjustmentByOnePerson,
        Self::AdjustmentUnapproved,
        Self::WithdrawalByOnePerson,
        Self::WithdrawalHalfApproved,
        Self::ReviewSkipped,
        Self::EpochGoesBack,
        Self::RowGoesBack,
        Self::RowTorn,
        Self::StreamSkips,
        Self::StreamRepeats,
        Self::BetWhileExcluded,
        Self::BetBeyondLimit,
        Self::BetWhileForbidden,
        Self::DepositWhileExcluded,
        Self::DepositBeyondLimit,
        Self::DayOfBetsBeyondLimit,
        Self::MonthOfDepositsBeyondLimit,
        Self::AcceptedWhileExcluded,
        Self::IncreaseUnconfirmed,
        Self::ExclusionShortened,
        Self::WeekOfBetsBeyondLimit,
        Self::LossesBeyondLimit,
        Self::BetBeyondFactor,
        Self::AnswerUnheard,
        Self::SettledThoughSold,
        Self::SaleAltered,
    ];

    /// What it breaks.
    #[must_use]
    pub const fn breaks(self) -> InvariantId {
        use InvariantId as I;
        match self {
            Self::PostingAltered | Self::BalanceAfterAltered => I::RecordsBalance,
            Self::HoldBeyondBalance => I::LimitsOfAccountsHold,
            Self::ExactReturnAltered => I::MoneyIsExact,
            Self::RequestAnsweredTwice | Self::SnapshotForgetsRequests => I::OneEffectPerRequest,
            Self::AcknowledgedVanishes | Self::RejectionWithEvents => I::AcknowledgedIsRecorded,
            Self::DecisionMissing | Self::CauseGoesBack => I::ChainIsUnbroken,
            Self::RowAltered => I::ReplayEqualsViews,
            Self::SnapshotStateOlder => I::ReplayIsDeterministic,
            Self::SettledTwice
            | Self::ReturnAltered
            | Self::VoidForgotten
            | Self::TokenReturnedAsCash => I::OneSettlementInForce,
            Self::HoldReleasedEarly => I::StakesAreReserved,
            Self::SuspensionUnheard => I::AcceptedOnlyWhenOpen,
            Self::PriceMisread | Self::AcceptedPriceAltered => I::AcceptedAtQuotedPrice,
            Self::DepositCreditedTwice
            | Self::WithdrawalPaidTwice
            | Self::AdjustmentByOnePerson
            | Self::AdjustmentUnapproved
            | Self::WithdrawalByOnePerson
            | Self::WithdrawalHalfApproved
            | Self::ReviewSkipped => I::PaymentsMatchProvider,
            Self::EpochGoesBack => I::OneWriterPerEpoch,
            Self::RowGoesBack | Self::RowTorn => I::ViewsOnlyAdvance,
            Self::StreamSkips | Self::StreamRepeats => I::StreamsAreGapless,
            Self::BetWhileExcluded
            | Self::BetBeyondLimit
            | Self::BetWhileForbidden
            | Self::DepositWhileExcluded
            | Self::DepositBeyondLimit
            | Self::DayOfBetsBeyondLimit
            | Self::MonthOfDepositsBeyondLimit
            | Self::AcceptedWhileExcluded
            | Self::IncreaseUnconfirmed
            | Self::ExclusionShortened
            | Self::WeekOfBetsBeyondLimit
            | Self::LossesBeyondLimit
            | Self::BetBeyondFactor => I::RestrictionsBind,
            Self::AnswerUnheard => I::WorkResolves,
            Self::SettledThoughSold | Self::SaleAltered => I::OneEndForEveryPart,
        }
    }

    /// Whether it shows as soon as it is planted. The others make an owner work on false ground;
    /// whether it then does something wrong is up to the dice. What the ledger refuses
    /// needs no approval.
    #[must_use]
    pub const fn shows_at_once(self) -> bool {
        !matches!(
            self,
            Self::SnapshotForgetsRequests
                | Self::SuspensionUnheard
                | Self::PriceMisread
                | Self::AdjustmentUnapproved
        )
    }
}

/// Somebody who plants one fault in a world.
pub struct Saboteur {
    fault: Fault,
    planted: bool,
    request: Option<RequestId>,
    customers: BTreeSet<CustomerId>,
    /// Slips that a promotion pays for: limits of one's own do not count them in full.
    funded: BTreeSet<BetId>,
    dropped_from: Option<TopicPartition>,
    states: BTreeMap<TopicPartition, Vec<u8>>,
    rows: BTreeMap<(&'static str, Vec<u8>), StoredRow>,
    newer_shown: BTreeSet<(&'static str, Vec<u8>)>,
}

impl Saboteur {
    /// Will plant this fault at the first occasion.
    #[must_use]
    pub const fn new(fault: Fault) -> Self {
        Self {
            fault,
            planted: false,
            request: None,
            customers: BTreeSet::new(),
            funded: BTreeSet::new(),
            dropped_from: None,
            states: BTreeMap::new(),
            rows: BTreeMap::new(),
            newer_shown: BTreeSet::new(),
        }
    }

    /// Whether there was an occasion.
    #[must_use]
    pub const fn has_planted(&self) -> bool {
        self.planted
    }

    fn plants(&mut self, fault: Fault) -> bool {
        let first = self.fault == fault && !self.planted;
        self.planted |= first;
        first
    }

    /// What is told of an effective decision.
    pub fn told(&mut self, decision: &Decision) -> Option<Decision> {
        let mut told = decision.clone();
        if self.planted {
            return Some(told);
        }
        let at = decision.topic_partition();
        if self.fault == Fault::DecisionMissing {
            if self.dropped_from == Some(at) {
                self.planted = true;
            } else if self.dropped_from.is_none() && decision.header.seq == 3 {
                self.dropped_from = Some(at);
                return None;
            }
        } else if self.fault == Fault::RequestAnsweredTwice {
            let answered = &mut told.header.request_id;
            if let (Some(first), Some(_)) = (self.request, *answered) {
                *answered = Some(first);
                self.planted = true;
            }
            self.request = self.request.or(decision.header.request_id);
        } else {
            self.planted = alter(self.fault, &mut told) || self.sum_up(&mut told);
        }
        Some(told)
    }

    /// A limit that the customer's earlier bet or deposit leaves no room under.
    fn sum_up(&mut self, told: &mut Decision) -> bool {
        if let Events::BetsEvents(body) = &mut told.events
            && let Some(notice) = sums_of_bets(self.fault)
        {
            self.funded.extend(funded_of(&body.events));
            for index in 0..body.events.len() {
                if let bets::Event::BetAccepted(accepted) = &body.events[index]
                    && !self.funded.contains(&accepted.bet)
                {
                    self.customers.insert(accepted.customer);
                }
                if let bets::Event::BetPlaced(placed) = &body.events[index]
                    && self.customers.contains(&placed.customer)
                    && !self.funded.contains(&placed.bet)
                {
                    let event = notice(placed);
                    body.events.insert(index, event);
                    return true;
                }
            }
        }
        if let Events::PaymentsEvents(body) = &mut told.events
            && self.fault == Fault::MonthOfDepositsBeyondLimit
        {
            for index in 0..body.events.len() {
                if let payments::Event::DepositConfirmed(confirmed) = &body.events[index] {
                    self.customers.insert(confirmed.customer);
                }
                if let payments::Event::DepositRequested(requested) = &body.events[index]
                    && self.customers.contains(&requested.customer)
                {
                    let noticed = payments::DepositLimitNoticed {
                        customer: requested.customer,
                        day: None,
                        week: None,
                        month: Some(requested.amount),
                    };
                    let event = payments::Event::DepositLimitNoticed(noticed);
                    body.events.insert(index, event);
                    return true;
                }
            }
        }
        false
    }

    /// Whether the clients are kept from hearing this.
    pub fn silences(&mut self, decision: &Decision) -> bool {
        if let Some(request) = decision.header.request_id
            && self.plants(Fault::AnswerUnheard)
        {
            self.request = Some(request);
        }
        self.fault == Fault::AnswerUnheard
            && self.request.is_some()
            && self.request == decision.header.request_id
    }

    /// What is found when the log is read again.
    pub fn found(&mut self, decision: Decision) -> Option<Decision> {
        let mut found = decision;
        if found.header.request_id.is_none() {
            return Some(found);
        }
        if self.plants(Fault::AcknowledgedVanishes) {
            return None;
        }
        if let Events::PaymentsEvents(body) = &mut found.events
            && body.rejection.is_some()
            && self.plants(Fault::RejectionWithEvents)
        {
            body.events.push(payments::Event::OutcomeContradicted(
                payments::OutcomeContradicted {
                    provider: "nobody".to_owned(),
                    provider_event: "none".to_owned(),
                    reference: "none".to_owned(),
                },
            ));
        }
        Some(found)
    }

    /// What the market picture is drawn from.
    pub fn picture(&mut self, stretch: &mut Stretch) {
        for effective in &mut stretch.decisions {
            let decision = Arc::make_mut(&mut effective.decision);
            let Events::OddsEvents(body) = &mut decision.events else {
                continue;
            };
            if self.fault == Fault::SuspensionUnheard {
                let before = body.events.len();
                body.events
                    .retain(|event| !matches!(event, odds::Event::MarketSuspended(_)));
                self.planted |= body.events.len() < before;
            }
            if self.fault != Fault::PriceMisread {
                continue;
            }
            for event in &mut body.events {
                if let odds::Event::BookPublished(book) = event {
                    for quoted in &mut book.prices {
                        quoted.price = quoted.price.map(longer);
                    }
                    self.planted = true;
                }
            }
        }
    }

    /// What is kept of a snapshot.
    pub fn kept(&mut self, at: TopicPartition, snapshot: Vec<u8>) -> Vec<u8> {
        if self.fault == Fault::SnapshotStateOlder {
            let (_, _, state) = parted(&snapshot);
            self.states.entry(at).or_insert(state);
        }
        if self.fault != Fault::SnapshotForgetsRequests {
            return snapshot;
        }
        let (mut before_answers, answered, state) = parted(&snapshot);
        self.planted |= !answered.is_empty();
        Vec::<RequestId>::new().encode(&mut before_answers);
        before_answers.extend(state);
        before_answers
    }

    /// What is found of a snapshot when it is checked.
    pub fn checked(&mut self, at: TopicPartition, snapshot: &[u8]) -> Vec<u8> {
        let Some(older) = self.states.get(&at) else {
            return snapshot.to_vec();
        };
        let (mut bytes, answered, state) = parted(snapshot);
        self.planted |= *older != state;
        answered.encode(&mut bytes);
        bytes.extend(older);
        bytes
    }

    /// What is written into a view.
    pub fn written(&mut self, row: &mut Row) {
        if self.fault != Fault::RowAltered || row.table != table::BALANCE {
            return;
        }
        if let Ok(mut balance) = BalanceRow::from_bytes(&row.value) {
            balance.posted_minor += 1;
            row.value = balance.to_bytes();
            self.planted = true;
        }
    }

    /// What a view shows of a row.
    ///
    /// # Errors
    /// The row does not match its checksum.
    pub fn shown(&mut self, table: &'static str, row: StoredRow) -> Result<StoredRow, ViewError> {
        if !matches!(self.fault, Fault::RowGoesBack | Fault::RowTorn) {
            return Ok(row);
        }
        let first = self
            .rows
            .entry((table, row.key.clone()))
            .or_insert_with(|| row.clone())
            .clone();
        if first.seq == row.seq || first.value == row.value {
            return Ok(row);
        }
        if self.fault == Fault::RowGoesBack {
            // The newer one must have been seen before.
            if self.newer_shown.insert((table, row.key.clone())) {
                return Ok(row);
            }
            self.planted = true;
            return Ok(first);
        }
        self.planted = true;
        let sum = viewstore::checksum(table, &row.key, row.topic_partition, row.seq, &row.value);
        let torn = StoredRow {
            value: first.value,
            ..row
        };
        torn.verified(table, sum)
    }

    /// Whether a stream leaves the next balance out.
    pub fn skips(&mut self) -> bool {
        self.plants(Fault::StreamSkips)
    }

    /// Whether a resumed stream begins with what it told last.
    pub fn repeats(&mut self) -> bool {
        self.plants(Fault::StreamRepeats)
    }
}

fn longer(price: Price) -> Price {
    let (above, below) = (price.numerator(), price.denominator());
    Price::ratio(above * 100 + below, below * 100).unwrap_or(price)
}

/// A snapshot of an owner: what stands before the answered requests, these, and the state.
fn parted(snapshot: &[u8]) -> (Vec<u8>, Vec<RequestId>, Vec<u8>) {
    type Cursors = Vec<(TopicPartition, (eventlog::Chain, u64))>;
    let mut input = Input::new(snapshot);
    let read = "a snapshot of an owner";
    let mut before = Vec::new();
    eventlog::Chain::decode(&mut input)
        .expect(read)
        .encode(&mut before);
    Option::<(u64, kernel::Digest)>::decode(&mut input)
        .expect(read)
        .encode(&mut before);
    Cursors::decode(&mut input).expect(read).encode(&mut before);
    let answered = Vec::decode(&mut input).expect(read);
    (before, answered, input.rest().to_vec())
}

/// Alters what a decision says. Whether it could.
fn alter(fault: Fault, told: &mut Decision) -> bool {
    if fault == Fault::EpochGoesBack && told.header.seq > 1 {
        told.header.epoch = 0;
        return true;
    }
    if fault == Fault::CauseGoesBack
        && let Some(schemas::Cause::Input(position)) = &mut told.header.cause
        && told.header.seq > 20
    {
        position.offset = 0;
        return true;
    }
    match &mut told.events {
        Events::LedgerEvents(body) => alter_ledger(fault, &mut body.events),
        Events::BetsEvents(body) => alter_bets(fault, &mut body.events),
        Events::PaymentsEvents(body) => alter_payments(fault, &mut body.events),
        Events::AuthEvents(body) => alter_auth(fault, &mut body.events),
        Events::OddsEvents(_) | Events::FraudEvents(_) => false,
    }
}

fn alter_auth(fault: Fault, events: &mut Vec<auth::Event>) -> bool {
    for index in 0..events.len() {
        if let auth::Event::LimitSet(set) = &events[index]
            && let Some(amount) = set.amount
            && fault == Fault::IncreaseUnconfirmed
        {
            let mut raised = set.clone();
            raised.amount = Some(Money::from_minor(amount.minor() + 1, amount.currency()));
            events.insert(index + 1, auth::Event::LimitSet(raised));
            return true;
        }
        if let auth::Event::CustomerExcluded(excluded) = &events[index]
            && fault == Fault::ExclusionShortened
        {
            let mut shorter = excluded.clone();
            shorter.until = shorter.until.minus(Duration::from_secs(1));
            events.insert(index + 1, auth::Event::CustomerExcluded(shorter));
            return true;
        }
    }
    false
}

fn alter_ledger(fault: Fault, events: &mut Vec<ledger::Event>) -> bool {
    for index in 0..events.len() {
        match &mut events[index] {
            ledger::Event::TransferPosted(posted) => {
                if fault == Fault::PostingAltered {
                    posted.minor += 1;
                    return true;
                }
                if fault == Fault::DepositCreditedTwice && posted.code == TransferCode::Deposit {
                    let mut again = posted.clone();
                    again.id = TransferId::from_bytes([0xdd; 16]);
                    again.debit_after.posted_minor -= again.minor;
                    again.debit_after.entry += 1;
                    again.credit_after.posted_minor += again.minor;
                    again.credit_after.entry += 1;
                    events.insert(index + 1, ledger::Event::TransferPosted(again));
                    return true;
                }
            }
            ledger::Event::TransferHeld(held) => {
                if fault == Fault::BalanceAfterAltered {
                    held.debit_after.posted_minor += 1;
                    return true;
                }
                if fault == Fault::HoldBeyondBalance && held.debit.kind == AccountKind::Cash {
                    held.minor += 1_000_000_000;
                    held.debit_after.held_minor += 1_000_000_000;
                    return true;
                }
                if fault == Fault::HoldReleasedEarly && held.code == TransferCode::Stake {
                    let mut debit_after = held.debit_after.clone();
                    debit_after.held_minor -= held.minor;
                    debit_after.entry += 1;
                    let voided = ledger::HoldVoided {
                        id: TransferId::from_bytes([0xee; 16]),
                        hold: held.id,
                        debit: held.debit.clone(),
                        minor: held.minor,
                        code: held.code,
                        debit_after,
                        credit: held.credit.clone(),
                        content: held.content,
                    };
                    events.insert(index + 1, ledger::Event::HoldVoided(voided));
                    return true;
                }
            }
            ledger::Event::HoldCaptured(captured) => {
                if fault == Fault::WithdrawalPaidTwice && captured.code == TransferCode::Withdrawal
                {
                    let again = captured.clone();
                    events.insert(index + 1, ledger::Event::HoldCaptured(again));
                    return true;
                }
            }
            ledger::Event::HoldVoided(_)
            | ledger::Event::HoldExpired(_)
            | ledger::Event::TransferRefused(_)
            | ledger::Event::AccountRulesSet(_)
            | ledger::Event::NothingMoved(_) => {}
        }
    }
    false
}

fn alter_bets(fault: Fault, events: &mut Vec<bets::Event>) -> bool {
    for index in 0..events.len() {
        if let bets::Event::BetSettled(settled) = &mut events[index] {
            if fault == Fault::ExactReturnAltered {
                settled.exact = "1/7".to_owned();
                return true;
            }
            if fault == Fault::ReturnAltered {
                settled.returned =
                    Money::from_minor(settled.returned.minor() + 1, settled.returned.currency());
                return true;
            }
            if fault == Fault::SettledTwice {
                let mut again = settled.clone();
                again.settlement += 1;
                events.insert(index + 1, bets::Event::BetSettled(again));
                return true;
            }
        }
        if let bets::Event::LegVoided(_) = &events[index]
            && fault == Fault::VoidForgotten
        {
            events.remove(index);
            return true;
        }
        if let bets::Event::CashedOut(sold) = &mut events[index] {
            if fault == Fault::SaleAltered {
                let amount = sold.amount;
                sold.amount = Money::from_minor(amount.minor() + 1, amount.currency());
                return true;
            }
            if fault == Fault::SettledThoughSold {
                let settled = settled_as_well(sold);
                events.insert(index, bets::Event::BetSettled(settled));
                return true;
            }
        }
        if let bets::Event::BetAccepted(accepted) = &events[index]
            && fault == Fault::AcceptedWhileExcluded
        {
            let noticed = bets::ExclusionNoticed {
                customer: accepted.customer,
                until: Timestamp::MAX,
            };
            events.insert(index, bets::Event::ExclusionNoticed(noticed));
            return true;
        }
        if let bets::Event::BetAccepted(accepted) = &mut events[index]
            && fault == Fault::AcceptedPriceAltered
        {
            accepted.legs[0].price = longer(accepted.legs[0].price);
            return true;
        }
        if fault == Fault::TokenReturnedAsCash && pay_token_out(&mut events[index..]) {
            return true;
        }
        if let bets::Event::BetPlaced(placed) = &events[index]
            && !funded_of(events).any(|bet| bet == placed.bet)
            && let Some(noticed) = noticed_before(fault, placed)
        {
            events.insert(index, noticed);
            return true;
        }
    }
    false
}

/// The slips of a record that a promotion pays for.
fn funded_of(events: &[bets::Event]) -> impl Iterator<Item = BetId> + '_ {
    events.iter().filter_map(|event| {
        if let bets::Event::StakeFunded(funded) = event {
            Some(funded.bet)
        } else {
            None
        }
    })
}

/// A void settlement and its division become those of a slip that cash alone had paid for; all sums
/// agree.
fn pay_token_out(events: &mut [bets::Event]) -> bool {
    let [
        bets::Event::BetSettled(settled),
        bets::Event::ReturnDivided(divided),
        ..,
    ] = events
    else {
        return false;
    };
    let of_token = matches!(divided.promotion, Promotion::FreeBet(_));
    if settled.outcome != bets::SlipOutcome::Void || !of_token {
        return false;
    }
    settled.returned = settled.stake;
    settled.exact = format!("{}/100", settled.stake.minor());
    divided.division.to_cash = settled.stake;
    true
}

/// A limit that leaves room for this bet alone, of the kind that the fault is about.
fn sums_of_bets(fault: Fault) -> Option<fn(&bets::BetPlaced) -> bets::Event> {
    let of_day = |placed: &bets::BetPlaced| {
        bets::Event::StakeLimitNoticed(bets::StakeLimitNoticed {
            customer: placed.customer,
            per_slip: None,
            per_day: Some(placed.stake),
        })
    };
    if fault == Fault::DayOfBetsBeyondLimit {
        Some(of_day)
    } else if fault == Fault::WeekOfBetsBeyondLimit {
        Some(|placed| own_limit(placed, bets::OwnLimit::StakeWeek))
    } else {
        None
    }
}

fn own_limit(placed: &bets::BetPlaced, limit: bets::OwnLimit) -> bets::Event {
    bets::Event::OwnLimitNoticed(bets::OwnLimitNoticed {
        customer: placed.customer,
        limit,
        amount: Some(placed.stake),
    })
}

/// A settlement that lost the race against this sale, and takes effect all the same.
fn settled_as_well(sold: &bets::CashedOut) -> bets::BetSettled {
    bets::BetSettled {
        bet: sold.bet,
        customer: sold.customer,
        settlement: sold.settlement,
        stake: sold.stake,
        returned: sold.amount,
        exact: sold.worth.exact.clone(),
        outcome: bets::SlipOutcome::Won,
        settled_at: sold.cashed_out_at,
    }
}

/// What would have forbidden the bet, had it been known.
fn noticed_before(fault: Fault, placed: &bets::BetPlaced) -> Option<bets::Event> {
    let customer = placed.customer;
    if fault == Fault::BetWhileExcluded {
        let until = placed.placed_at.plus(Duration::from_secs(86_400));
        let noticed = bets::ExclusionNoticed { customer, until };
        return Some(bets::Event::ExclusionNoticed(noticed));
    }
    if fault == Fault::BetBeyondLimit {
        let less = Money::from_minor(placed.stake.minor() - 1, placed.stake.currency());
        let noticed = bets::StakeLimitNoticed {
            customer,
            per_slip: Some(less),
            per_day: None,
        };
        return Some(bets::Event::StakeLimitNoticed(noticed));
    }
    if fault == Fault::LossesBeyondLimit {
        let mut event = own_limit(placed, bets::OwnLimit::LossMonth);
        if let bets::Event::OwnLimitNoticed(noticed) = &mut event {
            noticed.amount = Some(Money::from_minor(0, placed.stake.currency()));
        }
        return Some(event);
    }
    if fault == Fault::BetBeyondFactor {
        return Some(bets::Event::StakeFactorSet(bets::StakeFactorSet {
            customer,
            scope: bets::FactorScope {
                sport: None,
                market_kind: None,
            },
            stake_permille: Some(0),
            reason: "sharp".to_owned(),
            by: "trader".to_owned(),
            set_at: placed.placed_at,
        }));
    }
    (fault == Fault::BetWhileForbidden).then_some(bets::Event::RestrictionNoticed(
        bets::RestrictionNoticed {
            customer,
            stake_permille: 0,
        },
    ))
}

/// Alters that event if it is one of a large withdrawal's review.
fn alter_review(fault: Fault, events: &mut Vec<payments::Event>, index: usize) -> bool {
    if let payments::Event::WithdrawalApproved(approved) = &mut events[index]
        && approved.last
    {
        if fault == Fault::WithdrawalByOnePerson {
            let first = &approved.reviewed.approvals[0];
            approved.approval.by = first.by.clone();
            return true;
        }
        if fault == Fault::WithdrawalHalfApproved {
            events.remove(index);
            return true;
        }
    }
    if let payments::Event::WithdrawalReviewStarted(started) = &events[index]
        && fault == Fault::ReviewSkipped
    {
        let of = started.reviewed.clone();
        events[index] = payments::Event::WithdrawalSubmitted(payments::WithdrawalSubmitted {
            withdrawal: of.withdrawal,
            customer: of.customer,
            amount: of.amount,
            provider: of.provider,
            requested_at: of.requested_at,
        });
        return true;
    }
    false
}

fn alter_payments(fault: Fault, events: &mut Vec<payments::Event>) -> bool {
    for index in 0..events.len() {
        if let payments::Event::AdjustmentApproved(approved) = &mut events[index] {
            if fault == Fault::AdjustmentByOnePerson {
                approved.answered.by = approved.answered.proposed_by.clone();
                return true;
            }
            if fault == Fault::AdjustmentUnapproved {
                events.remove(index);
                return true;
            }
        }
        if alter_review(fault, events, index) {
            return true;
        }
        let payments::Event::DepositRequested(requested) = &events[index] else {
            continue;
        };
        let customer = requested.customer;
        let noticed = if fault == Fault::DepositWhileExcluded {
            payments::Event::ExclusionNoticed(payments::ExclusionNoticed {
                customer,
                until: requested.requested_at.plus(Duration::from_secs(86_400)),
            })
        } else if fault == Fault::DepositBeyondLimit {
            let amount = requested.amount;
            payments::Event::DepositLimitNoticed(payments::DepositLimitNoticed {
                customer,
                day: Some(Money::from_minor(amount.minor() - 1, amount.currency())),
                week: None,
                month: None,
            })
        } else {
            return false;
        };
        events.insert(index, noticed);
        return true;
    }
    false
}
