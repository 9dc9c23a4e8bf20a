//! What a test binary says where servers cannot be had, and what is left of servers when it ends badly.
//!
//! The binary runs itself as such a test binary: the variable `STACK_ROLE` says which.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitCode, Output, Stdio};

use anyhow::Context;
use rustix::process::{Pid, test_kill_process};
use stack::{Needs, wire};

const ROLE: &str = "STACK_ROLE";

fn main() -> ExitCode {
    match std::env::var_os(ROLE)
        .and_then(|role| role.into_string().ok())
        .as_deref()
    {
        Some("answers") => stack::cluster_tests(Needs::KAFKA, |trials| {
            trials.test("answers", || stack::kafka().metadata().map(drop));
        }),
        Some("panics") => stack::cluster_tests(Needs::KAFKA, |trials| {
            trials.test("panics", || {
                tell_where_it_is();
                panic!("in a trial")
            });
        }),
        Some("hangs") => stack::cluster_tests(Needs::KAFKA, |trials| {
            trials.test("hangs", || {
                tell_where_it_is();
                std::io::stdin().read_to_end(&mut Vec::new())?;
                Ok(())
            });
        }),
        Some("kills") => stack::cluster_tests(Needs::KAFKA, |trials| {
            trials.test("kills", || stack::kafka().kill(0));
            trials.test_with(Needs::OWN_KAFKA, "needs_its_own", || Ok(()));
        }),
        _ => stack::cluster_tests(Needs::NOTHING, |trials| {
            trials.test("what_cannot_be_had_is_ignored_with_the_reason", ignored);
            trials.test("what_is_required_and_cannot_be_had_fails", required);
            trials.test_with(
                Needs::OWN_KAFKA,
                "a_panic_leaves_nothing",
                a_panic_leaves_nothing,
            );
            trials.test_with(
                Needs::OWN_KAFKA,
                "a_kill_leaves_nothing",
                a_kill_leaves_nothing,
            );
            trials.test_with(
                Needs::OWN_KAFKA,
                "a_given_server_is_not_ours_to_kill",
                given,
            );
        }),
    }
}

/// `pid folder`, for the binary that started this one.
fn tell_where_it_is() {
    let kafka = stack::kafka();
    let (pid, log) = (
        kafka.pid(0).expect("it is ours"),
        kafka.log(0).expect("it is ours"),
    );
    eprintln!("at {pid} {}", log.display());
}

/// This binary in a role.
fn role(name: &str) -> anyhow::Result<Command> {
    let mut command = Command::new(std::env::current_exe().context("find this binary")?);
    command
        .env(ROLE, name)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    for given in ["FURLONG_TEST_KAFKA", "FURLONG_TEST_CLUSTER"] {
        command.env_remove(given);
    }
    Ok(command)
}

/// A machine with nothing: no program, no cache, no engine.
fn on_a_bare_machine(cluster: &str) -> anyhow::Result<(Output, String)> {
    let nothing = tempfile::tempdir()?;
    let output = role("answers")?
        .env("PATH", nothing.path())
        .env("FURLONG_STACK_CACHE", nothing.path())
        .env("DOCKER_HOST", "unix:///nonexistent")
        .env("FURLONG_TEST_CLUSTER", cluster)
        .env_remove("JAVA_HOME")
        .output()?;
    let text = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok((output, text))
}

const REASON: &str = "no java 17 on the PATH (and FURLONG_TEST_KAFKA is not set)";

fn ignored() -> anyhow::Result<()> {
    let (output, text) = on_a_bare_machine("")?;
    anyhow::ensure!(output.status.success(), "{text}");
    let told = text
        .lines()
        .filter(|line| line.starts_with("ignored: ") && line.contains(REASON))
        .count();
    anyhow::ensure!(
        told == 1 && text.contains("0 passed; 0 failed; 1 ignored"),
        "{text}"
    );
    Ok(())
}

fn required() -> anyhow::Result<()> {
    let (output, text) = on_a_bare_machine("required")?;
    anyhow::ensure!(!output.status.success(), "{text}");
    anyhow::ensure!(
        text.contains("0 passed; 1 failed; 0 ignored") && text.contains(REASON),
        "{text}"
    );
    Ok(())
}

/// The process id and the log of the server that a binary has told of.
fn told(child: &mut Child) -> anyhow::Result<(Pid, std::path::PathBuf)> {
    let errors = BufReader::new(child.stderr.take().context("no output")?);
    for line in errors.lines() {
        if let Some((pid, log)) = line?
            .strip_prefix("at ")
            .and_then(|told| told.split_once(' '))
        {
            let pid = pid
                .parse::<i32>()
                .ok()
                .and_then(Pid::from_raw)
                .context("no process id")?;
            return Ok((pid, log.into()));
        }
    }
    anyhow::bail!("it has not told of its server")
}

fn a_panic_leaves_nothing() -> anyhow::Result<()> {
    let mut child = role("panics")?.spawn()?;
    let (pid, log) = told(&mut child)?;
    let status = child.wait()?;
    anyhow::ensure!(!status.success(), "a panic is no success");
    // Stopped before the binary ended, not soon after.
    anyhow::ensure!(test_kill_process(pid).is_err(), "its server is left");
    anyhow::ensure!(!log.exists(), "its folder is left");
    Ok(())
}

fn a_kill_leaves_nothing() -> anyhow::Result<()> {
    let mut child = role("hangs")?.stdin(Stdio::piped()).spawn()?;
    let (pid, log) = told(&mut child)?;
    anyhow::ensure!(
        test_kill_process(pid).is_ok() && log.exists(),
        "it was not there"
    );
    child.kill()?;
    child.wait()?;
    // The guard sees to it: soon, not before.
    let around = log
        .parent()
        .and_then(|broker| broker.parent())
        .context("a log without folders")?;
    for _ in 0..1200 {
        if test_kill_process(pid).is_err() && !around.exists() {
            return Ok(());
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    anyhow::bail!("the server or its folder is left")
}

fn given() -> anyhow::Result<()> {
    let kafka = stack::Kafka::start(stack::KafkaPlan::default())?;
    let output = role("kills")?
        .env("FURLONG_TEST_KAFKA", kafka.bootstrap())
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    anyhow::ensure!(!output.status.success(), "{text}");
    anyhow::ensure!(
        text.contains("the Kafka of FURLONG_TEST_KAFKA is not ours to stop"),
        "{text}"
    );
    anyhow::ensure!(text.contains("1 passed; 1 failed"), "{text}");
    wire::kafka::api_versions(&kafka.bootstrap())
}
