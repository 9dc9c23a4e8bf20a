//! What a provider tells of a payment before its outcome.
//!
//! Duty: keep what the provider calls an open payment, so that it can be asked after when its keys
//! are forgotten, and where the customer has to approve it. Prohibition: no money moves for it,
//! and what is done stays done.

use crate::command::{PaymentRef, ReportTakenOn};
use crate::event::Event;
use crate::state::{DepositStatus, State, TakenOn, WithdrawalStatus};

pub(crate) fn report(state: &State, command: &ReportTakenOn) -> Vec<Event> {
    let open = match &command.payment {
        PaymentRef::Deposit(id) => state
            .deposits
            .get(id)
            .filter(|found| found.status == DepositStatus::Requested)
            .filter(|found| found.deposit.provider == command.provider)
            .map(|found| (found.deposit.customer, &found.taken_on)),
        PaymentRef::Withdrawal(id) => state
            .withdrawals
            .get(id)
            .filter(|found| found.status == WithdrawalStatus::Submitted)
            .filter(|found| found.withdrawal.provider == command.provider)
            .map(|found| (found.withdrawal.customer, &found.taken_on)),
        PaymentRef::Unknown(_) => None,
    };
    let Some((customer, before)) = open else {
        return vec![];
    };
    let told = TakenOn {
        known_as: command.known_as.clone().or(before.known_as.clone()),
        approve_at: command.approve_at.clone().or(before.approve_at.clone()),
    };
    if told == *before {
        return vec![];
    }
    vec![Event::PaymentTakenOn {
        payment: command.payment.clone(),
        customer,
        known_as: told.known_as,
        approve_at: told.approve_at,
    }]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Command;
    use crate::examples::*;

    const DEPOSITED: PaymentRef = PaymentRef::Deposit(DEPOSIT);

    fn told(known_as: Option<&str>, approve_at: Option<&str>) -> Command {
        Command::ReportTakenOn(ReportTakenOn {
            provider: "simulator".to_owned(),
            payment: DEPOSITED,
            known_as: known_as.map(str::to_owned),
            approve_at: approve_at.map(str::to_owned),
        })
    }

    fn taken_on(known_as: Option<&str>, approve_at: Option<&str>) -> Event {
        Event::PaymentTakenOn {
            payment: DEPOSITED,
            customer: ANNA,
            known_as: known_as.map(str::to_owned),
            approve_at: approve_at.map(str::to_owned),
        }
    }

    fn requested() -> Scenario {
        scenario([Event::DepositRequested(deposit())])
    }

    #[test]
    fn what_the_provider_calls_an_open_payment_is_kept() {
        requested()
            .when(told(Some("pi_1"), Some("http://bank")))
            .then([taken_on(Some("pi_1"), Some("http://bank"))]);
    }

    #[test]
    fn what_is_told_later_is_added_and_the_same_again_changes_nothing() {
        requested()
            .after(told(Some("c1"), Some("http://bank")))
            .when(told(Some("c1/p1"), None))
            .then([taken_on(Some("c1/p1"), Some("http://bank"))]);
        requested()
            .after(told(Some("c1"), None))
            .when(told(Some("c1"), None))
            .then_nothing();
    }

    #[test]
    fn a_payment_that_is_done_or_not_ours_is_left_alone() {
        let confirmed = Event::DepositConfirmed {
            deposit: deposit(),
            provider_event: "e1".to_owned(),
        };
        scenario([Event::DepositRequested(deposit()), confirmed])
            .when(told(Some("pi_1"), None))
            .then_nothing();
        scenario([]).when(told(Some("pi_1"), None)).then_nothing();
        let of_another = ReportTakenOn {
            provider: "another".to_owned(),
            payment: DEPOSITED,
            known_as: Some("x".to_owned()),
            approve_at: None,
        };
        requested()
            .when(Command::ReportTakenOn(of_another))
            .then_nothing();
    }

    #[test]
    fn a_withdrawal_is_taken_on_once_its_money_is_held() {
        let told = || {
            Command::ReportTakenOn(ReportTakenOn {
                provider: "simulator".to_owned(),
                payment: PaymentRef::Withdrawal(WITHDRAWAL),
                known_as: Some("po_1".to_owned()),
                approve_at: None,
            })
        };
        scenario([Event::WithdrawalRequested(withdrawal())])
            .when(told())
            .then_nothing();
        let events = scenario([
            Event::WithdrawalRequested(withdrawal()),
            Event::WithdrawalSubmitted(withdrawal()),
        ])
        .when(told())
        .events();
        assert_eq!(events.len(), 1);
    }
}
