//! Records that we wrote, read by somebody who does not know us.

use crate::{python, registry};
use anyhow::{Context, bail, ensure};
use bytes::Bytes;
use eventlog::{AppendOutcome, Chain, EventLog, Verdict};
use eventlog_kafka::topics::{self, Plan};
use eventlog_kafka::{KafkaLog, Settings};
use kernel::{Topic, TopicPartition};
use schemas::{ClaimId, Header, Kind, Schema, Wire, WireIds};
use schemastore::{Registry, SchemaStore};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// What is known about every type of record: one or more of each, as they stay for ever, in the
/// version in which they were written.
fn golden_records(schema: &Schema) -> anyhow::Result<Vec<Bytes>> {
    let file = format!(
        "../../../schemas/golden/{}.v{}.hex",
        schema.topic, schema.version
    );
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let text = std::fs::read_to_string(&file).with_context(|| file.display().to_string())?;
    let record = |line: &str| {
        let mut record = Vec::new();
        schemas::frame(schema.id, &mut record);
        for at in (0..line.len()).step_by(2) {
            record.push(u8::from_str_radix(&line[at..at + 2], 16)?);
        }
        Ok(record.into())
    };
    text.lines().map(record).collect()
}

/// Ids that differ from ours, if need be because somebody else came first.
fn numbered(prefix: &str) -> anyhow::Result<WireIds> {
    let url = stack::registry().url();
    let somebody = Registry::open(&url, &registry::prefix())?;
    somebody.publish(Topic::AuthEvents, registry::FOREIGN)?;
    let ours = Registry::open(&url, prefix)?;
    ours.register()?;
    let ids = ours.wire_ids()?;
    let differ = schemas::schemas()
        .iter()
        .any(|schema| ids.to_wire(schema.id.0) != schema.id.0);
    ensure!(differ, "the registry numbered the schemas as we do");
    Ok(ids)
}

async fn write(log: &KafkaLog, at: TopicPartition, records: &[Bytes]) -> anyhow::Result<()> {
    let outcomes = if at.topic.is_journal() {
        log.writer(at).append(records.to_vec()).await
    } else {
        let mut outcomes = Vec::new();
        for record in records {
            outcomes.push(log.send(at, record.clone()).await);
        }
        outcomes
    };
    let all_sent = outcomes
        .iter()
        .all(|outcome| *outcome == AppendOutcome::Sent);
    ensure!(
        all_sent && outcomes.len() == records.len(),
        "{at}: {outcomes:?}"
    );
    Ok(())
}

async fn read(log: &KafkaLog, at: TopicPartition, count: usize) -> anyhow::Result<Vec<Bytes>> {
    let (mut from, mut found) = (0, Vec::new());
    while found.len() < count {
        let records = log.read(at, from, 1_000_000).await?;
        ensure!(
            !records.is_empty(),
            "{at} ends after {} records",
            found.len()
        );
        from = records.last().map_or(from, |record| record.offset + 1);
        found.extend(records.into_iter().map(|record| record.bytes));
    }
    Ok(found)
}

/// Our side: topics of our own, and a log that writes ids of the registry into them.
struct Ours {
    prefix: String,
    ids: WireIds,
    log: KafkaLog,
    runtime: tokio::runtime::Runtime,
}

impl Ours {
    fn new() -> anyhow::Result<Self> {
        let prefix = registry::prefix();
        let mut settings = Settings::new(&stack::kafka().bootstrap(), &prefix);
        settings.send_timeout = Duration::from_secs(30);
        settings.wire_ids = numbered(&prefix)?;
        let plan = Plan {
            partitions: 1,
            replication: 1,
            min_insync: 1,
            key_function: "test".to_owned(),
        };
        topics::create(&settings, &plan)?;
        Ok(Self {
            prefix,
            ids: settings.wire_ids.clone(),
            log: KafkaLog::connect(settings)?,
            runtime: tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()?,
        })
    }

    /// Writes, and reads back what must be the same bytes for us: heads do not depend on who
    /// numbers schemas.
    fn write(&self, topic: Topic, records: &[Bytes]) -> anyhow::Result<()> {
        let at = TopicPartition::new(topic, 0);
        self.runtime.block_on(async {
            write(&self.log, at, records).await?;
            ensure!(read(&self.log, at, records.len()).await? == records, "{at}");
            Ok(())
        })
    }

    /// What the stranger says about our topics.
    fn told(&self, python: &Path, script: &str) -> anyhow::Result<Vec<Value>> {
        let topics = format!(
            "^{}.*[.](events|commands)$",
            self.prefix.replace('.', "[.]")
        );
        let told = python::run(
            Command::new(python)
                .arg(python::folder().join(script))
                .args(["--brokers", &stack::kafka().bootstrap()])
                .args(["--registry", &stack::registry().url()])
                .args(["--topics", &topics]),
        );
        let values = told?
            .lines()
            .map(serde_json::from_str)
            .collect::<Result<_, _>>();
        Ok(values?)
    }
}

/// None: there is no Python here, and none is required.
fn interpreter() -> anyhow::Result<Option<PathBuf>> {
    match python::interpreter() {
        Ok(python) => Ok(Some(python)),
        Err(error) if python::is_required() => Err(error),
        Err(error) => {
            eprintln!("ignored: {error:#}");
            Ok(None)
        }
    }
}

pub fn golden() -> anyhow::Result<()> {
    let Some(python) = interpreter()? else {
        return Ok(());
    };
    let ours = Ours::new()?;
    let mut written = BTreeMap::new();
    // A topic keeps what older versions wrote, so the stranger meets all of them in it.
    for topic in Topic::ALL {
        let mut records = Vec::new();
        for schema in schemas::schemas().iter().filter(|one| one.topic == *topic) {
            records.extend(golden_records(schema)?);
        }
        ours.write(*topic, &records)?;
        written.insert(format!("{}{topic}", ours.prefix), (*topic, records));
    }
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for line in ours.told(&python, "consume.py")? {
        let name = line["topic"].as_str().context("a topic")?;
        let (topic, records) = written.get(name).with_context(|| name.to_owned())?;
        let at = seen.entry(name.to_owned()).or_default();
        check(&line, *topic, &records[*at], &ours.ids).with_context(|| line.to_string())?;
        *at += 1;
    }
    for (topic, (_, records)) in &written {
        let seen = seen.get(topic).copied().unwrap_or_default();
        ensure!(
            seen == records.len(),
            "{topic}: {seen} of {}",
            records.len()
        );
    }
    Ok(())
}

/// The record of another place in the journal.
fn remade(record: &[u8], header: &Header) -> anyhow::Result<Bytes> {
    let (_, body) = schemas::decode_header(Topic::BetsEvents, record)?;
    let mut out = record[..5].to_vec();
    header.encode(&mut out);
    out.extend_from_slice(body.rest());
    Ok(out.into())
}

pub fn heads() -> anyhow::Result<()> {
    let Some(python) = interpreter()? else {
        return Ok(());
    };
    let ours = Ours::new()?;
    let at = TopicPartition::new(Topic::BetsEvents, 0);
    let versions = schemas::schemas()
        .into_iter()
        .filter(|schema| schema.topic == at.topic);
    let golden = versions
        .map(|schema| golden_records(&schema))
        .collect::<Result<Vec<_>, _>>()?;
    let [old, .., new] = golden.as_slice() else {
        bail!("one version only");
    };
    let (mut chain, mut records) = (Chain::default(), Vec::new());
    // Two reigns, the second in a newer schema; a repeat, a late record of the first, a claim that comes too late, a gap.
    for (epoch, kind, seq, doubts) in [
        (1, Kind::Claim, 0, false),
        (1, Kind::Decision, 1, false),
        (1, Kind::Decision, 1, true),
        (1, Kind::Decision, 2, false),
        (7, Kind::Claim, 0, false),
        (1, Kind::Decision, 3, true),
        (7, Kind::Decision, 3, false),
        (7, Kind::Claim, 0, true),
        (7, Kind::Decision, 5, true),
        (7, Kind::Decision, 4, false),
    ] {
        let written_in = if epoch == 1 { old } else { new };
        let template = &written_in[records.len() % written_in.len()];
        let (mut header, _) = schemas::decode_header(at.topic, template)?;
        let is_claim = kind == Kind::Claim;
        header.kind = kind;
        header.epoch = epoch;
        header.claim_id = ClaimId([u8::try_from(epoch)?; 16]);
        header.seq = seq;
        header.confirmed = 0;
        header.prev = (!is_claim).then_some(chain.head);
        let record = remade(template, &header)?;
        let judged = chain.judge(at, records.len().try_into()?, &record)?;
        let counts = matches!(judged.verdict, Verdict::Claimed | Verdict::Effective);
        ensure!(counts != doubts, "{epoch} {seq}: {:?}", judged.verdict);
        records.push(record);
    }
    ours.write(at.topic, &records)?;
    let told = ours.told(&python, "heads.py")?;
    let expected = json!({
        "topic": format!("{}{}", ours.prefix, at.topic),
        "partition": 0,
        "epoch": chain.epoch,
        "seq": chain.seq,
        "head": chain.head.bytes().iter().map(|byte| format!("{byte:02x}")).collect::<String>(),
        "passed_over": 4,
    });
    ensure!(told == [expected.clone()], "{told:?}, not {expected}");
    Ok(())
}

/// The stranger's reading against ours.
fn check(line: &Value, topic: Topic, record: &Bytes, ids: &WireIds) -> anyhow::Result<()> {
    let framed = record.get(1..5).context("a framed record")?.try_into()?;
    let wire = ids.to_wire(u32::from_be_bytes(framed));
    ensure!(line["schema_id"] == wire, "the id is not {wire}");
    let value = &line["value"];
    if topic.is_journal() {
        let (header, _) = schemas::decode_header(topic, record)?;
        ensure!(value["epoch"] == header.epoch && value["seq"] == header.seq);
    } else {
        // An inbox record begins with the request's id.
        let hex = record[5..21].iter().map(|byte| format!("{byte:02x}"));
        ensure!(value["request_id"] == hex.collect::<String>());
    }
    Ok(())
}
