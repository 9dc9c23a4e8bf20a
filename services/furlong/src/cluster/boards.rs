//! What a process of a cluster shows to its own gateway and to the others.
//!
//! Duty: Kafka's presence topic as the board on which processes announce themselves, the newest
//! checkpoint out of the shared store, and the stores' condition for `readyz`. Prohibition:
//! nothing is decided here.

use crate::checkpoints::CheckpointSigner;
use eventlog_kafka::KafkaLog;
use futures::future::{BoxFuture, ready};
use futures::stream::BoxStream;
use futures::{FutureExt, StreamExt};
use gateway::ports;
use runtime::Noticeboard;
use snapshots::SnapshotStore;
use std::sync::Arc;

/// The presence topic.
pub(super) struct PresenceBoard(pub eventlog_kafka::Noticeboard);

impl Noticeboard for PresenceBoard {
    fn post(&self, notice: String) -> BoxFuture<'static, ()> {
        self.0.post(notice.into())
    }

    fn follow(&self) -> BoxStream<'static, String> {
        let notices = self.0.follow();
        futures::stream::unfold(notices, |mut notices| async {
            let notice = notices.recv().await?;
            // What is no text is nobody's notice.
            Some((String::from_utf8_lossy(&notice).into_owned(), notices))
        })
        .boxed()
    }
}

/// The newest checkpoint that the role `audit` has put into the shared store.
pub(super) struct StoredCheckpoints {
    pub store: Arc<dyn SnapshotStore>,
    pub signer: Arc<CheckpointSigner>,
}

impl ports::Checkpoints for StoredCheckpoints {
    fn newest(&self) -> BoxFuture<'static, Result<Option<serde_json::Value>, String>> {
        let (store, signer) = (Arc::clone(&self.store), Arc::clone(&self.signer));
        async move {
            let names = store
                .list_named(audit::checkpoint::NAME_PREFIX.to_owned())
                .await
                .map_err(|error| error.to_string())?;
            // Names sort as their instants.
            let Some(newest) = names.into_iter().max() else {
                return Ok(None);
            };
            let bytes = store.get_named(newest).await;
            let bytes = bytes.map_err(|error| error.to_string())?;
            Ok(bytes.map(|bytes| signer.published(&bytes)))
        }
        .boxed()
    }
}

/// Whether Kafka takes and gives records.
pub(super) struct KafkaAnswers(pub Arc<KafkaLog>);

impl ports::Check for KafkaAnswers {
    fn name(&self) -> &'static str {
        "log"
    }

    fn check(&self) -> BoxFuture<'static, Result<(), String>> {
        ready(self.0.health().map_or(Ok(()), Err)).boxed()
    }
}
