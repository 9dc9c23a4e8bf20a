//! Kills a writing process at random moments and looks for what it had acknowledged.
//!
//! The test starts itself as a child that appends and prints every acknowledged record; the
//! parent kills it after a drawn number of lines, reads the folder as the kill left it, and starts
//! the next child on it. Nothing acknowledged may be lost, doubled or moved, and the hashes hold.

#![expect(
    clippy::arithmetic_side_effects,
    reason = "a test without harness, counting small numbers"
)]

use bytes::Bytes;
use eventlog::{AppendOutcome, EventLog};
use eventlog_sqlite::{Options, ReadOnlyLog, SqliteLog};
use futures::executor::block_on;
use futures::future::join_all;
use kernel::{Topic, TopicPartition};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

const PARTITIONS: [TopicPartition; 3] = [
    TopicPartition::new(Topic::BetsEvents, 0),
    TopicPartition::new(Topic::BetsCommands, 0),
    TopicPartition::new(Topic::LedgerEvents, 1),
];
const ROUNDS: u64 = 20;

fn main() {
    let arguments: Vec<_> = std::env::args_os().collect();
    match arguments.get(1) {
        Some(role) if role == "child" => {
            let folder = arguments.get(2).expect("the child is given a folder");
            append_for_ever(Path::new(folder));
        }
        _ => kill_and_look(),
    }
}

fn options() -> Options {
    Options {
        gaps: true,
        // Small bounds, so that kills meet checkpoints too.
        checkpoint_bytes: 200_000,
        wal_bytes_max: 1_000_000,
        ..Options::new(2, "test")
    }
}

/// The n-th record of a partition: its number, then a filling that follows from it.
fn record(n: u64) -> Bytes {
    let length = match n % 50 {
        0 => 60_000,
        small => usize::try_from(small * 7).expect("small"),
    };
    let mut bytes = n.to_be_bytes().to_vec();
    let filling = u8::try_from(n % 251).expect("below 251");
    bytes.resize(8 + length, filling);
    Bytes::from(bytes)
}

fn append_for_ever(folder: &Path) {
    let log = SqliteLog::open(folder, &options()).expect("the log opens after a kill");
    let mut next = PARTITIONS.map(|at| count(&log, at));
    let mut output = std::io::stdout().lock();
    loop {
        let mut appends = Vec::new();
        for (index, at) in PARTITIONS.into_iter().enumerate() {
            let numbers = next[index]..next[index] + 3;
            next[index] = numbers.end;
            appends.push(log.writer(at).append(numbers.map(record).collect()));
        }
        for (index, outcomes) in block_on(join_all(appends)).into_iter().enumerate() {
            assert_eq!(outcomes, [AppendOutcome::Sent; 3]);
            writeln!(output, "{index} {}", next[index]).expect("the parent listens");
        }
        output.flush().expect("the parent listens");
    }
}

fn count(log: &SqliteLog, at: TopicPartition) -> u64 {
    let mut from = 0;
    let mut count = 0;
    loop {
        let records = block_on(log.read(at, from, 1_000_000)).expect("readable");
        let Some(last) = records.last() else {
            return count;
        };
        from = last.offset + 1;
        count += u64::try_from(records.len()).expect("it fits");
    }
}

fn kill_and_look() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let mut acknowledged = [0_u64; 3];
    let mut draw = 0x2545_f491_4f6c_dd1d_u64;
    for round in 0..ROUNDS {
        draw ^= draw << 13;
        draw ^= draw >> 7;
        draw ^= draw << 17;
        let lines = 1 + draw % 300;
        let mut child = Command::new(std::env::current_exe().expect("this test"))
            .arg("child")
            .arg(folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the child starts");
        let output = BufReader::new(child.stdout.take().expect("piped"));
        let mut output = output.lines();
        for _ in 0..lines {
            let line = output.next().expect("the child goes on").expect("text");
            note(&mut acknowledged, &line);
        }
        child.kill().expect("the child is killed");
        child.wait().expect("the child ends");
        // What it said before the kill arrived counts too; its last line may be torn.
        let rest: Vec<_> = output.map_while(Result::ok).collect();
        for line in rest.iter().take(rest.len().saturating_sub(1)) {
            note(&mut acknowledged, line);
        }
        look(folder.path(), acknowledged, round);
    }
    eprintln!("{ROUNDS} kills, acknowledged {acknowledged:?}, nothing lost");
}

fn note(acknowledged: &mut [u64; 3], line: &str) {
    let (index, next) = line.split_once(' ').expect("two numbers");
    let index: usize = index.parse().expect("a number");
    acknowledged[index] = next.parse().expect("a number");
}

fn look(folder: &Path, acknowledged: [u64; 3], round: u64) {
    let log = ReadOnlyLog::open(folder).expect("readable after a kill");
    for (index, at) in PARTITIONS.into_iter().enumerate() {
        let mut found = 0;
        let mut offset = None;
        for stored in log.records(at, 0) {
            let stored = stored.expect("readable");
            assert!(Some(stored.offset) > offset, "offsets increase");
            offset = Some(stored.offset);
            assert_eq!(stored.bytes, record(found), "round {round}: {at} {found}");
            found += 1;
        }
        assert!(
            found >= acknowledged[index],
            "round {round}: {at} has {found} of {acknowledged:?}"
        );
    }
    for partition in log.partitions().expect("readable") {
        let at = partition.topic_partition;
        assert_eq!(
            log.recompute(at, partition.next_offset).expect("readable"),
            partition.running_hash,
            "round {round}: {at}"
        );
    }
}
