//! Replay, verify and export on a folder that an engine has written.
//!
//! The engine is the real one, on the SQLite log; what is checked is the binary's own answer and
//! exit code, before and after somebody has tampered with the folder.

use bytes::Bytes;
use eventlog::EventLog;
use eventlog_sqlite::{Options, SqliteLog};
use furlong::checkpoints::CheckpointSigner;
use furlong::data_folder::DataFolder;
use furlong::engine::{Engine, Ground, Work};
use kernel::{
    CorrelationId, Currency, CustomerId, Digest, RequestId, Timestamp, Topic, TopicPartition,
    TransferId,
};
use markets::MarketView;
use runtime::{Clock, Health, Shared, SystemClock, SystemEntropy};
use schemas::{CommandRecord, Wire, ledger};
use serde_json::Value;
use snapshots::{FolderStore, SnapshotStore};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;
use viewstore::ViewStore;
use viewstore_sqlite::SqliteViewStore;

const PARTITIONS: u16 = 2;
const PAYMENTS: u64 = 20;

fn options() -> Options {
    let mut options = Options::new(PARTITIONS, "test");
    options.gaps = true;
    options
}

fn account(customer: Option<CustomerId>, kind: ledger::AccountKind) -> ledger::Account {
    ledger::Account {
        customer,
        kind,
        currency: Currency::Eur,
    }
}

/// The command that moves a euro from the provider to a customer.
fn payment(code: ledger::TransferCode, number: u64, partition: u16) -> Bytes {
    let customer = CustomerId::example(number % 3, partition);
    let transfer = ledger::Transfer {
        id: TransferId::example(number, partition),
        debit: account(None, ledger::AccountKind::Provider),
        credit: account(Some(customer), ledger::AccountKind::Cash),
        amount: ledger::Amount::Exactly(ledger::Exactly { minor: 100 }),
        kind: ledger::TransferKind::Post(ledger::Post {}),
        linked: false,
        code,
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

/// A folder in which money was moved, shown in the views and signed.
fn world() -> tempfile::TempDir {
    world_of(ledger::TransferCode::Benchmark)
}

fn world_of(code: ledger::TransferCode) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let threads = tokio::runtime::Runtime::new().expect("threads");
    threads.block_on(write(folder.path(), code));
    folder
}

async fn write(path: &Path, code: ledger::TransferCode) {
    let folder = DataFolder::new(path);
    let log = Arc::new(SqliteLog::open(path, &options()).expect("a log"));
    let views = Arc::new(SqliteViewStore::open(path, 1).expect("views"));
    let snapshots = FolderStore::open(&folder.snapshots()).expect("snapshots");
    let clock = SystemClock::new(1);
    let engine = Engine::start(
        Ground {
            log: log.clone(),
            views: views.clone(),
            snapshots: Arc::new(snapshots.clone()),
            clock: Arc::new(clock),
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
            log.send(inbox, payment(code, number, partition)).await;
        }
        let journal = TopicPartition::new(Topic::LedgerEvents, partition);
        loop {
            let progress = views.progress(journal).await.expect("views answer");
            if progress.is_some_and(|progress| progress.seq >= PAYMENTS) {
                break;
            }
            tokio::task::yield_now().await;
        }
    }
    engine.stop().await;
    views.close();
    let signer = CheckpointSigner::open(&folder, &SystemEntropy).expect("a key");
    let (name, bytes) = signer.sign(clock.now(), &log.partitions(), &BTreeMap::new());
    snapshots.put_named(name, bytes.into()).await.expect("kept");
    log.close();
}

fn furlong(folder: &Path, words: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_furlong"))
        .args(words)
        .arg("--data")
        .arg(folder)
        .output()
        .expect("the binary was built for this test");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

fn answer(folder: &Path, words: &[&str]) -> (Option<i32>, Value) {
    let (code, out, messages) = furlong(folder, &[words, &["--json"]].concat());
    let value = serde_json::from_str(&out);
    (
        code,
        value.unwrap_or_else(|error| panic!("{error}: {out} {messages}")),
    )
}

/// Changes the log behind everybody's back.
fn tamper(folder: &Path, sql: &str) {
    let db = rusqlite::Connection::open(folder.join("log.db")).expect("the log's file");
    assert!(db.execute(sql, []).expect("SQL") > 0, "{sql}");
}

/// The key range of a topic partition in the file.
fn of(topic: &str, partition: u16) -> String {
    format!(
        "key >> 40 = (SELECT id FROM partition WHERE topic = '{topic}' AND partition = {partition})"
    )
}

/// Turns the last byte of the n-th record of a topic partition.
fn alter(folder: &Path, topic: &str, number: u32) -> i64 {
    let which = of(topic, 1);
    let db = rusqlite::Connection::open(folder.join("log.db")).expect("the log's file");
    let sql =
        format!("SELECT key, bytes FROM record WHERE {which} ORDER BY key LIMIT 1 OFFSET {number}");
    let (key, mut bytes): (i64, Vec<u8>) = db
        .query_row(&sql, [], |row| Ok((row.get(0)?, row.get(1)?)))
        .expect("a record");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    db.execute("UPDATE record SET bytes = ?1 WHERE key = ?2", (bytes, key))
        .expect("SQL");
    key & ((1 << 40) - 1)
}

const REPLAY: &[&str] = &["replay"];
const VERIFY: &[&str] = &["audit", "verify"];

#[test]
fn an_untouched_folder_agrees_with_itself() {
    let folder = world();
    for words in [REPLAY, VERIFY] {
        let (code, answer) = answer(folder.path(), words);
        assert_eq!((code, &answer["ok"]), (Some(0), &true.into()), "{answer}");
        assert!(
            answer["views"]["rows"].as_u64().expect("a count") > 40,
            "{answer}"
        );
    }
    let (_, answer) = answer(folder.path(), VERIFY);
    assert_eq!(answer["checkpoints"]["verified"], 1);
    assert_eq!(answer["checkpoints"]["records_unsigned"], 0);
    assert!(answer["decisions"].as_u64().expect("a count") >= 2 * PAYMENTS);
}

#[test]
fn deposits_that_no_provider_has_confirmed_are_3() {
    let folder = world_of(ledger::TransferCode::Deposit);
    assert_eq!(
        answer(folder.path(), REPLAY).0,
        Some(0),
        "the fold is sound"
    );
    let (code, answer) = answer(folder.path(), VERIFY);
    assert_eq!(
        (code, &answer["discrepancies"][0]["check"]),
        (Some(3), &"invariant".into())
    );
}

#[test]
fn people_get_the_same_answer_in_words() {
    let folder = world();
    let (code, out, _) = furlong(folder.path(), VERIFY);
    assert_eq!(code, Some(0));
    assert!(out.ends_with("everything agrees\n"), "{out}");
    let (code, out, _) = furlong(folder.path(), REPLAY);
    assert_eq!(code, Some(0));
    assert!(out.contains("ledger.events/1"), "{out}");
}

#[test]
fn replaying_twice_gives_the_same_states() {
    let folder = world();
    let states = || {
        let (_, answer) = answer(folder.path(), REPLAY);
        let partitions = answer["partitions"].as_array().expect("a list").clone();
        partitions
            .iter()
            .map(|told| told["state"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(states(), states());
}

#[test]
fn one_altered_byte_is_3_and_the_record_is_named() {
    for number in [0, 3, 10, 20] {
        let folder = world();
        let offset = alter(folder.path(), "ledger.events", number);
        for words in [REPLAY, VERIFY] {
            let (code, answer) = answer(folder.path(), words);
            assert_eq!(code, Some(3), "{number} {answer}");
            let found = answer["discrepancies"].as_array().expect("a list");
            assert!(
                found
                    .iter()
                    .any(|f| f["topic"] == "ledger.events" && f["partition"] == 1)
            );
            // The last record has no follower that could tell.
            let named = found.iter().any(|f| f["offset"].as_i64() == Some(offset));
            assert!(named || number == 20, "{offset} {answer}");
        }
    }
}

#[test]
fn an_altered_command_is_seen_too() {
    let folder = world();
    alter(folder.path(), "ledger.commands", 5);
    for words in [REPLAY, VERIFY] {
        assert_eq!(answer(folder.path(), words).0, Some(3));
    }
}

#[test]
fn a_log_shorter_than_its_checkpoint_is_3() {
    let folder = world();
    let which = of("ledger.events", 1);
    tamper(
        folder.path(),
        &format!("DELETE FROM record WHERE key = (SELECT max(key) FROM record WHERE {which})"),
    );
    let (code, answer) = answer(folder.path(), VERIFY);
    assert_eq!(code, Some(3), "{answer}");
}

#[test]
fn who_also_mends_the_running_hash_is_caught_by_the_checkpoint() {
    let folder = world();
    alter(folder.path(), "ledger.commands", 5);
    let log = eventlog_sqlite::ReadOnlyLog::open(folder.path()).expect("the log");
    let inbox = TopicPartition::new(Topic::LedgerCommands, 1);
    let hash = log
        .recompute(inbox, u64::MAX)
        .expect("records")
        .digest()
        .bytes();
    drop(log);
    let db = rusqlite::Connection::open(folder.path().join("log.db")).expect("the log's file");
    db.execute(
        "UPDATE partition SET running_hash = ?1 WHERE topic = 'ledger.commands' AND partition = 1",
        [hash],
    )
    .expect("SQL");
    drop(db);
    assert_eq!(
        answer(folder.path(), REPLAY).0,
        Some(0),
        "replay knows no signatures"
    );
    let (code, answer) = answer(folder.path(), VERIFY);
    assert_eq!(code, Some(3));
    assert_eq!(
        answer["discrepancies"][0]["check"], "checkpoint",
        "{answer}"
    );
}

#[test]
fn another_signers_checkpoint_is_3() {
    let folder = world();
    std::fs::write(folder.path().join("checkpoint.pub"), "58".repeat(32)).expect("a file");
    let (code, answer) = answer(folder.path(), VERIFY);
    assert_ne!(code, Some(0), "{answer}");
    let other = audit::checkpoint::public_key(&[9; 32]);
    let text = Digest::from_bytes(other).to_string();
    std::fs::write(folder.path().join("checkpoint.pub"), text).expect("a file");
    let (code, answer) = crate::answer(folder.path(), VERIFY);
    assert_eq!(code, Some(3), "{answer}");
}

#[test]
fn an_altered_row_of_the_views_is_3() {
    for sql in [
        "UPDATE row SET value = x'00' WHERE view = 'balance'",
        "DELETE FROM row WHERE view = 'statement'",
        "UPDATE row SET seq = 1 WHERE view = 'balance'",
    ] {
        let folder = world();
        let db = rusqlite::Connection::open(folder.path().join("views.db")).expect("the views");
        assert!(db.execute(sql, []).expect("SQL") > 0);
        drop(db);
        for words in [REPLAY, VERIFY] {
            let (code, answer) = answer(folder.path(), words);
            assert_eq!(code, Some(3), "{sql} {answer}");
            assert_eq!(answer["discrepancies"][0]["check"], "view");
        }
    }
}

#[test]
fn without_views_there_is_nothing_to_compare() {
    let folder = world();
    for name in ["views.db", "views.db-wal", "views.db-shm"] {
        std::fs::remove_file(folder.path().join(name)).ok();
    }
    let (code, answer) = answer(folder.path(), REPLAY);
    assert_eq!((code, &answer["views"]), (Some(0), &Value::Null));
}

#[test]
fn what_cannot_be_read_is_4() {
    let empty = tempfile::tempdir().expect("a temporary folder");
    for words in [REPLAY, VERIFY] {
        let (code, out, messages) = furlong(empty.path(), words);
        assert_eq!((code, out.as_str()), (Some(4), ""));
        assert!(messages.contains("log.db"), "{messages}");
    }
    std::fs::write(empty.path().join("log.db"), vec![9; 10_000]).expect("a file");
    for words in [REPLAY, VERIFY] {
        assert_eq!(furlong(empty.path(), words).0, Some(4));
    }
}

#[test]
fn replay_stops_where_it_is_told() {
    let folder = world();
    let (_, whole) = answer(folder.path(), REPLAY);
    let partitions = whole["partitions"].as_array().expect("a list");
    let told = partitions
        .iter()
        .find(|told| told["topic"] == "ledger.events" && told["partition"] == 1)
        .expect("it was told");
    let last = told["next_offset"]
        .as_u64()
        .expect("an offset")
        .saturating_sub(1);
    let seq = |answer: &Value| {
        let partitions = answer["partitions"].as_array().expect("a list").clone();
        let of = partitions
            .iter()
            .find(|told| told["topic"] == "ledger.events" && told["partition"] == 1)
            .cloned();
        of.expect("it was told")["seq"].as_u64()
    };
    let (code, part) = answer(
        folder.path(),
        &["replay", "--until", "2020-01-01T00:00:00Z"],
    );
    assert_eq!((code, seq(&part)), (Some(0), Some(0)));
    let until = format!("ledger.events/1@{last}");
    let (code, part) = answer(folder.path(), &["replay", "--until", &until]);
    assert_eq!((code, seq(&part)), (Some(0), Some(PAYMENTS)));
    for wrong in ["yesterday", "ledger.events/1@999999", "ledger.commands/1@0"] {
        let (code, _, messages) = furlong(folder.path(), &["replay", "--until", wrong]);
        assert_eq!(code, Some(2), "{wrong}");
        assert!(messages.contains("--until"), "{messages}");
    }
}

fn export(folder: &Path, format: &str) -> (tempfile::TempDir, Value) {
    let output = tempfile::tempdir().expect("a temporary folder");
    let path = output.path().to_str().expect("UTF-8");
    let words = ["audit", "export", "--format", format, "-o", path];
    let (code, manifest) = answer(folder, &words);
    assert_eq!(code, Some(0));
    (output, manifest)
}

fn read(folder: &Path, name: &str) -> Vec<u8> {
    std::fs::read(folder.join(name)).expect("a file")
}

#[test]
fn exports_are_the_same_each_time_and_the_manifest_tells_their_sums() {
    let folder = world();
    for format in ["csv", "ndjson", "avro"] {
        let (first, manifest) = export(folder.path(), format);
        let (second, _) = export(folder.path(), format);
        for file in manifest["files"].as_array().expect("a list") {
            let name = file["name"].as_str().expect("a name");
            let bytes = read(first.path(), name);
            assert_eq!(bytes, read(second.path(), name), "{name}");
            assert_eq!(file["sha256"], eventlog::digest(&bytes).to_string());
        }
        let manifests = [first.path(), second.path()].map(|path| read(path, "manifest.json"));
        assert_eq!(manifests[0], manifests[1]);
    }
}

#[test]
fn csv_has_a_line_for_each_event_and_amounts_are_text() {
    let folder = world();
    let (output, _) = export(folder.path(), "csv");
    let bytes = read(output.path(), "ledger.events.csv");
    assert!(
        bytes.windows(2).any(|pair| pair == b"\r\n"),
        "RFC 4180 line ends"
    );
    let mut lines = csv::Reader::from_reader(&bytes[..]);
    assert_eq!(
        lines.headers().expect("a header").get(5),
        Some("decided_at")
    );
    let lines: Vec<csv::StringRecord> = lines.records().map(|line| line.expect("a line")).collect();
    assert_eq!(u64::try_from(lines.len()), Ok(2 * PAYMENTS));
    for line in &lines {
        assert_eq!(line.get(10), Some("TransferPosted"));
        let fields: Value = serde_json::from_str(line.get(11).expect("fields")).expect("JSON");
        assert_eq!(fields["minor"], 100);
        assert!(line.get(5).expect("an instant").ends_with('Z'));
    }
}

#[test]
fn ndjson_has_a_line_for_each_decision() {
    let folder = world();
    let (output, _) = export(folder.path(), "ndjson");
    let text = String::from_utf8(read(output.path(), "ledger.events.ndjson")).expect("UTF-8");
    assert_eq!(u64::try_from(text.lines().count()), Ok(2 * PAYMENTS));
    for line in text.lines() {
        let decision: Value = serde_json::from_str(line).expect("JSON");
        assert_eq!(decision["events"][0]["type"], "TransferPosted");
        assert!(
            decision["request_id"]
                .as_str()
                .expect("an id")
                .starts_with("req_")
        );
    }
}

#[test]
fn avro_files_are_read_by_others() {
    let folder = world();
    let (output, _) = export(folder.path(), "avro");
    let bytes = read(output.path(), "ledger.events.avro");
    let reader = apache_avro::Reader::new(&bytes[..]).expect("an object container file");
    let values: Result<Vec<_>, _> = reader.collect();
    let decisions = values.expect("decisions").len();
    assert_eq!(u64::try_from(decisions), Ok(2 * PAYMENTS));
}
