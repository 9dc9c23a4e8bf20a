//! The task around an owner: it reads, waits and appends, and decides nothing.
//!
//! Duty: turn logs, timers and news into calls of the machine, and its bytes into appends.
//! Prohibition: no business and no repair. When the machine stops, its state is dropped with it
//! and a new one begins from the log.
//!
//! What keeps it safe is in one screen: `serve`. Records are appended in the order in which they
//! were decided; nothing is decided after a doubtful append; nobody is answered from here at all.

use crate::clock::{Clock, Entropy};
use crate::context::Shared;
use crate::duty::{Duty, is_called, is_relieved};
use crate::figures::Reign;
use crate::health::{Condition, Health};
use crate::owner::{Bounds, Owner, Stop};
use crate::service::Service;
use crate::tail::READ_BYTES;
use eventlog::{AppendOutcome, EventLog, LogError, Record, Writer, record_at};
use failpoints::Point;
use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use kernel::{Offset, Partition, TopicPartition};
use schemas::ClaimId;
use snapshots::SnapshotStore;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

/// What an owner task is made of.
pub struct OwnerParts<S: Service> {
    /// The log.
    pub log: Arc<dyn EventLog>,
    /// Where snapshots go.
    pub snapshots: Arc<dyn SnapshotStore>,
    /// What decisions look at.
    pub context: Arc<Shared<S::Context>>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Claim ids, jitter.
    pub entropy: Arc<dyn Entropy>,
    /// Where the condition is told.
    pub health: Arc<Health>,
    /// How many partitions a topic has.
    pub partitions: u16,
    /// Effective decisions between two snapshots.
    pub snapshot_every: u64,
    /// How long the journal must be silent before a partition that was lost to another claim is
    /// claimed back.
    pub stand_back: Duration,
}

impl<S: Service> Clone for OwnerParts<S> {
    fn clone(&self) -> Self {
        Self {
            log: Arc::clone(&self.log),
            snapshots: Arc::clone(&self.snapshots),
            context: Arc::clone(&self.context),
            clock: Arc::clone(&self.clock),
            entropy: Arc::clone(&self.entropy),
            health: Arc::clone(&self.health),
            partitions: self.partitions,
            snapshot_every: self.snapshot_every,
            stand_back: self.stand_back,
        }
    }
}

/// The format of owner snapshots; a changed layout takes the next number.
pub const SNAPSHOT_FORMAT: u32 = 1;
/// Inputs that may wait in an owner before it stops reading more.
const WAITING_MAX: usize = 8_192;
/// Snapshots that are kept of each partition.
const SNAPSHOTS_KEPT: usize = 3;

/// Owns one partition whenever it is its duty, until told to stop: claims it, serves it, and
/// begins anew after every lost claim and every doubt. A halted partition stays halted, and the
/// health says why. It is missing from the health from this call on, whenever the future is
/// polled first: who asks whether all is ready must not be told so because nobody has begun.
pub fn run_owner<S: Service>(
    parts: OwnerParts<S>,
    partition: Partition,
    duty: watch::Receiver<Duty>,
) -> impl Future<Output = ()> + Send {
    let at = TopicPartition::new(S::JOURNAL, partition);
    let name = format!("owner of {at}");
    parts.health.set(&name, starting());
    own(parts, at, name, duty)
}

fn starting() -> Condition {
    Condition::Starting("reading its journal".to_owned())
}

async fn own<S: Service>(
    parts: OwnerParts<S>,
    at: TopicPartition,
    name: String,
    mut duty: watch::Receiver<Duty>,
) {
    loop {
        if *duty.borrow() == Duty::StandBy {
            parts.health.set(&name, Condition::StandingBy);
        }
        if !is_called(&mut duty).await {
            return;
        }
        parts.health.set(&name, starting());
        let serving = reign::<S>(&parts, at.partition, &name, duty.clone());
        let ended = {
            let mut duty = duty.clone();
            tokio::select! {
                biased;
                _ = duty.wait_for(|duty| *duty == Duty::Stop) => return,
                ended = serving => ended,
            }
        };
        let Err(ended) = ended else { return };
        if !goes_on(&parts, at, &name, ended, &mut duty).await {
            return;
        }
    }
}

/// What follows on the end of a reign: false if the partition stays halted.
async fn goes_on<S: Service>(
    parts: &OwnerParts<S>,
    at: TopicPartition,
    name: &str,
    ended: Ended,
    duty: &mut watch::Receiver<Duty>,
) -> bool {
    let halted = |why: String| {
        tracing::error!(%at, why, "partition halted");
        parts.health.set(name, Condition::Halted(why));
        false
    };
    let figures = parts.health.figures().owner(at);
    match ended {
        Ended::Relieved => return true,
        Ended::Stopped(stop @ Stop::Fenced { .. }) => {
            figures.fences.add(1);
            tracing::info!(%at, %stop, "another claim stands");
            stand_back(parts, at, duty).await;
            return true;
        }
        Ended::Stopped(stop @ Stop::Doubt(_)) => {
            figures.doubts.add(1);
            tracing::info!(%at, %stop, "claiming again");
        }
        Ended::Stopped(stop @ (Stop::Halted(_) | Stop::Broken(_))) => {
            return halted(stop.to_string());
        }
        Ended::SnapshotAhead => {
            return halted("the log has lost records that a snapshot holds".to_owned());
        }
        Ended::Log(error) => {
            tracing::warn!(%at, %error, "log unavailable, trying again");
            parts
                .health
                .set(name, Condition::Starting(error.to_string()));
        }
    }
    tokio::time::sleep(jitter(&*parts.entropy)).await;
    true
}

/// Lets the newer claim stand for as long as its owner appends anything: two that claim at once
/// would duel for ever. Ends at once when the partition is no longer ours to serve.
async fn stand_back<S: Service>(
    parts: &OwnerParts<S>,
    at: TopicPartition,
    duty: &mut watch::Receiver<Duty>,
) {
    parts
        .health
        .set(format!("owner of {at}"), Condition::StandingBy);
    let mut seen = parts.log.end(at).await.unwrap_or(0);
    loop {
        let wait = parts.stand_back.saturating_add(jitter(&*parts.entropy));
        tokio::select! {
            biased;
            () = is_relieved(duty) => return,
            () = tokio::time::sleep(wait) => {}
        }
        match parts.log.end(at).await {
            Ok(end) if end == seen => return,
            Ok(end) => seen = end,
            Err(_) => {}
        }
    }
}

/// Between 20 and 275 ms, so that two that claim at once do not duel.
fn jitter(entropy: &dyn Entropy) -> Duration {
    let mut byte = [0_u8; 1];
    entropy.fill(&mut byte);
    Duration::from_millis(u64::from(byte[0]).saturating_add(20))
}

/// How a reign ended.
enum Ended {
    /// Before it claimed, it was no longer its duty.
    Relieved,
    Stopped(Stop),
    SnapshotAhead,
    Log(LogError),
}

impl From<LogError> for Ended {
    fn from(error: LogError) -> Self {
        Self::Log(error)
    }
}

async fn reign<S: Service>(
    parts: &OwnerParts<S>,
    partition: Partition,
    name: &str,
    duty: watch::Receiver<Duty>,
) -> Result<(), Ended> {
    let mut owner = newest_owner::<S>(parts, partition).await?;
    let writer = parts.log.writer(owner.at());
    claim(parts, &mut owner, &*writer, &duty).await?;
    let epoch = owner.chain().epoch;
    // Counted before it is told: who sees a partition served finds its claim.
    let figures = Reign::begin(parts.health.figures().owner(owner.at()), owner.chain().seq);
    parts.health.set(name, Condition::Serving { epoch });
    tracing::debug!(at = %owner.at(), epoch, "claimed");
    serve(parts, owner, &*writer, duty, figures).await
}

/// An owner from the newest intact snapshot, or from nothing.
async fn newest_owner<S: Service>(
    parts: &OwnerParts<S>,
    partition: Partition,
) -> Result<Owner<S>, Ended> {
    let fresh = || Owner::<S>::new(partition, parts.partitions);
    let newest = parts
        .snapshots
        .newest(S::JOURNAL, partition, SNAPSHOT_FORMAT)
        .await;
    let Ok(Some(snapshot)) = newest else {
        return Ok(fresh());
    };
    let Ok(owner) = Owner::<S>::restore(partition, parts.partitions, &snapshot.bytes) else {
        return Ok(fresh());
    };
    let Some((offset, hash)) = owner.last_record() else {
        return Ok(owner);
    };
    let record = record_at(&*parts.log, owner.at().at(offset)).await?;
    if record.is_some_and(|record| eventlog::digest(&record.bytes) == hash) {
        Ok(owner)
    } else {
        Err(Ended::SnapshotAhead)
    }
}

/// Reads the journal to its end, claims, and reads on to the claim.
async fn claim<S: Service>(
    parts: &OwnerParts<S>,
    owner: &mut Owner<S>,
    writer: &dyn Writer,
    duty: &watch::Receiver<Duty>,
) -> Result<(), Ended> {
    let at = owner.at();
    let end = parts.log.end(at).await?;
    while owner.next_own_offset() < end {
        let records = parts
            .log
            .read(at, owner.next_own_offset(), READ_BYTES)
            .await?;
        if records.is_empty() {
            break;
        }
        owner.read_back(&records);
        if let Some(stop) = owner.stopped() {
            return Err(Ended::Stopped(stop.clone()));
        }
    }
    if *duty.borrow() != Duty::Serve {
        return Err(Ended::Relieved);
    }
    let mut claim_id = [0_u8; 16];
    parts.entropy.fill(&mut claim_id);
    failpoints::pass(Point::Claiming);
    let record = owner.claim(ClaimId(claim_id), parts.clock.now());
    if writer.append(vec![record]).await != [AppendOutcome::Sent] {
        return Err(Ended::Stopped(Stop::Doubt(
            "the claim may not have been appended",
        )));
    }
    failpoints::pass(Point::Claimed);
    while !owner.is_active() {
        let records = parts
            .log
            .read(at, owner.next_own_offset(), READ_BYTES)
            .await?;
        if records.is_empty() {
            parts.log.wait(at, owner.next_own_offset()).await;
        }
        owner.read_back(&records);
        if let Some(stop) = owner.stopped() {
            return Err(Ended::Stopped(stop.clone()));
        }
    }
    Ok(())
}

/// One batch from one partition.
type Fed = (TopicPartition, Result<Vec<Record>, LogError>);

/// Reads one partition for ever and hands over what it finds.
async fn feed(
    log: Arc<dyn EventLog>,
    from: TopicPartition,
    mut next: Offset,
    to: mpsc::Sender<Fed>,
) {
    loop {
        let batch = log.read(from, next, READ_BYTES).await;
        if let Ok(records) = &batch {
            let Some(last) = records.last() else {
                log.wait(from, next).await;
                continue;
            };
            next = last.offset.saturating_add(1);
        }
        let failed = batch.is_err();
        if to.send((from, batch)).await.is_err() || failed {
            return;
        }
    }
}

async fn serve<S: Service>(
    parts: &OwnerParts<S>,
    mut owner: Owner<S>,
    writer: &dyn Writer,
    mut duty: watch::Receiver<Duty>,
    mut reign: Reign,
) -> Result<(), Ended> {
    let at = owner.at();
    let mut feeds = JoinSet::new();
    let (own_sender, mut own) = mpsc::channel::<Fed>(16);
    let (input_sender, mut inputs) = mpsc::channel::<Fed>(16);
    feeds.spawn(feed(
        Arc::clone(&parts.log),
        at,
        owner.next_own_offset(),
        own_sender,
    ));
    for (input, next) in owner.next_input_offsets() {
        feeds.spawn(feed(
            Arc::clone(&parts.log),
            input,
            next,
            input_sender.clone(),
        ));
    }
    let mut news = parts.context.news();
    let mut outcomes: FuturesUnordered<BoxFuture<'static, Vec<AppendOutcome>>> =
        FuturesUnordered::new();
    let mut snapshot_at = owner.chain().seq.saturating_add(parts.snapshot_every);
    // It is due, and taken as soon as the machine is at rest: until then nothing new is read.
    let mut wants_snapshot = false;
    loop {
        // A timer that is due already and has not fired waits for something else (the context, a
        // read-back), which will wake this loop; sleeping on it would spin.
        let now = parts.clock.now();
        let due = owner
            .next_due()
            .filter(|due| *due > now)
            .map(|due| parts.clock.until(due));
        tokio::select! {
            biased;
            _ = duty.wait_for(|duty| *duty == Duty::Stop) => return Ok(()),
            Some(sent) = outcomes.next(), if !outcomes.is_empty() => {
                failpoints::pass(Point::Reported);
                if !all_sent(&sent) {
                    owner.doubt("an append may not have happened");
                }
            }
            Some((_, batch)) = own.recv() => {
                owner.read_back(&batch?);
                failpoints::pass(Point::ReadBack);
                reign.read_back(owner.chain().seq, &*parts.clock);
            }
            Some((input, batch)) = inputs.recv(), if !wants_snapshot && owner.waiting() < WAITING_MAX => {
                owner.offer_folded(input, &batch?, parts.log.folded());
                while let Ok((input, batch)) = inputs.try_recv() {
                    owner.offer_folded(input, &batch?, parts.log.folded());
                }
            }
            () = sleep(due), if due.is_some() => {}
            Ok(()) = news.changed(), if owner.is_blocked(&parts.context.look()) => {}
        }
        // Everything decided so far leaves in order, in as few appends as the bounds allow.
        loop {
            let records = owner.decide(parts.clock.now(), &parts.context.look(), Bounds::default());
            if records.is_empty() {
                break;
            }
            reign.appended(records.len(), parts.clock.now());
            failpoints::pass(Point::Decided);
            outcomes.push(writer.append(records));
            failpoints::pass(Point::Produced);
        }
        reign.waiting(owner.waiting());
        if let Some(stop) = owner.stopped() {
            return Err(Ended::Stopped(stop.clone()));
        }
        // Asked anew after each event: at rest there may be no other one.
        wants_snapshot = owner.chain().seq >= snapshot_at;
        if wants_snapshot && let Some(bytes) = owner.snapshot() {
            wants_snapshot = false;
            snapshot_at = owner.chain().seq.saturating_add(parts.snapshot_every);
            keep_snapshot(parts, at, owner.chain().seq, bytes);
        }
    }
}

fn all_sent(outcomes: &[AppendOutcome]) -> bool {
    outcomes.iter().all(|outcome| match outcome {
        AppendOutcome::Sent => true,
        AppendOutcome::Fenced | AppendOutcome::Unknown => false,
    })
}

async fn sleep(due: Option<Duration>) {
    if let Some(due) = due {
        tokio::time::sleep(due).await;
    }
}

/// Writes a snapshot beside the owner; a failure costs a longer start, nothing else.
fn keep_snapshot<S: Service>(parts: &OwnerParts<S>, at: TopicPartition, seq: u64, bytes: Vec<u8>) {
    let store = Arc::clone(&parts.snapshots);
    tokio::spawn(async move {
        let kept = store
            .put(at.topic, at.partition, seq, SNAPSHOT_FORMAT, bytes.into())
            .await;
        failpoints::pass(Point::SnapshotKept);
        let pruned = store.prune(at.topic, at.partition, SNAPSHOTS_KEPT).await;
        if let Err(error) = kept.and(pruned) {
            tracing::warn!(%at, %error, "snapshot not kept");
        }
    });
}
