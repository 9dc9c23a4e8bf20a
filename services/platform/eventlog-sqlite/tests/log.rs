//! What the embedded log promises beyond the port.

use bytes::Bytes;
use eventlog::{AppendOutcome, EventLog, LogError, RunningHash};
use eventlog_sqlite::{OpenError, Options, ReadOnlyLog, SqliteLog};
use futures::executor::block_on;
use futures::future::join_all;
use kernel::{Topic, TopicPartition};
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;

const JOURNAL: TopicPartition = TopicPartition::new(Topic::BetsEvents, 1);
const INBOX: TopicPartition = TopicPartition::new(Topic::BetsCommands, 1);

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder for the test")
}

fn options() -> Options {
    Options {
        gaps: true,
        ..Options::new(4, "test")
    }
}

fn open(folder: &Path) -> SqliteLog {
    SqliteLog::open(folder, &options()).expect("the log opens")
}

fn numbered(range: std::ops::Range<u64>) -> Vec<Bytes> {
    range
        .map(|n| Bytes::copy_from_slice(&n.to_be_bytes()))
        .collect()
}

fn append(log: &SqliteLog, records: Vec<Bytes>) -> Vec<AppendOutcome> {
    block_on(log.writer(JOURNAL).append(records))
}

fn all(log: &ReadOnlyLog, at: TopicPartition) -> Vec<Bytes> {
    log.records(at, 0)
        .map(|record| record.expect("readable").bytes)
        .collect()
}

fn assert_hashes_hold(log: &ReadOnlyLog) {
    for partition in log.partitions().expect("readable") {
        let at = partition.topic_partition;
        assert_eq!(
            log.recompute(at, partition.next_offset).expect("readable"),
            partition.running_hash,
            "{at}"
        );
    }
}

#[test]
fn keeps_the_contract() {
    for gaps in [false, true] {
        // One log with hardly any memory, so that reads come from the file.
        for recent_bytes_max in [0, 4_000_000] {
            let folders = std::sync::Mutex::new(Vec::new());
            block_on(eventlog::contract::check(&|| {
                let folder = folder();
                let options = Options {
                    gaps,
                    recent_bytes_max,
                    ..options()
                };
                let log = SqliteLog::open(folder.path(), &options).expect("the log opens");
                folders.lock().unwrap().push(folder);
                Arc::new(log)
            }));
        }
    }
}

#[test]
fn what_was_sent_is_there_after_closing_and_opening() {
    let folder = folder();
    let log = open(folder.path());
    append(&log, numbered(0..10));
    block_on(log.send(INBOX, Bytes::from_static(b"command")));
    let before = log.partitions();
    log.close();
    assert!(
        !folder.path().join("log.db-wal").exists(),
        "nothing is left outside the file"
    );

    let log = open(folder.path());
    assert_eq!(log.partitions(), before);
    append(&log, numbered(10..20));
    let found = block_on(log.read(JOURNAL, 0, usize::MAX)).expect("readable");
    assert_eq!(
        found.into_iter().map(|r| r.bytes).collect::<Vec<_>>(),
        numbered(0..20)
    );
}

#[test]
fn gaps_are_left_on_purpose() {
    let folder = folder();
    let log = open(folder.path());
    append(&log, numbered(0..10));
    let found = block_on(log.read(JOURNAL, 0, usize::MAX)).expect("readable");
    let offsets: Vec<_> = found.iter().map(|record| record.offset).collect();
    assert_eq!(offsets, [0, 1, 2, 4, 5, 6, 7, 8, 9, 11]);
}

#[test]
fn a_second_writer_is_refused_by_folder_and_pid() {
    let folder = folder();
    let first = open(folder.path());
    let refusal = SqliteLog::open(folder.path(), &options()).err();
    let refusal = refusal.expect("one writer at a time");
    assert!(matches!(refusal, OpenError::InUse { .. }), "{refusal}");
    let text = refusal.to_string();
    assert!(
        text.contains(&folder.path().display().to_string()),
        "{text}"
    );
    assert!(text.contains(&std::process::id().to_string()), "{text}");
    drop(first);
    open(folder.path());
}

#[test]
fn another_partition_count_or_key_function_is_refused() {
    let folder = folder();
    open(folder.path()).close();
    let refusal = |options: Options| {
        SqliteLog::open(folder.path(), &options)
            .err()
            .expect("a mismatch")
            .to_string()
    };
    let count = refusal(Options::new(8, "test"));
    assert!(
        count.contains("\"4\"") && count.contains("\"8\""),
        "{count}"
    );
    let function = refusal(Options::new(4, "other"));
    assert!(
        function.contains("\"test\"") && function.contains("\"other\""),
        "{function}"
    );
    open(folder.path());
}

#[test]
fn a_file_that_is_no_log_is_refused_and_left_alone() {
    let folder = folder();
    let file = folder.path().join("log.db");
    std::fs::write(&file, b"not a database at all").unwrap();
    assert!(matches!(
        SqliteLog::open(folder.path(), &options()),
        Err(OpenError::Unusable { .. })
    ));
    assert_eq!(std::fs::read(&file).unwrap(), b"not a database at all");
    assert!(ReadOnlyLog::open(folder.path()).is_err());
}

#[test]
fn reading_only_makes_no_log() {
    let folder = folder();
    assert!(ReadOnlyLog::open(folder.path()).is_err());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_reader_sees_what_a_running_writer_commits() {
    let folder = folder();
    let log = open(folder.path());
    append(&log, numbered(0..5));
    let reader = SqliteLog::open_read_only(folder.path()).expect("beside the writer");
    assert_eq!(all(&reader, JOURNAL), numbered(0..5));
    append(&log, numbered(5..9));
    assert_eq!(all(&reader, JOURNAL), numbered(0..9));
    assert_eq!(reader.partitions().expect("readable"), log.partitions());
    assert_hashes_hold(&reader);
    assert_eq!(
        block_on(reader.writer(JOURNAL).append(numbered(0..1))),
        [AppendOutcome::Fenced]
    );
}

#[test]
fn a_write_ahead_log_that_a_kill_left_is_read() {
    let folder = folder();
    let log = open(folder.path());
    append(&log, numbered(0..50));
    // What is on the disk while the writer lives is what a kill would leave.
    let left = self::folder();
    for file in ["log.db", "log.db-wal"] {
        std::fs::copy(folder.path().join(file), left.path().join(file)).unwrap();
    }
    let reader = SqliteLog::open_read_only(left.path()).expect("readable");
    assert_eq!(all(&reader, JOURNAL), numbered(0..50));
    assert_hashes_hold(&reader);
}

#[test]
fn a_full_disk_leaves_outcomes_unknown_and_writing_goes_on_with_space() {
    let folder = folder();
    let tight = Options {
        pages_max: Some(100),
        ..options()
    };
    let log = SqliteLog::open(folder.path(), &tight).expect("the log opens");
    assert_eq!(append(&log, numbered(0..5)), [AppendOutcome::Sent; 5]);
    let large = vec![Bytes::from(vec![1; 1_000_000])];
    assert_eq!(append(&log, large), [AppendOutcome::Unknown]);
    let health = log.health();
    assert_eq!(health.failed_commits, 1);
    let fault = health.standing_fault.expect("the fault is kept");
    assert!(fault.contains("full"), "{fault}");

    // Small records still find room, and come after what was there.
    assert_eq!(append(&log, numbered(5..9)), [AppendOutcome::Sent; 4]);
    let health = log.health();
    assert_eq!(health.standing_fault, None);
    assert_eq!(health.last_fault, Some(fault));
    log.close();
    let reader = SqliteLog::open_read_only(folder.path()).expect("readable");
    assert_eq!(all(&reader, JOURNAL), numbered(0..9));
    assert_hashes_hold(&reader);
}

#[test]
fn one_changed_byte_of_a_record_changes_the_hash() {
    let folder = folder();
    let log = open(folder.path());
    append(
        &log,
        vec![
            Bytes::from_static(b"stake 10"),
            Bytes::from_static(b"other"),
        ],
    );
    log.close();
    let file = folder.path().join("log.db");
    let mut bytes = std::fs::read(&file).unwrap();
    let at = bytes.windows(8).position(|found| found == b"stake 10");
    bytes[at.expect("stored as it is") + 6] = b'9';
    std::fs::write(&file, bytes).unwrap();
    let reader = SqliteLog::open_read_only(folder.path()).expect("readable");
    let partition = reader.partitions().expect("readable")[0];
    let found = reader.recompute(JOURNAL, partition.next_offset);
    assert_ne!(found.expect("readable"), partition.running_hash);
}

#[test]
fn a_damaged_file_is_an_error_and_not_an_empty_log() {
    let folder = folder();
    let log = open(folder.path());
    append(&log, numbered(0..2_000));
    log.close();
    let file = folder.path().join("log.db");
    let mut bytes = std::fs::read(&file).unwrap();
    for page in bytes.chunks_mut(4096).skip(4) {
        page[..64].fill(0xee);
    }
    std::fs::write(&file, bytes).unwrap();
    let reader = SqliteLog::open_read_only(folder.path()).expect("its first pages are whole");
    let read: Result<Vec<_>, _> = reader.records(JOURNAL, 0).collect();
    assert!(matches!(read, Err(LogError::Unreadable { .. })), "{read:?}");
}

#[test]
fn the_hash_up_to_an_older_end_can_be_worked_out_again() {
    let folder = folder();
    let log = open(folder.path());
    append(&log, numbered(0..7));
    let before = log.partitions()[0];
    append(&log, numbered(7..20));
    let reader = SqliteLog::open_read_only(folder.path()).expect("readable");
    assert_eq!(
        reader
            .recompute(JOURNAL, before.next_offset)
            .expect("readable"),
        before.running_hash
    );
    let mut by_hand = RunningHash::default();
    for record in reader.records(JOURNAL, 0) {
        let record = record.expect("readable");
        by_hand = by_hand.then(record.offset, &record.bytes);
    }
    assert_eq!(by_hand, log.partitions()[0].running_hash);
}

#[test]
fn senders_wait_for_room_and_all_get_through() {
    let folder = folder();
    let narrow = Options {
        queue_bytes_max: 100,
        ..options()
    };
    let log = SqliteLog::open(folder.path(), &narrow).expect("the log opens");
    let large = Bytes::from(vec![3; 70]);
    let sends = (0..200).map(|_| log.send(INBOX, large.clone()));
    let outcomes = block_on(join_all(sends.collect::<Vec<_>>()));
    assert_eq!(outcomes, [AppendOutcome::Sent; 200]);
    let oversized = Bytes::from(vec![3; 1_000]);
    assert_eq!(block_on(log.send(INBOX, oversized)), AppendOutcome::Sent);
}

#[test]
fn a_closed_log_answers_unknown_and_refuses_reads_of_the_file() {
    let folder = folder();
    let log = open(folder.path());
    append(&log, numbered(0..3));
    let writer = log.writer(JOURNAL);
    log.close();
    assert_eq!(
        block_on(writer.append(numbered(3..4))),
        [AppendOutcome::Unknown]
    );
    assert_eq!(
        block_on(log.send(INBOX, Bytes::new())),
        AppendOutcome::Unknown
    );
    let log = open(folder.path());
    log.close();
    assert!(block_on(log.read(JOURNAL, 0, 1)).is_err());
}
