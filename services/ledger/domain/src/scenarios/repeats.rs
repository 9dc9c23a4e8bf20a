//! A transfer's id has one effect, for ever.

use super::*;

#[test]
fn an_exact_repeat_leaves_nothing() {
    let stake = hold(2, ann(), book(), 60);
    let all = [
        post(1, ann(), bob(), 10),
        stake,
        up_to(post(3, ann(), anns_debt(), 5)),
        post(4, ann(), bob(), 10_000),
        linked(post(5, ann(), bob(), 1)),
        post(6, ann(), bob(), 10_000),
        capture(7, stake, 20),
    ];
    funded(100)
        .after(batch(all))
        .when(batch(all))
        .then_nothing();
    for transfer in [all[0], all[1], all[2], all[3], all[6]] {
        funded(100)
            .after(batch(all))
            .when(batch([transfer]))
            .then_nothing();
    }
}

#[test]
fn a_repeat_within_its_own_batch_leaves_nothing() {
    let transfer = post(1, ann(), bob(), 10);
    let events = funded(100).when(batch([transfer, transfer])).events();
    assert_eq!(reasons(&events), [(id(1), None)]);
}

#[test]
fn a_refused_transfer_stays_refused_when_the_money_comes() {
    let transfer = post(1, ann(), bob(), 500);
    funded(100)
        .after(batch([transfer]))
        .after(batch([post(2, provider(), ann(), 1_000)]))
        .when(batch([transfer]))
        .then_nothing();
}

#[test]
fn an_id_is_not_used_for_anything_else() {
    let used = post(1, ann(), bob(), 10);
    let others = [
        Transfer {
            debit: book(),
            ..used
        },
        Transfer {
            credit: book(),
            ..used
        },
        Transfer {
            amount: Amount::Exactly(11),
            ..used
        },
        Transfer {
            amount: Amount::UpTo(10),
            ..used
        },
        Transfer {
            kind: TransferKind::Hold { expires_at: None },
            ..used
        },
        Transfer {
            kind: TransferKind::VoidHold { hold: id(9) },
            ..used
        },
        Transfer {
            code: TransferCode::Deposit,
            ..used
        },
        Transfer {
            credit_fallback: Some(book()),
            ..used
        },
        Transfer {
            rules_waived: true,
            ..used
        },
    ];
    for other in others {
        let given = || funded(100).after(batch([used]));
        refused(given(), other, RefusalReason::IdReusedWithOtherContent);
        let events = given()
            .when(batch([linked(other), post(2, ann(), bob(), 1)]))
            .events();
        assert_eq!(
            reasons(&events)[0],
            (id(1), Some(RefusalReason::IdReusedWithOtherContent))
        );
    }
}

#[test]
fn a_reuse_does_not_displace_the_first_use() {
    let first = post(1, ann(), bob(), 10);
    let reuse = post(1, ann(), bob(), 11);
    let given = || funded(100).after(batch([first])).after(batch([reuse]));
    given().when(batch([first])).then_nothing();
    refused(given(), reuse, RefusalReason::IdReusedWithOtherContent);
}

#[test]
fn a_chain_with_a_part_of_it_done_before_is_refused() {
    let (done, new) = (linked(post(1, ann(), bob(), 10)), post(2, ann(), bob(), 20));
    let closing = post(3, ann(), bob(), 1);
    let events = funded(100)
        .after(batch([done, closing]))
        .when(batch([done, new]))
        .events();
    assert_eq!(
        reasons(&events),
        [(id(2), Some(RefusalReason::LinkedTransferRefused))]
    );
}

/// Events in logs carry these digests: should this test fail, mend the code, not the test.
#[test]
fn the_digest_of_a_transfer_never_changes() {
    let plain = post(1, ann(), book(), 10);
    let expiring = hold_until(1, ann(), book(), 10, 5_000);
    let rich = Transfer {
        amount: Amount::RestOf(id(4)),
        credit_fallback: Some(house(AccountKind::Suspense)),
        rules_waived: true,
        ..capture(2, expiring, 1)
    };
    let digests = [plain, expiring, rich].map(|transfer| transfer.content().bytes());
    assert_eq!(
        digests.map(u64::from_be_bytes),
        [
            3_940_225_830_698_835_372,
            1_910_997_591_485_183_624,
            2_224_640_876_295_379_472
        ]
    );
}
