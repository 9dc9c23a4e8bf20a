//! The figures that every process shows of its parts.
//!
//! Duty: turn the conditions and figures of the process's parts into Prometheus' text.
//! Prohibition: nothing is measured here, and no label is an account, a bet or anything else of
//! which there is no small number.

use gateway::ports::MetricsSource;
use kernel::TopicPartition;
use runtime::{Condition, Durations, Health, OwnerFigures, ReaderFigures, ReaderKind};
use std::fmt::Write as _;
use std::sync::Arc;

/// The conditions and figures of a process's parts as Prometheus text.
pub struct PartFigures(pub Arc<Health>);

impl MetricsSource for PartFigures {
    fn write(&self, out: &mut String) {
        let mut text = Text(out);
        text.family(
            "furlong_build_info",
            GAUGE,
            "The version, as a label; always 1.",
        );
        let version = env!("CARGO_PKG_VERSION");
        text.sample("furlong_build_info", &format!("version=\"{version}\""), "1");
        conditions(&self.0, &mut text);
        owners(&self.0, &mut text);
        readers(&self.0, &mut text);
    }
}

pub(crate) const GAUGE: &str = "gauge";
pub(crate) const COUNTER: &str = "counter";
const HISTOGRAM: &str = "histogram";

/// Text in Prometheus' format, as it grows.
pub(crate) struct Text<'a>(pub(crate) &'a mut String);

impl Text<'_> {
    /// The lines that introduce a figure.
    pub(crate) fn family(&mut self, name: &str, kind: &str, help: &str) {
        self.line(format_args!("# HELP {name} {help}\n# TYPE {name} {kind}"));
    }

    pub(crate) fn sample(&mut self, name: &str, labels: &str, value: &str) {
        self.line(format_args!("{name}{{{labels}}} {value}"));
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        // A text that is written to a string is always written.
        writeln!(self.0, "{line}").unwrap_or_default();
    }
}

fn conditions(health: &Health, text: &mut Text<'_>) {
    let parts = health.parts();
    let mut of_each = |name: &str, help: &str, value: fn(&Condition) -> Option<u64>| {
        text.family(name, GAUGE, help);
        for (part, condition) in &parts {
            if let Some(value) = value(condition) {
                text.sample(name, &format!("part=\"{part}\""), &value.to_string());
            }
        }
    };
    of_each(
        "furlong_part_ready",
        "Whether a part of the process is as it should be.",
        |condition| Some(u64::from(!condition.is_missing())),
    );
    of_each(
        "furlong_part_halted",
        "Whether a part has stopped until somebody acts.",
        |condition| Some(u64::from(matches!(condition, Condition::Halted(_)))),
    );
    of_each(
        "furlong_owner_epoch",
        "The claim under which this process serves a partition.",
        |condition| match condition {
            Condition::Serving { epoch } => Some(*epoch),
            Condition::Starting(_)
            | Condition::Ready
            | Condition::StandingBy
            | Condition::Halted(_) => None,
        },
    );
}

/// A figure of an owner: name, kind, meaning, and where it is found.
type OwnerColumn = (
    &'static str,
    &'static str,
    &'static str,
    fn(&OwnerFigures) -> u64,
);

const OWNER_COLUMNS: [OwnerColumn; 5] = [
    (
        "furlong_owner_decisions_total",
        COUNTER,
        "Decisions of this process that were read back from the journal, so that they count.",
        |owner| owner.decisions.get(),
    ),
    (
        "furlong_owner_waiting_inputs",
        GAUGE,
        "Commands and decisions of others that were read and are not decided yet.",
        |owner| owner.waiting.get(),
    ),
    (
        "furlong_owner_claims_total",
        COUNTER,
        "Claims of the partition that stood.",
        |owner| owner.claims.get(),
    ),
    (
        "furlong_owner_fences_total",
        COUNTER,
        "Times that another process's claim ended this one's.",
        |owner| owner.fences.get(),
    ),
    (
        "furlong_owner_doubts_total",
        COUNTER,
        "Times that it was not known what of an append counts, and the owner began anew.",
        |owner| owner.doubts.get(),
    ),
];

fn owners(health: &Health, text: &mut Text<'_>) {
    let owners = health.figures().owners();
    for (name, kind, help, value) in OWNER_COLUMNS {
        text.family(name, kind, help);
        for (at, owner) in &owners {
            text.sample(name, &place(*at), &value(owner).to_string());
        }
    }
    let name = "furlong_owner_read_back_duration_seconds";
    text.family(
        name,
        HISTOGRAM,
        "From an append to the read-back of its last record.",
    );
    for (at, owner) in &owners {
        durations(name, &place(*at), &owner.read_back, text);
    }
}

fn readers(health: &Health, text: &mut Text<'_>) {
    let readers = health.figures().readers();
    let name = "furlong_reader_lag_records";
    text.family(
        name,
        GAUGE,
        "Records in the journal that a reader has not read, as of its last look at the end.",
    );
    for ((kind, at), reader) in &readers {
        if let Some(lag) = reader.unread() {
            let labels = format!("reader=\"{}\",{}", word(*kind), place(*at));
            text.sample(name, &labels, &lag.to_string());
        }
    }
    let mut of_projectors =
        |name: &str, kind: &str, help: &str, value: fn(&ReaderFigures) -> Option<u64>| {
            text.family(name, kind, help);
            for ((_, at), reader) in readers
                .iter()
                .filter(|((kind, _), _)| *kind == ReaderKind::Projector)
            {
                if let Some(value) = value(reader) {
                    text.sample(name, &place(*at), &value.to_string());
                }
            }
        };
    of_projectors(
        "furlong_projector_lag_records",
        GAUGE,
        "Records in the journal whose rows are not in the views, as of the last look at the end.",
        ReaderFigures::unwritten,
    );
    of_projectors(
        "furlong_projector_rows_total",
        COUNTER,
        "Rows that were written to the views, repeats included.",
        |reader| Some(reader.rows.get()),
    );
    of_projectors(
        "furlong_projector_retries_total",
        COUNTER,
        "Calls of the view store that failed and were made again.",
        |reader| Some(reader.retries.get()),
    );
}

const fn word(kind: ReaderKind) -> &'static str {
    match kind {
        ReaderKind::Reader => "reader",
        ReaderKind::Projector => "projector",
        ReaderKind::Picture => "picture",
    }
}

fn place(at: TopicPartition) -> String {
    format!(
        "topic=\"{}\",partition=\"{}\"",
        at.topic.as_str(),
        at.partition
    )
}

fn durations(name: &str, labels: &str, durations: &Durations, text: &mut Text<'_>) {
    let up_to = durations.up_to();
    for (bound, count) in &up_to {
        let le = bound.map_or_else(|| "+Inf".to_owned(), seconds);
        text.line(format_args!(
            "{name}_bucket{{{labels},le=\"{le}\"}} {count}"
        ));
    }
    let all = up_to.last().map_or(0, |(_, count)| *count);
    let sum = seconds(durations.sum_micros());
    text.line(format_args!("{name}_sum{{{labels}}} {sum}"));
    text.line(format_args!("{name}_count{{{labels}}} {all}"));
}

fn seconds(micros: u64) -> String {
    const MICROS: u64 = 1_000_000;
    format!(
        "{}.{:06}",
        micros.div_euclid(MICROS),
        micros.rem_euclid(MICROS)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(health: Health) -> String {
        let mut out = String::new();
        PartFigures(Arc::new(health)).write(&mut out);
        out
    }

    #[test]
    fn figures_tell_who_serves_what() {
        let health = Health::default();
        health.set("owner of bets.events/3", Condition::Serving { epoch: 7 });
        health.set("owner of bets.events/4", Condition::StandingBy);
        health.set("owner of bets.events/5", Condition::Halted("y".to_owned()));
        health.set("place on the roll", Condition::Starting("x".to_owned()));
        let out = written(health);
        for line in [
            "furlong_part_ready{part=\"owner of bets.events/3\"} 1",
            "furlong_part_ready{part=\"owner of bets.events/4\"} 1",
            "furlong_part_ready{part=\"owner of bets.events/5\"} 0",
            "furlong_part_ready{part=\"place on the roll\"} 0",
            "furlong_part_halted{part=\"owner of bets.events/5\"} 1",
            "furlong_part_halted{part=\"place on the roll\"} 0",
            "furlong_owner_epoch{part=\"owner of bets.events/3\"} 7",
        ] {
            assert!(out.lines().any(|found| found == line), "{line}\n{out}");
        }
        assert_eq!(out.matches("furlong_owner_epoch{").count(), 1);
    }

    #[test]
    fn every_figure_is_introduced_even_when_there_is_nothing_to_tell() {
        let out = written(Health::default());
        for family in OWNER_COLUMNS.iter().map(|(name, ..)| *name).chain([
            "furlong_owner_read_back_duration_seconds",
            "furlong_reader_lag_records",
            "furlong_projector_lag_records",
            "furlong_projector_rows_total",
            "furlong_projector_retries_total",
        ]) {
            assert!(out.contains(&format!("# HELP {family} ")), "{family}");
            assert!(out.contains(&format!("# TYPE {family} ")), "{family}");
        }
    }

    #[test]
    fn microseconds_are_told_as_seconds() {
        assert_eq!(seconds(2_500), "0.002500");
        assert_eq!(seconds(10_000_000), "10.000000");
    }
}
