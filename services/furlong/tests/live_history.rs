//! Verify and the watcher on a log that keeps no hashes itself, as a broker's.
//!
//! The engine is the real one, on the log in memory; between it and those who check stands a log
//! that somebody has tampered with.

use bytes::Bytes;
use eventlog::{AppendOutcome, EventLog, LogError, MemoryLog, Record, Writer};
use furlong::audit::Verifying;
use furlong::checkpoints::{Altered, CheckpointSigner, LogWatcher};
use furlong::data_folder::DataFolder;
use furlong::engine::{Engine, Ground, Work};
use furlong::exit::Outcome;
use furlong::history::{Findings, LiveLog, LiveViews, Marks, Stored, StoredViews, marks_in};
use furlong::house::NewestCheckpoint;
use furlong::screen::{Colour, Screen};
use futures::FutureExt;
use futures::future::BoxFuture;
use gateway::ports::Checkpoints;
use kernel::{
    CorrelationId, Currency, CustomerId, Digest, Offset, RequestId, Timestamp, Topic,
    TopicPartition, TransferId,
};
use markets::MarketView;
use runtime::{Clock, Health, Shared, SystemClock, SystemEntropy};
use schemas::{CommandRecord, Wire, ledger};
use serde_json::Value;
use snapshots::{MemorySnapshots, SnapshotStore};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::sync::watch;
use viewstore::{MemoryViewStore, Progress, Row, Scan, ViewStore};

const PARTITIONS: u16 = 2;
const PAYMENTS: u64 = 20;
const JOURNAL: TopicPartition = TopicPartition::new(Topic::LedgerEvents, 1);
const INBOX: TopicPartition = TopicPartition::new(Topic::LedgerCommands, 1);

/// The command that moves a euro from the provider to a customer.
fn payment(number: u64, partition: u16) -> Bytes {
    let account = |customer, kind| ledger::Account {
        customer,
        kind,
        currency: Currency::Eur,
    };
    let customer = CustomerId::example(number % 3, partition);
    let transfer = ledger::Transfer {
        id: TransferId::example(number, partition),
        debit: account(None, ledger::AccountKind::Provider),
        credit: account(Some(customer), ledger::AccountKind::Cash),
        amount: ledger::Amount::Exactly(ledger::Exactly { minor: 100 }),
        kind: ledger::TransferKind::Post(ledger::Post {}),
        linked: false,
        code: ledger::TransferCode::Benchmark,
        credit_fallback: None,
        rules_waived: false,
    };
    let record = CommandRecord {
        request_id: RequestId::example(number, partition),
        request_digest: Digest::from_bytes([7; 32]),
        correlation_id: CorrelationId::example(number, partition),
        sent_at: Timestamp::from_millis(1),
        not_after: None,
        command: ledger::Command::PostTransfers(ledger::PostTransfers {
            transfers: vec![transfer],
        }),
    };
    let mut bytes = Vec::new();
    schemas::frame(schemas::schema_of(Topic::LedgerCommands), &mut bytes);
    record.encode(&mut bytes);
    bytes.into()
}

/// A log and views in which money was moved, and the folder of a signer.
struct World {
    threads: Arc<Runtime>,
    log: MemoryLog,
    views: MemoryViewStore,
    store: MemorySnapshots,
    folder: tempfile::TempDir,
}

fn world() -> World {
    let threads = Arc::new(Runtime::new().expect("threads"));
    let world = World {
        log: MemoryLog::default(),
        views: MemoryViewStore::default(),
        store: MemorySnapshots::default(),
        folder: tempfile::tempdir().expect("a temporary folder"),
        threads: Arc::clone(&threads),
    };
    threads.block_on(async {
        let engine = Engine::start(
            Ground {
                log: Arc::new(world.log.clone()),
                views: Arc::new(world.views.clone()),
                snapshots: Arc::new(MemorySnapshots::default()),
                clock: Arc::new(SystemClock::new(1)),
                entropy: Arc::new(SystemEntropy),
                partitions: PARTITIONS,
                snapshot_every: 1_000,
                terms: odds::Terms::standard(PARTITIONS),
                stand_back: Duration::ZERO,
            },
            Work::alone(PARTITIONS),
            Arc::new(Shared::new(MarketView::default())),
            Arc::new(Health::default()),
            Vec::new(),
        );
        engine.ready().await.expect("the engine starts");
        for partition in 0..PARTITIONS {
            for number in 0..PAYMENTS {
                let inbox = TopicPartition::new(Topic::LedgerCommands, partition);
                world.log.send(inbox, payment(number, partition)).await;
            }
            let journal = TopicPartition::new(Topic::LedgerEvents, partition);
            until(async || {
                let progress = world.views.progress(journal).await.expect("views answer");
                progress.is_some_and(|progress| progress.seq >= PAYMENTS)
            })
            .await;
        }
        engine.stop().await;
    });
    world
}

/// Waits for a condition.
async fn until(mut condition: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(60), waiting).await;
    waited.expect("the condition holds in time");
}

/// What somebody has done to a partition.
#[derive(Clone, Copy)]
enum Twist {
    Nothing,
    /// A byte of the record at this offset is another.
    Altered(TopicPartition, Offset),
    /// The record at this offset is gone.
    Removed(TopicPartition, Offset),
    /// All records from this offset on are gone.
    Cut(TopicPartition, Offset),
    /// The records from this offset on are said to be there and are not given.
    Withheld(TopicPartition, Offset),
}

/// A log seen through a twist.
#[derive(Clone)]
struct Twisted {
    log: MemoryLog,
    twist: Twist,
    /// Where was read from.
    reads: Arc<Mutex<Vec<(TopicPartition, Offset)>>>,
}

impl Twisted {
    fn new(log: &MemoryLog, twist: Twist) -> Self {
        Self {
            log: log.clone(),
            twist,
            reads: Arc::default(),
        }
    }
}

fn twisted(mut record: Record, twist: Twist, at: TopicPartition) -> Option<Record> {
    match twist {
        Twist::Altered(place, offset) if (place, offset) == (at, record.offset) => {
            let mut bytes = record.bytes.to_vec();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            record.bytes = bytes.into();
            Some(record)
        }
        Twist::Removed(place, offset) if (place, offset) == (at, record.offset) => None,
        Twist::Cut(place, offset) | Twist::Withheld(place, offset)
            if place == at && offset <= record.offset =>
        {
            None
        }
        Twist::Nothing
        | Twist::Altered(..)
        | Twist::Removed(..)
        | Twist::Cut(..)
        | Twist::Withheld(..) => Some(record),
    }
}

impl EventLog for Twisted {
    fn writer(&self, at: TopicPartition) -> Arc<dyn Writer> {
        self.log.writer(at)
    }

    fn send(&self, at: TopicPartition, record: Bytes) -> BoxFuture<'static, AppendOutcome> {
        self.log.send(at, record)
    }

    fn read(
        &self,
        at: TopicPartition,
        from: Offset,
        bytes_max: usize,
    ) -> BoxFuture<'static, Result<Vec<Record>, LogError>> {
        self.reads.lock().expect("no panic").push((at, from));
        let (twist, read) = (self.twist, self.log.read(at, from, bytes_max));
        async move {
            let records = read.await?.into_iter();
            Ok(records
                .filter_map(|record| twisted(record, twist, at))
                .collect())
        }
        .boxed()
    }

    fn end(&self, at: TopicPartition) -> BoxFuture<'static, Result<Offset, LogError>> {
        let (twist, end) = (self.twist, self.log.end(at));
        async move {
            let end = end.await?;
            Ok(match twist {
                Twist::Cut(place, offset) if place == at => end.min(offset),
                Twist::Nothing
                | Twist::Altered(..)
                | Twist::Removed(..)
                | Twist::Cut(..)
                | Twist::Withheld(..) => end,
            })
        }
        .boxed()
    }

    fn wait(&self, at: TopicPartition, from: Offset) -> BoxFuture<'static, ()> {
        match self.twist {
            Twist::Cut(place, offset) if place == at && offset <= from => {
                futures::future::pending().boxed()
            }
            Twist::Nothing
            | Twist::Altered(..)
            | Twist::Removed(..)
            | Twist::Cut(..)
            | Twist::Withheld(..) => self.log.wait(at, from),
        }
    }
}

/// A clock that stands.
struct Standing(Timestamp);

impl Clock for Standing {
    fn now(&self) -> Timestamp {
        self.0
    }

    fn until(&self, _: Timestamp) -> Duration {
        Duration::ZERO
    }
}

const NOON: Timestamp = Timestamp::from_millis(1_700_000_000_000);

impl World {
    fn signer(&self) -> CheckpointSigner {
        let folder = DataFolder::new(self.folder.path());
        CheckpointSigner::open(&folder, &SystemEntropy).expect("a key")
    }

    fn offsets(&self, at: TopicPartition) -> Vec<Offset> {
        let records = self.threads.block_on(self.log.read(at, 0, usize::MAX));
        let records = records.expect("the log answers");
        records.iter().map(|record| record.offset).collect()
    }

    /// Watches until everything that there is has been signed, then stops.
    fn watch(&self, twist: Twist, store: &MemorySnapshots) -> (Result<(), Altered>, Twisted) {
        let log = Twisted::new(&self.log, twist);
        let newest = Arc::new(NewestCheckpoint::default());
        let health = Arc::new(Health::default());
        let watcher = LogWatcher {
            log: Arc::new(log.clone()),
            partitions: PARTITIONS,
            signer: Arc::new(self.signer()),
            store: Arc::new(store.clone()),
            clock: Arc::new(Standing(NOON)),
            newest: Arc::clone(&newest),
            health: Arc::clone(&health),
            every: Duration::from_millis(20),
            late_at_most: Duration::from_millis(1),
        };
        let ended = self.threads.block_on(async {
            let stop = watch::Sender::new(false);
            let mut watching = Box::pin(watcher.watch(stop.subscribe()));
            assert!(!health.missing().is_empty(), "it is missing at once");
            let signed = until(async || {
                let published = newest.newest().await.expect("it answers");
                published.is_some_and(|published| covers(&published, &self.ends(&log)))
            });
            tokio::select! {
                ended = &mut watching => return ended,
                () = signed => {}
            }
            assert!(health.missing().is_empty(), "{:?}", health.missing());
            stop.send_replace(true);
            watching.await
        });
        (ended, log)
    }

    /// The ends of all partitions that have records.
    fn ends(&self, log: &Twisted) -> BTreeMap<TopicPartition, Offset> {
        let mut ends = BTreeMap::new();
        for topic in Topic::ALL.iter().copied() {
            for at in (0..PARTITIONS).map(|partition| TopicPartition::new(topic, partition)) {
                let end = log.end(at).now_or_never().expect("memory answers at once");
                ends.insert(at, end.expect("the log answers"));
            }
        }
        ends.retain(|_, end| *end > 0);
        ends
    }

    fn open(&self, log: &Twisted) -> LiveLog {
        let threads = Arc::clone(&self.threads);
        LiveLog::open(Arc::new(log.clone()), PARTITIONS, "memory", threads).expect("it opens")
    }

    /// Verifies it, with the views and, if there are any, the checkpoints.
    fn verify(&self, twist: Twist) -> (Outcome, Value) {
        let log = Twisted::new(&self.log, twist);
        let mut findings = Findings::default();
        let marks = marks_in(&self.store, &self.signer().public_key(), &mut findings);
        let views = self.views();
        self.verify_opened(
            &self.open(&log),
            Some(&views),
            marks.expect("a store"),
            findings,
        )
    }

    fn views(&self) -> LiveViews {
        let threads = Arc::clone(&self.threads);
        LiveViews::open(Arc::new(self.views.clone()), PARTITIONS, threads).expect("views")
    }

    fn verify_opened(
        &self,
        log: &dyn Stored,
        views: Option<&dyn StoredViews>,
        marks: Marks,
        findings: Findings,
    ) -> (Outcome, Value) {
        let (mut out, mut messages) = (Vec::new(), Vec::new());
        let mut screen = Screen {
            out: &mut out,
            messages: &mut messages,
            json: true,
            watched: false,
            colour: Colour::default(),
        };
        let verifying = Verifying {
            log,
            views,
            marks,
            findings,
            at_rest: true,
        };
        let verified = verifying.verify(&mut screen).expect("views can be read");
        let outcome = verified.retold.findings.outcome();
        verified.put(&mut screen).expect("a vector takes all");
        let answer = serde_json::from_slice(&out).expect("JSON");
        (outcome, answer)
    }
}

fn covers(published: &Value, ends: &BTreeMap<TopicPartition, Offset>) -> bool {
    let partitions = published["partitions"].as_array().expect("a list");
    let signed: BTreeMap<TopicPartition, Offset> = partitions
        .iter()
        .map(|signed| {
            let topic: Topic = signed["topic"]
                .as_str()
                .and_then(|t| t.parse().ok())
                .expect("one");
            let partition = signed["partition"].as_u64().and_then(|p| p.try_into().ok());
            let at = TopicPartition::new(topic, partition.expect("a number"));
            (at, signed["next_offset"].as_u64().expect("an offset"))
        })
        .collect();
    signed == *ends
}

/// Whether a discrepancy names this place.
fn names(answer: &Value, check: &str, at: TopicPartition, offset: Offset) -> bool {
    let found = answer["discrepancies"].as_array().expect("a list");
    found.iter().any(|found| {
        found["check"] == check
            && found["topic"] == at.topic.as_str()
            && found["partition"] == at.partition
            && found["offset"] == offset
    })
}

#[test]
fn an_untouched_log_agrees_with_views_and_checkpoints() {
    let world = world();
    let (outcome, answer) = world.verify(Twist::Nothing);
    assert_eq!(outcome, Outcome::Fine, "{answer}");
    assert_eq!(answer["checkpoints"]["verified"], 0);
    assert!(answer["checkpoints"]["records_unsigned"].as_u64() > Some(4 * PAYMENTS));
    assert_eq!(world.watch(Twist::Nothing, &world.store).0, Ok(()));
    let (outcome, answer) = world.verify(Twist::Nothing);
    assert_eq!(outcome, Outcome::Fine, "{answer}");
    assert_eq!(answer["checkpoints"]["verified"], 1);
    assert_eq!(answer["checkpoints"]["records_unsigned"], 0);
    assert!(answer["views"]["rows"].as_u64() > Some(40), "{answer}");
    assert_eq!(answer["views"]["rows_renewed_since"], 0);
}

#[test]
fn what_comes_while_it_reads_is_left_for_the_next_time() {
    let world = world();
    assert_eq!(world.watch(Twist::Nothing, &world.store).0, Ok(()));
    let log = Twisted::new(&world.log, Twist::Nothing);
    let opened = world.open(&log);
    let mut findings = Findings::default();
    let marks = || {
        let public = world.signer().public_key();
        marks_in(&world.store, &public, &mut Findings::default()).expect("a store")
    };
    let (_, before) = world.verify_opened(&opened, None, marks(), findings.clone());
    for number in 0..50 {
        world
            .threads
            .block_on(world.log.send(INBOX, payment(100 + number, 1)));
    }
    let (outcome, after) = world.verify_opened(&opened, None, marks(), findings.clone());
    assert_eq!(
        (outcome, &before["records"]),
        (Outcome::Fine, &after["records"])
    );
    let marks = marks_in(&world.store, &world.signer().public_key(), &mut findings);
    let (outcome, later) =
        world.verify_opened(&world.open(&log), None, marks.expect("a store"), findings);
    assert_eq!(outcome, Outcome::Fine, "a longer log is fine");
    assert_eq!(later["checkpoints"]["records_unsigned"], 50);
}

#[test]
fn one_altered_byte_is_found_and_its_place_is_named() {
    let world = world();
    let offsets = world.offsets(JOURNAL);
    // Without checkpoints the records that were read back and confirmed by later ones tell.
    for offset in [offsets[0], offsets[3], offsets[10]] {
        let (outcome, answer) = world.verify(Twist::Altered(JOURNAL, offset));
        assert_ne!(outcome, Outcome::Fine, "{offset} {answer}");
    }
    assert_eq!(world.watch(Twist::Nothing, &world.store).0, Ok(()));
    for offset in [offsets[0], offsets[3], offsets[10], offsets[18]] {
        let (outcome, answer) = world.verify(Twist::Altered(JOURNAL, offset));
        assert_eq!(outcome, Outcome::Discrepancy, "{offset} {answer}");
        assert!(names(&answer, "checkpoint", JOURNAL, 0), "{answer}");
        assert!(
            names(&answer, "chain", JOURNAL, offset),
            "{offset} {answer}"
        );
    }
    let (outcome, answer) = world.verify(Twist::Altered(INBOX, world.offsets(INBOX)[5]));
    assert_eq!(outcome, Outcome::Discrepancy, "{answer}");
    assert!(names(&answer, "checkpoint", INBOX, 0), "{answer}");
}

#[test]
fn a_missing_tail_is_found_where_it_begins() {
    let world = world();
    assert_eq!(world.watch(Twist::Nothing, &world.store).0, Ok(()));
    for at in [JOURNAL, INBOX] {
        let end = world.offsets(at)[15];
        let (outcome, answer) = world.verify(Twist::Cut(at, end));
        assert_eq!(outcome, Outcome::Discrepancy, "{answer}");
        assert!(names(&answer, "checkpoint", at, end), "{answer}");
        let (outcome, answer) = world.verify(Twist::Cut(at, 0));
        assert_eq!(outcome, Outcome::Discrepancy, "{answer}");
        assert!(names(&answer, "checkpoint", at, 0), "{answer}");
    }
}

#[test]
fn a_removed_record_is_found() {
    let world = world();
    let offset = world.offsets(JOURNAL)[7];
    let (outcome, answer) = world.verify(Twist::Removed(JOURNAL, offset));
    assert_eq!(outcome, Outcome::Discrepancy, "the chain tells: {answer}");
    assert_eq!(world.watch(Twist::Nothing, &world.store).0, Ok(()));
    for at in [JOURNAL, INBOX] {
        let offset = world.offsets(at)[7];
        let (outcome, answer) = world.verify(Twist::Removed(at, offset));
        assert_eq!(outcome, Outcome::Discrepancy, "{answer}");
        assert!(names(&answer, "checkpoint", at, 0), "{answer}");
    }
}

#[test]
fn a_log_that_does_not_give_what_it_has_cannot_be_read() {
    let world = world();
    let offset = world.offsets(INBOX)[9];
    let (outcome, answer) = world.verify(Twist::Withheld(INBOX, offset));
    assert_eq!(outcome, Outcome::Unreadable, "{answer}");
    let detail = answer["unreadable"][0]["detail"].as_str().expect("text");
    assert!(
        detail.contains("ledger.commands/1") && detail.contains("(memory)"),
        "{detail}"
    );
}

#[test]
fn rows_of_a_running_store_are_compared_as_far_as_its_progress_goes() {
    let world = world();
    let balances = world
        .threads
        .block_on(world.views.scan(Scan::of("balance", [])));
    let balance = balances
        .expect("rows")
        .into_iter()
        .find(|row| row.topic_partition == JOURNAL)
        .expect("a balance");
    let write = |seq| {
        let row = Row {
            table: "balance",
            key: balance.key.clone(),
            value: vec![1],
            seq,
        };
        let written = world.views.apply(JOURNAL, vec![row], Progress::default());
        world.threads.block_on(written).expect("written");
    };
    write(balance.seq);
    let (outcome, answer) = world.verify(Twist::Nothing);
    assert_eq!(outcome, Outcome::Discrepancy, "{answer}");
    assert_eq!(answer["discrepancies"][0]["check"], "view");
    write(PAYMENTS + 1);
    let (outcome, answer) = world.verify(Twist::Nothing);
    assert_eq!(
        outcome,
        Outcome::Fine,
        "it is newer than the progress: {answer}"
    );
    assert_eq!(answer["views"]["rows_renewed_since"], 1);
}

fn signed(world: &World, store: &MemorySnapshots) -> Bytes {
    let name = audit::checkpoint::name(NOON);
    let signed = world.threads.block_on(store.get_named(name));
    signed.expect("memory answers").expect("a checkpoint")
}

#[test]
fn a_checkpoint_after_a_restart_is_the_one_that_is_made_from_the_beginning() {
    let world = world();
    let half = Twist::Cut(JOURNAL, world.offsets(JOURNAL)[10]);
    let (resumed, fresh) = (MemorySnapshots::default(), MemorySnapshots::default());
    assert_eq!(world.watch(half, &resumed).0, Ok(()));
    let (ended, log) = world.watch(Twist::Nothing, &resumed);
    assert_eq!(ended, Ok(()));
    let reads = log.reads.lock().expect("no panic").clone();
    assert!(
        !reads.contains(&(JOURNAL, 0)) && !reads.contains(&(INBOX, 0)),
        "nothing is read twice"
    );
    assert_eq!(world.watch(Twist::Nothing, &fresh).0, Ok(()));
    assert_eq!(signed(&world, &resumed), signed(&world, &fresh));
}

#[test]
fn who_has_no_notes_reads_the_log_again_and_holds_it_against_the_checkpoint() {
    let world = world();
    assert_eq!(world.watch(Twist::Nothing, &world.store).0, Ok(()));
    let before = signed(&world, &world.store);
    for name in ["watch-notes-0", "watch-notes-1"] {
        let spoiled = world
            .store
            .put_named(name.to_owned(), Bytes::from_static(b"?"));
        world.threads.block_on(spoiled).expect("memory takes it");
    }
    let inbox = world.offsets(INBOX);
    let altered = world.watch(Twist::Altered(INBOX, inbox[5]), &world.store).0;
    assert!(
        matches!(
            altered,
            Err(Altered::Different {
                at: INBOX,
                from: 0,
                ..
            })
        ),
        "{altered:?}"
    );
    let shorter = world.watch(Twist::Cut(INBOX, inbox[5]), &world.store).0;
    let known = inbox[19] + 1;
    assert!(
        matches!(shorter, Err(Altered::Shorter { at: INBOX, known: k, .. }) if k == known),
        "{shorter:?}"
    );
    assert_eq!(
        signed(&world, &world.store),
        before,
        "nothing was signed over"
    );
    let (ended, log) = world.watch(Twist::Nothing, &world.store);
    assert_eq!(ended, Ok(()));
    assert!(log.reads.lock().expect("no panic").contains(&(INBOX, 0)));
    assert_eq!(signed(&world, &world.store), before);
}

#[test]
fn a_watcher_that_does_not_find_its_last_record_again_stops_for_good() {
    let world = world();
    assert_eq!(world.watch(Twist::Nothing, &world.store).0, Ok(()));
    let before = signed(&world, &world.store);
    let last = *world.offsets(JOURNAL).last().expect("records");
    let known = last + 1;
    for (twist, found) in [
        (
            Twist::Altered(JOURNAL, last),
            Altered::Different {
                at: JOURNAL,
                from: last,
                known,
            },
        ),
        (
            Twist::Cut(JOURNAL, last),
            Altered::Shorter {
                at: JOURNAL,
                end: last,
                known,
            },
        ),
    ] {
        assert_eq!(world.watch(twist, &world.store).0, Err(found));
        assert_eq!(
            signed(&world, &world.store),
            before,
            "nothing was signed over"
        );
    }
}

#[test]
fn a_forged_checkpoint_is_passed_over() {
    let world = world();
    assert_eq!(world.watch(Twist::Nothing, &world.store).0, Ok(()));
    let later = Timestamp::from_millis(1_700_100_000_000);
    let lie = audit::checkpoint::Checkpoint {
        at: later,
        partitions: Vec::new(),
    };
    let forged = audit::checkpoint::sign(&lie, &[9; 32]);
    let put = world
        .store
        .put_named(audit::checkpoint::name(later), forged.into());
    world.threads.block_on(put).expect("memory takes it");
    let (ended, log) = world.watch(Twist::Nothing, &world.store);
    assert_eq!(ended, Ok(()));
    let reads = log.reads.lock().expect("no panic").clone();
    assert!(!reads.contains(&(INBOX, 0)), "the one before it counts");
    assert_eq!(
        world.verify(Twist::Nothing).0,
        Outcome::Discrepancy,
        "verify names it"
    );
}
