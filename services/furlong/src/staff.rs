//! `furlong staff add`: traders, operators, auditors and compliance officers.
//!
//! Duty: let a person in with a role, by a command into the cluster's log; the password is read
//! from a file or from the standard input and only its hash leaves this process. Prohibition:
//! nobody is given a role over HTTP, and no password is an argument.

use crate::config::{self, SettingsFlags};
use crate::exit::{Ended, Failure, Outcome};
use crate::screen::Screen;
use anyhow::Context;
use auth::SALT_BYTES;
use clap::{Args, Subcommand, ValueEnum};
use runtime::{Entropy, SystemEntropy};
use std::io::Read as _;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  furlong staff add anna --role trader --brokers localhost:9092 --password-file anna.txt
  openssl rand -base64 32 > feed.pw
  furlong staff add feed --role operator --machine --config furlong.toml < feed.pw

A person replaces this password at the first sign-in, and then enrols a second factor unless
staff_second_factor is off. A login that exists keeps its account: adding somebody twice changes nothing.";

/// People who work for the house
#[derive(Debug, Subcommand)]
pub enum Staff {
    /// Let somebody in
    #[command(after_help = EXAMPLES)]
    Add(Add),
}

/// Let somebody in.
#[derive(Debug, Args)]
pub struct Add {
    /// What they type to sign in
    login: String,
    /// What they may do
    #[arg(long, value_enum)]
    role: StaffRole,
    /// A file with the password; without it the password is read from the standard input
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// Nobody signs in but a program: the password is not to be replaced and no second factor is
    /// asked for. Draw the password at random
    #[arg(long)]
    machine: bool,
    #[command(flatten)]
    flags: SettingsFlags,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum StaffRole {
    Trader,
    Operator,
    Auditor,
    Compliance,
}

impl StaffRole {
    const fn wire(self) -> schemas::auth::Role {
        match self {
            Self::Trader => schemas::auth::Role::Trader,
            Self::Operator => schemas::auth::Role::Operator,
            Self::Auditor => schemas::auth::Role::Auditor,
            Self::Compliance => schemas::auth::Role::Compliance,
        }
    }
}

/// Runs it.
///
/// # Errors
/// The password is missing or too short, or the cluster does not take the command.
pub fn run(Staff::Add(add): &Staff, screen: &mut Screen<'_>) -> Ended {
    let settings = config::load(&add.flags)?;
    let password = password(add)?;
    crate::trace::begin(screen.json);
    let runtime = tokio::runtime::Runtime::new().context("the threads cannot be started")?;
    let customer = runtime.block_on(async {
        let registrar = crate::cluster::registrar(&settings).await?;
        let mut salt = [0; SALT_BYTES];
        SystemEntropy.fill(&mut salt);
        let hashing = tokio::task::spawn_blocking(move || auth::hash_password(&password, salt));
        registrar
            .staff(&add.login, add.role.wire(), add.machine, hashing)
            .await
    })?;
    if screen.json {
        let told = serde_json::json!({"login": add.login, "id": customer.to_string()});
        screen.put_json(&told)?;
    } else {
        screen.put(format_args!("{} has the account {customer}", add.login))?;
    }
    Ok(Outcome::Fine)
}

fn password(add: &Add) -> Result<String, Failure> {
    let text = match &add.password_file {
        Some(path) => std::fs::read_to_string(path).map_err(|error| {
            Failure::Usage(format!(
                "--password-file: {} cannot be read: {error}",
                path.display()
            ))
        })?,
        None => {
            let mut text = String::new();
            std::io::stdin()
                .read_to_string(&mut text)
                .context("the standard input cannot be read")?;
            text
        }
    };
    let password = text.trim_end_matches(['\r', '\n']).to_owned();
    let login = auth::normalise(&add.login)
        .map_err(|refused| Failure::Usage(format!("{:?} is no login: {refused}", add.login)))?;
    auth::judge_new_password(&password, &login)
        .map_err(|refused| Failure::Usage(format!("the password is not taken: {refused}")))?;
    Ok(password)
}
