//! What holds whatever is asked.

use super::*;
use crate::{AccountRulesSet, Rules};
use proptest::collection::vec;
use proptest::prelude::*;

const KINDS: [AccountKind; 8] = [
    AccountKind::Cash,
    AccountKind::Bonus,
    AccountKind::Receivable,
    AccountKind::Book,
    AccountKind::Provider,
    AccountKind::Suspense,
    AccountKind::Promotions,
    AccountKind::Adjustments,
];

fn accounts() -> impl Strategy<Value = Account> {
    let customer = prop_oneof![
        1 => Just(None),
        3 => (1..4_u64).prop_map(|n| Some(CustomerId::example(n, 0))),
    ];
    let currency = prop_oneof![9 => Just(Currency::Eur), 1 => Just(Currency::Usd)];
    (customer, 0..KINDS.len(), currency).prop_map(|(customer, kind, currency)| Account {
        customer,
        kind: KINDS[kind],
        currency,
    })
}

fn minors() -> impl Strategy<Value = i64> {
    prop_oneof![20 => 1..200_i64, 1 => -2..2_i64, 1 => Just(i64::MAX), 1 => Just(i64::MIN)]
}

/// Few ids, so that repeats, reuses and holds that exist are common.
fn ids() -> impl Strategy<Value = TransferId> {
    (0..40_u64).prop_map(id)
}

fn amounts() -> impl Strategy<Value = Amount> {
    prop_oneof![
        4 => minors().prop_map(Amount::Exactly),
        2 => minors().prop_map(Amount::UpTo),
        1 => ids().prop_map(Amount::RestOf),
    ]
}

fn kinds() -> impl Strategy<Value = TransferKind> {
    prop_oneof![
        4 => Just(TransferKind::Post),
        2 => proptest::option::of((0..9_i64).prop_map(Timestamp::from_micros))
            .prop_map(|expires_at| TransferKind::Hold { expires_at }),
        2 => ids().prop_map(|hold| TransferKind::CaptureHold { hold }),
        1 => ids().prop_map(|hold| TransferKind::VoidHold { hold }),
    ]
}

fn transfers() -> impl Strategy<Value = Transfer> {
    (
        ids(),
        accounts(),
        accounts(),
        amounts(),
        kinds(),
        proptest::option::weighted(0.2, accounts()),
        prop::bool::weighted(0.2),
        prop::bool::weighted(0.1),
    )
        .prop_map(
            |(id, debit, credit, amount, kind, credit_fallback, linked, rules_waived)| Transfer {
                id,
                debit,
                credit,
                amount,
                kind,
                linked,
                code: TransferCode::Adjustment,
                credit_fallback,
                rules_waived,
            },
        )
}

/// Captures and voids of holds mostly name the accounts of the hold.
fn aimed(ledger: &Ledger, transfer: Transfer) -> Transfer {
    let of = match transfer.kind {
        TransferKind::CaptureHold { hold } | TransferKind::VoidHold { hold } => ledger.hold(hold),
        TransferKind::Post | TransferKind::Hold { .. } => None,
    };
    match of {
        Some(hold) => Transfer {
            debit: hold.debit,
            credit: hold.credit,
            ..transfer
        },
        None => transfer,
    }
}

#[derive(Clone, Debug)]
enum Step {
    Batch(Vec<Transfer>),
    Rules(Account, Rules),
    Expire,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let rules = (
        any::<bool>(),
        any::<bool>(),
        proptest::option::of(0..300_i64),
    );
    let rules = rules.prop_map(|(debits_blocked, credits_blocked, balance_max)| Rules {
        debits_blocked,
        credits_blocked,
        balance_max,
    });
    let step = prop_oneof![
        8 => vec(transfers(), 1..8).prop_map(Step::Batch),
        1 => (accounts(), rules).prop_map(|(account, rules)| Step::Rules(account, rules)),
        1 => Just(Step::Expire),
    ];
    vec(step, 1..40)
}

fn command(ledger: &Ledger, step: Step) -> Option<Command> {
    Some(match step {
        Step::Batch(transfers) => batch(transfers.into_iter().map(|it| aimed(ledger, it))),
        Step::Rules(account, rules) => Command::SetAccountRules {
            partition: 0,
            account,
            rules,
        },
        Step::Expire => Command::ExpireHold {
            hold: ledger.first_end()?.1,
        },
    })
}

/// I1 and I2: the books balance per currency, and every account keeps its bound.
fn check_books(ledger: &Ledger) {
    let image = ledger.image();
    for currency in [Currency::Eur, Currency::Usd] {
        let of_currency = image
            .accounts
            .iter()
            .filter(|(it, _)| it.currency == currency);
        let sum: i128 = of_currency
            .map(|(_, standing)| i128::from(standing.balance.posted_minor))
            .sum();
        assert_eq!(sum, 0, "the whole book of {currency}");
    }
    for (account, standing) in &image.accounts {
        let of_account = image
            .holds
            .iter()
            .filter(|(_, hold)| hold.debit == *account);
        let held: i64 = of_account.map(|(_, hold)| hold.minor).sum();
        assert_eq!(standing.balance.held_minor, held, "held on {account:?}");
        match account.kind.bound() {
            crate::Bound::Covered => assert!(standing.balance.available_minor() >= 0),
            crate::Bound::Owing => assert!(standing.balance.posted_minor <= 0),
            crate::Bound::Free => {}
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    /// Conservation: money is moved, never made, whatever is asked for.
    #[test]
    fn books_balance_and_bounds_hold_after_every_event(steps in steps()) {
        let mut ledger = Ledger::initial();
        for step in steps {
            let Some(command) = command(&ledger, step) else { continue };
            for event in Ledger::decide(&ledger, &command).unwrap_or_default() {
                Ledger::evolve(&mut ledger, &event);
                check_books(&ledger);
            }
        }
    }
}

proptest! {
    #[test]
    fn a_batch_decides_as_its_transfers_one_by_one_would(
        history in vec(transfers(), 0..60),
        transfers in vec(transfers(), 1..30),
    ) {
        let alone = |it: Transfer| Transfer { linked: false, ..it };
        let exact = |it: Transfer| match it.amount {
            Amount::RestOf(_) => Transfer { amount: Amount::Exactly(5), ..it },
            Amount::Exactly(_) | Amount::UpTo(_) => it,
        };
        let mut at_once = Ledger::initial();
        carry_out(&mut at_once, &batch(history));
        let mut one_by_one = at_once.clone();
        let transfers: Vec<_> = transfers
            .into_iter()
            .map(|it| aimed(&at_once, exact(alone(it))))
            .collect();
        let together = carry_out(&mut at_once, &batch(transfers.clone()));
        let mut apart = vec![];
        for transfer in transfers {
            apart.extend(carry_out(&mut one_by_one, &batch([transfer])));
        }
        prop_assert_eq!(together, apart);
        prop_assert_eq!(at_once.image(), one_by_one.image());
    }

    #[test]
    fn a_batch_is_recognised_when_it_comes_again(
        history in vec(transfers(), 0..60),
        transfers in vec(transfers(), 1..30),
    ) {
        let mut ledger = Ledger::initial();
        carry_out(&mut ledger, &batch(history));
        carry_out(&mut ledger, &batch(transfers.clone()));
        let moved = |event: &Event| !matches!(event, Event::TransferRefused(_));
        let again = carry_out(&mut ledger, &batch(transfers));
        prop_assert!(!again.iter().any(moved), "{again:?}");
    }

    #[test]
    fn an_image_holds_all_there_is(steps in steps()) {
        let mut ledger = Ledger::initial();
        for step in steps {
            let Some(command) = command(&ledger, step) else { continue };
            for event in Ledger::decide(&ledger, &command).unwrap_or_default() {
                Ledger::evolve(&mut ledger, &event);
            }
        }
        let restored = Ledger::from_image(&ledger.image());
        prop_assert_eq!(restored.image(), ledger.image());
        prop_assert_eq!(restored.first_end(), ledger.first_end());
    }

    #[test]
    fn a_chain_leaves_all_or_nothing(
        history in vec(transfers(), 0..40),
        chain in vec(transfers(), 2..6),
    ) {
        let mut ledger = Ledger::initial();
        carry_out(&mut ledger, &batch(history));
        let before = ledger.image();
        let last = chain.len().saturating_sub(1);
        let link = |(index, it): (usize, Transfer)| Transfer { linked: index < last, ..it };
        let chain: Vec<_> = chain.into_iter().enumerate().map(link).collect();
        let events = carry_out(&mut ledger, &batch(chain));
        if events.iter().any(|event| matches!(event, Event::TransferRefused(_))) {
            let all_refused = events.iter().all(|event| matches!(event, Event::TransferRefused(_)));
            prop_assert!(all_refused, "{events:?}");
            prop_assert_eq!(ledger.image().accounts, before.accounts);
            prop_assert_eq!(ledger.image().holds, before.holds);
        }
    }

    #[test]
    fn evolve_is_total(debit in accounts(), rules in any::<bool>()) {
        let mut ledger = Ledger::initial();
        let rules = Rules { debits_blocked: rules, ..Rules::default() };
        Ledger::evolve(&mut ledger, &Event::AccountRulesSet(AccountRulesSet { account: debit, rules }));
        prop_assert_eq!(ledger.rules(debit), rules);
    }
}
