//! What part of the house's ordinary stake limit a customer gets: set by traders.
//!
//! Duty: take a trader's word with its reason, and find the factor that bears on a slip. Of all
//! factors that bear on any of its legs, and fraud's restriction beside them, the lowest binds.
//! Prohibition: a factor never touches slips that are in the book, and never a limit of the
//! customer's own.

use crate::customer::{Customer, UNRESTRICTED_PERMILLE};
use crate::event::Event;
use crate::evidence::Quote;
use crate::rejection::Rejection;
use crate::state::State;
use kernel::{CustomerId, Timestamp};

/// The most that a factor can be: ten times the ordinary limit.
pub const FACTOR_MOST_PERMILLE: u16 = 10_000;
/// The most bytes of a reason, and of the name of a sport or of a kind of market.
const TEXT_MOST: usize = 500;
/// The most factors that one customer can have.
const FACTORS_MOST: usize = 64;

/// On which slips a factor bears: on those with a leg of that sport and of that kind of market.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FactorScope {
    /// None: on all sports.
    pub sport: Option<String>,
    /// None: on all kinds of markets.
    pub market_kind: Option<String>,
}

/// A trader sets a customer's factor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetFactor {
    /// Whose.
    pub customer: CustomerId,
    /// On which slips it bears.
    pub scope: FactorScope,
    /// Permille of the ordinary stake limit; 0 forbids. None: there is no such factor any more.
    pub stake_permille: Option<u16>,
    /// Why.
    pub reason: String,
    /// Who.
    pub by: String,
    /// Now.
    pub at: Timestamp,
}

impl FactorScope {
    fn bears_on(&self, quote: &Quote) -> bool {
        let suits = |wanted: &Option<String>, is: &str| {
            wanted.as_ref().is_none_or(|wanted| wanted.as_str() == is)
        };
        suits(&self.sport, &quote.sport) && suits(&self.market_kind, &quote.market_kind)
    }
}

pub(crate) fn set(state: &State, command: &SetFactor) -> Result<Vec<Event>, Rejection> {
    let refused = |detail| Err(Rejection::FactorNotAllowed { detail });
    let named = [&command.scope.sport, &command.scope.market_kind];
    if command.reason.trim().is_empty() {
        return refused("a reason is required");
    }
    if command.reason.len() > TEXT_MOST || command.by.len() > TEXT_MOST {
        return refused("the reason is too long");
    }
    if named
        .into_iter()
        .flatten()
        .any(|name| name.is_empty() || name.len() > TEXT_MOST)
    {
        return refused("a sport or kind of market has 1 to 500 bytes");
    }
    if command
        .stake_permille
        .is_some_and(|permille| permille > FACTOR_MOST_PERMILLE)
    {
        return refused("a factor is 0 to 10000 permille");
    }
    let known = &state.customer(command.customer).factors;
    let before = known.get(&command.scope).copied();
    if before == command.stake_permille {
        return Ok(vec![]);
    }
    if before.is_none() && known.len() >= FACTORS_MOST {
        return refused("a customer has 64 factors at most");
    }
    Ok(vec![Event::StakeFactorSet(command.clone())])
}

impl Customer {
    /// The permille of the ordinary stake limit that a slip on these selections gets.
    ///
    /// # Errors
    /// None at all.
    pub(crate) fn permille_for(&self, quotes: &[&Quote]) -> Result<u16, Rejection> {
        let bearing = self
            .factors
            .iter()
            .filter(|(scope, _)| quotes.iter().any(|quote| scope.bears_on(quote)));
        let lowest = bearing.map(|(_, permille)| *permille).min();
        let restricted =
            (self.stake_permille < UNRESTRICTED_PERMILLE).then_some(self.stake_permille);
        let permille = match (lowest, restricted) {
            (Some(factor), Some(restricted)) => factor.min(restricted),
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => UNRESTRICTED_PERMILLE,
        };
        if permille == 0 {
            return Err(Rejection::CustomerRestricted);
        }
        Ok(permille)
    }
}
