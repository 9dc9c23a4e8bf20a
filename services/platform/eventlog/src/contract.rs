//! The contract test that every adapter passes.
//!
//! Duty: turn the port's obligations into checks. An adapter's test hands in a way to make a
//! fresh, empty log. Prohibition: no check relies on dense offsets or on time.

use crate::port::{AppendOutcome, EventLog};
use bytes::Bytes;
use kernel::{Topic, TopicPartition};
use std::sync::Arc;

/// Runs all checks, each on a fresh log.
///
/// # Panics
/// With the obligation that does not hold.
pub async fn check(fresh: &dyn Fn() -> Arc<dyn EventLog>) {
    an_empty_partition_has_its_end_at_zero(fresh()).await;
    appended_records_are_read_in_order(fresh()).await;
    reading_goes_on_from_any_offset(fresh()).await;
    a_read_is_bounded_but_never_empty_before_the_end(fresh()).await;
    partitions_are_separate(fresh()).await;
    appends_take_their_place_when_called(fresh()).await;
    a_waiting_reader_is_woken(fresh()).await;
    large_records_survive(fresh()).await;
}

const JOURNAL: TopicPartition = TopicPartition::new(Topic::LedgerEvents, 3);
const INBOX: TopicPartition = TopicPartition::new(Topic::LedgerCommands, 3);

fn numbered(range: std::ops::Range<u32>) -> Vec<Bytes> {
    range
        .map(|n| Bytes::copy_from_slice(&n.to_be_bytes()))
        .collect()
}

async fn all(log: &dyn EventLog, at: TopicPartition) -> Vec<Bytes> {
    let mut from = 0;
    let mut found = Vec::new();
    loop {
        let batch = log.read(at, from, 64).await.expect("the log answers");
        let Some(last) = batch.last() else {
            return found;
        };
        from = last.offset.saturating_add(1);
        found.extend(batch.into_iter().map(|record| record.bytes));
    }
}

async fn an_empty_partition_has_its_end_at_zero(log: Arc<dyn EventLog>) {
    assert_eq!(log.end(JOURNAL).await.expect("the log answers"), 0);
    assert!(
        log.read(JOURNAL, 0, 1)
            .await
            .expect("the log answers")
            .is_empty()
    );
}

async fn appended_records_are_read_in_order(log: Arc<dyn EventLog>) {
    let outcomes = log.writer(JOURNAL).append(numbered(0..100)).await;
    assert_eq!(outcomes, vec![AppendOutcome::Sent; 100]);
    assert_eq!(all(&*log, JOURNAL).await, numbered(0..100));
    let records = log
        .read(JOURNAL, 0, usize::MAX)
        .await
        .expect("the log answers");
    assert!(
        records.is_sorted_by(|a, b| a.offset < b.offset),
        "offsets increase"
    );
    let end = log.end(JOURNAL).await.expect("the log answers");
    assert!(
        records.last().is_some_and(|last| last.offset < end),
        "the end is after the last"
    );
}

async fn reading_goes_on_from_any_offset(log: Arc<dyn EventLog>) {
    log.writer(JOURNAL).append(numbered(0..20)).await;
    let records = log
        .read(JOURNAL, 0, usize::MAX)
        .await
        .expect("the log answers");
    for (index, record) in records.iter().enumerate() {
        let rest = log
            .read(JOURNAL, record.offset, usize::MAX)
            .await
            .expect("the log answers");
        assert_eq!(rest.as_slice(), records.get(index..).unwrap_or_default());
    }
}

async fn a_read_is_bounded_but_never_empty_before_the_end(log: Arc<dyn EventLog>) {
    log.writer(JOURNAL).append(numbered(0..50)).await;
    let one = log.read(JOURNAL, 0, 1).await.expect("the log answers");
    assert!(
        !one.is_empty() && one.len() < 50,
        "one byte asked for, {} records",
        one.len()
    );
}

async fn partitions_are_separate(log: Arc<dyn EventLog>) {
    let neighbour = TopicPartition::new(Topic::LedgerEvents, 4);
    log.writer(JOURNAL).append(numbered(0..3)).await;
    log.writer(neighbour).append(numbered(3..5)).await;
    assert_eq!(
        log.send(INBOX, Bytes::from_static(b"command")).await,
        AppendOutcome::Sent
    );
    assert_eq!(all(&*log, JOURNAL).await, numbered(0..3));
    assert_eq!(all(&*log, neighbour).await, numbered(3..5));
    assert_eq!(all(&*log, INBOX).await, [Bytes::from_static(b"command")]);
}

async fn appends_take_their_place_when_called(log: Arc<dyn EventLog>) {
    let writer = log.writer(JOURNAL);
    let first = writer.append(numbered(0..2));
    let second = writer.append(numbered(2..4));
    second.await;
    first.await;
    assert_eq!(all(&*log, JOURNAL).await, numbered(0..4));
}

async fn a_waiting_reader_is_woken(log: Arc<dyn EventLog>) {
    let woken = log.wait(JOURNAL, 0);
    log.writer(JOURNAL).append(numbered(0..1)).await;
    woken.await;
    log.wait(JOURNAL, 0).await;
}

async fn large_records_survive(log: Arc<dyn EventLog>) {
    let large = Bytes::from(vec![7_u8; crate::record_bytes_max()]);
    log.writer(JOURNAL)
        .append(vec![large.clone(), Bytes::new(), large.clone()])
        .await;
    assert_eq!(
        all(&*log, JOURNAL).await,
        [large.clone(), Bytes::new(), large]
    );
}
