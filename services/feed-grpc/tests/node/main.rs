//! Sources that speak gRPC to a whole house, over sockets: prices, gaps, repeats, tokens, and a
//! connection that is killed.

mod house;

use house::{House, Source, alive, book, fixture, market};
use tonic::Code;

#[tokio::test(flavor = "multi_thread")]
async fn a_price_that_is_acknowledged_is_the_price_of_the_market() {
    let house = House::open().await;
    let mut source = Source::open(&house, &house.trader).await;
    source.say(fixture(1)).await;
    source.say(market(2)).await;
    source.say(book(3, "2.50")).await;
    let acknowledged = source.heard_of(3).await;
    assert!(!acknowledged.position.is_empty());
    let told = house.market().await;
    assert_eq!(told["status"], "open", "{told}");
    assert_eq!(told["selections"][0]["price"], "2.50", "{told}");
    source.say(book(4, "2.60")).await;
    source.heard_of(4).await;
    assert_eq!(house.market().await["selections"][0]["price"], "2.60");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gap_is_named_and_its_markets_wait_for_their_next_price() {
    let house = House::open().await;
    let mut source = Source::open(&house, &house.trader).await;
    for message in [fixture(1), market(2), book(3, "2.50")] {
        source.say(message).await;
    }
    source.heard_of(3).await;
    source.say(alive(7)).await;
    source.heard_of(7).await;
    let gaps: Vec<_> = source.all.iter().flat_map(|it| &it.gaps).collect();
    assert_eq!(gaps.len(), 1);
    assert_eq!((gaps[0].source.as_str(), gaps[0].message), ("s", 4));
    assert_eq!((gaps[0].expected, gaps[0].got), (4, 7));
    assert_eq!(house.market().await["status"], "suspended");
    source.say(book(8, "2.40")).await;
    source.heard_of(8).await;
    let told = house.market().await;
    assert_eq!(told["status"], "open", "{told}");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gap_right_behind_the_first_price_stops_that_market_too() {
    let house = House::open().await;
    let mut source = Source::open(&house, &house.trader).await;
    for message in [fixture(1), market(2), book(3, "2.50"), alive(7)] {
        source.say(message).await;
    }
    source.heard_of(7).await;
    assert_eq!(house.market().await["status"], "suspended");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_connection_goes_on_after_what_was_acknowledged_and_repeats_have_no_effect() {
    let house = House::open().await;
    let mut first = Source::open(&house, &house.trader).await;
    for message in [fixture(1), market(2), book(3, "2.50")] {
        first.say(message).await;
    }
    let acknowledged = first.heard_of(3).await.durable[0].sequence;
    // Its last word may or may not have come.
    first.say(book(4, "2.60")).await;
    drop(first);

    let mut second = Source::open(&house, &house.trader).await;
    for sequence in acknowledged..=4 {
        let price = if sequence == 4 { "2.60" } else { "9.99" };
        second.say(book(sequence, price)).await;
    }
    second.heard_of(4).await;
    let repeated: Vec<u64> = second
        .all
        .iter()
        .flat_map(|it| &it.repeated)
        .map(|it| it.message)
        .collect();
    assert_eq!(repeated.first(), Some(&1), "3 was taken before");
    let told = house.market().await;
    assert_eq!(told["selections"][0]["price"], "2.60", "{told}");

    // And once more: acknowledged, and nothing moves.
    second.say(book(4, "9.99")).await;
    second.heard_of(4).await;
    assert_eq!(house.market().await, told);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_may_post_prices_may_say_them() {
    let house = House::open().await;
    let expired = house.expired(&house.trader);
    let forged = format!("{}x", house.token(&house.trader));
    for (word, code) in [
        (None, Code::Unauthenticated),
        (Some(expired), Code::Unauthenticated),
        (Some(forged), Code::Unauthenticated),
        (Some(house.token(&house.customer)), Code::PermissionDenied),
    ] {
        let refused = Source::try_open(&house, word.as_deref()).await;
        let Err(status) = refused else {
            panic!("a stream for {word:?}");
        };
        assert_eq!(status.code(), code, "{word:?}: {status}");
        assert!(!status.message().is_empty());
    }
    house.close().await;
}

/// One port for everything.
#[tokio::test(flavor = "multi_thread")]
async fn the_port_of_grpc_is_the_port_of_http_as_well() {
    let house = House::open().await;
    let answer = house.plain_get("/livez").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    house.close().await;
}

/// A house that stops ends the streams of its sources first, or it would wait for them.
#[tokio::test(flavor = "multi_thread")]
async fn a_house_that_stops_tells_its_sources() {
    let house = House::open().await;
    let mut source = Source::open(&house, &house.trader).await;
    source.say(alive(1)).await;
    source.heard_of(1).await;
    house.close().await;
    assert_eq!(source.ended().await.code(), Code::Unavailable);
}
