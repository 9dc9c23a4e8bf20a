//! What was found wrong, and which exit code that amounts to.
//!
//! Duty: tell "does not agree" from "cannot be read". Prohibition: no finding is dropped; only
//! the screen shortens the list.

use crate::exit::Outcome;
use crate::screen::Screen;
use kernel::{Position, TopicPartition};
use serde_json::{Value, json};

/// Which check has found it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Stored bytes against the running hash that moved with them.
    Bytes,
    /// Stored bytes and heads against a signed checkpoint.
    Checkpoint,
    /// The chain of a journal.
    Chain,
    /// A fold could not take an event.
    Fold,
    /// An invariant of the decisions.
    Invariant,
    /// A row of the views.
    View,
    /// The storage underneath.
    Storage,
}

impl Kind {
    /// Its name in JSON and on the screen.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bytes => "bytes",
            Self::Checkpoint => "checkpoint",
            Self::Chain => "chain",
            Self::Fold => "fold",
            Self::Invariant => "invariant",
            Self::View => "view",
            Self::Storage => "storage",
        }
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// Which check.
    pub kind: Kind,
    /// In which partition.
    pub at: TopicPartition,
    /// At which record, where that is known.
    pub offset: Option<u64>,
    /// What.
    pub detail: String,
}

impl Finding {
    fn place(&self) -> String {
        self.offset.map_or_else(
            || self.at.to_string(),
            |offset| self.at.at(offset).to_string(),
        )
    }

    fn to_json(&self) -> Value {
        json!({
            "check": self.kind.as_str(),
            "topic": self.at.topic.as_str(),
            "partition": self.at.partition,
            "offset": self.offset,
            "detail": self.detail,
        })
    }
}

/// All that is wrong.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// What does not agree.
    pub discrepancies: Vec<Finding>,
    /// What cannot be read.
    pub unreadable: Vec<Finding>,
}

/// So many of each are shown to people; JSON has all.
const SHOWN: usize = 20;

impl Findings {
    /// Something does not agree.
    pub fn discrepancy(
        &mut self,
        kind: Kind,
        at: TopicPartition,
        offset: Option<u64>,
        detail: impl Into<String>,
    ) {
        self.discrepancies.push(Finding {
            kind,
            at,
            offset,
            detail: detail.into(),
        });
    }

    /// Something does not agree at a record.
    pub fn discrepancy_at(&mut self, kind: Kind, position: Position, detail: impl Into<String>) {
        self.discrepancy(
            kind,
            position.topic_partition(),
            Some(position.offset),
            detail,
        );
    }

    /// Something cannot be read.
    pub fn unreadable(
        &mut self,
        kind: Kind,
        at: TopicPartition,
        offset: Option<u64>,
        detail: impl Into<String>,
    ) {
        self.unreadable.push(Finding {
            kind,
            at,
            offset,
            detail: detail.into(),
        });
    }

    /// Whether bytes of this partition are already known not to agree.
    #[must_use]
    pub fn knows(&self, at: TopicPartition) -> bool {
        self.discrepancies.iter().any(|finding| finding.at == at)
    }

    /// A discrepancy outweighs what is merely unreadable: it is proven.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        if !self.discrepancies.is_empty() {
            Outcome::Discrepancy
        } else if self.unreadable.is_empty() {
            Outcome::Fine
        } else {
            Outcome::Unreadable
        }
    }

    /// Both lists.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let list = |findings: &[Finding]| findings.iter().map(Finding::to_json).collect::<Vec<_>>();
        json!({
            "discrepancies": list(&self.discrepancies),
            "unreadable": list(&self.unreadable),
        })
    }

    /// Both lists for people.
    ///
    /// # Errors
    /// The stream does not take it.
    pub fn put(&self, screen: &mut Screen<'_>) -> std::io::Result<()> {
        for (title, findings) in [
            ("DISCREPANCY", &self.discrepancies),
            ("UNREADABLE", &self.unreadable),
        ] {
            for finding in findings.iter().take(SHOWN) {
                let (kind, place) = (finding.kind.as_str(), finding.place());
                screen.put(format_args!("{title}  {kind}  {place}: {}", finding.detail))?;
            }
            let hidden = findings.len().saturating_sub(SHOWN);
            if hidden > 0 {
                screen.put(format_args!(
                    "{title}  and {hidden} more (--json lists all)"
                ))?;
            }
        }
        Ok(())
    }
}
