//! `furlong topics create|check`: what is asked of Kafka's topics.
//!
//! Duty: the grammar. The work is the cluster's. Prohibition: a wrong topic is never mended in
//! silence: `create` makes what is missing, and names what is wrong.

use crate::config::SettingsFlags;
use clap::Subcommand;

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

/// Make or check the topics of a cluster
#[derive(Debug, Subcommand)]
pub enum Topics {
    /// Make the topics that are missing
    #[command(after_help = EXAMPLES_CREATE)]
    Create(SettingsFlags),
    /// Compare the topics with what is needed
    #[command(after_help = EXAMPLES_CHECK)]
    Check(SettingsFlags),
}
