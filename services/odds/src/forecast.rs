//! Goal models learned from a season, and how well they would have told its results.
//!
//! Duty: a season's rows as results for [`fit`], and the walk through a season in which every
//! match is told from the ones before it, beside what the market thought. Prohibition: no result
//! is told from itself or from a later one; nothing here prices a market of ours.
#![expect(
    clippy::float_arithmetic,
    reason = "scores of forecasts are real arithmetic; none enters a decision"
)]

use crate::feed::football_data::{MatchRow, ResultPrices};
use kernel::Timestamp;
use odds_domain::goals::fit::{Fit, FitError, FitTerms, PlayedMatch, fit};
use odds_domain::ladder::as_float;
use odds_domain::margin::{MarginMethod, remove_margin};
use odds_domain::outcome::Score;

const DAY_MICROS: i64 = 24 * 60 * 60 * 1_000_000;

/// The day of an instant, counted from 1970.
#[must_use]
pub const fn day_of(at: Timestamp) -> i64 {
    at.micros().div_euclid(DAY_MICROS)
}

/// The rows that have a result.
#[must_use]
pub fn played(rows: &[MatchRow]) -> Vec<PlayedMatch> {
    rows.iter()
        .filter_map(|row| {
            Some(PlayedMatch {
                day: day_of(row.kick_off),
                home: row.home.clone(),
                away: row.away.clone(),
                score: row.full_time?,
            })
        })
        .collect()
}

/// Mean of minus the logarithm of the probability that was given to what happened: lower is
/// better, ln 3 = 1.0986 is knowing nothing of home, draw and away.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HeldOut {
    /// How many matches were told.
    pub matches: u32,
    /// How many could not be told, because a side was new or a price missing.
    pub passed_over: u32,
    /// By the fitted model.
    pub model: f64,
    /// By closing prices without their margin (power method).
    pub closing: f64,
    /// By opening prices without their margin (power method).
    pub opening: f64,
    /// By how often home, draw and away came up before.
    pub frequencies: f64,
}

/// Tells each match from number `first` on (from 0, in order of time) by a model fitted to the
/// results of earlier days.
///
/// # Errors
/// A fit that fails. No match to tell: zeros.
pub fn held_out(rows: &[MatchRow], first: usize, terms: &FitTerms) -> Result<HeldOut, FitError> {
    let mut rows: Vec<&MatchRow> = rows.iter().filter(|row| row.full_time.is_some()).collect();
    rows.sort_by(|a, b| (a.kick_off, &a.home).cmp(&(b.kick_off, &b.home)));
    let results = played(&rows.iter().map(|row| (*row).clone()).collect::<Vec<_>>());
    let mut walk = Walk::default();
    let mut model: Option<(i64, Fit)> = None;
    for row in rows.iter().skip(first) {
        let day = day_of(row.kick_off);
        if model.as_ref().is_none_or(|(of, _)| *of != day) {
            let terms = FitTerms {
                as_of: day.saturating_sub(1),
                ..*terms
            };
            model = Some((day, fit(&results, &terms)?));
        }
        let Some((_, known)) = &model else { continue };
        walk.tell(row, known, &results, day);
    }
    Ok(walk.ended())
}

/// Sums on the way.
#[derive(Default)]
struct Walk {
    matches: u32,
    passed_over: u32,
    sums: [f64; 4],
}

impl Walk {
    fn tell(&mut self, row: &MatchRow, known: &Fit, results: &[PlayedMatch], day: i64) {
        let told = known.model(&row.home, &row.away).ok().and_then(|model| {
            let markets = model.grid().markets(Score::default());
            let model = [markets.home, markets.draw, markets.away];
            let closing = without_margin(row.closing.result?)?;
            let opening = without_margin(row.opening.result?)?;
            let before = results.iter().filter(|result| result.day < day);
            Some([model, closing, opening, frequencies(before)])
        });
        let (Some(told), Some(score)) = (told, row.full_time) else {
            self.passed_over = self.passed_over.saturating_add(1);
            return;
        };
        self.matches = self.matches.saturating_add(1);
        let happened = place(score);
        for (sum, probabilities) in self.sums.iter_mut().zip(told) {
            *sum -= probabilities
                .get(happened)
                .copied()
                .unwrap_or_default()
                .ln();
        }
    }

    fn ended(self) -> HeldOut {
        let count = f64::from(self.matches.max(1));
        let [model, closing, opening, frequencies] = self.sums.map(|sum| sum / count);
        HeldOut {
            matches: self.matches,
            passed_over: self.passed_over,
            model,
            closing,
            opening,
            frequencies,
        }
    }
}

/// 0 home, 1 draw, 2 away.
fn place(score: Score) -> usize {
    match score.home.cmp(&score.away) {
        std::cmp::Ordering::Greater => 0,
        std::cmp::Ordering::Equal => 1,
        std::cmp::Ordering::Less => 2,
    }
}

fn without_margin(prices: ResultPrices) -> Option<[f64; 3]> {
    let fair = remove_margin(MarginMethod::Power, &prices.map(as_float)).ok()?;
    fair.probabilities.try_into().ok()
}

/// Shares of home, draw and away, as if each had come up once before the first match.
fn frequencies<'a>(before: impl Iterator<Item = &'a PlayedMatch>) -> [f64; 3] {
    let mut counts = [1.0; 3];
    for result in before {
        if let Some(count) = counts.get_mut(place(result.score)) {
            *count += 1.0;
        }
    }
    let all: f64 = counts.iter().sum();
    counts.map(|count| count / all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::football_data;
    use crate::feed::recorded;

    fn season() -> Option<Vec<MatchRow>> {
        let text = recorded::recorded_text("football/E0-2025-26.csv")?;
        Some(football_data::read(&text).unwrap())
    }

    /// Half a season is little: the market must be better than a model of it, and the model
    /// better than knowing nothing. `docs/odds-models.md` tells the numbers.
    #[test]
    fn the_model_knows_something_and_the_market_more() {
        let Some(rows) = season() else { return };
        let told = held_out(&rows, 100, &FitTerms::standard(0)).unwrap();
        eprintln!("held out: {told:?}");
        assert_eq!((told.matches, told.passed_over), (80, 0));
        assert!(told.closing < told.model, "{told:?}");
        assert!(told.model < 3.0_f64.ln(), "{told:?}");
        // The same on every run.
        assert_eq!(held_out(&rows, 100, &FitTerms::standard(0)), Ok(told));
    }

    #[test]
    fn a_season_fits_within_the_bound_and_prices_a_match() {
        let Some(rows) = season() else { return };
        let results = played(&rows);
        assert_eq!(results.len(), 180);
        let last = results.iter().map(|result| result.day).max().unwrap();
        for ridge in [0.0, 2.0] {
            let terms = FitTerms {
                ridge,
                ..FitTerms::standard(last)
            };
            let fitted = fit(&results, &terms).unwrap();
            assert_eq!(fitted.sides.len(), 20);
            assert!(fitted.steps < 100, "{}", fitted.steps);
            assert!(fitted.rho.abs() < 0.2);
            assert!(fitted.at_home > 0.0);
            let grid = fitted.model("Arsenal", "Wolves").unwrap().grid();
            let markets = grid.markets(Score::default());
            assert!(markets.home > 0.6, "{markets:?}");
        }
    }
}
