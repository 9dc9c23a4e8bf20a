//! Call-backs of providers: who signed them, and what they say.
//!
//! Duty: the signature scheme of Standard Webhooks (HMAC-SHA256 over id, time and raw body, keys
//! that rotate, five minutes of tolerance), our providers' body, and where a call-back belongs.
//!
//! Prohibition: no body is read before its signature fits, and no signature is compared in a
//! time that tells how much of it fits.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use kernel::{Currency, DepositId, Duration, Money, Partition, Timestamp, WithdrawalId};
use schemas::payments as wire;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;

/// How old, or how far ahead, a call-back may be.
pub const SIGNATURE_TOLERANCE: Duration = Duration::from_secs(5 * 60);
/// More signatures than this are not looked at.
const SIGNATURES_MAX: usize = 16;

/// Why a call-back is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WebhookError {
    /// The time is not a number of seconds, or the id is empty.
    #[error("the call-back's headers are malformed")]
    HeadersMalformed,
    /// Too long ago, or in the future.
    #[error("the call-back's time is out of tolerance")]
    TimeOutOfTolerance,
    /// No key of ours made any of the signatures.
    #[error("the call-back's signature is wrong")]
    SignatureWrong,
    /// Signed, and yet not readable.
    #[error("the call-back cannot be read: {0}")]
    Unreadable(String),
}

/// The three headers of a call-back.
#[derive(Clone, Copy, Debug)]
pub struct WebhookHeaders<'a> {
    /// `webhook-id`.
    pub id: &'a str,
    /// `webhook-timestamp`, in seconds.
    pub timestamp: &'a str,
    /// `webhook-signature`: one or more, with spaces between.
    pub signature: &'a str,
}

/// The keys of one provider: the one in use and those that are on their way in or out.
pub struct WebhookKeys(Vec<Vec<u8>>);

impl fmt::Debug for WebhookKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WebhookKeys({} keys)", self.0.len())
    }
}

impl WebhookKeys {
    /// These keys, all of them good.
    #[must_use]
    pub const fn new(keys: Vec<Vec<u8>>) -> Self {
        Self(keys)
    }

    pub(crate) fn any(&self, fits: impl Fn(&[u8]) -> bool) -> bool {
        self.0.iter().any(|key| fits(key))
    }

    /// Whether one of the keys signed these bytes not long ago.
    ///
    /// # Errors
    /// See [`WebhookError`].
    pub fn verify(
        &self,
        headers: &WebhookHeaders<'_>,
        body: &[u8],
        now: Timestamp,
    ) -> Result<(), WebhookError> {
        let sent_at = sent_at(headers.timestamp).ok_or(WebhookError::HeadersMalformed)?;
        if headers.id.is_empty() {
            return Err(WebhookError::HeadersMalformed);
        }
        let apart = now.since(sent_at).max(sent_at.since(now));
        if apart > SIGNATURE_TOLERANCE {
            return Err(WebhookError::TimeOutOfTolerance);
        }
        let signatures = headers.signature.split(' ').take(SIGNATURES_MAX);
        let mut signatures =
            signatures.filter_map(|signature| STANDARD.decode(signature.strip_prefix("v1,")?).ok());
        let fits = signatures.any(|signature| {
            self.0.iter().any(|key| {
                let mac = mac(key, headers.id, headers.timestamp, body);
                mac.verify_slice(&signature).is_ok()
            })
        });
        fits.then_some(()).ok_or(WebhookError::SignatureWrong)
    }
}

/// The signature header of a call-back.
#[must_use]
pub fn sign(key: &[u8], id: &str, timestamp: &str, body: &[u8]) -> String {
    let signature = mac(key, id, timestamp, body).finalize().into_bytes();
    format!("v1,{}", STANDARD.encode(signature))
}

fn mac(key: &[u8], id: &str, timestamp: &str, body: &[u8]) -> Hmac<Sha256> {
    let mut mac =
        <Hmac<Sha256> as KeyInit>::new_from_slice(key).expect("HMAC takes keys of any length");
    for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
        mac.update(part);
    }
    mac
}

pub(crate) fn sent_at(text: &str) -> Option<Timestamp> {
    let digits = !text.is_empty() && text.len() <= 12 && text.bytes().all(|b| b.is_ascii_digit());
    let seconds: i64 = digits.then(|| text.parse().ok())??;
    Some(Timestamp::from_micros(seconds.saturating_mul(1_000_000)))
}

/// What stands in a call-back.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Message {
    event: String,
    reference: String,
    outcome: MessageOutcome,
    amount_minor: i64,
    currency: String,
    #[serde(default)]
    reason: Option<String>,
    occurred_at_us: i64,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum MessageOutcome {
    Succeeded,
    Failed,
}

/// What a call-back with a good signature says.
///
/// # Errors
/// The body is not such a message.
pub fn read_report(
    provider: &str,
    body: &[u8],
    partitions: u16,
) -> Result<wire::ReportOutcome, WebhookError> {
    let unreadable = |detail: &dyn fmt::Display| WebhookError::Unreadable(detail.to_string());
    let message: Message = serde_json::from_slice(body).map_err(|error| unreadable(&error))?;
    let currency: Currency = message
        .currency
        .parse()
        .map_err(|error: kernel::MoneyError| unreadable(&error))?;
    let amount = Money::from_minor(message.amount_minor, currency);
    if !amount.is_positive() {
        return Err(unreadable(&"the amount is not above zero"));
    }
    if message.event.is_empty() || message.event.len() > 255 || message.reference.len() > 255 {
        return Err(unreadable(
            &"the event or the reference has no fitting length",
        ));
    }
    let outcome = match message.outcome {
        MessageOutcome::Succeeded => wire::Outcome::Succeeded(wire::Succeeded { amount }),
        MessageOutcome::Failed => wire::Outcome::Failed(wire::Failed {
            reason: message.reason.unwrap_or_else(|| "declined".to_owned()),
        }),
    };
    Ok(wire::ReportOutcome {
        provider: provider.to_owned(),
        event: message.event,
        payment: payment_named(message.reference, amount, partitions),
        outcome,
        occurred_at: Timestamp::from_micros(message.occurred_at_us),
    })
}

/// Our payment of that reference; an id of a partition that we do not have is not ours.
#[must_use]
pub fn payment_named(reference: String, amount: Money, partitions: u16) -> wire::Payment {
    if let Ok(deposit) = reference.parse::<DepositId>()
        && deposit.partition() < partitions
    {
        return wire::Payment::Deposit(wire::DepositRef { deposit });
    }
    if let Ok(withdrawal) = reference.parse::<WithdrawalId>()
        && withdrawal.partition() < partitions
    {
        return wire::Payment::Withdrawal(wire::WithdrawalRef { withdrawal });
    }
    wire::Payment::Unknown(wire::UnknownRef { reference, amount })
}

/// The body of a call-back that says this of a payment of that amount.
#[must_use]
pub fn write_report(report: &wire::ReportOutcome, amount: Money) -> Vec<u8> {
    let (outcome, amount, reason) = match &report.outcome {
        wire::Outcome::Succeeded(succeeded) => (MessageOutcome::Succeeded, succeeded.amount, None),
        wire::Outcome::Failed(failed) => {
            (MessageOutcome::Failed, amount, Some(failed.reason.clone()))
        }
    };
    let message = Message {
        event: report.event.clone(),
        reference: reference_of(&report.payment),
        outcome,
        amount_minor: amount.minor(),
        currency: amount.currency().code().to_owned(),
        reason,
        occurred_at_us: report.occurred_at.micros(),
    };
    serde_json::to_vec(&message).expect("strings and integers always have a JSON form")
}

/// The reference as the provider knows it.
#[must_use]
pub fn reference_of(payment: &wire::Payment) -> String {
    match payment {
        wire::Payment::Deposit(known) => known.deposit.to_string(),
        wire::Payment::Withdrawal(known) => known.withdrawal.to_string(),
        wire::Payment::Unknown(unknown) => unknown.reference.clone(),
    }
}

/// The partition that decides on it: the payment's own; of a reference that is not ours, the one
/// of its hash, so that its repeats meet there.
#[must_use]
pub fn partition_of(payment: &wire::Payment, partitions: u16) -> Partition {
    match payment {
        wire::Payment::Deposit(known) => known.deposit.partition(),
        wire::Payment::Withdrawal(known) => known.withdrawal.partition(),
        wire::Payment::Unknown(unknown) => {
            let hash: [u8; 32] = Sha256::digest(unknown.reference.as_bytes()).into();
            let [a, b, c, d, ..] = hash;
            let number = u32::from_be_bytes([a, b, c, d]);
            let partition = number.checked_rem(u32::from(partitions)).unwrap_or(0);
            Partition::try_from(partition).unwrap_or(0)
        }
    }
}

#[cfg(test)]
mod tests;
