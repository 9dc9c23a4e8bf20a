//! What operators watch of the parts of a process, as numbers.
//!
//! Duty: count and time what owners and readers do. A part asks for its figures once, when it
//! begins; after that an event costs an addition to an atomic number, and no name is put together.
//! Prohibition: nothing is decided on a figure, and none is read back by the part that wrote it.

use crate::clock::Clock;
use kernel::{Timestamp, TopicPartition};
use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// A number that others may look at.
#[derive(Debug, Default)]
pub struct Figure(AtomicU64);

impl Figure {
    pub(crate) fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    pub(crate) fn set(&self, now: u64) {
        self.0.store(now, Ordering::Relaxed);
    }

    /// The number.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Durations, sorted into fixed steps.
#[derive(Debug, Default)]
pub struct Durations {
    steps: [Figure; Self::BOUNDS_MICROS.len()],
    longer: Figure,
    sum_micros: Figure,
}

impl Durations {
    /// The upper bounds of the steps, in microseconds.
    pub const BOUNDS_MICROS: [u64; 13] = [
        500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000,
        2_500_000, 10_000_000,
    ];

    fn observe(&self, micros: u64) {
        let mut steps = self.steps.iter().zip(Self::BOUNDS_MICROS);
        let step = steps.find(|(_, bound)| micros <= *bound);
        step.map_or(&self.longer, |(count, _)| count).add(1);
        self.sum_micros.add(micros);
    }

    /// How many there were up to each bound, as pairs of bound and number; the last has none.
    #[must_use]
    pub fn up_to(&self) -> Vec<(Option<u64>, u64)> {
        let bounds = Self::BOUNDS_MICROS.into_iter().map(Some).chain([None]);
        let counts = self.steps.iter().chain([&self.longer]);
        let mut all = 0_u64;
        bounds
            .zip(counts)
            .map(|(bound, count)| {
                all = all.saturating_add(count.get());
                (bound, all)
            })
            .collect()
    }

    /// All of them together, in microseconds.
    #[must_use]
    pub fn sum_micros(&self) -> u64 {
        self.sum_micros.get()
    }
}

/// What the owner of a partition does, over all its reigns in this process.
#[derive(Debug, Default)]
pub struct OwnerFigures {
    /// Own decisions that were read back: they count.
    pub decisions: Figure,
    /// Inputs that were read and wait to be decided.
    pub waiting: Figure,
    /// From an append to the read-back of its last record.
    pub read_back: Durations,
    /// Claims that stood.
    pub claims: Figure,
    /// Reigns that another claim ended.
    pub fences: Figure,
    /// Reigns that ended because it was not known what of an append counts.
    pub doubts: Figure,
}

/// Who reads a journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReaderKind {
    /// Tells the gateway's listeners.
    Reader,
    /// Writes the views; in a process that is alone it tells the listeners too.
    Projector,
    /// Draws the picture of the markets.
    Picture,
}

/// What a reader of a journal partition does.
#[derive(Debug, Default)]
pub struct ReaderFigures {
    /// Whether it reads at present.
    following: AtomicBool,
    /// Where the log ended when it was asked last.
    end: Figure,
    /// The next offset to be read.
    read_to: Figure,
    /// The next offset whose rows are to be written.
    written_to: Figure,
    /// Rows that were written, repeats included.
    pub rows: Figure,
    /// Calls of the view store that failed and were made again.
    pub retries: Figure,
}

impl ReaderFigures {
    /// Records in the log that it has not read. None while it does not read.
    #[must_use]
    pub fn unread(&self) -> Option<u64> {
        self.behind(&self.read_to)
    }

    /// Records in the log whose rows it has not written. None while it does not read.
    #[must_use]
    pub fn unwritten(&self) -> Option<u64> {
        self.behind(&self.written_to)
    }

    fn behind(&self, reached: &Figure) -> Option<u64> {
        let following = self.following.load(Ordering::Relaxed);
        following.then(|| self.end.get().saturating_sub(reached.get()))
    }

    pub(crate) fn note_end(&self, end: u64) {
        self.end.set(end);
    }

    pub(crate) fn note_read(&self, next_offset: u64) {
        self.read_to.set(next_offset);
    }

    pub(crate) fn note_written(&self, next_offset: u64) {
        self.written_to.set(next_offset);
    }

    /// Reads from here on, until this is dropped.
    pub(crate) fn follow(self: &Arc<Self>, next_offset: u64) -> Following {
        self.note_read(next_offset);
        self.note_written(next_offset);
        self.following.store(true, Ordering::Relaxed);
        Following(Arc::clone(self))
    }
}

/// A reader that reads.
pub(crate) struct Following(Arc<ReaderFigures>);

impl Drop for Following {
    fn drop(&mut self) {
        self.0.following.store(false, Ordering::Relaxed);
    }
}

type Kept<K, F> = Mutex<BTreeMap<K, Arc<F>>>;

/// The figures of a process.
#[derive(Debug, Default)]
pub struct Figures {
    owners: Kept<TopicPartition, OwnerFigures>,
    readers: Kept<(ReaderKind, TopicPartition), ReaderFigures>,
}

fn of<K: Ord, F: Default>(kept: &Kept<K, F>, key: K) -> Arc<F> {
    let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
    Arc::clone(kept.entry(key).or_default())
}

fn all<K: Ord + Copy, F>(kept: &Kept<K, F>) -> Vec<(K, Arc<F>)> {
    let kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
    kept.iter()
        .map(|(key, figures)| (*key, Arc::clone(figures)))
        .collect()
}

impl Figures {
    pub(crate) fn owner(&self, at: TopicPartition) -> Arc<OwnerFigures> {
        of(&self.owners, at)
    }

    pub(crate) fn reader(&self, kind: ReaderKind, at: TopicPartition) -> Arc<ReaderFigures> {
        of(&self.readers, (kind, at))
    }

    /// Every owner that began in this process.
    #[must_use]
    pub fn owners(&self) -> Vec<(TopicPartition, Arc<OwnerFigures>)> {
        all(&self.owners)
    }

    /// Every reader that began in this process.
    #[must_use]
    pub fn readers(&self) -> Vec<((ReaderKind, TopicPartition), Arc<ReaderFigures>)> {
        all(&self.readers)
    }
}

/// One reign, as its figures see it: counts what comes back, and times each append from its
/// leaving to the read-back of its last record.
pub(crate) struct Reign {
    figures: Arc<OwnerFigures>,
    /// The last number in the chain that was read back.
    back: u64,
    /// The last number that was appended.
    sent: u64,
    /// The last number of each append that is on its way, and when it left.
    on_the_way: VecDeque<(u64, Timestamp)>,
}

impl Reign {
    /// The claim stands; the chain has come to this number.
    pub(crate) fn begin(figures: Arc<OwnerFigures>, seq: u64) -> Self {
        figures.claims.add(1);
        Self {
            figures,
            back: seq,
            sent: seq,
            on_the_way: VecDeque::new(),
        }
    }

    /// So many records leave together.
    pub(crate) fn appended(&mut self, records: usize, now: Timestamp) {
        let records = u64::try_from(records).unwrap_or(u64::MAX);
        self.sent = self.sent.saturating_add(records);
        self.on_the_way.push_back((self.sent, now));
    }

    /// The chain has come to this number.
    pub(crate) fn read_back(&mut self, seq: u64, clock: &dyn Clock) {
        if seq <= self.back {
            return;
        }
        self.figures.decisions.add(seq.saturating_sub(self.back));
        self.back = seq;
        let now = clock.now();
        while let Some((_, left)) = self.on_the_way.pop_front_if(|(last, _)| *last <= seq) {
            let micros = u64::try_from(now.since(left).micros()).unwrap_or(0);
            self.figures.read_back.observe(micros);
        }
    }

    /// So many inputs wait.
    pub(crate) fn waiting(&self, inputs: usize) {
        let inputs = u64::try_from(inputs).unwrap_or(u64::MAX);
        self.figures.waiting.set(inputs);
    }
}

impl Drop for Reign {
    fn drop(&mut self) {
        self.figures.waiting.set(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::Topic;
    use std::time::Duration;

    /// Stands at a time.
    struct At(i64);

    impl Clock for At {
        fn now(&self) -> Timestamp {
            Timestamp::from_micros(self.0)
        }

        fn until(&self, _: Timestamp) -> Duration {
            Duration::ZERO
        }
    }

    fn partition() -> TopicPartition {
        TopicPartition::new(Topic::BetsEvents, 3)
    }

    #[test]
    fn a_reign_counts_what_comes_back_and_times_whole_appends() {
        let figures = Figures::default().owner(partition());
        let mut reign = Reign::begin(Arc::clone(&figures), 10);
        reign.appended(3, At(1_000).now());
        reign.appended(1, At(2_000).now());
        reign.read_back(12, &At(5_000));
        assert_eq!(figures.decisions.get(), 2);
        assert_eq!(figures.read_back.sum_micros(), 0, "the append is not whole");
        reign.read_back(14, &At(9_000));
        reign.read_back(14, &At(99_000));
        assert_eq!((figures.decisions.get(), figures.claims.get()), (4, 1));
        assert_eq!(figures.read_back.sum_micros(), 8_000 + 7_000);
        let up_to = figures.read_back.up_to();
        assert_eq!(up_to.get(3), Some(&(Some(5_000), 0)));
        assert_eq!(up_to.get(4), Some(&(Some(10_000), 2)));
        assert_eq!(up_to.last(), Some(&(None, 2)));
    }

    #[test]
    fn what_takes_longer_than_the_last_bound_is_counted() {
        let durations = Durations::default();
        durations.observe(10_000_001);
        let up_to = durations.up_to();
        assert_eq!(up_to.last(), Some(&(None, 1)));
        assert!(up_to.iter().rev().skip(1).all(|(_, count)| *count == 0));
    }

    #[test]
    fn nothing_waits_when_a_reign_is_over() {
        let figures = Figures::default().owner(partition());
        let reign = Reign::begin(Arc::clone(&figures), 0);
        reign.waiting(7);
        assert_eq!(figures.waiting.get(), 7);
        drop(reign);
        assert_eq!(figures.waiting.get(), 0);
    }

    #[test]
    fn a_reader_is_behind_only_while_it_reads() {
        let all = Figures::default();
        let figures = all.reader(ReaderKind::Projector, partition());
        figures.note_end(50);
        assert_eq!(figures.unread(), None);
        let following = figures.follow(20);
        figures.note_read(45);
        figures.note_written(30);
        assert_eq!((figures.unread(), figures.unwritten()), (Some(5), Some(20)));
        figures.note_read(60);
        assert_eq!(figures.unread(), Some(0), "the end was asked for before");
        drop(following);
        assert_eq!(figures.unwritten(), None);
    }

    #[test]
    fn figures_are_kept_for_whoever_begins_again() {
        let all = Figures::default();
        all.owner(partition()).fences.add(1);
        all.owner(partition()).fences.add(1);
        let owners = all.owners();
        assert_eq!(owners.len(), 1);
        assert!(owners.iter().all(|(_, owner)| owner.fences.get() == 2));
    }
}
