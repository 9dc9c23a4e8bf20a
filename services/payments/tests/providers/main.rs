//! The adapters against a real HTTP server that misbehaves: whatever it does, each payment is made
//! once, and its outcome is learnt.

mod misbehaving;
mod webhooks;

use kernel::{Currency, CustomerId, DepositId, Duration, Money, Timestamp, WithdrawalId};
use misbehaving::{Fault, Misbehaving};
use outbound::HttpCaller;
use payments::domain::{Outcome, PaymentRef};
use payments::{
    Action, Answer, Call, Chance, Door, HouseAccount, OPEN_BANKING, OpenBanking, Provider,
    ProviderSecret, STRIPE, StatusAnswer, Stripe, TakenOn, Worker,
};
use schemas::payments as wire;

/// Real time: how long an adapter waits for this server.
const DEADLINE: std::time::Duration = std::time::Duration::from_millis(150);
const DEPOSIT: PaymentRef = PaymentRef::Deposit(DepositId::example(1, 3));
const WITHDRAWAL: PaymentRef = PaymentRef::Withdrawal(WithdrawalId::example(2, 3));

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000).plus(Duration::from_secs(seconds))
}

fn door(server: &Misbehaving) -> Door {
    Door {
        url: server.url.clone(),
        secret: ProviderSecret::new("sk_canary\n"),
        caller: HttpCaller::new(DEADLINE),
    }
}

fn stripe(server: &Misbehaving) -> Stripe {
    Stripe::new(door(server))
}

fn bank(server: &Misbehaving) -> OpenBanking {
    let house = HouseAccount {
        scheme: "UK.OBIE.SortCodeAccountNumber".to_owned(),
        identification: "08080021325698".to_owned(),
        name: "House".to_owned(),
        approve_at: "http://bank/approve?consent=".to_owned(),
    };
    OpenBanking::new(door(server), house)
}

fn call(provider: &str, payment: PaymentRef) -> Call {
    Call {
        provider: provider.to_owned(),
        payment,
        amount: Money::from_minor(500, Currency::Gbp),
        instrument: Some("tok_1".to_owned()),
        requested_at: at(0),
        known_as: None,
        silences: 0,
    }
}

/// Calls and asks as the worker would, in the provider's own time, until the outcome is known.
async fn carry_through(provider: &dyn Provider, mut call: Call) -> Outcome {
    let mut worker = Worker::with(Chance::seeded(1));
    let (customer, amount, requested_at) = (CustomerId::example(9, 3), call.amount, at(0));
    let through = call.provider.clone();
    let event = match &call.payment {
        PaymentRef::Deposit(deposit) => wire::Event::DepositRequested(wire::DepositRequested {
            deposit: *deposit,
            customer,
            amount,
            provider: through,
            requested_at,
        }),
        PaymentRef::Withdrawal(withdrawal) => {
            wire::Event::WithdrawalSubmitted(wire::WithdrawalSubmitted {
                withdrawal: *withdrawal,
                customer,
                amount,
                provider: through,
                requested_at,
            })
        }
        PaymentRef::Unknown(_) => panic!("nobody asks for those"),
    };
    worker.observe(&event, at(0));
    for _ in 0..200 {
        let now = worker.next_due().expect("it is not done");
        for action in worker.due(now) {
            call.known_as.clone_from(&action.call().known_as);
            let payment = &call.payment;
            let told = match action {
                Action::Call(_) => {
                    let answer = provider.call(&call, now).await;
                    worker.called(payment, answer, now)
                }
                Action::Ask(_) => {
                    let answer = provider.status(&call, now).await;
                    worker.asked(payment, answer, now)
                }
            };
            let outcome = told.and_then(|told| match told {
                wire::Command::ReportOutcome(told) => Some(told.outcome),
                _taken_on => None,
            });
            match outcome {
                Some(wire::Outcome::Succeeded(done)) => {
                    return Outcome::Succeeded {
                        amount: done.amount,
                    };
                }
                Some(wire::Outcome::Failed(failed)) => {
                    return Outcome::Failed {
                        reason: failed.reason,
                    };
                }
                None => {}
            }
        }
    }
    panic!("no outcome after 200 steps");
}

fn succeeded() -> Outcome {
    Outcome::Succeeded {
        amount: Money::from_minor(500, Currency::Gbp),
    }
}

#[tokio::test]
async fn whatever_goes_wrong_a_payment_is_made_once() {
    for first in Fault::ALL {
        for second in Fault::ALL {
            let server = Misbehaving::start().await;
            let stripe = stripe(&server);
            for payment in [DEPOSIT, WITHDRAWAL] {
                server.know(|known| known.faults = [first, second].into());
                let call = call(STRIPE, payment);
                let outcome = carry_through(&stripe, call).await;
                assert_eq!(outcome, succeeded(), "{first:?}, {second:?}");
            }
            let moved = server.know(|known| known.moved.clone());
            assert_eq!(
                moved.values().copied().collect::<Vec<_>>(),
                [1, 1],
                "{moved:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_bank_transfer_is_made_once_whatever_goes_wrong() {
    let faults = [
        Fault::Hang,
        Fault::DoThenHang,
        Fault::DoThenBreak,
        Fault::Babble,
    ];
    for first in faults {
        for second in faults {
            let server = Misbehaving::start().await;
            let bank = bank(&server);
            for payment in [DEPOSIT, WITHDRAWAL] {
                server.know(|known| known.faults = [first, second].into());
                let call = call(OPEN_BANKING, payment);
                let outcome = carry_through(&bank, call).await;
                assert_eq!(outcome, succeeded(), "{first:?}, {second:?}");
            }
            let moved = server.know(|known| known.moved.clone());
            assert_eq!(
                moved.values().copied().collect::<Vec<_>>(),
                [1, 1],
                "{moved:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_declined_card_is_an_outcome_with_its_reason() {
    let server = Misbehaving::start().await;
    server.know(|known| known.card = "requires_payment_method");
    let outcome = carry_through(&stripe(&server), call(STRIPE, DEPOSIT)).await;
    let reason = "insufficient_funds".to_owned();
    assert_eq!(outcome, Outcome::Failed { reason });
    assert!(server.know(|known| known.moved.is_empty()));
}

#[tokio::test]
async fn a_card_that_must_be_approved_tells_where() {
    let server = Misbehaving::start().await;
    server.know(|known| known.card = "requires_action");
    let answer = stripe(&server).call(&call(STRIPE, DEPOSIT), at(0)).await;
    let taken_on = TakenOn {
        known_as: Some("pi_0".to_owned()),
        approve_at: Some("http://bank/3ds".to_owned()),
    };
    assert_eq!(answer, Answer::Accepted(taken_on));
}

#[tokio::test]
async fn a_consent_waits_for_the_customer_and_may_be_refused() {
    let server = Misbehaving::start().await;
    server.know(|known| known.consents = "AwaitingAuthorisation");
    let bank = bank(&server);
    let mut call = call(OPEN_BANKING, DEPOSIT);
    let taken_on = TakenOn {
        known_as: Some("consent-0".to_owned()),
        approve_at: Some("http://bank/approve?consent=consent-0".to_owned()),
    };
    assert_eq!(
        bank.call(&call, at(0)).await,
        Answer::Accepted(taken_on.clone())
    );
    call.known_as = taken_on.known_as.clone();
    assert_eq!(
        bank.status(&call, at(1)).await,
        StatusAnswer::Pending(taken_on)
    );
    server.know(|known| known.consents = "Rejected");
    let reason = "consent_rejected".to_owned();
    let refused = StatusAnswer::Outcome {
        event: "consent-0:Rejected".to_owned(),
        outcome: Outcome::Failed { reason },
    };
    assert_eq!(bank.status(&call, at(2)).await, refused);
    assert!(server.know(|known| known.moved.is_empty()));
}

#[tokio::test]
async fn a_call_that_is_too_old_for_its_key_is_not_made_again() {
    let server = Misbehaving::start().await;
    let late = at(23 * 3_600);
    let stripe = stripe(&server);
    assert_eq!(
        stripe.call(&call(STRIPE, DEPOSIT), late).await,
        Answer::NoAnswer
    );
    assert_eq!(
        bank(&server).call(&call(OPEN_BANKING, DEPOSIT), late).await,
        Answer::NoAnswer
    );
    assert_eq!(
        stripe.status(&call(STRIPE, DEPOSIT), late).await,
        StatusAnswer::NeverSeen
    );
    assert!(server.know(|known| known.objects.is_empty()));
}

#[tokio::test]
async fn an_answer_about_something_else_is_none() {
    let server = Misbehaving::start().await;
    let stripe = stripe(&server);
    let first = call(STRIPE, DEPOSIT);
    assert!(matches!(
        stripe.call(&first, at(0)).await,
        Answer::Outcome { .. }
    ));
    let other = Call {
        amount: Money::from_minor(501, Currency::Gbp),
        ..first
    };
    assert_eq!(stripe.call(&other, at(0)).await, Answer::NoAnswer);
    assert_eq!(stripe.status(&other, at(0)).await, StatusAnswer::NoAnswer);
}

#[tokio::test]
async fn without_an_instrument_nobody_is_called() {
    let server = Misbehaving::start().await;
    let call = Call {
        instrument: None,
        ..call(STRIPE, WITHDRAWAL)
    };
    let outcome = carry_through(&stripe(&server), call).await;
    let reason = "instrument_missing".to_owned();
    assert_eq!(outcome, Outcome::Failed { reason });
    assert!(server.know(|known| known.objects.is_empty()));
}

#[tokio::test]
async fn credentials_that_do_not_fit_fail_no_payment() {
    let server = Misbehaving::start().await;
    let door = Door {
        secret: ProviderSecret::new("another"),
        ..door(&server)
    };
    let stripe = Stripe::new(door);
    assert_eq!(
        stripe.call(&call(STRIPE, DEPOSIT), at(0)).await,
        Answer::NoAnswer
    );
    assert_eq!(server.know(|known| known.strangers), 1);
}
