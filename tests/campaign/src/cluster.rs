//! What a fleet stands on: the embedded log of one process, or Kafka and Cassandra.
//!
//! Duty: start the servers, make the topics and let the trader in with furlong's own commands,
//! hold the folder that all processes share, tell every process its settings, and open the log
//! for the checker. Prohibition: nothing is written into a journal from here.

use crate::session::Credentials;
use crate::time::now;
use anyhow::{Context, bail, ensure};
use eventlog::EventLog;
use eventlog_kafka::KafkaLog;
use furlong::data_folder::DataFolder;
use stack::{Cassandra, CassandraPlan, Kafka, KafkaPlan};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// How long a silent process keeps its partitions.
pub const LEASE: Duration = Duration::from_millis(1_500);
/// How long an answer is waited for.
pub const DEADLINE: Duration = Duration::from_millis(4_000);

/// So many partitions are read at once by the checker.
const READERS: usize = 6;

/// What servers a fault needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ground {
    /// Kafka brokers: 1 or 3; none: the embedded log, for which one process does everything.
    pub brokers: usize,
    /// Cassandra nodes: 1 or 3; none: views in SQLite.
    pub nodes: usize,
    /// Partitions of every topic.
    pub partitions: u16,
}

impl Ground {
    /// No servers: one process on a folder.
    pub const EMBEDDED: Self = Self {
        brokers: 0,
        nodes: 0,
        partitions: 8,
    };
    /// One of each.
    pub const CLUSTER: Self = Self {
        brokers: 1,
        nodes: 1,
        partitions: 4,
    };
    /// Three brokers that replicate, and one node for the views.
    pub const REPLICATED: Self = Self {
        brokers: 3,
        nodes: 1,
        partitions: 4,
    };
}

/// Servers; one set serves many scenes.
#[derive(Debug)]
pub struct Servers {
    /// Kafka.
    pub kafka: Kafka,
    /// Cassandra.
    pub cassandra: Cassandra,
}

impl Servers {
    /// Starts them.
    ///
    /// # Errors
    /// They cannot be had here, or are not ready in time.
    pub fn start(ground: Ground) -> anyhow::Result<Self> {
        Self::start_for(ground, Vec::new())
    }

    /// Starts them; Kafka's clients have to be one of these users, with their passwords. Nobody: anybody.
    ///
    /// # Errors
    /// They cannot be had here, or are not ready in time.
    pub fn start_for(ground: Ground, users: Vec<(String, String)>) -> anyhow::Result<Self> {
        let (brokers, nodes) = (ground.brokers, ground.nodes);
        // Both take their time; most of it is waiting.
        std::thread::scope(|scope| {
            let cassandra = scope.spawn(move || {
                Cassandra::start(CassandraPlan {
                    nodes,
                    ..CassandraPlan::default()
                })
            });
            let kafka = Kafka::start(KafkaPlan {
                brokers,
                users,
                ..KafkaPlan::default()
            })?;
            let Ok(cassandra) = cassandra.join() else {
                bail!("the start of Cassandra has panicked");
            };
            Ok(Self {
                kafka,
                cassandra: cassandra?,
            })
        })
    }
}

/// A command that has ended.
#[derive(Clone, Debug)]
pub struct Ran {
    /// How.
    pub status: ExitStatus,
    /// What it wrote to stdout.
    pub out: String,
    /// What it wrote to stderr.
    pub messages: String,
}

/// The servers, the folder and the names on them.
pub struct Cluster {
    /// What it was made from.
    pub ground: Ground,
    /// The servers, where there are any.
    pub servers: Option<Arc<Servers>>,
    program: PathBuf,
    folder: PathBuf,
    name: String,
    runtime: Runtime,
    log: Option<Arc<KafkaLog>>,
    // Dropped last: the folder goes when everything that used it has.
    temporary: Option<TempDir>,
}

impl Cluster {
    /// A cluster of its own name on these servers, its topics made. `keep`: a folder that stays
    /// when the run is over.
    ///
    /// # Errors
    /// The folder or the topics cannot be made.
    pub fn make(
        ground: Ground,
        servers: Option<Arc<Servers>>,
        program: &Path,
        name: &str,
        keep: Option<&Path>,
    ) -> anyhow::Result<Self> {
        let temporary = match keep {
            Some(_) => None,
            None => Some(tempfile::tempdir().context("a temporary folder cannot be made")?),
        };
        let folder = keep.map(Path::to_owned);
        let folder = folder.or_else(|| temporary.as_ref().map(|folder| folder.path().to_owned()));
        let folder = folder.context("there is always a folder")?;
        std::fs::create_dir_all(folder.join("data"))?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        let mut cluster = Self {
            ground,
            servers,
            program: program.to_owned(),
            folder,
            name: name.to_owned(),
            runtime,
            log: None,
            temporary,
        };
        if let Some(servers) = cluster.servers.clone() {
            // Made here because the views may have other copies than the topics.
            servers.cassandra.run(
                0,
                &format!(
                    "CREATE KEYSPACE IF NOT EXISTS {} WITH replication = \
                     {{'class': 'SimpleStrategy', 'replication_factor': {}}}",
                    cluster.name, ground.nodes
                ),
            )?;
            cluster.furlong(&["topics", "create"], "")?;
            // Past every proxy, and for good: opening a log takes longer than reading it.
            let direct = servers.kafka.direct();
            let settings = eventlog_kafka::Settings::new(&direct, &cluster.prefix());
            let tuning = eventlog_kafka::Tuning {
                readers: READERS,
                ..eventlog_kafka::Tuning::default()
            };
            cluster.log = Some(Arc::new(KafkaLog::connect_tuned(settings, tuning)?));
        }
        Ok(cluster)
    }

    /// What stands before the name of every topic.
    #[must_use]
    pub fn prefix(&self) -> String {
        format!("{}.", self.name)
    }

    /// Where everything of this run lies.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether it will be gone when the run is over.
    #[must_use]
    pub const fn is_temporary(&self) -> bool {
        self.temporary.is_some()
    }

    /// The data folder that all processes share.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// The settings of every process.
    #[must_use]
    pub fn settings(&self) -> BTreeMap<String, String> {
        let Some(servers) = &self.servers else {
            return BTreeMap::new();
        };
        let told = [
            ("brokers", servers.kafka.bootstrap()),
            ("topic_prefix", self.prefix()),
            ("partitions", self.ground.partitions.to_string()),
            ("view_nodes", servers.cassandra.contact_points().join(",")),
            ("keyspace", self.name.clone()),
            ("replication", self.ground.brokers.to_string()),
            ("min_insync", self.ground.brokers.div_ceil(2).to_string()),
            ("lease_ms", LEASE.as_millis().to_string()),
            ("deadline_ms", DEADLINE.as_millis().to_string()),
            ("data", self.data().to_string_lossy().into_owned()),
            ("snapshot_every", "2000".to_owned()),
            ("rate_limit", "off".to_owned()),
            ("port", "0".to_owned()),
        ];
        told.into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    }

    /// Runs a command of an administrator's with the cluster's settings: past every proxy, and with every right.
    ///
    /// # Errors
    /// It fails; with its messages.
    pub fn furlong(&self, words: &[&str], stdin: &str) -> anyhow::Result<String> {
        let mut settings = self.settings();
        if let Some(servers) = &self.servers {
            settings.insert("brokers".to_owned(), servers.kafka.direct());
        }
        let ran = self.run(words, &settings, stdin)?;
        ensure!(
            ran.status.success(),
            "furlong {words:?} ended with {}: {}{}",
            ran.status,
            ran.out,
            ran.messages
        );
        Ok(ran.out)
    }

    /// Runs a command of furlong's with these settings to its end, whatever that is.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn run(
        &self,
        words: &[&str],
        settings: &BTreeMap<String, String>,
        stdin: &str,
    ) -> anyhow::Result<Ran> {
        use std::io::Write as _;
        let mut command = Command::new(&self.program);
        crate::fleet::settle(&mut command, settings);
        let mut child = command
            .arg("furlong")
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        if let Some(mut pipe) = child.stdin.take()
            && let Err(error) = pipe.write_all(stdin.as_bytes())
            // Who has ended without reading tells why by its exit.
            && error.kind() != std::io::ErrorKind::BrokenPipe
        {
            return Err(error.into());
        }
        let output = child.wait_with_output()?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ok(Ran {
            status: output.status,
            out: text(&output.stdout),
            messages: text(&output.stderr),
        })
    }

    /// Lets a trader in, by command. Auth and a projector must run.
    ///
    /// # Errors
    /// They do not take it.
    pub fn trader(&self) -> anyhow::Result<Credentials> {
        let who = Credentials {
            login: "feed".to_owned(),
            password: format!("pass of {}", self.name),
        };
        let begun = now();
        loop {
            let words = ["staff", "add", &who.login, "--role", "trader", "--machine"];
            match self.furlong(&words, &who.password) {
                Ok(_) => return Ok(who),
                Err(error) if begun.elapsed() > Duration::from_secs(60) => return Err(error),
                Err(_) => {}
            }
        }
    }

    /// The log, for those who only read it.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn log(&self) -> anyhow::Result<Arc<dyn EventLog>> {
        if let Some(log) = &self.log {
            return Ok(Arc::<KafkaLog>::clone(log));
        }
        let log = DataFolder::new(&self.data()).open_log();
        Ok(Arc::new(log.map_err(|error| anyhow::anyhow!("{error}"))?))
    }

    /// Runs this to its end where the log's adapters can work.
    pub fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }
}
