//! What stands on each selection: for those who watch the book.
//!
//! Duty: keep per selection the stakes of struck slips without a settlement in force, and tell in
//! events what they come to, so that a view needs no sum of its own. Prohibition: no rule looks at
//! it; the room for risk is kept apart, because settlement frees none of that.

use crate::slip::Slip;
use crate::state::State;
use kernel::{MarketId, Money, SelectionId};
use std::collections::BTreeMap;

/// What stands on a selection in this partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Liability {
    /// The selection's market.
    pub market: MarketId,
    /// The selection.
    pub selection: SelectionId,
    /// The open stakes.
    pub open: OpenStakes,
}

/// Stakes that wait for a settlement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenStakes {
    /// What is staked; not by tokens, which the house pays itself.
    pub stakes: Money,
    /// What it returns if all legs win.
    pub returns: Money,
    /// By so many slips.
    pub slips: u32,
}

/// Whether a slip's stake begins to stand or stands no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    Opens,
    Closes,
}

impl OpenStakes {
    /// With this slip's stake, or without it.
    pub(crate) fn turned(self, slip: &Slip, turn: Turn) -> Self {
        let (stake, returns) = (slip.paid_in().minor(), slip.potential_return.minor());
        let (stakes, returns, slips) = match turn {
            Turn::Opens => (
                self.stakes.minor().saturating_add(stake),
                self.returns.minor().saturating_add(returns),
                self.slips.saturating_add(1),
            ),
            Turn::Closes => (
                self.stakes.minor().saturating_sub(stake),
                self.returns.minor().saturating_sub(returns),
                self.slips.saturating_sub(1),
            ),
        };
        let currency = self.stakes.currency();
        Self {
            stakes: Money::from_minor(stakes, currency),
            returns: Money::from_minor(returns, currency),
            slips,
        }
    }

    /// Nothing, in the slip's currency.
    pub(crate) const fn none(slip: &Slip) -> Self {
        let nothing = Money::zero(slip.stake.currency());
        Self {
            stakes: nothing,
            returns: nothing,
            slips: 0,
        }
    }
}

/// What stands on the selections of these slips once they have turned.
pub(crate) fn after<'a>(
    state: &State,
    turns: impl IntoIterator<Item = (&'a Slip, Turn)>,
) -> Vec<Liability> {
    let mut standing: BTreeMap<(MarketId, SelectionId), OpenStakes> = BTreeMap::new();
    for (slip, turn) in turns {
        for leg in slip.struck_legs() {
            let open = standing
                .entry((leg.market, leg.selection))
                .or_insert_with(|| {
                    let market = state.market(leg.market);
                    let known = market.and_then(|market| market.open.get(&leg.selection));
                    known.copied().unwrap_or(OpenStakes::none(slip))
                });
            *open = open.turned(slip, turn);
        }
    }
    standing
        .into_iter()
        .map(|((market, selection), open)| Liability {
            market,
            selection,
            open,
        })
        .collect()
}
