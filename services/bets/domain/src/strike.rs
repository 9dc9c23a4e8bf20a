//! The judgement of a slip's legs against what the market view shows now.
//!
//! Duty: one answer for placement and for every later look: at which prices the slip would be
//! struck now, or which rule forbids it. Prohibition: customers, stakes and room for risk are
//! judged elsewhere.

use crate::command::Surroundings;
use crate::evidence::Quote;
use crate::rejection::{OfferedPrice, Rejection};
use crate::settlement::{SettledLeg, SettlementRules};
use crate::slip::{PricePolicy, RequestedLeg, StruckLeg};
use crate::state::State;
use crate::terms::LegTerms;
use kernel::{Duration, Price};

/// A slip as it would be struck now.
pub(crate) struct Struck<'a> {
    pub legs: Vec<StruckLeg>,
    /// What is agreed on each besides its price.
    pub terms: Vec<LegTerms>,
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
        terms: vec![],
        quotes: vec![],
    };
    let mut offered = vec![];
    for leg in legs {
        let (quote, price) = open_quote(state, &leg, now)?;
        let terms = quote.terms(leg.starting_price)?;
        // Who takes the starting price has agreed to no price of the board.
        if !terms.starting_price && !policy.covers(leg.price, price) {
            offered.push(OfferedPrice {
                selection: leg.selection,
                price,
                market_version: quote.version,
            });
        }
        struck.legs.push(struck_leg(&leg, quote, price));
        struck.terms.push(terms);
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

    /// The legs as winners, at the most that they can pay on these terms.
    pub(crate) fn at_best(&self, terms: &[LegTerms], rules: &SettlementRules) -> Vec<SettledLeg> {
        let legs = self.legs.iter().zip(terms);
        legs.map(|(leg, agreed)| agreed.at_best(leg.price, rules))
            .collect()
    }
}
