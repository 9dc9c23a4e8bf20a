//! Reality checks on the socket: told with every beat from when they are due until they were seen.

use super::*;
use kernel::{Duration as Span, SessionId};

/// The world's clock begins then.
const NOW: Timestamp = Timestamp::from_micros(1_780_000_000_000_000);

fn auth_at() -> TopicPartition {
    TopicPartition::new(Topic::AuthEvents, 3)
}

async fn reminded(world: &World, minutes_ago: i64) {
    let session = SessionId::example(9, ANNA.partition());
    let started_at = NOW.minus(Span::from_secs(7_200));
    let row = SessionReminderRow {
        customer: ANNA,
        session,
        started_at,
        reminded_at: NOW.minus(Span::from_secs(60 * minutes_ago)),
    };
    let key = session.bytes();
    world
        .row(auth_at(), table::SESSION_REMINDER, &key, &row)
        .await;
}

#[tokio::test]
async fn a_reality_check_is_told_until_it_was_seen() {
    let world = World::with(Config {
        heartbeat: Duration::from_millis(20),
        rate_limit: None,
        ..Config::default()
    });
    let mut ledger = known(&world).await;
    credit(&mut ledger, 1, 10_000).await;
    world.caught_up().await;
    let interval = RealityCheckRow {
        customer: ANNA,
        interval: Some(Span::from_secs(3_600)),
    };
    world
        .row(auth_at(), table::REALITY_CHECK, &ANNA.bytes(), &interval)
        .await;
    reminded(&world, 60).await;
    let mut socket = Socket::open(&world).await;
    socket.authenticate("anna").await;
    socket.subscribe("account", None).await;
    let snapshot = socket.hear().await.unwrap();
    assert_eq!(snapshot["op"], "snapshot");
    // Twice: it is told again with the next beat, and does not count.
    for _ in 0..2 {
        let told = socket.hear().await.unwrap();
        assert_eq!(told["op"], "reality_check");
        assert_eq!(told["seq"], snapshot["seq"]);
        assert_eq!(told["data"]["due"], true);
        assert_eq!(told["data"]["interval_minutes"], 60);
        assert_eq!(told["data"]["elapsed_s"], 7_200);
    }
    reminded(&world, 59).await;
    // What was on its way may still arrive; then there is silence until something happens.
    credit(&mut ledger, 2, 20_000).await;
    let next = loop {
        let told = socket.hear().await.unwrap();
        if told["op"] != "reality_check" {
            break told;
        }
    };
    assert_eq!(next["op"], "delta");
    credit(&mut ledger, 3, 30_000).await;
    assert_eq!(socket.hear().await.unwrap()["op"], "delta");
}
