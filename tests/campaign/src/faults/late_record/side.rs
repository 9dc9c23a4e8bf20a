//! One process's part in the attack: an owner at a time, on a log of its own.
//!
//! Duty: drive the real owner machine as its task does, one step at a call. Prohibition: the
//! owner is told nothing that its own log does not tell.

use crate::time::Chance;
use anyhow::Context;
use bytes::Bytes;
use eventlog::{AppendOutcome, Chain, EventLog, Record, Writer};
use eventlog_kafka::{KafkaLog, Settings};
use futures::future::BoxFuture;
use kernel::{
    CorrelationId, Currency, CustomerId, Digest, Partition, RequestId, Timestamp, Topic,
    TopicPartition, TransferId,
};
use ledger::LedgerService;
use runtime::{Bounds, Clock as _, Owner, SystemClock};
use schemas::ledger::{
    Account, AccountKind, Amount, Command, Exactly, Post, PostTransfers, Transfer, TransferCode,
    TransferKind,
};
use schemas::{ClaimId, CommandRecord, Wire};
use std::sync::Arc;
use std::time::Duration;

/// Longer than a record is held while its client lives.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);
/// Between two claims, while a producer that has failed is replaced.
const PAUSE: Duration = Duration::from_millis(30);
const READ_BYTES: usize = 1 << 20;

pub(super) struct Side {
    pub(super) name: &'static str,
    log: Arc<KafkaLog>,
    clock: SystemClock,
    owner: Option<Owner<LedgerService>>,
    writer: Option<Arc<dyn Writer>>,
}

impl Side {
    pub(super) fn connect(name: &'static str, brokers: &str, prefix: &str) -> anyhow::Result<Self> {
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
    pub(super) async fn claim(
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
    pub(super) async fn decide(&mut self) -> anyhow::Result<Vec<Bytes>> {
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
    pub(super) fn append(
        &self,
        records: Vec<Bytes>,
    ) -> anyhow::Result<BoxFuture<'static, Vec<AppendOutcome>>> {
        Ok(self.writer.as_ref().context("no writer")?.append(records))
    }

    /// Decides what is asked, appends it and reads it back; in doubt it claims again.
    pub(super) async fn work(&mut self, chance: &mut Chance) -> anyhow::Result<()> {
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
    pub(super) async fn hear_out(&mut self, outcomes: &[AppendOutcome]) -> anyhow::Result<()> {
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

    pub(super) fn has_stopped(&self) -> bool {
        self.owner
            .as_ref()
            .is_none_or(|owner| owner.stopped().is_some())
    }

    /// What it believes of the journal, if it has read of it.
    pub(super) fn believes(&self, at: TopicPartition) -> Option<&Chain> {
        let owner = self.owner.as_ref().filter(|owner| owner.at() == at);
        owner.map(Owner::chain)
    }
}

/// The log's end. A log that does not answer is asked again: a broker may lose its place for a
/// moment on a busy machine.
pub(super) async fn end(log: &dyn EventLog, at: TopicPartition) -> u64 {
    loop {
        match log.end(at).await {
            Ok(end) => return end,
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}

/// What stands there; asked again like the end.
pub(super) async fn read(log: &dyn EventLog, at: TopicPartition, from: u64) -> Vec<Record> {
    loop {
        match log.read(at, from, READ_BYTES).await {
            Ok(records) => return records,
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}

/// A command and the id by which its decision is known.
pub(super) struct Asked {
    pub(super) request: RequestId,
    pub(super) bytes: Bytes,
}

/// The n-th command: a customer is paid a cent.
pub(super) fn asked(number: u64, partition: Partition) -> Asked {
    let account = |customer, kind| Account {
        customer,
        kind,
        currency: Currency::Eur,
    };
    let customer = CustomerId::example(number, partition);
    let transfer = Transfer {
        id: TransferId::example(number, partition),
        debit: account(None, AccountKind::Provider),
        credit: account(Some(customer), AccountKind::Cash),
        amount: Amount::Exactly(Exactly { minor: 1 }),
        kind: TransferKind::Post(Post {}),
        linked: false,
        code: TransferCode::Benchmark,
        credit_fallback: None,
        rules_waived: false,
    };
    let request = RequestId::example(number, partition);
    let record = CommandRecord {
        request_id: request,
        request_digest: Digest::ZERO,
        correlation_id: CorrelationId::example(number, partition),
        sent_at: Timestamp::default(),
        not_after: None,
        command: Command::PostTransfers(PostTransfers {
            transfers: vec![transfer],
        }),
    };
    let mut bytes = Vec::new();
    schemas::frame(schemas::schema_of(Topic::LedgerCommands), &mut bytes);
    record.encode(&mut bytes);
    Asked {
        request,
        bytes: bytes.into(),
    }
}
