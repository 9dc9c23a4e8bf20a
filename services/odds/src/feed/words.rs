//! What updates say, in one word each, for tests.
//!
//! Duty: the words of the lines (`ndjson.rs`), whatever the numbers. Prohibition: no kind of update
//! without a word of its own, but for two ways to quote a book.

use super::FeedUpdate;
use schemas::odds::Update;

pub(crate) fn word(update: &FeedUpdate) -> &'static str {
    match &update.update {
        Update::Alive(_) => "alive",
        Update::AnnounceFixture(_) => "fixture",
        Update::ProgressFixture(_) => "progress",
        Update::OfferMarket(_) => "market",
        Update::QuoteBook(_) | Update::QuoteFromModel(_) => "book",
        Update::Suspend(_) => "suspend",
        Update::Resume(_) => "resume",
        Update::TurnInPlay(_) => "in_play",
        Update::Close(_) => "close",
        Update::Settle(_) => "result",
        Update::RollBack(_) => "rollback",
        Update::Withdraw(_) => "withdraw",
        Update::DescribeRace(_) => "race",
        Update::SettleFromScore(_) => "score",
        Update::StateResult(_) => "state_result",
        Update::WithdrawResult(_) => "withdraw_result",
        Update::CancelBets(_) => "cancel_bets",
        Update::RestoreBets(_) => "restore_bets",
        Update::GoDown(_) => "down",
        Update::ComeUp(_) => "up",
        Update::MissMessages(_) => "missing",
    }
}
