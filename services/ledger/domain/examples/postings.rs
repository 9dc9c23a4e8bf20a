//! How long the ledger takes over one transfer, in memory: decide and take notice, batches of
//! 8,189 between 10,000 funded accounts, bounds and recognition of repeats on.
//!
//! `cargo run --release -p ledger-domain --example postings`
#![expect(
    clippy::float_arithmetic,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::disallowed_methods,
    reason = "a measurement: it reads the clock and divides"
)]

use kernel::{Currency, CustomerId, Decider, TransferId};
use ledger_domain::{
    Account, AccountKind, Amount, Command, Event, Ledger, Transfer, TransferCode, TransferKind,
};
use std::io::{self, Write};
use std::time::{Duration, Instant};

const ACCOUNTS: u64 = 10_000;
const BATCH: u64 = 8_189;
const BATCHES: u64 = 500;

struct Run {
    name: &'static str,
    random_ids: bool,
    held_percent: u64,
    hot_account: bool,
    batch: u64,
}

fn main() -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "{:<28} {:>10} {:>10} {:>10}",
        "ns per transfer", "decide", "notice", "both"
    )?;
    let plain = Run {
        name: "ordered ids",
        random_ids: false,
        held_percent: 0,
        hot_account: false,
        batch: BATCH,
    };
    for run in [
        Run { ..plain },
        Run {
            name: "random ids",
            random_ids: true,
            ..plain
        },
        Run {
            name: "one hot account",
            hot_account: true,
            ..plain
        },
        Run {
            name: "30 % held",
            held_percent: 30,
            ..plain
        },
        Run {
            name: "ordered ids, batches of 1",
            batch: 1,
            ..plain
        },
        Run {
            name: "ordered ids, batches of 100",
            batch: 100,
            ..plain
        },
    ] {
        let (decide, notice, transfers) = measure(&run);
        let per = |time: Duration| time.as_nanos() as f64 / transfers as f64;
        let (decide, notice) = (per(decide), per(notice));
        let both = decide + notice;
        writeln!(
            out,
            "{:<28} {decide:>10.0} {notice:>10.0} {both:>10.0}",
            run.name
        )?;
    }
    Ok(())
}

fn measure(run: &Run) -> (Duration, Duration, u64) {
    let mut random = Random(42);
    let mut ledger = Ledger::initial();
    let mut number = 0;
    fund(&mut ledger, &mut number);
    let (mut decide, mut notice) = (Duration::ZERO, Duration::ZERO);
    let total = BATCHES * BATCH;
    let batches = if run.batch == BATCH {
        BATCHES
    } else {
        total / run.batch / 4
    };
    for _ in 0..batches {
        let transfers = (0..run.batch)
            .map(|_| next(run, &mut random, &mut number))
            .collect();
        let command = Command::PostTransfers {
            partition: 0,
            transfers,
        };
        let begun = Instant::now();
        let events = Ledger::decide(&ledger, &command).expect("the batch is small enough");
        let decided = Instant::now();
        for event in &events {
            Ledger::evolve(&mut ledger, event);
        }
        notice += decided.elapsed();
        decide += decided - begun;
        let refused = |event: &Event| matches!(event, Event::TransferRefused(_));
        assert!(!events.iter().any(refused), "everybody can pay");
    }
    (decide, notice, batches * run.batch)
}

fn fund(ledger: &mut Ledger, number: &mut u64) {
    for customer in 0..ACCOUNTS {
        let provider = Account {
            customer: None,
            kind: AccountKind::Provider,
            currency: Currency::Eur,
        };
        let transfer = transfer(
            id(false, number, 0),
            provider,
            cash(customer),
            1_000_000_000_000,
        );
        let command = Command::PostTransfers {
            partition: 0,
            transfers: vec![transfer],
        };
        for event in Ledger::decide(ledger, &command).expect("the batch is small enough") {
            Ledger::evolve(ledger, &event);
        }
    }
}

fn next(run: &Run, random: &mut Random, number: &mut u64) -> Transfer {
    let from = if run.hot_account {
        0
    } else {
        random.below(ACCOUNTS)
    };
    let to = (from + 1 + random.below(ACCOUNTS - 1)) % ACCOUNTS;
    let id = id(run.random_ids, number, random.next());
    let mut transfer = transfer(id, cash(from), cash(to), 1 + random.below(1_000) as i64);
    if random.below(100) < run.held_percent {
        transfer.kind = TransferKind::Hold { expires_at: None };
    }
    transfer
}

fn id(random_ids: bool, number: &mut u64, drawn: u64) -> TransferId {
    *number += 1;
    let first = if random_ids { drawn } else { *number };
    TransferId::example(first, (*number % 65_536) as u16)
}

fn cash(customer: u64) -> Account {
    Account {
        customer: Some(CustomerId::example(customer, 0)),
        kind: AccountKind::Cash,
        currency: Currency::Eur,
    }
}

fn transfer(id: TransferId, debit: Account, credit: Account, minor: i64) -> Transfer {
    Transfer {
        id,
        debit,
        credit,
        amount: Amount::Exactly(minor),
        kind: TransferKind::Post,
        linked: false,
        code: TransferCode::Benchmark,
        credit_fallback: None,
        rules_waived: false,
    }
}

/// Marsaglia's xorshift: the same load in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}
