//! One process's part in the attack: an owner at a time, on a log of its own.
//!
//! Duty: drive the real owner machine as its task does, one step at a call. Prohibition: the
//! owner is told nothing that its own log does not tell.

use crate::faults::patient::{end, read};
use crate::time::Chance;
use anyhow::Context;
use bytes::Bytes;
use eventlog::{AppendOutcome, Chain, EventLog, Writer};
use eventlog_kafka::{KafkaLog, Settings};
use futures::future::BoxFuture;
use kernel::{Topic, TopicPartition};
use ledger::LedgerService;
use runtime::{Bounds, Clock as _, Owner, SystemClock};
use schemas::ClaimId;
use std::sync::Arc;
use std::time::Duration;

/// Longer than a record is held while its client lives.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);
/// Between two claims, while a producer that has failed is replaced.
const PAUSE: Duration = Duration::from_millis(30);

pub(in crate::faults) struct Side {
    pub(in crate::faults) name: &'static str,
    log: Arc<KafkaLog>,
    clock: SystemClock,
    owner: Option<Owner<LedgerService>>,
    writer: Option<Arc<dyn Writer>>,
}

impl Side {
    pub(in crate::faults) fn connect(
        name: &'static str,
        brokers: &str,
        prefix: &str,
    ) -> anyhow::Result<Self> {
        let mut settings = Settings::new(brokers, prefix);
        settings.send_timeout = SEND_TIMEOUT;
        let client_id = ("client.id".to_owned(), name.to_owned());
        settings.client_options.extend([client_id]);
        Ok(Self {
            name,
            log: Arc::new(KafkaLog::connect(settings)?),
            clock: SystemClock::new(1),
            owner: None,
            writer: None,
        })
    }

    /// A new owner that reads the journal and claims it, again and again until it has.
    pub(in crate::faults) async fn claim(
        &mut self,
        at: TopicPartition,
        chance: &mut Chance,
    ) -> anyhow::Result<()> {
        loop {
            let mut owner = Owner::new(at.partition, 1);
            let writer = self.log.writer(at);
            self.read_own(&mut owner).await;
            let mut claim_id = [0; 16];
            for byte in &mut claim_id {
                *byte = u8::try_from(chance.below(256))?;
            }
            let claim = owner.claim(ClaimId(claim_id), self.clock.now());
            if writer.append(vec![claim]).await != [AppendOutcome::Sent] {
                tokio::time::sleep(PAUSE).await;
                continue;
            }
            while !owner.is_active() && owner.stopped().is_none() {
                self.log.wait(at, owner.next_own_offset()).await;
                self.read_own(&mut owner).await;
            }
            if owner.is_active() {
                self.owner = Some(owner);
                self.writer = Some(writer);
                return Ok(());
            }
        }
    }

    async fn read_own(&self, owner: &mut Owner<LedgerService>) {
        let at = owner.at();
        let end = end(&*self.log, at).await;
        while owner.next_own_offset() < end && owner.stopped().is_none() {
            let records = read(&*self.log, at, owner.next_own_offset());
            owner.read_back(&records.await);
        }
    }

    /// Reads what is asked, and decides it.
    pub(in crate::faults) async fn decide(&mut self) -> anyhow::Result<Vec<Bytes>> {
        let owner = self.owner.as_mut().context("no owner")?;
        let inbox = TopicPartition::new(Topic::LedgerCommands, owner.at().partition);
        let end = end(&*self.log, inbox).await;
        loop {
            let mut inputs = owner.next_input_offsets();
            let next = inputs.find_map(|(input, next)| (input == inbox).then_some(next));
            drop(inputs);
            let next = next.context("no inbox")?;
            if next >= end {
                break;
            }
            owner.offer(inbox, &read(&*self.log, inbox, next).await);
        }
        Ok(owner.decide(self.clock.now(), &(), Bounds::default()))
    }

    /// Hands records over, as the machine wants them appended.
    pub(in crate::faults) fn append(
        &self,
        records: Vec<Bytes>,
    ) -> anyhow::Result<BoxFuture<'static, Vec<AppendOutcome>>> {
        Ok(self.writer.as_ref().context("no writer")?.append(records))
    }

    /// Decides what is asked, appends it and reads it back; in doubt it claims again.
    pub(in crate::faults) async fn work(&mut self, chance: &mut Chance) -> anyhow::Result<()> {
        let at = self.owner.as_ref().context("no owner")?.at();
        while !self.try_to_work().await? {
            self.claim(at, chance).await?;
        }
        Ok(())
    }

    async fn try_to_work(&mut self) -> anyhow::Result<bool> {
        let records = self.decide().await?;
        if !records.is_empty() {
            let outcomes = self.append(records)?.await;
            if outcomes
                .iter()
                .any(|outcome| *outcome != AppendOutcome::Sent)
            {
                return Ok(false);
            }
        }
        let mut owner = self.owner.take().context("no owner")?;
        while !owner.is_quiet() && owner.stopped().is_none() {
            self.read_own(&mut owner).await;
        }
        let worked = owner.stopped().is_none();
        self.owner = Some(owner);
        Ok(worked)
    }

    /// Learns what became of an append, and reads on.
    pub(in crate::faults) async fn hear_out(
        &mut self,
        outcomes: &[AppendOutcome],
    ) -> anyhow::Result<()> {
        let mut owner = self.owner.take().context("no owner")?;
        if outcomes
            .iter()
            .any(|outcome| *outcome != AppendOutcome::Sent)
        {
            owner.doubt("an append may not have happened");
        }
        self.read_own(&mut owner).await;
        self.owner = Some(owner);
        Ok(())
    }

    pub(in crate::faults) fn has_stopped(&self) -> bool {
        self.owner
            .as_ref()
            .is_none_or(|owner| owner.stopped().is_some())
    }

    /// What it believes of the journal, if it has read of it.
    pub(in crate::faults) fn believes(&self, at: TopicPartition) -> Option<&Chain> {
        let owner = self.owner.as_ref().filter(|owner| owner.at() == at);
        owner.map(Owner::chain)
    }
}
