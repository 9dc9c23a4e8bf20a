//! Call-backs of each provider, taken and not taken.

use super::*;
use crate::webhook::sign;
use kernel::{Currency, DepositId, WithdrawalId};
use proptest::prelude::*;
use serde_json::json;

const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);
const SECRET: &[u8] = b"whsec_of_stripe";

fn stripe() -> CallBacks {
    CallBacks::new(STRIPE, &[SECRET.to_vec()], 8).expect("it exists")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn stripe_header(seconds: i64, body: &[u8]) -> String {
    let mac = stripe_mac(SECRET, &seconds.to_string(), body);
    format!("t={seconds},v1={}", hex(&mac.finalize().into_bytes()))
}

fn take(header: &str, body: &[u8]) -> Result<Option<wire::ReportOutcome>, WebhookError> {
    let named = |name: &str| {
        if name == "stripe-signature" {
            header
        } else {
            ""
        }
    };
    stripe().read(named, body, NOW)
}

fn event(kind: &str, reference: Option<String>) -> Vec<u8> {
    let object = json!({
        "id": "pi_1", "object": "payment_intent", "amount": 500, "currency": "eur",
        "metadata": {"reference": reference},
        "last_payment_error": {"code": "card_declined", "decline_code": "do_not_honor"},
    });
    let event = json!({"id": "evt_1", "type": kind, "created": 17, "data": {"object": object}});
    event.to_string().into_bytes()
}

#[test]
fn an_event_of_stripe_is_an_outcome_of_our_payment() {
    let deposit = DepositId::example(1, 3);
    let body = event("payment_intent.succeeded", Some(deposit.to_string()));
    let told = take(&stripe_header(1_700_000_000, &body), &body)
        .unwrap()
        .unwrap();
    assert_eq!(
        (told.provider.as_str(), told.event.as_str()),
        ("stripe", "evt_1")
    );
    assert_eq!(
        told.payment,
        wire::Payment::Deposit(wire::DepositRef { deposit })
    );
    let amount = Money::from_minor(500, Currency::Eur);
    assert_eq!(
        told.outcome,
        wire::Outcome::Succeeded(wire::Succeeded { amount })
    );
    let body = event("payment_intent.payment_failed", Some(deposit.to_string()));
    let told = take(&stripe_header(1_700_000_000, &body), &body)
        .unwrap()
        .unwrap();
    let reason = "do_not_honor".to_owned();
    assert_eq!(told.outcome, wire::Outcome::Failed(wire::Failed { reason }));
}

#[test]
fn money_that_nobody_asked_for_is_told_under_the_providers_own_name() {
    let body = event("payment_intent.succeeded", None);
    let told = take(&stripe_header(1_700_000_000, &body), &body)
        .unwrap()
        .unwrap();
    let wire::Payment::Unknown(unknown) = told.payment else {
        panic!("{told:?}");
    };
    assert_eq!(unknown.reference, "pi_1");
}

#[test]
fn an_event_that_is_no_outcome_changes_nothing() {
    for kind in [
        "payment_intent.processing",
        "payout.created",
        "customer.created",
    ] {
        let body = event(kind, None);
        assert_eq!(
            take(&stripe_header(1_700_000_000, &body), &body),
            Ok(None),
            "{kind}"
        );
    }
}

#[test]
fn stripes_signature_is_over_time_and_body_and_five_minutes_good() {
    let body = event("payment_intent.succeeded", None);
    for seconds in [1_699_999_700, 1_700_000_300] {
        assert!(take(&stripe_header(seconds, &body), &body).is_ok());
    }
    let old = Err(WebhookError::TimeOutOfTolerance);
    for seconds in [1_699_999_699, 1_700_000_301] {
        assert_eq!(take(&stripe_header(seconds, &body), &body), old);
    }
    let good = stripe_header(1_700_000_000, &body);
    let wrong = Err(WebhookError::SignatureWrong);
    assert_eq!(take(&good, b"{}"), wrong);
    assert_eq!(take(&good.replace("v1=", "v0="), &body), wrong);
    assert_eq!(
        take(&good.replace("t=1700000000", "t=1700000001"), &body),
        wrong
    );
    assert_eq!(take("", &body), Err(WebhookError::HeadersMalformed));
    let rotating = good.replace(",v1=", &format!(",v1={},v1=", "0".repeat(64)));
    assert!(take(&rotating, &body).is_ok(), "one of several is enough");
}

#[test]
fn a_domestic_payment_is_an_outcome_once_it_is_settled() {
    let secret = b"whsec_c2VjcmV0".to_vec();
    let bank = CallBacks::new(OPEN_BANKING, &[secret], 8).expect("it exists");
    let withdrawal = WithdrawalId::example(7, 2);
    let payment = payments_domain::PaymentRef::Withdrawal(withdrawal);
    let taken = |status: &str| {
        let initiation = json!({
            "EndToEndIdentification": open_banking::short(&payment),
            "InstructedAmount": {"Amount": "5.00", "Currency": "GBP"},
        });
        let data = json!({"DomesticPaymentId": "p1", "Status": status, "Initiation": initiation});
        let body = json!({"Data": data}).to_string().into_bytes();
        let signature = sign(b"secret", "msg_1", "1700000000", &body);
        let named = |name: &str| match name {
            "webhook-id" => "msg_1",
            "webhook-timestamp" => "1700000000",
            "webhook-signature" => signature.as_str(),
            _other => "",
        };
        bank.read(named, &body, NOW).unwrap()
    };
    let told = taken("AcceptedSettlementCompleted").expect("an outcome");
    assert_eq!(
        told.payment,
        wire::Payment::Withdrawal(wire::WithdrawalRef { withdrawal })
    );
    assert_eq!(told.event, "p1:AcceptedSettlementCompleted");
    assert!(matches!(
        taken("Rejected").unwrap().outcome,
        wire::Outcome::Failed(_)
    ));
    assert_eq!(taken("Pending"), None);
    assert_eq!(taken("SomethingNew"), None);
}

#[test]
fn our_references_fit_where_banks_have_room() {
    for payment in [
        payments_domain::PaymentRef::Deposit(DepositId::example(1, 3)),
        payments_domain::PaymentRef::Withdrawal(WithdrawalId::example(9, 65)),
    ] {
        let short = open_banking::short(&payment);
        assert!(short.len() <= 35, "{short}");
        assert_eq!(open_banking::long(&short), Some(payment.reference()));
    }
    for strange in ["", "D", "X0123", "Dé", "FRESCO.21302.GFX.20"] {
        assert_eq!(open_banking::long(strange), None, "{strange}");
    }
}

#[test]
fn nobody_else_calls_back() {
    assert!(CallBacks::new("nobody", &[], 8).is_none());
}

proptest! {
    #[test]
    fn garbage_never_panics(body in proptest::collection::vec(any::<u8>(), 0..200), text in "\\PC{0,120}") {
        prop_assert!(take(&text, &body).is_err());
        let header = stripe_header(1_700_000_000, &body);
        prop_assert!(!matches!(take(&header, &body), Ok(Some(_))));
    }
}
