//! The store as its process uses it.
//!
//! Duty: start and stop it, and join readers and writers to the port. Prohibition: no statement
//! is named here.

use crate::keeper::{self, Keeper, Link, State};
use crate::settings::Settings;
use crate::write::{self, Job, Shared};
use crate::{read, walk};
use futures::FutureExt;
use futures::future::BoxFuture;
use kernel::TopicPartition;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::runtime::Handle;
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use viewstore::{Applied, Progress, Row, Scan, StoredRow, ViewError, ViewStore};

/// Nobody answers at the nodes that the settings name, or they refuse.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConnectError(String);

impl ConnectError {
    pub(crate) fn new(settings: &Settings, reason: &dyn std::fmt::Display) -> Self {
        Self(keeper::away(settings, &reason.to_string()))
    }
}

/// Views in `ScyllaDB` or Cassandra. Any number of processes may use the same ones. Dropping it
/// stops its tasks; what was not answered may or may not have been written.
pub struct ScyllaViewStore {
    settings: Settings,
    shared: Arc<Shared>,
    state: watch::Sender<State>,
    runtime: Handle,
    writers: Mutex<BTreeMap<TopicPartition, mpsc::UnboundedSender<Job>>>,
    keeper: JoinHandle<()>,
}

impl ScyllaViewStore {
    /// Connects, and makes keyspace and tables if they are absent.
    ///
    /// # Errors
    /// Nobody answers, or they refuse; the text names the nodes.
    pub async fn connect(settings: Settings) -> Result<Self, ConnectError> {
        let link = keeper::open(&settings)
            .await
            .map_err(|reason| ConnectError::new(&settings, &reason))?;
        Ok(Self::with(settings, Some(Arc::new(link))))
    }

    /// Starts without waiting for the store: until it comes, calls fail as unavailable. Must be
    /// called within a runtime.
    #[must_use]
    pub fn start(settings: Settings) -> Self {
        Self::with(settings, None)
    }

    fn with(settings: Settings, link: Option<Arc<Link>>) -> Self {
        let state = match &link {
            Some(link) => State::Here(Arc::clone(link)),
            None => State::Away(keeper::away(&settings, "not connected yet").into()),
        };
        let (state, receiver) = watch::channel(state);
        let trouble = Arc::new(Notify::new());
        let keeper = Keeper {
            settings: settings.clone(),
            state: state.clone(),
            trouble: Arc::clone(&trouble),
        };
        let runtime = Handle::current();
        Self {
            settings,
            shared: Arc::new(Shared::new(receiver, trouble)),
            state,
            keeper: runtime.spawn(keeper.run(link)),
            runtime,
            writers: Mutex::default(),
        }
    }

    /// Whether the store answered when it was last looked at, half a second ago or so.
    ///
    /// # Errors
    /// It did not: why, with the names of the nodes.
    pub fn health(&self) -> Result<(), String> {
        match &*self.state.borrow() {
            State::Here(_) => Ok(()),
            State::Away(reason) => Err(reason.to_string()),
        }
    }

    fn reading<T: Send + 'static, F>(
        &self,
        operation: &'static str,
        read: impl FnOnce(Arc<Link>) -> F + Send + 'static,
    ) -> BoxFuture<'static, Result<T, ViewError>>
    where
        F: Future<Output = Result<T, ViewError>> + Send + 'static,
    {
        let shared = Arc::clone(&self.shared);
        async move {
            let answer = read(shared.link(operation)?).await;
            if let Err(ViewError::Unavailable { detail, .. }) = answer {
                return Err(shared.trouble(operation, &detail));
            }
            answer
        }
        .boxed()
    }

    fn send(&self, at: TopicPartition, job: Job) {
        let mut writers = self.writers.lock().unwrap_or_else(PoisonError::into_inner);
        let writer = writers.entry(at).or_insert_with(|| {
            let (sender, jobs) = mpsc::unbounded_channel();
            self.runtime
                .spawn(write::run(at, Arc::clone(&self.shared), jobs));
            sender
        });
        // A writer that is gone drops the job, and its answer is cancelled.
        drop(writer.send(job));
    }
}

impl Drop for ScyllaViewStore {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

impl ViewStore for ScyllaViewStore {
    fn apply(
        &self,
        topic_partition: TopicPartition,
        rows: Vec<Row>,
        progress: Progress,
    ) -> BoxFuture<'static, Result<Applied, ViewError>> {
        let (answer, receiver) = oneshot::channel();
        self.send(
            topic_partition,
            Job {
                rows,
                progress,
                answer,
            },
        );
        receiver
            .map(|answer| {
                answer.unwrap_or_else(|_| {
                    Err(ViewError::Unavailable {
                        operation: "apply",
                        detail: "the views are closed".to_owned(),
                    })
                })
            })
            .boxed()
    }

    fn get(
        &self,
        table: &'static str,
        key: Vec<u8>,
    ) -> BoxFuture<'static, Result<Option<StoredRow>, ViewError>> {
        self.reading("get", move |link| async move {
            read::get(&link, table, &key).await
        })
    }

    fn scan(&self, scan: Scan) -> BoxFuture<'static, Result<Vec<StoredRow>, ViewError>> {
        self.reading(
            "scan",
            move |link| async move { walk::scan(&link, &scan).await },
        )
    }

    fn progress(
        &self,
        topic_partition: TopicPartition,
    ) -> BoxFuture<'static, Result<Option<Progress>, ViewError>> {
        let shared = Arc::clone(&self.shared);
        async move { read::progress(&shared, topic_partition).await }.boxed()
    }

    fn clear(&self) -> BoxFuture<'static, Result<(), ViewError>> {
        let shared = Arc::clone(&self.shared);
        let settings = self.settings.clone();
        let state = self.state.clone();
        async move {
            let link = shared.link("clear")?;
            let renewed = link
                .renew(&settings)
                .await
                .map_err(|error| shared.trouble("clear", &error))?;
            state.send_replace(State::Here(Arc::new(renewed)));
            Ok(())
        }
        .boxed()
    }
}
