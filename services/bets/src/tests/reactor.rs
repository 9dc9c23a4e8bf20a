//! Which news bets picks out of other journals.

use super::*;
use bets_domain::{HoldOutcome, HouseRules, Notice, OwnLimit};
use schemas::{auth, fraud};

fn notices(decision: &Decision) -> Vec<Notice> {
    match BetsService::react(PARTITION, decision, &view(), at(1)) {
        Some(Command::Notice {
            at: now,
            rules,
            notices,
        }) => {
            assert_eq!((now, rules), (at(1), HouseRules::default()));
            notices
        }
        None => vec![],
        other => panic!("not news: {other:?}"),
    }
}

fn of_auth(events: Vec<auth::Event>) -> Decision {
    let body = Body {
        rejection: None,
        events,
    };
    decision(
        position(Topic::AuthEvents, 1),
        at(0),
        Events::AuthEvents(body),
    )
}

#[test]
fn a_refused_hold_says_what_is_missing() {
    let hold = |outcome| {
        vec![Notice::Hold {
            bet: bet(1),
            outcome,
        }]
    };
    let short = refused(1, ledger::RefusalReason::DebitExceedsAvailable);
    assert_eq!(
        notices(&ledger_decision(vec![short])),
        hold(HoldOutcome::ShortOfFunds {
            available: eur(300)
        })
    );
    let blocked = refused(1, ledger::RefusalReason::DebitsBlocked);
    assert_eq!(
        notices(&ledger_decision(vec![blocked])),
        hold(HoldOutcome::Blocked)
    );
    assert_eq!(
        notices(&ledger_decision(vec![held(1, 0)])),
        hold(HoldOutcome::Held)
    );
}

#[test]
fn money_that_is_no_stake_is_passed_over() {
    let ledger::Event::TransferHeld(stake) = held(1, 0) else {
        panic!("a hold")
    };
    let withdrawal = ledger::Event::TransferHeld(ledger::TransferHeld {
        code: ledger::TransferCode::Withdrawal,
        ..stake
    });
    assert_eq!(notices(&ledger_decision(vec![withdrawal])), []);
}

#[test]
fn prices_are_looked_at_and_not_noticed() {
    assert_eq!(
        notices(&odds_decision(3, at(0), vec![turned_in_play()])),
        []
    );
}

#[test]
fn budgets_of_other_partitions_are_passed_over() {
    let granted = |bets_partition| {
        odds::Event::BudgetGranted(odds::BudgetGranted {
            market: MARKET,
            bets_partition,
            total: eur(5_000),
        })
    };
    // Told twice in one record: one notice.
    let both = vec![
        granted(PARTITION + 1),
        granted(PARTITION),
        granted(PARTITION),
    ];
    assert_eq!(
        notices(&odds_decision(3, at(0), both)),
        [Notice::Grant {
            market: MARKET,
            total: eur(5_000)
        }]
    );
}

#[test]
fn a_recall_comes_with_what_the_partition_began_with() {
    let recalled = odds::Event::BudgetRecalled(odds::BudgetRecalled { market: MARKET });
    assert_eq!(
        notices(&odds_decision(3, at(0), vec![recalled])),
        [Notice::Recall {
            market: MARKET,
            budget_each: eur(100_000)
        }]
    );
}

#[test]
fn limits_of_one_record_are_one_notice_and_deposits_are_none() {
    let set = |kind, amount| {
        auth::Event::LimitSet(auth::LimitSet {
            customer: CUSTOMER,
            kind,
            amount,
        })
    };
    let decision = of_auth(vec![
        set(auth::LimitKind::StakeSlip, Some(eur(100))),
        set(auth::LimitKind::StakeDay, None),
        set(auth::LimitKind::DepositDay, Some(eur(7))),
        set(auth::LimitKind::StakeSlip, Some(eur(200))),
    ]);
    assert_eq!(
        notices(&decision),
        [Notice::StakeLimits {
            customer: CUSTOMER,
            per_slip: Some(Some(eur(200))),
            per_day: Some(None),
        }]
    );
    let deposit = of_auth(vec![set(auth::LimitKind::DepositDay, Some(eur(7)))]);
    assert_eq!(notices(&deposit), []);
}

#[test]
fn exclusions_and_restrictions_are_noticed() {
    let excluded = auth::Event::CustomerExcluded(auth::CustomerExcluded {
        customer: CUSTOMER,
        until: at(9),
        at: at(0),
    });
    assert_eq!(
        notices(&of_auth(vec![excluded])),
        [Notice::Exclusion {
            customer: CUSTOMER,
            until: at(9)
        }]
    );
    let restricted = fraud::Event::CustomerRestricted(fraud::CustomerRestricted {
        customer: CUSTOMER,
        stake_permille: 250,
        case: None,
        by: None,
        note: String::new(),
    });
    let body = Body {
        rejection: None,
        events: vec![restricted],
    };
    let of_fraud = decision(
        position(Topic::FraudEvents, 1),
        at(0),
        Events::FraudEvents(body),
    );
    assert_eq!(
        notices(&of_fraud),
        [Notice::Restriction {
            customer: CUSTOMER,
            stake_permille: 250
        }]
    );
}

#[test]
fn limits_over_weeks_and_months_and_on_losses_are_noticed_each() {
    let set = |kind, minor: Option<i64>| {
        auth::Event::LimitSet(auth::LimitSet {
            customer: CUSTOMER,
            kind,
            amount: minor.map(eur),
        })
    };
    let news = notices(&of_auth(vec![
        set(auth::LimitKind::LossWeek, Some(5)),
        set(auth::LimitKind::StakeMonth, None),
        set(auth::LimitKind::LossWeek, Some(4)),
        set(auth::LimitKind::DepositMonth, Some(3)),
    ]));
    let noticed = |limit, minor: Option<i64>| Notice::OwnLimit {
        customer: CUSTOMER,
        limit,
        amount: minor.map(eur),
    };
    assert_eq!(
        news,
        [
            noticed(OwnLimit::StakeMonth, None),
            noticed(OwnLimit::LossWeek, Some(4)),
        ]
    );
}
