//! Domain and wire, joined.
//!
//! Duty: one function each way for every shape, exhaustive, so that a variant added on one side
//! does not compile until the other knows it. Prohibition: nothing is judged or filled in here.

use kernel::Partition;
use ledger_domain as domain;
use ledger_domain::{Command, Event, Rejection, Rules};
use schemas::ledger as wire;

/// Two enums with the same variants, both ways.
macro_rules! same_variants {
    ($to_wire:ident, $from_wire:ident, $type:ident { $($variant:ident),* $(,)? }) => {
        pub(crate) const fn $to_wire(value: domain::$type) -> wire::$type {
            match value { $(domain::$type::$variant => wire::$type::$variant,)* }
        }
        pub(crate) const fn $from_wire(value: wire::$type) -> domain::$type {
            match value { $(wire::$type::$variant => domain::$type::$variant,)* }
        }
    };
}

same_variants!(
    kind_to_wire,
    kind_from_wire,
    AccountKind {
        Cash,
        Bonus,
        Receivable,
        Book,
        Provider,
        Suspense,
        Promotions,
        Adjustments,
    }
);

same_variants!(
    code_to_wire,
    code_from_wire,
    TransferCode {
        Stake,
        StakeReturned,
        Winnings,
        SettlementReversed,
        Deposit,
        Withdrawal,
        DebtRepaid,
        Adjustment,
        Benchmark,
        CashOut,
        BonusGranted,
        BonusConverted,
        BonusLapsed,
        PromotionSettled,
    }
);

same_variants!(
    reason_to_wire,
    reason_from_wire,
    RefusalReason {
        AccountsMustDiffer,
        CurrenciesMustMatch,
        AmountMustBePositive,
        IdReusedWithOtherContent,
        DebitExceedsAvailable,
        CreditExceedsLimit,
        DebitsBlocked,
        CreditsBlocked,
        HoldUnknown,
        HoldNotOpen,
        CaptureExceedsHold,
        Overflow,
        LinkedTransferRefused,
        ChainOpen,
        RestOfUnknown,
        HoldOfOtherAccounts,
        AccountOfOtherPartition,
    }
);

pub(crate) const fn account_to_wire(account: domain::Account) -> wire::Account {
    wire::Account {
        customer: account.customer,
        kind: kind_to_wire(account.kind),
        currency: account.currency,
    }
}

pub(crate) const fn account_from_wire(account: &wire::Account) -> domain::Account {
    domain::Account {
        customer: account.customer,
        kind: kind_from_wire(account.kind),
        currency: account.currency,
    }
}

pub(crate) const fn balance_to_wire(balance: domain::Balance) -> wire::Balance {
    wire::Balance {
        posted_minor: balance.posted_minor,
        held_minor: balance.held_minor,
        entry: balance.entry,
    }
}

pub(crate) const fn balance_from_wire(balance: &wire::Balance) -> domain::Balance {
    domain::Balance {
        posted_minor: balance.posted_minor,
        held_minor: balance.held_minor,
        entry: balance.entry,
    }
}

const fn content_to_wire(content: domain::ContentHash) -> wire::ContentHash {
    wire::ContentHash(content.bytes())
}

const fn content_from_wire(content: wire::ContentHash) -> domain::ContentHash {
    domain::ContentHash::from_bytes(content.0)
}

pub(crate) fn command_from_wire(partition: Partition, command: wire::Command) -> Command {
    match command {
        wire::Command::PostTransfers(post) => Command::PostTransfers {
            partition,
            transfers: post.transfers.iter().map(transfer_from_wire).collect(),
        },
        wire::Command::SetAccountRules(set) => Command::SetAccountRules {
            partition,
            account: account_from_wire(&set.account),
            rules: Rules {
                debits_blocked: set.debits_blocked,
                credits_blocked: set.credits_blocked,
                balance_max: set.balance_max,
            },
        },
    }
}

fn transfer_from_wire(transfer: &wire::Transfer) -> domain::Transfer {
    domain::Transfer {
        id: transfer.id,
        debit: account_from_wire(&transfer.debit),
        credit: account_from_wire(&transfer.credit),
        amount: match &transfer.amount {
            wire::Amount::Exactly(exactly) => domain::Amount::Exactly(exactly.minor),
            wire::Amount::UpTo(up_to) => domain::Amount::UpTo(up_to.minor),
            wire::Amount::RestOf(rest) => domain::Amount::RestOf(rest.transfer),
        },
        kind: match &transfer.kind {
            wire::TransferKind::Post(wire::Post {}) => domain::TransferKind::Post,
            wire::TransferKind::Hold(hold) => domain::TransferKind::Hold {
                expires_at: hold.expires_at,
            },
            wire::TransferKind::CaptureHold(capture) => {
                domain::TransferKind::CaptureHold { hold: capture.hold }
            }
            wire::TransferKind::VoidHold(void) => {
                domain::TransferKind::VoidHold { hold: void.hold }
            }
        },
        linked: transfer.linked,
        code: code_from_wire(transfer.code),
        credit_fallback: transfer.credit_fallback.as_ref().map(account_from_wire),
        rules_waived: transfer.rules_waived,
    }
}

pub(crate) fn event_to_wire(event: &Event) -> wire::Event {
    match event {
        Event::TransferPosted(it) => wire::Event::TransferPosted(wire::TransferPosted {
            id: it.id,
            debit: account_to_wire(it.debit),
            credit: account_to_wire(it.credit),
            minor: it.minor,
            code: code_to_wire(it.code),
            debit_after: balance_to_wire(it.debit_after),
            credit_after: balance_to_wire(it.credit_after),
            content: content_to_wire(it.content),
        }),
        Event::TransferHeld(it) => wire::Event::TransferHeld(wire::TransferHeld {
            id: it.id,
            debit: account_to_wire(it.debit),
            credit: account_to_wire(it.credit),
            minor: it.minor,
            code: code_to_wire(it.code),
            expires_at: it.expires_at,
            debit_after: balance_to_wire(it.debit_after),
            content: content_to_wire(it.content),
        }),
        Event::HoldCaptured(it) => wire::Event::HoldCaptured(wire::HoldCaptured {
            id: it.id,
            hold: it.hold,
            debit: account_to_wire(it.debit),
            credit: account_to_wire(it.credit),
            minor: it.minor,
            released_minor: it.released_minor,
            code: code_to_wire(it.code),
            debit_after: balance_to_wire(it.debit_after),
            credit_after: balance_to_wire(it.credit_after),
            content: content_to_wire(it.content),
        }),
        Event::HoldVoided(it) => wire::Event::HoldVoided(wire::HoldVoided {
            id: it.id,
            hold: it.hold,
            debit: account_to_wire(it.debit),
            minor: it.minor,
            code: code_to_wire(it.code),
            debit_after: balance_to_wire(it.debit_after),
            credit: account_to_wire(it.credit),
            content: content_to_wire(it.content),
        }),
        Event::HoldExpired(it) => wire::Event::HoldExpired(wire::HoldExpired {
            hold: it.hold,
            debit: account_to_wire(it.debit),
            minor: it.minor,
            debit_after: balance_to_wire(it.debit_after),
            credit: account_to_wire(it.credit),
            code: code_to_wire(it.code),
        }),
        Event::TransferRefused(it) => wire::Event::TransferRefused(wire::TransferRefused {
            id: it.id,
            reason: reason_to_wire(it.reason),
            available_minor: it.available_minor,
            debit: account_to_wire(it.debit),
            code: code_to_wire(it.code),
            content: content_to_wire(it.content),
        }),
        Event::AccountRulesSet(it) => wire::Event::AccountRulesSet(wire::AccountRulesSet {
            account: account_to_wire(it.account),
            debits_blocked: it.rules.debits_blocked,
            credits_blocked: it.rules.credits_blocked,
            balance_max: it.rules.balance_max,
        }),
        Event::NothingMoved(it) => wire::Event::NothingMoved(wire::NothingMoved {
            id: it.id,
            content: content_to_wire(it.content),
        }),
    }
}

pub(crate) const fn event_from_wire(event: wire::Event) -> Event {
    match event {
        wire::Event::TransferPosted(it) => Event::TransferPosted(domain::TransferPosted {
            id: it.id,
            debit: account_from_wire(&it.debit),
            credit: account_from_wire(&it.credit),
            minor: it.minor,
            code: code_from_wire(it.code),
            debit_after: balance_from_wire(&it.debit_after),
            credit_after: balance_from_wire(&it.credit_after),
            content: content_from_wire(it.content),
        }),
        wire::Event::TransferHeld(it) => Event::TransferHeld(domain::TransferHeld {
            id: it.id,
            debit: account_from_wire(&it.debit),
            credit: account_from_wire(&it.credit),
            minor: it.minor,
            code: code_from_wire(it.code),
            expires_at: it.expires_at,
            debit_after: balance_from_wire(&it.debit_after),
            content: content_from_wire(it.content),
        }),
        wire::Event::HoldCaptured(it) => Event::HoldCaptured(domain::HoldCaptured {
            id: it.id,
            hold: it.hold,
            debit: account_from_wire(&it.debit),
            credit: account_from_wire(&it.credit),
            minor: it.minor,
            released_minor: it.released_minor,
            code: code_from_wire(it.code),
            debit_after: balance_from_wire(&it.debit_after),
            credit_after: balance_from_wire(&it.credit_after),
            content: content_from_wire(it.content),
        }),
        wire::Event::HoldVoided(it) => Event::HoldVoided(domain::HoldVoided {
            id: it.id,
            hold: it.hold,
            debit: account_from_wire(&it.debit),
            credit: account_from_wire(&it.credit),
            minor: it.minor,
            code: code_from_wire(it.code),
            debit_after: balance_from_wire(&it.debit_after),
            content: content_from_wire(it.content),
        }),
        wire::Event::HoldExpired(it) => Event::HoldExpired(domain::HoldExpired {
            hold: it.hold,
            debit: account_from_wire(&it.debit),
            credit: account_from_wire(&it.credit),
            minor: it.minor,
            code: code_from_wire(it.code),
            debit_after: balance_from_wire(&it.debit_after),
        }),
        wire::Event::TransferRefused(it) => Event::TransferRefused(domain::TransferRefused {
            id: it.id,
            reason: reason_from_wire(it.reason),
            available_minor: it.available_minor,
            debit: account_from_wire(&it.debit),
            code: code_from_wire(it.code),
            content: content_from_wire(it.content),
        }),
        wire::Event::AccountRulesSet(it) => Event::AccountRulesSet(domain::AccountRulesSet {
            account: account_from_wire(&it.account),
            rules: Rules {
                debits_blocked: it.debits_blocked,
                credits_blocked: it.credits_blocked,
                balance_max: it.balance_max,
            },
        }),
        wire::Event::NothingMoved(it) => Event::NothingMoved(domain::NothingMoved {
            id: it.id,
            content: content_from_wire(it.content),
        }),
    }
}

pub(crate) const fn rejection_to_wire(rejection: Rejection) -> wire::Rejection {
    let reason = match rejection {
        Rejection::BatchTooLarge { maximum } => {
            wire::RejectionReason::BatchTooLarge(wire::BatchTooLarge { maximum })
        }
        Rejection::AccountOfOtherPartition => {
            wire::RejectionReason::AccountOfOtherPartition(wire::AccountOfOtherPartition {})
        }
        Rejection::RulesNotForKind(kind) => {
            wire::RejectionReason::RulesNotForKind(wire::RulesNotForKind {
                kind: kind_to_wire(kind),
            })
        }
        Rejection::BalanceMaxNegative => {
            wire::RejectionReason::BalanceMaxNegative(wire::BalanceMaxNegative {})
        }
    };
    wire::Rejection { reason }
}
