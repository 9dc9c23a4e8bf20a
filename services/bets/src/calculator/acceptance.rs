//! Whether a slip is taken: price policies, the largest stake, cancelled stretches of time.
//!
//! Duty: ask the domain what a policy covers and write the answer as placement would. Prohibition:
//! nothing of the book is known; prices and limits stand in the question.

use super::question::{Acceptance, StakeLimit, Window};
use super::{Unanswerable, price, wrong};
use bets_domain::PricePolicy;
use bets_domain::settlement::OddsFormat;
use serde_json::{Value, json};

pub(super) fn policy(name: &str) -> Result<PricePolicy, Unanswerable> {
    match name {
        "exact" => Ok(PricePolicy::Exact),
        "better" => Ok(PricePolicy::Better),
        "any" => Ok(PricePolicy::Any),
        other => {
            let reason = format!("{other:?} is not exact, better or any");
            Err(wrong("policy")(reason))
        }
    }
}

/// Every leg must be covered by the policy; a line that has changed is another bet, whatever the
/// policy.
pub(super) fn acceptance(asked: &Acceptance) -> Result<Value, Unanswerable> {
    let policy = policy(&asked.policy)?;
    if asked.legs.is_empty() {
        return Err(wrong("legs")("there must be one".to_owned()));
    }
    let mut struck = Vec::with_capacity(asked.legs.len());
    let mut offered = Vec::new();
    let mut line_changed = false;
    for leg in &asked.legs {
        let requested = price("requested", &leg.requested)?;
        let current = price("current", &leg.current)?;
        let exact = OddsFormat::Decimal.exact(current).to_string();
        line_changed |= leg.requested_line != leg.current_line;
        if !policy.covers(requested, current) {
            offered.push(exact.clone());
        }
        struck.push(exact);
    }
    let accepted = offered.is_empty() && !line_changed;
    Ok(json!({
        "accepted": accepted,
        "struck": if accepted { json!(struck) } else { Value::Null },
        "offered": offered,
        "line_changed": line_changed,
    }))
}

/// Winnings divided by the price less one, cut down; then the lowest of all that limits it.
pub(super) fn stake_limit(asked: &StakeLimit) -> Result<Value, Unanswerable> {
    let at = price("price", &asked.price)?;
    if asked.winnings_max_minor < 0 {
        return Err(wrong("winnings_max_minor")(
            "it is less than nothing".to_owned(),
        ));
    }
    let permille = i128::from(asked.customer_permille.unwrap_or(1_000));
    let (top, bottom) = (i128::from(at.numerator()), i128::from(at.denominator()));
    let winnings = i128::from(asked.winnings_max_minor);
    let by_winnings = winnings
        .checked_mul(bottom)
        .and_then(|scaled| scaled.checked_div(top.saturating_sub(bottom)))
        .ok_or_else(|| wrong("price")("it pays no winnings".to_owned()))?;
    let by_customer = by_winnings
        .saturating_mul(permille)
        .checked_div(1_000)
        .unwrap_or(0);
    let by_market = asked.market_max_minor.map_or(i128::MAX, i128::from);
    let most = by_customer.min(by_market).max(0);
    Ok(json!({
        "by_winnings_minor": shown(by_winnings),
        "maximum_minor": shown(most),
    }))
}

fn shown(minor: i128) -> i64 {
    i64::try_from(minor).unwrap_or(i64::MAX)
}

pub(super) fn window(asked: &Window) -> Value {
    let inside = asked.from.is_none_or(|from| from <= asked.at)
        && asked.until.is_none_or(|until| asked.at <= until);
    json!({"void": inside})
}
