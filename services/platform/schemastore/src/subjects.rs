//! Under which name a topic's schemas are published.
//!
//! Duty: the subject of each topic: the topic's name on the broker and `-value`, as the topic-name
//! strategy of the usual serialisers has it, so that consoles, connectors and clients which go by
//! subjects find ours. (Readers that go by the id in the record need no subject at all.)
//!
//! Prohibition: two topics never share a subject.

use crate::port::StoreError;
use kernel::Topic;

/// Names of subjects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subjects {
    topic_prefix: String,
}

impl Subjects {
    /// Of topics whose names on the broker begin with this.
    ///
    /// # Errors
    /// A letter that no topic's name may have.
    pub fn new(topic_prefix: &str) -> Result<Self, StoreError> {
        let allowed = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
        if topic_prefix.chars().all(allowed) {
            Ok(Self {
                topic_prefix: topic_prefix.to_owned(),
            })
        } else {
            Err(StoreError::BadPrefix(topic_prefix.to_owned()))
        }
    }

    /// The subject of the topic.
    #[must_use]
    pub fn of(&self, topic: Topic) -> String {
        format!("{}{topic}-value", self.topic_prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_the_name_of_the_topic_and_value() {
        let subjects = Subjects::new("").unwrap();
        assert_eq!(subjects.of(Topic::BetsEvents), "bets.events-value");
        let subjects = Subjects::new("eu-1.").unwrap();
        assert_eq!(subjects.of(Topic::BetsEvents), "eu-1.bets.events-value");
    }

    #[test]
    fn a_prefix_that_no_topic_may_have_is_refused() {
        for prefix in ["a/b", "a b", "ä", "x?", "%2e"] {
            assert!(Subjects::new(prefix).is_err(), "{prefix}");
        }
    }
}
