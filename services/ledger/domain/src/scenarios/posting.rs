//! Money that moves at once.

use super::*;
use crate::{Rejection, TRANSFERS_ALWAYS_FIT, TRANSFERS_MAX, TransferPosted, TransferRefused};

#[test]
fn a_posting_opens_both_accounts_and_tells_their_balances() {
    let transfer = post(1, provider(), ann(), 500);
    Scenario::<Ledger>::given([])
        .when(batch([transfer]))
        .then([Event::TransferPosted(TransferPosted {
            id: id(1),
            debit: provider(),
            credit: ann(),
            minor: 500,
            code: TransferCode::Adjustment,
            debit_after: balance(-500, 0, 1),
            credit_after: balance(500, 0, 1),
            content: transfer.content(),
        })]);
}

#[test]
fn each_transfer_is_judged_on_what_those_before_it_leave() {
    let events = funded(100)
        .when(batch([
            post(1, ann(), bob(), 60),
            post(2, ann(), bob(), 60),
            post(3, bob(), book(), 60),
            post(4, ann(), bob(), 40),
        ]))
        .events();
    let short = Some(RefusalReason::DebitExceedsAvailable);
    assert_eq!(
        reasons(&events),
        [(id(1), None), (id(2), short), (id(3), None), (id(4), None)]
    );
}

#[test]
fn a_refusal_tells_what_there_was() {
    let transfer = post(1, ann(), book(), 101);
    funded(100)
        .after(batch([hold(2, ann(), book(), 30)]))
        .when(batch([transfer]))
        .then([Event::TransferRefused(TransferRefused {
            id: id(1),
            reason: RefusalReason::DebitExceedsAvailable,
            available_minor: Some(70),
            debit: ann(),
            code: TransferCode::Adjustment,
            content: transfer.content(),
        })]);
}

#[test]
fn entries_of_an_account_are_numbered_without_gaps() {
    let state = funded(100)
        .after(batch([hold(1, ann(), book(), 30)]))
        .after(batch([post(2, ann(), book(), 500)]))
        .after(batch([post(3, ann(), book(), 5)]))
        .state();
    assert_eq!(state.balance(ann()), balance(95, 30, 3));
    assert_eq!(state.balance(book()), balance(5, 0, 1));
}

#[test]
fn cash_and_bonus_pay_what_is_available_and_no_more() {
    for kind in [AccountKind::Cash, AccountKind::Bonus] {
        let account = of_ann(kind);
        let given = || Scenario::given([]).after(batch([post(9, provider(), account, 10)]));
        refused(
            given(),
            post(1, account, book(), 11),
            RefusalReason::DebitExceedsAvailable,
        );
        given().after(batch([post(1, account, book(), 10)])).state();
    }
}

#[test]
fn what_is_held_cannot_be_spent() {
    refused(
        funded(100).after(batch([hold(1, ann(), book(), 60)])),
        post(2, ann(), bob(), 41),
        RefusalReason::DebitExceedsAvailable,
    );
}

#[test]
fn a_debt_is_never_overpaid() {
    let owing = || funded(100).after(batch([post(1, anns_debt(), book(), 30)]));
    refused(
        owing(),
        post(2, ann(), anns_debt(), 31),
        RefusalReason::CreditExceedsLimit,
    );
    let state = owing()
        .after(batch([post(2, ann(), anns_debt(), 30)]))
        .state();
    assert_eq!(state.balance(anns_debt()).posted_minor, 0);
}

#[test]
fn the_houses_accounts_have_no_bound() {
    for kind in [
        AccountKind::Book,
        AccountKind::Provider,
        AccountKind::Promotions,
        AccountKind::Adjustments,
    ] {
        let transfer = post(1, house(kind), ann(), i64::MAX);
        let state = Scenario::<Ledger>::given([])
            .after(batch([transfer]))
            .state();
        assert_eq!(state.balance(house(kind)).posted_minor, -i64::MAX);
    }
}

#[test]
fn no_more_leaves_suspense_than_came() {
    for suspense in [house(AccountKind::Suspense), of_ann(AccountKind::Suspense)] {
        let came =
            || Scenario::<Ledger>::given([]).after(batch([post(1, provider(), suspense, 50)]));
        refused(
            came(),
            post(2, suspense, ann(), 51),
            RefusalReason::DebitExceedsAvailable,
        );
        let state = came().after(batch([post(2, suspense, ann(), 50)])).state();
        assert_eq!(state.balance(ann()).posted_minor, 50);
        assert_eq!(state.balance(suspense).posted_minor, 0);
    }
}

#[test]
fn accounts_must_differ() {
    refused(
        funded(100),
        post(1, ann(), ann(), 1),
        RefusalReason::AccountsMustDiffer,
    );
    let to_itself = Transfer {
        credit_fallback: Some(ann()),
        ..post(1, ann(), book(), 1)
    };
    refused(funded(100), to_itself, RefusalReason::AccountsMustDiffer);
}

#[test]
fn currencies_must_match() {
    let dollars = Account {
        currency: Currency::Usd,
        ..book()
    };
    refused(
        funded(100),
        post(1, ann(), dollars, 1),
        RefusalReason::CurrenciesMustMatch,
    );
    let at_worst_in_dollars = Transfer {
        credit_fallback: Some(dollars),
        ..post(1, ann(), book(), 1)
    };
    refused(
        funded(100),
        at_worst_in_dollars,
        RefusalReason::CurrenciesMustMatch,
    );
}

#[test]
fn an_amount_must_be_positive() {
    for minor in [0, -1, i64::MIN] {
        for amount in [Amount::Exactly(minor), Amount::UpTo(minor)] {
            let transfer = Transfer {
                amount,
                ..post(1, ann(), book(), 1)
            };
            refused(funded(100), transfer, RefusalReason::AmountMustBePositive);
        }
    }
}

#[test]
fn a_customer_of_another_partition_has_no_account_here() {
    let stranger = Account {
        customer: Some(CustomerId::example(3, 1)),
        ..ann()
    };
    refused(
        funded(100),
        post(1, ann(), stranger, 1),
        RefusalReason::AccountOfOtherPartition,
    );
}

#[test]
fn a_balance_that_does_not_fit_is_refused() {
    let full = || funded(i64::MAX);
    refused(full(), post(1, book(), ann(), 1), RefusalReason::Overflow);
    refused(
        full(),
        post(1, provider(), bob(), 1),
        RefusalReason::Overflow,
    );
}

#[test]
fn a_credit_that_the_account_cannot_take_goes_to_the_fallback() {
    let suspense = house(AccountKind::Suspense);
    let transfer = Transfer {
        credit_fallback: Some(suspense),
        ..post(1, book(), ann(), 1)
    };
    let state = funded(i64::MAX).after(batch([transfer])).state();
    assert_eq!(state.balance(suspense), balance(1, 0, 1));
    assert_eq!(state.balance(ann()), balance(i64::MAX, 0, 1));

    let state = funded(5).after(batch([transfer])).state();
    assert_eq!(state.balance(ann()), balance(6, 0, 2));
    assert_eq!(state.balance(suspense), balance(0, 0, 0));
}

#[test]
fn a_batch_has_a_largest_size() {
    let transfers = |count: u32| batch((0..count).map(|n| post(n.into(), book(), ann(), 1)));
    let given = Scenario::<Ledger>::given([]);
    assert_eq!(given.when(transfers(TRANSFERS_MAX)).events().len(), 8_189);
    Scenario::<Ledger>::given([])
        .when(transfers(TRANSFERS_MAX + 1))
        .then_rejected(Rejection::BatchTooLarge { maximum: 8_189 });
}

#[test]
fn a_batch_whose_facts_do_not_fit_a_record_is_rejected_whole() {
    let held = |n: u32| hold(n.into(), provider(), book(), 1 << 49);
    let half = |n: u32| capture(u64::from(n) + 10_000, held(n), 1 << 48);
    let given = || Scenario::<Ledger>::given([]).after(batch((0..TRANSFERS_MAX).map(held)));
    given()
        .when(batch((0..TRANSFERS_MAX).map(half)))
        .then_rejected(Rejection::BatchTooLarge {
            maximum: TRANSFERS_ALWAYS_FIT,
        });
    let events = given()
        .when(batch((0..TRANSFERS_ALWAYS_FIT).map(half)))
        .events();
    assert_eq!(events.len(), 6_000);
}
