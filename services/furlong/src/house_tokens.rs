//! Access tokens under keys that change, and what comes after a refresh token.
//!
//! Duty: sign with the key of the present period; take tokens of the period before for as long as
//! they can live, and of the next one, because clocks differ; publish all of these. All gateways
//! on one key store have the same keys without a word between them.
//!
//! Prohibition: nothing is decided here, and no key leaves but in use. A key store that is away
//! stops no sign-in: the keys that were read last stay in use.

use auth::{ACCESS_LIFETIME, AccessTokens, Grant, LEEWAY, RefreshToken, TOKEN_ID_BYTES};
use gateway::ports;
use kernel::{CustomerId, Duration, SessionId, Timestamp};
use keystore::{KeyError, KeyStore, Secret, ServiceKey};
use runtime::Entropy;
use schemas::auth::Role;
use std::sync::{Arc, Mutex, PoisonError};

/// Who signs tokens, and for whom.
pub const ISSUER: &str = "furlong";
/// What tokens are good for.
pub const AUDIENCE: &str = "furlong-api";
/// How long one key signs.
pub const KEY_PERIOD: Duration = Duration::from_secs(24 * 60 * 60);

/// Access tokens under the house's signing keys.
pub struct HouseTokens {
    keys: Arc<dyn KeyStore>,
    entropy: Arc<dyn Entropy>,
    refresh: Secret,
    ring: Mutex<Arc<Ring>>,
}

/// The keys of a period.
struct Ring {
    period: u64,
    tokens: AccessTokens,
}

impl Ring {
    fn of(keys: &dyn KeyStore, period: u64) -> Result<Self, KeyError> {
        let seed = |period| keys.period_key(ServiceKey::TokenSigning, period);
        let tokens_of = |seed: &Secret| AccessTokens::new(ISSUER, AUDIENCE, seed.expose());
        let before = tokens_of(&seed(period.saturating_sub(1))?).public_key();
        let next = tokens_of(&seed(period.saturating_add(1))?).public_key();
        let tokens = tokens_of(&seed(period)?)
            .also_taking(next, None)
            .also_taking(
                before,
                Some(begin_of(period).plus(ACCESS_LIFETIME).plus(LEEWAY)),
            );
        Ok(Self { period, tokens })
    }
}

fn period_of(now: Timestamp) -> u64 {
    let periods = now.micros().div_euclid(KEY_PERIOD.micros());
    u64::try_from(periods).unwrap_or(0)
}

fn begin_of(period: u64) -> Timestamp {
    let period = i64::try_from(period).unwrap_or(i64::MAX);
    Timestamp::from_micros(period.saturating_mul(KEY_PERIOD.micros()))
}

impl HouseTokens {
    /// Signs with the keys of this store.
    ///
    /// # Errors
    /// The key store cannot be used.
    pub fn new(
        keys: Arc<dyn KeyStore>,
        entropy: Arc<dyn Entropy>,
        now: Timestamp,
    ) -> Result<Self, KeyError> {
        let refresh = keys.service_key(ServiceKey::RefreshSuccessor)?;
        let ring = Ring::of(&*keys, period_of(now))?;
        Ok(Self {
            keys,
            entropy,
            refresh,
            ring: Mutex::new(Arc::new(ring)),
        })
    }

    /// The keys of that time.
    fn ring(&self, now: Timestamp) -> Arc<Ring> {
        let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        let period = period_of(now);
        if period > ring.period {
            match Ring::of(&*self.keys, period) {
                Ok(newer) => {
                    *ring = Arc::new(newer);
                    self.retire(period.saturating_sub(1));
                }
                Err(error) => tracing::warn!(%error, "the keys of tokens stay those of yesterday"),
            }
        }
        Arc::clone(&ring)
    }

    fn retire(&self, period: u64) {
        let retired = self.keys.retire_before(ServiceKey::TokenSigning, period);
        if let Err(error) = retired {
            tracing::warn!(%error, "old keys of tokens still stand in the key store");
        }
    }
}

impl ports::Tokens for HouseTokens {
    fn issue(
        &self,
        customer: CustomerId,
        session: SessionId,
        roles: &[Role],
        proved_at: Option<Timestamp>,
        now: Timestamp,
    ) -> ports::AccessToken {
        let mut id = [0; TOKEN_ID_BYTES];
        self.entropy.fill(&mut id);
        let grant = Grant {
            customer,
            session,
            roles,
            proved_at,
        };
        ports::AccessToken {
            text: self.ring(now).tokens.issue(&grant, id, now),
            expires_in_s: ACCESS_LIFETIME.millis().unsigned_abs().div_euclid(1_000),
        }
    }

    fn verify(&self, token: &str, now: Timestamp) -> Result<ports::Subject, ports::TokenError> {
        match self.ring(now).tokens.verify(token, now) {
            Ok(subject) => Ok(ports::Subject {
                customer: subject.customer,
                session: subject.session,
                roles: subject.roles,
                expires_at: subject.expires_at,
                proved_at: subject.proved_at,
            }),
            Err(auth::TokenError::Expired) => Err(ports::TokenError::Expired),
            Err(_other) => Err(ports::TokenError::Invalid),
        }
    }

    fn published(&self, now: Timestamp) -> Vec<ports::PublishedKey> {
        let keys = self.ring(now).tokens.published(now).into_iter();
        keys.map(|key| ports::PublishedKey {
            id: key.id,
            public: key.public,
        })
        .collect()
    }

    fn successor(&self, customer: CustomerId, session: SessionId, secret: [u8; 32]) -> [u8; 32] {
        let presented = RefreshToken::new(customer, session, secret);
        *presented.successor(self.refresh.expose()).expose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gateway::ports::Tokens as _;
    use keystore::MemoryKeyStore;
    use runtime::SystemEntropy;

    const NOON: Timestamp = Timestamp::from_millis(1_800_000_000_000);

    fn store() -> Arc<dyn KeyStore> {
        let fill: keystore::Entropy = Arc::new(|bytes: &mut [u8]| SystemEntropy.fill(bytes));
        Arc::new(MemoryKeyStore::new(fill))
    }

    fn tokens(keys: &Arc<dyn KeyStore>, now: Timestamp) -> HouseTokens {
        HouseTokens::new(Arc::clone(keys), Arc::new(SystemEntropy), now).expect("keys are made")
    }

    fn token(tokens: &HouseTokens, now: Timestamp) -> String {
        let customer = CustomerId::example(1, 3);
        let session = SessionId::example(2, 3);
        tokens
            .issue(customer, session, &[Role::Customer], None, now)
            .text
    }

    fn midnight() -> Timestamp {
        begin_of(period_of(NOON).saturating_add(1))
    }

    #[test]
    fn a_token_of_the_last_minute_outlives_the_change_of_keys() {
        let house = tokens(&store(), NOON);
        let before = midnight().minus(Duration::from_secs(60));
        let late = token(&house, before);
        let published = house.published(before);
        let after = midnight().plus(Duration::from_secs(300));
        assert!(house.verify(&late, after).is_ok());
        assert_ne!(published, house.published(after));
    }

    #[test]
    fn the_key_of_yesterday_is_taken_no_longer_than_a_token_lives() {
        let house = tokens(&store(), NOON);
        let over = midnight().plus(ACCESS_LIFETIME).plus(LEEWAY);
        let last = over.minus(Duration::from_micros(1));
        assert_eq!(house.published(last).len(), 3);
        assert_eq!(house.published(over).len(), 2);
    }

    #[test]
    fn the_next_key_is_published_a_period_before_it_signs() {
        let house = tokens(&store(), NOON);
        let early = house.published(NOON);
        let next_day = midnight().plus(Duration::from_secs(3_600));
        let signing = house.published(next_day).swap_remove(0);
        assert!(early.contains(&signing));
    }

    #[test]
    fn two_gateways_on_one_store_have_the_same_keys() {
        let keys = store();
        let (one, two) = (tokens(&keys, NOON), tokens(&keys, NOON));
        assert!(two.verify(&token(&one, NOON), NOON).is_ok());
        // One has changed its keys, the other's clock is a second behind.
        let second = Duration::from_secs(1);
        let early = token(&one, midnight());
        assert!(two.verify(&early, midnight().minus(second)).is_ok());
    }

    #[test]
    fn a_key_of_the_day_before_yesterday_is_forgotten() {
        let keys = store();
        let house = tokens(&keys, NOON);
        let old = token(&house, NOON);
        let period = period_of(NOON);
        let forgotten = keys.period_key(ServiceKey::TokenSigning, period);
        let days = Duration::from_secs(2 * 24 * 3_600);
        assert!(house.verify(&old, NOON.plus(days)).is_err());
        let anew = keys.period_key(ServiceKey::TokenSigning, period);
        assert_ne!(anew.expect("made"), forgotten.expect("made"));
    }

    #[test]
    fn a_refresh_token_always_has_the_same_successor() {
        let keys = store();
        let successor = |house: &HouseTokens| {
            house.successor(CustomerId::example(1, 3), SessionId::example(2, 3), [7; 32])
        };
        let one = successor(&tokens(&keys, NOON));
        assert_eq!(one, successor(&tokens(&keys, NOON)));
        assert_ne!(one, [7; 32]);
    }
}
