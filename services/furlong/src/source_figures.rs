//! The figures of feed sources.
//!
//! Duty: tell from the picture of the markets which source is up, what it has missed and where.
//! Prohibition: nothing is measured here: all of it stands in the journals.

use crate::part_figures::{COUNTER, GAUGE, Text};
use gateway::ports::MetricsSource;
use markets::{MarketView, SourceState};
use std::sync::{Arc, PoisonError, RwLock};

/// Feed sources as Prometheus text.
pub struct SourceFigures(pub Arc<RwLock<MarketView>>);

type Value = fn(&SourceState) -> Option<u64>;

const FIGURES: [(&str, &str, &str, Value); 5] = [
    (
        "furlong_feed_source_up",
        GAUGE,
        "Whether prices of a feed source count: it speaks, and is up to date.",
        |state| Some(u64::from(state.is_up())),
    ),
    (
        "furlong_feed_gaps_total",
        COUNTER,
        "Stretches of a source's messages that did not come or were refused.",
        |state| Some(state.gaps),
    ),
    (
        "furlong_feed_missing_messages_total",
        COUNTER,
        "Messages in those stretches.",
        |state| Some(state.missing),
    ),
    (
        "furlong_feed_gap_expected_sequence",
        GAUGE,
        "The number that should have come at the newest gap.",
        |state| state.last_gap.map(|(expected, _)| expected),
    ),
    (
        "furlong_feed_gap_got_sequence",
        GAUGE,
        "The number that came at the newest gap.",
        |state| state.last_gap.map(|(_, got)| got),
    ),
];

impl MetricsSource for SourceFigures {
    fn write(&self, out: &mut String) {
        let view = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut text = Text(out);
        for (name, kind, help, value) in FIGURES {
            text.family(name, kind, help);
            for (source, partition, state) in view.source_states() {
                if let Some(value) = value(state) {
                    let labels =
                        format!("source=\"{}\",partition=\"{partition}\"", escaped(source));
                    text.sample(name, &labels, &value.to_string());
                }
            }
        }
    }
}

/// A label's value as the format wants it.
fn escaped(value: &str) -> String {
    value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_break_out_of_its_label() {
        assert_eq!(escaped("a\"b\\c\nd"), "a\\\"b\\\\c\\nd");
    }
}
