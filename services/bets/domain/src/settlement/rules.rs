//! The house's settlement rules: data, by version.
//!
//! Duty: every choice that a house may make differently stands here as a value, and a slip is
//! settled by the version that was in force when it was placed, however much later that is.
//! Prohibition: a version that was ever in force never changes; a change is a new version.
//!
//! What each rule means is told in `docs/house-rules.md`.

use super::bet_type::BetType;

/// One version of the rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettlementRules {
    /// Its number, recorded with every slip.
    pub version: u32,
    /// How an exact return becomes money, once per slip.
    pub rounding: Rounding,
    /// The most that a slip pays, in minor units of its currency; none: no cap at settlement.
    pub payout_max_minor: Option<i64>,
    /// Withdrawals take no more than so many pence in the pound together.
    pub deduction_max_pence: u8,
    /// A total of so many pence or fewer is not taken; 0: everything is.
    pub deduction_waived_pence: u8,
    /// Whether legs at starting price are deducted from as well.
    pub starting_price_deducted: bool,
    /// Deductions by the withdrawn runner's price: the row with the greatest lower bound counts.
    pub deductions: &'static [DeductionRow],
    /// Above this price nothing is deducted.
    pub deduction_free_above: (i64, i64),
    /// Place terms by runners at the off: of the rows that apply, the one with most runners counts.
    pub places: &'static [PlaceRow],
    /// What becomes of the place part where no row applies.
    pub too_few_runners: TooFewRunners,
    /// Bonuses of systems with singles.
    pub bonuses: &'static [Bonus],
    /// From which score an in-play handicap counts.
    pub handicap_in_play: HandicapInPlay,
}

/// How a fraction of a minor unit is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// To the nearest, from the middle to the even one.
    HalfEven,
    /// Down.
    Floor,
}

/// What is taken from winnings for a runner withdrawn at this price or longer, up to the next row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeductionRow {
    /// The shortest price of the row, as a ratio.
    pub from: (i64, i64),
    /// Pence in the pound of winnings.
    pub pence: u8,
}

/// Each-way terms of races with so many runners.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlaceRow {
    /// For handicaps alone.
    pub handicap_only: bool,
    /// With so many runners or more.
    pub runners_min: u16,
    /// So many places are paid.
    pub places: u16,
    /// This part of the winnings: numerator and denominator.
    pub fraction: (u16, u16),
}

/// What becomes of a place part without places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TooFewRunners {
    /// It is void: its stake comes back, and in a multiple its leg counts as one.
    PlacePartVoid,
    /// It rides on the win.
    AllToWin,
}

/// A bonus of one kind of system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bonus {
    /// For this kind.
    pub bet_type: BetType,
    /// By how much the winnings of an only winner grow: 2 doubles them, 1 leaves them.
    pub only_winner_times: u8,
    /// Percent added to the winnings when every leg won.
    pub all_winners_percent: u8,
}

/// From which score a handicap in play counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HandicapInPlay {
    /// Goals before the bet do not count.
    ScoreAtPlacement,
    /// The whole match counts.
    WholeMatch,
}

const fn row(numerator: i64, denominator: i64, pence: u8) -> DeductionRow {
    DeductionRow {
        from: (numerator, denominator),
        pence,
    }
}

/// The usual scale. Bounds are decimal prices as ratios: 2/17 is 19/17.
const DEDUCTIONS: &[DeductionRow] = &[
    row(1, 1, 90),
    row(19, 17, 85),
    row(6, 5, 80),
    row(9, 7, 75),
    row(4, 3, 70),
    row(13, 9, 65),
    row(11, 7, 60),
    row(5, 3, 55),
    row(11, 6, 50),
    row(2, 1, 45),
    row(9, 4, 40),
    row(21, 8, 35),
    row(23, 8, 30),
    row(7, 2, 25),
    row(13, 3, 20),
    row(11, 2, 15),
    row(7, 1, 10),
    row(11, 1, 5),
];

const fn places(handicap_only: bool, runners_min: u16, places: u16, of: u16) -> PlaceRow {
    PlaceRow {
        handicap_only,
        runners_min,
        places,
        fraction: (1, of),
    }
}

const PLACES: &[PlaceRow] = &[
    places(false, 5, 2, 4),
    places(false, 8, 3, 5),
    places(true, 12, 3, 4),
    places(true, 16, 4, 4),
];

const fn bonus(bet_type: BetType, all_winners_percent: u8) -> Bonus {
    Bonus {
        bet_type,
        only_winner_times: 2,
        all_winners_percent,
    }
}

/// Singles and multiples as they were first offered: no caps, nothing but the outcome counts.
const FIRST: SettlementRules = SettlementRules {
    version: 1,
    rounding: Rounding::HalfEven,
    payout_max_minor: None,
    deduction_max_pence: 90,
    deduction_waived_pence: 0,
    starting_price_deducted: false,
    deductions: DEDUCTIONS,
    deduction_free_above: (15, 1),
    places: PLACES,
    too_few_runners: TooFewRunners::PlacePartVoid,
    bonuses: &[],
    handicap_in_play: HandicapInPlay::WholeMatch,
};

/// All kinds of slips, with a cap on what a slip pays.
const ALL_KINDS: SettlementRules = SettlementRules {
    version: 2,
    payout_max_minor: Some(50_000_000),
    handicap_in_play: HandicapInPlay::ScoreAtPlacement,
    ..FIRST
};

/// With bonuses, and small deductions waived.
const WITH_BONUSES: SettlementRules = SettlementRules {
    version: 3,
    deduction_waived_pence: 5,
    bonuses: &[
        bonus(BetType::Lucky15, 10),
        bonus(BetType::Lucky31, 15),
        bonus(BetType::Lucky63, 25),
    ],
    ..ALL_KINDS
};

/// Rounded down, place parts ride on the win in small fields, deductions of 75 at most.
const STRICTER: SettlementRules = SettlementRules {
    version: 4,
    rounding: Rounding::Floor,
    deduction_max_pence: 75,
    too_few_runners: TooFewRunners::AllToWin,
    ..ALL_KINDS
};

impl SettlementRules {
    /// Every version, oldest first.
    pub const ALL: &'static [Self] = &[FIRST, ALL_KINDS, WITH_BONUSES, STRICTER];
    /// The version in which slips are placed unless the house says otherwise.
    pub const PRESENT: &'static Self = &ALL_KINDS;

    /// A version; none: there never was such a one.
    #[must_use]
    pub fn version(number: u32) -> Option<&'static Self> {
        Self::ALL.iter().find(|rules| rules.version == number)
    }

    /// The version that a recorded slip names. A number that nobody knows was written by a newer
    /// program; the present rules are the nearest.
    #[must_use]
    pub fn recorded(number: u32) -> &'static Self {
        Self::version(number).unwrap_or(Self::PRESENT)
    }

    /// The bonus of this kind.
    pub(super) fn bonus(&self, bet_type: BetType) -> Option<&'static Bonus> {
        let bonuses: &'static [Bonus] = self.bonuses;
        bonuses.iter().find(|bonus| bonus.bet_type == bet_type)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_count_from_one_and_each_is_found() {
        for (rules, number) in SettlementRules::ALL.iter().zip(1..) {
            assert_eq!(rules.version, number);
            assert_eq!(SettlementRules::version(number), Some(rules));
        }
        assert_eq!(SettlementRules::version(0), None);
    }

    #[test]
    fn rows_go_from_short_to_long_and_take_ever_less() {
        for rules in SettlementRules::ALL {
            for pair in rules.deductions.windows(2) {
                let (a, b) = (pair[0], pair[1]);
                assert!(a.from.0 * b.from.1 < b.from.0 * a.from.1, "{a:?} {b:?}");
                assert!(a.pence > b.pence);
            }
        }
    }
}
