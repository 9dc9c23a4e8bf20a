//! The figures that every process shows of its parts.
//!
//! Duty: turn the health of the process into Prometheus' text. Prohibition: nothing is measured
//! here.

use gateway::ports::MetricsSource;
use runtime::{Condition, Health};
use std::fmt::Write as _;
use std::sync::Arc;

/// The conditions of a process's parts as Prometheus figures.
pub struct PartFigures(pub Arc<Health>);

impl MetricsSource for PartFigures {
    fn write(&self, out: &mut String) {
        out.push_str(
            "# HELP furlong_part_ready Whether a part of the process is as it should be\n\
             # TYPE furlong_part_ready gauge\n",
        );
        let parts = self.0.parts();
        for (part, condition) in &parts {
            let ready = u8::from(!condition.is_missing());
            // A text that is written to a string is always written.
            writeln!(out, "furlong_part_ready{{part=\"{part}\"}} {ready}").unwrap_or_default();
        }
        out.push_str(
            "# HELP furlong_owner_epoch The claim under which this process serves a partition\n\
             # TYPE furlong_owner_epoch gauge\n",
        );
        for (part, condition) in &parts {
            if let Condition::Serving { epoch } = condition {
                writeln!(out, "furlong_owner_epoch{{part=\"{part}\"}} {epoch}").unwrap_or_default();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_tell_who_serves_what() {
        let health = Arc::new(Health::default());
        health.set("owner of bets.events/3", Condition::Serving { epoch: 7 });
        health.set("owner of bets.events/4", Condition::StandingBy);
        health.set("place on the roll", Condition::Starting("x".to_owned()));
        let mut out = String::new();
        PartFigures(health).write(&mut out);
        for line in [
            "furlong_part_ready{part=\"owner of bets.events/3\"} 1",
            "furlong_part_ready{part=\"owner of bets.events/4\"} 1",
            "furlong_part_ready{part=\"place on the roll\"} 0",
            "furlong_owner_epoch{part=\"owner of bets.events/3\"} 7",
        ] {
            assert!(out.lines().any(|found| found == line), "{line}\n{out}");
        }
        assert_eq!(out.matches("furlong_owner_epoch{").count(), 1);
    }
}
