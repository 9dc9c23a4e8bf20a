//! Feed sources, each turned into the same [`FeedUpdate`].
//!
//! Duty: pure decoders from text to updates: a recorded or live exchange stream ([`betfair`]), a
//! season's results ([`football_data`]), lines posted over HTTP ([`ndjson`]) and a match day that
//! plays itself ([`simulation`]); recordings played as if they happened now ([`playback`]); and
//! the way from a source's own counting to that of the partitions ([`router`]).
//!
//! Prohibition: no sockets, files or clocks. Whoever reads the bytes hands them in, together with
//! the time.

pub mod betfair;
pub mod football;
pub mod football_data;
pub mod names;
pub mod ndjson;
pub mod playback;
pub mod router;
pub mod simulation;
pub mod uof;

use kernel::{FixtureId, MarketId, Partition, Timestamp};
use schemas::odds::Update;

/// One message of a feed source, whatever its format was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedUpdate {
    /// Who says it.
    pub source: String,
    /// The source's own count of its messages. Rises by one; a jump means that some are missing.
    pub sequence: u64,
    /// When the source said it.
    pub published_at: Timestamp,
    /// What it says.
    pub update: Update,
}

impl FeedUpdate {
    /// The partition that must hear this; `None` when all must.
    #[must_use]
    pub fn partition(&self) -> Option<Partition> {
        match &self.update {
            Update::Alive(_) | Update::GoDown(_) | Update::ComeUp(_) | Update::MissMessages(_) => {
                None
            }
            Update::AnnounceFixture(update) => Some(update.fixture.partition()),
            Update::ProgressFixture(update) => Some(update.fixture.partition()),
            Update::OfferMarket(update) => Some(update.fixture.partition()),
            Update::QuoteBook(update) => Some(update.market.partition()),
            Update::QuoteFromModel(update) => Some(update.market.partition()),
            Update::Suspend(update) => Some(update.fixture.partition()),
            Update::Resume(update) => Some(update.fixture.partition()),
            Update::TurnInPlay(update) => Some(update.market.partition()),
            Update::Close(update) => Some(update.market.partition()),
            Update::Settle(update) => Some(update.market.partition()),
            Update::RollBack(update) => Some(update.market.partition()),
            Update::Withdraw(update) => Some(update.market.partition()),
            Update::DescribeRace(update) => Some(update.market.partition()),
            Update::SettleFromScore(update) => Some(update.market.partition()),
            Update::StateResult(update) => Some(update.market.partition()),
            Update::WithdrawResult(update) => Some(update.market.partition()),
            Update::CancelBets(update) => Some(update.market.partition()),
            Update::RestoreBets(update) => Some(update.market.partition()),
        }
    }

    /// The fixture that this speaks of, where it names one.
    #[must_use]
    pub fn fixture(&self) -> Option<FixtureId> {
        match &self.update {
            Update::AnnounceFixture(update) => Some(update.fixture),
            Update::ProgressFixture(update) => Some(update.fixture),
            Update::OfferMarket(update) => Some(update.fixture),
            Update::Suspend(update) => Some(update.fixture),
            Update::Resume(update) => Some(update.fixture),
            Update::Alive(_)
            | Update::QuoteBook(_)
            | Update::QuoteFromModel(_)
            | Update::TurnInPlay(_)
            | Update::Close(_)
            | Update::Settle(_)
            | Update::RollBack(_)
            | Update::Withdraw(_)
            | Update::DescribeRace(_)
            | Update::SettleFromScore(_)
            | Update::StateResult(_)
            | Update::WithdrawResult(_)
            | Update::CancelBets(_)
            | Update::RestoreBets(_)
            | Update::GoDown(_)
            | Update::ComeUp(_)
            | Update::MissMessages(_) => None,
        }
    }

    /// The market that this speaks of, where it names one.
    #[must_use]
    pub fn market(&self) -> Option<MarketId> {
        match &self.update {
            Update::OfferMarket(update) => Some(update.market),
            Update::QuoteBook(update) => Some(update.market),
            Update::QuoteFromModel(update) => Some(update.market),
            Update::Suspend(update) => update.market,
            Update::Resume(update) => update.market,
            Update::TurnInPlay(update) => Some(update.market),
            Update::Close(update) => Some(update.market),
            Update::Settle(update) => Some(update.market),
            Update::RollBack(update) => Some(update.market),
            Update::Withdraw(update) => Some(update.market),
            Update::DescribeRace(update) => Some(update.market),
            Update::SettleFromScore(update) => Some(update.market),
            Update::StateResult(update) => Some(update.market),
            Update::WithdrawResult(update) => Some(update.market),
            Update::CancelBets(update) => Some(update.market),
            Update::RestoreBets(update) => Some(update.market),
            Update::Alive(_)
            | Update::AnnounceFixture(_)
            | Update::ProgressFixture(_)
            | Update::GoDown(_)
            | Update::ComeUp(_)
            | Update::MissMessages(_) => None,
        }
    }
}

/// Numbers a source's updates as they are made.
#[derive(Clone, Debug)]
struct Numbering {
    source: String,
    next: u64,
}

impl Numbering {
    fn new(source: impl Into<String>, first: u64) -> Self {
        Self {
            source: source.into(),
            next: first,
        }
    }

    fn update(&mut self, published_at: Timestamp, update: Update) -> FeedUpdate {
        let sequence = self.next;
        self.next = self.next.saturating_add(1);
        FeedUpdate {
            source: self.source.clone(),
            sequence,
            published_at,
            update,
        }
    }
}

#[cfg(test)]
mod misfortunes;
#[cfg(test)]
pub(crate) mod recorded;
#[cfg(test)]
pub(crate) mod words;
