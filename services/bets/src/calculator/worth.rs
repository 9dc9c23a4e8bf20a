//! Slips that are not over: what they are worth.

use super::question::{CashOut, Chances as Asked, OpenLeg};
use super::slip::currency;
use super::{Unanswerable, price, read, wrong};
use bets_domain::settlement::{CashOutLeg, Chances, Margin, cash_out_value};
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

fn leg(asked: &OpenLeg) -> Result<CashOutLeg, Unanswerable> {
    let struck = price("struck", &asked.struck)?;
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
