//! What can be asked about the goals of a match.
//!
//! Duty: one list of questions with their selections, and what a final score makes of each. The
//! same judgement prices a selection from a grid ([`crate::goals`]) and settles it, so the two
//! cannot differ. Prohibition: no probabilities and no prices.

use crate::outcome::{self, Line, MatchResult, Score, SelectionOutcome, Side, TotalSide};
use std::fmt;

/// A question about the goals of a match.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GoalQuestion {
    /// Home, draw or away.
    Result,
    /// Over or under so many goals; whole, half and quarter lines.
    Total(Line),
    /// Over or under so many goals of one side.
    SideTotal(Side, Line),
    /// Whether both sides score.
    BothToScore,
    /// The exact score, each side up to so many goals; all other scores together are one more
    /// selection.
    CorrectScore(u16),
    /// Home with the line added, or away with its opposite; whole, half and quarter lines.
    AsianHandicap(Line),
    /// Home, draw or away with whole goals added to the home side: three answers, no push.
    EuropeanHandicap(i32),
}

/// One answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GoalSelection {
    /// Who wins.
    Result(MatchResult),
    /// Goals of both sides.
    Total(TotalSide, Line),
    /// Goals of one side.
    SideTotal(Side, TotalSide, Line),
    /// Yes or no.
    BothToScore(bool),
    /// This score and no other.
    CorrectScore(Score),
    /// A score in which a side has more goals than this.
    AnyOtherScore(u16),
    /// A side with its own line.
    AsianHandicap(Side, Line),
    /// Who wins after these goals are added to the home side.
    EuropeanHandicap(MatchResult, i32),
}

const RESULTS: [MatchResult; 3] = [MatchResult::Home, MatchResult::Draw, MatchResult::Away];
const TOTAL_SIDES: [TotalSide; 2] = [TotalSide::Over, TotalSide::Under];

impl GoalQuestion {
    /// All answers, in the order in which they are shown.
    #[must_use]
    pub fn selections(self) -> Vec<GoalSelection> {
        match self {
            Self::Result => RESULTS.map(GoalSelection::Result).to_vec(),
            Self::Total(line) => TOTAL_SIDES
                .map(|side| GoalSelection::Total(side, line))
                .to_vec(),
            Self::SideTotal(of, line) => TOTAL_SIDES
                .map(|side| GoalSelection::SideTotal(of, side, line))
                .to_vec(),
            Self::BothToScore => [true, false].map(GoalSelection::BothToScore).to_vec(),
            Self::CorrectScore(most) => (0..=most)
                .flat_map(|home| (0..=most).map(move |away| Score::new(home, away)))
                .map(GoalSelection::CorrectScore)
                .chain([GoalSelection::AnyOtherScore(most)])
                .collect(),
            Self::AsianHandicap(line) => vec![
                GoalSelection::AsianHandicap(Side::Home, line),
                GoalSelection::AsianHandicap(Side::Away, line.opposite()),
            ],
            Self::EuropeanHandicap(goals) => RESULTS
                .map(|result| GoalSelection::EuropeanHandicap(result, goals))
                .to_vec(),
        }
    }
}

impl GoalSelection {
    /// What a final score makes of it.
    #[must_use]
    pub fn judge(self, score: Score) -> SelectionOutcome {
        match self {
            Self::Result(result) => outcome::match_result(score, result),
            Self::Total(side, line) => outcome::total(score, side, line),
            Self::SideTotal(of, side, line) => {
                let goals = match of {
                    Side::Home => score.home,
                    Side::Away => score.away,
                };
                outcome::total(Score::new(goals, 0), side, line)
            }
            Self::BothToScore(yes) => outcome::both_to_score(score, yes),
            Self::CorrectScore(wanted) => outcome::won_if(score == wanted),
            Self::AnyOtherScore(most) => outcome::won_if(score.home > most || score.away > most),
            Self::AsianHandicap(side, line) => outcome::asian_handicap(score, side, line),
            Self::EuropeanHandicap(result, goals) => {
                outcome::european_handicap(score, result, goals)
            }
        }
    }
}

impl fmt::Display for GoalSelection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = |side: &Side| match side {
            Side::Home => "home",
            Side::Away => "away",
        };
        let result = |result: &MatchResult| match result {
            MatchResult::Home => "home",
            MatchResult::Draw => "draw",
            MatchResult::Away => "away",
        };
        let total = |total: &TotalSide| match total {
            TotalSide::Over => "over",
            TotalSide::Under => "under",
        };
        match self {
            Self::Result(wanted) => f.write_str(result(wanted)),
            Self::Total(over, line) => write!(f, "{} {line}", total(over)),
            Self::SideTotal(of, over, line) => write!(f, "{} {} {line}", side(of), total(over)),
            Self::BothToScore(true) => f.write_str("both score"),
            Self::BothToScore(false) => f.write_str("not both score"),
            Self::CorrectScore(score) => write!(f, "{score}"),
            Self::AnyOtherScore(_) => f.write_str("any other score"),
            Self::AsianHandicap(of, line) => write!(f, "{} {}", side(of), line.signed()),
            Self::EuropeanHandicap(wanted, goals) => {
                write!(f, "{} (home {goals:+})", result(wanted))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use SelectionOutcome::{HalfLost, HalfWon, Lost, Push, Won};
    use proptest::prelude::*;

    fn questions() -> impl Strategy<Value = GoalQuestion> {
        prop_oneof![
            Just(GoalQuestion::Result),
            (0_i32..32).prop_map(|quarters| GoalQuestion::Total(Line::from_quarters(quarters))),
            (0_i32..20, any::<bool>()).prop_map(|(quarters, home)| GoalQuestion::SideTotal(
                if home { Side::Home } else { Side::Away },
                Line::from_quarters(quarters)
            )),
            Just(GoalQuestion::BothToScore),
            (0_u16..7).prop_map(GoalQuestion::CorrectScore),
            (-16_i32..16)
                .prop_map(|quarters| GoalQuestion::AsianHandicap(Line::from_quarters(quarters))),
            (-4_i32..5).prop_map(GoalQuestion::EuropeanHandicap),
        ]
    }

    #[test]
    fn three_ways_with_goals_added_have_no_push() {
        let one_ahead = Score::new(2, 1);
        for (goals, expected) in [
            (-2, [Lost, Lost, Won]),
            (-1, [Lost, Won, Lost]),
            (0, [Won, Lost, Lost]),
            (1, [Won, Lost, Lost]),
        ] {
            let judged: Vec<_> = GoalQuestion::EuropeanHandicap(goals)
                .selections()
                .into_iter()
                .map(|selection| selection.judge(one_ahead))
                .collect();
            assert_eq!(judged, expected, "{goals}");
        }
    }

    #[test]
    fn a_score_beyond_the_list_is_any_other() {
        let selections = GoalQuestion::CorrectScore(3).selections();
        assert_eq!(selections.len(), 17);
        let winners = |score: Score| -> Vec<String> {
            selections
                .iter()
                .filter(|selection| selection.judge(score) == Won)
                .map(ToString::to_string)
                .collect()
        };
        assert_eq!(winners(Score::new(3, 2)), ["3-2"]);
        assert_eq!(winners(Score::new(4, 0)), ["any other score"]);
    }

    #[test]
    fn names_that_people_read() {
        let line: Line = "-0.75".parse().unwrap();
        let shown: Vec<String> = GoalQuestion::AsianHandicap(line)
            .selections()
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(shown, ["home -0.75", "away +0.75"]);
        let side = GoalSelection::SideTotal(Side::Away, TotalSide::Over, line.opposite());
        assert_eq!(side.to_string(), "away over 0.75");
        let home = GoalSelection::EuropeanHandicap(MatchResult::Draw, -1);
        assert_eq!(home.to_string(), "draw (home -1)");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10_000))]

        /// Whatever the score, one whole unit of the question is won: by one selection, or by two
        /// that share it.
        #[test]
        fn a_score_decides_every_question_once(
            question in questions(), home in 0_u16..12, away in 0_u16..12,
        ) {
            let halves: i32 = question
                .selections()
                .into_iter()
                .map(|selection| match selection.judge(Score::new(home, away)) {
                    Lost => 0,
                    HalfLost => -1,
                    Push => 0,
                    HalfWon => 1,
                    Won => 2,
                })
                .sum();
            let pushed = question
                .selections()
                .into_iter()
                .any(|selection| matches!(selection.judge(Score::new(home, away)), Push | HalfWon));
            prop_assert_eq!(halves, if pushed { 0 } else { 2 });
        }
    }
}
