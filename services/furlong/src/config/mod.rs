//! Settings: what they are, where each comes from, and `furlong config`.
//!
//! Duty: read file, environment and flags once, the later beating the earlier, and remember of
//! every value which of them it came from. Prohibition: nothing unknown is passed over in silence,
//! and no secret is a setting: keys live in the key store of the data folder.

mod keys;
mod sources;

pub use keys::{KEYS, Key};
pub use sources::{Origin, Resolved, Value};

use crate::admission::AdmissionOptions;
use crate::exit::{Ended, Failure, Outcome};
use crate::house_passkeys::PasskeyPages;
use crate::notices_desk::NoticesTo;
use crate::providers::ProviderChoice;
use crate::screen::Screen;
use clap::{Args, Subcommand};
use gateway::RateLimit;
use serde_json::json;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

const EXAMPLES_PRINT: &str = "\
Examples:
  furlong config print
  furlong config print --config furlong.toml --json
  FURLONG_PORT=7500 furlong config print";

const EXAMPLES_CHECK: &str = "\
Examples:
  furlong config check --config furlong.toml

Exit codes: 0 every setting is known and valid, 2 one is not.";

/// What may be asked about the configuration.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Print every setting and where its value comes from
    #[command(after_help = EXAMPLES_PRINT)]
    Print(SettingsFlags),
    /// Check every setting without starting anything
    #[command(after_help = EXAMPLES_CHECK)]
    Check(SettingsFlags),
}

/// Settings on the command line. A file beats the defaults, FURLONG_… in the environment beats the
/// file, and these beat both.
#[derive(Clone, Debug, Default, Args)]
pub struct SettingsFlags {
    /// A file of settings in TOML
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The data folder
    #[arg(long, value_name = "DIR")]
    pub data: Option<String>,
    /// The address to listen on
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<String>,
    /// The port to listen on; 0 picks a free one
    #[arg(long, value_name = "N")]
    pub port: Option<String>,
    /// Requests a minute for each user, or off
    #[arg(long, value_name = "N|off")]
    pub rate_limit: Option<String>,
    /// Kafka's brokers, host:port with commas; without them the log is embedded
    #[arg(long, value_name = "HOST:PORT")]
    pub brokers: Option<String>,
}

/// The settings of a process, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The data folder.
    pub data: PathBuf,
    /// The address to listen on.
    pub listen: IpAddr,
    /// The port to listen on; 0 picks a free one.
    pub port: u16,
    /// Where feeds speak gRPC.
    pub grpc_port: GrpcPort,
    /// Partitions of every topic; fixed when a log is made.
    pub partitions: u16,
    /// Requests a minute for each user; none: unlimited.
    pub rate_limit: Option<u32>,
    /// Requests at once from rest.
    pub rate_burst: u32,
    /// Whom else the gateway lets in.
    pub admission: AdmissionOptions,
    /// How long an answer is waited for, in milliseconds.
    pub deadline_ms: u32,
    /// Effective decisions between two snapshots of a partition.
    pub snapshot_every: u32,
    /// Prices of new markets lean anew when an exposure has moved by so many thousandths of the
    /// market's maximum; 0: they do not lean by themselves.
    pub lean_step_permille: u16,
    /// The cluster, if the log is one.
    pub cluster: Option<Cluster>,
    /// Who moves money in the world outside.
    pub provider: ProviderChoice,
    /// Withdrawals of so many whole units of their currency and more wait for two persons.
    pub withdrawal_review_units: u32,
    /// Where operators want to be told of payments.
    pub notices: Option<NoticesTo>,
    /// Where passkeys are made and used.
    pub passkeys: PasskeyPages,
}

/// Where feeds speak gRPC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GrpcPort {
    /// On the port of everything else.
    #[default]
    Same,
    /// Nowhere.
    Off,
    /// On a port of their own; 0 picks a free one.
    Own(u16),
}

impl FromStr for GrpcPort {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "same" => Ok(Self::Same),
            "off" => Ok(Self::Off),
            port => port.parse().map(Self::Own),
        }
    }
}

impl Settings {
    /// How long an answer is waited for.
    #[must_use]
    pub fn deadline(&self) -> Duration {
        Duration::from_millis(self.deadline_ms.into())
    }

    /// What each user may ask; none: as much as anybody likes.
    #[must_use]
    pub fn rate_limit(&self) -> Option<RateLimit> {
        self.rate_limit.map(|per_minute| RateLimit {
            per_minute,
            burst: self.rate_burst,
        })
    }
}

/// Where the parts of a cluster are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
    /// Kafka's brokers, as its clients take them.
    pub brokers: String,
    /// Stands before the name of every topic.
    pub topic_prefix: String,
    /// A file of further options of the Kafka client; secrets are in files, never in settings.
    pub kafka_options: Option<PathBuf>,
    /// The schema registry's address; none: the ids compiled in.
    pub registry: Option<String>,
    /// Copies of every topic.
    pub replication: u16,
    /// Copies that must have a record before it counts.
    pub min_insync: u16,
    /// Nodes of the view store.
    pub view_nodes: Vec<String>,
    /// A file with user and password there.
    pub view_credentials: Option<PathBuf>,
    /// The keyspace of the views.
    pub keyspace: String,
    /// Copies of every view, when the keyspace is made.
    pub view_replication: u16,
    /// How long a silent process keeps its partitions, in milliseconds.
    pub lease_ms: u32,
}

impl Cluster {
    /// How long a silent process keeps its partitions.
    #[must_use]
    pub fn lease(&self) -> Duration {
        Duration::from_millis(self.lease_ms.into())
    }
}

/// Reads all sources.
///
/// # Errors
/// A source that cannot be read, an unknown setting, or a value that is not allowed.
pub fn resolve(flags: &SettingsFlags) -> Result<Resolved, Failure> {
    let named = [
        ("data", &flags.data),
        ("listen", &flags.listen),
        ("port", &flags.port),
        ("rate_limit", &flags.rate_limit),
        ("brokers", &flags.brokers),
    ];
    resolve_with(flags.config.as_deref(), &named)
}

/// Reads all sources, the flags by the names of their settings.
///
/// # Errors
/// As [`resolve`].
pub fn resolve_with(
    file: Option<&Path>,
    flags: &[(&str, &Option<String>)],
) -> Result<Resolved, Failure> {
    let file = match file {
        None => BTreeMap::new(),
        Some(path) => {
            let text = std::fs::read_to_string(path).map_err(|error| {
                Failure::Usage(format!(
                    "--config: {} cannot be read: {error}",
                    path.display()
                ))
            })?;
            sources::from_toml(&text)
                .map_err(|error| Failure::Usage(format!("{}: {error}", path.display())))?
        }
    };
    let environment = sources::from_environment(environment()).map_err(Failure::Usage)?;
    let flags = flags
        .iter()
        .filter_map(|(key, value)| Some(((*key).to_owned(), value.as_ref()?.clone())));
    sources::merge(file, environment, flags.collect()).map_err(Failure::Usage)
}

/// Reads all sources and checks every value.
///
/// # Errors
/// As [`resolve`].
pub fn load(flags: &SettingsFlags) -> Result<Settings, Failure> {
    resolve(flags)?.settings().map_err(Failure::Usage)
}

/// The environment is read here and nowhere else.
fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

/// Runs it.
///
/// # Errors
/// A setting is wrong.
pub fn run(command: &Command, screen: &mut Screen<'_>) -> Ended {
    match command {
        Command::Print(flags) => {
            let resolved = resolve(flags)?;
            resolved.settings().map_err(Failure::Usage)?;
            print(&resolved, screen)
        }
        Command::Check(flags) => {
            load(flags)?;
            if screen.json {
                screen.put_json(&json!({ "ok": true }))?;
            } else {
                screen.put("every setting is known and valid")?;
            }
            Ok(Outcome::Fine)
        }
    }
}

/// A value without the user and password that an address may carry.
fn shown(value: &str) -> String {
    let address = value.split_once("://");
    let parts = address.and_then(|(scheme, rest)| Some((scheme, rest.rsplit_once('@')?.1)));
    parts.map_or_else(
        || value.to_owned(),
        |(scheme, host)| format!("{scheme}://***@{host}"),
    )
}

fn print(resolved: &Resolved, screen: &mut Screen<'_>) -> Ended {
    if screen.json {
        let settings: Vec<serde_json::Value> = resolved
            .values()
            .map(|(key, value)| {
                json!({"key": key.name, "value": shown(&value.text), "origin": value.origin.to_string()})
            })
            .collect();
        screen.put_json(&json!({ "settings": settings }))?;
        return Ok(Outcome::Fine);
    }
    for (key, value) in resolved.values() {
        screen.put(format_args!(
            "{:<15} {:<18} {:<28} {}",
            key.name,
            shown(&value.text),
            value.origin.to_string(),
            key.about
        ))?;
    }
    Ok(Outcome::Fine)
}

#[cfg(test)]
mod tests {
    use super::shown;
    use crate::cli::tests::{refused, run_line, typed};

    fn file(text: &str) -> (tempfile::TempDir, String) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("furlong.toml");
        std::fs::write(&path, text).unwrap();
        let path = path.to_str().unwrap().to_owned();
        (folder, path)
    }

    #[test]
    fn what_is_printed_tells_no_password() {
        assert_eq!(
            shown("https://user:secret@registry.example:8081/x"),
            "https://***@registry.example:8081/x"
        );
        assert_eq!(shown("http://127.0.0.1:8081"), "http://127.0.0.1:8081");
        assert_eq!(shown("a@b"), "a@b");
    }

    #[test]
    fn defaults_are_told_as_such() {
        let text = typed("config print");
        assert!(
            text.lines()
                .any(|line| line.starts_with("port") && line.contains("default"))
        );
    }

    #[test]
    fn a_flag_beats_the_file() {
        let (_folder, path) = file("port = 7500\nrate_limit = \"off\"\n");
        let text = typed(&format!("config print --config {path} --port 7600 --json"));
        let answer: serde_json::Value = serde_json::from_str(&text).unwrap();
        let of = |key: &str| {
            let settings = answer["settings"].as_array().unwrap();
            settings
                .iter()
                .find(|setting| setting["key"] == key)
                .unwrap()
                .clone()
        };
        assert_eq!(
            (&of("port")["value"], &of("port")["origin"]),
            (&"7600".into(), &"flag".into())
        );
        assert_eq!(of("rate_limit")["value"], "off");
        assert_eq!(of("rate_limit")["origin"], "file");
        assert_eq!(of("listen")["origin"], "default");
    }

    #[test]
    fn what_is_unknown_or_wrong_is_refused_by_name() {
        for (text, named) in [
            ("prot = 7500", "prot"),
            ("port = 99999", "port"),
            ("port = \"many\"", "port"),
            ("partitions = 0", "partitions"),
            ("listen = \"here\"", "listen"),
            ("rate_limit = -1", "rate_limit"),
            ("port = [1]", "port"),
            ("port = ", "line 1"),
            ("passkey_origin = \"bets.example.com\"", "not an origin"),
            ("passkey_origin = \"http://bets.example.com\"", "not https"),
            (
                "passkey_origin = \"https://bets.example.com\"\npasskey_domain = \"example.org\"",
                "example.org is not the domain of",
            ),
            (
                "passkey_origin = \"https://bets.example.com\"\npasskey_domain = \"com\"",
                "com is not the domain of",
            ),
        ] {
            let (_folder, path) = file(text);
            for command in ["check", "print"] {
                let message = refused(&format!("config {command} --config {path}"));
                assert!(message.contains(named), "{text}: {message}");
            }
        }
    }

    #[test]
    fn a_typo_gets_a_suggestion() {
        let (_folder, path) = file("rate_limits = 5");
        let message = refused(&format!("config check --config {path}"));
        assert!(message.contains("rate_limit?"), "{message}");
    }

    #[test]
    fn a_missing_file_is_wrong_usage() {
        assert_eq!(run_line("config check --config /nowhere/furlong.toml").0, 2);
    }
}
