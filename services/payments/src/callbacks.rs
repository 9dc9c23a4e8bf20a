//! Call-backs as each provider sends them.
//!
//! Duty: per provider, which headers sign a call-back, and what of its body is an outcome: our own
//! message (Standard Webhooks) from the simulator, Stripe's events under `Stripe-Signature`, and
//! domestic payments of a bank, which the egress side signs by Standard Webhooks.
//!
//! Prohibition: no body is read before its signature fits. What a signed call-back tells that is
//! no outcome changes nothing and is no fault.

use crate::open_banking::{self, Standing};
use crate::provider::{OPEN_BANKING, SIMULATOR, STRIPE};
use crate::stripe;
use crate::webhook::{
    SIGNATURE_TOLERANCE, WebhookError, WebhookHeaders, WebhookKeys, payment_named, read_report,
    sent_at,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use kernel::{Money, Timestamp};
use schemas::payments as wire;
use serde_json::Value;
use sha2::Sha256;

/// More signatures than this are not looked at.
const SIGNATURES_MAX: usize = 16;

/// What takes the call-backs of one provider.
#[derive(Debug)]
pub struct CallBacks {
    provider: &'static str,
    keys: WebhookKeys,
    partitions: u16,
}

impl CallBacks {
    /// Of that provider, signed with one of these secrets; none: there is no such provider.
    #[must_use]
    pub fn new(provider: &str, secrets: &[Vec<u8>], partitions: u16) -> Option<Self> {
        let provider = [SIMULATOR, STRIPE, OPEN_BANKING]
            .into_iter()
            .find(|known| *known == provider)?;
        let keys = secrets.iter().map(|secret| key_of(provider, secret));
        Some(Self {
            provider,
            keys: WebhookKeys::new(keys.collect()),
            partitions,
        })
    }

    /// Whose they are.
    #[must_use]
    pub const fn provider(&self) -> &'static str {
        self.provider
    }

    /// What a call-back tells; none: nothing that is an outcome. `header` gives a header's text,
    /// empty without it.
    ///
    /// # Errors
    /// See [`WebhookError`].
    pub fn read<'a>(
        &self,
        header: impl Fn(&str) -> &'a str,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Option<wire::ReportOutcome>, WebhookError> {
        if self.provider == STRIPE {
            self.verify_stripe(header("stripe-signature"), body, now)?;
            return self.read_stripe(body);
        }
        let headers = WebhookHeaders {
            id: header("webhook-id"),
            timestamp: header("webhook-timestamp"),
            signature: header("webhook-signature"),
        };
        self.keys.verify(&headers, body, now)?;
        if self.provider == OPEN_BANKING {
            return self.read_domestic_payment(body);
        }
        read_report(self.provider, body, self.partitions).map(Some)
    }

    /// `t=1492774577,v1=5257a8…,v0=…`: HMAC-SHA256 in hexadecimal over time, dot and body.
    fn verify_stripe(&self, header: &str, body: &[u8], now: Timestamp) -> Result<(), WebhookError> {
        let mut parts = header
            .split(',')
            .filter_map(|part| part.trim().split_once('='));
        let timestamp = parts
            .clone()
            .find_map(|(name, value)| (name == "t").then_some(value))
            .unwrap_or("");
        let sent = sent_at(timestamp).ok_or(WebhookError::HeadersMalformed)?;
        if now.since(sent).max(sent.since(now)) > SIGNATURE_TOLERANCE {
            return Err(WebhookError::TimeOutOfTolerance);
        }
        let signatures = parts
            .by_ref()
            .filter(|(name, _)| *name == "v1")
            .filter_map(|(_, hex)| unhex(hex));
        let mut signatures = signatures.take(SIGNATURES_MAX);
        let fits = signatures.any(|signature| {
            self.keys.any(|key| {
                let mac = stripe_mac(key, timestamp, body);
                mac.verify_slice(&signature).is_ok()
            })
        });
        fits.then_some(()).ok_or(WebhookError::SignatureWrong)
    }

    fn read_stripe(&self, body: &[u8]) -> Result<Option<wire::ReportOutcome>, WebhookError> {
        let event = json(body)?;
        let text = |name: &str| event.get(name).and_then(Value::as_str);
        let id = text("id").ok_or_else(|| unreadable("an event without an id"))?;
        let object = event.get("data").and_then(|data| data.get("object"));
        let object = object.unwrap_or(&Value::Null);
        let succeeded = match text("type").unwrap_or("") {
            "payment_intent.succeeded" | "payout.paid" => true,
            "payment_intent.payment_failed"
            | "payment_intent.canceled"
            | "payout.failed"
            | "payout.canceled" => false,
            _other => return Ok(None),
        };
        let amount = stripe::money_of(object).filter(|amount| amount.is_positive());
        let amount = amount.ok_or_else(|| unreadable("an amount that is none"))?;
        let reference = stripe::reference_of(object)
            .map(str::to_owned)
            .or_else(|| stripe::id_of(object))
            .ok_or_else(|| unreadable("neither reference nor id"))?;
        let outcome = if succeeded {
            wire::Outcome::Succeeded(wire::Succeeded { amount })
        } else {
            let reason = stripe::reason_of(object);
            wire::Outcome::Failed(wire::Failed { reason })
        };
        let created = event.get("created").and_then(Value::as_i64).unwrap_or(0);
        let occurred_at = Timestamp::from_micros(created.saturating_mul(1_000_000));
        self.report(id, reference, amount, outcome, occurred_at)
            .map(Some)
    }

    fn read_domestic_payment(
        &self,
        body: &[u8],
    ) -> Result<Option<wire::ReportOutcome>, WebhookError> {
        let message = json(body)?;
        let data = message.get("Data").unwrap_or(&Value::Null);
        let text = |name: &str| data.get(name).and_then(Value::as_str);
        let id = text("DomesticPaymentId").ok_or_else(|| unreadable("no DomesticPaymentId"))?;
        let status = text("Status").ok_or_else(|| unreadable("no Status"))?;
        let initiation = data.get("Initiation").unwrap_or(&Value::Null);
        let amount = open_banking::money_of(initiation).filter(|amount| amount.is_positive());
        let amount = amount.ok_or_else(|| unreadable("an amount that is none"))?;
        let told = initiation.get("EndToEndIdentification");
        let told = told.and_then(Value::as_str);
        let reference = told.ok_or_else(|| unreadable("no EndToEndIdentification"))?;
        let outcome = match open_banking::standing(status) {
            Some(Standing::Done) => wire::Outcome::Succeeded(wire::Succeeded { amount }),
            Some(Standing::Rejected) => {
                let reason = "payment_rejected".to_owned();
                wire::Outcome::Failed(wire::Failed { reason })
            }
            Some(Standing::AtIt) | None => return Ok(None),
        };
        let reference = open_banking::long(reference).unwrap_or_else(|| reference.to_owned());
        let event = format!("{id}:{status}");
        self.report(&event, reference, amount, outcome, Timestamp::default())
            .map(Some)
    }

    fn report(
        &self,
        event: &str,
        reference: String,
        amount: Money,
        outcome: wire::Outcome,
        occurred_at: Timestamp,
    ) -> Result<wire::ReportOutcome, WebhookError> {
        if event.is_empty() || event.len() > 255 || reference.len() > 255 {
            return Err(unreadable("an id that is empty or too long"));
        }
        Ok(wire::ReportOutcome {
            provider: self.provider.to_owned(),
            event: event.to_owned(),
            payment: payment_named(reference, amount, self.partitions),
            outcome,
            occurred_at,
        })
    }
}

/// Stripe's secrets are taken as they are.
fn key_of(provider: &str, secret: &[u8]) -> Vec<u8> {
    if provider == STRIPE {
        secret.to_vec()
    } else {
        standard_key(secret)
    }
}

/// The key behind a secret of Standard Webhooks, which is written as `whsec_` and base64.
#[must_use]
pub fn standard_key(secret: &[u8]) -> Vec<u8> {
    let coded = str::from_utf8(secret).ok();
    let coded = coded.and_then(|text| text.strip_prefix("whsec_"));
    let decoded = coded.and_then(|text| STANDARD.decode(text).ok());
    decoded.unwrap_or_else(|| secret.to_vec())
}

fn stripe_mac(key: &[u8], timestamp: &str, body: &[u8]) -> Hmac<Sha256> {
    let mut mac =
        <Hmac<Sha256> as KeyInit>::new_from_slice(key).expect("HMAC takes keys of any length");
    for part in [timestamp.as_bytes(), b".", body] {
        mac.update(part);
    }
    mac
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    let pairs = text.as_bytes().chunks(2);
    pairs
        .map(|pair| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}

fn json(body: &[u8]) -> Result<Value, WebhookError> {
    serde_json::from_slice(body).map_err(|error| unreadable(&error.to_string()))
}

fn unreadable(what: &str) -> WebhookError {
    WebhookError::Unreadable(what.to_owned())
}

#[cfg(test)]
mod tests;
