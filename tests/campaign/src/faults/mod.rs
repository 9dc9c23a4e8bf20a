//! The faults, each a value of one trait, and the table of them.
//!
//! Duty: a name, a sentence, how many injections where, what it needs and how it is injected.
//! Prohibition: a fault judges nothing itself but what only it can see; the scene's check does
//! the rest, and no finding is passed over.

mod as_replayed;
mod broker;
mod broker_away;
mod claim_storm;
mod command;
mod count;
mod delivered_twice;
mod failpoints;
mod kill_owner;
mod kill_role;
mod late_frame;
mod late_record;
mod light_weight;
mod load_balancer;
mod long_partition;
mod patient;
mod poison;
mod rebalance;
mod storm;
mod tcp;
mod tcp_owners;
mod two_projectors;
mod view_nodes;
mod views_away;
mod wiped_views;
mod zombie;

use crate::checker::Finding;
use crate::cluster::{Cluster, Ground};
use crate::fleet::Spec;
use crate::load::LoadPlan;
use crate::scene::{Rested, Scene};
use crate::time::{Chance, now};
use anyhow::bail;
use stack::Needs;
use std::time::{Duration, Instant};

/// One kind of fault.
pub trait Fault: Send + Sync {
    /// Its number in the table of faults, such as `F1`.
    fn name(&self) -> &'static str;
    /// What is done to what, in a few words.
    fn about(&self) -> &'static str;
    /// Injections in every run of the tests.
    fn ci_runs(&self) -> u32;
    /// Injections in a long campaign.
    fn campaign_runs(&self) -> u32;
    /// The servers that it needs.
    fn ground(&self) -> Ground;
    /// What else it needs of the machine.
    fn needs(&self) -> Needs {
        Needs::NOTHING
    }
    /// The processes that it needs, on these servers. What stands between the two, such as a
    /// proxy, is started here and kept by the fault.
    ///
    /// # Errors
    /// What stands between cannot be started.
    fn fleet(&self, _cluster: &Cluster) -> anyhow::Result<Vec<Spec>> {
        Ok(Vec::new())
    }
    /// The load under which it happens.
    fn load(&self) -> LoadPlan {
        LoadPlan::default()
    }
    /// Injects it so many times, or until the rounds are over, and has the scene judged.
    ///
    /// # Errors
    /// The machinery failed: nothing can be said of the injections.
    fn run(&self, _scene: &mut Scene, _rounds: &mut Rounds) -> anyhow::Result<Outcome> {
        bail!(
            "{} is injected on a scene, and does not say how",
            self.name()
        )
    }
    /// How it is injected, if it wants no scene.
    fn alone(&self) -> Option<&dyn Alone> {
        None
    }
}

/// A fault that brings its own owners along: it wants servers and topics, and neither processes
/// nor clients. It judges by itself.
pub trait Alone: Sync {
    /// Injects it so many times, or until the rounds are over.
    ///
    /// # Errors
    /// The machinery failed: nothing can be said of the injections.
    fn attack(
        &self,
        cluster: &Cluster,
        chance: &mut Chance,
        rounds: &mut Rounds,
    ) -> anyhow::Result<Outcome>;
}

/// All faults, in the order of their numbers.
#[must_use]
pub fn all() -> Vec<Box<dyn Fault>> {
    vec![
        Box::new(kill_owner::KillOwner),
        Box::new(kill_role::KillRole),
        Box::new(failpoints::Failpoints),
        Box::new(broker::OnlyBroker),
        Box::new(broker_away::BrokerAway),
        Box::new(late_record::LateRecord),
        Box::<late_frame::LateFrame>::default(),
        Box::new(zombie::Zombie),
        Box::new(claim_storm::ClaimStorm),
        Box::new(rebalance::Rebalance),
        Box::new(long_partition::LongPartition),
        Box::<tcp::Tcp>::default(),
        Box::new(tcp_owners::TcpOwners),
        Box::new(delivered_twice::DeliveredTwice),
        Box::new(poison::Poison),
        Box::new(wiped_views::WipedViews),
        Box::new(two_projectors::TwoProjectors),
        Box::new(light_weight::LightWeight),
        Box::new(views_away::ViewsAway),
        Box::<load_balancer::LoadBalancer>::default(),
        // Last: other servers.
        Box::new(broker::OneOfThree),
        Box::new(view_nodes::ViewNodes),
    ]
}

/// What became of a fault.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// What was found wrong.
    pub findings: Vec<Finding>,
    /// Figures beside the result, such as how long a restart takes.
    pub figures: Vec<String>,
}

impl Outcome {
    /// Takes what a check has found.
    pub fn take(&mut self, rested: Rested) {
        self.findings.extend(rested.report.findings);
        let counts = rested.report.counts;
        self.figures.push(format!("{counts:?}"));
        self.figures.push(format!(
            "every outcome known after {} ms, everything finished and judged after {} ms (judging \
             {} ms)",
            rested.resolved.unwrap_or(Duration::MAX).as_millis(),
            rested.took.as_millis(),
            rested.judging.as_millis()
        ));
    }
}

/// Counts injections, tells how it goes, and ends in time.
pub struct Rounds {
    name: &'static str,
    wanted: u32,
    done: u32,
    begun: Instant,
    until: Option<Instant>,
    told: Instant,
    tell: fn(&str),
}

/// Between two lines of progress.
const TELL_EVERY: Duration = Duration::from_secs(10);

impl Rounds {
    /// So many, or fewer when the time is over.
    #[must_use]
    pub fn new(name: &'static str, wanted: u32, most: Option<Duration>, tell: fn(&str)) -> Self {
        let begun = now();
        Self {
            name,
            wanted,
            done: 0,
            begun,
            until: most.and_then(|most| begun.checked_add(most)),
            told: begun,
            tell,
        }
    }

    /// Whether there is to be another one. Each is told about as it comes.
    pub fn more(&mut self) -> bool {
        let at = now();
        let over = self.until.is_some_and(|until| at >= until);
        if self.done >= self.wanted || over {
            return false;
        }
        if at.duration_since(self.told) > TELL_EVERY {
            self.told = at;
            let spent = at.duration_since(self.begun).as_millis();
            let each = spent / u128::from(self.done.max(1));
            let left = each * u128::from(self.wanted - self.done) / 60_000;
            (self.tell)(&format!(
                "{} {}/{}: {each} ms each, {left} min left",
                self.name, self.done, self.wanted
            ));
        }
        true
    }

    /// One was injected.
    pub fn count(&mut self) {
        self.done += 1;
    }

    /// How many were injected.
    #[must_use]
    pub const fn done(&self) -> u32 {
        self.done
    }

    /// How many are wanted.
    #[must_use]
    pub const fn wanted(&self) -> u32 {
        self.wanted
    }

    /// How long it has taken.
    #[must_use]
    pub fn took(&self) -> Duration {
        self.begun.elapsed()
    }
}

/// Middle, 99th percentile and longest of some spans, in milliseconds.
#[must_use]
pub fn spread(what: &str, spans: &mut [Duration]) -> String {
    spans.sort_unstable();
    let at = |permille: usize| {
        let index = (spans.len() * permille).div_ceil(1_000).saturating_sub(1);
        spans.get(index).map_or(0, Duration::as_millis)
    };
    format!(
        "{what}: p50 {} ms, p99 {} ms, longest {} ms (n = {})",
        at(500),
        at(990),
        at(1_000),
        spans.len()
    )
}
