//! What is counted of what was decided.
//!
//! Duty: a name for each kind of decision that a world must have seen. Prohibition: nothing is judged.

use schemas::{bets, payments};

pub(super) fn of_bets(event: &bets::Event) -> Option<&'static str> {
    use bets::Event as E;
    match event {
        E::BetPlaced(_) => Some("placed"),
        E::BetAccepted(_) => Some("accepted"),
        E::BetRejected(_) => Some("turned down"),
        E::BetDelayed(_) => Some("delayed"),
        E::BetSettled(_) => Some("settled"),
        E::SettlementReversed(_) => Some("reversed"),
        E::ExclusionNoticed(_) => Some("excluded"),
        E::RestrictionNoticed(_) => Some("restricted"),
        E::StakeLimitNoticed(_) => Some("stakes limited"),
        E::OwnLimitNoticed(_) => Some("weeks limited"),
        E::StakeFactorSet(_) => Some("factor set"),
        E::BetReoffered(_) => Some("offered another"),
        E::LegVoided(_) => Some("voided"),
        E::LegRestored(_) => Some("restored"),
        E::BetReferred(_) => Some("referred"),
        E::StakeReduced(_) => Some("taken in part"),
        E::CashOutQuoted(_) => Some("cash-out quoted"),
        E::CashOutDelayed(_) => Some("cash-out delayed"),
        E::CashedOut(_) => Some("cashed out"),
        E::CashOutRefused(_) => Some("cash-out refused"),
        E::StakeFunded(_) => Some("paid by the house"),
        E::FundingReleased(_) => Some("given back to the house"),
        E::ReturnDivided(_) => Some("divided"),
        E::DivisionReversed(_) => Some("undivided"),
        E::BonusLapsed(_) => Some("lapsed"),
        E::ReofferAccepted(_)
        | E::PartAllowed(_)
        | E::ReferralAnswered(_)
        | E::PartAgreed(_)
        | E::CancellationStarted(_)
        | E::RestorationStarted(_)
        | E::BetHeld(_)
        | E::BetAwaitsBudget(_)
        | E::SettlementStarted(_)
        | E::RollbackStarted(_)
        | E::LegDecided(_)
        | E::BetTermsFixed(_)
        | E::SettlementStartedInFull(_)
        | E::LegDecidedInFull(_)
        | E::ReturnExplained(_)
        | E::PricesTraced(_)
        | E::FreeBetGranted(_)
        | E::BonusGranted(_)
        | E::SettlementAdvanced(_)
        | E::BudgetRequested(_)
        | E::BudgetReturned(_)
        | E::BudgetNoticed(_) => None,
    }
}

pub(super) fn of_payments(event: &payments::Event) -> Option<&'static str> {
    use payments::Event as E;
    match event {
        E::DepositConfirmed(_) => Some("deposited"),
        E::WithdrawalPaid(_) => Some("paid out"),
        E::DepositLimitNoticed(_) => Some("deposits limited"),
        E::AdjustmentBooked(_) => Some("adjusted"),
        E::AdjustmentRefused(_) => Some("adjustments refused"),
        E::WithdrawalReviewStarted(_) => Some("withdrawals to be looked at"),
        E::WithdrawalDeclined(_) => Some("withdrawals declined by a person"),
        E::ReviewThresholdNamed(_)
        | E::WithdrawalApproved(_)
        | E::AdjustmentProposed(_)
        | E::AdjustmentApproved(_)
        | E::AdjustmentDeclined(_)
        | E::DepositRequested(_)
        | E::DepositFailed(_)
        | E::WithdrawalRequested(_)
        | E::WithdrawalSubmitted(_)
        | E::WithdrawalFailed(_)
        | E::UnknownPaymentReported(_)
        | E::OutcomeContradicted(_)
        | E::ExclusionNoticed(_)
        | E::InstrumentNamed(_)
        | E::PaymentTakenOn(_)
        | E::ProviderReconciled(_) => None,
    }
}
