//! What an auditor reads: journals as they are, and balances of every account by its name.

use crate::money::with_money;
use crate::world::*;
use kernel::*;
use schemas::Wire;
use schemas::ledger::{Account, AccountKind, TransferCode};
use schemas::rows::*;

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

/// The house has each of its accounts once in every partition, and their rows lie apart.
#[tokio::test(start_paused = true)]
async fn an_auditor_reads_the_houses_account_of_one_partition() {
    let world = World::new();
    let book = Account {
        customer: None,
        kind: AccountKind::Book,
        currency: Currency::Eur,
    };
    for (partition, minor) in [(2_u16, 700), (3, 1_200)] {
        let at = TopicPartition::new(Topic::LedgerEvents, partition);
        let key = [book.to_bytes(), partition.to_be_bytes().to_vec()].concat();
        for entry in 1..=2_u64 {
            let line = StatementRow {
                account: book.clone(),
                entry,
                transfer: TransferId::example(entry, partition),
                code: TransferCode::Stake,
                posted_change_minor: minor,
                held_change_minor: 0,
                posted_minor: minor * i64::try_from(entry).unwrap(),
                held_minor: 0,
                counterpart: AccountKind::Cash,
                position: at.at(entry),
                at: Timestamp::from_millis(i64::try_from(entry).unwrap() * 1_000),
            };
            let line_key = [key.clone(), entry.to_be_bytes().to_vec()].concat();
            world.row(at, table::STATEMENT, &line_key, &line).await;
            let balance = BalanceRow {
                account: book.clone(),
                posted_minor: line.posted_minor,
                held_minor: 0,
                entry,
                position: line.position,
                at: line.at,
            };
            world.row(at, table::BALANCE, &key, &balance).await;
        }
    }
    for (asked, shown) in [
        ("house/2/book/EUR", "14.00"),
        ("house/3/book/EUR", "24.00"),
        ("house/3/book/EUR&at=1970-01-01T00:00:01Z", "12.00"),
        ("house/1/book/EUR", "0.00"),
    ] {
        let path = format!("/v1/audit/balance?account={asked}");
        let answer = world.get("auditor", &path).await.json();
        assert_eq!(answer["balance"], shown, "{asked}");
    }
}
