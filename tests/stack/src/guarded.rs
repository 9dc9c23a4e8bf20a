//! A server's process that cannot outlive the process that started it.
//!
//! The server is the child of a small shell, and the shell waits for a line from a pipe whose other end only we hold.
//! When we die, however we die, the kernel closes the pipe: the shell reads the end, kills the server, and removes its
//! folder. The server in turn holds the writing end of a second pipe, so that we learn of its death without asking.
//! The shell leads a process group of its own: a Ctrl-C at the terminal reaches neither of the two.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::Context;
use rustix::process::{Pid, Signal};

use crate::clock::Deadline;

/// `$1` log file, `$2` the server's folder, then the server's command line.
///
/// While the shell waits in `read` it does not collect its child: the id of a server that died by itself is not given
/// to another process before the shell has ended. A line means "we stop it and look after the folder ourselves".
const GUARD: &str = r#"
log=$1; folder=$2; shift 2
"$@" </dev/null 3>&1 >>"$log" 2>&1 &
server=$!
echo "$server"
exec >/dev/null
if read -r _; then ours=yes; else ours=no; fi
kill -9 "$server" 2>/dev/null
wait "$server" 2>/dev/null
[ "$ours" = yes ] || [ -z "$folder" ] || {
    rm -rf "$folder"
    rmdir "$(dirname "$folder")" 2>/dev/null
}
"#;

/// How long a busy machine may take to stop all threads of a process.
const STOPS_WITHIN: Duration = Duration::from_secs(10);

/// A running server and its guard.
#[derive(Debug)]
pub(crate) struct Guarded {
    guard: Child,
    line_of_life: Option<ChildStdin>,
    pid: Pid,
    has_ended: Arc<AtomicBool>,
    listener: Option<JoinHandle<()>>,
    log: PathBuf,
}

impl Guarded {
    /// Starts `program` with its output appended to `log`; `folder` (if not empty) and what then is an empty folder
    /// around it go with the server if we die before it.
    ///
    /// # Errors
    /// There is no shell, or it did not start the program.
    pub(crate) fn start<S: AsRef<OsStr>>(
        program: &Path,
        arguments: impl IntoIterator<Item = S>,
        log: &Path,
        folder: &Path,
    ) -> anyhow::Result<Self> {
        let mut guard = Command::new("sh")
            .args(["-c", GUARD, "guard"])
            .arg(log)
            .arg(folder)
            .arg(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .context("start the shell that guards a server")?;
        let line_of_life = guard.stdin.take();
        let mut news = BufReader::new(guard.stdout.take().context("the guard has no output")?);
        let mut first = String::new();
        news.read_line(&mut first)
            .context("read the server's process id")?;
        let pid = first
            .trim()
            .parse::<i32>()
            .ok()
            .and_then(Pid::from_raw)
            .with_context(|| format!("the guard said {first:?} instead of a process id"))?;
        let has_ended = Arc::new(AtomicBool::new(false));
        let tell = Arc::clone(&has_ended);
        let listener = thread::Builder::new()
            .name("server-end".to_owned())
            .spawn(move || {
                // Nothing is ever written here: reading ends when the last holder, the server, is gone.
                let mut nothing = Vec::new();
                drop(news.read_to_end(&mut nothing));
                tell.store(true, Ordering::Release);
            })
            .context("start the thread that hears of the server's end")?;
        Ok(Self {
            guard,
            line_of_life,
            pid,
            has_ended,
            listener: Some(listener),
            log: log.to_owned(),
        })
    }

    /// The server's process id.
    pub(crate) fn pid(&self) -> u32 {
        u32::try_from(self.pid.as_raw_nonzero().get()).unwrap_or_default()
    }

    /// Whether the server is gone.
    pub(crate) fn has_ended(&self) -> bool {
        self.has_ended.load(Ordering::Acquire)
    }

    /// Sends a signal to the server.
    ///
    /// # Errors
    /// The server is gone.
    pub(crate) fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        anyhow::ensure!(
            !self.has_ended(),
            "process {} has ended by itself; its log ends with\n{}",
            self.pid(),
            log_tail(&self.log)
        );
        rustix::process::kill_process(self.pid, signal)
            .with_context(|| format!("signal process {}", self.pid()))
    }

    /// Stops the server (SIGSTOP) and returns when none of its threads runs any more.
    ///
    /// # Errors
    /// The server is gone, or does not stop in time.
    pub(crate) fn pause(&self) -> anyhow::Result<()> {
        self.signal(Signal::STOP)?;
        Deadline::after(STOPS_WITHIN).until(
            || None,
            || {
                let running = running_threads(self.pid());
                anyhow::ensure!(
                    running == 0,
                    "{running} threads of process {} still run",
                    self.pid()
                );
                Ok(())
            },
        )
    }

    /// Kills the server (SIGKILL) and returns when nothing of it is left: no process, no socket, no lock.
    ///
    /// # Errors
    /// The guard cannot be waited for.
    pub(crate) fn kill(mut self) -> anyhow::Result<()> {
        self.end()
    }

    fn end(&mut self) -> anyhow::Result<()> {
        let Some(mut line_of_life) = self.line_of_life.take() else {
            return Ok(());
        };
        // At once, not only when the shell has woken up. Gone already is as good.
        drop(self.signal(Signal::KILL));
        drop(line_of_life.write_all(b"stop\n"));
        drop(line_of_life);
        self.guard
            .wait()
            .context("wait for the guard of a server")?;
        if let Some(listener) = self.listener.take() {
            drop(listener.join());
        }
        Ok(())
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        if let Err(error) = self.end() {
            eprintln!("stack: {error:#}");
        }
    }
}

/// The threads of a process that are not stopped. The signal is taken by each of them when it next looks.
///
/// Where the machine has no `/proc` nobody can say: none.
fn running_threads(pid: u32) -> usize {
    let Ok(threads) = std::fs::read_dir(format!("/proc/{pid}/task")) else {
        return 0;
    };
    let states = threads
        .flatten()
        .filter_map(|thread| std::fs::read_to_string(thread.path().join("stat")).ok());
    // `id (name) state …`; the name may contain anything.
    states
        .filter(|stat| {
            !stat
                .rsplit(") ")
                .next()
                .is_some_and(|rest| rest.starts_with(['T', 't']))
        })
        .count()
}

/// The last lines of a server's log.
pub(crate) fn log_tail(log: &Path) -> String {
    const LINES: usize = 40;
    let Ok(bytes) = std::fs::read(log) else {
        return format!("({} cannot be read)", log.display());
    };
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().collect();
    let from = lines.len().saturating_sub(LINES);
    lines.get(from..).unwrap_or_default().join("\n")
}
