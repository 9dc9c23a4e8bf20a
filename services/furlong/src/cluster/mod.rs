//! furlong on Kafka and ScyllaDB or Cassandra.
//!
//! Duty: connect the process to the parts of a cluster as the settings name them, refuse to start
//! on topics that are missing or wrong, and put engine, gateway and audit on them by role.
//!
//! Prohibition: no service knows that it is here; what differs from the embedded node is below
//! the ports, and who serves which partition.

mod boards;
mod grants;
mod process;
mod side_door;

use crate::config::{self, Cluster, Settings};
use crate::data_folder::DataFolder;
use crate::engine::Ground;
use crate::exit::{Ended, Failure, Outcome};
use crate::front::open_keys;
use crate::newcomers::Registrar;
use crate::node::KEY_FUNCTION;
use crate::schema;
use crate::screen::Screen;
use crate::topics::Topics;
use anyhow::Context;
use eventlog::EventLog;
use eventlog_kafka::KafkaLog;
use eventlog_kafka::topics::{Made, Plan};
use odds::Terms;
use runtime::{Clock, Entropy, SystemClock, SystemEntropy};
use schemas::WireIds;
use schemastore::{Registry, SchemaStore};
use serde_json::json;
use snapshots::FolderStore;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use viewstore_scylla::ScyllaViewStore;

pub use process::serve;

/// The share of a request's deadline after which a record that Kafka has not taken is unknown.
const SEND_SHARE: u32 = 2;
/// A client waits for what a process reads, so that it does not wait for views for long.
const VIEW_PATIENCE: Duration = Duration::from_millis(800);

fn cluster_of(settings: &Settings) -> Result<&Cluster, Failure> {
    settings.cluster.as_ref().ok_or_else(|| {
        Failure::Usage(
            "the setting `brokers` is empty: --brokers HOST:PORT names Kafka's brokers".to_owned(),
        )
    })
}

/// Name and value a line.
fn client_options(path: Option<&Path>) -> Result<BTreeMap<String, String>, Failure> {
    let Some(path) = path else {
        return Ok(BTreeMap::new());
    };
    let wrong = |why: String| Failure::Usage(format!("kafka_options: {}: {why}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| {
            let (name, value) = line
                .split_once('=')
                .ok_or_else(|| wrong(format!("{line:?} is not name=value")))?;
            Ok((name.trim().to_owned(), value.trim().to_owned()))
        })
        .collect()
}

fn credentials(path: Option<&Path>) -> Result<Option<(String, String)>, Failure> {
    let Some(path) = path else { return Ok(None) };
    let wrong =
        |why: String| Failure::Usage(format!("view_credentials: {}: {why}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    let (user, password) = text
        .trim_end_matches(['\r', '\n'])
        .split_once(':')
        .ok_or_else(|| wrong("expected user:password".to_owned()))?;
    Ok(Some((user.to_owned(), password.to_owned())))
}

/// The ids under which the registry knows our schemas; the ones compiled in where there is none.
fn wire_ids(cluster: &Cluster) -> Result<WireIds, Failure> {
    let Some(url) = &cluster.registry else {
        return Ok(WireIds::canonical());
    };
    let registry = Registry::open(url, &cluster.topic_prefix).map_err(schema::failure)?;
    registry.wire_ids().map_err(schema::failure)
}

fn kafka_settings(settings: &Settings) -> Result<eventlog_kafka::Settings, Failure> {
    let cluster = cluster_of(settings)?;
    let standard = eventlog_kafka::Settings::new(&cluster.brokers, &cluster.topic_prefix);
    Ok(eventlog_kafka::Settings {
        send_timeout: settings
            .deadline()
            .checked_div(SEND_SHARE)
            .unwrap_or(standard.send_timeout),
        client_options: client_options(cluster.kafka_options.as_deref())?,
        wire_ids: wire_ids(cluster)?,
        ..standard
    })
}

/// Topics of four partitions for a benchmark, under a prefix that was not used before.
///
/// # Errors
/// Kafka cannot be reached.
pub fn bench_topics(
    settings: &Settings,
    prefix: &str,
) -> Result<eventlog_kafka::Settings, Failure> {
    let run = SystemClock::new(1).now().micros();
    let kafka = eventlog_kafka::Settings {
        topic_prefix: format!("{prefix}{run}."),
        wire_ids: WireIds::canonical(),
        ..kafka_settings(settings)?
    };
    let plan = Plan {
        partitions: 4,
        ..plan(settings)?
    };
    eventlog_kafka::topics::create(&kafka, &plan).map_err(unreadable)?;
    Ok(kafka)
}

fn plan(settings: &Settings) -> Result<Plan, Failure> {
    let cluster = cluster_of(settings)?;
    Ok(Plan {
        partitions: settings.partitions,
        replication: cluster.replication,
        min_insync: cluster.min_insync,
        key_function: KEY_FUNCTION.to_owned(),
    })
}

/// The log of a cluster, without anything else of it. Its topics are checked first.
///
/// # Errors
/// Kafka cannot be reached, or a topic is missing or not as it must be.
pub fn open_log(settings: &Settings) -> Result<Arc<KafkaLog>, Failure> {
    let kafka = kafka_settings(settings)?;
    let plan = plan(settings)?;
    let wrong = eventlog_kafka::topics::check(&kafka, &plan).map_err(unreadable)?;
    if !wrong.is_empty() {
        let told: Vec<String> = wrong.iter().map(ToString::to_string).collect();
        return Err(Failure::failed(format!(
            "the topics are not as they must be:\n  {}",
            told.join("\n  ")
        )));
    }
    Ok(Arc::new(KafkaLog::connect(kafka).map_err(unreadable)?))
}

fn unreadable(error: impl std::error::Error) -> Failure {
    let mut told = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        told.push_str(&format!(": {error}"));
        source = error.source();
    }
    Failure::Unreadable(told)
}

/// The views of a cluster, whose answers are waited for so long.
///
/// # Errors
/// No node can be reached.
pub async fn open_views(
    settings: &Settings,
    patience: Duration,
) -> Result<Arc<ScyllaViewStore>, Failure> {
    let cluster = cluster_of(settings)?;
    if cluster.view_nodes.is_empty() {
        return Err(Failure::Usage(
            "the setting `view_nodes` is empty: a cluster needs the nodes of its view store"
                .to_owned(),
        ));
    }
    let (user, password) = credentials(cluster.view_credentials.as_deref())?.unzip();
    let views = ScyllaViewStore::connect(viewstore_scylla::Settings {
        replication: cluster.view_replication,
        timeout: patience,
        user,
        password,
        ..viewstore_scylla::Settings::new(cluster.view_nodes.clone(), &cluster.keyspace)
    });
    Ok(Arc::new(views.await.map_err(unreadable)?))
}

/// What a process of a cluster stands on.
struct Parts {
    log: Arc<KafkaLog>,
    views: Arc<ScyllaViewStore>,
    ground: Ground,
    folder: DataFolder,
}

async fn connect(settings: &Settings) -> Result<Parts, Failure> {
    let for_log = settings.clone();
    let log = tokio::task::spawn_blocking(move || open_log(&for_log))
        .await
        .context("the log cannot be opened")??;
    let views = open_views(settings, VIEW_PATIENCE).await?;
    let folder = DataFolder::new(&settings.data);
    let store =
        FolderStore::open_shared(&folder.snapshots()).context("the snapshots cannot be opened")?;
    let ground = Ground {
        log: Arc::<KafkaLog>::clone(&log),
        views: Arc::<ScyllaViewStore>::clone(&views),
        snapshots: Arc::new(store),
        clock: Arc::new(SystemClock::new(1)),
        entropy: Arc::new(SystemEntropy),
        partitions: settings.partitions,
        snapshot_every: settings.snapshot_every.into(),
        terms: Terms::standard(settings.partitions).leaning_every(settings.lean_step_permille),
        stand_back: cluster_of(settings)?.lease(),
    };
    Ok(Parts {
        log,
        views,
        ground,
        folder,
    })
}

/// Who lets people in by command.
///
/// # Errors
/// The cluster cannot be used.
pub async fn registrar(settings: &Settings) -> Result<Registrar, Failure> {
    let parts = connect(settings).await?;
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new(1));
    let log: Arc<dyn EventLog> = parts.log;
    Ok(Registrar {
        log,
        views: parts.views,
        keys: open_keys(&parts.folder, &entropy)?,
        clock,
        entropy,
        partitions: settings.partitions,
    })
}

/// Makes or checks topics.
///
/// # Errors
/// Kafka cannot be reached.
pub fn topics(topics: &Topics, screen: &mut Screen<'_>) -> Ended {
    match topics {
        Topics::Create(flags) => {
            let settings = config::load(flags)?;
            let (kafka, plan) = (kafka_settings(&settings)?, plan(&settings)?);
            let made = eventlog_kafka::topics::create(&kafka, &plan).map_err(unreadable)?;
            show_made(&made, screen)?;
            report(&kafka, &plan, screen, false)
        }
        Topics::Check(flags) => {
            let settings = config::load(flags)?;
            report(&kafka_settings(&settings)?, &plan(&settings)?, screen, true)
        }
        Topics::Acls(acls) => {
            let settings = config::load(&acls.flags)?;
            grants::print(cluster_of(&settings)?, acls, screen)
        }
    }
}

fn show_made(made: &[Made], screen: &mut Screen<'_>) -> Result<(), Failure> {
    if screen.json {
        let told: Vec<_> = made
            .iter()
            .map(|made| json!({"topic": made.topic, "created": made.created}))
            .collect();
        screen.put_json(&json!({ "topics": told }))?;
        return Ok(());
    }
    for made in made {
        let word = if made.created { "made" } else { "stands" };
        screen.put(format_args!("{:<28} {word}", made.topic))?;
    }
    Ok(())
}

fn report(
    kafka: &eventlog_kafka::Settings,
    plan: &Plan,
    screen: &mut Screen<'_>,
    answers: bool,
) -> Ended {
    let wrong = eventlog_kafka::topics::check(kafka, plan).map_err(unreadable)?;
    if answers && screen.json {
        let told: Vec<String> = wrong.iter().map(ToString::to_string).collect();
        screen.put_json(&json!({"ok": told.is_empty(), "wrong": told}))?;
    } else {
        for wrong in &wrong {
            screen.tell(format_args!("{wrong}"));
        }
        if answers && wrong.is_empty() {
            screen.put("every topic is as it must be")?;
        }
    }
    Ok(if wrong.is_empty() {
        Outcome::Fine
    } else {
        Outcome::Failed
    })
}
