//! The wire: what stands in topics, as Avro.
//!
//! Duty: every shape that two services exchange, its Avro encoding, its schema text, the framing
//! and the envelope of a journal record. Services meet here and nowhere else.
//!
//! Prohibition: no business rule. A wire type is never given behaviour; each service's
//! `codec.rs` turns it into the service's own domain types.
//!
//! A published schema file is never edited. A new version is: a new `.vN.avsc`, the changed type
//! here, an upcast for the old one, golden bytes of the new one; the old bytes stay for ever.

mod avro;
mod envelope;
mod registry;
mod shapes;
mod wire_ids;

pub mod auth;
pub mod bets;
pub mod fraud;
pub mod ledger;
pub mod odds;
pub mod payments;
pub mod promotions;
pub mod rows;

pub use avro::{AvroType, Blob, DecodeError, Input, Wire, named_schema};
pub use envelope::{
    Body, Cause, ClaimId, CommandRecord, Consumed, Decision, Events, Header, Kind, decode_decision,
    decode_header, encode_record,
};
pub use registry::{Schema, SchemaId, frame, schema_of, schemas, unframe};
pub use wire_ids::{WireIds, WireIdsError, framed_id, reframe, reframed};
