//! Kinds of poison for an inbox.
//!
//! Duty: records that no service may accept, each different from all before it. Prohibition: no
//! kind can by chance become a lawful command: what is cut is cut, what is random lacks a frame
//! or a length that fits.

use super::super::command::asked;
use crate::time::Chance;
use bytes::Bytes;
use kernel::{
    CorrelationId, Currency, CustomerId, Digest, RequestId, Timestamp, Topic, TopicPartition,
    TransferId,
};
use schemas::ledger::{
    Account, AccountKind, Amount, Command, Exactly, Post, PostTransfers, Transfer, TransferCode,
    TransferKind,
};
use schemas::{CommandRecord, SchemaId, Wire};

/// The largest record that a log takes.
const LARGEST: usize = 1_000_000;
/// Every so many, a large one: each stays in the log.
const LARGE_EVERY: u64 = 40;

/// A record of poison.
pub(super) struct Poisoned {
    pub(super) kind: &'static str,
    pub(super) bytes: Bytes,
}

/// So many, from this number on.
pub(super) fn kinds(
    at: TopicPartition,
    first: u64,
    count: u64,
    chance: &mut Chance,
) -> Vec<Poisoned> {
    (first..first + count)
        .map(|number| one(at, number, chance))
        .collect()
}

fn one(at: TopicPartition, number: u64, chance: &mut Chance) -> Poisoned {
    let schema = schemas::schema_of(at.topic);
    // A datum that would be lawful, were it not for what is done to it.
    let mut lawful = Vec::new();
    schemas::frame(schema, &mut lawful);
    let asked = asked(u64::MAX - number, at.partition);
    lawful.extend_from_slice(asked.bytes.get(5..).unwrap_or_default());
    if number % LARGE_EVERY == 7 {
        let mut bytes = Vec::with_capacity(LARGEST);
        schemas::frame(schema, &mut bytes);
        bytes.extend(noise(LARGEST - 5, chance));
        return poisoned("a million bytes", bytes);
    }
    match number % 10 {
        0 => {
            let magic = u8::try_from(chance.between(1, 255)).unwrap_or(1);
            if let Some(first) = lawful.first_mut() {
                *first = magic;
            }
            poisoned("bad magic", lawful)
        }
        1 => {
            let mut bytes = Vec::new();
            let unknown = u32::try_from(chance.between(100_000, 1 << 30)).unwrap_or(100_000);
            schemas::frame(SchemaId(unknown), &mut bytes);
            bytes.extend_from_slice(lawful.get(5..).unwrap_or_default());
            poisoned("unknown schema id", bytes)
        }
        2 | 3 => {
            let to = usize::try_from(chance.between(1, 60)).unwrap_or(1);
            lawful.truncate(to.min(lawful.len() - 1));
            poisoned("truncated", lawful)
        }
        4 => poisoned("empty", Vec::new()),
        5 => {
            let length = usize::try_from(chance.between(1, 4_000)).unwrap_or(1);
            let mut bytes = noise(length, chance);
            if let Some(first) = bytes.first_mut() {
                *first |= 1;
            }
            poisoned("random", bytes)
        }
        6 => {
            let mut bytes = Vec::new();
            schemas::frame(schema, &mut bytes);
            bytes.extend(noise(24, chance));
            // Lengths beyond everything, after ids of the right size.
            bytes.extend([0xff; 24]);
            poisoned("noise in a frame", bytes)
        }
        7 => {
            let more = usize::try_from(chance.between(1, 9)).unwrap_or(1);
            lawful.extend(noise(more, chance));
            poisoned("something behind it", lawful)
        }
        8 => {
            let mut bytes = Vec::new();
            schemas::frame(schemas::schema_of(other(at.topic)), &mut bytes);
            bytes.extend_from_slice(lawful.get(5..).unwrap_or_default());
            poisoned("another topic's schema", bytes)
        }
        _ if at.topic == Topic::LedgerCommands => illegal(at, number, chance),
        _ => poisoned("cut in the frame", lawful.into_iter().take(3).collect()),
    }
}

fn poisoned(kind: &'static str, bytes: Vec<u8>) -> Poisoned {
    Poisoned {
        kind,
        bytes: bytes.into(),
    }
}

fn noise(length: usize, chance: &mut Chance) -> Vec<u8> {
    let words = std::iter::repeat_with(|| chance.draw().to_be_bytes());
    words.flatten().take(length).collect()
}

fn other(topic: Topic) -> Topic {
    if topic == Topic::AuthCommands {
        Topic::FraudCommands
    } else {
        Topic::AuthCommands
    }
}

/// A command that can be read and may not be done.
fn illegal(at: TopicPartition, number: u64, chance: &mut Chance) -> Poisoned {
    let place = at.partition;
    let number = (1 << 40) + number;
    let account = |customer, kind| Account {
        customer,
        kind,
        currency: Currency::Eur,
    };
    let cash = account(Some(CustomerId::example(number, place)), AccountKind::Cash);
    let provider = account(None, AccountKind::Provider);
    let (debit, credit, minor) = match chance.below(5) {
        0 => (provider, cash.clone(), 0),
        1 => (provider, cash.clone(), -1),
        2 => (provider, cash.clone(), i64::MIN),
        // More than is there.
        3 => (cash.clone(), provider, 1),
        // To itself.
        _ => (cash.clone(), cash.clone(), 1),
    };
    let transfer = Transfer {
        id: TransferId::example(number, place),
        debit,
        credit,
        amount: Amount::Exactly(Exactly { minor }),
        kind: TransferKind::Post(Post {}),
        linked: false,
        code: TransferCode::Benchmark,
        credit_fallback: None,
        rules_waived: false,
    };
    let record = CommandRecord {
        request_id: RequestId::example(number, place),
        request_digest: Digest::ZERO,
        correlation_id: CorrelationId::example(number, place),
        sent_at: Timestamp::default(),
        not_after: None,
        command: Command::PostTransfers(PostTransfers {
            transfers: vec![transfer],
        }),
    };
    let mut bytes = Vec::new();
    schemas::frame(schemas::schema_of(at.topic), &mut bytes);
    record.encode(&mut bytes);
    poisoned("illegal", bytes)
}
