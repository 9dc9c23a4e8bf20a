//! What holds of every history.
//!
//! Sorted input gives the same journal however it is cut into batches: a batch is judged one
//! observation after the other. Across batches the input need not be sorted (partitions are read
//! at different speeds); then the cut decides the order of the facts, which is why the facts are
//! recorded: replay follows the record and gives the same scores.
#![expect(clippy::arithmetic_side_effects, reason = "small numbers of a test")]

use crate::scenarios::{at_ms, bet, customer, eur, told};
use crate::*;
use kernel::{Decider, Price, SelectionId, Timestamp};
use proptest::prelude::*;

fn facts() -> impl Strategy<Value = Fact> {
    prop_oneof![
        6 => (0..40_u64, 0..3_u8, 1..5_000_i64).prop_map(|(number, slip, stake)| bet(number, slip, stake)),
        1 => (1..5_000_i64).prop_map(|minor| Fact::PaidIn { amount: eur(minor) }),
        1 => (1..5_000_i64).prop_map(|minor| Fact::PaidOut { amount: eur(minor) }),
        1 => Just(Fact::SignInFailed),
    ]
}

fn observations() -> impl Strategy<Value = Observation> {
    // Moments close together, minutes apart, and days apart.
    let millis = prop_oneof![0..20_000_i64, 0..7_200_000_i64, 0..900_000_000_i64];
    prop_oneof![
        4 => (1..4_u64, millis.clone(), facts())
            .prop_map(|(who, millis, fact)| told(who, millis, fact)),
        2 => (millis, 150..260_i64).prop_map(|(millis, hundredths)| Observation::Book {
            market: kernel::MarketId::example(7, 1),
            at: at_ms(millis),
            prices: vec![(SelectionId::example(71, 1), Price::ratio(hundredths, 100).unwrap())],
        }),
    ]
}

const fn time_of(observation: &Observation) -> Timestamp {
    match observation {
        Observation::Behaviour { at, .. } | Observation::Book { at, .. } => *at,
    }
}

fn decide_in_batches(batches: &[&[Observation]]) -> (State, Vec<Event>) {
    let mut state = Fraud::initial();
    let mut journal = Vec::new();
    for batch in batches {
        let events = Fraud::decide(&state, &Command::Observe(batch.to_vec())).unwrap();
        for event in &events {
            Fraud::evolve(&mut state, event);
        }
        journal.extend(events);
    }
    (state, journal)
}

fn cut<'a>(observations: &'a [Observation], lengths: &[usize]) -> Vec<&'a [Observation]> {
    let mut rest = observations;
    let mut batches = Vec::new();
    for length in lengths.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (batch, tail) = rest.split_at((*length).min(rest.len()));
        batches.push(batch);
        rest = tail;
    }
    batches
}

proptest! {
    #[test]
    fn sorted_input_gives_the_same_journal_however_it_is_cut(
        mut input in proptest::collection::vec(observations(), 0..120),
        lengths in proptest::collection::vec(1..30_usize, 1..8),
    ) {
        input.sort_by_key(time_of);
        let whole = decide_in_batches(&[&input]);
        prop_assert_eq!(&decide_in_batches(&cut(&input, &lengths)), &whole);
        prop_assert_eq!(&decide_in_batches(&cut(&input, &[1])), &whole);
    }

    #[test]
    fn in_any_order_points_add_up_and_replay_agrees(
        input in proptest::collection::vec(observations(), 0..120),
        lengths in proptest::collection::vec(1..30_usize, 1..8),
    ) {
        let (state, journal) = decide_in_batches(&cut(&input, &lengths));
        let mut replayed = Fraud::initial();
        for event in &journal {
            Fraud::evolve(&mut replayed, event);
            if let Event::CustomerScored { customer, score_permille, reasons, .. } = event {
                let sum: u16 = reasons.iter().map(|reason| reason.points).sum();
                prop_assert_eq!(sum, *score_permille);
                prop_assert!(*score_permille <= 1_000);
                prop_assert_eq!(replayed.customers()[customer].score_permille(), *score_permille);
            }
        }
        prop_assert_eq!(replayed, state);
    }

    #[test]
    fn parts_of_a_state_make_that_state(
        input in proptest::collection::vec(observations(), 0..120),
    ) {
        // What comes after the parts were put together goes on as if they had never been apart.
        let half = input.len() / 2;
        let (state, _) = decide_in_batches(&[&input[..half]]);
        let again = State::from_parts(
            state.customers().clone(), state.tapes().clone(), state.newest(),
        );
        let rest = Command::Observe(input[half..].to_vec());
        prop_assert_eq!(Fraud::decide(&again, &rest), Fraud::decide(&state, &rest));
    }

    #[test]
    fn memory_of_a_customer_is_bounded(
        acts in proptest::collection::vec((facts(), 0..3_000_i64), 300..600),
    ) {
        let mut now = 0;
        let input: Vec<_> = acts.into_iter().map(|(fact, gap_ms)| {
            now += gap_ms;
            told(1, now, fact)
        }).collect();
        let (state, _) = decide_in_batches(&[&input]);
        let known = &state.customers()[&customer(1)];
        prop_assert!(known.bets.len() <= 64);
        prop_assert!(known.deposits.len() <= 64);
        prop_assert!(known.money.len() <= 150);
        prop_assert!(state.tapes().values().all(|tape| tape.legs.len() <= 256));
    }
}
