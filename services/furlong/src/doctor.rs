//! `furlong doctor`: can this machine run an engine, and can this folder be opened?
//!
//! Duty: one line for each thing that is known to go wrong, with what to do about it.
//! Prohibition: it leaves nothing behind and repairs nothing.

use crate::config::{self, Settings, SettingsFlags};
use crate::exit::{Ended, Outcome};
use crate::history::instant_text;
use crate::screen::Screen;
use clap::Args;
use eventlog_sqlite::ReadOnlyLog;
use kernel::Timestamp;
use runtime::{Clock, SystemClock};
use rustix::process::{Resource, getrlimit};
use serde_json::json;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};

pub const EXAMPLES: &str = "\
Examples:
  furlong doctor
  furlong doctor --data ./data --port 7400
  furlong doctor --config furlong.toml --json

Exit codes: 0 nothing fails (warnings are no failure), 1 something does.";

/// Check whether this machine can run furlong.
#[derive(Debug, Args)]
pub struct Doctor {
    #[command(flatten)]
    flags: SettingsFlags,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Ok,
    Warn,
    Fail,
}

impl Verdict {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// One thing that was looked at.
struct Check {
    name: &'static str,
    verdict: Verdict,
    found: String,
    advice: &'static str,
}

impl Check {
    fn new(name: &'static str, verdict: Verdict, found: impl Into<String>) -> Self {
        Self {
            name,
            verdict,
            found: found.into(),
            advice: "",
        }
    }

    const fn do_this(mut self, advice: &'static str) -> Self {
        self.advice = advice;
        self
    }
}

/// Runs all checks.
///
/// # Errors
/// The configuration itself is wrong.
pub fn run(arguments: &Doctor, screen: &mut Screen<'_>) -> Ended {
    let settings = config::load(&arguments.flags)?;
    let clock = SystemClock::new(1);
    let checks = [
        port(&settings),
        folder(&settings.data),
        space(&settings.data),
        log(&settings, clock.now()),
        time(clock.now()),
        descriptors(),
    ];
    let failed = checks.iter().any(|check| check.verdict == Verdict::Fail);
    if screen.json {
        let checks: Vec<_> = checks
            .iter()
            .map(|check| {
                json!({
                    "check": check.name,
                    "verdict": check.verdict.as_str(),
                    "found": check.found,
                    "advice": check.advice,
                })
            })
            .collect();
        screen.put_json(&json!({"ok": !failed, "checks": checks}))?;
    } else {
        for check in &checks {
            screen.put(format_args!(
                "{:<5} {:<12} {}",
                check.verdict.as_str(),
                check.name,
                check.found
            ))?;
            if check.verdict != Verdict::Ok && !check.advice.is_empty() {
                screen.put(format_args!("{:<18} → {}", "", check.advice))?;
            }
        }
    }
    Ok(if failed {
        Outcome::Failed
    } else {
        Outcome::Fine
    })
}

fn port(settings: &Settings) -> Check {
    let address = SocketAddr::new(settings.listen, settings.port);
    match TcpListener::bind(address) {
        Ok(_) if settings.port == 0 => Check::new("port", Verdict::Ok, "a free one will be picked"),
        Ok(_) => Check::new("port", Verdict::Ok, format!("{address} is free")),
        Err(error) => Check::new("port", Verdict::Fail, format!("{address}: {error}")).do_this(
            "stop what listens there (ss -ltnp names it), or choose another: --port N, --port 0 for any",
        ),
    }
}

/// The folder itself, or the one above in which it would be made.
fn existing(folder: &Path) -> PathBuf {
    let mut folder = folder;
    loop {
        if folder.as_os_str().is_empty() {
            return PathBuf::from(".");
        }
        if folder.exists() {
            return folder.to_owned();
        }
        match folder.parent() {
            Some(parent) => folder = parent,
            None => return folder.to_owned(),
        }
    }
}

fn folder(data: &Path) -> Check {
    let place = existing(data);
    let probe = place.join(format!(".furlong-doctor-{}", std::process::id()));
    let written = std::fs::write(&probe, b"probe");
    let removed = std::fs::remove_file(&probe);
    let name = "data folder";
    match written.and(removed) {
        Ok(()) if place == data => Check::new(
            name,
            Verdict::Ok,
            format!("{} can be written", data.display()),
        ),
        Ok(()) => Check::new(
            name,
            Verdict::Ok,
            format!("{} will be made", data.display()),
        ),
        Err(error) => Check::new(name, Verdict::Fail, format!("{}: {error}", place.display()))
            .do_this("give this user the right to write there, or choose another: --data DIR"),
    }
}

/// Below this a match day may not fit.
const SPACE_WARN_BYTES: u64 = 5_000_000_000;
/// Below this the log stops within minutes.
const SPACE_FAIL_BYTES: u64 = 200_000_000;

fn space(data: &Path) -> Check {
    let place = existing(data);
    let free = match rustix::fs::statvfs(&place) {
        Ok(about) => about.f_bavail.saturating_mul(about.f_frsize),
        Err(error) => {
            return Check::new(
                "disk space",
                Verdict::Warn,
                format!("{}: {error}", place.display()),
            );
        }
    };
    let verdict = match free {
        ..SPACE_FAIL_BYTES => Verdict::Fail,
        SPACE_FAIL_BYTES..SPACE_WARN_BYTES => Verdict::Warn,
        SPACE_WARN_BYTES.. => Verdict::Ok,
    };
    let megabytes = free.checked_div(1_000_000).unwrap_or(0);
    Check::new(
        "disk space",
        verdict,
        format!("{megabytes} MB free at {}", place.display()),
    )
    .do_this("make room, or put the data folder on another disk: --data DIR")
}

fn log(settings: &Settings, now: Timestamp) -> Check {
    let data = &settings.data;
    if !data.join("log.db").exists() {
        return Check::new("log", Verdict::Ok, "there is none yet, it will be made");
    }
    let opened =
        ReadOnlyLog::open(data).and_then(|log| log.partitions().map(|stored| (log, stored)));
    let (log, stored) = match opened {
        Ok(opened) => opened,
        Err(error) => {
            return Check::new("log", Verdict::Fail, error.to_string())
                .do_this("keep the folder as it is; furlong audit verify tells more");
        }
    };
    let partitions = stored
        .iter()
        .map(|partition| partition.topic_partition.partition.saturating_add(1))
        .max()
        .unwrap_or(0);
    if partitions > settings.partitions {
        let found = format!(
            "it has {partitions} partitions, the settings say {}",
            settings.partitions
        );
        return Check::new("log", Verdict::Fail, found)
            .do_this("set partitions to what the log was made with; it cannot be changed");
    }
    let ahead = newest(&log, &stored).filter(|newest| *newest > now);
    match ahead {
        Some(newest) => {
            let found = format!(
                "its newest record is of {}, in the future",
                instant_text(newest)
            );
            Check::new("log", Verdict::Warn, found).do_this("set this machine's clock")
        }
        None => Check::new(
            "log",
            Verdict::Ok,
            format!("it opens; {} topic partitions", stored.len()),
        ),
    }
}

/// When the newest journal record was decided.
fn newest(log: &ReadOnlyLog, stored: &[eventlog::StoredPartition]) -> Option<Timestamp> {
    let journals = stored
        .iter()
        .filter(|partition| partition.topic_partition.topic.is_journal());
    let decided = journals.filter_map(|partition| {
        let at = partition.topic_partition;
        let record = log
            .records(at, partition.next_offset.checked_sub(1)?)
            .next()?
            .ok()?;
        let (header, _) = schemas::decode_header(at.topic, &record.bytes).ok()?;
        Some(header.decided_at)
    });
    decided.max()
}

/// 2026 and 2100, in milliseconds.
const SANE_MILLIS: (i64, i64) = (1_767_225_600_000, 4_102_444_800_000);

fn time(now: Timestamp) -> Check {
    let (from, to) = (
        Timestamp::from_millis(SANE_MILLIS.0),
        Timestamp::from_millis(SANE_MILLIS.1),
    );
    let verdict = if (from..to).contains(&now) {
        Verdict::Ok
    } else {
        Verdict::Fail
    };
    Check::new("clock", verdict, instant_text(now)).do_this("set this machine's clock")
}

const DESCRIPTORS_WARN: u64 = 4_096;
const DESCRIPTORS_FAIL: u64 = 256;

fn descriptors() -> Check {
    let limit = getrlimit(Resource::Nofile).current;
    let verdict = match limit {
        Some(..DESCRIPTORS_FAIL) => Verdict::Fail,
        Some(DESCRIPTORS_FAIL..DESCRIPTORS_WARN) => Verdict::Warn,
        Some(DESCRIPTORS_WARN..) | None => Verdict::Ok,
    };
    let found = limit.map_or_else(
        || "unlimited".to_owned(),
        |limit| format!("{limit} open files allowed"),
    );
    Check::new("descriptors", verdict, found).do_this("raise it before the start: ulimit -n 65536")
}

#[cfg(test)]
mod tests {
    use crate::cli::tests::run_line;
    use serde_json::Value;
    use std::net::TcpListener;

    fn verdict(answer: &Value, check: &str) -> String {
        let checks = answer["checks"].as_array().unwrap();
        let found = checks.iter().find(|found| found["check"] == check).unwrap();
        found["verdict"].as_str().unwrap().to_owned()
    }

    fn doctor(line: &str) -> (u8, Value) {
        let (code, out, messages) = run_line(&format!("doctor {line} --json"));
        let answer = serde_json::from_str(&out);
        (
            code,
            answer.unwrap_or_else(|error| panic!("{error} {messages}")),
        )
    }

    #[test]
    fn a_new_folder_and_any_port_are_fine() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("new");
        let (_, answer) = doctor(&format!("--port 0 --data {}", data.display()));
        for check in ["port", "data folder", "log", "clock"] {
            assert_eq!(verdict(&answer, check), "ok", "{answer}");
        }
        assert_eq!(
            std::fs::read_dir(folder.path()).unwrap().count(),
            0,
            "nothing is left behind"
        );
    }

    #[test]
    fn a_taken_port_fails() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = taken.local_addr().unwrap().port();
        let folder = tempfile::tempdir().unwrap();
        let (code, answer) = doctor(&format!("--port {port} --data {}", folder.path().display()));
        assert_eq!((code, verdict(&answer, "port").as_str()), (1, "fail"));
    }

    #[test]
    fn a_damaged_log_fails() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("log.db"), vec![7; 9_000]).unwrap();
        let (code, answer) = doctor(&format!("--port 0 --data {}", folder.path().display()));
        assert_eq!((code, verdict(&answer, "log").as_str()), (1, "fail"));
    }

    #[test]
    fn a_place_where_nothing_can_be_written_fails() {
        let (code, answer) = doctor("--port 0 --data /proc/furlong");
        assert_eq!(
            (code, verdict(&answer, "data folder").as_str()),
            (1, "fail")
        );
    }
}
