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
/// The name of a provider of cards, spoken to as Stripe documents it.
pub const STRIPE: &str = "stripe";
/// The name of a bank, spoken to as Open Banking UK documents it.
pub const OPEN_BANKING: &str = "open_banking";

/// The least and the greatest payment, in whole units of the currency.
const UNITS_MIN: i64 = 1;
const UNITS_MAX: i64 = 100_000;

/// All providers.
#[must_use]
pub const fn provider_names() -> &'static [&'static str] {
    &[SIMULATOR, STRIPE, OPEN_BANKING]
}

/// What a provider takes in a currency; none: there is no such provider, or it does not take that
/// currency.
#[must_use]
pub fn terms(provider: &str, currency: Currency) -> Option<Terms> {
    let takes = match provider {
        SIMULATOR => true,
        // Amounts in currencies of three decimals must end in a nought there; ours need not.
        STRIPE => currency.exponent() <= 2,
        // Domestic payments of the United Kingdom.
        OPEN_BANKING => currency == Currency::Gbp,
        _unknown => false,
    };
    let minor_of = |units: i64| {
        let per_unit = 10_i64.saturating_pow(currency.exponent());
        Money::from_minor(units.saturating_mul(per_unit), currency)
    };
    takes.then(|| Terms {
        minimum: minor_of(UNITS_MIN),
        maximum: minor_of(UNITS_MAX),
        needs_instrument: provider != SIMULATOR,
    })
}

/// A payment as the provider is told of it. The reference is also its idempotency key: asked
/// twice, it moves the money once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Through whom.
    pub provider: String,
    /// Which payment; its reference goes with the call.
    pub payment: PaymentRef,
    /// How much.
    pub amount: Money,
    /// From what, or to what: the provider's own token, never a number of a card or an account.
    pub instrument: Option<String>,
    /// When the customer asked for it, or, of a withdrawal that persons had to approve, when the last
    /// of them did: nobody can have called before. Providers forget idempotency keys, so a call gets
    /// too old.
    pub requested_at: Timestamp,
    /// What the provider calls it, once it has told.
    pub known_as: Option<String>,
    /// How often nothing came back before.
    pub silences: u32,
}

/// What a provider tells of a payment that it is at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TakenOn {
    /// What the provider calls it; none: it has told before, or never does.
    pub known_as: Option<String>,
    /// Where the customer has to approve it.
    pub approve_at: Option<String>,
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
    Accepted(TakenOn),
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
    Pending(TakenOn),
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
    fn status<'a>(&'a self, call: &'a Call, now: Timestamp) -> ProviderFuture<'a, StatusAnswer>;
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

    #[test]
    fn who_pays_only_to_what_is_named_says_so() {
        let needs = |provider| terms(provider, Currency::Gbp).map(|terms| terms.needs_instrument);
        assert_eq!(needs(SIMULATOR), Some(false));
        assert_eq!(needs(STRIPE), Some(true));
        assert_eq!(needs(OPEN_BANKING), Some(true));
    }

    #[test]
    fn each_provider_takes_its_own_currencies() {
        let taken = |provider| {
            let takes = |currency: &&Currency| terms(provider, **currency).is_some();
            let codes = Currency::ALL.iter().filter(takes);
            codes.map(|currency| currency.code()).collect::<Vec<_>>()
        };
        assert_eq!(taken(STRIPE), ["EUR", "GBP", "USD", "JPY"]);
        assert_eq!(taken(OPEN_BANKING), ["GBP"]);
    }
}
