//! Re-offers: what the house would take instead of a slip that it refused.
//!
//! Duty: work out the stake and the prices that would be taken now, remember them under the id of
//! the slip that was refused, and place what is accepted of them, once. Prohibition: a re-offer is
//! no promise: who accepts it is judged as anew, and a market that moved on ends it.

use crate::command::{AcceptReoffer, Place, Surroundings};
use crate::event::{BetReoffered, Event};
use crate::evidence::Quote;
use crate::market::Budget;
use crate::part;
use crate::place;
use crate::promotion::{self, StakeSource};
use crate::rejection::Rejection;
use crate::settlement::{SettledLeg, SlipTerms};
use crate::slip::{PricePolicy, RequestedLeg, Slip, SlipLeg, SlipRequest, liability_minor};
use crate::state::State;
use crate::strike::{Struck, strike};
use kernel::{BetId, CustomerId, Duration, Money, Timestamp};

/// For so long after its end a re-offer is known to have ended; after that it is unknown.
pub(crate) const REMEMBERED: Duration = Duration::from_secs(60);

/// What stands offered under the id of a slip that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reoffer {
    /// To whom.
    pub customer: CustomerId,
    /// The slip that would be taken.
    pub slip: SlipRequest,
    /// Whether a trader has agreed to its stake, so that none is asked again.
    pub cleared: bool,
    /// The end of the offer.
    pub until: Timestamp,
    /// The bet that was made of it.
    pub taken_by: Option<BetId>,
}

/// What was asked for and refused.
pub(crate) struct Asked {
    pub bet: BetId,
    pub customer: CustomerId,
    pub slip: SlipRequest,
    /// What its markets carry of it already.
    pub reserved_minor: i64,
    /// Whether its stake is within the customer's limits as they count it already.
    pub counted: bool,
    pub cleared: bool,
}

impl Asked {
    fn of_placement(place: &Place, cleared: bool) -> Self {
        Self {
            bet: place.bet,
            customer: place.customer,
            slip: place.slip.clone(),
            reserved_minor: 0,
            counted: false,
            cleared,
        }
    }

    pub(crate) fn of_slip(bet: BetId, slip: &Slip) -> Self {
        Self {
            bet,
            customer: slip.customer,
            slip: SlipRequest {
                bet_type: slip.bet_type,
                sizes: slip.sizes,
                legs: slip.legs.iter().map(SlipLeg::as_requested).collect(),
                unit_stake: slip.unit_stake,
                price_policy: slip.price_policy,
                each_way: slip.each_way,
                client_ref: None,
                accepts_part: false,
            },
            reserved_minor: if slip.is_reserved() {
                slip.liability_minor()
            } else {
                0
            },
            counted: true,
            cleared: slip.cleared,
        }
    }
}

/// Places a slip; one that would be taken otherwise is refused with a re-offer, unless a promotion
/// pays for it: that is taken whole or refused, and the token or the bonus money stays free.
pub(crate) fn place(state: &State, place: &Place, cleared: bool) -> Result<Vec<Event>, Rejection> {
    if place.source != StakeSource::Cash {
        return promotion::place_whole(state, place);
    }
    place::decide(state, place, cleared).or_else(|why| {
        let asked = Asked::of_placement(place, cleared);
        let reoffer = propose(state, &asked, &why, &place.now);
        let part = reoffer
            .as_ref()
            .filter(|_| place.slip.accepts_part && !matches!(why, Rejection::PriceChanged { .. }))
            .and_then(|told| part::at_placement(state, place, told.slip.unit_stake, cleared));
        if let Some(events) = part {
            return Ok(events);
        }
        match reoffer {
            Some(reoffer) => Ok(vec![Event::BetReoffered(reoffer)]),
            None => Err(why),
        }
    })
}

/// A customer accepts a re-offer.
pub(crate) fn accept(state: &State, accept: &AcceptReoffer) -> Result<Vec<Event>, Rejection> {
    if state.slip(accept.bet).is_some() {
        return Ok(vec![]);
    }
    let known = state.reoffer(accept.reoffer);
    let Some(reoffer) = known.filter(|reoffer| reoffer.customer == accept.customer) else {
        return Err(Rejection::ReofferUnknown {
            reoffer: accept.reoffer,
        });
    };
    if let Some(bet) = reoffer.taken_by {
        return Err(Rejection::ReofferTaken { bet });
    }
    if reoffer.until <= accept.now.at {
        return Err(Rejection::ReofferExpired {
            until: reoffer.until,
        });
    }
    markets_must_not_have_stopped(&reoffer.slip, &accept.now)?;
    let placing = Place {
        bet: accept.bet,
        customer: accept.customer,
        slip: reoffer.slip.clone(),
        source: StakeSource::Cash,
        now: accept.now.clone(),
    };
    let events = place(state, &placing, reoffer.cleared)?;
    let placed = events
        .iter()
        .any(|event| matches!(event, Event::BetPlaced(_)));
    let taken = placed.then_some(Event::ReofferAccepted {
        reoffer: accept.reoffer,
        bet: accept.bet,
    });
    Ok(taken.into_iter().chain(events).collect())
}

/// A market that was suspended since the offer, be it open again, ends it: something has happened
/// that the customer may have seen.
fn markets_must_not_have_stopped(slip: &SlipRequest, now: &Surroundings) -> Result<(), Rejection> {
    for leg in &slip.legs {
        if let Some(quote) = now.evidence.get(&leg.selection) {
            quote.must_be_open_since(leg.market_version)?;
        }
    }
    Ok(())
}

/// What would be taken now instead of a slip that is refused for its prices, its stake or its
/// risk; none where that is nothing, or what was asked for.
pub(crate) fn propose(
    state: &State,
    asked: &Asked,
    why: &Rejection,
    now: &Surroundings,
) -> Option<BetReoffered> {
    let rules = &now.rules.acceptance;
    let by_itself = rules.reoffer_lasts?;
    let by_trader = matches!(why, Rejection::ReferralDeclined);
    let lasts = if by_trader {
        rules.referral_wait
    } else {
        by_itself
    };
    let exposure = matches!(why, Rejection::ExposureReached { .. });
    let open_to_talk = matches!(
        why,
        Rejection::PriceChanged { .. } | Rejection::StakeAboveLimit { .. }
    );
    let of_trader = by_trader && asked.cleared;
    if !(exposure || open_to_talk || of_trader) {
        return None;
    }
    let (slip, at) = (&asked.slip, now.at);
    let struck = strike(state, slip.legs.iter().copied(), PricePolicy::Any, now).ok()?;
    let terms = place::terms(slip, &now.rules);
    place::place_parts_must_be_offered(slip, &struck, terms.rules).ok()?;
    let winners = struck.at_best(&struck.terms, terms.rules);
    let most = place::most_on_a_line(slip, &winners, terms, &now.rules);
    let most = if asked.counted {
        most
    } else {
        let by_customer =
            place::customer_s_most(state, asked.customer, slip, (&struck, terms), now).ok()?;
        most.min(by_customer)
    };
    let risk_max = struck
        .quotes
        .iter()
        .map(|quote| risk_max(state, quote, exposure, asked.reserved_minor))
        .min()?;
    let unit_stake = within_risk(terms, &winners, slip.unit_stake.min(most), risk_max)?;
    if unit_stake < place::least_on_a_line(slip, terms, &now.rules) {
        return None;
    }
    let offered = SlipRequest {
        unit_stake,
        legs: as_they_stand(slip, &struck),
        accepts_part: false,
        ..slip.clone()
    };
    let payout = terms.settle(unit_stake, &winners).ok()?;
    let is_other = offered.unit_stake != slip.unit_stake || prices(&offered).ne(prices(slip));
    (is_other || by_trader).then(|| BetReoffered {
        bet: asked.bet,
        customer: asked.customer,
        why: why.clone(),
        slip: offered,
        stake: payout.stake,
        potential_return: payout.returned,
        cleared: asked.cleared,
        offered_at: at,
        until: at.plus(lasts),
    })
}

/// What a market may carry of the slip: where it is full, what fits at once; else what could ever
/// be granted.
fn risk_max(state: &State, quote: &Quote, full: bool, reserved_minor: i64) -> i64 {
    if !full {
        return quote.exposure_max.minor();
    }
    let budget = state
        .market(quote.market)
        .map_or_else(Budget::default, |market| market.budget);
    let room = budget.room_minor(quote.budget_each.minor());
    room.saturating_add(reserved_minor)
}

/// The largest stake of a line, up to this one, whose risk is within the bound. Risk grows with the
/// stake but for rounding, so that a step or two below the proportional part are enough.
pub(crate) fn within_risk(
    terms: SlipTerms,
    winners: &[SettledLeg],
    unit_stake: Money,
    risk_max_minor: i64,
) -> Option<Money> {
    const STEPS: usize = 4;
    let risk = |unit: Money| {
        let payout = terms.settle(unit, winners).ok()?;
        Some(liability_minor(payout.returned, payout.stake))
    };
    let whole = risk(unit_stake)?;
    if whole <= risk_max_minor {
        return Some(unit_stake);
    }
    let part = i128::from(unit_stake.minor())
        .checked_mul(i128::from(risk_max_minor.max(0)))?
        .checked_div(i128::from(whole))?;
    let mut minor = i64::try_from(part).ok()?;
    for _ in 0..STEPS {
        let unit = Money::from_minor(minor, unit_stake.currency());
        if minor > 0 && risk(unit)? <= risk_max_minor {
            return Some(unit);
        }
        minor = minor.checked_sub(1)?;
    }
    None
}

/// The legs at the prices and versions of now.
fn as_they_stand(slip: &SlipRequest, struck: &Struck<'_>) -> Vec<RequestedLeg> {
    slip.legs
        .iter()
        .zip(&struck.legs)
        .map(|(leg, now)| RequestedLeg {
            price: now.price,
            market_version: now.market_version,
            ..*leg
        })
        .collect()
}

fn prices(slip: &SlipRequest) -> impl Iterator<Item = kernel::Price> + '_ {
    slip.legs.iter().map(|leg| leg.price)
}

impl State {
    /// Takes a re-offer in; those that ended long ago are forgotten.
    pub(crate) fn remember_reoffer(&mut self, told: &BetReoffered) {
        while let Some((end, bet)) = self.reoffer_ends.first().copied()
            && end.plus(REMEMBERED) < told.offered_at
        {
            self.reoffer_ends.remove(&(end, bet));
            self.reoffers.remove(&bet);
        }
        let reoffer = Reoffer {
            customer: told.customer,
            slip: told.slip.clone(),
            cleared: told.cleared,
            until: told.until,
            taken_by: None,
        };
        self.reoffer_ends.insert((reoffer.until, told.bet));
        if let Some(older) = self.reoffers.insert(told.bet, reoffer)
            && older.until != told.until
        {
            self.reoffer_ends.remove(&(older.until, told.bet));
        }
    }
}
