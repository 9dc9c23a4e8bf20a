//! Stakes and returns that are not cash alone, as transfers.

use super::*;
use kernel::{BonusId, FreeBetId};
use schemas::promotions::{
    Bonus, BonusGranted, BonusLapsed, Conversion, Division, DivisionReversed, FreeBet,
    FundingReleased, Promotion, ReturnDivided, StakeFunded, StakeParts,
};

fn bonus(lapses: u32) -> Bonus {
    Bonus {
        bonus: BonusId::example(5, PARTITION),
        amount: eur(40),
        wagering_required: eur(40),
        price_min: None,
        converted_max: None,
        expires_at: Timestamp::from_millis(9),
        reason: "welcome".to_owned(),
        granted_by: "bob".to_owned(),
        granted_at: Timestamp::from_millis(1),
        worth: eur(0),
        available: eur(0),
        wagered: eur(0),
        converted: eur(0),
        lapses,
        open_slips: 0,
    }
}

fn money() -> Promotion {
    Promotion::Bonus(bonus(0))
}

fn token() -> Promotion {
    Promotion::FreeBet(FreeBet {
        free_bet: FreeBetId::example(6, PARTITION),
        value: eur(40),
        price_min: None,
        stake_returned: false,
        expires_at: Timestamp::from_millis(9),
        reason: "sorry".to_owned(),
        granted_by: "bob".to_owned(),
        granted_at: Timestamp::from_millis(1),
        used_by: vec![],
    })
}

fn granted() -> Decision {
    by_bets([bets::Event::BonusGranted(BonusGranted {
        customer: ann(),
        bonus: bonus(0),
    })])
}

fn parts(cash: i64, promotional: i64) -> StakeParts {
    StakeParts {
        cash: eur(cash),
        promotional: eur(promotional),
    }
}

fn funded(cash: i64, promotional: i64, promotion: Promotion) -> Decision {
    let funded = StakeFunded {
        bet: bet(),
        customer: ann(),
        stake: parts(cash, promotional),
        forfeited: eur(0),
        promotion,
    };
    by_bets([placed(cash + promotional), bets::Event::StakeFunded(funded)])
}

const fn conversion(converted: i64, to_house: i64) -> Conversion {
    Conversion {
        converted: Money::from_minor(converted, Currency::Eur),
        to_house: Money::from_minor(to_house, Currency::Eur),
    }
}

/// Settlement 1 of 20 cash and 40 of a promotion.
fn divided(to_cash: i64, to_bonus: i64, moved: Conversion, promotion: Promotion) -> Decision {
    let divided = ReturnDivided {
        bet: bet(),
        customer: ann(),
        settlement: 1,
        stake: parts(20, 40),
        division: Division {
            to_cash: eur(to_cash),
            to_bonus: eur(to_bonus),
            wagered: eur(60),
        },
        conversion: moved,
        promotion,
    };
    by_bets([
        won(1, 60, to_cash + to_bonus),
        bets::Event::ReturnDivided(divided),
    ])
}

fn taken_back(to_cash: i64, to_bonus: i64, moved: Conversion, promotion: Promotion) -> Decision {
    let back = DivisionReversed {
        bet: bet(),
        customer: ann(),
        settlement: 1,
        stake: parts(20, 40),
        division: Division {
            to_cash: eur(to_cash),
            to_bonus: eur(to_bonus),
            wagered: eur(60),
        },
        conversion: moved,
        promotion,
    };
    by_bets([
        reversed(1, 60, to_cash + to_bonus),
        bets::Event::DivisionReversed(back),
    ])
}

fn bonus_of(world: &World) -> (i64, i64) {
    let balance = world.balance(of_ann(AccountKind::Bonus));
    (balance.posted_minor, balance.held_minor)
}

fn house_of(world: &World) -> (i64, i64) {
    let promotions = world.balance(house(AccountKind::Promotions));
    (promotions.posted_minor, promotions.held_minor)
}

fn given() -> World {
    World::funded(100).hears(&granted())
}

#[test]
fn bonus_money_comes_from_promotions_and_stands_apart() {
    let world = given();
    assert_eq!((world.cash(), bonus_of(&world)), ((100, 0), (40, 0)));
    assert_eq!(house_of(&world), (-40, 0));
    // The same decision twice is the same transfer.
    assert_eq!(bonus_of(&world.hears(&granted())), (40, 0));
}

#[test]
fn both_parts_of_a_stake_are_held_or_neither() {
    let world = given().hears(&funded(20, 40, money()));
    assert_eq!((world.cash(), bonus_of(&world)), ((100, 20), (40, 40)));
    let short = World::funded(19)
        .hears(&granted())
        .hears(&funded(20, 40, money()));
    assert_eq!((short.cash(), bonus_of(&short)), ((19, 0), (40, 0)));
    let world = given().hears(&funded(0, 40, token()));
    assert_eq!((world.cash(), house_of(&world)), ((100, 0), (-40, 40)));
}

#[test]
fn a_rejected_slip_gives_both_parts_back() {
    for (promotion, house) in [(money(), (-40, 0)), (token(), (-40, 0))] {
        let released = FundingReleased {
            bet: bet(),
            customer: ann(),
            stake: parts(20, 40),
            conversion: conversion(0, 0),
            promotion: promotion.clone(),
        };
        let world = given().hears(&funded(20, 40, promotion)).hears(&by_bets([
            rejected(60, true),
            bets::Event::FundingReleased(released),
        ]));
        assert_eq!((world.cash(), bonus_of(&world)), ((100, 0), (40, 0)));
        assert_eq!(house_of(&world), house);
    }
}

#[test]
fn a_mixed_stake_is_paid_in_its_parts_and_taken_back() {
    let before = given().hears(&funded(20, 40, money()));
    let paid = before
        .clone()
        .hears(&divided(50, 100, conversion(0, 0), money()));
    assert_eq!((paid.cash(), bonus_of(&paid)), ((130, 0), (100, 0)));
    let back = paid.hears(&taken_back(50, 100, conversion(0, 0), money()));
    assert_eq!(back.cash(), before.cash());
    assert_eq!(bonus_of(&back), bonus_of(&before));
    assert_eq!(house_of(&back), house_of(&before));
    assert_eq!(back.posted(house(AccountKind::Book)), 0);
}

#[test]
fn bonus_money_becomes_cash_and_is_bonus_money_again() {
    let before = given().hears(&funded(20, 40, money()));
    let paid = before
        .clone()
        .hears(&divided(50, 100, conversion(70, 30), money()));
    assert_eq!((paid.cash(), bonus_of(&paid)), ((200, 0), (0, 0)));
    assert_eq!(house_of(&paid), (-10, 0));
    let back = paid.hears(&taken_back(50, 100, conversion(-70, -30), money()));
    assert_eq!((back.cash(), back.debt()), (before.cash(), 0));
    assert_eq!(bonus_of(&back), bonus_of(&before));
    assert_eq!(house_of(&back), house_of(&before));
}

#[test]
fn cash_that_was_spent_is_owed_when_it_is_to_be_bonus_money_again() {
    let paid = given().hears(&funded(20, 40, money())).hears(&divided(
        50,
        100,
        conversion(100, 0),
        money(),
    ));
    let mut spent = paid;
    spent.post(of_ann(AccountKind::Cash), house(AccountKind::Provider), 230);
    let back = spent.hears(&taken_back(50, 100, conversion(-100, 0), money()));
    assert_eq!((back.cash(), back.debt()), ((20, 20), 150));
    assert_eq!(bonus_of(&back), (40, 40));
}

#[test]
fn a_tokens_winnings_are_cash_and_its_stake_is_the_houses() {
    let before = World::funded(100).hears(&funded(20, 40, token()));
    let paid = before
        .clone()
        .hears(&divided(110, 0, conversion(0, 0), token()));
    assert_eq!((paid.cash(), house_of(&paid)), ((190, 0), (-40, 0)));
    assert_eq!(paid.posted(house(AccountKind::Book)), -50);
    let back = paid.hears(&taken_back(110, 0, conversion(0, 0), token()));
    assert_eq!(
        (back.cash(), house_of(&back)),
        (before.cash(), house_of(&before))
    );
    // Void: the cash comes back, and the token to the house.
    let void = before
        .clone()
        .hears(&divided(20, 0, conversion(0, 40), token()));
    assert_eq!((void.cash(), house_of(&void)), ((100, 0), (0, 0)));
    assert_eq!(void.posted(house(AccountKind::Book)), 0);
    let back = void.hears(&taken_back(20, 0, conversion(0, -40), token()));
    assert_eq!(
        (back.cash(), house_of(&back)),
        (before.cash(), house_of(&before))
    );
}

#[test]
fn what_lapses_goes_back_to_promotions_each_time_once() {
    let lapsed = |lapses, minor| {
        by_bets([bets::Event::BonusLapsed(BonusLapsed {
            customer: ann(),
            lapsed: eur(minor),
            bonus: bonus(lapses),
        })])
    };
    let world = given().hears(&lapsed(1, 25)).hears(&lapsed(1, 25));
    assert_eq!((bonus_of(&world), house_of(&world)), ((15, 0), (-15, 0)));
    let world = world.hears(&lapsed(2, 15));
    assert_eq!((bonus_of(&world), house_of(&world)), ((0, 0), (0, 0)));
}

/// Open wagering holds back no withdrawal, and bonus money is never paid out.
#[test]
fn a_withdrawal_takes_cash_and_leaves_bonus_money_alone() {
    let asked = |minor| {
        by_payments([payments::Event::WithdrawalRequested(
            payments::WithdrawalRequested {
                withdrawal: kernel::WithdrawalId::example(1, PARTITION),
                customer: ann(),
                amount: eur(minor),
                provider: "bank".to_owned(),
                requested_at: Timestamp::from_millis(1),
            },
        )])
    };
    // 20 of the 100 and all of the bonus money are staked on an open slip.
    let open = || given().hears(&funded(20, 40, money()));
    let all = open().hears(&asked(80));
    assert_eq!((all.cash(), bonus_of(&all)), ((100, 100), (40, 40)));
    let too_much = open().hears(&asked(81));
    assert_eq!(
        (too_much.cash(), bonus_of(&too_much)),
        ((100, 20), (40, 40))
    );
    let unstaked = given().hears(&asked(101));
    assert_eq!((unstaked.cash(), bonus_of(&unstaked)), ((100, 0), (40, 0)));
}
