//! Starts real servers for people: prints where they are, stops them at Ctrl-C or SIGTERM.

use std::io::Write;
use std::process::ExitCode;
use std::sync::mpsc;
use std::thread;

use anyhow::Context;
use clap::{Parser, ValueEnum};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use stack::{Cassandra, CassandraPlan, Kafka, KafkaPlan, Registry};

/// Starts a real Kafka, Cassandra and schema registry on loopback ports, prints their addresses, and stops them at
/// Ctrl-C or SIGTERM. Nothing is left behind: their data is in temporary folders (FURLONG_STACK_KEEP=1 keeps those).
#[derive(Debug, Parser)]
#[command(
    name = "stack",
    after_help = "Examples:
  stack kafka cassandra registry     one of each
  stack kafka3                       three brokers: replication 3, min.insync.replicas 2
  stack --json kafka | jq -r .kafka  one line of JSON when all are ready
  stack kafka cassandra              and in another shell, with what it printed:
      export FURLONG_TEST_KAFKA=127.0.0.1:18002 FURLONG_TEST_CASSANDRA=127.0.0.1:18005
      cargo test -p eventlog-kafka -p viewstore-scylla"
)]
struct Arguments {
    /// What to start.
    #[arg(required = true)]
    parts: Vec<Kind>,
    /// Print one JSON object instead of text.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
enum Kind {
    /// One broker.
    Kafka,
    /// Three brokers.
    Kafka3,
    /// One node.
    Cassandra,
    /// Three nodes on 127.0.0.1 to 127.0.0.3.
    Cassandra3,
    /// A schema registry.
    Registry,
}

/// What runs; dropping it stops it.
enum Running {
    Kafka(Kafka),
    Cassandra(Cassandra),
    Registry(Registry),
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Kafka => "kafka",
            Self::Kafka3 => "kafka3",
            Self::Cassandra => "cassandra",
            Self::Cassandra3 => "cassandra3",
            Self::Registry => "registry",
        }
    }

    fn start(self) -> anyhow::Result<Running> {
        let kafka = |brokers| {
            Kafka::start(KafkaPlan {
                brokers,
                ..KafkaPlan::default()
            })
        };
        let cassandra = |nodes| {
            Cassandra::start(CassandraPlan {
                nodes,
                ..CassandraPlan::default()
            })
        };
        Ok(match self {
            Self::Kafka => Running::Kafka(kafka(1)?),
            Self::Kafka3 => Running::Kafka(kafka(3)?),
            Self::Cassandra => Running::Cassandra(cassandra(1)?),
            Self::Cassandra3 => Running::Cassandra(cassandra(3)?),
            Self::Registry => Running::Registry(Registry::start()?),
        })
    }
}

impl Running {
    fn address(&self) -> String {
        match self {
            Self::Kafka(kafka) => kafka.bootstrap(),
            Self::Cassandra(cassandra) => cassandra.contact_points().join(","),
            Self::Registry(registry) => registry.url(),
        }
    }

    const fn variable(&self) -> &'static str {
        match self {
            Self::Kafka(_) => "FURLONG_TEST_KAFKA",
            Self::Cassandra(_) => "FURLONG_TEST_CASSANDRA",
            Self::Registry(_) => "FURLONG_TEST_REGISTRY",
        }
    }
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("stack: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// What the main thread waits for.
enum News {
    Started(Kind, Box<anyhow::Result<Running>>),
    Stop,
}

/// A signal during the start ends it: what has been started by then goes with this process.
fn run(mut arguments: Arguments) -> anyhow::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP]).context("listen for signals")?;
    let (tell_news, news) = mpsc::channel();
    arguments.parts.sort_unstable();
    arguments.parts.dedup();
    for kind in &arguments.parts {
        let (kind, tell_news) = (*kind, tell_news.clone());
        // Nobody listens any more only when all is over.
        thread::spawn(move || drop(tell_news.send(News::Started(kind, Box::new(kind.start())))));
    }
    thread::spawn(move || {
        signals.forever().next();
        drop(tell_news.send(News::Stop));
    });
    let mut running = Vec::new();
    while let News::Started(kind, server) = news.recv().context("wait for the servers")? {
        running.push((kind, (*server)?));
        if running.len() == arguments.parts.len() {
            running.sort_by_key(|(kind, _)| *kind);
            tell(&running, arguments.json)?;
        }
    }
    Ok(())
}

fn tell(running: &[(Kind, Running)], json: bool) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    if json {
        let addresses: serde_json::Map<String, serde_json::Value> = running
            .iter()
            .map(|(kind, server)| (kind.name().to_owned(), server.address().into()))
            .collect();
        writeln!(out, "{}", serde_json::Value::Object(addresses))?;
    } else {
        for (kind, server) in running {
            writeln!(
                out,
                "{:<10}  {}={}",
                kind.name(),
                server.variable(),
                server.address()
            )?;
        }
        writeln!(out, "ready; Ctrl-C stops all of it")?;
    }
    out.flush().context("write the addresses")
}
