//! What a source says of a result or of a window of bets, whenever it arrives.
//!
//! Duty: words count in the order in which they were said. One that is older than the newest taken
//! is passed over, so a withdrawal that comes first keeps what it withdraws from ever counting,
//! and any order of arrival ends in the same result. Prohibition: no word of a source replaces an
//! operator's result, and nothing is deleted: a result that is replaced is rolled back first.

use crate::command::{Certainty, SelectionResult, Window};
use crate::event::{Event, ResultWord};
use crate::market::{Market, Phase};
use crate::rejection::Rejection;
use crate::result;
use kernel::Timestamp;

/// The reason of a rollback that makes room for a newer result.
pub const REPLACED: &str = "replaced by a newer result";

impl From<Certainty> for ResultWord {
    fn from(certainty: Certainty) -> Self {
        match certainty {
            Certainty::Live => Self::Live,
            Certainty::Confirmed => Self::Confirmed,
        }
    }
}

impl Market {
    /// The result as known at `said_at`.
    pub(crate) fn state_result(
        &self,
        outcomes: &[SelectionResult],
        certainty: Certainty,
        said_at: Timestamp,
    ) -> Result<Vec<Event>, Rejection> {
        let outcomes = result::complete(self.kind, &self.selections, outcomes)?;
        let word = (said_at, ResultWord::from(certainty));
        if self.result_word.is_some_and(|known| known > word) {
            return Ok(Vec::new());
        }
        let again = self.result_word == Some(word);
        let mut events = Vec::new();
        match &self.phase {
            Phase::Resulted(known) if *known == outcomes => {}
            // Two results of one instant: the source contradicts itself.
            Phase::Resulted(_) if again || !self.is_result_of_source() => {
                return Err(self.not_in_state());
            }
            Phase::Resulted(_) => {
                events.push(self.rolled_back(1, REPLACED));
                events.push(self.resulted(2, outcomes));
            }
            // Said before and taken back since by an operator: saying it again is no news.
            Phase::Open | Phase::Closed if again => {}
            Phase::Open | Phase::Closed => events.push(self.resulted(1, outcomes)),
        }
        if !again {
            events.push(self.taken(word));
        }
        Ok(events)
    }

    /// Nothing that was said of the result up to `said_at` stands.
    pub(crate) fn withdraw_result(&self, reason: &str, said_at: Timestamp) -> Vec<Event> {
        let word = (said_at, ResultWord::Withdrawn);
        if self.result_word.is_some_and(|known| known >= word) {
            return Vec::new();
        }
        let stands = matches!(self.phase, Phase::Resulted(_)) && self.is_result_of_source();
        let rollback = stands.then(|| self.rolled_back(1, reason));
        rollback.into_iter().chain([self.taken(word)]).collect()
    }

    /// Bets of the window do not count.
    pub(crate) fn cancel_bets(
        &self,
        window: Window,
        reason: &str,
        said_at: Timestamp,
    ) -> Option<Event> {
        let newer = self
            .cancellations
            .get(&window)
            .is_none_or(|known| known.said_at < said_at);
        newer.then(|| Event::BetsCancelled {
            market: self.market,
            window,
            reason: reason.to_owned(),
            said_at,
        })
    }

    /// They do. Of the same instant, this counts.
    pub(crate) fn restore_bets(&self, window: Window, said_at: Timestamp) -> Option<Event> {
        let newer = self.cancellations.get(&window).is_none_or(|known| {
            known.said_at < said_at || (known.cancelled && known.said_at == said_at)
        });
        newer.then_some(Event::BetsRestored {
            market: self.market,
            window,
            said_at,
        })
    }

    /// Whether the result in force was stated by the source in words that may be replaced.
    fn is_result_of_source(&self) -> bool {
        let stated = matches!(
            self.result_word,
            Some((_, ResultWord::Live | ResultWord::Confirmed))
        );
        stated && !self.resulted_by_operator
    }

    fn taken(&self, (said_at, word): (Timestamp, ResultWord)) -> Event {
        Event::ResultWordTaken {
            market: self.market,
            said_at,
            word,
        }
    }

    fn rolled_back(&self, changes: u64, reason: &str) -> Event {
        Event::ResultRolledBack {
            market: self.market,
            version: self.version.saturating_add(changes),
            result: self.results,
            reason: reason.to_owned(),
            by: None,
        }
    }

    fn resulted(&self, changes: u64, outcomes: Vec<SelectionResult>) -> Event {
        Event::MarketResulted {
            market: self.market,
            version: self.version.saturating_add(changes),
            result: self.results.saturating_add(1),
            outcomes,
            by: None,
        }
    }
}
