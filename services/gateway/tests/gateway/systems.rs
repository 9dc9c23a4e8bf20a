//! Slips of several lines, and what only some slips say.

use crate::world::*;
use kernel::Topic;
use schemas::bets;
use serde_json::{Value, json};

fn saying(more: &Value) -> Value {
    let mut body = slip("1.00");
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

async fn command_for(body: &Value) -> bets::Command {
    let world = World::new();
    world.offer().await;
    BetsOwner::claim(&world).await.accept_all();
    world.post("anna", "/v1/bets", "k1", body).await;
    let mut inbox = Inbox::<bets::Command>::new(&world.log, Topic::BetsCommands, 3);
    inbox.next().await.command
}

#[tokio::test(start_paused = true)]
async fn every_kind_is_taken_by_its_name() {
    for (name, bet_type) in [
        ("trixie", bets::BetType::Trixie),
        ("lucky15", bets::BetType::Lucky15),
        ("super-heinz", bets::BetType::SuperHeinz),
        ("goliath", bets::BetType::Goliath),
        ("block", bets::BetType::Block),
    ] {
        let bets::Command::PlaceBet(place) = command_for(&saying(&json!({"type": name}))).await
        else {
            panic!("{name} says nothing that other slips do not")
        };
        assert_eq!(place.slip.bet_type, bet_type);
    }
}

#[tokio::test(start_paused = true)]
async fn a_system_lists_its_sizes() {
    let body = saying(&json!({"type": "system", "sizes": [2, 3]}));
    let bets::Command::PlaceSlip(place) = command_for(&body).await else {
        panic!("a system says more than every slip does")
    };
    assert_eq!(place.options.sizes, [2, 3]);
    assert_eq!(place.options.starting_price, [false]);
}

#[tokio::test(start_paused = true)]
async fn a_leg_may_take_the_starting_price() {
    let mut body = slip("1.00");
    body["legs"][0]["starting_price"] = json!(true);
    let bets::Command::PlaceSlip(place) = command_for(&body).await else {
        panic!("a starting price is more than every slip says")
    };
    assert_eq!(place.options.starting_price, [true]);
}

#[tokio::test(start_paused = true)]
async fn the_same_legs_in_other_sizes_are_another_content() {
    let world = World::new();
    world.offer().await;
    BetsOwner::claim(&world).await.accept_all();
    let sized = |sizes: &[u8]| saying(&json!({"type": "system", "sizes": sizes}));
    world.post("anna", "/v1/bets", "k1", &sized(&[1])).await;
    world.caught_up().await;
    let other = world.post("anna", "/v1/bets", "k1", &sized(&[1, 2])).await;
    assert_eq!(other.code(), "idempotency_key_reused");
    let mut starting = sized(&[1]);
    starting["legs"][0]["starting_price"] = json!(true);
    let other = world.post("anna", "/v1/bets", "k1", &starting).await;
    assert_eq!(other.code(), "idempotency_key_reused");
}
