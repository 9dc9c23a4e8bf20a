use super::*;
use futures::executor::block_on;
use std::sync::Mutex;
use tempfile::TempDir;

const JOURNAL: Topic = Topic::BetsEvents;

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder for the test")
}

fn store(folder: &TempDir) -> FolderStore {
    FolderStore::open(folder.path()).expect("the store opens")
}

fn put(store: &FolderStore, seq: u64, content: &'static [u8]) {
    let bytes = Bytes::from_static(content);
    block_on(store.put(JOURNAL, 0, seq, 1, bytes)).expect("written");
}

fn newest(store: &FolderStore) -> Option<(u64, Bytes)> {
    block_on(store.newest(JOURNAL, 0, 1))
        .expect("readable")
        .map(|snapshot| (snapshot.seq, snapshot.bytes))
}

fn file(folder: &TempDir, seq: u64) -> PathBuf {
    let name = FileName { seq, format: 1 }.below(&folder_of(JOURNAL, 0));
    folder.path().join(name)
}

const OLD: Option<(u64, Bytes)> = Some((5, Bytes::from_static(b"old")));
const NEW: Option<(u64, Bytes)> = Some((9, Bytes::from_static(b"new")));

#[test]
fn keeps_the_contract() {
    let folders = Mutex::new(Vec::new());
    block_on(crate::contract::check(&|| {
        let folder = folder();
        let store = store(&folder);
        folders.lock().unwrap().push(folder);
        Arc::new(store)
    }));
}

#[test]
fn everything_is_there_for_the_next_process_and_for_readers() {
    let folder = folder();
    put(&store(&folder), 9, b"new");
    assert_eq!(newest(&store(&folder)), NEW);
    assert_eq!(newest(&FolderStore::open_read_only(folder.path())), NEW);
}

#[test]
fn an_older_snapshot_is_taken_whichever_byte_of_the_newer_is_flipped_or_missing() {
    let folder = folder();
    let store = store(&folder);
    put(&store, 5, b"old");
    put(&store, 9, b"new");
    let intact = std::fs::read(file(&folder, 9)).unwrap();
    for at in 0..intact.len() {
        let mut flipped = intact.clone();
        flipped[at] ^= 0x10;
        std::fs::write(file(&folder, 9), flipped).unwrap();
        assert_eq!(newest(&store), OLD, "byte {at} flipped");
        std::fs::write(file(&folder, 9), &intact[..at]).unwrap();
        assert_eq!(newest(&store), OLD, "cut at {at}");
    }
    std::fs::write(file(&folder, 9), intact).unwrap();
    assert_eq!(newest(&store), NEW);
}

#[test]
fn a_file_under_another_name_is_passed_over() {
    let folder = folder();
    let store = store(&folder);
    put(&store, 5, b"old");
    std::fs::copy(file(&folder, 5), file(&folder, 9)).unwrap();
    std::fs::copy(file(&folder, 5), file(&folder, 9).with_file_name("9-1")).unwrap();
    std::fs::write(file(&folder, 9).with_file_name("README"), b"").unwrap();
    assert_eq!(newest(&store), OLD);
}

#[test]
fn what_a_crash_left_unfinished_is_removed_and_never_read() {
    let folder = folder();
    put(&store(&folder), 5, b"old");
    let leftover = folder.path().join(UNFINISHED).join("0");
    std::fs::write(&leftover, b"half of it").unwrap();
    let store = store(&folder);
    assert!(!leftover.exists());
    assert_eq!(newest(&store), OLD);
    put(&store, 9, b"new");
    assert_eq!(newest(&store), NEW);
}

/// Processes of a cluster share the folder: neither names nor leftovers of one disturb another.
#[test]
fn two_processes_write_at_once() {
    let folder = folder();
    let one = FolderStore::open_shared(folder.path()).unwrap();
    let unfinished = folder.path().join("tmp").join("neighbour");
    std::fs::write(&unfinished, b"half").unwrap();
    let two = FolderStore::open_shared(folder.path()).unwrap();
    assert!(unfinished.exists());
    let puts = (0..40_u64).map(|seq| {
        let store = if seq % 2 == 0 { &one } else { &two };
        store.put(Topic::BetsEvents, 1, seq, 1, Bytes::from_static(b"state"))
    });
    for put in block_on(futures::future::join_all(puts)) {
        put.unwrap();
    }
    assert_ne!(one.life, two.life);
}

#[test]
fn a_damaged_named_thing_is_listed_but_not_given() {
    let folder = folder();
    let store = store(&folder);
    block_on(store.put_named("head".to_owned(), Bytes::from_static(b"signed"))).expect("written");
    let file = folder.path().join(escape("head"));
    let mut bytes = std::fs::read(&file).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&file, bytes).unwrap();
    assert_eq!(block_on(store.get_named("head".to_owned())), Ok(None));
    assert_eq!(
        block_on(store.list_named(String::new())),
        Ok(vec!["head".to_owned()])
    );
}

#[test]
fn a_folder_that_cannot_be_written_is_an_error_and_leaves_what_was_there() {
    let folder = folder();
    let store = store(&folder);
    put(&store, 5, b"old");
    std::fs::remove_dir_all(folder.path().join(UNFINISHED)).unwrap();
    let refused = block_on(store.put(JOURNAL, 0, 9, 1, Bytes::new()));
    let refused = refused.expect_err("no place to write to").to_string();
    assert!(refused.contains("bets.events/0"), "{refused}");
    assert_eq!(newest(&store), OLD);
}

#[test]
fn names_are_told_apart_as_files() {
    for name in [
        "", "%", ".", "..", "a/b", "a%2fb", "ä", "A", "a.b-c_d", ".a",
    ] {
        let file = escape(name);
        let file = file.strip_prefix("named/").expect("below its folder");
        assert!(!file.contains('/') && !file.starts_with('.'), "{file}");
        assert_eq!(unescape(file).as_deref(), Some(name));
    }
}
