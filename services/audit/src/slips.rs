//! I3, I9 and I10: what a slip holds, and what it pays.
//!
//! Duty: follow each slip through its states, hold its stake against the ledger's holds, and
//! work out its return a second time from prices and outcomes alone, leg by leg in exact
//! fractions. Prohibition: bets' own arithmetic is not used.

#![expect(
    clippy::arithmetic_side_effects,
    reason = "exact fractions neither overflow nor round"
)]

mod cash_out;

use crate::cancellations::{Cancellations, bears_out};
use crate::findings::Findings;
use crate::{funded, slip_return};
use kernel::{
    BetId, Currency, CustomerId, InvariantId, MarketId, Money, Position, SelectionId, Timestamp,
    TransferId,
};
use num_bigint::BigInt;
use num_rational::BigRational;
use rustc_hash::{FxHashMap, FxHashSet};
use schemas::bets::{
    BetSettled, BetTermsFixed, BetType, Event, LegDecidedInFull, PartAgreed, ReturnExplained,
    StakeReduced, StruckLeg, stake_hold,
};
use schemas::ledger::Event as LedgerEvent;
use schemas::odds::{Event as OddsEvent, Outcome, SelectionOutcome};
use schemas::promotions::StakeFunded;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Placed,
    Accepted,
    Rejected,
    Settled,
    CashedOut,
}

#[derive(Debug)]
struct Slip {
    position: Position,
    stake: Money,
    stage: Stage,
    unit_stake: Money,
    bet_type: BetType,
    sizes: Vec<u8>,
    each_way: bool,
    rules_version: u32,
    payout_max: Option<Money>,
    legs: Vec<StruckLeg>,
    /// Legs that are judged by the score at their placement, not as their market's result says.
    by_score: Vec<SelectionId>,
    full: FxHashMap<SelectionId, LegDecidedInFull>,
    /// What the next settlement is said to be made of.
    explained: Option<ReturnExplained>,
    outcomes: FxHashMap<SelectionId, (u32, Outcome)>,
    accepted_at: Option<Timestamp>,
    /// Legs that do not count.
    voided: FxHashSet<SelectionId>,
    /// The number of the hold that stands, or stood last: see `stake_hold`.
    hold: u32,
    /// How many settlements and sales there were.
    settlements: u32,
    /// The numbers of the sales among them.
    sold_under: Vec<u32>,
    in_force: Option<(u32, Money)>,
    rejected_while_held: bool,
    /// What is held, where less than that is staked.
    held: Option<Money>,
    /// Whether a smaller hold has taken the place of the first.
    reduced: bool,
    funded: Option<StakeFunded>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hold {
    Open(i64),
    Captured,
    Released,
}

#[derive(Debug, Default)]
pub(crate) struct Slips {
    slips: FxHashMap<BetId, Slip>,
    holds: FxHashMap<TransferId, Hold>,
    results: FxHashMap<(MarketId, u32), Vec<SelectionOutcome>>,
    cancellations: Cancellations,
    /// What customers are owed for sales in minor units, and where the last one stands.
    due_for_sales: FxHashMap<(CustomerId, Currency), (Position, i128)>,
    paid_for_sales: FxHashMap<(CustomerId, Currency), i128>,
}

impl Stage {
    /// Whether a slip of this stage may have such a hold of so much.
    fn bears(self, hold: Option<Hold>, minor: i64, number: u32, at_rest: bool) -> bool {
        match self {
            Self::Accepted => match hold {
                Some(Hold::Open(held)) => held == minor,
                None => !at_rest && number > 0,
                Some(Hold::Captured | Hold::Released) => false,
            },
            Self::Settled | Self::CashedOut => match hold {
                Some(Hold::Captured) => true,
                Some(Hold::Open(_)) | None => !at_rest,
                Some(Hold::Released) => false,
            },
            Self::Rejected => match hold {
                None | Some(Hold::Released) => true,
                Some(Hold::Open(_)) => !at_rest,
                Some(Hold::Captured) => false,
            },
            Self::Placed => !at_rest,
        }
    }
}

impl Slips {
    pub(crate) fn take_odds(
        &mut self,
        position: Position,
        event: &OddsEvent,
        findings: &mut Findings,
    ) {
        self.cancellations.take(position, event, findings);
        if let OddsEvent::MarketResulted(resulted) = event {
            self.results.insert(
                (resulted.market, resulted.result),
                resulted.outcomes.clone(),
            );
        }
    }

    pub(crate) fn take_ledger(&mut self, event: &LedgerEvent) {
        self.note_paid(event);
        match event {
            LedgerEvent::TransferHeld(held) => {
                self.holds.insert(held.id, Hold::Open(held.minor));
            }
            LedgerEvent::HoldCaptured(captured) => {
                self.holds.insert(captured.hold, Hold::Captured);
            }
            LedgerEvent::HoldVoided(voided) => {
                self.holds.insert(voided.hold, Hold::Released);
            }
            LedgerEvent::HoldExpired(expired) => {
                self.holds.insert(expired.hold, Hold::Released);
            }
            LedgerEvent::TransferPosted(_)
            | LedgerEvent::TransferRefused(_)
            | LedgerEvent::AccountRulesSet(_)
            | LedgerEvent::NothingMoved(_) => {}
        }
    }

    pub(crate) fn take_bets(&mut self, position: Position, event: &Event, findings: &mut Findings) {
        match event {
            Event::BetPlaced(placed) => {
                let slip = Slip {
                    position,
                    stake: placed.stake,
                    stage: Stage::Placed,
                    unit_stake: placed.stake,
                    bet_type: placed.bet_type,
                    sizes: vec![],
                    each_way: placed.each_way,
                    rules_version: placed.rules_version,
                    payout_max: None,
                    legs: placed.legs.clone(),
                    by_score: vec![],
                    full: FxHashMap::default(),
                    explained: None,
                    outcomes: FxHashMap::default(),
                    accepted_at: None,
                    voided: FxHashSet::default(),
                    hold: 0,
                    settlements: 0,
                    sold_under: vec![],
                    in_force: None,
                    rejected_while_held: false,
                    held: None,
                    reduced: false,
                    funded: None,
                };
                if self.slips.insert(placed.bet, slip).is_some() {
                    findings.report(
                        InvariantId::OneEffectPerRequest,
                        position,
                        format!("{} is placed twice", placed.bet),
                    );
                }
            }
            Event::BetAccepted(accepted) => {
                self.with(accepted.bet, position, findings, |slip, findings| {
                    slip.expect(Stage::Placed, position, findings);
                    slip.stage = Stage::Accepted;
                    findings.require(
                        slip.held.is_none(),
                        InvariantId::StakesAreReserved,
                        position,
                        || format!("{} is struck in part and all of it is held", accepted.bet),
                    );
                    slip.accepted_at = Some(accepted.accepted_at);
                    slip.legs.clone_from(&accepted.legs);
                })
            }
            Event::BetRejected(rejected) => {
                self.with(rejected.bet, position, findings, |slip, findings| {
                    slip.expect(Stage::Placed, position, findings);
                    slip.stage = Stage::Rejected;
                    slip.rejected_while_held = rejected.held;
                })
            }
            Event::LegDecided(decided) => self.with(decided.bet, position, findings, |slip, _| {
                slip.full.remove(&decided.selection);
                match &decided.outcome {
                    Some(outcome) => slip
                        .outcomes
                        .insert(decided.selection, (decided.result, outcome.clone())),
                    None => slip.outcomes.remove(&decided.selection),
                };
            }),
            Event::LegVoided(voided) => {
                self.with(voided.bet, position, findings, |slip, findings| {
                    slip.voided.insert(voided.selection);
                    let struck_at = slip.accepted_at;
                    let covered = struck_at.is_some_and(|at| bears_out(&voided.by, at));
                    findings.require(covered, InvariantId::OneSettlementInForce, position, || {
                        format!("{} is struck outside of {:?}", voided.bet, voided.by)
                    });
                })
            }
            Event::LegRestored(restored) => {
                self.with(restored.bet, position, findings, |slip, findings| {
                    let was_void = slip.voided.remove(&restored.selection);
                    let invariant = InvariantId::OneSettlementInForce;
                    findings.require(was_void, invariant, position, || {
                        format!("{} restores a leg that counts", restored.bet)
                    });
                })
            }
            Event::LegDecidedInFull(decided) => {
                self.with(decided.bet, position, findings, |slip, _| {
                    let told = (decided.result, decided.outcome.clone());
                    slip.outcomes.insert(decided.selection, told);
                    slip.full.insert(decided.selection, decided.clone());
                })
            }
            Event::BetTermsFixed(fixed) => self.with(fixed.bet, position, findings, |slip, _| {
                slip.fix_terms(fixed);
            }),
            Event::StakeFunded(funded) => self.with(funded.bet, position, findings, |slip, _| {
                slip.funded = Some(funded.clone());
            }),
            Event::ReturnExplained(parts) => self.with(parts.bet, position, findings, |slip, _| {
                slip.explained = Some(parts.clone());
            }),
            Event::PartAgreed(agreed) => {
                self.with(agreed.bet, position, findings, |slip, findings| {
                    slip.expect(Stage::Placed, position, findings);
                    slip.agree_on_part(agreed, position, findings);
                })
            }
            Event::StakeReduced(reduced) => {
                self.with(reduced.bet, position, findings, |slip, findings| {
                    slip.expect(Stage::Placed, position, findings);
                    slip.reduce(reduced, position, findings);
                })
            }
            Event::BetSettled(settled) => {
                self.with(settled.bet, position, findings, |slip, findings| {
                    slip.settle(settled, position, findings);
                })
            }
            Event::SettlementReversed(reversed) => {
                self.with(reversed.bet, position, findings, |slip, findings| {
                    slip.expect(Stage::Settled, position, findings);
                    let matches = slip.in_force == Some((reversed.settlement, reversed.returned));
                    findings.require(matches, InvariantId::OneSettlementInForce, position, || {
                        format!(
                            "{} reverses settlement {}, in force is {:?}",
                            reversed.bet, reversed.settlement, slip.in_force
                        )
                    });
                    slip.in_force = None;
                    slip.stage = Stage::Accepted;
                    slip.hold = reversed.settlement;
                })
            }
            Event::CashedOut(sold) => {
                self.note_sale(position, sold);
                self.with(sold.bet, position, findings, |slip, findings| {
                    slip.sell(sold, position, findings);
                })
            }
            Event::CashOutQuoted(_)
            | Event::CashOutDelayed(_)
            | Event::CashOutRefused(_)
            | Event::BetHeld(_)
            | Event::BetDelayed(_)
            | Event::BetAwaitsBudget(_)
            | Event::SettlementStarted(_)
            | Event::SettlementStartedInFull(_)
            | Event::RollbackStarted(_)
            | Event::CancellationStarted(_)
            | Event::RestorationStarted(_)
            | Event::SettlementAdvanced(_)
            | Event::BudgetRequested(_)
            | Event::BudgetReturned(_)
            | Event::BudgetNoticed(_)
            | Event::StakeLimitNoticed(_)
            | Event::OwnLimitNoticed(_)
            | Event::StakeFactorSet(_)
            | Event::ExclusionNoticed(_)
            | Event::RestrictionNoticed(_)
            | Event::PricesTraced(_)
            | Event::BetReoffered(_)
            | Event::ReofferAccepted(_)
            | Event::PartAllowed(_)
            | Event::BetReferred(_)
            | Event::ReferralAnswered(_)
            | Event::FreeBetGranted(_)
            | Event::BonusGranted(_)
            | Event::FundingReleased(_)
            | Event::ReturnDivided(_)
            | Event::DivisionReversed(_)
            | Event::BonusLapsed(_) => {}
        }
    }

    fn with(
        &mut self,
        bet: BetId,
        position: Position,
        findings: &mut Findings,
        run: impl FnOnce(&mut Slip, &mut Findings),
    ) {
        match self.slips.get_mut(&bet) {
            Some(slip) => run(slip, findings),
            None => findings.report(
                InvariantId::OneSettlementInForce,
                position,
                format!("{bet} was never placed"),
            ),
        }
    }

    /// What needs both journals, and what must be finished at rest.
    pub(crate) fn finish(&self, at_rest: bool, findings: &mut Findings) {
        for (bet, slip) in &self.slips {
            let reserved = InvariantId::StakesAreReserved;
            let position = slip.position;
            for (id, minor) in funded::holds(*bet, slip.hold, slip.stake, slip.funded.as_ref()) {
                let hold = self.holds.get(&id).copied();
                let holds = slip.stage.bears(hold, minor, slip.hold, at_rest);
                findings.require(holds, reserved, position, || {
                    format!("{bet} is {:?} and its hold {hold:?}", slip.stage)
                });
            }
            let first = self.holds.get(&stake_hold(*bet, 0)).copied();
            let gave_way = match first {
                Some(Hold::Released) => true,
                Some(Hold::Open(_)) => !at_rest,
                Some(Hold::Captured) | None => false,
            };
            findings.require(!slip.reduced || gave_way, reserved, position, || {
                format!("{bet} was struck in part and its first hold is {first:?}")
            });
            self.check_holds_of_sales(*bet, slip, at_rest, findings);
            self.check_outcomes(*bet, slip, findings);
            if at_rest {
                self.check_voids(*bet, slip, findings);
            }
        }
        if at_rest {
            self.check_sales_paid(findings);
        }
    }

    /// A leg counts unless a cancellation in force covers the moment at which it was struck.
    fn check_voids(&self, bet: BetId, slip: &Slip, findings: &mut Findings) {
        // Of a slip that is sold nothing counts any more.
        let Some(struck_at) = slip.accepted_at.filter(|_| slip.stage != Stage::CashedOut) else {
            return;
        };
        for leg in &slip.legs {
            let covered = self.cancellations.covers(leg, struck_at);
            let voided = slip.voided.contains(&leg.selection);
            let invariant = InvariantId::OneSettlementInForce;
            findings.require(covered == voided, invariant, slip.position, || {
                let leg = leg.selection;
                format!("{bet}: leg {leg} is void: {voided}; cancelled: {covered}")
            });
        }
    }

    /// Each leg is decided as the named result of its market says.
    fn check_outcomes(&self, bet: BetId, slip: &Slip, findings: &mut Findings) {
        for leg in &slip.legs {
            let Some((number, outcome)) = slip.outcomes.get(&leg.selection) else {
                continue;
            };
            if slip.by_score.contains(&leg.selection) {
                continue;
            }
            let told = self
                .results
                .get(&(leg.market, *number))
                .and_then(|outcomes| {
                    outcomes
                        .iter()
                        .find(|told| told.selection == leg.selection)
                        .map(|told| &told.outcome)
                });
            findings.require(
                told == Some(outcome),
                InvariantId::OneSettlementInForce,
                slip.position,
                || {
                    format!(
                        "{bet}: leg {} is decided {outcome:?}, result {number} says {told:?}",
                        leg.selection
                    )
                },
            );
        }
    }
}

impl Slip {
    /// Less is staked than was asked for: never more, and never on the way back.
    fn agree_on_part(&mut self, agreed: &PartAgreed, position: Position, findings: &mut Findings) {
        let placed = self.held.unwrap_or(self.stake);
        let less = agreed.stake <= self.stake && agreed.asked >= agreed.stake;
        findings.require(less, InvariantId::StakesAreReserved, position, || {
            format!(
                "{} takes a part of {:?} that is no part",
                agreed.bet, self.stake
            )
        });
        if agreed.stake != placed {
            self.held = Some(placed);
        }
        self.stake = agreed.stake;
        self.unit_stake = agreed.unit_stake;
    }

    /// The first hold gives way to a smaller one; the settlements count from 2.
    fn reduce(&mut self, reduced: &StakeReduced, position: Position, findings: &mut Findings) {
        let told = self.held == Some(reduced.held) && self.stake == reduced.stake;
        findings.require(told, InvariantId::StakesAreReserved, position, || {
            format!(
                "{} reduces {:?} to {:?}, agreed were {:?} and {:?}",
                reduced.bet, reduced.held, reduced.stake, self.held, self.stake
            )
        });
        self.held = None;
        self.reduced = true;
        self.settlements = self.settlements.saturating_add(1);
        self.hold = self.settlements;
    }

    fn fix_terms(&mut self, fixed: &BetTermsFixed) {
        self.unit_stake = fixed.unit_stake;
        self.sizes.clone_from(&fixed.sizes);
        self.payout_max = fixed.payout_max;
        let legs = self.legs.iter().zip(&fixed.legs);
        let by_score = legs.filter(|(_, agreed)| agreed.line.is_some());
        self.by_score = by_score.map(|(leg, _)| leg.selection).collect();
    }

    fn expect(&self, stage: Stage, position: Position, findings: &mut Findings) {
        findings.require(
            self.stage == stage,
            InvariantId::OneSettlementInForce,
            position,
            || format!("expected {stage:?}, it is {:?}", self.stage),
        );
    }

    fn settle(&mut self, settled: &BetSettled, position: Position, findings: &mut Findings) {
        self.expect(Stage::Accepted, position, findings);
        self.settlements = self.settlements.saturating_add(1);
        findings.require(
            self.in_force.is_none() && settled.settlement == self.settlements,
            InvariantId::OneSettlementInForce,
            position,
            || {
                format!(
                    "settlement {} while {:?} is in force",
                    settled.settlement, self.in_force
                )
            },
        );
        findings.require(
            settled.stake == self.stake,
            InvariantId::StakesAreReserved,
            position,
            || {
                format!(
                    "settles a stake of {:?}, placed were {:?}",
                    settled.stake, self.stake
                )
            },
        );
        if let Some(exact) = self.exact_return() {
            let exact = funded::due(exact, self.stake, self.funded.as_ref(), settled.outcome);
            let rounded = self.paid(&exact);
            findings.require(
                BigInt::from(settled.returned.minor()) == rounded,
                InvariantId::OneSettlementInForce,
                position,
                || {
                    format!(
                        "{} returns {:?}, the rule says {rounded} minor units",
                        settled.bet, settled.returned
                    )
                },
            );
            let units = 10_i64.pow(self.stake.currency().exponent());
            let told: Option<BigRational> = settled.exact.parse().ok();
            findings.require(
                told == Some(exact / BigInt::from(units)),
                InvariantId::MoneyIsExact,
                position,
                || format!("{} tells {} as exact", settled.bet, settled.exact),
            );
        }
        self.explained = None;
        self.in_force = Some((settled.settlement, settled.returned));
        self.stage = Stage::Settled;
    }

    /// The return in minor units before rounding and cap; `None` while it depends on legs that are
    /// not decided, or on a bonus, whose rule is the house's.
    fn exact_return(&self) -> Option<BigRational> {
        if self.bonus_claimed() {
            return None;
        }
        let legs: Vec<slip_return::Leg<'_>> = self
            .legs
            .iter()
            .map(|leg| {
                let told = self.outcomes.get(&leg.selection).map(|(_, told)| told);
                let counts = !self.voided.contains(&leg.selection);
                slip_return::Leg {
                    price: leg.price,
                    outcome: if counts {
                        told
                    } else {
                        Some(&slip_return::VOID)
                    },
                    full: self.full.get(&leg.selection).filter(|_| counts),
                }
            })
            .collect();
        let sizes = slip_return::sizes(self.bet_type, legs.len(), &self.sizes);
        let lines = slip_return::of_lines(&legs, &sizes, self.each_way)?;
        Some(lines * BigInt::from(self.unit_stake.minor()))
    }

    fn bonus_claimed(&self) -> bool {
        let explained = self.explained.as_ref();
        explained.is_some_and(|parts| parts.bonus != "0")
    }

    /// What the exact return comes to in minor units, by the rules of the slip's version.
    fn paid(&self, exact: &BigRational) -> BigInt {
        const ROUNDED_DOWN: u32 = 4;
        let rounded = if self.rules_version == ROUNDED_DOWN {
            exact.floor().to_integer()
        } else {
            slip_return::half_even(exact)
        };
        let cap = self.payout_max.map(|cap| BigInt::from(cap.minor()));
        match cap {
            Some(cap) if rounded > cap => cap,
            Some(_) | None => rounded,
        }
    }
}
