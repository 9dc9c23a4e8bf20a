//! Slips that are over: results of legs, and what the whole returns.

use super::question::{self, Settle};
use super::{Unanswerable, price, read, rules, wrong};
use bets_domain::settlement::{
    Deduction, EachWayTerms, LegResult, LineSide, LineTerms, Payout, PlacePart, PlaceTerms,
    Placing, Score, SettledLeg, SettlementRules, Sizes, SlipTerms, TokenStake, Withdrawal,
    token_return,
};
use kernel::{Currency, Money};
use serde_json::{Value, json};

pub(super) fn sizes(text: Option<&str>) -> Result<Option<Sizes>, Unanswerable> {
    text.map(|text| read("sizes", text)).transpose()
}

pub(super) fn currency(code: Option<&str>) -> Result<Currency, Unanswerable> {
    code.map_or(Ok(Currency::Eur), |code| read("currency", code))
}

pub(super) fn withdrawals(asked: &[question::Withdrawal]) -> Result<Vec<Withdrawal>, Unanswerable> {
    asked
        .iter()
        .map(|gone| {
            Ok(Withdrawal {
                at: gone.at,
                price: price("withdrawals", &gone.price)?,
            })
        })
        .collect()
}

pub(super) fn settle(asked: &Settle) -> Result<Value, Unanswerable> {
    let (payout, _) = payout(asked)?;
    Ok(json!({
        "stake_minor": payout.stake.minor(),
        "return_minor": payout.returned.minor(),
        "exact": payout.exact.to_string(),
        "lines": payout.lines,
        "win": payout.win.to_string(),
        "place": payout.place.to_string(),
        "bonus": payout.bonus.to_string(),
        "capped_at_minor": payout.capped_at.map(Money::minor),
    }))
}

pub(super) fn free_bet(asked: &question::FreeBet) -> Result<Value, Unanswerable> {
    let (payout, legs) = payout(&asked.slip)?;
    if asked.token_minor <= 0 {
        return Err(wrong("token_minor")("a token is above 0".to_owned()));
    }
    let token = Money::from_minor(asked.token_minor, payout.stake.currency());
    let overflow = |error: kernel::MoneyError| wrong("token_minor")(error.to_string());
    let parts = TokenStake::new(token, payout.stake).map_err(overflow)?;
    let void = |leg: &SettledLeg| {
        let place_void = leg.place.is_none_or(|part| part.result == LegResult::Void);
        leg.result == LegResult::Void && place_void
    };
    let returned = token_return(&payout, parts, legs.iter().all(void)).map_err(overflow)?;
    Ok(json!({
        "token_used_minor": parts.token.minor(),
        "cash_used_minor": parts.cash.minor(),
        "forfeited_minor": parts.forfeited.minor(),
        "return_minor": returned.returned.minor(),
        "exact": returned.exact.to_string(),
        "token_back": returned.token_back,
    }))
}

/// More legs than any slip has are not even read.
const LEGS_MAX: usize = 100;

fn payout(asked: &Settle) -> Result<(Payout, Vec<SettledLeg>), Unanswerable> {
    if asked.legs.len() > LEGS_MAX {
        return Err(wrong("legs")(format!("more than {LEGS_MAX}")));
    }
    if asked.unit_stake_minor <= 0 {
        return Err(wrong("unit_stake_minor")("a stake is above 0".to_owned()));
    }
    let terms = SlipTerms {
        bet_type: read("type", &asked.r#type)?,
        sizes: sizes(asked.sizes.as_deref())?,
        each_way: asked.each_way,
        rules: rules(asked.rules)?,
    };
    let unit = Money::from_minor(asked.unit_stake_minor, currency(asked.currency.as_deref())?);
    let legs: Result<Vec<SettledLeg>, Unanswerable> = asked
        .legs
        .iter()
        .map(|asked| leg(asked, terms.rules))
        .collect();
    let legs = legs?;
    let payout = terms.settle(unit, &legs);
    let payout = payout.map_err(|error| wrong("legs")(error.to_string()))?;
    Ok((payout, legs))
}

fn leg(asked: &question::Leg, rules: &SettlementRules) -> Result<SettledLeg, Unanswerable> {
    let result = result(asked, rules)?;
    let told = asked.place.as_ref().map(|part| {
        Ok(PlacePart {
            result: LegResult::from_place_code(&part.result)
                .map_err(|error| wrong("place")(error.to_string()))?,
            fraction: read("place", &part.fraction)?,
        })
    });
    let place = match (told.transpose()?, &asked.race) {
        (Some(told), _) => Some(told),
        (None, Some(race)) => Some(rules.place_part(terms(race, rules)?, result, placing(race))),
        (None, None) => None,
    };
    Ok(SettledLeg {
        price: price("price", &asked.price)?,
        result,
        place,
        deduction: deduction(asked, rules)?,
    })
}

fn result(asked: &question::Leg, rules: &SettlementRules) -> Result<LegResult, Unanswerable> {
    match (&asked.result, &asked.race, &asked.line) {
        (Some(code), _, None) => read("result", code),
        (None, Some(race), None) => Ok(match placing(race) {
            _ if race.ran == Some(false) => LegResult::Void,
            Some(at) => at.among_first(1),
            None => LegResult::Lost,
        }),
        (None, None, Some(asked)) => by_line(asked, rules),
        (None, None, None) | (Some(_) | None, _, Some(_)) => Err(wrong("result")(
            "a leg has a result, or a race, or a line".to_owned(),
        )),
    }
}

fn placing(race: &question::Race) -> Option<Placing> {
    race.place.map(|place| Placing {
        place,
        tied: race.tied.unwrap_or(1),
    })
}

fn terms(
    race: &question::Race,
    rules: &SettlementRules,
) -> Result<Option<EachWayTerms>, Unanswerable> {
    match (race.fixed_places, &race.fixed_fraction) {
        (Some(places), Some(fraction)) => Ok(Some(EachWayTerms {
            places,
            fraction: read::<PlaceTerms>("fixed_fraction", fraction)?,
        })),
        (None, None) => Ok(rules.each_way_terms(race.runners, race.handicap)),
        (Some(_), None) | (None, Some(_)) => Err(wrong("race")(
            "fixed_places and fixed_fraction come together".to_owned(),
        )),
    }
}

fn deduction(asked: &question::Leg, rules: &SettlementRules) -> Result<Deduction, Unanswerable> {
    let withdrawn = withdrawals(&asked.withdrawals)?;
    if asked.starting_price && !rules.starting_price_deducted {
        return Ok(Deduction::NONE);
    }
    match asked.deduction {
        Some(pence) => {
            Deduction::from_pence(pence).map_err(|error| wrong("deduction")(error.to_string()))
        }
        None => Ok(rules.deduction(asked.struck_at.unwrap_or(0), &withdrawn)),
    }
}

/// What a score makes of a line.
pub(super) fn line(asked: &question::Line) -> Result<LegResult, Unanswerable> {
    by_line(asked, rules(asked.rules)?)
}

fn by_line(asked: &question::Line, rules: &SettlementRules) -> Result<LegResult, Unanswerable> {
    let side = match asked.side.as_str() {
        "home" => LineSide::Home,
        "away" => LineSide::Away,
        "over" => LineSide::Over,
        "under" => LineSide::Under,
        other => {
            return Err(wrong("side")(format!(
                "{other:?} is not home, away, over or under"
            )));
        }
    };
    let placed_at = asked.placed_at.as_deref().map(score).transpose()?;
    let terms = LineTerms {
        side,
        quarters: quarters(&asked.line)?,
        placed_at,
    };
    Ok(terms.result(score(&asked.score)?, rules))
}

fn score(text: &str) -> Result<Score, Unanswerable> {
    let read = text
        .split_once('-')
        .and_then(|(home, away)| Some((home.parse().ok()?, away.parse().ok()?)));
    let (home, away) = read.ok_or_else(|| wrong("score")(format!("{text:?} is not like 2-1")))?;
    Ok(Score { home, away })
}

/// A line in goals, as quarters: "-0.75" is -3.
fn quarters(text: &str) -> Result<i32, Unanswerable> {
    let refused = || wrong("line")(format!("{text:?} is not a line in quarters such as -0.75"));
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let quarters = match fraction.trim_end_matches('0') {
        "" => 0,
        "25" => 1,
        "5" => 2,
        "75" => 3,
        _ => return Err(refused()),
    };
    let whole: u16 = whole.parse().map_err(|_| refused())?;
    let size = i32::from(whole).saturating_mul(4).saturating_add(quarters);
    Ok(if text.starts_with('-') {
        size.saturating_neg()
    } else {
        size
    })
}
