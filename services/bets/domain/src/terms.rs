//! What is agreed on a leg besides its price, and what a result makes of it.
//!
//! Duty: fix at placement what later depends on it (the score, the place terms, whether the price
//! is the starting price), and turn a market's result into what became of such a leg. Prohibition:
//! what a result does not tell is not guessed: the leg stays open.

use crate::market::ResultInForce;
use crate::settlement::{
    Deduction, EachWayTerms, LegResult, LineTerms, PlacePart, PlaceTerms, SettledLeg,
    SettlementRules, SlipTerms,
};
use crate::slip::{DecidedLeg, SlipLeg, StruckLeg};
use kernel::{Money, Price};

/// What is agreed on a leg besides its price.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LegTerms {
    /// Whether it is settled at the starting price.
    pub starting_price: bool,
    /// Of a race, what the place terms depend on.
    pub race: Option<Race>,
    /// Of a handicap in play, the line and the score from which it counts.
    pub line: Option<LineTerms>,
}

/// A race as it stood at placement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Race {
    /// How many were to run.
    pub runners: u16,
    /// Whether it is a handicap.
    pub handicap: bool,
    /// Place terms that do not depend on the runners at the off.
    pub fixed: Option<EachWayTerms>,
}

/// What a slip is agreed on besides what every slip is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlipTermsFixed {
    /// What is staked on one line.
    pub unit_stake: Money,
    /// Of a system, the sizes of its lines.
    pub sizes: Option<crate::settlement::Sizes>,
    /// The most that the slip pays, by the rules in force.
    pub payout_max: Option<Money>,
    /// For each leg, in their order.
    pub legs: Vec<LegTerms>,
}

impl Race {
    /// The terms by what is known now; none: win only.
    #[must_use]
    pub fn terms(&self, rules: &SettlementRules) -> Option<EachWayTerms> {
        self.fixed
            .or_else(|| rules.each_way_terms(self.runners, self.handicap))
    }

    fn best_fraction(&self, rules: &SettlementRules) -> PlaceTerms {
        self.fixed.map_or_else(
            || rules.best_fraction(self.runners, self.handicap),
            |terms| terms.fraction,
        )
    }
}

impl LegTerms {
    /// Whether nothing is agreed but the price.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }

    /// The leg as a winner, at the most that it can pay.
    pub(crate) fn at_best(&self, price: Price, rules: &SettlementRules) -> SettledLeg {
        let price = if self.starting_price {
            may_start_at(price)
        } else {
            price
        };
        SettledLeg {
            place: Some(PlacePart {
                result: LegResult::Won,
                fraction: self
                    .race
                    .map_or(PlaceTerms::WHOLE, |race| race.best_fraction(rules)),
            }),
            ..SettledLeg::plain(price, LegResult::Won)
        }
    }
}

/// Nobody knows the starting price before the start. The risk is reckoned at twice the winnings of
/// the price on the board.
fn may_start_at(board: Price) -> Price {
    let winnings = board.numerator().saturating_sub(board.denominator());
    let doubled = winnings
        .saturating_mul(2)
        .saturating_add(board.denominator());
    Price::ratio(doubled, board.denominator()).unwrap_or(board)
}

/// What became of a leg by a result; none: the result does not tell all that its settlement needs.
pub(crate) fn decided(
    result: &ResultInForce,
    leg: &SlipLeg,
    slip: SlipTerms,
) -> Option<DecidedLeg> {
    let told = *result.outcomes.get(&leg.struck.selection)?;
    let outcome = by_score(result, leg, told, slip.rules)?;
    let starting_price = starting_price(result, leg, outcome)?;
    let place = if slip.each_way {
        Some(place_part(result, leg, outcome, slip.rules)?)
    } else {
        None
    };
    Some(DecidedLeg {
        result: result.number,
        outcome,
        place,
        deduction: deduction(result, &leg.struck, &leg.terms, slip.rules),
        starting_price,
    })
}

/// A handicap in play is judged by the goals after the bet, unless its market is void. (A market
/// whose line the whole match has met exactly looks void and is not.)
fn by_score(
    result: &ResultInForce,
    leg: &SlipLeg,
    told: LegResult,
    rules: &SettlementRules,
) -> Option<LegResult> {
    let Some(line) = leg.terms.line else {
        return Some(told);
    };
    let end = result.detail.score?;
    let whole_match = LineTerms {
        placed_at: None,
        ..line
    };
    let is_void = told == LegResult::Void && whole_match.result(end, rules) != LegResult::Void;
    Some(if is_void {
        LegResult::Void
    } else {
        line.result(end, rules)
    })
}

/// Outer none: it is missing. A leg that pays no winnings needs none.
fn starting_price(
    result: &ResultInForce,
    leg: &SlipLeg,
    outcome: LegResult,
) -> Option<Option<Price>> {
    if !leg.terms.starting_price {
        return Some(None);
    }
    let known = result.detail.starting_prices.get(&leg.struck.selection);
    match (known, outcome) {
        (Some(price), _) => Some(Some(*price)),
        (None, LegResult::Void) => Some(None),
        (
            None,
            LegResult::Won
            | LegResult::Lost
            | LegResult::HalfWon
            | LegResult::HalfLost
            | LegResult::DeadHeat { .. },
        ) => None,
    }
}

fn place_part(
    result: &ResultInForce,
    leg: &SlipLeg,
    outcome: LegResult,
    rules: &SettlementRules,
) -> Option<PlacePart> {
    let race = leg.terms.race?;
    let terms = race.fixed.or_else(|| {
        let runners = result.detail.runners.unwrap_or(race.runners);
        rules.each_way_terms(runners, race.handicap)
    });
    let placings = &result.detail.placings;
    if terms.is_some() && placings.is_empty() && outcome != LegResult::Void {
        return None;
    }
    let placing = placings.get(&leg.struck.selection).copied();
    Some(rules.place_part(terms, outcome, placing))
}

fn deduction(
    result: &ResultInForce,
    struck: &StruckLeg,
    terms: &LegTerms,
    rules: &SettlementRules,
) -> Deduction {
    if terms.starting_price && !rules.starting_price_deducted {
        return Deduction::NONE;
    }
    rules.deduction(struck.market_version, &result.detail.withdrawals)
}
