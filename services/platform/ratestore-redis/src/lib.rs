//! Rates that several gateways hold together, in a store that speaks the Redis protocol.
//!
//! Duty: one atomic script, the generic cell rate algorithm on the store's own clock, over one
//! connection that all requests share and that is opened anew after it broke.
//!
//! Prohibition: nothing is tried twice, and nobody waits longer than told at the start: what to do
//! when the store does not answer is the caller's to decide.

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, IntoConnectionInfo, RedisError, Script};
use std::time::Duration;
use tokio::sync::Mutex;

/// One key holds when the next request is due at the sustained rate, in microseconds by the
/// store's clock: clocks of gateways that differ do not matter. ARGV: microseconds between two
/// requests, how far ahead of the present a request may be, and how much this one takes (0: it
/// only asks). Answers whether it passes, and how far ahead the key was before it. The key goes by
/// itself once it says nothing any more.
const SCRIPT: &str = r"
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local tolerance = tonumber(ARGV[1])
local take = tonumber(ARGV[2])
local due = tonumber(redis.call('GET', KEYS[1]) or '0')
local ahead = math.max(due - now, 0)
if ahead > tolerance then return {0, ahead} end
if take > 0 then
  local after = ahead + take
  redis.call('SET', KEYS[1], string.format('%.0f', now + after), 'PX', math.ceil(after / 1000))
end
return {1, ahead}
";

/// Why the store has not counted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the rate store does not answer: {0}")]
pub struct Away(pub String);

/// The address cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an address of a rate store: {0}")]
pub struct AddressInvalid(pub String);

/// What the store said of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Whether it passes.
    pub admitted: bool,
    /// How far ahead of the present its subject was before it, in microseconds.
    pub ahead_micros: i64,
}

/// The store.
pub struct RedisRates {
    client: Client,
    script: Script,
    patience: Duration,
    connection: Mutex<Option<MultiplexedConnection>>,
}

impl RedisRates {
    /// The store at `redis://host:port/database`, with user and password where it wants some. It
    /// is not asked yet. `patience` bounds every wait, that for a connection included.
    ///
    /// # Errors
    /// Not such an address.
    pub fn at(
        url: &str,
        credentials: Option<(&str, &str)>,
        patience: Duration,
    ) -> Result<Self, AddressInvalid> {
        let invalid = |error: RedisError| AddressInvalid(error.to_string());
        let mut info = url.into_connection_info().map_err(invalid)?;
        if let Some((user, password)) = credentials {
            let login = info
                .redis_settings()
                .clone()
                .set_username(user)
                .set_password(password);
            info = info.set_redis_settings(login);
        }
        Ok(Self {
            client: Client::open(info).map_err(invalid)?,
            script: Script::new(SCRIPT),
            patience,
            connection: Mutex::new(None),
        })
    }

    /// Counts a request for a key: it takes `take_micros` (0: it only asks) of `tolerance_micros`.
    ///
    /// # Errors
    /// No answer within the patience, or one that is none. Whether it counted is not known then.
    pub async fn take(
        &self,
        key: &str,
        tolerance_micros: i64,
        take_micros: i64,
    ) -> Result<Taken, Away> {
        let asking = self.ask(key, tolerance_micros, take_micros);
        let answered = tokio::time::timeout(self.patience, asking).await;
        let failed = match answered {
            Ok(Ok((admitted, ahead_micros))) => {
                return Ok(Taken {
                    admitted: admitted == 1,
                    ahead_micros,
                });
            }
            Ok(Err(error)) => Away(error.to_string()),
            Err(_) => Away(format!("no answer within {:?}", self.patience)),
        };
        // A connection that has failed once may owe answers to others: the next one asks anew.
        self.connection.lock().await.take();
        Err(failed)
    }

    async fn ask(
        &self,
        key: &str,
        tolerance_micros: i64,
        take_micros: i64,
    ) -> Result<(i64, i64), RedisError> {
        let mut connection = self.connected().await?;
        self.script
            .key(key)
            .arg(tolerance_micros)
            .arg(take_micros)
            .invoke_async(&mut connection)
            .await
    }

    async fn connected(&self) -> Result<MultiplexedConnection, RedisError> {
        let mut connection = self.connection.lock().await;
        if let Some(open) = connection.as_ref() {
            return Ok(open.clone());
        }
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.patience))
            .set_response_timeout(Some(self.patience));
        let open = self
            .client
            .get_multiplexed_async_connection_with_config(&config)
            .await?;
        *connection = Some(open.clone());
        Ok(open)
    }
}
