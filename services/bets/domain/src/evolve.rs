//! Taking notice of facts.
//!
//! Duty: fold each event into the state, whatever it says: a recorded fact cannot be refused, so
//! one about an unknown slip changes nothing. Prohibition: nothing is judged here.

use crate::cancellation::CancelledBy;
use crate::customer::Customer;
use crate::event::{BetPlaced, Event, ReferralWord};
use crate::liability::{OpenStakes, Turn};
use crate::market::{Job, JobKind, Market, ResultInForce};
use crate::own_limit::OwnLimit;
use crate::slip::{
    DecidedLeg, Names, SettlementInForce, Settlements, Shortage, Slip, SlipLeg, Stage, StruckLeg,
};
use crate::state::State;
use crate::tally::{DayTally, day};
use crate::terms::{LegTerms, SlipTermsFixed};
use kernel::{BetId, CustomerId, MarketId, Money, SelectionId, Timestamp};
use std::collections::BTreeMap;

pub(crate) fn evolve(state: &mut State, event: &Event) {
    match event {
        Event::BetPlaced(placed) => state.take_in(placed),
        Event::BetTermsFixed { bet, terms } => state.fix_terms(*bet, terms),
        Event::BetAwaitsBudget { bet, market, until } => {
            let shortage = Shortage {
                market: *market,
                until: *until,
            };
            state.change_stage(*bet, |stage| stage.short_of(shortage));
        }
        Event::BetHeld { bet } => state.change_stage(*bet, Stage::held),
        Event::BetDelayed { bet, until, .. } => {
            let delayed = Stage::Delayed { until: *until };
            state.change_stage(*bet, |_| delayed);
        }
        Event::BetAccepted {
            bet,
            legs,
            potential_return,
            accepted_at,
            ..
        } => state.strike(*bet, legs, *potential_return, *accepted_at),
        Event::BetRejected { bet, .. } => state.let_go(*bet),
        Event::SettlementStarted {
            market,
            result,
            outcomes,
            detail,
            ..
        } => {
            let result = ResultInForce {
                number: *result,
                outcomes: outcomes.clone(),
                detail: detail.clone(),
            };
            state.start_settlement(*market, result);
        }
        Event::RollbackStarted { market, result, .. } => state.start_rollback(*market, *result),
        Event::CancellationStarted {
            market,
            by,
            cancellation,
            ..
        } => {
            let cancellations = &mut state.market_mut(*market).cancellations;
            cancellations.insert(*by, cancellation.clone());
            state.start_job(*market, JobKind::Cancellations, 0);
        }
        Event::RestorationStarted { market, by, .. } => {
            state.market_mut(*market).cancellations.remove(by);
            state.start_job(*market, JobKind::Cancellations, 0);
        }
        Event::LegVoided {
            bet, selection, by, ..
        } => state.mark_leg(*bet, *selection, Some(*by)),
        Event::LegRestored { bet, selection } => state.mark_leg(*bet, *selection, None),
        Event::LegDecided {
            bet,
            selection,
            decided,
            ..
        } => state.decide_leg(*bet, *selection, *decided),
        // The settlement that follows says what is paid.
        Event::ReturnExplained { .. } | Event::PricesTraced { .. } => {}
        Event::SettlementReversed {
            bet, settlement, ..
        } => state.set_settlement(*bet, *settlement, None),
        Event::BetSettled {
            bet,
            settlement,
            returned,
            outcome,
            settled_at,
            ..
        } => {
            let in_force = SettlementInForce {
                returned: *returned,
                outcome: *outcome,
                settled_at: *settled_at,
            };
            state.set_settlement(*bet, *settlement, Some(in_force));
        }
        Event::CashOutQuoted(quoted) => state.note_quote(quoted),
        Event::CashOutDelayed {
            bet, taken, until, ..
        } => state.delay_cash_out(*bet, *taken, *until),
        Event::CashedOut(sold) => state.sell(sold),
        Event::CashOutRefused { bet, .. } => state.refuse_cash_out(*bet),
        Event::SettlementAdvanced {
            market,
            part,
            last,
            finished,
            ..
        } => state.advance(*market, *part, *last, *finished),
        Event::BudgetRequested { market, total } => {
            state.market_mut(*market).budget.requested_minor = total.minor();
        }
        Event::BudgetNoticed { market, total } => state.grant(*market, *total),
        Event::BudgetReturned { market, total } => {
            state.market_mut(*market).budget.returned_minor = total.minor();
        }
        Event::StakeLimitNoticed {
            customer,
            per_slip,
            per_day,
        } => {
            state.set_limit(*customer, OwnLimit::StakeSlip, *per_slip);
            state.set_limit(*customer, OwnLimit::StakeDay, *per_day);
        }
        Event::OwnLimitNoticed {
            customer,
            limit,
            amount,
        } => state.set_limit(*customer, *limit, *amount),
        Event::ExclusionNoticed { customer, until } => {
            state.customer_mut(*customer).excluded_until = Some(*until);
        }
        Event::StakeFactorSet(set) => {
            let factors = &mut state.customer_mut(set.customer).factors;
            match set.stake_permille {
                Some(permille) => factors.insert(set.scope.clone(), permille),
                None => factors.remove(&set.scope),
            };
        }
        Event::RestrictionNoticed {
            customer,
            stake_permille,
        } => state.customer_mut(*customer).stake_permille = *stake_permille,
        Event::PartAllowed { bet } => {
            if let Some(slip) = state.slips.get_mut(bet) {
                slip.accepts_part = true;
            }
        }
        Event::BetReferred(referred) => {
            let waits = Stage::Referred {
                until: referred.until,
                held: false,
            };
            state.change_stage(referred.bet, |_| waits);
        }
        Event::ReferralAnswered(told) => match told.word {
            ReferralWord::Accepted => state.change_slip(told.bet, |slip| {
                slip.cleared = true;
                slip.stage = slip.stage.clone().answered(slip, told.until);
            }),
            // The rejection beside it says what follows.
            ReferralWord::Declined | ReferralWord::Offered => {}
        },
        Event::PartAgreed(agreed) => state.agree_on_part(agreed),
        // The acceptance that follows says what is staked; the rest is the ledger's.
        Event::StakeReduced { .. } => {}
        Event::BetReoffered(told) => state.remember_reoffer(told),
        Event::ReofferAccepted { reoffer, bet } => {
            if let Some(reoffer) = state.reoffers.get_mut(reoffer) {
                reoffer.taken_by = Some(*bet);
            }
        }
        Event::Promotion(event) => state.take_promotion(event),
    }
}

impl Stage {
    /// A market has no room for the slip.
    fn short_of(self, shortage: Shortage) -> Self {
        let short_of = Some(shortage);
        match self {
            Self::AwaitingHold { .. } => Self::AwaitingHold { short_of },
            Self::Held { .. } => Self::Held {
                short_of,
                woken: false,
            },
            Self::Delayed { .. } | Self::Accepted(_) | Self::Referred { .. } | Self::CashedOut => {
                self
            }
        }
    }

    /// The hold stands.
    fn held(self) -> Self {
        match self {
            Self::AwaitingHold { short_of } => Self::Held {
                short_of,
                woken: true,
            },
            Self::Referred { until, .. } => Self::Referred { until, held: true },
            Self::Held { .. } | Self::Delayed { .. } | Self::Accepted(_) | Self::CashedOut => self,
        }
    }

    /// There may be room now.
    fn woken(self) -> Self {
        match self {
            Self::Held { short_of, .. } => Self::Held {
                short_of,
                woken: true,
            },
            Self::AwaitingHold { .. }
            | Self::Delayed { .. }
            | Self::Accepted(_)
            | Self::Referred { .. }
            | Self::CashedOut => self,
        }
    }

    /// A trader has answered, or a part was agreed on: the slip is looked at again, at once. No
    /// risk of it is reserved; for room it waits until then.
    pub(crate) fn answered(self, slip: &Slip, until: Timestamp) -> Self {
        match self {
            Self::Referred { .. } | Self::Held { .. } => Self::Held {
                short_of: slip.legs.first().map(|leg| Shortage {
                    market: leg.struck.market,
                    until,
                }),
                woken: true,
            },
            Self::AwaitingHold { .. }
            | Self::Delayed { .. }
            | Self::Accepted(_)
            | Self::CashedOut => self,
        }
    }
}

impl State {
    pub(crate) fn market_mut(&mut self, market: MarketId) -> &mut Market {
        self.markets.entry(market).or_default()
    }

    pub(crate) fn customer_mut(&mut self, customer: CustomerId) -> &mut Customer {
        self.customers.entry(customer).or_default()
    }

    fn take_in(&mut self, placed: &BetPlaced) {
        let slip = Slip {
            customer: placed.customer,
            bet_type: placed.bet_type,
            sizes: None,
            each_way: placed.each_way,
            legs: placed.legs.iter().cloned().map(SlipLeg::open).collect(),
            unit_stake: placed.stake,
            stake: placed.stake,
            price_policy: placed.price_policy,
            potential_return: placed.potential_return,
            rules_version: placed.rules_version,
            placed_at: placed.placed_at,
            struck_at: None,
            stage: Stage::AwaitingHold { short_of: None },
            timer: None,
            accepts_part: false,
            held: None,
            cleared: false,
            cash_out: None,
            funding: None,
        };
        self.count_stake(&slip, slip.stake.minor());
        self.count_risk(&slip, slip.liability_minor());
        for leg in &placed.legs {
            self.market_mut(leg.market).pending.insert(placed.bet);
        }
        self.slips.insert(placed.bet, slip);
    }

    /// The terms of a slip that was just taken in: they change neither its risk nor its timer.
    fn fix_terms(&mut self, bet: BetId, terms: &SlipTermsFixed) {
        let Some(slip) = self.slips.get_mut(&bet) else {
            return;
        };
        slip.unit_stake = terms.unit_stake;
        slip.sizes = terms.sizes;
        for (leg, agreed) in slip.legs.iter_mut().zip(&terms.legs) {
            leg.terms = *agreed;
        }
    }

    /// Takes a slip out, changes it and puts it back with its risk and timer in step.
    pub(crate) fn change_slip(&mut self, bet: BetId, change: impl FnOnce(&mut Slip)) {
        let Some(mut slip) = self.slips.remove(&bet) else {
            return;
        };
        self.release_risk(&slip);
        change(&mut slip);
        if slip.is_reserved() {
            self.count_risk(&slip, slip.liability_minor());
        }
        self.rearm(bet, &mut slip);
        self.slips.insert(bet, slip);
    }

    fn change_stage(&mut self, bet: BetId, change: impl FnOnce(Stage) -> Stage) {
        self.change_slip(bet, |slip| slip.stage = change(slip.stage.clone()));
    }

    fn release_risk(&mut self, slip: &Slip) {
        if slip.is_reserved() {
            self.count_risk(slip, slip.liability_minor().saturating_neg());
        }
    }

    fn count_risk(&mut self, slip: &Slip, minor: i64) {
        for leg in slip.struck_legs() {
            let budget = &mut self.market_mut(leg.market).budget;
            budget.used_minor = budget.used_minor.saturating_add(minor);
        }
    }

    fn set_limit(&mut self, customer: CustomerId, limit: OwnLimit, amount: Option<Money>) {
        let limits = &mut self.customer_mut(customer).limits;
        match amount {
            Some(amount) => limits.insert(limit, amount),
            None => limits.remove(&limit),
        };
    }

    /// A slip is staked, or (below nothing) was not after all.
    pub(crate) fn count_stake(&mut self, slip: &Slip, minor: i64) {
        let currency = slip.stake.currency();
        let tally = &mut self.customer_mut(slip.customer).tally;
        tally.count(day(slip.placed_at), currency, DayTally::staked(minor));
        tally.count_open(currency, minor);
    }

    /// Keeps the slip's timer in step with its stage.
    fn rearm(&mut self, bet: BetId, slip: &mut Slip) {
        let due = slip.due();
        if slip.timer.map(|(due, _)| due) == due {
            return;
        }
        if let Some(old) = slip.timer.take() {
            self.timers.remove(&old);
        }
        if let Some(due) = due {
            self.timers_armed = self.timers_armed.saturating_add(1);
            let timer = (due, self.timers_armed);
            self.timers.insert(timer, bet);
            slip.timer = Some(timer);
        }
    }

    fn strike(
        &mut self,
        bet: BetId,
        legs: &[StruckLeg],
        potential_return: Money,
        struck_at: Timestamp,
    ) {
        self.change_slip(bet, |slip| {
            let terms: Vec<LegTerms> = slip.legs.iter().map(|leg| leg.terms).collect();
            slip.legs = legs.iter().map(SlipLeg::without_names).collect();
            for (leg, agreed) in slip.legs.iter_mut().zip(terms) {
                leg.terms = agreed;
            }
            slip.potential_return = potential_return;
            // A hold that took the place of the first is counted like one after a reversal.
            slip.stage = Stage::Accepted(Settlements {
                last: u32::from(slip.held.take().is_some()),
                in_force: None,
            });
            slip.struck_at = Some(struck_at);
        });
        if let Some(slip) = self.slips.get(&bet) {
            turn_stake(&mut self.markets, slip, Turn::Opens);
        }
        for leg in legs {
            let market = self.market_mut(leg.market);
            if market.pending.remove(&bet) {
                market.struck.insert(bet);
            }
        }
    }

    fn let_go(&mut self, bet: BetId) {
        let Some(slip) = self.slips.remove(&bet) else {
            return;
        };
        self.release_risk(&slip);
        self.count_stake(&slip, slip.cash_stake().minor().saturating_neg());
        for leg in slip.struck_legs() {
            self.market_mut(leg.market).pending.remove(&bet);
        }
        if let Some(timer) = slip.timer {
            self.timers.remove(&timer);
        }
    }

    fn start_settlement(&mut self, id: MarketId, result: ResultInForce) {
        let number = result.number;
        let market = self.market_mut(id);
        market.closed = true;
        market.last_result = number;
        market.result = Some(result);
        self.start_job(id, JobKind::Settle, number);
    }

    fn start_rollback(&mut self, id: MarketId, result: u32) {
        self.market_mut(id).result = None;
        self.start_job(id, JobKind::Rollback, result);
    }

    /// Puts a job behind the market's others, in the place of those that it makes idle: an
    /// unfinished settlement, whose result is not in force any more, or an unfinished look at the
    /// cancellations, as the new one looks at all slips.
    fn start_job(&mut self, id: MarketId, kind: JobKind, result: u32) {
        self.jobs_started = self.jobs_started.saturating_add(1);
        let job = Job {
            started_by: self.jobs_started,
            kind,
            result,
            parts_done: 0,
            last: None,
        };
        let jobs = &mut self.market_mut(id).jobs;
        jobs.retain(|job| !kind.makes_idle(job.kind));
        jobs.push_back(job);
        if !self.turns.contains(&id) {
            self.turns.push_back(id);
        }
    }

    fn advance(&mut self, id: MarketId, part: u32, last: Option<BetId>, finished: bool) {
        let jobs = &mut self.market_mut(id).jobs;
        if finished {
            jobs.pop_front();
        } else if let Some(job) = jobs.front_mut() {
            job.parts_done = part;
            job.last = last;
        }
        let more = !jobs.is_empty();
        self.turns.retain(|market| *market != id);
        if more {
            self.turns.push_back(id);
        }
    }

    fn decide_leg(&mut self, bet: BetId, selection: SelectionId, decided: Option<DecidedLeg>) {
        let Some(slip) = self.slips.get_mut(&bet) else {
            return;
        };
        let mut legs = slip.legs.iter_mut();
        let Some(leg) = legs.find(|leg| leg.struck.selection == selection) else {
            return;
        };
        let was_decided = leg.decided.is_some();
        leg.decided = decided;
        let is_decided = leg.decided.is_some();
        let market = leg.struck.market;
        let decided = &mut self.market_mut(market).decided_legs;
        match (was_decided, is_decided) {
            (false, true) => *decided = decided.saturating_add(1),
            (true, false) => *decided = decided.saturating_sub(1),
            (false, false) | (true, true) => {}
        }
    }

    fn mark_leg(&mut self, bet: BetId, selection: SelectionId, voided: Option<CancelledBy>) {
        if let Some(slip) = self.slips.get_mut(&bet) {
            let marked = slip.legs.iter_mut();
            for leg in marked.filter(|leg| leg.struck.selection == selection) {
                leg.voided = voided;
            }
        }
    }

    fn set_settlement(&mut self, bet: BetId, last: u32, in_force: Option<SettlementInForce>) {
        let Some(slip) = self.slips.get_mut(&bet) else {
            return;
        };
        let was_open = slip.is_open();
        if let Some(before) = slip.settlement_in_force() {
            count_loss(&mut self.customers, slip, before, Turn::Opens);
        }
        if let Some(after) = in_force {
            count_loss(&mut self.customers, slip, after, Turn::Closes);
        }
        slip.stage = Stage::Accepted(Settlements { last, in_force });
        if in_force.is_some() {
            slip.forget_offer();
        }
        match (was_open, slip.is_open()) {
            (true, false) => turn_stake(&mut self.markets, slip, Turn::Closes),
            (false, true) => turn_stake(&mut self.markets, slip, Turn::Opens),
            (true, true) | (false, false) => {}
        }
    }

    /// More room: whoever waits for it is looked at again.
    fn grant(&mut self, id: MarketId, total: Money) {
        let market = self.market_mut(id);
        market.budget.granted_minor = total.minor();
        let waiting: Vec<BetId> = market.pending.iter().copied().collect();
        for bet in waiting {
            if self.slip(bet).is_some_and(|slip| !slip.is_reserved()) {
                self.change_stage(bet, Stage::woken);
            }
        }
    }
}

/// What a settlement has lost the customer in cash counts, or (it is reversed) no more.
fn count_loss(
    customers: &mut BTreeMap<CustomerId, Customer>,
    slip: &Slip,
    settlement: SettlementInForce,
    turn: Turn,
) {
    let (stake, currency) = (slip.cash_stake().minor(), slip.stake.currency());
    let returned = slip.returned_to_cash_stake(settlement.returned, settlement.outcome);
    let lost = stake.saturating_sub(returned.minor());
    let (lost, open) = match turn {
        Turn::Closes => (lost, stake.saturating_neg()),
        Turn::Opens => (lost.saturating_neg(), stake),
    };
    let tally = &mut customers.entry(slip.customer).or_default().tally;
    tally.count(day(settlement.settled_at), currency, DayTally::lost(lost));
    tally.count_open(currency, open);
}

/// A struck slip's stake begins to stand on its selections, or stands there no more. The slip may
/// stay where it is: moving millions of them out of their tree and back costs more than the sums.
pub(crate) fn turn_stake(markets: &mut BTreeMap<MarketId, Market>, slip: &Slip, turn: Turn) {
    for leg in slip.struck_legs() {
        let open = &mut markets.entry(leg.market).or_default().open;
        let standing = open
            .get(&leg.selection)
            .copied()
            .unwrap_or(OpenStakes::none(slip))
            .turned(slip, turn);
        if standing.slips == 0 {
            open.remove(&leg.selection);
        } else {
            open.insert(leg.selection, standing);
        }
    }
}

impl SlipLeg {
    fn open(struck: StruckLeg) -> Self {
        Self {
            struck,
            terms: LegTerms::default(),
            decided: None,
            voided: None,
        }
    }

    /// An accepted slip does without names: millions of them are kept.
    fn without_names(struck: &StruckLeg) -> Self {
        Self::open(StruckLeg {
            names: Names::default(),
            ..struck.clone()
        })
    }
}
