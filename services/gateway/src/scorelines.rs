//! What is left of all stakes on a fixture's goal markets at each final score.
//!
//! Duty: pay what stands on every selection at every score of a bounded grid, in whole halves of
//! minor units, and find the score that costs most. Prohibition: no chance and no model; and
//! what cannot be told from a score (another kind of market) is left out and named.
//!
//! A slip of several legs is paid as one whose other legs have won. Where its leg is void or half
//! decided it is paid as a single of its stake at its whole price (`docs/house-rules.md`).

use schemas::odds::MarketKind;

/// Goals of each side at most, beyond which nothing changes: lines end well below.
pub(crate) const GOALS_MAX: i64 = 15;

/// A final score.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Score {
    pub home: i64,
    pub away: i64,
}

/// What becomes of a selection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Becomes {
    Won,
    HalfWon,
    Void,
    HalfLost,
    Lost,
}

/// What stands on a selection of a goal market, in minor units.
#[derive(Clone, Debug)]
pub(crate) struct Standing<'a> {
    pub kind: &'a MarketKind,
    /// The selection's place in the offer.
    pub place: usize,
    pub stakes: i64,
    pub returns: i64,
}

/// What the house is left with at a score, in halves of a minor unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub score: Score,
    pub net_halves: i64,
}

/// Whether a score decides markets of this kind.
pub(crate) const fn is_of_goals(kind: &MarketKind) -> bool {
    match kind {
        MarketKind::MatchResult(_)
        | MarketKind::TotalGoals(_)
        | MarketKind::AsianHandicap(_)
        | MarketKind::BothToScore(_)
        | MarketKind::CorrectScore(_)
        | MarketKind::EuropeanHandicap(_) => true,
        MarketKind::Winner(_) => false,
    }
}

/// What a score makes of the selection at this place of the offer; none: the kind or place has
/// nothing to do with scores.
pub(crate) fn becomes(kind: &MarketKind, place: usize, score: Score) -> Option<Becomes> {
    let Score { home, away } = score;
    let ahead = home.saturating_sub(away);
    let by_margin = |margin: i64| match (place, margin) {
        (0, margin) => Some(margin),
        (1, margin) => Some(margin.saturating_neg()),
        _ => None,
    };
    match kind {
        MarketKind::MatchResult(_) => three_ways(place, ahead),
        MarketKind::EuropeanHandicap(handicap) => {
            three_ways(place, ahead.saturating_add(handicap.goals.into()))
        }
        MarketKind::BothToScore(_) => {
            let both = home > 0 && away > 0;
            match place {
                0 => Some(won_if(both)),
                1 => Some(won_if(!both)),
                _ => None,
            }
        }
        MarketKind::CorrectScore(scores) => {
            let up_to = i64::from(scores.up_to);
            let listed = home <= up_to && away <= up_to;
            let row = up_to.saturating_add(1);
            let is_at = if listed {
                home.saturating_mul(row).saturating_add(away)
            } else {
                row.saturating_mul(row)
            };
            Some(won_if(i64::try_from(place) == Ok(is_at)))
        }
        MarketKind::TotalGoals(total) => {
            let goals = home.saturating_add(away).saturating_mul(4);
            by_margin(goals.saturating_sub(total.line_quarters.into())).map(of_margin)
        }
        MarketKind::AsianHandicap(handicap) => {
            let quarters = ahead.saturating_mul(4);
            by_margin(quarters.saturating_add(handicap.line_quarters.into())).map(of_margin)
        }
        MarketKind::Winner(_) => None,
    }
}

const fn won_if(won: bool) -> Becomes {
    if won { Becomes::Won } else { Becomes::Lost }
}

/// Home, draw, away by how many goals the home side is ahead.
const fn three_ways(place: usize, ahead: i64) -> Option<Becomes> {
    match place {
        0 => Some(won_if(ahead > 0)),
        1 => Some(won_if(ahead == 0)),
        2 => Some(won_if(ahead < 0)),
        _ => None,
    }
}

/// By how many quarters of a goal a side is beyond its line.
const fn of_margin(quarters: i64) -> Becomes {
    match quarters {
        2.. => Becomes::Won,
        1 => Becomes::HalfWon,
        0 => Becomes::Void,
        -1 => Becomes::HalfLost,
        _ => Becomes::Lost,
    }
}

/// What is paid, in halves of a minor unit.
const fn paid_halves(becomes: Becomes, stakes: i64, returns: i64) -> i64 {
    match becomes {
        Becomes::Won => returns.saturating_mul(2),
        Becomes::HalfWon => returns.saturating_add(stakes),
        Becomes::Void => stakes.saturating_mul(2),
        Becomes::HalfLost => stakes,
        Becomes::Lost => 0,
    }
}

/// What is left at each score from this one on: goals that were scored stay scored.
pub(crate) fn outcomes(standing: &[Standing<'_>], from: Score) -> Vec<Outcome> {
    let stakes = standing
        .iter()
        .fold(0_i64, |sum, of| sum.saturating_add(of.stakes));
    let reach = |goals: i64| goals..=goals.max(GOALS_MAX);
    let scores =
        reach(from.home).flat_map(|home| reach(from.away).map(move |away| Score { home, away }));
    scores
        .map(|score| {
            let paid = standing.iter().fold(0_i64, |sum, of| {
                let becomes = becomes(of.kind, of.place, score);
                let paid = becomes.map_or(0, |becomes| paid_halves(becomes, of.stakes, of.returns));
                sum.saturating_add(paid)
            });
            Outcome {
                score,
                net_halves: stakes.saturating_mul(2).saturating_sub(paid),
            }
        })
        .collect()
}

/// The score that costs most; of several the first.
pub(crate) fn worst(outcomes: &[Outcome]) -> Option<Outcome> {
    outcomes
        .iter()
        .copied()
        .min_by_key(|outcome| outcome.net_halves)
}

#[cfg(test)]
mod tests {
    use super::*;
    use schemas::odds::{AsianHandicap, MatchResult, TotalGoals};

    const RESULT: MarketKind = MarketKind::MatchResult(MatchResult {});

    const fn total(line_quarters: i32) -> MarketKind {
        MarketKind::TotalGoals(TotalGoals { line_quarters })
    }

    const fn handicap(line_quarters: i32) -> MarketKind {
        MarketKind::AsianHandicap(AsianHandicap { line_quarters })
    }

    const fn at(home: i64, away: i64) -> Score {
        Score { home, away }
    }

    const NIL: Score = at(0, 0);

    #[test]
    fn a_score_decides_each_kind_of_market() {
        use Becomes::{HalfLost, HalfWon, Lost, Void, Won};
        let of = |kind: &MarketKind, score| [0, 1, 2].map(|place| becomes(kind, place, score));
        assert_eq!(of(&RESULT, at(2, 1)), [Some(Won), Some(Lost), Some(Lost)]);
        assert_eq!(of(&RESULT, at(1, 1)), [Some(Lost), Some(Won), Some(Lost)]);
        assert_eq!(of(&RESULT, at(0, 1)), [Some(Lost), Some(Lost), Some(Won)]);
        assert_eq!(of(&total(10), at(2, 1)), [Some(Won), Some(Lost), None]);
        assert_eq!(of(&total(12), at(2, 1)), [Some(Void), Some(Void), None]);
        assert_eq!(
            of(&total(11), at(2, 1)),
            [Some(HalfWon), Some(HalfLost), None]
        );
        assert_eq!(
            of(&handicap(-1), at(1, 1)),
            [Some(HalfLost), Some(HalfWon), None]
        );
        assert_eq!(
            of(&handicap(-3), at(1, 0)),
            [Some(HalfWon), Some(HalfLost), None]
        );
        assert_eq!(of(&handicap(-2), at(1, 0)), [Some(Won), Some(Lost), None]);
    }

    #[test]
    fn the_worst_score_is_found_over_all_markets_together() {
        // 100.00 on the draw at 4.00 and 100.00 on under 1.5 at 3.00: nil all costs most.
        let line = total(6);
        let standing = [
            Standing {
                kind: &RESULT,
                place: 1,
                stakes: 10_000,
                returns: 40_000,
            },
            Standing {
                kind: &line,
                place: 1,
                stakes: 10_000,
                returns: 30_000,
            },
        ];
        let all = outcomes(&standing, NIL);
        assert_eq!(all.len(), 256);
        let found = worst(&all).expect("scores");
        assert_eq!((found.score, found.net_halves), (NIL, -100_000));
        // From 1-0 on only one of them can still be paid, and the draw costs more.
        let found = worst(&outcomes(&standing, at(1, 0))).expect("scores");
        assert_eq!((found.score, found.net_halves), (at(1, 1), -40_000));
        let found = outcomes(&standing, at(1, 0));
        assert_eq!(found.first().map(|of| of.net_halves), Some(-20_000));
        let found = worst(&outcomes(&standing, at(2, 0))).expect("scores");
        assert_eq!((found.score, found.net_halves), (at(2, 2), -40_000));
    }

    #[test]
    fn half_outcomes_are_paid_to_the_half_of_a_cent() {
        let line = handicap(-1);
        let standing = [Standing {
            kind: &line,
            place: 1,
            stakes: 100,
            returns: 195,
        }];
        let draw = outcomes(&standing, NIL)
            .into_iter()
            .find(|outcome| outcome.score == at(1, 1));
        // 147.5 paid on a stake of 100.
        assert_eq!(draw.map(|outcome| outcome.net_halves), Some(-95));
    }
}
