//! How a stake is paid.
//!
//! Duty: at placement, what a token or bonus money pays of the stake; and for the whole of the
//! slip's life, what its return is by that. Prohibition: whether the customer has the cash for the
//! rest is the ledger's answer.

use super::{Division, FreeBet, Promotion, PromotionEvent};
use crate::command::Place;
use crate::event::Event;
use crate::place;
use crate::rejection::Rejection;
use crate::settlement::{Payout, SettlementRules, TokenStake, round, token_return};
use crate::slip::{Slip, StruckLeg};
use crate::state::State;
use kernel::{BonusId, FreeBetId, Money, MoneyError, Price, Timestamp};
use num_rational::BigRational;

/// What is to pay a stake.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StakeSource {
    /// Cash alone.
    #[default]
    Cash,
    /// A token, and cash for what it does not cover.
    FreeBet(FreeBetId),
    /// Bonus money.
    Bonus {
        /// Whether cash may pay what it does not cover.
        cash_allowed: bool,
    },
}

/// What a stake is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StakeParts {
    /// The customer's cash.
    pub cash: Money,
    /// What the promotion pays.
    pub promotional: Money,
}

/// How a slip's stake was paid, where that is not cash alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Funding {
    /// By what.
    pub source: FundingSource,
    /// The parts.
    pub stake: StakeParts,
    /// Where the return of the settlement in force went.
    pub division: Option<Division>,
}

/// What pays the promotional part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FundingSource {
    /// A token.
    FreeBet {
        /// Which.
        id: FreeBetId,
        /// Whether what it pays belongs to the return.
        stake_returned: bool,
    },
    /// Bonus money.
    Bonus {
        /// Which.
        id: BonusId,
    },
}

/// A stake that a promotion pays in part, and the event that says so.
pub(crate) struct Funded {
    pub(crate) funding: Funding,
    pub(crate) event: Event,
}

/// Places a slip that a promotion pays for.
pub(crate) fn place_whole(state: &State, place: &Place) -> Result<Vec<Event>, Rejection> {
    if place.slip.accepts_part && state.slip(place.bet).is_none() {
        return Err(Rejection::PromotionalInWhole { bet: place.bet });
    }
    place::decide(state, place, false)
}

/// Who pays for a slip that is being placed; none: cash.
pub(crate) fn fund(
    state: &State,
    place: &Place,
    legs: &[StruckLeg],
    total: Money,
) -> Result<Option<Funded>, Rejection> {
    let at = place.now.at;
    let (funding, forfeited, promotion) = match place.source {
        StakeSource::Cash => return Ok(None),
        StakeSource::FreeBet(id) => with_token(state, place, id, legs, total)?,
        StakeSource::Bonus { cash_allowed } => {
            with_bonus(state, place, cash_allowed, legs, total, at)?
        }
    };
    Ok(Some(Funded {
        funding,
        event: Event::Promotion(Box::new(PromotionEvent::StakeFunded {
            bet: place.bet,
            customer: place.customer,
            stake: funding.stake,
            forfeited,
            promotion,
        })),
    }))
}

fn with_token(
    state: &State,
    place: &Place,
    id: FreeBetId,
    legs: &[StruckLeg],
    total: Money,
) -> Result<(Funding, Money, Promotion), Rejection> {
    let known = state.promotions(place.customer).free_bets.get(&id);
    let token = known.ok_or(Rejection::FreeBetUnknown { free_bet: id })?;
    token.must_be_usable(place.now.at)?;
    all_must_reach(token.given.price_min, legs)?;
    let parts = TokenStake::new(token.value, total).map_err(|_| Rejection::CurrencyMismatch {
        expected: token.value.currency(),
    })?;
    let funding = Funding {
        source: FundingSource::FreeBet {
            id,
            stake_returned: token.stake_returned,
        },
        stake: StakeParts {
            cash: parts.cash,
            promotional: parts.token,
        },
        division: None,
    };
    let mut used_by = token.used_by.clone();
    used_by.insert(place.bet);
    let used = FreeBet {
        used_by,
        ..token.clone()
    };
    Ok((funding, parts.forfeited, Promotion::FreeBet(used)))
}

/// Of several, the one that ends first pays, and no other.
fn with_bonus(
    state: &State,
    place: &Place,
    cash_allowed: bool,
    legs: &[StruckLeg],
    total: Money,
    at: Timestamp,
) -> Result<(Funding, Money, Promotion), Rejection> {
    let currency = total.currency();
    let bonuses = state.promotions(place.customer).bonuses.values();
    let first = bonuses
        .map(|(bonus, _)| bonus)
        .filter(|bonus| bonus.currency() == currency && bonus.stakeable_minor(at) > 0)
        .min_by_key(|bonus| (bonus.given.expires_at, bonus.id));
    let available = Money::from_minor(first.map_or(0, |it| it.stakeable_minor(at)), currency);
    let insufficient = Rejection::BonusInsufficient { available };
    let Some(first) = first.filter(|_| cash_allowed || available >= total) else {
        return Err(insufficient);
    };
    all_must_reach(first.given.price_min, legs)?;
    let promotional = available.min(total);
    let cash = total.checked_sub(promotional).map_err(|_| insufficient)?;
    let mut bonus = first.clone();
    bonus.stake(promotional.minor());
    let funding = Funding {
        source: FundingSource::Bonus { id: bonus.id },
        stake: StakeParts { cash, promotional },
        division: None,
    };
    let nothing = Money::zero(currency);
    Ok((funding, nothing, Promotion::Bonus(bonus)))
}

fn all_must_reach(price_min: Option<Price>, legs: &[StruckLeg]) -> Result<(), Rejection> {
    let Some(minimum) = price_min else {
        return Ok(());
    };
    match legs.iter().find(|leg| leg.price < minimum) {
        Some(leg) => Err(Rejection::PriceBelowMinimum {
            selection: leg.selection,
            minimum,
        }),
        None => Ok(()),
    }
}

/// A slip that is struck at other prices than at its placement must still suit its promotion.
pub(crate) fn prices_must_reach(
    state: &State,
    slip: &Slip,
    legs: &[StruckLeg],
) -> Result<(), Rejection> {
    let Some(funding) = &slip.funding else {
        return Ok(());
    };
    let known = state.promotions(slip.customer);
    let given = match funding.source {
        FundingSource::FreeBet { id, .. } => known.free_bets.get(&id).map(|it| &it.given),
        FundingSource::Bonus { id } => known.bonuses.get(&id).map(|(bonus, _)| &bonus.given),
    };
    all_must_reach(given.and_then(|given| given.price_min), legs)
}

impl Funding {
    /// Of the stake, what the book takes in: a token is the house's own.
    #[must_use]
    pub const fn paid_in(&self, stake: Money) -> Money {
        match self.source {
            FundingSource::FreeBet { .. } => self.stake.cash,
            FundingSource::Bonus { .. } => stake,
        }
    }

    /// Where a return of such a slip goes.
    #[must_use]
    pub fn divide(&self, returned: Money, is_void: bool) -> Division {
        let nothing = Money::zero(returned.currency());
        match self.source {
            FundingSource::FreeBet { .. } => Division {
                to_cash: returned,
                to_bonus: nothing,
                wagered: nothing,
            },
            FundingSource::Bonus { .. } => Division::in_proportion(returned, self.stake, is_void),
        }
    }

    /// Of a return, what belongs to the cash in the stake: cash takes its part of what the whole
    /// stake returns, a token that is kept included.
    pub(crate) fn of_cash(&self, returned: Money, is_void: bool) -> Money {
        let token_kept = match self.source {
            FundingSource::FreeBet { stake_returned, .. } => !stake_returned,
            FundingSource::Bonus { .. } => {
                return Division::in_proportion(returned, self.stake, is_void).to_cash;
            }
        };
        let [cash, token] = [self.stake.cash, self.stake.promotional].map(Money::minor);
        // A void returns the cash, and of a loss in part a kept token takes nothing.
        if is_void || (token_kept && returned.minor() < cash) {
            return returned;
        }
        let kept = if token_kept { token } else { 0 };
        let whole = returned.minor().saturating_add(kept);
        let whole = Money::from_minor(whole, returned.currency());
        Division::in_proportion(whole, self.stake, is_void).to_cash
    }

    /// What a slip so staked returns to its customer, and the same before rounding and cap.
    pub(crate) fn returned(
        &self,
        payout: &Payout,
        all_void: bool,
        rules: &SettlementRules,
    ) -> Result<(Money, BigRational), MoneyError> {
        let token_is_kept = match self.source {
            FundingSource::FreeBet { stake_returned, .. } => all_void || !stake_returned,
            FundingSource::Bonus { .. } => false,
        };
        if !token_is_kept {
            return Ok((payout.returned, payout.exact.clone()));
        }
        let currency = payout.stake.currency();
        let parts = TokenStake {
            token: self.stake.promotional,
            cash: self.stake.cash,
            forfeited: Money::zero(currency),
        };
        let exact = token_return(payout, parts, all_void)?.exact;
        let rounded = round(&exact, currency, rules.rounding)?;
        let cap = rules.payout_max_minor;
        let returned = cap.map_or(rounded, |cap| rounded.min(Money::from_minor(cap, currency)));
        Ok((returned, exact))
    }
}
