//! Brokers as Java processes: their properties, the format of their folders, their command lines.

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::Context;

use super::{Cluster, node_id};
use crate::guarded::Guarded;
use crate::java::{self, Artifacts};
use crate::settings;

/// The broker and something that writes its log.
pub(crate) const ARTIFACTS: Artifacts = Artifacts {
    folder: "kafka_2.13-4.1.0",
    dependencies: "    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>4.1.0</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version></dependency>",
    unpack: false,
};

/// Any 16 bytes in base64 will do; brokers of different clusters never meet, their ports are their own.
const CLUSTER_ID: &str = "ZnVybG9uZy1zdGFjay0wMQ";

/// Writes the properties of broker `i` and formats its folder.
///
/// # Errors
/// The folder cannot be written, or the tool refuses.
pub(crate) fn format(cluster: &Cluster, i: usize) -> anyhow::Result<()> {
    let file = properties_file(cluster, i)?;
    fs::write(&file, properties(cluster, i)?).context("write server.properties")?;
    let run = Command::new(java::java()?)
        .args([
            "-Xmx128m",
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            "-cp",
        ])
        .arg(ARTIFACTS.class_path()?)
        .args(["kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c"])
        .arg(&file)
        .stdin(Stdio::null())
        .output()
        .context("run the storage tool")?;
    anyhow::ensure!(
        run.status.success(),
        "the storage tool refuses: {}{}",
        String::from_utf8_lossy(&run.stdout),
        String::from_utf8_lossy(&run.stderr)
    );
    Ok(())
}

/// Starts the process of broker `i`.
///
/// # Errors
/// It is running, or there is no process.
pub(crate) fn start(cluster: &Cluster, i: usize) -> anyhow::Result<()> {
    let broker = cluster.broker(i)?;
    let heap = cluster
        .plan
        .heap_mib
        .unwrap_or(if cluster.brokers.len() == 1 { 512 } else { 384 });
    let mut arguments: Vec<OsString> = [
        "-server".to_owned(),
        format!("-Xms{}m", heap.min(256)),
        format!("-Xmx{heap}m"),
        "-XX:+UseG1GC".to_owned(),
        "-XX:MaxGCPauseMillis=20".to_owned(),
        "-Djava.awt.headless=true".to_owned(),
        "-Dorg.slf4j.simpleLogger.showDateTime=true".to_owned(),
        "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS".to_owned(),
        // 200 lines of settings at every start, and a line for every loaded partition.
        "-Dorg.slf4j.simpleLogger.log.org.apache.kafka.common.config=warn".to_owned(),
        "-cp".to_owned(),
    ]
    .into_iter()
    .map(OsString::from)
    .collect();
    arguments.push(ARTIFACTS.class_path()?);
    arguments.push("kafka.Kafka".into());
    arguments.push(properties_file(cluster, i)?.into());
    let java = java::java()?;
    let goes_too = settings::folder_that_goes_with(broker.slot.folder());
    broker
        .slot
        .start(|| Guarded::start(&java, &arguments, &broker.slot.log(), &goes_too))
}

fn properties_file(cluster: &Cluster, i: usize) -> anyhow::Result<PathBuf> {
    Ok(cluster.broker(i)?.slot.folder().join("server.properties"))
}

/// Lines of `name=value`; the last one of a name counts.
fn properties(cluster: &Cluster, i: usize) -> anyhow::Result<String> {
    let broker = cluster.broker(i)?;
    let voters: anyhow::Result<Vec<String>> = cluster
        .brokers
        .iter()
        .enumerate()
        .map(|(other, broker)| {
            Ok(format!(
                "{}@127.0.0.1:{}",
                node_id(other)?,
                broker.controller.number()
            ))
        })
        .collect();
    let copies = cluster.brokers.len();
    let in_sync = copies.div_ceil(2);
    let (client, direct, controller) = (
        broker.listening,
        broker.direct.number(),
        broker.controller.number(),
    );
    let mut lines = vec![
        ("process.roles", "broker,controller".to_owned()),
        ("node.id", node_id(i)?.to_string()),
        ("controller.quorum.voters", voters?.join(",")),
        ("controller.listener.names", "CONTROLLER".to_owned()),
        (
            "listeners",
            format!(
                "CLIENT://127.0.0.1:{client},DIRECT://127.0.0.1:{direct},CONTROLLER://127.0.0.1:{controller}"
            ),
        ),
        (
            "advertised.listeners",
            format!(
                "CLIENT://127.0.0.1:{},DIRECT://127.0.0.1:{direct}",
                broker.advertised
            ),
        ),
        (
            "listener.security.protocol.map",
            "CLIENT:PLAINTEXT,DIRECT:PLAINTEXT,CONTROLLER:PLAINTEXT".to_owned(),
        ),
        ("inter.broker.listener.name", "DIRECT".to_owned()),
        (
            "log.dirs",
            broker.slot.folder().join("data").display().to_string(),
        ),
        ("auto.create.topics.enable", "false".to_owned()),
        ("default.replication.factor", copies.to_string()),
        ("min.insync.replicas", in_sync.to_string()),
        ("offsets.topic.replication.factor", copies.to_string()),
        ("offsets.topic.num.partitions", "4".to_owned()),
        (
            "transaction.state.log.replication.factor",
            copies.to_string(),
        ),
        ("transaction.state.log.min.isr", in_sync.to_string()),
        ("transaction.state.log.num.partitions", "4".to_owned()),
        (
            "share.coordinator.state.topic.replication.factor",
            copies.to_string(),
        ),
        ("share.coordinator.state.topic.min.isr", in_sync.to_string()),
        ("group.initial.rebalance.delay.ms", "0".to_owned()),
        // A killed broker is missed after this time, and may come back only then.
        (
            "broker.session.timeout.ms",
            if copies == 1 { "1000" } else { "4000" }.to_owned(),
        ),
        (
            "broker.heartbeat.interval.ms",
            if copies == 1 { "200" } else { "500" }.to_owned(),
        ),
        // The default wants 128 MiB of the heap.
        ("log.cleaner.dedupe.buffer.size", (16_u32 << 20).to_string()),
    ];
    let more = cluster
        .plan
        .properties
        .iter()
        .map(|(name, value)| (name.as_str(), value.clone()));
    lines.extend(more);
    Ok(lines
        .iter()
        .map(|(name, value)| format!("{name}={value}\n"))
        .collect())
}
