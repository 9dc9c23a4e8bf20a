//! F6: a zombie owner: stopped in the middle of its work for longer than its lease, taken over,
//! continued.
//!
//! Duty: freeze an owner under load, wait until another one serves its partitions, let it go on
//! with whatever it had in its hands. Prohibition: nobody tells the zombie what has happened.

use super::{Fault, Outcome, Rounds, spread};
use crate::cluster::{Cluster, Ground, LEASE};
use crate::fleet::Spec;
use crate::load::LoadPlan;
use crate::scene::Scene;
use crate::time::{now, pass};
use anyhow::{Context, ensure};
use std::time::Duration;

/// How long a takeover may take.
const TAKEOVER_PATIENCE: Duration = Duration::from_secs(60);
/// Beyond its lease, a zombie stands still for at most so much longer.
const FROZEN_MS_MAX: u64 = 4_000;
const OWNERS: [&str; 4] = ["ledger-a", "ledger-b", "bets-a", "bets-b"];

pub(super) struct Zombie;

impl Fault for Zombie {
    fn name(&self) -> &'static str {
        "F6"
    }

    fn about(&self) -> &'static str {
        "SIGSTOP of an owner for longer than its lease, takeover, SIGCONT"
    }

    fn ci_runs(&self) -> u32 {
        8
    }

    fn campaign_runs(&self) -> u32 {
        300
    }

    fn ground(&self) -> Ground {
        Ground::CLUSTER
    }

    fn fleet(&self, _: &Cluster) -> anyhow::Result<Vec<Spec>> {
        Ok(twins())
    }

    fn load(&self) -> LoadPlan {
        LoadPlan {
            per_second: 90,
            clients_each: 3,
            ..LoadPlan::default()
        }
    }

    fn run(&self, scene: &mut Scene, rounds: &mut Rounds) -> anyhow::Result<Outcome> {
        let mut outcome = Outcome::default();
        let (mut takeovers, mut returns) = (Vec::new(), Vec::new());
        while rounds.more() {
            let victim = *scene.chance.one_of(&OWNERS).context("an owner")?;
            pass(scene.chance.span_ms(20, 500));
            let (frozen, frozen_us) = (now(), scene.load.micros());
            scene.fleet.freeze(victim)?;
            let served = scene.load.serving_since(frozen_us, TAKEOVER_PATIENCE);
            let taken_over = frozen.elapsed();
            // Whatever came of it, nobody stays frozen.
            let lease = u64::try_from(LEASE.as_millis())?;
            let stays = scene.chance.span_ms(lease, lease + FROZEN_MS_MAX);
            pass(stays.saturating_sub(frozen.elapsed()));
            let (thawed, thawed_us) = (now(), scene.load.micros());
            scene.fleet.thaw(victim)?;
            ensure!(
                served,
                "nobody served everywhere {TAKEOVER_PATIENCE:?} after {victim} was stopped"
            );
            takeovers.push(taken_over);
            ensure!(
                scene.load.serving_since(thawed_us, TAKEOVER_PATIENCE),
                "nobody served everywhere {TAKEOVER_PATIENCE:?} after {victim} went on"
            );
            returns.push(thawed.elapsed());
            rounds.count();
            if rounds.done().is_multiple_of(30) {
                outcome.take(scene.rest_and_check()?);
            }
        }
        outcome.take(scene.rest_and_check()?);
        let stale = scene.checker.passed_over().stale;
        outcome.figures.push(format!(
            "records of old epochs in the log, without effect: {stale}"
        ));
        outcome
            .figures
            .push(spread("stopped to served everywhere", &mut takeovers));
        outcome
            .figures
            .push(spread("continued to served everywhere", &mut returns));
        Ok(outcome)
    }
}

/// Two processes each for bets and ledger, one for everything else.
pub(super) fn twins() -> Vec<Spec> {
    let mut specs = vec![
        Spec::serve("gateway", &["gateway"]),
        Spec::serve("rest", &["auth", "odds", "payments", "fraud", "projector"]),
    ];
    for owner in OWNERS {
        let role = owner.split('-').next().unwrap_or(owner);
        specs.push(Spec::serve(owner, &[role]));
    }
    specs
}
