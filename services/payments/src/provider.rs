//! The provider port: who moves money in the world outside.
//!
//! Duty: say what a provider is asked and what it may answer, silence included, and what each
//! provider takes. Prohibition: nothing is decided here, and no provider is called inside a
//! decision; the worker calls, after the record stands.

use kernel::{Currency, Money, Timestamp};
use payments_domain::{Outcome, PaymentRef, Terms};
use std::pin::Pin;

/// The simulated provider's name.
pub const SIMULATOR: &str = "simulator";

/// The least and the greatest payment through the simulator, in whole units of the currency.
const SIMULATOR_UNITS_MIN: i64 = 1;
const SIMULATOR_UNITS_MAX: i64 = 100_000;

/// All providers.
#[must_use]
pub const fn provider_names() -> &'static [&'static str] {
    &[SIMULATOR]
}

/// What a provider takes in a currency; none: there is no such provider.
#[must_use]
pub fn terms(provider: &str, currency: Currency) -> Option<Terms> {
    let minor_of = |units: i64| {
        let per_unit = 10_i64.saturating_pow(currency.exponent());
        Money::from_minor(units.saturating_mul(per_unit), currency)
    };
    (provider == SIMULATOR).then(|| Terms {
        minimum: minor_of(SIMULATOR_UNITS_MIN),
        maximum: minor_of(SIMULATOR_UNITS_MAX),
    })
}

/// What a provider is asked to do. The reference is also its idempotency key: asked twice, it
/// moves the money once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Through whom.
    pub provider: String,
    /// Which payment; its reference goes with the call.
    pub payment: PaymentRef,
    /// How much.
    pub amount: Money,
}

/// What came back of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is done, one way or the other.
    Outcome {
        /// The provider's id of what it tells.
        event: String,
        /// What became of it.
        outcome: Outcome,
    },
    /// The provider has taken it on and will tell.
    Accepted,
    /// Nothing came back in time: it may have happened or not.
    NoAnswer,
}

/// What came back of a question after a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StatusAnswer {
    /// It is done, one way or the other.
    Outcome {
        /// The provider's id of what it tells.
        event: String,
        /// What became of it.
        outcome: Outcome,
    },
    /// The provider is at it.
    Pending,
    /// The provider has never heard of it.
    NeverSeen,
    /// Nothing came back in time.
    NoAnswer,
}

/// An answer on its way.
pub type ProviderFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A payment provider. Time-outs are the adapter's: it gives `NoAnswer`.
pub trait Provider: Send + Sync + 'static {
    /// Asks for the payment. Repeats with the same reference move no money again.
    fn call<'a>(&'a self, call: &'a Call, now: Timestamp) -> ProviderFuture<'a, Answer>;

    /// Asks what became of a payment.
    fn status<'a>(
        &'a self,
        payment: &'a PaymentRef,
        now: Timestamp,
    ) -> ProviderFuture<'a, StatusAnswer>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_in_whole_units_of_each_currency() {
        let least = |currency| terms(SIMULATOR, currency).map(|terms| terms.minimum.minor());
        assert_eq!(least(Currency::Eur), Some(100));
        assert_eq!(least(Currency::Jpy), Some(1));
        assert_eq!(least(Currency::Kwd), Some(1_000));
        assert_eq!(terms("nobody", Currency::Eur), None);
    }
}
