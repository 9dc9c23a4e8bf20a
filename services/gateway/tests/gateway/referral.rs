//! Slips that wait for a trader: told to the customer at once, listed to traders alone, answered
//! by name and with a reason.

use crate::world::*;
use axum::http::StatusCode;
use kernel::*;
use schemas::{Body as RecordBody, bets};
use serde_json::{Value, json};

/// Bets places the next slip and refers it.
async fn refer_next(owner: &mut BetsOwner) -> bets::BetPlaced {
    let asked = owner.inbox.next().await;
    let placed = placed(&asked);
    let referred = bets::BetReferred {
        bet: placed.bet,
        customer: placed.customer,
        stake: placed.stake,
        automatic_max: eur("5.00"),
        rules_version: 1,
        until: Timestamp::from_millis(1_780_000_120_000),
    };
    let body = RecordBody::<_, bets::Rejection> {
        rejection: None,
        events: vec![
            bets::Event::BetPlaced(placed.clone()),
            bets::Event::BetReferred(referred),
        ],
    };
    owner.journal.answer(&asked, body).await;
    placed
}

/// Bets takes a trader's answer as it is given.
async fn answer_next(owner: &mut BetsOwner) -> bets::AnswerReferral {
    let asked = owner.inbox.next().await;
    let bets::Command::AnswerReferral(told) = asked.command.clone() else {
        panic!("an answer, not {:?}", asked.command);
    };
    let answered = bets::ReferralAnswered {
        bet: told.bet,
        customer: ANNA,
        word: told.answer,
        unit_stake: told.unit_stake,
        by: told.by.clone(),
        reason: told.reason.clone(),
        answered_at: Timestamp::from_millis(1_780_000_001_000),
        until: Timestamp::from_millis(1_780_000_003_000),
    };
    let body = RecordBody::<_, bets::Rejection> {
        rejection: None,
        events: vec![bets::Event::ReferralAnswered(answered)],
    };
    owner.journal.answer(&asked, body).await;
    told
}

async fn listed(world: &World) -> Vec<Value> {
    let list = world.get("trader", "/v1/admin/referrals").await;
    assert_eq!(list.status, StatusCode::OK, "{list:?}");
    list.json()["items"].as_array().unwrap().clone()
}

#[tokio::test(start_paused = true)]
async fn a_referred_slip_is_pending_and_a_trader_s_answer_takes_it_off_the_list() {
    let world = World::new();
    world.offer().await;
    let mut owner = BetsOwner::claim(&world).await;
    let asked = slip("10.00");
    let (pending, placed) = tokio::join!(
        world.post("anna", "/v1/bets", "k1", &asked),
        refer_next(&mut owner)
    );
    assert_eq!(pending.status, StatusCode::ACCEPTED, "{pending:?}");
    let body = pending.json();
    assert_eq!(
        (&body["status"], &body["waiting_for"]),
        (&json!("pending"), &json!("referral"))
    );
    assert!(body["until"].is_string());

    world.caught_up().await;
    let items = listed(&world).await;
    assert_eq!(items.len(), 1);
    assert_eq!(items[0]["id"], json!(placed.bet.to_string()));
    assert_eq!(items[0]["automatic_max"]["amount"], "5.00");
    assert_eq!(
        items[0]["bet"]["legs"][0]["selection_id"],
        json!(HOME.to_string())
    );
    let theirs = world.get("anna", "/v1/admin/referrals").await;
    assert_eq!(theirs.code(), "permission_denied");

    let path = format!("/v1/admin/referrals/{}/accept", placed.bet);
    let said = json!({"reason": "known customer", "stake": {"amount": "7.00", "currency": "EUR"}});
    let (answer, told) = tokio::join!(
        world.post("trader", &path, "k2", &said),
        answer_next(&mut owner)
    );
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    assert_eq!(answer.json()["answer"], "accepted");
    assert_eq!((told.bet, told.unit_stake), (placed.bet, Some(eur("7.00"))));
    assert_eq!(
        (told.selections, told.reason.as_str()),
        (vec![HOME], "known customer")
    );
    assert_eq!(told.by, CustomerId::example(3, 0).to_string());
    world.caught_up().await;
    assert!(listed(&world).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_answer_needs_a_reason_an_offer_its_stake_and_a_slip_that_there_is() {
    let world = World::new();
    world.offer().await;
    let mut owner = BetsOwner::claim(&world).await;
    let asked = slip("10.00");
    let (_, placed) = tokio::join!(
        world.post("anna", "/v1/bets", "k1", &asked),
        refer_next(&mut owner)
    );
    world.caught_up().await;
    let at = |what: &str| format!("/v1/admin/referrals/{}/{what}", placed.bet);
    let silent = world.post("trader", &at("decline"), "k2", &json!({})).await;
    assert_eq!(silent.code(), "reason_missing");
    let why = json!({"reason": "too much"});
    let empty = world.post("trader", &at("offer"), "k3", &why).await;
    assert_eq!(empty.code(), "validation_failed");
    let unknown = format!("/v1/admin/referrals/{}/decline", BetId::example(9, 3));
    let unknown = world.post("trader", &unknown, "k4", &why).await;
    assert_eq!(unknown.code(), "referral_unknown");
    let own = world.post("anna", &at("accept"), "k5", &why).await;
    assert_eq!(own.code(), "permission_denied");
}

#[tokio::test(start_paused = true)]
async fn who_accepts_a_part_says_so_to_the_owner() {
    let world = World::new();
    world.offer().await;
    let mut owner = BetsOwner::claim(&world).await;
    let mut asked = slip("10.00");
    asked["accept_partial"] = json!(true);
    let told = async {
        let asked = owner.inbox.next().await;
        let placed = placed(&asked);
        let agreed = bets::PartAgreed {
            bet: placed.bet,
            customer: placed.customer,
            asked: placed.stake,
            unit_stake: eur("4.00"),
            stake: eur("4.00"),
            potential_return: eur("10.00"),
            until: placed.placed_at,
        };
        let events = vec![
            bets::Event::BetPlaced(placed.clone()),
            bets::Event::PartAgreed(agreed),
        ];
        let body = RecordBody::<_, bets::Rejection> {
            rejection: None,
            events,
        };
        owner.journal.answer(&asked, body).await;
        asked.command
    };
    let (pending, told) = tokio::join!(world.post("anna", "/v1/bets", "k1", &asked), told);
    let bets::Command::PlaceSlipSaying(place) = told else {
        panic!("a placement that says so, not {told:?}");
    };
    let said = bets::SlipWord::PartAccepted(bets::PartAccepted {});
    assert_eq!(place.words, [said]);
    let body = pending.json();
    assert_eq!(body["stake"]["amount"], "4.00");
    assert_eq!(body["asked_stake"]["amount"], "10.00");
}
