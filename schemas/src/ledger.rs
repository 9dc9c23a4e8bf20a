//! The ledger on the wire: accounts and transfers, nothing about betting.

use crate::avro::{AvroType, DecodeError, Input, Wire, named_schema};
use crate::wire;
use kernel::{Currency, CustomerId, Timestamp, TransferId};

// Ids of holds are told where their owners are: `bets::stake_hold(bet, reversals)` and
// `payments::withdrawal_hold(withdrawal)`.

/// A digest of all that a transfer asked for, by which a repeat is told from a reuse of its id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentHash(pub [u8; 8]);

impl Wire for ContentHash {
    #[inline]
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0);
    }
    #[inline]
    fn decode(input: &mut Input<'_>) -> Result<Self, DecodeError> {
        Ok(Self(input.take_array::<8>()?))
    }
}

impl AvroType for ContentHash {
    fn schema(seen: &mut Vec<&'static str>) -> String {
        named_schema(seen, "ContentHash", |_| {
            "{\"type\":\"fixed\",\"name\":\"ContentHash\",\"size\":8}".to_owned()
        })
    }
}

wire! {
    /// What may be asked of the ledger.
    union Command {
        /// Transfers in their order, each judged on what those before it leave.
        PostTransfers(PostTransfers),
        /// Change an account's flags and limits.
        SetAccountRules(SetAccountRules),
    }

    /// Up to 8,189 transfers in one decision, as far as its record can hold what they lead to.
    record PostTransfers { transfers: Vec<Transfer> }

    /// Change an account's flags and limits. Only customers' cash and bonus take such rules.
    record SetAccountRules { account: Account, debits_blocked: bool, credits_blocked: bool, balance_max: Option<i64> }

    /// An account is named by whose it is, what it is for and its currency; the first transfer
    /// that names it opens it. No customer: the house's account in this partition.
    record Account { customer: Option<CustomerId>, kind: AccountKind, currency: Currency }

    /// What an account is for.
    enum AccountKind {
        /// A customer's money; never below zero with holds taken off.
        Cash,
        /// A customer's bonus money.
        Bonus,
        /// What a customer owes: never above zero.
        Receivable,
        /// The house's book: stakes come in, returns go out.
        Book,
        /// Money at the payment provider.
        Provider,
        /// Credits for established facts that no account could take; must be looked at.
        Suspense,
        /// Bonus money given.
        Promotions,
        /// What persons have corrected: the other side of their adjustments.
        Adjustments,
    }

    /// One movement of money as it is asked for. A linked transfer stands or falls with the one
    /// after it. Where the credit account cannot take an exact amount, `credit_fallback` does: a
    /// credit for an established fact is never refused. `rules_waived`: it restores what stood
    /// before, so blocks and maxima of the accounts do not count.
    record Transfer {
        id: TransferId,
        debit: Account,
        credit: Account,
        amount: Amount,
        kind: TransferKind,
        linked: bool,
        code: TransferCode,
        credit_fallback: Option<Account>,
        rules_waived: bool,
    }

    /// How much moves, in minor units of the accounts' currency.
    union Amount {
        /// Exactly this.
        Exactly(Exactly),
        /// As much as the debit account can give and the credit account can take, at most this.
        UpTo(UpTo),
        /// What an earlier `UpTo` transfer of the same decision left of its maximum.
        RestOf(RestOf),
    }
    /// See [`Amount`].
    record Exactly { minor: i64 }
    /// See [`Amount`].
    record UpTo { minor: i64 }
    /// See [`Amount`].
    record RestOf { transfer: TransferId }

    /// What happens to the amount.
    union TransferKind {
        /// It moves at once.
        Post(Post),
        /// It is held on the debit account.
        Hold(Hold),
        /// A hold is taken, in whole or in part; what is left of it is released.
        CaptureHold(CaptureHold),
        /// A hold is released.
        VoidHold(VoidHold),
    }
    /// See [`TransferKind`].
    record Post {}
    /// See [`TransferKind`]. Without an end it stands until it is captured or voided.
    record Hold { expires_at: Option<Timestamp> }
    /// See [`TransferKind`].
    record CaptureHold { hold: TransferId }
    /// See [`TransferKind`]. The amount is that of the hold, whatever is asked; but with `UpTo` a
    /// hold that is not there is passed over in silence.
    record VoidHold { hold: TransferId }

    /// Why money moves, for statements.
    enum TransferCode {
        Stake, StakeReturned, Winnings, SettlementReversed, Deposit, Withdrawal, DebtRepaid, Adjustment, Benchmark,
        CashOut,
        BonusGranted, BonusConverted, BonusLapsed, PromotionSettled,
    }

    /// What the ledger has decided.
    union Event {
        /// Money moved.
        TransferPosted(TransferPosted),
        /// Money is held.
        TransferHeld(TransferHeld),
        /// A hold was taken, in whole or in part.
        HoldCaptured(HoldCaptured),
        /// A hold was released.
        HoldVoided(HoldVoided),
        /// A hold's time was over.
        HoldExpired(HoldExpired),
        /// A transfer was refused; nothing moved.
        TransferRefused(TransferRefused),
        /// An account's rules changed.
        AccountRulesSet(AccountRulesSet),
        /// A transfer of as much as there was found nothing to move; its id is taken.
        NothingMoved(NothingMoved),
    }

    /// Money moved. The balances are those after it; entry numbers count an account's entries.
    record TransferPosted {
        id: TransferId,
        debit: Account,
        credit: Account,
        minor: i64,
        code: TransferCode,
        debit_after: Balance,
        credit_after: Balance,
        content: ContentHash,
    }
    /// Money is held on the debit account for the credit account.
    record TransferHeld {
        id: TransferId,
        debit: Account,
        credit: Account,
        minor: i64,
        code: TransferCode,
        expires_at: Option<Timestamp>,
        debit_after: Balance,
        content: ContentHash,
    }
    /// A hold was taken: `minor` moved, the rest of it is free again.
    record HoldCaptured {
        id: TransferId,
        hold: TransferId,
        debit: Account,
        credit: Account,
        minor: i64,
        released_minor: i64,
        code: TransferCode,
        debit_after: Balance,
        credit_after: Balance,
        content: ContentHash,
    }
    /// A hold was released.
    record HoldVoided {
        id: TransferId,
        hold: TransferId,
        debit: Account,
        minor: i64,
        code: TransferCode,
        debit_after: Balance,
        credit: Account,
        content: ContentHash,
    }
    /// A hold's time was over.
    record HoldExpired {
        hold: TransferId,
        debit: Account,
        minor: i64,
        debit_after: Balance,
        credit: Account,
        code: TransferCode,
    }
    /// A transfer was refused; nothing moved, and its id is taken.
    record TransferRefused {
        id: TransferId,
        reason: RefusalReason,
        available_minor: Option<i64>,
        debit: Account,
        code: TransferCode,
        content: ContentHash,
    }
    /// See [`Event`].
    record NothingMoved { id: TransferId, content: ContentHash }
    /// An account's rules changed.
    record AccountRulesSet { account: Account, debits_blocked: bool, credits_blocked: bool, balance_max: Option<i64> }

    /// An account after an entry: credits less debits, what of it is held, the entry's number.
    record Balance { posted_minor: i64, held_minor: i64, entry: u64 }

    /// Why a transfer was refused.
    enum RefusalReason {
        /// Debit and credit are the same account.
        AccountsMustDiffer,
        /// Debit and credit are of different currencies.
        CurrenciesMustMatch,
        /// The amount is not above zero.
        AmountMustBePositive,
        /// Another transfer has this id.
        IdReusedWithOtherContent,
        /// The debit account does not have it.
        DebitExceedsAvailable,
        /// The credit account cannot take it.
        CreditExceedsLimit,
        /// The debit account's debits are blocked.
        DebitsBlocked,
        /// The credit account's credits are blocked.
        CreditsBlocked,
        /// No such hold.
        HoldUnknown,
        /// The hold was taken, released or has expired.
        HoldNotOpen,
        /// More than was held.
        CaptureExceedsHold,
        /// The balance would not fit.
        Overflow,
        /// Another transfer of its chain was refused.
        LinkedTransferRefused,
        /// The chain is not closed by its last transfer.
        ChainOpen,
        /// The transfer whose rest is asked for is not in this decision.
        RestOfUnknown,
        /// The hold is between other accounts.
        HoldOfOtherAccounts,
        /// A customer of another partition is named.
        AccountOfOtherPartition,
    }

    /// Which rule a command to the ledger broke as a whole.
    record Rejection { reason: RejectionReason }
    /// The rules.
    union RejectionReason {
        /// The request was met after its deadline.
        Expired(Expired),
        /// The command could not be read.
        Undecodable(Undecodable),
        /// More transfers than one decision holds.
        BatchTooLarge(BatchTooLarge),
        /// A customer of another partition is named.
        AccountOfOtherPartition(AccountOfOtherPartition),
        /// Accounts of that kind take no rules.
        RulesNotForKind(RulesNotForKind),
        /// A maximum below zero.
        BalanceMaxNegative(BalanceMaxNegative),
    }
    /// See [`RejectionReason`].
    record Expired {}
    /// See [`RejectionReason`].
    record Undecodable { detail: String }
    /// See [`RejectionReason`].
    record BatchTooLarge { maximum: u32 }
    /// See [`RejectionReason`].
    record AccountOfOtherPartition {}
    /// See [`RejectionReason`].
    record RulesNotForKind { kind: AccountKind }
    /// See [`RejectionReason`].
    record BalanceMaxNegative {}
}
