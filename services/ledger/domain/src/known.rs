//! Which transfer ids have been used, for ever, and for what.
//!
//! Duty: tell a repeat from a reuse in one look. Prohibition: nothing is ever forgotten here.
//!
//! The ids lie in many small maps instead of one large one: a map that outgrows its memory moves
//! all that it holds, and moving a 256th of the ids is a pause that nobody notices.

use crate::transfer::{ContentHash, TransferKey};
use kernel::TransferId;
use rustc_hash::FxHashMap;

/// What an id was used for: the content's digest, and in its lowest bit whether a hold stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Use(u64);

impl Use {
    /// An id used for this content.
    #[must_use]
    pub const fn of(content: ContentHash, was_hold: bool) -> Self {
        Self(if was_hold {
            content.word() | 1
        } else {
            content.word()
        })
    }

    /// Whether that same content was asked.
    #[must_use]
    pub const fn is_of(self, content: ContentHash) -> bool {
        self.0 & !1 == content.word()
    }

    /// Whether a hold stood under this id.
    #[must_use]
    pub const fn was_hold(self) -> bool {
        self.0 & 1 == 1
    }

    /// The use with these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 8]) -> Self {
        Self(u64::from_be_bytes(bytes))
    }

    /// The eight bytes.
    #[must_use]
    pub const fn bytes(self) -> [u8; 8] {
        self.0.to_be_bytes()
    }
}

/// All ids that were ever used.
#[derive(Clone)]
pub(crate) struct KnownTransfers {
    shards: Vec<FxHashMap<TransferKey, Use>>,
}

const SHARDS: usize = 256;

impl KnownTransfers {
    pub(crate) fn none() -> Self {
        Self {
            shards: vec![FxHashMap::default(); SHARDS],
        }
    }

    pub(crate) fn get(&self, key: TransferKey) -> Option<Use> {
        let shard = self.shards.get(usize::from(key.spread()))?;
        shard.get(&key).copied()
    }

    /// The first use of an id stands.
    pub(crate) fn insert(&mut self, id: TransferId, its_use: Use) {
        let key = TransferKey::of(id);
        if let Some(shard) = self.shards.get_mut(usize::from(key.spread())) {
            shard.entry(key).or_insert(its_use);
        }
    }

    /// All of them, by id.
    pub(crate) fn sorted(&self) -> Vec<(TransferId, Use)> {
        let uses = self.shards.iter().flatten();
        let mut all: Vec<_> = uses.map(|(key, its_use)| (key.id(), *its_use)).collect();
        all.sort_unstable_by_key(|(id, _)| *id);
        all
    }
}
