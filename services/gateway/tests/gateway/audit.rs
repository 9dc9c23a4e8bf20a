//! What an auditor reads: journals as they are, and balances of every account by its name.

use crate::money::with_money;
use crate::world::*;

#[tokio::test(start_paused = true)]
async fn an_auditor_reads_journals_as_they_are() {
    let world = World::new();
    world.offer().await;
    BetsOwner::claim(&world).await.accept_all();
    let bet = world
        .post("anna", "/v1/bets", "k1", &slip("10.00"))
        .await
        .json();
    let journal = world
        .get("auditor", "/v1/audit/journals/bets.events/3?limit=2")
        .await
        .json();
    let items = journal["items"].as_array().unwrap();
    assert_eq!(items.len(), 2);
    assert_eq!(items[0]["record"]["kind"], "Claim");
    assert_eq!(
        items[1]["record"]["events"][0]["BetPlaced"]["bet"],
        bet["id"]
    );
    let next = journal["next_from"].as_u64().unwrap();
    let rest = world
        .get(
            "auditor",
            &format!("/v1/audit/journals/bets.events/3?from={next}"),
        )
        .await
        .json();
    assert_eq!(
        rest["items"][0]["record"]["events"][0]["BetAccepted"]["bet"],
        bet["id"]
    );
    assert_eq!(
        world
            .get("auditor", "/v1/audit/journals/bets.commands/3")
            .await
            .code(),
        "not_found"
    );
    assert_eq!(
        world
            .get("auditor", "/v1/audit/journals/bets.events/99")
            .await
            .code(),
        "not_found"
    );
    with_money(&world).await;
    let balance = world
        .get(
            "auditor",
            &format!("/v1/audit/balance?account={ANNA}&at=1970-01-01T00:00:02Z"),
        )
        .await
        .json();
    assert_eq!(
        (balance["balance"].as_str(), balance["held"].as_str()),
        (Some("100.00"), Some("10.00"))
    );
}
