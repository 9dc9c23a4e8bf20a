//! What the market view shows of a slip's selections.
//!
//! Duty: copy what a judgement looks at out of the shared picture, at one moment. Prohibition:
//! nothing is judged, and a selection that the picture does not hold is left out.

use bets_domain::{Evidence, HouseRules, MarketStatus, Names, Quote, Surroundings};
use kernel::{SelectionId, Timestamp};
use markets::{Market, MarketView};

/// What a slip of these selections is judged on now.
pub(crate) fn surroundings(
    view: &MarketView,
    selections: impl IntoIterator<Item = SelectionId>,
    now: Timestamp,
) -> Surroundings {
    let shown = |selection| Some((selection, quote(view, selection)?));
    let evidence: Evidence = selections.into_iter().filter_map(shown).collect();
    Surroundings {
        at: now,
        evidence,
        rules: HouseRules::default(),
    }
}

fn quote(view: &MarketView, selection: SelectionId) -> Option<Quote> {
    let market = view.market_of(selection)?;
    let shown = market.selections.iter().find(|s| s.id == selection)?;
    let fixture = view.fixture(market.fixture);
    Some(Quote {
        market: market.id,
        fixture: market.fixture,
        status: status(market),
        version: market.version,
        open_since: market.open_since,
        price: shown.price,
        in_play: market.in_play,
        bet_delay: market.bet_delay,
        budget_each: market.budget_each,
        exposure_max: market.exposure_max,
        seen_at: view.heartbeat_at(market.book_position.partition),
        position: market.book_position,
        names: Names {
            selection: shown.name.clone(),
            market: market.name.clone(),
            fixture: fixture.map(|f| f.name.clone()).unwrap_or_default(),
        },
    })
}

const fn status(market: &Market) -> MarketStatus {
    match market.status {
        markets::MarketStatus::Open => MarketStatus::Open,
        markets::MarketStatus::Suspended => MarketStatus::Suspended,
        markets::MarketStatus::Closed | markets::MarketStatus::Settled => MarketStatus::Closed,
    }
}
