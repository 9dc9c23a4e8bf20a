//! Races: places, dead heats and each-way terms.
//!
//! Duty: from where a runner came in, and how many with it, the results of its win and its place
//! part. Prohibition: nothing here knows prices.

use super::leg::{LegResult, PlaceTerms};
use super::rules::{SettlementRules, TooFewRunners};

/// Where a runner came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Placing {
    /// 1 for the first; runners that tie share the better number.
    pub place: u16,
    /// How many share it, this one included; at least one.
    pub tied: u16,
}

/// How many places an each-way bet pays, and what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EachWayTerms {
    /// So many places.
    pub places: u16,
    /// This part of the winnings.
    pub fraction: PlaceTerms,
}

/// The place part of a leg: what became of it, and what it pays of the winnings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlacePart {
    /// What became of it.
    pub result: LegResult,
    /// What it pays.
    pub fraction: PlaceTerms,
}

impl Placing {
    /// The result of a bet on being among the first so many.
    #[must_use]
    pub fn among_first(self, places: u16) -> LegResult {
        let better = self.place.saturating_sub(1);
        let left = places.saturating_sub(better);
        let tied = self.tied.max(1);
        if left == 0 {
            LegResult::Lost
        } else if tied <= left {
            LegResult::Won
        } else {
            LegResult::DeadHeat { places: left, tied }
        }
    }
}

impl SettlementRules {
    /// The terms of a race with so many runners at the off; none: win only.
    #[must_use]
    pub fn each_way_terms(&self, runners: u16, handicap: bool) -> Option<EachWayTerms> {
        let applies = self
            .places
            .iter()
            .filter(|row| row.runners_min <= runners && (handicap || !row.handicap_only));
        let row = applies.max_by_key(|row| row.runners_min)?;
        let (numerator, denominator) = row.fraction;
        let fraction = PlaceTerms::new(numerator, denominator).ok()?;
        Some(EachWayTerms {
            places: row.places,
            fraction,
        })
    }

    /// The most that a place part may pay of the winnings while no more than so many run: fewer
    /// runners may mean better terms.
    #[must_use]
    pub fn best_fraction(&self, runners: u16, handicap: bool) -> PlaceTerms {
        let whole = match self.too_few_runners {
            TooFewRunners::AllToWin => Some(PlaceTerms::WHOLE),
            TooFewRunners::PlacePartVoid => None,
        };
        let fractions = self
            .places
            .iter()
            .filter(|row| row.runners_min <= runners && (handicap || !row.handicap_only))
            .filter_map(|row| PlaceTerms::new(row.fraction.0, row.fraction.1).ok());
        whole
            .into_iter()
            .chain(fractions)
            .max()
            .unwrap_or(PlaceTerms::WHOLE)
    }

    /// The place part of a leg on terms that are known by now. `win` is the result of its win part,
    /// `placing` where it came in; none: nowhere.
    #[must_use]
    pub fn place_part(
        &self,
        terms: Option<EachWayTerms>,
        win: LegResult,
        placing: Option<Placing>,
    ) -> PlacePart {
        match (terms, win) {
            // A runner that did not run is void for both parts.
            (_, LegResult::Void) => PlacePart {
                result: LegResult::Void,
                fraction: PlaceTerms::WHOLE,
            },
            (
                Some(terms),
                LegResult::Won
                | LegResult::Lost
                | LegResult::HalfWon
                | LegResult::HalfLost
                | LegResult::DeadHeat { .. },
            ) => PlacePart {
                result: placing.map_or(LegResult::Lost, |at| at.among_first(terms.places)),
                fraction: terms.fraction,
            },
            (
                None,
                LegResult::Won
                | LegResult::Lost
                | LegResult::HalfWon
                | LegResult::HalfLost
                | LegResult::DeadHeat { .. },
            ) => PlacePart {
                result: match self.too_few_runners {
                    TooFewRunners::PlacePartVoid => LegResult::Void,
                    TooFewRunners::AllToWin => win,
                },
                fraction: PlaceTerms::WHOLE,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(runners: u16, handicap: bool) -> Option<(u16, String)> {
        let terms = SettlementRules::PRESENT.each_way_terms(runners, handicap)?;
        Some((terms.places, terms.fraction.to_string()))
    }

    #[test]
    fn terms_by_runners_at_the_off() {
        let is = |places: u16, fraction: &str| Some((places, fraction.to_owned()));
        for (runners, flat, handicap) in [
            (0, None, None),
            (4, None, None),
            (5, is(2, "1/4"), is(2, "1/4")),
            (7, is(2, "1/4"), is(2, "1/4")),
            (8, is(3, "1/5"), is(3, "1/5")),
            (11, is(3, "1/5"), is(3, "1/5")),
            (12, is(3, "1/5"), is(3, "1/4")),
            (15, is(3, "1/5"), is(3, "1/4")),
            (16, is(3, "1/5"), is(4, "1/4")),
            (40, is(3, "1/5"), is(4, "1/4")),
        ] {
            assert_eq!(terms(runners, false), flat, "{runners}");
            assert_eq!(terms(runners, true), handicap, "{runners} handicap");
        }
    }

    #[test]
    fn places_and_dead_heats() {
        let dead_heat = |places, tied| LegResult::DeadHeat { places, tied };
        for (place, tied, paid, result) in [
            (1, 1, 1, LegResult::Won),
            (2, 1, 1, LegResult::Lost),
            (1, 2, 1, dead_heat(1, 2)),
            (1, 2, 3, LegResult::Won),
            (3, 1, 3, LegResult::Won),
            (3, 2, 3, dead_heat(1, 2)),
            (8, 6, 10, dead_heat(3, 6)),
            (4, 1, 3, LegResult::Lost),
        ] {
            assert_eq!(Placing { place, tied }.among_first(paid), result);
        }
    }

    #[test]
    fn a_field_that_is_too_small_is_win_only() {
        let rules = |number| SettlementRules::version(number).unwrap();
        let first = Some(Placing { place: 1, tied: 1 });
        let part = |number, win| rules(number).place_part(None, win, first).result;
        assert_eq!(part(2, LegResult::Won), LegResult::Void);
        assert_eq!(part(2, LegResult::Lost), LegResult::Void);
        assert_eq!(part(4, LegResult::Won), LegResult::Won);
        assert_eq!(part(4, LegResult::Lost), LegResult::Lost);
    }

    #[test]
    fn the_best_fraction_covers_every_smaller_field() {
        for rules in SettlementRules::ALL {
            for handicap in [false, true] {
                for runners in 5..30 {
                    let best = rules.best_fraction(runners, handicap);
                    for fewer in 0..=runners {
                        if let Some(terms) = rules.each_way_terms(fewer, handicap) {
                            assert!(terms.fraction <= best);
                        }
                    }
                }
            }
        }
    }
}
