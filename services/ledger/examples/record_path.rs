//! What the ledger's core spends on one transfer from command bytes to hashed record: decode,
//! decide, encode, hash, take notice. No log and no network; the log's own cost comes on top.
//!
//! `cargo run --release -p ledger --example record_path`
#![expect(
    clippy::float_arithmetic,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::disallowed_methods,
    reason = "a measurement: it reads the clock and divides"
)]

use kernel::{CorrelationId, Currency, CustomerId, Decider, Timestamp, Topic, TransferId};
use ledger::LedgerService;
use ledger_domain::Ledger;
use runtime::Service;
use schemas::ledger as wire;
use schemas::{Body, ClaimId, Header, Kind, Wire};
use sha2::{Digest, Sha256};
use std::io::{self, Write};
use std::time::{Duration, Instant};

const ACCOUNTS: u64 = 10_000;
const BATCH: u64 = 8_189;
const BATCHES: u64 = 120;

/// The parts of the way, in order.
const PARTS: [&str; 5] = ["decode", "decide", "encode", "hash", "notice"];

fn main() -> io::Result<()> {
    let mut ledger = Ledger::initial();
    let mut times = [Duration::ZERO; PARTS.len()];
    for first in (0..ACCOUNTS).step_by(5_000) {
        let fund = (first..first + 5_000).map(|n| transfer(n, provider(), cash(n), 1_000_000_000));
        carry_out(
            &mut ledger,
            &bytes_of(fund),
            &mut [Duration::ZERO; PARTS.len()],
        );
    }
    let mut random = 42_u64;
    let mut bytes = 0;
    for batch in 1..=BATCHES {
        let transfers = (0..BATCH).map(|n| {
            let (from, step) = (
                next(&mut random) % ACCOUNTS,
                next(&mut random) % (ACCOUNTS - 1),
            );
            let to = (from + 1 + step) % ACCOUNTS;
            transfer(
                (batch << 32) | n,
                cash(from),
                cash(to),
                1 + (random % 1_000) as i64,
            )
        });
        bytes += carry_out(&mut ledger, &bytes_of(transfers), &mut times);
    }
    let count = BATCH * BATCHES;
    let per = |time: Duration| time.as_nanos() as f64 / count as f64;
    let mut out = io::stdout().lock();
    for (part, time) in PARTS.iter().zip(times) {
        writeln!(out, "{part:<10} {:>8.0} ns a transfer", per(time))?;
    }
    let total = per(times.iter().sum());
    writeln!(
        out,
        "{:<10} {total:>8.0} ns a transfer = {:.0} a second",
        "all",
        1e9 / total
    )?;
    writeln!(
        out,
        "{:<10} {:>8} bytes a transfer",
        "record",
        bytes as u64 / count
    )
}

fn carry_out(ledger: &mut Ledger, command: &[u8], times: &mut [Duration; 5]) -> usize {
    let begun = Instant::now();
    let command = wire::Command::from_bytes(command).expect("it was just written");
    let command = LedgerService::request(0, command, &(), Timestamp::MIN);
    let decoded = Instant::now();
    let events = Ledger::decide(ledger, &command).expect("the batch fits");
    let decided = Instant::now();
    let body = Body::<_, wire::Rejection> {
        rejection: None,
        events: events.iter().map(LedgerService::event_to_wire).collect(),
    };
    let schema = schemas::schema_of(Topic::LedgerEvents);
    let record = schemas::encode_record(schema, &header(), &body);
    let encoded = Instant::now();
    std::hint::black_box(Sha256::digest(&record));
    let hashed = Instant::now();
    for event in &events {
        Ledger::evolve(ledger, event);
    }
    let noticed = Instant::now();
    let marks = [begun, decoded, decided, encoded, hashed, noticed];
    for (time, mark) in times.iter_mut().zip(marks.windows(2)) {
        *time += mark[1] - mark[0];
    }
    record.len()
}

fn bytes_of(transfers: impl Iterator<Item = wire::Transfer>) -> Vec<u8> {
    let transfers = transfers.collect();
    wire::Command::PostTransfers(wire::PostTransfers { transfers }).to_bytes()
}

fn transfer(
    number: u64,
    debit: wire::Account,
    credit: wire::Account,
    minor: i64,
) -> wire::Transfer {
    wire::Transfer {
        id: TransferId::example(number, 0),
        debit,
        credit,
        amount: wire::Amount::Exactly(wire::Exactly { minor }),
        kind: wire::TransferKind::Post(wire::Post {}),
        linked: false,
        code: wire::TransferCode::Benchmark,
        credit_fallback: None,
        rules_waived: false,
    }
}

fn cash(number: u64) -> wire::Account {
    wire::Account {
        customer: Some(CustomerId::example(number, 0)),
        kind: wire::AccountKind::Cash,
        currency: Currency::Eur,
    }
}

fn provider() -> wire::Account {
    wire::Account {
        customer: None,
        kind: wire::AccountKind::Provider,
        currency: Currency::Eur,
    }
}

fn header() -> Header {
    Header {
        kind: Kind::Decision,
        epoch: 1,
        claim_id: ClaimId::default(),
        seq: 1,
        confirmed: 0,
        prev: None,
        cause: None,
        consumed: vec![],
        request_id: None,
        request_digest: None,
        correlation_id: CorrelationId::default(),
        decided_at: Timestamp::from_micros(1),
    }
}

/// Marsaglia's xorshift: the same load in every run.
fn next(random: &mut u64) -> u64 {
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    *random
}
