//! What readers of one log have folded and decoded lately.
//!
//! Duty: a large record that one reader has judged effective and decoded is handed to the others
//! as it is, so that a process with forty readers of a partition decodes a book of ten thousand
//! prices once. A reader takes it only if it stands at the same head and has the same bytes before
//! it: a head covers all that was effective before, claims included, so it would judge the same.
//!
//! Prohibition: nothing is known here that reading would not tell: it may forget anything at any
//! time, and whoever finds nothing here folds and decodes.

use crate::{Chain, Known, Record};
use bytes::Bytes;
use kernel::{Digest, Offset, TopicPartition};
use schemas::Decision;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Smaller records are read again as quickly as they are found here.
const RECORD_BYTES_MIN: usize = 4_096;

/// An effective record, decoded.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The decision.
    pub decision: Arc<Decision>,
    /// Its body (rejection and events) as it stands in the record.
    pub body: Bytes,
}

/// The newest large records of a log, decoded; shared by its readers.
pub struct Folded {
    kept: Mutex<Kept>,
    bytes_max: usize,
}

#[derive(Default)]
struct Kept {
    readings: BTreeMap<(TopicPartition, Offset), (Known, Reading)>,
    order: VecDeque<(TopicPartition, Offset)>,
    bytes: usize,
}

impl Folded {
    /// Keeps as many as have so many bytes in the log; decoded they take a few times as much.
    #[must_use]
    pub fn new(bytes_max: usize) -> Self {
        Self {
            kept: Mutex::default(),
            bytes_max,
        }
    }

    /// Takes the record onto this chain if another reader has left it here.
    pub fn take(&self, at: TopicPartition, chain: &mut Chain, record: &Record) -> Option<Reading> {
        if record.bytes.len() < RECORD_BYTES_MIN {
            return None;
        }
        // Compared outside the lock: others look here meanwhile.
        let (known, reading) = self.kept().readings.get(&(at, record.offset)).cloned()?;
        chain
            .confirm(record.offset, &record.bytes, &known)
            .then_some(reading)
    }

    /// Leaves a record here that was judged effective on the head `prev` and made the chain what
    /// it is now.
    pub fn leave(
        &self,
        at: TopicPartition,
        prev: Digest,
        chain: &Chain,
        record: &Record,
        reading: &Reading,
    ) {
        let bytes = record.bytes.len();
        if !(RECORD_BYTES_MIN..=self.bytes_max).contains(&bytes) {
            return;
        }
        let place = (at, record.offset);
        let known = Known::judged(prev, chain, record.bytes.clone());
        let mut kept = self.kept();
        if kept
            .readings
            .insert(place, (known, reading.clone()))
            .is_some()
        {
            // Two readers came to it at once, or the log was begun anew: the newer one stands.
            return;
        }
        kept.order.push_back(place);
        kept.bytes = kept.bytes.saturating_add(bytes);
        while kept.bytes > self.bytes_max
            && let Some(oldest) = kept.order.pop_front()
        {
            let gone = kept.readings.remove(&oldest);
            let gone = gone.map_or(0, |(known, _)| known.len());
            kept.bytes = kept.bytes.saturating_sub(gone);
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::{CorrelationId, Timestamp, Topic};
    use schemas::odds::{Event, MarketSuspended, Rejection};
    use schemas::{Body, ClaimId, Events, Header, Kind};

    const AT: TopicPartition = TopicPartition::new(Topic::OddsEvents, 3);

    fn header(chain: &Chain, kind: Kind) -> Header {
        let decision = kind == Kind::Decision;
        Header {
            kind,
            epoch: 1,
            claim_id: ClaimId([1; 16]),
            seq: if decision { chain.seq + 1 } else { 0 },
            confirmed: 0,
            prev: decision.then_some(chain.head),
            cause: None,
            consumed: Vec::new(),
            request_id: None,
            request_digest: None,
            correlation_id: CorrelationId::from_bytes([2; 16]),
            decided_at: Timestamp::from_millis(7),
        }
    }

    fn record(offset: Offset, header: &Header, reason: &str) -> Record {
        let suspended = Event::MarketSuspended(MarketSuspended {
            market: kernel::MarketId::example(1, 3),
            version: 1,
            reason: reason.to_owned(),
            by: None,
        });
        let body = Body::<Event, Rejection> {
            rejection: None,
            events: vec![suspended],
        };
        let schema = schemas::schema_of(AT.topic);
        Record {
            offset,
            bytes: schemas::encode_record(schema, header, &body).into(),
        }
    }

    /// A chain that has been claimed, and a large decision that follows on it.
    fn claimed() -> (Chain, Record) {
        let mut chain = Chain::default();
        let claim = record(0, &header(&chain, Kind::Claim), "");
        chain.judge(AT, 0, &claim.bytes).unwrap();
        let large = record(1, &header(&chain, Kind::Decision), &"x".repeat(5_000));
        (chain, large)
    }

    /// What the first reader of a record does.
    fn read_first(folded: &Folded, chain: &mut Chain, record: &Record) -> Reading {
        let prev = chain.head;
        let judged = chain.judge(AT, record.offset, &record.bytes).unwrap();
        let body = record.bytes.slice_ref(judged.body.rest());
        let decision = Arc::new(Decision {
            position: AT.at(record.offset),
            header: judged.header,
            events: Events::decode(AT.topic, judged.body).unwrap(),
        });
        let reading = Reading { decision, body };
        folded.leave(AT, prev, chain, record, &reading);
        reading
    }

    #[test]
    fn the_second_reader_gets_the_decision_of_the_first_and_stands_where_it_stands() {
        let folded = Folded::new(100_000);
        let (start, record) = claimed();
        let (mut first, mut second) = (start.clone(), start);
        assert!(folded.take(AT, &mut second, &record).is_none());
        let reading = read_first(&folded, &mut first, &record);
        let taken = folded.take(AT, &mut second, &record).unwrap();
        assert!(Arc::ptr_eq(&taken.decision, &reading.decision));
        assert_eq!(taken.body, reading.body);
        assert_eq!(second, first);
    }

    #[test]
    fn a_reader_on_another_head_judges_for_itself() {
        let folded = Folded::new(100_000);
        let (start, record) = claimed();
        read_first(&folded, &mut start.clone(), &record);
        let mut other = start;
        let between = self::record(0, &header(&other, Kind::Decision), "between");
        other.judge(AT, 0, &between.bytes).unwrap();
        let before = other.clone();
        assert!(folded.take(AT, &mut other, &record).is_none());
        assert_eq!(other, before);
    }

    #[test]
    fn another_record_at_the_same_place_is_not_taken_for_it() {
        let folded = Folded::new(100_000);
        let (mut start, record) = claimed();
        let altered = self::record(1, &header(&start, Kind::Decision), &"y".repeat(5_000));
        read_first(&folded, &mut start.clone(), &record);
        assert!(folded.take(AT, &mut start, &altered).is_none());
    }

    #[test]
    fn the_oldest_make_room() {
        let folded = Folded::new(11_000);
        let (start, first) = claimed();
        let mut chain = start.clone();
        read_first(&folded, &mut chain, &first);
        for offset in [2, 3] {
            let large = record(offset, &header(&chain, Kind::Decision), &"z".repeat(5_000));
            read_first(&folded, &mut chain, &large);
        }
        assert!(folded.take(AT, &mut start.clone(), &first).is_none());
        assert_eq!(folded.kept().readings.len(), 2);
        assert!(folded.kept().bytes <= 11_000);
    }
}
