//! The arithmetic of slips, asked in JSON.
//!
//! Duty: one answer for the command line, the API and the conformance vectors, so that they cannot
//! differ: read a question, hand it to the settlement rules, write exact rationals as text and money
//! as whole minor units. Prohibition: nothing is computed here, and nothing of the book is known.
//!
//! `conformance/README.md` tells every question with its fields.

mod acceptance;
mod life;
mod question;
mod slip;
mod worth;

use bets_domain::SlipOutcome;
use bets_domain::settlement::{
    Fractional, LegResult, OddsFormat, Placing, SettlementRules, SlipTerms, VoidFactor, read_odds,
    split_pro_rata,
};
use bets_domain::{ReckonedSlip, StakeParts, reckon};
use kernel::{Money, Price};
use question::Question;
use serde_json::{Value, json};

/// Why a question has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unanswerable {
    /// It is not one of those that can be asked.
    #[error("not a question: {0}")]
    NotAQuestion(String),
    /// A value in it cannot be.
    #[error("{field}: {reason}")]
    Field {
        /// Which.
        field: &'static str,
        /// Why not.
        reason: String,
    },
}

pub use life::play;

/// A value that cannot be.
fn wrong(field: &'static str) -> impl Fn(String) -> Unanswerable {
    move |reason| Unanswerable::Field { field, reason }
}

/// Reads a value by its text form.
fn read<T: std::str::FromStr<Err: std::fmt::Display>>(
    field: &'static str,
    text: &str,
) -> Result<T, Unanswerable> {
    text.parse()
        .map_err(|error: T::Err| wrong(field)(error.to_string()))
}

/// A price, decimal (`2.5`) or fractional (`6/4`, the winnings for a stake).
fn price(field: &'static str, text: &str) -> Result<Price, Unanswerable> {
    let format = if text.contains('/') {
        OddsFormat::Fractional
    } else {
        OddsFormat::Decimal
    };
    read_odds(text, format).map_err(|error| wrong(field)(error.to_string()))
}

fn rules(number: Option<u32>) -> Result<&'static SettlementRules, Unanswerable> {
    match number {
        None => Ok(SettlementRules::PRESENT),
        Some(number) => SettlementRules::version(number)
            .ok_or_else(|| wrong("rules")(format!("there is no version {number}"))),
    }
}

/// Answers a question.
///
/// # Errors
/// It is none, or a value in it cannot be.
pub fn answer(question: &Value) -> Result<Value, Unanswerable> {
    let question: Question = serde_json::from_value(question.clone())
        .map_err(|error| Unanswerable::NotAQuestion(error.to_string()))?;
    match question {
        Question::Settle(asked) => slip::settle(&asked),
        Question::FreeBet(asked) => slip::free_bet(&asked),
        Question::CashOut(asked) => worth::cash_out(&asked),
        Question::CashOutParts(asked) => worth::cash_out_parts(&asked),
        Question::Lines(asked) => lines(&asked),
        Question::Odds(asked) => odds(&asked),
        Question::Deduction(asked) => deduction(&asked),
        Question::EachWayTerms(asked) => each_way_terms(&asked),
        Question::Line(asked) => slip::line(&asked).map(shown),
        Question::Placing(asked) => Ok(placing(&asked)),
        Question::VoidFactor(asked) => void_factor(&asked),
        Question::Split(asked) => split(&asked),
        Question::Acceptance(asked) => acceptance::acceptance(&asked),
        Question::StakeLimit(asked) => acceptance::stake_limit(&asked),
        Question::Window(asked) => Ok(acceptance::window(&asked)),
        Question::BonusMoney(asked) => bonus_money(&asked),
    }
}

fn shown(result: LegResult) -> Value {
    json!({"result": result.to_string()})
}

/// How a slip ended, in one word.
const fn word(outcome: SlipOutcome) -> &'static str {
    match outcome {
        SlipOutcome::Won => "won",
        SlipOutcome::Lost => "lost",
        SlipOutcome::Void => "void",
        SlipOutcome::PartlyWon => "partly_won",
        SlipOutcome::PartlyLost => "partly_lost",
    }
}

fn lines(asked: &question::Lines) -> Result<Value, Unanswerable> {
    let terms = SlipTerms {
        bet_type: read("type", &asked.r#type)?,
        sizes: slip::sizes(asked.sizes.as_deref())?,
        each_way: asked.each_way,
        rules: SettlementRules::PRESENT,
    };
    let lines = terms.lines(asked.legs);
    let lines = lines.map_err(|error| wrong("legs")(error.to_string()))?;
    Ok(json!({"lines": lines}))
}

fn odds(asked: &question::Odds) -> Result<Value, Unanswerable> {
    let format = match &asked.format {
        Some(name) => read("format", name)?,
        None if asked.price.contains('/') => OddsFormat::Fractional,
        None => OddsFormat::Decimal,
    };
    let at = read_odds(&asked.price, format).map_err(|error| wrong("price")(error.to_string()))?;
    let mut answer = serde_json::Map::new();
    for format in OddsFormat::ALL {
        let exact = match format {
            OddsFormat::Fractional => Fractional::of(at).to_string(),
            OddsFormat::Decimal
            | OddsFormat::American
            | OddsFormat::HongKong
            | OddsFormat::Malay
            | OddsFormat::Indonesian => format.exact(at).to_string(),
        };
        answer.insert(format.as_str().to_owned(), json!(exact));
    }
    let probability = format!("{}/{}", at.denominator(), at.numerator());
    answer.insert("implied_probability".to_owned(), json!(probability));
    Ok(Value::Object(answer))
}

fn deduction(asked: &question::Deduction) -> Result<Value, Unanswerable> {
    let rules = rules(asked.rules)?;
    let withdrawals = slip::withdrawals(&asked.withdrawals)?;
    let struck_at = asked.struck_at.unwrap_or(0);
    let by_row: Vec<u8> = withdrawals
        .iter()
        .map(|gone| rules.deduction_at(gone.price))
        .collect();
    let pence = rules.deduction(struck_at, &withdrawals).pence();
    Ok(json!({"each": by_row, "pence": pence}))
}

fn each_way_terms(asked: &question::EachWayTerms) -> Result<Value, Unanswerable> {
    let terms = rules(asked.rules)?.each_way_terms(asked.runners, asked.handicap);
    Ok(match terms {
        Some(terms) => json!({"places": terms.places, "fraction": terms.fraction.to_string()}),
        None => json!({"places": 0, "fraction": null}),
    })
}

fn placing(asked: &question::Placing) -> Value {
    let at = Placing {
        place: asked.place,
        tied: asked.tied,
    };
    shown(at.among_first(asked.places))
}

fn void_factor(asked: &question::VoidFactor) -> Result<Value, Unanswerable> {
    let factor = match asked.factor.as_str() {
        "0" => VoidFactor::None,
        "1/2" => VoidFactor::Half,
        "1" => VoidFactor::Whole,
        other => return Err(wrong("factor")(format!("{other:?} is not 0, 1/2 or 1"))),
    };
    Ok(shown(LegResult::with_void_factor(asked.won, factor)))
}

fn split(asked: &question::Split) -> Result<Value, Unanswerable> {
    if asked.weights.is_empty() {
        return Err(wrong("weights")("there must be one".to_owned()));
    }
    let amount = Money::from_minor(asked.amount_minor, kernel::Currency::Eur);
    let parts = split_pro_rata(amount, &asked.weights);
    let parts: Vec<i64> = parts.into_iter().map(Money::minor).collect();
    Ok(json!({"parts_minor": parts}))
}

/// More slips than anybody asks about.
const BONUS_SLIPS_MAX: usize = 100;

fn bonus_money(asked: &question::BonusMoney) -> Result<Value, Unanswerable> {
    let eur = |minor| Money::from_minor(minor, kernel::Currency::Eur);
    if asked.amount_minor <= 0 || asked.wagering_times == 0 {
        return Err(wrong("amount_minor")(
            "amount and times are above 0".to_owned(),
        ));
    }
    if asked.slips.len() > BONUS_SLIPS_MAX {
        return Err(wrong("slips")(format!("more than {BONUS_SLIPS_MAX}")));
    }
    let slips: Vec<ReckonedSlip> = asked
        .slips
        .iter()
        .map(|slip| ReckonedSlip {
            stake: StakeParts {
                cash: eur(slip.cash_minor),
                promotional: eur(slip.bonus_minor),
            },
            returned: eur(slip.return_minor),
            is_void: slip.void,
            is_reversed: slip.reversed,
        })
        .collect();
    let most = asked.converted_max_minor.map(eur);
    let told = reckon(eur(asked.amount_minor), asked.wagering_times, most, &slips);
    let told = told.ok_or_else(|| wrong("slips")("a stake is above what there is".to_owned()))?;
    Ok(json!({
        "cash_minor": told.cash_minor,
        "available_minor": told.available_minor,
        "converted_minor": told.converted_minor,
        "house_minor": told.house_minor,
        "wagered_minor": told.wagered_minor,
    }))
}
