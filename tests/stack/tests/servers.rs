//! What the crate promises about the servers it starts.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Duration;

use stack::{Cassandra, CassandraPlan, Kafka, KafkaPlan, Needs, NewTopic, Port, Registry, wire};

const SOON: Duration = Duration::from_secs(120);

fn main() -> ExitCode {
    stack::cluster_tests(Needs::NOTHING, |trials| {
        trials.test_with(Needs::KAFKA, "a_broker_answers", a_broker_answers);
        trials.test_with(
            Needs::OWN_KAFKA,
            "a_killed_broker_comes_back_with_its_topics",
            killed_broker,
        );
        trials.test_with(
            Needs::OWN_KAFKA,
            "a_paused_broker_is_silent_and_then_goes_on",
            paused_broker,
        );
        trials.test_with(
            Needs::OWN_KAFKA,
            "three_brokers_do_without_one",
            three_brokers,
        );
        trials.test_with(
            Needs::OWN_KAFKA,
            "clients_are_told_of_the_advertised_port",
            advertised,
        );
        trials.test_with(
            Needs::OWN_CASSANDRA,
            "a_killed_node_comes_back_with_its_rows",
            killed_node,
        );
        trials.test_with(
            Needs::OWN_CASSANDRA,
            "three_nodes_do_without_one",
            three_nodes,
        );
        trials.test_with(
            Needs::REGISTRY,
            "the_registry_refuses_what_cannot_be_read",
            registry_refuses,
        );
        trials.test_with(
            Needs::OWN_REGISTRY,
            "a_killed_registry_comes_back_empty",
            killed_registry,
        );
    })
}

fn topic(name: &str, replication: i16) -> NewTopic<'_> {
    NewTopic {
        name,
        partitions: 3,
        replication,
        settings: &[("cleanup.policy", "delete")],
    }
}

fn a_broker_answers() -> anyhow::Result<()> {
    let kafka = stack::kafka();
    let metadata = kafka.metadata()?;
    anyhow::ensure!(
        !metadata.nodes.is_empty() && metadata.has_controller,
        "{metadata:?}"
    );
    Ok(())
}

fn killed_broker() -> anyhow::Result<()> {
    let kafka = Kafka::start(KafkaPlan::default())?;
    kafka.create_topic(topic("kept", 1))?;
    let first = kafka.pid(0)?;
    kafka.kill(0)?;
    is_gone(first)?;
    anyhow::ensure!(kafka.kill(0).is_err(), "killed twice");
    anyhow::ensure!(
        wire::kafka::api_versions(&kafka.bootstrap()).is_err(),
        "a killed broker answers"
    );
    kafka.start_again(0)?;
    anyhow::ensure!(kafka.start_again(0).is_err(), "started twice");
    kafka.wait_until_in_sync(SOON)?;
    anyhow::ensure!(
        kafka.metadata()?.topics.contains_key("kept"),
        "the topic is gone"
    );
    let (second, folder) = (kafka.pid(0)?, kafka.log(0)?);
    drop(kafka);
    is_gone(second)?;
    anyhow::ensure!(!folder.exists(), "its folder is left");
    Ok(())
}

/// No such process, nor the guard's child of that number.
fn is_gone(pid: u32) -> anyhow::Result<()> {
    let raw = i32::try_from(pid)
        .ok()
        .and_then(rustix::process::Pid::from_raw);
    let alive = raw.is_some_and(|pid| rustix::process::test_kill_process(pid).is_ok());
    anyhow::ensure!(!alive, "process {pid} is left");
    Ok(())
}

fn paused_broker() -> anyhow::Result<()> {
    let kafka = Kafka::start(KafkaPlan::default())?;
    kafka.pause(0)?;
    anyhow::ensure!(kafka.metadata().is_err(), "a stopped process answers");
    kafka.resume(0)?;
    kafka.wait_until_in_sync(SOON)
}

fn three_brokers() -> anyhow::Result<()> {
    let kafka = Kafka::start(KafkaPlan {
        brokers: 3,
        ..KafkaPlan::default()
    })?;
    anyhow::ensure!(
        kafka.bootstrap().split(',').count() == 3,
        "{}",
        kafka.bootstrap()
    );
    kafka.create_topic(topic("copied", 3))?;
    kafka.kill(1)?;
    // Two of three are a quorum and enough for min.insync.replicas.
    kafka.create_topic(topic("of_two", 2))?;
    kafka.start_again(1)?;
    kafka.wait_until_in_sync(SOON)?;
    let metadata = kafka.metadata()?;
    anyhow::ensure!(metadata.nodes.keys().eq(&[1, 2, 3]), "{metadata:?}");
    let copied = metadata
        .topics
        .get("copied")
        .map(Vec::as_slice)
        .unwrap_or_default();
    anyhow::ensure!(
        copied.len() == 3 && copied.iter().all(|info| info.in_sync.len() == 3),
        "{copied:?}"
    );
    Ok(())
}

fn advertised() -> anyhow::Result<()> {
    let proxy = Port::free()?;
    let plan = KafkaPlan {
        advertised: vec![proxy.number()],
        ..KafkaPlan::default()
    };
    let kafka = Kafka::start(plan)?;
    let told = |address: &str| anyhow::Ok(wire::kafka::metadata(address)?.nodes);
    let through = format!("127.0.0.1:{}", proxy.number());
    anyhow::ensure!(kafka.bootstrap() == through, "{}", kafka.bootstrap());
    anyhow::ensure!(
        told(&kafka.listens_at(0)?)? == BTreeMap::from([(1, through)]),
        "clients are told otherwise"
    );
    anyhow::ensure!(
        told(&kafka.direct())? == BTreeMap::from([(1, kafka.direct())]),
        "direct leads elsewhere"
    );
    Ok(())
}

fn killed_node() -> anyhow::Result<()> {
    let cassandra = Cassandra::start(CassandraPlan {
        synced: true,
        ..CassandraPlan::default()
    })?;
    keyspace(&cassandra, 1)?;
    cassandra.run(0, "INSERT INTO trial.kept (id) VALUES (7)")?;
    cassandra.kill(0)?;
    anyhow::ensure!(
        cassandra.run(0, "SELECT id FROM trial.kept").is_err(),
        "a killed node answers"
    );
    cassandra.start_again(0)?;
    reads_the_row(&cassandra, 0)?;
    let (pid, folder) = (cassandra.pid(0)?, cassandra.log(0)?);
    drop(cassandra);
    is_gone(pid)?;
    anyhow::ensure!(!folder.exists(), "its folder is left");
    Ok(())
}

/// Looks for a minute: what one node took comes to the others in its own time, one of them may not know yet that a
/// third is dead, and a busy machine answers late.
fn soon(look: impl Fn() -> anyhow::Result<()>) -> anyhow::Result<()> {
    const LOOKS: usize = 600;
    for _ in 1..LOOKS {
        if look().is_ok() {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    look()
}

fn keyspace(cassandra: &Cassandra, copies: u8) -> anyhow::Result<()> {
    let replication = format!("{{'class': 'SimpleStrategy', 'replication_factor': {copies}}}");
    let keyspace = format!("CREATE KEYSPACE IF NOT EXISTS trial WITH replication = {replication}");
    let table = "CREATE TABLE IF NOT EXISTS trial.kept (id int PRIMARY KEY)";
    for statement in [keyspace.as_str(), table] {
        soon(|| cassandra.run(0, statement).map(drop))?;
    }
    Ok(())
}

/// The one row is, or will be soon, where `node` reads it.
fn reads_the_row(cassandra: &Cassandra, node: usize) -> anyhow::Result<()> {
    soon(|| {
        let rows = cassandra.run(node, "SELECT id FROM trial.kept")?;
        anyhow::ensure!(rows == 1, "node {node} reads {rows} rows and not one");
        Ok(())
    })
}

fn three_nodes() -> anyhow::Result<()> {
    let cassandra = Cassandra::start(CassandraPlan {
        nodes: 3,
        ..CassandraPlan::default()
    })?;
    anyhow::ensure!(
        cassandra.contact_points().len() == 3,
        "{:?}",
        cassandra.contact_points()
    );
    for node in 0..3 {
        soon(|| {
            let known = cassandra.run(node, "SELECT schema_version FROM system.peers")?;
            anyhow::ensure!(known == 2, "node {node} knows {known} others");
            Ok(())
        })?;
    }
    keyspace(&cassandra, 3)?;
    for node in 0..3 {
        // The schema travels from node to node.
        soon(|| cassandra.run(node, "SELECT id FROM trial.kept").map(drop))?;
    }
    cassandra.kill(2)?;
    soon(|| {
        cassandra
            .run(1, "INSERT INTO trial.kept (id) VALUES (7)")
            .map(drop)
    })?;
    reads_the_row(&cassandra, 0)?;
    cassandra.start_again(2)
}

/// Registers a schema; the status of the answer and its body.
fn register(registry: &Registry, schema: &str) -> anyhow::Result<wire::http::Answer> {
    let versions = format!("{}/subjects/trial-value/versions", registry.url());
    let body = format!(r#"{{"schema":"{}"}}"#, schema.replace('"', "\\\""));
    wire::http::request("POST", &versions, Some(&body))
}

fn record(fields: &str) -> String {
    format!(r#"{{"type":"record","name":"Trial","fields":[{fields}]}}"#)
}

fn registry_refuses() -> anyhow::Result<()> {
    let registry = stack::registry();
    let one = record(r#"{"name":"a","type":"long"}"#);
    let first = register(registry, &one)?;
    anyhow::ensure!(
        first.status == 200 && first.body.contains("\"id\""),
        "{first:?}"
    );
    let again = register(registry, &one)?;
    anyhow::ensure!(again == first, "{again:?} is not {first:?}");
    let unreadable = record(r#"{"name":"b","type":"long"}"#);
    let refused = register(registry, &unreadable)?;
    anyhow::ensure!(refused.status == 409, "{refused:?}");
    Ok(())
}

fn killed_registry() -> anyhow::Result<()> {
    let registry = Registry::start()?;
    register(&registry, &record(r#"{"name":"a","type":"long"}"#))?;
    registry.kill()?;
    let subjects = format!("{}/subjects", registry.url());
    anyhow::ensure!(
        wire::http::request("GET", &subjects, None).is_err(),
        "a killed registry answers"
    );
    registry.start_again()?;
    let answer = wire::http::request("GET", &subjects, None)?;
    anyhow::ensure!(
        answer.status == 200 && answer.body.trim() == "[]",
        "{answer:?}"
    );
    Ok(())
}
