//! The work that results and rollbacks start: slip by slip, in the order of ids, in parts.
//!
//! Duty: give legs their outcomes or take them off, mark those that do not count, and keep each
//! slip's settlement in step with its legs. Markets take turns, so that a market with many slips does not hold up the others;
//! the jobs of one market are done in the order of their starting records.
//!
//! Prohibition: no slip settles on an outcome of a result that is not in force, or against a
//! cancellation, even if the work that says so to the leg has not come to the slip yet.

use crate::cancellation;
use crate::event::Event;
use crate::liability::{self, Turn};
use crate::market::{Job, JobKind, Market};
use crate::slip::{DecidedLeg, Settlements, Slip, SlipLeg, Stage, Verdict};
use crate::state::State;
use crate::terms;
use kernel::{BetId, MarketId, Timestamp};
use std::ops::Bound;

pub(crate) fn decide(state: &State, at: Timestamp, slips_max: usize) -> Vec<Event> {
    let Some((id, market, job)) = state.next_job() else {
        return vec![];
    };
    let after = job.last.map_or(Bound::Unbounded, Bound::Excluded);
    let mut rest = market.struck.range((after, Bound::Unbounded));
    let mut events = vec![];
    let mut turns = vec![];
    let mut last = job.last;
    for bet in rest.by_ref().take(slips_max.max(1)) {
        last = Some(*bet);
        if let Some(slip) = state.slip(*bet) {
            let steps = step(state, *bet, slip, id, market, job, at);
            turns.extend(turn(slip, &steps).map(|turn| (slip, turn)));
            events.extend(steps);
        }
    }
    events.push(Event::SettlementAdvanced {
        market: id,
        part: job.parts_done.saturating_add(1),
        last,
        finished: rest.next().is_none(),
        liabilities: liability::after(state, turns),
    });
    events
}

/// Whether these steps open or close the slip.
fn turn(slip: &Slip, steps: &[Event]) -> Option<Turn> {
    let settles = matches!(steps.last(), Some(Event::BetSettled { .. }));
    let reverses = matches!(steps.last(), Some(Event::SettlementReversed { .. }));
    if settles && slip.is_open() {
        Some(Turn::Closes)
    } else if reverses {
        Some(Turn::Opens)
    } else {
        None
    }
}

/// What a job does to one slip.
fn step(
    state: &State,
    bet: BetId,
    slip: &Slip,
    id: MarketId,
    market: &Market,
    job: &Job,
    at: Timestamp,
) -> Vec<Event> {
    let Some(leg) = slip.legs.iter().find(|leg| leg.struck.market == id) else {
        return vec![];
    };
    let (mut events, becomes) = match change(bet, market, job, slip, leg) {
        Some((event, becomes)) => (vec![event], becomes),
        // A cancellation that came and went before its work looked here held the slip's
        // settlement back, and left no mark: nobody else will settle it.
        None if job.kind == JobKind::Cancellations && slip.is_open() => (vec![], leg.clone()),
        None => return vec![],
    };
    let after = slip.verdict(&counting(state, slip, &becomes));
    events.extend(bring_in_step(bet, slip, after, at));
    events
}

/// What the job changes on the leg, and the leg as it is then; none: it stays as it is.
fn change(
    bet: BetId,
    market: &Market,
    job: &Job,
    slip: &Slip,
    leg: &SlipLeg,
) -> Option<(Event, SlipLeg)> {
    if job.kind == JobKind::Cancellations {
        let voided = cancellation::of_leg(market, slip, leg);
        return (leg.voided != voided).then(|| {
            let event = cancellation::leg_marked(bet, leg, market, voided);
            (
                event,
                SlipLeg {
                    voided,
                    ..leg.clone()
                },
            )
        });
    }
    let decided = decided(market, job, slip, leg)?;
    let event = Event::LegDecided {
        bet,
        selection: leg.struck.selection,
        result: job.result,
        decided,
    };
    Some((
        event,
        SlipLeg {
            decided,
            ..leg.clone()
        },
    ))
}

/// Which outcome the leg is to carry; none: it stays as it is. An inner none takes it off.
fn decided(market: &Market, job: &Job, slip: &Slip, leg: &SlipLeg) -> Option<Option<DecidedLeg>> {
    match job.kind {
        JobKind::Settle => {
            let decided = terms::decided(market.result.as_ref()?, leg, slip.terms());
            (leg.decided != decided).then_some(decided)
        }
        // Earlier results go as well: the withdrawn one had replaced them, if not yet here.
        JobKind::Rollback => leg
            .decided
            .filter(|decided| decided.result <= job.result)
            .map(|_| None),
        JobKind::Cancellations => None,
    }
}

/// What counts of the legs, with one leg as it is about to be: outcomes of results in force, and
/// nothing of a leg whose mark the cancellations in force do not bear out: work will come to it.
fn counting(state: &State, slip: &Slip, becomes: &SlipLeg) -> Vec<Option<DecidedLeg>> {
    let of_leg = |leg: &SlipLeg| {
        let leg = if leg.struck.selection == becomes.struck.selection {
            becomes
        } else {
            leg
        };
        let market = state.market(leg.struck.market)?;
        let covered = cancellation::of_leg(market, slip, leg);
        match (leg.voided, covered) {
            (Some(_), Some(_)) => Some(slip.void_leg()),
            (None, None) => leg
                .decided
                .filter(|decided| market.is_in_force(decided.result)),
            (Some(_), None) | (None, Some(_)) => None,
        }
    };
    slip.legs.iter().map(of_leg).collect()
}

/// Takes the settlement in force back if the legs do not bear it any more, and settles the slip
/// if they bear another.
fn bring_in_step(bet: BetId, slip: &Slip, after: Option<Verdict>, at: Timestamp) -> Vec<Event> {
    let Settlements { last, in_force } = match slip.stage {
        Stage::Accepted(settlements) => settlements,
        Stage::AwaitingHold { .. }
        | Stage::Held { .. }
        | Stage::Delayed { .. }
        | Stage::Referred { .. }
        | Stage::CashedOut => return vec![],
    };
    // A settlement in force is always the verdict on the outcomes that the legs carry, be their
    // results still in force or not: whatever changes a leg brings the settlement in step.
    if in_force.is_some() && after.is_some() && after == slip.verdict(&slip.carried()) {
        return vec![];
    }
    let mut events = vec![];
    if let Some(in_force) = in_force {
        events.push(Event::SettlementReversed {
            bet,
            customer: slip.customer,
            settlement: last,
            stake: slip.stake,
            returned: in_force.returned,
        });
    }
    if let Some(verdict) = after {
        let settlement = last.saturating_add(1);
        events.extend(verdict.parts.map(|parts| Event::ReturnExplained {
            bet,
            settlement,
            parts,
        }));
        events.push(Event::BetSettled {
            bet,
            customer: slip.customer,
            settlement,
            stake: slip.stake,
            returned: verdict.returned,
            exact: verdict.exact,
            outcome: verdict.outcome,
            settled_at: at,
        });
    }
    events
}
