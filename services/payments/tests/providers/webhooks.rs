//! Call-backs ten times each, shuffled, days late, forged and replayed: one effect each (F47).

use kernel::{Currency, CustomerId, Decider, DepositId, Duration, Money, Timestamp, WithdrawalId};
use payments::domain::{Command, Event, HoldNotice, Payments};
use payments::{CallBacks, Chance, PaymentsService, SIMULATOR, WebhookError, sign, write_report};
use runtime::Service;
use schemas::payments as wire;

const KEY: &[u8] = b"a key of the provider";
const TIMES: usize = 10;
const PAYMENTS: u64 = 60;
const CUSTOMER: CustomerId = CustomerId::example(9, 3);

fn start() -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000)
}

/// A call-back as it is sent at some time.
#[derive(Clone)]
struct Sent {
    id: String,
    timestamp: String,
    signature: String,
    body: Vec<u8>,
}

fn sent(told: &wire::ReportOutcome, amount: Money, at: Timestamp) -> Sent {
    let body = write_report(told, amount);
    let timestamp = (at.micros() / 1_000_000).to_string();
    let signature = sign(KEY, &told.event, &timestamp, &body);
    Sent {
        id: told.event.clone(),
        timestamp,
        signature,
        body,
    }
}

fn taken(
    call_backs: &CallBacks,
    sent: &Sent,
    now: Timestamp,
) -> Result<wire::ReportOutcome, WebhookError> {
    let header = |name: &str| match name {
        "webhook-id" => sent.id.as_str(),
        "webhook-timestamp" => sent.timestamp.as_str(),
        "webhook-signature" => sent.signature.as_str(),
        _other => "",
    };
    let told = call_backs.read(header, &sent.body, now)?;
    Ok(told.expect("the simulator tells outcomes only"))
}

/// The books of one partition, with what was decided.
struct Books {
    state: payments::domain::State,
    events: Vec<Event>,
}

impl Books {
    fn decide(&mut self, command: &Command) {
        for event in Payments::decide(&self.state, command).expect("nothing is refused") {
            Payments::evolve(&mut self.state, &event);
            self.events.push(event);
        }
    }

    fn ask(&mut self, command: wire::Command) {
        let command = PaymentsService::request(3, command, &(), start());
        self.decide(&command);
    }
}

/// Deposits and held withdrawals by turns, and what the provider will say of each: one in five
/// fails.
fn open(books: &mut Books) -> Vec<(wire::ReportOutcome, Money)> {
    let amount_of =
        |number: u64| Money::from_minor(500 + i64::try_from(number).unwrap(), Currency::Eur);
    let provider = SIMULATOR.to_owned();
    (0..PAYMENTS)
        .map(|number| {
            let amount = amount_of(number);
            let payment = if number % 2 == 0 {
                let deposit = DepositId::example(number, 3);
                books.ask(wire::Command::RequestDeposit(wire::RequestDeposit {
                    deposit,
                    customer: CUSTOMER,
                    amount,
                    provider: provider.clone(),
                }));
                wire::Payment::Deposit(wire::DepositRef { deposit })
            } else {
                let withdrawal = WithdrawalId::example(number, 3);
                books.ask(wire::Command::RequestWithdrawal(wire::RequestWithdrawal {
                    withdrawal,
                    customer: CUSTOMER,
                    amount,
                    provider: provider.clone(),
                }));
                let held = HoldNotice {
                    withdrawal,
                    refused: None,
                };
                books.decide(&Command::NoticeHolds(vec![held]));
                wire::Payment::Withdrawal(wire::WithdrawalRef { withdrawal })
            };
            let outcome = if number % 5 == 0 {
                let reason = "declined".to_owned();
                wire::Outcome::Failed(wire::Failed { reason })
            } else {
                wire::Outcome::Succeeded(wire::Succeeded { amount })
            };
            let told = wire::ReportOutcome {
                provider: provider.clone(),
                event: format!("evt_{number}"),
                payment,
                outcome,
                occurred_at: start(),
            };
            (told, amount)
        })
        .collect()
}

#[test]
fn ten_times_each_shuffled_and_late_is_one_effect_each() {
    for seed in 0..20 {
        let mut chance = Chance::seeded(seed);
        let mut draw = |below: usize| {
            let drawn = chance.up_to(Duration::from_micros(i64::try_from(below - 1).unwrap()));
            usize::try_from(drawn.micros()).unwrap()
        };
        let call_backs = CallBacks::new(SIMULATOR, &[KEY.to_vec()], 8).expect("it exists");
        let mut books = Books {
            state: Payments::initial(),
            events: Vec::new(),
        };
        let told = open(&mut books);
        let mut to_send: Vec<usize> = (0..told.len()).flat_map(|one| [one; TIMES]).collect();
        for last in (1..to_send.len()).rev() {
            to_send.swap(last, draw(last + 1));
        }
        let opened = books.events.len();
        for (number, which) in to_send.iter().enumerate() {
            // Up to a week passes between the first and the last of them.
            let now = start().plus(Duration::from_secs(1_000 * i64::try_from(number).unwrap()));
            let (told, amount) = &told[*which];
            let good = sent(told, *amount, now);
            let bad = match draw(4) {
                0 => Sent {
                    signature: sign(b"another key", &good.id, &good.timestamp, &good.body),
                    ..good.clone()
                },
                1 => Sent {
                    body: [&good.body[..], b" "].concat(),
                    ..good.clone()
                },
                2 => Sent {
                    id: "evt_new".to_owned(),
                    ..good.clone()
                },
                _ => sent(told, *amount, now.minus(Duration::from_secs(301))),
            };
            assert!(taken(&call_backs, &bad, now).is_err());
            let told = taken(&call_backs, &good, now).expect("it is signed");
            books.ask(wire::Command::ReportOutcome(told));
        }
        let outcomes = &books.events[opened..];
        assert_eq!(outcomes.len(), told.len(), "seed {seed}");
        let paid = outcomes.iter().filter(|event| {
            matches!(
                event,
                Event::DepositConfirmed { .. } | Event::WithdrawalPaid { .. }
            )
        });
        assert_eq!(paid.count(), told.len() * 4 / 5, "seed {seed}");
    }
}

#[test]
fn a_message_that_was_good_is_not_good_for_ever() {
    let call_backs = CallBacks::new(SIMULATOR, &[KEY.to_vec()], 8).expect("it exists");
    let mut books = Books {
        state: Payments::initial(),
        events: Vec::new(),
    };
    let (told, amount) = open(&mut books).remove(1);
    let message = sent(&told, amount, start());
    assert!(
        taken(
            &call_backs,
            &message,
            start().plus(Duration::from_secs(300))
        )
        .is_ok()
    );
    let replayed = taken(
        &call_backs,
        &message,
        start().plus(Duration::from_secs(301)),
    );
    assert_eq!(replayed, Err(WebhookError::TimeOutOfTolerance));
}
