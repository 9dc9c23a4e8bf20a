//! Many who ask for much, with as little work of their own as can be: they share the machine with
//! the node that they ask.
//!
//! Duty: ask at times that were fixed beforehand over connections that stay open, on one thread,
//! and tell what became of each request. Whoever has no answer yet asks for nothing else; what was
//! due meanwhile is asked late or, after the end, not at all, and that is told. Prohibition: nothing
//! is tried again, and nobody waits as he is told: these are the clients of whom there is too much.
#![expect(
    clippy::float_arithmetic,
    reason = "times in seconds, as figures for people"
)]

use crate::bench::bets::world::Slips;
use crate::bench::measure::{Mark, rate, thread_cpu_s};
use crate::http::head;
use anyhow::{Context, bail, ensure};
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// Room for an answer.
const ANSWER_BYTES: usize = 4_096;
/// After a step the services finish what they have.
const CALM: Duration = Duration::from_secs(2);

/// What to ask for.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// Over so many connections.
    pub connections: usize,
    /// So many requests are due each second.
    pub per_s: u32,
    /// Seconds that are left out at the beginning.
    pub settle_s: f64,
    /// Seconds that count.
    pub seconds: f64,
}

/// What has become of the requests of a step.
#[derive(Default)]
pub struct Answers {
    /// Microseconds from sending to acceptance; sorted at the end.
    pub accepted: Vec<f64>,
    /// Microseconds from sending to refusal; sorted at the end.
    pub shed: Vec<f64>,
    /// Placed, and not accepted within the wait.
    pub pending: u64,
    /// Sent, and no outcome known before the deadline.
    pub unknown: u64,
    /// Accepted before the end of the step.
    in_time: u64,
    /// Begun in all, the seconds that are left out included.
    pub begun: u64,
    /// Of those, without a known outcome.
    pub begun_unknown: u64,
    /// Sent within the seconds that count.
    pub sent: u64,
}

/// When an answer's request was sent, and when it came.
struct Times {
    micros: f64,
    counts: bool,
    in_time: bool,
}

impl Answers {
    fn take(&mut self, status: u16, body: &[u8], times: &Times) -> anyhow::Result<()> {
        // Not read as JSON, for the sake of the machine.
        let says = |code: &str| {
            let member = format!("\"code\":\"{code}\"");
            body.windows(member.len())
                .any(|part| part == member.as_bytes())
        };
        let count = u64::from(times.counts);
        self.sent = self.sent.saturating_add(count);
        match status {
            201 => {
                self.begun = self.begun.saturating_add(1);
                if times.counts {
                    self.accepted.push(times.micros);
                    self.in_time = self.in_time.saturating_add(u64::from(times.in_time));
                }
            }
            202 => {
                self.begun = self.begun.saturating_add(1);
                self.pending = self.pending.saturating_add(count);
            }
            503 if says("overloaded") => {
                if times.counts {
                    self.shed.push(times.micros);
                }
            }
            503 if says("outcome_unknown") => {
                self.begun = self.begun.saturating_add(1);
                self.begun_unknown = self.begun_unknown.saturating_add(1);
                self.unknown = self.unknown.saturating_add(count);
            }
            _ => bail!("{status} {}", String::from_utf8_lossy(body).trim_end()),
        }
        Ok(())
    }
}

/// A step's answers and what they took.
pub struct Step {
    /// What became of the requests.
    pub answers: Answers,
    /// What was asked.
    pub asked: Asked,
    /// Seconds of CPU that the client took, the seconds that are left out included.
    pub client_cpu_s: f64,
    /// Seconds of CPU of client and node.
    pub cpu_s: f64,
    /// Seconds of the whole step.
    pub wall_s: f64,
}

impl Step {
    /// Accepted before the end, a second.
    pub fn accepted_per_s(&self) -> f64 {
        rate(self.answers.in_time, self.asked.seconds)
    }

    /// Sent, a second.
    pub fn sent_per_s(&self) -> f64 {
        rate(self.answers.sent, self.asked.seconds)
    }

    /// Which part of one core the client took.
    pub fn client_share(&self) -> f64 {
        self.client_cpu_s / self.wall_s.max(1e-9)
    }
}

/// The client's side.
pub struct Crowd {
    address: SocketAddr,
    slips: Arc<Slips>,
    /// The number of the next request: none is used twice.
    next: Arc<AtomicU64>,
}

/// What the askers of a step share.
struct Plan {
    asked: Asked,
    slips: Arc<Slips>,
    next: Arc<AtomicU64>,
    first: u64,
    began: Instant,
    tally: Mutex<Answers>,
}

impl Plan {
    fn tally(&self) -> MutexGuard<'_, Answers> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks until the step is over.
    async fn ask(self: Arc<Self>, mut line: Line) -> anyhow::Result<()> {
        let counts_from = self.asked.settle_s;
        let end = counts_from + self.asked.seconds;
        let per_s = f64::from(self.asked.per_s.max(1));
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let place = u32::try_from(number.saturating_sub(self.first));
            let due = f64::from(place.context("too many requests")?) / per_s;
            let early = due.min(end) - self.began.elapsed().as_secs_f64();
            if early > 0.0 {
                tokio::time::sleep(Duration::from_secs_f64(early)).await;
            }
            let sent_s = self.began.elapsed().as_secs_f64();
            if sent_s >= end {
                return Ok(());
            }
            let request = self.slips.request(number).context("there are slips")?;
            let (status, body) = line.ask(&request).await?;
            let came_s = self.began.elapsed().as_secs_f64();
            let times = Times {
                micros: (came_s - sent_s) * 1e6,
                counts: sent_s >= counts_from,
                in_time: came_s <= end,
            };
            self.tally().take(status, body, &times)?;
        }
    }
}

impl Crowd {
    pub fn new(address: SocketAddr, slips: &Arc<Slips>) -> Self {
        Self {
            address,
            slips: Arc::clone(slips),
            next: Arc::default(),
        }
    }

    /// Asks for so much.
    pub async fn ask(&self, asked: Asked) -> anyhow::Result<Step> {
        let mut lines = Vec::with_capacity(asked.connections);
        for _ in 0..asked.connections {
            lines.push(Line::open(self.address).await?);
        }
        let (mark, cpu) = (Mark::now(), thread_cpu_s());
        let plan = Arc::new(Plan {
            asked,
            slips: Arc::clone(&self.slips),
            next: Arc::clone(&self.next),
            first: self.next.load(Ordering::Relaxed),
            began: Instant::now(),
            tally: Mutex::default(),
        });
        let mut askers = JoinSet::new();
        for line in lines {
            askers.spawn(Arc::clone(&plan).ask(line));
        }
        while let Some(ended) = askers.join_next().await {
            ended.context("an asker has panicked")??;
        }
        let (span, client_cpu_s) = (mark.span(), thread_cpu_s() - cpu);
        let mut answers = std::mem::take(&mut *plan.tally());
        ensure!(answers.sent > 0, "nothing was asked");
        answers.accepted.sort_by(f64::total_cmp);
        answers.shed.sort_by(f64::total_cmp);
        tokio::time::sleep(CALM).await;
        Ok(Step {
            answers,
            asked,
            client_cpu_s,
            cpu_s: span.cpu,
            wall_s: span.wall,
        })
    }
}

/// A connection that stays open.
struct Line {
    stream: TcpStream,
    bytes: [u8; ANSWER_BYTES],
}

impl Line {
    async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            bytes: [0; ANSWER_BYTES],
        })
    }

    /// Sends a request; the answer's status and body.
    async fn ask(&mut self, request: &[u8]) -> anyhow::Result<(u16, &[u8])> {
        let sent = self.stream.try_write(request);
        ensure!(
            sent.is_ok_and(|sent| sent == request.len()),
            "the server takes no more"
        );
        let mut filled = 0_usize;
        loop {
            self.stream.readable().await?;
            let room = self.bytes.get_mut(filled..).unwrap_or_default();
            match self.stream.try_read(room) {
                Ok(0) => bail!("the server hung up"),
                Ok(read) => filled = filled.saturating_add(read),
                Err(error) if error.kind() == ErrorKind::WouldBlock => continue,
                Err(error) => return Err(error.into()),
            }
            let read = self.bytes.get(..filled).unwrap_or_default();
            let Some(told) = head(read)? else {
                continue;
            };
            let length = told.body_bytes.context("an answer that tells no length")?;
            let end = told.bytes.saturating_add(length);
            if filled >= end {
                let body = self.bytes.get(told.bytes..end).unwrap_or_default();
                return Ok((told.status, body));
            }
        }
    }
}
