//! What a slip is worth now.
//!
//! Duty: the worth of each leg from its result or from the book of its market, and of a stake from
//! its legs; or the rule by which this slip is not bought back now. Prohibition: no price is used
//! without the market being open, fresh, and one question with one answer; what cannot be valued
//! exactly is not offered.

use super::CashOutRules;
use super::event::{CashOutLegWorth, CashOutWorth, LivePrice};
use crate::cancellation;
use crate::command::Surroundings;
use crate::evidence::{Asks, Quote};
use crate::rejection::Rejection;
use crate::settlement::{CashOutLeg, CashOutValue, Margin, cash_out_value};
use crate::slip::{Slip, SlipLeg};
use crate::state::State;
use kernel::{Duration, Money, SelectionId};
use num_rational::BigRational;

/// The legs of a slip as they stand now.
pub(super) struct Legs<'a> {
    legs: Vec<CashOutLeg>,
    told: Vec<CashOutLegWorth>,
    quotes: Vec<(SelectionId, &'a Quote)>,
    rules: CashOutRules,
}

/// What a stake is worth, and why.
pub(super) struct Valued {
    pub amount: Money,
    pub worth: CashOutWorth,
}

/// Looks at every leg; the first broken rule counts.
pub(super) fn look<'a>(
    state: &State,
    slip: &Slip,
    now: &'a Surroundings,
) -> Result<Legs<'a>, Rejection> {
    must_be_one_plain_line(slip)?;
    let mut looked = Legs {
        legs: vec![],
        told: vec![],
        quotes: vec![],
        rules: now.rules.cash_out,
    };
    for leg in &slip.legs {
        let selection = leg.struck.selection;
        let (worth, live) = if is_void(state, slip, leg)? {
            (
                CashOutLeg::Decided(leg.settled(Some(slip.void_leg()))),
                None,
            )
        } else if leg.decided.is_some() {
            (decided(state, leg)?, None)
        } else {
            let (quote, worth, live) = open(state, leg, now)?;
            looked.quotes.push((selection, quote));
            (worth, Some(live))
        };
        looked.told.push(CashOutLegWorth {
            selection,
            worth: worth.worth().to_string(),
            live,
        });
        looked.legs.push(worth);
    }
    Ok(looked)
}

/// Systems and place parts would have to be bought back line by line.
fn must_be_one_plain_line(slip: &Slip) -> Result<(), Rejection> {
    let one_line = slip.terms().lines(slip.legs.len()) == Ok(1);
    if one_line && !slip.each_way {
        Ok(())
    } else {
        Err(Rejection::CashOutNotOffered)
    }
}

/// Whether the leg does not count. Between a cancellation, or its end, and the mark on the leg nobody
/// knows.
fn is_void(state: &State, slip: &Slip, leg: &SlipLeg) -> Result<bool, Rejection> {
    let market = leg.struck.market;
    let known = state.market(market);
    let covered = known.and_then(|known| cancellation::of_leg(known, slip, leg));
    match (leg.voided, covered) {
        (Some(_), Some(_)) => Ok(true),
        (None, None) => Ok(false),
        (Some(_), None) | (None, Some(_)) => Err(Rejection::MarketClosed { market }),
    }
}

/// A leg counts as its result says, while that result is in force; in between nobody knows.
fn decided(state: &State, leg: &SlipLeg) -> Result<CashOutLeg, Rejection> {
    let market = leg.struck.market;
    let in_force = |result| state.market(market).is_some_and(|m| m.is_in_force(result));
    let decided = leg.decided.filter(|decided| in_force(decided.result));
    match decided {
        Some(_) => Ok(CashOutLeg::Decided(leg.settled(decided))),
        None => Err(Rejection::MarketClosed { market }),
    }
}

fn open<'a>(
    state: &State,
    leg: &SlipLeg,
    now: &'a Surroundings,
) -> Result<(&'a Quote, CashOutLeg, LivePrice), Rejection> {
    let selection = leg.struck.selection;
    // The score, or a price that nobody knows yet, would count.
    if leg.terms.line.is_some() || leg.terms.starting_price {
        return Err(Rejection::CashOutNotOffered);
    }
    let unavailable = Rejection::SelectionUnavailable { selection };
    let quote = now.evidence.get(&selection).ok_or(unavailable.clone())?;
    let market = leg.struck.market;
    if quote.market != market {
        return Err(unavailable);
    }
    if state.market(market).is_some_and(|known| known.closed) {
        return Err(Rejection::MarketClosed { market });
    }
    quote.must_be_fresh(now.at, &now.rules)?;
    quote.must_be_open()?;
    let price = quote.price.ok_or(unavailable)?;
    // Half a stake may come back, which one price does not tell; and a race that lost a runner
    // owes deductions that its new prices do not.
    let one_question = matches!(quote.asks, Asks::Outcome | Asks::Runner(_));
    let book = quote
        .book
        .filter(|book| one_question && book.reformed_at <= leg.struck.market_version)
        .ok_or(Rejection::CashOutNotOffered)?;
    let live = LivePrice {
        price,
        booksum_billionths: book.sum_billionths,
        market_version: quote.version,
        book_position: quote.position,
    };
    let worth = CashOutLeg::InBook {
        struck: leg.struck.price,
        live: price,
        booksum_billionths: book.sum_billionths,
    };
    Ok((quote, worth, live))
}

impl Legs<'_> {
    /// What this much staked on these legs is worth.
    pub(super) fn value(&self, stake: Money) -> Result<Valued, Rejection> {
        let permille = self.rules.margin_permille;
        let margin = Margin::new(BigRational::new(permille.into(), 1_000.into()));
        let whole = Margin::new(BigRational::from_integer(1.into()));
        let (Ok(margin), Ok(whole)) = (margin, whole) else {
            return Err(Rejection::CashOutNotOffered);
        };
        let CashOutValue { fair, exact, offer } =
            cash_out_value(stake, &self.legs, &margin, &whole)
                .map_err(|_| Rejection::CashOutNotOffered)?;
        if !offer.is_positive() {
            return Err(Rejection::CashOutTooSmall);
        }
        Ok(Valued {
            amount: offer,
            worth: CashOutWorth {
                rules_version: self.rules.version,
                margin_permille: permille,
                fair: fair.to_string(),
                exact: exact.to_string(),
                legs: self.told.clone(),
            },
        })
    }

    /// No market of an open leg was suspended since these versions, be it open again.
    pub(super) fn must_be_open_since(
        &self,
        versions: &[(SelectionId, u64)],
    ) -> Result<(), Rejection> {
        for (selection, quote) in &self.quotes {
            let seen = versions.iter().find(|(seen, _)| seen == selection);
            // A leg that was decided then and is open now has lost its result in between.
            let (_, version) = seen.ok_or(Rejection::MarketClosed {
                market: quote.market,
            })?;
            quote.must_be_open_since(*version)?;
        }
        Ok(())
    }

    /// The longest delay of the open legs that are in play.
    pub(super) fn delay(&self) -> Duration {
        let in_play = self.quotes.iter().filter(|(_, quote)| quote.in_play);
        in_play
            .map(|(_, quote)| quote.bet_delay)
            .max()
            .unwrap_or(Duration::ZERO)
    }
}
