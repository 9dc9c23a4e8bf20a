//! The desk that tells operators of payments, by call-backs of our own.
//!
//! Duty: follow one payments partition, post its messages as the machine in payments says, and keep
//! how far it has come in the snapshot store, so that whoever serves the partition next goes on
//! there. Prohibition: no message is given up in silence, and none is posted before its record has
//! been read back.

use crate::exit::{Ended, Failure, Outcome};
use crate::part_figures::{GAUGE, Text};
use crate::screen::Screen;
use bytes::Bytes;
use eventlog::{Chain, EventLog, LogError};
use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use gateway::ports::MetricsSource;
use kernel::{Partition, Topic, TopicPartition};
use outbound::{HttpCaller, Method, Request};
use payments::{Chance, Notice, Notices, Received, notices};
use runtime::{Clock, Duty, Entropy, Stretch, Tail, TailError, is_called, is_relieved};
use snapshots::SnapshotStore;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// Where operators want to be told, and the secret that signs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoticesTo {
    /// `http://…`: the receiver, or the egress proxy that speaks TLS to it.
    pub url: String,
    /// A file with the secret, `whsec_` and base64 or plain.
    pub secret_file: PathBuf,
}

/// After a failure of the log.
const RETRY_AFTER: Duration = Duration::from_millis(500);
/// How long the receiver may take.
const DEADLINE: Duration = Duration::from_secs(15);
/// Between two looks whether somebody wants the dead to be sent again.
const LOOK_FOR_DEMANDS: Duration = Duration::from_secs(2);
/// The name of the newest demand to send the dead again: a number.
const DEMAND: &str = "notices-redrive";

fn kept_as(partition: Partition) -> String {
    format!("notices-payments-{partition}")
}

/// One partition's desk.
pub struct NoticesDesk {
    /// The log.
    pub log: Arc<dyn EventLog>,
    /// Where it is kept how far it has come.
    pub store: Arc<dyn SnapshotStore>,
    /// The receiver.
    pub url: String,
    /// What signs.
    pub key: Arc<Vec<u8>>,
    /// Sends.
    pub caller: HttpCaller,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness: how long repeats wait.
    pub entropy: Arc<dyn Entropy>,
    /// What stands.
    pub figures: Arc<NoticeFigures>,
    /// Which partition.
    pub partition: Partition,
}

/// Reads the secret of call-backs to operators.
///
/// # Errors
/// The file cannot be read, or is empty.
pub fn key_of(to: &NoticesTo) -> Result<Arc<Vec<u8>>, Failure> {
    let path = to.secret_file.display();
    let text = std::fs::read_to_string(&to.secret_file)
        .map_err(|error| Failure::Usage(format!("notices_secret_file: {path}: {error}")))?;
    if text.trim().is_empty() {
        let told = format!("notices_secret_file: {path} is empty");
        return Err(Failure::Usage(told));
    }
    Ok(Arc::new(payments::standard_key(text.trim().as_bytes())))
}

/// A caller with the deadline of receivers.
#[must_use]
pub fn caller() -> HttpCaller {
    HttpCaller::new(DEADLINE)
}

type InFlight = FuturesUnordered<BoxFuture<'static, (Notice, Received)>>;

impl NoticesDesk {
    /// Works whenever it is this process's duty to serve the partition.
    pub async fn work_when(self, mut duty: watch::Receiver<Duty>) {
        while is_called(&mut duty).await {
            tokio::select! {
                () = self.work() => return,
                () = is_relieved(&mut duty) => {}
            }
            self.figures.forget(self.partition);
        }
    }

    async fn work(&self) {
        let at = TopicPartition::new(Topic::PaymentsEvents, self.partition);
        let mut tail = Tail::new(Arc::clone(&self.log), at, Chain::default());
        let Some(mut standing) = self.restored().await else {
            return;
        };
        let mut in_flight = InFlight::new();
        loop {
            let now = self.clock.now();
            for notice in standing.due(now) {
                in_flight.push(self.post(notice));
            }
            self.figures.tell(self.partition, &standing);
            let due = standing.next_due().map(|due| self.clock.until(due));
            let pause = due.unwrap_or(LOOK_FOR_DEMANDS).min(LOOK_FOR_DEMANDS);
            tokio::select! {
                stretch = tail.next() => match stretch {
                    Ok(stretch) => self.take(&mut standing, &stretch),
                    Err(TailError::Log(error @ LogError::Unavailable { .. })) => {
                        tracing::warn!(%at, %error, "notices desk cannot read, trying again");
                        tokio::time::sleep(RETRY_AFTER).await;
                    }
                    Err(error) => {
                        tracing::error!(%at, %error, "notices desk cannot read");
                        return;
                    }
                },
                Some((notice, received)) = in_flight.next(), if !in_flight.is_empty() => {
                    if standing.answered(&notice, received, self.clock.now()) {
                        self.keep(&standing).await;
                    }
                }
                () = tokio::time::sleep(pause) => self.redrive(&mut standing).await,
            }
        }
    }

    /// How far an earlier desk has come. None: it cannot be told, and nothing is sent on a guess.
    async fn restored(&self) -> Option<Notices> {
        let name = kept_as(self.partition);
        let saved = loop {
            match self.store.get_named(name.clone()).await {
                Ok(saved) => break saved,
                Err(error) => {
                    tracing::warn!(%error, "notices desk cannot read where it was, trying again");
                    tokio::time::sleep(RETRY_AFTER).await;
                }
            }
        };
        let mut seed = [0; 8];
        self.entropy.fill(&mut seed);
        let chance = Chance::seeded(u64::from_be_bytes(seed));
        Notices::restore(saved.as_deref(), chance)
            .inspect_err(|error| tracing::error!(%name, %error, "notices desk cannot go on"))
            .ok()
    }

    fn take(&self, standing: &mut Notices, stretch: &Stretch) {
        for effective in &stretch.decisions {
            for notice in notices(&effective.decision) {
                standing.take(notice, self.clock.now());
            }
        }
    }

    /// Losing this costs a repeat, which receivers know by its id.
    async fn keep(&self, standing: &Notices) {
        let kept = self
            .store
            .put_named(kept_as(self.partition), Bytes::from(standing.save()));
        if let Err(error) = kept.await {
            tracing::warn!(%error, "notices desk cannot keep where it is");
        }
    }

    /// Hands the dead in again when somebody has asked for it.
    async fn redrive(&self, standing: &mut Notices) {
        let Ok(Some(demand)) = self.store.get_named(DEMAND.to_owned()).await else {
            return;
        };
        let number = str::from_utf8(&demand)
            .ok()
            .and_then(|text| text.parse().ok());
        let now = self.clock.now();
        if !number.is_some_and(|number| standing.redrive(number, now)) {
            return;
        }
        let at = TopicPartition::new(Topic::PaymentsEvents, self.partition);
        let mut tail = Tail::new(Arc::clone(&self.log), at, Chain::default());
        while let Ok(Some(stretch)) = tail.next_now().await {
            for effective in &stretch.decisions {
                for notice in notices(&effective.decision) {
                    standing.take_again(notice, now);
                }
            }
        }
        self.keep(standing).await;
    }

    fn post(&self, notice: Notice) -> BoxFuture<'static, (Notice, Received)> {
        let mut headers = vec![("content-type", "application/json".to_owned())];
        headers.extend(notice.headers(&self.key, self.clock.now()));
        let request = Request {
            method: Method::Post,
            url: self.url.clone(),
            headers,
            body: notice.body.clone(),
        };
        let caller = self.caller.clone();
        Box::pin(async move {
            let received = match caller.call(request).await {
                Ok(response) => match response.status {
                    200..=299 => Received::Taken,
                    410 => Received::Gone,
                    _ => Received::NotTaken,
                },
                Err(_) => Received::NotTaken,
            };
            (notice, received)
        })
    }
}

/// What stands in the partitions that are served here.
#[derive(Default)]
pub struct NoticeFigures(Mutex<BTreeMap<Partition, (usize, usize, bool)>>);

impl NoticeFigures {
    fn tell(&self, partition: Partition, standing: &Notices) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(partition, standing.standing());
    }

    fn forget(&self, partition: Partition) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.remove(&partition);
    }
}

/// The figures as Prometheus text.
pub struct ShownNotices(pub Arc<NoticeFigures>);

impl MetricsSource for ShownNotices {
    fn write(&self, out: &mut String) {
        let all = self
            .0
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let sum = |of: fn(&(usize, usize, bool)) -> usize| all.values().map(of).sum::<usize>();
        let mut text = Text(out);
        for (name, help, value) in [
            (
                "furlong_notices_waiting",
                "Messages to the operator that wait for their turn or for a repeat.",
                sum(|(waiting, _, _)| *waiting),
            ),
            (
                "furlong_notices_dead",
                "Messages to the operator that were given up; furlong payments redrive sends them again.",
                sum(|(_, dead, _)| *dead),
            ),
            (
                "furlong_notices_receiver_gone",
                "Partitions whose receiver has answered 410: nothing is sent until a redrive.",
                sum(|(_, _, gone)| usize::from(*gone)),
            ),
        ] {
            text.family(name, GAUGE, help);
            text.sample(name, "", &value.to_string());
        }
    }
}

/// Asks all desks on that store to send the dead again.
///
/// # Errors
/// The store cannot be used.
pub async fn demand(store: &dyn SnapshotStore, number: u64, screen: &mut Screen<'_>) -> Ended {
    let bytes = Bytes::from(number.to_string());
    let asked = store.put_named(DEMAND.to_owned(), bytes).await;
    asked.map_err(|error| Failure::failed(error.to_string()))?;
    if screen.json {
        screen.put_json(&serde_json::json!({ "redrive": number }))?;
    } else {
        screen.put("whoever serves the partitions sends the dead again within seconds")?;
    }
    Ok(Outcome::Fine)
}
