//! Bytes before meaning: running hashes over everything that is stored.
//!
//! Duty: work out the running hash of a topic partition from its records and hold it against the
//! one that the log moved along with them, if it did, and against every signed checkpoint on the
//! way. A log
//! that has grown since a checkpoint is as it should be; a shorter or another one is not.

use super::findings::{Findings, Kind};
use super::stored::{PartitionEnd, Stored};
use audit::checkpoint::PartitionMark;
use eventlog::RunningHash;
use kernel::TopicPartition;

/// What a look at the bytes of one partition came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RawCheck {
    /// Stored records.
    pub records: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Records behind the newest checkpoint.
    pub unsigned: u64,
}

/// Looks at one partition. `marks` ascend.
pub fn check_raw(
    log: &dyn Stored,
    stored: &PartitionEnd,
    marks: &[PartitionMark],
    findings: &mut Findings,
) -> RawCheck {
    let at = stored.at;
    let mut check = RawCheck::default();
    let mut hash = RunningHash::default();
    let mut marks_ahead = marks.iter().peekable();
    let mut agreed_to = 0;
    let mut altered = false;
    for record in log.records(at, 0) {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                findings.unreadable(Kind::Storage, at, None, error.to_string());
                return check;
            }
        };
        while let Some(mark) = marks_ahead.next_if(|mark| mark.end.offset <= record.offset) {
            altered |= !agrees(mark, hash, &mut agreed_to, altered, findings);
        }
        hash = hash.then(record.offset, &record.bytes);
        check.records = check.records.saturating_add(1);
        let length = u64::try_from(record.bytes.len()).unwrap_or(u64::MAX);
        check.bytes = check.bytes.saturating_add(length);
        let is_signed = marks
            .last()
            .is_some_and(|mark| record.offset < mark.end.offset);
        check.unsigned = check.unsigned.saturating_add(u64::from(!is_signed));
    }
    for mark in marks_ahead {
        if mark.end.offset > stored.next_offset {
            let detail = format!(
                "the log ends at {}, a signed checkpoint knows it up to {}: records are lost",
                stored.next_offset, mark.end.offset
            );
            findings.discrepancy(Kind::Checkpoint, at, Some(stored.next_offset), detail);
            break;
        }
        altered |= !agrees(mark, hash, &mut agreed_to, altered, findings);
    }
    if stored.running_hash.is_some_and(|kept| kept != hash) {
        findings.discrepancy(
            Kind::Bytes,
            at,
            None,
            format!(
                "the stored records from {agreed_to} to {} do not amount to the running hash that was written with them: bytes were altered, added or removed",
                stored.next_offset
            ),
        );
    }
    check
}

/// Holds one checkpoint against the hash so far. Only the first that differs is told: later ones
/// must differ as well.
fn agrees(
    mark: &PartitionMark,
    hash: RunningHash,
    agreed_to: &mut u64,
    altered: bool,
    findings: &mut Findings,
) -> bool {
    if hash.digest() == mark.running_hash {
        *agreed_to = mark.end.offset;
        return true;
    }
    if !altered {
        findings.discrepancy(
            Kind::Checkpoint,
            mark.end.topic_partition(),
            Some(*agreed_to),
            format!(
                "a signed checkpoint knows other bytes: records from {agreed_to} to {} were altered, added or removed",
                mark.end.offset
            ),
        );
    }
    false
}

/// Partitions that a checkpoint knows and the log does not have at all.
pub fn check_missing(stored: &[PartitionEnd], marks: &super::Marks, findings: &mut Findings) {
    let has = |at: TopicPartition| stored.iter().any(|partition| partition.at == at);
    for at in marks.partitions().filter(|at| !has(*at)) {
        let ends = marks.of(at).iter().any(|mark| mark.end.offset > 0);
        if ends {
            let detail = "a signed checkpoint knows records here, the log has none";
            findings.discrepancy(Kind::Checkpoint, at, Some(0), detail);
        }
    }
}
