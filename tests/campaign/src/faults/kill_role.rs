//! F2: kill -9 of every other role's process.
//!
//! Duty: one process after the other, started again at once; and how much those suffer who do not
//! depend on it. Prohibition: the ledger's owner is F1's.

use super::{Fault, Outcome, Rounds, spread};
use crate::cluster::{Cluster, Ground};
use crate::fleet::Spec;
use crate::history::{Kind, Operation};
use crate::scene::Scene;
use crate::time::{now, pass};
use anyhow::ensure;
use std::collections::BTreeMap;
use std::time::Duration;

/// How long a killed process may keep anybody waiting.
const SERVING_PATIENCE: Duration = Duration::from_secs(60);

/// Each process, and what does not depend on it.
const VICTIMS: [(&str, &[Kind]); 7] = [
    ("gateway", &[]),
    ("auth", &Kind::ALL),
    ("odds", &[Kind::Deposit, Kind::Look]),
    ("bets", &[Kind::Deposit, Kind::Look]),
    ("payments", &[Kind::Bet, Kind::Look]),
    ("fraud", &Kind::ALL),
    ("projector", &[Kind::Bet, Kind::Deposit]),
];

pub(super) struct KillRole;

/// How operations went that do not depend on the victim.
#[derive(Default)]
struct Others {
    clear: u64,
    troubled: u64,
}

impl Fault for KillRole {
    fn name(&self) -> &'static str {
        "F2"
    }

    fn about(&self) -> &'static str {
        "kill -9 of each other role's process in turn"
    }

    fn ci_runs(&self) -> u32 {
        14
    }

    fn campaign_runs(&self) -> u32 {
        1_400
    }

    fn ground(&self) -> Ground {
        Ground::CLUSTER
    }

    fn fleet(&self, _: &Cluster) -> anyhow::Result<Vec<Spec>> {
        let mut specs = vec![Spec::serve("ledger", &["ledger"])];
        specs.extend(VICTIMS.map(|(role, _)| Spec::serve(role, &[role])));
        Ok(specs)
    }

    fn run(&self, scene: &mut Scene, rounds: &mut Rounds) -> anyhow::Result<Outcome> {
        let mut outcome = Outcome::default();
        let mut serving: BTreeMap<&str, Vec<Duration>> = BTreeMap::new();
        let mut others: BTreeMap<&str, Others> = BTreeMap::new();
        for (victim, independent) in VICTIMS.iter().cycle() {
            if !rounds.more() {
                break;
            }
            pass(scene.chance.span_ms(20, 500));
            let first = scene.history.len();
            let (killed, killed_us) = (now(), scene.load.micros());
            scene.fleet.kill(victim)?;
            scene.fleet.start(victim)?;
            scene.fleet.ready(victim)?;
            let kinds = Kind::ALL;
            ensure!(
                scene
                    .load
                    .all_served_since(&kinds, killed_us, SERVING_PATIENCE),
                "not everything is served {SERVING_PATIENCE:?} after a kill of {victim}"
            );
            serving.entry(victim).or_default().push(killed.elapsed());
            let count = others.entry(victim).or_default();
            for operation in scene.history.since(first) {
                count.take(&operation, independent);
            }
            rounds.count();
            if rounds.done().is_multiple_of(70) {
                outcome.take(scene.rest_and_check()?);
            }
        }
        outcome.take(scene.rest_and_check()?);
        for (victim, mut spans) in serving {
            let what = format!("{victim} killed to all served");
            outcome.figures.push(spread(&what, &mut spans));
        }
        for (victim, count) in others {
            outcome.figures.push(count.told(victim));
        }
        Ok(outcome)
    }
}

impl Others {
    fn take(&mut self, operation: &Operation, independent: &[Kind]) {
        let counts = independent.contains(&operation.deed.kind()) && operation.ended_us.is_some();
        if counts && operation.tries == 1 {
            self.clear += 1;
        } else if counts {
            self.troubled += 1;
        }
    }

    fn told(&self, victim: &str) -> String {
        let all = self.clear + self.troubled;
        let permille = (self.troubled * 1_000).checked_div(all).unwrap_or(0);
        format!(
            "while {victim} was away: {} of {all} independent operations had to be asked again \
             ({permille} permille)",
            self.troubled
        )
    }
}
