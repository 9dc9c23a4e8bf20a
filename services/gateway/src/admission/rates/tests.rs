//! Rates on a clock that the test holds, alone and with a store that can be taken away.

use super::*;
use crate::ports::{RateStoreAway, RateTaken};
use futures::FutureExt;
use futures::executor::block_on;
use futures::future::{BoxFuture, ready};
use std::sync::atomic::AtomicBool;

const SOMEBODY: Subject = Subject::Address(None);
const LIMIT: RateLimit = RateLimit {
    per_minute: 100,
    burst: 150,
};

fn rates() -> Rates {
    Rates::new(LIMIT, None)
}

fn passed(rates: &Rates, at_ms: i64, tries: usize) -> usize {
    let now = Timestamp::from_millis(at_ms);
    (0..tries)
        .filter(|_| block_on(rates.count(SOMEBODY, now)).admitted)
        .count()
}

#[test]
fn a_burst_passes_and_then_the_rate() {
    let rates = rates();
    assert_eq!(passed(&rates, 0, 500), 150);
    assert_eq!(passed(&rates, 599, 10), 0);
    assert_eq!(passed(&rates, 600, 10), 1);
    assert_eq!(passed(&rates, 60_600, 500), 100);
    assert_eq!(passed(&rates, 1_000_000, 500), 150);
}

#[test]
fn who_is_refused_is_told_how_long_to_wait() {
    let rates = rates();
    let count = || block_on(rates.count(SOMEBODY, Timestamp::default()));
    assert_eq!(count().remaining, 149);
    passed(&rates, 0, 149);
    assert_eq!((count().admitted, count().next_s), (false, 1));
}

#[test]
fn subjects_do_not_share() {
    let rates = rates();
    passed(&rates, 0, 500);
    let bob = Subject::Customer(CustomerId::example(1, 0));
    assert!(block_on(rates.count(bob, Timestamp::default())).admitted);
}

#[test]
fn failed_sign_ins_have_a_stricter_rate_of_their_own() {
    let rates = rates();
    let failed = Subject::failures(None);
    let now = Timestamp::default();
    for _ in 0..30 {
        assert!(block_on(rates.look(failed, now)).admitted);
        block_on(rates.count(failed, now));
    }
    assert!(!block_on(rates.look(failed, now)).admitted);
    let later = Timestamp::from_millis(3_000);
    assert!(block_on(rates.look(failed, later)).admitted);
    assert!(block_on(rates.count(SOMEBODY, now)).admitted);
}

#[test]
fn a_network_of_addresses_is_one_subject() {
    let of = |text: &str| Subject::address(Some(text.parse().unwrap()));
    assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::9"));
    assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
    assert_eq!(of("::ffff:10.0.0.1"), of("10.0.0.1"));
    assert_ne!(of("10.0.0.1"), of("10.0.0.2"));
}

/// What several gateways share; the clock is the test's.
#[derive(Default)]
struct Shared {
    due: Mutex<BTreeMap<String, i64>>,
    now: AtomicU64,
    away: AtomicBool,
    asked: AtomicU64,
}

impl RateStore for Shared {
    fn take<'a>(
        &'a self,
        key: &'a str,
        take: RateTake,
    ) -> BoxFuture<'a, Result<RateTaken, RateStoreAway>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        if self.away.load(Ordering::Relaxed) {
            return ready(Err(RateStoreAway("gone".to_owned()))).boxed();
        }
        let now = i64::try_from(self.now.load(Ordering::Relaxed)).unwrap();
        let mut all = self.due.lock().unwrap();
        let due = all.entry(key.to_owned()).or_insert(now);
        let ahead_micros = (*due - now).max(0);
        let admitted = ahead_micros <= take.tolerance_micros;
        if admitted && take.take_micros > 0 {
            *due = now + ahead_micros + take.take_micros;
        }
        ready(Ok(RateTaken {
            admitted,
            ahead_micros,
        }))
        .boxed()
    }
}

struct House {
    store: Arc<Shared>,
    gateways: [Rates; 2],
}

impl House {
    fn new() -> Self {
        let store = Arc::new(Shared::default());
        let gateway = || Rates::new(LIMIT, Some(Arc::<Shared>::clone(&store)));
        let gateways = [gateway(), gateway()];
        Self { store, gateways }
    }

    /// So many tries, in turn at both.
    fn passed(&self, at_ms: i64, tries: usize) -> usize {
        let micros = u64::try_from(at_ms * 1_000).unwrap();
        self.store.now.store(micros, Ordering::Relaxed);
        let each = tries / 2;
        passed(&self.gateways[0], at_ms, each) + passed(&self.gateways[1], at_ms, each)
    }
}

#[test]
fn two_gateways_hold_one_rate() {
    let house = House::new();
    assert_eq!(house.passed(0, 400), 150);
    assert_eq!(house.passed(60_000, 400), 100);
    assert_eq!(house.gateways[0].store_figures(), (true, 0));
}

#[test]
fn without_the_store_each_goes_on_from_what_it_knew() {
    let house = House::new();
    assert_eq!(house.passed(0, 400), 150);
    house.store.away.store(true, Ordering::Relaxed);
    // Both know that nothing is left; a minute on each lets the rate pass.
    assert_eq!(house.passed(0, 400), 0);
    assert_eq!(house.passed(60_000, 400), 200);
    assert_eq!(house.gateways[0].store_figures(), (false, 400));
    let trouble = house.gateways[0].trouble().unwrap();
    assert!(trouble.starts_with("gone; every gateway counts alone since 1970-01-01T00:00:00"));
}

#[test]
fn a_store_that_is_away_is_asked_once_a_second() {
    let house = House::new();
    house.store.away.store(true, Ordering::Relaxed);
    house.passed(0, 100);
    assert_eq!(house.store.asked.swap(0, Ordering::Relaxed), 2);
    house.passed(999, 100);
    assert_eq!(house.store.asked.swap(0, Ordering::Relaxed), 0);
    house.passed(1_000, 100);
    assert_eq!(house.store.asked.swap(0, Ordering::Relaxed), 2);
    house.store.away.store(false, Ordering::Relaxed);
    house.passed(2_000, 100);
    assert_eq!(house.store.asked.load(Ordering::Relaxed), 100);
    assert_eq!(house.gateways[0].trouble(), None);
}
