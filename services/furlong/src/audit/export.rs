//! `furlong audit export`: every effective decision in files that other programs read.
//!
//! Duty: one file for each journal, in the order of partitions and offsets, and a manifest of
//! what they hold. The same log range and version give the same bytes: no clock, no host, no
//! order of chance. Prohibition: nothing is left out in silence; a partition that cannot be read
//! to its end is named, and the exit code says so.

mod container;
mod rows;

use crate::exit::{Ended, Failure, Outcome};
use crate::history::{PlaceFlags, Stopped, Until, Visitor, Walked, walk};
use crate::numbers::grouped;
use crate::screen::Screen;
use anyhow::Context;
use clap::{Args, ValueEnum};
use eventlog::Chain;
use kernel::{Topic, TopicPartition};
use runtime::Effective;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

pub const EXAMPLES: &str = "\
Examples:
  furlong audit export --format csv --data ./data -o ./export
  furlong audit export --format ndjson --data ./data --until 2026-11-22T10:00:00Z -o ./export
  furlong audit export --format avro --data ./data -o ./export
  furlong audit export --format avro --brokers localhost:9092 -o ./export

csv: RFC 4180, one line for each event, its fields as JSON in the last column. ndjson: one decision
a line. avro: object container files with the published schema and the very bytes of the journal.
Amounts and prices are decimal text, times RFC 3339 in UTC. manifest.json names the range and the
SHA-256 of every file; the same range and version give the same bytes.";

/// The format of the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// One line for each event
    Csv,
    /// One decision a line
    Ndjson,
    /// Avro object container files
    Avro,
}

impl Format {
    const fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Ndjson => "ndjson",
            Self::Avro => "avro",
        }
    }
}

/// Write every effective decision to files.
#[derive(Debug, Args)]
pub struct Export {
    /// What to write
    #[arg(long)]
    format: Format,
    #[command(flatten)]
    place: PlaceFlags,
    /// Stop at this moment, or at the moment of this record
    #[arg(long, value_name = "POSITION|TIME")]
    until: Option<String>,
    /// Where the files go; made if it is not there
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
}

/// Runs it.
///
/// # Errors
/// The log cannot be opened, or a file cannot be written.
pub fn run(arguments: &Export, screen: &mut Screen<'_>) -> Ended {
    let log = arguments.place.find()?.log()?;
    let until = match &arguments.until {
        Some(text) => {
            Until::read(text, &*log).map_err(|error| Failure::Usage(format!("--until: {error}")))?
        }
        None => Until::default(),
    };
    std::fs::create_dir_all(&arguments.output)
        .with_context(|| format!("{} cannot be made", arguments.output.display()))?;
    let partitions: Vec<TopicPartition> = log.journals().collect();
    let mut files = Vec::new();
    let mut incomplete = Vec::new();
    for topic in Topic::journals() {
        let of_topic = partitions.iter().copied().filter(|at| at.topic == topic);
        let mut file = JournalFile::create(arguments, topic)?;
        for at in of_topic {
            screen.progress(format_args!("writing {at}"));
            let walked = walk(&*log, at, &until, &mut file);
            file.failed()?;
            file.ranges.push(range_json(&walked));
            if let Some(stopped) = &walked.stopped {
                incomplete.push(match stopped {
                    Stopped::Halted(halt) => halt.to_string(),
                    Stopped::Unreadable(error) => error.to_string(),
                });
            }
        }
        files.push(file.finish()?);
    }
    screen.progress_done();
    let manifest = json!({
        "format": arguments.format.extension(),
        "version": env!("CARGO_PKG_VERSION"),
        "complete": incomplete.is_empty(),
        "incomplete": incomplete,
        "files": files,
    });
    write_manifest(arguments, &manifest)?;
    report(arguments, &manifest, &incomplete, screen)
}

fn report(
    arguments: &Export,
    manifest: &Value,
    incomplete: &[String],
    screen: &mut Screen<'_>,
) -> Ended {
    if screen.json {
        screen.put_json(manifest)?;
    } else {
        for file in manifest["files"].as_array().into_iter().flatten() {
            screen.put(format_args!(
                "{:<24} {:>12} decisions  sha256 {}",
                file["name"].as_str().unwrap_or_default(),
                grouped(file["decisions"].as_u64().unwrap_or(0)),
                file["sha256"].as_str().unwrap_or_default(),
            ))?;
        }
        let path = arguments.output.join("manifest.json");
        screen.put(format_args!("{}", path.display()))?;
    }
    for reason in incomplete {
        screen.tell(format_args!("error: incomplete: {reason}"));
    }
    Ok(if incomplete.is_empty() {
        Outcome::Fine
    } else {
        Outcome::Unreadable
    })
}

fn range_json(walked: &Walked) -> Value {
    json!({
        "partition": walked.at.partition,
        "end": walked.chain.next_offset,
        "seq": walked.chain.seq,
        "epoch": walked.chain.epoch,
        "head": walked.chain.head.to_string(),
    })
}

fn write_manifest(arguments: &Export, manifest: &Value) -> Result<(), Failure> {
    let path = arguments.output.join("manifest.json");
    let mut text = serde_json::to_string_pretty(manifest).context("the manifest")?;
    text.push('\n');
    std::fs::write(&path, text).with_context(|| format!("{} cannot be written", path.display()))?;
    Ok(())
}

/// Writes decisions in one of the formats.
trait Encoder {
    fn decision(&mut self, effective: &Effective, record: &[u8]) -> anyhow::Result<()>;
    /// What is still in hand.
    fn rest(&mut self) -> anyhow::Result<()>;
    /// The bytes since the last call.
    fn take(&mut self) -> Vec<u8>;
}

struct JournalFile {
    name: String,
    file: BufWriter<File>,
    hash: Sha256,
    encoder: Box<dyn Encoder>,
    decisions: u64,
    ranges: Vec<Value>,
    error: Option<anyhow::Error>,
}

impl JournalFile {
    fn create(arguments: &Export, topic: Topic) -> Result<Self, Failure> {
        let name = format!("{topic}.{}", arguments.format.extension());
        let path = arguments.output.join(&name);
        let file =
            File::create(&path).with_context(|| format!("{} cannot be written", path.display()))?;
        let encoder: Box<dyn Encoder> = match arguments.format {
            Format::Csv => Box::new(rows::Csv::new(topic)?),
            Format::Ndjson => Box::new(rows::Ndjson::new(topic)?),
            Format::Avro => Box::new(container::Container::new(topic)?),
        };
        Ok(Self {
            name,
            file: BufWriter::new(file),
            hash: Sha256::new(),
            encoder,
            decisions: 0,
            ranges: Vec::new(),
            error: None,
        })
    }

    fn store(&mut self) -> anyhow::Result<()> {
        let bytes = self.encoder.take();
        self.hash.update(&bytes);
        self.file
            .write_all(&bytes)
            .with_context(|| self.name.clone())
    }

    fn failed(&mut self) -> Result<(), Failure> {
        self.error.take().map_or(Ok(()), |error| Err(error.into()))
    }

    fn finish(mut self) -> Result<Value, Failure> {
        self.encoder.rest()?;
        self.store()?;
        self.file.flush().with_context(|| self.name.clone())?;
        let hash: [u8; 32] = self.hash.finalize().into();
        Ok(json!({
            "name": self.name,
            "decisions": self.decisions,
            "sha256": kernel::Digest::from_bytes(hash).to_string(),
            "partitions": self.ranges,
        }))
    }
}

impl Visitor for JournalFile {
    fn decision(&mut self, _: TopicPartition, effective: Effective, record: &[u8], _: &Chain) {
        if self.error.is_none() {
            let written = self
                .encoder
                .decision(&effective, record)
                .and_then(|()| self.store());
            self.error = written.err();
            self.decisions = self.decisions.saturating_add(1);
        }
    }
}
