//! Rows as the log has them, against rows as the views have them.
//!
//! Duty: keep of each row that the projections make its seq and a hash, and go through the views
//! once. Rows above a view's own progress are not written yet, which is no difference; nor is a
//! row that a running store has renewed since its progress was read.

use super::findings::{Findings, Kind};
use super::views::StoredViews;
use eventlog::Chain;
use kernel::{Digest, Offset, TopicPartition};
use runtime::{Effective, Stretch, chain_from_bytes, rows_of};
use std::collections::BTreeMap;
use viewstore::{Progress, Row, StoredRow, ViewError};

/// What a comparison came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compared {
    /// How far the views had come: the next offset of each journal partition that they have taken
    /// anything of.
    pub stand_at: BTreeMap<TopicPartition, Offset>,
    /// Rows of the views that were compared.
    pub rows: u64,
    /// Decisions that the views have not taken yet.
    pub not_yet_projected: u64,
    /// Rows of a running store that are newer than its progress was.
    pub renewed_since: u64,
    /// Partitions left out because the views are ahead of where the replay ended.
    pub partitions_ahead: u64,
}

struct Expected {
    at: TopicPartition,
    seq: u64,
    value: Digest,
}

/// The rows that the views should have.
pub struct ExpectedRows {
    projections: BTreeMap<kernel::Topic, runtime::Projection>,
    progress: BTreeMap<TopicPartition, Progress>,
    reached: BTreeMap<TopicPartition, u64>,
    rows: BTreeMap<(String, Vec<u8>), Expected>,
    compared: Compared,
}

impl ExpectedRows {
    /// For views that stand so far.
    ///
    /// # Errors
    /// The views cannot be read.
    pub fn for_views(views: &dyn StoredViews) -> Result<Self, ViewError> {
        let progress: BTreeMap<TopicPartition, Progress> = views.progress()?.into_iter().collect();
        let stand_at = progress
            .iter()
            .map(|(at, progress)| (*at, progress.next_offset))
            .collect();
        Ok(Self {
            projections: crate::engine::projections(),
            progress,
            reached: BTreeMap::new(),
            rows: BTreeMap::new(),
            compared: Compared {
                stand_at,
                ..Compared::default()
            },
        })
    }

    /// The fold before a record: where the views stand, theirs must be the same.
    pub fn before(&self, at: TopicPartition, chain: &Chain, offset: u64, findings: &mut Findings) {
        let Some(progress) = self.progress.get(&at) else {
            return;
        };
        let passes = chain.next_offset <= progress.next_offset && progress.next_offset <= offset;
        let theirs = chain_from_bytes(&progress.chain);
        if passes && theirs.seq == chain.seq && theirs.head != chain.head {
            findings.discrepancy(
                Kind::View,
                at,
                Some(progress.next_offset),
                format!(
                    "the views were written from another log: head {} there, {} here",
                    theirs.head, chain.head
                ),
            );
        }
    }

    /// An effective decision of the log.
    pub fn take(&mut self, at: TopicPartition, effective: &Effective, chain: &Chain) {
        let seq = effective.decision.header.seq;
        self.reached.insert(at, seq);
        if self
            .progress
            .get(&at)
            .is_none_or(|progress| seq > progress.seq)
        {
            self.compared.not_yet_projected = self.compared.not_yet_projected.saturating_add(1);
            return;
        }
        let stretch = Stretch {
            topic_partition: at,
            decisions: vec![effective.clone()],
            chain: chain.clone(),
        };
        for row in rows_of(&stretch, self.projections.get(&at.topic).copied()) {
            self.expect(at, row);
        }
    }

    /// Of several rows with one key the last of the highest seq stands.
    fn expect(&mut self, at: TopicPartition, row: Row) {
        let expected = Expected {
            at,
            seq: row.seq,
            value: eventlog::digest(&row.value),
        };
        let place = (row.table.to_owned(), row.key);
        match self.rows.get_mut(&place) {
            Some(standing) if standing.seq > expected.seq => {}
            Some(standing) => *standing = expected,
            None => {
                self.rows.insert(place, expected);
            }
        }
    }

    /// Goes through the views. `partial`: the log was not told to its end.
    ///
    /// # Errors
    /// The views cannot be read.
    pub fn compare(
        mut self,
        views: &dyn StoredViews,
        partial: bool,
        findings: &mut Findings,
    ) -> Result<Compared, ViewError> {
        let ahead = self.partitions_ahead(partial, findings);
        let (rows, compared, progress) = (&mut self.rows, &mut self.compared, &self.progress);
        let is_newer = |row: &StoredRow| {
            let known = progress.get(&row.topic_partition);
            views.is_moving() && known.is_none_or(|progress| row.seq > progress.seq)
        };
        views.each_row(&mut |table, row| match row {
            Ok(row) => {
                let expected = rows.remove(&(table.to_owned(), row.key.clone()));
                if is_newer(&row) {
                    compared.renewed_since = compared.renewed_since.saturating_add(1);
                } else if !ahead.contains(&row.topic_partition) {
                    compared.rows = compared.rows.saturating_add(1);
                    compare_row(table, &row, expected.as_ref(), findings);
                }
            }
            Err(ViewError::Damaged { table, key }) => {
                let expected = rows.remove(&(table.clone(), key.clone()));
                let at = expected.map_or_else(unknown, |expected| expected.at);
                let detail = format!("row {table} {} is damaged", hex(&key));
                findings.discrepancy(Kind::View, at, None, detail);
            }
            Err(error) => {
                findings.unreadable(Kind::View, unknown(), None, error.to_string());
            }
        })?;
        for ((table, key), expected) in &*rows {
            if ahead.contains(&expected.at) {
                continue;
            }
            let detail = format!(
                "row {table} {} of seq {} is missing from the views",
                hex(key),
                expected.seq
            );
            findings.discrepancy(Kind::View, expected.at, None, detail);
        }
        Ok(self.compared)
    }

    /// Partitions whose views stand on more than was folded.
    fn partitions_ahead(&mut self, partial: bool, findings: &mut Findings) -> Vec<TopicPartition> {
        let mut ahead = Vec::new();
        for (at, progress) in &self.progress {
            let reached = self.reached.get(at).copied().unwrap_or(0);
            if progress.seq <= reached {
                continue;
            }
            ahead.push(*at);
            if partial {
                self.compared.partitions_ahead = self.compared.partitions_ahead.saturating_add(1);
            } else {
                findings.discrepancy(
                    Kind::View,
                    *at,
                    None,
                    format!(
                        "the views stand at seq {}, the log folds to {reached}",
                        progress.seq
                    ),
                );
            }
        }
        ahead
    }
}

fn compare_row(table: &str, row: &StoredRow, expected: Option<&Expected>, findings: &mut Findings) {
    let at = row.topic_partition;
    let name = format!("row {table} {}", hex(&row.key));
    let detail = match expected {
        None => format!("{name} of seq {} does not follow from the log", row.seq),
        Some(expected) if expected.at != at => {
            format!("{name} is filed under {at}, it belongs to {}", expected.at)
        }
        Some(expected) if expected.seq != row.seq => {
            format!(
                "{name} stands on seq {}, the log says {}",
                row.seq, expected.seq
            )
        }
        Some(expected) if expected.value != eventlog::digest(&row.value) => {
            format!(
                "{name} of seq {} has another value than the log gives it",
                row.seq
            )
        }
        Some(_) => return,
    };
    findings.discrepancy(Kind::View, at, None, detail);
}

/// A row that nobody can be asked about.
const fn unknown() -> TopicPartition {
    TopicPartition::new(kernel::Topic::AuthEvents, 0)
}

fn hex(key: &[u8]) -> String {
    key.iter().map(|byte| format!("{byte:02x}")).collect()
}
