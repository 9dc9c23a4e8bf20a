//! The numbers that a registry gave to our schemas, against the numbers that we gave them.
//!
//! Duty: translate, both ways, the four bytes by which a record names its schema. Inside furlong
//! a record always carries the canonical id (it is part of the bytes that are hashed); in a topic
//! it carries the wire id, by which everybody who knows the registry finds the schema.
//!
//! Prohibition: two records never become one. Both directions are bijections of all 32-bit
//! numbers, so any record comes back as it was written, and an id that the registry did not give
//! to us never turns into one of ours.

use crate::registry::{SchemaId, schemas};
use std::collections::BTreeSet;

/// Set in an id that came off the wire and belongs to none of our schemas. Registries count in
/// positive 32-bit integers, and so do we: neither side ever gives out an id with this bit.
const FOREIGN: u32 = 1 << 31;

/// Why a set of wire ids cannot be ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WireIdsError {
    /// A published schema has no wire id.
    #[error("schema {} has no id in the registry", .0.0)]
    Missing(SchemaId),
    /// A schema has two wire ids.
    #[error("schema {} is named twice", .0.0)]
    NamedTwice(SchemaId),
    /// Not one of our published schemas.
    #[error("schema {} is not published", .0.0)]
    NotPublished(SchemaId),
    /// Two schemas have the same wire id.
    #[error("the registry's id {0} stands for two schemas")]
    GivenTwice(u32),
    /// No registry gives out such a number.
    #[error("{0} cannot be a registry's id")]
    OutOfRange(u32),
}

/// The registry's id of every published schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WireIds {
    /// Canonical and wire id; none at all: they are the same, and nothing is translated.
    pairs: Box<[(u32, u32)]>,
}

impl WireIds {
    /// The wire carries the canonical ids: nobody but us numbered the schemas.
    #[must_use]
    pub fn canonical() -> Self {
        Self {
            pairs: Box::default(),
        }
    }

    /// The wire carries what a registry gave out.
    ///
    /// # Errors
    /// A published schema without an id, a schema or an id named twice, or an id that is none.
    pub fn new(pairs: impl IntoIterator<Item = (SchemaId, u32)>) -> Result<Self, WireIdsError> {
        let published: BTreeSet<SchemaId> = schemas().into_iter().map(|schema| schema.id).collect();
        let (mut named, mut given) = (BTreeSet::new(), BTreeSet::new());
        let mut kept = Vec::new();
        for (schema, wire) in pairs {
            if !published.contains(&schema) {
                return Err(WireIdsError::NotPublished(schema));
            }
            if wire & FOREIGN != 0 {
                return Err(WireIdsError::OutOfRange(wire));
            }
            if !named.insert(schema) {
                return Err(WireIdsError::NamedTwice(schema));
            }
            if !given.insert(wire) {
                return Err(WireIdsError::GivenTwice(wire));
            }
            kept.push((schema.0, wire));
        }
        match published.difference(&named).next() {
            Some(missing) => Err(WireIdsError::Missing(*missing)),
            None => Ok(Self {
                pairs: kept.into_boxed_slice(),
            }),
        }
    }

    /// The id that goes into the topic.
    #[must_use]
    pub fn to_wire(&self, canonical: u32) -> u32 {
        self.translate(canonical, Self::wire_of, Self::canonical_of)
    }

    /// The id that the record has inside furlong. One that the registry did not give to us comes
    /// out with the highest bit set: no reader knows such a schema, so the record halts its
    /// partition, and [`crate::DecodeError::UnknownSchema`] tells the id that stood on the wire.
    #[must_use]
    pub fn from_wire(&self, wire: u32) -> u32 {
        self.translate(wire, Self::canonical_of, Self::wire_of)
    }

    /// Ours go there; all others change their highest bit. Those whose place one of ours has taken
    /// go where ours came from (`back`), which leaves no two ids in one place.
    fn translate(
        &self,
        id: u32,
        there: fn(&Self, u32) -> Option<u32>,
        back: fn(&Self, u32) -> Option<u32>,
    ) -> u32 {
        if self.pairs.is_empty() {
            return id;
        }
        let plain = id & !FOREIGN;
        if id == plain {
            there(self, id).unwrap_or(id | FOREIGN)
        } else {
            back(self, plain).map_or(plain, |taken| taken | FOREIGN)
        }
    }

    fn wire_of(&self, canonical: u32) -> Option<u32> {
        let pair = self.pairs.iter().find(|(ours, _)| *ours == canonical);
        pair.map(|(_, wire)| *wire)
    }

    fn canonical_of(&self, wire: u32) -> Option<u32> {
        let pair = self.pairs.iter().find(|(_, theirs)| *theirs == wire);
        pair.map(|(canonical, _)| *canonical)
    }
}

/// The id as it stood on the wire, of an id that [`WireIds::from_wire`] could not make ours.
pub(crate) const fn told(id: u32) -> u32 {
    id & !FOREIGN
}

/// The id in the framing of a record; none: it is not framed.
#[must_use]
pub fn framed_id(record: &[u8]) -> Option<u32> {
    match record {
        [0, a, b, c, d, ..] => Some(u32::from_be_bytes([*a, *b, *c, *d])),
        _ => None,
    }
}

/// Writes another id into the framing of a record. A record without framing stays as it is.
pub fn reframe(record: &mut [u8], id: u32) {
    if let [0, framed @ ..] = record
        && let Some(place) = framed.first_chunk_mut::<4>()
    {
        *place = id.to_be_bytes();
    }
}

/// A copy of a record with another id in its framing. A record without framing stays as it is.
#[must_use]
pub fn reframed(record: &[u8], id: u32) -> Vec<u8> {
    let mut copy = record.to_vec();
    reframe(&mut copy, id);
    copy
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Ids with gaps, in an order of their own, some of them canonical ids of other schemas.
    fn given() -> Vec<(SchemaId, u32)> {
        let all = schemas();
        let first = all[0].id;
        let mut pairs: Vec<(SchemaId, u32)> = all
            .iter()
            .map(|schema| (schema.id, (7 * schema.id.0 + 5) % 101))
            .collect();
        assert!(
            all.iter()
                .any(|schema| pairs.iter().any(|(_, wire)| *wire == schema.id.0)),
            "they overlap"
        );
        pairs[0] = (first, 1 << 30);
        pairs
    }

    #[test]
    fn ours_are_translated_there_and_back() {
        let ids = WireIds::new(given()).unwrap();
        for (schema, wire) in given() {
            assert_eq!(ids.to_wire(schema.0), wire);
            assert_eq!(ids.from_wire(wire), schema.0);
        }
    }

    #[test]
    fn foreign_ids_never_become_ours_and_are_told_as_they_were() {
        let ids = WireIds::new(given()).unwrap();
        for wire in 0..1_000 {
            let is_ours = given().iter().any(|(_, ours)| *ours == wire);
            let inside = ids.from_wire(wire);
            assert_eq!(schemas().iter().any(|s| s.id.0 == inside), is_ours);
            if !is_ours {
                let message = crate::DecodeError::UnknownSchema(inside).to_string();
                assert_eq!(message, format!("schema id {wire} is unknown here"));
            }
        }
    }

    #[test]
    fn a_foreign_record_is_refused_by_the_id_on_the_wire() {
        let ids = WireIds::new(given()).unwrap();
        let topic = schemas()[0].topic;
        let mut record = vec![0, 0, 0, 0, 1, 7];
        reframe(&mut record, ids.from_wire(1));
        let refused = crate::unframe(topic, &record).unwrap_err();
        assert_eq!(refused.to_string(), "schema id 1 is unknown here");
    }

    #[test]
    fn canonical_ids_stay() {
        let ids = WireIds::canonical();
        for id in [0, 1, 12, 13, FOREIGN, u32::MAX] {
            assert_eq!((ids.to_wire(id), ids.from_wire(id)), (id, id));
        }
    }

    #[test]
    fn a_set_that_is_not_one_to_one_and_whole_is_refused() {
        let refused = |change: &dyn Fn(&mut Vec<(SchemaId, u32)>)| {
            let mut pairs = given();
            change(&mut pairs);
            WireIds::new(pairs).unwrap_err()
        };
        let last = schemas().last().unwrap().id;
        assert_eq!(
            refused(&|pairs| pairs.truncate(pairs.len() - 1)),
            WireIdsError::Missing(last)
        );
        assert_eq!(
            refused(&|pairs| pairs.push((last, 99))),
            WireIdsError::NamedTwice(last)
        );
        let (_, wire) = given()[1];
        assert_eq!(
            refused(&|pairs| pairs[2].1 = wire),
            WireIdsError::GivenTwice(wire)
        );
        assert_eq!(
            refused(&|pairs| pairs.push((SchemaId(999), 99))),
            WireIdsError::NotPublished(SchemaId(999))
        );
        assert_eq!(
            refused(&|pairs| pairs[3].1 = FOREIGN),
            WireIdsError::OutOfRange(FOREIGN)
        );
    }

    #[test]
    fn only_the_four_bytes_of_a_framed_record_change() {
        let record = [0, 1, 2, 3, 4, 5, 6];
        assert_eq!(framed_id(&record), Some(0x0102_0304));
        assert_eq!(reframed(&record, 0x0a0b_0c0d), [0, 10, 11, 12, 13, 5, 6]);
        for unframed in [&[][..], &[0], &[0, 1, 2, 3], &[1, 1, 2, 3, 4, 5]] {
            assert_eq!(framed_id(unframed), None);
            assert_eq!(reframed(unframed, 9), unframed);
        }
    }

    proptest! {
        #[test]
        fn every_id_comes_back(id in prop_oneof![0_u32..60, FOREIGN..FOREIGN + 60, any::<u32>()]) {
            let ids = WireIds::new(given()).unwrap();
            prop_assert_eq!(ids.from_wire(ids.to_wire(id)), id);
            prop_assert_eq!(ids.to_wire(ids.from_wire(id)), id);
        }
    }
}
