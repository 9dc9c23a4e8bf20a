//! What a gateway is told about whom it lets in, and the store in which several count together.
//!
//! Duty: from settings to the gateway's own words, and the store of rates as its port. Prohibition:
//! nothing is counted here.

use crate::exit::Failure;
use anyhow::{Context, anyhow};
use futures::FutureExt;
use futures::future::BoxFuture;
use gateway::AdmissionSettings;
use gateway::ports::{RateStore, RateStoreAway, RateTake, RateTaken};
use ratestore_redis::RedisRates;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// A store that takes longer is away: no request waits longer for being counted.
const PATIENCE: Duration = Duration::from_millis(50);

/// Where gateways count together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateStoreAddress {
    /// `redis://host:port/database`.
    pub url: String,
    /// A file with user:password.
    pub credentials: Option<PathBuf>,
}

/// Whom a gateway lets in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AdmissionOptions {
    /// The gateway's settings.
    pub settings: AdmissionSettings,
    /// Whether staff need a second factor or a passkey; a session without is good to enrol one.
    pub staff_second_factor: bool,
    /// Where gateways count together; none: each counts alone.
    pub rate_store: Option<RateStoreAddress>,
}

impl AdmissionOptions {
    /// The store, if there is to be one. It is not asked yet: a gateway starts without it.
    ///
    /// # Errors
    /// Not an address, or the file with its credentials cannot be read.
    pub(crate) fn store(&self) -> Result<Option<Arc<dyn RateStore>>, Failure> {
        let Some(address) = &self.rate_store else {
            return Ok(None);
        };
        let file = address
            .credentials
            .as_ref()
            .map(|path| std::fs::read_to_string(path).with_context(|| path.display().to_string()));
        let text = file.transpose()?;
        let credentials = text.as_deref().map(|text| {
            let pair = text.trim().split_once(':');
            pair.context("rate_store_credentials: expected user:password")
        });
        let rates = RedisRates::at(&address.url, credentials.transpose()?, PATIENCE)
            .map_err(|error| anyhow!("rate_store: {error}"))?;
        Ok(Some(Arc::new(SharedRates(rates))))
    }
}

struct SharedRates(RedisRates);

impl RateStore for SharedRates {
    fn take<'a>(
        &'a self,
        key: &'a str,
        take: RateTake,
    ) -> BoxFuture<'a, Result<RateTaken, RateStoreAway>> {
        async move {
            let taken = self.0.take(key, take.tolerance_micros, take.take_micros);
            match taken.await {
                Ok(taken) => Ok(RateTaken {
                    admitted: taken.admitted,
                    ahead_micros: taken.ahead_micros,
                }),
                Err(away) => Err(RateStoreAway(away.to_string())),
            }
        }
        .boxed()
    }
}
