//! Prices that lean by themselves against what stands on a market.
//!
//! Duty: keep what every partition of bets holds on a market's selections, as bets told it, and say
//! when that has moved so far that prices must lean anew. Prohibition: how far they lean is said by
//! the versioned rules alone ([`LeanRules`]); nothing is looked up anywhere, so a replay leans at the
//! same moments by the same amounts.

use crate::command::StandingStakes;
use crate::event::Event;
use crate::explain::{Lean, LeanRules, SelectionExposure};
use crate::market::{Market, Said};
use crate::rejection::Rejection;
use kernel::SelectionId;
use std::collections::BTreeMap;

/// Who leans when nobody asked for it.
const BY_THE_HOUSE: &str = "house";

/// What a market leans against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaning {
    /// By how much an exposure moves before prices lean anew, in minor units; at least one.
    pub step_minor: i64,
    /// Stakes and returns that stand on a selection, by partition of bets.
    pub standing: BTreeMap<(u16, SelectionId), (i64, i64)>,
}

impl Leaning {
    /// Nothing is known yet.
    #[must_use]
    pub const fn begun(step_minor: i64) -> Self {
        let step_minor = if step_minor < 1 { 1 } else { step_minor };
        Self {
            step_minor,
            standing: BTreeMap::new(),
        }
    }

    /// A partition's totals replace what it held.
    pub(crate) fn note(&mut self, bets_partition: u16, standing: &[StandingStakes]) {
        for stakes in standing {
            let key = (bets_partition, stakes.selection);
            let held = (stakes.stakes_minor, stakes.returns_minor);
            self.standing.insert(key, held);
        }
    }

    /// What is returned if each selection wins, less all stakes.
    #[must_use]
    pub fn exposures(&self, selections: &[SelectionId]) -> Vec<SelectionExposure> {
        let mut stakes = 0_i64;
        let mut returns: BTreeMap<SelectionId, i64> = BTreeMap::new();
        for ((_, selection), (staked, returned)) in &self.standing {
            stakes = stakes.saturating_add(*staked);
            let sum = returns.entry(*selection).or_default();
            *sum = sum.saturating_add(*returned);
        }
        let returned = |selection| returns.get(selection).copied().unwrap_or(0);
        selections
            .iter()
            .map(|selection| SelectionExposure {
                selection: *selection,
                minor: returned(selection).saturating_sub(stakes),
            })
            .collect()
    }

    /// Whether any exposure is a step away from what prices lean against now.
    fn has_moved(&self, exposures: &[SelectionExposure], lean: Option<&Lean>) -> bool {
        let leant = |selection| {
            let against = lean.iter().flat_map(|lean| &lean.exposures);
            against
                .filter(|known| known.selection == selection)
                .fold(0, |sum: i64, known| sum.saturating_add(known.minor))
        };
        exposures.iter().any(|exposure| {
            let moved = exposure.minor.saturating_sub(leant(exposure.selection));
            moved.saturating_abs() >= self.step_minor
        })
    }
}

impl Market {
    /// Prices lean by themselves from here on, or no more; in the latter case as the source told them.
    pub(crate) fn set_leaning(
        &self,
        step_minor: Option<i64>,
        by: &str,
    ) -> Result<Vec<Event>, Rejection> {
        if !self.is_live() {
            return Err(self.not_in_state());
        }
        if self.leaning.as_ref().map(|leaning| leaning.step_minor) == step_minor {
            return Ok(Vec::new());
        }
        let set = Event::LeaningSet {
            market: self.market,
            step_minor,
            by: Some(by.to_owned()),
        };
        let straightened = match step_minor {
            Some(_) => Vec::new(),
            None => self.lean_against(&[], by)?,
        };
        Ok([set].into_iter().chain(straightened).collect())
    }

    /// What one partition of bets holds. Prices lean anew in the same record, if they must.
    pub(crate) fn note_stakes(
        &self,
        bets_partition: u16,
        standing: Vec<StandingStakes>,
    ) -> Vec<Event> {
        let Some(leaning) = self.leaning.as_ref().filter(|_| self.is_live()) else {
            return Vec::new();
        };
        let mut after = leaning.clone();
        after.note(bets_partition, &standing);
        if after == *leaning {
            return Vec::new();
        }
        let exposures = after.exposures(&self.selections);
        let noted = Event::StakesNoted {
            market: self.market,
            bets_partition,
            standing,
        };
        let published = after
            .has_moved(&exposures, self.lean())
            .then(|| self.leant(exposures))
            .flatten();
        [noted]
            .into_iter()
            .chain(published.into_iter().flatten())
            .collect()
    }

    /// The present book leaning against these; nothing before there are prices.
    fn leant(&self, exposures: Vec<SelectionExposure>) -> Option<Vec<Event>> {
        let origin = self.origin.as_ref()?;
        let lean = Lean {
            rules: LeanRules::PRESENT,
            limit_minor: self.budgets.terms.exposure_max.minor().max(1),
            exposures,
            by: BY_THE_HOUSE.to_owned(),
        };
        let said = Said {
            source: &self.source,
            sequence: origin.source_sequence,
            at: origin.published_at,
        };
        let model = origin.explanation.model.clone();
        Some(self.publish(self.told(), said, model, Some(lean)))
    }
}
