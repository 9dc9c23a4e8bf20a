//! The result of a market, and whether outcomes make one.
//!
//! Duty: a result covers every selection once and does not contradict itself; it stands until it
//! is rolled back. Prohibition: no judgement of whether it is true.

use crate::command::{MarketKind, MarketOffer, Outcome, SelectionResult};
use crate::event::Event;
use crate::market::{Market, Phase};
use crate::outcome::{Score, SelectionOutcome};
use crate::question::GoalQuestion;
use crate::rejection::Rejection;
use kernel::SelectionId;
use std::collections::{BTreeMap, BTreeSet};

impl Market {
    /// A result. The same one again changes nothing; another one needs a rollback first.
    pub(crate) fn settle(
        &self,
        outcomes: &[SelectionResult],
        by: Option<&str>,
    ) -> Result<Vec<Event>, Rejection> {
        let outcomes = complete(self.kind, &self.selections, outcomes)?;
        match &self.phase {
            Phase::Resulted(known) if *known == outcomes => Ok(Vec::new()),
            Phase::Resulted(_) => Err(self.not_in_state()),
            Phase::Open | Phase::Closed => Ok(vec![Event::MarketResulted {
                market: self.market,
                version: self.version_after(1),
                result: self.results.saturating_add(1),
                outcomes,
                by: by.map(str::to_owned),
            }]),
        }
    }

    /// The result as a score: every selection is judged as it was priced.
    pub(crate) fn settle_from_score(
        &self,
        score: Score,
        by: Option<&str>,
    ) -> Result<Vec<Event>, Rejection> {
        let outcomes = from_score(self.kind, &self.selections, score)?;
        self.settle(&outcomes, by)
    }

    /// The result was wrong. The market stays closed.
    pub(crate) fn roll_back(
        &self,
        reason: &str,
        by: Option<&str>,
    ) -> Result<Vec<Event>, Rejection> {
        match self.phase {
            Phase::Resulted(_) => Ok(vec![Event::ResultRolledBack {
                market: self.market,
                version: self.version_after(1),
                result: self.results,
                reason: reason.to_owned(),
                by: by.map(str::to_owned),
            }]),
            Phase::Open | Phase::Closed => Err(self.not_in_state()),
        }
    }
}

/// The outcomes in the order of the selections.
///
/// # Errors
/// [`Rejection::SelectionUnknown`] or [`Rejection::OutcomesIncomplete`].
pub(crate) fn complete(
    kind: MarketKind,
    selections: &[SelectionId],
    outcomes: &[SelectionResult],
) -> Result<Vec<SelectionResult>, Rejection> {
    let known: BTreeSet<SelectionId> = selections.iter().copied().collect();
    let mut given = BTreeMap::new();
    for result in outcomes {
        if !known.contains(&result.selection) {
            return Err(Rejection::SelectionUnknown(result.selection));
        }
        if given.insert(result.selection, result.outcome).is_some() {
            return Err(Rejection::OutcomesIncomplete("a selection is named twice"));
        }
    }
    let ordered: Option<Vec<SelectionResult>> = selections
        .iter()
        .map(|selection| {
            let outcome = *given.get(selection)?;
            Some(SelectionResult {
                selection: *selection,
                outcome,
            })
        })
        .collect();
    let ordered = ordered.ok_or(Rejection::OutcomesIncomplete("a selection is missing"))?;
    consistent(kind, &ordered).map_err(Rejection::OutcomesIncomplete)?;
    Ok(ordered)
}

/// Whether an offer has one selection for each answer. Of the oldest kinds any number was taken, and
/// still is.
///
/// # Errors
/// [`Rejection::OutcomesIncomplete`].
pub(crate) fn answers_fit(offer: &MarketOffer) -> Result<(), Rejection> {
    let needed = match offer.kind {
        MarketKind::BothToScore | MarketKind::CorrectScore(_) | MarketKind::EuropeanHandicap(_) => {
            offer.kind.question()
        }
        MarketKind::MatchResult
        | MarketKind::TotalGoals(_)
        | MarketKind::AsianHandicap(_)
        | MarketKind::Winner => None,
    };
    let fits = needed.is_none_or(|question| {
        is_askable(question) && question.selections().len() == offer.selections.len()
    });
    if fits { Ok(()) } else { Err(NO_SUCH_ANSWERS) }
}

/// A list of scores has an end.
const fn is_askable(question: GoalQuestion) -> bool {
    match question {
        GoalQuestion::CorrectScore(most) => most <= CORRECT_SCORE_MOST,
        GoalQuestion::Result
        | GoalQuestion::Total(_)
        | GoalQuestion::SideTotal(..)
        | GoalQuestion::BothToScore
        | GoalQuestion::AsianHandicap(_)
        | GoalQuestion::EuropeanHandicap(_) => true,
    }
}

/// Most goals of a side that a market of scores lists.
const CORRECT_SCORE_MOST: u16 = 10;

const NO_SUCH_ANSWERS: Rejection =
    Rejection::OutcomesIncomplete("the market has one selection for each answer, in their order");

/// What a score makes of each selection, in their order.
///
/// # Errors
/// [`Rejection::OutcomesIncomplete`] for a market that is not about goals, or has other selections
/// than its question has answers.
pub(crate) fn from_score(
    kind: MarketKind,
    selections: &[SelectionId],
    score: Score,
) -> Result<Vec<SelectionResult>, Rejection> {
    let question = kind.question().ok_or(Rejection::OutcomesIncomplete(
        "a score decides only markets about goals",
    ))?;
    let answers = question.selections();
    if answers.len() != selections.len() {
        return Err(NO_SUCH_ANSWERS);
    }
    Ok(selections
        .iter()
        .zip(answers)
        .map(|(&selection, answer)| SelectionResult {
            selection,
            outcome: match answer.judge(score) {
                SelectionOutcome::Won => Outcome::Won,
                SelectionOutcome::HalfWon => Outcome::HalfWon,
                SelectionOutcome::Push => Outcome::Void,
                SelectionOutcome::HalfLost => Outcome::HalfLost,
                SelectionOutcome::Lost => Outcome::Lost,
            },
        })
        .collect())
}

fn consistent(kind: MarketKind, results: &[SelectionResult]) -> Result<(), &'static str> {
    let outcomes: Vec<Outcome> = results.iter().map(|result| result.outcome).collect();
    for outcome in &outcomes {
        if let Outcome::DeadHeat { places, tied } = outcome
            && (*places == 0 || places >= tied)
        {
            return Err("a dead heat has fewer places than tied selections, and at least one");
        }
    }
    if outcomes.iter().all(|outcome| *outcome == Outcome::Void) {
        return Ok(());
    }
    match kind {
        MarketKind::MatchResult
        | MarketKind::BothToScore
        | MarketKind::CorrectScore(_)
        | MarketKind::EuropeanHandicap(_) => one_wins(&outcomes),
        MarketKind::TotalGoals(_) | MarketKind::AsianHandicap(_) => opposites(&outcomes),
        MarketKind::Winner => somebody_wins(&outcomes),
    }
}

fn one_wins(outcomes: &[Outcome]) -> Result<(), &'static str> {
    let count = |wanted| outcomes.iter().filter(|o| **o == wanted).count();
    let won = count(Outcome::Won);
    let lost = count(Outcome::Lost);
    if won == 1 && won.saturating_add(lost) == outcomes.len() {
        Ok(())
    } else {
        Err("one selection wins and the others lose, or all are void")
    }
}

fn opposites(outcomes: &[Outcome]) -> Result<(), &'static str> {
    use Outcome::{HalfLost, HalfWon, Lost, Won};
    match outcomes {
        [Won, Lost] | [Lost, Won] | [HalfWon, HalfLost] | [HalfLost, HalfWon] => Ok(()),
        _ => Err("what one side of a line wins the other loses, or both are void"),
    }
}

fn somebody_wins(outcomes: &[Outcome]) -> Result<(), &'static str> {
    let halves = outcomes
        .iter()
        .any(|outcome| matches!(outcome, Outcome::HalfWon | Outcome::HalfLost));
    let winners = outcomes
        .iter()
        .any(|outcome| matches!(outcome, Outcome::Won | Outcome::DeadHeat { .. }));
    if winners && !halves {
        Ok(())
    } else {
        Err("somebody wins or shares a place, or all are void")
    }
}
