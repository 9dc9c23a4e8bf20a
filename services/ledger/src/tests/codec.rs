//! Domain and wire say the same, within the bytes that a record has.

use super::*;
use ledger_domain::{
    AccountRulesSet, ContentHash, HoldCaptured, HoldExpired, HoldVoided, NothingMoved,
    RefusalReason, Rejection, TRANSFERS_ALWAYS_FIT, TRANSFERS_MAX, TransferHeld, TransferPosted,
    TransferRefused, bytes_max,
};
use proptest::prelude::*;

/// One of each, with these numbers in every place that has one.
fn one_of_each(minor: i64, entry: u64, account: Account) -> Vec<Event> {
    let id = TransferId::example(entry, PARTITION);
    let content = ContentHash::from_bytes(minor.to_be_bytes());
    let code = TransferCode::Adjustment;
    let after = Balance {
        posted_minor: minor,
        held_minor: minor,
        entry,
    };
    vec![
        Event::TransferPosted(TransferPosted {
            id,
            debit: account,
            credit: account,
            minor,
            code,
            debit_after: after,
            credit_after: after,
            content,
        }),
        Event::TransferHeld(TransferHeld {
            id,
            debit: account,
            credit: account,
            minor,
            code,
            expires_at: Some(Timestamp::from_micros(minor)),
            debit_after: after,
            content,
        }),
        Event::HoldCaptured(HoldCaptured {
            id,
            hold: id,
            debit: account,
            credit: account,
            minor,
            released_minor: minor,
            code,
            debit_after: after,
            credit_after: after,
            content,
        }),
        Event::HoldVoided(HoldVoided {
            id,
            hold: id,
            debit: account,
            credit: account,
            minor,
            code,
            debit_after: after,
            content,
        }),
        Event::HoldExpired(HoldExpired {
            hold: id,
            debit: account,
            credit: account,
            minor,
            code,
            debit_after: after,
        }),
        Event::TransferRefused(TransferRefused {
            id,
            reason: RefusalReason::ChainOpen,
            available_minor: Some(minor),
            debit: account,
            code,
            content,
        }),
        Event::AccountRulesSet(AccountRulesSet {
            account,
            rules: Rules {
                debits_blocked: true,
                credits_blocked: true,
                balance_max: Some(minor),
            },
        }),
        Event::NothingMoved(NothingMoved { id, content }),
    ]
}

/// The record with its header and all that many events stays within its million bytes.
#[test]
fn what_always_fits_does() {
    let largest = one_of_each(i64::MIN, u64::MAX >> 1, of_ann(AccountKind::Promotions));
    let largest = largest.iter().map(bytes_max).max().unwrap_or_default();
    let count = usize::try_from(TRANSFERS_ALWAYS_FIT).unwrap_or(usize::MAX);
    assert!(largest * count <= 990_000, "{largest} bytes an event");
}

#[test]
fn a_batch_of_plain_postings_fits_at_its_largest() {
    let transfers = (0..u64::from(TRANSFERS_MAX)).map(|n| wire::Transfer {
        id: TransferId::example(n, PARTITION),
        debit: joined::account_to_wire(house(AccountKind::Provider)),
        credit: joined::account_to_wire(of_ann(AccountKind::Cash)),
        amount: wire::Amount::Exactly(wire::Exactly { minor: 1_000_000 }),
        kind: wire::TransferKind::Post(wire::Post {}),
        linked: false,
        code: wire::TransferCode::Deposit,
        credit_fallback: None,
        rules_waived: false,
    });
    let command = wire::Command::PostTransfers(wire::PostTransfers {
        transfers: transfers.collect(),
    });
    let command = wire::Command::from_bytes(&command.to_bytes()).expect("it can be read");
    let command = LedgerService::request(PARTITION, command, &(), Timestamp::MIN);
    let events = World::new().carry_out(&command);
    let events: Vec<_> = events.iter().map(LedgerService::event_to_wire).collect();
    let body = Body::<_, wire::Rejection> {
        rejection: None,
        events,
    };
    let schema = schemas::schema_of(Topic::LedgerEvents);
    let record = schemas::encode_record(schema, &header(1), &body);
    assert!(record.len() < 1_000_000, "{} bytes", record.len());
}

#[test]
fn every_rejection_has_its_reason_on_the_wire() {
    let reason = |rejection| LedgerService::rejection_to_wire(&rejection).reason;
    assert_eq!(
        reason(Rejection::BatchTooLarge { maximum: 5 }),
        wire::RejectionReason::BatchTooLarge(wire::BatchTooLarge { maximum: 5 })
    );
    assert_eq!(
        reason(Rejection::AccountOfOtherPartition),
        wire::RejectionReason::AccountOfOtherPartition(wire::AccountOfOtherPartition {})
    );
    assert_eq!(
        reason(Rejection::RulesNotForKind(AccountKind::Book)),
        wire::RejectionReason::RulesNotForKind(wire::RulesNotForKind {
            kind: wire::AccountKind::Book
        })
    );
    assert_eq!(
        reason(Rejection::BalanceMaxNegative),
        wire::RejectionReason::BalanceMaxNegative(wire::BalanceMaxNegative {})
    );
}

#[test]
fn commands_come_over_the_wire_whole() {
    let account = of_ann(AccountKind::Bonus);
    let transfer = Transfer {
        id: TransferId::example(1, PARTITION),
        debit: account,
        credit: house(AccountKind::Promotions),
        amount: Amount::RestOf(TransferId::example(2, PARTITION)),
        kind: TransferKind::CaptureHold {
            hold: TransferId::example(3, PARTITION),
        },
        linked: true,
        code: TransferCode::Adjustment,
        credit_fallback: Some(house(AccountKind::Suspense)),
        rules_waived: true,
    };
    let sent = wire::Command::PostTransfers(wire::PostTransfers {
        transfers: vec![wire::Transfer {
            id: transfer.id,
            debit: joined::account_to_wire(transfer.debit),
            credit: joined::account_to_wire(transfer.credit),
            amount: wire::Amount::RestOf(wire::RestOf {
                transfer: TransferId::example(2, PARTITION),
            }),
            kind: wire::TransferKind::CaptureHold(wire::CaptureHold {
                hold: TransferId::example(3, PARTITION),
            }),
            linked: true,
            code: wire::TransferCode::Adjustment,
            credit_fallback: transfer.credit_fallback.map(joined::account_to_wire),
            rules_waived: true,
        }],
    });
    assert_eq!(
        LedgerService::request(PARTITION, sent, &(), Timestamp::MIN),
        Command::PostTransfers {
            partition: PARTITION,
            transfers: vec![transfer],
        }
    );
    let rules = Rules {
        debits_blocked: true,
        credits_blocked: false,
        balance_max: Some(9),
    };
    let sent = wire::Command::SetAccountRules(wire::SetAccountRules {
        account: joined::account_to_wire(account),
        debits_blocked: true,
        credits_blocked: false,
        balance_max: Some(9),
    });
    assert_eq!(
        LedgerService::request(PARTITION, sent, &(), Timestamp::MIN),
        Command::SetAccountRules {
            partition: PARTITION,
            account,
            rules,
        }
    );
}

proptest! {
    #[test]
    fn events_mean_the_same_on_both_sides_and_take_no_more_than_their_bound(
        minor: i64,
        shift in 0..64_u32,
        entry in 0..i64::MAX.unsigned_abs(),
        of_house: bool,
    ) {
        let kind = AccountKind::Promotions;
        let account = if of_house { house(kind) } else { of_ann(kind) };
        for event in one_of_each(minor >> shift, entry >> shift, account) {
            let on_wire = LedgerService::event_to_wire(&event);
            prop_assert!(on_wire.to_bytes().len() <= bytes_max(&event), "{event:?}");
            prop_assert_eq!(LedgerService::event_from_wire(on_wire), Ok(event));
        }
    }
}
