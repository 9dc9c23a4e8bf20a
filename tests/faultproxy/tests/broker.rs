//! The Kafka proxy between real clients and a real broker.

use anyhow::{Context, ensure};
use bytes::Bytes;
use eventlog::{AppendOutcome, EventLog};
use eventlog_kafka::{KafkaLog, Settings};
use faultproxy::{Held, Holds, KafkaPlan, KafkaProxy, Lose, Release, Rule};
use kernel::{Topic, TopicPartition};
use std::future::Future;
use std::process::ExitCode;
use std::time::Duration;
use tokio::time::timeout;

const JOURNAL: TopicPartition = TopicPartition::new(Topic::LedgerEvents, 0);
const DEADLINE: Duration = Duration::from_secs(30);

async fn soon<T>(what: impl Future<Output = T>) -> anyhow::Result<T> {
    timeout(DEADLINE, what).await.context("not in time")
}

/// A topic of its own, a proxy before the broker, and two writers behind the proxy.
struct World {
    topic: String,
    proxy: KafkaProxy,
    stale: KafkaLog,
    next: KafkaLog,
    /// Not behind the proxy.
    reader: KafkaLog,
}

impl World {
    async fn new(name: &'static str) -> anyhow::Result<Self> {
        let kafka = stack::kafka();
        let broker = kafka.bootstrap();
        let prefix = format!("{name}.");
        let settings = |brokers: &str, client: &str| {
            let mut settings = Settings::new(brokers, &prefix);
            let client_id = ("client.id".to_owned(), client.to_owned());
            settings.client_options.extend([client_id]);
            settings
        };
        let topic = settings(&broker, "any").topic_name(JOURNAL.topic);
        let made = topic.clone();
        let making = tokio::task::spawn_blocking(move || {
            kafka.create_topic(stack::NewTopic {
                name: &made,
                partitions: 1,
                replication: 1,
                settings: &[],
            })
        });
        making.await??;
        let target: std::net::SocketAddr = broker.parse()?;
        let plan = KafkaPlan {
            target: Some(target),
            ..KafkaPlan::default()
        };
        let proxy = KafkaProxy::start(plan).await?;
        proxy.advertise(target.port(), proxy.address().port());
        let behind = proxy.address().to_string();
        Ok(Self {
            stale: KafkaLog::connect(settings(&behind, "stale"))?,
            next: KafkaLog::connect(settings(&behind, "next"))?,
            reader: KafkaLog::connect(settings(&broker, "reader"))?,
            topic,
            proxy,
        })
    }

    fn hold_stale(&self) -> Holds {
        let topic = self.topic.clone();
        let rule = Rule::new(move |produce| produce.is_from("stale") && produce.touches(&topic, 0));
        self.proxy.hold(rule)
    }

    /// The stale writer has appended "first", its "late" is held, the next one has appended
    /// "next".
    async fn until_late(&self, cut: bool) -> anyhow::Result<Held> {
        let first = self.stale.writer(JOURNAL).append(vec![text("first")]);
        ensure!(soon(first).await? == [AppendOutcome::Sent]);
        let mut holds = self.hold_stale();
        let late = self.stale.writer(JOURNAL).append(vec![text("late")]);
        let mut held = soon(holds.next()).await?.context("nothing is held")?;
        let values: Vec<&Bytes> = held.produce().values().collect();
        ensure!(values == [&text("late")], "{values:?}");
        if cut {
            ensure!(soon(late).await? == [AppendOutcome::Unknown]);
            soon(held.orphaned()).await?;
        }
        let next = self.next.writer(JOURNAL).append(vec![text("next")]);
        ensure!(soon(next).await? == [AppendOutcome::Sent]);
        Ok(held)
    }

    async fn stored(&self) -> anyhow::Result<Vec<String>> {
        self.reader.end(JOURNAL).await?;
        let records = self.reader.read(JOURNAL, 0, usize::MAX).await?;
        let texts = records
            .iter()
            .map(|record| String::from_utf8_lossy(&record.bytes).into());
        Ok(texts.collect())
    }
}

fn text(text: &'static str) -> Bytes {
    Bytes::from_static(text.as_bytes())
}

/// As the client sent it, on its own connection.
async fn a_late_record_stands_behind_newer_ones() -> anyhow::Result<()> {
    let world = World::new("late").await?;
    let mut held = world.until_late(false).await?;
    let deliveries = soon(held.release(Release::once())).await??;
    ensure!(deliveries[0].by_client && deliveries[0].answers[0].is_stored());
    ensure!(world.stored().await? == ["first", "next", "late"]);
    Ok(())
}

/// The client has given up and been silent since: the broker has no reason to refuse.
async fn a_late_record_of_a_dead_client_is_stored() -> anyhow::Result<()> {
    let world = World::new("dead").await?;
    let mut held = world.until_late(true).await?;
    let deliveries = soon(held.release(Release::once())).await??;
    ensure!(!deliveries[0].by_client && deliveries[0].answers[0].is_stored());
    ensure!(world.stored().await? == ["first", "next", "late"]);
    Ok(())
}

/// The client has given up and gone on, under a newer epoch of its producer: the broker refuses
/// what is older, unless the record has forgotten its producer.
async fn only_an_anonymous_late_record_gets_past_the_producers_newer_ones() -> anyhow::Result<()> {
    let world = World::new("newer").await?;
    let mut held = world.until_late(true).await?;
    let newer = world.stale.writer(JOURNAL).append(vec![text("newer")]);
    ensure!(soon(newer).await? == [AppendOutcome::Sent]);
    let refused = soon(held.release(Release::once())).await??;
    ensure!(!refused[0].answers[0].is_stored(), "{refused:?}");
    let stored = soon(held.release(Release::once().anonymous().copies(2))).await??;
    ensure!(
        stored
            .iter()
            .all(|delivery| delivery.answers[0].is_stored())
    );
    ensure!(world.stored().await? == ["first", "next", "newer", "late", "late"]);
    Ok(())
}

/// A lost request is repeated by the client library; a lost answer leads to no second record.
async fn lost_exchanges_are_repeated_by_the_client_library() -> anyhow::Result<()> {
    let world = World::new("lost").await?;
    for (lose, word) in [(Lose::Request, "one"), (Lose::Answer, "two")] {
        let mut losses = world
            .proxy
            .lose(lose, Rule::new(|produce| produce.is_from("stale")));
        let sent = world.stale.writer(JOURNAL).append(vec![text(word)]);
        let loss = soon(losses.next()).await?.context("nothing is lost")?;
        ensure!(loss.answers.is_empty() == (lose == Lose::Request));
        ensure!(soon(sent).await? == [AppendOutcome::Sent]);
    }
    let mut losses = world.proxy.lose(
        Lose::EveryAnswer,
        Rule::new(|produce| produce.is_from("stale")),
    );
    let doubtful = world.stale.writer(JOURNAL).append(vec![text("three")]);
    let loss = soon(losses.next()).await?.context("nothing is lost")?;
    ensure!(loss.answers[0].is_stored());
    ensure!(soon(doubtful).await? == [AppendOutcome::Unknown]);
    ensure!(world.stored().await? == ["one", "two", "three"]);
    Ok(())
}

fn run(test: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    tokio::runtime::Runtime::new()?.block_on(test)
}

fn main() -> ExitCode {
    stack::cluster_tests(stack::Needs::KAFKA, |trials| {
        trials.test("a_late_record_stands_behind_newer_ones", || {
            run(a_late_record_stands_behind_newer_ones())
        });
        trials.test("a_late_record_of_a_dead_client_is_stored", || {
            run(a_late_record_of_a_dead_client_is_stored())
        });
        trials.test(
            "only_an_anonymous_late_record_gets_past_the_producers_newer_ones",
            || run(only_an_anonymous_late_record_gets_past_the_producers_newer_ones()),
        );
        trials.test("lost_exchanges_are_repeated_by_the_client_library", || {
            run(lost_exchanges_are_repeated_by_the_client_library())
        });
    })
}
