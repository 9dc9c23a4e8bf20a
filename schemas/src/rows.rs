//! Rows of the views: what projections write and the gateway reads.
//!
//! Duty: the one place where a table's key and value are told. Each row belongs to one journal
//! partition and is written in full from one event, so that a view can be dropped and rebuilt.
//!
//! Prohibition: no row is ever read by a decision.

use crate::auth::{ExclusionKind, LimitKind, Role};
use crate::avro::Blob;
use crate::bets::{
    BetPlaced, BetReferred, BetReoffered, BetTermsFixed, CancelledBy, PartAgreed, PlacePart,
    ReferralAnswered, Rejection, ReturnExplained, SlipOutcome, StakeFactorSet, StruckLeg,
};
use crate::fraud::{Reason, Verdict};
use crate::ledger::{Account, AccountKind, TransferCode};
use crate::odds::Outcome;
use crate::payments::{Adjustment, ReviewedWithdrawal};
use crate::promotions::{Bonus, FreeBet, StakeFunded};
use crate::wire;
use kernel::{
    BetId, CaseId, CashOutQuoteId, Currency, CustomerId, DepositId, Digest, Duration, MarketId,
    Money, Position, Price, RequestId, SelectionId, SessionId, Timestamp, TransferId, WithdrawalId,
};

/// The tables. Each constant's text tells the key; values are the records of this module.
pub mod table {
    /// Key: request id. Value: [`super::AnswerRow`]. Written for every decision that answers a
    /// request, whatever the service.
    pub const ANSWER: &str = "answer";
    /// Key: login hash. Value: [`super::CredentialRow`].
    pub const CREDENTIAL: &str = "credential";
    /// Key: customer. Value: [`super::CustomerRow`].
    pub const CUSTOMER: &str = "customer";
    /// Key: customer. Value: [`super::ExclusionRow`].
    pub const EXCLUSION: &str = "exclusion";
    /// Key: session. Value: [`super::SessionRow`].
    pub const SESSION: &str = "session";
    /// Key: customer, limit kind (one byte). Value: [`super::OwnLimitRow`].
    pub const OWN_LIMIT: &str = "own_limit";
    /// Key: bet. Value: [`super::BetRow`].
    pub const BET: &str = "bet";
    /// Key: customer, bet. No value; scanned backwards for the newest first.
    pub const BET_OF_CUSTOMER: &str = "bet_of_customer";
    /// Key: bet. Value: [`super::BetAcceptedRow`].
    pub const BET_ACCEPTED: &str = "bet_accepted";
    /// Key: bet. Value: [`super::BetStatusRow`].
    pub const BET_STATUS: &str = "bet_status";
    /// Key: account (its Avro bytes) and, for an account of the house, which has one in every
    /// partition, the partition (2 bytes, big-endian); a customer's lies in one partition only.
    /// Value: [`super::BalanceRow`].
    pub const BALANCE: &str = "balance";
    /// Key: the account's key in `balance`, entry number (8 bytes, big-endian). Value:
    /// [`super::StatementRow`].
    pub const STATEMENT: &str = "statement";
    /// Key: deposit. Value: [`super::DepositRow`].
    pub const DEPOSIT: &str = "deposit";
    /// Key: withdrawal. Value: [`super::WithdrawalRow`].
    pub const WITHDRAWAL: &str = "withdrawal";
    /// Key: deposit or withdrawal (its 16 bytes). Value: [`super::PaymentTakenOnRow`].
    pub const PAYMENT_TAKEN_ON: &str = "payment_taken_on";
    /// Key: market, selection, bets partition (2 bytes, big-endian). Value: [`super::LiabilityRow`].
    pub const LIABILITY: &str = "liability";
    /// Key: customer, the factor's scope (its Avro bytes). Value: [`super::StakeFactorRow`].
    pub const STAKE_FACTOR: &str = "stake_factor";
    /// Key: case. Value: [`super::CaseRow`].
    pub const CASE: &str = "case";
    /// Key: case. Value: [`super::CaseClosedRow`].
    pub const CASE_CLOSED: &str = "case_closed";
    /// Key: customer. Value: [`super::RestrictionRow`].
    pub const RESTRICTION: &str = "restriction";
    /// Key: customer, limit kind (one byte). Value: [`super::IncreaseRow`].
    pub const INCREASE: &str = "increase";
    /// Key: customer. Value: [`super::ExclusionKindRow`].
    pub const EXCLUSION_KIND: &str = "exclusion_kind";
    /// Key: customer. Value: [`super::MarketingRow`].
    pub const MARKETING: &str = "marketing";
    /// Key: customer. Value: [`super::RealityCheckRow`].
    pub const REALITY_CHECK: &str = "reality_check";
    /// Key: session. Value: [`super::SessionReminderRow`].
    pub const SESSION_REMINDER: &str = "session_reminder";
    /// Key: the refused slip's bet. Value: [`super::ReofferRow`].
    pub const REOFFER: &str = "reoffer";
    /// Key: the end of the wait (microseconds, 8 bytes, big-endian), bet. Value:
    /// [`super::ReferralRow`]. Those that still wait come last.
    pub const REFERRAL: &str = "referral";
    /// Key: bet. Value: [`super::ReferralAnsweredRow`].
    pub const REFERRAL_ANSWERED: &str = "referral_answered";
    /// Key: bet. Value: [`super::BetPartRow`].
    pub const BET_PART: &str = "bet_part";
    /// Key: bet, selection. Value: [`super::LegVoidRow`].
    pub const LEG_VOID: &str = "leg_void";
    /// Key: bet. Value: [`super::BetTermsRow`]; slips on which nothing is agreed besides have none.
    pub const BET_TERMS: &str = "bet_terms";
    /// Key: bet, selection. Value: [`super::BetLegRow`].
    pub const BET_LEG: &str = "bet_leg";
    /// Key: bet. Value: [`super::BetReturnRow`].
    pub const BET_RETURN: &str = "bet_return";
    /// Key: customer. Value: [`super::SecondFactorRow`].
    pub const SECOND_FACTOR: &str = "second_factor";
    /// Key: customer. Value: [`super::ProfileRow`]. Of customers who have replaced theirs.
    pub const PROFILE: &str = "profile";
    /// Key: bet. Value: [`super::CashOutRow`].
    pub const CASH_OUT: &str = "cash_out";
    /// Key: bet, and the same again under the quote, whose row stays when another quote of the bet
    /// is taken. Value: [`super::CashOutStatusRow`].
    pub const CASH_OUT_STATUS: &str = "cash_out_status";
    /// Key: customer, token. Value: [`super::FreeBetRow`].
    pub const FREE_BET: &str = "free_bet";
    /// Key: customer, bonus. Value: [`super::BonusRow`].
    pub const BONUS: &str = "bonus";
    /// Key: bet. Value: [`super::BetFundingRow`]; slips that cash alone pays for have none.
    pub const BET_FUNDING: &str = "bet_funding";
    /// Key: adjustment. Value: [`super::AdjustmentRow`].
    pub const ADJUSTMENT: &str = "adjustment";
    /// Key: reference, a zero byte, adjustment. Value: [`super::AdjustmentRow`]. Of those that take
    /// money out of suspense.
    pub const SUSPENSE_ADJUSTMENT: &str = "suspense_adjustment";
    /// Key: reference, a zero byte, provider, a zero byte, the provider's event. Value:
    /// [`super::SuspendedRow`].
    pub const SUSPENDED: &str = "suspended";
    /// Key: withdrawal. Value: [`super::WithdrawalReviewRow`]. Of those that two persons have to
    /// approve.
    pub const WITHDRAWAL_REVIEW: &str = "withdrawal_review";
    /// Key: customer, the passkey's number (8 bytes, big-endian). Value: [`super::PasskeyRow`].
    pub const PASSKEY: &str = "passkey";
    /// Key: customer, session. Value: [`super::SessionOfCustomerRow`].
    pub const SESSION_OF_CUSTOMER: &str = "session_of_customer";
    /// Key: customer, session. Value: [`super::SessionUseRow`].
    pub const SESSION_USE: &str = "session_use";
    /// All of them.
    pub const ALL: [&str; 47] = [
        ANSWER,
        CREDENTIAL,
        CUSTOMER,
        EXCLUSION,
        SESSION,
        OWN_LIMIT,
        BET,
        BET_OF_CUSTOMER,
        BET_ACCEPTED,
        BET_STATUS,
        BALANCE,
        STATEMENT,
        DEPOSIT,
        WITHDRAWAL,
        LIABILITY,
        CASE,
        CASE_CLOSED,
        RESTRICTION,
        INCREASE,
        EXCLUSION_KIND,
        MARKETING,
        REALITY_CHECK,
        SESSION_REMINDER,
        STAKE_FACTOR,
        REOFFER,
        REFERRAL,
        REFERRAL_ANSWERED,
        BET_PART,
        LEG_VOID,
        BET_TERMS,
        BET_LEG,
        BET_RETURN,
        SECOND_FACTOR,
        PROFILE,
        CASH_OUT,
        CASH_OUT_STATUS,
        FREE_BET,
        BONUS,
        BET_FUNDING,
        PAYMENT_TAKEN_ON,
        ADJUSTMENT,
        SUSPENSE_ADJUSTMENT,
        SUSPENDED,
        WITHDRAWAL_REVIEW,
        PASSKEY,
        SESSION_OF_CUSTOMER,
        SESSION_USE,
    ];
}

wire! {
    /// What answered a request. `body` is the decision's body as it stands in the journal.
    record AnswerRow { request: RequestId, digest: Digest, position: Position, decided_at: Timestamp, body: Blob }
    /// How a login is checked.
    record CredentialRow { customer: CustomerId, password_hash: String, version: u64, blocked_until: Option<Timestamp> }
    /// A customer.
    record CustomerRow { customer: CustomerId, currency: Currency, roles: Vec<Role>, sealed_profile: Blob, registered_at: Timestamp }
    /// An exclusion.
    record ExclusionRow { customer: CustomerId, until: Timestamp }
    /// A session.
    record SessionRow { customer: CustomerId, session: SessionId, revoked: bool, expires_at: Timestamp }
    /// A limit of the customer's own, and an increase of the time before confirmations that waits.
    record OwnLimitRow {
        customer: CustomerId,
        kind: LimitKind,
        amount: Option<Money>,
        pending_amount: Option<Money>,
        pending_from: Option<Timestamp>,
    }
    /// An increase of a limit that waits for its cool-off and its confirmation, or that none does.
    record IncreaseRow { customer: CustomerId, kind: LimitKind, waiting: Option<WaitingIncrease> }
    /// From when to when it can be confirmed. No amount: a removal.
    record WaitingIncrease { amount: Option<Money>, confirm_from: Timestamp, lapses_at: Timestamp }
    /// What the exclusion that ends then is.
    record ExclusionKindRow { customer: CustomerId, kind: ExclusionKind, until: Timestamp }
    /// Whether marketing messages may be sent.
    record MarketingRow { customer: CustomerId, allowed: bool }
    /// How often a customer wants to be told how long and at what result.
    record RealityCheckRow { customer: CustomerId, interval: Option<Duration> }
    /// From when the next reality check of a session counts.
    record SessionReminderRow { customer: CustomerId, session: SessionId, started_at: Timestamp, reminded_at: Timestamp }
    /// A second factor that waits (not enabled) or is in force; without a secret: there is none.
    record SecondFactorRow { customer: CustomerId, factor: u64, enabled: bool, sealed_secret: Option<Blob> }
    /// How a session began; without a passkey: with a password.
    record SessionOfCustomerRow { customer: CustomerId, session: SessionId, began_at: Timestamp, passkey: Option<u64> }
    /// When a session's token was last exchanged, and until when the one that is good now is.
    record SessionUseRow { customer: CustomerId, session: SessionId, used_at: Timestamp, expires_at: Timestamp, revoked: bool }
    /// A passkey; without what is kept of it (ciphertext): it was removed.
    record PasskeyRow { customer: CustomerId, passkey: u64, sealed_passkey: Option<Blob>, added_at: Timestamp }
    /// A profile that has replaced the one of the registration.
    record ProfileRow { customer: CustomerId, sealed_profile: Blob }
    /// A slip as placed.
    record BetRow { placed: BetPlaced, position: Position }
    /// What was offered instead of a refused slip.
    record ReofferRow { told: BetReoffered, position: Position }
    /// A slip that waits for a trader, or did.
    record ReferralRow { told: BetReferred, position: Position, at: Timestamp }
    /// What the trader said.
    record ReferralAnsweredRow { told: ReferralAnswered, position: Position }
    /// What is staked where it is less than was asked for.
    record BetPartRow { told: PartAgreed }
    /// A slip as struck, which stays true whatever its status becomes.
    record BetAcceptedRow { bet: BetId, customer: CustomerId, legs: Vec<StruckLeg>, potential_return: Money, position: Position, at: Timestamp }
    /// Where a slip stands, told by the last event alone: `legs`, `potential_return` and
    /// `accepted_position` are there only while it is the acceptance.
    record BetStatusRow {
        bet: BetId,
        customer: CustomerId,
        status: BetStatus,
        legs: Vec<StruckLeg>,
        potential_return: Option<Money>,
        pending_until: Option<Timestamp>,
        rejection: Option<Rejection>,
        settlement: u32,
        returned: Option<Money>,
        exact: Option<String>,
        outcome: Option<SlipOutcome>,
        accepted_position: Option<Position>,
        position: Position,
        at: Timestamp,
    }
    /// Why a leg does not count; none: it counts again.
    record LegVoidRow { bet: BetId, selection: SelectionId, void: Option<LegVoid>, position: Position }
    /// Who said so, and why.
    record LegVoid { by: CancelledBy, reason: String }
    /// What a slip is agreed on besides its prices.
    record BetTermsRow { terms: BetTermsFixed }
    /// What became of a leg; no outcome: the result was withdrawn.
    record BetLegRow {
        bet: BetId,
        selection: SelectionId,
        result: u32,
        outcome: Option<Outcome>,
        place: Option<PlacePart>,
        deduction_pence: u8,
        starting_price: Option<Price>,
    }
    /// What a settlement is made of.
    record BetReturnRow { explained: ReturnExplained }
    /// In one word.
    enum BetStatus { Pending, Accepted, Rejected, Settled, CashedOut }
    /// What was sold of a slip so far, and what is left of it.
    record CashOutRow {
        bet: BetId,
        customer: CustomerId,
        stake_sold: Money,
        amount: Money,
        stake_left: Money,
        potential_return_left: Money,
        settlement: u32,
        position: Position,
        at: Timestamp,
    }
    /// What became of the last quote that was taken: it waits until then, was refused, or neither:
    /// it was paid.
    record CashOutStatusRow {
        bet: BetId,
        customer: CustomerId,
        quote: CashOutQuoteId,
        pending_until: Option<Timestamp>,
        rejection: Option<Rejection>,
        position: Position,
        at: Timestamp,
    }
    /// An account's balance.
    record BalanceRow { account: Account, posted_minor: i64, held_minor: i64, entry: u64, position: Position, at: Timestamp }
    /// One line of a statement. Amounts are signed as the account sees them.
    record StatementRow {
        account: Account,
        entry: u64,
        transfer: TransferId,
        code: TransferCode,
        posted_change_minor: i64,
        held_change_minor: i64,
        posted_minor: i64,
        held_minor: i64,
        counterpart: AccountKind,
        position: Position,
        at: Timestamp,
    }
    /// A deposit.
    record DepositRow { deposit: DepositId, customer: CustomerId, amount: Money, status: PaymentStatus, reason: Option<String>, position: Position, at: Timestamp }
    /// A withdrawal.
    record WithdrawalRow { withdrawal: WithdrawalId, customer: CustomerId, amount: Money, status: PaymentStatus, reason: Option<String>, position: Position, at: Timestamp }
    /// What a provider told of a payment that it is at.
    record PaymentTakenOnRow { customer: CustomerId, approve_at: Option<String>, at: Timestamp }
    /// In one word.
    enum PaymentStatus { Pending, Confirmed, Failed }
    /// What one bets partition holds on a selection: see [`crate::bets::Liability`].
    record LiabilityRow { market: MarketId, selection: SelectionId, stakes: Money, returns: Money, slips: u32 }
    /// A trader's word on a customer, the last of its scope.
    record StakeFactorRow { set: StakeFactorSet }
    /// A case as opened.
    record CaseRow { case: CaseId, customer: CustomerId, score_permille: u16, reasons: Vec<Reason>, opened_at: Timestamp }
    /// How a case ended.
    record CaseClosedRow { case: CaseId, verdict: Verdict, note: String, by: String, closed_at: Timestamp }
    /// A restriction in force.
    record RestrictionRow { customer: CustomerId, stake_permille: u16, note: String, at: Timestamp }
    /// A token for one bet.
    record FreeBetRow { customer: CustomerId, free_bet: FreeBet, position: Position }
    /// Bonus money.
    record BonusRow { customer: CustomerId, bonus: Bonus, position: Position }
    /// What pays a slip's stake beside cash.
    record BetFundingRow { funded: StakeFunded }
    /// A correction of an account, as far as it has come.
    record AdjustmentRow {
        adjustment: Adjustment,
        status: AdjustmentStatus,
        proposed_by: String,
        proposed_at: Timestamp,
        lapses_at: Timestamp,
        answer: Option<AdjustmentAnswer>,
        refusal: Option<String>,
        position: Position,
        at: Timestamp,
    }
    /// In one word. That a proposal has lapsed is told by the clock.
    enum AdjustmentStatus { Proposed, Approved, Declined, Booked, Refused }
    /// What the second person said.
    record AdjustmentAnswer { by: String, reason: String, at: Timestamp }
    /// A large withdrawal, as far as two persons have come with it; the approvals are all that there
    /// are.
    record WithdrawalReviewRow {
        reviewed: ReviewedWithdrawal,
        status: ReviewStatus,
        decline: Option<AdjustmentAnswer>,
        position: Position,
        at: Timestamp,
    }
    /// In one word; what became of it at the provider is told by the withdrawal's own row.
    enum ReviewStatus { Waiting, Approved, Declined }
    /// Money that belongs to no open deposit.
    record SuspendedRow { provider: String, provider_event: String, reference: String, amount: Money, position: Position, at: Timestamp }
}
