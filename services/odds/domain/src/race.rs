//! What is told of races.
//!
//! Duty: judge a description of a race, and let a result that was told before its placings or
//! starting prices be settled again with them. Prohibition: nothing here prices or settles.

use crate::command::{MarketKind, RaceDescription};
use crate::event::Event;
use crate::market::{Market, Phase};
use crate::rejection::Rejection;

impl Market {
    /// What is known of a race; said again, it changes nothing. Known only after the result, it comes
    /// with the result a second time, so that slips that waited for it are settled.
    pub(crate) fn describe_race(
        &self,
        race: &RaceDescription,
        by: Option<&String>,
    ) -> Result<Vec<Event>, Rejection> {
        if self.kind != MarketKind::Winner {
            return Err(Rejection::OutcomesIncomplete(
                "only a market that asks who wins is a race",
            ));
        }
        self.must_make_sense(race)?;
        let race = self.with_what_is_known(race);
        if self.race.as_ref() == Some(&race) {
            return Ok(Vec::new());
        }
        let by = by.cloned();
        let described = Event::RaceDescribed {
            race,
            by: by.clone(),
        };
        Ok([described]
            .into_iter()
            .chain(self.result_again(by))
            .collect())
    }

    /// Placings and starting prices that are not told stay as they were told before: who knows the
    /// prices need not know the places.
    fn with_what_is_known(&self, told: &RaceDescription) -> RaceDescription {
        let mut race = told.clone();
        if let Some(known) = &self.race {
            if race.placings.is_empty() {
                race.placings.clone_from(&known.placings);
            }
            if race.starting_prices.is_empty() {
                race.starting_prices.clone_from(&known.starting_prices);
            }
        }
        race
    }

    fn must_make_sense(&self, race: &RaceDescription) -> Result<(), Rejection> {
        let placed = race.placings.iter().map(|placing| placing.selection);
        let priced = race.starting_prices.iter().map(|priced| priced.selection);
        if let Some(stranger) = placed
            .clone()
            .chain(priced)
            .find(|id| !self.selections.contains(id))
        {
            return Err(Rejection::SelectionUnknown(stranger));
        }
        let mut seen = placed.collect::<Vec<_>>();
        seen.sort_unstable();
        let twice = seen.windows(2).any(|pair| matches!(pair, [a, b] if a == b));
        let nowhere = race.placings.iter().any(|at| at.place == 0 || at.tied == 0);
        let no_part = race.fixed.is_some_and(|fixed| {
            fixed.places == 0 || fixed.numerator == 0 || fixed.numerator > fixed.denominator
        });
        if twice || nowhere || no_part {
            return Err(Rejection::OutcomesIncomplete(
                "places count from 1, each runner has one, and they pay a part of the winnings",
            ));
        }
        Ok(())
    }

    /// The result in force, withdrawn and told again.
    fn result_again(&self, by: Option<String>) -> Vec<Event> {
        let Phase::Resulted(outcomes) = &self.phase else {
            return Vec::new();
        };
        let withdrawn = Event::ResultRolledBack {
            market: self.market,
            version: self.version.saturating_add(1),
            result: self.results,
            reason: "the race was described after its result".to_owned(),
            by: by.clone(),
        };
        let again = Event::MarketResulted {
            market: self.market,
            version: self.version.saturating_add(2),
            result: self.results.saturating_add(1),
            outcomes: outcomes.clone(),
            by,
        };
        vec![withdrawn, again]
    }
}
