//! Measures the embedded log on the disk it is pointed at.
//!
//! `cargo run --release -p eventlog-sqlite --example measure -- FOLDER [PAGE_BYTES] [SECONDS]`
//!
//! Prints, for one page size: commits of one small record by one appender; records by 128
//! appenders of one small record each, and the ratio of the two; large records; the walk through
//! all of them; and the room that they take on the disk.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::disallowed_methods,
    reason = "a measurement reads the clock and divides counts by it"
)]

use bytes::Bytes;
use eventlog::{AppendOutcome, EventLog};
use eventlog_sqlite::{Options, ReadOnlyLog, SqliteLog};
use futures::executor::block_on;
use futures::future::join_all;
use kernel::{Topic, TopicPartition};
use std::cell::Cell;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const SMALL_BYTES: usize = 300;
const LARGE_BYTES: usize = 600_000;
const APPENDERS: u16 = 128;

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args_os().skip(1);
    let folder = PathBuf::from(arguments.next().expect("a folder to measure in"));
    let mut number = |default: u32| {
        let text = arguments.next().and_then(|text| text.into_string().ok());
        text.map_or(default, |text| text.parse().expect("a number"))
    };
    let options = |page_bytes| Options {
        page_bytes,
        ..Options::new(16, "measure")
    };
    let page_bytes = number(Options::new(16, "measure").page_bytes);
    let span = Duration::from_secs(u64::from(number(3)));
    let mut out = std::io::stdout().lock();
    writeln!(out, "page {page_bytes} bytes")?;

    let open = |name: &str| {
        let folder = folder.join(name);
        let log = SqliteLog::open(&folder, &options(page_bytes)).expect("the log opens");
        (log, folder)
    };
    let (log, one) = open("one");
    let single = appended(&log, 1, SMALL_BYTES, span);
    writeln!(out, "1 appender, {SMALL_BYTES} B: {single}")?;
    log.close();
    remove(&one)?;

    let (log, many) = open("many");
    let grouped = appended(&log, APPENDERS, SMALL_BYTES, span);
    let commits = log.health().commits;
    writeln!(
        out,
        "{APPENDERS} appenders, {SMALL_BYTES} B: {grouped}; {} records a commit; {} times one appender",
        grouped.records / commits.max(1),
        grouped.per_second() / single.per_second().max(1),
    )?;
    log.close();
    writeln!(out, "  {}", walked(&many))?;
    remove(&many)?;

    let (log, owner) = open("owner");
    let owned = grouped_by_owner(&log, usize::from(APPENDERS), span);
    writeln!(
        out,
        "1 owner, {APPENDERS} records of {SMALL_BYTES} B an append: {owned}; {} times one appender",
        owned.per_second() / single.per_second().max(1),
    )?;
    log.close();
    remove(&owner)?;

    let (log, large) = open("large");
    let bulk = appended(&log, 4, LARGE_BYTES, span);
    writeln!(out, "4 appenders, {LARGE_BYTES} B: {bulk}")?;
    log.close();
    writeln!(out, "  {}", walked(&large))?;
    remove(&large)
}

struct Rate {
    records: u64,
    bytes: u64,
    took: Duration,
    slowest: Duration,
}

impl Rate {
    fn per_second(&self) -> u64 {
        per_second(self.records, self.took)
    }
}

impl std::fmt::Display for Rate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} records/s, {} MB/s, slowest {} us",
            self.per_second(),
            per_second(self.bytes, self.took) / 1_000_000,
            self.slowest.as_micros()
        )
    }
}

fn per_second(count: u64, took: Duration) -> u64 {
    let micros = u64::try_from(took.as_micros()).expect("a short measurement");
    count * 1_000_000 / micros.max(1)
}

/// So many appenders, each with a partition of its own out of sixteen, each waiting for its
/// outcome before it goes on.
fn appended(log: &SqliteLog, appenders: u16, record_bytes: usize, span: Duration) -> Rate {
    let begin = Instant::now();
    let records = Cell::new(0);
    let slowest = Cell::new(Duration::ZERO);
    let loops = (0..appenders).map(|index| {
        let writer = log.writer(TopicPartition::new(Topic::BetsEvents, index % 16));
        let record = Bytes::from(vec![u8::try_from(index).expect("few"); record_bytes]);
        let (records, slowest) = (&records, &slowest);
        async move {
            while begin.elapsed() < span {
                let asked = Instant::now();
                let outcomes = writer.append(vec![record.clone()]).await;
                assert_eq!(outcomes, [AppendOutcome::Sent]);
                records.set(records.get() + 1);
                slowest.set(slowest.get().max(asked.elapsed()));
            }
        }
    });
    block_on(join_all(loops.collect::<Vec<_>>()));
    Rate {
        records: records.get(),
        bytes: records.get() * u64::try_from(record_bytes).expect("small"),
        took: begin.elapsed(),
        slowest: slowest.get(),
    }
}

/// An owner of one partition that appends what has gathered meanwhile, one append at a time.
fn grouped_by_owner(log: &SqliteLog, records: usize, span: Duration) -> Rate {
    let writer = log.writer(TopicPartition::new(Topic::LedgerEvents, 0));
    let group = vec![Bytes::from(vec![1; SMALL_BYTES]); records];
    let begin = Instant::now();
    let mut rate = Rate {
        records: 0,
        bytes: 0,
        took: Duration::ZERO,
        slowest: Duration::ZERO,
    };
    while begin.elapsed() < span {
        let asked = Instant::now();
        let outcomes = block_on(writer.append(group.clone()));
        assert!(
            outcomes
                .iter()
                .all(|outcome| *outcome == AppendOutcome::Sent)
        );
        rate.records += u64::try_from(records).expect("few");
        rate.slowest = rate.slowest.max(asked.elapsed());
    }
    rate.bytes = rate.records * u64::try_from(SMALL_BYTES).expect("small");
    rate.took = begin.elapsed();
    rate
}

fn walked(folder: &Path) -> String {
    let log = ReadOnlyLog::open(folder).expect("the log opens");
    let partitions = log.partitions().expect("readable");
    let begin = Instant::now();
    let (mut records, mut bytes) = (0, 0);
    for partition in &partitions {
        for record in log.records(partition.topic_partition, 0) {
            records += 1;
            bytes += u64::try_from(record.expect("readable").bytes.len()).expect("small");
        }
    }
    let scan = begin.elapsed();
    let begin = Instant::now();
    for partition in &partitions {
        let hash = log.recompute(partition.topic_partition, partition.next_offset);
        assert_eq!(hash.expect("readable"), partition.running_hash);
    }
    let verified = begin.elapsed();
    let file = std::fs::metadata(folder.join("log.db")).map_or(0, |file| file.len());
    format!(
        "walk {} records/s, {} MB/s; with hashes {} records/s, {} MB/s; {}% of the raw bytes on disk",
        per_second(records, scan),
        per_second(bytes, scan) / 1_000_000,
        per_second(records, verified),
        per_second(bytes, verified) / 1_000_000,
        file * 100 / bytes.max(1),
    )
}

fn remove(folder: &Path) -> std::io::Result<()> {
    std::fs::remove_dir_all(folder)
}
