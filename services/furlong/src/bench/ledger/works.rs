//! A ledger partition at work, and the clients' side of it.
//!
//! Duty: start the real owner on a log, make commands, and tell when each one's decision has been
//! read back. Prohibition: nothing is counted before that.

use anyhow::{Context, bail, ensure};
use bytes::Bytes;
use eventlog::{Chain, EventLog};
use futures::future::join_all;
use kernel::{
    CorrelationId, Currency, CustomerId, Digest, RequestId, Timestamp, Topic, TopicPartition,
    TransferId,
};
use ledger::LedgerService;
use runtime::{Duty, Health, OwnerParts, Shared, SystemClock, SystemEntropy, run_owner};
use schemas::ledger::{
    Account, AccountKind, Amount, Command, Exactly, Post, PostTransfers, Transfer, TransferCode,
    TransferKind,
};
use schemas::{CommandRecord, Wire};
use snapshots::MemorySnapshots;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

/// One transfer a command.
pub const SINGLES: u64 = 1;
/// The journal that is written.
pub const JOURNAL: TopicPartition = TopicPartition::new(Topic::LedgerEvents, 0);
const INBOX: TopicPartition = TopicPartition::new(Topic::LedgerCommands, 0);
/// Accounts between which money moves.
const ACCOUNTS: u64 = 10_000;
const FUNDS_MINOR: i64 = 1_000_000;

/// A command and the id by which its answer is known.
pub struct Asked {
    request: RequestId,
    bytes: Bytes,
}

type Waiting = Arc<Mutex<BTreeMap<RequestId, oneshot::Sender<bool>>>>;

/// The partition and its reader.
pub struct Works {
    log: Arc<dyn EventLog>,
    waiting: Waiting,
    number: AtomicU64,
    duty: watch::Sender<Duty>,
    tasks: Vec<JoinHandle<()>>,
}

impl Works {
    /// Starts the owner and a reader of its journal.
    pub async fn start(log: Arc<dyn EventLog>) -> anyhow::Result<Self> {
        let health = Arc::new(Health::default());
        let duty = watch::Sender::new(Duty::Serve);
        let parts = OwnerParts::<LedgerService> {
            log: Arc::clone(&log),
            snapshots: Arc::new(MemorySnapshots::default()),
            context: Arc::new(Shared::new(())),
            clock: Arc::new(SystemClock::new(1)),
            entropy: Arc::new(SystemEntropy),
            health: Arc::clone(&health),
            partitions: 1,
            snapshot_every: u64::MAX,
            stand_back: Duration::ZERO,
        };
        let owner = tokio::spawn(run_owner(parts, 0, duty.subscribe()));
        let waiting = Waiting::default();
        let reader = tokio::spawn(read(
            Arc::clone(&log),
            Arc::clone(&waiting),
            duty.subscribe(),
        ));
        if let Err((part, detail)) = health.ready().await {
            bail!("{part}: {detail}");
        }
        Ok(Self {
            log,
            waiting,
            number: AtomicU64::new(0),
            duty,
            tasks: vec![owner, reader],
        })
    }

    /// The log.
    pub fn log(&self) -> Arc<dyn EventLog> {
        Arc::clone(&self.log)
    }

    /// Gives every account money to move.
    pub async fn fund(&self) -> anyhow::Result<()> {
        let provider = account(None, AccountKind::Provider);
        let transfers = (0..ACCOUNTS)
            .map(|customer| self.transfer(provider.clone(), cash(customer), FUNDS_MINOR))
            .collect::<Vec<_>>();
        let commands = transfers
            .chunks(5_000)
            .map(|chunk| self.command(chunk.to_vec()));
        self.send_and_wait(commands.collect()).await
    }

    /// So many transfers in commands of so many each, between accounts far apart.
    pub fn commands(&self, transfers: u64, batch: u64) -> Vec<Asked> {
        let all: Vec<Transfer> = (0..transfers)
            .map(|_| {
                let number = self.number.fetch_add(1, Ordering::Relaxed);
                // Two odd multipliers visit all accounts, neighbours never.
                let from = number
                    .wrapping_mul(7_919)
                    .checked_rem(ACCOUNTS)
                    .unwrap_or(0);
                let to = from.wrapping_add(4_999).checked_rem(ACCOUNTS).unwrap_or(0);
                self.transfer(cash(from), cash(to), 1)
            })
            .collect();
        let batch = usize::try_from(batch).unwrap_or(1).max(1);
        all.chunks(batch)
            .map(|chunk| self.command(chunk.to_vec()))
            .collect()
    }

    /// Sends them in groups and waits for all.
    pub async fn burst(&self, transfers: u64, batch: u64) -> anyhow::Result<()> {
        let mut commands = self.commands(transfers, batch).into_iter();
        loop {
            let group: Vec<Asked> = commands.by_ref().take(2_000).collect();
            if group.is_empty() {
                return Ok(());
            }
            self.send_and_wait(group).await?;
        }
    }

    /// Sends commands and waits until each one's decision has been read back.
    pub async fn send_and_wait(&self, commands: Vec<Asked>) -> anyhow::Result<()> {
        let mut answers = Vec::with_capacity(commands.len());
        let mut sending = Vec::with_capacity(commands.len());
        for Asked { request, bytes } in commands {
            let (sender, answer) = oneshot::channel();
            self.waiting
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(request, sender);
            answers.push(answer);
            sending.push(self.log.send(INBOX, bytes));
        }
        join_all(sending).await;
        for answer in answers {
            let accepted = answer
                .await
                .context("the reader of the journal has ended")?;
            ensure!(accepted, "the ledger refused a transfer");
        }
        Ok(())
    }

    /// Ends both tasks.
    pub async fn stop(self) {
        self.duty.send_replace(Duty::Stop);
        join_all(self.tasks).await;
    }

    fn transfer(&self, debit: Account, credit: Account, minor: i64) -> Transfer {
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        Transfer {
            id: TransferId::example(number, 0),
            debit,
            credit,
            amount: Amount::Exactly(Exactly { minor }),
            kind: TransferKind::Post(Post {}),
            linked: false,
            code: TransferCode::Benchmark,
            credit_fallback: None,
            rules_waived: false,
        }
    }

    fn command(&self, transfers: Vec<Transfer>) -> Asked {
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        let request = RequestId::example(number, 0);
        let record = CommandRecord {
            request_id: request,
            request_digest: Digest::ZERO,
            correlation_id: CorrelationId::example(number, 0),
            sent_at: Timestamp::default(),
            not_after: None,
            command: Command::PostTransfers(PostTransfers { transfers }),
        };
        let mut bytes = Vec::new();
        schemas::frame(schemas::schema_of(Topic::LedgerCommands), &mut bytes);
        record.encode(&mut bytes);
        Asked {
            request,
            bytes: bytes.into(),
        }
    }
}

/// Reads the journal through the fold, looking into headers only, and wakes who waits.
async fn read(log: Arc<dyn EventLog>, waiting: Waiting, mut duty: watch::Receiver<Duty>) {
    let mut chain = Chain::default();
    loop {
        let next = chain.next_offset;
        let records = log.read(JOURNAL, next, 1 << 22).await.unwrap_or_default();
        if records.is_empty() {
            tokio::select! {
                _ = duty.wait_for(|duty| *duty == Duty::Stop) => return,
                () = log.wait(JOURNAL, next) => continue,
            }
        }
        for record in records {
            let Ok(judged) = chain.judge(JOURNAL, record.offset, &record.bytes) else {
                return;
            };
            let request = judged.header.request_id;
            let body = judged.body.rest();
            // A rejection begins with the branch that is not null.
            let accepted = body.first() == Some(&0);
            let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(sender) = request.and_then(|request| waiting.remove(&request)) {
                // Who waited may have gone.
                sender.send(accepted).ok();
            }
        }
    }
}

fn account(customer: Option<CustomerId>, kind: AccountKind) -> Account {
    Account {
        customer,
        kind,
        currency: Currency::Eur,
    }
}

fn cash(customer: u64) -> Account {
    account(Some(CustomerId::example(customer, 0)), AccountKind::Cash)
}
