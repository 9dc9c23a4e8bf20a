//! Two processes and one partition: who serves when duties change, come too late or contradict.

use crate::counter::{Ask, Counter, EVERYWHERE, What, ask};
use crate::{INBOX, JOURNAL, read, request};
use eventlog::{Chain, EventLog, MemoryLog, Verdict};
use kernel::TopicPartition;
use runtime::{Condition, Duty, Health, OwnerFigures, OwnerParts, Shared};
use runtime::{SystemClock, SystemEntropy, run_owner};
use snapshots::MemorySnapshots;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;

struct Process {
    duty: watch::Sender<Duty>,
    health: Arc<Health>,
    task: JoinHandle<()>,
}

fn start(log: &MemoryLog, duty: Duty) -> Process {
    start_with(log, duty, u64::MAX)
}

fn start_with(log: &MemoryLog, duty: Duty, snapshot_every: u64) -> Process {
    let health = Arc::new(Health::default());
    let parts = OwnerParts::<Counter> {
        log: Arc::new(log.clone()),
        snapshots: Arc::new(MemorySnapshots::default()),
        context: Arc::new(Shared::new(EVERYWHERE)),
        clock: Arc::new(SystemClock::new(1)),
        entropy: Arc::new(SystemEntropy),
        health: Arc::clone(&health),
        partitions: 1,
        snapshot_every,
        stand_back: Duration::from_secs(3),
    };
    let duty = watch::Sender::new(duty);
    let task = tokio::spawn(run_owner(parts, 0, duty.subscribe()));
    Process { duty, health, task }
}

impl Process {
    fn condition(&self) -> Condition {
        let parts = self.health.parts();
        parts[&format!("owner of {JOURNAL}")].clone()
    }

    /// Paused time runs on while nothing else can.
    async fn until(&self, wanted: impl Fn(&Condition) -> bool) {
        while !wanted(&self.condition()) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    fn figures(&self) -> Arc<OwnerFigures> {
        let owners = self.health.figures().owners();
        let mut of_journal = owners.iter().filter(|(at, _)| *at == JOURNAL);
        Arc::clone(&of_journal.next().unwrap().1)
    }

    /// The record is in the log before its owner has read it back.
    async fn until_counted(&self, decisions: u64) {
        while self.figures().decisions.get() < decisions {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    async fn serves(&self, epoch: u64) {
        self.until(|found| *found == Condition::Serving { epoch })
            .await;
    }

    async fn stands_by(&self) {
        self.until(|found| *found == Condition::StandingBy).await;
    }
}

/// Sends a command and waits for its decision; the epoch in which it was made.
async fn decided(log: &MemoryLog, number: u64) -> u64 {
    let command: Ask = ask(What::Add, 1);
    log.send(INBOX, request(number, command, None)).await;
    loop {
        for (epoch, seq) in effective(log, JOURNAL).await {
            if seq == number {
                return epoch;
            }
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// Epoch and seq of the effective decisions.
async fn effective(log: &MemoryLog, at: TopicPartition) -> Vec<(u64, u64)> {
    let mut chain = Chain::default();
    let records = log.read(at, 0, usize::MAX).await.unwrap();
    records
        .iter()
        .filter_map(|record| {
            let verdict = chain
                .judge(at, record.offset, &record.bytes)
                .unwrap()
                .verdict;
            let header = read(&record.bytes).0;
            (verdict == Verdict::Effective).then_some((header.epoch, header.seq))
        })
        .collect()
}

fn timed(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
        .block_on(test);
}

#[test]
fn who_is_to_stand_by_claims_nothing() {
    timed(async {
        let log = MemoryLog::default();
        let one = start(&log, Duty::StandBy);
        one.stands_by().await;
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert_eq!(log.end(JOURNAL).await.unwrap(), 0);
        one.duty.send_replace(Duty::Serve);
        one.serves(1).await;
    });
}

#[test]
fn the_old_owner_serves_until_the_new_one_has_claimed() {
    timed(async {
        let log = MemoryLog::default();
        let one = start(&log, Duty::Serve);
        one.serves(1).await;
        one.duty.send_replace(Duty::StandBy);
        assert_eq!(decided(&log, 1).await, 1, "nobody else serves yet");
        let two = start(&log, Duty::Serve);
        two.serves(2).await;
        one.stands_by().await;
        assert_eq!(decided(&log, 2).await, 2);
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert_eq!(one.condition(), Condition::StandingBy);
    });
}

/// Both are told to serve: the one that was fenced lets the other be while it appends.
#[test]
fn two_that_are_told_to_serve_do_not_duel() {
    timed(async {
        let log = MemoryLog::default();
        let one = start(&log, Duty::Serve);
        one.serves(1).await;
        let two = start(&log, Duty::Serve);
        two.serves(2).await;
        one.stands_by().await;
        for number in 1..=20 {
            assert_eq!(decided(&log, number).await, 2);
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        assert_eq!(one.condition(), Condition::StandingBy);
        two.task.abort();
        one.serves(3).await;
        assert_eq!(decided(&log, 21).await, 3);
        one.until_counted(1).await;
        let figures = one.figures();
        assert_eq!((figures.claims.get(), figures.fences.get()), (2, 1));
        assert_eq!(two.figures().decisions.get(), 20);
        let appends = figures.read_back.up_to();
        assert_eq!(appends.last(), Some(&(None, 1)), "one append came back");
    });
}

#[test]
fn who_is_to_stop_ends_in_any_state() {
    timed(async {
        let log = MemoryLog::default();
        let (one, two) = (start(&log, Duty::Serve), start(&log, Duty::StandBy));
        one.serves(1).await;
        two.stands_by().await;
        let three = start(&log, Duty::Serve);
        three.serves(2).await;
        one.stands_by().await;
        for process in [one, two, three] {
            process.duty.send_replace(Duty::Stop);
            process.task.await.unwrap();
        }
    });
}

/// Found by deaths at named points, with snapshots after few decisions: an owner that had come to
/// rest just when a snapshot was due waited for an event to take it, and read nothing meanwhile.
#[test]
fn an_owner_at_rest_takes_the_snapshot_that_is_due_and_goes_on() {
    timed(async {
        let log = MemoryLog::default();
        let process = start_with(&log, Duty::Serve, 2);
        process.serves(1).await;
        for number in 1..=9 {
            let waiting = tokio::time::timeout(Duration::from_secs(60), decided(&log, number));
            assert!(
                waiting.await.is_ok(),
                "it stands still after {}",
                number - 1
            );
        }
        process.task.abort();
    });
}
