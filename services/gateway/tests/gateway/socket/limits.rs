//! What a socket may not do without end.

use super::*;
use gateway::{AdmissionSettings, RateLimit};

fn world_with(admission: AdmissionSettings) -> World {
    World::with(Config {
        rate_limit: None,
        heartbeat: Duration::from_millis(20),
        admission,
        ..Config::default()
    })
}

async fn status_of(socket: &mut Socket, message: Value) -> Value {
    socket.say(message).await;
    socket.hear().await.unwrap()
}

#[tokio::test]
async fn a_customer_is_signed_in_on_so_many_sockets() {
    let world = world_with(AdmissionSettings {
        sockets_per_customer: 2,
        ..AdmissionSettings::default()
    });
    let mut sockets = [
        Socket::open(&world).await,
        Socket::open(&world).await,
        Socket::open(&world).await,
    ];
    let as_anna = json!({"op": "authenticate", "id": 1, "token": "anna"});
    let as_bob = json!({"op": "authenticate", "id": 2, "token": "bob"});
    let [first, second, third] = &mut sockets;
    assert_eq!(status_of(first, as_anna.clone()).await["status"], "success");
    assert_eq!(
        status_of(second, as_anna.clone()).await["status"],
        "success"
    );
    let refused = status_of(third, as_anna.clone()).await;
    assert_eq!(refused["error_code"], "rate_limited");
    // A newer token on the same socket takes no second seat; another customer has seats of his own.
    assert_eq!(
        status_of(second, as_anna.clone()).await["status"],
        "success"
    );
    assert_eq!(status_of(second, as_bob).await["status"], "success");
    assert_eq!(status_of(third, as_anna).await["status"], "success");
}

#[tokio::test]
async fn whoever_asks_without_end_is_answered_no_more() {
    let world = world_with(AdmissionSettings {
        socket_asks: RateLimit {
            per_minute: 1,
            burst: 3,
        },
        ..AdmissionSettings::default()
    });
    let mut socket = Socket::open(&world).await;
    let ask = || json!({"op": "unsubscribe", "id": 7, "channel": "odds"});
    for _ in 0..3 {
        assert_eq!(status_of(&mut socket, ask()).await["status"], "success");
    }
    let refused = status_of(&mut socket, ask()).await;
    assert_eq!(
        (refused["id"].clone(), refused["error_code"].clone()),
        (json!(7), json!("rate_limited"))
    );
}

#[tokio::test]
async fn a_socket_that_asks_for_nothing_is_closed() {
    let world = world_with(AdmissionSettings {
        socket_idle: Duration::from_millis(200),
        ..AdmissionSettings::default()
    });
    let mut idle = Socket::open(&world).await;
    let mut busy = Socket::open(&world).await;
    busy.subscribe("odds", None).await;
    assert_eq!(busy.hear().await.unwrap()["op"], "snapshot");
    assert_eq!(idle.hear().await, Err(1008));
    // Whoever follows something stays, however quiet it is.
    let unsubscribe = json!({"op": "unsubscribe", "id": 1, "channel": "odds"});
    assert_eq!(status_of(&mut busy, unsubscribe).await["status"], "success");
    assert_eq!(busy.hear().await, Err(1008));
}
