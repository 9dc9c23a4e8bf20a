//! Asks a Kafka broker what it can do, whom it knows and which topics there are, and has a topic created.

use std::collections::BTreeMap;
use std::io::{Read, Write};

use anyhow::Context;

use super::bytes::{Reader, Writer};

const METADATA: i16 = 3;
const API_VERSIONS: i16 = 18;
const CREATE_TOPICS: i16 = 19;
const CREATE_ACLS: i16 = 30;
/// The longest answer that is believed.
const LONGEST: usize = 64 << 20;
const NO_ERROR: i16 = 0;
const TOPIC_ALREADY_EXISTS: i16 = 36;

/// What one broker says about its cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// The nodes that are alive, with the `host:port` they tell clients of on the listener that was asked.
    pub nodes: BTreeMap<i32, String>,
    /// Whether there is a controller.
    pub has_controller: bool,
    /// The topics by name.
    pub topics: BTreeMap<String, Vec<PartitionInfo>>,
}

/// One partition of a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionInfo {
    /// Its number.
    pub partition: i32,
    /// The node that leads it, if one does.
    pub leader: Option<i32>,
    /// The nodes that ought to have it.
    pub replicas: Vec<i32>,
    /// The nodes that have all of it.
    pub in_sync: Vec<i32>,
}

/// A topic to be created.
#[derive(Clone, Copy, Debug)]
pub struct NewTopic<'a> {
    /// Its name.
    pub name: &'a str,
    /// How many partitions.
    pub partitions: i32,
    /// How many replicas of each.
    pub replication: i16,
    /// Topic settings, `min.insync.replicas` and the like.
    pub settings: &'a [(&'a str, &'a str)],
}

/// Asks for the requests that the broker understands; any answer without an error is a good one.
///
/// # Errors
/// It does not answer, or with an error.
pub fn api_versions(address: &str) -> anyhow::Result<()> {
    let answer = ask(address, API_VERSIONS, 0, &[])?;
    let code = Reader(&answer).i16()?;
    anyhow::ensure!(
        code == NO_ERROR,
        "{address} answers ApiVersions with error {code}"
    );
    Ok(())
}

/// Asks for the cluster and all topics.
///
/// # Errors
/// It does not answer, or not in the form of version 1.
pub fn metadata(address: &str) -> anyhow::Result<Metadata> {
    let answer = ask(address, METADATA, 1, &Writer::default().i32(-1).done())?;
    let mut answer = Reader(&answer);
    let mut nodes = BTreeMap::new();
    for _ in 0..answer.count()? {
        let node = answer.i32()?;
        let host = answer.short_string()?.unwrap_or_default();
        nodes.insert(node, format!("{host}:{}", answer.i32()?));
        answer.short_string()?;
    }
    let has_controller = answer.i32()? >= 0;
    let mut topics = BTreeMap::new();
    for _ in 0..answer.count()? {
        answer.i16()?;
        let name = answer.short_string()?.context("a topic without a name")?;
        answer.u8()?;
        let mut partitions = Vec::new();
        for _ in 0..answer.count()? {
            partitions.push(partition(&mut answer)?);
        }
        partitions.sort_unstable_by_key(|partition| partition.partition);
        topics.insert(name, partitions);
    }
    Ok(Metadata {
        nodes,
        has_controller,
        topics,
    })
}

fn partition(answer: &mut Reader<'_>) -> anyhow::Result<PartitionInfo> {
    answer.i16()?;
    let partition = answer.i32()?;
    let leader = Some(answer.i32()?).filter(|node| *node >= 0);
    Ok(PartitionInfo {
        partition,
        leader,
        replicas: nodes(answer)?,
        in_sync: nodes(answer)?,
    })
}

fn nodes(answer: &mut Reader<'_>) -> anyhow::Result<Vec<i32>> {
    let count = answer.count()?;
    (0..count).map(|_| answer.i32()).collect()
}

/// Has a topic created; one that is there already is left as it is.
///
/// # Errors
/// The broker does not answer, is not able to, or refuses.
pub fn create_topic(address: &str, topic: NewTopic<'_>) -> anyhow::Result<()> {
    let mut request = Writer::default()
        .i32(1)
        .short_string(topic.name)?
        .i32(topic.partitions)
        .i16(topic.replication)
        .i32(0)
        .i32(i32::try_from(topic.settings.len()).context("too many settings")?);
    for (name, value) in topic.settings {
        request = request.short_string(name)?.short_string(value)?;
    }
    let within_ms = 30_000;
    let answer = ask(
        address,
        CREATE_TOPICS,
        2,
        &request.i32(within_ms).i8(0).done(),
    )?;
    let mut answer = Reader(&answer);
    answer.i32()?;
    for _ in 0..answer.count()? {
        let name = answer.short_string()?.unwrap_or_default();
        let code = answer.i16()?;
        let message = answer.short_string()?.unwrap_or_default();
        anyhow::ensure!(
            code == NO_ERROR || code == TOPIC_ALREADY_EXISTS,
            "{address} does not create {name}: error {code} {message}"
        );
    }
    Ok(())
}

/// Allows a principal operations on a topic, from wherever it comes.
///
/// # Errors
/// The broker does not answer or refuses, or an operation is none that a topic has.
pub fn allow(
    address: &str,
    principal: &str,
    topic: &str,
    operations: &[&str],
) -> anyhow::Result<()> {
    const TOPIC: i8 = 2;
    const LITERAL: i8 = 3;
    const ALLOW: i8 = 3;
    let count = i32::try_from(operations.len()).context("too many operations")?;
    let mut request = Writer::default().i32(count);
    for operation in operations {
        let code = match *operation {
            "Read" => 3,
            "Write" => 4,
            "Describe" => 8,
            "DescribeConfigs" => 10,
            other => anyhow::bail!("no operation of a topic: {other}"),
        };
        request = request
            .i8(TOPIC)
            .short_string(topic)?
            .i8(LITERAL)
            .short_string(principal)?
            .short_string("*")?
            .i8(code)
            .i8(ALLOW);
    }
    let answer = ask(address, CREATE_ACLS, 1, &request.done())?;
    let mut answer = Reader(&answer);
    answer.i32()?;
    for _ in 0..answer.count()? {
        let code = answer.i16()?;
        let message = answer.short_string()?.unwrap_or_default();
        anyhow::ensure!(
            code == NO_ERROR,
            "{address} does not allow {principal} anything on {topic}: error {code} {message}"
        );
    }
    Ok(())
}

/// One request, one answer without its header.
fn ask(address: &str, key: i16, version: i16, body: &[u8]) -> anyhow::Result<Vec<u8>> {
    const CORRELATION: i32 = 7;
    let request = Writer::default()
        .i16(key)
        .i16(version)
        .i32(CORRELATION)
        .short_string("furlong-stack")?
        .raw(body)
        .done();
    let length = i32::try_from(request.len()).context("a request too long")?;
    let mut stream = super::connect(address)?;
    stream
        .write_all(&Writer::default().i32(length).raw(&request).done())
        .context("ask the broker")?;
    let mut length = [0; 4];
    stream
        .read_exact(&mut length)
        .context("wait for the broker's answer")?;
    let length =
        usize::try_from(i32::from_be_bytes(length)).context("an answer of negative length")?;
    anyhow::ensure!(length <= LONGEST, "an answer of {length} bytes");
    let mut answer = vec![0; length];
    stream
        .read_exact(&mut answer)
        .context("read the broker's answer")?;
    let mut head = Reader(&answer);
    let correlation = head.i32()?;
    anyhow::ensure!(
        correlation == CORRELATION,
        "the answer to another question, {correlation}"
    );
    Ok(head.0.to_vec())
}
