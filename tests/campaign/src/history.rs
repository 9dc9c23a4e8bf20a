//! What clients have asked and what they were told: the only witness beside the log.
//!
//! Duty: every operation from invoked to ok, fail or info, with the monotonic time of both ends,
//! in memory and as lines of JSON in a file. Prohibition: nothing here asks the system anything,
//! and nothing that was written is changed.

use crate::time::{Clock, wall_micros};
use kernel::{CustomerId, SelectionId};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// A single, at any price.
    Bet {
        /// The idempotency key; also the slip's own reference.
        key: String,
        /// Cents.
        stake_minor: i64,
        /// On what.
        selection: SelectionId,
    },
    /// Money in.
    Deposit {
        /// The idempotency key.
        key: String,
        /// Cents.
        minor: i64,
    },
    /// A look at the own balance, no older than this position.
    Look {
        /// The position; none: any age will do.
        at_least: Option<String>,
    },
}

impl Deed {
    /// What it is, in a word.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Bet { .. } => Kind::Bet,
            Self::Deposit { .. } => Kind::Deposit,
            Self::Look { .. } => Kind::Look,
        }
    }
}

/// What can be asked, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A bet.
    Bet,
    /// A deposit.
    Deposit,
    /// A look at a balance.
    Look,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Bet, Self::Deposit, Self::Look];
}

/// What an ok operation was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// The accepted bet.
    Bet {
        /// Its id.
        id: String,
        /// The stake, cents.
        stake_minor: i64,
        /// The price, as text.
        price: String,
        /// Where it stands.
        position: String,
    },
    /// The deposit, requested for good.
    Deposit {
        /// Its id.
        id: String,
        /// Cents.
        minor: i64,
        /// Where it stands.
        position: String,
    },
    /// A balance.
    Balance {
        /// Free cash, cents.
        cash_minor: i64,
        /// Held, cents.
        held_minor: i64,
        /// What it is at least as new as.
        position: String,
    },
}

/// How an operation ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// It was done.
    Ok(Told),
    /// It was refused, for good.
    Fail {
        /// Why.
        code: String,
    },
    /// The client never learnt.
    Info,
}

/// One operation of one client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// Which client; a client does one thing at a time.
    pub client: u32,
    /// For whom.
    pub customer: CustomerId,
    /// What.
    pub deed: Deed,
    /// When it was first sent, microseconds of the run.
    pub invoked_us: u64,
    /// When the client learnt the end, microseconds of the run; of info, never.
    pub ended_us: Option<u64>,
    /// How often it was sent.
    pub tries: u32,
    /// How it ended; info until it has.
    pub end: End,
}

/// A running operation.
#[derive(Clone, Copy, Debug)]
pub struct Op(usize);

#[derive(Default)]
struct Inner {
    operations: Vec<Operation>,
    results: BTreeMap<SelectionId, bool>,
    wrongs: Vec<String>,
    file: Option<BufWriter<File>>,
}

/// All of it.
#[derive(Default)]
pub struct History {
    /// The run's clock.
    pub clock: Clock,
    inner: Mutex<Inner>,
}

impl History {
    /// A history that is also written to this file.
    ///
    /// # Errors
    /// The file cannot be made.
    pub fn kept(path: &Path) -> std::io::Result<Self> {
        let history = Self::default();
        history.lock().file = Some(BufWriter::new(File::create(path)?));
        Ok(history)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something is about to be sent for the first time.
    pub fn invoke(&self, client: u32, customer: CustomerId, deed: Deed) -> Op {
        let mut inner = self.lock();
        let op = Op(inner.operations.len());
        // The time is taken before the request leaves and under the lock: lines are in order.
        let invoked_us = self.clock.micros();
        inner.line(json!({
            "op": op.0, "phase": "invoke", "client": client, "customer": customer.to_string(),
            "mono_us": invoked_us, "wall_us": wall_micros(), "deed": deed_json(&deed),
        }));
        inner.operations.push(Operation {
            client,
            customer,
            deed,
            invoked_us,
            ended_us: None,
            tries: 0,
            end: End::Info,
        });
        op
    }

    /// How it ended, after so many tries.
    pub fn end(&self, op: Op, end: End, tries: u32) {
        let mut inner = self.lock();
        let ended_us = self.clock.micros();
        let (phase, told) = match &end {
            End::Ok(told) => ("ok", told_json(told)),
            End::Fail { code } => ("fail", json!({ "code": code })),
            End::Info => ("info", Value::Null),
        };
        inner.line(json!({
            "op": op.0, "phase": phase, "mono_us": ended_us, "wall_us": wall_micros(),
            "tries": tries, "told": told,
        }));
        if let Some(operation) = inner.operations.get_mut(op.0) {
            operation.ended_us = (end != End::Info).then_some(ended_us);
            operation.end = end;
            operation.tries = tries;
        }
    }

    /// The feed has told for good whether this selection won.
    pub fn result(&self, selection: SelectionId, won: bool) {
        let mut inner = self.lock();
        inner.line(json!({
            "phase": "result", "mono_us": self.clock.micros(), "wall_us": wall_micros(),
            "selection": selection.to_string(), "won": won,
        }));
        inner.results.insert(selection, won);
    }

    /// A client was answered something that no server may answer.
    pub fn wrong(&self, what: String) {
        let mut inner = self.lock();
        inner.line(json!({"phase": "wrong", "mono_us": self.clock.micros(), "detail": what}));
        inner.wrongs.push(what);
    }

    /// All operations, in the order of their first sending.
    #[must_use]
    pub fn operations(&self) -> Vec<Operation> {
        self.lock().operations.clone()
    }

    /// The operations from this one on.
    #[must_use]
    pub fn since(&self, first: usize) -> Vec<Operation> {
        let inner = self.lock();
        inner.operations.get(first..).unwrap_or_default().to_vec()
    }

    /// How many operations there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock().operations.len()
    }

    /// Whether nothing was asked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Which selections have won and lost.
    #[must_use]
    pub fn results(&self) -> BTreeMap<SelectionId, bool> {
        self.lock().results.clone()
    }

    /// Unlawful answers.
    #[must_use]
    pub fn wrongs(&self) -> Vec<String> {
        self.lock().wrongs.clone()
    }

    /// Writes what waits to the file.
    pub fn flush(&self) {
        if let Some(file) = &mut self.lock().file {
            drop(file.flush());
        }
    }
}

impl Inner {
    fn line(&mut self, line: Value) {
        if let Some(file) = &mut self.file {
            // A full disk must not end the run: the history in memory is what is judged.
            drop(writeln!(file, "{line}"));
        }
    }
}

fn deed_json(deed: &Deed) -> Value {
    match deed {
        Deed::Bet {
            key,
            stake_minor,
            selection,
        } => json!({
            "bet": key, "stake_minor": stake_minor, "selection": selection.to_string(),
        }),
        Deed::Deposit { key, minor } => json!({"deposit": key, "minor": minor}),
        Deed::Look { at_least } => json!({ "look": at_least }),
    }
}

fn told_json(told: &Told) -> Value {
    match told {
        Told::Bet {
            id,
            stake_minor,
            price,
            position,
        } => json!({
            "bet": id, "stake_minor": stake_minor, "price": price, "position": position,
        }),
        Told::Deposit {
            id,
            minor,
            position,
        } => json!({"deposit": id, "minor": minor, "position": position}),
        Told::Balance {
            cash_minor,
            held_minor,
            position,
        } => json!({
            "cash_minor": cash_minor, "held_minor": held_minor, "position": position,
        }),
    }
}
