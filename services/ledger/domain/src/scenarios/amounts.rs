//! As much as there is, and the rest of it.

use super::*;
use crate::NothingMoved;

fn rest_of(transfer: Transfer, of: u64) -> Transfer {
    Transfer {
        amount: Amount::RestOf(id(of)),
        ..transfer
    }
}

#[test]
fn as_much_as_the_debit_account_can_give() {
    let state = funded(100)
        .after(batch([hold(1, ann(), book(), 30)]))
        .after(batch([up_to(post(2, ann(), bob(), 500))]))
        .state();
    assert_eq!(state.balance(ann()), balance(30, 30, 3));
}

#[test]
fn as_much_as_the_credit_account_can_take() {
    let state = funded(100)
        .after(batch([post(1, anns_debt(), book(), 30)]))
        .after(batch([up_to(post(2, ann(), anns_debt(), i64::MAX))]))
        .state();
    assert_eq!(state.balance(ann()), balance(70, 0, 2));
    assert_eq!(state.balance(anns_debt()), balance(0, 0, 2));
}

#[test]
fn at_most_the_maximum() {
    let state = funded(100)
        .after(batch([up_to(post(1, ann(), bob(), 30))]))
        .state();
    assert_eq!(state.balance(bob()), balance(30, 0, 1));
}

#[test]
fn nothing_there_takes_the_id_and_no_entry() {
    let transfer = up_to(post(1, ann(), anns_debt(), 30));
    funded(100)
        .when(batch([transfer]))
        .then([Event::NothingMoved(NothingMoved {
            id: id(1),
            content: transfer.content(),
        })]);
}

#[test]
fn the_rest_moves_from_elsewhere() {
    let take_back = [
        up_to(post(1, ann(), book(), 150)),
        rest_of(post(2, anns_debt(), book(), 1), 1),
    ];
    let state = funded(100).after(batch(take_back)).state();
    assert_eq!(state.balance(ann()), balance(0, 0, 2));
    assert_eq!(state.balance(anns_debt()), balance(-50, 0, 1));
    assert_eq!(state.balance(book()), balance(150, 0, 2));

    let state = funded(500).after(batch(take_back)).state();
    assert_eq!(state.balance(anns_debt()), balance(0, 0, 0));
}

#[test]
fn a_rest_is_of_a_transfer_of_the_same_batch() {
    let rest = rest_of(post(2, anns_debt(), book(), 1), 1);
    refused(
        funded(100).after(batch([up_to(post(1, ann(), book(), 150))])),
        rest,
        RefusalReason::RestOfUnknown,
    );
    let events = funded(500)
        .when(batch([post(1, ann(), book(), 150), rest]))
        .events();
    assert_eq!(
        reasons(&events),
        [(id(1), None), (id(2), Some(RefusalReason::RestOfUnknown))]
    );
}

#[test]
fn a_broken_chain_leaves_no_rest() {
    let events = funded(100)
        .when(batch([
            linked(up_to(post(1, ann(), book(), 150))),
            post(2, ann(), bob(), 1),
            rest_of(post(3, anns_debt(), book(), 1), 1),
        ]))
        .events();
    assert_eq!(
        reasons(&events).last(),
        Some(&(id(3), Some(RefusalReason::RestOfUnknown)))
    );
}
