//! Money that is held: taken in whole or in part, released, or free again when its time is over.

use super::*;
use crate::{HoldCaptured, HoldEnd, HoldExpired, HoldVoided, TransferHeld};

fn stake() -> Transfer {
    hold(1, ann(), book(), 60)
}

fn with_stake() -> Scenario<Ledger> {
    funded(100).after(batch([stake()]))
}

#[test]
fn a_hold_takes_from_what_is_available_and_moves_nothing() {
    funded(100)
        .when(batch([stake()]))
        .then([Event::TransferHeld(TransferHeld {
            id: id(1),
            debit: ann(),
            credit: book(),
            minor: 60,
            code: TransferCode::Adjustment,
            expires_at: None,
            debit_after: balance(100, 60, 2),
            content: stake().content(),
        })]);
}

#[test]
fn a_hold_needs_what_it_holds() {
    refused(funded(59), stake(), RefusalReason::DebitExceedsAvailable);
}

#[test]
fn a_capture_moves_its_amount_and_frees_the_rest() {
    let transfer = capture(2, stake(), 45);
    with_stake()
        .when(batch([transfer]))
        .then([Event::HoldCaptured(HoldCaptured {
            id: id(2),
            hold: id(1),
            debit: ann(),
            credit: book(),
            minor: 45,
            released_minor: 15,
            code: TransferCode::Adjustment,
            debit_after: balance(55, 0, 3),
            credit_after: balance(45, 0, 1),
            content: transfer.content(),
        })]);
}

#[test]
fn a_void_frees_the_whole_hold() {
    let transfer = void(2, stake());
    with_stake()
        .when(batch([transfer]))
        .then([Event::HoldVoided(HoldVoided {
            id: id(2),
            hold: id(1),
            debit: ann(),
            credit: book(),
            minor: 60,
            code: TransferCode::Adjustment,
            debit_after: balance(100, 0, 3),
            content: transfer.content(),
        })]);
}

#[test]
fn a_hold_can_be_made_and_taken_in_one_batch() {
    let state = funded(100)
        .after(batch([stake(), capture(2, stake(), 60)]))
        .state();
    assert_eq!(state.balance(ann()), balance(40, 0, 3));
    assert_eq!(state.hold(id(1)), None);
}

#[test]
fn a_hold_of_as_much_as_there_is_holds_that() {
    let all = up_to(hold(1, ann(), book(), 500));
    let state = funded(100).after(batch([all])).state();
    assert_eq!(state.balance(ann()), balance(100, 100, 2));
}

#[test]
fn no_more_than_was_held_can_be_taken() {
    refused(
        with_stake(),
        capture(2, stake(), 61),
        RefusalReason::CaptureExceedsHold,
    );
    let state = with_stake()
        .after(batch([up_to(capture(2, stake(), 61))]))
        .state();
    assert_eq!(state.balance(ann()), balance(40, 0, 3));
}

#[test]
fn a_hold_that_never_was_is_unknown() {
    refused(
        funded(100),
        capture(2, stake(), 1),
        RefusalReason::HoldUnknown,
    );
    refused(funded(100), void(2, stake()), RefusalReason::HoldUnknown);
    let posted_under_that_id = funded(100).after(batch([post(1, ann(), book(), 60)]));
    refused(
        posted_under_that_id,
        void(2, stake()),
        RefusalReason::HoldUnknown,
    );
}

#[test]
fn a_hold_ends_once() {
    for end in [capture(2, stake(), 10), void(2, stake())] {
        for again in [capture(3, stake(), 10), void(3, stake())] {
            refused(
                with_stake().after(batch([end])),
                again,
                RefusalReason::HoldNotOpen,
            );
            let events = with_stake().when(batch([end, again])).events();
            assert_eq!(
                reasons(&events).last(),
                Some(&(id(3), Some(RefusalReason::HoldNotOpen)))
            );
        }
    }
}

#[test]
fn a_hold_stands_between_its_own_accounts_only() {
    let to_another = Transfer {
        credit: bob(),
        ..capture(2, stake(), 1)
    };
    refused(with_stake(), to_another, RefusalReason::HoldOfOtherAccounts);
    let from_another = Transfer {
        debit: bob(),
        ..void(2, stake())
    };
    refused(
        with_stake(),
        from_another,
        RefusalReason::HoldOfOtherAccounts,
    );
}

#[test]
fn releasing_at_most_what_is_held_passes_over_a_hold_that_is_not_there() {
    let release = up_to(void(2, stake()));
    funded(100).when(batch([release])).then_nothing();
    with_stake()
        .after(batch([void(3, stake())]))
        .when(batch([release]))
        .then_nothing();
    let state = with_stake().after(batch([release])).state();
    assert_eq!(state.balance(ann()), balance(100, 0, 3));
}

#[test]
fn a_hold_ends_by_itself_when_its_time_is_over() {
    let brief = hold_until(1, ann(), book(), 60, 5_000);
    let end = HoldEnd {
        at: Timestamp::from_micros(5_000),
        number: 1,
    };
    let held = || funded(100).after(batch([brief]));
    assert_eq!(held().state().first_end(), Some((end, id(1))));
    held()
        .when(Command::ExpireHold { hold: id(1) })
        .then([Event::HoldExpired(HoldExpired {
            hold: id(1),
            debit: ann(),
            credit: book(),
            minor: 60,
            code: TransferCode::Adjustment,
            debit_after: balance(100, 0, 3),
        })]);
    let expired = || held().after(Command::ExpireHold { hold: id(1) });
    assert_eq!(expired().state().first_end(), None);
    refused(expired(), void(2, brief), RefusalReason::HoldNotOpen);
}

#[test]
fn a_hold_that_ended_otherwise_does_not_expire() {
    let brief = hold_until(1, ann(), book(), 60, 5_000);
    let captured = || funded(100).after(batch([brief, capture(2, brief, 60)]));
    assert_eq!(captured().state().first_end(), None);
    captured()
        .when(Command::ExpireHold { hold: id(1) })
        .then_nothing();
}

#[test]
fn holds_end_in_the_order_of_their_times_then_of_their_making() {
    let mut state = funded(100)
        .after(batch([
            hold_until(1, ann(), book(), 1, 9_000),
            hold_until(2, ann(), book(), 1, 5_000),
            hold_until(3, ann(), book(), 1, 5_000),
            hold(4, ann(), book(), 1),
        ]))
        .state();
    let mut order = vec![];
    while let Some((end, hold)) = state.first_end() {
        assert_eq!(state.hold_ending(end), Some(hold));
        order.push(hold);
        carry_out(&mut state, &Command::ExpireHold { hold });
    }
    assert_eq!(order, [id(2), id(3), id(1)]);
}
