//! Starting, killing and stopping the binary; signing in; a market to bet on.
//!
//! Duty: a process with a data folder, waited for on its ready file and ended by its process id
//! whatever becomes of the test. Prohibition: nobody waits without a bound, and nothing else of
//! this machine is touched.

use crate::http::{Answer, Ask, Client};
use serde_json::{Value, json};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const BINARY: &str = env!("CARGO_BIN_EXE_furlong");
/// How long anything may take that should take a moment; other programs use this machine too.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// Between two looks at a condition.
const LOOK_AGAIN: Duration = Duration::from_millis(5);
/// What every customer of these tests signs in with.
const PASSWORD: &str = "correct horse battery";

/// Real time: these tests watch real processes.
#[expect(
    clippy::disallowed_methods,
    reason = "the processes under test live in real time"
)]
pub fn now() -> Instant {
    Instant::now()
}

/// A number from the environment.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place where these tests read their settings"
)]
pub fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Looks until there is something to see.
///
/// # Panics
/// When there is nothing after [`PATIENCE`].
pub fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let started = now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(started.elapsed() < PATIENCE, "waited in vain for {what}");
        std::thread::park_timeout(LOOK_AGAIN);
    }
}

/// A seed that no run before had.
fn own_seed() -> u64 {
    let mut bytes = [0; 8];
    let mut source = File::open("/dev/urandom").expect("a source of chance");
    source.read_exact(&mut bytes).expect("a source of chance");
    u64::from_be_bytes(bytes)
}

/// Chance from a printed seed.
#[derive(Clone, Debug)]
pub struct Chance(u64);

impl Chance {
    /// A seed of one's own unless `FURLONG_SEED` gives one; printed, so that it can be given.
    pub fn new(test: &str) -> Self {
        let seed = setting("FURLONG_SEED").unwrap_or_else(own_seed);
        eprintln!("{test}: FURLONG_SEED={seed}");
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 up to, but not including.
    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    pub fn between(&mut self, from: u64, to: u64) -> u64 {
        from + self.below(to - from + 1)
    }

    pub fn bytes(&mut self, length: u64) -> Vec<u8> {
        (0..length).map(|_| self.next().to_be_bytes()[0]).collect()
    }

    pub fn another(&mut self) -> Self {
        Self(self.next())
    }
}

/// A data folder with room beside it for what the process says.
pub struct Place {
    root: TempDir,
    data: PathBuf,
}

impl Place {
    pub fn new() -> Self {
        let root = tempfile::tempdir().expect("a temporary folder");
        let data = root.path().join("data");
        Self { root, data }
    }

    /// The same, with the data somewhere else.
    pub fn with_data(data: PathBuf) -> Self {
        let root = tempfile::tempdir().expect("a temporary folder");
        Self { root, data }
    }

    pub fn data(&self) -> &Path {
        &self.data
    }

    fn ready_file(&self) -> PathBuf {
        self.root.path().join("ready.json")
    }

    /// What the last process on this folder wrote to stderr.
    pub fn stderr(&self) -> String {
        let bytes = std::fs::read(self.root.path().join("stderr")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Starts a process, and does not wait.
    pub fn spawn(&self, more: &[&str]) -> Process {
        self.spawn_telling(more, "")
    }

    /// The same, with more log lines.
    fn spawn_telling(&self, more: &[&str], lines: &str) -> Process {
        let ready = self.ready_file();
        if let Err(error) = std::fs::remove_file(&ready) {
            assert_eq!(error.kind(), std::io::ErrorKind::NotFound, "{error}");
        }
        let stderr = File::create(self.root.path().join("stderr")).expect("a file");
        let child = Command::new(BINARY)
            .args(["dev", "--no-bots", "--rate-limit", "off"])
            .args(["--scenario", "quiet", "--data"])
            .arg(&self.data)
            .arg("--ready-file")
            .arg(&ready)
            .args(more)
            .env("FURLONG_LOG", lines)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(stderr)
            .spawn()
            .expect("the binary was built for this test");
        Process { child }
    }

    /// Starts a process on a free port and waits until it is ready.
    pub fn start(&self) -> Dev {
        self.start_telling("")
    }

    /// The same, with log lines of these levels.
    pub fn start_telling(&self, lines: &str) -> Dev {
        let mut process = self.spawn_telling(&["--port", "0"], lines);
        let ready: Value = wait_for("the ready file", || {
            if let Some(status) = process.ended() {
                panic!("it ended with {status}: {}", self.stderr());
            }
            let text = std::fs::read(self.ready_file()).ok()?;
            serde_json::from_slice(&text).ok()
        });
        let port = ready["url"]
            .as_str()
            .and_then(|url| url.rsplit(':').next())
            .and_then(|port| port.parse().ok())
            .expect("a port in the ready file's url");
        assert_eq!(ready["pid"].as_u64(), Some(u64::from(process.child.id())));
        Dev {
            process,
            port,
            users: ready["users"].clone(),
        }
    }

    /// Runs `furlong` on this folder.
    pub fn furlong(&self, words: &[&str]) -> (Option<i32>, String) {
        let output = Command::new(BINARY)
            .args(words)
            .arg("--data")
            .arg(&self.data)
            .output()
            .expect("the binary was built for this test");
        let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.push_str(&String::from_utf8_lossy(&output.stderr));
        (output.status.code(), text)
    }

    /// Replay and verify find nothing.
    pub fn must_be_sound(&self, when: &str) {
        for words in [&["replay"][..], &["audit", "verify"]] {
            let (code, text) = self.furlong(words);
            assert_eq!(code, Some(0), "{words:?} {when}: {text}");
        }
    }
}

/// A process that does not outlive the test.
pub struct Process {
    child: Child,
}

impl Process {
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// How it has ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("a child can be waited for")
    }

    pub fn wait(&mut self) -> ExitStatus {
        wait_for("the process's end", || self.ended())
    }

    /// SIGKILL: nothing of the process gets a chance to tidy up.
    pub fn kill(&mut self) {
        self.child.kill().expect("a child can be killed");
        self.child.wait().expect("a child can be waited for");
    }

    /// SIGTERM, and the way down.
    pub fn stop(&mut self) -> ExitStatus {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM)
            .expect("a child can be signalled");
        self.wait()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.ended().is_none() {
            self.kill();
        }
    }
}

/// A running sportsbook.
pub struct Dev {
    pub process: Process,
    pub port: u16,
    users: Value,
}

impl Dev {
    pub fn client(&self) -> Client {
        Client::new(self.port)
    }

    /// Asks once on a connection of its own.
    pub fn ask(&self, ask: Ask<'_>) -> Answer {
        self.client().ask(ask).expect("an answer")
    }

    /// The access token of one of dev's own users.
    pub fn user(&self, login: &str) -> String {
        let password = self.users[login]["password"].as_str().expect("a password");
        self.sign_in(login, password)
    }

    fn sign_in(&self, login: &str, password: &str) -> String {
        let body = json!({"login": login, "password": password}).to_string();
        let answer = self.ask(Ask::post("/v1/auth/login", body.as_bytes()));
        assert_eq!(answer.status, 200, "{}", answer.shown());
        answer.text("access_token")
    }

    /// A new customer with an access token and so much money.
    pub fn customer(&self, login: &str, minor: i64) -> String {
        let body = json!({
            "login": login, "password": PASSWORD, "name": "Nobody",
            "born": "1990-02-28", "country": "DE",
        });
        let answer = self.ask(Ask::post("/v1/auth/register", body.to_string().as_bytes()));
        assert_eq!(answer.status, 201, "{}", answer.shown());
        let token = self.sign_in(login, PASSWORD);
        if minor > 0 {
            self.pay_in(&token, &format!("first money of {login}"), minor);
        }
        token
    }

    /// An access token of a customer that was made here before.
    pub fn customer_again(&self, login: &str) -> String {
        self.sign_in(login, PASSWORD)
    }

    /// A deposit, until the money is there.
    pub fn pay_in(&self, token: &str, key: &str, minor: i64) {
        let body = deposit(minor);
        let (before, _) = self.balance(token);
        let answer = self.ask(
            Ask::post("/v1/deposits", body.as_bytes())
                .by(token)
                .key(key),
        );
        assert_eq!(answer.status, 202, "{}", answer.shown());
        wait_for("the money of a deposit", || {
            (self.balance(token).0 == before + minor).then_some(())
        });
    }

    /// Cash and held, in cents.
    pub fn balance(&self, token: &str) -> (i64, i64) {
        let answer = self.ask(Ask::get("/v1/account/balance").by(token));
        assert_eq!(answer.status, 200, "{}", answer.shown());
        (cents(&answer.text("cash")), cents(&answer.text("held")))
    }

    /// All own bets, newest first.
    pub fn bets(&self, token: &str) -> Vec<Value> {
        let mut client = self.client();
        let mut bets = Vec::new();
        let mut path = "/v1/bets?limit=200".to_owned();
        loop {
            let answer = client.ask(Ask::get(&path).by(token)).expect("an answer");
            assert_eq!(answer.status, 200, "{}", answer.shown());
            let page = answer.json();
            bets.extend(page["items"].as_array().expect("items").iter().cloned());
            let Some(cursor) = page["next_cursor"].as_str() else {
                return bets;
            };
            path = format!("/v1/bets?limit=200&cursor={cursor}");
        }
    }

    /// A selection to bet on before its match begins: that of the simulated feed's match that
    /// begins last.
    pub fn selection(&self) -> Selection {
        wait_for("an open market", || {
            let listed = self.ask(Ask::get("/v1/fixtures?status=scheduled")).json();
            let fixtures = listed["items"].as_array()?.clone();
            let last = fixtures
                .into_iter()
                .max_by_key(|fixture| fixture["start"].as_str().map(str::to_owned))?;
            let open = last["markets"]
                .as_array()?
                .iter()
                .find(|market| market["status"] == "open")?;
            Selection::of_market(self, open["id"].as_str()?)
        })
    }
}

/// What can be bet on.
#[derive(Clone, Debug)]
pub struct Selection {
    pub id: String,
    pub price: String,
    pub market: String,
    pub version: u64,
}

impl Selection {
    /// The first selection of an open market that has a price.
    pub fn of_market(dev: &Dev, market: &str) -> Option<Self> {
        let shown = dev.ask(Ask::get(&format!("/v1/markets/{market}"))).json();
        let first = &shown["selections"].as_array()?.first()?.clone();
        let open = shown["status"] == "open";
        open.then_some(Self {
            id: first["id"].as_str()?.to_owned(),
            price: first["price"].as_str()?.to_owned(),
            market: market.to_owned(),
            version: shown["version"].as_u64()?,
        })
    }

    /// The body of a single on it, at any price.
    pub fn single(&self, minor: i64, client_ref: &str) -> Value {
        json!({
            "type": "single",
            "legs": [{"selection_id": self.id, "price": self.price, "market_version": self.version}],
            "stake": {"amount": amount(minor), "currency": "EUR"},
            "price_policy": "any",
            "client_ref": client_ref,
        })
    }
}

/// The body of a deposit.
pub fn deposit(minor: i64) -> String {
    json!({"amount": {"amount": amount(minor), "currency": "EUR"}}).to_string()
}

/// Cents as a decimal text.
pub fn amount(minor: i64) -> String {
    format!("{}.{:02}", minor / 100, minor % 100)
}

/// A decimal text as cents.
pub fn cents(text: &str) -> i64 {
    let (whole, part) = text.split_once('.').expect("a decimal amount");
    let negative = whole.starts_with('-');
    let whole: i64 = whole.trim_start_matches('-').parse().expect("an amount");
    let part: i64 = part.parse().expect("cents of two digits");
    let minor = whole * 100 + part;
    if negative { -minor } else { minor }
}
