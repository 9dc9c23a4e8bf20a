//! The envelope of a journal record and of an inbox record.
//!
//! Duty: the header by which the fold judges a record without knowing any service, and the typed
//! body behind it. The header comes first in the bytes, so that the fold decodes no events.
//!
//! Prohibition: nothing here judges; that is the fold's matter, in the event log crate.

use crate::avro::{AvroType, DecodeError, Input, Wire, named_schema};
use crate::registry::{self, SchemaId};
use crate::{auth, bets, fraud, ledger, odds, payments, wire};
use kernel::{CorrelationId, Digest, Position, RequestId, Timestamp, Topic, TopicPartition};

/// Which attempt to take a partition this is: random, new for every attempt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClaimId(pub [u8; 16]);

impl Wire for ClaimId {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0);
    }
    fn decode(input: &mut Input<'_>) -> Result<Self, DecodeError> {
        Ok(Self(input.take_array::<16>()?))
    }
}

impl AvroType for ClaimId {
    fn schema(seen: &mut Vec<&'static str>) -> String {
        named_schema(seen, "ClaimId", |_| {
            "{\"type\":\"fixed\",\"name\":\"ClaimId\",\"size\":16}".to_owned()
        })
    }
}

wire! {
    /// What a journal record is.
    enum Kind { Claim, Decision }

    /// The input that a decision answers.
    record CauseInput { position: Position }
    /// The timer that a decision answers.
    record CauseTimer { armed_by: u64, due: Timestamp }
    /// The internal work that a decision carries on.
    record CauseWork { started_by: u64, part: u32 }

    /// How far silent inputs of one partition were passed over: the next offset to read.
    record Consumed { position: Position }
}

/// What a decision answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A record of an inbox or of another journal.
    Input(Position),
    /// A timer that was armed by the decision of that seq.
    Timer {
        /// The arming decision's seq.
        armed_by: u64,
        /// When it was due.
        due: Timestamp,
    },
    /// The next part of work that was started by the decision of that seq.
    Work {
        /// The starting decision's seq.
        started_by: u64,
        /// Which part, from 1.
        part: u32,
    },
}

/// Avro has no union in a union, so "no cause" is a branch beside the three causes.
fn encode_cause(cause: Option<Cause>, out: &mut Vec<u8>) {
    match cause {
        None => 0_i64.encode(out),
        Some(Cause::Input(position)) => {
            1_i64.encode(out);
            position.encode(out);
        }
        Some(Cause::Timer { armed_by, due }) => {
            2_i64.encode(out);
            armed_by.encode(out);
            due.encode(out);
        }
        Some(Cause::Work { started_by, part }) => {
            3_i64.encode(out);
            started_by.encode(out);
            part.encode(out);
        }
    }
}

fn decode_cause(input: &mut Input<'_>) -> Result<Option<Cause>, DecodeError> {
    Ok(match input.long()? {
        0 => None,
        1 => Some(Cause::Input(Position::decode(input)?)),
        2 => Some(Cause::Timer {
            armed_by: u64::decode(input)?,
            due: Timestamp::decode(input)?,
        }),
        3 => Some(Cause::Work {
            started_by: u64::decode(input)?,
            part: u32::decode(input)?,
        }),
        index => {
            return Err(DecodeError::UnknownBranch {
                type_name: "Cause",
                index,
            });
        }
    })
}

/// What the fold judges a journal record by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Claim or decision.
    pub kind: Kind,
    /// Which writer's reign. Raised by each claim.
    pub epoch: u64,
    /// The writer's claim.
    pub claim_id: ClaimId,
    /// Number among the effective decisions, from 1; of a claim, 0.
    pub seq: u64,
    /// Highest seq that the writer had read back when it decided this.
    pub confirmed: u64,
    /// The chain's head on which this was decided. Claims carry none.
    pub prev: Option<Digest>,
    /// What the decision answers. None: a claim, or the end of a merged batch of inputs.
    pub cause: Option<Cause>,
    /// How far inputs without a decision of their own were passed over.
    pub consumed: Vec<Consumed>,
    /// The client's request that this answers.
    pub request_id: Option<RequestId>,
    /// Digest of that request's content.
    pub request_digest: Option<Digest>,
    /// Shared by all that follows from one input.
    pub correlation_id: CorrelationId,
    /// When it was decided; never goes back within a partition.
    pub decided_at: Timestamp,
}

impl Wire for Header {
    fn encode(&self, out: &mut Vec<u8>) {
        self.kind.encode(out);
        self.epoch.encode(out);
        self.claim_id.encode(out);
        self.seq.encode(out);
        self.confirmed.encode(out);
        self.prev.encode(out);
        encode_cause(self.cause, out);
        self.consumed.encode(out);
        self.request_id.encode(out);
        self.request_digest.encode(out);
        self.correlation_id.encode(out);
        self.decided_at.encode(out);
    }
    fn decode(input: &mut Input<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            kind: Kind::decode(input)?,
            epoch: u64::decode(input)?,
            claim_id: ClaimId::decode(input)?,
            seq: u64::decode(input)?,
            confirmed: u64::decode(input)?,
            prev: Wire::decode(input)?,
            cause: decode_cause(input)?,
            consumed: Wire::decode(input)?,
            request_id: Wire::decode(input)?,
            request_digest: Wire::decode(input)?,
            correlation_id: CorrelationId::decode(input)?,
            decided_at: Timestamp::decode(input)?,
        })
    }
}

/// What a decision says: the broken rule, or what follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body<E, R> {
    /// The broken rule; then there are no events.
    pub rejection: Option<R>,
    /// What follows. May be empty: a request that changes nothing is recorded as well.
    pub events: Vec<E>,
}

impl<E: Wire, R: Wire> Wire for Body<E, R> {
    fn encode(&self, out: &mut Vec<u8>) {
        self.rejection.encode(out);
        self.events.encode(out);
    }
    fn decode(input: &mut Input<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            rejection: Wire::decode(input)?,
            events: Wire::decode(input)?,
        })
    }
}

/// The schema of a journal: the envelope around one service's events and rejections.
pub(crate) fn journal_schema<E: AvroType, R: AvroType>(name: &'static str) -> String {
    let mut seen = vec![name];
    let seen = &mut seen;
    let cause = format!(
        "[\"null\",{},{},{}]",
        CauseInput::schema(seen),
        CauseTimer::schema(seen),
        CauseWork::schema(seen)
    );
    let fields = [
        ("kind", Kind::schema(seen)),
        ("epoch", u64::schema(seen)),
        ("claim_id", ClaimId::schema(seen)),
        ("seq", u64::schema(seen)),
        ("confirmed", u64::schema(seen)),
        ("prev", Option::<Digest>::schema(seen)),
        ("cause", cause),
        ("consumed", Vec::<Consumed>::schema(seen)),
        ("request_id", Option::<RequestId>::schema(seen)),
        ("request_digest", Option::<Digest>::schema(seen)),
        ("correlation_id", CorrelationId::schema(seen)),
        ("decided_at", Timestamp::schema(seen)),
        ("rejection", Option::<R>::schema(seen)),
        ("events", Vec::<E>::schema(seen)),
    ];
    record_schema(name, &fields)
}

fn record_schema(name: &str, fields: &[(&str, String)]) -> String {
    let fields: Vec<String> = fields
        .iter()
        .map(|(field, schema)| format!("{{\"name\":\"{field}\",\"type\":{schema}}}"))
        .collect();
    format!(
        "{{\"type\":\"record\",\"name\":\"{name}\",\"namespace\":\"furlong\",\"fields\":[{}]}}",
        fields.join(",")
    )
}

/// A record of an inbox: one command with what identifies it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandRecord<C> {
    /// Hash of scope and idempotency key.
    pub request_id: RequestId,
    /// Digest of what the client asked for (minted ids, salts and clocks are not part of it).
    pub request_digest: Digest,
    /// Shared by all that follows.
    pub correlation_id: CorrelationId,
    /// When it was sent; a label only.
    pub sent_at: Timestamp,
    /// Met later than this, the command is refused by a recorded rejection.
    pub not_after: Option<Timestamp>,
    /// What is asked.
    pub command: C,
}

impl<C: Wire> Wire for CommandRecord<C> {
    fn encode(&self, out: &mut Vec<u8>) {
        self.request_id.encode(out);
        self.request_digest.encode(out);
        self.correlation_id.encode(out);
        self.sent_at.encode(out);
        self.not_after.encode(out);
        self.command.encode(out);
    }
    fn decode(input: &mut Input<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            request_id: RequestId::decode(input)?,
            request_digest: Digest::decode(input)?,
            correlation_id: CorrelationId::decode(input)?,
            sent_at: Timestamp::decode(input)?,
            not_after: Wire::decode(input)?,
            command: C::decode(input)?,
        })
    }
}

/// The schema of an inbox.
pub(crate) fn inbox_schema<C: AvroType>(name: &'static str) -> String {
    let mut seen = vec![name];
    let seen = &mut seen;
    let fields = [
        ("request_id", RequestId::schema(seen)),
        ("request_digest", Digest::schema(seen)),
        ("correlation_id", CorrelationId::schema(seen)),
        ("sent_at", Timestamp::schema(seen)),
        ("not_after", Option::<Timestamp>::schema(seen)),
        ("command", C::schema(seen)),
    ];
    record_schema(name, &fields)
}

/// Frames and encodes a journal record.
pub fn encode_record<E: Wire, R: Wire>(
    schema: SchemaId,
    header: &Header,
    body: &Body<E, R>,
) -> Vec<u8> {
    let mut out = Vec::with_capacity(512);
    registry::frame(schema, &mut out);
    header.encode(&mut out);
    body.encode(&mut out);
    out
}

/// The header of a framed journal record, and where its body begins.
///
/// # Errors
/// Not framed, a schema that is not this journal's, or not such a record.
pub fn decode_header(topic: Topic, record: &[u8]) -> Result<(Header, Input<'_>), DecodeError> {
    let mut input = Input::new(registry::unframe(topic, record)?);
    let header = Header::decode(&mut input)?;
    Ok((header, input))
}

macro_rules! journals {
    ($($topic:ident = $module:ident;)*) => {
        /// The body of a decision, by journal.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Events {
            $(#[doc = concat!("A decision of ", stringify!($module), ".")]
            $topic(Body<$module::Event, $module::Rejection>),)*
        }

        impl Events {
            /// Decodes the body of a record of that journal.
            ///
            /// # Errors
            /// The topic is no journal, or the bytes are not such a body.
            pub fn decode(topic: Topic, mut body: Input<'_>) -> Result<Self, DecodeError> {
                let events = match topic {
                    $(Topic::$topic => Self::$topic(Wire::decode(&mut body)?),)*
                    Topic::AuthCommands | Topic::OddsCommands | Topic::BetsCommands
                    | Topic::LedgerCommands | Topic::PaymentsCommands | Topic::FraudCommands => {
                        return Err(DecodeError::NotAllowed("journal"));
                    }
                };
                body.end()?;
                Ok(events)
            }

            /// Whether the decision is a rejection.
            #[must_use]
            pub const fn is_rejection(&self) -> bool {
                match self { $(Self::$topic(body) => body.rejection.is_some(),)* }
            }

            /// How many events there are.
            #[must_use]
            pub const fn len(&self) -> usize {
                match self { $(Self::$topic(body) => body.events.len(),)* }
            }

            /// Whether there is no event.
            #[must_use]
            pub const fn is_empty(&self) -> bool {
                self.len() == 0
            }
        }
    };
}

journals! {
    AuthEvents = auth;
    OddsEvents = odds;
    BetsEvents = bets;
    LedgerEvents = ledger;
    PaymentsEvents = payments;
    FraudEvents = fraud;
}

/// An effective decision as other services and readers see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Where it stands.
    pub position: Position,
    /// Its header.
    pub header: Header,
    /// What it says.
    pub events: Events,
}

impl Decision {
    /// The partition it stands in.
    #[must_use]
    pub const fn topic_partition(&self) -> TopicPartition {
        self.position.topic_partition()
    }
}

/// Decodes a whole journal record; of a claim, no events.
///
/// # Errors
/// Not a record of this journal.
pub fn decode_decision(position: Position, record: &[u8]) -> Result<Decision, DecodeError> {
    let (header, body) = decode_header(position.topic, record)?;
    let events = Events::decode(position.topic, body)?;
    Ok(Decision {
        position,
        header,
        events,
    })
}
