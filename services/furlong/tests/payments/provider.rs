//! A whole node with the adapter for cards against a provider that misbehaves.

use crate::misbehaving::{Fault, Misbehaving};
use crate::rig::{Ask, House};
use crate::{HERS, ask_for, people, recorded, stripe, until_confirmed};
use serde_json::json;

/// Whatever the provider does to a call, the money moves once over there and once here.
#[tokio::test(flavor = "multi_thread")]
async fn money_moves_once_whatever_the_provider_does_to_a_call() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Misbehaving::start().await;
    let provider = stripe(folder.path(), &server);
    let house = House::open_with(folder.path(), provider, None).await;
    let (anna, auditor) = people(&house).await;
    let mut references = Vec::new();
    for (number, fault) in Fault::ALL.into_iter().enumerate() {
        server.know(|known| known.faults.push_back(fault));
        let key = format!("in {number}");
        let wish = (key.as_str(), "10.00 EUR", Some(HERS));
        let deposit = ask_for(&house, &anna, "/v1/deposits", wish).await;
        until_confirmed(&house, &anna, &format!("/v1/deposits/{deposit}")).await;
        references.push(deposit);
    }
    for (number, fault) in [Fault::DoThenHang, Fault::Break].into_iter().enumerate() {
        server.know(|known| known.faults.push_back(fault));
        let key = format!("out {number}");
        // To the card without being told so: it is the one that paid in.
        let wish = (key.as_str(), "5.00 EUR", None);
        let withdrawal = ask_for(&house, &anna, "/v1/withdrawals", wish).await;
        until_confirmed(&house, &anna, &format!("/v1/withdrawals/{withdrawal}")).await;
        references.push(withdrawal);
    }
    server.know(|known| {
        for reference in &references {
            assert_eq!(known.moved.get(reference), Some(&1), "{reference}");
        }
        assert_eq!(known.moved.len(), references.len());
        assert_eq!(known.strangers, 0);
        assert!(known.faults.is_empty());
    });
    let token = house.token_of(&anna);
    crate::wait_for("the balance", || async {
        let balance = house.ask(&Ask::get("/v1/account/balance").by(&token)).await;
        (balance.text("cash") == "60.00" && balance.text("held") == "0.00").then_some(())
    })
    .await;
    let of = |name| recorded(&house, &auditor, "payments.events", name);
    assert_eq!(of("DepositConfirmed").await, Fault::ALL.len());
    assert_eq!(of("WithdrawalPaid").await, 2);
    house.node.stop().await;
}

/// It could only fail, and for a withdrawal money would be held for nothing.
#[tokio::test(flavor = "multi_thread")]
async fn what_names_no_card_is_refused_at_once_and_the_provider_hears_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Misbehaving::start().await;
    let provider = stripe(folder.path(), &server);
    let house = House::open_with(folder.path(), provider, None).await;
    let (anna, auditor) = people(&house).await;
    for path in ["/v1/deposits", "/v1/withdrawals"] {
        let body = json!({"amount": {"amount": "10.00", "currency": "EUR"}});
        let ask = Ask::post(path, &body).by(house.token_of(&anna)).key("k");
        let refused = house.ask(&ask).await;
        assert_eq!(refused.code(), "instrument_missing", "{path}: {refused:?}");
    }
    assert_eq!(server.know(|known| known.objects.len()), 0);
    let of = |name| recorded(&house, &auditor, "payments.events", name);
    assert_eq!(of("DepositRequested").await, 0);
    assert_eq!(of("WithdrawalRequested").await, 0);
    house.node.stop().await;
}
