//! A promotion's life through the service: given, staked, settled, taken back, ended.

use super::*;
use kernel::{BonusId, FreeBetId};
use schemas::Wire;
use schemas::bets::Event;
use schemas::promotions::{
    BonusStake, GrantBonus, GrantFreeBet, Promotion, StakeSource, TokenStake,
};
use schemas::rows::{BonusRow, FreeBetRow, table};

const TOKEN: FreeBetId = FreeBetId::example(1, PARTITION);
const BONUS: BonusId = BonusId::example(2, PARTITION);

fn give_token() -> bets::Command {
    bets::Command::GrantFreeBet(GrantFreeBet {
        free_bet: TOKEN,
        customer: CUSTOMER,
        value: eur(400),
        price_min: "1.5".parse().ok(),
        stake_returned: false,
        expires_at: at(1_000),
        reason: "sorry".to_owned(),
        by: "bob".to_owned(),
    })
}

fn give_bonus(times: u16) -> bets::Command {
    bets::Command::GrantBonus(GrantBonus {
        bonus: BONUS,
        customer: CUSTOMER,
        amount: eur(400),
        wagering_times: times,
        price_min: None,
        converted_max: Some(eur(900)),
        expires_at: at(1_000),
        reason: "welcome".to_owned(),
        by: "bob".to_owned(),
    })
}

fn place_by(n: u64, source: StakeSource) -> bets::Command {
    let bets::Command::PlaceBet(bets::PlaceBet {
        bet,
        customer,
        slip,
    }) = place(n)
    else {
        panic!("a plain slip")
    };
    bets::Command::PlaceFundedSlip(bets::PlaceFundedSlip {
        bet,
        customer,
        slip,
        options: bets::SlipOptions {
            sizes: vec![],
            starting_price: vec![],
        },
        source,
    })
}

fn promotional_account(kind: ledger::AccountKind) -> ledger::Account {
    ledger::Account { kind, ..cash() }
}

/// The ledger's answer for a stake of two parts.
fn both_held(n: u64, kind: ledger::AccountKind) -> Decision {
    let ledger::Event::TransferHeld(of_cash) = held(n, 0) else {
        panic!("held")
    };
    let promotional = ledger::TransferHeld {
        id: bets::promotional_hold(bet(n), 0),
        debit: promotional_account(kind),
        ..of_cash.clone()
    };
    ledger_decision(vec![
        ledger::Event::TransferHeld(promotional),
        ledger::Event::TransferHeld(of_cash),
    ])
}

fn won(partition: &mut Partition) -> Vec<Event> {
    let won = odds_decision(3, at(20), vec![resulted(1, odds::OutcomeKind::Won)]);
    partition.react(&won, at(20));
    partition.rest(at(21))
}

#[test]
fn a_token_is_given_staked_and_settled() {
    let mut partition = Partition::new();
    let given = partition.request(give_token(), at(5));
    assert!(matches!(&given[..], [Event::FreeBetGranted(it)] if it.free_bet.granted_by == "bob"));
    let by_token = StakeSource::TokenStake(TokenStake { free_bet: TOKEN });
    let placed = partition.request(place_by(1, by_token), at(10));
    assert!(
        matches!(&placed[..], [Event::BetPlaced(p), Event::StakeFunded(f)]
        if p.potential_return == eur(2_100) && f.stake.cash == eur(600))
    );
    let struck = partition.react(&both_held(1, ledger::AccountKind::Promotions), at(12));
    assert!(matches!(&struck[..], [Event::BetAccepted(_)]), "{struck:?}");
    let settled = won(&mut partition);
    assert!(
        matches!(&settled[..],
        [Event::LegDecided(_), Event::BetSettled(s), Event::ReturnDivided(d), Event::SettlementAdvanced(_)]
            if s.returned == eur(2_100) && d.division.to_cash == eur(2_100)),
        "{settled:?}"
    );
    let rows = crate::rows(&bets_decision(settled));
    let row = rows
        .iter()
        .find(|row| row.table == table::FREE_BET)
        .unwrap();
    assert_eq!(row.key, [CUSTOMER.bytes(), TOKEN.bytes()].concat());
    let row = FreeBetRow::from_bytes(&row.value).unwrap();
    assert_eq!(row.free_bet.used_by, [bet(1)]);
}

#[test]
fn bonus_money_is_given_staked_turned_to_cash_and_back() {
    let mut partition = Partition::new();
    partition.request(give_bonus(2), at(5));
    let mixed = StakeSource::BonusStake(BonusStake { cash_allowed: true });
    partition.request(place_by(1, mixed), at(10));
    partition.react(&both_held(1, ledger::AccountKind::Bonus), at(12));
    let settled = won(&mut partition);
    // 10.00 of 8.00 to be staked: what came back for 4.00 of bonus money is cash up to 9.00.
    let Some(Event::ReturnDivided(divided)) = settled.get(2) else {
        panic!("{settled:?}")
    };
    assert_eq!(divided.division.to_cash, eur(1_500));
    assert_eq!(divided.division.to_bonus, eur(1_000));
    assert_eq!(divided.conversion.converted, eur(900));
    assert_eq!(divided.conversion.to_house, eur(100));
    let rolled_back = odds::Event::ResultRolledBack(odds::ResultRolledBack {
        market: MARKET,
        version: 10,
        result: 1,
        reason: "wrong".to_owned(),
        by: None,
    });
    partition.react(&odds_decision(4, at(30), vec![rolled_back]), at(30));
    let back = partition.rest(at(31));
    let Some(Event::DivisionReversed(reversed)) = back.get(2) else {
        panic!("{back:?}")
    };
    assert_eq!(reversed.conversion.converted, eur(-900));
    let Promotion::Bonus(bonus) = &reversed.promotion else {
        panic!("{reversed:?}")
    };
    assert_eq!(
        (bonus.worth, bonus.wagered, bonus.open_slips),
        (eur(0), eur(0), 1)
    );
}

#[test]
fn what_is_left_of_bonus_money_ends_by_its_timer() {
    let mut partition = Partition::new();
    partition.request(give_bonus(2), at(5));
    assert!(partition.rest(at(999)).is_empty());
    let ended = partition.rest(at(1_000));
    assert!(matches!(&ended[..], [Event::BonusLapsed(it)] if it.lapsed == eur(400)));
    let rows = crate::rows(&bets_decision(ended));
    let row = BonusRow::from_bytes(&rows[0].value).unwrap();
    assert_eq!((row.bonus.available, row.bonus.lapses), (eur(0), 1));
}

#[test]
fn a_stake_of_two_parts_that_is_refused_tells_what_is_missing() {
    let mut partition = Partition::new();
    partition.request(give_bonus(2), at(5));
    let mixed = StakeSource::BonusStake(BonusStake { cash_allowed: true });
    partition.request(place_by(1, mixed), at(10));
    let ledger::Event::TransferRefused(short) =
        refused(1, ledger::RefusalReason::DebitExceedsAvailable)
    else {
        panic!("refused")
    };
    let chained = ledger::TransferRefused {
        id: bets::promotional_hold(bet(1), 0),
        reason: ledger::RefusalReason::LinkedTransferRefused,
        available_minor: None,
        debit: promotional_account(ledger::AccountKind::Bonus),
        ..short.clone()
    };
    let refused = ledger_decision(vec![
        ledger::Event::TransferRefused(chained),
        ledger::Event::TransferRefused(short),
    ]);
    let rejected = partition.react(&refused, at(12));
    assert!(
        matches!(&rejected[..], [Event::BetRejected(it), Event::FundingReleased(_)]
            if matches!(it.rejection.reason, bets::RejectionReason::InsufficientFunds(_))),
        "{rejected:?}"
    );
}
