//! A slip's life through the service as the owner task drives it.

use super::*;
use schemas::bets::{self as wire, Event, SlipOutcome};

#[test]
fn placed_held_settled_withdrawn_settled_anew() {
    let mut partition = Partition::new();
    let placed = partition.request(place(1), at(10));
    assert!(
        matches!(&placed[..], [Event::BetPlaced(p)] if p.legs[0].fixture_name == "Rovers v Town"
        && p.legs[0].book_position == position(Topic::OddsEvents, 2)
        && p.potential_return == eur(2_500))
    );

    let struck = partition.react(&ledger_decision(vec![held(1, 0)]), at(12));
    assert!(matches!(&struck[..], [Event::BetAccepted(a)] if a.liabilities[0].slips == 1));

    let won = odds_decision(3, at(20), vec![resulted(1, odds::OutcomeKind::Won)]);
    let started = partition.react(&won, at(20));
    assert!(matches!(&started[..], [Event::SettlementStarted(s)] if s.open_slips == 1));
    assert!(partition.react(&won, at(20)).is_empty(), "a repeat");
    let settled = partition.rest(at(21));
    assert!(matches!(
        &settled[..],
        [Event::LegDecided(_), Event::BetSettled(s), Event::SettlementAdvanced(_)]
            if s.returned == eur(2_500) && s.outcome == SlipOutcome::Won
    ));

    let rolled_back = odds::Event::ResultRolledBack(odds::ResultRolledBack {
        market: MARKET,
        version: 10,
        result: 1,
        reason: "wrong".to_owned(),
        by: None,
    });
    partition.react(&odds_decision(4, at(30), vec![rolled_back]), at(30));
    let taken_back = partition.rest(at(31));
    assert!(matches!(
        &taken_back[..],
        [
            Event::LegDecided(_),
            Event::SettlementReversed(_),
            Event::SettlementAdvanced(_)
        ]
    ));
    // The restored hold is told by the ledger and asks nothing of bets.
    let restored = partition.react(&ledger_decision(vec![held(1, 1)]), at(32));
    assert!(restored.is_empty());

    let lost = odds_decision(5, at(40), vec![resulted(2, odds::OutcomeKind::Lost)]);
    partition.react(&lost, at(40));
    let settled = partition.rest(at(41));
    assert!(matches!(
        &settled[..],
        [Event::LegDecided(_), Event::BetSettled(s), Event::SettlementAdvanced(_)]
            if s.returned == eur(0) && s.settlement == 2
    ));
}

#[test]
fn an_amended_result_comes_with_the_withdrawal_in_one_record() {
    let mut partition = Partition::new();
    partition.request(place(1), at(10));
    partition.react(&ledger_decision(vec![held(1, 0)]), at(12));
    let won = odds_decision(3, at(20), vec![resulted(1, odds::OutcomeKind::Won)]);
    partition.react(&won, at(20));
    partition.rest(at(21));
    let amended = odds_decision(
        4,
        at(30),
        vec![
            odds::Event::ResultRolledBack(odds::ResultRolledBack {
                market: MARKET,
                version: 10,
                result: 1,
                reason: "wrong".to_owned(),
                by: None,
            }),
            resulted(2, odds::OutcomeKind::Void),
        ],
    );
    let started = partition.react(&amended, at(30));
    assert!(matches!(
        &started[..],
        [Event::RollbackStarted(_), Event::SettlementStarted(_)]
    ));
    let settled = partition.rest(at(31));
    assert!(settled.iter().any(|event| matches!(
        event,
        Event::BetSettled(settled) if settled.settlement == 2 && settled.returned == eur(1_000)
    )));
}

#[test]
fn in_play_is_struck_after_the_delay() {
    let mut partition = Partition::new();
    partition.react(&odds_decision(3, at(5), vec![turned_in_play()]), at(5));
    partition.request(place(1), at(10));
    partition.react(&ledger_decision(vec![held(1, 0)]), at(12));
    assert!(matches!(&partition.rest(at(12))[..], [Event::BetDelayed(d)] if d.until == at(5_012)));
    assert!(partition.rest(at(5_011)).is_empty());
    let alive = odds::Event::HeartbeatSent(odds::HeartbeatSent { at: at(5_000) });
    partition.react(&odds_decision(4, at(5_000), vec![alive]), at(5_000));
    let struck = partition.rest(at(5_012));
    assert!(matches!(&struck[..], [Event::BetAccepted(a)] if a.legs[0].in_play));
}

#[test]
fn a_goal_within_the_delay_ends_the_slip_even_when_the_market_is_open_again() {
    let mut partition = Partition::new();
    partition.react(&odds_decision(3, at(5), vec![turned_in_play()]), at(5));
    partition.request(place(1), at(10));
    partition.react(&ledger_decision(vec![held(1, 0)]), at(12));
    partition.rest(at(12));
    let suspended = odds::Event::MarketSuspended(odds::MarketSuspended {
        market: MARKET,
        version: 4,
        reason: "goal".to_owned(),
        by: None,
    });
    let resumed = odds::Event::MarketResumed(odds::MarketResumed {
        market: MARKET,
        version: 5,
        by: None,
    });
    let alive = odds::Event::HeartbeatSent(odds::HeartbeatSent { at: at(5_000) });
    partition.react(
        &odds_decision(4, at(5_000), vec![suspended, resumed, alive]),
        at(5_000),
    );
    assert!(matches!(
        &partition.rest(at(5_012))[..],
        [Event::BetRejected(r)] if r.held
            && matches!(r.rejection.reason, bets::RejectionReason::MarketSuspended(_))
    ));
}

#[test]
fn a_picture_without_news_is_not_bet_on() {
    let partition = Partition::new();
    let command = BetsService::request(PARTITION, place(1), &partition.view, at(3_001));
    assert_eq!(
        bets_domain::Bets::decide(&partition.state, &command),
        Err(bets_domain::Rejection::PricesStale {
            newest_at: Some(at(0))
        })
    );
}

#[test]
fn bets_hears_its_own_partition_and_all_of_odds() {
    let causes = BetsService::causes(PARTITION, 3);
    let own = [Topic::LedgerEvents, Topic::AuthEvents, Topic::FraudEvents];
    let expected: Vec<TopicPartition> = own
        .into_iter()
        .map(|topic| TopicPartition::new(topic, PARTITION))
        .chain((0..3).map(|of| TopicPartition::new(Topic::OddsEvents, of)))
        .collect();
    assert_eq!(causes, expected);
}

#[test]
fn a_re_offer_outlives_a_snapshot_and_is_accepted_on_fresh_evidence() {
    let mut partition = Partition::new();
    let wire::Command::PlaceBet(mut asked) = place(1) else {
        panic!("a plain placement")
    };
    asked.slip.legs[0].price = "2.6".parse().unwrap();
    let refused = partition.request(wire::Command::PlaceBet(asked), at(10));
    assert!(matches!(
        &refused[..],
        [Event::BetReoffered(told)] if told.slip.legs[0].price == "2.5".parse().unwrap()
            && told.until == at(30_010)
    ));
    let accept = wire::Command::AcceptReoffer(wire::AcceptReoffer {
        bet: bet(2),
        customer: CUSTOMER,
        reoffer: bet(1),
        selections: vec![HOME],
    });
    let placed = partition.request(accept.clone(), at(20));
    assert!(matches!(
        &placed[..],
        [Event::ReofferAccepted(taken), Event::BetPlaced(placed)]
            if taken.reoffer == bet(1) && placed.bet == bet(2)
    ));
    assert!(partition.request(accept, at(21)).is_empty(), "a repeat");
}

fn cancelled(until: Option<Timestamp>) -> odds::Event {
    odds::Event::BetsCancelled(odds::BetsCancelled {
        market: MARKET,
        from: Some(at(12)),
        until,
        reason: "the start was told too late".to_owned(),
        said_at: at(20),
    })
}

#[test]
fn bets_of_a_cancelled_stretch_come_back_and_count_again() {
    let mut partition = Partition::new();
    partition.request(place(1), at(10));
    partition.react(&ledger_decision(vec![held(1, 0)]), at(12));
    let cancel = odds_decision(3, at(20), vec![cancelled(Some(at(15)))]);
    let started = partition.react(&cancel, at(20));
    assert!(matches!(&started[..], [Event::CancellationStarted(s)] if s.struck_slips == 1));
    assert!(partition.react(&cancel, at(20)).is_empty(), "a repeat");
    assert!(matches!(
        &partition.rest(at(21))[..],
        [Event::LegVoided(v), Event::BetSettled(s), Event::SettlementAdvanced(_)]
            if s.returned == eur(1_000) && v.reason == "the start was told too late"
    ));
    let restored = odds::Event::BetsRestored(odds::BetsRestored {
        market: MARKET,
        from: Some(at(12)),
        until: Some(at(15)),
        said_at: at(30),
    });
    partition.react(&odds_decision(4, at(30), vec![restored]), at(30));
    assert!(matches!(
        &partition.rest(at(31))[..],
        [
            Event::LegRestored(_),
            Event::SettlementReversed(_),
            Event::SettlementAdvanced(_)
        ]
    ));
}

#[test]
fn within_a_cancelled_stretch_nothing_is_bet_on() {
    let mut partition = Partition::new();
    partition.react(&odds_decision(3, at(20), vec![cancelled(None)]), at(20));
    let refused = |now| {
        let command = BetsService::request(PARTITION, place(1), &partition.view, now);
        bets_domain::Bets::decide(&partition.state, &command).err()
    };
    let suspended = bets_domain::Rejection::MarketSuspended { market: MARKET };
    assert_eq!(refused(at(21)), Some(suspended));
    assert_eq!(refused(at(11)), None, "before it");
}
