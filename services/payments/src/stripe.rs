//! A provider of cards, spoken to as Stripe documents its API.
//!
//! Duty: deposits as PaymentIntents that are confirmed at once, withdrawals as Payouts, each with
//! our reference as idempotency key and in the metadata, and their states as outcomes. Written
//! from <https://docs.stripe.com/api> (payment_intents, payouts, idempotent_requests, errors).
//!
//! Prohibition: no call under a key that the provider may have forgotten, and no outcome out of
//! an answer whose reference, amount or currency are not those that were asked for.

use crate::door::{Door, Told, key_lives, reason};
use crate::provider::{Answer, Call, Provider, ProviderFuture, StatusAnswer, TakenOn};
use kernel::{Currency, Money, Timestamp};
use payments_domain::{Outcome, PaymentRef};
use serde_json::Value;

/// How many payouts one page of a search has, and how many pages are looked at.
const PAGE: usize = 100;
const PAGES_MAX: usize = 20;
/// Payouts are searched from a little before the request on: clocks differ.
const SEARCH_BEFORE_SECS: i64 = 3_600;
/// And until a day after it: later nothing was called any more.
const SEARCH_AFTER_SECS: i64 = 26 * 3_600;

/// Deposits by card, withdrawals by payout.
#[derive(Clone, Debug)]
pub struct Stripe {
    door: Door,
}

/// What one of the provider's objects says.
enum Said {
    Done(String, Outcome),
    Pending(Option<String>),
    /// Not about this payment: somebody must look, and nobody pays again.
    Strange,
}

impl Stripe {
    /// Behind this door.
    #[must_use]
    pub const fn new(door: Door) -> Self {
        Self { door }
    }

    async fn make(&self, call: &Call, now: Timestamp) -> Answer {
        let Some(instrument) = &call.instrument else {
            return failed_here(call, "instrument_missing");
        };
        if !key_lives(call.requested_at, now) {
            return Answer::NoAnswer;
        }
        let reference = call.payment.reference();
        let amount = call.amount.minor().to_string();
        let currency = call.amount.currency().code().to_lowercase();
        let mut fields = vec![
            ("amount", amount.as_str()),
            ("currency", currency.as_str()),
            ("metadata[reference]", reference.as_str()),
        ];
        let path = match call.payment {
            PaymentRef::Deposit(_) => {
                fields.push(("payment_method", instrument));
                fields.push(("confirm", "true"));
                fields.push(("error_on_requires_action", "false"));
                "/v1/payment_intents"
            }
            PaymentRef::Withdrawal(_) => {
                fields.push(("destination", instrument));
                "/v1/payouts"
            }
            PaymentRef::Unknown(_) => return Answer::NoAnswer,
        };
        let headers = vec![
            (
                "content-type",
                "application/x-www-form-urlencoded".to_owned(),
            ),
            ("idempotency-key", reference.clone()),
        ];
        match self.door.post(path, headers, form(&fields)).await {
            Told::Done(object) => match said(call, &object) {
                Said::Done(event, outcome) => Answer::Outcome { event, outcome },
                Said::Pending(approve_at) => Answer::Accepted(TakenOn {
                    known_as: id_of(&object),
                    approve_at,
                }),
                Said::Strange => Answer::NoAnswer,
            },
            Told::Refused(_, body) => refused(call, &body),
            Told::NotThere | Told::Unclear => Answer::NoAnswer,
        }
    }

    async fn look(&self, call: &Call) -> StatusAnswer {
        if call.instrument.is_none() {
            return StatusAnswer::NeverSeen;
        }
        let found = match (&call.known_as, &call.payment) {
            (Some(id), PaymentRef::Deposit(_)) if is_id(id) => {
                self.door
                    .get(&format!("/v1/payment_intents/{id}"), vec![])
                    .await
            }
            (Some(id), PaymentRef::Withdrawal(_)) if is_id(id) => {
                self.door.get(&format!("/v1/payouts/{id}"), vec![]).await
            }
            (_, PaymentRef::Deposit(_)) => self.search_intents(call).await,
            (_, PaymentRef::Withdrawal(_)) => self.search_payouts(call).await,
            (_, PaymentRef::Unknown(_)) => return StatusAnswer::NoAnswer,
        };
        match found {
            Told::Done(object) => match said(call, &object) {
                Said::Done(event, outcome) => StatusAnswer::Outcome { event, outcome },
                Said::Pending(approve_at) => StatusAnswer::Pending(TakenOn {
                    known_as: id_of(&object),
                    approve_at,
                }),
                Said::Strange => StatusAnswer::NoAnswer,
            },
            // What it has named before cannot be unknown to it.
            Told::NotThere if call.known_as.is_some() => StatusAnswer::NoAnswer,
            Told::NotThere => StatusAnswer::NeverSeen,
            Told::Refused(..) | Told::Unclear => StatusAnswer::NoAnswer,
        }
    }

    /// The search lags behind by a minute or so: a call that it does not know yet is made again
    /// under the same key, which is no second payment.
    async fn search_intents(&self, call: &Call) -> Told {
        let query = format!("metadata[\"reference\"]:\"{}\"", call.payment.reference());
        let path = format!("/v1/payment_intents/search?query={}", encoded(&query));
        match self.door.get(&path, vec![]).await {
            Told::Done(found) => match items(&found).find(|item| is_about(item, call)) {
                Some(object) => Told::Done(object.clone()),
                None => Told::NotThere,
            },
            other @ (Told::Refused(..) | Told::NotThere | Told::Unclear) => other,
        }
    }

    /// Payouts cannot be searched by metadata, only listed by time.
    async fn search_payouts(&self, call: &Call) -> Told {
        let at = call.requested_at.micros().div_euclid(1_000_000);
        let mut after = String::new();
        for _ in 0..PAGES_MAX {
            let path = format!(
                "/v1/payouts?limit={PAGE}&created[gte]={}&created[lte]={}{after}",
                at.saturating_sub(SEARCH_BEFORE_SECS),
                at.saturating_add(SEARCH_AFTER_SECS)
            );
            let found = match self.door.get(&path, vec![]).await {
                Told::Done(found) => found,
                other @ (Told::Refused(..) | Told::NotThere | Told::Unclear) => return other,
            };
            if let Some(object) = items(&found).find(|item| is_about(item, call)) {
                return Told::Done(object.clone());
            }
            let more = found.get("has_more").and_then(Value::as_bool) == Some(true);
            let last = items(&found).last().and_then(id_of).filter(|id| is_id(id));
            match last {
                Some(last) if more => after = format!("&starting_after={last}"),
                _ if more => return Told::Unclear,
                _ => return Told::NotThere,
            }
        }
        Told::Unclear
    }
}

impl Provider for Stripe {
    fn call<'a>(&'a self, call: &'a Call, now: Timestamp) -> ProviderFuture<'a, Answer> {
        Box::pin(self.make(call, now))
    }

    fn status<'a>(&'a self, call: &'a Call, _: Timestamp) -> ProviderFuture<'a, StatusAnswer> {
        Box::pin(self.look(call))
    }
}

/// What a PaymentIntent or a Payout says of the payment.
fn said(call: &Call, object: &Value) -> Said {
    let money = money_of(object);
    if !is_about(object, call) || money != Some(call.amount) {
        return Said::Strange;
    }
    let id = id_of(object).unwrap_or_default();
    let status = object.get("status").and_then(Value::as_str).unwrap_or("");
    let event = format!("{id}:{status}");
    let amount = call.amount;
    match (&call.payment, status) {
        (PaymentRef::Deposit(_), "succeeded") | (PaymentRef::Withdrawal(_), "paid") => {
            Said::Done(event, Outcome::Succeeded { amount })
        }
        (PaymentRef::Deposit(_), "requires_payment_method" | "canceled")
        | (PaymentRef::Withdrawal(_), "failed" | "canceled") => {
            let reason = reason_of(object);
            Said::Done(event, Outcome::Failed { reason })
        }
        (PaymentRef::Deposit(_), "requires_action" | "processing" | "requires_confirmation")
        | (PaymentRef::Withdrawal(_), "pending" | "in_transit") => Said::Pending(approval(object)),
        _ => Said::Strange,
    }
}

/// A refused card is final for the payment; everything else that is refused is a fault of ours.
fn refused(call: &Call, body: &Value) -> Answer {
    let error = body.get("error").unwrap_or(&Value::Null);
    let text = |name: &str| error.get(name).and_then(Value::as_str);
    let of_intent = error.get("payment_intent").and_then(id_of);
    match text("type") {
        Some("card_error") => Answer::Outcome {
            event: format!(
                "{}:requires_payment_method",
                of_intent.unwrap_or_else(|| call.payment.reference())
            ),
            outcome: Outcome::Failed {
                reason: reason(text("decline_code").or_else(|| text("code"))),
            },
        },
        // The balance over there does not cover the payout, the token names nothing: no money
        // has moved under this key, and none will.
        Some("invalid_request_error") if text("code") != Some("idempotency_key_in_use") => {
            failed_here(call, &reason(text("code")))
        }
        _ => Answer::NoAnswer,
    }
}

/// A failure that the provider has no event for.
fn failed_here(call: &Call, why: &str) -> Answer {
    Answer::Outcome {
        event: format!("{}:{why}", call.payment.reference()),
        outcome: Outcome::Failed {
            reason: why.to_owned(),
        },
    }
}

pub(crate) fn is_about(object: &Value, call: &Call) -> bool {
    reference_of(object) == Some(call.payment.reference().as_str())
}

pub(crate) fn reference_of(object: &Value) -> Option<&str> {
    object.get("metadata")?.get("reference")?.as_str()
}

pub(crate) fn money_of(object: &Value) -> Option<Money> {
    let minor = object.get("amount")?.as_i64()?;
    let code = object.get("currency")?.as_str()?.to_uppercase();
    let currency: Currency = code.parse().ok()?;
    Some(Money::from_minor(minor, currency))
}

pub(crate) fn id_of(object: &Value) -> Option<String> {
    object.get("id")?.as_str().map(str::to_owned)
}

/// Why it failed, as an object tells it.
pub(crate) fn reason_of(object: &Value) -> String {
    let last = object.get("last_payment_error");
    let of = |from: Option<&Value>, name: &str| {
        from.and_then(|from| from.get(name)?.as_str())
            .map(str::to_owned)
    };
    let told = of(last, "decline_code")
        .or_else(|| of(last, "code"))
        .or_else(|| of(Some(object), "failure_code"))
        .or_else(|| of(Some(object), "cancellation_reason"));
    reason(told.as_deref())
}

fn approval(object: &Value) -> Option<String> {
    let url = object
        .get("next_action")?
        .get("redirect_to_url")?
        .get("url")?
        .as_str()?;
    Some(url.to_owned())
}

fn items(found: &Value) -> impl DoubleEndedIterator<Item = &Value> {
    let data = found.get("data").and_then(Value::as_array);
    data.map(Vec::as_slice).unwrap_or_default().iter()
}

/// Whether it can stand in a path as it is.
fn is_id(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    !text.is_empty() && text.len() <= 128 && text.bytes().all(plain)
}

fn form(fields: &[(&str, &str)]) -> Vec<u8> {
    let pairs = fields
        .iter()
        .map(|(name, value)| format!("{}={}", encoded(name), encoded(value)));
    pairs.collect::<Vec<_>>().join("&").into_bytes()
}

fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
