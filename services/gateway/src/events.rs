//! Which market, bet, customer, account or session an event is about.
//!
//! Duty: the exhaustive matches that the hub routes by, in one place, so that a new event has to
//! be given its route. Prohibition: nothing here keeps anything.

use kernel::{BetId, CustomerId, MarketId, SessionId, Timestamp};
use rustc_hash::FxHashMap;
use schemas::ledger::Account;
use schemas::{Decision, Events, auth, bets, ledger, odds, payments, promotions};

/// The market that an odds event changes for readers.
pub(crate) fn market_of(event: &odds::Event) -> Option<MarketId> {
    use odds::Event as E;
    match event {
        E::MarketOffered(event) => Some(event.market),
        E::BookPublished(event) => Some(event.market),
        E::MarketSuspended(event) => Some(event.market),
        E::MarketResumed(event) => Some(event.market),
        E::MarketTurnedInPlay(event) => Some(event.market),
        E::MarketClosed(event) => Some(event.market),
        E::MarketResulted(event) => Some(event.market),
        E::ResultRolledBack(event) => Some(event.market),
        E::SelectionWithdrawn(event) => Some(event.market),
        E::RaceDescribed(event) => Some(event.market),
        E::LeaningSet(event) => Some(event.market),
        E::StakesNoted(event) => Some(event.market),
        E::FixtureAnnounced(_)
        | E::FixtureProgressed(_)
        | E::SourceAdvanced(_)
        | E::SourceGapSeen(_)
        | E::SourceWentSilent(_)
        | E::SourceReturned(_)
        | E::BudgetGranted(_)
        | E::BudgetRecalled(_)
        | E::BudgetReturnNoticed(_)
        | E::ResultWordTaken(_)
        | E::BetsCancelled(_)
        | E::RulingProposed(_)
        | E::RulingApproved(_)
        | E::BetsRestored(_)
        | E::SourceWentDown(_)
        | E::SourceCameUp(_)
        | E::SourceDoubted(_)
        | E::BookExplained(_)
        | E::HeartbeatSent(_) => None,
    }
}

/// The bet that an event places.
pub(crate) fn placed_bet(event: &bets::Event) -> Option<BetId> {
    placement(event).map(|placed| placed.bet)
}

/// The bets that a decision places.
pub(crate) fn placed_in(decision: &Decision) -> Vec<BetId> {
    of_bets(decision).iter().filter_map(placed_bet).collect()
}

/// The bet whose way from placement to acceptance an event tells; not its placement.
pub(crate) fn followed_bet(event: &bets::Event) -> Option<BetId> {
    use bets::Event as E;
    match event {
        E::BetHeld(event) => Some(event.bet),
        E::BetDelayed(event) => Some(event.bet),
        E::BetAwaitsBudget(event) => Some(event.bet),
        E::BetAccepted(event) => Some(event.bet),
        E::BetRejected(event) => Some(event.bet),
        E::BetReferred(event) => Some(event.bet),
        E::PartAgreed(event) => Some(event.bet),
        E::BetPlaced(_)
        | E::BetReoffered(_)
        | E::ReofferAccepted(_)
        | E::PartAllowed(_)
        | E::ReferralAnswered(_)
        | E::StakeReduced(_)
        | E::SettlementStarted(_)
        | E::RollbackStarted(_)
        | E::LegDecided(_)
        | E::BetTermsFixed(_)
        | E::SettlementStartedInFull(_)
        | E::LegDecidedInFull(_)
        | E::ReturnExplained(_)
        | E::PricesTraced(_)
        | E::CancellationStarted(_)
        | E::RestorationStarted(_)
        | E::LegVoided(_)
        | E::LegRestored(_)
        | E::CashOutQuoted(_)
        | E::CashOutDelayed(_)
        | E::CashedOut(_)
        | E::CashOutRefused(_)
        | E::FreeBetGranted(_)
        | E::BonusGranted(_)
        | E::StakeFunded(_)
        | E::FundingReleased(_)
        | E::ReturnDivided(_)
        | E::DivisionReversed(_)
        | E::BonusLapsed(_)
        | E::BetSettled(_)
        | E::SettlementReversed(_)
        | E::SettlementAdvanced(_)
        | E::BudgetRequested(_)
        | E::BudgetReturned(_)
        | E::BudgetNoticed(_)
        | E::StakeLimitNoticed(_)
        | E::OwnLimitNoticed(_)
        | E::StakeFactorSet(_)
        | E::ExclusionNoticed(_)
        | E::RestrictionNoticed(_) => None,
    }
}

/// The placement in an event.
pub(crate) fn placement(event: &bets::Event) -> Option<&bets::BetPlaced> {
    if let bets::Event::BetPlaced(placed) = event {
        Some(placed)
    } else {
        None
    }
}

/// What a decision offers instead of this bet, or of any.
pub(crate) fn reoffer(decision: &Decision, of: Option<BetId>) -> Option<&bets::BetReoffered> {
    of_bets(decision).iter().find_map(|event| {
        if let bets::Event::BetReoffered(told) = event
            && of.is_none_or(|bet| bet == told.bet)
        {
            Some(told)
        } else {
            None
        }
    })
}

/// The bonus money that an event gives.
pub(crate) fn bonus_given(event: &bets::Event) -> Option<&promotions::Bonus> {
    if let bets::Event::BonusGranted(granted) = event {
        Some(&granted.bonus)
    } else {
        None
    }
}

/// The token that an event gives.
pub(crate) fn token_given(event: &bets::Event) -> Option<&promotions::FreeBet> {
    if let bets::Event::FreeBetGranted(granted) = event {
        Some(&granted.free_bet)
    } else {
        None
    }
}

/// The bet that an event delays, and until when.
pub(crate) fn delay(event: &bets::Event) -> Option<(BetId, Timestamp)> {
    if let bets::Event::BetDelayed(event) = event {
        Some((event.bet, event.until))
    } else if let bets::Event::BetAwaitsBudget(event) = event {
        Some((event.bet, event.until))
    } else {
        referral(event)
    }
}

/// The bet that an event refers to a trader, and until when.
pub(crate) fn referral(event: &bets::Event) -> Option<(BetId, Timestamp)> {
    if let bets::Event::BetReferred(event) = event {
        Some((event.bet, event.until))
    } else {
        None
    }
}

/// The bet whose way to acceptance an event ends.
pub(crate) fn decided_bet(event: &bets::Event) -> Option<BetId> {
    if let bets::Event::BetAccepted(event) = event {
        Some(event.bet)
    } else if let bets::Event::BetRejected(event) = event {
        Some(event.bet)
    } else {
        None
    }
}

/// The events of a decision of bets; none of others.
pub(crate) fn of_bets(decision: &Decision) -> &[bets::Event] {
    if let Events::BetsEvents(body) = &decision.events {
        &body.events
    } else {
        &[]
    }
}

/// The events of a decision of the ledger; none of others.
pub(crate) fn of_ledger(decision: &Decision) -> &[ledger::Event] {
    if let Events::LedgerEvents(body) = &decision.events {
        &body.events
    } else {
        &[]
    }
}

/// The events of a decision of auth; none of others.
pub(crate) fn of_auth(decision: &Decision) -> &[auth::Event] {
    if let Events::AuthEvents(body) = &decision.events {
        &body.events
    } else {
        &[]
    }
}

/// What one person proposed, if that is what was recorded.
pub(crate) fn adjustment_proposed(
    event: &payments::Event,
) -> Option<&payments::AdjustmentProposed> {
    if let payments::Event::AdjustmentProposed(proposed) = event {
        Some(proposed)
    } else {
        None
    }
}

/// The events of a decision of payments; none of others.
pub(crate) fn of_payments(decision: &Decision) -> &[payments::Event] {
    if let Events::PaymentsEvents(body) = &decision.events {
        &body.events
    } else {
        &[]
    }
}

/// The bet whose shown state an event changes, and its customer where the event names one.
pub(crate) fn state_of_bet(event: &bets::Event) -> Option<(BetId, Option<CustomerId>)> {
    use bets::Event as E;
    match event {
        E::BetPlaced(event) => Some((event.bet, Some(event.customer))),
        E::BetHeld(event) => Some((event.bet, None)),
        E::BetDelayed(event) => Some((event.bet, None)),
        E::BetAwaitsBudget(event) => Some((event.bet, None)),
        E::BetAccepted(event) => Some((event.bet, Some(event.customer))),
        E::BetRejected(event) => Some((event.bet, Some(event.customer))),
        E::BetSettled(event) => Some((event.bet, Some(event.customer))),
        E::SettlementReversed(event) => Some((event.bet, Some(event.customer))),
        E::CashOutDelayed(event) => Some((event.bet, Some(event.customer))),
        E::CashedOut(event) => Some((event.bet, Some(event.customer))),
        E::CashOutRefused(event) => Some((event.bet, Some(event.customer))),
        E::BetReferred(event) => Some((event.bet, None)),
        E::PartAgreed(event) => Some((event.bet, None)),
        E::LegVoided(event) => Some((event.bet, None)),
        E::LegRestored(event) => Some((event.bet, None)),
        E::BetReoffered(_)
        | E::ReofferAccepted(_)
        | E::PartAllowed(_)
        | E::ReferralAnswered(_)
        | E::StakeReduced(_)
        | E::SettlementStarted(_)
        | E::RollbackStarted(_)
        | E::LegDecided(_)
        | E::BetTermsFixed(_)
        | E::SettlementStartedInFull(_)
        | E::LegDecidedInFull(_)
        | E::ReturnExplained(_)
        | E::PricesTraced(_)
        | E::CancellationStarted(_)
        | E::RestorationStarted(_)
        | E::CashOutQuoted(_)
        | E::FreeBetGranted(_)
        | E::BonusGranted(_)
        | E::StakeFunded(_)
        | E::FundingReleased(_)
        | E::ReturnDivided(_)
        | E::DivisionReversed(_)
        | E::BonusLapsed(_)
        | E::SettlementAdvanced(_)
        | E::BudgetRequested(_)
        | E::BudgetReturned(_)
        | E::BudgetNoticed(_)
        | E::StakeLimitNoticed(_)
        | E::OwnLimitNoticed(_)
        | E::StakeFactorSet(_)
        | E::ExclusionNoticed(_)
        | E::RestrictionNoticed(_) => None,
    }
}

/// Whose bet's shown state an event changes.
pub(crate) fn bettor_of(
    event: &bets::Event,
    pending: &FxHashMap<BetId, CustomerId>,
) -> Option<CustomerId> {
    let (bet, customer) = state_of_bet(event)?;
    customer.or_else(|| pending.get(&bet).copied())
}

/// Keeps the list of bets that are placed and not decided.
pub(crate) fn note_pending(pending: &mut FxHashMap<BetId, CustomerId>, event: &bets::Event) {
    match (placed_bet(event), state_of_bet(event)) {
        (Some(bet), Some((_, Some(customer)))) => {
            pending.insert(bet, customer);
        }
        (None, Some((bet, Some(_)))) => {
            pending.remove(&bet);
        }
        (Some(_) | None, Some((_, None)) | None) => {}
    }
}

/// The accounts whose balance an event changes, and what it is then.
pub(crate) fn balances_of(event: &ledger::Event) -> Vec<(&Account, &ledger::Balance)> {
    use ledger::Event as E;
    match event {
        E::TransferPosted(event) => vec![
            (&event.debit, &event.debit_after),
            (&event.credit, &event.credit_after),
        ],
        E::TransferHeld(event) => vec![(&event.debit, &event.debit_after)],
        E::HoldCaptured(event) => vec![
            (&event.debit, &event.debit_after),
            (&event.credit, &event.credit_after),
        ],
        E::HoldVoided(event) => vec![(&event.debit, &event.debit_after)],
        E::HoldExpired(event) => vec![(&event.debit, &event.debit_after)],
        E::TransferRefused(_) | E::AccountRulesSet(_) | E::NothingMoved(_) => Vec::new(),
    }
}

/// The session that an event ends.
pub(crate) fn revoked_session(event: &auth::Event) -> Option<SessionId> {
    match event {
        auth::Event::SessionRevoked(event) => Some(event.session),
        auth::Event::CustomerRegistered(_)
        | auth::Event::SignedIn(_)
        | auth::Event::SignInFailed(_)
        | auth::Event::SessionRefreshed(_)
        | auth::Event::LimitSet(_)
        | auth::Event::LimitIncreaseRequested(_)
        | auth::Event::CustomerExcluded(_)
        | auth::Event::RoleGranted(_)
        | auth::Event::PasswordChanged(_)
        | auth::Event::LimitIncreaseAsked(_)
        | auth::Event::LimitIncreaseConfirmed(_)
        | auth::Event::LimitIncreaseLapsed(_)
        | auth::Event::ExclusionKindSet(_)
        | auth::Event::MarketingSet(_)
        | auth::Event::RealityCheckSet(_)
        | auth::Event::RealityCheckAcknowledged(_)
        | auth::Event::SessionRefreshRepeated(_)
        | auth::Event::StrangerTurnedAway(_)
        | auth::Event::SecondFactorOffered(_)
        | auth::Event::SecondFactorEnabled(_)
        | auth::Event::SecondFactorRemoved(_)
        | auth::Event::SecondFactorProved(_)
        | auth::Event::RecoveryCodeUsed(_)
        | auth::Event::SteppedUp(_)
        | auth::Event::RoleRevoked(_)
        | auth::Event::ProfileReplaced(_)
        | auth::Event::PersonalDataErased(_)
        | auth::Event::PasswordResetOffered(_)
        | auth::Event::PasswordResetTaken(_)
        | auth::Event::StaffAdmitted(_)
        | auth::Event::EnrolmentOwed(_)
        | auth::Event::PasskeyAdded(_)
        | auth::Event::PasskeyRemoved(_)
        | auth::Event::PasskeyUsed(_) => None,
    }
}
