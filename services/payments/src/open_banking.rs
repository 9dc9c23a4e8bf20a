//! A bank, spoken to as Open Banking UK documents payment initiation.
//!
//! Duty: every payment as a domestic payment consent and, once that is authorised, a domestic
//! payment; our reference is the end-to-end identification and the idempotency key of both. Banks
//! answer a repeated key with the resource as it is now, so asking again is asking after it.
//! Written from the read/write API specification 3.1.10 (domestic-payment-consents,
//! domestic-payments, the profile's section on idempotency).
//!
//! Prohibition: no repeat under a key that the bank may have forgotten (a day), and no outcome out
//! of an answer about another reference or amount. Certificates and message signatures are the
//! egress proxy's.

use crate::door::{Door, Told, key_lives, reason};
use crate::provider::{Answer, Call, Provider, ProviderFuture, StatusAnswer, TakenOn};
use kernel::{Currency, Money, Timestamp};
use payments_domain::{Outcome, PaymentRef};
use serde_json::{Value, json};

/// What stands between the two ids of a payment that has both.
const BOTH: char = '/';

/// Deposits and withdrawals by bank transfer.
#[derive(Clone, Debug)]
pub struct OpenBanking {
    door: Door,
    house: HouseAccount,
}

/// Where deposits go, and where customers approve them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HouseAccount {
    /// The scheme of the identification, such as `UK.OBIE.SortCodeAccountNumber`.
    pub scheme: String,
    /// The house's account.
    pub identification: String,
    /// Whose it is, as banks show it.
    pub name: String,
    /// The bank's page where a consent is authorised; the consent's id is put behind it.
    pub approve_at: String,
}

/// The scheme of withdrawals' accounts: tokens that the proxy turns into accounts, so that no
/// account number stands in the log.
const TOKEN_SCHEME: &str = "Furlong.InstrumentToken";

/// Where a payment is after both steps.
enum Now {
    Done(String, Outcome),
    AtIt(TakenOn),
    Unclear,
}

impl OpenBanking {
    /// Behind this door.
    #[must_use]
    pub const fn new(door: Door, house: HouseAccount) -> Self {
        Self { door, house }
    }

    /// Goes as far as it can: the consent, and if it is authorised the payment.
    async fn go_on(&self, call: &Call, now: Timestamp) -> Now {
        let Some(initiation) = self.initiation(call) else {
            let event = format!("{}:instrument_missing", call.payment.reference());
            let reason = "instrument_missing".to_owned();
            return Now::Done(event, Outcome::Failed { reason });
        };
        let (consent_id, payment_id) = ids(call);
        if let Some(payment) = payment_id {
            return self.look_at_payment(call, consent_id, payment).await;
        }
        let consent = match consent_id {
            Some(id) => {
                let path = format!("/domestic-payment-consents/{id}");
                self.door.get(&path, vec![]).await
            }
            None if key_lives(call.requested_at, now) => {
                let data = json!({"Initiation": initiation});
                let body = json!({"Data": data, "Risk": risk()});
                self.post("/domestic-payment-consents", call, "", &body)
                    .await
            }
            None => return Now::Unclear,
        };
        match consent {
            Told::Done(consent) => self.after_consent(call, &initiation, &consent, now).await,
            Told::Refused(_, body) => refused(call, &body),
            Told::NotThere | Told::Unclear => Now::Unclear,
        }
    }

    async fn after_consent(
        &self,
        call: &Call,
        initiation: &Value,
        consent: &Value,
        now: Timestamp,
    ) -> Now {
        let data = consent.get("Data").unwrap_or(&Value::Null);
        let text = |name: &str| data.get(name).and_then(Value::as_str).unwrap_or("");
        let id = text("ConsentId").to_owned();
        if !is_about(data, call) || !is_id(&id) {
            return Now::Unclear;
        }
        match text("Status") {
            "AwaitingAuthorisation" => Now::AtIt(TakenOn {
                known_as: Some(id.clone()),
                approve_at: Some(format!("{}{id}", self.house.approve_at)),
            }),
            "Rejected" => {
                let reason = "consent_rejected".to_owned();
                Now::Done(format!("{id}:Rejected"), Outcome::Failed { reason })
            }
            "Authorised" | "Consumed" if key_lives(call.requested_at, now) => {
                let data = json!({"ConsentId": id, "Initiation": initiation});
                let body = json!({"Data": data, "Risk": risk()});
                match self.post("/domestic-payments", call, "-pay", &body).await {
                    Told::Done(payment) => read_payment(call, &id, &payment),
                    Told::Refused(_, body) => refused(call, &body),
                    Told::NotThere | Told::Unclear => Now::Unclear,
                }
            }
            _ => Now::Unclear,
        }
    }

    async fn look_at_payment(&self, call: &Call, consent: Option<String>, payment: String) -> Now {
        let path = format!("/domestic-payments/{payment}");
        match self.door.get(&path, vec![]).await {
            Told::Done(found) => read_payment(call, &consent.unwrap_or_default(), &found),
            Told::Refused(..) | Told::NotThere | Told::Unclear => Now::Unclear,
        }
    }

    async fn post(&self, path: &str, call: &Call, step: &str, body: &Value) -> Told {
        let key = format!("{}{step}", short(&call.payment));
        let headers = vec![
            ("content-type", "application/json".to_owned()),
            ("x-idempotency-key", key),
        ];
        let body = body.to_string().into_bytes();
        self.door.post(path, headers, body).await
    }

    /// The money's way: from the customer's bank to the house, or from the house to the token.
    fn initiation(&self, call: &Call) -> Option<Value> {
        let creditor = match call.payment {
            PaymentRef::Deposit(_) => json!({
                "SchemeName": self.house.scheme,
                "Identification": self.house.identification,
                "Name": self.house.name,
            }),
            PaymentRef::Withdrawal(_) => json!({
                "SchemeName": TOKEN_SCHEME,
                "Identification": call.instrument.as_ref()?,
                "Name": "customer",
            }),
            PaymentRef::Unknown(_) => return None,
        };
        let short = short(&call.payment);
        Some(json!({
            "InstructionIdentification": short,
            "EndToEndIdentification": short,
            "InstructedAmount": {
                "Amount": call.amount.to_string(),
                "Currency": call.amount.currency().code(),
            },
            "CreditorAccount": creditor,
            "RemittanceInformation": {"Reference": short.chars().take(18).collect::<String>()},
        }))
    }
}

impl Provider for OpenBanking {
    fn call<'a>(&'a self, call: &'a Call, now: Timestamp) -> ProviderFuture<'a, Answer> {
        Box::pin(async move {
            match self.go_on(call, now).await {
                Now::Done(event, outcome) => Answer::Outcome { event, outcome },
                Now::AtIt(taken_on) => Answer::Accepted(taken_on),
                Now::Unclear => Answer::NoAnswer,
            }
        })
    }

    fn status<'a>(&'a self, call: &'a Call, now: Timestamp) -> ProviderFuture<'a, StatusAnswer> {
        Box::pin(async move {
            match self.go_on(call, now).await {
                Now::Done(event, outcome) => StatusAnswer::Outcome { event, outcome },
                Now::AtIt(taken_on) => StatusAnswer::Pending(taken_on),
                Now::Unclear => StatusAnswer::NoAnswer,
            }
        })
    }
}

/// What a domestic payment says.
fn read_payment(call: &Call, consent: &str, payment: &Value) -> Now {
    let data = payment.get("Data").unwrap_or(&Value::Null);
    let text = |name: &str| data.get(name).and_then(Value::as_str).unwrap_or("");
    let id = text("DomesticPaymentId");
    if !is_about(data, call) || !is_id(id) {
        return Now::Unclear;
    }
    let event = format!("{id}:{}", text("Status"));
    match standing(text("Status")) {
        Some(Standing::Done) => {
            let amount = call.amount;
            Now::Done(event, Outcome::Succeeded { amount })
        }
        Some(Standing::Rejected) => {
            let reason = "payment_rejected".to_owned();
            Now::Done(event, Outcome::Failed { reason })
        }
        Some(Standing::AtIt) => Now::AtIt(TakenOn {
            known_as: Some(format!("{consent}{BOTH}{id}")),
            approve_at: None,
        }),
        None => Now::Unclear,
    }
}

/// Where a payment stands, in three words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    Done,
    Rejected,
    AtIt,
}

/// Settlement on the debtor's account ends a payment for us: faster payments cannot be taken back
/// after it, and many banks never tell of the settlement on the creditor's.
pub(crate) fn standing(text: &str) -> Option<Standing> {
    match text {
        "AcceptedSettlementCompleted" | "AcceptedCreditSettlementCompleted" => Some(Standing::Done),
        "Rejected" => Some(Standing::Rejected),
        "Pending" | "AcceptedSettlementInProcess" | "AcceptedWithoutPosting" => {
            Some(Standing::AtIt)
        }
        _unknown => None,
    }
}

/// A request that the bank will never take moves nothing, now or later.
fn refused(call: &Call, body: &Value) -> Now {
    let code = body
        .get("Errors")
        .and_then(|errors| errors.get(0)?.get("ErrorCode")?.as_str());
    let last = code.map(|code| code.rsplit('.').next().unwrap_or(code));
    let reason = reason(last);
    let event = format!("{}:{reason}", call.payment.reference());
    Now::Done(event, Outcome::Failed { reason })
}

fn risk() -> Value {
    json!({"PaymentContextCode": "EcommerceMerchantInitiatedPayment"})
}

pub(crate) fn is_about(data: &Value, call: &Call) -> bool {
    let initiation = data.get("Initiation").unwrap_or(&Value::Null);
    let reference = initiation.get("EndToEndIdentification");
    reference.and_then(Value::as_str) == Some(short(&call.payment).as_str())
        && money_of(initiation) == Some(call.amount)
}

pub(crate) fn money_of(initiation: &Value) -> Option<Money> {
    let amount = initiation.get("InstructedAmount")?;
    let currency: Currency = amount.get("Currency")?.as_str()?.parse().ok()?;
    Money::parse(amount.get("Amount")?.as_str()?, currency).ok()
}

/// The reference in the 35 letters that the standard has room for: the id's digits behind one
/// letter that tells deposits from withdrawals.
pub(crate) fn short(payment: &PaymentRef) -> String {
    let (letter, reference) = match payment {
        PaymentRef::Deposit(id) => ("D", id.to_string()),
        PaymentRef::Withdrawal(id) => ("W", id.to_string()),
        PaymentRef::Unknown(reference) => return reference.chars().take(35).collect(),
    };
    let digits = reference.rsplit('_').next().unwrap_or(&reference);
    format!("{letter}{}", digits.replace('-', ""))
}

/// The reference behind those letters; none: it is not ours.
pub(crate) fn long(short: &str) -> Option<String> {
    let prefix = match short.get(..1)? {
        "D" => "dep",
        "W" => "wdr",
        _other => return None,
    };
    let digits = short.get(1..).filter(|digits| digits.len() == 32)?;
    let part = |from: usize, to: usize| digits.get(from..to);
    Some(format!(
        "{prefix}_{}-{}-{}-{}-{}",
        part(0, 8)?,
        part(8, 12)?,
        part(12, 16)?,
        part(16, 20)?,
        part(20, 32)?
    ))
}

/// The consent's id, and the payment's, as far as the bank has told them.
fn ids(call: &Call) -> (Option<String>, Option<String>) {
    let Some(known) = &call.known_as else {
        return (None, None);
    };
    let fit = |text: &str| Some(text.to_owned()).filter(|text| is_id(text));
    match known.split_once(BOTH) {
        Some((consent, payment)) => (fit(consent), fit(payment)),
        None => (fit(known), None),
    }
}

/// Whether it can stand in a path as it is.
fn is_id(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    !text.is_empty() && text.len() <= 128 && text.bytes().all(plain)
}
