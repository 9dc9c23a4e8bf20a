//! Which faults are run, how often, and the table of what came of it.
//!
//! Duty: one scene after another, one line for each fault as it ends, and a table at the end.
//! Prohibition: no fault is left out in silence, and a fault that could not be judged is not told
//! as one that has passed.

use crate::cluster::{Cluster, Ground, Servers};
use crate::faults::{Alone, Fault, Outcome, Rounds};
use crate::scene::{Scene, ScenePlan};
use crate::time::{Chance, now};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// So many findings of a fault are shown.
const SHOWN: usize = 12;

/// How a run goes.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Injections of each fault.
    pub runs: Runs,
    /// Each fault ends after so long, whatever is left of it.
    pub most: Option<Duration>,
    /// The seed of all chance.
    pub seed: u64,
    /// An executable that is furlong behind the word `furlong`.
    pub program: PathBuf,
    /// Keep what each scene leaves in a folder of its own below this one.
    pub keep: Option<PathBuf>,
    /// Where progress is told.
    pub tell: fn(&str),
}

impl Plan {
    fn folder_of(&self, fault: &dyn Fault) -> Option<PathBuf> {
        self.keep.as_ref().map(|folder| folder.join(fault.name()))
    }
}

/// How many injections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runs {
    /// As many as fit into every run of the tests.
    Ci,
    /// As many as a long campaign has.
    Campaign,
    /// So many.
    Exactly(u32),
}

/// The result of one fault.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub about: &'static str,
    /// Injections.
    pub n: u32,
    /// Findings, as text.
    pub failures: Vec<String>,
    /// Why nothing can be said, if so.
    pub broken: Option<String>,
    /// Figures beside it.
    pub figures: Vec<String>,
    /// How long it took, the setting of the scene included.
    pub took: Duration,
}

impl Row {
    fn take(&mut self, outcome: Outcome) {
        self.failures = outcome.findings.iter().map(ToString::to_string).collect();
        self.figures = outcome.figures;
    }

    /// Whether it was judged and nothing was found.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.failures.is_empty() && self.broken.is_none() && self.n > 0
    }

    /// Whether the machinery stopped before anything could be said, for or against.
    #[must_use]
    pub fn is_unjudged(&self) -> bool {
        self.failures.is_empty() && self.broken.is_some()
    }

    /// With 95 % confidence, fewer than so many of a million injections do damage, when none of
    /// these did: the rule of three.
    #[must_use]
    pub fn bound_per_million(&self) -> u64 {
        3_000_000 / u64::from(self.n.max(1))
    }

    /// In one line.
    #[must_use]
    pub fn line(&self) -> String {
        let verdict = match &self.broken {
            Some(why) => format!("NOT JUDGED: {why}"),
            None if self.failures.is_empty() => {
                let millionths = self.bound_per_million();
                format!(
                    "0 failures, so with 95 % confidence under 3/n = {}.{:04} % of injections",
                    millionths / 10_000,
                    millionths % 10_000
                )
            }
            None => format!("{} FAILURES", self.failures.len()),
        };
        format!(
            "{}: n = {}, {verdict}; {} s",
            self.name,
            self.n,
            self.took.as_secs()
        )
    }

    /// As JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "fault": self.name, "about": self.about, "n": self.n, "failures": self.failures,
            "broken": self.broken, "bound_per_million": self.bound_per_million(),
            "figures": self.figures, "seconds": self.took.as_secs(),
        })
    }
}

/// The servers that are there, for one scene after another.
#[derive(Default)]
pub struct Stage {
    scenes: u32,
    servers: Option<(Ground, Arc<Servers>)>,
}

impl Stage {
    fn servers(&mut self, ground: Ground) -> anyhow::Result<Option<Arc<Servers>>> {
        if ground.brokers == 0 {
            return Ok(None);
        }
        let alike = |there: &Ground| (there.brokers, there.nodes) == (ground.brokers, ground.nodes);
        if let Some((_, servers)) = self.servers.as_ref().filter(|(there, _)| alike(there)) {
            return Ok(Some(Arc::clone(servers)));
        }
        // The old ones first: both at once may be more than the machine holds.
        self.servers = None;
        let servers = Arc::new(Servers::start(ground)?);
        self.servers = Some((ground, Arc::clone(&servers)));
        Ok(Some(servers))
    }

    fn name(&mut self) -> String {
        self.scenes += 1;
        format!("s{}", self.scenes)
    }

    fn scene(&mut self, fault: &dyn Fault, plan: &Plan) -> anyhow::Result<Scene> {
        let scene = ScenePlan {
            ground: fault.ground(),
            servers: self.servers(fault.ground())?,
            name: self.name(),
            load: fault.load(),
            seed: plan.seed,
            program: plan.program.clone(),
            keep: plan.folder_of(fault),
        };
        Scene::set(&scene, |cluster| fault.fleet(cluster))
    }

    fn cluster(&mut self, fault: &dyn Fault, plan: &Plan) -> anyhow::Result<Cluster> {
        let (servers, name) = (self.servers(fault.ground())?, self.name());
        let keep = plan.folder_of(fault);
        Cluster::make(
            fault.ground(),
            servers,
            &plan.program,
            &name,
            keep.as_deref(),
        )
    }
}

/// Runs one fault on a scene of its own.
#[must_use]
pub fn run(fault: &dyn Fault, plan: &Plan, stage: &mut Stage) -> Row {
    let begun = now();
    let n = match plan.runs {
        Runs::Ci => fault.ci_runs(),
        Runs::Campaign => fault.campaign_runs(),
        Runs::Exactly(n) => n,
    };
    let mut row = Row {
        name: fault.name(),
        about: fault.about(),
        n: 0,
        failures: Vec::new(),
        broken: None,
        figures: Vec::new(),
        took: Duration::ZERO,
    };
    let mut rounds = Rounds::new(fault.name(), n, plan.most, plan.tell);
    match fault.alone() {
        Some(alone) => run_alone(fault, alone, plan, stage, &mut rounds, &mut row),
        None => run_on_scene(fault, plan, stage, &mut rounds, &mut row),
    }
    row.n = rounds.done();
    row.took = begun.elapsed();
    if !row.passed() {
        // Who knows in what state it has left them.
        stage.servers = None;
    }
    row
}

fn run_on_scene(
    fault: &dyn Fault,
    plan: &Plan,
    stage: &mut Stage,
    rounds: &mut Rounds,
    row: &mut Row,
) {
    let begun = now();
    match stage.scene(fault, plan) {
        Ok(mut scene) => {
            (plan.tell)(&format!(
                "{}: scene set in {} ms",
                fault.name(),
                begun.elapsed().as_millis()
            ));
            match fault.run(&mut scene, rounds) {
                Ok(outcome) => row.take(outcome),
                Err(error) => {
                    // What the log shows is worth more than why the machinery stopped.
                    let judged = scene.rest_and_check().map(|rested| rested.report.findings);
                    let findings = judged.unwrap_or_default();
                    row.failures = findings.iter().map(ToString::to_string).collect();
                    row.broken = Some(format!("{error:#}"));
                }
            }
            row.figures.push(told(&scene));
            if let Err(error) = scene.end() {
                row.failures.push(format!("the end: {error:#}"));
            }
        }
        Err(error) => row.broken = Some(format!("{error:#}")),
    }
}

fn run_alone(
    fault: &dyn Fault,
    alone: &dyn Alone,
    plan: &Plan,
    stage: &mut Stage,
    rounds: &mut Rounds,
    row: &mut Row,
) {
    let mut chance = Chance::new(plan.seed);
    let cluster = stage.cluster(fault, plan);
    match cluster.and_then(|cluster| alone.attack(&cluster, &mut chance, rounds)) {
        Ok(outcome) => row.take(outcome),
        Err(error) => row.broken = Some(format!("{error:#}")),
    }
}

fn told(scene: &Scene) -> String {
    let passed_over = scene.checker.passed_over();
    let (clear, troubled) = scene.load.clear_and_troubled();
    format!(
        "log: {} records, {} decisions, {} claims; passed over: {passed_over:?}; clients: {clear} \
         at the first try, {troubled} asked again",
        scene.checker.records(),
        scene.checker.story.decisions(),
        scene.checker.epochs()
    )
}

/// What is shown of a row, with its findings and figures.
#[must_use]
pub fn shown(row: &Row) -> String {
    let mut text = row.line();
    for figure in &row.figures {
        text.push_str(&format!("\n    {figure}"));
    }
    for failure in row.failures.iter().take(SHOWN) {
        text.push_str(&format!("\n    FAILURE {failure}"));
    }
    let hidden = row.failures.len().saturating_sub(SHOWN);
    if hidden > 0 {
        text.push_str(&format!("\n    and {hidden} more"));
    }
    text
}

/// The results as a Markdown table.
#[must_use]
pub fn table(rows: &[Row]) -> String {
    let mut text = String::from(
        "| fault | what | n | failures | 3/n | minutes |\n|---|---|---:|---:|---:|---:|\n",
    );
    for row in rows {
        let millionths = row.bound_per_million();
        let failures = match &row.broken {
            Some(_) => "not judged".to_owned(),
            None => row.failures.len().to_string(),
        };
        let tenths = row.took.as_secs() / 6;
        text.push_str(&format!(
            "| {} | {} | {} | {failures} | {}.{:02} % | {}.{} |\n",
            row.name,
            row.about,
            row.n,
            millionths / 10_000,
            millionths % 10_000 / 100,
            tenths / 10,
            tenths % 10
        ));
    }
    text
}
