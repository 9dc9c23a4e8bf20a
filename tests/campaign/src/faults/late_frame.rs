//! F5 with whole processes: a ledger owner's Produce request is held by the network.
//!
//! Duty: hold one request of an owner's, with all that stands behind it on that connection, until
//! another process has taken its partitions over; then let it arrive, as it is, or doubled and
//! without its producer, or after its sender was cut off. Prohibition: no owner is told, and the
//! proxy of one process never holds up another one.

use super::zombie::twins;
use super::{Fault, Outcome, Rounds, spread};
use crate::cluster::{Cluster, Ground};
use crate::fleet::Spec;
use crate::load::LoadPlan;
use crate::scene::Scene;
use crate::time::now;
use anyhow::{Context, ensure};
use faultproxy::{Held, KafkaPlan, KafkaProxy, Produce, Release, Rule, TopicName};
use kernel::Topic;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::timeout;

/// Within which an owner under load appends something.
const CATCH_PATIENCE: Duration = Duration::from_secs(30);
/// How long a takeover may take.
const TAKEOVER_PATIENCE: Duration = Duration::from_secs(60);
const RELEASE_PATIENCE: Duration = Duration::from_secs(10);

#[derive(Default)]
pub(super) struct LateFrame {
    proxies: Mutex<Vec<(String, KafkaProxy)>>,
}

impl Fault for LateFrame {
    fn name(&self) -> &'static str {
        "F5P"
    }

    fn about(&self) -> &'static str {
        "a Produce request of a ledger process held by the network until another process has \
         taken over, then delivered"
    }

    fn ci_runs(&self) -> u32 {
        5
    }

    fn campaign_runs(&self) -> u32 {
        100
    }

    fn ground(&self) -> Ground {
        Ground::CLUSTER
    }

    fn fleet(&self, cluster: &Cluster) -> anyhow::Result<Vec<Spec>> {
        let servers = cluster.servers.as_ref().context("no servers")?;
        let broker: SocketAddr = servers.kafka.bootstrap().parse()?;
        let mut proxies = Vec::new();
        let mut specs = Vec::new();
        for spec in twins() {
            if !spec.plays("ledger") {
                specs.push(spec);
                continue;
            }
            let plan = KafkaPlan {
                target: Some(broker),
                ..KafkaPlan::default()
            };
            let proxy = cluster.wait(KafkaProxy::start(plan))?;
            proxy.advertise(broker.port(), proxy.address().port());
            proxies.push((spec.name.clone(), proxy));
            let address = proxies.last().context("one was pushed")?.1.address();
            specs.push(spec.with("brokers", address));
        }
        *self.proxies.lock().unwrap_or_else(PoisonError::into_inner) = proxies;
        Ok(specs)
    }

    fn load(&self) -> LoadPlan {
        LoadPlan {
            per_second: 90,
            clients_each: 3,
            ..LoadPlan::default()
        }
    }

    fn run(&self, scene: &mut Scene, rounds: &mut Rounds) -> anyhow::Result<Outcome> {
        let proxies = self.proxies.lock().unwrap_or_else(PoisonError::into_inner);
        let journal = format!("{}{}", scene.cluster.prefix(), Topic::LedgerEvents.as_str());
        let mut outcome = Outcome::default();
        let (mut takeovers, mut recoveries) = (Vec::new(), Vec::new());
        let (mut stored, mut refused, mut untold) = (0_u64, 0_u64, 0_u64);
        while rounds.more() {
            // Only one that owns something appends something.
            let mut holds: Vec<_> = proxies
                .iter()
                .map(|(_, proxy)| proxy.hold(to(&journal)))
                .collect();
            let caught = scene.cluster.wait(async {
                let next: Vec<_> = holds
                    .iter_mut()
                    .map(|holds| Box::pin(holds.next()))
                    .collect();
                timeout(CATCH_PATIENCE, futures::future::select_all(next)).await
            });
            let (held, ..) = caught.context("no ledger owner appends anything")?;
            drop(holds);
            let mut held = held.context("the rule is spent")?;
            let (caught, caught_us) = (now(), scene.load.micros());
            if scene.chance.below(3) == 0 {
                held.cut();
            }
            let served = scene.load.serving_since(caught_us, TAKEOVER_PATIENCE);
            ensure!(
                served,
                "nobody took over {TAKEOVER_PATIENCE:?} after a request was held"
            );
            takeovers.push(caught.elapsed());
            let (freed, freed_us) = (now(), scene.load.micros());
            let release = match scene.chance.below(3) {
                0 => Release::once(),
                1 => Release::once().anonymous().apart(),
                _ => Release::once().anonymous().apart().copies(2),
            };
            match scene.cluster.wait(deliver(&mut held, release)) {
                Some((took, not)) => {
                    stored += took;
                    refused += not;
                }
                None => untold += 1,
            }
            drop(held);
            ensure!(
                scene.load.serving_since(freed_us, TAKEOVER_PATIENCE),
                "nobody served everywhere {TAKEOVER_PATIENCE:?} after a late request"
            );
            recoveries.push(freed.elapsed());
            rounds.count();
            if rounds.done().is_multiple_of(20) {
                outcome.take(scene.rest_and_check()?);
            }
        }
        outcome.take(scene.rest_and_check()?);
        outcome.figures.push(format!(
            "late requests stored {stored} times, refused by the broker {refused} times, unanswered \
             {untold} times; {:?}",
            scene.checker.passed_over()
        ));
        let to_served = spread("held to served everywhere", &mut takeovers);
        let after = spread("late request to served everywhere", &mut recoveries);
        outcome.figures.extend([to_served, after]);
        Ok(outcome)
    }
}

fn to(journal: &str) -> Rule {
    let journal = TopicName::Name(journal.to_owned());
    Rule::new(move |produce: &Produce| produce.partitions.iter().any(|part| part.topic == journal))
}

/// How many copies the broker stored, and how many it refused; nothing when it did not say.
async fn deliver(held: &mut Held, release: Release) -> Option<(u64, u64)> {
    let delivered = timeout(RELEASE_PATIENCE, held.release(release)).await;
    let deliveries = delivered.ok()?.ok()?;
    let answers = deliveries.iter().flat_map(|delivery| &delivery.answers);
    let (mut stored, mut refused) = (0, 0);
    for answer in answers {
        if answer.is_stored() {
            stored += 1;
        } else {
            refused += 1;
        }
    }
    Some((stored, refused))
}
