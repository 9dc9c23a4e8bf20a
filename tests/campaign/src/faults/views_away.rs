//! F22: the view store does not answer for a while.
//!
//! Duty: bets go on everywhere and to the end of it, reads are told in time what is away, the
//! gateway stays ready and says what it lacks, and soon after the return reads know everything.
//! Prohibition: nobody is asked to bet who waits for a read, so half of the clients do not look.

use super::{Fault, Outcome, Rounds, as_replayed, spread};
use crate::checker::{Finding, Wrong};
use crate::cluster::{Cluster, DEADLINE, Ground};
use crate::fleet::{Spec, one_per_role};
use crate::history::Kind;
use crate::http::{Ask, Connection};
use crate::load::Answered;
use crate::scene::Scene;
use crate::time::{now, pass, wait_for};
use anyhow::Context;
use std::time::{Duration, Instant};

/// How long it is away in a long campaign.
const LONG: Duration = Duration::from_secs(60);
/// How long it is away in every run of the tests.
const SHORT: Duration = Duration::from_secs(15);
/// After its return reads must know everything within this.
const LAG_PATIENCE: Duration = Duration::from_secs(30);
/// What is degraded is told after so long.
const TOLD_WITHIN: Duration = Duration::from_secs(5);
/// An answer may be so much later than its deadline, on a machine that has other things to do.
const LATE: Duration = Duration::from_secs(1);
/// Those who are in the middle of a read may end it.
const LET_READ: Duration = Duration::from_millis(700);
const LOOK_EVERY: Duration = Duration::from_millis(500);

pub(super) struct ViewsAway;

impl Fault for ViewsAway {
    fn name(&self) -> &'static str {
        "F22"
    }

    fn about(&self) -> &'static str {
        "the view store stands still for a minute (15 s in CI) under load"
    }

    fn ci_runs(&self) -> u32 {
        1
    }

    fn campaign_runs(&self) -> u32 {
        3
    }

    fn ground(&self) -> Ground {
        Ground::CLUSTER
    }

    fn fleet(&self, _: &Cluster) -> anyhow::Result<Vec<Spec>> {
        Ok(one_per_role())
    }

    fn run(&self, scene: &mut Scene, rounds: &mut Rounds) -> anyhow::Result<Outcome> {
        let mut outcome = Outcome::default();
        let mut returns = Vec::new();
        let away_for = if rounds.wanted() < self.campaign_runs() {
            SHORT
        } else {
            LONG
        };
        while rounds.more() {
            scene.load.let_few_look(true);
            pass(LET_READ);
            let up_us = away(scene, away_for, &mut outcome)?;
            let up = now();
            let reads = scene
                .load
                .all_served_since(&[Kind::Look], up_us, LAG_PATIENCE);
            returns.push(up.elapsed());
            if !reads {
                let detail = format!("reads are behind {LAG_PATIENCE:?} after the return");
                outcome.findings.push(Finding::new(Wrong::Stale, detail));
            }
            let left = LAG_PATIENCE.saturating_sub(up.elapsed());
            let port = door(scene)?;
            let well = wait_for(left, || {
                ready(port).is_ok_and(|ready| !ready.degraded).then_some(())
            });
            if well.is_none() {
                let detail = format!("/readyz tells of views {LAG_PATIENCE:?} after the return");
                outcome.findings.push(Finding::new(Wrong::Unlawful, detail));
            }
            scene.load.let_few_look(false);
            as_replayed::judge(scene, &mut outcome)?;
            rounds.count();
        }
        let what = "view store back to reads everywhere";
        outcome.figures.push(spread(what, &mut returns));
        Ok(outcome)
    }
}

struct Ready {
    status: u16,
    degraded: bool,
}

fn door(scene: &Scene) -> anyhow::Result<u16> {
    scene.fleet.port("gateway").context("there is a gateway")
}

fn ready(port: u16) -> std::io::Result<Ready> {
    let answer = Connection::new(port).ask(Ask::get("/readyz"))?;
    let degraded = answer.json()["degraded"]
        .as_array()
        .is_some_and(|parts| !parts.is_empty());
    Ok(Ready {
        status: answer.status,
        degraded,
    })
}

/// The outage. The instant of its end.
fn away(scene: &Scene, away_for: Duration, outcome: &mut Outcome) -> anyhow::Result<u64> {
    let servers = scene.cluster.servers.clone().context("there are servers")?;
    let port = door(scene)?;
    servers.cassandra.pause(0)?;
    let (down, down_us) = (now(), scene.load.micros());
    scene.load.note_answers();
    let watched = watch(port, down, away_for / 2, outcome);
    let middle_us = scene.load.micros();
    let watched = watched.and_then(|()| watch(port, down, away_for, outcome));
    let everywhere = scene.load.serves_since(Kind::Bet, middle_us);
    let up_us = scene.load.micros();
    let answers = scene.load.noted_answers();
    servers.cassandra.resume(0)?;
    watched?;
    if !everywhere {
        let detail = "not everywhere was a bet accepted in the second half of the outage";
        let finding = Finding::new(Wrong::Unresolved, detail.to_owned());
        outcome.findings.push(finding);
    }
    judge_answers(&answers, down_us, up_us, outcome);
    Ok(up_us)
}

/// Asks the gateway whether it is ready, on and on.
fn watch(port: u16, down: Instant, until: Duration, outcome: &mut Outcome) -> anyhow::Result<()> {
    while down.elapsed() < until {
        let asked = down.elapsed();
        let ready = ready(port)?;
        let quiet = asked > TOLD_WITHIN && !ready.degraded;
        if ready.status != 200 || quiet {
            let detail = format!(
                "/readyz {} ms into the outage: {}, degraded: {}",
                asked.as_millis(),
                ready.status,
                ready.degraded
            );
            outcome.findings.push(Finding::new(Wrong::Unlawful, detail));
        }
        pass(LOOK_EVERY);
    }
    Ok(())
}

fn judge_answers(answers: &[Answered], down_us: u64, up_us: u64, outcome: &mut Outcome) {
    let during = |kind: Kind| {
        let asked = answers.iter().filter(move |answer| answer.kind == kind);
        asked.filter(move |answer| answer.sent_us > down_us && answer.heard_us < up_us)
    };
    let bets: Vec<_> = during(Kind::Bet).collect();
    let accepted = bets.iter().filter(|bet| bet.status == Some(201)).count();
    if accepted == 0 {
        let detail = "no bet was accepted while the view store was away".to_owned();
        outcome
            .findings
            .push(Finding::new(Wrong::Unresolved, detail));
    }
    let mut slowest = Duration::ZERO;
    let (mut reads, mut refused) = (0_u32, 0_u32);
    for look in during(Kind::Look) {
        reads += 1;
        slowest = slowest.max(look.took());
        let clear = look.status == Some(503) && look.code.starts_with("view_");
        refused += u32::from(clear);
        if !clear || look.took() > DEADLINE + LATE {
            let detail = format!("a read while the view store was away: {look:?}");
            outcome.findings.push(Finding::new(Wrong::Unlawful, detail));
        }
    }
    if reads == 0 {
        let detail = "no read was answered while the view store was away".to_owned();
        outcome
            .findings
            .push(Finding::new(Wrong::Unresolved, detail));
    }
    let mut bet_spans: Vec<Duration> = bets.iter().map(|bet| bet.took()).collect();
    outcome
        .figures
        .push(spread("bets meanwhile", &mut bet_spans));
    outcome.figures.push(format!(
        "meanwhile {accepted} of {} bets were accepted; {refused} of {reads} reads were told what \
         is away, the slowest after {} ms",
        bets.len(),
        slowest.as_millis()
    ));
}
