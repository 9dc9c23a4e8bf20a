//! The schemas as they are compiled in: nobody else numbered them.

use crate::port::{Entry, Held, Judgement, SchemaStore, StoreError};
use crate::{meaning, subjects::Subjects};
use kernel::Topic;
use schemas::WireIds;

/// The store that needs no other process. The wire carries the canonical ids.
#[derive(Clone, Debug)]
pub struct Embedded {
    subjects: Subjects,
}

impl Embedded {
    /// With the subjects that a registry would have.
    #[must_use]
    pub const fn new(subjects: Subjects) -> Self {
        Self { subjects }
    }
}

impl SchemaStore for Embedded {
    fn wire_ids(&self) -> Result<WireIds, StoreError> {
        Ok(WireIds::canonical())
    }

    fn inspect(&self) -> Result<Vec<Entry>, StoreError> {
        let entry = |schema: schemas::Schema| Entry {
            schema: schema.id,
            topic: schema.topic,
            subject: self.subjects.of(schema.topic),
            version: schema.version,
            held: Held::Registered {
                version: schema.version,
                id: schema.id.0,
            },
            is_new: false,
            // The tests of the schemas refuse everything else before it is compiled in.
            compatibility: Some("BACKWARD_TRANSITIVE".to_owned()),
            unknown_versions: Vec::new(),
        };
        Ok(schemas::schemas().into_iter().map(entry).collect())
    }

    fn register(&self) -> Result<Vec<Entry>, StoreError> {
        self.inspect()
    }

    fn judge(&self, topic: Topic, text: &str) -> Result<Judgement, StoreError> {
        let same = |schema: schemas::Schema| {
            schema.topic == topic && meaning::same(&(schema.text)(), text)
        };
        Ok(if schemas::schemas().into_iter().any(same) {
            Judgement::Compatible
        } else {
            Judgement::Incompatible("nothing is added to what is compiled in".to_owned())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store() -> Embedded {
        Embedded::new(Subjects::new("").unwrap())
    }

    #[test]
    fn canonical_ids_go_over_the_wire() {
        assert_eq!(store().wire_ids(), Ok(WireIds::canonical()));
        for entry in store().register().unwrap() {
            assert!(matches!(entry.held, Held::Registered { id, .. } if id == entry.schema.0));
        }
    }

    #[test]
    fn only_what_is_compiled_in_is_taken() {
        let schemas = schemas::schemas();
        let one = &schemas[0];
        let of_another = schemas.iter().find(|schema| schema.topic != one.topic);
        let other = of_another.expect("there are several topics");
        let judge = |text: String| store().judge(one.topic, &text).unwrap();
        assert_eq!(judge((one.text)()), Judgement::Compatible);
        assert!(matches!(judge((other.text)()), Judgement::Incompatible(_)));
    }
}
