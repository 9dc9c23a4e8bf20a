//! Selling a bet back, from outside.

use crate::world::*;
use axum::http::StatusCode;
use kernel::*;
use schemas::{Body as RecordBody, CommandRecord, bets};
use serde_json::json;
use std::time::Duration;

fn worth() -> bets::CashOutWorth {
    bets::CashOutWorth {
        rules_version: 1,
        margin_permille: 50,
        fair: "20".to_owned(),
        exact: "19".to_owned(),
        legs: vec![bets::CashOutLeg {
            selection: HOME,
            worth: "2".to_owned(),
            live: Some(bets::LivePrice {
                price: "1.25".parse().unwrap(),
                booksum_billionths: 1_000_000_000,
                market_version: 3,
                book_position: TopicPartition::new(Topic::OddsEvents, 1).at(1),
            }),
        }],
    }
}

fn quoted(asked: &bets::QuoteCashOut) -> bets::Event {
    bets::Event::CashOutQuoted(bets::CashOutQuoted {
        bet: asked.bet,
        customer: asked.customer,
        quote: asked.quote,
        stake: eur("10.00"),
        amount: eur("19.00"),
        worth: worth(),
        quoted_at: Timestamp::from_millis(1_780_000_000_000),
        expires_at: Timestamp::from_millis(1_780_000_010_000),
    })
}

fn sold(bet: BetId, customer: CustomerId, quote: CashOutQuoteId) -> bets::Event {
    bets::Event::CashedOut(bets::CashedOut {
        bet,
        customer,
        quote,
        fraction_millionths: 250_000,
        settlement: 1,
        stake: eur("2.50"),
        amount: eur("4.75"),
        worth: worth(),
        stake_left: eur("7.50"),
        potential_return_left: eur("18.75"),
        stake_sold_total: eur("2.50"),
        amount_total: eur("4.75"),
        cashed_out_at: Timestamp::from_millis(1_780_000_002_000),
        liabilities: vec![],
    })
}

fn delayed(asked: &bets::CashOut) -> bets::Event {
    bets::Event::CashOutDelayed(bets::CashOutDelayed {
        bet: asked.bet,
        customer: asked.customer,
        quote: asked.quote,
        fraction_millionths: asked.fraction_millionths,
        until: Timestamp::from_millis(1_780_000_005_000),
    })
}

fn recorded(event: bets::Event) -> RecordBody<bets::Event, bets::Rejection> {
    RecordBody {
        rejection: None,
        events: vec![event],
    }
}

fn sale(asked: &CommandRecord<bets::Command>) -> bets::CashOut {
    match asked.command.clone() {
        bets::Command::CashOut(sale) => sale,
        other => panic!("no sale: {other:?}"),
    }
}

/// Anna's accepted bet, and who plays its owner.
async fn struck(world: &World) -> (BetsOwner, String) {
    world.offer().await;
    let mut owner = BetsOwner::claim(world).await;
    let slip = slip("10.00");
    let (answer, ()) = tokio::join!(world.post("anna", "/v1/bets", "k1", &slip), async {
        let placed = owner.place_next().await;
        owner.accept(&placed).await;
    });
    world.caught_up().await;
    let bet = answer.json()["id"].as_str().unwrap().to_owned();
    (owner, bet)
}

#[tokio::test(start_paused = true)]
async fn a_quote_is_answered_with_what_it_is_made_of() {
    let world = World::new();
    let (mut owner, bet) = struck(&world).await;
    let path = format!("/v1/bets/{bet}/cash-out/quotes");
    let nothing = json!({});
    let (answer, ()) = tokio::join!(world.post("anna", &path, "q1", &nothing), async {
        let asked = owner.inbox.next().await;
        let bets::Command::QuoteCashOut(quote) = asked.command.clone() else {
            panic!("no question: {:?}", asked.command)
        };
        assert_eq!(
            (quote.bet.to_string(), &quote.selections[..]),
            (bet.clone(), &[HOME][..])
        );
        owner.journal.answer(&asked, recorded(quoted(&quote))).await;
    });
    assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
    let body = answer.json();
    assert_eq!(
        body["amount"],
        json!({"amount": "19.00", "currency": "EUR"})
    );
    assert_eq!(body["explanation"]["fair"], "20");
    assert!(body["quote_id"].as_str().unwrap().starts_with("quo_"));
    assert_eq!(body["expires_at"], "2026-05-28T20:26:50Z");
    // Somebody else's bet is not there to be asked about.
    let other = world.post("bob", &path, "q1", &json!({})).await;
    assert_eq!(other.code(), "not_found");
}

#[tokio::test(start_paused = true)]
async fn a_part_is_sold_once_and_answered_the_same_again() {
    let world = World::new();
    let (mut owner, bet) = struck(&world).await;
    let path = format!("/v1/bets/{bet}/cash-out");
    let quote = CashOutQuoteId::example(7, 3).to_string();
    let body = json!({"quote_id": quote, "fraction": "0.25"});
    let (first, ()) = tokio::join!(world.post("anna", &path, "s1", &body), async {
        let asked = owner.inbox.next().await;
        let sale = sale(&asked);
        assert_eq!(
            (sale.quote.to_string(), sale.fraction_millionths),
            (quote.clone(), 250_000)
        );
        let event = sold(sale.bet, sale.customer, sale.quote);
        owner.journal.answer(&asked, recorded(event)).await;
    });
    assert_eq!(first.status, StatusCode::OK, "{first:?}");
    assert_eq!(first.json()["amount"]["amount"], "4.75");
    assert_eq!(first.json()["stake_left"]["amount"], "7.50");
    world.caught_up().await;
    let again = world.post("anna", &path, "s1", &body).await;
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!((again.status, &again.body), (first.status, &first.body));
    let other = json!({"quote_id": quote, "fraction": "0.5"});
    let reused = world.post("anna", &path, "s1", &other).await;
    assert_eq!(reused.code(), "idempotency_key_reused");
    let shown = world.get("anna", &format!("/v1/bets/{bet}")).await.json();
    assert_eq!(shown["cash_out"]["stake_sold"]["amount"], "2.50");
    assert_eq!(shown["potential_return"]["amount"], "18.75");
    assert_eq!(shown["status"], "accepted");
}

#[tokio::test(start_paused = true)]
async fn in_play_the_answer_waits_for_the_delay() {
    let world = World::new();
    let (mut owner, bet) = struck(&world).await;
    let path = format!("/v1/bets/{bet}/cash-out");
    let body = json!({"quote_id": CashOutQuoteId::example(7, 3).to_string()});
    let (answer, asked) = tokio::join!(world.post("anna", &path, "s1", &body), async {
        let asked = owner.inbox.next().await;
        owner
            .journal
            .answer(&asked, recorded(delayed(&sale(&asked))))
            .await;
        asked
    });
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{answer:?}");
    assert_eq!(answer.json()["until"], "2026-05-28T20:26:45Z");
    world.caught_up().await;
    let pending = world.post("anna", &path, "s1", &body).await;
    assert_eq!(pending.status, StatusCode::ACCEPTED, "{pending:?}");
    let sale = sale(&asked);
    let reason = bets::RejectionReason::MarketSuspended(bets::MarketSuspended { market: MARKET });
    let refused = bets::Event::CashOutRefused(bets::CashOutRefused {
        bet: sale.bet,
        customer: sale.customer,
        quote: sale.quote,
        rejection: bets::Rejection { reason },
    });
    owner
        .journal
        .decide::<_, bets::Rejection>(None, vec![refused])
        .await;
    world.caught_up().await;
    let last = world.post("anna", &path, "s1", &body).await;
    assert_eq!(
        (last.status, last.code().as_str()),
        (StatusCode::CONFLICT, "market_suspended")
    );
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_delay_within_the_wait_is_the_answer() {
    let world = World::new();
    let (mut owner, bet) = struck(&world).await;
    let path = format!("/v1/bets/{bet}/cash-out");
    let body = json!({"quote_id": CashOutQuoteId::example(7, 3).to_string(), "fraction": "0.25"});
    let (answer, ()) = tokio::join!(world.post("anna", &path, "s1", &body), async {
        let asked = owner.inbox.next().await;
        let sale = sale(&asked);
        owner.journal.answer(&asked, recorded(delayed(&sale))).await;
        tokio::time::advance(Duration::from_millis(500)).await;
        let event = sold(sale.bet, sale.customer, sale.quote);
        owner
            .journal
            .decide::<_, bets::Rejection>(None, vec![event])
            .await;
    });
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    assert_eq!(answer.json()["status"], "cashed_out");
}

#[tokio::test(start_paused = true)]
async fn refusals_tell_what_to_do() {
    let world = World::new();
    let (mut owner, bet) = struck(&world).await;
    let path = format!("/v1/bets/{bet}/cash-out");
    let body = json!({"quote_id": CashOutQuoteId::example(7, 3).to_string()});
    let fell = bets::CashOutValueFell {
        offered: eur("12.00"),
    };
    let reason = bets::RejectionReason::CashOutValueFell(fell);
    let (answer, ()) = tokio::join!(
        world.post("anna", &path, "s1", &body),
        owner.refuse_next(reason)
    );
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (StatusCode::CONFLICT, "cash_out_value_fell")
    );
    assert_eq!(
        answer.json()["offered"],
        json!({"amount": "12.00", "currency": "EUR"})
    );
    let wrong = json!({"quote_id": "bet_1", "fraction": "2"});
    let answer = world.post("anna", &path, "s2", &wrong).await;
    assert_eq!(answer.code(), "validation_failed");
    assert_eq!(answer.json()["errors"].as_array().unwrap().len(), 2);
}
