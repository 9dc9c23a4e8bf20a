//! Second factors, from the key store and auth's arithmetic.
//!
//! Duty: make an authenticator's secret and seal it, open it again to compare a code, make recovery
//! codes. Prohibition: no secret leaves but to the customer it was made for, once; whether a code
//! was used before is auth's to decide.

use crate::house::on_keys;
use auth::{RECOVERY_CODE_BYTES, RECOVERY_CODES, TOTP_SECRET_BYTES};
use futures::FutureExt;
use futures::future::BoxFuture;
use gateway::ports;
use kernel::{CustomerId, Digest, Timestamp};
use keystore::{KeyError, KeyStore, NONCE_BYTES, Purpose};
use runtime::Entropy;
use schemas::Blob;
use std::sync::Arc;

/// Second factors under each customer's key.
pub struct HouseFactors {
    /// Where the keys are.
    pub keys: Arc<dyn KeyStore>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
}

impl ports::SecondFactors for HouseFactors {
    fn offer(
        &self,
        customer: CustomerId,
    ) -> BoxFuture<'static, Result<ports::OfferedSecret, ports::KeysUnavailable>> {
        let mut nonce = [0; NONCE_BYTES];
        let mut secret = [0; TOTP_SECRET_BYTES];
        self.entropy.fill(&mut nonce);
        self.entropy.fill(&mut secret);
        let keys = Arc::clone(&self.keys);
        on_keys(move || keys.seal(customer, Purpose::SecondFactor, &secret, nonce))
            .map(move |sealed| {
                Ok(ports::OfferedSecret {
                    text: auth::base32(&secret),
                    sealed: Blob(sealed?),
                })
            })
            .boxed()
    }

    fn step_of(
        &self,
        customer: CustomerId,
        sealed: Blob,
        code: String,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<Option<u64>, ports::KeysUnavailable>> {
        let keys = Arc::clone(&self.keys);
        on_keys(
            move || match keys.open(customer, Purpose::SecondFactor, &sealed.0) {
                Ok(secret) => Ok(auth::totp_step(&secret, &code, now)),
                Err(KeyError::Destroyed) => Ok(None),
                Err(error) => Err(error),
            },
        )
    }

    fn recovery_codes(&self) -> Vec<String> {
        let code = |_| {
            let mut bytes = [0; RECOVERY_CODE_BYTES];
            self.entropy.fill(&mut bytes);
            auth::recovery_code(bytes)
        };
        (0..RECOVERY_CODES).map(code).collect()
    }

    fn recovery_hash(&self, customer: CustomerId, code: &str) -> Digest {
        auth::recovery_hash(customer, code)
    }
}
