//! One source's stream.
//!
//! Duty: read what is there, hand it in together, acknowledge, read on; end a stream whose source
//! is silent, does not listen, or speaks nonsense. Prohibition: a batch is never handed in before
//! the one before it is answered, and nothing more is read meanwhile.

use crate::answer::{Batch, Refusal};
use crate::door::{Caller, Desk, Limits};
use crate::lines::line;
use futures::FutureExt;
use proto::{Acknowledgement, Message};
use std::sync::Arc;
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;
use tonic::{Status, Streaming};

/// How a stream ended.
pub(crate) enum Ended {
    /// The source had said all, or is gone.
    BySource,
    /// We ended it, and why.
    Here(Status),
}

pub(crate) struct Stream {
    desk: Arc<dyn Desk>,
    caller: Caller,
    limits: Limits,
    messages: Streaming<Message>,
    acknowledged: u64,
}

/// What has come.
struct Read {
    messages: Vec<Message>,
    lines: Vec<String>,
    next: Next,
}

/// What comes after a batch.
enum Next {
    More,
    Ended,
    Broken(Status),
}

impl Stream {
    pub(crate) fn new(
        desk: Arc<dyn Desk>,
        caller: Caller,
        limits: Limits,
        messages: Streaming<Message>,
    ) -> Self {
        Self {
            desk,
            caller,
            limits,
            messages,
            acknowledged: 0,
        }
    }

    /// Takes messages until the stream ends; how it did.
    pub(crate) async fn take_all(
        mut self,
        answers: mpsc::Sender<Acknowledgement>,
        mut stop: watch::Receiver<bool>,
    ) -> Ended {
        loop {
            let read = tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => return Ended::Here(stopping()),
                read = self.batch(&answers) => read,
            };
            let read = match read {
                Ok(read) => read,
                Err(status) => return Ended::Here(status),
            };
            if !read.messages.is_empty()
                && let Err(ended) = self.take(read.messages, read.lines, &answers).await
            {
                return ended;
            }
            match read.next {
                Next::More => {}
                Next::Ended => return Ended::BySource,
                Next::Broken(status) => return Ended::Here(status),
            }
        }
    }

    /// The next message, and whatever has come by then.
    async fn batch(&mut self, answers: &mpsc::Sender<Acknowledgement>) -> Result<Read, Status> {
        let mut come = self.first(answers).await?;
        let mut read = Read {
            messages: Vec::new(),
            lines: Vec::new(),
            next: Next::More,
        };
        let mut bytes = 0_usize;
        loop {
            match come {
                Ok(Some(message)) => {
                    let line = line(&message);
                    bytes = bytes.saturating_add(line.len());
                    read.lines.push(line);
                    read.messages.push(message);
                }
                Ok(None) => read.next = Next::Ended,
                Err(status) => read.next = Next::Broken(status),
            }
            let full =
                read.messages.len() >= self.limits.batch_max || bytes >= self.limits.batch_bytes;
            if full || !matches!(read.next, Next::More) {
                return Ok(read);
            }
            match self.messages.message().now_or_never() {
                Some(more) => come = more,
                None => return Ok(read),
            }
        }
    }

    /// Waits for a message; meanwhile the source is told that its stream lives.
    async fn first(
        &mut self,
        answers: &mpsc::Sender<Acknowledgement>,
    ) -> Result<Result<Option<Message>, Status>, Status> {
        for _ in 0..self.limits.silent_heartbeats_max {
            match timeout(self.limits.heartbeat, self.messages.message()).await {
                Ok(come) => return Ok(come),
                Err(_) => {
                    let alive = Acknowledgement {
                        messages: self.acknowledged,
                        ..Acknowledgement::default()
                    };
                    // A source that has others to read needs no word of life.
                    answers.try_send(alive).unwrap_or_default();
                }
            }
        }
        let silence = self
            .limits
            .heartbeat
            .saturating_mul(self.limits.silent_heartbeats_max);
        Err(Status::deadline_exceeded(format!(
            "nothing was said for {} ms; say alive when there is nothing else to say",
            silence.as_millis()
        )))
    }

    /// Hands a batch in and acknowledges it. Of one with a line that cannot be read the messages
    /// before that line count, and the stream ends there.
    async fn take(
        &mut self,
        messages: Vec<Message>,
        lines: Vec<String>,
        answers: &mpsc::Sender<Acknowledgement>,
    ) -> Result<(), Ended> {
        let batch = Batch {
            messages: &messages,
            before: self.acknowledged,
        };
        let refusal = match self.post(&batch, &lines).await {
            Ok(answer) => return self.acknowledge(answer, answers).await,
            Err(refusal) => refusal,
        };
        let good = refusal.good_lines();
        let (Some(before), Some(lines)) = (messages.get(..good), lines.get(..good)) else {
            return Err(Ended::Here(refusal.status));
        };
        if good > 0 {
            let batch = Batch {
                messages: before,
                before: self.acknowledged,
            };
            match self.post(&batch, lines).await {
                Ok(answer) => self.acknowledge(answer, answers).await?,
                Err(other) => return Err(Ended::Here(other.status)),
            }
        }
        Err(Ended::Here(refusal.status))
    }

    async fn post(&self, batch: &Batch<'_>, lines: &[String]) -> Result<Acknowledgement, Refusal> {
        let posted = self.desk.post(self.caller.clone(), lines.join("\n"));
        let (status, body) = posted.await;
        batch.answer(status, &body)
    }

    async fn acknowledge(
        &mut self,
        answer: Acknowledgement,
        answers: &mpsc::Sender<Acknowledgement>,
    ) -> Result<(), Ended> {
        self.acknowledged = answer.messages;
        match timeout(self.limits.unread_at_most, answers.send(answer)).await {
            Ok(Ok(())) => Ok(()),
            // Nobody listens any more.
            Ok(Err(_)) => Err(Ended::BySource),
            Err(_) => Err(Ended::Here(Status::aborted(format!(
                "acknowledgements were left unread for {} ms",
                self.limits.unread_at_most.as_millis()
            )))),
        }
    }
}

fn stopping() -> Status {
    Status::unavailable(
        "this gateway stops; open another stream and go on after the last acknowledged sequence",
    )
}
