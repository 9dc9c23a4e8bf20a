//! Whole nodes whose money moves through an adapter over HTTP, and who tell operators of it.
//!
//! Duty: each provider's shape through the real routes: call-backs ten times each and shuffled,
//! a provider that misbehaves while customers pay, messages of our own to a receiver that does not
//! take them at first, and large withdrawals that wait for two persons. Prohibition: nobody waits
//! without a bound, and no provider is real.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::unwrap_used,
    reason = "counts of one run; a test that overflows or finds nothing has failed"
)]

#[path = "../../../payments/tests/providers/misbehaving.rs"]
mod misbehaving;
#[path = "../identity/rig.rs"]
#[expect(dead_code, reason = "the tests of identity need more of it")]
mod rig;

mod call_backs;
mod provider;
mod receiver;
mod reviews;

use furlong::providers::{ProviderAddress, ProviderChoice};
use misbehaving::Misbehaving;
use payments::HouseAccount;
use rig::{Answer, Ask, House, Person, wait_for};
use schemas::auth::Role;
use serde_json::json;
use std::path::Path;
use std::time::Duration;

/// The provider's token for anna's card, or account.
const HERS: &str = "pm_anna";
/// What the provider signs with.
const HOOK: &str = "whsec_b2YgdGhlIHRlc3Q=";

/// Where that server is, with secrets in files of the folder.
fn address(folder: &Path, server: &Misbehaving) -> ProviderAddress {
    let file = |name: &str, secret: &str| {
        let path = folder.join(name);
        std::fs::write(&path, secret).expect("a file");
        Some(path)
    };
    ProviderAddress {
        url: server.url.clone(),
        secret_file: file("provider.secret", "sk_canary"),
        webhook_secret_file: file("hook.secret", HOOK),
        deadline: Duration::from_secs(1),
    }
}

fn stripe(folder: &Path, server: &Misbehaving) -> ProviderChoice {
    ProviderChoice::Stripe(address(folder, server))
}

fn bank(folder: &Path, server: &Misbehaving) -> ProviderChoice {
    let house = HouseAccount {
        scheme: "UK.OBIE.SortCodeAccountNumber".to_owned(),
        identification: "08080021325698".to_owned(),
        name: "House".to_owned(),
        approve_at: "http://bank/approve?consent=".to_owned(),
    };
    ProviderChoice::OpenBanking(address(folder, server), house)
}

/// Asks for a deposit or a withdrawal, from or to what is named; its id.
async fn ask_for(
    house: &House,
    by: &Person,
    path: &str,
    (key, amount, instrument): (&str, &str, Option<&str>),
) -> String {
    let (amount, currency) = amount.split_once(' ').expect("an amount and a currency");
    let mut body = json!({"amount": {"amount": amount, "currency": currency}});
    if let Some(instrument) = instrument {
        body["instrument"] = json!(instrument);
    }
    let ask = Ask::post(path, &body).by(house.token_of(by)).key(key);
    let answer = house.ask(&ask).await;
    assert_eq!(answer.status.as_u16(), 202, "{answer:?}");
    answer.text("id")
}

async fn status(house: &House, by: &Person, path: &str) -> Answer {
    house.ask(&Ask::get(path).by(house.token_of(by))).await
}

/// What the customer reads once the view has heard of it, and that it is over.
async fn ended(house: &House, by: &Person, path: &str) -> Answer {
    wait_for("the end of a payment", || async {
        let answer = status(house, by, path).await;
        matches!(answer.text("status").as_str(), "confirmed" | "failed").then_some(answer)
    })
    .await
}

async fn until_confirmed(house: &House, by: &Person, path: &str) {
    let answer = ended(house, by, path).await;
    assert_eq!(answer.text("status"), "confirmed", "{answer:?}");
}

/// How often a name stands in the records of a journal.
async fn recorded(house: &House, auditor: &Person, topic: &str, name: &str) -> usize {
    let mut count = 0;
    for partition in 0..4 {
        let path = format!("/v1/audit/journals/{topic}/{partition}?limit=200");
        let answer = house.ask(&Ask::get(path).by(house.token_of(auditor))).await;
        assert_eq!(answer.status.as_u16(), 200, "{answer:?}");
        count += answer.body.matches(name).count();
    }
    count
}

async fn people(house: &House) -> (Person, Person) {
    let anna = house.customer("anna@example.com", "Anna").await;
    let auditor = house.staff("aude", Role::Auditor).await;
    (anna, auditor)
}
