//! The store in memory, for tests and for runs that leave nothing behind.
//!
//! Duty: the whole contract. Prohibition: nothing survives it.

use crate::port::{Entropy, KeyError, KeyStore, NONCE_BYTES, Purpose, Secret, ServiceKey};
use crate::seal;
use kernel::CustomerId;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// `None` marks a destroyed key.
type CustomerKeys = BTreeMap<(CustomerId, Purpose), Option<Secret>>;

/// A key store in memory.
pub struct MemoryKeyStore {
    entropy: Entropy,
    customers: Mutex<CustomerKeys>,
    house: Mutex<BTreeMap<(ServiceKey, Option<u64>), Secret>>,
}

impl MemoryKeyStore {
    /// An empty store that draws its keys there.
    #[must_use]
    pub const fn new(entropy: Entropy) -> Self {
        Self {
            entropy,
            customers: Mutex::new(BTreeMap::new()),
            house: Mutex::new(BTreeMap::new()),
        }
    }

    fn key_of_the_house(&self, key: ServiceKey, period: Option<u64>) -> Secret {
        let mut house = self.house.lock().unwrap_or_else(PoisonError::into_inner);
        let secret = house
            .entry((key, period))
            .or_insert_with(|| Secret::drawn_from(&self.entropy));
        secret.clone()
    }

    /// No call panics while it holds the lock, so a poisoned one is as good as another.
    fn customers(&self) -> MutexGuard<'_, CustomerKeys> {
        self.customers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl KeyStore for MemoryKeyStore {
    fn seal(
        &self,
        customer: CustomerId,
        purpose: Purpose,
        plaintext: &[u8],
        nonce: [u8; NONCE_BYTES],
    ) -> Result<Vec<u8>, KeyError> {
        let key = self
            .customers()
            .entry((customer, purpose))
            .or_insert_with(|| Some(Secret::drawn_from(&self.entropy)))
            .clone()
            .ok_or(KeyError::Destroyed)?;
        seal::seal(&key, customer, purpose, plaintext, nonce)
    }

    fn open(
        &self,
        customer: CustomerId,
        purpose: Purpose,
        sealed: &[u8],
    ) -> Result<Vec<u8>, KeyError> {
        let key = self
            .customers()
            .get(&(customer, purpose))
            .ok_or(KeyError::Unknown)?
            .clone()
            .ok_or(KeyError::Destroyed)?;
        seal::open(&key, customer, purpose, sealed)
    }

    fn destroy(&self, customer: CustomerId, purpose: Purpose) -> Result<(), KeyError> {
        self.customers().insert((customer, purpose), None);
        Ok(())
    }

    fn service_key(&self, key: ServiceKey) -> Result<Secret, KeyError> {
        Ok(self.key_of_the_house(key, None))
    }

    fn period_key(&self, key: ServiceKey, period: u64) -> Result<Secret, KeyError> {
        Ok(self.key_of_the_house(key, Some(period)))
    }

    fn retire_before(&self, key: ServiceKey, period: u64) -> Result<(), KeyError> {
        let mut house = self.house.lock().unwrap_or_else(PoisonError::into_inner);
        house.retain(|(kept, of), _| *kept != key || of.is_none_or(|of| of >= period));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_contract() {
        crate::contract::check(&|| {
            std::sync::Arc::new(MemoryKeyStore::new(crate::contract::counting_entropy()))
        });
    }

    #[test]
    fn secrets_do_not_print() {
        let secret = Secret::from_bytes([42; 32]);
        assert_eq!(format!("{secret:?}"), "Secret(…)");
    }
}
