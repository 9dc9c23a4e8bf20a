//! The values inside commands and events, joined.
//!
//! Duty: each small type has one form in each shape. Prohibition: no rule.

use kernel::{MarketId, Money};
use odds_domain::outcome::{Line, Score};
use odds_domain::{
    Certainty, ExposureTerms, FixtureStatus, MarketKind, NamedSelection, Outcome, ResultWord,
    SelectionPrice, SelectionResult, StandingStakes,
};
use schemas::DecodeError;
use schemas::odds as wire;

pub(crate) fn exposure(
    exposure_max: Money,
    budget_each: Money,
) -> Result<ExposureTerms, DecodeError> {
    if exposure_max.currency() != budget_each.currency() {
        return Err(DecodeError::NotAllowed("budget_each"));
    }
    Ok(ExposureTerms {
        exposure_max,
        budget_each,
    })
}

pub(crate) fn kind_from_wire(kind: &wire::MarketKind) -> MarketKind {
    match kind {
        wire::MarketKind::MatchResult(wire::MatchResult {}) => MarketKind::MatchResult,
        wire::MarketKind::TotalGoals(total) => {
            MarketKind::TotalGoals(Line::from_quarters(total.line_quarters))
        }
        wire::MarketKind::AsianHandicap(handicap) => {
            MarketKind::AsianHandicap(Line::from_quarters(handicap.line_quarters))
        }
        wire::MarketKind::Winner(wire::Winner {}) => MarketKind::Winner,
        wire::MarketKind::BothToScore(wire::BothToScore {}) => MarketKind::BothToScore,
        wire::MarketKind::CorrectScore(scores) => MarketKind::CorrectScore(scores.up_to),
        wire::MarketKind::EuropeanHandicap(handicap) => {
            MarketKind::EuropeanHandicap(handicap.goals)
        }
    }
}

pub(crate) const fn kind_to_wire(kind: MarketKind) -> wire::MarketKind {
    match kind {
        MarketKind::MatchResult => wire::MarketKind::MatchResult(wire::MatchResult {}),
        MarketKind::TotalGoals(line) => wire::MarketKind::TotalGoals(wire::TotalGoals {
            line_quarters: line.quarters(),
        }),
        MarketKind::AsianHandicap(line) => wire::MarketKind::AsianHandicap(wire::AsianHandicap {
            line_quarters: line.quarters(),
        }),
        MarketKind::Winner => wire::MarketKind::Winner(wire::Winner {}),
        MarketKind::BothToScore => wire::MarketKind::BothToScore(wire::BothToScore {}),
        MarketKind::CorrectScore(up_to) => {
            wire::MarketKind::CorrectScore(wire::CorrectScore { up_to })
        }
        MarketKind::EuropeanHandicap(goals) => {
            wire::MarketKind::EuropeanHandicap(wire::EuropeanHandicap { goals })
        }
    }
}

pub(crate) const fn status_from_wire(status: wire::FixtureStatus) -> FixtureStatus {
    match status {
        wire::FixtureStatus::Scheduled => FixtureStatus::Scheduled,
        wire::FixtureStatus::InPlay => FixtureStatus::InPlay,
        wire::FixtureStatus::Finished => FixtureStatus::Finished,
        wire::FixtureStatus::Cancelled => FixtureStatus::Cancelled,
    }
}

pub(crate) const fn status_to_wire(status: FixtureStatus) -> wire::FixtureStatus {
    match status {
        FixtureStatus::Scheduled => wire::FixtureStatus::Scheduled,
        FixtureStatus::InPlay => wire::FixtureStatus::InPlay,
        FixtureStatus::Finished => wire::FixtureStatus::Finished,
        FixtureStatus::Cancelled => wire::FixtureStatus::Cancelled,
    }
}

pub(crate) const fn score_from_wire(score: &wire::Score) -> Score {
    Score::new(score.home, score.away)
}

pub(crate) const fn score_to_wire(score: Score) -> wire::Score {
    wire::Score {
        home: score.home,
        away: score.away,
    }
}

pub(crate) fn names_from_wire(names: Vec<wire::SelectionName>) -> Vec<NamedSelection> {
    names
        .into_iter()
        .map(|named| NamedSelection {
            selection: named.selection,
            name: named.name,
        })
        .collect()
}

pub(crate) fn names_to_wire(names: Vec<NamedSelection>) -> Vec<wire::SelectionName> {
    names
        .into_iter()
        .map(|named| wire::SelectionName {
            selection: named.selection,
            name: named.name,
        })
        .collect()
}

pub(crate) fn prices_from_wire(prices: Vec<wire::SelectionPrice>) -> Vec<SelectionPrice> {
    prices
        .into_iter()
        .map(|priced| SelectionPrice {
            selection: priced.selection,
            price: priced.price,
        })
        .collect()
}

pub(crate) fn prices_to_wire(prices: &[SelectionPrice]) -> Vec<wire::SelectionPrice> {
    prices
        .iter()
        .map(|priced| wire::SelectionPrice {
            selection: priced.selection,
            price: priced.price,
        })
        .collect()
}

pub(crate) fn results_from_wire(outcomes: Vec<wire::SelectionOutcome>) -> Vec<SelectionResult> {
    outcomes
        .into_iter()
        .map(|result| SelectionResult {
            selection: result.selection,
            outcome: outcome_from_wire(&result.outcome),
        })
        .collect()
}

pub(crate) fn results_to_wire(results: &[SelectionResult]) -> Vec<wire::SelectionOutcome> {
    results
        .iter()
        .map(|result| wire::SelectionOutcome {
            selection: result.selection,
            outcome: outcome_to_wire(result.outcome),
        })
        .collect()
}

/// Places and tied count only for a dead heat, as the wire says.
fn outcome_from_wire(outcome: &wire::Outcome) -> Outcome {
    match outcome.kind {
        wire::OutcomeKind::Won => Outcome::Won,
        wire::OutcomeKind::Lost => Outcome::Lost,
        wire::OutcomeKind::Void => Outcome::Void,
        wire::OutcomeKind::HalfWon => Outcome::HalfWon,
        wire::OutcomeKind::HalfLost => Outcome::HalfLost,
        wire::OutcomeKind::DeadHeat => Outcome::DeadHeat {
            places: outcome.places,
            tied: outcome.tied,
        },
    }
}

const fn outcome_to_wire(outcome: Outcome) -> wire::Outcome {
    match outcome {
        Outcome::Won => whole(wire::OutcomeKind::Won),
        Outcome::Lost => whole(wire::OutcomeKind::Lost),
        Outcome::Void => whole(wire::OutcomeKind::Void),
        Outcome::HalfWon => whole(wire::OutcomeKind::HalfWon),
        Outcome::HalfLost => whole(wire::OutcomeKind::HalfLost),
        Outcome::DeadHeat { places, tied } => wire::Outcome {
            kind: wire::OutcomeKind::DeadHeat,
            places,
            tied,
        },
    }
}

const fn whole(kind: wire::OutcomeKind) -> wire::Outcome {
    wire::Outcome {
        kind,
        places: 1,
        tied: 1,
    }
}

pub(crate) const fn certainty_from_wire(certainty: wire::Certainty) -> Certainty {
    match certainty {
        wire::Certainty::Live => Certainty::Live,
        wire::Certainty::Confirmed => Certainty::Confirmed,
    }
}

pub(crate) const fn word_from_wire(word: wire::ResultWord) -> ResultWord {
    match word {
        wire::ResultWord::Live => ResultWord::Live,
        wire::ResultWord::Confirmed => ResultWord::Confirmed,
        wire::ResultWord::Withdrawn => ResultWord::Withdrawn,
    }
}

pub(crate) const fn word_to_wire(word: ResultWord) -> wire::ResultWord {
    match word {
        ResultWord::Live => wire::ResultWord::Live,
        ResultWord::Confirmed => wire::ResultWord::Confirmed,
        ResultWord::Withdrawn => wire::ResultWord::Withdrawn,
    }
}

pub(crate) const fn stakes_from_wire(
    market: MarketId,
    stakes: &wire::SelectionStakes,
) -> StandingStakes {
    StandingStakes {
        market,
        selection: stakes.selection,
        stakes_minor: stakes.stakes_minor,
        returns_minor: stakes.returns_minor,
    }
}

pub(crate) const fn stakes_to_wire(stakes: StandingStakes) -> wire::SelectionStakes {
    wire::SelectionStakes {
        selection: stakes.selection,
        stakes_minor: stakes.stakes_minor,
        returns_minor: stakes.returns_minor,
    }
}
