//! Which schemas exist, and the framing that names one in each record.
//!
//! Duty: stable ids for the published schemas, compiled in, and the Confluent framing (a zero
//! byte and the id in four bytes), so that any registry-aware tool reads our topics.
//!
//! Prohibition: an id, once published, never means anything else.

use crate::avro::DecodeError;
use crate::envelope::{inbox_schema, journal_schema};
use crate::{auth, bets, fraud, ledger, odds, payments};
use kernel::Topic;

/// A schema's number in the registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SchemaId(pub u32);

/// A published schema.
#[derive(Clone, Debug)]
pub struct Schema {
    /// Its number.
    pub id: SchemaId,
    /// The topic whose records it describes; also the registry's subject.
    pub topic: Topic,
    /// Its version within the topic.
    pub version: u32,
    /// Where the file lies, below `schemas/`.
    pub file: &'static str,
    /// The schema: of a topic's newest version as the code of today writes it, of older ones as
    /// it was published.
    pub text: fn() -> String,
}

macro_rules! published {
    ($($topic:ident = $id:literal, v $version:literal, $file:literal, $text:expr
        $(, after $old_id:literal, v $old_version:literal, $old_file:literal)*;)*) => {
        /// All published schemas, oldest first within a topic.
        #[must_use]
        pub fn schemas() -> Vec<Schema> {
            vec![$(
                $(Schema {
                    id: SchemaId($old_id),
                    topic: Topic::$topic,
                    version: $old_version,
                    file: $old_file,
                    text: || include_str!(concat!("../", $old_file)).to_owned(),
                },)*
                Schema {
                    id: SchemaId($id),
                    topic: Topic::$topic,
                    version: $version,
                    file: $file,
                    text: || $text,
                },
            )*]
        }

        /// Whether records of that topic were ever written in this schema. Whatever was can be
        /// read by the code of today, because a newer version only adds branches at the end.
        const fn is_readable(topic: Topic, id: u32) -> bool {
            match topic { $(Topic::$topic => matches!(id, $id $(| $old_id)*),)* }
        }

        /// The schema in which a topic is written today.
        #[must_use]
        pub const fn schema_of(topic: Topic) -> SchemaId {
            match topic { $(Topic::$topic => SchemaId($id),)* }
        }
    };
}

published! {
    AuthEvents = 31, v 4, "auth/AuthEvents.v4.avsc", journal_schema::<auth::Event, auth::Rejection>("AuthEvents"), after 1, v 1, "auth/AuthEvents.v1.avsc", after 17, v 2, "auth/AuthEvents.v2.avsc", after 23, v 3, "auth/AuthEvents.v3.avsc";
    AuthCommands = 32, v 4, "auth/AuthCommands.v4.avsc", inbox_schema::<auth::Command>("AuthCommands"), after 2, v 1, "auth/AuthCommands.v1.avsc", after 18, v 2, "auth/AuthCommands.v2.avsc", after 24, v 3, "auth/AuthCommands.v3.avsc";
    OddsEvents = 39, v 4, "odds/OddsEvents.v4.avsc", journal_schema::<odds::Event, odds::Rejection>("OddsEvents"), after 3, v 1, "odds/OddsEvents.v1.avsc", after 13, v 2, "odds/OddsEvents.v2.avsc", after 21, v 3, "odds/OddsEvents.v3.avsc";
    OddsCommands = 40, v 4, "odds/OddsCommands.v4.avsc", inbox_schema::<odds::Command>("OddsCommands"), after 4, v 1, "odds/OddsCommands.v1.avsc", after 14, v 2, "odds/OddsCommands.v2.avsc", after 22, v 3, "odds/OddsCommands.v3.avsc";
    BetsEvents = 19, v 3, "bets/BetsEvents.v3.avsc", journal_schema::<bets::Event, bets::Rejection>("BetsEvents"), after 5, v 1, "bets/BetsEvents.v1.avsc", after 15, v 2, "bets/BetsEvents.v2.avsc";
    BetsCommands = 20, v 3, "bets/BetsCommands.v3.avsc", inbox_schema::<bets::Command>("BetsCommands"), after 6, v 1, "bets/BetsCommands.v1.avsc", after 16, v 2, "bets/BetsCommands.v2.avsc";
    LedgerEvents = 33, v 3, "ledger/LedgerEvents.v3.avsc", journal_schema::<ledger::Event, ledger::Rejection>("LedgerEvents"), after 7, v 1, "ledger/LedgerEvents.v1.avsc", after 25, v 2, "ledger/LedgerEvents.v2.avsc";
    LedgerCommands = 34, v 3, "ledger/LedgerCommands.v3.avsc", inbox_schema::<ledger::Command>("LedgerCommands"), after 8, v 1, "ledger/LedgerCommands.v1.avsc", after 26, v 2, "ledger/LedgerCommands.v2.avsc";
    PaymentsEvents = 35, v 3, "payments/PaymentsEvents.v3.avsc", journal_schema::<payments::Event, payments::Rejection>("PaymentsEvents"), after 9, v 1, "payments/PaymentsEvents.v1.avsc", after 27, v 2, "payments/PaymentsEvents.v2.avsc";
    PaymentsCommands = 36, v 3, "payments/PaymentsCommands.v3.avsc", inbox_schema::<payments::Command>("PaymentsCommands"), after 10, v 1, "payments/PaymentsCommands.v1.avsc", after 28, v 2, "payments/PaymentsCommands.v2.avsc";
    FraudEvents = 11, v 1, "fraud/FraudEvents.v1.avsc", journal_schema::<fraud::Event, fraud::Rejection>("FraudEvents");
    FraudCommands = 12, v 1, "fraud/FraudCommands.v1.avsc", inbox_schema::<fraud::Command>("FraudCommands");
}

/// Begins a record: the zero byte and the schema's id.
pub fn frame(schema: SchemaId, out: &mut Vec<u8>) {
    out.push(0);
    out.extend_from_slice(&schema.0.to_be_bytes());
}

/// What stands behind the framing of a record of that topic.
///
/// # Errors
/// Not framed, or framed with a schema that this topic does not have.
pub fn unframe(topic: Topic, record: &[u8]) -> Result<&[u8], DecodeError> {
    let (&magic, rest) = record.split_first().ok_or(DecodeError::UnexpectedEnd)?;
    if magic != 0 {
        return Err(DecodeError::NotFramed);
    }
    let (id, datum) = rest
        .split_first_chunk::<4>()
        .ok_or(DecodeError::UnexpectedEnd)?;
    let id = u32::from_be_bytes(*id);
    if is_readable(topic, id) {
        Ok(datum)
    } else {
        Err(DecodeError::UnknownSchema(id))
    }
}
