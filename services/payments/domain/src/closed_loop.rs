//! Where a withdrawal may go: back to what paid in.
//!
//! Duty: money goes to an instrument that has paid in, up to what came from it. What is more,
//! winnings, may go to any of the customer's instruments once nothing is left that came from
//! another. A customer who names none is paid to the instrument with the most room.
//!
//! Prohibition: no instrument that has never paid in is paid to; a balance that never came through
//! an instrument is not held back for want of one.

use crate::command::RequestWithdrawal;
use crate::customer::{Customer, Flow, InstrumentKey};
use crate::decide::Rejection;
use crate::state::State;
use kernel::Money;

/// The instrument that the withdrawal goes to; none: nobody has ever named one.
pub(crate) fn choose(
    state: &State,
    command: &RequestWithdrawal,
) -> Result<Option<String>, Rejection> {
    let currency = command.amount.currency();
    let unseen = Customer::default();
    let customer = state.customers.get(&command.customer).unwrap_or(&unseen);
    let has_paid_in = |(key, flow): &(&InstrumentKey, &Flow)| {
        key.provider == command.provider && key.currency == currency && flow.in_minor > 0
    };
    let own = || customer.instruments.iter().filter(has_paid_in);
    let chosen = match &command.instrument {
        Some(named) => {
            let found = own().find(|(key, _)| key.instrument == *named);
            Some(found.ok_or_else(|| Rejection::InstrumentUnknown {
                instrument: named.clone(),
            })?)
        }
        None => own().max_by_key(|(key, _)| room_minor(customer, key)),
    };
    let Some((key, _)) = chosen else {
        return Ok(None);
    };
    let room = room_minor(customer, key);
    if command.amount.minor() > room {
        return Err(Rejection::ClosedLoop {
            instrument: key.instrument.clone(),
            available: Money::from_minor(room, currency),
        });
    }
    Ok(Some(key.instrument.clone()).filter(|name| !name.is_empty()))
}

/// What may go to an instrument now.
fn room_minor(customer: &Customer, to: &InstrumentKey) -> i64 {
    let others_rest = customer
        .instruments
        .iter()
        .any(|(key, flow)| key != to && key.currency == to.currency && flow.rest_minor() > 0);
    if !others_rest {
        return i64::MAX;
    }
    let flow = customer.instruments.get(to).copied();
    flow.unwrap_or_default().rest_minor()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{Command, PaymentRef, RequestDeposit};
    use crate::decide::Payments;
    use crate::event::{Deposit, Event, Withdrawal};
    use crate::examples::*;
    use kernel::{Decider, DepositId, WithdrawalId};
    use proptest::prelude::*;

    /// A confirmed deposit from an instrument.
    fn paid_in(number: u64, instrument: &str, minor: i64) -> [Event; 3] {
        let deposit = Deposit {
            id: DepositId::example(number, PARTITION),
            amount: eur(minor),
            ..deposit()
        };
        [
            Event::DepositRequested(deposit.clone()),
            Event::InstrumentNamed {
                payment: PaymentRef::Deposit(deposit.id),
                customer: ANNA,
                instrument: instrument.to_owned(),
            },
            Event::DepositConfirmed {
                provider_event: format!("e{number}"),
                deposit,
            },
        ]
    }

    fn given(deposits: &[[Event; 3]]) -> Scenario {
        Scenario::given(deposits.iter().flatten().cloned())
    }

    fn ask(number: u64, instrument: Option<&str>, minor: i64) -> Command {
        Command::RequestWithdrawal(RequestWithdrawal {
            withdrawal: WithdrawalId::example(number, PARTITION),
            amount: eur(minor),
            instrument: instrument.map(str::to_owned),
            ..withdrawal_request()
        })
    }

    fn goes_to(number: u64, instrument: &str, minor: i64) -> [Event; 2] {
        let id = WithdrawalId::example(number, PARTITION);
        [
            Event::WithdrawalRequested(Withdrawal {
                id,
                amount: eur(minor),
                ..withdrawal()
            }),
            Event::InstrumentNamed {
                payment: PaymentRef::Withdrawal(id),
                customer: ANNA,
                instrument: instrument.to_owned(),
            },
        ]
    }

    fn too_much_for(instrument: &str, available: i64) -> Rejection {
        Rejection::ClosedLoop {
            instrument: instrument.to_owned(),
            available: eur(available),
        }
    }

    #[test]
    fn a_deposit_names_what_it_comes_from() {
        let asked = RequestDeposit {
            instrument: Some("card".to_owned()),
            ..deposit_request()
        };
        scenario([]).when(Command::RequestDeposit(asked)).then([
            Event::DepositRequested(deposit()),
            Event::InstrumentNamed {
                payment: PaymentRef::Deposit(DEPOSIT),
                customer: ANNA,
                instrument: "card".to_owned(),
            },
        ]);
    }

    #[test]
    fn the_only_instrument_gets_deposits_and_winnings() {
        given(&[paid_in(1, "card", 500)])
            .when(ask(1, None, 90_000))
            .then(goes_to(1, "card", 90_000));
    }

    #[test]
    fn nothing_goes_to_what_never_paid_in() {
        let instrument = "stolen".to_owned();
        given(&[paid_in(1, "card", 500)])
            .when(ask(1, Some("stolen"), 100))
            .then_rejected(Rejection::InstrumentUnknown { instrument });
    }

    #[test]
    fn a_deposit_that_was_not_confirmed_makes_no_instrument() {
        let [requested, named, _] = paid_in(1, "card", 500);
        let instrument = "card".to_owned();
        scenario([requested, named])
            .when(ask(1, Some("card"), 100))
            .then_rejected(Rejection::InstrumentUnknown { instrument });
    }

    #[test]
    fn an_instrument_gets_what_came_from_it_while_others_have_some_left() {
        let both = || given(&[paid_in(1, "card", 500), paid_in(2, "bank", 300)]);
        both()
            .when(ask(1, Some("bank"), 301))
            .then_rejected(too_much_for("bank", 300));
        both()
            .when(ask(1, Some("bank"), 300))
            .then(goes_to(1, "bank", 300));
        both().when(ask(1, None, 400)).then(goes_to(1, "card", 400));
        both()
            .when(ask(1, None, 501))
            .then_rejected(too_much_for("card", 500));
    }

    #[test]
    fn winnings_go_anywhere_once_all_deposits_are_back() {
        given(&[paid_in(1, "card", 500), paid_in(2, "bank", 300)])
            .after(ask(1, Some("card"), 500))
            .when(ask(2, Some("bank"), 9_000))
            .then(goes_to(2, "bank", 9_000));
    }

    #[test]
    fn what_failed_to_be_paid_is_left_again() {
        let failed = Event::WithdrawalFailed {
            withdrawal: Withdrawal {
                id: WithdrawalId::example(1, PARTITION),
                amount: eur(500),
                ..withdrawal()
            },
            held: true,
            reason: "declined".to_owned(),
        };
        let events = [paid_in(1, "card", 500), paid_in(2, "bank", 300)];
        let events = events.into_iter().flatten();
        let events = events.chain(goes_to(1, "card", 500)).chain([failed]);
        Scenario::given(events)
            .when(ask(2, Some("bank"), 9_000))
            .then_rejected(too_much_for("bank", 300));
    }

    #[test]
    fn deposits_of_unnamed_instruments_share_one() {
        let confirmed = Event::DepositConfirmed {
            deposit: deposit(),
            provider_event: "e1".to_owned(),
        };
        scenario([Event::DepositRequested(deposit()), confirmed])
            .when(ask_withdrawal())
            .then([Event::WithdrawalRequested(withdrawal())]);
    }

    #[test]
    fn the_same_withdrawal_again_may_leave_the_choice_to_the_house() {
        let asked = || given(&[paid_in(1, "card", 500)]).after(ask(1, None, 400));
        asked().when(ask(1, None, 400)).then_nothing();
        asked().when(ask(1, Some("card"), 400)).then_nothing();
        asked()
            .when(ask(1, Some("bank"), 400))
            .then_rejected(Rejection::PaymentIdTaken);
    }

    proptest! {
        /// Whatever is paid in and asked for: whenever an instrument has got more than came from
        /// it, nothing was left at that moment that came from another.
        #[test]
        fn more_than_came_from_it_is_winnings(
            steps in proptest::collection::vec((any::<bool>(), 0_usize..3, 100_i64..900), 1..60)
        ) {
            let names = ["card", "bank", "wallet"];
            let mut state = scenario([]).state();
            for (number, (pays_in, which, minor)) in (1_u64..).zip(steps) {
                let name = names[which];
                if pays_in {
                    for event in paid_in(number, name, minor) {
                        Payments::evolve(&mut state, &event);
                    }
                    continue;
                }
                let named = (number % 3 != 0).then_some(name);
                let Ok(events) = Payments::decide(&state, &ask(number, named, minor)) else {
                    continue;
                };
                for event in &events {
                    Payments::evolve(&mut state, event);
                }
                let Some(Event::InstrumentNamed { instrument, .. }) = events.last() else {
                    continue;
                };
                let flows = &state.customers[&ANNA].instruments;
                let of = |name: &str| flows.iter().find(|(key, _)| key.instrument == name);
                let got = of(instrument).expect("it has paid in").1;
                let others_rest = flows
                    .iter()
                    .any(|(key, flow)| key.instrument != *instrument && flow.rest_minor() > 0);
                prop_assert!(got.out_minor <= got.in_minor || !others_rest);
            }
        }
    }
}
