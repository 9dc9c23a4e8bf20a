//! What the ledger knows: balances, rules, used ids, open holds, and when holds end.
//!
//! Duty: take notice of facts, quickly and without judging them. Accounts stand in one dense
//! list; maps only lead to places in it. Prohibition: nothing that is decided or written depends
//! on the order of a map; whoever lists, sorts.

use crate::account::{Account, Balance, Rules, Standing};
use crate::event::{Event, TransferHeld};
use crate::known::{KnownTransfers, Use};
use crate::transfer::{AccountKey, ContentHash, TransferCode, TransferKey};
use kernel::{Timestamp, TransferId};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

/// The books of one partition.
#[derive(Clone)]
pub struct Ledger {
    places: FxHashMap<AccountKey, u32>,
    accounts: Vec<(Account, Standing)>,
    known: KnownTransfers,
    holds: FxHashMap<TransferKey, OpenHold>,
    ends: BTreeMap<HoldEnd, TransferId>,
    ends_armed: u64,
}

/// Money that is held and neither captured nor released yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenHold {
    /// Who is to give.
    pub debit: Account,
    /// Who is to take.
    pub credit: Account,
    /// How much.
    pub minor: i64,
    /// What for.
    pub code: TransferCode,
    /// When it ends by itself, if it does.
    pub end: Option<HoldEnd>,
}

/// When a hold ends by itself. Numbers tell those of one instant apart, in the order in which
/// the holds were made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HoldEnd {
    /// When.
    pub at: Timestamp,
    /// The how manieth.
    pub number: u64,
}

/// The whole state in an order of its own, for snapshots and comparisons.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Image {
    /// By account.
    pub accounts: Vec<(Account, Standing)>,
    /// By id.
    pub known: Vec<(TransferId, Use)>,
    /// By id.
    pub holds: Vec<(TransferId, OpenHold)>,
    /// How many holds with an end there have been.
    pub ends_armed: u64,
}

impl Ledger {
    pub(crate) fn empty() -> Self {
        Self {
            places: FxHashMap::default(),
            accounts: Vec::new(),
            known: KnownTransfers::none(),
            holds: FxHashMap::default(),
            ends: BTreeMap::new(),
            ends_armed: 0,
        }
    }

    /// What an account has; nothing before its first entry.
    #[must_use]
    pub fn balance(&self, account: Account) -> Balance {
        self.standing(self.place(AccountKey::of(account))).balance
    }

    /// An account's flags and maximum.
    #[must_use]
    pub fn rules(&self, account: Account) -> Rules {
        self.standing(self.place(AccountKey::of(account))).rules
    }

    /// An open hold.
    #[must_use]
    pub fn hold(&self, id: TransferId) -> Option<&OpenHold> {
        self.holds.get(&TransferKey::of(id))
    }

    /// The hold that ends first, with its end.
    #[must_use]
    pub fn first_end(&self) -> Option<(HoldEnd, TransferId)> {
        self.ends.first_key_value().map(|(end, hold)| (*end, *hold))
    }

    /// The hold that ends there.
    #[must_use]
    pub fn hold_ending(&self, end: HoldEnd) -> Option<TransferId> {
        self.ends.get(&end).copied()
    }

    /// Where an account stands in the list, once it has been opened.
    pub(crate) fn place(&self, key: AccountKey) -> Option<u32> {
        self.places.get(&key).copied()
    }

    /// The account in that place, or a new one.
    pub(crate) fn standing(&self, place: Option<u32>) -> Standing {
        place
            .and_then(|place| usize::try_from(place).ok())
            .and_then(|at| self.accounts.get(at))
            .map_or(Standing::NEW, |(_, standing)| *standing)
    }

    pub(crate) fn known(&self, key: TransferKey) -> Option<Use> {
        self.known.get(key)
    }

    pub(crate) fn open_hold(&self, key: TransferKey) -> Option<OpenHold> {
        self.holds.get(&key).copied()
    }

    /// Takes notice of a fact.
    pub(crate) fn apply(&mut self, event: &Event) {
        match event {
            Event::TransferPosted(posted) => {
                self.set_balance(posted.debit, posted.debit_after);
                self.set_balance(posted.credit, posted.credit_after);
                self.remember(posted.id, posted.content, false);
            }
            Event::TransferHeld(held) => self.open(held),
            Event::HoldCaptured(captured) => {
                self.set_balance(captured.debit, captured.debit_after);
                self.set_balance(captured.credit, captured.credit_after);
                self.close(captured.hold);
                self.remember(captured.id, captured.content, false);
            }
            Event::HoldVoided(voided) => {
                self.set_balance(voided.debit, voided.debit_after);
                self.close(voided.hold);
                self.remember(voided.id, voided.content, false);
            }
            Event::HoldExpired(expired) => {
                self.set_balance(expired.debit, expired.debit_after);
                self.close(expired.hold);
            }
            Event::TransferRefused(refused) => {
                self.remember(refused.id, refused.content, false);
            }
            Event::NothingMoved(nothing) => self.remember(nothing.id, nothing.content, false),
            Event::AccountRulesSet(set) => self.account_mut(set.account).rules = set.rules,
        }
    }

    fn open(&mut self, held: &TransferHeld) {
        self.set_balance(held.debit, held.debit_after);
        let end = held.expires_at.map(|at| {
            self.ends_armed = self.ends_armed.saturating_add(1);
            HoldEnd {
                at,
                number: self.ends_armed,
            }
        });
        if let Some(end) = end {
            self.ends.insert(end, held.id);
        }
        let hold = OpenHold {
            debit: held.debit,
            credit: held.credit,
            minor: held.minor,
            code: held.code,
            end,
        };
        self.holds.insert(TransferKey::of(held.id), hold);
        self.remember(held.id, held.content, true);
    }

    fn close(&mut self, hold: TransferId) {
        let closed = self.holds.remove(&TransferKey::of(hold));
        if let Some(end) = closed.and_then(|hold| hold.end) {
            self.ends.remove(&end);
        }
    }

    fn remember(&mut self, id: TransferId, content: ContentHash, was_hold: bool) {
        self.known.insert(id, Use::of(content, was_hold));
    }

    fn set_balance(&mut self, account: Account, balance: Balance) {
        self.account_mut(account).balance = balance;
    }

    /// The account, opened by being named.
    fn account_mut(&mut self, account: Account) -> &mut Standing {
        let next = u32::try_from(self.accounts.len()).expect("4 billion accounts do not fit here");
        let place = *self.places.entry(AccountKey::of(account)).or_insert(next);
        if place == next {
            self.accounts.push((account, Standing::NEW));
        }
        let at = usize::try_from(place).expect("a place is an index of the list");
        let (_, standing) = self
            .accounts
            .get_mut(at)
            .expect("every place leads to an account");
        standing
    }

    /// The whole state, sorted.
    #[must_use]
    pub fn image(&self) -> Image {
        let mut accounts = self.accounts.clone();
        accounts.sort_unstable_by_key(|(account, _)| *account);
        let holds = self.holds.iter();
        let mut holds: Vec<_> = holds.map(|(key, hold)| (key.id(), *hold)).collect();
        holds.sort_unstable_by_key(|(id, _)| *id);
        Image {
            accounts,
            known: self.known.sorted(),
            holds,
            ends_armed: self.ends_armed,
        }
    }

    /// The state of which this is the image.
    #[must_use]
    pub fn from_image(image: &Image) -> Self {
        let mut ledger = Self::empty();
        for (account, standing) in &image.accounts {
            *ledger.account_mut(*account) = *standing;
        }
        for (id, its_use) in &image.known {
            ledger.known.insert(*id, *its_use);
        }
        for (id, hold) in &image.holds {
            ledger.holds.insert(TransferKey::of(*id), *hold);
            if let Some(end) = hold.end {
                ledger.ends.insert(end, *id);
            }
        }
        ledger.ends_armed = image.ends_armed;
        ledger
    }
}
