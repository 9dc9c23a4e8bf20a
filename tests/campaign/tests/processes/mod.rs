//! Six processes of one furlong, and starts that cannot work.
//!
//! Duty: a bet through processes that share nothing but servers and a folder, a verification by
//! one that has only Kafka, and for each thing that may be missing the message and the exit code
//! that scripts rely on. Prohibition: nothing is pulled down here, that is what the faults do.

mod identities;

pub use identities::each_role_does_its_own;

use anyhow::{Context, ensure};
use campaign::cluster::{Ground, Servers};
use campaign::fleet::Spec;
use campaign::load::LoadPlan;
use campaign::scene::{Scene, ScenePlan};
use campaign::time::wait_for;
use stack::NewTopic;
use std::collections::BTreeMap;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

/// A start that cannot work must have ended after so long; many processes share two cores.
const ENDS_WITHIN: Duration = Duration::from_secs(60);

/// Processes and their roles.
const SIX: [(&str, &[&str]); 6] = [
    ("gateway", &["gateway"]),
    ("auth", &["auth"]),
    ("odds", &["odds"]),
    ("bets", &["bets"]),
    ("ledger", &["ledger"]),
    ("payments", &["payments", "fraud", "projector", "audit"]),
];

pub fn six_processes() -> anyhow::Result<()> {
    let servers = Arc::new(Servers::start(Ground::CLUSTER)?);
    let plan = ScenePlan {
        ground: Ground::CLUSTER,
        servers: Some(Arc::clone(&servers)),
        name: "six".to_owned(),
        load: LoadPlan::default(),
        seed: 6,
        program: env!("CARGO_BIN_EXE_campaign").into(),
        keep: None,
    };
    let mut scene = Scene::set(&plan, |_| {
        Ok(SIX.map(|(name, roles)| Spec::serve(name, roles)).to_vec())
    })?;
    bets_are_right(&mut scene)?;
    agrees_on_kafka_alone(&scene, BTreeMap::new())?;
    cannot_start(&mut scene, &servers)?;
    scene.end()
}

/// Bets were accepted, and nothing is wrong with them.
fn bets_are_right(scene: &mut Scene) -> anyhow::Result<()> {
    let rested = scene.rest_and_check()?;
    ensure!(
        rested.report.findings.is_empty(),
        "{:?}",
        rested.report.findings
    );
    ensure!(rested.report.counts.bets_ok > 0, "no bet was answered 201");
    eprintln!("six processes: {:?}", rested.report.counts);
    Ok(())
}

/// No settings but how to sign in, no folder, no views: brokers, and the names of the topics on them.
fn agrees_on_kafka_alone(scene: &Scene, mut alone: BTreeMap<String, String>) -> anyhow::Result<()> {
    let settings = scene.cluster.settings();
    let of = |name: &str| settings.get(name).with_context(|| format!("no {name}"));
    let words = [
        "audit",
        "verify",
        "--brokers",
        of("brokers")?,
        "--topic-prefix",
        of("topic_prefix")?,
        "--partitions",
        of("partitions")?,
    ];
    for name in ["replication", "min_insync"] {
        alone.insert(name.to_owned(), of(name)?.clone());
    }
    let ran = scene.cluster.run(&words, &alone, "")?;
    ensure!(
        ran.status.code() == Some(0),
        "{}: {}{}",
        ran.status,
        ran.out,
        ran.messages
    );
    let last: Vec<&str> = ran.out.lines().rev().take(3).collect();
    eprintln!("audit verify on Kafka alone: {last:?}");
    Ok(())
}

/// A start that cannot work.
struct Wrong {
    name: &'static str,
    setting: &'static str,
    value: String,
    code: i32,
    /// What the message must name.
    names: Vec<String>,
}

fn cannot_start(scene: &mut Scene, servers: &Servers) -> anyhow::Result<()> {
    servers.kafka.create_topic(NewTopic {
        name: "short.bets.events",
        partitions: i32::from(Ground::CLUSTER.partitions),
        replication: 1,
        settings: &[("retention.ms", "86400000"), ("min.insync.replicas", "1")],
    })?;
    let mut settings = scene.cluster.settings();
    settings.insert("topic_prefix".to_owned(), "short.".to_owned());
    let made = scene.cluster.run(&["topics", "create"], &settings, "")?;
    ensure!(
        made.status.code() == Some(1),
        "topics that stand and are wrong were passed over: {}",
        made.out
    );
    // Nobody listens where somebody just did.
    let closed = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
    let wrong = |name, setting, value: &str, code, names: &[&str]| Wrong {
        name,
        setting,
        value: value.to_owned(),
        code,
        names: names.iter().map(|name| (*name).to_owned()).collect(),
    };
    let url = format!("http://{closed}");
    let all = [
        wrong(
            "no-topics",
            "topic_prefix",
            "nowhere.",
            1,
            &["nowhere.bets.events", "missing"],
        ),
        wrong(
            "short-retention",
            "topic_prefix",
            "short.",
            1,
            &["short.bets.events", "retention.ms", "86400000"],
        ),
        wrong("no-kafka", "brokers", &closed, 4, &[&closed]),
        wrong("no-registry", "registry", &url, 4, &[&closed, "registry"]),
        wrong("no-views", "view_nodes", &closed, 4, &[&closed, "view"]),
    ];
    all.iter().try_for_each(|wrong| must_end(scene, wrong))
}

/// Such a start ends by itself, with the code and with words that name the reason.
fn must_end(scene: &mut Scene, wrong: &Wrong) -> anyhow::Result<()> {
    let spec = Spec::serve(wrong.name, &["ledger"]).with(wrong.setting, &wrong.value);
    scene.fleet.enlist(spec);
    scene.fleet.start(wrong.name)?;
    let started = scene.fleet.started(wrong.name).context("started")?;
    let ended = wait_for(ENDS_WITHIN, || scene.fleet.ended(wrong.name));
    let ended = ended.with_context(|| {
        let words = scene.fleet.last_words(wrong.name);
        format!("{} goes on as if nothing were wrong: {words}", wrong.name)
    })?;
    let words = scene.fleet.last_words(wrong.name);
    eprintln!(
        "{}: {ended} after {} ms: {words}",
        wrong.name,
        started.elapsed().as_millis()
    );
    ensure!(ended.code() == Some(wrong.code), "{}: {ended}", wrong.name);
    for name in &wrong.names {
        ensure!(words.contains(name), "{}: no {name} in {words}", wrong.name);
    }
    ensure!(scene.fleet.gone(wrong.name), "it has ended");
    Ok(())
}
