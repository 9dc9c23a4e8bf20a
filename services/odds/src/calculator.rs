//! The arithmetic of prices, asked in JSON.
//!
//! Duty: one answer for the command line, the API and the conformance vectors, so that they cannot
//! differ: read a question, hand it to `odds-domain`, write exact prices as ratios in text, parts
//! and money as whole numbers, and probabilities as numbers. Prohibition: nothing is computed here.
//!
//! `conformance/README.md` tells every question with its fields.

mod goal;
mod question;

use kernel::Price;
use odds_domain::ladder::{self, Ladder};
use odds_domain::margin::{MarginMethod, apply_margin, remove_margin};
use odds_domain::shade::{self, ShadeRule};
use question::Question;
use serde_json::{Value, json};
use std::fmt::Display;

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

/// A value that cannot be.
fn wrong<E: Display>(field: &'static str) -> impl Fn(E) -> Unanswerable {
    move |reason| Unanswerable::Field {
        field,
        reason: reason.to_string(),
    }
}

/// Whether this is a question about prices.
#[must_use]
pub fn knows(question: &Value) -> bool {
    let name = question.get("ask").and_then(Value::as_str);
    name.is_some_and(|name| question::NAMES.contains(&name))
}

/// Answers a question.
///
/// # Errors
/// It is none, or a value in it cannot be.
pub fn answer(question: &Value) -> Result<Value, Unanswerable> {
    let question: Question = serde_json::from_value(question.clone())
        .map_err(|error| Unanswerable::NotAQuestion(error.to_string()))?;
    match question {
        Question::Devig(asked) => devig(&asked),
        Question::Margin(asked) => margin(&asked),
        Question::Ladder(asked) => on_ladder(&asked),
        Question::Exposures(asked) => exposures(&asked),
        Question::Shade(asked) => shaded(&asked),
        Question::Quote(asked) => quoted(&asked),
        Question::Reprice(asked) => repriced(&asked),
        Question::Goals(asked) => goal::goals(&asked),
        Question::GoalMarket(asked) => goal::market(&asked),
        Question::Fit(asked) => goal::fitted(&asked),
    }
}

/// How far a number of ours may be from a vector's.
pub const TOLERANCE: f64 = 1e-9;

/// Whether an answer holds what a vector wants: whole numbers and texts exactly, other numbers
/// within [`TOLERANCE`], every field that the vector names.
#[must_use]
pub fn agrees(wanted: &Value, got: &Value) -> bool {
    match (wanted, got) {
        (Value::Object(wanted), Value::Object(got)) => wanted
            .iter()
            .all(|(field, value)| got.get(field).is_some_and(|found| agrees(value, found))),
        (Value::Array(wanted), Value::Array(got)) => {
            wanted.len() == got.len() && wanted.iter().zip(got).all(|(w, g)| agrees(w, g))
        }
        (Value::Number(wanted), Value::Number(got)) => {
            wanted == got
                || (wanted.is_f64() || got.is_f64()) && near(wanted.as_f64(), got.as_f64())
        }
        (wanted, got) => wanted == got,
    }
}

#[expect(clippy::float_arithmetic, reason = "a distance between floats")]
fn near(wanted: Option<f64>, got: Option<f64>) -> bool {
    wanted
        .zip(got)
        .is_some_and(|(wanted, got)| (wanted - got).abs() <= TOLERANCE)
}

/// A price, decimal (`2.5`) or the winnings for a stake (`6/4` is 2.5).
fn price(text: &str) -> Result<Price, Unanswerable> {
    let Some((winnings, stake)) = text.split_once('/') else {
        return text.parse().map_err(wrong::<kernel::PriceError>("price"));
    };
    let number = |text: &str| text.parse::<i64>().ok().filter(|number| *number > 0);
    let (winnings, stake) = number(winnings)
        .zip(number(stake))
        .ok_or_else(|| wrong("price")(format!("{text:?} is no fraction of whole numbers")))?;
    Price::ratio(winnings.saturating_add(stake), stake).map_err(wrong("price"))
}

fn prices(texts: &[String]) -> Result<Vec<Price>, Unanswerable> {
    texts.iter().map(|text| price(text)).collect()
}

/// A price as an exact ratio.
fn ratio(price: Price) -> String {
    match price.denominator() {
        1 => price.numerator().to_string(),
        lower => format!("{}/{lower}", price.numerator()),
    }
}

fn ratios(prices: &[Option<Price>]) -> Value {
    prices.iter().map(|price| price.map(ratio)).collect()
}

fn method(name: &str) -> Result<MarginMethod, Unanswerable> {
    name.parse()
        .map_err(wrong::<odds_domain::margin::MarginError>("method"))
}

fn ladder_of(name: &str) -> Result<Ladder, Unanswerable> {
    name.parse()
        .map_err(wrong::<ladder::UnknownLadder>("ladder"))
}

fn devig(asked: &question::Devig) -> Result<Value, Unanswerable> {
    let prices: Vec<f64> = prices(&asked.prices)?
        .into_iter()
        .map(ladder::as_float)
        .collect();
    let book = remove_margin(method(&asked.method)?, &prices).map_err(wrong("prices"))?;
    Ok(json!({
        "probabilities": book.probabilities,
        "parameter": book.parameter,
        "booksum": book.booksum,
        "improper": book.improper().collect::<Vec<_>>(),
    }))
}

fn margin(asked: &question::Margin) -> Result<Value, Unanswerable> {
    let book = apply_margin(method(&asked.method)?, &asked.probabilities, asked.booksum)
        .map_err(wrong("probabilities"))?;
    let ladder = ladder_of(asked.ladder.as_deref().unwrap_or("hundredths"))?;
    let offered = ladder.book(&book.prices).map_err(wrong("booksum"))?;
    let on_ladder: Vec<Option<Price>> = offered.prices.into_iter().map(Some).collect();
    Ok(json!({
        "prices": book.prices,
        "parameter": book.parameter,
        "booksum": book.booksum,
        "offered": ratios(&on_ladder),
        "offered_booksum": offered.booksum,
    }))
}

fn on_ladder(asked: &question::OnLadder) -> Result<Value, Unanswerable> {
    let ladder = ladder_of(&asked.ladder)?;
    let Some(text) = &asked.price else {
        let rungs: Vec<Option<Price>> = ladder.prices().into_iter().map(Some).collect();
        return Ok(json!({"count": rungs.len(), "rungs": ratios(&rungs)}));
    };
    let price = price(text)?;
    Ok(json!({
        "down": ladder.down(price).map(ratio),
        "up": ladder.up(price).map(ratio),
        "nearest": ratio(ladder.nearest(price)),
    }))
}

fn exposures(asked: &question::Exposures) -> Result<Value, Unanswerable> {
    if asked.stakes_minor.len() != asked.returns_minor.len() {
        return Err(wrong("returns_minor")("one for each stake"));
    }
    let exposures = shade::exposures(&asked.stakes_minor, &asked.returns_minor);
    Ok(json!({"exposures_minor": exposures}))
}

const fn rule(asked: &question::Rule) -> ShadeRule {
    ShadeRule {
        kappa_permille: asked.kappa_permille,
        limit_minor: asked.limit_minor,
        clamp_ppm: asked.clamp_ppm,
        booksum_least_ppm: asked.booksum_least_ppm,
    }
}

fn shaded(asked: &question::Shade) -> Result<Value, Unanswerable> {
    let parts = shade::shade(
        &asked.fair_parts,
        &asked.exposures_minor,
        &rule(&asked.rule),
    )
    .map_err(wrong("fair_parts"))?;
    Ok(json!({"parts": parts}))
}

fn quoted(asked: &question::Quote) -> Result<Value, Unanswerable> {
    let ladder = ladder_of(&asked.ladder)?;
    let prices =
        shade::quote(&asked.parts, asked.booksum_ppm, ladder).map_err(wrong("booksum_ppm"))?;
    Ok(json!({"prices": ratios(&prices)}))
}

fn repriced(asked: &question::Reprice) -> Result<Value, Unanswerable> {
    let prices = prices(&asked.prices)?;
    let ladder = ladder_of(&asked.ladder)?;
    let leaning = shade::reprice(&prices, &asked.exposures_minor, &rule(&asked.rule), ladder)
        .map_err(wrong("exposures_minor"))?;
    Ok(json!({
        "fair_parts": shade::fair_parts(&prices),
        "booksum_ppm": shade::booksum_ppm(&prices),
        "prices": ratios(&leaning),
    }))
}

#[cfg(test)]
mod tests;
