//! Nodes as Java processes: their yaml, their logging, their command lines.

use std::ffi::OsString;
use std::fs;

use anyhow::Context;

use super::{Node, Ring};
use crate::java::{Artifacts, Entry, Server, option};

/// The server with all it needs.
pub(crate) const ARTIFACTS: Artifacts = Artifacts {
    folder: "cassandra-all-5.0.5",
    dependencies: "    <dependency><groupId>org.apache.cassandra</groupId><artifactId>cassandra-all</artifactId><version>5.0.5</version></dependency>",
    unpack: false,
};

/// Packages of the Java runtime that the server uses though they are not offered.
const EXPORTED: [&str; 9] = [
    "java.base/jdk.internal.misc",
    "java.management.rmi/com.sun.jmx.remote.internal.rmi",
    "java.rmi/sun.rmi.registry",
    "java.rmi/sun.rmi.server",
    "java.sql/java.sql",
    "java.base/java.lang.ref",
    "jdk.unsupported/sun.misc",
    "jdk.compiler/com.sun.tools.javac.file",
    "jdk.attach/sun.tools.attach",
];

/// Packages into which it looks with reflection.
const OPENED: [&str; 15] = [
    "java.base/java.lang.module",
    "java.base/jdk.internal.loader",
    "java.base/jdk.internal.ref",
    "java.base/jdk.internal.reflect",
    "java.base/jdk.internal.math",
    "java.base/jdk.internal.module",
    "java.base/jdk.internal.util.jar",
    "jdk.management/com.sun.management.internal",
    "java.base/sun.nio.ch",
    "java.base/java.io",
    "java.base/java.nio",
    "java.base/java.lang.reflect",
    "jdk.compiler/com.sun.tools.javac",
    "java.base/java.lang",
    "java.base/java.util",
];

/// Warnings and the steps of the start; the defaults of the library would log every detail.
const LOGGING: &str = r#"<configuration>
  <appender name="OUT" class="ch.qos.logback.core.ConsoleAppender">
    <encoder><pattern>%d{HH:mm:ss.SSS} %-5level %logger{20} %msg%n</pattern></encoder>
  </appender>
  <root level="INFO"><appender-ref ref="OUT"/></root>
</configuration>
"#;

/// Starts the process of node `i`.
///
/// # Errors
/// It is running, or there is no process.
pub(crate) fn start(ring: &Ring, i: usize) -> anyhow::Result<()> {
    let node = ring.node(i)?;
    let folder = node.slot.folder();
    let (yaml, logging) = (folder.join("cassandra.yaml"), folder.join("logback.xml"));
    fs::write(&yaml, self::yaml(ring, node)?).context("write cassandra.yaml")?;
    fs::write(&logging, LOGGING).context("write logback.xml")?;
    let heap = ring.heap_mib();
    let mut options: Vec<OsString> = vec![
        "-server".into(),
        format!("-Xms{}m", heap.min(512)).into(),
        format!("-Xmx{heap}m").into(),
        "-XX:+UseG1GC".into(),
        "-XX:MaxGCPauseMillis=100".into(),
        // The server shares its memory-mapped counters with tools that nobody uses here.
        "-XX:+PerfDisableSharedMem".into(),
        "-Djdk.attach.allowAttachSelf=true".into(),
        "-Dio.netty.tryReflectionSetAccessible=true".into(),
        "-Dcassandra.skip_wait_for_gossip_to_settle=0".into(),
        format!("-Dcassandra.ring_delay_ms={}", patience_ms(i)).into(),
        "-Dcassandra.consistent.rangemovement=false".into(),
        "-Dcassandra-foreground=yes".into(),
        option("-Dcassandra.config=file://", &yaml),
        option("-Dcassandra.storagedir=", folder),
        option("-Dcassandra.logdir=", folder),
        option("-Dlogback.configurationFile=", &logging),
    ];
    options.extend(EXPORTED.map(|package| format!("--add-exports={package}=ALL-UNNAMED").into()));
    options.extend(OPENED.map(|package| format!("--add-opens={package}=ALL-UNNAMED").into()));
    let server = Server {
        artifacts: ARTIFACTS,
        options,
        entry: Entry::Class("org.apache.cassandra.service.CassandraDaemon"),
        arguments: Vec::new(),
        training: ring.training.clone(),
    };
    server.start(&node.slot)
}

/// How long node `i` waits for an answer of others: the first one is sure to find nobody and goes on, the others
/// give up when they find nobody.
const fn patience_ms(i: usize) -> u32 {
    if i == 0 { 0 } else { 60_000 }
}

/// A small node that starts quickly.
fn yaml(ring: &Ring, node: &Node) -> anyhow::Result<String> {
    let seed = ring.node(0)?.address;
    let folder = node.slot.folder().display().to_string();
    let (address, storage, native) = (node.address, ring.storage.number(), ring.native.number());
    let tokens = if ring.nodes.len() == 1 { 4 } else { 8 };
    let commit_log = if ring.plan.synced {
        "commitlog_sync: batch"
    } else {
        "commitlog_sync: periodic\ncommitlog_sync_period: 10000ms"
    };
    let mut yaml = format!(
        "cluster_name: furlong
num_tokens: {tokens}
auto_bootstrap: false
partitioner: org.apache.cassandra.dht.Murmur3Partitioner
endpoint_snitch: SimpleSnitch
seed_provider:
  - class_name: org.apache.cassandra.locator.SimpleSeedProvider
    parameters: [{{seeds: \"{seed}:{storage}\"}}]
listen_address: {address}
rpc_address: {address}
storage_port: {storage}
native_transport_port: {native}
{commit_log}
commitlog_segment_size: 16MiB
commitlog_disk_access_mode: mmap
memtable_heap_space: 128MiB
memtable_offheap_space: 128MiB
auto_snapshot: false
hinted_handoff_enabled: true
data_file_directories: [\"{folder}/data\"]
commitlog_directory: \"{folder}/commitlog\"
saved_caches_directory: \"{folder}/caches\"
hints_directory: \"{folder}/hints\"
cdc_raw_directory: \"{folder}/cdc\"
"
    );
    for more in &ring.plan.yaml {
        yaml.push_str(more);
        yaml.push('\n');
    }
    Ok(yaml)
}
