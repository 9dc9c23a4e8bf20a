//! The command line: what may be typed.
//!
//! Duty: the grammar of all commands, their help with examples, and the way from how a command
//! ended to the process's exit code. Prohibition: no command's work is done here.

use crate::exit::Ended;
use crate::screen::{self, Screen};
use crate::{audit, bench, calc, config, doctor, explain, feed, health, replay};
use crate::{dev, reconciling, schema, serve, staff, topics};
use clap::{CommandFactory, Parser, Subcommand};
use std::ffi::OsString;
use std::process::ExitCode;

const EXAMPLES: &str = "\
Examples
  A moving sportsbook, right now  furlong dev
  What a Lucky 15 pays            furlong calc settle --type lucky15 --prices 2.5,3,1.8,4.2 --results W,W,W,W --unit-stake 1
  Fair probabilities of prices    furlong calc devig --method shin --prices 2.7,2.3,4.4
";

/// A betting and transactions engine: every fact is in one log, and everybody can fold it again.
#[derive(Debug, Parser)]
#[command(name = "furlong", version, before_help = EXAMPLES, max_term_width = 110)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    command: Option<Command>,
    /// Answer in JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Everything in one process on the embedded log, seeded and moving
    #[command(after_help = dev::EXAMPLES)]
    Dev(dev::Dev),
    /// Run the services for real use
    #[command(after_help = serve::EXAMPLES)]
    Serve(serve::Serve),
    /// Make or check the topics of a cluster
    #[command(subcommand)]
    Topics(topics::Topics),
    /// Publish or check the schemas of the topics in a registry
    #[command(subcommand)]
    Schema(schema::Schema),
    /// Let in people who work for the house
    #[command(subcommand)]
    Staff(staff::Staff),
    /// Work out payouts, margins and goal models
    #[command(subcommand)]
    Calc(calc::Calc),
    /// Rebuild every state from the log and compare with the views
    #[command(after_help = replay::EXAMPLES)]
    Replay(replay::Replay),
    /// Check and export the log, trusting nobody
    #[command(subcommand)]
    Audit(audit::Audit),
    /// Every event, posting, price and score of one bet
    #[command(after_help = explain::EXAMPLES)]
    Explain(explain::Explain),
    /// Print or check the configuration
    #[command(subcommand)]
    Config(config::Command),
    /// Check whether this machine can run furlong
    #[command(after_help = doctor::EXAMPLES)]
    Doctor(doctor::Doctor),
    /// Ask a running furlong whether it is ready
    #[command(after_help = health::EXAMPLES)]
    Health(health::Health),
    /// Post recorded feeds to a running furlong
    #[command(subcommand)]
    Feed(feed::Feed),
    /// Hold payment providers' files against the books
    #[command(subcommand)]
    Payments(reconciling::Payments),
    /// Measure, beside an anchor of the same run
    #[command(subcommand)]
    Bench(bench::Bench),
}

/// Reads the process's arguments, runs the command and says how it ended.
#[must_use]
pub fn run() -> ExitCode {
    let stdout = std::io::stdout();
    let mut stderr = std::io::stderr();
    let mut screen = Screen {
        out: &mut stdout.lock(),
        // Not locked: log lines of all threads go there, and would wait for the command's end.
        messages: &mut stderr,
        json: false,
        watched: screen::is_watched(),
        colour: screen::colours(),
    };
    let mut arguments: Vec<OsString> = std::env::args_os().collect();
    if arguments.len() == 1 && is_cargo_run() {
        arguments.push("dev".into());
    }
    ExitCode::from(run_with(arguments, &mut screen))
}

/// `cargo run` alone shows the moving sportsbook; the bare binary shows its help. Cargo tells a
/// program that it runs where its manifest lies, and a program that a test runs (which must not
/// start a server unasked) where the test finds it.
fn is_cargo_run() -> bool {
    let told = |name| std::env::var_os(name).is_some();
    told("CARGO_MANIFEST_DIR") && !told("CARGO_BIN_EXE_furlong")
}

/// The same with given arguments and streams. Returns the exit code.
pub fn run_with(arguments: impl IntoIterator<Item = OsString>, screen: &mut Screen<'_>) -> u8 {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(refusal) => {
            return refuse(&refusal, screen);
        }
    };
    screen.json = cli.json;
    let ended = match cli.command {
        Some(command) => dispatch(command, screen),
        None => help(screen),
    };
    let flushed = screen.out.flush();
    match ended.and_then(|outcome| Ok(flushed.map(|()| outcome)?)) {
        Ok(outcome) => outcome.code(),
        Err(failure) => {
            let code = failure.code();
            if code != 0 {
                screen.tell(format_args!("error: {failure}"));
            }
            code
        }
    }
}

/// Whether a command line can be typed, without doing what it says.
///
/// # Errors
/// What is wrong with it.
pub fn accepts(arguments: &[&str]) -> Result<(), String> {
    let words = std::iter::once("furlong").chain(arguments.iter().copied());
    Cli::try_parse_from(words)
        .map(|_| ())
        .map_err(|refusal| refusal.to_string())
}

/// Help is data, a refusal is a message.
fn refuse(refusal: &clap::Error, screen: &mut Screen<'_>) -> u8 {
    let text = refusal.render();
    let coloured = |colours: bool| {
        if colours {
            text.ansi().to_string()
        } else {
            text.to_string()
        }
    };
    if refusal.use_stderr() {
        screen.tell(coloured(screen.colour.messages).trim_end());
    } else if screen
        .put(coloured(screen.colour.answers).trim_end())
        .is_err()
    {
        return 1;
    }
    u8::try_from(refusal.exit_code()).unwrap_or(2)
}

fn help(screen: &mut Screen<'_>) -> Ended {
    let text = Cli::command().render_help().to_string();
    screen.put(text.trim_end())?;
    Ok(crate::exit::Outcome::Fine)
}

fn dispatch(command: Command, screen: &mut Screen<'_>) -> Ended {
    match command {
        Command::Dev(dev) => dev::run(&dev, screen),
        Command::Serve(serve) => serve::run(&serve, screen),
        Command::Topics(topics) => crate::cluster::topics(&topics, screen),
        Command::Schema(schema) => schema::run(&schema, screen),
        Command::Staff(staff) => staff::run(&staff, screen),
        Command::Calc(calc) => calc::run(&calc, screen),
        Command::Replay(replay) => replay::run(&replay, screen),
        Command::Audit(audit) => audit::run(&audit, screen),
        Command::Explain(explain) => explain::run(&explain, screen),
        Command::Config(command) => config::run(&command, screen),
        Command::Doctor(doctor) => doctor::run(&doctor, screen),
        Command::Health(health) => health::run(&health, screen),
        Command::Feed(feed) => feed::run(&feed, screen),
        Command::Payments(payments) => reconciling::run(&payments, screen),
        Command::Bench(bench) => bench::run(&bench, screen),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Types a line; the exit code, the answer and the messages.
    pub(crate) fn run_line(line: &str) -> (u8, String, String) {
        let (mut out, mut messages) = (Vec::new(), Vec::new());
        let mut screen = Screen {
            out: &mut out,
            messages: &mut messages,
            json: false,
            watched: false,
            colour: screen::Colour::default(),
        };
        let words = std::iter::once("furlong").chain(line.split_whitespace());
        let code = run_with(words.map(OsString::from), &mut screen);
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (code, text(out), text(messages))
    }

    /// The answer to a line that must work.
    pub(crate) fn typed(line: &str) -> String {
        both(line).0
    }

    /// The answer and the messages of a line that must work.
    pub(crate) fn both(line: &str) -> (String, String) {
        let (code, out, messages) = run_line(line);
        assert_eq!(code, 0, "{line}: {messages}");
        (out, messages)
    }

    /// The message of a line that must be refused as wrong usage.
    pub(crate) fn refused(line: &str) -> String {
        let (code, out, messages) = run_line(line);
        assert_eq!((code, out.as_str()), (2, ""), "{line}");
        messages
    }

    #[test]
    fn the_grammar_is_sound() {
        Cli::command().debug_assert();
    }

    /// Every command that does something shows how it is called.
    fn check_examples(command: &clap::Command, path: &str) {
        let children = command
            .get_subcommands()
            .filter(|child| child.get_name() != "help");
        let mut is_leaf = true;
        for child in children {
            is_leaf = false;
            check_examples(child, &format!("{path} {}", child.get_name()));
        }
        if is_leaf {
            let help = command.get_after_help().map(ToString::to_string);
            let help = help.unwrap_or_default();
            assert!(help.contains(&format!("{path} ")), "no example of {path}");
        }
    }

    #[test]
    fn every_command_has_an_example() {
        check_examples(&Cli::command(), "furlong");
    }

    #[test]
    fn without_a_command_help_begins_with_examples() {
        assert!(typed("").starts_with("Examples"));
        assert_eq!(typed(""), typed("--help"));
    }

    #[test]
    fn an_unknown_command_is_wrong_usage() {
        let message = refused("settle");
        assert!(message.contains("unrecognized subcommand"), "{message}");
        assert!(
            refused("calc settel").contains("similar"),
            "a typo gets a suggestion"
        );
    }
}
