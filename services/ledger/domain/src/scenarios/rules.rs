//! Blocks and maxima that are set on an account.

use super::*;
use crate::{AccountRulesSet, Rejection, Rules};

fn set(account: Account, rules: Rules) -> Command {
    Command::SetAccountRules {
        partition: 0,
        account,
        rules,
    }
}

const DEBITS_BLOCKED: Rules = Rules {
    debits_blocked: true,
    credits_blocked: false,
    balance_max: None,
};
const CREDITS_BLOCKED: Rules = Rules {
    debits_blocked: false,
    credits_blocked: true,
    balance_max: None,
};
const MAX_100: Rules = Rules {
    debits_blocked: false,
    credits_blocked: false,
    balance_max: Some(100),
};

#[test]
fn rules_can_be_set_before_the_first_transfer() {
    Scenario::<Ledger>::given([])
        .when(set(ann(), MAX_100))
        .then([Event::AccountRulesSet(AccountRulesSet {
            account: ann(),
            rules: MAX_100,
        })]);
}

#[test]
fn setting_the_same_rules_again_changes_nothing() {
    funded(1)
        .after(set(ann(), MAX_100))
        .when(set(ann(), MAX_100))
        .then_nothing();
}

#[test]
fn blocked_debits_stop_postings_and_holds() {
    let blocked = || funded(100).after(set(ann(), DEBITS_BLOCKED));
    refused(
        blocked(),
        post(1, ann(), bob(), 1),
        RefusalReason::DebitsBlocked,
    );
    refused(
        blocked(),
        hold(1, ann(), book(), 1),
        RefusalReason::DebitsBlocked,
    );
    blocked().after(batch([post(1, book(), ann(), 1)])).state();
}

#[test]
fn blocked_debits_do_not_stop_what_was_held_before() {
    let stake = hold(1, ann(), book(), 60);
    let state = funded(100)
        .after(batch([stake]))
        .after(set(ann(), DEBITS_BLOCKED))
        .after(batch([capture(2, stake, 60)]))
        .state();
    assert_eq!(state.balance(ann()), balance(40, 0, 3));
}

#[test]
fn blocked_credits_stop_postings() {
    let blocked = || funded(100).after(set(ann(), CREDITS_BLOCKED));
    refused(
        blocked(),
        post(1, book(), ann(), 1),
        RefusalReason::CreditsBlocked,
    );
    blocked().after(batch([post(1, ann(), book(), 1)])).state();
}

#[test]
fn a_maximum_bounds_credits() {
    let bounded = || funded(90).after(set(ann(), MAX_100));
    refused(
        bounded(),
        post(1, book(), ann(), 11),
        RefusalReason::CreditExceedsLimit,
    );
    bounded().after(batch([post(1, book(), ann(), 10)])).state();
    refused(
        funded(500).after(set(ann(), MAX_100)),
        post(1, book(), ann(), 1),
        RefusalReason::CreditExceedsLimit,
    );
}

#[test]
fn as_much_as_the_rules_let_through() {
    let state = funded(90)
        .after(set(ann(), MAX_100))
        .after(batch([up_to(post(1, book(), ann(), 50))]))
        .state();
    assert_eq!(state.balance(ann()).posted_minor, 100);
    for (rules, transfer) in [
        (DEBITS_BLOCKED, post(1, ann(), book(), 50)),
        (CREDITS_BLOCKED, post(1, book(), ann(), 50)),
    ] {
        let state = funded(90)
            .after(set(ann(), rules))
            .after(batch([up_to(transfer)]))
            .state();
        assert_eq!(state.balance(ann()), balance(90, 0, 1));
    }
}

#[test]
fn an_established_credit_goes_to_the_fallback_instead() {
    let suspense = of_ann(AccountKind::Suspense);
    let transfer = Transfer {
        credit_fallback: Some(suspense),
        ..post(1, book(), ann(), 50)
    };
    for rules in [CREDITS_BLOCKED, MAX_100] {
        let state = funded(90)
            .after(set(ann(), rules))
            .after(batch([transfer]))
            .state();
        assert_eq!(state.balance(suspense).posted_minor, 50);
    }
}

#[test]
fn what_restores_passes_the_rules_but_not_the_bounds() {
    let both = Rules {
        debits_blocked: true,
        credits_blocked: true,
        balance_max: Some(1),
    };
    let restore = |transfer| Transfer {
        rules_waived: true,
        ..transfer
    };
    let state = funded(90)
        .after(set(ann(), both))
        .after(batch([
            restore(post(1, book(), ann(), 50)),
            restore(hold(2, ann(), book(), 50)),
            restore(post(3, ann(), book(), 90)),
            restore(post(4, ann(), book(), 1)),
        ]))
        .state();
    assert_eq!(state.balance(ann()), balance(50, 50, 4));
}

#[test]
fn only_customers_money_takes_rules() {
    for kind in [
        AccountKind::Receivable,
        AccountKind::Book,
        AccountKind::Provider,
        AccountKind::Suspense,
        AccountKind::Promotions,
        AccountKind::Adjustments,
    ] {
        Scenario::<Ledger>::given([])
            .when(set(of_ann(kind), MAX_100))
            .then_rejected(Rejection::RulesNotForKind(kind));
    }
}

#[test]
fn a_maximum_is_not_negative() {
    let rules = Rules {
        balance_max: Some(-1),
        ..MAX_100
    };
    Scenario::<Ledger>::given([])
        .when(set(ann(), rules))
        .then_rejected(Rejection::BalanceMaxNegative);
}

#[test]
fn rules_are_for_customers_of_this_partition() {
    let stranger = Account {
        customer: Some(CustomerId::example(3, 1)),
        ..ann()
    };
    Scenario::<Ledger>::given([])
        .when(set(stranger, MAX_100))
        .then_rejected(Rejection::AccountOfOtherPartition);
}

#[test]
fn a_rest_of_nothing_asks_nothing_of_a_blocked_account() {
    let rest = Transfer {
        amount: Amount::RestOf(id(1)),
        ..post(2, bob(), book(), 1)
    };
    let events = funded(100)
        .after(set(bob(), DEBITS_BLOCKED))
        .when(batch([up_to(post(1, ann(), book(), 100)), rest]))
        .events();
    assert_eq!(reasons(&events), [(id(1), None), (id(2), None)]);
}
