//! Faults over time, from a seed.
//!
//! Duty: make the same list for the same seed, print it and read it again, so that a run that
//! went wrong can be repeated from its output. Prohibition: a schedule plays nothing by itself.

use crate::dice::Dice;
use crate::fault::{Fault, Unreadable, Way, number, unreadable};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A fault and its moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Milliseconds after the start.
    pub at_ms: u32,
    /// What happens then.
    pub fault: Fault,
}

/// Faults in the order of their moments; the last one heals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Where it came from; 0 for one that was written by hand.
    pub seed: u64,
    /// What happens when.
    pub steps: Vec<Step>,
}

impl Schedule {
    /// The schedule of that seed. It starts within 300 ms and heals at `duration`; in between
    /// something changes every 100 ms to a fifth of the duration.
    #[must_use]
    pub fn random(seed: u64, duration: Duration) -> Self {
        let end_ms = u32::try_from(duration.as_millis()).unwrap_or(u32::MAX);
        let pause_ms_max = end_ms.checked_div(5).unwrap_or(0).max(200);
        let mut dice = Dice::new(seed);
        let mut at_ms = dice.between(0, 300);
        let mut steps = Vec::new();
        while at_ms < end_ms {
            let fault = random_fault(&mut dice);
            steps.push(Step { at_ms, fault });
            at_ms = at_ms.saturating_add(dice.between(100, pause_ms_max));
        }
        steps.push(Step {
            at_ms: end_ms,
            fault: Fault::Heal,
        });
        Self { seed, steps }
    }

    /// When the last fault is over.
    #[must_use]
    pub fn duration(&self) -> Duration {
        let last_ms = self.steps.last().map_or(0, |step| step.at_ms);
        Duration::from_millis(u64::from(last_ms))
    }
}

fn random_fault(dice: &mut Dice) -> Fault {
    let way = match dice.between(0, 2) {
        0 => Way::ToServer,
        1 => Way::ToClient,
        _ => Way::Both,
    };
    match dice.between(0, 15) {
        // Short delays are as telling as long ones and leave more room for progress.
        0..=1 => Fault::Latency {
            way,
            delay_ms: dice.between(1, 200),
            jitter_ms: dice.between(0, 100),
        },
        2 => Fault::Latency {
            way,
            delay_ms: dice.between(200, 5_000),
            jitter_ms: dice.between(0, 1_000),
        },
        3..=4 => Fault::Bandwidth {
            way,
            bytes_per_second: dice.between(5_000, 20_000),
        },
        5..=6 => Fault::Slice {
            way,
            bytes: u16::try_from(dice.between(1, 7)).unwrap_or(1),
        },
        7..=9 => Fault::Reset,
        10 => Fault::Refuse,
        11 => Fault::HalfOpen { way },
        12..=13 => Fault::Partition { way },
        _ => Fault::Heal,
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "seed {}", self.seed)?;
        for Step { at_ms, fault } in &self.steps {
            writeln!(out, "{at_ms} {fault}")?;
        }
        Ok(())
    }
}

impl FromStr for Schedule {
    type Err = Unreadable;
    fn from_str(text: &str) -> Result<Self, Unreadable> {
        let mut lines = text.lines();
        let first = lines.next().unwrap_or("");
        let seed = first.strip_prefix("seed ").ok_or(unreadable(first))?;
        let steps = lines.map(|line| {
            let (at, fault) = line.trim().split_once(' ').ok_or(unreadable(line))?;
            Ok(Step {
                at_ms: number(at)?,
                fault: fault.parse()?,
            })
        });
        Ok(Self {
            seed: number(seed)?,
            steps: steps.collect::<Result<_, _>>()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_schedule_is_its_seed_and_its_print(seed: u64, seconds in 1_u64..60) {
            let duration = Duration::from_secs(seconds);
            let schedule = Schedule::random(seed, duration);
            prop_assert_eq!(&schedule, &Schedule::random(seed, duration));
            prop_assert_eq!(&schedule, &schedule.to_string().parse::<Schedule>().unwrap());
        }

        #[test]
        fn moments_rise_and_the_end_heals(seed: u64) {
            let schedule = Schedule::random(seed, Duration::from_secs(10));
            prop_assert!(schedule.steps.is_sorted_by_key(|step| step.at_ms));
            prop_assert!(schedule.steps.len() > 4);
            let last = schedule.steps.last().unwrap();
            prop_assert_eq!((last.at_ms, last.fault), (10_000, Fault::Heal));
        }

        #[test]
        fn no_text_panics(text: String) {
            prop_assert!(text.parse::<Schedule>().is_err());
            let read = format!("seed 1\n{text}").parse::<Schedule>();
            prop_assert!(read.is_err() || text.lines().count() == 0);
        }
    }

    #[test]
    fn many_seeds_use_every_kind() {
        let mut kinds = std::collections::BTreeSet::new();
        for seed in 0..200 {
            for step in Schedule::random(seed, Duration::from_secs(10)).steps {
                let text = step.fault.to_string();
                kinds.insert(text.split(' ').next().unwrap().to_owned());
            }
        }
        assert_eq!(kinds.len(), 8, "{kinds:?}");
    }
}
