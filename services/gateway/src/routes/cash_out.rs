//! Selling a bet back before its end.
//!
//! Duty: the shape of a quote's request and of its acceptance, the wait for the in-play delay, and
//! one rendering for first and repeated answers. Prohibition: no amount is worked out here and no
//! market is looked at; bets does that, on the record.

use crate::answers::{json_response, mark_replayed};
use crate::app::App;
use crate::asking::{self, Answer, Request};
use crate::ending::{self, Last, Looked};
use crate::errors::Code;
use crate::extract::{ApiJson, ApiPath, Caller, Fields, idempotency_key, prefer_wait};
use crate::positions::Token;
use crate::problem::Problem;
use crate::routes::bets::picture_of;
use crate::shapes::{money, time};
use crate::{events, refusals, views};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use kernel::{BetId, CashOutQuoteId, Position, SelectionId, Timestamp, Topic, TopicPartition};
use schemas::Decision;
use schemas::bets::{
    CashOut, CashOutQuoted, CashOutWorth, CashedOut, Command, Event, QuoteCashOut, Rejection,
};
use schemas::rows::{CashOutStatusRow, table};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// All of a stake.
const WHOLE_MILLIONTHS: u32 = 1_000_000;
/// Between two looks at a sale that waits for its delay.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// The body of a sale.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SaleBody {
    quote_id: String,
    /// How much of what is still staked; left out: all of it.
    #[serde(default)]
    fraction: Option<String>,
}

/// POST /v1/bets/{id}/cash-out/quotes
pub(crate) async fn quote(
    State(app): State<App>,
    caller: Caller,
    ApiPath(bet): ApiPath<BetId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let customer = caller.subject.customer;
    let quote = CashOutQuoteId::from_bytes(app.mint.id(customer.partition()));
    let key = match idempotency_key(&headers) {
        Ok(key) => key.to_owned(),
        // Whoever names no intention has a new one each time.
        Err(problem) if problem.code() == Code::IdempotencyKeyMissing => quote.to_string(),
        Err(problem) => return Err(problem),
    };
    let selections = own_selections(&app, &caller, bet).await?;
    let request = request(&caller, &route(bet, "/quotes"), &key, &json!({}));
    let ask = || {
        Ok(Command::QuoteCashOut(QuoteCashOut {
            bet,
            customer,
            quote,
            selections,
        }))
    };
    let answer = asking::ask(&app, request, ask).await?;
    if let Some(refused) = refusals::rejection_of(&answer.decision, answer.replayed) {
        return Err(refused);
    }
    let quoted = events::of_bets(&answer.decision).iter().find_map(quoted);
    let quoted = quoted.ok_or_else(|| Problem::new(Code::OutcomeUnknown))?;
    let shown = quote_json(quoted, answer.decision.position);
    let mut response = json_response(StatusCode::CREATED, &shown);
    mark_replayed(&mut response, answer.replayed);
    Ok(response)
}

/// POST /v1/bets/{id}/cash-out
pub(crate) async fn sell(
    State(app): State<App>,
    caller: Caller,
    ApiPath(bet): ApiPath<BetId>,
    headers: HeaderMap,
    ApiJson(body): ApiJson<SaleBody>,
) -> Result<Response, Problem> {
    let key = idempotency_key(&headers)?;
    let wait = prefer_wait(&headers).map_or(app.config.wait_default, |wait| {
        wait.min(app.config.wait_max)
    });
    let (quote, fraction_millionths) = body.checked()?;
    let customer = caller.subject.customer;
    let selections = own_selections(&app, &caller, bet).await?;
    let content = json!({"quote_id": quote.to_string(), "fraction": fraction_millionths});
    let request = request(&caller, &route(bet, ""), key, &content);
    let until = asking::until(wait);
    let deadline = asking::until(app.config.deadline).max(until);
    let ask = || {
        Ok(Command::CashOut(CashOut {
            bet,
            customer,
            quote,
            fraction_millionths,
            selections,
        }))
    };
    let answer = asking::ask(&app, request, ask).await?;
    if let Some(refused) = refusals::rejection_of(&answer.decision, answer.replayed) {
        return Err(refused);
    }
    let Answer {
        decision, replayed, ..
    } = answer;
    let last = match end_in(&decision, quote) {
        Some(_) => Last::Final(Arc::clone(&decision)),
        None => timeout_at(deadline, looked_up(&app, quote, until))
            .await
            .unwrap_or_else(|_| Err(Problem::new(Code::LogUnavailable)))?,
    };
    render(&decision, bet, quote, &last, replayed)
}

impl SaleBody {
    fn checked(self) -> Result<(CashOutQuoteId, u32), Problem> {
        let mut fields = Fields::default();
        let quote = fields.parse("/quote_id", &self.quote_id);
        let fraction = match &self.fraction {
            None => Some(WHOLE_MILLIONTHS),
            Some(text) => fraction_of(text),
        };
        if fraction.is_none() {
            let expected = "a part of one with at most six decimals, such as \"0.25\", is expected";
            fields.wrong("/fraction", expected);
        }
        fields.finish(quote.zip(fraction))
    }
}

/// Above 0 and at most 1, with at most six decimals.
fn fraction_of(text: &str) -> Option<u32> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(decimals) || decimals.len() > 6 || whole.len() > 1 {
        return None;
    }
    let millionths: u32 = format!("{whole}{decimals:0<6}").parse().ok()?;
    (1..=WHOLE_MILLIONTHS)
        .contains(&millionths)
        .then_some(millionths)
}

fn route(bet: BetId, rest: &str) -> String {
    format!("POST /v1/bets/{bet}/cash-out{rest}")
}

fn request(caller: &Caller, route: &str, key: &str, content: &Value) -> Request {
    let customer = caller.subject.customer;
    Request {
        id: asking::request_id(customer, route, key),
        digest: asking::digest(content),
        correlation: caller.correlation(),
        inbox: Topic::BetsCommands,
        journal: Topic::BetsEvents,
        partition: customer.partition(),
    }
}

/// The selections of a bet, so that its owner can look at their books. Somebody else's bet does not
/// exist here; one that was placed a moment ago may not be in the view yet.
async fn own_selections(
    app: &App,
    caller: &Caller,
    bet: BetId,
) -> Result<Vec<SelectionId>, Problem> {
    let customer = caller.subject.customer;
    let mut found = picture_of(app, bet).await?;
    if found.is_none() {
        let seen = app.hub.seen(Topic::BetsEvents, Some(customer.partition()));
        views::wait_for(app, &seen).await?;
        found = picture_of(app, bet).await?;
    }
    let own = found.filter(|(owner, _)| *owner == customer);
    let (_, picture) = own.ok_or_else(|| Problem::new(Code::NotFound))?;
    Ok(picture.selections())
}

fn quoted(event: &Event) -> Option<&CashOutQuoted> {
    if let Event::CashOutQuoted(quoted) = event {
        Some(quoted)
    } else {
        None
    }
}

/// How a sale ended.
enum End<'a> {
    Paid(&'a CashedOut),
    Refused(&'a Rejection),
}

/// The end of the sale by this quote, if the decision is that.
fn end_in(decision: &Decision, quote: CashOutQuoteId) -> Option<End<'_>> {
    events::of_bets(decision).iter().find_map(|event| {
        if let Event::CashedOut(sold) = event
            && sold.quote == quote
        {
            Some(End::Paid(sold))
        } else if let Event::CashOutRefused(refused) = event
            && refused.quote == quote
        {
            Some(End::Refused(&refused.rejection))
        } else {
            None
        }
    })
}

/// Until when the sale by this quote waits, if the decision is that.
fn delay_in(decision: &Decision, quote: CashOutQuoteId) -> Option<Timestamp> {
    events::of_bets(decision).iter().find_map(|event| {
        if let Event::CashOutDelayed(delayed) = event
            && delayed.quote == quote
        {
            Some(delayed.until)
        } else {
            None
        }
    })
}

/// Looks a sale up in the view until it has ended or the wait is over: the tail brings the answers
/// to requests, and a sale that waited is ended by its timer.
async fn looked_up(app: &App, quote: CashOutQuoteId, until: Instant) -> Result<Last, Problem> {
    let journal = TopicPartition::new(Topic::BetsEvents, quote.partition());
    ending::looked_up(app, journal, until, LOOK_AGAIN, || way_of(app, quote)).await
}

/// What the view knows of a sale.
async fn way_of(app: &App, quote: CashOutQuoteId) -> Result<Looked, Problem> {
    let key = quote.bytes().to_vec();
    let row: Option<CashOutStatusRow> = views::row(app, table::CASH_OUT_STATUS, key).await?;
    Ok(match row {
        None => Looked::Pending(None),
        Some(row) => match row.pending_until {
            Some(until) => Looked::Pending(Some(until)),
            None => Looked::EndedAt(row.position),
        },
    })
}

/// The answer, from what was asked and what ended it: the same bytes whenever it is given.
fn render(
    decision: &Decision,
    bet: BetId,
    quote: CashOutQuoteId,
    last: &Last,
    replayed: bool,
) -> Result<Response, Problem> {
    let (status, shown) = match last {
        Last::Pending(until) => {
            let until = until.or_else(|| delay_in(decision, quote));
            let shown = json!({
                "bet_id": bet.to_string(),
                "quote_id": quote.to_string(),
                "status": "pending",
                "until": until.map(time),
                "position": Token::of(&[decision.position]).text(),
            });
            (StatusCode::ACCEPTED, shown)
        }
        Last::Final(last) => match end_in(last, quote) {
            Some(End::Paid(sold)) => (StatusCode::OK, sale_json(sold, last.position)),
            Some(End::Refused(rejection)) => {
                let problem = refusals::bet_rejection(rejection)
                    .with("bet_id", json!(bet.to_string()))
                    .with("position", json!(Token::of(&[last.position]).text()));
                return Err(refusals::recorded(problem, decision, replayed));
            }
            None => return Err(Problem::new(Code::OutcomeUnknown)),
        },
    };
    let mut response = json_response(status, &shown);
    mark_replayed(&mut response, replayed);
    Ok(response)
}

fn quote_json(quoted: &CashOutQuoted, position: Position) -> Value {
    json!({
        "quote_id": quoted.quote.to_string(),
        "bet_id": quoted.bet.to_string(),
        "stake": money(quoted.stake),
        "amount": money(quoted.amount),
        "explanation": worth_json(&quoted.worth),
        "quoted_at": time(quoted.quoted_at),
        "expires_at": time(quoted.expires_at),
        "position": Token::of(&[position]).text(),
    })
}

fn sale_json(sold: &CashedOut, position: Position) -> Value {
    json!({
        "bet_id": sold.bet.to_string(),
        "quote_id": sold.quote.to_string(),
        "status": "cashed_out",
        "stake": money(sold.stake),
        "amount": money(sold.amount),
        "stake_left": money(sold.stake_left),
        "potential_return_left": money(sold.potential_return_left),
        "explanation": worth_json(&sold.worth),
        "cashed_out_at": time(sold.cashed_out_at),
        "position": Token::of(&[position]).text(),
    })
}

/// What an amount is made of: anybody can multiply it out again.
fn worth_json(worth: &CashOutWorth) -> Value {
    let legs: Vec<Value> = worth
        .legs
        .iter()
        .map(|leg| {
            json!({
                "selection_id": leg.selection.to_string(),
                "worth": leg.worth,
                "live": leg.live.as_ref().map(|live| json!({
                    "price": live.price.to_string(),
                    "booksum_billionths": live.booksum_billionths,
                    "market_version": live.market_version,
                    "book_position": Token::of(&[live.book_position]).text(),
                })),
            })
        })
        .collect();
    json!({
        "rules_version": worth.rules_version,
        "margin_permille": worth.margin_permille,
        "fair": worth.fair,
        "exact": worth.exact,
        "legs": legs,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_are_parts_of_one() {
        let cases = [
            ("0.25", Some(250_000)),
            ("1", Some(1_000_000)),
            ("1.000000", Some(1_000_000)),
            ("0.000001", Some(1)),
            ("0", None),
            ("1.1", None),
            ("0.0000001", None),
            (".5", None),
            ("-0.5", None),
            ("50%", None),
        ];
        for (text, millionths) in cases {
            assert_eq!(fraction_of(text), millionths, "{text}");
        }
    }
}
