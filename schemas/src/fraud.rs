//! Fraud on the wire: observations, scores with reasons, cases, restrictions.

use crate::wire;
use kernel::{BetId, CaseId, CustomerId, MarketId, Money, Position, SelectionId, Timestamp};

wire! {
    /// What may be asked of fraud.
    union Command {
        /// An analyst closes a case.
        CloseCase(CloseCase),
        /// An analyst restricts a customer, or lifts a restriction.
        Restrict(Restrict),
    }
    /// An analyst closes a case.
    record CloseCase { case: CaseId, customer: CustomerId, verdict: Verdict, note: String, by: String }
    /// An analyst restricts a customer; 1000 permille lifts.
    record Restrict { customer: CustomerId, stake_permille: u16, note: String, by: String }
    /// What an analyst found.
    enum Verdict { Cleared, Confirmed }

    /// What fraud has decided. Observations are the facts that features are computed from: with
    /// them in the journal, replay gives the same scores without reading other journals again.
    union Event {
        /// What one record of another journal told about a customer.
        CustomerObserved(CustomerObserved),
        /// A customer's behaviour was scored.
        CustomerScored(CustomerScored),
        /// A case waits for an analyst.
        CaseOpened(CaseOpened),
        /// A case is closed.
        CaseClosed(CaseClosed),
        /// A customer's stakes are restricted.
        CustomerRestricted(CustomerRestricted),
        /// A price moved; bets taken just before it count against their customers.
        PriceMoveObserved(PriceMoveObserved),
    }
    /// See [`Event`].
    record CustomerObserved { customer: CustomerId, at: Timestamp, source: Position, fact: Fact }
    /// What was observed.
    union Fact {
        /// A bet was placed.
        BetTaken(BetTaken),
        /// A stake came back unplayed: the bet was refused or void.
        BetReturned(BetReturned),
        /// Money came in.
        PaidIn(PaidIn),
        /// Money went out.
        PaidOut(PaidOut),
        /// A sign-in failed.
        SignInFailed(SignInFailed),
    }
    /// See [`Fact`].
    record BetTaken { bet: BetId, legs: Vec<LegTaken>, stake: Money, slip_digest: kernel::Digest }
    /// A leg as taken.
    record LegTaken { market: MarketId, selection: SelectionId, price: kernel::Price }
    /// See [`Fact`].
    record BetReturned { bet: BetId, returned: Money }
    /// See [`Fact`].
    record PaidIn { amount: Money }
    /// See [`Fact`].
    record PaidOut { amount: Money }
    /// See [`Fact`].
    record SignInFailed {}
    /// See [`Event`]. `taken_before` are the bets of this partition that had a longer price.
    record PriceMoveObserved { market: MarketId, at: Timestamp, shortened: Vec<SelectionId>, taken_before: Vec<TakenBefore> }
    /// A bet that was taken just before its price shortened.
    record TakenBefore { customer: CustomerId, bet: BetId }
    /// See [`Event`]. Points of the reasons add up to the score.
    record CustomerScored {
        customer: CustomerId,
        bet: Option<BetId>,
        score_permille: u16,
        reasons: Vec<Reason>,
        rules_version: u32,
    }
    /// One rule's contribution.
    record Reason { rule: String, points: u16, evidence: String }
    /// See [`Event`].
    record CaseOpened { case: CaseId, customer: CustomerId, score_permille: u16, reasons: Vec<Reason> }
    /// See [`Event`].
    record CaseClosed { case: CaseId, customer: CustomerId, verdict: Verdict, note: String, by: String }
    /// See [`Event`].
    record CustomerRestricted { customer: CustomerId, stake_permille: u16, case: Option<CaseId>, by: Option<String>, note: String }

    /// Which rule a command to fraud broke.
    record Rejection { reason: RejectionReason }
    /// The rules.
    union RejectionReason {
        /// The request was met after its deadline.
        Expired(Expired),
        /// The command could not be read.
        Undecodable(Undecodable),
        /// No such case.
        CaseUnknown(CaseUnknown),
        /// The case was closed before.
        CaseAlreadyClosed(CaseAlreadyClosed),
        /// An analyst's act without a note.
        NoteMissing(NoteMissing),
        /// More than the whole stake.
        RestrictionNotAllowed(RestrictionNotAllowed),
    }
    /// See [`RejectionReason`].
    record Expired {}
    /// See [`RejectionReason`].
    record Undecodable { detail: String }
    /// See [`RejectionReason`].
    record CaseUnknown { case: CaseId }
    /// See [`RejectionReason`].
    record CaseAlreadyClosed { case: CaseId }
    /// See [`RejectionReason`].
    record NoteMissing {}
    /// See [`RejectionReason`].
    record RestrictionNotAllowed {}
}
