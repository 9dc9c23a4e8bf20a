//! What furlong asks of a place where schemas are published.

use kernel::Topic;
use schemas::{SchemaId, WireIds, WireIdsError};

/// A place where schemas are published. All calls block, each for a bounded time.
pub trait SchemaStore: Send + Sync {
    /// The ids under which our records travel.
    ///
    /// # Errors
    /// A published schema is not there, another one stands in its place, or the store cannot be
    /// asked.
    fn wire_ids(&self) -> Result<WireIds, StoreError>;

    /// What the store holds of every published schema. Changes nothing.
    ///
    /// # Errors
    /// The store cannot be asked.
    fn inspect(&self) -> Result<Vec<Entry>, StoreError>;

    /// Publishes what is missing and asks the store to refuse, from then on, what cannot read
    /// everything ever written. Doing it again changes nothing.
    ///
    /// # Errors
    /// Another schema stands in the place of ours (then nothing at all was published), the store
    /// refuses ours, or cannot be asked.
    fn register(&self) -> Result<Vec<Entry>, StoreError>;

    /// Whether the store would take this text as the topic's next schema. Changes nothing.
    ///
    /// # Errors
    /// The store cannot be asked.
    fn judge(&self, topic: Topic, text: &str) -> Result<Judgement, StoreError>;
}

/// What a store says to a schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// It reads everything that was written before.
    Compatible,
    /// It does not, for this reason.
    Incompatible(String),
}

/// What a store holds of one of our schemas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Our number of the schema.
    pub schema: SchemaId,
    /// The topic whose records it describes.
    pub topic: Topic,
    /// The name under which the topic's schemas are published.
    pub subject: String,
    /// Our version within the topic.
    pub version: u32,
    /// What is there.
    pub held: Held,
    /// Whether this call published it.
    pub is_new: bool,
    /// Which changes the store lets through, where somebody said so for this subject.
    pub compatibility: Option<String>,
    /// Versions in the store that are none of ours: of a newer furlong, or of somebody else.
    pub unknown_versions: Vec<u32>,
}

impl Entry {
    /// Whether the store refuses schemas that could not read what was written with this one and
    /// all before it.
    #[must_use]
    pub fn is_guarded(&self) -> bool {
        matches!(
            self.compatibility.as_deref(),
            Some("BACKWARD_TRANSITIVE" | "FULL_TRANSITIVE")
        )
    }
}

/// What stands where one of our schemas belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Held {
    /// Our schema.
    Registered {
        /// The store's version within the subject.
        version: u32,
        /// The id that records carry on the wire.
        id: u32,
    },
    /// Nothing yet.
    Missing,
    /// Nothing yet, and the store would not take it.
    Refused(String),
    /// Schemas that are none of ours, and ours is not among them.
    Different,
}

/// Why a store does not give us what we need. Every message names the place and the way out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The address is not one that can be asked.
    #[error(
        "{0} cannot be a schema registry's address: write the base of its Confluent-compatible API, such as http://localhost:8081, with user:password@ before the host if it wants them"
    )]
    BadUrl(String),
    /// No topic may have such a name.
    #[error("a topic's name cannot begin with {0:?}: letters, digits, '.', '_' and '-' only")]
    BadPrefix(String),
    /// Nobody answers in time.
    #[error(
        "subject {subject}: the schema registry at {url} does not answer: {detail}; start it, or correct the setting `registry`"
    )]
    Unreachable {
        /// The registry, without credentials.
        url: String,
        /// What was asked for.
        subject: String,
        /// What happened.
        detail: String,
    },
    /// The registry wants other credentials.
    #[error(
        "subject {subject}: the schema registry at {url} does not permit it (status {status}); put user:password@ before its host, of a user who may do this"
    )]
    NotPermitted {
        /// The registry, without credentials.
        url: String,
        /// What was asked for.
        subject: String,
        /// The HTTP status.
        status: u16,
    },
    /// An answer that makes no sense.
    #[error(
        "subject {subject}: the answer of the schema registry at {url} is of no use: {detail}; check that this is the base of a Confluent-compatible API, and look into the registry's own log"
    )]
    Unreadable {
        /// The registry, without credentials.
        url: String,
        /// What was asked for.
        subject: String,
        /// What is wrong with it.
        detail: String,
    },
    /// A published schema is not in the registry.
    #[error(
        "subject {subject} of the schema registry at {url} does not have our version {version}; publish it: furlong schema register --registry {url}"
    )]
    Missing {
        /// The registry, without credentials.
        url: String,
        /// Where it belongs.
        subject: String,
        /// Our version.
        version: u32,
    },
    /// The subject belongs to somebody else.
    #[error(
        "subject {subject} of the schema registry at {url} holds another schema in place of ours (its versions {versions:?}); use another topic_prefix, or remove the subject if nobody needs it"
    )]
    Different {
        /// The registry, without credentials.
        url: String,
        /// The subject.
        subject: String,
        /// The registry's versions that are none of ours.
        versions: Vec<u32>,
    },
    /// The registry's rules refuse the schema.
    #[error(
        "subject {subject}: the schema registry at {url} refuses the schema as incompatible (409): {reason}; a new version may only add fields with defaults, branches and symbols"
    )]
    Incompatible {
        /// The registry, without credentials.
        url: String,
        /// The subject.
        subject: String,
        /// What the registry says.
        reason: String,
    },
    /// The registry goes on to let incompatible schemas through.
    #[error(
        "subject {subject}: the schema registry at {url} keeps its compatibility at {level} although it was set to BACKWARD_TRANSITIVE; set it there"
    )]
    Unguarded {
        /// The registry, without credentials.
        url: String,
        /// The subject.
        subject: String,
        /// What it is.
        level: String,
    },
    /// The ids that the registry gave are not one for each schema.
    #[error("the ids of the schema registry at {url} cannot be used: {source}")]
    Ids {
        /// The registry, without credentials.
        url: String,
        /// What is wrong with them.
        source: WireIdsError,
    },
}
