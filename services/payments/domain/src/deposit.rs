//! Asking for a deposit.
//!
//! Duty: refuse what exclusion, provider or the customer's own limits do not allow, before any
//! money moves. Prohibition: the provider is not called; that follows from the event.

use crate::command::{PaymentRef, RequestDeposit};
use crate::decide::{Rejection, judge_amount, must_be_named};
use crate::event::{Deposit, Event};
use crate::state::State;

pub(crate) fn request(state: &State, command: &RequestDeposit) -> Result<Vec<Event>, Rejection> {
    if let Some(known) = state.deposits.get(&command.deposit) {
        let same = known.deposit.customer == command.customer
            && known.deposit.amount == command.amount
            && known.deposit.provider == command.provider
            && known.instrument == command.instrument;
        return if same {
            Ok(vec![])
        } else {
            Err(Rejection::PaymentIdTaken)
        };
    }
    judge_amount(command.amount, &command.provider, command.terms)?;
    must_be_named(
        command.instrument.as_ref(),
        &command.provider,
        command.terms,
    )?;
    if let Some(customer) = state.customers.get(&command.customer) {
        if let Some(until) = customer.exclusion_at(command.now) {
            return Err(Rejection::CustomerExcluded { until });
        }
        let available = customer.available(command.now, command.amount);
        if let Some(available) = available
            && available.minor() < command.amount.minor()
        {
            return Err(Rejection::DepositLimitReached { available });
        }
    }
    let requested = Event::DepositRequested(Deposit {
        id: command.deposit,
        customer: command.customer,
        amount: command.amount,
        provider: command.provider.clone(),
        requested_at: command.now,
    });
    let named = command
        .instrument
        .as_ref()
        .map(|instrument| Event::InstrumentNamed {
            payment: PaymentRef::Deposit(command.deposit),
            customer: command.customer,
            instrument: instrument.clone(),
        });
    Ok(std::iter::once(requested).chain(named).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{Command, RequestDeposit};
    use crate::customer::{DepositLimits, Window};
    use crate::decide::Payments;
    use crate::examples::*;
    use kernel::{Currency, Decider, DepositId, Duration, Money, Timestamp};
    use proptest::prelude::*;

    fn limited_to(day: i64) -> Event {
        Event::DepositLimitNoticed {
            customer: ANNA,
            limits: DepositLimits {
                day: Some(eur(day)),
                week: None,
                month: None,
            },
        }
    }

    fn another(number: u64, minor: i64, now: Timestamp) -> Command {
        Command::RequestDeposit(RequestDeposit {
            deposit: DepositId::example(number, PARTITION),
            amount: eur(minor),
            now,
            ..deposit_request()
        })
    }

    #[test]
    fn a_deposit_is_asked_for() {
        scenario([])
            .when(ask_deposit())
            .then([Event::DepositRequested(deposit())]);
    }

    #[test]
    fn the_same_deposit_again_changes_nothing() {
        scenario([Event::DepositRequested(deposit())])
            .when(ask_deposit())
            .then_nothing();
    }

    #[test]
    fn an_id_belongs_to_one_deposit() {
        let other = RequestDeposit {
            amount: eur(1),
            ..deposit_request()
        };
        scenario([Event::DepositRequested(deposit())])
            .when(Command::RequestDeposit(other))
            .then_rejected(Rejection::PaymentIdTaken);
    }

    #[test]
    fn a_provider_takes_amounts_within_its_terms() {
        let refused = Rejection::AmountNotAllowed {
            minimum: eur(100),
            maximum: eur(1_000_000),
        };
        for amount in [
            eur(0),
            eur(-500),
            eur(99),
            eur(1_000_001),
            Money::from_minor(500, Currency::Usd),
        ] {
            let command = RequestDeposit {
                amount,
                ..deposit_request()
            };
            scenario([])
                .when(Command::RequestDeposit(command))
                .then_rejected(refused.clone());
        }
        for minor in [100, 1_000_000] {
            assert_eq!(
                scenario([]).when(another(8, minor, at(0))).events().len(),
                1
            );
        }
    }

    #[test]
    fn a_provider_must_exist() {
        let nowhere = RequestDeposit {
            provider: "nobody".to_owned(),
            terms: None,
            ..deposit_request()
        };
        scenario([])
            .when(Command::RequestDeposit(nowhere))
            .then_rejected(Rejection::ProviderUnknown {
                provider: "nobody".to_owned(),
            });
    }

    #[test]
    fn what_could_never_be_paid_back_is_not_taken() {
        let from = |instrument: Option<&str>| {
            Command::RequestDeposit(RequestDeposit {
                instrument: instrument.map(str::to_owned),
                terms: terms_that_need_an_instrument(),
                ..deposit_request()
            })
        };
        scenario([])
            .when(from(None))
            .then_rejected(Rejection::InstrumentMissing {
                provider: "simulator".to_owned(),
            });
        assert_eq!(scenario([]).when(from(Some("card"))).events().len(), 2);
    }

    #[test]
    fn an_excluded_customer_pays_nothing_in() {
        let excluded = || {
            scenario([Event::ExclusionNoticed {
                customer: ANNA,
                until: at(60),
            }])
        };
        excluded()
            .when(another(8, 500, at(59)))
            .then_rejected(Rejection::CustomerExcluded { until: at(60) });
        assert_eq!(excluded().when(another(8, 500, at(60))).events().len(), 1);
    }

    #[test]
    fn a_deposit_beyond_the_limit_is_refused_with_what_is_left() {
        scenario([limited_to(1_000)])
            .after(another(8, 600, at(0)))
            .when(another(9, 401, at(1)))
            .then_rejected(Rejection::DepositLimitReached {
                available: eur(400),
            });
    }

    #[test]
    fn deposits_before_the_notice_count_as_well() {
        scenario([])
            .after(another(8, 600, at(0)))
            .after(Command::NoticeCustomers(vec![
                crate::CustomerNotice::DepositLimit {
                    customer: ANNA,
                    window: Window::Day,
                    amount: Some(eur(1_000)),
                },
            ]))
            .when(another(9, 500, at(1)))
            .then_rejected(Rejection::DepositLimitReached {
                available: eur(400),
            });
    }

    #[test]
    fn a_deposit_leaves_the_window_after_a_day() {
        let day = Window::Day.span();
        let used_up = || scenario([limited_to(1_000)]).after(another(8, 1_000, at(0)));
        used_up()
            .when(another(
                9,
                100,
                at(0).plus(Duration::from_micros(day.micros() - 1)),
            ))
            .then_rejected(Rejection::DepositLimitReached { available: eur(0) });
        let events = used_up().when(another(9, 100, at(0).plus(day))).events();
        assert_eq!(events.len(), 1);
    }

    #[test]
    fn the_tightest_window_binds() {
        let limits = DepositLimits {
            day: Some(eur(1_000)),
            week: Some(eur(700)),
            month: Some(eur(900)),
        };
        scenario([Event::DepositLimitNoticed {
            customer: ANNA,
            limits,
        }])
        .when(another(8, 800, at(0)))
        .then_rejected(Rejection::DepositLimitReached {
            available: eur(700),
        });
    }

    #[test]
    fn a_failed_deposit_counts_no_more() {
        let failed = Event::DepositFailed {
            deposit: deposit(),
            reason: "declined".to_owned(),
        };
        let events = scenario([
            limited_to(deposit().amount.minor()),
            Event::DepositRequested(deposit()),
            failed,
        ])
        .when(another(9, 500, at(1)))
        .events();
        assert_eq!(events.len(), 1);
    }

    #[test]
    fn a_limit_of_another_currency_leaves_nothing() {
        scenario([Event::DepositLimitNoticed {
            customer: ANNA,
            limits: DepositLimits {
                day: Some(Money::from_minor(1_000, Currency::Usd)),
                ..DepositLimits::default()
            },
        }])
        .when(ask_deposit())
        .then_rejected(Rejection::DepositLimitReached { available: eur(0) });
    }

    proptest! {
        /// Wherever a window is laid over the deposits, they stay within its limit.
        #[test]
        fn no_window_ever_holds_more_than_its_limit(
            attempts in proptest::collection::vec((100_i64..400, 0_i64..200_000, any::<bool>()), 1..60)
        ) {
            let limits = DepositLimits { day: Some(eur(700)), week: Some(eur(1_500)), month: Some(eur(3_000)) };
            let mut state = scenario([Event::DepositLimitNoticed { customer: ANNA, limits }]).state();
            let mut now = at(0);
            let mut stand: Vec<(Timestamp, i64)> = Vec::new();
            for (number, (minor, pause, fails)) in (0_u64..).zip(attempts) {
                now = now.plus(Duration::from_secs(pause));
                for event in Payments::decide(&state, &another(number, minor, now)).unwrap_or_default() {
                    Payments::evolve(&mut state, &event);
                    let Event::DepositRequested(deposit) = event else { unreachable!("only requests") };
                    if fails {
                        let failed = Event::DepositFailed { deposit, reason: String::new() };
                        Payments::evolve(&mut state, &failed);
                    } else {
                        stand.push((now, minor));
                    }
                }
            }
            for window in Window::ALL {
                for (end, _) in &stand {
                    let from = end.minus(window.span());
                    let within = stand.iter().filter(|(at, _)| from < *at && at <= end);
                    let sum: i64 = within.map(|(_, minor)| *minor).sum();
                    let limit = limits.over(window).expect("all are set").minor();
                    prop_assert!(sum <= limit, "{sum} in a {window:?} of {limit}");
                }
            }
        }
    }
}
