//! The newest records of each partition, in memory.
//!
//! Duty: what the fetcher brings serves all readers of this process; who waits is woken; what has
//! become too much leaves at the old end. Each partition also knows how far it has been told that
//! records stand, so that nobody is told "nothing there" while one is on its way.
//!
//! Prohibition: no record comes in twice or out of order, whatever the broker sends again.

use eventlog::Record;
use kernel::{Offset, TopicPartition};
use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use tokio::sync::watch;

/// All partitions that were ever asked for.
pub(crate) struct Windows {
    partitions: RwLock<BTreeMap<TopicPartition, Arc<Window>>>,
    bytes_max: usize,
}

/// One partition.
pub(crate) struct Window {
    pub(crate) at: TopicPartition,
    recent: Mutex<Option<Recent>>,
    /// The offset after the newest record that was ever here.
    newest: watch::Sender<Offset>,
    /// Records were seen or acknowledged below this offset.
    known_end: AtomicU64,
}

/// What has been fetched.
struct Recent {
    records: VecDeque<Record>,
    bytes: usize,
    /// Every record at or after this offset is here, up to `next`.
    floor: Offset,
    /// Everything below this offset is here, or was, or is known not to be.
    next: Offset,
}

/// What the memory knows about a read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Lookup {
    /// These, at least one.
    Here(Vec<Record>),
    /// Everything before `from` has been seen, nothing after it.
    AtTheEnd,
    /// Nobody has fetched here yet, or what is asked for has left: it must be read elsewhere.
    Elsewhere,
}

impl Windows {
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self {
            partitions: RwLock::default(),
            bytes_max,
        }
    }

    pub(crate) fn of(&self, at: TopicPartition) -> Arc<Window> {
        let known = self
            .partitions
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&at)
            .cloned();
        known.unwrap_or_else(|| {
            self.partitions
                .write()
                .unwrap_or_else(PoisonError::into_inner)
                .entry(at)
                .or_insert_with(|| Arc::new(Window::new(at)))
                .clone()
        })
    }

    /// The partitions that are fetched, and what each of them wants next.
    pub(crate) fn standing(&self) -> Vec<(TopicPartition, Offset)> {
        let partitions = self.partitions.read();
        let partitions = partitions.unwrap_or_else(PoisonError::into_inner);
        let next = |window: &Arc<Window>| Some((window.at, window.next()?));
        partitions.values().filter_map(next).collect()
    }

    /// Takes what was fetched of one partition.
    pub(crate) fn take(&self, at: TopicPartition, records: &mut Vec<Record>) {
        self.of(at).take(records, self.bytes_max);
    }
}

impl Window {
    fn new(at: TopicPartition) -> Self {
        Self {
            at,
            recent: Mutex::default(),
            newest: watch::Sender::new(0),
            known_end: AtomicU64::new(0),
        }
    }

    fn recent(&self) -> MutexGuard<'_, Option<Recent>> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes room for what will be fetched from `from` on; false when that was done before.
    pub(crate) fn open(&self, from: Offset) -> bool {
        let mut recent = self.recent();
        if recent.is_some() {
            return false;
        }
        *recent = Some(Recent {
            records: VecDeque::new(),
            bytes: 0,
            floor: from,
            next: from,
        });
        true
    }

    /// Takes the next records; those that were here before are left out.
    fn take(&self, records: &mut Vec<Record>, bytes_max: usize) {
        let mut recent = self.recent();
        let Some(recent_records) = recent.as_mut() else {
            records.clear();
            return;
        };
        for record in records.drain(..) {
            recent_records.push(record);
        }
        recent_records.shrink(bytes_max);
        let next = recent_records.next;
        drop(recent);
        self.note_end(next);
        self.newest.send_if_modified(|newest| {
            let later = next > *newest;
            *newest = next.max(*newest);
            later
        });
    }

    pub(crate) fn read(&self, from: Offset, bytes_max: usize) -> Lookup {
        let recent = self.recent();
        let Some(recent) = recent.as_ref().filter(|recent| from >= recent.floor) else {
            return Lookup::Elsewhere;
        };
        let first = recent
            .records
            .partition_point(|record| record.offset < from);
        let mut bytes = 0_usize;
        let records: Vec<Record> = recent
            .records
            .range(first..)
            .take_while(|record| {
                let taken = bytes == 0 || bytes < bytes_max;
                bytes = bytes.saturating_add(record.bytes.len().max(1));
                taken
            })
            .cloned()
            .collect();
        if records.is_empty() {
            Lookup::AtTheEnd
        } else {
            Lookup::Here(records)
        }
    }

    /// There is no record from `from` to below `end`, though offsets may be taken there.
    pub(crate) fn nothing_between(&self, from: Offset, end: Offset) {
        if let Some(recent) = self.recent().as_mut() {
            if from < recent.floor && recent.floor <= end {
                recent.floor = from;
            }
            if from <= recent.next && recent.next < end {
                recent.next = end;
            }
        }
    }

    /// What is to be fetched next; none: nobody has asked for anything.
    fn next(&self) -> Option<Offset> {
        self.recent().as_ref().map(|recent| recent.next)
    }

    /// Whether everything below `end` has been seen here.
    pub(crate) fn has_seen(&self, end: Offset) -> bool {
        self.recent()
            .as_ref()
            .is_some_and(|recent| recent.next >= end)
    }

    /// Whether a reader at `from` has something to read elsewhere.
    pub(crate) fn has_left(&self, from: Offset) -> bool {
        self.recent()
            .as_ref()
            .is_some_and(|recent| from < recent.floor)
    }

    /// Somebody was told that records stand below this offset.
    pub(crate) fn note_end(&self, end: Offset) {
        self.known_end.fetch_max(end, Ordering::AcqRel);
    }

    /// Below this offset records stand, as far as anybody here was told.
    pub(crate) fn known_end(&self) -> Offset {
        self.known_end.load(Ordering::Acquire)
    }

    /// The offset after the newest fetched record, as it grows.
    pub(crate) fn follow(&self) -> watch::Receiver<Offset> {
        self.newest.subscribe()
    }
}

impl Recent {
    fn push(&mut self, record: Record) {
        if record.offset < self.next {
            return;
        }
        self.next = record.offset.saturating_add(1);
        self.bytes = self.bytes.saturating_add(record.bytes.len());
        self.records.push_back(record);
    }

    fn shrink(&mut self, bytes_max: usize) {
        while self.bytes > bytes_max
            && let Some(oldest) = self.records.pop_front()
        {
            self.bytes = self.bytes.saturating_sub(oldest.bytes.len());
            self.floor = oldest.offset.saturating_add(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use kernel::Topic;

    fn window(from: Offset) -> Window {
        let window = Window::new(TopicPartition::new(Topic::BetsEvents, 0));
        assert!(window.open(from));
        window
    }

    fn take(window: &Window, offsets: &[Offset]) {
        let record = |offset: &Offset| Record {
            offset: *offset,
            bytes: Bytes::from_static(&[0; 10]),
        };
        window.take(&mut offsets.iter().map(record).collect(), 25);
    }

    fn here(offsets: &[Offset], lookup: Lookup) -> bool {
        matches!(lookup, Lookup::Here(records) if records.iter().map(|r| r.offset).eq(offsets.iter().copied()))
    }

    #[test]
    fn old_records_make_room_and_are_read_elsewhere() {
        let window = window(0);
        take(&window, &[0, 2, 5]);
        assert_eq!(window.read(0, 100), Lookup::Elsewhere);
        assert!(here(&[2, 5], window.read(1, 100)));
        assert!(here(&[5], window.read(3, 100)), "a gap");
        assert!(here(&[2], window.read(1, 5)), "bounded");
        assert_eq!(window.read(6, 100), Lookup::AtTheEnd);
    }

    #[test]
    fn what_the_broker_sends_again_comes_in_once() {
        let window = window(3);
        take(&window, &[0, 3, 4]);
        take(&window, &[0, 3, 4, 5]);
        assert!(here(&[4, 5], window.read(4, 100)));
        assert_eq!(window.read(2, 100), Lookup::Elsewhere);
    }

    #[test]
    fn nobody_has_fetched_yet() {
        let window = Window::new(TopicPartition::new(Topic::BetsEvents, 0));
        assert_eq!(window.read(0, 100), Lookup::Elsewhere);
        assert!(!window.has_left(0));
        take(&window, &[1]);
        assert_eq!(window.read(0, 100), Lookup::Elsewhere, "not asked for");
        assert!(window.open(2) && !window.open(0));
    }

    #[test]
    fn offsets_without_records_are_seen_once_known() {
        let window = window(4);
        assert!(window.has_left(2));
        window.nothing_between(2, 4);
        assert!(!window.has_left(2));
        take(&window, &[4]);
        assert!(!window.has_seen(8));
        window.nothing_between(5, 8);
        assert!(window.has_seen(8));
        assert_eq!(window.read(5, 100), Lookup::AtTheEnd);
        assert!(here(&[4], window.read(2, 100)));
    }

    #[test]
    fn a_gap_that_ends_short_of_the_window_opens_nothing() {
        let window = window(4);
        window.nothing_between(2, 3);
        assert!(window.has_left(2));
    }
}
