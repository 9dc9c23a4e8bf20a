//! LB: a gateway dies behind the real HAProxy, with the configuration that is delivered.
//!
//! Duty: kill one of two gateways after the other under load, all clients, feeds and sockets behind
//! one address, and see that nobody needs more than one retry. Prohibition: clients do not know
//! how many gateways there are.

use super::{Fault, Outcome, Rounds, spread};
use crate::checker::{Finding, Wrong};
use crate::cluster::{Cluster, Ground};
use crate::fleet::{Spec, one_per_role};
use crate::history::Kind;
use crate::http::{Ask, Connection};
use crate::scene::Scene;
use crate::time::{now, pass, wait_for};
use anyhow::{Context, bail, ensure};
use stack::Needs;
use std::io::Read;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

const GATEWAYS: [&str; 2] = ["gateway-1", "gateway-2"];
/// How long everything may take to be served again.
const SERVING_PATIENCE: Duration = Duration::from_secs(30);
/// How long HAProxy may take to take a gateway back.
const BACK_PATIENCE: Duration = Duration::from_secs(10);
const JUDGE_EVERY: u32 = 20;

/// Holds what stands before the gateways for as long as the fleet lives.
#[derive(Default)]
pub(super) struct LoadBalancer {
    proxy: Mutex<Option<HaProxy>>,
}

impl LoadBalancer {
    /// A feed's call over HTTP/2 and TLS is answered by whichever gateway lives: that nobody has
    /// signed in, which only a gateway can say.
    fn speaks_grpc(&self) -> anyhow::Result<()> {
        let proxy = self.proxy.lock().unwrap_or_else(PoisonError::into_inner);
        let tls = proxy.as_ref().context("HAProxy is there")?.tls;
        let answered = wait_for(SERVING_PATIENCE, || {
            let told = called(tls).ok()?;
            told.contains("grpc-status: 16").then_some(())
        });
        answered.with_context(|| format!("no gateway answers a feed over gRPC: {:?}", called(tls)))
    }
}

impl Fault for LoadBalancer {
    fn name(&self) -> &'static str {
        "LB"
    }

    fn about(&self) -> &'static str {
        "kill -9 of one of two gateways behind the real HAProxy"
    }

    fn ci_runs(&self) -> u32 {
        4
    }

    fn campaign_runs(&self) -> u32 {
        200
    }

    fn ground(&self) -> Ground {
        Ground::CLUSTER
    }

    fn needs(&self) -> Needs {
        Needs::HAPROXY
    }

    fn fleet(&self, cluster: &Cluster) -> anyhow::Result<Vec<Spec>> {
        let [one, other, door] = free_ports()?;
        let proxy = HaProxy::start(cluster.folder(), door, [one, other])?;
        *self.proxy.lock().unwrap_or_else(PoisonError::into_inner) = Some(proxy);
        let mut specs = one_per_role();
        specs.retain(|spec| !spec.plays("gateway"));
        for (name, port) in GATEWAYS.into_iter().zip([one, other]) {
            let spec = Spec::serve(name, &["gateway"]).with("port", port);
            specs.push(spec.behind(door));
        }
        Ok(specs)
    }

    fn run(&self, scene: &mut Scene, rounds: &mut Rounds) -> anyhow::Result<Outcome> {
        let mut outcome = Outcome::default();
        let mut serving = Vec::new();
        let mut most = 0;
        // What the start has cost is nobody's death.
        let at_start = scene.load.untold_max();
        for victim in GATEWAYS.into_iter().cycle() {
            if !rounds.more() {
                break;
            }
            pass(scene.chance.span_ms(20, 1_000));
            let (killed, killed_us) = (now(), scene.load.micros());
            scene.fleet.kill(victim)?;
            ensure!(
                scene
                    .load
                    .all_served_since(&Kind::ALL, killed_us, SERVING_PATIENCE),
                "not everything is served {SERVING_PATIENCE:?} after {victim} was killed"
            );
            serving.push(killed.elapsed());
            self.speaks_grpc()?;
            scene.fleet.start(victim)?;
            scene.fleet.ready(victim)?;
            taken_back(scene, victim)?;
            let untold = scene.load.untold_max();
            most = untold.max(most);
            if untold > 1 {
                let detail = format!(
                    "after the death of {victim} somebody was told nothing {untold} times in a row"
                );
                outcome.findings.push(Finding::new(Wrong::Unlawful, detail));
            }
            rounds.count();
            if rounds.done().is_multiple_of(JUDGE_EVERY) {
                outcome.take(scene.rest_and_check()?);
            }
        }
        outcome.take(scene.rest_and_check()?);
        let what = "gateway killed to all served by the other";
        outcome.figures.push(spread(what, &mut serving));
        let figure = format!(
            "the unluckiest operation was told nothing {most} times ({at_start} at the start)"
        );
        outcome.figures.push(figure);
        Ok(outcome)
    }
}

/// Waits until HAProxy sends requests to this gateway again: it tells how many it has had.
fn taken_back(scene: &Scene, gateway: &str) -> anyhow::Result<()> {
    let port = scene.fleet.port(gateway).context("it is ready")?;
    let before = bets_taken(port)?;
    let back = wait_for(BACK_PATIENCE, || {
        (bets_taken(port).ok()? > before).then_some(())
    });
    back.with_context(|| format!("{gateway} got no bet {BACK_PATIENCE:?} after it was ready"))
}

/// Placements that a gateway has answered.
fn bets_taken(port: u16) -> anyhow::Result<u64> {
    let answer = Connection::new(port).ask(Ask::get("/metrics"))?;
    let text = String::from_utf8_lossy(&answer.body);
    let counts = text
        .lines()
        .filter(|line| line.starts_with("furlong_bets_placed_total{"));
    Ok(counts
        .filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok())
        .sum())
}

fn free_ports<const N: usize>() -> anyhow::Result<[u16; N]> {
    let mut held = Vec::new();
    for _ in 0..N {
        held.push(TcpListener::bind("127.0.0.1:0")?);
    }
    let mut ports = [0; N];
    for (port, listener) in ports.iter_mut().zip(&held) {
        *port = listener.local_addr()?.port();
    }
    Ok(ports)
}

/// A certificate of nobody's for this run.
fn certify(folder: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder)?;
    let (key, certificate) = (folder.join("key"), folder.join("certificate"));
    let made = Command::new("openssl")
        .args([
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
        ])
        .args(["-subj", "/CN=localhost", "-keyout"])
        .arg(&key)
        .arg("-out")
        .arg(&certificate)
        .output()
        .context("openssl cannot be started: install the package openssl")?;
    let words = String::from_utf8_lossy(&made.stderr);
    ensure!(made.status.success(), "openssl: {words}");
    let mut both = std::fs::read(&certificate)?;
    both.extend(std::fs::read(&key)?);
    std::fs::remove_file(key)?;
    std::fs::remove_file(certificate)?;
    std::fs::write(folder.join("house.pem"), both)?;
    Ok(())
}

/// A handshake with the port that outsiders use.
fn speaks_tls(port: u16) -> anyhow::Result<()> {
    let address = format!("127.0.0.1:{port}");
    let shaken = Command::new("openssl")
        .args(["s_client", "-brief", "-tls1_3", "-connect", &address])
        .stdin(Stdio::null())
        .output()?;
    let words = String::from_utf8_lossy(&shaken.stderr);
    ensure!(shaken.status.success(), "no TLS at {address}: {words}");
    Ok(())
}

/// What a feed without a token is told over gRPC, heads and trailers.
fn called(port: u16) -> anyhow::Result<String> {
    let url = format!("https://127.0.0.1:{port}/furlong.feed.v1.OddsFeed/Publish");
    let called = Command::new("curl")
        .args([
            "--silent",
            "--show-error",
            "--insecure",
            "--http2",
            "--max-time",
            "5",
        ])
        .args(["-H", "content-type: application/grpc", "-H", "te: trailers"])
        .args([
            "--data-binary",
            "",
            "--dump-header",
            "-",
            "--output",
            "/dev/null",
            &url,
        ])
        .stdin(Stdio::null())
        .output()
        .context("curl cannot be started: install the package curl")?;
    let complaints = String::from_utf8_lossy(&called.stderr);
    ensure!(called.status.success(), "curl: {complaints}");
    Ok(String::from_utf8_lossy(&called.stdout).into_owned())
}

/// The real one, ended with this value.
struct HaProxy {
    child: Child,
    tls: u16,
}

impl HaProxy {
    fn start(folder: &Path, door: u16, gateways: [u16; 2]) -> anyhow::Result<Self> {
        let [one, other] = gateways;
        let [tls] = free_ports()?;
        let here = |port: u16| format!("127.0.0.1:{port}");
        let config = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/haproxy.cfg");
        let certificates = folder.join("tls");
        certify(&certificates)?;
        let mut child = Command::new("haproxy")
            .args(["-db", "-f", config])
            .env("FURLONG_LISTEN", here(tls))
            .env("FURLONG_PLAIN_LISTEN", here(door))
            .env("FURLONG_CERTIFICATES", &certificates)
            .env("FURLONG_GATEWAY_1", here(one))
            .env("FURLONG_GATEWAY_2", here(other))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .context("HAProxy cannot be started: install the package haproxy")?;
        let up = wait_for(Duration::from_secs(5), || {
            if let Ok(Some(how)) = child.try_wait() {
                return Some(Err(how));
            }
            let opened = std::net::TcpStream::connect(("127.0.0.1", door));
            opened.is_ok().then_some(Ok(()))
        });
        match up {
            Some(Ok(())) => {
                let proxy = Self { child, tls };
                speaks_tls(tls)?;
                Ok(proxy)
            }
            Some(Err(how)) => {
                let mut words = String::new();
                if let Some(stderr) = &mut child.stderr {
                    stderr.read_to_string(&mut words)?;
                }
                bail!("HAProxy has ended ({how}): {words}")
            }
            None => {
                drop(Self { child, tls });
                bail!("HAProxy does not listen")
            }
        }
    }
}

impl Drop for HaProxy {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
