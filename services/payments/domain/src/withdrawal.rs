//! Asking for a withdrawal, and what the ledger says of its hold.
//!
//! Duty: a withdrawal goes to the provider, or before two persons, only when its money is held. An
//! excluded customer may withdraw: the balance is theirs. Prohibition: no balance is looked at here; the ledger does
//! that, and its answer comes as a notice.

use crate::command::{HoldNotice, PaymentRef, RequestWithdrawal};
use crate::decide::{Rejection, judge_amount, must_be_named};
use crate::event::{Event, Withdrawal};
use crate::state::{State, WithdrawalStatus};
use crate::{closed_loop, review};
use std::collections::BTreeSet;

pub(crate) fn request(state: &State, command: &RequestWithdrawal) -> Result<Vec<Event>, Rejection> {
    if let Some(known) = state.withdrawals.get(&command.withdrawal) {
        let same = known.withdrawal.customer == command.customer
            && known.withdrawal.amount == command.amount
            && known.withdrawal.provider == command.provider
            && (command.instrument.is_none() || known.instrument == command.instrument);
        return if same {
            Ok(vec![])
        } else {
            Err(Rejection::PaymentIdTaken)
        };
    }
    judge_amount(command.amount, &command.provider, command.terms)?;
    let chosen = closed_loop::choose(state, command)?;
    must_be_named(chosen.as_ref(), &command.provider, command.terms)?;
    let named = chosen.map(|instrument| Event::InstrumentNamed {
        payment: PaymentRef::Withdrawal(command.withdrawal),
        customer: command.customer,
        instrument,
    });
    let requested = Event::WithdrawalRequested(Withdrawal {
        id: command.withdrawal,
        customer: command.customer,
        amount: command.amount,
        provider: command.provider.clone(),
        requested_at: command.now,
    });
    let threshold = command.review_from.map(|from| Event::ReviewThresholdNamed {
        withdrawal: command.withdrawal,
        customer: command.customer,
        from,
    });
    let told = std::iter::once(requested).chain(named).chain(threshold);
    Ok(told.collect())
}

/// Moves the withdrawals that wait for exactly these holds. Others are somebody else's, or have
/// been told before.
pub(crate) fn notice_holds(state: &State, notices: &[HoldNotice]) -> Vec<Event> {
    let mut told = BTreeSet::new();
    let moved = notices.iter().filter_map(|notice| {
        let found = state.withdrawals.get(&notice.withdrawal)?;
        if found.status != WithdrawalStatus::Requested || !told.insert(notice.withdrawal) {
            return None;
        }
        Some(match &notice.refused {
            None => review::held(found),
            Some(reason) => Event::WithdrawalFailed {
                withdrawal: found.withdrawal.clone(),
                held: false,
                reason: reason.clone(),
            },
        })
    });
    moved.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Command;
    use crate::examples::*;

    #[test]
    fn a_withdrawal_waits_for_its_hold() {
        scenario([])
            .when(ask_withdrawal())
            .then([Event::WithdrawalRequested(withdrawal())]);
    }

    #[test]
    fn the_same_withdrawal_again_changes_nothing() {
        scenario([Event::WithdrawalRequested(withdrawal())])
            .when(ask_withdrawal())
            .then_nothing();
    }

    #[test]
    fn an_id_belongs_to_one_withdrawal() {
        let other = RequestWithdrawal {
            amount: eur(101),
            ..withdrawal_request()
        };
        scenario([Event::WithdrawalRequested(withdrawal())])
            .when(Command::RequestWithdrawal(other))
            .then_rejected(Rejection::PaymentIdTaken);
    }

    #[test]
    fn an_amount_that_the_provider_does_not_pay_is_refused() {
        let little = RequestWithdrawal {
            amount: eur(1),
            ..withdrawal_request()
        };
        scenario([])
            .when(Command::RequestWithdrawal(little))
            .then_rejected(Rejection::AmountNotAllowed {
                minimum: eur(100),
                maximum: eur(1_000_000),
            });
    }

    #[test]
    fn a_provider_must_exist() {
        let nowhere = RequestWithdrawal {
            terms: None,
            ..withdrawal_request()
        };
        scenario([])
            .when(Command::RequestWithdrawal(nowhere))
            .then_rejected(Rejection::ProviderUnknown {
                provider: "simulator".to_owned(),
            });
    }

    #[test]
    fn nothing_is_held_for_a_provider_that_is_not_told_to_what_it_pays() {
        let nowhere = RequestWithdrawal {
            terms: terms_that_need_an_instrument(),
            ..withdrawal_request()
        };
        scenario([])
            .when(Command::RequestWithdrawal(nowhere))
            .then_rejected(Rejection::InstrumentMissing {
                provider: "simulator".to_owned(),
            });
    }

    #[test]
    fn an_excluded_customer_may_withdraw() {
        scenario([Event::ExclusionNoticed {
            customer: ANNA,
            until: at(9_999),
        }])
        .when(ask_withdrawal())
        .then([Event::WithdrawalRequested(withdrawal())]);
    }

    fn told(refused: Option<&str>) -> Command {
        Command::NoticeHolds(vec![HoldNotice {
            withdrawal: WITHDRAWAL,
            refused: refused.map(str::to_owned),
        }])
    }

    #[test]
    fn held_money_sends_the_withdrawal_to_the_provider() {
        scenario([Event::WithdrawalRequested(withdrawal())])
            .when(told(None))
            .then([Event::WithdrawalSubmitted(withdrawal())]);
    }

    #[test]
    fn a_refused_hold_ends_the_withdrawal_with_nothing_to_release() {
        scenario([Event::WithdrawalRequested(withdrawal())])
            .when(told(Some("debit_exceeds_available")))
            .then([Event::WithdrawalFailed {
                withdrawal: withdrawal(),
                held: false,
                reason: "debit_exceeds_available".to_owned(),
            }]);
    }

    #[test]
    fn a_hold_that_was_told_before_changes_nothing() {
        scenario([Event::WithdrawalRequested(withdrawal())])
            .after(told(None))
            .when(told(None))
            .then_nothing();
    }

    #[test]
    fn a_hold_of_somebody_else_changes_nothing() {
        scenario([]).when(told(None)).then_nothing();
    }
}
