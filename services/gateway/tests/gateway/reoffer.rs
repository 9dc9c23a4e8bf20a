//! Re-offers: told with the refusal, shown to whom they were made, accepted by a request of its own.

use crate::world::*;
use axum::http::StatusCode;
use kernel::*;
use schemas::{Body as RecordBody, bets};
use serde_json::json;

/// Bets refuses the next placement and offers 2.40 instead.
async fn reoffer_next(owner: &mut BetsOwner) -> BetId {
    let asked = owner.inbox.next().await;
    let place = place_of(&asked);
    let mut slip = place.slip;
    slip.legs[0].price = "2.4".parse().unwrap();
    slip.legs[0].market_version = 3;
    let offered = bets::OfferedPrice {
        selection: HOME,
        price: "2.4".parse().unwrap(),
        market_version: 3,
    };
    let told = bets::BetReoffered {
        bet: place.bet,
        customer: place.customer,
        why: bets::Rejection {
            reason: bets::RejectionReason::PriceChanged(bets::PriceChanged {
                offered: vec![offered],
            }),
        },
        slip,
        options: bets::SlipOptions {
            sizes: vec![],
            starting_price: vec![false],
        },
        stake: eur("10.00"),
        potential_return: eur("24.00"),
        cleared: false,
        offered_at: Timestamp::from_millis(1_780_000_000_000),
        until: Timestamp::from_millis(1_780_000_030_000),
    };
    let body = RecordBody::<_, bets::Rejection> {
        rejection: None,
        events: vec![bets::Event::BetReoffered(told)],
    };
    owner.journal.answer(&asked, body).await;
    place.bet
}

/// Bets makes a bet of the re-offer that the next command names.
async fn accept_next(owner: &mut BetsOwner) -> bets::AcceptReoffer {
    let asked = owner.inbox.next().await;
    let bets::Command::AcceptReoffer(accept) = asked.command.clone() else {
        panic!("an acceptance, not {:?}", asked.command);
    };
    let of_slip = schemas::CommandRecord {
        command: bets::Command::PlaceBet(bets::PlaceBet {
            bet: accept.bet,
            customer: accept.customer,
            slip: bets::Slip {
                bet_type: bets::BetType::Single,
                legs: vec![bets::Leg {
                    selection: HOME,
                    market: MARKET,
                    fixture: FIXTURE,
                    price: "2.4".parse().unwrap(),
                    market_version: 3,
                }],
                stake: eur("10.00"),
                price_policy: bets::PricePolicy::Exact,
                each_way: false,
                client_ref: None,
            },
        }),
        ..asked.clone()
    };
    let placed = placed(&of_slip);
    let body = RecordBody::<_, bets::Rejection> {
        rejection: None,
        events: vec![
            bets::Event::ReofferAccepted(bets::ReofferAccepted {
                reoffer: accept.reoffer,
                bet: accept.bet,
            }),
            bets::Event::BetPlaced(placed.clone()),
        ],
    };
    owner.journal.answer(&asked, body).await;
    owner.accept(&placed).await;
    accept
}

#[tokio::test(start_paused = true)]
async fn a_refusal_carries_what_would_be_taken_and_says_where_to_accept_it() {
    let world = World::new();
    world.offer().await;
    let mut owner = BetsOwner::claim(&world).await;
    let asked = slip("10.00");
    let (refused, bet) = tokio::join!(
        world.post("anna", "/v1/bets", "k1", &asked),
        reoffer_next(&mut owner)
    );
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (StatusCode::CONFLICT, "price_changed")
    );
    let body = refused.json();
    assert_eq!(body["offered"][0]["price"], "2.40");
    let told = &body["reoffer"];
    assert_eq!(told["id"], json!(bet.to_string()));
    assert_eq!(told["legs"][0]["market_version"], 3);
    assert_eq!(told["potential_return"]["amount"], "24.00");
    let accept = told["accept"].as_str().unwrap();
    assert_eq!(accept, format!("/v1/bets/{bet}/reoffer/accept"));

    world.caught_up().await;
    // The same refusal again, byte for byte; and the offer by itself, for nobody else.
    let again = world.post("anna", "/v1/bets", "k1", &asked).await;
    assert_eq!(again.body, refused.body);
    let path = format!("/v1/bets/{bet}/reoffer");
    assert_eq!(world.get("anna", &path).await.json(), *told);
    assert_eq!(world.get("bob", &path).await.code(), "not_found");
}

#[tokio::test(start_paused = true)]
async fn an_acceptance_is_a_request_of_its_own_and_is_answered_like_a_placement() {
    let world = World::new();
    world.offer().await;
    let mut owner = BetsOwner::claim(&world).await;
    let asked = slip("10.00");
    let (_, refused) = tokio::join!(
        world.post("anna", "/v1/bets", "k1", &asked),
        reoffer_next(&mut owner)
    );
    // The view has not come to the re-offer yet: the request waits for it.
    let path = format!("/v1/bets/{refused}/reoffer/accept");
    let nothing = json!({});
    let (first, accept) = tokio::join!(world.post("anna", &path, "k2", &nothing), async {
        world.caught_up().await;
        accept_next(&mut owner).await
    });
    assert_eq!(first.status, StatusCode::CREATED, "{first:?}");
    assert_eq!((accept.reoffer, accept.selections), (refused, vec![HOME]));
    let body = first.json();
    assert_eq!(body["id"], json!(accept.bet.to_string()));
    assert_eq!(body["price"], "2.40");

    world.caught_up().await;
    let again = world.post("anna", &path, "k2", &json!({})).await;
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!((again.status, &again.body), (first.status, &first.body));
}

#[tokio::test(start_paused = true)]
async fn what_was_not_offered_to_the_caller_is_not_asked_for() {
    let world = World::new();
    world.offer().await;
    BetsOwner::claim(&world).await.accept_all();
    let path = format!("/v1/bets/{}/reoffer/accept", BetId::example(9, 3));
    world.caught_up().await;
    let answer = world.post("anna", &path, "k1", &json!({})).await;
    assert_eq!(
        (answer.status.as_u16(), answer.code().as_str()),
        (409, "reoffer_unknown")
    );
    let inbox = Inbox::<bets::Command>::new(&world.log, Topic::BetsCommands, 3);
    assert_eq!(inbox.count().await, 0);
    let keyless = request("POST", &path, "anna").body(axum::body::Body::empty());
    let keyless = world.send(keyless.unwrap()).await;
    assert_eq!(keyless.code(), "idempotency_key_missing");
}
