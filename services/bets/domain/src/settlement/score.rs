//! Handicaps and totals by the score.
//!
//! Duty: the result of a leg on a line, quarter lines included, counted from the score at which the
//! bet was placed where the rules say so. Prohibition: no prices.

use super::leg::LegResult;
use super::rules::{HandicapInPlay, SettlementRules};

/// Goals of both sides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Score {
    /// Of the side named first.
    pub home: u16,
    /// Of the side named second.
    pub away: u16,
}

/// What a leg on a line asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LineSide {
    /// The first side with the line added.
    Home,
    /// The second side with the line taken off: the market's line is the first side's.
    Away,
    /// More goals than the line.
    Over,
    /// Fewer.
    Under,
}

/// The terms of a leg on a line. A line is counted in quarters of a goal: -0.75 is -3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LineTerms {
    /// Which answer.
    pub side: LineSide,
    /// The market's line.
    pub quarters: i32,
    /// The score when the bet was placed in play; none: before the match.
    pub placed_at: Option<Score>,
}

impl LineTerms {
    /// What became of the leg in a match that ended so.
    #[must_use]
    pub fn result(self, end: Score, rules: &SettlementRules) -> LegResult {
        let from = match (rules.handicap_in_play, self.placed_at) {
            (HandicapInPlay::ScoreAtPlacement, Some(score)) => score,
            (HandicapInPlay::WholeMatch, _) | (HandicapInPlay::ScoreAtPlacement, None) => {
                Score::default()
            }
        };
        let since = |end: u16, from: u16| i32::from(end).saturating_sub(i32::from(from));
        let lead = since(end.home, from.home).saturating_sub(since(end.away, from.away));
        let goals = i32::from(end.home).saturating_add(i32::from(end.away));
        let in_quarters = |goals: i32| goals.saturating_mul(4);
        let margin = match self.side {
            LineSide::Home => in_quarters(lead).saturating_add(self.quarters),
            LineSide::Away => in_quarters(lead)
                .saturating_add(self.quarters)
                .saturating_neg(),
            LineSide::Over => in_quarters(goals).saturating_sub(self.quarters),
            LineSide::Under => self.quarters.saturating_sub(in_quarters(goals)),
        };
        by_margin(margin)
    }
}

/// Half a stake goes on each neighbouring half-goal line, so that one quarter off is half.
const fn by_margin(quarters: i32) -> LegResult {
    match quarters {
        ..=-2 => LegResult::Lost,
        -1 => LegResult::HalfLost,
        0 => LegResult::Void,
        1 => LegResult::HalfWon,
        2.. => LegResult::Won,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use LegResult::{HalfLost, HalfWon, Lost, Void, Won};

    const fn score(home: u16, away: u16) -> Score {
        Score { home, away }
    }

    fn result(side: LineSide, quarters: i32, end: Score, placed_at: Option<Score>) -> LegResult {
        let terms = LineTerms {
            side,
            quarters,
            placed_at,
        };
        terms.result(end, SettlementRules::PRESENT)
    }

    #[test]
    fn handicaps_by_goal_difference() {
        let ends = [
            score(0, 2),
            score(0, 1),
            score(1, 1),
            score(1, 0),
            score(2, 0),
        ];
        for (quarters, expected) in [
            (-1, [Lost, Lost, HalfLost, Won, Won]),
            (1, [Lost, Lost, HalfWon, Won, Won]),
            (-3, [Lost, Lost, Lost, HalfWon, Won]),
            (0, [Lost, Lost, Void, Won, Won]),
            (-4, [Lost, Lost, Lost, Void, Won]),
        ] {
            let home = ends.map(|end| result(LineSide::Home, quarters, end, None));
            assert_eq!(home, expected, "{quarters}");
        }
    }

    #[test]
    fn the_other_side_of_a_line_is_its_mirror() {
        for quarters in -9..9 {
            for home in 0..5 {
                let end = score(home, 2);
                for (one, other) in [
                    (LineSide::Home, LineSide::Away),
                    (LineSide::Over, LineSide::Under),
                ] {
                    let mirrored = match result(one, quarters, end, None) {
                        Won => Lost,
                        Lost => Won,
                        HalfWon => HalfLost,
                        HalfLost => HalfWon,
                        LegResult::Void => Void,
                        LegResult::DeadHeat { .. } => unreachable!(),
                    };
                    assert_eq!(result(other, quarters, end, None), mirrored);
                }
            }
        }
    }

    #[test]
    fn in_play_only_the_goals_after_placement_count() {
        let at_one_nil = Some(score(1, 0));
        assert_eq!(
            result(LineSide::Home, -1, score(1, 0), at_one_nil),
            HalfLost
        );
        assert_eq!(result(LineSide::Home, -1, score(1, 0), None), Won);
        assert_eq!(result(LineSide::Away, -1, score(1, 1), at_one_nil), Won);
    }

    #[test]
    fn totals_count_all_goals_whenever_the_bet_was_placed() {
        let at_one_nil = Some(score(1, 0));
        assert_eq!(result(LineSide::Over, 10, score(2, 1), at_one_nil), Won);
        assert_eq!(result(LineSide::Over, 9, score(1, 1), None), HalfLost);
        assert_eq!(result(LineSide::Under, 9, score(1, 1), None), HalfWon);
    }

    #[test]
    fn the_first_rules_count_the_whole_match() {
        let terms = LineTerms {
            side: LineSide::Home,
            quarters: -1,
            placed_at: Some(score(1, 0)),
        };
        let first = SettlementRules::recorded(1);
        assert_eq!(terms.result(score(1, 0), first), Won);
    }
}
