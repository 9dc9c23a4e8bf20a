//! The state as bytes.
//!
//! Duty: equal states give equal bytes, and the bytes give the state back. Prohibition: nothing
//! is judged.

use crate::codec;
use kernel::{CustomerId, DepositId, Money, Timestamp, WithdrawalId};
use payments_domain as domain;
use payments_domain::{DepositState, PaymentRef, State, TakenOn, WithdrawalState};
use schemas::payments as wire_of;
use schemas::{DecodeError, Input, Wire, wire};

/// Of this shape of the bytes.
const LAYOUT: u64 = 0x7061_7973_0000_0004;
/// Of the one before, which had no reviews.
const LAYOUT_3: u64 = 0x7061_7973_0000_0003;
/// Of the one before that, which had no adjustments.
const LAYOUT_2: u64 = 0x7061_7973_0000_0002;
/// The first shape began with a count, which is never as large.
const COUNTS_BELOW: u64 = 1 << 32;

mod adjustments;
mod reviews;

wire! {
    /// The second shape.
    record SavedBefore { layout: u64, payments: SavedPayments }
    /// The third shape.
    record SavedWithAdjustments {
        layout: u64,
        payments: SavedPayments,
        adjustments: Vec<SavedAdjustment>,
        unclaimed: Vec<SavedUnclaimed>,
    }
    /// All of one partition.
    record Saved {
        layout: u64,
        payments: SavedPayments,
        adjustments: Vec<SavedAdjustment>,
        unclaimed: Vec<SavedUnclaimed>,
        reviews: Vec<SavedReview>,
    }
    /// See [`domain::Review`].
    record SavedReview {
        withdrawal: WithdrawalId,
        review_from: Money,
        approvals: Vec<wire_of::WithdrawalApproval>,
        declined: Option<wire_of::WithdrawalApproval>,
    }
    /// What the second shape had behind its number.
    record SavedPayments {
        books: SavedBooks,
        told: Vec<SavedTold>,
        unmatched: Vec<SavedPayment>,
        suspense: Vec<SavedSuspense>,
        findings: Vec<wire_of::ProviderFinding>,
    }
    /// What the first shape had.
    record SavedBooks {
        deposits: Vec<SavedDeposit>,
        withdrawals: Vec<SavedWithdrawal>,
        customers: Vec<SavedCustomer>,
        provider_events: Vec<SavedProviderEvent>,
    }
    /// Of payments of which more was told: the instrument, and what the provider said.
    record SavedTold {
        payment: wire_of::Payment,
        instrument: Option<String>,
        known_as: Option<String>,
        approve_at: Option<String>,
    }
    /// See [`domain::AdjustmentState`].
    record SavedAdjustment {
        proposed: wire_of::AdjustmentProposed,
        answer: Option<SavedAnswer>,
    }
    /// What was said, and what became of it.
    record SavedAnswer { standing: Standing, reason: String, by: String, at: Timestamp }
    /// See [`domain::AdjustmentState`].
    enum Standing { Approved, Declined, Booked, Refused }
    /// See [`State::unclaimed_minor`].
    record SavedUnclaimed { reference: String, amount: Money }
    /// A payment; a union within a list is a record's field.
    record SavedPayment { payment: wire_of::Payment }
    /// Money without an open deposit.
    record SavedSuspense { reference: String, amount: Money }
    /// See [`domain::DepositState`].
    record SavedDeposit {
        deposit: DepositId,
        customer: CustomerId,
        amount: Money,
        provider: String,
        requested_at: Timestamp,
        status: DepositStatus,
    }
    /// See [`domain::DepositStatus`].
    enum DepositStatus { Requested, Confirmed, Failed, FailedButReceived }
    /// See [`domain::WithdrawalState`].
    record SavedWithdrawal {
        withdrawal: WithdrawalId,
        customer: CustomerId,
        amount: Money,
        provider: String,
        requested_at: Timestamp,
        status: WithdrawalStatus,
    }
    /// See [`domain::WithdrawalStatus`].
    enum WithdrawalStatus { Requested, Submitted, Disputed, Paid, Failed, InReview }
    /// See [`domain::Customer`].
    record SavedCustomer {
        customer: CustomerId,
        day: Option<Money>,
        week: Option<Money>,
        month: Option<Money>,
        excluded_until: Option<Timestamp>,
        counted: Vec<SavedCounted>,
    }
    /// See [`domain::Counted`].
    record SavedCounted { deposit: DepositId, at: Timestamp, amount: Money }
    /// An event of a provider that has had its effect.
    record SavedProviderEvent { provider: String, event: String }
}

macro_rules! same_names {
    ($save:ident, $load:ident, $type:ident { $($name:ident),* $(,)? }) => {
        const fn $save(value: domain::$type) -> $type {
            match value { $(domain::$type::$name => $type::$name,)* }
        }
        const fn $load(value: $type) -> domain::$type {
            match value { $($type::$name => domain::$type::$name,)* }
        }
    };
}

same_names!(
    save_deposit_status,
    load_deposit_status,
    DepositStatus {
        Requested,
        Confirmed,
        Failed,
        FailedButReceived
    }
);
same_names!(
    save_withdrawal_status,
    load_withdrawal_status,
    WithdrawalStatus {
        Requested,
        Submitted,
        Disputed,
        Paid,
        Failed,
        InReview
    }
);

pub(crate) fn encode(state: &State) -> Vec<u8> {
    Saved {
        layout: LAYOUT,
        payments: save_payments(state),
        adjustments: adjustments::save(state),
        unclaimed: adjustments::save_unclaimed(state),
        reviews: reviews::save(state),
    }
    .to_bytes()
}

fn save_payments(state: &State) -> SavedPayments {
    SavedPayments {
        books: save_books(state),
        told: save_told(state),
        unmatched: state
            .unmatched
            .iter()
            .map(|payment| SavedPayment {
                payment: codec::payment_to_wire(payment),
            })
            .collect(),
        suspense: state
            .suspense
            .iter()
            .map(|(reference, amount)| SavedSuspense {
                reference: reference.clone(),
                amount: *amount,
            })
            .collect(),
        findings: state
            .findings
            .values()
            .cloned()
            .map(codec::finding_to_wire)
            .collect(),
    }
}

fn save_books(state: &State) -> SavedBooks {
    SavedBooks {
        deposits: state.deposits.values().map(save_deposit).collect(),
        withdrawals: state.withdrawals.values().map(save_withdrawal).collect(),
        customers: state
            .customers
            .iter()
            .map(|(id, customer)| save_customer(*id, customer))
            .collect(),
        provider_events: state
            .provider_events
            .iter()
            .map(|(provider, event)| SavedProviderEvent {
                provider: provider.clone(),
                event: event.clone(),
            })
            .collect(),
    }
}

fn save_told(state: &State) -> Vec<SavedTold> {
    let told = |payment: PaymentRef, instrument: &Option<String>, taken_on: &TakenOn| {
        (instrument.is_some() || *taken_on != TakenOn::default()).then(|| SavedTold {
            payment: codec::payment_to_wire(&payment),
            instrument: instrument.clone(),
            known_as: taken_on.known_as.clone(),
            approve_at: taken_on.approve_at.clone(),
        })
    };
    let of_deposits = state
        .deposits
        .iter()
        .filter_map(|(id, of)| told(PaymentRef::Deposit(*id), &of.instrument, &of.taken_on));
    let of_withdrawals = state
        .withdrawals
        .iter()
        .filter_map(|(id, of)| told(PaymentRef::Withdrawal(*id), &of.instrument, &of.taken_on));
    of_deposits.chain(of_withdrawals).collect()
}

fn save_deposit(saved: &DepositState) -> SavedDeposit {
    SavedDeposit {
        deposit: saved.deposit.id,
        customer: saved.deposit.customer,
        amount: saved.deposit.amount,
        provider: saved.deposit.provider.clone(),
        requested_at: saved.deposit.requested_at,
        status: save_deposit_status(saved.status),
    }
}

fn save_withdrawal(saved: &WithdrawalState) -> SavedWithdrawal {
    SavedWithdrawal {
        withdrawal: saved.withdrawal.id,
        customer: saved.withdrawal.customer,
        amount: saved.withdrawal.amount,
        provider: saved.withdrawal.provider.clone(),
        requested_at: saved.withdrawal.requested_at,
        status: save_withdrawal_status(saved.status),
    }
}

fn save_customer(id: CustomerId, customer: &domain::Customer) -> SavedCustomer {
    SavedCustomer {
        customer: id,
        day: customer.limits.day,
        week: customer.limits.week,
        month: customer.limits.month,
        excluded_until: customer.excluded_until,
        counted: customer
            .counted
            .iter()
            .map(|counted| SavedCounted {
                deposit: counted.deposit,
                at: counted.at,
                amount: counted.amount,
            })
            .collect(),
    }
}

pub(crate) fn decode(bytes: &[u8]) -> Result<State, DecodeError> {
    let first = u64::decode(&mut Input::new(bytes))?;
    if first < COUNTS_BELOW {
        return Ok(without_more(SavedBooks::from_bytes(bytes)?));
    }
    if first == LAYOUT_2 {
        let saved = SavedBefore::from_bytes(bytes)?;
        return Ok(adjustments::without(saved.payments));
    }
    if first == LAYOUT_3 {
        let saved = SavedWithAdjustments::from_bytes(bytes)?;
        let mut state = load_payments(saved.payments);
        adjustments::load(&mut state, saved.adjustments, saved.unclaimed)?;
        return Ok(state);
    }
    if first != LAYOUT {
        return Err(DecodeError::NotAllowed("a snapshot of another layout"));
    }
    let saved = Saved::from_bytes(bytes)?;
    let mut state = load_payments(saved.payments);
    adjustments::load(&mut state, saved.adjustments, saved.unclaimed)?;
    reviews::load(&mut state, saved.reviews)?;
    Ok(state)
}

fn load_payments(saved: SavedPayments) -> State {
    let mut state = load_books(saved.books);
    for told in saved.told {
        load_told(&mut state, told);
    }
    let unmatched = saved.unmatched.into_iter();
    state.unmatched = unmatched
        .map(|saved| codec::payment(saved.payment))
        .collect();
    let suspense = saved.suspense.into_iter();
    state.suspense = suspense
        .map(|saved| (saved.reference, saved.amount))
        .collect();
    let findings = saved.findings.into_iter().map(codec::finding);
    state.findings = findings
        .map(|finding| (finding.reference.clone(), finding))
        .collect();
    state.derive_flows();
    state
}

/// A state of the first shape: nothing of it was in a provider's file. What stands in suspense from
/// before is found there by its deposit alone, so a file that has it names it for a person.
fn without_more(books: SavedBooks) -> State {
    let mut state = load_books(books);
    let paid_in = state
        .deposits
        .iter()
        .filter(|(_, of)| of.status == domain::DepositStatus::Confirmed)
        .map(|(id, _)| PaymentRef::Deposit(*id));
    let paid_out = state
        .withdrawals
        .iter()
        .filter(|(_, of)| of.status == domain::WithdrawalStatus::Paid)
        .map(|(id, _)| PaymentRef::Withdrawal(*id));
    state.unmatched = paid_in.chain(paid_out).collect();
    state.derive_flows();
    state
}

fn load_told(state: &mut State, told: SavedTold) {
    let taken_on = TakenOn {
        known_as: told.known_as,
        approve_at: told.approve_at,
    };
    match codec::payment(told.payment) {
        PaymentRef::Deposit(id) => {
            if let Some(deposit) = state.deposits.get_mut(&id) {
                (deposit.instrument, deposit.taken_on) = (told.instrument, taken_on);
            }
        }
        PaymentRef::Withdrawal(id) => {
            if let Some(withdrawal) = state.withdrawals.get_mut(&id) {
                (withdrawal.instrument, withdrawal.taken_on) = (told.instrument, taken_on);
            }
        }
        PaymentRef::Unknown(_) => {}
    }
}

fn load_books(saved: SavedBooks) -> State {
    State {
        deposits: saved
            .deposits
            .into_iter()
            .map(|saved| (saved.deposit, load_deposit(saved)))
            .collect(),
        withdrawals: saved
            .withdrawals
            .into_iter()
            .map(|saved| (saved.withdrawal, load_withdrawal(saved)))
            .collect(),
        customers: saved
            .customers
            .into_iter()
            .map(|saved| (saved.customer, load_customer(saved)))
            .collect(),
        provider_events: saved
            .provider_events
            .into_iter()
            .map(|saved| (saved.provider, saved.event))
            .collect(),
        ..State::default()
    }
}

fn load_deposit(saved: SavedDeposit) -> DepositState {
    DepositState {
        deposit: domain::Deposit {
            id: saved.deposit,
            customer: saved.customer,
            amount: saved.amount,
            provider: saved.provider,
            requested_at: saved.requested_at,
        },
        status: load_deposit_status(saved.status),
        instrument: None,
        taken_on: TakenOn::default(),
    }
}

fn load_withdrawal(saved: SavedWithdrawal) -> WithdrawalState {
    WithdrawalState {
        withdrawal: domain::Withdrawal {
            id: saved.withdrawal,
            customer: saved.customer,
            amount: saved.amount,
            provider: saved.provider,
            requested_at: saved.requested_at,
        },
        status: load_withdrawal_status(saved.status),
        instrument: None,
        taken_on: TakenOn::default(),
        review: None,
    }
}

fn load_customer(saved: SavedCustomer) -> domain::Customer {
    domain::Customer {
        limits: domain::DepositLimits {
            day: saved.day,
            week: saved.week,
            month: saved.month,
        },
        excluded_until: saved.excluded_until,
        counted: saved
            .counted
            .into_iter()
            .map(|counted| domain::Counted {
                deposit: counted.deposit,
                at: counted.at,
                amount: counted.amount,
            })
            .collect(),
        ..domain::Customer::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::Currency;

    #[test]
    fn a_snapshot_of_the_first_shape_is_read() {
        let amount = Money::from_minor(500, Currency::Eur);
        let (customer, deposit) = (CustomerId::example(1, 3), DepositId::example(2, 3));
        let books = SavedBooks {
            deposits: vec![SavedDeposit {
                deposit,
                customer,
                amount,
                provider: "simulator".to_owned(),
                requested_at: Timestamp::default(),
                status: DepositStatus::Confirmed,
            }],
            withdrawals: vec![],
            customers: vec![],
            provider_events: vec![],
        };
        let state = decode(&books.to_bytes()).expect("it is read");
        assert_eq!(state.unmatched, [PaymentRef::Deposit(deposit)].into());
        let flows: Vec<_> = state.customers[&customer].instruments.values().collect();
        assert_eq!(flows.len(), 1);
        assert_eq!(flows[0].in_minor, 500);
        assert_eq!(decode(&encode(&state)), Ok(state));
        let empty = SavedBooks {
            deposits: vec![],
            ..books
        };
        assert_eq!(decode(&empty.to_bytes()), Ok(State::default()));
    }

    #[test]
    fn a_snapshot_of_the_second_shape_is_read_and_its_suspense_is_there_to_be_taken_out() {
        let amount = Money::from_minor(500, Currency::Eur);
        let suspense = SavedSuspense {
            reference: "invoice-7".to_owned(),
            amount,
        };
        let before = SavedBefore {
            layout: LAYOUT_2,
            payments: SavedPayments {
                suspense: vec![suspense],
                ..save_payments(&State::default())
            },
        };
        let state = decode(&before.to_bytes()).expect("it is read");
        let key = ("invoice-7".to_owned(), Currency::Eur);
        assert_eq!(state.unclaimed_minor.get(&key), Some(&500));
        assert_eq!(decode(&encode(&state)), Ok(state));
    }

    #[test]
    fn a_snapshot_of_the_third_shape_is_read_and_nobody_has_to_look_at_its_withdrawals() {
        let withdrawal = SavedWithdrawal {
            withdrawal: WithdrawalId::example(3, 3),
            customer: CustomerId::example(1, 3),
            amount: Money::from_minor(500, Currency::Eur),
            provider: "simulator".to_owned(),
            requested_at: Timestamp::default(),
            status: WithdrawalStatus::Requested,
        };
        let payments = save_payments(&State::default());
        let before = SavedWithAdjustments {
            layout: LAYOUT_3,
            payments: SavedPayments {
                books: SavedBooks {
                    withdrawals: vec![withdrawal],
                    ..payments.books
                },
                ..payments
            },
            adjustments: vec![],
            unclaimed: vec![SavedUnclaimed {
                reference: "invoice-7".to_owned(),
                amount: Money::from_minor(7, Currency::Eur),
            }],
        };
        let state = decode(&before.to_bytes()).expect("it is read");
        assert_eq!(
            (state.withdrawals.len(), state.unclaimed_minor.len()),
            (1, 1)
        );
        assert!(state.withdrawals.values().all(|of| of.review.is_none()));
        assert_eq!(decode(&encode(&state)), Ok(state));
    }

    #[test]
    fn a_snapshot_keeps_what_persons_have_said() {
        let answer = |by: &str| domain::Answer {
            reason: "seen".to_owned(),
            by: by.to_owned(),
            at: Timestamp::from_millis(7),
        };
        let id = WithdrawalId::example(3, 3);
        let withdrawal = |status, review| domain::WithdrawalState {
            withdrawal: domain::Withdrawal {
                id,
                customer: CustomerId::example(1, 3),
                amount: Money::from_minor(500, Currency::Eur),
                provider: "simulator".to_owned(),
                requested_at: Timestamp::default(),
            },
            status,
            instrument: None,
            taken_on: TakenOn::default(),
            review,
        };
        let from = Money::from_minor(400, Currency::Eur);
        let half = domain::Review {
            approvals: vec![answer("olga")],
            ..domain::Review::from(from)
        };
        let declined = domain::Review {
            declined: Some(answer("otto")),
            ..half.clone()
        };
        for (status, review) in [
            (domain::WithdrawalStatus::Requested, None),
            (
                domain::WithdrawalStatus::Requested,
                Some(domain::Review::from(from)),
            ),
            (domain::WithdrawalStatus::InReview, Some(half)),
            (domain::WithdrawalStatus::Failed, Some(declined)),
        ] {
            let mut state = State {
                withdrawals: [(id, withdrawal(status, review))].into(),
                ..State::default()
            };
            state.derive_flows();
            assert_eq!(decode(&encode(&state)), Ok(state));
        }
    }

    #[test]
    fn a_snapshot_of_a_later_shape_is_passed_over() {
        let later = LAYOUT.saturating_add(1).to_bytes();
        assert!(decode(&later).is_err());
    }
}
