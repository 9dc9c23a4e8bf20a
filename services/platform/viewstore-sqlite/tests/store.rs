//! What the embedded view store promises beyond the port.

use futures::executor::block_on;
use futures::future::join_all;
use kernel::{Topic, TopicPartition};
use std::path::Path;
use std::sync::{Arc, Mutex};
use tempfile::TempDir;
use viewstore::{Progress, Row, Scan, ViewError, ViewStore};
use viewstore_sqlite::{Opened, SqliteViewStore};

const AT: TopicPartition = TopicPartition::new(Topic::BetsEvents, 0);

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder for the test")
}

fn open(folder: &Path) -> SqliteViewStore {
    SqliteViewStore::open(folder, 2).expect("the views open")
}

fn row(key: u8, value: &[u8]) -> Row {
    Row {
        table: "slips",
        key: vec![key],
        value: value.to_vec(),
        seq: 1,
    }
}

fn write(store: &SqliteViewStore, rows: Vec<Row>, next_offset: u64) {
    let progress = Progress {
        next_offset,
        ..Progress::default()
    };
    block_on(store.apply(AT, rows, progress)).expect("written");
}

fn reached(store: &SqliteViewStore) -> Option<u64> {
    block_on(store.progress(AT))
        .expect("readable")
        .map(|progress| progress.next_offset)
}

#[test]
fn keeps_the_contract() {
    let folders = Mutex::new(Vec::new());
    block_on(viewstore::contract::check_embedded(&|| {
        let folder = folder();
        let store = open(folder.path());
        folders.lock().unwrap().push(folder);
        Arc::new(store)
    }));
}

#[test]
fn rows_and_progress_are_there_after_closing_and_opening() {
    let folder = folder();
    let store = open(folder.path());
    write(&store, vec![row(1, b"open")], 5);
    store.close();
    assert!(block_on(store.get("slips", vec![1])).is_err(), "closed");

    let store = open(folder.path());
    assert_eq!(store.opened(), Opened::AsLeft);
    assert_eq!(reached(&store), Some(5));
    let found = block_on(store.get("slips", vec![1])).expect("readable");
    assert_eq!(found.map(|row| row.value), Some(b"open".to_vec()));
}

#[test]
fn one_changed_byte_of_a_row_is_an_error() {
    let folder = folder();
    let store = open(folder.path());
    write(&store, vec![row(1, b"won 50.00"), row(2, b"lost")], 5);
    store.close();
    let file = folder.path().join("views.db");
    let mut bytes = std::fs::read(&file).unwrap();
    let at = bytes.windows(9).position(|found| found == b"won 50.00");
    bytes[at.expect("stored as it is") + 4] = b'9';
    std::fs::write(&file, bytes).unwrap();

    let store = open(folder.path());
    let damaged = ViewError::Damaged {
        table: "slips".to_owned(),
        key: vec![1],
    };
    assert_eq!(block_on(store.get("slips", vec![1])), Err(damaged.clone()));
    assert_eq!(block_on(store.scan(Scan::of("slips", []))), Err(damaged));
    assert!(
        block_on(store.get("slips", vec![2])).is_ok(),
        "others are whole"
    );

    block_on(store.clear()).expect("cleared");
    assert_eq!(reached(&store), None);
    write(&store, vec![row(1, b"won 50.00")], 5);
    assert!(block_on(store.get("slips", vec![1])).is_ok());
}

#[test]
fn a_file_that_holds_no_views_is_thrown_away() {
    let folder = folder();
    std::fs::write(folder.path().join("views.db"), [7; 5_000]).unwrap();
    let store = open(folder.path());
    assert_eq!(store.opened(), Opened::Renewed);
    write(&store, vec![row(1, b"open")], 5);
    assert_eq!(reached(&store), Some(5));
}

#[test]
fn applies_of_many_partitions_at_once_all_stand() {
    let folder = folder();
    let store = open(folder.path());
    let applies = (0..100_u8).map(|n| {
        let at = TopicPartition::new(Topic::BetsEvents, u16::from(n % 4));
        let progress = Progress {
            next_offset: u64::from(n),
            ..Progress::default()
        };
        store.apply(at, vec![row(n, b"open")], progress)
    });
    let outcomes = block_on(join_all(applies.collect::<Vec<_>>()));
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    let rows = block_on(store.scan(Scan::of("slips", []))).expect("readable");
    assert_eq!(rows.len(), 100);
    assert_eq!(reached(&store), Some(96));
}

#[test]
fn a_folder_that_is_a_file_is_a_clear_error() {
    let folder = folder();
    let file = folder.path().join("file");
    std::fs::write(&file, b"").unwrap();
    let error = SqliteViewStore::open(&file, 1).err().expect("refused");
    assert!(error.to_string().contains("file"), "{error}");
}
