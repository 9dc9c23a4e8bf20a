//! A feed source as the picture shows it.
//!
//! Duty: take what one odds partition says of it. Prohibition: whether its markets take bets is told
//! by each market.

use schemas::odds::Event;

/// A feed source as one odds partition knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceState {
    /// The last message taken.
    pub sequence: u64,
    /// Stretches of messages that did not come, or were refused.
    pub gaps: u64,
    /// Messages in all those stretches.
    pub missing: u64,
    /// The newest of them: the number that should have come, and the one that came.
    pub last_gap: Option<(u64, u64)>,
    /// It has said nothing for too long.
    pub silent: bool,
    /// It said that it is not up to date, and why.
    pub down: Option<String>,
}

impl SourceState {
    /// Whether its prices count.
    #[must_use]
    pub const fn is_up(&self) -> bool {
        !self.silent && self.down.is_none()
    }
    /// Takes an event about this source; of others nothing is taken.
    pub(crate) fn take(&mut self, event: &Event) {
        match event {
            Event::SourceAdvanced(advanced) => self.sequence = advanced.sequence,
            Event::SourceGapSeen(gap) => {
                self.gaps = self.gaps.saturating_add(1);
                let missing = gap.got.saturating_sub(gap.expected);
                self.missing = self.missing.saturating_add(missing);
                self.last_gap = Some((gap.expected, gap.got));
            }
            Event::SourceWentSilent(_) => self.silent = true,
            Event::SourceReturned(_) => self.silent = false,
            Event::SourceWentDown(down) => self.down = Some(down.reason.clone()),
            Event::SourceCameUp(_) => self.down = None,
            // Each market that this stops says so itself.
            Event::SourceDoubted(_)
            | Event::BookPublished(_)
            | Event::BookExplained(_)
            | Event::MarketOffered(_)
            | Event::MarketSuspended(_)
            | Event::MarketResumed(_)
            | Event::MarketClosed(_)
            | Event::MarketTurnedInPlay(_)
            | Event::MarketResulted(_)
            | Event::ResultRolledBack(_)
            | Event::SelectionWithdrawn(_)
            | Event::BetsCancelled(_)
            | Event::BetsRestored(_)
            | Event::RulingProposed(_)
            | Event::RulingApproved(_)
            | Event::RaceDescribed(_)
            | Event::FixtureAnnounced(_)
            | Event::FixtureProgressed(_)
            | Event::HeartbeatSent(_)
            | Event::ResultWordTaken(_)
            | Event::LeaningSet(_)
            | Event::StakesNoted(_)
            | Event::BudgetGranted(_)
            | Event::BudgetRecalled(_)
            | Event::BudgetReturnNoticed(_) => {}
        }
    }
}
