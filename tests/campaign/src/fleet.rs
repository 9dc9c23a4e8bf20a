//! Processes of furlong: started, killed, stopped, continued and watched from outside.
//!
//! Duty: every process is started from this very executable with its roles and settings, waited
//! for by its ready file, and ended by its own id whatever becomes of the run. Prohibition: which
//! process owns what is not known here; that can only be observed. Nothing else of this machine
//! is touched.

use crate::http::{Ask, Connection};
use crate::time::{now, wait_for};
use anyhow::{Context, bail};
use failpoints::Point;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::OpenOptions;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

/// How long a process may take to be ready; many of them share two cores.
const READY_PATIENCE: Duration = Duration::from_secs(90);
/// How long a process may take to end when it is asked to.
const END_PATIENCE: Duration = Duration::from_secs(30);
/// How long a process may take to come to the point at which it is to die.
const DEATH_PATIENCE: Duration = Duration::from_secs(60);

/// The variable that tells a process at which point it is to die, and at which passing of it.
pub const DIE_AT: &str = "CAMPAIGN_DIE_AT";

/// A process that is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    /// Its name here.
    pub name: String,
    /// What comes after `furlong`: `serve` with roles, or `dev` with flags.
    pub words: Vec<String>,
    /// Settings of its own, by their names in files.
    pub settings: BTreeMap<String, String>,
    /// Where clients come in to it, if not by its own port: what stands before it.
    pub door: Option<u16>,
}

impl Spec {
    /// `furlong serve` with these roles.
    #[must_use]
    pub fn serve(name: &str, roles: &[&str]) -> Self {
        let words = ["serve"].iter().chain(roles).map(|word| (*word).to_owned());
        Self {
            name: name.to_owned(),
            words: words.collect(),
            settings: BTreeMap::new(),
            door: None,
        }
    }

    /// With this setting.
    #[must_use]
    pub fn with(mut self, setting: &str, value: impl ToString) -> Self {
        self.settings.insert(setting.to_owned(), value.to_string());
        self
    }

    /// Behind this port.
    #[must_use]
    pub const fn behind(mut self, door: u16) -> Self {
        self.door = Some(door);
        self
    }

    /// Whether it has this role.
    #[must_use]
    pub fn plays(&self, role: &str) -> bool {
        let whole = ["all", "dev"];
        self.words
            .iter()
            .any(|word| word == role || whole.contains(&word.as_str()))
    }
}

/// A process for each role; those that decide little share one.
#[must_use]
pub fn one_per_role() -> Vec<Spec> {
    vec![
        Spec::serve("gateway", &["gateway"]),
        Spec::serve("auth", &["auth", "fraud", "projector"]),
        Spec::serve("odds", &["odds"]),
        Spec::serve("bets", &["bets"]),
        Spec::serve("ledger", &["ledger"]),
        Spec::serve("payments", &["payments"]),
    ]
}

/// The ports on which gateways listen, for clients.
#[derive(Clone, Debug, Default)]
pub struct Doors(Arc<RwLock<BTreeMap<String, u16>>>);

impl Doors {
    /// A port for this client; another one after each failure, where there are several.
    #[must_use]
    pub fn port(&self, client: usize, failures: usize) -> Option<u16> {
        let doors = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let which = (client + failures).checked_rem(doors.len())?;
        doors.values().nth(which).copied()
    }

    fn open(&self, name: &str, port: u16) {
        let mut doors = self.0.write().unwrap_or_else(PoisonError::into_inner);
        doors.insert(name.to_owned(), port);
    }

    fn close(&self, name: &str) {
        let mut doors = self.0.write().unwrap_or_else(PoisonError::into_inner);
        doors.remove(name);
    }
}

struct Member {
    spec: Spec,
    child: Option<Child>,
    /// Whether it was asked to end since it was started.
    asked: bool,
    started: Instant,
    starts: u32,
    port: Option<u16>,
    told: Value,
}

/// All processes of a scene.
pub struct Fleet {
    program: PathBuf,
    folder: PathBuf,
    settings: BTreeMap<String, String>,
    members: BTreeMap<String, Member>,
    doors: Doors,
}

impl Fleet {
    /// None yet. `program` is an executable that is furlong behind the word `furlong`; `folder`
    /// is for what processes say; `settings` are those of all.
    #[must_use]
    pub fn new(program: &Path, folder: &Path, settings: BTreeMap<String, String>) -> Self {
        Self {
            program: program.to_owned(),
            folder: folder.to_owned(),
            settings,
            members: BTreeMap::new(),
            doors: Doors::default(),
        }
    }

    /// Where clients go.
    #[must_use]
    pub fn doors(&self) -> Doors {
        self.doors.clone()
    }

    /// The names of the processes that have this role, running or not.
    #[must_use]
    pub fn of_role(&self, role: &str) -> Vec<String> {
        let members = self.members.values();
        members
            .filter(|member| member.spec.plays(role))
            .map(|member| member.spec.name.clone())
            .collect()
    }

    /// All names.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.members.keys().cloned().collect()
    }

    /// Makes a process known, and does not start it.
    pub fn enlist(&mut self, spec: Spec) {
        let member = Member {
            child: None,
            asked: false,
            started: now(),
            starts: 0,
            port: None,
            told: Value::Null,
            spec,
        };
        self.members.insert(member.spec.name.clone(), member);
    }

    /// Starts a process that is known, and does not wait.
    ///
    /// # Errors
    /// It is not known, runs already or cannot be started.
    pub fn start(&mut self, name: &str) -> anyhow::Result<()> {
        self.start_until(name, None)
    }

    /// Starts it, and it dies by itself at the nth passing of a point; [`Self::dies`] waits for
    /// that.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn start_to_die(&mut self, name: &str, point: Point, nth: u32) -> anyhow::Result<()> {
        self.start_until(name, Some(&format!("{point}:{nth}")))
    }

    /// Waits until a process has died at its point.
    ///
    /// # Errors
    /// It does not in time, or ends otherwise.
    pub fn dies(&mut self, name: &str) -> anyhow::Result<()> {
        // It may die before it is ready, or after; clients come in between.
        drop(self.ready(name));
        let how = wait_for(DEATH_PATIENCE, || self.ended(name));
        let how = how.with_context(|| format!("{name} did not come to its point"))?;
        self.take(name)?;
        if how.signal() == Some(Signal::ABORT.as_raw()) {
            return Ok(());
        }
        bail!("{name} has ended ({how}): {}", self.last_words(name))
    }

    fn start_until(&mut self, name: &str, death: Option<&str>) -> anyhow::Result<()> {
        let (ready, errors) = (self.ready_file(name), self.stderr_file(name));
        let member = self.members.get_mut(name);
        let member = member.with_context(|| format!("no process is named {name}"))?;
        if member.child.is_some() {
            bail!("{name} runs already");
        }
        if ready.exists() {
            std::fs::remove_file(&ready)?;
        }
        let errors = OpenOptions::new().create(true).append(true).open(errors)?;
        let mut command = Command::new(&self.program);
        let mut settings = self.settings.clone();
        settings.extend(member.spec.settings.clone());
        settle(&mut command, &settings);
        command
            .env_remove(DIE_AT)
            .envs(death.map(|death| (DIE_AT, death)));
        let child = command
            .arg("furlong")
            .args(&member.spec.words)
            .args([OsString::from("--ready-file"), ready.into_os_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(errors)
            .spawn()
            .with_context(|| format!("{name} cannot be started"))?;
        member.child = Some(child);
        member.asked = false;
        member.started = now();
        member.starts += 1;
        member.told = Value::Null;
        Ok(())
    }

    /// Waits until a process says that it is ready; how long that took from its start.
    ///
    /// # Errors
    /// It has ended, or says nothing in time.
    pub fn ready(&mut self, name: &str) -> anyhow::Result<Duration> {
        let file = self.ready_file(name);
        let told = wait_for(READY_PATIENCE, || {
            if let Some(how) = self.ended(name) {
                return Some(Err(how));
            }
            let pid = u64::from(self.pid(name)?);
            let text = std::fs::read(&file).ok()?;
            let told: Value = serde_json::from_slice(&text).ok()?;
            (told["pid"].as_u64() == Some(pid)).then_some(Ok(told))
        });
        let told = match told {
            Some(Ok(told)) => told,
            Some(Err(how)) => bail!("{name} has ended ({how}): {}", self.last_words(name)),
            None => bail!("{name} is not ready in time: {}", self.last_words(name)),
        };
        let port = told["url"]
            .as_str()
            .and_then(|url| url.rsplit(':').next())
            .and_then(|port| port.trim_end_matches('/').parse().ok());
        let member = self
            .members
            .get_mut(name)
            .context("it was there just now")?;
        member.port = port;
        member.told = told;
        if member.spec.plays("gateway")
            && let Some(port) = member.spec.door.or(port)
        {
            self.doors.open(name, port);
        }
        Ok(member.started.elapsed())
    }

    /// Starts all that do not run, at once, and waits for all.
    ///
    /// # Errors
    /// One of them does not get ready.
    pub fn start_all(&mut self) -> anyhow::Result<()> {
        let names = self.names();
        let idle: Vec<_> = names
            .into_iter()
            .filter(|name| self.pid(name).is_none())
            .collect();
        for name in &idle {
            self.start(name)?;
        }
        for name in &idle {
            self.ready(name)?;
        }
        Ok(())
    }

    /// The process id, if it runs.
    #[must_use]
    pub fn pid(&self, name: &str) -> Option<u32> {
        self.members.get(name)?.child.as_ref().map(Child::id)
    }

    /// The port on which it last said that it listens.
    #[must_use]
    pub fn port(&self, name: &str) -> Option<u16> {
        self.members.get(name)?.port
    }

    /// What its last ready file said.
    #[must_use]
    pub fn told(&self, name: &str) -> Value {
        let member = self.members.get(name);
        member.map_or(Value::Null, |member| member.told.clone())
    }

    /// When it was started last.
    #[must_use]
    pub fn started(&self, name: &str) -> Option<Instant> {
        self.members.get(name).map(|member| member.started)
    }

    /// How often it was started.
    #[must_use]
    pub fn starts(&self, name: &str) -> u32 {
        self.members.get(name).map_or(0, |member| member.starts)
    }

    /// How it has ended by itself, if it has.
    pub fn ended(&mut self, name: &str) -> Option<ExitStatus> {
        let child = self.members.get_mut(name)?.child.as_mut()?;
        child.try_wait().ok().flatten()
    }

    /// Those that have ended although nobody has asked them to, and their last words.
    pub fn fallen(&mut self) -> Vec<String> {
        let mut fallen = Vec::new();
        for name in self.names() {
            if let Some(how) = self.ended(&name) {
                if let Some(member) = self.members.get_mut(&name) {
                    member.child = None;
                }
                self.doors.close(&name);
                let asked = self.members.get(&name).is_some_and(|member| member.asked);
                // Who was asked to leave may have taken longer than anybody waited.
                if !(asked && how.success()) {
                    fallen.push(format!("{name} ({how}): {}", self.last_words(&name)));
                }
            }
        }
        fallen
    }

    /// SIGKILL: nothing of it gets a chance to tidy up.
    ///
    /// # Errors
    /// It does not run.
    pub fn kill(&mut self, name: &str) -> anyhow::Result<()> {
        let mut child = self.take(name)?;
        child.kill()?;
        child.wait()?;
        Ok(())
    }

    /// SIGTERM, and waiting for its end.
    ///
    /// # Errors
    /// It does not run, or does not end in time; then it is killed.
    pub fn stop(&mut self, name: &str) -> anyhow::Result<ExitStatus> {
        self.signal(name, Signal::TERM)?;
        let mut child = self.take(name)?;
        let ended = wait_for(END_PATIENCE, || child.try_wait().ok().flatten());
        match ended {
            Some(how) => Ok(how),
            None => {
                child.kill()?;
                child.wait()?;
                bail!("{name} did not end in time: {}", self.last_words(name))
            }
        }
    }

    /// Asks it to end, and does not wait; [`Self::stop`] or [`Self::gone`] do.
    ///
    /// # Errors
    /// It does not run.
    pub fn ask_to_stop(&mut self, name: &str) -> anyhow::Result<()> {
        self.signal(name, Signal::TERM)?;
        if let Some(member) = self.members.get_mut(name) {
            member.asked = true;
        }
        Ok(())
    }

    /// Whether a process that was asked to end has ended; then it may be started again.
    pub fn gone(&mut self, name: &str) -> bool {
        let gone = self.pid(name).is_none() || self.ended(name).is_some();
        if gone && let Some(member) = self.members.get_mut(name) {
            member.child = None;
            self.doors.close(name);
        }
        gone
    }

    /// SIGSTOP: it stands still in the middle of whatever it does.
    ///
    /// # Errors
    /// It does not run.
    pub fn freeze(&self, name: &str) -> anyhow::Result<()> {
        self.signal(name, Signal::STOP)
    }

    /// SIGCONT: it goes on as if nothing had happened.
    ///
    /// # Errors
    /// It does not run.
    pub fn thaw(&self, name: &str) -> anyhow::Result<()> {
        self.signal(name, Signal::CONT)
    }

    fn signal(&self, name: &str, signal: Signal) -> anyhow::Result<()> {
        let child = self
            .members
            .get(name)
            .and_then(|member| member.child.as_ref());
        let child = child.with_context(|| format!("{name} does not run"))?;
        kill_process(Pid::from_child(child), signal)?;
        Ok(())
    }

    fn take(&mut self, name: &str) -> anyhow::Result<Child> {
        self.doors.close(name);
        let member = self.members.get_mut(name);
        let child = member.and_then(|member| member.child.take());
        child.with_context(|| format!("{name} does not run"))
    }

    fn ready_file(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.ready"))
    }

    fn stderr_file(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.stderr"))
    }

    /// The end of what it wrote to stderr in all its lives.
    #[must_use]
    pub fn last_words(&self, name: &str) -> String {
        let bytes = std::fs::read(self.stderr_file(name)).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<&str> = text.lines().rev().take(12).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("\n")
    }

    /// What each process that runs says of its parts: the lines of its metrics that are not as
    /// they should be at rest. All of them go into a file beside what it says.
    #[must_use]
    pub fn what_stands(&self) -> Vec<String> {
        let mut told = Vec::new();
        for name in self.names() {
            let Some(port) = self.pid(&name).and_then(|_| self.port(&name)) else {
                continue;
            };
            let answer = Connection::new(port).ask(Ask::get("/metrics"));
            let metrics = answer.map_or_else(
                |error| error.to_string(),
                |answer| String::from_utf8_lossy(&answer.body).into_owned(),
            );
            let file = self.folder.join(format!("{name}.metrics"));
            if let Err(error) = std::fs::write(&file, &metrics) {
                told.push(format!("{}: {error}", file.display()));
            }
            let lines = metrics.lines().filter(|line| is_unrest(line));
            told.extend(lines.map(|line| format!("{name}: {line}")));
        }
        told
    }

    /// Panics that any of them has written down.
    #[must_use]
    pub fn panics(&self) -> Vec<String> {
        let mut panics = Vec::new();
        for name in self.names() {
            let bytes = std::fs::read(self.stderr_file(&name)).unwrap_or_default();
            let text = String::from_utf8_lossy(&bytes);
            let told = text.lines().filter(|line| line.contains("panicked at"));
            panics.extend(told.map(|line| format!("{name}: {line}")));
        }
        panics
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        for member in self.members.values_mut() {
            if let Some(mut child) = member.child.take() {
                // A child that has ended by itself needs no kill.
                drop(child.kill());
                drop(child.wait());
            }
        }
    }
}

/// Gives a process of furlong's these settings, and none of our own.
pub(crate) fn settle(command: &mut Command, settings: &BTreeMap<String, String>) {
    for (variable, _) in std::env::vars_os() {
        if is_setting(&variable) {
            command.env_remove(variable);
        }
    }
    for (setting, value) in settings {
        command.env(format!("FURLONG_{}", setting.to_ascii_uppercase()), value);
    }
}

/// A part that is not ready, inputs that wait, records that were not read.
fn is_unrest(line: &str) -> bool {
    let Some((name, value)) = line.rsplit_once(' ') else {
        return false;
    };
    let behind = [
        "furlong_owner_waiting",
        "furlong_reader_lag",
        "furlong_projector_lag",
    ];
    (name.starts_with("furlong_part_ready") && value == "0")
        || (behind.iter().any(|behind| name.starts_with(behind)) && value != "0")
}

/// Settings of whoever runs this are not those of the fleet; what is logged is.
fn is_setting(variable: &std::ffi::OsStr) -> bool {
    variable
        .to_str()
        .is_some_and(|name| name.starts_with("FURLONG_") && name != "FURLONG_LOG")
}
