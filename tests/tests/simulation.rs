//! The whole system under a log that misbehaves, from seeds.
//!
//! `FURLONG_SEED=n` runs that one seed, `FURLONG_SEEDS=n` so many from 0. The seed of a failure
//! is printed; it fails the same way every time.

#![expect(clippy::arithmetic_side_effects, reason = "it counts small numbers")]

use eventlog::{Dice, Faults};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use system_tests::world::World;

const STEPS: u32 = 3_000;

/// Faults as frequent as the seed says, from none to plenty.
fn faults(seed: u64) -> Faults {
    let mut dice = Dice::new(seed ^ 0xfa17);
    let mut some = |most: u64| u16::try_from(dice.below(most)).unwrap_or(0);
    Faults {
        skipped: some(15),
        lost: some(15),
        unacknowledged: some(15),
        delayed: some(25),
        doubled: some(40),
    }
}

fn run(seed: u64) -> BTreeMap<&'static str, u64> {
    let mut world = World::new(seed, faults(seed));
    for step in 0..STEPS {
        world.step();
        if step % 100 == 99 {
            let violations = world.violations(false);
            assert!(
                violations.is_empty(),
                "seed {seed}, step {step}: {violations:#?}"
            );
        }
    }
    world.heal();
    let mut violations = world.violations(true);
    violations.extend(world.check_replay());
    assert!(
        violations.is_empty(),
        "seed {seed}, at rest: {violations:#?}"
    );
    world.client.counts().clone()
}

#[expect(
    clippy::disallowed_methods,
    reason = "which seeds to run is asked of the person who runs them"
)]
fn asked(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

/// All of those seeds, on all cores; how often each kind of decision was seen.
fn run_all(first: u64, count: u64) -> BTreeMap<&'static str, u64> {
    let next = AtomicU64::new(first);
    let work = || {
        let mut totals: BTreeMap<&'static str, u64> = BTreeMap::new();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= first + count {
                return totals;
            }
            for (name, count) in run(seed) {
                *totals.entry(name).or_default() += count;
            }
        }
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
        let mut totals: BTreeMap<&'static str, u64> = BTreeMap::new();
        for worker in workers {
            // The seed of a failure was printed by the thread that met it.
            for (name, count) in worker.join().expect("every seed of this worker holds") {
                *totals.entry(name).or_default() += count;
            }
        }
        totals
    })
}

#[test]
fn every_invariant_holds_for_every_seed() {
    let (first, count) = match (asked("FURLONG_SEED"), asked("FURLONG_SEEDS")) {
        (Some(seed), _) => (seed, 1),
        (None, Some(count)) => (0, count),
        (None, None) => (0, 2_000),
    };
    let totals = run_all(first, count);
    eprintln!("seeds {first}..{}: {totals:?}", first + count);
    // A world in which nothing happens proves nothing.
    if count >= 100 {
        for name in [
            "placed",
            "accepted",
            "turned down",
            "delayed",
            "settled",
            "reversed",
            "deposited",
            "paid out",
            "rejected",
            "restricted",
            "stakes limited",
            "weeks limited",
            "factor set",
            "deposits limited",
            "cash-out quoted",
            "cash-out delayed",
            "cashed out",
            "paid by the house",
            "given back to the house",
            "divided",
            "undivided",
            "lapsed",
        ] {
            assert!(
                totals.get(name).is_some_and(|count| *count > 20),
                "hardly any {name}: {totals:?}"
            );
        }
        // At the end of its wait a sale is refused only now and then.
        let refused = totals.get("cash-out refused");
        assert!(refused.is_some_and(|count| *count > 5), "{totals:?}");
        let of = |name: &str| totals.get(name).copied().unwrap_or(0);
        assert!(of("settled") > count * 5 / 2, "{totals:?}");
        assert!(of("reversed") > count / 2, "{totals:?}");
    }
}
