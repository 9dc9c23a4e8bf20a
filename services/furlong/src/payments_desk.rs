//! The desk that calls the payment provider.
//!
//! Duty: follow one payments partition, call and ask the provider as the worker says, and send
//! what it tells to the inbox. Prohibition: nothing is decided here, and nothing is called before
//! its record has been read back.

use crate::feed_desk::framed;
use crate::providers::ProviderGate;
use eventlog::{Chain, EventLog, LogError};
use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use kernel::{CorrelationId, Digest, Partition, RequestId, Topic, TopicPartition};
use payments::{Action, Answer, Chance, Provider, StatusAnswer, Worker, report_scope};
use runtime::{Clock, Duty, Entropy, Stretch, Tail, TailError, end_of, is_called, is_relieved};
use schemas::payments::Command;
use schemas::{CommandRecord, Events, Wire};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// One partition's desk.
pub struct PaymentsDesk {
    /// The log.
    pub log: Arc<dyn EventLog>,
    /// The name of the provider whose payments are worked on. Another's are left alone.
    pub name: &'static str,
    /// The provider.
    pub provider: Arc<dyn Provider>,
    /// Before all calls to it, shared with the other desks.
    pub gate: Arc<ProviderGate>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness: how long repeats wait.
    pub entropy: Arc<dyn Entropy>,
    /// Which partition.
    pub partition: Partition,
}

/// After a failure of the log.
const RETRY_AFTER: Duration = Duration::from_millis(500);
/// A provider that neither answers nor gives up in time is cut off: its adapter should have done
/// so long before.
const CALL_ENDS: Duration = Duration::from_secs(60);
/// How long a payment of a provider that is not served here is left alone.
const NOT_OURS: kernel::Duration = kernel::Duration::from_secs(60);

/// What came back, and of what.
struct Done {
    action: Action,
    told: Told,
}

enum Told {
    Called(Answer),
    Asked(StatusAnswer),
}

type InFlight = FuturesUnordered<BoxFuture<'static, Done>>;

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
        let mut worker = Worker::with(self.chance());
        self.gate.reconciliation().forget(self.partition);
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
        // Calls that are under way when the duty ends are dropped with this; whoever serves next
        // asks after every open payment first.
        let mut in_flight = InFlight::new();
        loop {
            self.start(&mut worker, &in_flight);
            let due = worker.next_due().map(|due| self.clock.until(due));
            tokio::select! {
                stretch = tail.next() => match stretch {
                    Ok(stretch) => self.observe(&mut worker, &stretch),
                    Err(error) => {
                        tracing::error!(%at, %error, "payments desk cannot read");
                        tokio::time::sleep(RETRY_AFTER).await;
                    }
                },
                Some(done) = in_flight.next(), if !in_flight.is_empty() => {
                    if let Some(report) = self.take(&mut worker, done) {
                        self.send(report).await;
                    }
                }
                () = tokio::time::sleep(due.unwrap_or(Duration::MAX)), if due.is_some() => {}
            }
        }
    }

    fn chance(&self) -> Chance {
        let mut seed = [0; 8];
        self.entropy.fill(&mut seed);
        Chance::seeded(u64::from_be_bytes(seed))
    }

    fn observe(&self, worker: &mut Worker, stretch: &Stretch) {
        for effective in &stretch.decisions {
            if let Events::PaymentsEvents(body) = &effective.decision.events {
                for event in &body.events {
                    worker.observe(event, self.clock.now());
                    self.gate.reconciliation().observe(self.partition, event);
                }
            }
        }
    }

    /// Starts what is due, as far as the gate lets it.
    fn start(&self, worker: &mut Worker, in_flight: &InFlight) {
        let now = self.clock.now();
        for action in worker.due(now) {
            if action.call().provider != self.name {
                worker.put_off(&action, now.plus(NOT_OURS));
                continue;
            }
            match self.gate.enter(action.call().silences > 0, now) {
                Ok(()) => in_flight.push(self.carry_out(action)),
                Err(refused) => worker.put_off(&action, refused.until()),
            }
        }
    }

    fn carry_out(&self, action: Action) -> BoxFuture<'static, Done> {
        let (provider, clock) = (Arc::clone(&self.provider), Arc::clone(&self.clock));
        Box::pin(async move {
            let told = match &action {
                Action::Call(call) => {
                    let calling = provider.call(call, clock.now());
                    let answer = tokio::time::timeout(CALL_ENDS, calling).await;
                    Told::Called(answer.unwrap_or(Answer::NoAnswer))
                }
                Action::Ask(call) => {
                    let asking = provider.status(call, clock.now());
                    let answer = tokio::time::timeout(CALL_ENDS, asking).await;
                    Told::Asked(answer.unwrap_or(StatusAnswer::NoAnswer))
                }
            };
            Done { action, told }
        })
    }

    fn take(&self, worker: &mut Worker, done: Done) -> Option<Command> {
        let now = self.clock.now();
        let payment = &done.action.call().payment;
        match done.told {
            Told::Called(answer) => {
                self.gate.leave(answer != Answer::NoAnswer, now);
                worker.called(payment, answer, now)
            }
            Told::Asked(answer) => {
                self.gate.leave(answer != StatusAnswer::NoAnswer, now);
                worker.asked(payment, answer, now)
            }
        }
    }

    async fn send(&self, command: Command) {
        let scope: [u8; 32] = Sha256::digest(report_scope(&command)).into();
        let mut id = [0; 16];
        id.copy_from_slice(scope.first_chunk::<16>().unwrap_or(&[0; 16]));
        let mut content = command.clone();
        if let Command::ReportOutcome(report) = &mut content {
            // The instant of telling is not part of what is told.
            report.occurred_at = kernel::Timestamp::default();
        }
        let record = CommandRecord {
            request_id: RequestId::from_bytes(id),
            request_digest: Digest::from_bytes(Sha256::digest(content.to_bytes()).into()),
            correlation_id: CorrelationId::from_bytes(id),
            sent_at: self.clock.now(),
            not_after: None,
            command,
        };
        let at = TopicPartition::new(Topic::PaymentsCommands, self.partition);
        self.log
            .send(at, framed(Topic::PaymentsCommands, &record))
            .await;
    }
}
