//! Slips that are not over: what they are worth.

use super::question::{CashOut, CashOutParts, Chances as Asked, OpenLeg};
use super::slip::currency;
use super::{Unanswerable, price, read, wrong};
use bets_domain::settlement::{
    BetType, CashOutLeg, Chances, Margin, SettledLeg, SlipTerms, booksum_billionths,
    cash_out_value, stake_sold,
};
use kernel::Money;
use serde_json::{Value, json};

pub(super) fn cash_out(asked: &CashOut) -> Result<Value, Unanswerable> {
    let stake = Money::from_minor(asked.stake_minor, currency(asked.currency.as_deref())?);
    if !stake.is_positive() {
        return Err(wrong("stake_minor")("a stake is above 0".to_owned()));
    }
    let legs: Result<Vec<CashOutLeg>, Unanswerable> = asked.legs.iter().map(leg).collect();
    let margin: Margin = read("margin", asked.margin.as_deref().unwrap_or("0"))?;
    let fraction: Margin = read("fraction", asked.fraction.as_deref().unwrap_or("1"))?;
    let value = cash_out_value(stake, &legs?, &margin, &fraction);
    let value = value.map_err(|error| wrong("stake_minor")(error.to_string()))?;
    Ok(json!({
        "fair": value.fair.to_string(),
        "exact": value.exact.to_string(),
        "offer_minor": value.offer.minor(),
    }))
}

/// Every part is rounded by itself, and what is left is settled as it stands.
pub(super) fn cash_out_parts(asked: &CashOutParts) -> Result<Value, Unanswerable> {
    let mut left = Money::from_minor(asked.stake_minor, currency(asked.currency.as_deref())?);
    if !left.is_positive() {
        return Err(wrong("stake_minor")("a stake is above 0".to_owned()));
    }
    let legs: Result<Vec<CashOutLeg>, Unanswerable> = asked.legs.iter().map(leg).collect();
    let legs = legs?;
    let margin: Margin = read("margin", asked.margin.as_deref().unwrap_or("0"))?;
    let whole: Margin = read("fraction", "1")?;
    let mut sold = vec![];
    for text in &asked.parts {
        let part: Margin = read("parts", text)?;
        let too_large = |error: kernel::MoneyError| wrong("parts")(error.to_string());
        let stake = stake_sold(left, &part.into_part()).map_err(too_large)?;
        let value = cash_out_value(stake, &legs, &margin, &whole).map_err(too_large)?;
        left = left.checked_sub(stake).map_err(too_large)?;
        sold.push(json!({
            "stake_minor": stake.minor(),
            "exact": value.exact.to_string(),
            "amount_minor": value.offer.minor(),
            "stake_left_minor": left.minor(),
        }));
    }
    let mut answer = json!({"sold": sold, "stake_left_minor": left.minor()});
    if let Some(object) = answer.as_object_mut()
        && !asked.results.is_empty()
    {
        object.insert("returned_minor".to_owned(), json!(returned(asked, left)?));
    }
    Ok(answer)
}

/// What the rest of the stake returns.
fn returned(asked: &CashOutParts, left: Money) -> Result<i64, Unanswerable> {
    if asked.results.len() != asked.legs.len() {
        return Err(wrong("results")(
            "one result for each leg is expected".to_owned(),
        ));
    }
    if !left.is_positive() {
        return Ok(0);
    }
    let settled = asked.legs.iter().zip(&asked.results).map(|(leg, result)| {
        let struck = price("struck", &leg.struck)?;
        Ok(SettledLeg::plain(struck, read("results", result)?))
    });
    let settled: Result<Vec<SettledLeg>, Unanswerable> = settled.collect();
    let settled = settled?;
    let bet_type = if settled.len() == 1 {
        BetType::Single
    } else {
        BetType::Accumulator
    };
    let payout = SlipTerms::of(bet_type).settle(left, &settled);
    let payout = payout.map_err(|error| wrong("legs")(error.to_string()))?;
    Ok(payout.returned.minor())
}

fn leg(asked: &OpenLeg) -> Result<CashOutLeg, Unanswerable> {
    let struck = price("struck", &asked.struck)?;
    let book: Result<Vec<kernel::Price>, Unanswerable> =
        asked.book.iter().map(|text| price("book", text)).collect();
    let book = book?;
    if !book.is_empty() {
        let (None, Some(live), None) = (&asked.result, &asked.live, &asked.chances) else {
            let text = "a book belongs to a live price that stands in it";
            return Err(wrong("legs")(text.to_owned()));
        };
        let live = price("live", live)?;
        if !book.contains(&live) {
            return Err(wrong("book")("the live price is not in it".to_owned()));
        }
        return Ok(CashOutLeg::InBook {
            struck,
            live,
            booksum_billionths: booksum_billionths(book),
        });
    }
    match (&asked.result, &asked.live, &asked.chances) {
        (Some(code), None, None) => Ok(CashOutLeg::from((struck, read("result", code)?))),
        (None, Some(live), None) => Ok(CashOutLeg::Open {
            struck,
            live: price("live", live)?,
        }),
        (None, None, Some(asked)) => Ok(CashOutLeg::Chances {
            struck,
            chances: Box::new(chances(asked)?),
        }),
        (Some(_) | None, Some(_) | None, Some(_) | None) => Err(wrong("legs")(
            "a leg has one of result, live and chances".to_owned(),
        )),
    }
}

fn chances(asked: &Asked) -> Result<Chances, Unanswerable> {
    let part = |text: &Option<String>| {
        let part: Margin = read("chances", text.as_deref().unwrap_or("0"))?;
        Ok::<_, Unanswerable>(part.into_part())
    };
    let chances = Chances {
        won: part(&asked.won)?,
        half_won: part(&asked.half_won)?,
        refunded: part(&asked.refunded)?,
        half_lost: part(&asked.half_lost)?,
    };
    chances
        .checked()
        .map_err(|error| wrong("chances")(error.to_string()))
}
