//! What two persons have corrected, as one transfer.
//!
//! Duty: from where to where the money of an approved adjustment goes. It is no established fact but
//! somebody's wish, so the bounds and rules of the accounts hold: a debit that is not covered and a
//! credit that the account does not take are refused, and payments hears of it. A credit repays
//! debts like any other.
//!
//! Prohibition: nothing moves for a proposal, however many agree to it elsewhere.

use super::{Batch, exact, house, of_customer, repayment};
use ledger_domain::{Account, AccountKind, Transfer, TransferCode};
use schemas::payments::{Adjustment, Movement, adjustment_transfer};

/// Who gives and who takes.
fn sides(adjustment: &Adjustment) -> (Account, Account) {
    let currency = adjustment.amount.currency();
    let cash = |customer| of_customer(customer, AccountKind::Cash, currency);
    let adjustments = house(AccountKind::Adjustments, currency);
    let suspense = house(AccountKind::Suspense, currency);
    match &adjustment.movement {
        Movement::CreditCustomer(of) => (adjustments, cash(of.customer)),
        Movement::DebitCustomer(of) => (cash(of.customer), adjustments),
        Movement::SuspenseToCustomer(of) => (suspense, cash(of.customer)),
        Movement::SuspenseToProvider(_) => (suspense, house(AccountKind::Provider, currency)),
        Movement::SuspenseToHouse(_) => (suspense, adjustments),
    }
}

impl Batch {
    pub(super) fn adjust(&mut self, adjustment: &Adjustment) {
        let id = adjustment_transfer(adjustment.adjustment);
        let (debit, credit) = sides(adjustment);
        let code = TransferCode::Adjustment;
        let transfer = exact(id, debit, credit, adjustment.amount, code);
        let Some(credited) = credit.customer else {
            self.transfers.push(transfer);
            return;
        };
        self.transfers.push(Transfer {
            linked: true,
            ..transfer
        });
        let currency = adjustment.amount.currency();
        self.transfers.push(repayment(credited, currency, id));
    }
}
