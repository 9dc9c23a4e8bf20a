//! Judging one transfer on what those before it leave.
//!
//! Duty: the rules in their order, each a line that returns its own reason, and only then the
//! effect on the working copy. Prohibition: nothing is changed before the last rule has been
//! looked at, so a refusal leaves no trace to clean up.

use crate::account::{Account, Balance, Shortage};
use crate::batch::{Batch, Touched};
use crate::event::{
    Event, HoldCaptured, HoldVoided, NothingMoved, RefusalReason, TransferHeld, TransferPosted,
    TransferRefused,
};
use crate::known::Use;
use crate::state::OpenHold;
use crate::transfer::{Amount, ContentHash, Transfer, TransferKey, TransferKind};
use kernel::{Timestamp, TransferId};

/// What became of a transfer that was not refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Judged {
    /// There is an event that says so.
    Recorded,
    /// It was judged before; nothing follows.
    Repeat,
    /// There was nothing to release; nothing follows.
    PassedOver,
}

/// Why a transfer is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The rule.
    pub(crate) reason: RefusalReason,
    /// What there was, where the debit account was short of it.
    pub(crate) available_minor: Option<i64>,
}

impl From<RefusalReason> for Refusal {
    fn from(reason: RefusalReason) -> Self {
        Self {
            reason,
            available_minor: None,
        }
    }
}

impl From<Shortage> for Refusal {
    fn from(shortage: Shortage) -> Self {
        Self {
            reason: shortage.reason,
            available_minor: shortage.available_minor,
        }
    }
}

/// How much is asked: all of it, or as much as there is.
#[derive(Clone, Copy)]
enum Asked {
    All(i64),
    UpTo(i64),
}

impl Batch<'_> {
    /// Judges a transfer and, unless it is refused, carries it out on the working copy.
    pub(crate) fn judge(&mut self, transfer: &Transfer) -> Result<Judged, Refusal> {
        let key = TransferKey::of(transfer.id);
        let content = transfer.content();
        if let Some(before) = self.known(key) {
            return if before.is_of(content) {
                Ok(Judged::Repeat)
            } else {
                Err(RefusalReason::IdReusedWithOtherContent.into())
            };
        }
        self.check_accounts(transfer)?;
        match transfer.kind {
            TransferKind::Post => self.post(transfer, content),
            TransferKind::Hold { expires_at } => self.hold(transfer, expires_at, content),
            TransferKind::CaptureHold { hold } => self.capture(transfer, hold, content),
            TransferKind::VoidHold { hold } => self.void(transfer, hold, content),
        }
    }

    /// Records a refusal. An id that is taken keeps its first use.
    pub(crate) fn refuse(&mut self, transfer: &Transfer, refusal: Refusal) {
        let content = transfer.content();
        let key = TransferKey::of(transfer.id);
        if self.known(key).is_none() {
            self.set_known(key, Use::of(content, false));
        }
        self.events.push(Event::TransferRefused(TransferRefused {
            id: transfer.id,
            reason: refusal.reason,
            available_minor: refusal.available_minor,
            debit: transfer.debit,
            code: transfer.code,
            content,
        }));
    }

    fn check_accounts(&self, transfer: &Transfer) -> Result<(), Refusal> {
        let Transfer { debit, credit, .. } = *transfer;
        let fallback = transfer.credit_fallback;
        let is_elsewhere = |account: Account| !account.is_in(self.partition);
        if is_elsewhere(debit) || is_elsewhere(credit) || fallback.is_some_and(is_elsewhere) {
            return Err(RefusalReason::AccountOfOtherPartition.into());
        }
        if debit == credit || fallback == Some(debit) {
            return Err(RefusalReason::AccountsMustDiffer.into());
        }
        let is_foreign = |account: Account| account.currency != debit.currency;
        if is_foreign(credit) || fallback.is_some_and(is_foreign) {
            return Err(RefusalReason::CurrenciesMustMatch.into());
        }
        Ok(())
    }

    /// How much is asked. The rest of a transfer that moved all is nothing, and asks nothing of
    /// any account: it comes as "up to nothing".
    fn asked(&self, amount: Amount) -> Result<Asked, Refusal> {
        match amount {
            Amount::Exactly(minor) | Amount::UpTo(minor) if minor <= 0 => {
                Err(RefusalReason::AmountMustBePositive.into())
            }
            Amount::Exactly(minor) => Ok(Asked::All(minor)),
            Amount::UpTo(minor) => Ok(Asked::UpTo(minor)),
            Amount::RestOf(of) => match self.rest(TransferKey::of(of)) {
                Some(0) => Ok(Asked::UpTo(0)),
                Some(minor) => Ok(Asked::All(minor)),
                None => Err(RefusalReason::RestOfUnknown.into()),
            },
        }
    }

    fn post(&mut self, transfer: &Transfer, content: ContentHash) -> Result<Judged, Refusal> {
        let waived = transfer.rules_waived;
        let asked = self.asked(transfer.amount)?;
        let debit = self.touch(transfer.debit);
        let (credit, minor) = match asked {
            Asked::All(minor) => {
                debit.standing.give(debit.account.kind, minor, waived)?;
                (self.taker(transfer, minor)?, minor)
            }
            Asked::UpTo(max) => {
                let credit = self.touch(transfer.credit);
                let given = debit.standing.give_up_to(debit.account.kind, max, waived);
                let taken = credit
                    .standing
                    .take_up_to(credit.account.kind, given, waived);
                (credit, taken)
            }
        };
        self.note_rest(transfer, asked, minor);
        if minor == 0 {
            return Ok(self.nothing(transfer.id, content));
        }
        let debit_after = debit.standing.balance.changed(minus(minor)?, 0)?;
        let credit_after = credit.standing.balance.changed(minor, 0)?;
        self.set_balance(debit, debit_after);
        self.set_balance(credit, credit_after);
        self.record(
            transfer.id,
            content,
            Event::TransferPosted(TransferPosted {
                id: transfer.id,
                debit: debit.account,
                credit: credit.account,
                minor,
                code: transfer.code,
                debit_after,
                credit_after,
                content,
            }),
        )
    }

    fn hold(
        &mut self,
        transfer: &Transfer,
        expires_at: Option<Timestamp>,
        content: ContentHash,
    ) -> Result<Judged, Refusal> {
        let waived = transfer.rules_waived;
        let asked = self.asked(transfer.amount)?;
        let debit = self.touch(transfer.debit);
        let minor = match asked {
            Asked::All(minor) => {
                debit.standing.give(debit.account.kind, minor, waived)?;
                minor
            }
            Asked::UpTo(max) => debit.standing.give_up_to(debit.account.kind, max, waived),
        };
        self.note_rest(transfer, asked, minor);
        if minor == 0 {
            return Ok(self.nothing(transfer.id, content));
        }
        let debit_after = debit.standing.balance.changed(0, minor)?;
        self.set_balance(debit, debit_after);
        let hold = OpenHold {
            debit: transfer.debit,
            credit: transfer.credit,
            minor,
            code: transfer.code,
            end: None,
        };
        let key = TransferKey::of(transfer.id);
        self.set_hold(key, Some(hold));
        self.set_known(key, Use::of(content, true));
        self.events.push(Event::TransferHeld(TransferHeld {
            id: transfer.id,
            debit: transfer.debit,
            credit: transfer.credit,
            minor,
            code: transfer.code,
            expires_at,
            debit_after,
            content,
        }));
        Ok(Judged::Recorded)
    }

    /// Money that is held was promised: blocks on the debit account do not stop its capture.
    fn capture(
        &mut self,
        transfer: &Transfer,
        hold_id: TransferId,
        content: ContentHash,
    ) -> Result<Judged, Refusal> {
        let asked = self.asked(transfer.amount)?;
        let hold = self.hold_of(transfer, hold_id)?;
        let debit = self.touch(transfer.debit);
        let (credit, minor) = match asked {
            Asked::All(minor) if minor > hold.minor => {
                return Err(RefusalReason::CaptureExceedsHold.into());
            }
            Asked::All(minor) => (self.taker(transfer, minor)?, minor),
            Asked::UpTo(max) => {
                let credit = self.touch(transfer.credit);
                let wanted = max.min(hold.minor);
                let waived = transfer.rules_waived;
                let taken = credit
                    .standing
                    .take_up_to(credit.account.kind, wanted, waived);
                (credit, taken)
            }
        };
        self.note_rest(transfer, asked, minor);
        if minor == 0 {
            return Ok(self.nothing(transfer.id, content));
        }
        let released_minor = hold.minor.checked_sub(minor);
        let released_minor = released_minor.ok_or(RefusalReason::Overflow)?;
        let balance = debit.standing.balance;
        let debit_after = balance.changed(minus(minor)?, minus(hold.minor)?)?;
        let credit_after = credit.standing.balance.changed(minor, 0)?;
        self.set_balance(debit, debit_after);
        self.set_balance(credit, credit_after);
        self.set_hold(TransferKey::of(hold_id), None);
        self.record(
            transfer.id,
            content,
            Event::HoldCaptured(HoldCaptured {
                id: transfer.id,
                hold: hold_id,
                debit: debit.account,
                credit: credit.account,
                minor,
                released_minor,
                code: transfer.code,
                debit_after,
                credit_after,
                content,
            }),
        )
    }

    fn void(
        &mut self,
        transfer: &Transfer,
        hold_id: TransferId,
        content: ContentHash,
    ) -> Result<Judged, Refusal> {
        let hold = match (self.hold_of(transfer, hold_id), transfer.amount) {
            (Ok(hold), _) => hold,
            (Err(refusal), Amount::UpTo(_)) if refusal.says_no_hold() => {
                return Ok(Judged::PassedOver);
            }
            (Err(refusal), _) => return Err(refusal),
        };
        let debit = self.touch(transfer.debit);
        let debit_after = debit.standing.balance.changed(0, minus(hold.minor)?)?;
        self.set_balance(debit, debit_after);
        self.set_hold(TransferKey::of(hold_id), None);
        self.record(
            transfer.id,
            content,
            Event::HoldVoided(HoldVoided {
                id: transfer.id,
                hold: hold_id,
                debit: transfer.debit,
                credit: transfer.credit,
                minor: hold.minor,
                code: transfer.code,
                debit_after,
                content,
            }),
        )
    }

    /// The open hold between the transfer's accounts.
    fn hold_of(&self, transfer: &Transfer, id: TransferId) -> Result<OpenHold, Refusal> {
        let key = TransferKey::of(id);
        let Some(hold) = self.open_hold(key) else {
            let was_hold = self.known(key).is_some_and(Use::was_hold);
            return Err(if was_hold {
                RefusalReason::HoldNotOpen.into()
            } else {
                RefusalReason::HoldUnknown.into()
            });
        };
        if hold.debit == transfer.debit && hold.credit == transfer.credit {
            Ok(hold)
        } else {
            Err(RefusalReason::HoldOfOtherAccounts.into())
        }
    }

    /// Who takes an exact amount: the credit account, or the fallback in its stead.
    fn taker(&mut self, transfer: &Transfer, minor: i64) -> Result<Touched, Refusal> {
        let waived = transfer.rules_waived;
        let named = self.touch(transfer.credit);
        let taken = named.standing.take(named.account.kind, minor, waived);
        let Err(shortage) = taken else {
            return Ok(named);
        };
        let Some(fallback) = transfer.credit_fallback else {
            return Err(shortage.into());
        };
        let instead = self.touch(fallback);
        instead.standing.take(fallback.kind, minor, waived)?;
        Ok(instead)
    }

    fn note_rest(&mut self, transfer: &Transfer, asked: Asked, moved: i64) {
        if let Asked::UpTo(max) = asked {
            let rest = max.saturating_sub(moved);
            self.set_rest(TransferKey::of(transfer.id), rest);
        }
    }

    fn nothing(&mut self, id: TransferId, content: ContentHash) -> Judged {
        self.set_known(TransferKey::of(id), Use::of(content, false));
        let nothing = NothingMoved { id, content };
        self.events.push(Event::NothingMoved(nothing));
        Judged::Recorded
    }

    fn record(
        &mut self,
        id: TransferId,
        content: ContentHash,
        event: Event,
    ) -> Result<Judged, Refusal> {
        self.set_known(TransferKey::of(id), Use::of(content, false));
        self.events.push(event);
        Ok(Judged::Recorded)
    }
}

impl Refusal {
    const fn says_no_hold(self) -> bool {
        matches!(
            self.reason,
            RefusalReason::HoldUnknown | RefusalReason::HoldNotOpen
        )
    }
}

fn minus(minor: i64) -> Result<i64, RefusalReason> {
    minor.checked_neg().ok_or(RefusalReason::Overflow)
}

/// What an account has when a hold on it has ended.
pub(crate) fn after_release(balance: Balance, held_minor: i64) -> Balance {
    let held = held_minor.saturating_neg();
    balance
        .changed(0, held)
        .expect("what is held is at least what one hold holds")
}
