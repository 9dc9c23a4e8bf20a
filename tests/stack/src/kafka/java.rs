//! Brokers as Java processes: their properties, the format of their folders, their command lines.

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::Context;

use super::properties::properties;
use super::{CLUSTER_ID, Cluster};
use crate::java::{self, Artifacts, Entry, Server};

/// The broker and something that writes its log.
pub(crate) const ARTIFACTS: Artifacts = Artifacts {
    folder: "kafka_2.13-4.1.0",
    dependencies: "    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>4.1.0</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version></dependency>",
    unpack: false,
};

/// Writes the properties of broker `i` and formats its folder.
///
/// # Errors
/// The folder cannot be written, or the tool refuses.
pub(crate) fn format(cluster: &Cluster, i: usize) -> anyhow::Result<()> {
    let file = properties_file(cluster, i)?;
    let data = cluster
        .broker(i)?
        .slot
        .folder()
        .join("data")
        .display()
        .to_string();
    let lines = properties(cluster, i, "127.0.0.1", &data)?;
    let text: String = lines
        .iter()
        .map(|(name, value)| format!("{name}={value}\n"))
        .collect();
    fs::write(&file, text).context("write server.properties")?;
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
    let heap = cluster.heap_mib();
    let options = [
        "-server".to_owned(),
        format!("-Xms{}m", heap.min(256)),
        format!("-Xmx{heap}m"),
        "-XX:+UseG1GC".to_owned(),
        "-XX:MaxGCPauseMillis=20".to_owned(),
        "-Djava.awt.headless=true".to_owned(),
        "-Dorg.slf4j.simpleLogger.showDateTime=true".to_owned(),
        "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS".to_owned(),
        // 200 lines of settings at every start.
        "-Dorg.slf4j.simpleLogger.log.org.apache.kafka.common.config=warn".to_owned(),
    ];
    let server = Server {
        artifacts: ARTIFACTS,
        options: options.into_iter().map(OsString::from).collect(),
        entry: Entry::Class("kafka.Kafka"),
        arguments: vec![properties_file(cluster, i)?.into()],
        training: cluster.training.clone(),
    };
    server.start(&broker.slot)
}

fn properties_file(cluster: &Cluster, i: usize) -> anyhow::Result<PathBuf> {
    Ok(cluster.broker(i)?.slot.folder().join("server.properties"))
}
