//! The judgement of a slip's legs against what the market view shows now.
//!
//! Duty: one answer for placement and for every later look: at which prices the slip would be
//! struck now, or which rule forbids it. Prohibition: customers, stakes and room for risk are
//! judged elsewhere.

use crate::command::Surroundings;
use crate::evidence::Quote;
use crate::rejection::{OfferedPrice, Rejection};
use crate::settlement::{LegResult, SettledLeg, settle};
use crate::slip::{PricePolicy, RequestedLeg, SlipType, StruckLeg};
use crate::state::State;
use kernel::{Duration, Money, MoneyError, Price};

/// A slip as it would be struck now.
pub(crate) struct Struck<'a> {
    pub legs: Vec<StruckLeg>,
    pub quotes: Vec<&'a Quote>,
}

/// Judges every leg; the first broken rule counts, prices last and all together.
pub(crate) fn strike<'a>(
    state: &State,
    legs: impl IntoIterator<Item = RequestedLeg>,
    policy: PricePolicy,
    now: &'a Surroundings,
) -> Result<Struck<'a>, Rejection> {
    let mut struck = Struck {
        legs: vec![],
        quotes: vec![],
    };
    let mut offered = vec![];
    for leg in legs {
        let (quote, price) = open_quote(state, &leg, now)?;
        if !policy.covers(leg.price, price) {
            offered.push(OfferedPrice {
                selection: leg.selection,
                price,
                market_version: quote.version,
            });
        }
        struck.legs.push(struck_leg(&leg, quote, price));
        struck.quotes.push(quote);
    }
    if offered.is_empty() {
        Ok(struck)
    } else {
        Err(Rejection::PriceChanged { offered })
    }
}

/// The quote of a leg that can be bet on now, and its price.
fn open_quote<'a>(
    state: &State,
    leg: &RequestedLeg,
    now: &'a Surroundings,
) -> Result<(&'a Quote, Price), Rejection> {
    let selection = leg.selection;
    let unavailable = Rejection::SelectionUnavailable { selection };
    let quote = now.evidence.get(&selection).ok_or(unavailable.clone())?;
    if (quote.market, quote.fixture) != (leg.market, leg.fixture) {
        return Err(unavailable);
    }
    if state
        .market(quote.market)
        .is_some_and(|market| market.closed)
    {
        return Err(Rejection::MarketClosed {
            market: quote.market,
        });
    }
    quote.must_be_fresh(now.at, &now.rules)?;
    if leg.market_version > quote.version {
        // The customer has seen more than we have.
        return Err(Rejection::PricesStale {
            newest_at: quote.seen_at,
        });
    }
    quote.must_be_open()?;
    let price = quote.price.ok_or(unavailable)?;
    Ok((quote, price))
}

fn struck_leg(leg: &RequestedLeg, quote: &Quote, price: Price) -> StruckLeg {
    StruckLeg {
        selection: leg.selection,
        market: leg.market,
        fixture: leg.fixture,
        requested_price: leg.price,
        price,
        market_version: quote.version,
        book_position: quote.position,
        in_play: quote.in_play,
        names: quote.names.clone(),
    }
}

impl Struck<'_> {
    /// The longest delay of the legs that are in play.
    pub(crate) fn delay(&self) -> Duration {
        let delays = self.quotes.iter().filter(|quote| quote.in_play);
        delays
            .map(|quote| quote.bet_delay)
            .max()
            .unwrap_or(Duration::ZERO)
    }

    /// What a stake returns if all legs win.
    pub(crate) fn potential_return(
        &self,
        slip_type: SlipType,
        stake: Money,
    ) -> Result<Money, MoneyError> {
        let legs = all_won(self.legs.iter().map(|leg| leg.price));
        match settle(slip_type.bet_type(), stake, &legs, None) {
            Ok(payout) => Ok(payout.returned),
            // Leg counts are judged before, and there is no place part: only the amount is left.
            Err(_) => Err(MoneyError::Overflow),
        }
    }
}

/// These prices as winners.
pub(crate) fn all_won(prices: impl Iterator<Item = Price>) -> Vec<SettledLeg> {
    prices
        .map(|price| SettledLeg::plain(price, LegResult::Won))
        .collect()
}
