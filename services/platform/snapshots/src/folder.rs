//! The snapshot store in a folder.
//!
//! Duty: one sealed file for each thing, written beside its place, synced and renamed into it, so
//! that a crash leaves the old file, the new file, or a leftover that is not looked at.
//! Prohibition: no file is changed in place, and no damaged one is an error: it is passed over,
//! logged, and an older one is taken.
//!
//! Every call works on a thread of its own, beginning at once: calls are rare, and some are
//! long. Two calls of which neither waits for the other may take effect in either order.

use crate::port::{Snapshot, SnapshotError, SnapshotStore};
use crate::sealed;
use bytes::Bytes;
use failpoints::Point;
use futures::FutureExt;
use futures::channel::oneshot;
use futures::future::{BoxFuture, ready};
use kernel::{Partition, Topic};
use std::fmt::Write as _;
use std::fs::File;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Where named things are.
const NAMED: &str = "named";
/// What is being written, or was when the process ended.
const UNFINISHED: &str = "tmp";

/// Snapshots and named things as files below one folder.
#[derive(Clone)]
pub struct FolderStore {
    root: PathBuf,
    /// Tells unfinished files of several processes apart: random, new for each opening.
    life: u64,
    /// Tells those of this one apart.
    unfinished: Arc<AtomicU64>,
}

impl FolderStore {
    /// The store below this folder. One process writes there at a time: the one that holds the
    /// event log for writing. Leftovers of earlier ones are removed.
    ///
    /// # Errors
    /// The folder cannot be made or read.
    pub fn open(root: &Path) -> Result<Self, SnapshotError> {
        let store = Self::open_shared(root)?;
        let removed = || -> io::Result<()> {
            for leftover in std::fs::read_dir(root.join(UNFINISHED))? {
                std::fs::remove_file(leftover?.path())?;
            }
            Ok(())
        };
        removed().map_err(|error| failed("opening", &root.display().to_string(), &error))?;
        Ok(store)
    }

    /// The store below a folder to which several processes write. What looks like a leftover may
    /// be a neighbour's work, and is left alone.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub fn open_shared(root: &Path) -> Result<Self, SnapshotError> {
        std::fs::create_dir_all(root.join(UNFINISHED))
            .map_err(|error| failed("opening", &root.display().to_string(), &error))?;
        Ok(Self::open_read_only(root))
    }

    /// The store below this folder, for those who only read. Nothing is made or removed.
    #[must_use]
    pub fn open_read_only(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            // The standard library's own source of random bits: nothing is decided by them.
            life: RandomState::new().build_hasher().finish(),
            unfinished: Arc::default(),
        }
    }

    fn run<T: Send + 'static>(
        &self,
        operation: &'static str,
        name: String,
        work: impl FnOnce(&Self, &str) -> io::Result<T> + Send + 'static,
    ) -> BoxFuture<'static, Result<T, SnapshotError>> {
        let (answer, receiver) = oneshot::channel();
        let store = self.clone();
        let asked = name.clone();
        let thread = std::thread::Builder::new()
            .name("snapshots".to_owned())
            .spawn(move || {
                // Who asked may have gone.
                drop(answer.send(work(&store, &asked)));
            });
        if let Err(error) = thread {
            return ready(Err(failed(operation, &name, &error))).boxed();
        }
        async move {
            match receiver.await {
                Ok(outcome) => outcome.map_err(|error| failed(operation, &name, &error)),
                Err(oneshot::Canceled) => Err(SnapshotError {
                    operation,
                    name,
                    detail: "it was given up".to_owned(),
                }),
            }
        }
        .boxed()
    }

    /// Writes a whole file into its place, durably.
    fn write(&self, name: &str, content: &[u8]) -> io::Result<()> {
        let number = self.unfinished.fetch_add(1, Ordering::Relaxed);
        let own_name = format!("{:016x}-{number}", self.life);
        let unfinished = self.root.join(UNFINISHED).join(own_name);
        let written = || -> io::Result<()> {
            let mut file = File::create_new(&unfinished)?;
            file.write_all(&sealed::seal(name, content))?;
            file.write_all(content)?;
            file.sync_all()?;
            failpoints::pass(Point::SnapshotWritten);
            let place = self.root.join(name);
            let folder = place.parent().unwrap_or(&self.root);
            make_folders(&self.root, folder)?;
            std::fs::rename(&unfinished, &place)?;
            File::open(folder)?.sync_all()
        };
        written().inspect_err(|_| {
            // A full disk should not stay full of what did not fit.
            if let Err(error) = std::fs::remove_file(&unfinished) {
                tracing::debug!(%error, "an unfinished snapshot stays behind");
            }
        })
    }

    /// The content of a file that is there and whole.
    fn read(&self, name: &str) -> Option<Bytes> {
        let content = match std::fs::read(self.root.join(name)) {
            Ok(stored) => sealed::open(name, stored),
            Err(error) if error.kind() == ErrorKind::NotFound => return None,
            Err(error) => {
                tracing::warn!(name, %error, "passed over: it cannot be read");
                return None;
            }
        };
        if content.is_none() {
            tracing::warn!(name, "passed over: it is damaged");
        }
        content
    }

    /// The snapshots of a partition, newest first.
    fn snapshots(&self, folder: &str) -> io::Result<Vec<FileName>> {
        let mut found: Vec<_> = file_names(&self.root.join(folder))?
            .iter()
            .filter_map(|name| FileName::parse(name))
            .collect();
        found.sort_unstable_by(|a, b| b.cmp(a));
        Ok(found)
    }
}

/// A snapshot's file name: its seq with leading zeros, so that a listing is in order, and its
/// format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct FileName {
    seq: u64,
    format: u32,
}

impl FileName {
    fn parse(text: &str) -> Option<Self> {
        let (seq, format) = text.split_once('-')?;
        let name = Self {
            seq: seq.parse().ok()?,
            format: format.parse().ok()?,
        };
        (name.to_string() == text).then_some(name)
    }

    fn below(self, folder: &str) -> String {
        format!("{folder}/{self}")
    }
}

impl std::fmt::Display for FileName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:020}-{}", self.seq, self.format)
    }
}

fn failed(operation: &'static str, name: &str, error: &io::Error) -> SnapshotError {
    SnapshotError {
        operation,
        name: name.to_owned(),
        detail: error.to_string(),
    }
}

/// Makes a folder below the root, each new one durably known to the one above.
fn make_folders(root: &Path, folder: &Path) -> io::Result<()> {
    if folder == root || folder.is_dir() {
        return Ok(());
    }
    let above = folder.parent().unwrap_or(root);
    make_folders(root, above)?;
    match std::fs::create_dir(folder) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
        Ok(()) | Err(_) => {}
    }
    File::open(above)?.sync_all()
}

/// The names of the files in a folder; none if there is no such folder.
fn file_names(folder: &Path) -> io::Result<Vec<String>> {
    match std::fs::read_dir(folder) {
        Ok(entries) => entries
            .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
            .collect(),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

fn folder_of(journal: Topic, partition: Partition) -> String {
    format!("{journal}/{partition}")
}

/// A file name for any name: letters, digits and a few signs as they are, other bytes as `%xx`.
fn escape(name: &str) -> String {
    let mut escaped = format!("{NAMED}/");
    for (index, byte) in name.bytes().enumerate() {
        let plain = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        // A leading point would hide the file, or mean a folder.
        if plain && !(index == 0 && byte == b'.') {
            escaped.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            write!(escaped, "%{byte:02x}").unwrap_or_default();
        }
    }
    if name.is_empty() {
        escaped.push('%');
    }
    escaped
}

fn unescape(file: &str) -> Option<String> {
    if file == "%" {
        return Some(String::new());
    }
    let mut parts = file.split('%');
    let mut name = parts.next()?.as_bytes().to_vec();
    for part in parts {
        name.push(u8::from_str_radix(part.get(..2)?, 16).ok()?);
        name.extend(part.get(2..)?.as_bytes());
    }
    String::from_utf8(name).ok()
}

impl SnapshotStore for FolderStore {
    fn put(
        &self,
        journal: Topic,
        partition: Partition,
        seq: u64,
        format: u32,
        bytes: Bytes,
    ) -> BoxFuture<'static, Result<(), SnapshotError>> {
        let name = FileName { seq, format }.below(&folder_of(journal, partition));
        self.run("writing", name, move |store, name| {
            store.write(name, &bytes)
        })
    }

    fn newest(
        &self,
        journal: Topic,
        partition: Partition,
        format: u32,
    ) -> BoxFuture<'static, Result<Option<Snapshot>, SnapshotError>> {
        let folder = folder_of(journal, partition);
        self.run("reading", folder, move |store, folder| {
            let candidates = store.snapshots(folder)?;
            let mut candidates = candidates.iter().filter(|name| name.format == format);
            Ok(candidates.find_map(|name| {
                Some(Snapshot {
                    seq: name.seq,
                    bytes: store.read(&name.below(folder))?,
                })
            }))
        })
    }

    fn prune(
        &self,
        journal: Topic,
        partition: Partition,
        keep: usize,
    ) -> BoxFuture<'static, Result<(), SnapshotError>> {
        let folder = folder_of(journal, partition);
        self.run("pruning", folder, move |store, folder| {
            for name in store.snapshots(folder)?.iter().skip(keep) {
                std::fs::remove_file(store.root.join(name.below(folder)))?;
            }
            Ok(())
        })
    }

    fn put_named(
        &self,
        name: String,
        bytes: Bytes,
    ) -> BoxFuture<'static, Result<(), SnapshotError>> {
        self.run("writing", escape(&name), move |store, name| {
            store.write(name, &bytes)
        })
    }

    fn get_named(&self, name: String) -> BoxFuture<'static, Result<Option<Bytes>, SnapshotError>> {
        self.run("reading", escape(&name), |store, name| Ok(store.read(name)))
    }

    fn list_named(&self, prefix: String) -> BoxFuture<'static, Result<Vec<String>, SnapshotError>> {
        self.run("listing", prefix, |store, prefix| {
            let mut names: Vec<_> = file_names(&store.root.join(NAMED))?
                .iter()
                .filter_map(|file| unescape(file))
                .filter(|name| name.starts_with(prefix))
                .collect();
            names.sort_unstable();
            Ok(names)
        })
    }
}

#[cfg(test)]
mod tests;
