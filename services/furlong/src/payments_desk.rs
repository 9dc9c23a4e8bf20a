//! The desk that calls the payment provider.
//!
//! Duty: follow one payments partition, call and ask the provider as the worker says, and send
//! what it tells to the inbox. Prohibition: nothing is decided here, and nothing is called before
//! its record has been read back.

use crate::feed_desk::framed;
use eventlog::{Chain, EventLog, LogError};
use kernel::{CorrelationId, Digest, Partition, RequestId, Topic, TopicPartition};
use payments::{Action, Provider, Worker, outcome_request_scope};
use runtime::{Clock, Duty, Stretch, Tail, TailError, end_of, is_called, is_relieved};
use schemas::payments::{Command, ReportOutcome};
use schemas::{CommandRecord, Events, Wire};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// One partition's desk.
pub struct PaymentsDesk {
    /// The log.
    pub log: Arc<dyn EventLog>,
    /// The provider.
    pub provider: Arc<dyn Provider>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Which partition.
    pub partition: Partition,
}

/// After a failure of the log.
const RETRY_AFTER: Duration = Duration::from_millis(500);

impl PaymentsDesk {
    /// Works whenever it is this process's duty to serve the partition. A new spell begins from
    /// the log: what was called before is asked for its status first.
    pub async fn work_when(self, mut duty: watch::Receiver<Duty>) {
        while is_called(&mut duty).await {
            tokio::select! {
                () = self.work() => return,
                () = is_relieved(&mut duty) => {}
            }
        }
    }

    /// Works until it is dropped.
    async fn work(&self) {
        let at = TopicPartition::new(Topic::PaymentsEvents, self.partition);
        let mut tail = Tail::new(Arc::clone(&self.log), at, Chain::default());
        let mut worker = Worker::default();
        let end = end_of(&*self.log, at).await;
        while tail.chain().next_offset < end {
            match tail.next_now().await {
                Ok(Some(stretch)) => self.observe(&mut worker, &stretch),
                Ok(None) => break,
                Err(TailError::Log(error @ LogError::Unavailable { .. })) => {
                    tracing::warn!(%at, %error, "payments desk cannot read, trying again");
                    tokio::time::sleep(RETRY_AFTER).await;
                }
                Err(error) => {
                    tracing::error!(%at, %error, "payments desk cannot read");
                    return;
                }
            }
        }
        worker.claimed(self.clock.now());
        loop {
            self.act(&mut worker).await;
            let due = worker.next_due().map(|due| self.clock.until(due));
            tokio::select! {
                stretch = tail.next() => match stretch {
                    Ok(stretch) => self.observe(&mut worker, &stretch),
                    Err(error) => {
                        tracing::error!(%at, %error, "payments desk cannot read");
                        tokio::time::sleep(RETRY_AFTER).await;
                    }
                },
                () = tokio::time::sleep(due.unwrap_or(Duration::MAX)), if due.is_some() => {}
            }
        }
    }

    fn observe(&self, worker: &mut Worker, stretch: &Stretch) {
        for effective in &stretch.decisions {
            if let Events::PaymentsEvents(body) = &effective.decision.events {
                for event in &body.events {
                    worker.observe(event, self.clock.now());
                }
            }
        }
    }

    async fn act(&self, worker: &mut Worker) {
        for action in worker.due(self.clock.now()) {
            let report = match &action {
                Action::Call(call) => {
                    let answer = self.provider.call(call, self.clock.now()).await;
                    worker.called(&call.payment, answer, self.clock.now())
                }
                Action::Ask {
                    provider: _,
                    payment,
                } => {
                    let answer = self.provider.status(payment, self.clock.now()).await;
                    worker.asked(payment, answer, self.clock.now())
                }
            };
            if let Some(report) = report {
                self.send(report).await;
            }
        }
    }

    async fn send(&self, report: ReportOutcome) {
        let scope: [u8; 32] = Sha256::digest(outcome_request_scope(&report)).into();
        let mut id = [0; 16];
        id.copy_from_slice(scope.first_chunk::<16>().unwrap_or(&[0; 16]));
        // The instant of telling is not part of what is told.
        let mut content = report.clone();
        content.occurred_at = kernel::Timestamp::default();
        let record = CommandRecord {
            request_id: RequestId::from_bytes(id),
            request_digest: Digest::from_bytes(Sha256::digest(content.to_bytes()).into()),
            correlation_id: CorrelationId::from_bytes(id),
            sent_at: self.clock.now(),
            not_after: None,
            command: Command::ReportOutcome(report),
        };
        let at = TopicPartition::new(Topic::PaymentsCommands, self.partition);
        self.log
            .send(at, framed(Topic::PaymentsCommands, &record))
            .await;
    }
}
