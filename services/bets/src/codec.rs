//! Where the domain's types meet the wire's.
//!
//! Duty: both directions, field by field and without wildcards, so that a new variant on either
//! side does not compile until it has a meaning on the other. Prohibition: nothing is judged; a
//! value that the domain cannot hold is a decoding error, and a published event has a meaning for
//! ever.

mod cancellation;
pub(crate) mod cash_out;
mod customer;
mod promotion;
mod referral;
mod rejection;
mod reoffer;
mod request;
mod terms;

pub(crate) use cancellation::{by_from_wire, by_to_wire, cancellation_from_wire, started_to_wire};
pub(crate) use customer::{
    factor_from_wire, own_limit_from_wire, own_limit_to_wire, scope_from_wire, scope_to_wire,
};
pub(crate) use promotion::{
    bonus_from_wire, bonus_to_wire, division_from_wire, division_to_wire, free_bet_from_wire,
    free_bet_to_wire, stake_from_wire, stake_to_wire,
};
pub(crate) use rejection::{rejection_from_wire, rejection_to_wire};
pub(crate) use reoffer::{slip_request_from_wire, slip_request_to_wire};
pub(crate) use request::{Asked, asked, sizes_from_wire, sizes_to_wire};
pub(crate) use terms::{
    decided_from_wire, decided_to_wire, detail_from_wire, detail_to_wire, leg_terms_from_wire,
    leg_terms_to_wire,
};

use bets_domain::settlement::{BetType, LegResult};
use bets_domain::{
    BetPlaced, Event, Liability, Names, OpenStakes, PricePolicy, ResultDetail, SlipOutcome,
    StruckLeg,
};
use kernel::SelectionId;
use schemas::odds::{Outcome, OutcomeKind, SelectionOutcome};
use schemas::{DecodeError, bets as wire};
use std::collections::BTreeMap;

/// Kinds of slips have the same names on both sides.
macro_rules! bet_types {
    ($($name:ident),*) => {
        pub(crate) const fn type_to_wire(bet_type: BetType) -> wire::BetType {
            match bet_type { $(BetType::$name => wire::BetType::$name,)* }
        }

        pub(crate) const fn type_from_wire(bet_type: wire::BetType) -> BetType {
            match bet_type { $(wire::BetType::$name => BetType::$name,)* }
        }
    };
}

bet_types!(
    Single,
    Double,
    Treble,
    Accumulator,
    Trixie,
    Patent,
    Yankee,
    Lucky15,
    Canadian,
    Lucky31,
    Heinz,
    Lucky63,
    SuperHeinz,
    Lucky127,
    Goliath,
    Lucky255,
    Block,
    Lucky511,
    System
);

pub(crate) const fn policy_to_wire(policy: PricePolicy) -> wire::PricePolicy {
    match policy {
        PricePolicy::Exact => wire::PricePolicy::Exact,
        PricePolicy::Better => wire::PricePolicy::Better,
        PricePolicy::Any => wire::PricePolicy::Any,
    }
}

pub(crate) const fn policy_from_wire(policy: wire::PricePolicy) -> PricePolicy {
    match policy {
        wire::PricePolicy::Exact => PricePolicy::Exact,
        wire::PricePolicy::Better => PricePolicy::Better,
        wire::PricePolicy::Any => PricePolicy::Any,
    }
}

pub(crate) const fn word_to_wire(outcome: SlipOutcome) -> wire::SlipOutcome {
    match outcome {
        SlipOutcome::Won => wire::SlipOutcome::Won,
        SlipOutcome::Lost => wire::SlipOutcome::Lost,
        SlipOutcome::Void => wire::SlipOutcome::Void,
        SlipOutcome::PartlyWon => wire::SlipOutcome::PartlyWon,
        SlipOutcome::PartlyLost => wire::SlipOutcome::PartlyLost,
    }
}

pub(crate) const fn word_from_wire(outcome: wire::SlipOutcome) -> SlipOutcome {
    match outcome {
        wire::SlipOutcome::Won => SlipOutcome::Won,
        wire::SlipOutcome::Lost => SlipOutcome::Lost,
        wire::SlipOutcome::Void => SlipOutcome::Void,
        wire::SlipOutcome::PartlyWon => SlipOutcome::PartlyWon,
        wire::SlipOutcome::PartlyLost => SlipOutcome::PartlyLost,
    }
}

/// Outcomes other than a dead heat are one selection on one place.
pub(crate) const fn outcome_to_wire(outcome: LegResult) -> Outcome {
    let (kind, places, tied) = match outcome {
        LegResult::Won => (OutcomeKind::Won, 1, 1),
        LegResult::Lost => (OutcomeKind::Lost, 1, 1),
        LegResult::Void => (OutcomeKind::Void, 1, 1),
        LegResult::HalfWon => (OutcomeKind::HalfWon, 1, 1),
        LegResult::HalfLost => (OutcomeKind::HalfLost, 1, 1),
        LegResult::DeadHeat { places, tied } => (OutcomeKind::DeadHeat, places, tied),
    };
    Outcome { kind, places, tied }
}

pub(crate) const fn outcome_from_wire(outcome: &Outcome) -> LegResult {
    let Outcome { kind, places, tied } = *outcome;
    match kind {
        OutcomeKind::Won => LegResult::Won,
        OutcomeKind::Lost => LegResult::Lost,
        OutcomeKind::Void => LegResult::Void,
        OutcomeKind::HalfWon => LegResult::HalfWon,
        OutcomeKind::HalfLost => LegResult::HalfLost,
        OutcomeKind::DeadHeat => LegResult::DeadHeat { places, tied },
    }
}

pub(crate) fn outcomes_to_wire(
    outcomes: &BTreeMap<SelectionId, LegResult>,
) -> Vec<SelectionOutcome> {
    outcomes
        .iter()
        .map(|(selection, outcome)| SelectionOutcome {
            selection: *selection,
            outcome: outcome_to_wire(*outcome),
        })
        .collect()
}

pub(crate) fn outcomes_from_wire(
    outcomes: &[SelectionOutcome],
) -> BTreeMap<SelectionId, LegResult> {
    outcomes
        .iter()
        .map(|told| (told.selection, outcome_from_wire(&told.outcome)))
        .collect()
}

pub(crate) fn leg_to_wire(leg: &StruckLeg) -> wire::StruckLeg {
    wire::StruckLeg {
        selection: leg.selection,
        market: leg.market,
        fixture: leg.fixture,
        requested_price: leg.requested_price,
        price: leg.price,
        market_version: leg.market_version,
        book_position: leg.book_position,
        in_play: leg.in_play,
        selection_name: leg.names.selection.clone(),
        market_name: leg.names.market.clone(),
        fixture_name: leg.names.fixture.clone(),
    }
}

pub(crate) fn leg_from_wire(leg: wire::StruckLeg) -> StruckLeg {
    StruckLeg {
        selection: leg.selection,
        market: leg.market,
        fixture: leg.fixture,
        requested_price: leg.requested_price,
        price: leg.price,
        market_version: leg.market_version,
        book_position: leg.book_position,
        in_play: leg.in_play,
        names: Names {
            selection: leg.selection_name,
            market: leg.market_name,
            fixture: leg.fixture_name,
        },
    }
}

const fn liability_to_wire(liability: &Liability) -> wire::Liability {
    wire::Liability {
        market: liability.market,
        selection: liability.selection,
        stakes: liability.open.stakes,
        returns: liability.open.returns,
        slips: liability.open.slips,
    }
}

const fn liability_from_wire(liability: &wire::Liability) -> Liability {
    Liability {
        market: liability.market,
        selection: liability.selection,
        open: OpenStakes {
            stakes: liability.stakes,
            returns: liability.returns,
            slips: liability.slips,
        },
    }
}

/// An event as it is recorded.
#[expect(
    clippy::too_many_lines,
    reason = "one arm for each event, none of which decides anything"
)]
pub(crate) fn event_to_wire(event: &Event) -> wire::Event {
    match event {
        Event::BetPlaced(placed) => wire::Event::BetPlaced(placed_to_wire(placed)),
        Event::BetTermsFixed { bet, terms } => {
            wire::Event::BetTermsFixed(terms::fixed_to_wire(*bet, terms))
        }
        Event::BetAwaitsBudget { bet, market, until } => {
            wire::Event::BetAwaitsBudget(wire::BetAwaitsBudget {
                bet: *bet,
                market: *market,
                until: *until,
            })
        }
        Event::BetHeld { bet } => wire::Event::BetHeld(wire::BetHeld { bet: *bet }),
        Event::BetDelayed {
            bet,
            customer,
            until,
        } => wire::Event::BetDelayed(wire::BetDelayed {
            bet: *bet,
            customer: *customer,
            until: *until,
        }),
        Event::BetAccepted {
            bet,
            customer,
            legs,
            potential_return,
            accepted_at,
            liabilities,
        } => wire::Event::BetAccepted(wire::BetAccepted {
            bet: *bet,
            customer: *customer,
            legs: legs.iter().map(leg_to_wire).collect(),
            potential_return: *potential_return,
            accepted_at: *accepted_at,
            liabilities: liabilities.iter().map(liability_to_wire).collect(),
        }),
        Event::BetRejected {
            bet,
            customer,
            held,
            stake,
            rejection,
        } => wire::Event::BetRejected(wire::BetRejected {
            bet: *bet,
            customer: *customer,
            held: *held,
            stake: *stake,
            rejection: rejection_to_wire(rejection),
        }),
        Event::SettlementStarted {
            market,
            result,
            outcomes,
            detail,
            open_slips,
        } => {
            let started = wire::SettlementStarted {
                market: *market,
                result: *result,
                outcomes: outcomes_to_wire(outcomes),
                open_slips: *open_slips,
            };
            if *detail == ResultDetail::default() {
                wire::Event::SettlementStarted(started)
            } else {
                wire::Event::SettlementStartedInFull(wire::SettlementStartedInFull {
                    started,
                    detail: detail_to_wire(detail),
                })
            }
        }
        Event::RollbackStarted {
            market,
            result,
            touched_slips,
        } => wire::Event::RollbackStarted(wire::RollbackStarted {
            market: *market,
            result: *result,
            touched_slips: *touched_slips,
        }),
        Event::LegDecided {
            bet,
            selection,
            result,
            decided,
        } => terms::leg_decided_to_wire(*bet, *selection, *result, *decided),
        Event::CancellationStarted {
            market,
            by,
            cancellation,
            struck_slips,
        } => {
            let started = started_to_wire(*market, *by, cancellation, *struck_slips);
            wire::Event::CancellationStarted(started)
        }
        Event::RestorationStarted {
            market,
            by,
            struck_slips,
        } => wire::Event::RestorationStarted(wire::RestorationStarted {
            market: *market,
            by: by_to_wire(*by),
            struck_slips: *struck_slips,
        }),
        Event::LegVoided {
            bet,
            selection,
            by,
            reason,
        } => wire::Event::LegVoided(wire::LegVoided {
            bet: *bet,
            selection: *selection,
            by: by_to_wire(*by),
            reason: reason.clone(),
        }),
        Event::LegRestored { bet, selection } => wire::Event::LegRestored(wire::LegRestored {
            bet: *bet,
            selection: *selection,
        }),
        Event::PricesTraced { bet, legs } => {
            wire::Event::PricesTraced(terms::traced_to_wire(*bet, legs))
        }
        Event::ReturnExplained {
            bet,
            settlement,
            parts,
        } => wire::Event::ReturnExplained(terms::parts_to_wire(*bet, *settlement, parts)),
        Event::CashOutQuoted(quoted) => {
            wire::Event::CashOutQuoted(cash_out::quoted_to_wire(quoted))
        }
        Event::CashOutDelayed {
            bet,
            customer,
            taken,
            until,
        } => {
            wire::Event::CashOutDelayed(cash_out::delayed_to_wire(*bet, *customer, *taken, *until))
        }
        Event::CashedOut(sold) => wire::Event::CashedOut(cash_out::sold_to_wire(sold)),
        Event::CashOutRefused {
            bet,
            customer,
            quote,
            rejection,
        } => wire::Event::CashOutRefused(wire::CashOutRefused {
            bet: *bet,
            customer: *customer,
            quote: *quote,
            rejection: rejection_to_wire(rejection),
        }),
        Event::SettlementReversed {
            bet,
            customer,
            settlement,
            stake,
            returned,
        } => wire::Event::SettlementReversed(wire::SettlementReversed {
            bet: *bet,
            customer: *customer,
            settlement: *settlement,
            stake: *stake,
            returned: *returned,
        }),
        Event::BetSettled {
            bet,
            customer,
            settlement,
            stake,
            returned,
            exact,
            outcome,
            settled_at,
        } => wire::Event::BetSettled(wire::BetSettled {
            bet: *bet,
            customer: *customer,
            settlement: *settlement,
            stake: *stake,
            returned: *returned,
            exact: exact.clone(),
            outcome: word_to_wire(*outcome),
            settled_at: *settled_at,
        }),
        Event::SettlementAdvanced {
            market,
            part,
            last,
            finished,
            liabilities,
        } => wire::Event::SettlementAdvanced(wire::SettlementAdvanced {
            market: *market,
            part: *part,
            last: *last,
            finished: *finished,
            liabilities: liabilities.iter().map(liability_to_wire).collect(),
        }),
        Event::BudgetRequested { market, total } => {
            wire::Event::BudgetRequested(wire::BudgetRequested {
                market: *market,
                total: *total,
            })
        }
        Event::BudgetNoticed { market, total } => wire::Event::BudgetNoticed(wire::BudgetNoticed {
            market: *market,
            total: *total,
        }),
        Event::BudgetReturned { market, total } => {
            wire::Event::BudgetReturned(wire::BudgetReturned {
                market: *market,
                total: *total,
            })
        }
        Event::StakeLimitNoticed {
            customer,
            per_slip,
            per_day,
        } => wire::Event::StakeLimitNoticed(wire::StakeLimitNoticed {
            customer: *customer,
            per_slip: *per_slip,
            per_day: *per_day,
        }),
        Event::OwnLimitNoticed {
            customer,
            limit,
            amount,
        } => wire::Event::OwnLimitNoticed(wire::OwnLimitNoticed {
            customer: *customer,
            limit: own_limit_to_wire(*limit),
            amount: *amount,
        }),
        Event::StakeFactorSet(set) => {
            wire::Event::StakeFactorSet(customer::factor_set_to_wire(set))
        }
        Event::ExclusionNoticed { customer, until } => {
            wire::Event::ExclusionNoticed(wire::ExclusionNoticed {
                customer: *customer,
                until: *until,
            })
        }
        Event::RestrictionNoticed {
            customer,
            stake_permille,
        } => wire::Event::RestrictionNoticed(wire::RestrictionNoticed {
            customer: *customer,
            stake_permille: *stake_permille,
        }),
        Event::BetReoffered(told) => wire::Event::BetReoffered(reoffer::to_wire(told)),
        Event::PartAllowed { bet } => wire::Event::PartAllowed(wire::PartAllowed { bet: *bet }),
        Event::BetReferred(told) => wire::Event::BetReferred(referral::referred_to_wire(told)),
        Event::ReferralAnswered(told) => {
            wire::Event::ReferralAnswered(referral::answered_to_wire(told))
        }
        Event::PartAgreed(told) => wire::Event::PartAgreed(referral::part_to_wire(told)),
        Event::StakeReduced {
            bet,
            customer,
            held,
            stake,
        } => wire::Event::StakeReduced(wire::StakeReduced {
            bet: *bet,
            customer: *customer,
            held: *held,
            stake: *stake,
        }),
        Event::ReofferAccepted { reoffer, bet } => {
            wire::Event::ReofferAccepted(wire::ReofferAccepted {
                reoffer: *reoffer,
                bet: *bet,
            })
        }
        Event::Promotion(event) => promotion::event_to_wire(event),
    }
}

fn placed_to_wire(placed: &BetPlaced) -> wire::BetPlaced {
    wire::BetPlaced {
        bet: placed.bet,
        customer: placed.customer,
        bet_type: type_to_wire(placed.bet_type),
        legs: placed.legs.iter().map(leg_to_wire).collect(),
        stake: placed.stake,
        price_policy: policy_to_wire(placed.price_policy),
        each_way: placed.each_way,
        client_ref: placed.client_ref.clone(),
        potential_return: placed.potential_return,
        rules_version: placed.rules_version,
        placed_at: placed.placed_at,
    }
}

fn started_from_wire(started: &wire::SettlementStarted, detail: ResultDetail) -> Event {
    Event::SettlementStarted {
        market: started.market,
        result: started.result,
        outcomes: outcomes_from_wire(&started.outcomes),
        detail,
        open_slips: started.open_slips,
    }
}

/// A recorded event as the domain folds it.
pub(crate) fn event_from_wire(event: wire::Event) -> Result<Event, DecodeError> {
    Ok(match event {
        wire::Event::BetPlaced(placed) => Event::BetPlaced(placed_from_wire(placed)),
        wire::Event::BetAwaitsBudget(awaits) => Event::BetAwaitsBudget {
            bet: awaits.bet,
            market: awaits.market,
            until: awaits.until,
        },
        wire::Event::BetHeld(held) => Event::BetHeld { bet: held.bet },
        wire::Event::BetDelayed(delayed) => Event::BetDelayed {
            bet: delayed.bet,
            customer: delayed.customer,
            until: delayed.until,
        },
        wire::Event::BetAccepted(accepted) => Event::BetAccepted {
            bet: accepted.bet,
            customer: accepted.customer,
            legs: accepted.legs.into_iter().map(leg_from_wire).collect(),
            potential_return: accepted.potential_return,
            accepted_at: accepted.accepted_at,
            liabilities: accepted
                .liabilities
                .iter()
                .map(liability_from_wire)
                .collect(),
        },
        wire::Event::BetRejected(rejected) => Event::BetRejected {
            bet: rejected.bet,
            customer: rejected.customer,
            held: rejected.held,
            stake: rejected.stake,
            rejection: rejection_from_wire(rejected.rejection)?,
        },
        wire::Event::SettlementStarted(started) => {
            started_from_wire(&started, ResultDetail::default())
        }
        wire::Event::SettlementStartedInFull(full) => {
            started_from_wire(&full.started, detail_from_wire(&full.detail))
        }
        wire::Event::RollbackStarted(started) => Event::RollbackStarted {
            market: started.market,
            result: started.result,
            touched_slips: started.touched_slips,
        },
        wire::Event::LegDecided(decided) => terms::plain_leg_from_wire(&decided),
        wire::Event::LegDecidedInFull(decided) => terms::full_leg_from_wire(&decided)?,
        wire::Event::BetTermsFixed(fixed) => terms::fixed_from_wire(&fixed)?,
        wire::Event::CancellationStarted(started) => cancellation::started_from_wire(started),
        wire::Event::RestorationStarted(started) => Event::RestorationStarted {
            market: started.market,
            by: by_from_wire(&started.by),
            struck_slips: started.struck_slips,
        },
        wire::Event::LegVoided(voided) => Event::LegVoided {
            bet: voided.bet,
            selection: voided.selection,
            by: by_from_wire(&voided.by),
            reason: voided.reason,
        },
        wire::Event::LegRestored(wire::LegRestored { bet, selection }) => {
            Event::LegRestored { bet, selection }
        }
        wire::Event::PricesTraced(traced) => terms::traced_from_wire(traced),
        wire::Event::ReturnExplained(parts) => terms::parts_from_wire(parts),
        wire::Event::CashOutQuoted(quoted) => cash_out::quoted_from_wire(quoted),
        wire::Event::CashOutDelayed(delayed) => cash_out::delayed_from_wire(&delayed),
        wire::Event::CashedOut(sold) => cash_out::sold_from_wire(sold),
        wire::Event::CashOutRefused(refused) => Event::CashOutRefused {
            bet: refused.bet,
            customer: refused.customer,
            quote: refused.quote,
            rejection: rejection_from_wire(refused.rejection)?,
        },
        wire::Event::SettlementReversed(reversed) => Event::SettlementReversed {
            bet: reversed.bet,
            customer: reversed.customer,
            settlement: reversed.settlement,
            stake: reversed.stake,
            returned: reversed.returned,
        },
        wire::Event::BetSettled(settled) => Event::BetSettled {
            bet: settled.bet,
            customer: settled.customer,
            settlement: settled.settlement,
            stake: settled.stake,
            returned: settled.returned,
            exact: settled.exact,
            outcome: word_from_wire(settled.outcome),
            settled_at: settled.settled_at,
        },
        wire::Event::SettlementAdvanced(advanced) => Event::SettlementAdvanced {
            market: advanced.market,
            part: advanced.part,
            last: advanced.last,
            finished: advanced.finished,
            liabilities: advanced
                .liabilities
                .iter()
                .map(liability_from_wire)
                .collect(),
        },
        wire::Event::BudgetRequested(wire::BudgetRequested { market, total }) => {
            Event::BudgetRequested { market, total }
        }
        wire::Event::BudgetNoticed(wire::BudgetNoticed { market, total }) => {
            Event::BudgetNoticed { market, total }
        }
        wire::Event::BudgetReturned(wire::BudgetReturned { market, total }) => {
            Event::BudgetReturned { market, total }
        }
        wire::Event::StakeLimitNoticed(noticed) => Event::StakeLimitNoticed {
            customer: noticed.customer,
            per_slip: noticed.per_slip,
            per_day: noticed.per_day,
        },
        wire::Event::OwnLimitNoticed(noticed) => Event::OwnLimitNoticed {
            customer: noticed.customer,
            limit: own_limit_from_wire(noticed.limit),
            amount: noticed.amount,
        },
        wire::Event::StakeFactorSet(set) => {
            Event::StakeFactorSet(customer::factor_set_from_wire(set))
        }
        wire::Event::ExclusionNoticed(wire::ExclusionNoticed { customer, until }) => {
            Event::ExclusionNoticed { customer, until }
        }
        wire::Event::RestrictionNoticed(noticed) => Event::RestrictionNoticed {
            customer: noticed.customer,
            stake_permille: noticed.stake_permille,
        },
        wire::Event::BetReoffered(told) => Event::BetReoffered(reoffer::from_wire(told)?),
        wire::Event::PartAllowed(wire::PartAllowed { bet }) => Event::PartAllowed { bet },
        wire::Event::BetReferred(told) => Event::BetReferred(referral::referred_from_wire(&told)),
        wire::Event::ReferralAnswered(told) => {
            Event::ReferralAnswered(referral::answered_from_wire(told))
        }
        wire::Event::PartAgreed(told) => Event::PartAgreed(referral::part_from_wire(&told)),
        wire::Event::StakeReduced(reduced) => Event::StakeReduced {
            bet: reduced.bet,
            customer: reduced.customer,
            held: reduced.held,
            stake: reduced.stake,
        },
        wire::Event::ReofferAccepted(wire::ReofferAccepted { reoffer, bet }) => {
            Event::ReofferAccepted { reoffer, bet }
        }
        wire::Event::FreeBetGranted(event) => promotion::free_bet_granted(event),
        wire::Event::BonusGranted(event) => promotion::bonus_granted(event),
        wire::Event::StakeFunded(event) => promotion::stake_funded(event),
        wire::Event::FundingReleased(event) => promotion::funding_released(event),
        wire::Event::ReturnDivided(event) => promotion::return_divided(event),
        wire::Event::DivisionReversed(event) => promotion::division_reversed(event),
        wire::Event::BonusLapsed(event) => promotion::bonus_lapsed(event),
    })
}

fn placed_from_wire(placed: wire::BetPlaced) -> BetPlaced {
    BetPlaced {
        bet: placed.bet,
        customer: placed.customer,
        bet_type: type_from_wire(placed.bet_type),
        legs: placed.legs.into_iter().map(leg_from_wire).collect(),
        each_way: placed.each_way,
        stake: placed.stake,
        price_policy: policy_from_wire(placed.price_policy),
        client_ref: placed.client_ref,
        potential_return: placed.potential_return,
        rules_version: placed.rules_version,
        placed_at: placed.placed_at,
    }
}
