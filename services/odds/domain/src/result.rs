//! Whether outcomes make a result.
//!
//! Duty: a result covers every selection once and does not contradict itself. Prohibition: no
//! judgement of whether it is true.

use crate::command::{MarketKind, Outcome, SelectionResult};
use crate::rejection::Rejection;
use kernel::SelectionId;
use std::collections::{BTreeMap, BTreeSet};

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
        MarketKind::MatchResult => one_wins(&outcomes),
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
