//! What furlong asks of a store of views, in its own words.
//!
//! Obligations of every adapter: rows are never behind the progress that it tells; a row never
//! goes back to a lower seq; the same rows applied again change nothing; what a read returns was
//! once written, whole, by one `apply`; two owners of one row are told, when the second writes or
//! when the row is read. Durability is not asked for: after a crash a store may stand at any
//! earlier progress, as long as its rows do not stand before it.
//!
//! A store in the process (memory, a file) keeps more, and `contract::check_embedded` holds it to
//! that: `apply` is all or nothing, rows and progress together; a second owner is refused; what
//! was passed over is counted; a row written again at its own seq with another value is replaced.
//! A store of several nodes promises none of these: rows may stand ahead of the progress, and
//! two values of one row at one seq, which no projection makes, are told as damage.

use crate::row::{Row, StoredRow};
use futures::future::BoxFuture;
use kernel::{Offset, TopicPartition};
use std::ops::Bound;

/// How far the rows of a journal partition have come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// The offset to read next.
    pub next_offset: Offset,
    /// The seq of the last effective decision among what was read.
    pub seq: u64,
    /// The projector's fold, encoded; the store does not look into it.
    pub chain: Vec<u8>,
}

/// What an `apply` did, as far as the store knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// Rows that were handed to the store; where it reads before it writes, those that stand.
    pub written: u64,
    /// Rows that were passed over because a row of a higher seq was seen to stand in their place,
    /// in the same `apply` at least.
    pub ignored: u64,
}

/// The lowest and the highest bound on keys.
pub type KeyRange = (Bound<Vec<u8>>, Bound<Vec<u8>>);

/// A walk through a table, in the order of keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scan {
    /// The table's name.
    pub table: &'static str,
    /// Only keys that begin so.
    pub prefix: Vec<u8>,
    /// Where to begin, in the direction of the walk.
    pub start: Bound<Vec<u8>>,
    /// From the highest key to the lowest.
    pub reverse: bool,
    /// Not more rows than this.
    pub rows_max: usize,
}

impl Scan {
    /// All rows of the table whose keys begin with `prefix`, upwards.
    #[must_use]
    pub fn of(table: &'static str, prefix: impl Into<Vec<u8>>) -> Self {
        Self {
            table,
            prefix: prefix.into(),
            start: Bound::Unbounded,
            reverse: false,
            rows_max: usize::MAX,
        }
    }

    /// Begins with this key, if there is one, else with the next in the direction of the walk.
    #[must_use]
    pub fn from(mut self, key: impl Into<Vec<u8>>) -> Self {
        self.start = Bound::Included(key.into());
        self
    }

    /// Begins behind this key: how a page goes on after the last key of the one before.
    #[must_use]
    pub fn after(mut self, key: impl Into<Vec<u8>>) -> Self {
        self.start = Bound::Excluded(key.into());
        self
    }

    /// Walks downwards.
    #[must_use]
    pub fn reversed(mut self) -> Self {
        self.reverse = true;
        self
    }

    /// Stops after so many rows.
    #[must_use]
    pub fn rows_max(mut self, rows_max: usize) -> Self {
        self.rows_max = rows_max;
        self
    }

    /// The lowest and the highest bound on keys that the walk amounts to; `None` if no key can
    /// lie between them. For adapters.
    #[must_use]
    pub fn key_range(&self) -> Option<KeyRange> {
        let mut lowest = Bound::Included(self.prefix.clone());
        let mut highest = after_prefix(&self.prefix).map_or(Bound::Unbounded, Bound::Excluded);
        if self.reverse {
            highest = lower_of(self.start.clone(), highest);
        } else {
            lowest = higher_of(self.start.clone(), lowest);
        }
        match (&lowest, &highest) {
            (Bound::Included(a), Bound::Included(b)) if a > b => None,
            (Bound::Included(a), Bound::Excluded(b)) if a >= b => None,
            (Bound::Excluded(a), Bound::Included(b) | Bound::Excluded(b)) if a >= b => None,
            _ => Some((lowest, highest)),
        }
    }
}

/// The first key that is above every key with this prefix; `None` if there is none.
fn after_prefix(prefix: &[u8]) -> Option<Vec<u8>> {
    let mut key = prefix.to_vec();
    while let Some(last) = key.pop() {
        if let Some(next) = last.checked_add(1) {
            key.push(next);
            return Some(key);
        }
    }
    None
}

fn higher_of(start: Bound<Vec<u8>>, lowest: Bound<Vec<u8>>) -> Bound<Vec<u8>> {
    match (&start, &lowest) {
        (Bound::Included(a) | Bound::Excluded(a), Bound::Included(b)) if a >= b => start,
        _ => lowest,
    }
}

fn lower_of(start: Bound<Vec<u8>>, highest: Bound<Vec<u8>>) -> Bound<Vec<u8>> {
    match (&start, &highest) {
        (Bound::Included(a) | Bound::Excluded(a), Bound::Excluded(b)) if a < b => start,
        (Bound::Included(_) | Bound::Excluded(_), Bound::Unbounded) => start,
        _ => highest,
    }
}

/// Why the store could not be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ViewError {
    /// The store does not answer, or refuses to work.
    #[error("{operation} failed: {detail}")]
    Unavailable {
        /// What was attempted.
        operation: &'static str,
        /// What the store said.
        detail: String,
    },
    /// A row does not match its checksum: it is damaged, or mixed from several writes. The view
    /// can be cleared and filled again from the log.
    #[error("a row of {table} is damaged: key {key:02x?}")]
    Damaged {
        /// Which table.
        table: String,
        /// Which row.
        key: Vec<u8>,
    },
    /// Two journal partitions write the same row; their seqs do not compare.
    #[error("a row of {table} belongs to {owner} and was written for {writer}: key {key:02x?}")]
    TwoOwners {
        /// Which table.
        table: String,
        /// Which row.
        key: Vec<u8>,
        /// Whose it is; when it was told by a read, the lower of the two.
        owner: TopicPartition,
        /// Who wrote it as well.
        writer: TopicPartition,
    },
    /// The store was emptied since this partition's progress was last asked for. Nothing is
    /// written until it is asked for again: the projector begins where that says.
    #[error("the views were emptied: they are to be written again from their progress")]
    Cleared,
}

/// A store of rows for readers.
pub trait ViewStore: Send + Sync + 'static {
    /// Writes rows of one journal partition, and then its progress. A row whose seq is below that
    /// of the row in its place is passed over; of several rows with one key the last of the
    /// highest seq stands. Progress never goes back either. Applies of one partition take effect
    /// in the order of the calls.
    ///
    /// # Errors
    /// The progress was not written, or it is not known; an embedded store wrote no row either.
    /// The caller applies the same again before it goes on; after [`ViewError::Cleared`] it asks
    /// for the progress and begins there.
    fn apply(
        &self,
        topic_partition: TopicPartition,
        rows: Vec<Row>,
        progress: Progress,
    ) -> BoxFuture<'static, Result<Applied, ViewError>>;

    /// The row with this key.
    ///
    /// # Errors
    /// The store does not answer, or the row is damaged.
    fn get(
        &self,
        table: &'static str,
        key: Vec<u8>,
    ) -> BoxFuture<'static, Result<Option<StoredRow>, ViewError>>;

    /// The rows of a walk, in its order.
    ///
    /// # Errors
    /// The store does not answer, or one of the rows is damaged.
    fn scan(&self, scan: Scan) -> BoxFuture<'static, Result<Vec<StoredRow>, ViewError>>;

    /// How far the rows of this journal partition have come; `None` before the first `apply`.
    ///
    /// # Errors
    /// The store does not answer.
    fn progress(
        &self,
        topic_partition: TopicPartition,
    ) -> BoxFuture<'static, Result<Option<Progress>, ViewError>>;

    /// Forgets all rows and all progress, so that projectors begin again. Other processes that
    /// write the same store are told so at their next `apply`.
    ///
    /// # Errors
    /// Nothing was forgotten, or it is not known.
    fn clear(&self) -> BoxFuture<'static, Result<(), ViewError>>;
}
