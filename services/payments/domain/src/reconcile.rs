//! A provider's file held against the books.
//!
//! Duty: of each line, whether the same money stands here; behind the last line, what stands here
//! and was in no file. A day's file is told in parts, each one record; what agrees in one part, or
//! agreed in an earlier file, is not missing in another. Money in suspense stands here.
//!
//! Prohibition: nothing is corrected. A finding stays until a later file, or a later outcome,
//! explains it.

use crate::command::{PaymentRef, Reconcile};
use crate::event::{Event, Finding, FindingKind};
use crate::state::{DepositStatus, State, WithdrawalStatus};
use kernel::{Money, Timestamp};
use std::collections::BTreeMap;

pub(crate) fn reconcile(state: &State, command: &Reconcile) -> Vec<Event> {
    let (mut matched, mut findings) = (Vec::new(), Vec::new());
    let told = sums(command);
    for (payment, theirs) in &told {
        let (theirs, ours) = (*theirs, settled(state, &command.provider, payment));
        let kind = match (ours, theirs) {
            (Some(ours), Some(theirs)) if ours == theirs => {
                matched.push(payment.clone());
                continue;
            }
            (Some(_), _) => FindingKind::AmountDiffers,
            (None, _) => FindingKind::MissingHere,
        };
        let reference = payment.reference();
        findings.push(Finding {
            reference,
            kind,
            ours,
            theirs,
        });
    }
    if command.last {
        let missing: Vec<_> = state
            .unmatched
            .iter()
            .filter(|payment| !told.contains_key(payment))
            .filter_map(|payment| missing_there(state, command, payment))
            .collect();
        findings.extend(missing);
    }
    vec![Event::ProviderReconciled {
        provider: command.provider.clone(),
        file: command.file,
        part: command.part,
        last: command.last,
        missing_before: command.missing_before,
        matched,
        findings,
    }]
}

/// What the file says of each payment, all its lines together: a payment that is in it twice has
/// moved twice. None: lines of one payment that cannot be added up.
fn sums(command: &Reconcile) -> BTreeMap<PaymentRef, Option<Money>> {
    let mut sums: BTreeMap<PaymentRef, Option<Money>> = BTreeMap::new();
    for line in &command.lines {
        sums.entry(line.payment.clone())
            .and_modify(|sum| *sum = sum.and_then(|sum| sum.checked_add(line.amount).ok()))
            .or_insert(Some(line.amount));
    }
    sums
}

/// The money that stands here for a payment through that provider.
fn settled(state: &State, provider: &str, payment: &PaymentRef) -> Option<Money> {
    let in_suspense = || state.suspense.get(&payment.reference()).copied();
    match payment {
        PaymentRef::Deposit(id) => match state.deposits.get(id) {
            Some(found) if found.deposit.provider != provider => None,
            Some(found) => match found.status {
                DepositStatus::Confirmed => Some(found.deposit.amount),
                DepositStatus::Requested
                | DepositStatus::Failed
                | DepositStatus::FailedButReceived => in_suspense(),
            },
            None => in_suspense(),
        },
        PaymentRef::Withdrawal(id) => state
            .withdrawals
            .get(id)
            .filter(|found| found.withdrawal.provider == provider)
            .filter(|found| found.status == WithdrawalStatus::Paid)
            .map(|found| found.withdrawal.amount),
        PaymentRef::Unknown(_) => in_suspense(),
    }
}

fn missing_there(state: &State, command: &Reconcile, payment: &PaymentRef) -> Option<Finding> {
    let ours = settled(state, &command.provider, payment)?;
    let due = asked_at(state, payment)? < command.missing_before;
    due.then(|| Finding {
        reference: payment.reference(),
        kind: FindingKind::MissingThere,
        ours: Some(ours),
        theirs: None,
    })
}

fn asked_at(state: &State, payment: &PaymentRef) -> Option<Timestamp> {
    match payment {
        PaymentRef::Deposit(id) => Some(state.deposits.get(id)?.deposit.requested_at),
        PaymentRef::Withdrawal(id) => Some(state.withdrawals.get(id)?.callable_from()),
        PaymentRef::Unknown(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{Command, Outcome, ProviderLine, ReportOutcome};
    use crate::examples::*;
    use kernel::{Currency, Digest};

    const DEPOSITED: PaymentRef = PaymentRef::Deposit(DEPOSIT);
    const WITHDRAWN: PaymentRef = PaymentRef::Withdrawal(WITHDRAWAL);

    fn line(payment: PaymentRef, minor: i64) -> ProviderLine {
        let amount = eur(minor);
        ProviderLine { payment, amount }
    }

    fn file(lines: Vec<ProviderLine>) -> Reconcile {
        Reconcile {
            provider: "simulator".to_owned(),
            file: Digest::default(),
            part: 0,
            last: true,
            missing_before: at(100),
            lines,
        }
    }

    fn finding(
        payment: &PaymentRef,
        kind: FindingKind,
        ours: Option<i64>,
        theirs: Option<i64>,
    ) -> Finding {
        Finding {
            reference: payment.reference(),
            kind,
            ours: ours.map(eur),
            theirs: theirs.map(eur),
        }
    }

    fn outcome(matched: Vec<PaymentRef>, findings: Vec<Finding>) -> [Event; 1] {
        [Event::ProviderReconciled {
            provider: "simulator".to_owned(),
            file: Digest::default(),
            part: 0,
            last: true,
            missing_before: at(100),
            matched,
            findings,
        }]
    }

    fn paid_in() -> [Event; 2] {
        let confirmed = Event::DepositConfirmed {
            deposit: deposit(),
            provider_event: "e1".to_owned(),
        };
        [Event::DepositRequested(deposit()), confirmed]
    }

    fn paid_out() -> [Event; 3] {
        [
            Event::WithdrawalRequested(withdrawal()),
            Event::WithdrawalSubmitted(withdrawal()),
            Event::WithdrawalPaid {
                withdrawal: withdrawal(),
                provider_event: "e2".to_owned(),
            },
        ]
    }

    fn both() -> Scenario {
        Scenario::given(paid_in().into_iter().chain(paid_out()))
    }

    fn held_against(lines: Vec<ProviderLine>) -> Command {
        Command::Reconcile(file(lines))
    }

    fn whole_file() -> Vec<ProviderLine> {
        vec![line(DEPOSITED, 500), line(WITHDRAWN, 200)]
    }

    fn told(payment: PaymentRef, event: &str, minor: i64) -> Command {
        Command::ReportOutcome(ReportOutcome {
            provider: "simulator".to_owned(),
            provider_event: event.to_owned(),
            payment,
            outcome: Outcome::Succeeded { amount: eur(minor) },
        })
    }

    #[test]
    fn what_agrees_is_matched() {
        both()
            .when(held_against(whole_file()))
            .then(outcome(vec![DEPOSITED, WITHDRAWN], vec![]));
    }

    #[test]
    fn the_same_file_again_agrees_again() {
        both()
            .after(held_against(whole_file()))
            .when(held_against(whole_file()))
            .then(outcome(vec![DEPOSITED, WITHDRAWN], vec![]));
    }

    #[test]
    fn another_amount_is_named_with_both() {
        let differs = finding(&DEPOSITED, FindingKind::AmountDiffers, Some(500), Some(499));
        both()
            .when(held_against(vec![
                line(DEPOSITED, 499),
                line(WITHDRAWN, 200),
            ]))
            .then(outcome(vec![WITHDRAWN], vec![differs]));
    }

    #[test]
    fn a_payment_that_is_in_the_file_twice_has_moved_twice() {
        let lines = vec![
            line(DEPOSITED, 500),
            line(WITHDRAWN, 200),
            line(WITHDRAWN, 200),
        ];
        let differs = finding(&WITHDRAWN, FindingKind::AmountDiffers, Some(200), Some(400));
        both()
            .when(held_against(lines))
            .then(outcome(vec![DEPOSITED], vec![differs]));
    }

    #[test]
    fn lines_in_two_currencies_agree_with_nothing() {
        let mut lines = whole_file();
        let amount = Money::from_minor(1, Currency::Usd);
        lines.push(ProviderLine {
            payment: DEPOSITED,
            amount,
        });
        let differs = finding(&DEPOSITED, FindingKind::AmountDiffers, Some(500), None);
        both()
            .when(held_against(lines))
            .then(outcome(vec![WITHDRAWN], vec![differs]));
    }

    #[test]
    fn money_that_moved_there_alone_is_missing_here() {
        let missing = finding(&WITHDRAWN, FindingKind::MissingHere, None, Some(200));
        let [requested, submitted, _] = paid_out();
        Scenario::given(paid_in().into_iter().chain([requested, submitted]))
            .when(held_against(whole_file()))
            .then(outcome(vec![DEPOSITED], vec![missing]));
    }

    #[test]
    fn money_that_stands_here_alone_is_missing_there() {
        let missing = finding(&WITHDRAWN, FindingKind::MissingThere, Some(200), None);
        both()
            .when(held_against(vec![line(DEPOSITED, 500)]))
            .then(outcome(vec![DEPOSITED], vec![missing]));
    }

    #[test]
    fn what_is_too_young_for_the_file_is_not_missing_yet() {
        let young = Reconcile {
            missing_before: at(0),
            ..file(vec![])
        };
        let events = both().when(Command::Reconcile(young)).events();
        let [Event::ProviderReconciled { findings, .. }] = events.as_slice() else {
            panic!("{events:?}");
        };
        assert_eq!(findings, &[]);
    }

    #[test]
    fn only_the_last_part_tells_what_is_missing_there() {
        let first = Reconcile {
            last: false,
            ..file(vec![line(DEPOSITED, 500)])
        };
        let second = Reconcile {
            part: 1,
            ..file(vec![line(WITHDRAWN, 200)])
        };
        let events = both()
            .after(Command::Reconcile(first))
            .when(Command::Reconcile(second))
            .events();
        let [Event::ProviderReconciled { findings, .. }] = events.as_slice() else {
            panic!("{events:?}");
        };
        assert_eq!(findings, &[]);
    }

    #[test]
    fn a_finding_ends_with_the_outcome_that_explains_it() {
        let state = scenario([Event::DepositRequested(deposit())])
            .after(held_against(vec![line(DEPOSITED, 500)]))
            .state();
        assert_eq!(state.findings.len(), 1);
        let state = scenario([Event::DepositRequested(deposit())])
            .after(held_against(vec![line(DEPOSITED, 500)]))
            .after(told(DEPOSITED, "e1", 500))
            .state();
        assert!(state.findings.is_empty());
        assert!(state.unmatched.is_empty(), "the file had it");
    }

    #[test]
    fn a_finding_ends_with_the_file_that_has_it() {
        let state = both()
            .after(held_against(vec![]))
            .after(held_against(whole_file()))
            .state();
        assert!(state.findings.is_empty() && state.unmatched.is_empty());
    }

    #[test]
    fn money_in_suspense_stands_here() {
        let stranger = PaymentRef::Unknown("invoice-7".to_owned());
        scenario([])
            .after(told(stranger.clone(), "e1", 70))
            .when(held_against(vec![line(stranger.clone(), 70)]))
            .then(outcome(vec![stranger], vec![]));
    }

    #[test]
    fn a_payment_through_another_provider_is_not_in_this_file() {
        let of_another = Reconcile {
            provider: "another".to_owned(),
            ..file(vec![line(DEPOSITED, 500)])
        };
        let events = both().when(Command::Reconcile(of_another)).events();
        let [
            Event::ProviderReconciled {
                matched, findings, ..
            },
        ] = events.as_slice()
        else {
            panic!("{events:?}");
        };
        assert_eq!((matched.len(), findings.len()), (0, 1));
    }
}
