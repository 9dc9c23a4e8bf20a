//! Snapshots, and the ends of holds that they keep.

use super::*;
use kernel::Scenario;

fn hold_until(number: u64, at: i64) -> Transfer {
    Transfer {
        id: TransferId::example(number, PARTITION),
        debit: house(AccountKind::Provider),
        credit: of_ann(AccountKind::Cash),
        amount: Amount::Exactly(5),
        kind: TransferKind::Hold {
            expires_at: Some(Timestamp::from_micros(at)),
        },
        linked: false,
        code: TransferCode::Adjustment,
        credit_fallback: None,
        rules_waived: false,
    }
}

fn busy() -> World {
    let mut world = World::funded(100)
        .owing(10)
        .hears(&by_bets([placed(60)]))
        .hears(&by_bets([won(1, 60, 150)]))
        .hears(&by_bets([reversed(1, 60, 150)]))
        .ruled(Rules {
            balance_max: Some(5_000),
            ..Rules::default()
        });
    world.carry_out(&Command::PostTransfers {
        partition: PARTITION,
        transfers: vec![hold_until(900, 8_000), hold_until(901, 4_000)],
    });
    world
}

#[test]
fn a_restored_state_gives_the_same_bytes() {
    let bytes = LedgerService::snapshot(&busy().ledger);
    let restored = LedgerService::restore(&bytes).expect("a snapshot can be restored");
    assert_eq!(LedgerService::snapshot(&restored), bytes);
    assert_eq!(restored.image(), busy().ledger.image());
}

#[test]
fn a_restored_state_decides_alike() {
    let live = busy();
    let bytes = LedgerService::snapshot(&live.ledger);
    let mut restored = World {
        ledger: LedgerService::restore(&bytes).expect("a snapshot can be restored"),
        ..live
    };
    let mut live = busy();
    for decision in [
        by_bets([placed(60)]),
        by_bets([won(2, 60, 90)]),
        by_bets([reversed(2, 60, 90)]),
    ] {
        assert_eq!(restored.hear(&decision), live.hear(&decision));
    }
}

#[test]
fn damaged_snapshots_are_refused() {
    let bytes = LedgerService::snapshot(&busy().ledger);
    for end in 0..bytes.len() {
        assert!(
            LedgerService::restore(&bytes[..end]).is_err(),
            "cut at {end}"
        );
    }
    let longer = [&bytes[..], &[0]].concat();
    assert!(LedgerService::restore(&longer).is_err());
    let other_format = [&[4], &bytes[1..]].concat();
    assert!(LedgerService::restore(&other_format).is_err());
}

#[test]
fn holds_with_an_end_are_timers_in_order() {
    let mut world = busy();
    let mut fired = vec![];
    while let Some(timer) = LedgerService::next_timer(&world.ledger) {
        let command = LedgerService::fire(&world.ledger, timer, &(), timer.due);
        let events = world.carry_out(&command.expect("an armed timer asks for something"));
        let [Event::HoldExpired(expired)] = events[..] else {
            panic!("{events:?}")
        };
        fired.push((timer.due.micros(), expired.hold));
    }
    let id = |number| TransferId::example(number, PARTITION);
    assert_eq!(fired, [(4_000, id(901)), (8_000, id(900))]);
    assert_eq!(world.posted(house(AccountKind::Provider)), -100);
}

#[test]
fn an_empty_ledger_has_no_timer() {
    let ledger = Scenario::<Ledger>::given([]).state();
    assert_eq!(LedgerService::next_timer(&ledger), None);
}
