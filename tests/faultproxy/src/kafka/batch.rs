//! A record batch (magic 2).
//!
//! Duty: say who produced it and what is in it, and make it forget its producer. Prohibition:
//! keys, values, headers and timestamps are never changed.

use super::crc::crc32c;
use super::cursor::{Cursor, Malformed, Width};
use bytes::Bytes;
use std::ops::Range;

/// Where the checksummed part begins.
const ATTRIBUTES: usize = 21;
const CRC: Range<usize> = 17..21;
/// Producer id, producer epoch, base sequence: next to each other.
const PRODUCER: Range<usize> = 43..57;
const TRANSACTIONAL: u8 = 0x10;

/// A record batch as a producer sent it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Where it lies in the frame.
    pub range: Range<usize>,
    /// Whether the checksum is right.
    pub intact: bool,
    /// 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd.
    pub compression: u8,
    /// -1: the producer is not idempotent.
    pub producer_id: i64,
    /// Raised by the broker when a producer starts anew.
    pub producer_epoch: i16,
    /// Of the first record, counted per producer and partition.
    pub base_sequence: i32,
    /// The number of records.
    pub records: i32,
    /// The records' values in order, null ones left out; empty when compressed.
    pub values: Vec<Bytes>,
}

impl Batch {
    /// Reads the batch that begins at `start`.
    pub(crate) fn read(frame: &Bytes, start: usize) -> Result<Self, Malformed> {
        let mut cursor = Cursor::new(frame);
        cursor.range(start)?;
        cursor.i64()?; // base offset
        let length = usize::try_from(cursor.i32()?).map_err(|_| cursor.malformed("batch"))?;
        let body = cursor.clone().range(length)?;
        let range = start..body.end;
        cursor.i32()?; // leader epoch
        if cursor.i8()? != 2 {
            return Err(cursor.malformed("batch of magic 2"));
        }
        let crc = u32::from_be_bytes(cursor.i32()?.to_be_bytes());
        let checked = cursor.at()..body.end;
        let [_, attributes] = cursor.i16()?.to_be_bytes();
        cursor.i32()?; // last offset delta
        cursor.i64()?; // first timestamp
        cursor.i64()?; // last timestamp
        let mut batch = Self {
            range,
            intact: frame.get(checked).map(crc32c) == Some(crc),
            compression: attributes & 0x07,
            producer_id: cursor.i64()?,
            producer_epoch: cursor.i16()?,
            base_sequence: cursor.i32()?,
            records: cursor.i32()?,
            values: Vec::new(),
        };
        if cursor.at() > body.end {
            return Err(cursor.malformed("batch"));
        }
        if batch.compression == 0 {
            batch.values = values(frame, cursor.at()..body.end, batch.records)?;
        }
        Ok(batch)
    }
}

fn values(frame: &Bytes, part: Range<usize>, records: i32) -> Result<Vec<Bytes>, Malformed> {
    // Nothing outside the batch can be read as one of its records.
    let batch = frame.slice(..part.end);
    let mut cursor = Cursor::new(&batch);
    cursor.range(part.start)?;
    let mut values = Vec::new();
    for _ in 0..records {
        let record = cursor.nullable(Width::Varint)?;
        let record = record.ok_or(cursor.malformed("record"))?;
        let inner = batch.slice(record);
        let mut cursor = Cursor::new(&inner);
        cursor.i8()?; // attributes
        cursor.varlong()?; // timestamp delta
        cursor.varlong()?; // offset delta
        cursor.nullable(Width::Varint)?; // key
        values.extend(
            cursor
                .nullable(Width::Varint)?
                .map(|range| inner.slice(range)),
        );
    }
    Ok(values)
}

/// Makes the batch one of a producer without a name: the broker then stores it whatever came
/// before. Leaves bytes that are no batch alone.
pub(crate) fn forget_producer(batch: &mut [u8]) {
    if batch.get(PRODUCER).is_none() {
        return;
    }
    if let Some(producer) = batch.get_mut(PRODUCER) {
        producer.fill(0xFF);
    }
    if let Some(attributes) = batch.get_mut(ATTRIBUTES.saturating_add(1)) {
        *attributes &= !TRANSACTIONAL;
    }
    let crc = crc32c(batch.get(ATTRIBUTES..).unwrap_or_default());
    if let Some(stored) = batch.get_mut(CRC) {
        stored.copy_from_slice(&crc.to_be_bytes());
    }
}
