//! F4d: the only broker is away for longer than anybody waits.
//!
//! Duty: every request that needs the log is told 503 by its deadline, nothing is acknowledged,
//! and after the return everything resolves. Prohibition: no answer from before the outage or
//! after it counts.

use super::broker::{GRACE, none_acknowledged, servers};
use super::{Fault, Outcome, Rounds, spread};
use crate::checker::{Finding, Wrong};
use crate::cluster::{Cluster, DEADLINE, Ground};
use crate::fleet::{Spec, one_per_role};
use crate::history::Kind;
use crate::load::Answered;
use crate::scene::Scene;
use crate::time::{now, pass};
use anyhow::ensure;
use std::time::Duration;

/// How long the broker may take to be useful again.
const SERVING_PATIENCE: Duration = Duration::from_secs(90);
/// An answer may be so much later than its deadline, on a machine that has other things to do.
const LATE: Duration = Duration::from_secs(1);

pub(super) struct BrokerAway;

impl Fault for BrokerAway {
    fn name(&self) -> &'static str {
        "F4d"
    }

    fn about(&self) -> &'static str {
        "the only broker stopped, or killed, for longer than the deadline: 503 and nothing else"
    }

    fn ci_runs(&self) -> u32 {
        2
    }

    fn campaign_runs(&self) -> u32 {
        20
    }

    fn ground(&self) -> Ground {
        Ground::CLUSTER
    }

    fn fleet(&self, _: &Cluster) -> anyhow::Result<Vec<Spec>> {
        Ok(one_per_role())
    }

    fn run(&self, scene: &mut Scene, rounds: &mut Rounds) -> anyhow::Result<Outcome> {
        let mut outcome = Outcome::default();
        let (mut serving, mut refusing) = (Vec::new(), Vec::new());
        let servers = servers(scene)?;
        while rounds.more() {
            pass(scene.chance.span_ms(50, 800));
            let stands_still = rounds.done().is_multiple_of(2);
            if stands_still {
                servers.kafka.pause(0)?;
            } else {
                servers.kafka.kill(0)?;
            }
            pass(GRACE);
            let down_us = scene.load.micros();
            scene.load.note_answers();
            // Whoever asked just before is told, and asks again, before the deadline of that.
            pass(DEADLINE * 2 + LATE + scene.chance.span_ms(500, 3_000));
            let up_us = scene.load.micros();
            let answers = scene.load.noted_answers();
            none_acknowledged(scene, down_us, up_us, &mut outcome);
            let back = now();
            if stands_still {
                servers.kafka.resume(0)?;
            } else {
                servers.kafka.start_again(0)?;
            }
            refusing.extend(judge_answers(&answers, down_us, up_us, &mut outcome));
            ensure!(
                scene.load.serving_since(up_us, SERVING_PATIENCE),
                "no bets everywhere {SERVING_PATIENCE:?} after the broker came back"
            );
            serving.push(back.elapsed());
            outcome.take(scene.rest_and_check()?);
            rounds.count();
        }
        let what = "answers while the broker was away";
        outcome.figures.push(spread(what, &mut refusing));
        let what = "broker back to bets everywhere";
        outcome.figures.push(spread(what, &mut serving));
        Ok(outcome)
    }
}

/// How long each refusal took.
fn judge_answers(
    answers: &[Answered],
    down_us: u64,
    up_us: u64,
    outcome: &mut Outcome,
) -> Vec<Duration> {
    let mut took = Vec::new();
    for answer in answers {
        let needs_log = answer.kind != Kind::Look;
        let during = answer.sent_us > down_us && answer.heard_us < up_us;
        if !needs_log || !during {
            continue;
        }
        took.push(answer.took());
        // A bet that was told as placed before is asked about again, and told so again.
        let still_pending = answer.placed_before && answer.status == Some(202);
        let refused = answer.status == Some(503) || still_pending;
        if !refused || answer.took() > DEADLINE + LATE {
            let detail = format!("while the broker was away: {answer:?}");
            outcome.findings.push(Finding::new(Wrong::Unlawful, detail));
        }
    }
    if took.is_empty() {
        let detail = "nothing was answered while the broker was away".to_owned();
        outcome
            .findings
            .push(Finding::new(Wrong::Unresolved, detail));
    }
    took
}
