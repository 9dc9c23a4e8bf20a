//! A batch under judgement: the ledger as the transfers so far would leave it.
//!
//! Duty: copies of only those accounts, ids and holds that the batch has touched, and the way
//! back when a linked chain fails. Prohibition: no rule is looked at here; that is `judge`'s.

use crate::account::{Account, Balance, Standing};
use crate::event::Event;
use crate::known::Use;
use crate::state::{Ledger, OpenHold};
use crate::transfer::{AccountKey, TransferKey};
use kernel::Partition;
use rustc_hash::{FxBuildHasher, FxHashMap};

/// The working copy.
pub(crate) struct Batch<'a> {
    ledger: &'a Ledger,
    /// The partition that this ledger keeps.
    pub(crate) partition: Partition,
    /// From an account's place in the ledger to that of its copy.
    copies: FxHashMap<u32, usize>,
    /// From the name of an account that the ledger has not got to that of its copy.
    new_copies: FxHashMap<AccountKey, usize>,
    touched: Vec<Standing>,
    known: FxHashMap<TransferKey, Use>,
    holds: FxHashMap<TransferKey, Option<OpenHold>>,
    rests: FxHashMap<TransferKey, i64>,
    /// What follows so far.
    pub(crate) events: Vec<Event>,
    undo: Option<Vec<Undo>>,
}

/// An account that the batch has touched: where its working copy stands.
#[derive(Clone, Copy)]
pub(crate) struct Touched {
    /// Its name.
    pub(crate) account: Account,
    place: usize,
    /// As the transfers so far leave it.
    pub(crate) standing: Standing,
}

/// One step back.
enum Undo {
    Balance(usize, Balance),
    Known(TransferKey),
    Hold(TransferKey, Option<Option<OpenHold>>),
    Rest(TransferKey),
}

/// Where a chain began.
#[must_use]
pub(crate) struct Mark {
    events: usize,
}

impl<'a> Batch<'a> {
    pub(crate) fn new(ledger: &'a Ledger, partition: Partition, transfers: usize) -> Self {
        Self {
            ledger,
            partition,
            copies: FxHashMap::with_capacity_and_hasher(transfers, FxBuildHasher),
            new_copies: FxHashMap::default(),
            touched: Vec::with_capacity(transfers),
            known: FxHashMap::with_capacity_and_hasher(transfers, FxBuildHasher),
            holds: FxHashMap::default(),
            rests: FxHashMap::default(),
            events: Vec::with_capacity(transfers),
            undo: None,
        }
    }

    /// An account as the transfers so far leave it.
    pub(crate) fn touch(&mut self, account: Account) -> Touched {
        let key = AccountKey::of(account);
        let next = self.touched.len();
        let in_ledger = self.ledger.place(key);
        let place = match in_ledger {
            Some(place) => *self.copies.entry(place).or_insert(next),
            None => *self.new_copies.entry(key).or_insert(next),
        };
        if place == next {
            self.touched.push(self.ledger.standing(in_ledger));
        }
        let standing = self.touched.get(place).copied();
        Touched {
            account,
            place,
            standing: standing.expect("every place leads to a copy"),
        }
    }

    /// What an id was used for, before or within this batch.
    pub(crate) fn known(&self, key: TransferKey) -> Option<Use> {
        let here = self.known.get(&key).copied();
        here.or_else(|| self.ledger.known(key))
    }

    /// A hold that stands, as the transfers so far leave it.
    pub(crate) fn open_hold(&self, key: TransferKey) -> Option<OpenHold> {
        match self.holds.get(&key) {
            Some(here) => *here,
            None => self.ledger.open_hold(key),
        }
    }

    /// What an `UpTo` transfer of this batch left of its maximum.
    pub(crate) fn rest(&self, key: TransferKey) -> Option<i64> {
        self.rests.get(&key).copied()
    }

    pub(crate) fn set_balance(&mut self, touched: Touched, balance: Balance) {
        if let Some(standing) = self.touched.get_mut(touched.place) {
            let before = std::mem::replace(&mut standing.balance, balance);
            if let Some(undo) = &mut self.undo {
                undo.push(Undo::Balance(touched.place, before));
            }
        }
    }

    pub(crate) fn set_known(&mut self, key: TransferKey, its_use: Use) {
        self.known.insert(key, its_use);
        if let Some(undo) = &mut self.undo {
            undo.push(Undo::Known(key));
        }
    }

    pub(crate) fn set_hold(&mut self, key: TransferKey, hold: Option<OpenHold>) {
        let before = self.holds.insert(key, hold);
        if let Some(undo) = &mut self.undo {
            undo.push(Undo::Hold(key, before));
        }
    }

    pub(crate) fn set_rest(&mut self, key: TransferKey, minor: i64) {
        self.rests.insert(key, minor);
        if let Some(undo) = &mut self.undo {
            undo.push(Undo::Rest(key));
        }
    }

    /// From here on, all can be taken back.
    pub(crate) fn begin_chain(&mut self) -> Mark {
        self.undo = Some(Vec::new());
        Mark {
            events: self.events.len(),
        }
    }

    /// The chain stands.
    pub(crate) fn keep_chain(&mut self, _: Mark) {
        self.undo = None;
    }

    /// The chain never was.
    pub(crate) fn drop_chain(&mut self, mark: Mark) {
        self.events.truncate(mark.events);
        for step in self.undo.take().into_iter().flatten().rev() {
            match step {
                Undo::Balance(place, before) => {
                    if let Some(standing) = self.touched.get_mut(place) {
                        standing.balance = before;
                    }
                }
                Undo::Known(key) => {
                    self.known.remove(&key);
                }
                Undo::Hold(key, Some(before)) => {
                    self.holds.insert(key, before);
                }
                Undo::Hold(key, None) => {
                    self.holds.remove(&key);
                }
                Undo::Rest(key) => {
                    self.rests.remove(&key);
                }
            }
        }
    }
}
