//! Where a part comes from on this machine: an address that was given, or a server of our own.
//!
//! Decided when the tests run, in this order: addresses in the environment, a container engine that answers, Java and
//! Maven. A given server serves the shared handles only: it cannot be killed, so who asks for an own one gets another.

use anyhow::Context;

use crate::java::{self, Artifacts};
use crate::settings;

/// A part of the stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    Kafka,
    Cassandra,
    Registry,
}

impl Part {
    /// Its name for people.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Kafka => "Kafka",
            Self::Cassandra => "Cassandra",
            Self::Registry => "a schema registry",
        }
    }

    /// The variable that gives its address.
    pub(crate) const fn variable(self) -> &'static str {
        match self {
            Self::Kafka => settings::KAFKA,
            Self::Cassandra => settings::CASSANDRA,
            Self::Registry => settings::REGISTRY,
        }
    }

    /// Its Java programs.
    pub(crate) const fn artifacts(self) -> Artifacts {
        match self {
            Self::Kafka => crate::kafka::java::ARTIFACTS,
            Self::Cassandra => crate::cassandra::java::ARTIFACTS,
            Self::Registry => crate::registry::ARTIFACTS,
        }
    }

    /// The addresses in the environment.
    pub(crate) fn given(self) -> Option<Vec<String>> {
        settings::addresses(self.variable())
    }

    /// Whether a server of our own could be had, without fetching anything.
    ///
    /// # Errors
    /// What is missing.
    pub(crate) fn own_could_be_had(self) -> anyhow::Result<()> {
        self.explain(java::java().and_then(|_| self.artifacts().could_be_had()))
    }

    /// Whether a server of our own can be had; what must be fetched is fetched now.
    ///
    /// # Errors
    /// What is missing.
    pub(crate) fn own_can_be_had(self) -> anyhow::Result<()> {
        self.explain(java::java().and_then(|_| self.artifacts().have()).map(drop))
    }

    fn explain(self, answer: anyhow::Result<()>) -> anyhow::Result<()> {
        answer.with_context(|| format!("{} cannot be started here", self.name()))
    }
}
