//! `furlong topics create|check|acls`: what is asked of Kafka's topics.
//!
//! Duty: the grammar. The work is the cluster's. Prohibition: a wrong topic is never mended in
//! silence: `create` makes what is missing, and names what is wrong.

use crate::config::SettingsFlags;
use crate::roles::Roles;
use clap::{Args, Subcommand};

const EXAMPLES_CREATE: &str = "\
Examples:
  furlong topics create --config furlong.toml
  FURLONG_PARTITIONS=64 furlong topics create --brokers localhost:9092

Partitions and the way from keys to partitions are fixed with the first creation. Replication and
min_insync are settings. Topics that stand and are right are left alone.";

const EXAMPLES_CHECK: &str = "\
Examples:
  furlong topics check --config furlong.toml --json

Exit codes: 0 all as needed, 1 one is missing or different (each is named), 4 Kafka cannot be read.";

const EXAMPLES_ACLS: &str = "\
Examples:
  A user for each role                        furlong topics acls --config furlong.toml
  One process of three roles, by certificate  furlong topics acls odds payments fraud --principal User:CN=desk
  For programs                                furlong topics acls --config furlong.toml --json

Prints commands for Kafka's own tool and changes nothing: they are for the administrator of the brokers.
Each process signs in with the file that its setting kafka_options names (sasl.username, or a certificate).";

/// Make or check the topics of a cluster
#[derive(Debug, Subcommand)]
pub enum Topics {
    /// Make the topics that are missing
    #[command(after_help = EXAMPLES_CREATE)]
    Create(SettingsFlags),
    /// Compare the topics with what is needed
    #[command(after_help = EXAMPLES_CHECK)]
    Check(SettingsFlags),
    /// Print what the brokers have to allow each role, and nothing more
    #[command(after_help = EXAMPLES_ACLS)]
    Acls(Acls),
}

/// Whose rights to print
#[derive(Debug, Args)]
pub struct Acls {
    /// The roles of one process (odds payments, or all); none: each role by itself
    #[arg(value_name = "ROLE", value_parser = Roles::one_or_all)]
    pub roles: Vec<Roles>,
    /// Who that process is to Kafka; without it User: and the names of its roles
    #[arg(long, value_name = "TYPE:NAME", requires = "roles", value_parser = principal)]
    pub principal: Option<String>,
    /// Where the settings come from: brokers and the topics' prefix
    #[command(flatten)]
    pub flags: SettingsFlags,
}

/// As Kafka writes it; it is printed between single quotes.
fn principal(text: &str) -> Result<String, String> {
    let is_whole = text
        .split_once(':')
        .is_some_and(|(kind, name)| !kind.is_empty() && !name.is_empty());
    let is_printable = !text.contains(|c: char| c == '\'' || c.is_control());
    if is_whole && is_printable {
        Ok(text.to_owned())
    } else {
        Err("expected a type and a name without quotes: User:bets, User:CN=bets".to_owned())
    }
}
