//! From other journals' decisions to rows and snapshots, without a log.

use crate::{FraudService, rows};
use fraud_domain::{Event, Fact, Fraud, State};
use kernel::{
    BetId, CashOutQuoteId, CorrelationId, Currency, CustomerId, Decider, DepositId, FixtureId,
    MarketId, Money, SelectionId, Timestamp, Topic, TopicPartition, WithdrawalId,
};
use runtime::Service;
use schemas::rows::{CaseClosedRow, CaseRow, RestrictionRow, table};
use schemas::{
    Body, ClaimId, Decision, Events, Header, Kind, Wire, auth, bets, fraud as wire, odds, payments,
};
use std::sync::Arc;

const CUSTOMER: CustomerId = CustomerId::example(1, 2);
const MARKET: MarketId = MarketId::example(4, 1);
const HOME: SelectionId = SelectionId::example(5, 1);
const AWAY: SelectionId = SelectionId::example(6, 1);

fn eur(minor: i64) -> Money {
    Money::from_minor(minor, Currency::Eur)
}

fn decision(topic: Topic, millis: i64, events: Events) -> Decision {
    let offset = u64::try_from(millis).unwrap();
    Decision {
        position: TopicPartition::new(topic, 2).at(offset),
        header: Header {
            kind: Kind::Decision,
            epoch: 1,
            claim_id: ClaimId::default(),
            seq: offset,
            confirmed: 0,
            prev: None,
            cause: None,
            consumed: vec![],
            request_id: None,
            request_digest: None,
            correlation_id: CorrelationId::default(),
            decided_at: Timestamp::from_millis(millis),
        },
        events,
    }
}

fn says<E, R>(events: impl IntoIterator<Item = E>) -> Body<E, R> {
    Body {
        rejection: None,
        events: events.into_iter().collect(),
    }
}

fn placed(number: u64, selections: &[SelectionId]) -> bets::Event {
    placed_by(CUSTOMER, number, selections)
}

fn placed_by(customer: CustomerId, number: u64, selections: &[SelectionId]) -> bets::Event {
    let price = "2.50".parse().unwrap();
    let legs = selections.iter().map(|selection| bets::StruckLeg {
        selection: *selection,
        market: MARKET,
        fixture: FixtureId::example(9, 1),
        requested_price: price,
        price,
        market_version: 1,
        book_position: TopicPartition::new(Topic::OddsEvents, 1).at(1),
        in_play: false,
        selection_name: "Home".to_owned(),
        market_name: "Match result".to_owned(),
        fixture_name: "Home v Away".to_owned(),
    });
    bets::Event::BetPlaced(bets::BetPlaced {
        bet: BetId::example(number, 2),
        customer,
        bet_type: bets::BetType::Single,
        legs: legs.collect(),
        stake: eur(500),
        price_policy: bets::PricePolicy::Exact,
        each_way: false,
        client_ref: None,
        potential_return: eur(1_250),
        rules_version: 1,
        placed_at: Timestamp::from_millis(0),
    })
}

fn bet(millis: i64, events: impl IntoIterator<Item = bets::Event>) -> Decision {
    decision(Topic::BetsEvents, millis, Events::BetsEvents(says(events)))
}

fn book(millis: i64, home: &str) -> Decision {
    let published = odds::BookPublished {
        market: MARKET,
        version: 2,
        prices: vec![
            odds::SelectionPrice {
                selection: HOME,
                price: Some(home.parse().unwrap()),
            },
            odds::SelectionPrice {
                selection: AWAY,
                price: None,
            },
        ],
        source: "sim".to_owned(),
        source_sequence: 1,
        published_at: Timestamp::from_millis(millis),
    };
    let body = says([odds::Event::BookPublished(published)]);
    decision(Topic::OddsEvents, millis, Events::OddsEvents(body))
}

fn deposit(millis: i64, minor: i64) -> Decision {
    let confirmed = payments::DepositConfirmed {
        deposit: DepositId::example(1, 2),
        customer: CUSTOMER,
        amount: eur(minor),
        provider: "bank".to_owned(),
        provider_event: "e1".to_owned(),
        requested_at: Timestamp::from_millis(millis),
    };
    let body = says([payments::Event::DepositConfirmed(confirmed)]);
    decision(Topic::PaymentsEvents, millis, Events::PaymentsEvents(body))
}

fn withdrawal(millis: i64, minor: i64) -> Decision {
    let submitted = payments::WithdrawalSubmitted {
        withdrawal: WithdrawalId::example(1, 2),
        customer: CUSTOMER,
        amount: eur(minor),
        provider: "bank".to_owned(),
        requested_at: Timestamp::from_millis(millis),
    };
    let body = says([payments::Event::WithdrawalSubmitted(submitted)]);
    decision(Topic::PaymentsEvents, millis, Events::PaymentsEvents(body))
}

/// A large withdrawal: its money is held, and at the end two persons have approved it.
fn reviewed_withdrawal(minor: i64) -> [Decision; 2] {
    let reviewed = payments::ReviewedWithdrawal {
        withdrawal: WithdrawalId::example(1, 2),
        customer: CUSTOMER,
        amount: eur(minor),
        provider: "bank".to_owned(),
        requested_at: Timestamp::from_millis(2),
        review_from: eur(minor),
        approvals: vec![],
    };
    let started = payments::WithdrawalReviewStarted {
        reviewed: reviewed.clone(),
    };
    let approved = payments::WithdrawalApproved {
        reviewed: reviewed.clone(),
        approval: payments::WithdrawalApproval {
            reason: "seen".to_owned(),
            by: "otto".to_owned(),
            approved_at: Timestamp::from_millis(4),
        },
        last: true,
    };
    let submitted = payments::WithdrawalSubmitted {
        withdrawal: reviewed.withdrawal,
        customer: CUSTOMER,
        amount: reviewed.amount,
        provider: reviewed.provider,
        requested_at: reviewed.requested_at,
    };
    let held = says([payments::Event::WithdrawalReviewStarted(started)]);
    let gone = says([
        payments::Event::WithdrawalApproved(approved),
        payments::Event::WithdrawalSubmitted(submitted),
    ]);
    [(3, held), (5, gone)]
        .map(|(millis, body)| decision(Topic::PaymentsEvents, millis, Events::PaymentsEvents(body)))
}

fn failed_sign_in(millis: i64) -> Decision {
    let failed = auth::SignInFailed {
        customer: CUSTOMER,
        failures: 1,
        blocked_until: None,
    };
    let body = says([auth::Event::SignInFailed(failed)]);
    decision(Topic::AuthEvents, millis, Events::AuthEvents(body))
}

fn merge(batch: &[Decision]) -> Option<fraud_domain::Command> {
    let batch: Vec<_> = batch.iter().cloned().map(Arc::new).collect();
    FraudService::merge(2, &batch, Timestamp::from_millis(0))
}

/// Decides on the batch and folds the events as they come back from their bytes.
fn run(state: &mut State, batch: &[Decision]) -> Vec<Event> {
    let events = Fraud::decide(state, &merge(batch).unwrap()).unwrap();
    let written: Vec<_> = events.iter().map(FraudService::event_to_wire).collect();
    let bytes = says::<wire::Event, wire::Rejection>(written).to_bytes();
    runtime::fold::<FraudService>(state, schemas::Input::new(&bytes)).unwrap();
    events
}

fn fact(event: &Event) -> Option<&Fact> {
    if let Event::CustomerObserved { fact, .. } = event {
        Some(fact)
    } else {
        None
    }
}

#[test]
fn each_fact_that_a_rule_reads_is_taken_from_its_journal() {
    let batch = [
        bet(1, [placed(1, &[HOME])]),
        deposit(2, 900),
        withdrawal(3, 100),
        failed_sign_in(4),
    ];
    let events = run(&mut Fraud::initial(), &batch);
    let facts: Vec<_> = events.iter().filter_map(fact).collect();
    assert!(
        matches!(
            facts[..],
            [
                Fact::BetTaken(_),
                Fact::PaidIn { .. },
                Fact::PaidOut { .. },
                Fact::SignInFailed
            ]
        ),
        "{facts:?}"
    );
    assert!(events.iter().any(|event| matches!(
        event,
        Event::CustomerObserved { source, at, .. }
            if *source == batch[3].position && *at == Timestamp::from_millis(4)
    )));
}

#[test]
fn a_batch_without_a_fact_is_silent() {
    let heartbeat = odds::Event::HeartbeatSent(odds::HeartbeatSent {
        at: Timestamp::from_millis(1),
    });
    let odds = decision(Topic::OddsEvents, 1, Events::OddsEvents(says([heartbeat])));
    assert_eq!(merge(&[odds]), None);
    let accepted_later = bets::Event::BetHeld(bets::BetHeld {
        bet: BetId::example(1, 2),
    });
    assert_eq!(merge(&[bet(1, [accepted_later])]), None);
}

#[test]
fn odds_traffic_is_recorded_only_where_it_beats_a_fresh_bet() {
    let mut state = Fraud::initial();
    assert_eq!(run(&mut state, &[book(1, "2.40")]), []);
    run(&mut state, &[bet(2, [placed(1, &[HOME])])]);
    assert_eq!(run(&mut state, &[book(3, "2.60")]), []);
    let events = run(&mut state, &[book(4, "2.40")]);
    assert!(matches!(events[..], [Event::PriceMoveObserved { .. }]));
    assert_eq!(run(&mut state, &[book(20_000, "2.30")]), []);
}

#[test]
fn refused_and_void_stakes_come_back_and_lost_ones_do_not() {
    let rejected = bets::Event::BetRejected(bets::BetRejected {
        bet: BetId::example(1, 2),
        customer: CUSTOMER,
        held: true,
        stake: eur(500),
        rejection: bets::Rejection {
            reason: bets::RejectionReason::AccountBlocked(bets::AccountBlocked {}),
        },
    });
    let settled = |outcome| {
        bets::Event::BetSettled(bets::BetSettled {
            bet: BetId::example(1, 2),
            customer: CUSTOMER,
            settlement: 1,
            stake: eur(500),
            returned: eur(500),
            exact: "500".to_owned(),
            outcome,
            settled_at: Timestamp::from_millis(5),
        })
    };
    let returned = Fact::BetReturned {
        bet: BetId::example(1, 2),
        returned: eur(500),
    };
    for event in [rejected, settled(bets::SlipOutcome::Void)] {
        let events = run(&mut Fraud::initial(), &[bet(1, [event])]);
        assert_eq!(events.first().and_then(fact), Some(&returned));
    }
    assert_eq!(merge(&[bet(1, [settled(bets::SlipOutcome::Lost)])]), None);
}

/// The persons who look at it are to see what follows from it.
#[test]
fn a_large_withdrawal_is_on_its_way_out_before_anybody_approves_it_and_only_once() {
    let [held, gone] = reviewed_withdrawal(97_000);
    let events = run(&mut Fraud::initial(), &[deposit(1, 100_000), held]);
    let amount = eur(97_000);
    assert!(
        events
            .iter()
            .filter_map(fact)
            .any(|fact| *fact == Fact::PaidOut { amount })
    );
    assert_eq!(merge(&[gone]), None);
}

#[test]
fn of_a_stake_that_is_sold_back_only_what_the_sale_lost_was_played() {
    let sold = |amount| {
        bets::Event::CashedOut(bets::CashedOut {
            bet: BetId::example(1, 2),
            customer: CUSTOMER,
            quote: CashOutQuoteId::example(1, 2),
            fraction_millionths: 1_000_000,
            settlement: 1,
            stake: eur(500),
            amount: eur(amount),
            worth: bets::CashOutWorth {
                rules_version: 1,
                margin_permille: 50,
                fair: "1".to_owned(),
                exact: "1".to_owned(),
                legs: vec![],
            },
            stake_left: eur(0),
            potential_return_left: eur(0),
            stake_sold_total: eur(500),
            amount_total: eur(amount),
            cashed_out_at: Timestamp::from_millis(5),
            liabilities: vec![],
        })
    };
    for (amount, returned) in [(475, 475), (900, 500)] {
        let events = run(&mut Fraud::initial(), &[bet(1, [sold(amount)])]);
        let told = Fact::BetReturned {
            bet: BetId::example(1, 2),
            returned: eur(returned),
        };
        assert_eq!(events.first().and_then(fact), Some(&told));
    }
}

#[test]
fn slips_are_identical_whatever_the_order_of_their_legs() {
    let digest = |selections: &[SelectionId]| {
        let events = run(&mut Fraud::initial(), &[bet(1, [placed(1, selections)])]);
        match events.first().and_then(fact) {
            Some(Fact::BetTaken(taken)) => taken.slip_digest,
            other => panic!("expected a bet, got {other:?}"),
        }
    };
    assert_eq!(digest(&[HOME, AWAY]), digest(&[AWAY, HOME]));
    assert_ne!(digest(&[HOME]), digest(&[AWAY]));
}

/// A history that opens a case and restricts: unplayed money out, and one slip six times.
fn suspicious() -> Vec<Decision> {
    let mut batch = vec![deposit(1, 100_000), withdrawal(2, 97_000)];
    batch.extend((3..9).map(|n| bet(n, [placed(n.unsigned_abs(), &[HOME])])));
    batch
}

#[test]
fn a_snapshot_gives_the_same_state_and_the_same_bytes() {
    let mut state = Fraud::initial();
    run(&mut state, &suspicious());
    run(&mut state, &[book(10, "2.40")]);
    let bytes = FraudService::snapshot(&state);
    let restored = FraudService::restore(&bytes).unwrap();
    assert_eq!(restored, state);
    assert_eq!(FraudService::snapshot(&restored), bytes);
    assert!(FraudService::restore(&bytes[..bytes.len() - 1]).is_err());
}

#[test]
fn case_end_and_restriction_are_rows() {
    let mut state = Fraud::initial();
    let events = run(&mut state, &suspicious());
    let case = state.customers()[&CUSTOMER].open_case.unwrap();
    let close = fraud_domain::Command::CloseCase(fraud_domain::CloseCase {
        case,
        customer: CUSTOMER,
        verdict: fraud_domain::Verdict::Cleared,
        note: "salary".to_owned(),
        by: "ines".to_owned(),
    });
    let closing = Fraud::decide(&state, &close).unwrap();
    let all = |millis, events: &[Event]| {
        let written = events.iter().map(FraudService::event_to_wire);
        rows(&decision(
            Topic::FraudEvents,
            millis,
            Events::FraudEvents(says(written)),
        ))
    };

    let opened = all(50, &events);
    let tables: Vec<_> = opened.iter().map(|row| (row.table, row.seq)).collect();
    assert_eq!(tables, [(table::CASE, 50), (table::RESTRICTION, 50)]);
    assert_eq!(opened[0].key, case.to_bytes());
    let row = CaseRow::from_bytes(&opened[0].value).unwrap();
    assert_eq!((row.case, row.customer), (case, CUSTOMER));
    assert_eq!(row.opened_at, Timestamp::from_millis(50));
    let points: u16 = row.reasons.iter().map(|reason| reason.points).sum();
    assert_eq!(points, row.score_permille);
    assert_eq!(opened[1].key, CUSTOMER.to_bytes());
    let row = RestrictionRow::from_bytes(&opened[1].value).unwrap();
    assert_eq!(row.stake_permille, 200);

    let closed = all(60, &closing);
    let tables: Vec<_> = closed.iter().map(|row| row.table).collect();
    assert_eq!(tables, [table::CASE_CLOSED, table::RESTRICTION]);
    let row = CaseClosedRow::from_bytes(&closed[0].value).unwrap();
    assert_eq!((row.case, row.by.as_str()), (case, "ines"));
    assert_eq!(row.verdict, wire::Verdict::Cleared);
    let row = RestrictionRow::from_bytes(&closed[1].value).unwrap();
    assert_eq!(row.stake_permille, 1_000);
}

#[test]
fn each_partition_reads_its_customers_and_all_of_odds() {
    let causes = FraudService::causes(2, 4);
    assert_eq!(causes.len(), 7);
    assert!(causes.contains(&TopicPartition::new(Topic::BetsEvents, 2)));
    assert!(causes.contains(&TopicPartition::new(Topic::OddsEvents, 0)));
    assert!(!causes.contains(&TopicPartition::new(Topic::BetsEvents, 0)));
}

/// The runtime must not put more than this many events of other journals into one batch.
const OBSERVED_MAX: u64 = 512;
const RECORD_MAX: usize = 1_000_000;

#[test]
fn the_heaviest_batch_of_five_hundred_events_fits_one_record() {
    // Eight legs each, all of them identical slips of few customers, so that nearly every bet
    // changes its customer's score, and then a book that beats every one of them.
    let legs = [HOME; 8];
    let mut state = Fraud::initial();
    let mut batch: Vec<_> = (0..OBSERVED_MAX - 1)
        .map(|n| {
            let customer = CustomerId::example(n % 40, 2);
            bet(i64::try_from(n).unwrap(), [placed_by(customer, n, &legs)])
        })
        .collect();
    batch.push(book(1_000, "2.40"));
    let events = run(&mut state, &batch);
    let written: Vec<_> = events.iter().map(FraudService::event_to_wire).collect();
    let bytes = says::<wire::Event, wire::Rejection>(written).to_bytes();
    let scores = events
        .iter()
        .filter(|event| matches!(event, Event::CustomerScored { .. }))
        .count();
    assert!(scores > 200, "{scores} scores");
    eprintln!(
        "{} bytes, {scores} scores, {} events",
        bytes.len(),
        events.len()
    );
    assert!(bytes.len() < RECORD_MAX / 2, "{} bytes", bytes.len());
}
