//! What a score makes of a selection: exact, in quarters of a goal.
//!
//! Duty: classify match result, handicap, total and both-to-score selections by the final score,
//! quarter lines included. Prohibition: no prices and no money; what an outcome pays is
//! settlement's matter.

use std::fmt;
use std::str::FromStr;

/// Goals of both sides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Score {
    /// Goals of the home side.
    pub home: u16,
    /// Goals of the away side.
    pub away: u16,
}

impl Score {
    /// That many goals on each side.
    #[must_use]
    pub const fn new(home: u16, away: u16) -> Self {
        Self { home, away }
    }

    /// Goals of both sides together.
    #[must_use]
    pub fn total(self) -> u32 {
        u32::from(self.home).saturating_add(u32::from(self.away))
    }

    /// Goals by which `side` leads; negative when it trails.
    #[must_use]
    pub fn lead(self, side: Side) -> i32 {
        let home = i32::from(self.home).saturating_sub(i32::from(self.away));
        match side {
            Side::Home => home,
            Side::Away => home.saturating_neg(),
        }
    }
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.home, self.away)
    }
}

impl FromStr for Score {
    type Err = OutcomeError;

    /// Reads `"2-1"`, home goals first.
    fn from_str(text: &str) -> Result<Self, OutcomeError> {
        text.split_once('-')
            .and_then(|(home, away)| Some(Self::new(home.parse().ok()?, away.parse().ok()?)))
            .ok_or_else(|| OutcomeError::NotAScore(text.to_owned()))
    }
}

/// One of the two sides of a match.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// The side named first.
    Home,
    /// The side named second.
    Away,
}

/// The three answers to who wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MatchResult {
    /// The home side scored more.
    Home,
    /// Both scored the same.
    Draw,
    /// The away side scored more.
    Away,
}

/// The two answers to how many goals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TotalSide {
    /// More than the line.
    Over,
    /// Fewer than the line.
    Under,
}

/// What a result makes of a selection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SelectionOutcome {
    /// The whole stake loses.
    Lost,
    /// Half of the stake loses, half is returned.
    HalfLost,
    /// The stake is returned.
    Push,
    /// Half of the stake wins, half is returned.
    HalfWon,
    /// The whole stake wins.
    Won,
}

/// Why a text is no score or no line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutcomeError {
    /// Not two numbers with a dash.
    #[error("{0:?} is not a score such as \"2-1\"")]
    NotAScore(String),
    /// Not a number of quarter goals.
    #[error("{0:?} is not a line in quarters of a goal such as \"-0.75\" or \"2.5\"")]
    NotALine(String),
}

/// A handicap or total in quarters of a goal: -0.75 is -3.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Line(i32);

impl Line {
    /// Furthest line from zero that is read: 250 goals.
    const QUARTERS_MAX: i32 = 1_000;

    /// A line of that many quarters of a goal.
    #[must_use]
    pub const fn from_quarters(quarters: i32) -> Self {
        Self(quarters)
    }

    /// Quarters of a goal.
    #[must_use]
    pub const fn quarters(self) -> i32 {
        self.0
    }

    /// The same line seen from the other side.
    #[must_use]
    pub const fn opposite(self) -> Self {
        Self(self.0.saturating_neg())
    }

    /// Whether half of the stake goes on each neighbouring half-goal line.
    #[must_use]
    pub const fn is_quarter(self) -> bool {
        self.0 & 1 == 1
    }
}

impl Line {
    /// As handicaps are written: with a sign unless it is zero.
    #[must_use]
    pub fn signed(self) -> String {
        if self.0 > 0 {
            format!("+{self}")
        } else {
            self.to_string()
        }
    }
}

impl FromStr for Line {
    type Err = OutcomeError;

    fn from_str(text: &str) -> Result<Self, OutcomeError> {
        let not_a_line = || OutcomeError::NotALine(text.to_owned());
        let negative = text.starts_with('-');
        let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        if whole.is_empty() || !whole.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(not_a_line());
        }
        let quarters: i32 = match fraction.trim_end_matches('0') {
            "" if !fraction.is_empty() => 0,
            "25" => 1,
            "5" => 2,
            "75" => 3,
            _ => return Err(not_a_line()),
        };
        let size = whole
            .parse::<i32>()
            .ok()
            .and_then(|whole| whole.checked_mul(4)?.checked_add(quarters))
            .filter(|size| *size <= Self::QUARTERS_MAX)
            .ok_or_else(not_a_line)?;
        Ok(Self(if negative {
            size.saturating_neg()
        } else {
            size
        }))
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let size = self.0.unsigned_abs();
        let fraction = match size & 3 {
            1 => ".25",
            2 => ".5",
            3 => ".75",
            _ => "",
        };
        write!(f, "{sign}{}{fraction}", size >> 2)
    }
}

/// Who won, judged for one of the three answers.
#[must_use]
pub fn match_result(score: Score, selection: MatchResult) -> SelectionOutcome {
    european_handicap(score, selection, 0)
}

/// A side with goals added (`line` is that side's own, -0.75 for a favourite).
#[must_use]
pub fn asian_handicap(score: Score, side: Side, line: Line) -> SelectionOutcome {
    let margin_quarters = score.lead(side).saturating_mul(4).saturating_add(line.0);
    from_margin(margin_quarters)
}

/// Who won after whole goals are added to the home side: three answers, never a push.
#[must_use]
pub fn european_handicap(score: Score, selection: MatchResult, goals: i32) -> SelectionOutcome {
    let result = match score.lead(Side::Home).saturating_add(goals).cmp(&0) {
        std::cmp::Ordering::Greater => MatchResult::Home,
        std::cmp::Ordering::Equal => MatchResult::Draw,
        std::cmp::Ordering::Less => MatchResult::Away,
    };
    won_if(result == selection)
}

/// More or fewer goals than a line.
#[must_use]
pub fn total(score: Score, side: TotalSide, line: Line) -> SelectionOutcome {
    let goals = i32::try_from(score.total()).unwrap_or(i32::MAX);
    let over_quarters = goals.saturating_mul(4).saturating_sub(line.0);
    from_margin(match side {
        TotalSide::Over => over_quarters,
        TotalSide::Under => over_quarters.saturating_neg(),
    })
}

/// Whether both sides scored, judged for the answer yes or no.
#[must_use]
pub fn both_to_score(score: Score, yes: bool) -> SelectionOutcome {
    won_if((score.home > 0 && score.away > 0) == yes)
}

pub(crate) const fn won_if(true_answer: bool) -> SelectionOutcome {
    if true_answer {
        SelectionOutcome::Won
    } else {
        SelectionOutcome::Lost
    }
}

/// A quarter line is half a stake on each neighbour, so one quarter short or over is half.
const fn from_margin(quarters: i32) -> SelectionOutcome {
    match quarters {
        ..=-2 => SelectionOutcome::Lost,
        -1 => SelectionOutcome::HalfLost,
        0 => SelectionOutcome::Push,
        1 => SelectionOutcome::HalfWon,
        2.. => SelectionOutcome::Won,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use SelectionOutcome::{HalfLost, HalfWon, Lost, Push, Won};
    use proptest::prelude::*;

    /// Scores by which the home side leads by -2 to 2.
    const LEADS: [Score; 5] = [
        Score::new(0, 2),
        Score::new(0, 1),
        Score::new(1, 1),
        Score::new(1, 0),
        Score::new(2, 0),
    ];

    fn line(text: &str) -> Line {
        text.parse().unwrap()
    }

    #[test]
    fn handicap_of_every_kind_of_line() {
        for (text, expected) in [
            ("-0.25", [Lost, Lost, HalfLost, Won, Won]),
            ("0.25", [Lost, Lost, HalfWon, Won, Won]),
            ("-0.75", [Lost, Lost, Lost, HalfWon, Won]),
            ("0", [Lost, Lost, Push, Won, Won]),
            ("-0.5", [Lost, Lost, Lost, Won, Won]),
            ("-1", [Lost, Lost, Lost, Push, Won]),
            ("1.25", [Lost, HalfWon, Won, Won, Won]),
        ] {
            let judged = LEADS.map(|score| asian_handicap(score, Side::Home, line(text)));
            assert_eq!(judged, expected, "line {text}");
        }
    }

    #[test]
    fn totals_of_every_kind_of_line() {
        let two = Score::new(1, 1);
        for (text, over) in [
            ("1.5", Won),
            ("1.75", HalfWon),
            ("2", Push),
            ("2.25", HalfLost),
            ("2.5", Lost),
        ] {
            assert_eq!(total(two, TotalSide::Over, line(text)), over, "line {text}");
        }
        assert_eq!(total(two, TotalSide::Under, line("2.25")), HalfWon);
        assert_eq!(total(two, TotalSide::Under, line("2.5")), Won);
    }

    #[test]
    fn match_result_and_both_to_score() {
        let score = Score::new(2, 1);
        assert_eq!(match_result(score, MatchResult::Home), Won);
        assert_eq!(match_result(score, MatchResult::Draw), Lost);
        assert_eq!(match_result(score, MatchResult::Away), Lost);
        assert_eq!(both_to_score(score, true), Won);
        assert_eq!(both_to_score(Score::new(3, 0), false), Won);
        assert_eq!(both_to_score(Score::new(3, 0), true), Lost);
    }

    #[test]
    fn texts_that_are_no_lines_or_scores() {
        for text in [
            "", "-", "0.3", "1.", ".5", "0.125", "x", "251", "1e1", "0.250.0",
        ] {
            assert!(text.parse::<Line>().is_err(), "{text:?}");
        }
        for text in ["", "1", "1-", "1:0", "-1-0", "70000-0"] {
            assert!(text.parse::<Score>().is_err(), "{text:?}");
        }
        assert_eq!("+1.50".parse(), Ok(line("1.5")));
        assert_eq!("3-1".parse(), Ok(Score::new(3, 1)));
    }

    fn opposite(outcome: SelectionOutcome) -> SelectionOutcome {
        match outcome {
            Lost => Won,
            HalfLost => HalfWon,
            Push => Push,
            HalfWon => HalfLost,
            Won => Lost,
        }
    }

    proptest! {
        #[test]
        fn what_one_side_wins_the_other_loses(
            home in 0_u16..12, away in 0_u16..12, quarters in -20_i32..20,
        ) {
            let (score, line) = (Score::new(home, away), Line::from_quarters(quarters));
            prop_assert_eq!(
                asian_handicap(score, Side::Home, line),
                opposite(asian_handicap(score, Side::Away, line.opposite()))
            );
            prop_assert_eq!(
                total(score, TotalSide::Over, line),
                opposite(total(score, TotalSide::Under, line))
            );
        }

        #[test]
        fn a_goal_more_is_never_worse(home in 0_u16..12, away in 0_u16..12, quarters in -20_i32..20) {
            let line = Line::from_quarters(quarters);
            let (before, after) = (Score::new(home, away), Score::new(home.saturating_add(1), away));
            prop_assert!(
                asian_handicap(before, Side::Home, line) <= asian_handicap(after, Side::Home, line)
            );
        }

        #[test]
        fn lines_round_trip(quarters in -1000_i32..=1000) {
            let line = Line::from_quarters(quarters);
            prop_assert_eq!(line.to_string().parse(), Ok(line));
        }
    }
}
