//! The auditor: hands each decision to the checks that it concerns.
//!
//! Duty: take effective decisions of all journals, each partition in its own order and the
//! partitions in any order, and collect violations. Checks that need two journals wait until
//! both sides are there. Prohibition: nothing is repaired and nothing is assumed.

use crate::adjustments::Adjustments;
use crate::book::{AccountKey, AccountState, Book};
use crate::findings::{Findings, Violation};
use crate::funded;
use crate::limits::Limits;
use crate::own_limits::OwnLimits;
use crate::payments::Payments;
use crate::prices::Prices;
use crate::promotions::Promotions;
use crate::protection::Protection;
use crate::requests::Requests;
use crate::reviews::Reviews;
use crate::slips::Slips;
use crate::tokens::Tokens;
use schemas::{Decision, Events};

/// Folds decisions and judges them.
#[derive(Debug, Default)]
pub struct Auditor {
    findings: Findings,
    requests: Requests,
    book: Book,
    slips: Slips,
    prices: Prices,
    limits: Limits,
    own_limits: OwnLimits,
    protection: Protection,
    payments: Payments,
    adjustments: Adjustments,
    reviews: Reviews,
    promotions: Promotions,
    tokens: Tokens,
    decisions: u64,
}

impl Auditor {
    /// Takes the next effective decision of its partition.
    pub fn take(&mut self, decision: &Decision) {
        let findings = &mut self.findings;
        let position = decision.position;
        self.decisions = self.decisions.saturating_add(1);
        self.requests.take(decision, findings);
        match &decision.events {
            Events::LedgerEvents(body) => {
                for event in &body.events {
                    self.book.take(position, event, findings);
                    self.slips.take_ledger(event);
                    self.payments.take_ledger(position, event, findings);
                    self.adjustments.take_ledger(position, event);
                    self.reviews.take_ledger(position, event);
                }
            }
            Events::BetsEvents(body) => {
                let funded = funded::of_record(&body.events);
                for event in &body.events {
                    self.slips.take_bets(position, event, findings);
                    self.prices.take_bets(position, event);
                    self.own_limits
                        .take_bets(position, event, &funded, findings);
                    self.promotions.take_bets(position, event, findings);
                    self.tokens.take_bets(position, event, findings);
                    let decided_at = decision.header.decided_at;
                    self.limits
                        .take_bets(position, decided_at, event, &funded, findings);
                }
            }
            Events::OddsEvents(body) => {
                for event in &body.events {
                    self.prices
                        .take_odds(position, decision.header.decided_at, event);
                    self.slips.take_odds(position, event, findings);
                }
            }
            Events::PaymentsEvents(body) => {
                for event in &body.events {
                    self.payments.take_payments(position, event, findings);
                    self.adjustments.take_payments(position, event, findings);
                    self.reviews.take_payments(position, event, findings);
                    self.limits.take_payments(position, event, findings);
                }
            }
            Events::AuthEvents(body) => {
                let decided_at = decision.header.decided_at;
                self.protection
                    .take_auth(position, decided_at, &body.events, findings);
            }
            Events::FraudEvents(_) => {}
        }
    }

    /// How many decisions were taken.
    #[must_use]
    pub const fn decisions(&self) -> u64 {
        self.decisions
    }

    /// The accounts as the auditor's own fold has them.
    pub fn accounts(&self) -> impl Iterator<Item = (&AccountKey, &AccountState)> {
        self.book.accounts()
    }

    /// What was found so far, and what can be said of the history as a whole. `at_rest`: no
    /// command is on its way any more, so that what was begun must be finished.
    #[must_use]
    pub fn violations(&self, at_rest: bool) -> Vec<Violation> {
        let mut findings = Findings {
            violations: self.findings.violations.clone(),
        };
        self.prices.finish(&mut findings);
        self.slips.finish(at_rest, &mut findings);
        self.payments.finish(at_rest, &mut findings);
        self.adjustments.finish(at_rest, &mut findings);
        self.reviews.finish(at_rest, &mut findings);
        if at_rest {
            self.promotions.finish(self.book.accounts(), &mut findings);
        }
        let mut violations = findings.violations;
        violations.sort();
        violations
    }
}
