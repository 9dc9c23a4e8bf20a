//! Where a part comes from on this machine: an address that was given, or a server of our own.
//!
//! Decided when the tests run, in this order: addresses in the environment, a container engine that answers, Java and
//! Maven. A given server serves the shared handles only: it cannot be killed, so who asks for an own one gets another.

#[cfg(feature = "containers")]
use std::sync::OnceLock;

use anyhow::Context;

#[cfg(feature = "containers")]
use crate::engine;
use crate::java::{self, Artifacts};
use crate::settings;

/// How a server of our own is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Means {
    /// As a Java process.
    Java,
    /// As a container.
    #[cfg(feature = "containers")]
    Containers,
}

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

    /// How a server of our own would be run, without fetching anything.
    ///
    /// # Errors
    /// What is missing.
    pub(crate) fn own_could_be(self) -> anyhow::Result<Means> {
        self.choose(|| java::java().and_then(|_| self.artifacts().could_be_had()))
    }

    /// How a server of our own is run; what must be fetched for a process is fetched now.
    ///
    /// # Errors
    /// What is missing.
    pub(crate) fn own(self) -> anyhow::Result<Means> {
        self.choose(|| self.have_java())
    }

    /// The same where only a process will do.
    ///
    /// # Errors
    /// What is missing.
    pub(crate) fn own_process(self) -> anyhow::Result<Means> {
        self.have_java().with_context(|| self.cannot())?;
        Ok(Means::Java)
    }

    fn have_java(self) -> anyhow::Result<()> {
        java::java().and_then(|_| self.artifacts().have()).map(drop)
    }

    fn choose(self, java: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<Means> {
        let containers = match settings::variable(settings::MEANS).as_deref() {
            Some("java") => Err(anyhow::anyhow!("{} says java", settings::MEANS)),
            _ => containers(),
        };
        let no_containers = match containers {
            Ok(means) => return Ok(means),
            Err(reason) => reason,
        };
        java().with_context(|| format!("{}: {no_containers:#}, and", self.cannot()))?;
        Ok(Means::Java)
    }

    fn cannot(self) -> String {
        format!("{} cannot be started here", self.name())
    }
}

/// Whether servers can be containers; asked once.
fn containers() -> anyhow::Result<Means> {
    #[cfg(feature = "containers")]
    {
        static ANSWER: OnceLock<Result<(), String>> = OnceLock::new();
        let answer = ANSWER.get_or_init(|| engine::answers().map_err(|error| format!("{error:#}")));
        answer
            .clone()
            .map_err(anyhow::Error::msg)
            .map(|()| Means::Containers)
    }
    #[cfg(not(feature = "containers"))]
    anyhow::bail!("built without containers (cargo feature `containers` of stack)")
}
