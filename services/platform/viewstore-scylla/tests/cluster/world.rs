//! What the trials stand on: a runtime, stores on keyspaces of their own, rows.

use kernel::{Topic, TopicPartition};
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use viewstore::{Progress, Row, ViewError, ViewStore as _};
use viewstore_scylla::{ScyllaViewStore, Settings};

pub const AT: TopicPartition = TopicPartition::new(Topic::BetsEvents, 3);

pub fn run<T>(body: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?
        .block_on(body)
}

/// Settings for a keyspace that nobody else uses.
pub fn settings(nodes: Vec<String>) -> Settings {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let keyspace = format!("views_{}_{number}", std::process::id());
    let mut settings = Settings::new(nodes, keyspace);
    settings.replication = 1;
    // The machine has other things to do as well.
    settings.timeout = Duration::from_secs(3);
    settings
}

pub fn shared() -> Settings {
    settings(stack::cassandra().contact_points())
}

pub async fn store(settings: &Settings) -> anyhow::Result<Arc<ScyllaViewStore>> {
    Ok(Arc::new(ScyllaViewStore::connect(settings.clone()).await?))
}

/// The driver without our adapter.
pub async fn raw(settings: &Settings) -> anyhow::Result<Session> {
    Ok(SessionBuilder::new()
        .known_nodes(&settings.nodes)
        .build()
        .await?)
}

pub async fn drop_keyspace(settings: &Settings) -> anyhow::Result<()> {
    let mut statement = scylla::statement::unprepared::Statement::new(format!(
        "DROP KEYSPACE IF EXISTS {}",
        settings.keyspace
    ));
    statement.set_request_timeout(Some(Duration::from_secs(20)));
    raw(settings).await?.query_unpaged(statement, ()).await?;
    Ok(())
}

pub fn row(table: &'static str, key: &[u8], value: &[u8], seq: u64) -> Row {
    Row {
        table,
        key: key.to_vec(),
        value: value.to_vec(),
        seq,
    }
}

pub fn progress(next_offset: u64) -> Progress {
    Progress {
        next_offset,
        seq: next_offset,
        chain: next_offset.to_be_bytes().to_vec(),
    }
}

/// Applies until the store takes it.
pub async fn insist(store: &ScyllaViewStore, rows: Vec<Row>, to: u64) -> anyhow::Result<()> {
    until("the rows are taken", Duration::from_secs(60), async || {
        store
            .apply(AT, rows.clone(), progress(to))
            .await
            .map(|_| ())
            .map_err(|error| error.to_string())
    })
    .await
}

/// Asks again until it is well, and fails with the last reason after so long.
pub async fn until<T>(
    what: &str,
    within: Duration,
    ask: impl AsyncFn() -> Result<T, String>,
) -> anyhow::Result<T> {
    let last = std::sync::Mutex::new(String::new());
    let asking = async {
        loop {
            match ask().await {
                Ok(answer) => return answer,
                Err(reason) => *last.lock().unwrap() = reason,
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(within, asking)
        .await
        .map_err(|_| anyhow::anyhow!("not within {within:?}: {what}: {}", last.lock().unwrap()))
}

pub fn is_unavailable<T: std::fmt::Debug>(answer: &Result<T, ViewError>) -> bool {
    matches!(answer, Err(ViewError::Unavailable { .. }))
}

/// Random enough, and the same every time.
pub struct Dice(u64);

impl Dice {
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub const fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}
