//! The four bytes that name a record's schema, rewritten on the way in and out.
//!
//! Duty: the topic carries the registry's ids, the program its own; hashes and heads are over the
//! latter. Prohibition: a record without our frame passes as it is, and no two records become one.

use bytes::Bytes;
use schemas::{WireIds, framed_id, reframe, reframed};

/// The record as the topic gets it, if it differs.
pub(crate) fn to_wire(wire_ids: &WireIds, record: &[u8]) -> Option<Vec<u8>> {
    let id = framed_id(record)?;
    let wire = wire_ids.to_wire(id);
    (wire != id).then(|| reframed(record, wire))
}

/// The record as the program gets it.
pub(crate) fn from_wire(wire_ids: &WireIds, record: &[u8]) -> Bytes {
    let mut inside = record.to_vec();
    if let Some(id) = framed_id(record) {
        reframe(&mut inside, wire_ids.from_wire(id));
    }
    inside.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use schemas::{SchemaId, frame, schemas};

    fn from_a_registry() -> WireIds {
        let pairs = schemas().into_iter().map(|s| (s.id, s.id.0 | 1_024));
        WireIds::new(pairs).unwrap()
    }

    #[test]
    fn ids_are_the_registrys_in_the_topic_and_ours_inside() {
        let mut record = Vec::new();
        frame(SchemaId(7), &mut record);
        record.extend_from_slice(b"datum");
        let wire = to_wire(&from_a_registry(), &record).unwrap();
        assert_eq!(wire, [&[0, 0, 0, 4, 7][..], b"datum"].concat());
        assert_eq!(from_wire(&from_a_registry(), &wire), record);
    }

    #[test]
    fn the_id_of_a_stranger_never_looks_like_ours() {
        let inside = from_wire(&from_a_registry(), &[0, 0, 0, 0, 7, 9]);
        assert_eq!(inside.first_chunk::<2>(), Some(&[0, 0x80]));
        assert_eq!(
            to_wire(&from_a_registry(), &inside).unwrap(),
            [0, 0, 0, 0, 7, 9],
            "and goes back as it came"
        );
    }

    #[test]
    fn what_is_not_framed_passes_as_it_is() {
        for record in [&b""[..], b"\0", b"\0\0\0\x07", b"\x07\0\0\0\x07 and more"] {
            assert_eq!(to_wire(&from_a_registry(), record), None);
            assert_eq!(from_wire(&from_a_registry(), record), record);
        }
    }
}
