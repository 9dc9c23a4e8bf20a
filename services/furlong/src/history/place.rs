//! Where the log lies that is to be read.
//!
//! Duty: one grammar for all who read a log: a data folder, or brokers with, if there are any,
//! view nodes and the folder of the role audit. Prohibition: a folder that nobody has named is not
//! read, and a cluster is never taken for an empty folder.

use super::findings::Findings;
use super::marks::{Marks, marks_of};
use super::stored::{FolderLog, LiveLog, Stored};
use super::views::{LiveViews, StoredViews};
use crate::cluster;
use crate::config::{self, Origin, Settings};
use crate::data_folder::DataFolder;
use crate::exit::Failure;
use anyhow::Context;
use clap::Args;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Runtime;

/// A command reads much at once, perhaps from nodes that have other things to do; nobody's bet
/// waits for it.
const VIEW_PATIENCE: Duration = Duration::from_secs(15);

/// Where the log is.
#[derive(Clone, Debug, Default, Args)]
pub struct PlaceFlags {
    /// The data folder; beside --brokers the one in which the role audit keeps its checkpoints
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// A file of settings in TOML
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Kafka's brokers, with commas
    #[arg(long, value_name = "HOST:PORT")]
    brokers: Option<String>,
    /// What stands before the name of every topic
    #[arg(long, value_name = "P")]
    topic_prefix: Option<String>,
    /// Partitions of every topic
    #[arg(long, value_name = "N")]
    partitions: Option<String>,
    /// The schema registry
    #[arg(long, value_name = "URL")]
    registry: Option<String>,
    /// Nodes of the view store, with commas; without them no views are compared
    #[arg(long, value_name = "HOST:PORT")]
    view_nodes: Option<String>,
    /// The keyspace of the views
    #[arg(long, value_name = "NAME")]
    keyspace: Option<String>,
}

/// A place that was found.
pub enum Place {
    /// A data folder.
    Folder(DataFolder),
    /// A cluster.
    Cluster(Box<Reached>),
}

/// A cluster, and the threads on which its clients run.
pub struct Reached {
    settings: Settings,
    brokers: String,
    has_views: bool,
    /// Where the role audit keeps its checkpoints, if anybody says so.
    folder: Option<DataFolder>,
    threads: Arc<Runtime>,
}

impl PlaceFlags {
    /// A folder alone is what it always was, nothing else is asked then. Anything else is looked
    /// up in flags, environment and file.
    ///
    /// # Errors
    /// Nothing says where the log is, or a setting is wrong.
    pub fn find(&self) -> Result<Place, Failure> {
        let nothing_else =
            self.brokers.is_none() && self.config.is_none() && self.of_a_cluster().is_none();
        match &self.data {
            Some(data) if nothing_else => Ok(Place::Folder(DataFolder::new(data))),
            Some(_) | None => self.look_up(),
        }
    }

    /// A flag that means nothing to a folder.
    fn of_a_cluster(&self) -> Option<&'static str> {
        let flags = [
            ("--topic-prefix", &self.topic_prefix),
            ("--partitions", &self.partitions),
            ("--registry", &self.registry),
            ("--view-nodes", &self.view_nodes),
            ("--keyspace", &self.keyspace),
        ];
        let given = flags.into_iter().find(|(_, value)| value.is_some());
        given.map(|(flag, _)| flag)
    }

    fn look_up(&self) -> Result<Place, Failure> {
        let data = self.data.as_ref().map(|data| data.display().to_string());
        let flags = [
            ("data", &data),
            ("brokers", &self.brokers),
            ("topic_prefix", &self.topic_prefix),
            ("partitions", &self.partitions),
            ("registry", &self.registry),
            ("view_nodes", &self.view_nodes),
            ("keyspace", &self.keyspace),
        ];
        let resolved = config::resolve_with(self.config.as_deref(), &flags)?;
        let settings = resolved.settings().map_err(Failure::Usage)?;
        let is_named = resolved
            .values()
            .any(|(key, value)| key.name == "data" && value.origin != Origin::Default);
        let folder = is_named.then(|| DataFolder::new(&settings.data));
        let cluster = settings.cluster.clone();
        match (cluster, folder) {
            (Some(cluster), folder) => Ok(Place::Cluster(Box::new(Reached {
                settings,
                brokers: cluster.brokers,
                has_views: !cluster.view_nodes.is_empty(),
                folder,
                threads: Arc::new(threads()?),
            }))),
            (None, Some(folder)) => match self.of_a_cluster() {
                None => Ok(Place::Folder(folder)),
                Some(flag) => Err(Failure::Usage(format!(
                    "{flag} is of a cluster, and nothing says where one is: --brokers HOST:PORT"
                ))),
            },
            (None, None) => Err(Failure::Usage(
                "where is the log? --data DIR names a data folder, --brokers HOST:PORT a cluster, \
                 --config FILE a file that says either"
                    .to_owned(),
            )),
        }
    }
}

fn threads() -> anyhow::Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("the threads cannot be started")
}

impl Place {
    /// The log, its ends fixed now.
    ///
    /// # Errors
    /// There is none, or it cannot be read.
    pub fn log(&self) -> Result<Box<dyn Stored>, Failure> {
        match self {
            Self::Folder(folder) => Ok(Box::new(FolderLog::open(folder.open_log()?)?)),
            Self::Cluster(reached) => Ok(Box::new(reached.log()?)),
        }
    }

    /// The views, if there are any. To be opened before the log: then it is never behind them.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn views(&self) -> Result<Option<Box<dyn StoredViews>>, Failure> {
        Ok(match self {
            Self::Folder(folder) => match folder.open_views()? {
                Some(views) => Some(Box::new(views)),
                None => None,
            },
            Self::Cluster(reached) if reached.has_views => Some(Box::new(reached.views()?)),
            Self::Cluster(_) => None,
        })
    }

    /// What signed checkpoints say. To be read before the log: then it has all that they know.
    ///
    /// # Errors
    /// They are there and cannot be read, or the folder of a cluster is not there.
    pub fn marks(&self, findings: &mut Findings) -> Result<Marks, Failure> {
        match self {
            Self::Folder(folder) => marks_of(folder, findings),
            Self::Cluster(reached) => {
                let Some(folder) = &reached.folder else {
                    return Ok(Marks::default());
                };
                let path = folder.path();
                if path.is_dir() {
                    return marks_of(folder, findings);
                }
                Err(Failure::Unreadable(format!(
                    "{} is not there; --data beside --brokers names the folder of the role audit",
                    path.display()
                )))
            }
        }
    }
}

impl Reached {
    fn log(&self) -> Result<LiveLog, Failure> {
        let _threads = self.threads.enter();
        let opened = cluster::open_log(&self.settings);
        LiveLog::open(
            opened.map_err(|failure| unreadable(failure, &self.brokers))?,
            self.settings.partitions,
            &self.brokers,
            Arc::clone(&self.threads),
        )
    }

    fn views(&self) -> Result<LiveViews, Failure> {
        let opened = self
            .threads
            .block_on(cluster::open_views(&self.settings, VIEW_PATIENCE));
        LiveViews::open(
            opened.map_err(|failure| unreadable(failure, "the views"))?,
            self.settings.partitions,
            Arc::clone(&self.threads),
        )
    }
}

/// For a reader, what does not answer is data that cannot be read.
fn unreadable(failure: Failure, place: &str) -> Failure {
    match failure {
        Failure::Failed(error) => Failure::Unreadable(format!("{place}: {error:#}")),
        Failure::Usage(_)
        | Failure::Unreadable(_)
        | Failure::NotPermitted(_)
        | Failure::Output(_) => failure,
    }
}

#[cfg(test)]
mod tests {
    use crate::cli::tests::{refused, run_line};

    const READERS: [&str; 4] = [
        "audit verify",
        "audit export --format csv -o /nowhere",
        "replay",
        "explain bet_019aa0c1-7d2e-7000-8000-000000000003",
    ];

    #[test]
    fn who_says_nothing_of_the_place_is_told_how() {
        for reader in READERS {
            let message = refused(reader);
            assert!(message.contains("--data DIR"), "{reader}: {message}");
            assert!(message.contains("--brokers"), "{reader}: {message}");
        }
    }

    #[test]
    fn what_is_of_a_cluster_is_not_passed_over_for_a_folder() {
        for flag in [
            "--topic-prefix p",
            "--partitions 4",
            "--registry http://localhost:1",
            "--view-nodes localhost:1",
            "--keyspace k",
        ] {
            let message = refused(&format!("replay --data /nowhere {flag}"));
            let (name, _) = flag.split_once(' ').unwrap();
            assert!(message.contains(name), "{message}");
        }
    }

    #[test]
    fn a_folder_alone_is_looked_up_nowhere_else() {
        for reader in READERS {
            let (code, _, message) = run_line(&format!("{reader} --data /nowhere"));
            assert_eq!(code, 4, "{reader}: {message}");
            assert!(message.contains("log.db"), "{message}");
        }
    }

    #[cfg(not(feature = "cluster"))]
    #[test]
    fn brokers_need_another_binary() {
        for reader in READERS {
            let message = refused(&format!("{reader} --brokers localhost:1"));
            assert!(message.contains("--features cluster"), "{message}");
        }
    }

    #[cfg(feature = "cluster")]
    #[test]
    fn brokers_that_do_not_answer_are_data_that_cannot_be_read() {
        let (code, _, message) = run_line("audit verify --brokers 127.0.0.1:1");
        assert_eq!(code, 4, "{message}");
        assert!(message.contains("127.0.0.1:1"), "{message}");
    }
}
