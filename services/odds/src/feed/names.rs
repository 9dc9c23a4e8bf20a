//! From a source's own names to our ids.
//!
//! Duty: the same name of the same source gives the same id, on every machine and after every
//! restart, and everything of a fixture lies in the fixture's partition. Prohibition: no table
//! and no minting; nothing has to be remembered.

use kernel::{FixtureId, MarketId, Partition, SelectionId};
use sha2::{Digest as _, Sha256};

/// Names of one source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedNames {
    source: String,
    partitions: Partition,
}

impl FeedNames {
    /// Names of `source` in a log of so many partitions (at least one).
    #[must_use]
    pub fn new(source: impl Into<String>, partitions: Partition) -> Self {
        Self {
            source: source.into(),
            partitions: partitions.max(1),
        }
    }

    /// Whose names these are.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The fixture that the source calls `name`. A text that is a fixture id already stays it.
    #[must_use]
    pub fn fixture(&self, name: &str) -> FixtureId {
        name.parse().unwrap_or_else(|_| {
            let hash = hash(&["fixture", &self.source, name]);
            let number = hash.iter().take(8).fold(0_u64, |number, byte| {
                number.rotate_left(8) | u64::from(*byte)
            });
            let partition = number
                .checked_rem(u64::from(self.partitions))
                .and_then(|partition| Partition::try_from(partition).ok())
                .unwrap_or(0);
            FixtureId::from_bytes(id_bytes(&hash, partition))
        })
    }

    /// The market of `fixture` that the source calls `name`. A market id stays itself.
    #[must_use]
    pub fn market(&self, fixture: FixtureId, name: &str) -> MarketId {
        name.parse().unwrap_or_else(|_| {
            let hash = hash(&["market", &self.source, &fixture.to_string(), name]);
            MarketId::from_bytes(id_bytes(&hash, fixture.partition()))
        })
    }

    /// The selection of `market` that the source calls `name`. A selection id stays itself.
    #[must_use]
    pub fn selection(&self, market: MarketId, name: &str) -> SelectionId {
        name.parse().unwrap_or_else(|_| {
            let hash = hash(&["selection", &self.source, &market.to_string(), name]);
            SelectionId::from_bytes(id_bytes(&hash, market.partition()))
        })
    }
}

/// Hash of texts that cannot run into each other: each is preceded by its length.
fn hash(parts: &[&str]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in parts {
        let length = u64::try_from(part.len()).unwrap_or(u64::MAX);
        hasher.update(length.to_be_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.finalize().into()
}

/// Sixteen bytes in the form of a UUID of version 7, the partition at the end.
fn id_bytes(hash: &[u8; 32], partition: Partition) -> [u8; 16] {
    let mut bytes = [0; 16];
    for (target, source) in bytes.iter_mut().zip(hash.iter().skip(8)) {
        *target = *source;
    }
    bytes[6] = (bytes[6] & 0x0f) | 0x70;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let [high, low] = partition.to_be_bytes();
    bytes[14] = high;
    bytes[15] = low;
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_name_gives_the_same_id() {
        let names = FeedNames::new("acme", 8);
        assert_eq!(names.fixture("final"), names.fixture("final"));
        assert_ne!(names.fixture("final"), names.fixture("semi-final"));
        assert_ne!(
            names.fixture("final"),
            FeedNames::new("other", 8).fixture("final")
        );
    }

    #[test]
    fn all_of_a_fixture_lies_in_its_partition() {
        let names = FeedNames::new("acme", 8);
        let mut used = std::collections::BTreeSet::new();
        for number in 0..100 {
            let fixture = names.fixture(&number.to_string());
            let market = names.market(fixture, "1x2");
            let selection = names.selection(market, "home");
            assert!(fixture.partition() < 8);
            assert_eq!(market.partition(), fixture.partition());
            assert_eq!(selection.partition(), fixture.partition());
            used.insert(fixture.partition());
        }
        assert_eq!(used.len(), 8);
    }

    #[test]
    fn an_id_stays_itself_and_has_the_form_of_a_uuid_v7() {
        let names = FeedNames::new("acme", 8);
        let fixture = names.fixture("final");
        assert_eq!(names.fixture(&fixture.to_string()), fixture);
        let text = fixture.to_string();
        assert_eq!(text.as_bytes()["fix_".len() + 14], b'7');
    }
}
