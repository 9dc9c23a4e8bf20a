//! Sources at the door: in order, with gaps, twice, out of order, with garbage, killed, stalled.
//!
//! Behind the door stands the real reading of lines and the real counting of sources; only the log
//! is left out.

mod world;

use feed_grpc::Limits;
use proto::{Book, Durable, Message, SelectionPrice, message::Update};
use std::sync::atomic::Ordering;
use std::time::Duration;
use tonic::Code;
use world::*;

#[tokio::test]
async fn messages_are_taken_in_their_order_and_counted() {
    let world = World::open().await;
    let answers = world.say((1..=5).map(alive)).await.unwrap();
    assert_eq!(answers.last().map(|answer| answer.messages), Some(5));
    assert!(answers.iter().all(|answer| !answer.position.is_empty()));
    assert_eq!(world.taken(), [1, 2, 3, 4, 5]);
}

#[tokio::test]
async fn every_kind_of_message_is_understood() {
    let world = World::open().await;
    let all = one_of_each();
    let count = u64::try_from(all.len()).unwrap();
    let answers = world.say(all).await.unwrap();
    assert_eq!(answers.last().map(|answer| answer.messages), Some(count));
    assert_eq!(world.kinds(), 21);
}

#[tokio::test]
async fn a_gap_is_named_with_its_message() {
    let world = World::open().await;
    let answers = world.say([alive(1), alive(2), alive(6)]).await.unwrap();
    let gaps: Vec<_> = answers.iter().flat_map(|answer| &answer.gaps).collect();
    assert_eq!(gaps.len(), 1);
    assert_eq!((gaps[0].message, gaps[0].source.as_str()), (3, "s"));
    assert_eq!((gaps[0].expected, gaps[0].got), (3, 6));
}

#[tokio::test]
async fn what_comes_twice_or_too_late_is_named_and_not_applied() {
    let world = World::open().await;
    let answers = world
        .say([alive(1), alive(2), alive(2), alive(4), alive(3)])
        .await
        .unwrap();
    let repeated = answers.iter().flat_map(|answer| &answer.repeated);
    let repeated: Vec<_> = repeated.map(|it| (it.message, it.last)).collect();
    assert_eq!(repeated, [(3, 2), (5, 4)]);
    assert_eq!(world.taken(), [1, 2, 4]);
}

#[tokio::test]
async fn a_refused_message_is_named_by_source_and_sequence() {
    let world = World::open().await;
    let answers = world.say([alive(1), refused(2), alive(3)]).await.unwrap();
    let refused: Vec<_> = answers.iter().flat_map(|answer| &answer.refused).collect();
    assert_eq!(refused.len(), 1);
    assert_eq!((refused[0].message, refused[0].sequence), (2, 2));
    assert_eq!(refused[0].source, "s");
    assert_eq!(refused[0].code, "market_unknown");
}

/// A message whose update is missing, or whose price is none.
fn garbage(sequence: u64, update: Option<Update>) -> Message {
    Message {
        update,
        ..alive(sequence)
    }
}

#[tokio::test]
async fn garbage_ends_its_stream_with_the_message_that_is_wrong() {
    let world = World::open().await;
    let nonsense = Update::Book(Book {
        fixture: "f".to_owned(),
        market: "m".to_owned(),
        prices: vec![SelectionPrice {
            selection: "a".to_owned(),
            price: Some("cheap".to_owned()),
        }],
        model: None,
        parameters: Vec::new(),
    });
    for (wrong, field) in [(None, "/type"), (Some(nonsense), "/prices/0/price")] {
        let status = world.say([garbage(1, wrong)]).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
        let named = format!("message 1 {field}:");
        assert!(status.message().contains(&named), "{status}");
    }
    // Nothing of it was taken or counted.
    world.say([alive(1)]).await.unwrap();
    assert_eq!(world.taken(), [1]);
}

/// However the messages came together, those before the wrong one count and are acknowledged.
#[tokio::test]
async fn what_was_said_before_garbage_counts_and_what_comes_after_does_not() {
    let world = World::open().await;
    let mut stream = world
        .stream_of([alive(1), alive(2), garbage(3, None), alive(4)])
        .await;
    let mut heard = Vec::new();
    let status = loop {
        match stream.hear().await {
            Ok(acknowledged) => heard.push(acknowledged),
            Err(status) => break status,
        }
    };
    assert_eq!(status.code(), Code::InvalidArgument);
    assert!(status.message().contains("message 3 /type"), "{status}");
    assert_eq!(heard.last().map(|it| it.messages), Some(2));
    assert_eq!(world.taken(), [1, 2]);
}

#[tokio::test]
async fn bytes_that_are_no_message_end_their_stream_only() {
    let world = World::open().await;
    assert!(world.say_no_message().await.is_err());
    world.say([alive(1)]).await.unwrap();
    assert_eq!(world.taken(), [1]);
}

fn durable(source: &str, sequence: u64) -> Durable {
    Durable {
        source: source.to_owned(),
        sequence,
    }
}

#[tokio::test]
async fn each_source_of_a_stream_is_told_how_far_it_has_come() {
    let world = World::open().await;
    let of = |source: &str, sequence| Message {
        source: source.to_owned(),
        ..alive(sequence)
    };
    world.say([of("b", 7)]).await.unwrap();
    // The second says again what is long known: it is told so, and how far it had come.
    let mut stream = world.stream_of([of("a", 1), of("b", 3), of("a", 2)]).await;
    let mut told = Vec::new();
    while let Some(acknowledged) = stream.heard().await.unwrap() {
        told.extend(acknowledged.durable);
    }
    told.sort_by(|one, other| (&one.source, one.sequence).cmp(&(&other.source, other.sequence)));
    told.reverse();
    told.dedup_by(|one, other| one.source == other.source);
    assert_eq!(told, [durable("b", 7), durable("a", 2)]);
}

/// A duplicate is acknowledged, and has no effect.
#[tokio::test]
async fn a_killed_source_goes_on_after_what_was_acknowledged_and_nothing_counts_twice() {
    let world = World::open().await;
    let mut first = world.stream().await;
    let mut acknowledged = 0;
    for sequence in 1..=3 {
        first.say(alive(sequence)).await;
        acknowledged = first.hear().await.unwrap().durable[0].sequence;
    }
    assert_eq!(acknowledged, 3);
    // It dies with a message on its way of which nobody knows whether it was taken.
    first.say(alive(4)).await;
    drop(first);
    let answers = world.say((acknowledged..=6).map(alive)).await.unwrap();
    assert_eq!(answers.last().map(|answer| answer.messages), Some(4));
    let repeated = answers.iter().flat_map(|answer| &answer.repeated);
    assert_eq!(repeated.map(|it| it.message).min(), Some(1));
    let last = answers.last().map(|answer| answer.durable.clone());
    assert_eq!(last, Some(vec![durable("s", 6)]));
    assert_eq!(world.taken(), [1, 2, 3, 4, 5, 6]);
}

#[tokio::test]
async fn who_is_not_signed_in_is_told_so() {
    let world = World::open().await;
    let status = world.say_as("Bearer nobody", [alive(1)]).await.unwrap_err();
    assert_eq!(status.code(), Code::Unauthenticated);
    assert_eq!(world.taken(), [0_u64; 0]);
}

#[tokio::test]
async fn a_token_whose_time_is_over_ends_the_stream() {
    let world = World::open().await;
    let mut stream = world.stream().await;
    stream.say(alive(1)).await;
    stream.hear().await.unwrap();
    world.desk.expired.store(true, Ordering::SeqCst);
    stream.say(alive(2)).await;
    let status = stream.hear().await.unwrap_err();
    assert_eq!(status.code(), Code::Unauthenticated);
    assert!(status.message().starts_with("token_invalid"), "{status}");
    assert_eq!(world.taken(), [1]);
}

#[tokio::test]
async fn a_silent_source_hears_that_its_stream_lives_and_is_sent_away_in_the_end() {
    let limits = Limits {
        heartbeat: Duration::from_millis(5),
        silent_heartbeats_max: 3,
        ..Limits::default()
    };
    let world = World::open_with(limits).await;
    let mut stream = world.stream().await;
    let alive = stream.hear().await.unwrap();
    assert_eq!((alive.messages, alive.durable.len()), (0, 0));
    let status = loop {
        if let Err(status) = stream.hear().await {
            break status;
        }
    };
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert!(status.message().contains("15 ms"), "{status}");
}

#[tokio::test]
async fn a_source_that_reads_no_acknowledgements_is_sent_away() {
    let limits = Limits {
        batch_max: 1,
        answers_waiting: 1,
        unread_at_most: Duration::from_millis(20),
        ..Limits::default()
    };
    let world = World::open_with(limits).await;
    // One window of answers fits between the two; this says far more, and reads nothing.
    let mut stream = world.stream_of((1..=20_000).map(alive)).await;
    world.streams_ended(&limits).await;
    let status = loop {
        if let Err(status) = stream.hear().await {
            break status;
        }
    };
    assert_eq!(status.code(), Code::Aborted);
    assert!(world.taken().len() < 20_000);
}

#[tokio::test]
async fn there_are_so_many_streams_and_no_more() {
    let limits = Limits {
        streams_max: 2,
        ..Limits::default()
    };
    let world = World::open_with(limits).await;
    let (mut one, _other) = (world.stream().await, world.stream().await);
    let refused = world.try_stream().await.map(|_| ()).unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted);
    assert!(refused.message().contains("2 streams"), "{refused}");
    one.say(alive(1)).await;
    one.hear().await.unwrap();
}

#[tokio::test]
async fn a_message_that_is_too_long_ends_its_stream() {
    let limits = Limits {
        message_bytes_max: 200,
        ..Limits::default()
    };
    let world = World::open_with(limits).await;
    let status = world.say([long_down(1)]).await.unwrap_err();
    assert_eq!(status.code(), Code::OutOfRange);
    assert_eq!(world.taken(), [0_u64; 0]);
}

#[tokio::test]
async fn a_gateway_that_stops_ends_its_streams() {
    let world = World::open().await;
    let mut stream = world.stream().await;
    stream.say(alive(1)).await;
    stream.hear().await.unwrap();
    world.stop.send_replace(true);
    let status = stream.hear().await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
}

#[tokio::test]
async fn a_log_that_is_away_says_so_and_the_source_comes_again() {
    let world = World::open().await;
    let mut stream = world.stream().await;
    world.desk.away.store(true, Ordering::SeqCst);
    stream.say(alive(1)).await;
    let status = stream.hear().await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert!(status.message().contains("messages 1 to 1"), "{status}");
    world.desk.away.store(false, Ordering::SeqCst);
    world.say([alive(1)]).await.unwrap();
    assert_eq!(world.taken(), [1]);
}

/// The desk stands still, and so does the source, however much it has to say: what is read ahead
/// is bounded by the connection's window.
#[tokio::test]
async fn a_desk_that_stalls_slows_its_source_down() {
    const MESSAGES: u64 = 20_000;
    const AHEAD_MAX: u64 = 6_000;
    let world = World::open_stalled(Limits::default()).await;
    let said = world.say_counted((1..=MESSAGES).map(long_down));
    let mut posted = 0;
    while posted < MESSAGES {
        let lines = world.desk.entered().await;
        let ahead = said.count().saturating_sub(posted);
        assert!(ahead <= AHEAD_MAX, "{ahead} messages were read ahead");
        posted += lines;
        world.desk.go_on();
    }
    assert_eq!(said.ended().await.unwrap(), MESSAGES);
}
