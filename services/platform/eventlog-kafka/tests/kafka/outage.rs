//! Brokers that hang, die and come back.

use crate::support::{
    JOURNAL, PATIENCE, all, block_on, numbered, open, plan, settings, tuning, unmade,
};
use anyhow::ensure;
use bytes::Bytes;
use eventlog::{AppendOutcome, EventLog, LogError};
use eventlog_kafka::{KafkaLog, Settings, Tuning, topics};
use futures::FutureExt;
use stack::{Kafka, KafkaPlan, Needs, Trials};
use std::time::Duration;

/// What a call may take beyond its own time-out, on a busy machine.
const SLACK: Duration = Duration::from_secs(2);

pub fn collect(trials: &mut Trials) {
    trials.test_with(
        Needs::OWN_KAFKA,
        "a_broker_that_hangs_costs_doubt_and_no_more",
        || {
            let kafka = Kafka::start(KafkaPlan::default())?;
            let log = hasty(&kafka)?;
            block_on(async {
                append_until_sent(&log, "before").await;
                log.wait(JOURNAL, 1).now_or_never();
                let writer = log.writer(JOURNAL);
                kafka.pause(0)?;
                away(&log, &*writer).await?;
                kafka.resume(0)?;
                back(&log, "before").await
            })
        },
    );
    trials.test_with(
        Needs::OWN_KAFKA,
        "a_broker_that_is_away_comes_back_to_all",
        || {
            let kafka = Kafka::start(KafkaPlan::default())?;
            let log = hasty(&kafka)?;
            block_on(async {
                append_until_sent(&log, "before").await;
                log.wait(JOURNAL, 1).now_or_never();
                let writer = log.writer(JOURNAL);
                kafka.kill(0)?;
                away(&log, &*writer).await?;
                kafka.start_again(0)?;
                back(&log, "before").await
            })
        },
    );
    trials.test_with(
        Needs::OWN_KAFKA,
        "what_was_read_back_survives_kills_in_order",
        || {
            let kafka = Kafka::start(KafkaPlan::default())?;
            let log = open(&settings(&kafka.bootstrap()));
            block_on(async {
                let mut writer = log.writer(JOURNAL);
                let mut read_back = Vec::new();
                let mut from = 0;
                for n in 0..300 {
                    if n == 100 || n == 200 {
                        // In the midst of appends that nobody waits for yet.
                        let on_the_way = writer.append(numbered(1_000 + n..1_010 + n, 50));
                        kafka.kill(0)?;
                        kafka.start_again(0)?;
                        on_the_way.await;
                    }
                    let record = numbered(n..n + 1, 50);
                    while writer.append(record.clone()).await != [AppendOutcome::Sent] {
                        writer = log.writer(JOURNAL);
                    }
                    while read_back.last() != record.last() {
                        let Ok(records) = log.read(JOURNAL, from, 1 << 20).await else {
                            continue;
                        };
                        match records.last() {
                            Some(last) => from = last.offset + 1,
                            None => log.wait(JOURNAL, from).await,
                        }
                        read_back.extend(records.into_iter().map(|record| record.bytes));
                    }
                }
                let stored = all(&open(log.settings())).await;
                ensure!(stored == read_back, "what was read stands where it stood");
                let first_of = |n| stored.iter().position(|r| *r == numbered(n..n + 1, 50)[0]);
                ensure!((0..300).map(first_of).is_sorted() && first_of(0) == Some(0));
                Ok(())
            })
        },
    );
    trials.test_with(
        Needs::OWN_KAFKA,
        "a_log_opened_while_the_broker_is_away_works_when_it_is_back",
        || {
            let kafka = Kafka::start(KafkaPlan::default())?;
            let settings = hasty_settings(&kafka)?;
            kafka.kill(0)?;
            let log = KafkaLog::connect_tuned(settings, impatient())?;
            block_on(async {
                let writer = log.writer(JOURNAL);
                away(&log, &*writer).await?;
                kafka.start_again(0)?;
                append_until_sent(&log, "first").await;
                back(&log, "first").await
            })
        },
    );
}

fn impatient() -> Tuning {
    Tuning {
        read_timeout: Duration::from_secs(1),
        ..tuning()
    }
}

fn hasty_settings(kafka: &Kafka) -> anyhow::Result<Settings> {
    let settings = Settings {
        send_timeout: Duration::from_secs(1),
        ..unmade(&kafka.bootstrap())
    };
    let patient = Settings {
        send_timeout: PATIENCE,
        ..settings.clone()
    };
    topics::create(&patient, &plan())?;
    Ok(settings)
}

fn hasty(kafka: &Kafka) -> anyhow::Result<KafkaLog> {
    Ok(KafkaLog::connect_tuned(
        hasty_settings(kafka)?,
        impatient(),
    )?)
}

async fn append_until_sent(log: &KafkaLog, text: &'static str) {
    while log.writer(JOURNAL).append(vec![text.into()]).await != [AppendOutcome::Sent] {}
}

/// Nothing is acknowledged, nothing waits for ever, and the health says why.
async fn away(log: &KafkaLog, writer: &dyn eventlog::Writer) -> anyhow::Result<()> {
    let within = Duration::from_secs(1) + SLACK;
    let lost = writer.append(vec!["in doubt".into()]);
    ensure!(tokio::time::timeout(within, lost).await? == [AppendOutcome::Unknown]);
    ensure!(
        writer.append(vec!["never".into()]).now_or_never() == Some(vec![AppendOutcome::Unknown])
    );
    let sent = log.send(JOURNAL, "in doubt".into());
    ensure!(tokio::time::timeout(within, sent).await? == AppendOutcome::Unknown);
    let end = tokio::time::timeout(within, log.end(JOURNAL)).await?;
    ensure!(
        matches!(
            end,
            Err(LogError::Unavailable {
                operation: "end",
                ..
            })
        ),
        "{end:?}"
    );
    let read = tokio::time::timeout(within, log.read(JOURNAL, 0, 1)).await?;
    // What is in memory may still be read.
    ensure!(!matches!(read, Ok(records) if records.is_empty()));
    let fault = tokio::time::timeout(PATIENCE, async {
        loop {
            match log.health() {
                Some(fault) => break fault,
                None => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    });
    ensure!(!fault.await?.is_empty());
    Ok(())
}

/// Everything works again by itself, and what was acknowledged is there.
async fn back(log: &KafkaLog, before: &'static str) -> anyhow::Result<()> {
    tokio::time::timeout(PATIENCE, append_until_sent(log, "after")).await?;
    let mut from = 0;
    let mut found: Vec<Bytes> = Vec::new();
    let reading = async {
        while found.last() != Some(&Bytes::from("after")) {
            let Ok(records) = log.read(JOURNAL, from, 1 << 20).await else {
                continue;
            };
            match records.last() {
                Some(last) => from = last.offset + 1,
                None => log.wait(JOURNAL, from).await,
            }
            found.extend(records.into_iter().map(|record| record.bytes));
        }
    };
    tokio::time::timeout(PATIENCE, reading).await?;
    ensure!(found.first() == Some(&Bytes::from(before)));
    ensure!(!found.contains(&Bytes::from("never")));
    let well = async {
        while log.health().is_some() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, well).await?;
    Ok(())
}
