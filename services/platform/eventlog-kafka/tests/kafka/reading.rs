//! Readers: quick ones, slow ones, several, and offsets without records.

use crate::support::{
    JOURNAL, PATIENCE, all, all_in, append, block_on, follow, fresh, numbered, open, settings,
    tuning,
};
use anyhow::ensure;
use bytes::Bytes;
use eventlog::EventLog;
use eventlog_kafka::{KafkaLog, Settings, Tuning};
use futures::FutureExt;
use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::topic_partition_list::TopicPartitionList;
use rdkafka::{ClientConfig, Offset};
use stack::Trials;
use std::sync::Arc;

pub fn collect(trials: &mut Trials) {
    trials.test("a_long_journal_is_read_as_one_stream", || {
        let log = fresh(&stack::kafka().bootstrap());
        block_on(async {
            let count = 100_000;
            for begin in (0..count).step_by(5_000) {
                append(&log, numbered(begin..begin + 5_000, 100)).await;
            }
            let again = open(log.settings());
            let (records, reads) = all_in(&again, 0, 1 << 20).await;
            ensure!(records.len() == 100_000);
            let expected = numbered(0..count, 100);
            ensure!(records.iter().map(|r| &r.bytes).eq(expected.iter()));
            // Begun anew for each read, it would be one read for each megabyte and many more.
            ensure!(reads < 500, "{reads} reads");
            Ok(())
        })
    });
    trials.test("a_slow_reader_loses_nothing_that_left_the_memory", || {
        let tuning = Tuning {
            recent_bytes_max: 5_000,
            ..tuning()
        };
        let log = KafkaLog::connect_tuned(settings(&stack::kafka().bootstrap()), tuning)?;
        block_on(async {
            append(&log, numbered(0..1, 100)).await;
            log.wait(JOURNAL, 0).await;
            append(&log, numbered(1..1_000, 100)).await;
            let newest = log.end(JOURNAL).await? - 1;
            log.wait(JOURNAL, newest).await;
            ensure!(all(&log).await == numbered(0..1_000, 100));
            ensure!(log.read(JOURNAL, newest, 1).await?.len() == 1);
            Ok(())
        })
    });
    trials.test("readers_of_one_partition_get_the_same", || {
        let log = Arc::new(fresh(&stack::kafka().bootstrap()));
        block_on(async {
            let reader =
                |log: Arc<KafkaLog>| tokio::spawn(async move { follow(&log, 0, 600).await });
            let early = [reader(Arc::clone(&log)), reader(Arc::clone(&log))];
            let writer = log.writer(JOURNAL);
            for begin in (0..600).step_by(20) {
                writer.append(numbered(begin..begin + 20, 50)).await;
            }
            let late = reader(Arc::clone(&log));
            for reader in early.into_iter().chain([late]) {
                ensure!(reader.await? == numbered(0..600, 50));
            }
            Ok(())
        })
    });
    trials.test("the_largest_records_pass", || {
        let log = fresh(&stack::kafka().bootstrap());
        block_on(async {
            let large = numbered(0..5, eventlog::record_bytes_max());
            append(&log, large.clone()).await;
            ensure!(follow(&log, 0, 5).await == large, "from the broker");
            log.wait(JOURNAL, 5).now_or_never();
            append(&log, large.clone()).await;
            ensure!(follow(&log, 5, 5).await == large, "at the tail");
            Ok(())
        })
    });
    trials.test("offsets_without_records_are_no_end", || {
        let log = fresh(&stack::kafka().bootstrap());
        block_on(async {
            let following = open(log.settings());
            append(&log, numbered(0..2, 50)).await;
            ensure!(follow(&following, 0, 2).await.len() == 2);
            following.wait(JOURNAL, 2).now_or_never();
            mark(log.settings())?;
            append(&log, numbered(2..4, 50)).await;
            mark(log.settings())?;
            // Readers of everything also see what a transaction gave up.
            let given_up = || vec![Bytes::new()];
            let expected = [
                numbered(0..2, 50),
                given_up(),
                numbered(2..4, 50),
                given_up(),
            ]
            .concat();
            for reader in [&following, &open(log.settings())] {
                ensure!(all(reader).await == expected);
                // After the last record there are offsets, but no records.
                let (records, _) = all_in(reader, 0, 1).await;
                let last = records.last().map_or(0, |last| last.offset);
                let end = reader.end(JOURNAL).await?;
                ensure!(last + 1 < end, "{last} and {end}: there is a gap");
                for _ in 0..3 {
                    ensure!(reader.read(JOURNAL, last + 1, 1).await?.is_empty());
                    let waiting = reader.wait(JOURNAL, last + 1);
                    ensure!(waiting.now_or_never().is_none(), "nothing to wake for");
                }
            }
            append(&log, numbered(4..5, 50)).await;
            tokio::time::timeout(PATIENCE, follow(&following, 0, 7)).await?;
            Ok(())
        })
    });
    trials.test("a_beginning_that_is_gone_is_no_end", || {
        let log = fresh(&stack::kafka().bootstrap());
        block_on(async {
            append(&log, numbered(0..10, 50)).await;
            let admin: AdminClient<DefaultClientContext> = client(log.settings()).create()?;
            let mut list = TopicPartitionList::new();
            let topic = log.settings().topic_name(JOURNAL.topic);
            list.add_partition_offset(&topic, 3, Offset::Offset(4))?;
            admin.delete_records(&list, &AdminOptions::new()).await?;
            ensure!(all(&log).await == numbered(4..10, 50));
            ensure!(follow(&open(log.settings()), 0, 6).await == numbered(4..10, 50));
            Ok(())
        })
    });
    trials.test("a_read_where_nothing_stands_is_empty_at_once", || {
        let log = fresh(&stack::kafka().bootstrap());
        block_on(async {
            append(&log, numbered(0..3, 50)).await;
            ensure!(log.read(JOURNAL, 3, 100).await?.is_empty());
            ensure!(log.read(JOURNAL, 700, 100).await?.is_empty());
            log.wait(JOURNAL, 3).now_or_never();
            ensure!(log.read(JOURNAL, 700, 100).await?.is_empty());
            Ok(())
        })
    });
    trials.test(
        "what_another_process_appended_is_read_after_asking_for_the_end",
        || {
            let (log, other) = {
                let log = fresh(&stack::kafka().bootstrap());
                let other = open(log.settings());
                (log, other)
            };
            block_on(async {
                log.wait(JOURNAL, 0).now_or_never();
                for n in 0..50 {
                    append(&other, numbered(n..n + 1, 50)).await;
                    let end = log.end(JOURNAL).await?;
                    let newest = log.read(JOURNAL, end - 1, 1).await?;
                    ensure!(
                        newest.first().map(|r| r.bytes.clone()) == numbered(n..n + 1, 50).pop()
                    );
                }
                Ok(())
            })
        },
    );
}

fn client(settings: &Settings) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", &settings.brokers);
    config
}

/// Takes an offset without a record: the end mark of a transaction of somebody else.
fn mark(settings: &Settings) -> anyhow::Result<()> {
    let producer: BaseProducer = client(settings)
        .set("transactional.id", &settings.topic_prefix)
        .create()?;
    producer.init_transactions(PATIENCE)?;
    producer.begin_transaction()?;
    let topic = settings.topic_name(JOURNAL.topic);
    let record = BaseRecord::<(), [u8]>::to(&topic).partition(3).payload(b"");
    producer.send(record).map_err(|(error, _)| error)?;
    producer.flush(PATIENCE)?;
    // Delivered, and aborted: readers of everything see the record and not the mark.
    producer.abort_transaction(PATIENCE)?;
    Ok(())
}
