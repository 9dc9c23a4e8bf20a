//! The contract test that every key store passes.
//!
//! Duty: turn the port's promises into checks. An adapter's test hands in a way to make a fresh,
//! empty store. Prohibition: no check looks into the store.

use crate::port::{Entropy, KeyError, KeyStore, Purpose, ServiceKey};
use kernel::CustomerId;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

const ANNA: CustomerId = CustomerId::example(1, 0);
const BORIS: CustomerId = CustomerId::example(2, 0);

/// A source for tests: other bytes at every call, and not random.
#[must_use]
pub fn counting_entropy() -> Entropy {
    let calls = AtomicU64::new(1);
    Arc::new(move |bytes: &mut [u8]| {
        let call = calls.fetch_add(1, Ordering::Relaxed).to_le_bytes();
        for (byte, count) in bytes.iter_mut().zip(call.iter().cycle()) {
            *byte = count ^ 0x5a;
        }
    })
}

/// Runs all checks, each on a fresh store.
///
/// # Panics
/// With the promise that is not kept.
pub fn check(fresh: &dyn Fn() -> Arc<dyn KeyStore>) {
    what_is_sealed_can_be_opened(&*fresh());
    sealed_bytes_do_not_show_what_they_hold(&*fresh());
    sealed_bytes_belong_to_one_customer_and_purpose(&*fresh());
    a_changed_byte_is_noticed(&*fresh());
    without_a_key_nothing_opens(&*fresh());
    a_destroyed_key_is_gone_for_ever_and_nothing_else_is(&*fresh());
    a_key_can_be_destroyed_before_it_is_made(&*fresh());
    keys_of_the_house_stay_and_differ(&*fresh());
    keys_of_periods_stay_until_they_are_retired(&*fresh());
}

fn seal(store: &dyn KeyStore, customer: CustomerId, purpose: Purpose) -> Vec<u8> {
    store
        .seal(customer, purpose, b"Anna Arden, 1990-01-01", [3; 24])
        .expect("the store seals")
}

fn what_is_sealed_can_be_opened(store: &dyn KeyStore) {
    for plaintext in [&b""[..], b"x", &[7; 100_000]] {
        let sealed = store
            .seal(ANNA, Purpose::Profile, plaintext, [9; 24])
            .expect("the store seals");
        let opened = store.open(ANNA, Purpose::Profile, &sealed);
        assert_eq!(opened.expect("the store opens"), plaintext);
    }
}

fn sealed_bytes_do_not_show_what_they_hold(store: &dyn KeyStore) {
    let sealed = seal(store, ANNA, Purpose::Profile);
    assert!(!sealed.windows(4).any(|window| window == b"Anna"));
    assert_ne!(sealed, seal(store, BORIS, Purpose::Profile));
}

fn sealed_bytes_belong_to_one_customer_and_purpose(store: &dyn KeyStore) {
    let sealed = seal(store, ANNA, Purpose::Profile);
    seal(store, BORIS, Purpose::Profile);
    seal(store, ANNA, Purpose::Payout);
    for (customer, purpose) in [(BORIS, Purpose::Profile), (ANNA, Purpose::Payout)] {
        let opened = store.open(customer, purpose, &sealed);
        assert!(matches!(opened, Err(KeyError::Unreadable)));
    }
}

fn a_changed_byte_is_noticed(store: &dyn KeyStore) {
    let sealed = seal(store, ANNA, Purpose::Profile);
    for index in 0..sealed.len() {
        let mut changed = sealed.clone();
        if let Some(byte) = changed.get_mut(index) {
            *byte ^= 1;
        }
        let opened = store.open(ANNA, Purpose::Profile, &changed);
        assert!(matches!(opened, Err(KeyError::Unreadable)), "byte {index}");
        let cut = store.open(ANNA, Purpose::Profile, sealed.get(..index).unwrap_or(&[]));
        assert!(matches!(cut, Err(KeyError::Unreadable)), "cut at {index}");
    }
}

fn without_a_key_nothing_opens(store: &dyn KeyStore) {
    let opened = store.open(ANNA, Purpose::Profile, &[1; 64]);
    assert!(matches!(opened, Err(KeyError::Unknown)));
}

fn a_destroyed_key_is_gone_for_ever_and_nothing_else_is(store: &dyn KeyStore) {
    let gone = seal(store, ANNA, Purpose::Profile);
    let other_purpose = seal(store, ANNA, Purpose::Documents);
    let other_customer = seal(store, BORIS, Purpose::Profile);
    for _ in 0..2 {
        store
            .destroy(ANNA, Purpose::Profile)
            .expect("the store destroys");
        let opened = store.open(ANNA, Purpose::Profile, &gone);
        assert!(matches!(opened, Err(KeyError::Destroyed)));
        let sealed = store.seal(ANNA, Purpose::Profile, b"again", [4; 24]);
        assert!(matches!(sealed, Err(KeyError::Destroyed)));
    }
    store
        .open(ANNA, Purpose::Documents, &other_purpose)
        .expect("the other purpose stays readable");
    store
        .open(BORIS, Purpose::Profile, &other_customer)
        .expect("the other customer stays readable");
}

fn a_key_can_be_destroyed_before_it_is_made(store: &dyn KeyStore) {
    store
        .destroy(ANNA, Purpose::Payout)
        .expect("the store destroys");
    let sealed = store.seal(ANNA, Purpose::Payout, b"late", [4; 24]);
    assert!(matches!(sealed, Err(KeyError::Destroyed)));
}

fn keys_of_the_house_stay_and_differ(store: &dyn KeyStore) {
    let ask = |key| store.service_key(key).expect("the store has house keys");
    let first: Vec<_> = ServiceKey::ALL.into_iter().map(ask).collect();
    let second: Vec<_> = ServiceKey::ALL.into_iter().map(ask).collect();
    assert_eq!(first, second);
    for (index, key) in first.iter().enumerate() {
        let later = first.iter().skip(index.saturating_add(1));
        assert!(later.into_iter().all(|other| other != key));
    }
}

fn keys_of_periods_stay_until_they_are_retired(store: &dyn KeyStore) {
    let of = |period| {
        let key = store.period_key(ServiceKey::TokenSigning, period);
        key.expect("the store has keys of periods")
    };
    let [first, second, third] = [of(9), of(10), of(11)];
    assert!(first != second && second != third && first != third);
    let lasting = store.service_key(ServiceKey::TokenSigning).expect("made");
    assert!(lasting != first && lasting != second);
    store
        .retire_before(ServiceKey::TokenSigning, 10)
        .expect("the store forgets");
    assert_eq!((of(10), of(11)), (second, third));
    assert_ne!(of(9), first, "it was forgotten");
    assert_eq!(
        store.service_key(ServiceKey::TokenSigning).expect("kept"),
        lasting
    );
}
