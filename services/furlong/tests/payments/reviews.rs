//! Large withdrawals in a whole node: two persons, or the money comes back.

use crate::rig::{Answer, Ask, House, Person, wait_for};
use crate::{ask_for, ended, people, recorded, status, until_confirmed};
use axum::http::StatusCode;
use furlong::providers::ProviderChoice;
use schemas::auth::Role;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

const WITHDRAWALS: &str = "/v1/admin/withdrawals";

/// Somebody says a word about a withdrawal, under a key of its own.
async fn say(house: &House, by: &Person, word: &str, withdrawal: &str) -> Answer {
    let path = format!("{WITHDRAWALS}/{withdrawal}/{word}");
    let body = json!({"reason": format!("{word}: looked at it")});
    let ask = Ask::post(path, &body).by(house.token_of(by));
    house.ask(&ask.key(house.now().micros().to_string())).await
}

/// What staff see of a withdrawal, once it waits for so many more persons.
async fn waiting(house: &House, by: &Person, withdrawal: &str, approvals: usize) -> Value {
    let path = format!("{WITHDRAWALS}?status=waiting");
    wait_for("a withdrawal that waits", || async {
        let list = house.ask(&Ask::get(&path).by(house.token_of(by))).await;
        assert_eq!(list.status, StatusCode::OK, "{list:?}");
        let items = list.json()["items"].as_array().cloned().unwrap_or_default();
        items.into_iter().find(|item| {
            let said = item["approvals"].as_array().map(Vec::len);
            item["id"] == withdrawal && said == Some(approvals)
        })
    })
    .await
}

/// Waits until so much is the customer's to use, and so much held.
async fn until_balance(house: &House, of: &Person, cash: &str, held: &str) {
    let token = house.token_of(of);
    wait_for("the balance", || async {
        let balance = house.ask(&Ask::get("/v1/account/balance").by(&token)).await;
        (balance.text("cash") == cash && balance.text("held") == held).then_some(())
    })
    .await;
}

fn must_be_in_order(folder: &Path) {
    let output = Command::new(env!("CARGO_BIN_EXE_furlong"))
        .args(["audit", "verify", "--data"])
        .arg(folder)
        .output()
        .expect("it runs");
    assert!(output.status.success(), "{output:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_withdrawal_is_paid_behind_two_persons_or_comes_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let house = House::open_with(folder.path(), ProviderChoice::Simulated, None).await;
    let (anna, auditor) = people(&house).await;
    let olga = house.staff("olga", Role::Operator).await;
    let otto = house.staff("otto", Role::Compliance).await;
    let deposit = ask_for(&house, &anna, "/v1/deposits", ("in", "40000.00 EUR", None)).await;
    until_confirmed(&house, &anna, &format!("/v1/deposits/{deposit}")).await;
    let withdraw = |key: &'static str, amount: &'static str| {
        ask_for(&house, &anna, "/v1/withdrawals", (key, amount, None))
    };
    let shown = |id: &str| format!("/v1/withdrawals/{id}");

    let small = withdraw("small", "9999.99 EUR").await;
    until_confirmed(&house, &anna, &shown(&small)).await;
    let unknown = say(&house, &olga, "approve", &small).await;
    assert_eq!(unknown.code(), "withdrawal_not_in_review");

    let large = withdraw("large", "10000.00 EUR").await;
    let seen = waiting(&house, &olga, &large, 0).await;
    assert_eq!(seen["amount"]["amount"], "10000.00");
    assert_eq!(seen["review_from"]["amount"], "10000.00");
    until_balance(&house, &anna, "20000.01", "10000.00").await;
    let of_anna = status(&house, &anna, &shown(&large)).await;
    assert_eq!(of_anna.text("status"), "pending");
    let hers = say(&house, &anna, "approve", &large).await;
    assert_eq!(hers.status, StatusCode::FORBIDDEN);
    let first = say(&house, &olga, "approve", &large).await;
    assert_eq!(first.text("status"), "waiting", "{first:?}");
    let again = say(&house, &olga, "approve", &large).await;
    assert_eq!(again.code(), "approved_before");
    waiting(&house, &otto, &large, 1).await;
    let second = say(&house, &otto, "approve", &large).await;
    assert_eq!(second.text("status"), "approved", "{second:?}");
    until_confirmed(&house, &anna, &shown(&large)).await;
    until_balance(&house, &anna, "20000.01", "0.00").await;

    let other = withdraw("other", "20000.01 EUR").await;
    waiting(&house, &otto, &other, 0).await;
    until_balance(&house, &anna, "0.00", "20000.01").await;
    let declined = say(&house, &otto, "decline", &other).await;
    assert_eq!(declined.text("status"), "declined", "{declined:?}");
    let late = say(&house, &olga, "approve", &other).await;
    assert_eq!(late.code(), "withdrawal_answered_before");
    let over = ended(&house, &anna, &shown(&other)).await;
    assert_eq!(over.text("status"), "failed");
    assert_eq!(over.text("reason"), "decline: looked at it");
    until_balance(&house, &anna, "20000.01", "0.00").await;

    let of = |name| recorded(&house, &auditor, "payments.events", name);
    assert_eq!(of("WithdrawalReviewStarted").await, 2);
    assert_eq!(of("WithdrawalApproved").await, 2);
    assert_eq!(of("WithdrawalDeclined").await, 1);
    assert_eq!(of("WithdrawalSubmitted").await, 2);
    house.node.stop().await;
    must_be_in_order(folder.path());
}
