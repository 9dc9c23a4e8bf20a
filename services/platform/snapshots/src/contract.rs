//! The contract test that every adapter passes.
//!
//! Duty: turn the port's obligations into checks. An adapter's test hands in a way to make a
//! fresh, empty store. Prohibition: damage is not checked here; only the adapter's own test
//! knows how to do it.

use crate::port::{Snapshot, SnapshotStore};
use bytes::Bytes;
use kernel::Topic;
use std::sync::Arc;

/// Runs all checks, each on a fresh store.
///
/// # Panics
/// With the obligation that does not hold.
pub async fn check(fresh: &dyn Fn() -> Arc<dyn SnapshotStore>) {
    an_empty_store_has_nothing(fresh()).await;
    the_highest_seq_is_the_newest(fresh()).await;
    formats_and_partitions_are_separate(fresh()).await;
    a_snapshot_can_be_put_again(fresh()).await;
    pruning_keeps_the_newest(fresh()).await;
    large_snapshots_survive(fresh()).await;
    named_things_are_replaced_and_listed(fresh()).await;
    any_name_will_do(fresh()).await;
}

const JOURNAL: Topic = Topic::LedgerEvents;

async fn put(store: &dyn SnapshotStore, seq: u64, format: u32, content: &'static str) {
    let bytes = Bytes::from_static(content.as_bytes());
    let put = store.put(JOURNAL, 3, seq, format, bytes).await;
    put.expect("the store answers");
}

async fn newest(store: &dyn SnapshotStore, format: u32) -> Option<(u64, Bytes)> {
    let found = store.newest(JOURNAL, 3, format).await;
    let found: Option<Snapshot> = found.expect("the store answers");
    found.map(|snapshot| (snapshot.seq, snapshot.bytes))
}

fn some(seq: u64, content: &'static str) -> Option<(u64, Bytes)> {
    Some((seq, Bytes::from_static(content.as_bytes())))
}

async fn an_empty_store_has_nothing(store: Arc<dyn SnapshotStore>) {
    assert_eq!(newest(&*store, 1).await, None);
    assert_eq!(store.get_named("a".to_owned()).await, Ok(None));
    assert_eq!(store.list_named(String::new()).await, Ok(vec![]));
    assert_eq!(store.prune(JOURNAL, 3, 1).await, Ok(()));
}

async fn the_highest_seq_is_the_newest(store: Arc<dyn SnapshotStore>) {
    put(&*store, 10, 1, "ten").await;
    put(&*store, 9, 1, "nine, later").await;
    assert_eq!(newest(&*store, 1).await, some(10, "ten"));
    put(&*store, 100, 1, "").await;
    assert_eq!(newest(&*store, 1).await, some(100, ""));
    put(&*store, u64::MAX, 1, "the last").await;
    assert_eq!(newest(&*store, 1).await, some(u64::MAX, "the last"));
}

async fn formats_and_partitions_are_separate(store: Arc<dyn SnapshotStore>) {
    put(&*store, 5, 1, "format 1").await;
    put(&*store, 5, 2, "format 2").await;
    put(&*store, 9, 2, "format 2, newer").await;
    assert_eq!(newest(&*store, 1).await, some(5, "format 1"));
    assert_eq!(newest(&*store, 2).await, some(9, "format 2, newer"));
    assert_eq!(newest(&*store, 3).await, None);
    assert_eq!(store.newest(JOURNAL, 4, 1).await, Ok(None));
    assert_eq!(store.newest(Topic::BetsEvents, 3, 1).await, Ok(None));
}

async fn a_snapshot_can_be_put_again(store: Arc<dyn SnapshotStore>) {
    put(&*store, 5, 1, "first").await;
    put(&*store, 5, 1, "second").await;
    assert_eq!(newest(&*store, 1).await, some(5, "second"));
}

async fn pruning_keeps_the_newest(store: Arc<dyn SnapshotStore>) {
    put(&*store, 20, 1, "other format").await;
    put(&*store, 30, 2, "thirty").await;
    put(&*store, 40, 2, "forty").await;
    let neighbour = store.put(JOURNAL, 4, 1, 1, Bytes::from_static(b"neighbour"));
    neighbour.await.expect("the store answers");
    assert_eq!(store.prune(JOURNAL, 3, 3).await, Ok(()));
    assert_eq!(newest(&*store, 1).await, some(20, "other format"));
    assert_eq!(store.prune(JOURNAL, 3, 1).await, Ok(()));
    assert_eq!(newest(&*store, 1).await, None);
    assert_eq!(newest(&*store, 2).await, some(40, "forty"));
    assert_eq!(store.prune(JOURNAL, 3, 0).await, Ok(()));
    assert_eq!(newest(&*store, 2).await, None);
    let neighbour = store.newest(JOURNAL, 4, 1).await;
    assert!(neighbour.expect("the store answers").is_some());
}

async fn large_snapshots_survive(store: Arc<dyn SnapshotStore>) {
    let large = Bytes::from(vec![9; 5_000_000]);
    let put = store.put(JOURNAL, 3, 1, 1, large.clone()).await;
    put.expect("the store answers");
    assert_eq!(newest(&*store, 1).await, Some((1, large)));
}

async fn named_things_are_replaced_and_listed(store: Arc<dyn SnapshotStore>) {
    for (name, content) in [("b/2", "x"), ("b/1", "one"), ("a", "y"), ("b/2", "two")] {
        let bytes = Bytes::from_static(content.as_bytes());
        let put = store.put_named(name.to_owned(), bytes).await;
        put.expect("the store answers");
    }
    assert_eq!(
        store.get_named("b/2".to_owned()).await,
        Ok(Some(Bytes::from_static(b"two")))
    );
    assert_eq!(store.get_named("b".to_owned()).await, Ok(None));
    assert_eq!(
        store.list_named("b/".to_owned()).await,
        Ok(vec!["b/1".to_owned(), "b/2".to_owned()])
    );
    let all = store.list_named(String::new()).await;
    assert_eq!(all.expect("the store answers").len(), 3);
}

async fn any_name_will_do(store: Arc<dyn SnapshotStore>) {
    let names = ["", ".", "..", "../up", "a b", "a%20b", "ä", "/", "named"];
    for name in names {
        let bytes = Bytes::from_static(name.as_bytes());
        let put = store.put_named(name.to_owned(), bytes).await;
        put.expect("the store answers");
    }
    for name in names {
        assert_eq!(
            store.get_named(name.to_owned()).await,
            Ok(Some(Bytes::from_static(name.as_bytes())))
        );
    }
    let mut sorted = names.map(str::to_owned).to_vec();
    sorted.sort();
    assert_eq!(store.list_named(String::new()).await, Ok(sorted));
}
