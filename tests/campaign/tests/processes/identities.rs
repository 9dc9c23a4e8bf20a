//! Processes that tell Kafka who they are, on brokers that let each of them do its own.
//!
//! Duty: what `furlong topics acls` prints is enough for every role, and what it does not print is
//! refused: no journal but one's own can be written, not even by who has got a password of the
//! house. Prohibition: no right is given here that the command does not name.

use super::{SIX, Wrong, agrees_on_kafka_alone, bets_are_right, must_end};
use anyhow::{Context, ensure};
use bytes::Bytes;
use campaign::cluster::{Cluster, Ground, Servers};
use campaign::fleet::Spec;
use campaign::load::LoadPlan;
use campaign::scene::{Scene, ScenePlan};
use eventlog::{AppendOutcome, EventLog as _};
use eventlog_kafka::KafkaLog;
use kernel::{Topic, TopicPartition};
use serde_json::Value;
use stack::Kafka;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

pub fn each_role_does_its_own() -> anyhow::Result<()> {
    let users = SIX.map(|(name, _)| (name.to_owned(), password(name)));
    let servers = Arc::new(Servers::start_for(Ground::CLUSTER, users.to_vec())?);
    let plan = ScenePlan {
        ground: Ground::CLUSTER,
        servers: Some(Arc::clone(&servers)),
        name: "known".to_owned(),
        load: LoadPlan::default(),
        seed: 7,
        program: env!("CARGO_BIN_EXE_campaign").into(),
        keep: None,
    };
    let mut scene = Scene::set(&plan, |cluster| {
        SIX.iter()
            .map(|(name, roles)| {
                allow(cluster, &servers.kafka, name, roles)?;
                let options = options(cluster, name, &password(name))?;
                Ok(Spec::serve(name, roles).with("kafka_options", options.display()))
            })
            .collect()
    })?;
    bets_are_right(&mut scene)?;
    let auditor = options(&scene.cluster, "payments", &password("payments"))?;
    let auditor = ("kafka_options".to_owned(), auditor.display().to_string());
    agrees_on_kafka_alone(&scene, BTreeMap::from([auditor]))?;
    refused(&scene.cluster, "odds", &[Topic::OddsEvents])?;
    refused(&scene.cluster, "ledger", &[Topic::LedgerEvents])?;
    let asked = Topic::ALL.iter().filter(|topic| !topic.is_journal());
    let asked: Vec<Topic> = asked
        .filter(|t| **t != Topic::LedgerCommands)
        .copied()
        .collect();
    refused(&scene.cluster, "gateway", &asked)?;
    let stranger = options(&scene.cluster, "ledger", "a guess")?;
    let wrong = Wrong {
        name: "wrong-password",
        setting: "kafka_options",
        value: stranger.display().to_string(),
        code: 4,
        names: vec!["uthentication".to_owned()],
    };
    must_end(&mut scene, &wrong)?;
    scene.end()
}

fn password(name: &str) -> String {
    format!("pass-of-{name}")
}

/// Gives a process what the command says that its roles need.
fn allow(cluster: &Cluster, kafka: &Kafka, name: &str, roles: &[&str]) -> anyhow::Result<()> {
    let who = format!("User:{name}");
    let mut words = vec!["--json", "topics", "acls"];
    words.extend(roles);
    words.extend(["--principal", &who]);
    let told: Value = serde_json::from_str(&cluster.furlong(&words, "")?)?;
    let topics = told["principals"][0]["topics"].as_array();
    for grant in topics.context("no topics")? {
        let topic = grant["topic"].as_str().context("no name")?;
        let operations = grant["operations"].as_array().context("no operations")?;
        let operations: Vec<&str> = operations.iter().filter_map(Value::as_str).collect();
        kafka.allow(&who, topic, &operations)?;
    }
    Ok(())
}

/// The file with which a process signs in.
fn options(cluster: &Cluster, name: &str, password: &str) -> anyhow::Result<PathBuf> {
    let file = cluster
        .folder()
        .join(format!("{name}-{}.options", password.len()));
    let text: String = signing_in(name, password)
        .iter()
        .map(|(name, value)| format!("{name}={value}\n"))
        .collect();
    std::fs::write(&file, text)?;
    Ok(file)
}

fn signing_in(name: &str, password: &str) -> BTreeMap<String, String> {
    let lines = [
        ("security.protocol", "SASL_PLAINTEXT"),
        ("sasl.mechanism", "PLAIN"),
        ("sasl.username", name),
        ("sasl.password", password),
    ];
    lines
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
}

/// Whoever has this process's password can write nowhere but to its own topics.
fn refused(cluster: &Cluster, name: &str, own: &[Topic]) -> anyhow::Result<()> {
    let servers = cluster.servers.as_ref().context("no servers")?;
    let settings = eventlog_kafka::Settings {
        client_options: signing_in(name, &password(name)),
        ..eventlog_kafka::Settings::new(&servers.kafka.bootstrap(), &cluster.prefix())
    };
    let log = KafkaLog::connect(settings)?;
    for topic in Topic::ALL.iter().filter(|topic| !own.contains(topic)) {
        let at = TopicPartition::new(*topic, 0);
        let forged = Bytes::from_static(b"not ours to write");
        let before = cluster.wait(cluster.log()?.end(at))?;
        let outcome = cluster.wait(async { log.send(at, forged).await });
        ensure!(
            outcome != AppendOutcome::Sent,
            "{name} has written to {}",
            topic.as_str()
        );
        let after = cluster.wait(cluster.log()?.read(at, before, 1_000_000))?;
        ensure!(
            after
                .iter()
                .all(|record| record.bytes.as_ref() != b"not ours to write"),
            "what {name} wrote is in {}",
            topic.as_str()
        );
    }
    Ok(())
}
