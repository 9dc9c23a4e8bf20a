//! F47 through the real route: each call-back ten times, shuffled, with forged ones between them.

use crate::misbehaving::Misbehaving;
use crate::rig::{Ask, House};
use crate::{HERS, HOOK, ask_for, bank, ended, people, recorded, stripe};
use hmac::{Hmac, KeyInit, Mac};
use kernel::Duration;
use payments::{Chance, sign, standard_key};
use serde_json::{Value, json};
use sha2::Sha256;

const TIMES: usize = 10;
const PAYMENTS: usize = 6;

/// A call-back: its address, its body, and its headers at some second.
struct CallBack {
    path: &'static str,
    body: Vec<u8>,
    headers: Signing,
}

/// The headers for a key, a body and a second.
type Signing = fn(&[u8], &[u8], i64) -> Vec<(&'static str, String)>;

impl CallBack {
    fn signed(&self, key: &[u8], at: i64) -> Ask {
        Ask {
            method: "POST".to_owned(),
            path: self.path.to_owned(),
            kind: "application/json",
            headers: (self.headers)(key, &self.body, at),
            body: self.body.clone(),
            ..Ask::default()
        }
    }
}

fn of_stripe(key: &[u8], body: &[u8], at: i64) -> Vec<(&'static str, String)> {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key).expect("any length");
    mac.update(at.to_string().as_bytes());
    mac.update(b".");
    mac.update(body);
    let bytes = mac.finalize().into_bytes();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    vec![("stripe-signature", format!("t={at},v1={hex}"))]
}

fn of_bank(key: &[u8], body: &[u8], at: i64) -> Vec<(&'static str, String)> {
    let (id, at) = ("msg_1", at.to_string());
    let signature = sign(&standard_key(key), id, &at, body);
    vec![
        ("webhook-id", id.to_owned()),
        ("webhook-timestamp", at),
        ("webhook-signature", signature),
    ]
}

fn stripe_event(number: usize, deposit: &str) -> CallBack {
    let kind = if number.is_multiple_of(3) {
        "payment_intent.payment_failed"
    } else {
        "payment_intent.succeeded"
    };
    let object = json!({
        "id": format!("pi_{number}"), "object": "payment_intent", "amount": 500 + number,
        "currency": "eur", "metadata": {"reference": deposit},
        "last_payment_error": {"code": "card_declined"},
    });
    let event = json!({"id": format!("evt_{number}"), "type": kind, "created": 17,
        "data": {"object": object}});
    CallBack {
        path: "/v1/webhooks/stripe",
        body: event.to_string().into_bytes(),
        headers: of_stripe,
    }
}

fn bank_event(number: usize, deposit: &str) -> CallBack {
    let status = if number.is_multiple_of(3) {
        "Rejected"
    } else {
        "AcceptedSettlementCompleted"
    };
    let body = json!({"Data": {
        "DomesticPaymentId": format!("payment-{number}"), "Status": status,
        "Initiation": {
            "EndToEndIdentification": deposit,
            "InstructedAmount": {"Amount": format!("5.{number:02}"), "Currency": "GBP"},
        },
    }});
    CallBack {
        path: "/v1/webhooks/open_banking",
        body: body.to_string().into_bytes(),
        headers: of_bank,
    }
}

/// Every call-back so often, in an order that the seed says.
fn shuffled(seed: u64) -> Vec<usize> {
    let mut chance = Chance::seeded(seed);
    let mut order: Vec<usize> = (0..PAYMENTS).flat_map(|one| [one; TIMES]).collect();
    for last in (1..order.len()).rev() {
        let below = Duration::from_micros(i64::try_from(last).expect("few"));
        let drawn = usize::try_from(chance.up_to(below).micros()).expect("few");
        order.swap(last, drawn);
    }
    order
}

fn seconds(house: &House) -> i64 {
    house.now().micros() / 1_000_000
}

async fn one_effect_each(house: &House, currency: &str, event: fn(usize, &str) -> CallBack) {
    let (anna, auditor) = people(house).await;
    let mut deposits = Vec::new();
    for number in 0..PAYMENTS {
        let amount = format!("5.{number:02} {currency}");
        let key = format!("in {number}");
        deposits.push(ask_for(house, &anna, "/v1/deposits", (&key, &amount, Some(HERS))).await);
    }
    let key = HOOK.as_bytes();
    for which in shuffled(7) {
        let call_back = event(which, &deposits[which]);
        let now = seconds(house);
        for forged in [
            call_back.signed(b"another key", now),
            call_back.signed(key, now - 301),
        ] {
            let refused = house.ask(&forged).await;
            assert_eq!(refused.code(), "signature_invalid", "{refused:?}");
        }
        let taken = house.ask(&call_back.signed(key, now)).await;
        assert_eq!(taken.status.as_u16(), 200, "{taken:?}");
        assert_eq!(taken.json()["taken"], Value::Bool(true));
    }
    for (number, deposit) in deposits.iter().enumerate() {
        let path = format!("/v1/deposits/{deposit}");
        let shown = ended(house, &anna, &path).await.text("status");
        let expected = if number.is_multiple_of(3) {
            "failed"
        } else {
            "confirmed"
        };
        assert_eq!(shown, expected, "{number}");
    }
    let failed = PAYMENTS.div_ceil(3);
    let of = |name| recorded(house, &auditor, "payments.events", name);
    assert_eq!(of("DepositConfirmed").await, PAYMENTS - failed);
    assert_eq!(of("DepositFailed").await, failed);
    let surprises = [
        of("UnknownPaymentReported").await,
        of("OutcomeContradicted").await,
    ];
    assert_eq!(surprises, [0, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_call_backs_of_cards_each_have_one_effect() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Misbehaving::start().await;
    server.know(|known| known.card = "processing");
    let provider = stripe(folder.path(), &server);
    let house = House::open_with(folder.path(), provider, None).await;
    one_effect_each(&house, "EUR", stripe_event).await;
    house.node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_call_backs_of_a_bank_each_have_one_effect() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Misbehaving::start().await;
    server.know(|known| known.consents = "AwaitingAuthorisation");
    let provider = bank(folder.path(), &server);
    let house = House::open_with(folder.path(), provider, None).await;
    one_effect_each(&house, "GBP", bank_event).await;
    house.node.stop().await;
}
