//! The markets of a football match that our feeds speak of.
//!
//! Duty: name each market and its selections in one way, and judge them by the score.
//! Prohibition: no prices.

use super::names::FeedNames;
use kernel::{FixtureId, MarketId, SelectionId};
use odds_domain::outcome::{
    self, Line, MatchResult as Winner, Score, SelectionOutcome as Judged, Side, TotalSide,
};
use schemas::odds::{
    AsianHandicap, MarketKind, MatchResult, OfferMarket, Outcome, OutcomeKind, SelectionName,
    SelectionOutcome, TotalGoals,
};

/// What is asked about a match.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FootballQuestion {
    /// Home, draw, away.
    Result,
    /// Over or under so many goals.
    Total(Line),
    /// Home with this line, or away with the opposite one.
    Handicap(Line),
}

impl FootballQuestion {
    /// The source's own name of the market, the same for all sources that use this module.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Result => "result".to_owned(),
            Self::Total(line) => format!("total/{line}"),
            Self::Handicap(line) => format!("handicap/{line}"),
        }
    }

    /// What people read.
    #[must_use]
    pub fn title(self) -> String {
        match self {
            Self::Result => "Match result".to_owned(),
            Self::Total(line) => format!("Total goals {line}"),
            Self::Handicap(line) => format!("Asian handicap {}", signed(line)),
        }
    }

    /// Names of the selections, in the order in which prices and outcomes are given.
    #[must_use]
    pub const fn selection_names(self) -> &'static [&'static str] {
        match self {
            Self::Result => &["home", "draw", "away"],
            Self::Total(_) => &["over", "under"],
            Self::Handicap(_) => &["home", "away"],
        }
    }

    fn selection_titles(self, home: &str, away: &str) -> Vec<String> {
        match self {
            Self::Result => vec![home.to_owned(), "Draw".to_owned(), away.to_owned()],
            Self::Total(line) => vec![format!("Over {line}"), format!("Under {line}")],
            Self::Handicap(line) => vec![
                format!("{home} {}", signed(line)),
                format!("{away} {}", signed(line.opposite())),
            ],
        }
    }

    const fn kind(self) -> MarketKind {
        match self {
            Self::Result => MarketKind::MatchResult(MatchResult {}),
            Self::Total(line) => MarketKind::TotalGoals(TotalGoals {
                line_quarters: line.quarters(),
            }),
            Self::Handicap(line) => MarketKind::AsianHandicap(AsianHandicap {
                line_quarters: line.quarters(),
            }),
        }
    }

    /// What a score makes of each selection.
    #[must_use]
    pub fn judge(self, score: Score) -> Vec<Judged> {
        match self {
            Self::Result => [Winner::Home, Winner::Draw, Winner::Away]
                .map(|selection| outcome::match_result(score, selection))
                .to_vec(),
            Self::Total(line) => [TotalSide::Over, TotalSide::Under]
                .map(|side| outcome::total(score, side, line))
                .to_vec(),
            Self::Handicap(line) => vec![
                outcome::asian_handicap(score, Side::Home, line),
                outcome::asian_handicap(score, Side::Away, line.opposite()),
            ],
        }
    }
}

/// A line with its sign: handicaps are read so.
fn signed(line: Line) -> String {
    if line.quarters() > 0 {
        format!("+{line}")
    } else {
        line.to_string()
    }
}

/// A market as a source offers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FootballMarket {
    /// What is asked.
    pub question: FootballQuestion,
    /// Our id.
    pub market: MarketId,
    /// Our ids, in the question's order.
    pub selections: Vec<SelectionId>,
}

impl FootballMarket {
    /// The market of a fixture, under names of the source.
    #[must_use]
    pub fn new(names: &FeedNames, fixture: FixtureId, question: FootballQuestion) -> Self {
        let market = names.market(fixture, &question.name());
        Self {
            question,
            market,
            selections: question
                .selection_names()
                .iter()
                .map(|name| names.selection(market, name))
                .collect(),
        }
    }

    /// The offer, with the sides' names.
    #[must_use]
    pub fn offer(&self, fixture: FixtureId, home: &str, away: &str) -> OfferMarket {
        OfferMarket {
            market: self.market,
            fixture,
            name: self.question.title(),
            kind: self.question.kind(),
            selections: self
                .selections
                .iter()
                .zip(self.question.selection_titles(home, away))
                .map(|(&selection, name)| SelectionName { selection, name })
                .collect(),
        }
    }

    /// The result by a score.
    #[must_use]
    pub fn outcomes(&self, score: Score) -> Vec<SelectionOutcome> {
        self.selections
            .iter()
            .zip(self.question.judge(score))
            .map(|(&selection, judged)| SelectionOutcome {
                selection,
                outcome: wire_outcome(judged),
            })
            .collect()
    }
}

/// The wire's word for an outcome; a push returns the stake as a void does.
#[must_use]
pub const fn wire_outcome(judged: Judged) -> Outcome {
    let kind = match judged {
        Judged::Won => OutcomeKind::Won,
        Judged::HalfWon => OutcomeKind::HalfWon,
        Judged::Push => OutcomeKind::Void,
        Judged::HalfLost => OutcomeKind::HalfLost,
        Judged::Lost => OutcomeKind::Lost,
    };
    Outcome {
        kind,
        places: 1,
        tied: 1,
    }
}
