//! Produce requests and their answers.
//!
//! Duty: read versions 3 to 13 of both as far as rules and reports need it. Prohibition: a
//! request that cannot be read is no error of the proxy's client: it passes unseen by rules.

use super::batch::{Batch, forget_producer};
use super::cursor::{Cursor, Malformed, Width};
use super::request::{PRODUCE, RequestHeader};
use bytes::{Bytes, BytesMut};

/// How a request names a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TopicName {
    /// Up to version 12.
    Name(String),
    /// From version 13 on.
    Id([u8; 16]),
}

/// What a request holds for one partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    /// The topic.
    pub topic: TopicName,
    /// Its number.
    pub partition: i32,
    /// As a rule one.
    pub batches: Vec<Batch>,
}

/// A Produce request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Produce {
    /// Counts the proxy's connections from 1.
    pub connection: u64,
    /// The version of the request's form.
    pub version: i16,
    /// The client's number of the request.
    pub correlation_id: i32,
    /// The client's name of itself.
    pub client_id: Option<String>,
    /// 0: the broker will not answer.
    pub acks: i16,
    /// What is to be stored, flat.
    pub partitions: Vec<Partition>,
    /// The request as it came, without its length.
    pub frame: Bytes,
}

/// The broker's word on one partition of a Produce request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The topic.
    pub topic: TopicName,
    /// The partition.
    pub partition: i32,
    /// 0: stored. 45: out of sequence, 46: a duplicate sequence, 47: a newer producer.
    pub error: i16,
    /// Where the first record is; -1 for none.
    pub base_offset: i64,
}

impl Answer {
    /// The broker has stored the batch.
    #[must_use]
    pub const fn is_stored(&self) -> bool {
        self.error == 0 && self.base_offset >= 0
    }
}

const fn is_flexible(version: i16) -> bool {
    version >= 9
}

struct Widths {
    text: Width,
    many: Width,
    flexible: bool,
}

impl Widths {
    const fn of(version: i16) -> Self {
        let flexible = is_flexible(version);
        let (text, many) = if flexible {
            (Width::Compact, Width::Compact)
        } else {
            (Width::Short, Width::Long)
        };
        Self {
            text,
            many,
            flexible,
        }
    }

    fn skip_tags(&self, cursor: &mut Cursor<'_>) -> Result<(), Malformed> {
        if self.flexible {
            cursor.skip_tags()?;
        }
        Ok(())
    }

    fn topic(&self, cursor: &mut Cursor<'_>, version: i16) -> Result<TopicName, Malformed> {
        if version >= 13 {
            return cursor.uuid().map(TopicName::Id);
        }
        let name = cursor.text(self.text)?;
        name.map(TopicName::Name).ok_or(cursor.malformed("topic"))
    }
}

impl Produce {
    /// Reads a request's frame (without its length).
    ///
    /// # Errors
    /// It is no Produce request of a version from 3 to 13.
    pub fn read(connection: u64, frame: Bytes) -> Result<Self, Malformed> {
        let mut cursor = Cursor::new(&frame);
        let header = RequestHeader::read(&mut cursor)?;
        let version = header.api_version;
        if header.api_key != PRODUCE || !(3..=13).contains(&version) {
            return Err(cursor.malformed("produce request"));
        }
        let widths = Widths::of(version);
        widths.skip_tags(&mut cursor)?;
        cursor.nullable(widths.text)?; // transactional id
        let acks = cursor.i16()?;
        cursor.i32()?; // time-out
        let mut partitions = Vec::new();
        for _ in 0..cursor.count(widths.many)? {
            let topic = widths.topic(&mut cursor, version)?;
            for _ in 0..cursor.count(widths.many)? {
                partitions.push(Partition {
                    topic: topic.clone(),
                    partition: cursor.i32()?,
                    batches: batches(&frame, &mut cursor, widths.many)?,
                });
                widths.skip_tags(&mut cursor)?;
            }
            widths.skip_tags(&mut cursor)?;
        }
        Ok(Self {
            connection,
            version,
            correlation_id: header.correlation_id,
            client_id: header.client_id,
            acks,
            partitions,
            frame,
        })
    }

    /// Whether it stores something there.
    #[must_use]
    pub fn touches(&self, topic: &str, partition: i32) -> bool {
        self.partitions.iter().any(|part| {
            let named = matches!(&part.topic, TopicName::Name(name) if name == topic);
            named && part.partition == partition
        })
    }

    /// Whether the client's name of itself contains that.
    #[must_use]
    pub fn is_from(&self, client: &str) -> bool {
        let client_id = self.client_id.as_deref();
        client_id.is_some_and(|client_id| client_id.contains(client))
    }

    /// The values of all records of all its batches; of compressed ones none.
    pub fn values(&self) -> impl Iterator<Item = &Bytes> {
        let batches = self.partitions.iter().flat_map(|part| &part.batches);
        batches.flat_map(|batch| &batch.values)
    }

    /// The request with every batch made to forget its producer.
    pub(crate) fn anonymous(&self) -> Bytes {
        let mut frame = BytesMut::from(self.frame.as_ref());
        let batches = self.partitions.iter().flat_map(|part| &part.batches);
        for batch in batches {
            if let Some(bytes) = frame.get_mut(batch.range.clone()) {
                forget_producer(bytes);
            }
        }
        frame.freeze()
    }
}

fn batches(frame: &Bytes, cursor: &mut Cursor<'_>, width: Width) -> Result<Vec<Batch>, Malformed> {
    let Some(records) = cursor.nullable(width)? else {
        return Ok(Vec::new());
    };
    let part = frame.slice(..records.end);
    let mut batches = Vec::new();
    let mut start = records.start;
    while start < records.end {
        let batch = Batch::read(&part, start)?;
        start = batch.range.end;
        batches.push(batch);
    }
    Ok(batches)
}

/// Reads the answer to a Produce request of that version (without its length).
pub(crate) fn read_answer(version: i16, frame: &[u8]) -> Result<Vec<Answer>, Malformed> {
    let mut cursor = Cursor::new(frame);
    let widths = Widths::of(version);
    cursor.i32()?; // correlation id
    widths.skip_tags(&mut cursor)?;
    let mut answers = Vec::new();
    for _ in 0..cursor.count(widths.many)? {
        let topic = widths.topic(&mut cursor, version)?;
        for _ in 0..cursor.count(widths.many)? {
            answers.push(Answer {
                topic: topic.clone(),
                partition: cursor.i32()?,
                error: cursor.i16()?,
                base_offset: cursor.i64()?,
            });
            skip_rest_of_partition(&mut cursor, version, &widths)?;
        }
        widths.skip_tags(&mut cursor)?;
    }
    Ok(answers)
}

fn skip_rest_of_partition(
    cursor: &mut Cursor<'_>,
    version: i16,
    widths: &Widths,
) -> Result<(), Malformed> {
    cursor.i64()?; // append time
    if version >= 5 {
        cursor.i64()?; // log start
    }
    if version >= 8 {
        for _ in 0..cursor.count(widths.many)? {
            cursor.i32()?; // which record
            cursor.nullable(widths.text)?;
            widths.skip_tags(cursor)?;
        }
        cursor.nullable(widths.text)?; // message
    }
    widths.skip_tags(cursor)
}

#[cfg(test)]
mod tests;
