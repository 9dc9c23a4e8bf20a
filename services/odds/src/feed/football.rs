//! The markets of a football match that our feeds speak of.
//!
//! Duty: name each market and its selections in one way, and judge them by the score.
//! Prohibition: no prices.

use super::names::FeedNames;
use kernel::{FixtureId, MarketId, SelectionId};
use odds_domain::outcome::{Line, Score, SelectionOutcome as Judged};
use odds_domain::question::GoalQuestion;
use schemas::odds::{
    AsianHandicap, BothToScore, CorrectScore, EuropeanHandicap, MarketKind, MatchResult,
    OfferMarket, Outcome, OutcomeKind, SelectionName, SelectionOutcome, TotalGoals,
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
    /// Whether both sides score.
    BothToScore,
    /// Which score, each side up to so many goals.
    CorrectScore(u16),
    /// Home, draw or away with whole goals added to the home side.
    EuropeanHandicap(i32),
}

impl FootballQuestion {
    /// The source's own name of the market, the same for all sources that use this module.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Result => "result".to_owned(),
            Self::Total(line) => format!("total/{line}"),
            Self::Handicap(line) => format!("handicap/{line}"),
            Self::BothToScore => "both-to-score".to_owned(),
            Self::CorrectScore(most) => format!("score/{most}"),
            Self::EuropeanHandicap(goals) => format!("three-way/{goals}"),
        }
    }

    /// What people read.
    #[must_use]
    pub fn title(self) -> String {
        match self {
            Self::Result => "Match result".to_owned(),
            Self::Total(line) => format!("Total goals {line}"),
            Self::Handicap(line) => format!("Asian handicap {}", signed(line)),
            Self::BothToScore => "Both teams to score".to_owned(),
            Self::CorrectScore(_) => "Correct score".to_owned(),
            Self::EuropeanHandicap(goals) => format!("Handicap {goals:+}"),
        }
    }

    /// The question, in the words of the models that price it.
    #[must_use]
    pub const fn about_goals(self) -> GoalQuestion {
        match self {
            Self::Result => GoalQuestion::Result,
            Self::Total(line) => GoalQuestion::Total(line),
            Self::Handicap(line) => GoalQuestion::AsianHandicap(line),
            Self::BothToScore => GoalQuestion::BothToScore,
            Self::CorrectScore(most) => GoalQuestion::CorrectScore(most),
            Self::EuropeanHandicap(goals) => GoalQuestion::EuropeanHandicap(goals),
        }
    }

    /// Names of the selections, in the order in which prices and outcomes are given.
    #[must_use]
    pub fn selection_names(self) -> Vec<String> {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        match self {
            Self::Result | Self::EuropeanHandicap(_) => words(&["home", "draw", "away"]),
            Self::Total(_) => words(&["over", "under"]),
            Self::Handicap(_) => words(&["home", "away"]),
            Self::BothToScore => words(&["yes", "no"]),
            Self::CorrectScore(_) => self.answers(),
        }
    }

    /// The answers as the models call them.
    fn answers(self) -> Vec<String> {
        let selections = self.about_goals().selections();
        selections.iter().map(ToString::to_string).collect()
    }

    fn selection_titles(self, home: &str, away: &str) -> Vec<String> {
        match self {
            Self::Result => vec![home.to_owned(), "Draw".to_owned(), away.to_owned()],
            Self::Total(line) => vec![format!("Over {line}"), format!("Under {line}")],
            Self::Handicap(line) => vec![
                format!("{home} {}", signed(line)),
                format!("{away} {}", signed(line.opposite())),
            ],
            Self::BothToScore => vec!["Yes".to_owned(), "No".to_owned()],
            Self::CorrectScore(_) => self.answers(),
            Self::EuropeanHandicap(goals) => vec![
                format!("{home} ({goals:+})"),
                format!("Draw ({home} {goals:+})"),
                format!("{away} ({:+})", goals.saturating_neg()),
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
            Self::BothToScore => MarketKind::BothToScore(BothToScore {}),
            Self::CorrectScore(up_to) => MarketKind::CorrectScore(CorrectScore { up_to }),
            Self::EuropeanHandicap(goals) => {
                MarketKind::EuropeanHandicap(EuropeanHandicap { goals })
            }
        }
    }

    /// The question of a market of ours; none: it is not about goals.
    #[must_use]
    pub const fn of(kind: &MarketKind) -> Option<Self> {
        Some(match kind {
            MarketKind::MatchResult(_) => Self::Result,
            MarketKind::TotalGoals(total) => Self::Total(Line::from_quarters(total.line_quarters)),
            MarketKind::AsianHandicap(handicap) => {
                Self::Handicap(Line::from_quarters(handicap.line_quarters))
            }
            MarketKind::BothToScore(_) => Self::BothToScore,
            MarketKind::CorrectScore(scores) => Self::CorrectScore(scores.up_to),
            MarketKind::EuropeanHandicap(handicap) => Self::EuropeanHandicap(handicap.goals),
            MarketKind::Winner(_) => return None,
        })
    }

    /// What a score makes of each selection.
    #[must_use]
    pub fn judge(self, score: Score) -> Vec<Judged> {
        let selections = self.about_goals().selections();
        selections
            .into_iter()
            .map(|selection| selection.judge(score))
            .collect()
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
