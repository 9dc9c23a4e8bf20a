//! Other journals' decisions as commands to payments.
//!
//! Duty: the ledger's word on withdrawal holds and adjustments, and auth's on deposit limits and exclusions.
//! Prohibition: pure, and never a command that could be refused.

use kernel::TransferId;
use payments_domain::{BookingNotice, Command, CustomerNotice, HoldNotice, Window};
use schemas::payments::{adjustment_of_transfer, withdrawal_of_hold};
use schemas::{Decision, Events, auth, ledger};

pub(crate) fn react(decision: &Decision) -> Option<Command> {
    match &decision.events {
        Events::LedgerEvents(body) => {
            let holds: Vec<_> = body.events.iter().filter_map(hold).collect();
            if !holds.is_empty() {
                // The ledger answers one decision of ours at a time, and none asks for both.
                return Some(Command::NoticeHolds(holds));
            }
            let bookings: Vec<_> = body.events.iter().filter_map(booking).collect();
            (!bookings.is_empty()).then_some(Command::NoticeBookings(bookings))
        }
        Events::AuthEvents(body) => {
            let notices: Vec<_> = body.events.iter().filter_map(notice).collect();
            (!notices.is_empty()).then_some(Command::NoticeCustomers(notices))
        }
        Events::OddsEvents(_)
        | Events::BetsEvents(_)
        | Events::PaymentsEvents(_)
        | Events::FraudEvents(_) => None,
    }
}

/// What an event says of a withdrawal's hold. A refused capture of a withdrawal has the same
/// code; its id names no withdrawal that waits, so the decider passes it over.
fn hold(event: &ledger::Event) -> Option<HoldNotice> {
    match event {
        ledger::Event::TransferHeld(held) => of_withdrawal(held.id, held.code, None),
        ledger::Event::TransferRefused(refused) => {
            let reason = refusal(refused.reason).to_owned();
            of_withdrawal(refused.id, refused.code, Some(reason))
        }
        ledger::Event::TransferPosted(_)
        | ledger::Event::HoldCaptured(_)
        | ledger::Event::HoldVoided(_)
        | ledger::Event::HoldExpired(_)
        | ledger::Event::AccountRulesSet(_)
        | ledger::Event::NothingMoved(_) => None,
    }
}

/// What an event says of an adjustment. One that the ledger was asked for by somebody else names
/// none that waits, so the decider passes it over.
fn booking(event: &ledger::Event) -> Option<BookingNotice> {
    match event {
        ledger::Event::TransferPosted(posted) => of_adjustment(posted.id, posted.code, None),
        ledger::Event::TransferRefused(refused) => {
            let reason = refusal(refused.reason).to_owned();
            of_adjustment(refused.id, refused.code, Some(reason))
        }
        ledger::Event::TransferHeld(_)
        | ledger::Event::HoldCaptured(_)
        | ledger::Event::HoldVoided(_)
        | ledger::Event::HoldExpired(_)
        | ledger::Event::AccountRulesSet(_)
        | ledger::Event::NothingMoved(_) => None,
    }
}

fn of_adjustment(
    transfer: TransferId,
    code: ledger::TransferCode,
    refused: Option<String>,
) -> Option<BookingNotice> {
    (code == ledger::TransferCode::Adjustment).then(|| BookingNotice {
        adjustment: adjustment_of_transfer(transfer),
        refused,
    })
}

fn of_withdrawal(
    hold: TransferId,
    code: ledger::TransferCode,
    refused: Option<String>,
) -> Option<HoldNotice> {
    (code == ledger::TransferCode::Withdrawal).then(|| HoldNotice {
        withdrawal: withdrawal_of_hold(hold),
        refused,
    })
}

/// The reason as the customer's page may show it.
const fn refusal(reason: ledger::RefusalReason) -> &'static str {
    use ledger::RefusalReason as Reason;
    match reason {
        Reason::DebitExceedsAvailable => "insufficient_funds",
        Reason::DebitsBlocked => "account_blocked",
        Reason::CreditsBlocked => "credits_blocked",
        Reason::CreditExceedsLimit => "balance_limit_reached",
        Reason::AccountsMustDiffer
        | Reason::CurrenciesMustMatch
        | Reason::AmountMustBePositive
        | Reason::IdReusedWithOtherContent
        | Reason::HoldUnknown
        | Reason::HoldNotOpen
        | Reason::CaptureExceedsHold
        | Reason::Overflow
        | Reason::LinkedTransferRefused
        | Reason::ChainOpen
        | Reason::RestOfUnknown
        | Reason::HoldOfOtherAccounts
        | Reason::AccountOfOtherPartition => "refused_by_ledger",
    }
}

fn notice(event: &auth::Event) -> Option<CustomerNotice> {
    match event {
        auth::Event::LimitSet(set) => {
            let window = match set.kind {
                auth::LimitKind::DepositDay => Window::Day,
                auth::LimitKind::DepositWeek => Window::Week,
                auth::LimitKind::DepositMonth => Window::Month,
                auth::LimitKind::StakeSlip
                | auth::LimitKind::StakeDay
                | auth::LimitKind::StakeWeek
                | auth::LimitKind::StakeMonth
                | auth::LimitKind::LossDay
                | auth::LimitKind::LossWeek
                | auth::LimitKind::LossMonth => return None,
            };
            Some(CustomerNotice::DepositLimit {
                customer: set.customer,
                window,
                amount: set.amount,
            })
        }
        auth::Event::CustomerExcluded(excluded) => Some(CustomerNotice::Excluded {
            customer: excluded.customer,
            until: excluded.until,
        }),
        auth::Event::CustomerRegistered(_)
        | auth::Event::SignedIn(_)
        | auth::Event::SignInFailed(_)
        | auth::Event::SessionRefreshed(_)
        | auth::Event::SessionRevoked(_)
        | auth::Event::LimitIncreaseRequested(_)
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
