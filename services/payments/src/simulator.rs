//! A provider in this process, that does what the amount tells it to.
//!
//! Duty: every outcome that a real provider may give, on demand: most amounts succeed at once,
//! the magic ones do not. Its call-backs are signed like a real provider's and go the same way.
//!
//! Prohibition: no clock and no randomness: the same calls at the same times give the same
//! answers.

use crate::provider::{Answer, Call, Provider, ProviderFuture, SIMULATOR, StatusAnswer, TakenOn};
use crate::webhook::{sign, write_report};
use crate::worker::report;
use kernel::{Duration, Timestamp};
use payments_domain::{Outcome, PaymentRef};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What the simulator does with a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Script {
    /// Answers with success.
    SucceedAtOnce,
    /// Answers with failure.
    Decline,
    /// Does not answer, succeeds, and tells by call-back.
    TimeOutThenSucceed,
    /// Answers with success and tells it twice more by call-back.
    SucceedAndTellTwice,
    /// Never answers anything.
    NeverAnswer,
    /// Answers with success and later claims that it failed.
    SucceedThenContradict,
}

/// An amount that forces an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MagicAmount {
    /// The amount in minor units of whatever currency.
    pub minor: i64,
    /// What it forces.
    pub script: Script,
    /// The same for people.
    pub meaning: &'static str,
}

/// All magic amounts. Every other amount succeeds at once.
pub const MAGIC_AMOUNTS: [MagicAmount; 5] = [
    MagicAmount {
        minor: 40_01,
        script: Script::Decline,
        meaning: "declined at once",
    },
    MagicAmount {
        minor: 40_02,
        script: Script::TimeOutThenSucceed,
        meaning: "the call is not answered; a call-back confirms it two seconds later",
    },
    MagicAmount {
        minor: 40_03,
        script: Script::SucceedAndTellTwice,
        meaning: "confirmed at once, and told twice more by call-back",
    },
    MagicAmount {
        minor: 40_04,
        script: Script::NeverAnswer,
        meaning: "never answered; the payment stays pending",
    },
    MagicAmount {
        minor: 40_05,
        script: Script::SucceedThenContradict,
        meaning: "confirmed at once; a call-back later claims that it failed",
    },
];

/// How long after a call its call-back is sent.
const CALL_BACK_AFTER: Duration = Duration::from_secs(2);

/// A call-back, ready to be posted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedWebhook {
    /// Header `webhook-id`.
    pub id: String,
    /// Header `webhook-timestamp`, in seconds.
    pub timestamp: String,
    /// Header `webhook-signature`.
    pub signature: String,
    /// The body.
    pub body: Vec<u8>,
}

/// The simulated provider.
pub struct Simulator {
    key: Vec<u8>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    payments: BTreeMap<PaymentRef, (Call, Timestamp)>,
    call_backs: Vec<(Timestamp, PaymentRef, Told)>,
}

/// What the simulator may tell of a payment.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Told {
    Success,
    Decline,
    Contradiction,
}

impl Simulator {
    /// A simulator that signs its call-backs with this key.
    #[must_use]
    pub fn new(key: &[u8]) -> Self {
        Self {
            key: key.to_vec(),
            known: Mutex::new(Known::default()),
        }
    }

    /// The call-backs that are to be sent by now, each once (those that tell twice, twice).
    #[must_use]
    pub fn call_backs_due(&self, now: Timestamp) -> Vec<SignedWebhook> {
        let mut known = self.known();
        let (due, later) = std::mem::take(&mut known.call_backs)
            .into_iter()
            .partition::<Vec<_>, _>(|(at, _, _)| *at <= now);
        known.call_backs = later;
        let calls = due
            .into_iter()
            .filter_map(|(_, payment, told)| Some((known.payments.get(&payment)?.0.clone(), told)));
        calls
            .map(|(call, told)| self.call_back(&call, told, now))
            .collect()
    }

    fn call_back(&self, call: &Call, told: Told, now: Timestamp) -> SignedWebhook {
        let (event, outcome) = tell(call, told);
        let told = report(SIMULATOR, &call.payment, event, outcome, now);
        let body = write_report(&told, call.amount);
        let id = told.event;
        let timestamp = now.micros().div_euclid(1_000_000).to_string();
        let signature = sign(&self.key, &id, &timestamp, &body);
        SignedWebhook {
            id,
            timestamp,
            signature,
            body,
        }
    }

    /// Takes a call on, once per reference; later calls are answered like the first.
    fn take_on(&self, call: &Call, now: Timestamp) -> Answer {
        let mut known = self.known();
        let first = !known.payments.contains_key(&call.payment);
        let (call, _) = known
            .payments
            .entry(call.payment.clone())
            .or_insert_with(|| (call.clone(), now))
            .clone();
        let script = script_of(&call);
        if first {
            let at = now.plus(CALL_BACK_AFTER);
            let later: &[Told] = match script {
                Script::TimeOutThenSucceed => &[Told::Success],
                Script::SucceedAndTellTwice => &[Told::Success, Told::Success],
                Script::SucceedThenContradict => &[Told::Contradiction],
                Script::SucceedAtOnce | Script::Decline | Script::NeverAnswer => &[],
            };
            let call_backs = later.iter().map(|told| (at, call.payment.clone(), *told));
            known.call_backs.extend(call_backs);
        }
        let told = match script {
            Script::TimeOutThenSucceed | Script::NeverAnswer => return Answer::NoAnswer,
            Script::Decline => Told::Decline,
            Script::SucceedAtOnce | Script::SucceedAndTellTwice | Script::SucceedThenContradict => {
                Told::Success
            }
        };
        let (event, outcome) = tell(&call, told);
        Answer::Outcome { event, outcome }
    }

    fn tell_status(&self, payment: &PaymentRef, now: Timestamp) -> StatusAnswer {
        let known = self.known();
        let Some((call, taken_at)) = known.payments.get(payment) else {
            return StatusAnswer::NeverSeen;
        };
        let told = match script_of(call) {
            Script::NeverAnswer => return StatusAnswer::NoAnswer,
            Script::TimeOutThenSucceed if now < taken_at.plus(CALL_BACK_AFTER) => {
                return StatusAnswer::Pending(TakenOn::default());
            }
            Script::Decline => Told::Decline,
            Script::TimeOutThenSucceed
            | Script::SucceedAtOnce
            | Script::SucceedAndTellTwice
            | Script::SucceedThenContradict => Told::Success,
        };
        let (event, outcome) = tell(call, told);
        StatusAnswer::Outcome { event, outcome }
    }

    /// No call panics while it holds the lock, so a poisoned one is as good as another.
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Provider for Simulator {
    fn call<'a>(&'a self, call: &'a Call, now: Timestamp) -> ProviderFuture<'a, Answer> {
        Box::pin(std::future::ready(self.take_on(call, now)))
    }

    fn status<'a>(&'a self, call: &'a Call, now: Timestamp) -> ProviderFuture<'a, StatusAnswer> {
        Box::pin(std::future::ready(self.tell_status(&call.payment, now)))
    }
}

fn script_of(call: &Call) -> Script {
    MAGIC_AMOUNTS
        .iter()
        .find(|magic| magic.minor == call.amount.minor())
        .map_or(Script::SucceedAtOnce, |magic| magic.script)
}

/// The event's id follows from the payment, so that answer, status and call-back of one outcome
/// are one event.
fn tell(call: &Call, told: Told) -> (String, Outcome) {
    let reference = call.payment.reference();
    match told {
        Told::Success => (
            format!("evt_{reference}_succeeded"),
            Outcome::Succeeded {
                amount: call.amount,
            },
        ),
        Told::Decline => (
            format!("evt_{reference}_declined"),
            Outcome::Failed {
                reason: "declined".to_owned(),
            },
        ),
        Told::Contradiction => (
            format!("evt_{reference}_reversed"),
            Outcome::Failed {
                reason: "reversed".to_owned(),
            },
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::webhook::{WebhookHeaders, WebhookKeys, read_report};
    use kernel::{Currency, DepositId, Money};

    const KEY: &[u8] = b"a key of the simulator";
    const PAYMENT: PaymentRef = PaymentRef::Deposit(DepositId::example(1, 3));

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds.saturating_mul(1_000))
    }

    fn call(minor: i64) -> Call {
        Call {
            provider: SIMULATOR.to_owned(),
            payment: PAYMENT,
            amount: Money::from_minor(minor, Currency::Eur),
            instrument: None,
            requested_at: at(0),
            known_as: None,
            silences: 0,
        }
    }

    fn success(answer: &Answer) -> bool {
        matches!(
            answer,
            Answer::Outcome {
                outcome: Outcome::Succeeded { .. },
                ..
            }
        )
    }

    #[test]
    fn ordinary_amounts_succeed_and_are_known_afterwards() {
        let simulator = Simulator::new(KEY);
        assert_eq!(
            simulator.tell_status(&PAYMENT, at(0)),
            StatusAnswer::NeverSeen
        );
        let answer = simulator.take_on(&call(1_000), at(0));
        assert!(success(&answer));
        assert_eq!(simulator.take_on(&call(1_000), at(1)), answer);
        let Answer::Outcome { event, outcome } = answer else {
            unreachable!("it has succeeded");
        };
        let status = simulator.tell_status(&PAYMENT, at(1));
        assert_eq!(status, StatusAnswer::Outcome { event, outcome });
        assert!(simulator.call_backs_due(at(100)).is_empty());
    }

    #[test]
    fn a_repeated_reference_moves_no_other_amount() {
        let simulator = Simulator::new(KEY);
        let first = simulator.take_on(&call(1_000), at(0));
        assert_eq!(simulator.take_on(&call(2_000), at(1)), first);
    }

    #[test]
    fn a_time_out_is_told_by_one_call_back_that_verifies() {
        let simulator = Simulator::new(KEY);
        assert_eq!(simulator.take_on(&call(40_02), at(0)), Answer::NoAnswer);
        assert_eq!(
            simulator.tell_status(&PAYMENT, at(1)),
            StatusAnswer::Pending(TakenOn::default())
        );
        assert!(simulator.call_backs_due(at(1)).is_empty());
        let sent = simulator.call_backs_due(at(2));
        let [sent] = sent.as_slice() else {
            panic!("expected one call-back, got {sent:?}");
        };
        let headers = WebhookHeaders {
            id: &sent.id,
            timestamp: &sent.timestamp,
            signature: &sent.signature,
        };
        let keys = WebhookKeys::new(vec![KEY.to_vec()]);
        assert_eq!(keys.verify(&headers, &sent.body, at(3)), Ok(()));
        let told = read_report(SIMULATOR, &sent.body, 8).expect("readable");
        assert_eq!(told.event, sent.id);
        assert!(simulator.call_backs_due(at(9)).is_empty());
    }

    #[test]
    fn each_magic_amount_does_what_it_says() {
        let simulate = |minor| {
            let simulator = Simulator::new(KEY);
            let answer = simulator.take_on(&call(minor), at(0));
            (answer, simulator.call_backs_due(at(2)))
        };
        let (declined, none) = simulate(40_01);
        assert!(matches!(
            declined,
            Answer::Outcome {
                outcome: Outcome::Failed { .. },
                ..
            }
        ));
        assert!(none.is_empty());
        let (told, twice) = simulate(40_03);
        assert!(success(&told));
        assert_eq!(twice.len(), 2);
        assert_eq!(twice.first(), twice.last());
        let (silent, none) = simulate(40_04);
        assert_eq!((silent, none), (Answer::NoAnswer, vec![]));
        let (told, contradiction) = simulate(40_05);
        assert!(success(&told));
        assert_eq!(contradiction.len(), 1);
    }
}
