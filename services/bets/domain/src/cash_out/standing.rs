//! What a slip remembers of quotes and purchases.
//!
//! Duty: the newest quote, one that waits for its delay, and what was sold; and their folding.
//! Prohibition: nothing is judged here, and a slip of which nothing was ever asked remembers
//! nothing.

use super::event::{CashOutQuoted, CashedOut};
use crate::evolve::turn_stake;
use crate::liability::Turn;
use crate::slip::{Settlements, Slip, Stage};
use crate::state::State;
use crate::tally::{DayTally, day};
use kernel::{BetId, CashOutQuoteId, Money, SelectionId, Timestamp};

/// What a slip remembers of quotes and purchases.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CashOutStanding {
    /// The newest quote, until it is taken.
    pub offered: Option<CashOutOffer>,
    /// The quote that was taken and waits.
    pub delayed: Option<DelayedCashOut>,
    /// The last quote that was taken, and did not fail.
    pub taken: Option<CashOutTaken>,
    /// All stakes that were sold; none: there was no sale.
    pub stake_sold: Option<Money>,
    /// All that was paid for them.
    pub amount: Option<Money>,
}

/// A quote as far as its acceptance depends on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CashOutOffer {
    /// Which.
    pub quote: CashOutQuoteId,
    /// What is paid at least for all that is staked.
    pub amount: Money,
    /// The last moment in which it can be taken.
    pub expires_at: Timestamp,
    /// The versions of the open legs' markets that were looked at.
    pub versions: Vec<(SelectionId, u64)>,
}

/// A quote that was taken in play.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DelayedCashOut {
    /// The quote.
    pub offer: CashOutOffer,
    /// How much of the stake is sold.
    pub fraction_millionths: u32,
    /// The end of the delay.
    pub until: Timestamp,
}

/// Which quote was taken for how much: the same again is a repeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CashOutTaken {
    /// The quote.
    pub quote: CashOutQuoteId,
    /// How much of the stake.
    pub fraction_millionths: u32,
}

impl CashOutStanding {
    fn is_blank(&self) -> bool {
        *self == Self::default()
    }
}

impl Slip {
    /// What it remembers of quotes and purchases.
    #[must_use]
    pub fn cash_out(&self) -> Option<&CashOutStanding> {
        self.cash_out.as_deref()
    }

    /// The quote that was taken and waits for its delay.
    #[must_use]
    pub fn delayed_cash_out(&self) -> Option<&DelayedCashOut> {
        self.cash_out()?.delayed.as_ref()
    }

    fn change_cash_out(&mut self, change: impl FnOnce(&mut CashOutStanding)) {
        let mut standing = self.cash_out.take().unwrap_or_default();
        change(&mut standing);
        self.cash_out = (!standing.is_blank()).then_some(standing);
    }

    /// A settlement leaves nothing to be sold.
    pub(crate) fn forget_offer(&mut self) {
        if self.cash_out.is_some() {
            self.change_cash_out(|standing| standing.offered = None);
        }
    }
}

impl State {
    pub(crate) fn note_quote(&mut self, quoted: &CashOutQuoted) {
        let Some(slip) = self.slips.get_mut(&quoted.bet) else {
            return;
        };
        let open = quoted.worth.legs.iter();
        let versions = open
            .filter_map(|leg| Some((leg.selection, leg.live?.market_version)))
            .collect();
        let offer = CashOutOffer {
            quote: quoted.quote,
            amount: quoted.amount,
            expires_at: quoted.expires_at,
            versions,
        };
        slip.change_cash_out(|standing| standing.offered = Some(offer));
    }

    pub(crate) fn delay_cash_out(&mut self, bet: BetId, taken: CashOutTaken, until: Timestamp) {
        self.change_slip(bet, |slip| {
            slip.change_cash_out(|standing| {
                standing.delayed = standing.offered.take().map(|offer| DelayedCashOut {
                    offer,
                    fraction_millionths: taken.fraction_millionths,
                    until,
                });
                standing.taken = Some(taken);
            });
        });
    }

    pub(crate) fn refuse_cash_out(&mut self, bet: BetId) {
        self.change_slip(bet, |slip| {
            slip.change_cash_out(|standing| {
                standing.delayed = None;
                standing.taken = None;
            });
        });
    }

    /// The slip goes on with what is left of its stake, or is over.
    pub(crate) fn sell(&mut self, sold: &CashedOut) {
        let Some(before) = self.slips.get(&sold.bet).cloned() else {
            return;
        };
        let is_over = !sold.stake_left.is_positive();
        self.change_slip(sold.bet, |slip| {
            slip.stake = sold.stake_left;
            slip.unit_stake = sold.stake_left;
            slip.potential_return = sold.potential_return_left;
            slip.stage = if is_over {
                Stage::CashedOut
            } else {
                Stage::Accepted(Settlements {
                    last: sold.settlement,
                    in_force: None,
                })
            };
            slip.change_cash_out(|standing| {
                standing.offered = None;
                standing.delayed = None;
                standing.taken = Some(CashOutTaken {
                    quote: sold.quote,
                    fraction_millionths: sold.fraction_millionths,
                });
                standing.stake_sold = Some(sold.stake_sold_total);
                standing.amount = Some(sold.amount_total);
            });
        });
        // What the sale has lost the customer counts on its day; what is left is still open.
        let (stake, currency) = (sold.stake.minor(), sold.stake.currency());
        let lost = stake.saturating_sub(sold.amount.minor());
        let tally = &mut self.customer_mut(sold.customer).tally;
        tally.count(day(sold.cashed_out_at), currency, DayTally::lost(lost));
        tally.count_open(currency, stake.saturating_neg());
        turn_stake(&mut self.markets, &before, Turn::Closes);
        if is_over {
            self.leave_markets(sold.bet, &before);
        } else if let Some(after) = self.slips.get(&sold.bet) {
            turn_stake(&mut self.markets, after, Turn::Opens);
        }
    }

    /// No result concerns the slip any more: its legs carry none and no work comes to it.
    fn leave_markets(&mut self, bet: BetId, before: &Slip) {
        for leg in &before.legs {
            let market = self.market_mut(leg.struck.market);
            market.struck.remove(&bet);
            if leg.decided.is_some() {
                market.decided_legs = market.decided_legs.saturating_sub(1);
            }
        }
        if let Some(slip) = self.slips.get_mut(&bet) {
            for leg in &mut slip.legs {
                leg.decided = None;
            }
        }
    }
}
