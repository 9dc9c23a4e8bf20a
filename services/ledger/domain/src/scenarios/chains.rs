//! Linked transfers: all or none.

use super::*;

const BROKEN: Option<RefusalReason> = Some(RefusalReason::LinkedTransferRefused);

#[test]
fn a_chain_stands_when_all_its_transfers_do() {
    let state = funded(100)
        .after(batch([
            linked(post(1, ann(), bob(), 60)),
            post(2, bob(), book(), 60),
        ]))
        .state();
    assert_eq!(state.balance(bob()), balance(0, 0, 2));
}

#[test]
fn a_refusal_takes_the_whole_chain_with_it() {
    let stake = hold(2, ann(), book(), 40);
    let events = funded(100)
        .when(batch([
            linked(post(1, ann(), bob(), 60)),
            linked(stake),
            linked(post(3, ann(), bob(), 1)),
            post(4, bob(), book(), 1),
            post(5, ann(), bob(), 100),
            capture(6, stake, 40),
        ]))
        .events();
    let short = Some(RefusalReason::DebitExceedsAvailable);
    assert_eq!(
        reasons(&events),
        [
            (id(1), BROKEN),
            (id(2), BROKEN),
            (id(3), short),
            (id(4), BROKEN),
            (id(5), None),
            (id(6), Some(RefusalReason::HoldUnknown)),
        ]
    );
}

#[test]
fn a_broken_chain_gives_back_a_hold_that_it_took() {
    let stake = hold(1, ann(), book(), 60);
    let events = funded(100)
        .after(batch([stake]))
        .when(batch([
            linked(capture(2, stake, 60)),
            post(3, ann(), bob(), 500),
            void(4, stake),
        ]))
        .events();
    assert_eq!(reasons(&events).last(), Some(&(id(4), None)));
}

#[test]
fn a_chain_must_be_closed_by_its_batch() {
    let events = funded(100)
        .when(batch([
            linked(post(1, ann(), bob(), 1)),
            linked(post(2, ann(), bob(), 1)),
        ]))
        .events();
    assert_eq!(
        reasons(&events),
        [(id(1), BROKEN), (id(2), Some(RefusalReason::ChainOpen))]
    );
}

#[test]
fn chains_of_one_batch_are_apart() {
    let events = funded(100)
        .when(batch([
            linked(post(1, ann(), bob(), 500)),
            post(2, ann(), bob(), 1),
            linked(post(3, ann(), bob(), 1)),
            post(4, ann(), bob(), 1),
        ]))
        .events();
    let short = Some(RefusalReason::DebitExceedsAvailable);
    assert_eq!(
        reasons(&events),
        [
            (id(1), short),
            (id(2), BROKEN),
            (id(3), None),
            (id(4), None)
        ]
    );
}

#[test]
fn a_chain_that_was_to_release_a_hold_that_is_not_there_is_passed_over() {
    let stake = hold(1, ann(), book(), 60);
    let release = [
        linked(up_to(void(2, stake))),
        up_to(post(3, ann(), anns_debt(), i64::MAX)),
    ];
    let owing = || funded(100).after(batch([post(4, anns_debt(), book(), 70)]));
    owing().when(batch(release)).then_nothing();
    let state = owing().after(batch([stake])).after(batch(release)).state();
    assert_eq!(state.balance(ann()).posted_minor, 30);
}

#[test]
fn a_chain_that_is_passed_over_takes_back_what_it_had_begun() {
    let stake = hold(1, ann(), book(), 60);
    let begun = [linked(post(2, ann(), bob(), 5)), up_to(void(3, stake))];
    funded(100).when(batch(begun)).then_nothing();
}
