//! What the journals say of the bets so far.
//!
//! Duty: read the journals of bets and ledger through the fold and count what counts: bets struck,
//! slips settled, stakes taken, money paid. Prohibition: nothing counts before it was read back.

use anyhow::{bail, ensure};
use eventlog::{Chain, EventLog};
use kernel::TopicPartition;
use runtime::{Stretch, Tail};
use schemas::bets::Event as Slip;
use schemas::ledger::{Event as Money, TransferCode};
use schemas::{Decision, Events};
use std::sync::Arc;
use tokio::sync::watch;

/// Counts since the beginning of the run.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    /// Deposits that stand.
    pub funded: u64,
    /// Bets that are struck.
    pub struck: u64,
    /// Slips that bets has settled.
    pub settled: u64,
    /// Stakes that the ledger has taken.
    pub taken: u64,
    /// What winners were paid.
    pub paid_minor: i64,
    /// What went wrong, if anything.
    wrong: Option<String>,
}

/// Reads journals and tells who waits.
#[derive(Clone)]
pub struct Tally(Arc<watch::Sender<Counts>>);

impl Tally {
    /// Nothing counted yet.
    pub fn new() -> Self {
        Self(Arc::new(watch::Sender::new(Counts::default())))
    }

    /// Follows a journal partition for ever.
    pub async fn follow(self, log: Arc<dyn EventLog>, at: TopicPartition) {
        let mut tail = Tail::new(log, at, Chain::default());
        loop {
            match tail.next().await {
                Ok(stretch) => self.0.send_modify(|counts| counts.take(&stretch)),
                Err(error) => {
                    self.0
                        .send_modify(|counts| counts.wrong = Some(error.to_string()));
                    return;
                }
            }
        }
    }

    /// As it stands.
    pub fn now(&self) -> Counts {
        self.0.borrow().clone()
    }

    /// Waits until the counts are so.
    pub async fn until(&self, is_so: impl Fn(&Counts) -> bool) -> anyhow::Result<Counts> {
        let mut news = self.0.subscribe();
        let counts = news
            .wait_for(|counts| counts.wrong.is_some() || is_so(counts))
            .await?
            .clone();
        ensure!(
            counts.wrong.is_none(),
            "{}",
            counts.wrong.unwrap_or_default()
        );
        Ok(counts)
    }
}

impl Counts {
    fn take(&mut self, stretch: &Stretch) {
        for effective in &stretch.decisions {
            if let Err(wrong) = self.take_one(&effective.decision) {
                self.wrong = Some(wrong.to_string());
            }
        }
    }

    fn take_one(&mut self, decision: &Decision) -> anyhow::Result<()> {
        if decision.events.is_rejection() {
            bail!("refused: {:?}", decision.events);
        }
        if let Events::BetsEvents(body) = &decision.events {
            body.events.iter().try_for_each(|event| self.slip(event))?;
        }
        if let Events::LedgerEvents(body) = &decision.events {
            body.events.iter().try_for_each(|event| self.money(event))?;
        }
        Ok(())
    }

    fn slip(&mut self, event: &Slip) -> anyhow::Result<()> {
        if let Slip::BetRejected(rejected) = event {
            bail!("a bet was rejected: {:?}", rejected.rejection);
        }
        if matches!(event, Slip::BetAccepted(_)) {
            self.struck = self.struck.saturating_add(1);
        }
        if matches!(event, Slip::BetSettled(_)) {
            self.settled = self.settled.saturating_add(1);
        }
        Ok(())
    }

    fn money(&mut self, event: &Money) -> anyhow::Result<()> {
        if let Money::TransferRefused(refused) = event {
            bail!("a transfer was refused: {:?}", refused.reason);
        }
        if let Money::HoldCaptured(captured) = event
            && captured.code == TransferCode::Stake
        {
            self.taken = self.taken.saturating_add(1);
        }
        if let Money::TransferPosted(posted) = event {
            if posted.code == TransferCode::Winnings {
                self.paid_minor = self.paid_minor.saturating_add(posted.minor);
            }
            if posted.code == TransferCode::Benchmark {
                self.funded = self.funded.saturating_add(1);
            }
        }
        Ok(())
    }
}
