//! `campaign`: so many faults, so often, against real processes. Behind the word `furlong` it is
//! furlong itself, so that the processes of a fleet are this very executable.
//!
//! Duty: read the arguments, run the plan, print the table. Prohibition: no fault lives here.

use anyhow::Context;
use campaign::faults;
use campaign::fleet::DIE_AT;
use campaign::plan::{Plan, Row, Runs, Stage, run, shown, table};
use clap::Parser;
use furlong::screen::{Colour, Screen};
use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// Injects faults into a fleet under load, and has the log judged.
#[derive(Debug, Parser)]
#[command(after_help = "Examples\n  \
    The table of faults             campaign --list\n  \
    A thousand kills of the ledger  campaign --faults F1 --n 1000\n  \
    Everything, as often as in CI   campaign --ci")]
struct Arguments {
    /// Print the table of faults, with how often each is injected where
    #[arg(long)]
    list: bool,
    /// Which faults, by name, separated by commas (default: all)
    #[arg(long, value_delimiter = ',')]
    faults: Vec<String>,
    /// Injections of each (default: the long campaign's count)
    #[arg(long)]
    n: Option<u32>,
    /// As often as in every run of the tests
    #[arg(long, conflicts_with = "n")]
    ci: bool,
    /// End each fault after so many minutes
    #[arg(long)]
    minutes: Option<u64>,
    /// The seed of all chance
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Results as JSON, one line each
    #[arg(long)]
    json: bool,
    /// Keep histories, what processes said and data in this folder
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
}

fn main() -> ExitCode {
    let words: Vec<OsString> = std::env::args_os().skip(1).collect();
    if words.first().is_some_and(|word| word == "furlong") {
        return furlong(words);
    }
    match campaign(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            tell(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn furlong(words: Vec<OsString>) -> ExitCode {
    // Whoever kills a campaign does not mean its fleet to stay.
    let kill = Some(rustix::process::Signal::KILL);
    if let Err(error) = rustix::process::set_parent_process_death_signal(kill) {
        tell(&format!("a dead parent will not be noticed: {error}"));
    }
    if let Some(when) = std::env::var_os(DIE_AT)
        && let Err(error) = arm(&when.to_string_lossy())
    {
        tell(&format!("error: {DIE_AT}: {error:#}"));
        return ExitCode::FAILURE;
    }
    let mut screen = Screen {
        out: &mut std::io::stdout(),
        messages: &mut std::io::stderr(),
        json: false,
        watched: false,
        colour: Colour::default(),
    };
    ExitCode::from(furlong::cli::run_with(words, &mut screen))
}

/// `produced:7`: this process dies when it passes that point for the seventh time.
fn arm(when: &str) -> anyhow::Result<()> {
    let (point, nth) = when.split_once(':').context("expected point:number")?;
    failpoints::arm(point.parse()?, nth.parse()?);
    Ok(())
}

fn tell(line: &str) {
    // Progress that nobody hears is no reason to stop.
    drop(writeln!(std::io::stderr(), "{line}"));
}

fn put(line: &str) -> anyhow::Result<()> {
    Ok(writeln!(std::io::stdout(), "{line}")?)
}

fn campaign(arguments: &Arguments) -> anyhow::Result<bool> {
    let all = faults::all();
    if arguments.list {
        put("| fault | what | CI | campaign |\n|---|---|---:|---:|")?;
        for fault in &all {
            put(&format!(
                "| {} | {} | {} | {} |",
                fault.name(),
                fault.about(),
                fault.ci_runs(),
                fault.campaign_runs()
            ))?;
        }
        return Ok(true);
    }
    for name in &arguments.faults {
        let known = all.iter().any(|fault| fault.name() == name);
        anyhow::ensure!(known, "{name} is no fault of the table; --list prints it");
    }
    let plan = Plan {
        runs: match (arguments.ci, arguments.n) {
            (true, _) => Runs::Ci,
            (false, Some(n)) => Runs::Exactly(n),
            (false, None) => Runs::Campaign,
        },
        most: arguments
            .minutes
            .map(|minutes| Duration::from_secs(minutes.saturating_mul(60))),
        seed: arguments.seed,
        program: std::env::current_exe()?,
        keep: arguments.keep.clone(),
        tell,
    };
    let chosen = all.iter().filter(|fault| {
        let is_wanted = plan.runs != Runs::Ci || fault.ci_runs() > 0;
        is_wanted && arguments.faults.is_empty()
            || arguments.faults.iter().any(|name| name == fault.name())
    });
    let (mut rows, mut stage) = (Vec::new(), Stage::default());
    for fault in chosen {
        tell(&format!("{}: {}", fault.name(), fault.about()));
        let row = run(&**fault, &plan, &mut stage);
        if arguments.json {
            put(&row.to_json().to_string())?;
        } else {
            put(&shown(&row))?;
        }
        rows.push(row);
    }
    if !arguments.json {
        put(&format!("\n{}", table(&rows)))?;
    }
    Ok(rows.iter().all(Row::passed))
}
