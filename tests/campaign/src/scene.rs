//! A fleet under load, with the history of its clients and the checker of its log.
//!
//! Duty: set everything up in the order that works, and bring everything to rest so that it can be
//! judged. One scene serves many injections of a fault, and many faults. Prohibition: nothing
//! here injects anything.

use crate::checker::{Checker, Finding, Report, Wrong};
use crate::cluster::{Cluster, Ground, Servers};
use crate::feed::{Feed, FeedPlan};
use crate::fleet::{Fleet, Spec};
use crate::history::History;
use crate::load::{Load, LoadPlan};
use crate::session::Credentials;
use crate::time::{Chance, now, pass};
use anyhow::Context;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// How long everything may take to come to rest once nothing disturbs it any more (I22).
pub const REST: Duration = Duration::from_secs(30);
/// Results come after so long.
const MARKET_OPEN_FOR: Duration = Duration::from_secs(8);
/// Between two looks whether everything has come to rest.
const LOOK_AGAIN: Duration = Duration::from_millis(150);

/// How a scene is set.
#[derive(Clone, Debug)]
pub struct ScenePlan {
    /// What servers.
    pub ground: Ground,
    /// The servers, where there are any.
    pub servers: Option<Arc<Servers>>,
    /// A name for everything on the servers.
    pub name: String,
    /// The clients.
    pub load: LoadPlan,
    /// The seed of all chance.
    pub seed: u64,
    /// An executable that is furlong behind the word `furlong`.
    pub program: PathBuf,
    /// Keep everything in this folder.
    pub keep: Option<PathBuf>,
}

/// A running scene.
pub struct Scene {
    /// Chance, from the seed.
    pub chance: Chance,
    /// The clients.
    pub load: Load,
    /// The feed.
    pub feed: Feed,
    /// The processes.
    pub fleet: Fleet,
    /// The servers.
    pub cluster: Cluster,
    /// What clients know.
    pub history: Arc<History>,
    /// What the log says.
    pub checker: Checker,
}

/// What a check came to.
#[derive(Clone, Debug)]
pub struct Rested {
    /// Findings and counts.
    pub report: Report,
    /// How long it took until clients knew every outcome; none: some never did.
    pub resolved: Option<Duration>,
    /// How long it took until everything begun was finished and judged.
    pub took: Duration,
    /// What of it was reading and judging.
    pub judging: Duration,
}

impl Scene {
    /// Sets it. `fleet` tells the processes, when the servers are there.
    ///
    /// # Errors
    /// A server, a process, the feed or a client does not get going.
    pub fn set(
        plan: &ScenePlan,
        specs: impl FnOnce(&Cluster) -> anyhow::Result<Vec<Spec>>,
    ) -> anyhow::Result<Self> {
        let mut chance = Chance::new(plan.seed);
        let cluster = Cluster::make(
            plan.ground,
            plan.servers.clone(),
            &plan.program,
            &plan.name,
            plan.keep.as_deref(),
        )?;
        let history = Arc::new(History::kept(&cluster.folder().join("history.jsonl"))?);
        let mut fleet = Fleet::new(&plan.program, cluster.folder(), cluster.settings());
        for spec in specs(&cluster)? {
            fleet.enlist(on(&spec, &cluster));
        }
        fleet.start_all()?;
        let trader = trader(&cluster, &fleet)?;
        let feed = FeedPlan {
            doors: fleet.doors(),
            who: trader,
            partitions: plan.ground.partitions,
            open_for: MARKET_OPEN_FOR,
            chance: chance.another(),
        };
        let feed = Feed::start(feed, &history)?;
        let load = Load::start(
            plan.load,
            &fleet.doors(),
            &feed.board(),
            &history,
            plan.ground.partitions,
            chance.another(),
        )?;
        let checker = Checker::new(plan.ground.partitions);
        let scene = Self {
            chance,
            load,
            feed,
            fleet,
            cluster,
            history,
            checker,
        };
        anyhow::ensure!(
            scene.load.serving_since(0, Duration::from_secs(60)),
            "no bet was accepted in every partition: {:?}",
            scene.history.operations().last()
        );
        Ok(scene)
    }

    /// Stops the load, waits until every outcome is known and everything begun is finished, and
    /// judges. The load goes on afterwards.
    ///
    /// # Errors
    /// The log cannot be read.
    pub fn rest_and_check(&mut self) -> anyhow::Result<Rested> {
        let rested = self.check_and_stay_at_rest()?;
        self.feed.rest(false);
        self.load.run();
        Ok(rested)
    }

    /// The same, and nothing goes on: what is read from the log afterwards is what was judged.
    ///
    /// # Errors
    /// The log cannot be read.
    pub fn check_and_stay_at_rest(&mut self) -> anyhow::Result<Rested> {
        let begun = now();
        self.feed.rest(true);
        let resolved = self.load.hold(REST);
        let log = self.cluster.log()?;
        let mut judging = Duration::ZERO;
        let mut report = loop {
            let looked = now();
            // A broker that has just come back may not be known to be back yet; what was read
            // is not read again.
            if let Err(error) = self.cluster.wait(self.checker.read(&*log)) {
                if begun.elapsed() > REST {
                    return Err(error);
                }
                pass(LOOK_AGAIN);
                continue;
            }
            if self.checker.story.unfinished().is_empty() || begun.elapsed() > REST {
                let report = self.checker.judge(&self.history, true);
                judging += looked.elapsed();
                // A result may have been told that nobody has taken notice of yet.
                let may_change = report.findings.iter().any(|finding| {
                    matches!(
                        finding.wrong,
                        Wrong::Money | Wrong::Unresolved | Wrong::Invariant
                    )
                });
                if !may_change || begun.elapsed() > REST {
                    break report;
                }
            }
            judging = judging.max(looked.elapsed());
            pass(LOOK_AGAIN);
        };
        if resolved.is_none() {
            let detail = format!("clients still do not know outcomes {REST:?} after the fault");
            report
                .findings
                .push(Finding::new(Wrong::Unresolved, detail));
        }
        if !report.findings.is_empty() {
            // What was found is found at the log; who holds it up says so itself, perhaps.
            let stands = self.fleet.what_stands().join("; ");
            let detail = format!("what the processes say: {stands}");
            report
                .findings
                .push(Finding::new(Wrong::Unresolved, detail));
        }
        let fallen = self.fleet.fallen();
        let panics = self.fleet.panics();
        for told in fallen.into_iter().chain(panics) {
            report.findings.push(Finding::new(Wrong::Halted, told));
        }
        self.history.flush();
        let took = begun.elapsed();
        Ok(Rested {
            report,
            resolved,
            took,
            judging,
        })
    }

    /// Ends everything in order: clients, feed, processes, servers.
    ///
    /// # Errors
    /// A process does not end as it should.
    pub fn end(self) -> anyhow::Result<()> {
        let Self {
            load,
            feed,
            mut fleet,
            cluster,
            ..
        } = self;
        load.stop();
        feed.stop()?;
        let names = fleet.names();
        let running: Vec<_> = names
            .into_iter()
            .filter(|name| fleet.pid(name).is_some())
            .collect();
        for name in &running {
            fleet.ask_to_stop(name)?;
        }
        for name in &running {
            let ended = fleet.stop(name)?;
            anyhow::ensure!(
                ended.success(),
                "{name} ended with {ended}: {}",
                fleet.last_words(name)
            );
        }
        drop(cluster);
        Ok(())
    }
}

/// On the embedded log one process does everything, with users and markets of its own.
fn on(spec: &Spec, cluster: &Cluster) -> Spec {
    let mut spec = spec.clone();
    if spec.words.iter().any(|word| word == "dev") {
        let data = cluster.data().to_string_lossy().into_owned();
        let more = ["--data", &data, "--port", "0", "--no-bots"];
        let rest = ["--rate-limit", "off", "--scenario", "quiet"];
        let words = more.iter().chain(&rest).map(|word| (*word).to_owned());
        spec.words.extend(words);
    }
    spec
}

/// Who may post a feed.
fn trader(cluster: &Cluster, fleet: &Fleet) -> anyhow::Result<Credentials> {
    if cluster.servers.is_some() {
        return cluster.trader();
    }
    let door = fleet.of_role("gateway");
    let told = fleet.told(door.first().context("no gateway")?);
    let password = told["users"]["trader"]["password"].as_str();
    Ok(Credentials {
        login: "trader".to_owned(),
        password: password.context("no trader in the ready file")?.to_owned(),
    })
}
