//! The state as bytes.
//!
//! Duty: write all of a state that does not follow from the rest of it, so that equal states give
//! equal bytes and the bytes give the state back. Prohibition: these shapes are read by nobody
//! else and promise nothing: a snapshot of another format is ignored.

mod promotions;

use crate::codec;
use crate::codec::cash_out::kept::{self, CashOutAt};
use bets_domain::{
    Budget, Customer, DayTally, Job, JobKind, Market, Reoffer, ResultInForce, SettlementInForce,
    Settlements, Shortage, Slip, SlipLeg, Stage, State, StateParts, Tally,
};
use kernel::{BetId, Currency, CustomerId, MarketId, Money, Timestamp};
use promotions::Promotional;
use schemas::bets::{
    BetType, CancellationStarted, CancelledBy, FactorScope, LegDecidedInFull, LegTerms, OwnLimit,
    PricePolicy, ResultDetail, Slip as WireSlip, SlipOptions, SlipOutcome, StruckLeg,
};
use schemas::odds::SelectionOutcome;
use schemas::{DecodeError, Input, Wire, wire};
use std::collections::BTreeMap;

wire! {
    /// All that does not follow from the rest.
    record Whole {
        format: String,
        slips: Vec<SlipAt>,
        markets: Vec<MarketAt>,
        customers: Vec<CustomerAt>,
        turns: Vec<MarketId>,
        timers_armed: u64,
        jobs_started: u64,
    }

    record SlipAt {
        bet: BetId,
        customer: CustomerId,
        bet_type: BetType,
        sizes: Vec<u8>,
        each_way: bool,
        legs: Vec<LegAt>,
        unit_stake: Money,
        stake: Money,
        price_policy: PricePolicy,
        potential_return: Money,
        rules_version: u32,
        placed_at: Timestamp,
        struck_at: Option<Timestamp>,
        stage: StageAt,
        timer: Option<TimerAt>,
    }
    record TimerAt { due: Timestamp, armed_by: u64 }
    record LegAt {
        struck: StruckLeg,
        terms: LegTerms,
        decided: Option<LegDecidedInFull>,
        voided: Option<CancelledBy>,
    }

    union StageAt {
        AwaitingHold(AwaitingHold),
        Held(Held),
        Delayed(Delayed),
        Accepted(Accepted),
        Referred(Referred),
        CashedOut(CashedOut),
    }
    record AwaitingHold { short_of: Option<ShortageAt> }
    record Held { short_of: Option<ShortageAt>, woken: bool }
    record Delayed { until: Timestamp }
    record Referred { until: Timestamp, held: bool }
    record Accepted { last: u32, in_force: Option<InForceAt> }
    record CashedOut {}
    record ShortageAt { market: MarketId, until: Timestamp }
    record InForceAt { returned: Money, outcome: SlipOutcome, settled_at: Timestamp }

    record MarketAt {
        market: MarketId,
        closed: bool,
        result: Option<ResultAt>,
        last_result: u32,
        decided_legs: u32,
        cancellations: Vec<CancellationStarted>,
        jobs: Vec<JobAt>,
        granted_minor: i64,
        requested_minor: i64,
        returned_minor: i64,
        used_minor: i64,
    }
    record ResultAt { number: u32, outcomes: Vec<SelectionOutcome>, detail: ResultDetail }
    record JobAt { started_by: u64, kind: JobKindAt, result: u32, parts_done: u32, last: Option<BetId> }

    enum JobKindAt { Settle, Rollback, Cancellations }

    record CustomerAt {
        customer: CustomerId,
        limits: Vec<LimitAt>,
        excluded_until: Option<Timestamp>,
        stake_permille: u16,
        factors: Vec<FactorAt>,
        tally: Vec<TallyAt>,
    }
    record LimitAt { limit: OwnLimit, amount: Money }
    record FactorAt { scope: FactorScope, stake_permille: u16 }
    record TallyAt { currency: Currency, day: i64, staked_minor: i64, lost_minor: i64 }
}

wire! {
    /// What came later: re-offers, and what few slips have.
    record Later { reoffers: Vec<ReofferAt>, slips: Vec<SlipLaterAt>, cash_outs: Vec<CashOutAt> }
    record SlipLaterAt { bet: BetId, accepts_part: bool, held: Option<Money>, cleared: bool }
    record ReofferAt {
        refused: BetId,
        customer: CustomerId,
        slip: WireSlip,
        options: SlipOptions,
        cleared: bool,
        until: Timestamp,
        taken_by: Option<BetId>,
    }
}

/// Said in front, so that bytes of another shape are not misread.
const FORMAT: &str = "bets-7";
/// The format before promotions: all but the last part.
const BEFORE_PROMOTIONS: &str = "bets-6";
/// The format before sales: without the list at the end of what came later.
const BEFORE_SALES: &str = "bets-5";
/// An empty list.
const NO_SALES: [u8; 1] = [0];

/// The state as bytes.
pub(crate) fn write(state: &State) -> Vec<u8> {
    let parts = state.parts();
    let whole = Whole {
        format: FORMAT.to_owned(),
        slips: parts.slips.iter().map(slip_to_wire).collect(),
        markets: parts.markets.iter().map(market_to_wire).collect(),
        customers: parts.customers.iter().map(customer_to_wire).collect(),
        turns: parts.turns.into_iter().collect(),
        timers_armed: parts.timers_armed,
        jobs_started: parts.jobs_started,
    };
    let later = Later {
        reoffers: parts.reoffers.iter().map(reoffer_to_wire).collect(),
        slips: parts.slips.iter().filter_map(later_of).collect(),
        cash_outs: parts
            .slips
            .iter()
            .filter_map(|(bet, slip)| Some(kept::write(*bet, slip.cash_out()?)))
            .collect(),
    };
    let promotional = promotions::of(&parts.promotions, &parts.slips);
    [whole.to_bytes(), later.to_bytes(), promotional.to_bytes()].concat()
}

/// The state that such bytes hold.
pub(crate) fn read(bytes: &[u8]) -> Result<State, DecodeError> {
    let format = String::decode(&mut Input::new(bytes))?;
    let padded;
    let bytes = if format == BEFORE_SALES {
        padded = [bytes, &NO_SALES].concat();
        padded.as_slice()
    } else {
        bytes
    };
    let mut input = Input::new(bytes);
    let whole = Whole::decode(&mut input)?;
    let later = Later::decode(&mut input)?;
    let promotional = match whole.format.as_str() {
        FORMAT => Promotional::decode(&mut input)?,
        BEFORE_PROMOTIONS | BEFORE_SALES => Promotional::NONE,
        _ => return Err(DecodeError::NotAllowed("snapshot of another format")),
    };
    input.end()?;
    let slips: Result<BTreeMap<BetId, Slip>, DecodeError> =
        whole.slips.into_iter().map(slip_from_wire).collect();
    let mut slips = slips?;
    for later in later.slips {
        if let Some(slip) = slips.get_mut(&later.bet) {
            slip.accepts_part = later.accepts_part;
            slip.held = later.held;
            slip.cleared = later.cleared;
        }
    }
    for (bet, standing) in later.cash_outs.into_iter().map(kept::read) {
        if let Some(slip) = slips.get_mut(&bet) {
            slip.cash_out = Some(Box::new(standing));
        }
    }
    promotions::fund(&mut slips, &promotional.fundings);
    Ok(State::from_parts(StateParts {
        slips,
        markets: whole.markets.into_iter().map(market_from_wire).collect(),
        customers: whole
            .customers
            .into_iter()
            .map(customer_from_wire)
            .collect(),
        turns: whole.turns.into_iter().collect(),
        timers_armed: whole.timers_armed,
        jobs_started: whole.jobs_started,
        reoffers: later.reoffers.into_iter().map(reoffer_from_wire).collect(),
        promotions: promotions::given(promotional.promotions),
    }))
}

/// What only few slips have.
fn later_of((bet, slip): (&BetId, &Slip)) -> Option<SlipLaterAt> {
    (slip.accepts_part || slip.held.is_some() || slip.cleared).then_some(SlipLaterAt {
        bet: *bet,
        accepts_part: slip.accepts_part,
        held: slip.held,
        cleared: slip.cleared,
    })
}

fn reoffer_to_wire((refused, reoffer): (&BetId, &Reoffer)) -> ReofferAt {
    let (slip, options) = codec::slip_request_to_wire(&reoffer.slip);
    ReofferAt {
        refused: *refused,
        customer: reoffer.customer,
        slip,
        options,
        cleared: reoffer.cleared,
        until: reoffer.until,
        taken_by: reoffer.taken_by,
    }
}

fn reoffer_from_wire(at: ReofferAt) -> (BetId, Reoffer) {
    let reoffer = Reoffer {
        customer: at.customer,
        slip: codec::slip_request_from_wire(at.slip, &at.options),
        cleared: at.cleared,
        until: at.until,
        taken_by: at.taken_by,
    };
    (at.refused, reoffer)
}

fn slip_to_wire((bet, slip): (&BetId, &Slip)) -> SlipAt {
    SlipAt {
        bet: *bet,
        customer: slip.customer,
        bet_type: codec::type_to_wire(slip.bet_type),
        sizes: codec::sizes_to_wire(slip.sizes),
        each_way: slip.each_way,
        legs: slip
            .legs
            .iter()
            .map(|leg| LegAt {
                struck: codec::leg_to_wire(&leg.struck),
                terms: codec::leg_terms_to_wire(&leg.terms),
                decided: leg
                    .decided
                    .map(|decided| codec::decided_to_wire(*bet, leg.struck.selection, decided)),
                voided: leg.voided.map(codec::by_to_wire),
            })
            .collect(),
        unit_stake: slip.unit_stake,
        stake: slip.stake,
        price_policy: codec::policy_to_wire(slip.price_policy),
        potential_return: slip.potential_return,
        rules_version: slip.rules_version,
        placed_at: slip.placed_at,
        struck_at: slip.struck_at,
        stage: stage_to_wire(&slip.stage),
        timer: slip.timer.map(|(due, armed_by)| TimerAt { due, armed_by }),
    }
}

fn slip_from_wire(at: SlipAt) -> Result<(BetId, Slip), DecodeError> {
    let legs: Result<Vec<SlipLeg>, DecodeError> = at.legs.into_iter().map(leg_from_wire).collect();
    let slip = Slip {
        customer: at.customer,
        bet_type: codec::type_from_wire(at.bet_type),
        sizes: codec::sizes_from_wire(&at.sizes),
        each_way: at.each_way,
        legs: legs?,
        unit_stake: at.unit_stake,
        stake: at.stake,
        price_policy: codec::policy_from_wire(at.price_policy),
        potential_return: at.potential_return,
        rules_version: at.rules_version,
        placed_at: at.placed_at,
        struck_at: at.struck_at,
        stage: stage_from_wire(at.stage),
        timer: at.timer.map(|timer| (timer.due, timer.armed_by)),
        accepts_part: false,
        held: None,
        cleared: false,
        cash_out: None,
        funding: None,
    };
    Ok((at.bet, slip))
}

fn leg_from_wire(leg: LegAt) -> Result<SlipLeg, DecodeError> {
    let decided = leg.decided.as_ref().map(codec::decided_from_wire);
    Ok(SlipLeg {
        struck: codec::leg_from_wire(leg.struck),
        terms: codec::leg_terms_from_wire(&leg.terms)?,
        decided: decided.transpose()?,
        voided: leg.voided.as_ref().map(codec::by_from_wire),
    })
}

fn stage_to_wire(stage: &Stage) -> StageAt {
    let short = |shortage: &Shortage| ShortageAt {
        market: shortage.market,
        until: shortage.until,
    };
    match stage {
        Stage::AwaitingHold { short_of } => StageAt::AwaitingHold(AwaitingHold {
            short_of: short_of.as_ref().map(short),
        }),
        Stage::Held { short_of, woken } => StageAt::Held(Held {
            short_of: short_of.as_ref().map(short),
            woken: *woken,
        }),
        Stage::Delayed { until } => StageAt::Delayed(Delayed { until: *until }),
        Stage::Referred { until, held } => StageAt::Referred(Referred {
            until: *until,
            held: *held,
        }),
        Stage::CashedOut => StageAt::CashedOut(CashedOut {}),
        Stage::Accepted(settlements) => StageAt::Accepted(Accepted {
            last: settlements.last,
            in_force: settlements.in_force.map(|in_force| InForceAt {
                returned: in_force.returned,
                outcome: codec::word_to_wire(in_force.outcome),
                settled_at: in_force.settled_at,
            }),
        }),
    }
}

fn stage_from_wire(at: StageAt) -> Stage {
    let short = |ShortageAt { market, until }| Shortage { market, until };
    match at {
        StageAt::AwaitingHold(AwaitingHold { short_of }) => Stage::AwaitingHold {
            short_of: short_of.map(short),
        },
        StageAt::Held(Held { short_of, woken }) => Stage::Held {
            short_of: short_of.map(short),
            woken,
        },
        StageAt::Delayed(Delayed { until }) => Stage::Delayed { until },
        StageAt::Referred(Referred { until, held }) => Stage::Referred { until, held },
        StageAt::CashedOut(CashedOut {}) => Stage::CashedOut,
        StageAt::Accepted(Accepted { last, in_force }) => Stage::Accepted(Settlements {
            last,
            in_force: in_force.map(|in_force| SettlementInForce {
                returned: in_force.returned,
                outcome: codec::word_from_wire(in_force.outcome),
                settled_at: in_force.settled_at,
            }),
        }),
    }
}

fn market_to_wire((id, market): (&MarketId, &Market)) -> MarketAt {
    MarketAt {
        market: *id,
        closed: market.closed,
        result: market.result.as_ref().map(|result| ResultAt {
            number: result.number,
            outcomes: codec::outcomes_to_wire(&result.outcomes),
            detail: codec::detail_to_wire(&result.detail),
        }),
        last_result: market.last_result,
        decided_legs: market.decided_legs,
        cancellations: market
            .cancellations
            .iter()
            .map(|(by, cancellation)| codec::started_to_wire(*id, *by, cancellation, 0))
            .collect(),
        jobs: market.jobs.iter().map(job_to_wire).collect(),
        granted_minor: market.budget.granted_minor,
        requested_minor: market.budget.requested_minor,
        returned_minor: market.budget.returned_minor,
        used_minor: market.budget.used_minor,
    }
}

fn market_from_wire(at: MarketAt) -> (MarketId, Market) {
    let market = Market {
        closed: at.closed,
        result: at.result.map(|result| ResultInForce {
            number: result.number,
            outcomes: codec::outcomes_from_wire(&result.outcomes),
            detail: codec::detail_from_wire(&result.detail),
        }),
        last_result: at.last_result,
        decided_legs: at.decided_legs,
        cancellations: at
            .cancellations
            .into_iter()
            .map(|at| {
                (
                    codec::by_from_wire(&at.by),
                    codec::cancellation_from_wire(at),
                )
            })
            .collect(),
        jobs: at.jobs.into_iter().map(job_from_wire).collect(),
        budget: Budget {
            granted_minor: at.granted_minor,
            requested_minor: at.requested_minor,
            returned_minor: at.returned_minor,
            used_minor: at.used_minor,
        },
        ..Market::default()
    };
    (at.market, market)
}

const fn job_to_wire(job: &Job) -> JobAt {
    JobAt {
        started_by: job.started_by,
        kind: match job.kind {
            JobKind::Settle => JobKindAt::Settle,
            JobKind::Rollback => JobKindAt::Rollback,
            JobKind::Cancellations => JobKindAt::Cancellations,
        },
        result: job.result,
        parts_done: job.parts_done,
        last: job.last,
    }
}

const fn job_from_wire(at: JobAt) -> Job {
    Job {
        started_by: at.started_by,
        kind: match at.kind {
            JobKindAt::Settle => JobKind::Settle,
            JobKindAt::Rollback => JobKind::Rollback,
            JobKindAt::Cancellations => JobKind::Cancellations,
        },
        result: at.result,
        parts_done: at.parts_done,
        last: at.last,
    }
}

fn customer_to_wire((id, customer): (&CustomerId, &Customer)) -> CustomerAt {
    let limits = customer.limits.iter();
    let factors = customer.factors.iter();
    let days = customer.tally.days.iter();
    CustomerAt {
        customer: *id,
        limits: limits
            .map(|(limit, amount)| LimitAt {
                limit: codec::own_limit_to_wire(*limit),
                amount: *amount,
            })
            .collect(),
        excluded_until: customer.excluded_until,
        stake_permille: customer.stake_permille,
        factors: factors
            .map(|(scope, stake_permille)| FactorAt {
                scope: codec::scope_to_wire(scope),
                stake_permille: *stake_permille,
            })
            .collect(),
        tally: days
            .map(|((currency, day), counted)| TallyAt {
                currency: *currency,
                day: *day,
                staked_minor: counted.staked_minor,
                lost_minor: counted.lost_minor,
            })
            .collect(),
    }
}

fn customer_from_wire(at: CustomerAt) -> (CustomerId, Customer) {
    let limits = at.limits.into_iter();
    let factors = at.factors.into_iter();
    let days = at.tally.into_iter();
    let customer = Customer {
        limits: limits
            .map(|at| (codec::own_limit_from_wire(at.limit), at.amount))
            .collect(),
        excluded_until: at.excluded_until,
        stake_permille: at.stake_permille,
        factors: factors
            .map(|at| (codec::scope_from_wire(at.scope), at.stake_permille))
            .collect(),
        tally: Tally {
            days: days
                .map(|at| {
                    let counted = DayTally {
                        staked_minor: at.staked_minor,
                        lost_minor: at.lost_minor,
                    };
                    ((at.currency, at.day), counted)
                })
                .collect(),
            ..Tally::default()
        },
    };
    (at.customer, customer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_of_another_format_and_one_with_a_tail_are_refused() {
        let mut anew = write(&State::default());
        assert_eq!(read(&anew), Ok(State::default()));
        anew.push(0);
        assert!(read(&anew).is_err());
        let older = Whole {
            format: "bets-4".to_owned(),
            slips: vec![],
            markets: vec![],
            customers: vec![],
            turns: vec![],
            timers_armed: 7,
            jobs_started: 0,
        };
        assert!(read(&older.to_bytes()).is_err());
    }

    #[test]
    fn a_snapshot_from_before_promotions_or_sales_is_read() {
        let older = |format: &str| Whole {
            format: format.to_owned(),
            slips: vec![],
            markets: vec![],
            customers: vec![],
            turns: vec![],
            timers_armed: 7,
            jobs_started: 0,
        };
        // No re-offer, no slip with words of its own, and since sales no sale.
        for (format, later) in [
            (BEFORE_PROMOTIONS, vec![0, 0, 0]),
            (BEFORE_SALES, vec![0, 0]),
        ] {
            let bytes = [older(format).to_bytes(), later].concat();
            let state = read(&bytes).unwrap();
            assert_eq!(state.parts().timers_armed, 7);
            assert!(state.parts().promotions.is_empty());
            // What comes behind belongs to later formats.
            assert!(read(&[bytes, vec![0, 0]].concat()).is_err());
        }
    }
}
