//! The service: who comes in, and how many.
//!
//! Duty: one task for each stream whose caller the desk knows, within the limits. Prohibition: no
//! socket: whoever serves HTTP stands this service on its port.

use crate::answer;
use crate::stream::{Ended, Stream};
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use proto::odds_feed_server::{OddsFeed, OddsFeedServer};
use proto::{Acknowledgement, Message};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tonic::metadata::MetadataMap;
use tonic::{Request, Response, Status, Streaming};

/// Where the service stands on a port: a pattern of axum's router.
pub const PATH: &str = "/furlong.feed.v1.OddsFeed/{method}";

/// What the desk said: an HTTP status and a body.
pub type Posted = (u16, Vec<u8>);

/// Whoever speaks on a stream, as the metadata of the call tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caller {
    /// `Bearer …`
    pub authorization: Option<String>,
    /// The trace that the stream belongs to, as W3C trace context has it.
    pub traceparent: Option<String>,
}

impl Caller {
    fn of(metadata: &MetadataMap) -> Self {
        let text = |name: &str| {
            let value = metadata.get(name)?.to_str().ok()?;
            Some(value.to_owned())
        };
        Self {
            authorization: text("authorization"),
            traceparent: text("traceparent"),
        }
    }
}

/// Where lines are handed in: what stands behind `POST /v1/feed/updates`.
pub trait Desk: Send + Sync + 'static {
    /// Hands in lines for a caller, and waits for the answer, within a bound of its own.
    fn post(&self, caller: Caller, lines: String) -> BoxFuture<'static, Posted>;
}

/// What bounds the door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Streams that are open at once.
    pub streams_max: usize,
    /// Bytes of one message.
    pub message_bytes_max: usize,
    /// Messages that are handed in together.
    pub batch_max: usize,
    /// Bytes of lines after which no further message is taken into a batch.
    pub batch_bytes: usize,
    /// Acknowledgements that may wait for a source to read them.
    pub answers_waiting: usize,
    /// How long a source may leave its acknowledgements unread.
    pub unread_at_most: Duration,
    /// Without a message for so long, the source is told that its stream lives.
    pub heartbeat: Duration,
    /// A stream on which nothing was said for so many heartbeats is ended.
    pub silent_heartbeats_max: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            streams_max: 64,
            // As a line of JSON may have at the desk.
            message_bytes_max: 256 * 1024,
            batch_max: 200,
            // With one message more, as JSON, still a body that the desk takes (4 MiB).
            batch_bytes: 1024 * 1024,
            answers_waiting: 4,
            unread_at_most: Duration::from_secs(30),
            heartbeat: Duration::from_secs(5),
            silent_heartbeats_max: 12,
        }
    }
}

/// The service before this desk; streams end when `stop` becomes true.
#[must_use]
pub fn service(
    desk: Arc<dyn Desk>,
    limits: Limits,
    stop: watch::Receiver<bool>,
) -> OddsFeedServer<impl OddsFeed> {
    let door = Door {
        desk,
        limits,
        stop,
        places: Arc::new(Semaphore::new(limits.streams_max)),
    };
    OddsFeedServer::new(door).max_decoding_message_size(limits.message_bytes_max)
}

struct Door {
    desk: Arc<dyn Desk>,
    limits: Limits,
    stop: watch::Receiver<bool>,
    places: Arc<Semaphore>,
}

#[tonic::async_trait]
impl OddsFeed for Door {
    type PublishStream = BoxStream<'static, Result<Acknowledgement, Status>>;

    async fn publish(
        &self,
        request: Request<Streaming<Message>>,
    ) -> Result<Response<Self::PublishStream>, Status> {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            let text = format!(
                "{} streams are open, and no more are taken; several sources may share one",
                self.limits.streams_max
            );
            return Err(Status::resource_exhausted(text));
        };
        let caller = Caller::of(request.metadata());
        // Nothing is said yet, and already it matters who speaks.
        let (status, body) = self.desk.post(caller.clone(), String::new()).await;
        if status != 200 {
            return Err(answer::problem(status, &body));
        }
        let (sender, answers) = mpsc::channel(self.limits.answers_waiting.max(1));
        let (end, ended) = oneshot::channel();
        let stream = Stream::new(
            Arc::clone(&self.desk),
            caller,
            self.limits,
            request.into_inner(),
        );
        let stop = self.stop.clone();
        tokio::spawn(async move {
            let why = stream.take_all(sender, stop).await;
            drop(place);
            // Whoever listened may be gone.
            end.send(why).unwrap_or_default();
        });
        Ok(Response::new(Box::pin(told(answers, ended))))
    }
}

/// Acknowledgements in their order, and then how the stream ended.
fn told(
    answers: mpsc::Receiver<Acknowledgement>,
    ended: oneshot::Receiver<Ended>,
) -> impl futures::Stream<Item = Result<Acknowledgement, Status>> {
    futures::stream::unfold(Some((answers, ended)), async |state| {
        let (mut answers, ended) = state?;
        if let Some(answer) = answers.recv().await {
            return Some((Ok(answer), Some((answers, ended))));
        }
        match ended.await {
            Ok(Ended::BySource) => None,
            Ok(Ended::Here(status)) => Some((Err(status), None)),
            Err(_) => {
                let text = "the stream broke; go on after the last acknowledged sequence";
                Some((Err(Status::internal(text)), None))
            }
        }
    })
}
