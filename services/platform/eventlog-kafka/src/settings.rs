//! How the log is reached, and how the client library is set up for each of its uses.
//!
//! Duty: every property of the client stands here, with its reason. Prohibition: nothing that
//! safety rests on can be overridden by the settings: they are applied first.

use kernel::{Topic, TopicPartition};
use rdkafka::ClientConfig;
use rdkafka::config::RDKafkaLogLevel;
use schemas::WireIds;
use std::collections::BTreeMap;
use std::time::Duration;

/// How the log is reached.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `host:port,host:port`.
    pub brokers: String,
    /// Stands before the name of every topic.
    pub topic_prefix: String,
    /// After so long an append is in doubt. Below the deadline of requests.
    pub send_timeout: Duration,
    /// Further properties of the client library, such as security. What the log's promises rest
    /// on cannot be changed.
    pub client_options: BTreeMap<String, String>,
    /// The ids of schemas in the topics.
    pub wire_ids: WireIds,
}

/// What it costs in memory and threads, and how patient it is.
#[derive(Clone, Copy, Debug)]
pub struct Tuning {
    /// The newest records of one partition are kept in memory up to so many bytes.
    pub recent_bytes_max: usize,
    /// Consumers, each with a thread, that read older records.
    pub readers: usize,
    /// After so long a read or a question for the end is given up.
    pub read_timeout: Duration,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            recent_bytes_max: 4_000_000,
            readers: 3,
            read_timeout: Duration::from_secs(5),
        }
    }
}

impl Settings {
    /// What serves well, with ids on the wire as they are in the program.
    #[must_use]
    pub fn new(brokers: &str, topic_prefix: &str) -> Self {
        Self {
            brokers: brokers.to_owned(),
            topic_prefix: topic_prefix.to_owned(),
            send_timeout: Duration::from_millis(2_000),
            client_options: BTreeMap::new(),
            wire_ids: WireIds::canonical(),
        }
    }

    /// The full name of a topic of ours.
    #[must_use]
    pub fn topic_name(&self, topic: Topic) -> String {
        self.prefixed(topic.as_str())
    }

    pub(crate) fn prefixed(&self, name: &str) -> String {
        format!("{}{name}", self.topic_prefix)
    }

    /// Which of our partitions stands behind a name and a number of the broker's.
    pub(crate) fn place(&self, name: &str, partition: i32) -> Option<TopicPartition> {
        let topic = name.strip_prefix(&self.topic_prefix)?.parse().ok()?;
        let partition = partition.try_into().ok()?;
        Some(TopicPartition::new(topic, partition))
    }

    fn base(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        for (property, value) in &self.client_options {
            config.set(property, value);
        }
        config.set_log_level(RDKafkaLogLevel::Warning);
        set(
            &mut config,
            &[
                ("bootstrap.servers", &self.brokers),
                ("socket.nagle.disable", "true"),
                ("socket.keepalive.enable", "true"),
                // A broker that comes back is used again at once.
                ("reconnect.backoff.ms", "10"),
                ("reconnect.backoff.max.ms", "250"),
                ("retry.backoff.ms", "10"),
                ("retry.backoff.max.ms", "100"),
                ("socket.connection.setup.timeout.ms", "2000"),
                // A new leader is looked for at once, and a topic just made is found soon.
                ("topic.metadata.refresh.fast.interval.ms", "20"),
                ("topic.metadata.propagation.max.ms", "1000"),
            ],
        );
        config
    }

    /// For the one producer.
    pub(crate) fn producer(&self) -> ClientConfig {
        let timeout_ms = self.send_timeout.as_millis().max(100).to_string();
        let socket_timeout_ms = self.send_timeout.as_millis().max(1_000).to_string();
        let mut config = self.base();
        set(
            &mut config,
            &[
                ("enable.idempotence", "true"),
                ("acks", "all"),
                // What waits while a request is on its way leaves together in the next one.
                ("max.in.flight.requests.per.connection", "1"),
                ("linger.ms", "0"),
                ("message.timeout.ms", &timeout_ms),
                // A connection that swallows requests is given up within the same time.
                ("socket.timeout.ms", &socket_timeout_ms),
                // Above our largest record with its frame, below what topics allow.
                ("message.max.bytes", PRODUCED_BYTES_MAX),
                ("queue.buffering.max.messages", "500000"),
                ("queue.buffering.max.kbytes", "262144"),
            ],
        );
        config
    }

    fn consumer(&self) -> ClientConfig {
        let mut config = self.base();
        set(
            &mut config,
            &[
                // The library wants a name; nobody joins a group, nothing is committed.
                ("group.id", "furlong-unused"),
                ("enable.auto.commit", "false"),
                ("enable.auto.offset.store", "false"),
                // Everything that stands there is read: the fold decides what counts.
                ("isolation.level", "read_uncommitted"),
                ("check.crcs", "true"),
                ("fetch.min.bytes", "1"),
                ("fetch.error.backoff.ms", "10"),
                // The default would stop a reader of old records for a second.
                ("fetch.queue.backoff.ms", "5"),
                ("auto.offset.reset", "earliest"),
                ("allow.auto.create.topics", "false"),
                ("socket.timeout.ms", "3000"),
            ],
        );
        config
    }

    /// For the one consumer at the tail of everything.
    pub(crate) fn fetcher(&self) -> ClientConfig {
        let mut config = self.consumer();
        // A partition that joins waits until the request on its way has come back.
        set(&mut config, &[("fetch.wait.max.ms", "50")]);
        config
    }

    /// For one of those that read older records.
    pub(crate) fn catch_up(&self) -> ClientConfig {
        let mut config = self.consumer();
        set(
            &mut config,
            &[
                ("enable.partition.eof", "true"),
                ("fetch.wait.max.ms", "10"),
                ("fetch.message.max.bytes", "4194304"),
                ("queued.max.messages.kbytes", "16384"),
            ],
        );
        config
    }

    /// For the follower of the noticeboard.
    pub(crate) fn follower(&self) -> ClientConfig {
        let mut config = self.consumer();
        set(
            &mut config,
            &[
                ("fetch.wait.max.ms", "500"),
                ("auto.offset.reset", "latest"),
            ],
        );
        config
    }

    /// For questions about offsets and topics.
    pub(crate) fn asker(&self) -> ClientConfig {
        let mut config = self.base();
        set(&mut config, &[("allow.auto.create.topics", "false")]);
        config
    }
}

/// Above our largest record and its frame, below [`TOPIC_BYTES_MIN`].
const PRODUCED_BYTES_MAX: &str = "1040000";
/// What `max.message.bytes` of our topics must be at least.
pub(crate) const TOPIC_BYTES_MIN: u64 = 1_048_576;

fn set(config: &mut ClientConfig, properties: &[(&str, &str)]) {
    for (property, value) in properties {
        config.set(*property, *value);
    }
}
