//! Stretches of bets on a market that do not count.
//!
//! Duty: remember which are in force and which legs they void, and begin the work when one comes
//! or goes. A leg belongs to a stretch by the moment at which its slip was struck; both bounds
//! belong to the stretch, and a side without a bound is open. Prohibition: no outcome is changed:
//! a void leg keeps what its market's result made of it, for the day on which it counts again.

use crate::event::Event;
use crate::market::Market;
use crate::slip::{Slip, SlipLeg, StruckLeg};
use crate::state::State;
use kernel::{BetId, MarketId, Price, SelectionId, Timestamp};
use std::collections::BTreeMap;

/// Who says that bets do not count. Of one market, each has one cancellation at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CancelledBy {
    /// The market's source, of this stretch.
    Source(Window),
    /// Two persons of the house: the market's ruling of that number on an obvious error.
    Ruling(u32),
}

/// A stretch of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Window {
    /// The first instant; none: it has no beginning.
    pub from: Option<Timestamp>,
    /// The last instant; none: it has no end.
    pub until: Option<Timestamp>,
}

impl Window {
    /// Whether the instant lies in it.
    #[must_use]
    pub fn holds(&self, at: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= at) && self.until.is_none_or(|until| at <= until)
    }
}

/// Which bets do not count, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cancellation {
    /// Bets struck in this stretch.
    pub window: Window,
    /// Only those on these selections, at this price or a longer one; empty: all.
    pub prices_from: BTreeMap<SelectionId, Price>,
    /// Why, as the customer reads it.
    pub reason: String,
}

impl Cancellation {
    /// Whether a leg struck at that moment does not count.
    #[must_use]
    pub fn covers(&self, leg: &StruckLeg, struck_at: Timestamp) -> bool {
        let wrong = |from: &Price| *from <= leg.price;
        let priced =
            self.prices_from.is_empty() || self.prices_from.get(&leg.selection).is_some_and(wrong);
        priced && self.window.holds(struck_at)
    }
}

impl Market {
    /// The first cancellation that covers a leg struck at that moment.
    #[must_use]
    pub fn cancelled(&self, leg: &StruckLeg, struck_at: Timestamp) -> Option<CancelledBy> {
        self.cancellations
            .iter()
            .find(|(_, cancellation)| cancellation.covers(leg, struck_at))
            .map(|(by, _)| *by)
    }
}

/// Which cancellation in force covers the leg of a struck slip.
pub(crate) fn of_leg(market: &Market, slip: &Slip, leg: &SlipLeg) -> Option<CancelledBy> {
    market.cancelled(&leg.struck, slip.struck_at?)
}

pub(crate) fn start(
    state: &State,
    id: MarketId,
    by: CancelledBy,
    cancellation: &Cancellation,
) -> Vec<Event> {
    // Where nothing hangs on it, it is passed over: what is struck later is judged on a picture
    // that knows it.
    let Some(market) = state.market(id).filter(|market| !market.has_no_slips()) else {
        return vec![];
    };
    if market.cancellations.get(&by) == Some(cancellation) {
        return vec![];
    }
    vec![Event::CancellationStarted {
        market: id,
        by,
        cancellation: cancellation.clone(),
        struck_slips: u32::try_from(market.struck.len()).unwrap_or(u32::MAX),
    }]
}

pub(crate) fn withdraw(state: &State, id: MarketId, by: CancelledBy) -> Vec<Event> {
    let known = |market: &&Market| market.cancellations.contains_key(&by);
    let Some(market) = state.market(id).filter(known) else {
        return vec![];
    };
    vec![Event::RestorationStarted {
        market: id,
        by,
        struck_slips: u32::try_from(market.struck.len()).unwrap_or(u32::MAX),
    }]
}

/// A leg does not count, or counts again.
pub(crate) fn leg_marked(
    bet: BetId,
    leg: &SlipLeg,
    market: &Market,
    becomes: Option<CancelledBy>,
) -> Event {
    let selection = leg.struck.selection;
    match becomes {
        Some(by) => Event::LegVoided {
            bet,
            selection,
            by,
            reason: market
                .cancellations
                .get(&by)
                .map(|cancellation| cancellation.reason.clone())
                .unwrap_or_default(),
        },
        None => Event::LegRestored { bet, selection },
    }
}
