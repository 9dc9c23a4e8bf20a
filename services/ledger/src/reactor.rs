//! Other journals' decisions as transfers.
//!
//! Duty: one batch for one decision of bets or payments. What they tell has happened, so nothing
//! here may be refused for want of goodwill: a credit that the account cannot take goes to the
//! customer's suspense account, and what a reversal does not find becomes a debt, which every
//! later credit and release repays first.
//!
//! Prohibition: no state is looked at. A transfer's id follows from the thing that it is for and
//! its purpose, so the same cause is the same transfer.

mod adjustments;
mod promotions;

use kernel::{BetId, Currency, CustomerId, Money, Partition, TransferId};
use ledger_domain::{Account, AccountKind, Amount, Transfer, TransferCode, TransferKind};
use promotions::Told;
use schemas::bets::{
    BetPlaced, BetRejected, BetSettled, CashedOut, SettlementReversed, SlipOutcome, StakeReduced,
    stake_hold,
};
use schemas::payments::{
    DepositConfirmed, UnknownPaymentReported, WithdrawalFailed, WithdrawalPaid,
    WithdrawalRequested, withdrawal_hold,
};
use schemas::{Decision, Events, bets, payments};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

/// The transfers that a decision asks for, none if it does not concern money.
pub(crate) fn transfers(decision: &Decision) -> Vec<Transfer> {
    let mut batch = Batch {
        partition: decision.position.partition,
        ..Batch::default()
    };
    match &decision.events {
        Events::BetsEvents(body) => {
            let told = Told::of(&body.events);
            let events = body.events.iter();
            events.for_each(|it| batch.take_bets(it, &told));
        }
        Events::PaymentsEvents(body) => body.events.iter().for_each(|it| batch.take_payments(it)),
        Events::AuthEvents(_)
        | Events::OddsEvents(_)
        | Events::LedgerEvents(_)
        | Events::FraudEvents(_) => {}
    }
    batch.finish()
}

#[derive(Default)]
struct Batch {
    /// Where it happens: the last two bytes of every id.
    partition: Partition,
    transfers: Vec<Transfer>,
    /// Who was credited, and by which transfer last: their debts are repaid at the batch's end.
    credited: BTreeMap<(CustomerId, Currency), TransferId>,
}

impl Batch {
    fn take_bets(&mut self, event: &bets::Event, told: &Told<'_>) {
        match event {
            bets::Event::StakeReduced(reduced) => self.reduce_stake(reduced),
            bets::Event::CashedOut(sold) => self.buy_back(sold),
            bets::Event::BetPlaced(placed) => match told.funded.get(&placed.bet) {
                Some(funded) => self.hold_funded(funded),
                None => self.hold_stake(placed),
            },
            bets::Event::BetRejected(rejected) => match told.released.get(&rejected.bet) {
                Some(released) => self.release_funded(released),
                None => self.release_stake(rejected),
            },
            bets::Event::BetSettled(settled) => {
                match told.divided.get(&(settled.bet, settled.settlement)) {
                    Some(divided) => self.settle_funded(settled, divided),
                    None => self.settle(settled),
                }
            }
            bets::Event::SettlementReversed(reversed) => {
                match told.reversed.get(&(reversed.bet, reversed.settlement)) {
                    Some(divided) => self.take_back_funded(divided),
                    None => self.take_back(reversed),
                }
            }
            bets::Event::BonusGranted(granted) => self.give_bonus(granted),
            bets::Event::BonusLapsed(lapsed) => self.end_bonus(lapsed),
            // A token moves nothing before it is staked; the rest is told of with its slips.
            bets::Event::FreeBetGranted(_)
            | bets::Event::StakeFunded(_)
            | bets::Event::FundingReleased(_)
            | bets::Event::ReturnDivided(_)
            | bets::Event::DivisionReversed(_) => {}
            bets::Event::BetDelayed(_)
            | bets::Event::BetAwaitsBudget(_)
            | bets::Event::BetAccepted(_)
            | bets::Event::BetHeld(_)
            | bets::Event::SettlementStarted(_)
            | bets::Event::RollbackStarted(_)
            | bets::Event::LegDecided(_)
            | bets::Event::BetTermsFixed(_)
            | bets::Event::SettlementStartedInFull(_)
            | bets::Event::LegDecidedInFull(_)
            | bets::Event::ReturnExplained(_)
            | bets::Event::PricesTraced(_)
            | bets::Event::BetReoffered(_)
            | bets::Event::ReofferAccepted(_)
            | bets::Event::PartAllowed(_)
            | bets::Event::BetReferred(_)
            | bets::Event::ReferralAnswered(_)
            | bets::Event::PartAgreed(_)
            | bets::Event::CancellationStarted(_)
            | bets::Event::RestorationStarted(_)
            | bets::Event::LegVoided(_)
            | bets::Event::LegRestored(_)
            | bets::Event::CashOutQuoted(_)
            | bets::Event::CashOutDelayed(_)
            | bets::Event::CashOutRefused(_)
            | bets::Event::SettlementAdvanced(_)
            | bets::Event::BudgetRequested(_)
            | bets::Event::BudgetReturned(_)
            | bets::Event::BudgetNoticed(_)
            | bets::Event::StakeLimitNoticed(_)
            | bets::Event::OwnLimitNoticed(_)
            | bets::Event::StakeFactorSet(_)
            | bets::Event::ExclusionNoticed(_)
            | bets::Event::RestrictionNoticed(_) => {}
        }
    }

    fn take_payments(&mut self, event: &payments::Event) {
        match event {
            payments::Event::DepositConfirmed(confirmed) => self.pay_in(confirmed),
            payments::Event::WithdrawalRequested(requested) => self.hold_withdrawal(requested),
            payments::Event::WithdrawalPaid(paid) => self.pay_out(paid),
            payments::Event::WithdrawalFailed(failed) => self.release_withdrawal(failed),
            payments::Event::UnknownPaymentReported(unknown) => self.keep_in_suspense(unknown),
            payments::Event::AdjustmentApproved(approved) => {
                self.adjust(&approved.answered.adjustment)
            }
            payments::Event::DepositRequested(_)
            | payments::Event::DepositFailed(_)
            | payments::Event::WithdrawalSubmitted(_)
            | payments::Event::OutcomeContradicted(_)
            | payments::Event::DepositLimitNoticed(_)
            | payments::Event::ExclusionNoticed(_)
            | payments::Event::InstrumentNamed(_)
            | payments::Event::PaymentTakenOn(_)
            | payments::Event::ProviderReconciled(_)
            | payments::Event::AdjustmentProposed(_)
            | payments::Event::AdjustmentDeclined(_)
            | payments::Event::AdjustmentBooked(_)
            | payments::Event::AdjustmentRefused(_)
            | payments::Event::ReviewThresholdNamed(_)
            | payments::Event::WithdrawalReviewStarted(_)
            | payments::Event::WithdrawalApproved(_)
            | payments::Event::WithdrawalDeclined(_) => {}
        }
    }

    /// The stake's hold has no end: only bets releases it.
    fn hold_stake(&mut self, placed: &BetPlaced) {
        let Sides { cash, book, .. } = Sides::of(placed.customer, placed.stake);
        self.transfers.push(Transfer {
            kind: TransferKind::Hold { expires_at: None },
            ..exact(
                stake_hold(placed.bet, 0),
                cash,
                book,
                placed.stake,
                TransferCode::Stake,
            )
        });
    }

    /// Whether the hold stands is the ledger's own knowledge: bets may have rejected the slip
    /// before it heard of the hold, or because there was none.
    fn release_stake(&mut self, rejected: &BetRejected) {
        let Sides { cash, book, .. } = Sides::of(rejected.customer, rejected.stake);
        let id = purpose(Purpose::StakeRelease, rejected.bet.bytes(), 0);
        let release = exact(id, cash, book, rejected.stake, TransferCode::Stake);
        self.release(release, stake_hold(rejected.bet, 0));
    }

    /// The hold is released and a smaller one takes its place, both or neither; whatever has been
    /// set on the account meanwhile, the slip is struck. What is free then repays debts.
    fn reduce_stake(&mut self, reduced: &StakeReduced) {
        let Sides { cash, book, .. } = Sides::of(reduced.customer, reduced.held);
        let id = purpose(Purpose::StakePartRelease, reduced.bet.bytes(), 0);
        self.transfers.push(Transfer {
            kind: TransferKind::VoidHold {
                hold: stake_hold(reduced.bet, 0),
            },
            linked: true,
            ..exact(id, cash, book, reduced.held, TransferCode::Stake)
        });
        self.transfers.push(Transfer {
            kind: TransferKind::Hold { expires_at: None },
            rules_waived: true,
            ..exact(
                stake_hold(reduced.bet, 1),
                cash,
                book,
                reduced.stake,
                TransferCode::Stake,
            )
        });
        let currency = reduced.held.currency();
        self.transfers
            .push(repayment(reduced.customer, currency, id));
    }

    /// The hold that the settlement takes is the first one or the one that the reversal of the
    /// settlement before it restored.
    fn settle(&mut self, settled: &BetSettled) {
        let Sides {
            cash,
            book,
            suspense,
        } = Sides::of(settled.customer, settled.stake);
        let hold = stake_hold(settled.bet, settled.settlement.saturating_sub(1));
        let id = |what| settlement_part(what, settled.bet, settled.settlement);
        self.transfers.push(Transfer {
            kind: TransferKind::CaptureHold { hold },
            ..exact(
                id(Purpose::StakeTaken),
                cash,
                book,
                settled.stake,
                TransferCode::Stake,
            )
        });
        if settled.returned.is_positive() {
            let code = match settled.outcome {
                SlipOutcome::Void => TransferCode::StakeReturned,
                SlipOutcome::Won
                | SlipOutcome::Lost
                | SlipOutcome::PartlyWon
                | SlipOutcome::PartlyLost => TransferCode::Winnings,
            };
            let pay = exact(id(Purpose::Return), book, cash, settled.returned, code);
            self.credit(settled.customer, suspense, pay);
        }
    }

    /// The stake comes back and is held again at once; whatever has been set on the account
    /// meanwhile, the slip is open as it was. Then what was paid is taken: first what is
    /// available, the rest as a debt.
    fn take_back(&mut self, reversed: &SettlementReversed) {
        let Sides { cash, book, .. } = Sides::of(reversed.customer, reversed.stake);
        let id = |what| settlement_part(what, reversed.bet, reversed.settlement);
        let code = TransferCode::SettlementReversed;
        self.transfers.push(Transfer {
            linked: true,
            rules_waived: true,
            ..exact(id(Purpose::StakeRestored), book, cash, reversed.stake, code)
        });
        self.transfers.push(Transfer {
            kind: TransferKind::Hold { expires_at: None },
            rules_waived: true,
            ..exact(
                stake_hold(reversed.bet, reversed.settlement),
                cash,
                book,
                reversed.stake,
                TransferCode::Stake,
            )
        });
        if reversed.returned.is_positive() {
            let found = id(Purpose::ReturnTakenBack);
            self.transfers.push(Transfer {
                amount: Amount::UpTo(reversed.returned.minor()),
                linked: true,
                ..exact(found, cash, book, reversed.returned, code)
            });
            self.transfers.push(Transfer {
                amount: Amount::RestOf(found),
                ..exact(
                    id(Purpose::ReturnOwed),
                    debt(reversed.customer, reversed.returned.currency()),
                    book,
                    reversed.returned,
                    code,
                )
            });
        }
    }

    /// The stake that is sold is taken out of the hold and paid for. What is left of the hold goes
    /// straight into the next one, whatever has been set on the account meanwhile: the slip goes on
    /// as it was.
    fn buy_back(&mut self, sold: &CashedOut) {
        let Sides {
            cash,
            book,
            suspense,
        } = Sides::of(sold.customer, sold.stake);
        let id = |what| settlement_part(what, sold.bet, sold.settlement);
        let goes_on = sold.stake_left.is_positive();
        let hold = stake_hold(sold.bet, sold.settlement.saturating_sub(1));
        let code = TransferCode::Stake;
        self.transfers.push(Transfer {
            kind: TransferKind::CaptureHold { hold },
            linked: goes_on,
            ..exact(id(Purpose::StakeTaken), cash, book, sold.stake, code)
        });
        if goes_on {
            let next = stake_hold(sold.bet, sold.settlement);
            self.transfers.push(Transfer {
                kind: TransferKind::Hold { expires_at: None },
                rules_waived: true,
                ..exact(next, cash, book, sold.stake_left, code)
            });
        }
        let code = TransferCode::CashOut;
        let pay = exact(id(Purpose::Return), book, cash, sold.amount, code);
        self.credit(sold.customer, suspense, pay);
    }

    fn pay_in(&mut self, confirmed: &DepositConfirmed) {
        let Sides { cash, suspense, .. } = Sides::of(confirmed.customer, confirmed.amount);
        let from = house(AccountKind::Provider, confirmed.amount.currency());
        let id = purpose(Purpose::Deposit, confirmed.deposit.bytes(), 0);
        let pay = exact(id, from, cash, confirmed.amount, TransferCode::Deposit);
        self.credit(confirmed.customer, suspense, pay);
    }

    /// The provider has it, so it is in the books; whose it is a person must find out.
    fn keep_in_suspense(&mut self, unknown: &UnknownPaymentReported) {
        if !unknown.amount.is_positive() {
            return;
        }
        let currency = unknown.amount.currency();
        let from = house(AccountKind::Provider, currency);
        let to = house(AccountKind::Suspense, currency);
        let thing = told_thing(&unknown.provider, &unknown.provider_event, self.partition);
        let id = purpose(Purpose::Suspended, thing, 0);
        let pay = exact(id, from, to, unknown.amount, TransferCode::Deposit);
        self.transfers.push(pay);
    }

    fn hold_withdrawal(&mut self, requested: &WithdrawalRequested) {
        let id = withdrawal_hold(requested.withdrawal);
        self.transfers.push(Transfer {
            kind: TransferKind::Hold { expires_at: None },
            ..withdrawal(id, requested.customer, requested.amount)
        });
    }

    fn pay_out(&mut self, paid: &WithdrawalPaid) {
        let id = purpose(Purpose::WithdrawalTaken, paid.withdrawal.bytes(), 0);
        self.transfers.push(Transfer {
            kind: TransferKind::CaptureHold {
                hold: withdrawal_hold(paid.withdrawal),
            },
            ..withdrawal(id, paid.customer, paid.amount)
        });
    }

    fn release_withdrawal(&mut self, failed: &WithdrawalFailed) {
        let id = purpose(Purpose::WithdrawalRelease, failed.withdrawal.bytes(), 0);
        let release = withdrawal(id, failed.customer, failed.amount);
        self.release(release, withdrawal_hold(failed.withdrawal));
    }

    /// A credit for an established fact.
    fn credit(&mut self, customer: CustomerId, suspense: Account, pay: Transfer) {
        let of = (customer, pay.credit.currency);
        self.credited.insert(of, pay.id);
        self.transfers.push(Transfer {
            credit_fallback: Some(suspense),
            ..pay
        });
    }

    /// Releases a hold if it stands, and then repays debts from what is free again; linked, so
    /// that nothing at all follows when it does not stand.
    fn release(&mut self, release: Transfer, hold: TransferId) {
        let Amount::Exactly(minor) = release.amount else {
            return;
        };
        self.transfers.push(Transfer {
            amount: Amount::UpTo(minor),
            kind: TransferKind::VoidHold { hold },
            linked: true,
            ..release
        });
        if let Some(customer) = release.debit.customer {
            self.transfers
                .push(repayment(customer, release.debit.currency, release.id));
        }
    }

    fn finish(mut self) -> Vec<Transfer> {
        for ((customer, currency), after) in self.credited {
            self.transfers.push(repayment(customer, currency, after));
        }
        self.transfers
    }
}

/// The accounts between which a customer's money moves.
struct Sides {
    cash: Account,
    book: Account,
    suspense: Account,
}

impl Sides {
    const fn of(customer: CustomerId, amount: Money) -> Self {
        let currency = amount.currency();
        Self {
            cash: of_customer(customer, AccountKind::Cash, currency),
            book: house(AccountKind::Book, currency),
            suspense: of_customer(customer, AccountKind::Suspense, currency),
        }
    }
}

const fn of_customer(customer: CustomerId, kind: AccountKind, currency: Currency) -> Account {
    Account {
        customer: Some(customer),
        kind,
        currency,
    }
}

const fn house(kind: AccountKind, currency: Currency) -> Account {
    Account {
        customer: None,
        kind,
        currency,
    }
}

const fn debt(customer: CustomerId, currency: Currency) -> Account {
    of_customer(customer, AccountKind::Receivable, currency)
}

const fn exact(
    id: TransferId,
    debit: Account,
    credit: Account,
    amount: Money,
    code: TransferCode,
) -> Transfer {
    Transfer {
        id,
        debit,
        credit,
        amount: Amount::Exactly(amount.minor()),
        kind: TransferKind::Post,
        linked: false,
        code,
        credit_fallback: None,
        rules_waived: false,
    }
}

const fn withdrawal(id: TransferId, customer: CustomerId, amount: Money) -> Transfer {
    let currency = amount.currency();
    exact(
        id,
        of_customer(customer, AccountKind::Cash, currency),
        house(AccountKind::Provider, currency),
        amount,
        TransferCode::Withdrawal,
    )
}

/// As much as there is, towards as much as is owed.
fn repayment(customer: CustomerId, currency: Currency, after: TransferId) -> Transfer {
    let all = Money::from_minor(i64::MAX, currency);
    Transfer {
        amount: Amount::UpTo(all.minor()),
        ..exact(
            purpose(Purpose::Repayment, after.bytes(), 0),
            of_customer(customer, AccountKind::Cash, currency),
            debt(customer, currency),
            all,
            TransferCode::DebtRepaid,
        )
    }
}

/// What a transfer is for. Its text is hashed into ids that stand in logs: it never changes.
#[derive(Clone, Copy)]
enum Purpose {
    Deposit,
    Repayment,
    Return,
    ReturnOwed,
    ReturnTakenBack,
    StakePartRelease,
    StakeRelease,
    StakeRestored,
    StakeTaken,
    Suspended,
    WithdrawalRelease,
    WithdrawalTaken,
}

impl Purpose {
    const fn text(self) -> &'static str {
        match self {
            Self::Deposit => "deposit",
            Self::Repayment => "repayment",
            Self::Return => "return",
            Self::ReturnOwed => "return owed",
            Self::ReturnTakenBack => "return taken back",
            Self::StakePartRelease => "stake part release",
            Self::StakeRelease => "stake release",
            Self::StakeRestored => "stake restored",
            Self::StakeTaken => "stake taken",
            Self::Suspended => "suspended",
            Self::WithdrawalRelease => "withdrawal release",
            Self::WithdrawalTaken => "withdrawal taken",
        }
    }
}

/// What a provider told that names nothing of ours: a hash of its name, and the partition.
fn told_thing(provider: &str, event: &str, partition: Partition) -> [u8; 16] {
    let mut hasher = Sha256::new();
    hasher.update(provider.as_bytes());
    hasher.update([0]);
    hasher.update(event.as_bytes());
    let digest: [u8; 32] = hasher.finalize().into();
    let [high, low] = partition.to_be_bytes();
    let mut thing = [0; 16];
    for (byte, hashed) in thing.iter_mut().zip(digest) {
        *byte = hashed;
    }
    let [.., last_but_one, last] = &mut thing;
    (*last_but_one, *last) = (high, low);
    thing
}

fn settlement_part(what: Purpose, bet: BetId, settlement: u32) -> TransferId {
    purpose(what, bet.bytes(), settlement)
}

/// The id of the transfer for that purpose of that thing: a hash, but for the last two bytes,
/// which are the thing's partition.
fn purpose(what: Purpose, thing: [u8; 16], number: u32) -> TransferId {
    purpose_named(what.text(), thing, number)
}

/// The same, for purposes that are told elsewhere.
fn purpose_named(what: &str, thing: [u8; 16], number: u32) -> TransferId {
    let mut hasher = Sha256::new();
    hasher.update(thing);
    hasher.update(number.to_be_bytes());
    hasher.update(what.as_bytes());
    let digest: [u8; 32] = hasher.finalize().into();
    let mut id = thing;
    for (byte, hashed) in id.iter_mut().zip(digest).take(14) {
        *byte = hashed;
    }
    TransferId::from_bytes(id)
}
