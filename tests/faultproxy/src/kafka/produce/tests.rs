use super::*;
use crate::kafka::crc::crc32c;
use proptest::prelude::*;

/// A value of a zigzag varint below 64.
fn small(length: usize) -> u8 {
    u8::try_from(length * 2).unwrap()
}

fn record(value: &[u8]) -> Vec<u8> {
    // attributes, timestamp delta, offset delta, no key, value, no headers
    let mut record = vec![0, 0, 0, 1, small(value.len())];
    record.extend(value);
    record.push(0);
    record.insert(0, small(record.len()));
    record
}

/// A batch of producer 5, epoch 2, sequence 9.
fn batch(attributes: u8, values: &[&[u8]]) -> Vec<u8> {
    let mut checked = vec![0, attributes, 0, 0, 0, 0];
    checked.extend([0; 16]); // timestamps
    checked.extend(5_i64.to_be_bytes());
    checked.extend(2_i16.to_be_bytes());
    checked.extend(9_i32.to_be_bytes());
    checked.extend(i32::try_from(values.len()).unwrap().to_be_bytes());
    checked.extend(values.iter().flat_map(|value| record(value)));
    let mut batch = vec![0; 8];
    batch.extend(i32::try_from(checked.len() + 9).unwrap().to_be_bytes());
    batch.extend([0xFF, 0xFF, 0xFF, 0xFF, 2]);
    batch.extend(crc32c(&checked).to_be_bytes());
    batch.extend(checked);
    batch
}

/// A request as client "k" for partition 3 of topic "t", acks all.
fn request(version: u8, batch: &[u8]) -> Bytes {
    let mut frame = vec![0, 0, 0, version, 0, 0, 0, 42, 0, 1, b'k'];
    let flexible = version >= 9;
    if flexible {
        frame.extend([0, 0]); // no tags, no transaction
    } else {
        frame.extend([0xFF, 0xFF]);
    }
    frame.extend([0xFF, 0xFF, 0, 0, 0x27, 0x10]); // acks, time-out
    match version {
        13.. => {
            frame.push(2);
            frame.extend([7; 16]);
        }
        9.. => frame.extend([2, 2, b't']),
        _ => frame.extend([0, 0, 0, 1, 0, 1, b't']),
    }
    if flexible {
        frame.extend([2, 0, 0, 0, 3]);
        // A length of two varint bytes.
        let length = batch.len() + 1;
        frame.extend([
            u8::try_from(length & 0x7F).unwrap() | 0x80,
            u8::try_from(length >> 7).unwrap(),
        ]);
        frame.extend(batch);
        frame.extend([0, 0, 0]);
    } else {
        frame.extend([0, 0, 0, 1, 0, 0, 0, 3]);
        frame.extend(i32::try_from(batch.len()).unwrap().to_be_bytes());
        frame.extend(batch);
    }
    frame.into()
}

#[test]
fn every_version_reads_alike() {
    let batch = batch(0, &[b"one", b"two"]);
    for version in 3..=13 {
        let produce = Produce::read(1, request(version, &batch)).unwrap();
        assert_eq!(produce.client_id.as_deref(), Some("k"));
        assert_eq!((produce.correlation_id, produce.acks), (42, -1));
        let [part] = produce.partitions.as_slice() else {
            panic!("{version}: {produce:?}")
        };
        let topic = if version >= 13 {
            TopicName::Id([7; 16])
        } else {
            TopicName::Name("t".to_owned())
        };
        assert_eq!((&part.topic, part.partition), (&topic, 3));
        let [read] = part.batches.as_slice() else {
            panic!("{version}: {part:?}")
        };
        assert!(read.intact);
        assert_eq!(
            (read.producer_id, read.producer_epoch, read.base_sequence),
            (5, 2, 9)
        );
        let values: Vec<&[u8]> = produce.values().map(AsRef::as_ref).collect();
        assert_eq!(values, [b"one", b"two"]);
        assert_eq!(produce.touches("t", 3), version < 13);
        assert!(!produce.touches("t", 4) && !produce.touches("u", 3));
        assert!(produce.is_from("k") && !produce.is_from("x"));
    }
}

/// A frame that librdkafka 2.12.1 sent to a Kafka 4.1.
#[test]
fn a_frame_from_life_reads() {
    let frame = b"\0\0\0\n\0\0\0\x05\0\x07stale-0\0\0\xff\xff\0\0u0\x02\x06late0\x02\0\0\0\0G\0\0\0\
        \0\0\0\0\0\0\0\0:\0\0\0\0\x02\xb5Z\xcc\x8c\0\0\0\0\0\0\0\0\x01\xa2\x02b\xf5\x1f\0\0\x01\xa2\x02b\xf5\x1f\
        \0\0\0\0\0\0\0\x01\0\0\0\0\0\x01\0\0\0\x01\x10\0\0\0\x01\x04a2\0\0\0\0";
    let produce = Produce::read(1, Bytes::from_static(frame)).unwrap();
    assert!(produce.touches("late0", 0) && produce.is_from("stale"));
    let batch = &produce.partitions[0].batches[0];
    assert!(batch.intact);
    assert_eq!((batch.producer_id, batch.base_sequence), (1, 1));
    assert_eq!(batch.values, [Bytes::from_static(b"a2")]);
}

#[test]
fn a_compressed_batch_shows_no_values() {
    let produce = Produce::read(1, request(10, &batch(3, &[b"one"]))).unwrap();
    assert_eq!(produce.partitions[0].batches[0].compression, 3);
    assert_eq!(produce.values().count(), 0);
}

#[test]
fn a_batch_forgets_its_producer_and_nothing_else() {
    let known = Produce::read(1, request(10, &batch(0x10, &[b"one"]))).unwrap();
    let frame = known.anonymous();
    let anonymous = Produce::read(1, frame.clone()).unwrap();
    let batch = &anonymous.partitions[0].batches[0];
    assert!(batch.intact, "the checksum is made anew");
    assert_eq!(
        (batch.producer_id, batch.producer_epoch, batch.base_sequence),
        (-1, -1, -1)
    );
    assert!(anonymous.values().eq(known.values()));
    assert_eq!(frame[batch.range.start + 22], 0, "no part of a transaction");
    let differing = frame.iter().zip(&known.frame).filter(|(a, b)| a != b);
    assert!(differing.count() <= 14 + 4 + 1, "producer, checksum, flag");
    assert_eq!(frame.len(), known.frame.len());
}

#[test]
fn a_null_value_is_no_value() {
    // attributes, timestamp delta, offset delta, no key, no value, no headers
    let mut nothing = batch(0, &[b""]);
    let value_length = nothing.len() - 2;
    nothing[value_length] = 1;
    for (batch, values) in [(nothing, 0), (batch(0, &[b""]), 1)] {
        let produce = Produce::read(1, request(10, &batch)).unwrap();
        assert_eq!(produce.values().count(), values);
    }
}

#[test]
fn a_batch_shorter_than_its_head_is_unreadable() {
    let mut short = batch(3, &[b"one"]);
    short[8..12].copy_from_slice(&20_i32.to_be_bytes());
    assert!(Produce::read(1, request(10, &short)).is_err());
}

#[test]
fn a_damaged_batch_is_seen() {
    let mut damaged = batch(0, &[b"one"]);
    *damaged.last_mut().unwrap() ^= 1;
    let produce = Produce::read(1, request(10, &damaged)).unwrap();
    assert!(!produce.partitions[0].batches[0].intact);
}

#[test]
fn answers_read_in_every_form() {
    let v7: &[u8] = &[
        0, 0, 0, 42, 0, 0, 0, 1, 0, 1, b't', 0, 0, 0, 1, 0, 0, 0, 3, 0, 45, //
        255, 255, 255, 255, 255, 255, 255, 255, // offset
        255, 255, 255, 255, 255, 255, 255, 255, // time
        0, 0, 0, 0, 0, 0, 0, 0, // start
        0, 0, 0, 0, // throttle
    ];
    // Two partitions; the first with an error of one record, and a message.
    let v10: &[u8] = &[
        0, 0, 0, 42, 0, 2, 2, b't', 3, 0, 0, 0, 3, 0, 45, //
        255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, //
        0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 2, b'r', 0, 2, b'm', 0, //
        0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 17, 255, 255, 255, 255, 255, 255, 255, 255, //
        0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, // no record errors, no message, tags
        0, 0, 0, 0, 0,
    ];
    let answer = |error, base_offset| Answer {
        topic: TopicName::Name("t".to_owned()),
        partition: 3,
        error,
        base_offset,
    };
    assert_eq!(read_answer(7, v7).unwrap(), [answer(45, -1)]);
    assert!(!answer(45, -1).is_stored());
    assert_eq!(
        read_answer(10, v10).unwrap(),
        [answer(45, -1), answer(0, 17)]
    );
    assert!(answer(0, 17).is_stored());
}

#[test]
fn other_requests_are_none() {
    let mut fetch = request(10, &batch(0, &[])).to_vec();
    fetch[1] = 1;
    assert!(Produce::read(1, fetch.into()).is_err());
    for version in [2, 14] {
        assert!(Produce::read(1, request(version, &batch(0, &[]))).is_err());
    }
}

proptest! {
    #[test]
    fn no_garbage_panics(garbage: Vec<u8>, version in 0_i16..16) {
        drop(Produce::read(1, garbage.clone().into()));
        drop(read_answer(version, &garbage));
    }

    /// Damage may go unseen or make the request unreadable: it never panics, and what is read
    /// lies inside the frame.
    #[test]
    fn no_damage_panics(
        version in 3_u8..=13,
        flips in proptest::collection::vec((0_usize..200, any::<u8>()), 1..6),
        cut in 0_usize..200,
    ) {
        let mut frame = request(version, &batch(0, &[b"one", b"two"])).to_vec();
        for (at, flip) in flips {
            if let Some(byte) = frame.get_mut(at) {
                *byte ^= flip;
            }
        }
        frame.truncate(frame.len().saturating_sub(cut));
        if let Ok(produce) = Produce::read(1, frame.into()) {
            let length = produce.frame.len();
            prop_assert_eq!(produce.anonymous().len(), length);
            for part in &produce.partitions {
                prop_assert!(part.batches.iter().all(|batch| batch.range.end <= length));
            }
        }
    }
}
