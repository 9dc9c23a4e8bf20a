//! Deductions for withdrawn runners.
//!
//! Duty: from the runners that were withdrawn after a bet was struck, the pence in the pound that
//! its winnings lose. Prohibition: nothing here knows how a moment is measured: a market's version,
//! which counts every change of its prices, orders bets and withdrawals better than any clock.

use super::leg::{Deduction, TermsError};
use super::rules::SettlementRules;
use kernel::Price;

/// A runner that was taken out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Withdrawal {
    /// When, on the scale of the bets it is compared with.
    pub at: u64,
    /// Its price at that moment.
    pub price: Price,
}

impl SettlementRules {
    /// What is taken for a runner withdrawn at this price, by itself.
    #[must_use]
    pub fn deduction_at(&self, price: Price) -> u8 {
        let reaches = |(numerator, denominator): (i64, i64)| compare(price, numerator, denominator);
        if reaches(self.deduction_free_above).is_gt() {
            return 0;
        }
        let mut from_long = self.deductions.iter().rev();
        let reached = from_long.find(|row| reaches(row.from).is_ge());
        reached.map_or(0, |row| row.pence)
    }

    /// What a bet loses that was struck at `struck_at`. A bet that was struck at the moment of a
    /// withdrawal or later was struck at prices that know of it.
    #[must_use]
    pub fn deduction(&self, struck_at: u64, withdrawals: &[Withdrawal]) -> Deduction {
        let later = withdrawals.iter().filter(|gone| gone.at > struck_at);
        let total = later
            .map(|gone| self.deduction_at(gone.price))
            .fold(0, u8::saturating_add);
        if total <= self.deduction_waived_pence {
            return Deduction::NONE;
        }
        let capped: Result<Deduction, TermsError> =
            Deduction::from_pence(total.min(self.deduction_max_pence));
        capped.unwrap_or(Deduction::MAX)
    }
}

fn compare(price: Price, numerator: i64, denominator: i64) -> std::cmp::Ordering {
    let left = i128::from(price.numerator()).saturating_mul(i128::from(denominator));
    let right = i128::from(numerator).saturating_mul(i128::from(price.denominator()));
    left.cmp(&right)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn price(text: &str) -> Price {
        match text.split_once('/') {
            Some((to, of)) => {
                let (to, of): (i64, i64) = (to.parse().unwrap(), of.parse().unwrap());
                Price::ratio(to + of, of).unwrap()
            }
            None => text.parse().unwrap(),
        }
    }

    fn rules(number: u32) -> &'static SettlementRules {
        SettlementRules::version(number).unwrap()
    }

    #[test]
    fn the_scale_by_both_ends_of_every_row() {
        for (ends, pence) in [
            ("1/20 1/9", 90),
            ("2/17 2/11", 85),
            ("1/5 1/4", 80),
            ("2/7 3/10", 75),
            ("1/3 2/5", 70),
            ("4/9 8/15", 65),
            ("4/7 8/13", 60),
            ("4/6 4/5", 55),
            ("5/6 20/21", 50),
            ("1/1 6/5", 45),
            ("5/4 6/4", 40),
            ("13/8 7/4", 35),
            ("15/8 9/4", 30),
            ("5/2 3/1", 25),
            ("10/3 4/1", 20),
            ("9/2 11/2", 15),
            ("6/1 9/1", 10),
            ("10/1 14/1", 5),
            ("29/2 100/1", 0),
        ] {
            for end in ends.split(' ') {
                assert_eq!(rules(2).deduction_at(price(end)), pence, "{end}");
            }
        }
    }

    #[test]
    fn between_rows_the_one_with_the_greatest_lower_bound_counts() {
        for (decimal, pence) in [("1.26", 80), ("10.5", 10), ("1.115", 90), ("15.01", 0)] {
            assert_eq!(rules(2).deduction_at(price(decimal)), pence, "{decimal}");
        }
    }

    fn gone(at: u64, odds: &str) -> Withdrawal {
        Withdrawal {
            at,
            price: price(odds),
        }
    }

    #[test]
    fn only_withdrawals_after_the_bet_count() {
        let both = [gone(10, "3/1"), gone(20, "6/1")];
        for (struck_at, pence) in [(9, 35), (10, 10), (19, 10), (20, 0), (21, 0)] {
            assert_eq!(
                rules(2).deduction(struck_at, &both).pence(),
                pence,
                "{struck_at}"
            );
        }
    }

    #[test]
    fn many_withdrawals_take_no_more_than_the_cap() {
        let many = [gone(1, "1/1"); 40];
        assert_eq!(rules(2).deduction(0, &many).pence(), 90);
        assert_eq!(rules(4).deduction(0, &many).pence(), 75);
    }

    #[test]
    fn a_small_total_is_waived_where_the_rules_say_so() {
        let small = [gone(1, "12/1")];
        assert_eq!(rules(2).deduction(0, &small).pence(), 5);
        assert_eq!(rules(3).deduction(0, &small).pence(), 0);
        let two = [gone(1, "12/1"), gone(2, "12/1")];
        assert_eq!(rules(3).deduction(0, &two).pence(), 10);
    }
}
