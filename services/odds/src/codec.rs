//! Domain and wire, joined.
//!
//! Duty: every command of the wire has a domain meaning, every event has one form in each shape,
//! and the two are inverse. Prohibition: no rule; what the domain cannot hold is a decode error.

pub(crate) mod explain;
mod race;
pub(crate) mod rulings;
mod values;

pub(crate) use race::{described_from_wire, race_from_wire, race_to_wire};
pub(crate) use values::*;

use crate::terms::Terms;
use kernel::Timestamp;
use odds_domain::{
    Command, Doubt, Event, FeedMessage, FeedSuspension, FixtureDescription, FixtureProgress,
    MarketOffer, Rejection, SuspensionCause, Update, Window, Withdrawal,
};
use schemas::DecodeError;
use schemas::odds as wire;

/// The reason on the wire for a source that has been silent for too long.
pub const SOURCE_SILENT: &str = "source_silent";
/// The reason on the wire for messages that are missing.
pub const MESSAGES_MISSING: &str = "messages_missing";
/// The reason on the wire for a source that says that it is not up to date.
pub const SOURCE_DOWN: &str = "source_down_until_recovered";

/// A command with what the decision depends on.
#[must_use]
pub fn command_from_wire(command: wire::Command, terms: &Terms, now: Timestamp) -> Command {
    match command {
        wire::Command::ApplyFeedMessage(message) => Command::ApplyFeedMessage(FeedMessage {
            source: message.source,
            sequence: message.sequence,
            published_at: message.published_at,
            update: update_from_wire(message.update, terms),
        }),
        wire::Command::SuspendMarket(wish) => Command::SuspendMarket {
            market: wish.market,
            reason: wish.reason,
            by: wish.by,
        },
        wire::Command::ResumeMarket(wish) => Command::ResumeMarket {
            market: wish.market,
            reason: wish.reason,
            by: wish.by,
        },
        wire::Command::ResultMarket(wish) => Command::ResultMarket {
            market: wish.market,
            outcomes: results_from_wire(wish.outcomes),
            reason: wish.reason,
            by: wish.by,
        },
        wire::Command::RollBackResult(wish) => Command::RollBackResult {
            market: wish.market,
            reason: wish.reason,
            by: wish.by,
        },
        wire::Command::LeanBook(wish) => Command::LeanBook {
            market: wish.market,
            exposures: explain::exposures_from_wire(&wish.exposures),
            by: wish.by,
        },
        wire::Command::ProposeRuling(wish) => Command::ProposeRuling {
            market: wish.market,
            mistake: rulings::mistake_from_wire(wish.mistake),
            by: wish.by,
            at: now,
        },
        wire::Command::ApproveRuling(wish) => Command::ApproveRuling {
            market: wish.market,
            ruling: wish.ruling,
            reason: wish.reason,
            by: wish.by,
            at: now,
        },
        wire::Command::StateRace(wish) => Command::StateRace {
            race: race_from_wire(wish.race),
            reason: wish.reason,
            by: wish.by,
        },
        wire::Command::ResultFromScore(wish) => Command::ResultFromScore {
            market: wish.market,
            score: score_from_wire(&wish.score),
            reason: wish.reason,
            by: wish.by,
        },
        wire::Command::SetLeaning(wish) => Command::SetLeaning {
            market: wish.market,
            step_minor: wish.step_minor,
            by: wish.by,
        },
        wire::Command::WithdrawSelection(wish) => Command::WithdrawSelection {
            market: wish.market,
            selection: wish.selection,
            withdrawn_at: wish.withdrawn_at,
            reason: wish.reason,
            by: wish.by,
        },
    }
}

fn update_from_wire(update: wire::Update, terms: &Terms) -> Update {
    match update {
        wire::Update::Alive(wire::Alive {}) => Update::Alive,
        wire::Update::AnnounceFixture(update) => Update::AnnounceFixture(FixtureDescription {
            fixture: update.fixture,
            name: update.name,
            sport: update.sport,
            starts_at: update.starts_at,
        }),
        wire::Update::ProgressFixture(update) => Update::ProgressFixture(FixtureProgress {
            fixture: update.fixture,
            status: status_from_wire(update.status),
            score: update.score.as_ref().map(score_from_wire),
            minute: update.minute,
        }),
        wire::Update::OfferMarket(update) => Update::OfferMarket(MarketOffer {
            market: update.market,
            fixture: update.fixture,
            name: update.name,
            kind: kind_from_wire(&update.kind),
            selections: names_from_wire(update.selections),
            exposure: terms.exposure(),
            lean_step_minor: terms.lean_step_minor(),
        }),
        wire::Update::QuoteFromModel(update) => Update::QuoteFromModel {
            market: update.market,
            prices: prices_from_wire(update.prices),
            model: explain::model_from_wire(update.model),
        },
        wire::Update::QuoteBook(update) => Update::QuoteBook {
            market: update.market,
            prices: prices_from_wire(update.prices),
        },
        wire::Update::Suspend(update) => Update::Suspend {
            fixture: update.fixture,
            market: update.market,
            reason: feed_suspension(update.reason),
        },
        wire::Update::Resume(update) => Update::Resume {
            fixture: update.fixture,
            market: update.market,
        },
        wire::Update::TurnInPlay(update) => Update::TurnInPlay {
            market: update.market,
            bet_delay: update.bet_delay,
        },
        wire::Update::Close(update) => Update::Close {
            market: update.market,
        },
        wire::Update::Settle(update) => Update::Settle {
            market: update.market,
            outcomes: results_from_wire(update.outcomes),
        },
        wire::Update::RollBack(update) => Update::RollBack {
            market: update.market,
            reason: update.reason,
        },
        wire::Update::DescribeRace(update) => Update::DescribeRace(race_from_wire(update)),
        wire::Update::SettleFromScore(update) => Update::SettleFromScore {
            market: update.market,
            score: score_from_wire(&update.score),
        },
        wire::Update::Withdraw(update) => Update::Withdraw(Withdrawal {
            market: update.market,
            selection: update.selection,
            withdrawn_at: update.withdrawn_at,
            reduction: update.reduction,
        }),
        wire::Update::StateResult(update) => Update::StateResult {
            market: update.market,
            outcomes: results_from_wire(update.outcomes),
            certainty: certainty_from_wire(update.certainty),
        },
        wire::Update::WithdrawResult(update) => Update::WithdrawResult {
            market: update.market,
            reason: update.reason,
        },
        wire::Update::CancelBets(update) => Update::CancelBets {
            market: update.market,
            window: window(update.from, update.until),
            reason: update.reason,
        },
        wire::Update::RestoreBets(update) => Update::RestoreBets {
            market: update.market,
            window: window(update.from, update.until),
        },
        wire::Update::GoDown(update) => Update::GoDown {
            reason: update.reason,
        },
        wire::Update::ComeUp(wire::ComeUp {}) => Update::ComeUp,
        wire::Update::MissMessages(wire::MissMessages {}) => Update::MissMessages,
    }
}

const fn window(from: Option<Timestamp>, until: Option<Timestamp>) -> Window {
    Window { from, until }
}

/// A source's own text must not be taken for one of our reserved reasons when it is read back.
fn feed_suspension(reason: String) -> FeedSuspension {
    match reason.as_str() {
        MESSAGES_MISSING => FeedSuspension::MessagesMissing,
        SOURCE_SILENT | SOURCE_DOWN => FeedSuspension::Stated(format!("stated: {reason}")),
        _ => FeedSuspension::Stated(reason),
    }
}

/// Domain to wire.
#[must_use]
pub fn event_to_wire(event: &Event) -> wire::Event {
    match event.clone() {
        Event::FixtureAnnounced(fixture) => wire::Event::FixtureAnnounced(wire::FixtureAnnounced {
            fixture: fixture.fixture,
            name: fixture.name,
            sport: fixture.sport,
            starts_at: fixture.starts_at,
        }),
        Event::FixtureProgressed(progress) => {
            wire::Event::FixtureProgressed(wire::FixtureProgressed {
                fixture: progress.fixture,
                status: status_to_wire(progress.status),
                score: progress.score.map(score_to_wire),
                minute: progress.minute,
            })
        }
        Event::MarketOffered {
            offer,
            source,
            version,
        } => wire::Event::MarketOffered(wire::MarketOffered {
            market: offer.market,
            fixture: offer.fixture,
            name: offer.name,
            kind: kind_to_wire(offer.kind),
            selections: names_to_wire(offer.selections),
            source,
            exposure_max: offer.exposure.exposure_max,
            budget_each: offer.exposure.budget_each,
            version,
        }),
        Event::BookPublished {
            market,
            version,
            prices,
            source,
            source_sequence,
            published_at,
        } => wire::Event::BookPublished(wire::BookPublished {
            market,
            version,
            prices: prices_to_wire(&prices),
            source,
            source_sequence,
            published_at,
        }),
        Event::MarketSuspended {
            market,
            version,
            cause,
        } => wire::Event::MarketSuspended(suspension_to_wire(market, version, cause)),
        Event::MarketResumed {
            market,
            version,
            by,
        } => wire::Event::MarketResumed(wire::MarketResumed {
            market,
            version,
            by,
        }),
        Event::MarketTurnedInPlay {
            market,
            version,
            bet_delay,
        } => wire::Event::MarketTurnedInPlay(wire::MarketTurnedInPlay {
            market,
            version,
            bet_delay,
        }),
        Event::MarketClosed { market, version } => {
            wire::Event::MarketClosed(wire::MarketClosed { market, version })
        }
        Event::MarketResulted {
            market,
            version,
            result,
            outcomes,
            by,
        } => wire::Event::MarketResulted(wire::MarketResulted {
            market,
            version,
            result,
            outcomes: results_to_wire(&outcomes),
            by,
        }),
        Event::ResultRolledBack {
            market,
            version,
            result,
            reason,
            by,
        } => wire::Event::ResultRolledBack(wire::ResultRolledBack {
            market,
            version,
            result,
            reason,
            by,
        }),
        Event::SourceAdvanced { source, sequence } => {
            wire::Event::SourceAdvanced(wire::SourceAdvanced { source, sequence })
        }
        Event::SourceGapSeen {
            source,
            expected,
            got,
        } => wire::Event::SourceGapSeen(wire::SourceGapSeen {
            source,
            expected,
            got,
        }),
        Event::SourceWentSilent {
            source,
            last_heard_at,
        } => wire::Event::SourceWentSilent(wire::SourceWentSilent {
            source,
            last_heard_at,
        }),
        Event::SourceReturned { source } => {
            wire::Event::SourceReturned(wire::SourceReturned { source })
        }
        Event::BudgetGranted {
            market,
            bets_partition,
            total,
        } => wire::Event::BudgetGranted(wire::BudgetGranted {
            market,
            bets_partition,
            total,
        }),
        Event::BudgetRecalled { market } => {
            wire::Event::BudgetRecalled(wire::BudgetRecalled { market })
        }
        Event::BudgetReturnNoticed {
            market,
            bets_partition,
            total,
        } => wire::Event::BudgetReturnNoticed(wire::BudgetReturnNoticed {
            market,
            bets_partition,
            total,
        }),
        Event::HeartbeatSent { at } => wire::Event::HeartbeatSent(wire::HeartbeatSent { at }),
        Event::SelectionWithdrawn {
            withdrawal,
            version,
            price,
            by,
        } => wire::Event::SelectionWithdrawn(wire::SelectionWithdrawn {
            market: withdrawal.market,
            version,
            selection: withdrawal.selection,
            withdrawn_at: withdrawal.withdrawn_at,
            price,
            reduction: withdrawal.reduction,
            by,
        }),
        Event::RaceDescribed { race, by } => wire::Event::RaceDescribed(race_to_wire(race, by)),
        Event::LeaningSet {
            market,
            step_minor,
            by,
        } => wire::Event::LeaningSet(wire::LeaningSet {
            market,
            step_minor,
            by,
        }),
        Event::StakesNoted {
            market,
            bets_partition,
            standing,
        } => wire::Event::StakesNoted(wire::StakesNoted {
            market,
            bets_partition,
            standing: standing.into_iter().map(stakes_to_wire).collect(),
        }),
        Event::ResultWordTaken {
            market,
            said_at,
            word,
        } => wire::Event::ResultWordTaken(wire::ResultWordTaken {
            market,
            said_at,
            word: word_to_wire(word),
        }),
        Event::RulingProposed {
            market,
            ruling,
            rules_version,
            proposal,
        } => wire::Event::RulingProposed(rulings::proposed_to_wire(
            market,
            ruling,
            rules_version,
            proposal,
        )),
        Event::RulingApproved {
            market,
            ruling,
            proposal,
            reason,
            by,
            approved_at,
        } => {
            let second = (reason, by, approved_at);
            let approved = rulings::approved_to_wire(market, ruling, proposal, second);
            wire::Event::RulingApproved(approved)
        }
        Event::BetsCancelled {
            market,
            window,
            reason,
            said_at,
        } => wire::Event::BetsCancelled(wire::BetsCancelled {
            market,
            from: window.from,
            until: window.until,
            reason,
            said_at,
        }),
        Event::BetsRestored {
            market,
            window,
            said_at,
        } => wire::Event::BetsRestored(wire::BetsRestored {
            market,
            from: window.from,
            until: window.until,
            said_at,
        }),
        Event::SourceWentDown { source, reason } => {
            wire::Event::SourceWentDown(wire::SourceWentDown { source, reason })
        }
        Event::SourceCameUp { source } => wire::Event::SourceCameUp(wire::SourceCameUp { source }),
        Event::SourceDoubted { source } => {
            wire::Event::SourceDoubted(wire::SourceDoubted { source })
        }
        Event::BookExplained {
            market,
            version,
            explanation,
        } => wire::Event::BookExplained(explain::to_wire(market, version, explanation)),
    }
}

/// Wire to domain.
///
/// # Errors
/// Money of two currencies in one offer.
pub fn event_from_wire(event: wire::Event) -> Result<Event, DecodeError> {
    Ok(match event {
        wire::Event::FixtureAnnounced(event) => Event::FixtureAnnounced(FixtureDescription {
            fixture: event.fixture,
            name: event.name,
            sport: event.sport,
            starts_at: event.starts_at,
        }),
        wire::Event::FixtureProgressed(event) => Event::FixtureProgressed(FixtureProgress {
            fixture: event.fixture,
            status: status_from_wire(event.status),
            score: event.score.as_ref().map(score_from_wire),
            minute: event.minute,
        }),
        wire::Event::MarketOffered(event) => Event::MarketOffered {
            version: event.version,
            source: event.source,
            offer: MarketOffer {
                market: event.market,
                fixture: event.fixture,
                name: event.name,
                kind: kind_from_wire(&event.kind),
                selections: names_from_wire(event.selections),
                exposure: exposure(event.exposure_max, event.budget_each)?,
                // Told by an event of its own.
                lean_step_minor: None,
            },
        },
        wire::Event::BookPublished(event) => Event::BookPublished {
            market: event.market,
            version: event.version,
            prices: prices_from_wire(event.prices),
            source: event.source,
            source_sequence: event.source_sequence,
            published_at: event.published_at,
        },
        wire::Event::MarketSuspended(event) => Event::MarketSuspended {
            market: event.market,
            version: event.version,
            cause: suspension_from_wire(event.reason, event.by),
        },
        wire::Event::MarketResumed(event) => Event::MarketResumed {
            market: event.market,
            version: event.version,
            by: event.by,
        },
        wire::Event::MarketTurnedInPlay(event) => Event::MarketTurnedInPlay {
            market: event.market,
            version: event.version,
            bet_delay: event.bet_delay,
        },
        wire::Event::MarketClosed(event) => Event::MarketClosed {
            market: event.market,
            version: event.version,
        },
        wire::Event::MarketResulted(event) => Event::MarketResulted {
            market: event.market,
            version: event.version,
            result: event.result,
            outcomes: results_from_wire(event.outcomes),
            by: event.by,
        },
        wire::Event::ResultRolledBack(event) => Event::ResultRolledBack {
            market: event.market,
            version: event.version,
            result: event.result,
            reason: event.reason,
            by: event.by,
        },
        wire::Event::SourceAdvanced(event) => Event::SourceAdvanced {
            source: event.source,
            sequence: event.sequence,
        },
        wire::Event::SourceGapSeen(event) => Event::SourceGapSeen {
            source: event.source,
            expected: event.expected,
            got: event.got,
        },
        wire::Event::SourceWentSilent(event) => Event::SourceWentSilent {
            source: event.source,
            last_heard_at: event.last_heard_at,
        },
        wire::Event::SourceReturned(event) => Event::SourceReturned {
            source: event.source,
        },
        wire::Event::BudgetGranted(event) => Event::BudgetGranted {
            market: event.market,
            bets_partition: event.bets_partition,
            total: event.total,
        },
        wire::Event::BudgetRecalled(event) => Event::BudgetRecalled {
            market: event.market,
        },
        wire::Event::BudgetReturnNoticed(event) => Event::BudgetReturnNoticed {
            market: event.market,
            bets_partition: event.bets_partition,
            total: event.total,
        },
        wire::Event::HeartbeatSent(event) => Event::HeartbeatSent { at: event.at },
        wire::Event::SelectionWithdrawn(event) => Event::SelectionWithdrawn {
            withdrawal: Withdrawal {
                market: event.market,
                selection: event.selection,
                withdrawn_at: event.withdrawn_at,
                reduction: event.reduction,
            },
            version: event.version,
            price: event.price,
            by: event.by,
        },
        wire::Event::RaceDescribed(event) => {
            let (race, by) = described_from_wire(event);
            Event::RaceDescribed { race, by }
        }
        wire::Event::LeaningSet(event) => Event::LeaningSet {
            market: event.market,
            step_minor: event.step_minor,
            by: event.by,
        },
        wire::Event::StakesNoted(event) => Event::StakesNoted {
            market: event.market,
            bets_partition: event.bets_partition,
            standing: event
                .standing
                .iter()
                .map(|stakes| stakes_from_wire(event.market, stakes))
                .collect(),
        },
        wire::Event::ResultWordTaken(event) => Event::ResultWordTaken {
            market: event.market,
            said_at: event.said_at,
            word: word_from_wire(event.word),
        },
        wire::Event::RulingProposed(event) => rulings::proposed_from_wire(event),
        wire::Event::RulingApproved(event) => rulings::approved_from_wire(event),
        wire::Event::BetsCancelled(event) => Event::BetsCancelled {
            market: event.market,
            window: window(event.from, event.until),
            reason: event.reason,
            said_at: event.said_at,
        },
        wire::Event::BetsRestored(event) => Event::BetsRestored {
            market: event.market,
            window: window(event.from, event.until),
            said_at: event.said_at,
        },
        wire::Event::SourceWentDown(event) => Event::SourceWentDown {
            source: event.source,
            reason: event.reason,
        },
        wire::Event::BookExplained(event) => Event::BookExplained {
            market: event.market,
            version: event.version,
            explanation: explain::from_wire(event),
        },
        wire::Event::SourceCameUp(event) => Event::SourceCameUp {
            source: event.source,
        },
        wire::Event::SourceDoubted(event) => Event::SourceDoubted {
            source: event.source,
        },
    })
}

fn suspension_to_wire(
    market: kernel::MarketId,
    version: u64,
    cause: SuspensionCause,
) -> wire::MarketSuspended {
    let (reason, by) = match cause {
        SuspensionCause::Operator { reason, by } => (reason, Some(by)),
        SuspensionCause::Source { reason } => (reason, None),
        SuspensionCause::Doubt(doubt) => (doubt_reason(doubt).to_owned(), None),
    };
    wire::MarketSuspended {
        market,
        version,
        reason,
        by,
    }
}

const fn doubt_reason(doubt: Doubt) -> &'static str {
    match doubt {
        Doubt::SourceSilent => SOURCE_SILENT,
        Doubt::MessagesMissing => MESSAGES_MISSING,
        Doubt::SourceDown => SOURCE_DOWN,
    }
}

fn suspension_from_wire(reason: String, by: Option<String>) -> SuspensionCause {
    match (by, reason.as_str()) {
        (Some(by), _) => SuspensionCause::Operator { reason, by },
        (None, SOURCE_SILENT) => SuspensionCause::Doubt(Doubt::SourceSilent),
        (None, MESSAGES_MISSING) => SuspensionCause::Doubt(Doubt::MessagesMissing),
        (None, SOURCE_DOWN) => SuspensionCause::Doubt(Doubt::SourceDown),
        (None, _) => SuspensionCause::Source { reason },
    }
}

/// Domain to wire.
#[must_use]
pub fn rejection_to_wire(rejection: &Rejection) -> wire::Rejection {
    use wire::RejectionReason as Reason;
    let reason = match rejection {
        Rejection::SequenceRepeated { last } => {
            Reason::SequenceRepeated(wire::SequenceRepeated { last: *last })
        }
        Rejection::FixtureUnknown(fixture) => {
            Reason::FixtureUnknown(wire::FixtureUnknown { fixture: *fixture })
        }
        Rejection::MarketUnknown(market) => {
            Reason::MarketUnknown(wire::MarketUnknown { market: *market })
        }
        Rejection::SelectionUnknown(selection) => {
            Reason::SelectionUnknown(wire::SelectionUnknown {
                selection: *selection,
            })
        }
        Rejection::MarketNotInState { market, state } => {
            Reason::MarketNotInState(wire::MarketNotInState {
                market: *market,
                state: (*state).to_owned(),
            })
        }
        Rejection::OutcomesIncomplete(detail) => {
            Reason::OutcomesIncomplete(wire::OutcomesIncomplete {
                detail: (*detail).to_owned(),
            })
        }
        Rejection::ReasonMissing => Reason::ReasonMissing(wire::ReasonMissing {}),
        Rejection::SourceNotOwner { owner } => Reason::SourceNotOwner(wire::SourceNotOwner {
            owner: owner.clone(),
        }),
        Rejection::StretchNotOver => Reason::StretchNotOver(wire::StretchNotOver {}),
        Rejection::PricesMissing => Reason::PricesMissing(wire::PricesMissing {}),
        Rejection::PriceNotObviouslyWrong(selection) => {
            Reason::PriceNotObviouslyWrong(wire::PriceNotObviouslyWrong {
                selection: *selection,
            })
        }
        Rejection::RulingUnknown(ruling) => {
            Reason::RulingUnknown(wire::RulingUnknown { ruling: *ruling })
        }
        Rejection::OwnProposal => Reason::OwnProposal(wire::OwnProposal {}),
        Rejection::ProposalLapsed { lapsed_at } => Reason::ProposalLapsed(wire::ProposalLapsed {
            lapsed_at: *lapsed_at,
        }),
    };
    wire::Rejection { reason }
}
