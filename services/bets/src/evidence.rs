//! What the market view shows of a slip's selections, and of a market's end.
//!
//! Duty: copy what a judgement looks at out of the shared picture, at one moment. Prohibition:
//! nothing is judged, and a selection that the picture does not hold is left out.

use bets_domain::settlement::{
    EachWayTerms, LineSide, PlaceTerms, Placing, Score, Withdrawal, booksum_billionths,
};
use bets_domain::{
    Asks, BookSum, Evidence, HouseRules, MarketStatus, Names, PriceOrigin, Quote, Race,
    ResultDetail, Surroundings,
};
use kernel::{MarketId, Price, SelectionId, Timestamp};
use markets::{Market, MarketView};
use schemas::odds::MarketKind;
use std::collections::BTreeMap;

/// What a slip of these selections is judged on now.
pub(crate) fn surroundings(
    view: &MarketView,
    selections: impl IntoIterator<Item = SelectionId>,
    now: Timestamp,
) -> Surroundings {
    let shown = |selection| Some((selection, quote(view, selection, now)?));
    let evidence: Evidence = selections.into_iter().filter_map(shown).collect();
    Surroundings {
        at: now,
        evidence,
        rules: HouseRules::default(),
    }
}

/// The same with the whole books of the markets, for buying a slip back: they cost as much as they
/// have prices, so that a placement does without.
pub(crate) fn surroundings_with_books(
    view: &MarketView,
    selections: impl IntoIterator<Item = SelectionId>,
    now: Timestamp,
) -> Surroundings {
    let mut seen = surroundings(view, selections, now);
    for quote in seen.evidence.values_mut() {
        quote.book = view.market(quote.market).map(book);
    }
    seen
}

fn book(market: &Market) -> BookSum {
    let prices = market.selections.iter().filter_map(|shown| shown.price);
    let withdrawn = market.withdrawals.iter().map(|gone| gone.version);
    BookSum {
        sum_billionths: booksum_billionths(prices),
        reformed_at: withdrawn.max().unwrap_or(0),
    }
}

fn quote(view: &MarketView, selection: SelectionId, now: Timestamp) -> Option<Quote> {
    let (market, shown) = view.selection(selection)?;
    let fixture = view.fixture(market.fixture);
    Some(Quote {
        market: market.id,
        fixture: market.fixture,
        sport: fixture.map(|f| f.sport.clone()).unwrap_or_default(),
        market_kind: kind_name(&market.kind).to_owned(),
        status: status(market, now),
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
        asks: asks(view, market, selection),
        origin: origin(market, selection),
        book: None,
    })
}

/// A market's kind by the name that feeds have for it.
const fn kind_name(kind: &MarketKind) -> &'static str {
    match kind {
        MarketKind::MatchResult(_) => "match_result",
        MarketKind::TotalGoals(_) => "total_goals",
        MarketKind::AsianHandicap(_) => "asian_handicap",
        MarketKind::Winner(_) => "winner",
        MarketKind::BothToScore(_) => "both_to_score",
        MarketKind::CorrectScore(_) => "correct_score",
        MarketKind::EuropeanHandicap(_) => "european_handicap",
    }
}

/// What the price was made of, if the house made it.
fn origin(market: &Market, selection: SelectionId) -> Option<PriceOrigin> {
    let explained = market.explained.as_ref()?;
    let told = explained.unleaning.iter();
    Some(PriceOrigin {
        selection,
        source: market.source.clone(),
        source_sequence: market.source_sequence,
        model: explained.model.as_ref().map(|model| model.version.clone()),
        lean_rules: explained.lean.as_ref().map(|lean| lean.rules_version),
        unleaning: told
            .filter(|priced| priced.selection == selection)
            .find_map(|priced| priced.price),
    })
}

/// What the selection asks, where its settlement may need more than its outcome. The first
/// selection of a handicap is the first side.
fn asks(view: &MarketView, market: &Market, selection: SelectionId) -> Asks {
    match &market.kind {
        MarketKind::AsianHandicap(handicap) => {
            let is_first = market.selections.first().is_some_and(|s| s.id == selection);
            Asks::Handicap {
                side: if is_first {
                    LineSide::Home
                } else {
                    LineSide::Away
                },
                quarters: handicap.line_quarters,
                score: score(view, market),
            }
        }
        MarketKind::Winner(_) => race(market).map_or(Asks::Outcome, Asks::Runner),
        MarketKind::MatchResult(_)
        | MarketKind::TotalGoals(_)
        | MarketKind::BothToScore(_)
        | MarketKind::CorrectScore(_)
        | MarketKind::EuropeanHandicap(_) => Asks::Outcome,
    }
}

/// A market that was described as a race, with those who are to run.
fn race(market: &Market) -> Option<Race> {
    let described = market.race.as_ref()?;
    let fixed = described.fixed.as_ref().and_then(|fixed| {
        let fraction = PlaceTerms::new(fixed.numerator, fixed.denominator).ok()?;
        Some(EachWayTerms {
            places: fixed.places,
            fraction,
        })
    });
    Some(Race {
        runners: runners(market),
        handicap: described.handicap,
        fixed,
    })
}

fn runners(market: &Market) -> u16 {
    let all = market.selections.len();
    let running = all.saturating_sub(market.withdrawals.len());
    u16::try_from(running).unwrap_or(u16::MAX)
}

/// The score as last told; before the first goal is told a match that is played stands at nil.
fn score(view: &MarketView, market: &Market) -> Option<Score> {
    let told = view.fixture(market.fixture)?.score.as_ref()?;
    Some(Score {
        home: told.home,
        away: told.away,
    })
}

/// What is known of a market's end besides the outcomes, where its slips may need it.
pub(crate) fn detail(view: &MarketView, market: MarketId) -> ResultDetail {
    let Some(market) = view.market(market) else {
        return ResultDetail::default();
    };
    let score = match &market.kind {
        MarketKind::AsianHandicap(_) => score(view, market),
        MarketKind::MatchResult(_)
        | MarketKind::TotalGoals(_)
        | MarketKind::Winner(_)
        | MarketKind::BothToScore(_)
        | MarketKind::CorrectScore(_)
        | MarketKind::EuropeanHandicap(_) => None,
    };
    let withdrawals: Vec<Withdrawal> = market
        .withdrawals
        .iter()
        .filter_map(|gone| {
            Some(Withdrawal {
                at: gone.version,
                price: gone.price?,
            })
        })
        .collect();
    ResultDetail {
        runners: market.race.as_ref().map(|_| runners(market)),
        score,
        placings: placings(market),
        withdrawals,
        starting_prices: starting_prices(market),
    }
}

/// While bets of this very moment are cancelled, the market takes none.
fn status(market: &Market, now: Timestamp) -> MarketStatus {
    match market.status {
        markets::MarketStatus::Open if market.cancels(now) => MarketStatus::Suspended,
        markets::MarketStatus::Open => MarketStatus::Open,
        markets::MarketStatus::Suspended => MarketStatus::Suspended,
        markets::MarketStatus::Closed | markets::MarketStatus::Settled => MarketStatus::Closed,
    }
}

fn placings(market: &Market) -> BTreeMap<SelectionId, Placing> {
    let described = market.race.iter().flat_map(|race| &race.placings);
    described
        .map(|at| {
            let placing = Placing {
                place: at.place,
                tied: at.tied,
            };
            (at.selection, placing)
        })
        .collect()
}

fn starting_prices(market: &Market) -> BTreeMap<SelectionId, Price> {
    let described = market.race.iter().flat_map(|race| &race.starting_prices);
    described
        .filter_map(|at| Some((at.selection, at.price?)))
        .collect()
}
