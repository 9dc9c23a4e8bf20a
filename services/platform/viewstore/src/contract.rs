//! The contract test that every adapter passes, and the stricter one of embedded stores.
//!
//! Duty: turn the port's obligations into checks. An adapter's test hands in a way to make a
//! fresh, empty store. Prohibition: no check relies on durability or on time.

use crate::port::{Applied, Progress, Scan, ViewError, ViewStore};
use crate::row::{Row, StoredRow};
use futures::future::join_all;
use kernel::{Topic, TopicPartition};
use std::sync::Arc;

mod embedded;

pub use embedded::check_embedded;

/// Runs the checks that hold for every store, each on a fresh one.
///
/// # Panics
/// With the obligation that does not hold.
pub async fn check(fresh: &dyn Fn() -> Arc<dyn ViewStore>) {
    an_empty_store_has_nothing(fresh()).await;
    rows_and_progress_are_read_as_written(fresh()).await;
    a_row_is_replaced_in_full(fresh()).await;
    a_row_never_goes_back(fresh()).await;
    the_same_again_changes_nothing(fresh()).await;
    the_last_of_several_rows_with_one_key_stands(fresh()).await;
    progress_never_goes_back(fresh()).await;
    tables_and_partitions_are_separate(fresh()).await;
    a_row_of_two_partitions_is_told(fresh()).await;
    a_scan_walks_a_prefix_both_ways(fresh()).await;
    a_scan_goes_on_from_and_after_a_key(fresh()).await;
    a_scan_may_be_empty(fresh()).await;
    applies_at_once_all_stand(fresh()).await;
    many_rows_stand_before_their_progress_does(fresh()).await;
    a_cleared_store_can_be_filled_again(fresh()).await;
}

const AT: TopicPartition = TopicPartition::new(Topic::BetsEvents, 3);
const NEIGHBOUR: TopicPartition = TopicPartition::new(Topic::BetsEvents, 4);

fn row(key: &[u8], value: &[u8], seq: u64) -> Row {
    Row {
        table: "slips",
        key: key.to_vec(),
        value: value.to_vec(),
        seq,
    }
}

fn progress(next_offset: u64) -> Progress {
    Progress {
        next_offset,
        seq: next_offset / 2,
        chain: next_offset.to_be_bytes().to_vec(),
    }
}

async fn write(store: &dyn ViewStore, rows: Vec<Row>, to: u64) -> Applied {
    store
        .apply(AT, rows, progress(to))
        .await
        .expect("the store answers")
}

async fn value(store: &dyn ViewStore, key: &[u8]) -> Option<(Vec<u8>, u64)> {
    store
        .get("slips", key.to_vec())
        .await
        .expect("the store answers")
        .map(|row| (row.value, row.seq))
}

async fn keys(store: &dyn ViewStore, scan: Scan) -> Vec<Vec<u8>> {
    let rows = store.scan(scan).await.expect("the store answers");
    rows.into_iter().map(|row| row.key).collect()
}

async fn an_empty_store_has_nothing(store: Arc<dyn ViewStore>) {
    assert_eq!(value(&*store, b"a").await, None);
    assert_eq!(store.progress(AT).await, Ok(None));
    assert_eq!(store.scan(Scan::of("slips", [])).await, Ok(vec![]));
}

async fn rows_and_progress_are_read_as_written(store: Arc<dyn ViewStore>) {
    // Stores that take it for a time in microseconds may refuse one far in the future.
    let high = 1 << 50;
    write(
        &*store,
        vec![row(b"a", b"", 1), row(b"", &[0, 255], high)],
        7,
    )
    .await;
    assert_eq!(store.progress(AT).await, Ok(Some(progress(7))));
    let expected = StoredRow {
        topic_partition: AT,
        seq: high,
        key: vec![],
        value: vec![0, 255],
    };
    assert_eq!(store.get("slips", vec![]).await, Ok(Some(expected)));
    assert_eq!(value(&*store, b"a").await, Some((vec![], 1)));
}

async fn a_row_is_replaced_in_full(store: Arc<dyn ViewStore>) {
    write(&*store, vec![row(b"a", b"a long old value", 1)], 1).await;
    write(&*store, vec![row(b"a", b"new", 2)], 2).await;
    assert_eq!(value(&*store, b"a").await, Some((b"new".to_vec(), 2)));
}

async fn a_row_never_goes_back(store: Arc<dyn ViewStore>) {
    write(&*store, vec![row(b"a", b"new", 9)], 9).await;
    write(&*store, vec![row(b"a", b"old", 8), row(b"b", b"b", 8)], 10).await;
    assert_eq!(value(&*store, b"a").await, Some((b"new".to_vec(), 9)));
    assert_eq!(value(&*store, b"b").await, Some((b"b".to_vec(), 8)));
}

async fn the_same_again_changes_nothing(store: Arc<dyn ViewStore>) {
    let rows = vec![row(b"a", b"1", 1), row(b"b", b"2", 2)];
    write(&*store, rows.clone(), 4).await;
    let before = store.scan(Scan::of("slips", [])).await;
    write(&*store, rows, 4).await;
    assert_eq!(store.scan(Scan::of("slips", [])).await, before);
    assert_eq!(store.progress(AT).await, Ok(Some(progress(4))));
}

async fn the_last_of_several_rows_with_one_key_stands(store: Arc<dyn ViewStore>) {
    let rows = vec![
        row(b"a", b"first", 2),
        row(b"a", b"second", 2),
        row(b"a", b"old", 1),
    ];
    write(&*store, rows, 3).await;
    assert_eq!(value(&*store, b"a").await, Some((b"second".to_vec(), 2)));
}

async fn progress_never_goes_back(store: Arc<dyn ViewStore>) {
    write(&*store, vec![], 9).await;
    write(&*store, vec![], 8).await;
    assert_eq!(store.progress(AT).await, Ok(Some(progress(9))));
}

async fn tables_and_partitions_are_separate(store: Arc<dyn ViewStore>) {
    let other = Row {
        table: "accounts",
        ..row(b"a", b"account", 5)
    };
    write(&*store, vec![row(b"a", b"slip", 1), other], 1).await;
    assert_eq!(value(&*store, b"a").await, Some((b"slip".to_vec(), 1)));
    let account = store.get("accounts", b"a".to_vec()).await;
    assert_eq!(
        account.expect("the store answers").map(|row| row.value),
        Some(b"account".to_vec())
    );
    assert_eq!(store.progress(NEIGHBOUR).await, Ok(None));
}

async fn a_row_of_two_partitions_is_told(store: Arc<dyn ViewStore>) {
    write(&*store, vec![row(b"b", b"mine", 1)], 1).await;
    let theirs = vec![row(b"b", b"theirs", 9)];
    let two_owners = ViewError::TwoOwners {
        table: "slips".to_owned(),
        key: b"b".to_vec(),
        owner: AT,
        writer: NEIGHBOUR,
    };
    match store.apply(NEIGHBOUR, theirs, progress(9)).await {
        Err(error) => assert_eq!(error, two_owners),
        Ok(_) => {
            assert_eq!(
                store.get("slips", b"b".to_vec()).await,
                Err(two_owners.clone())
            );
            for scan in [Scan::of("slips", []), Scan::of("slips", *b"b").rows_max(1)] {
                assert_eq!(store.scan(scan.clone()).await, Err(two_owners.clone()));
                assert_eq!(store.scan(scan.reversed()).await, Err(two_owners.clone()));
            }
        }
    }
}

async fn fill(store: &dyn ViewStore) {
    let mut keys: Vec<&[u8]> = vec![
        b"b2",
        b"a",
        b"b",
        b"b1",
        b"b1x",
        b"c",
        b"b\xff",
        b"b\xff\xff",
    ];
    keys.push(&[255]);
    keys.push(&[255, 255, 1]);
    let rows = keys.into_iter().map(|key| row(key, b"", 1)).collect();
    write(store, rows, 1).await;
}

async fn a_scan_walks_a_prefix_both_ways(store: Arc<dyn ViewStore>) {
    fill(&*store).await;
    let mut expected: Vec<Vec<u8>> = [&b"b"[..], b"b1", b"b1x", b"b2", b"b\xff", b"b\xff\xff"]
        .map(<[u8]>::to_vec)
        .to_vec();
    assert_eq!(keys(&*store, Scan::of("slips", *b"b")).await, expected);
    expected.reverse();
    let down = Scan::of("slips", *b"b").reversed();
    assert_eq!(keys(&*store, down).await, expected);
    assert_eq!(
        keys(&*store, Scan::of("slips", [255])).await,
        [vec![255], vec![255, 255, 1]]
    );
    assert_eq!(
        keys(&*store, Scan::of("slips", [255]).reversed()).await,
        [vec![255, 255, 1], vec![255]]
    );
    assert_eq!(keys(&*store, Scan::of("slips", [])).await.len(), 10);
}

async fn a_scan_goes_on_from_and_after_a_key(store: Arc<dyn ViewStore>) {
    fill(&*store).await;
    let b = || Scan::of("slips", *b"b").rows_max(2);
    let page = |text: [&str; 2]| text.map(|key| key.as_bytes().to_vec());
    assert_eq!(keys(&*store, b()).await, page(["b", "b1"]));
    assert_eq!(keys(&*store, b().from(*b"b1")).await, page(["b1", "b1x"]));
    assert_eq!(keys(&*store, b().after(*b"b1")).await, page(["b1x", "b2"]));
    assert_eq!(keys(&*store, b().after(*b"b0")).await, page(["b1", "b1x"]));
    assert_eq!(keys(&*store, b().after(*b"a")).await, page(["b", "b1"]));
    let down = || b().reversed();
    assert_eq!(
        keys(&*store, down().from(*b"b2")).await,
        page(["b2", "b1x"])
    );
    assert_eq!(
        keys(&*store, down().after(*b"b2")).await,
        page(["b1x", "b1"])
    );
    assert_eq!(
        keys(&*store, down().after(*b"z")).await,
        [b"b\xff\xff".to_vec(), b"b\xff".to_vec()]
    );
}

async fn a_scan_may_be_empty(store: Arc<dyn ViewStore>) {
    fill(&*store).await;
    let empty = [
        Scan::of("slips", *b"bb"),
        Scan::of("no such table", []),
        Scan::of("slips", *b"b").after(*b"c"),
        Scan::of("slips", *b"b").reversed().after(*b"b"),
        Scan::of("slips", *b"b").reversed().after(*b"a"),
        Scan::of("slips", *b"b").rows_max(0),
    ];
    for scan in empty {
        assert_eq!(keys(&*store, scan.clone()).await.len(), 0, "{scan:?}");
    }
}

async fn applies_at_once_all_stand(store: Arc<dyn ViewStore>) {
    let first = store.apply(AT, vec![row(b"a", b"first", 1)], progress(1));
    let second = store.apply(AT, vec![row(b"a", b"second", 2)], progress(2));
    let elsewhere = store.apply(NEIGHBOUR, vec![row(b"b", b"theirs", 1)], progress(5));
    // Whoever waits for the second alone finds the first one's rows as well.
    second.await.expect("the store answers");
    assert_eq!(value(&*store, b"a").await, Some((b"second".to_vec(), 2)));
    assert_eq!(store.progress(AT).await, Ok(Some(progress(2))));
    elsewhere.await.expect("the store answers");
    first.await.expect("the store answers");
    assert_eq!(value(&*store, b"a").await, Some((b"second".to_vec(), 2)));
    assert_eq!(store.progress(NEIGHBOUR).await, Ok(Some(progress(5))));
}

async fn many_rows_stand_before_their_progress_does(store: Arc<dyn ViewStore>) {
    const ROWS: u32 = 2_000;
    let rows = (0..ROWS).map(|n| row(&n.to_le_bytes(), &n.to_be_bytes(), 1));
    let rows: Vec<Row> = rows.collect();
    let writing = store.apply(AT, rows.clone(), progress(1));
    let looking = async {
        while store
            .progress(AT)
            .await
            .expect("the store answers")
            .is_none()
        {}
        let found = rows.iter().step_by(50).map(|row| value(&*store, &row.key));
        join_all(found).await.into_iter().flatten().count()
    };
    let (written, found) = futures::join!(writing, looking);
    written.expect("the store answers");
    assert_eq!(found, 40);
    let all = store.scan(Scan::of("slips", [])).await;
    let all = all.expect("the store answers");
    assert_eq!(all.len(), rows.len());
    assert!(all.is_sorted_by(|a, b| a.key < b.key));
}

async fn a_cleared_store_can_be_filled_again(store: Arc<dyn ViewStore>) {
    fill(&*store).await;
    let before = store.scan(Scan::of("slips", [])).await;
    store.clear().await.expect("the store answers");
    an_empty_store_has_nothing(store.clone()).await;
    // Who wrote before may be told so, and then asks where to begin.
    let first = store.apply(AT, vec![row(b"a", b"", 1)], progress(1)).await;
    assert!(
        matches!(first, Ok(_) | Err(ViewError::Cleared)),
        "{first:?}"
    );
    if first.is_err() {
        assert_eq!(store.progress(AT).await, Ok(None));
    }
    fill(&*store).await;
    assert_eq!(store.scan(Scan::of("slips", [])).await, before);
    assert_eq!(store.progress(AT).await, Ok(Some(progress(1))));
}
