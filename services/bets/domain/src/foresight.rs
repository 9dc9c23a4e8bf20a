//! What a slip would pay by other results.
//!
//! Duty: the verdict of settlement on results that are not in force, for those who must know before
//! they decide. Prohibition: nothing follows from it.

use crate::market::ResultInForce;
use crate::slip::{Slip, SlipOutcome};
use crate::terms;
use kernel::{MarketId, Money};
use std::collections::BTreeMap;

/// What a struck slip would pay by these results, the legs that do not count being void; none: it
/// would be open.
#[must_use]
pub fn returned_by(
    slip: &Slip,
    results: &BTreeMap<MarketId, ResultInForce>,
) -> Option<(Money, SlipOutcome)> {
    let legs = slip.legs.iter().map(|leg| {
        if leg.voided.is_some() {
            return Some(slip.void_leg());
        }
        let result = results.get(&leg.struck.market)?;
        terms::decided(result, leg, slip.terms())
    });
    let legs: Vec<_> = legs.collect();
    slip.verdict(&legs)
        .map(|verdict| (verdict.returned, verdict.outcome))
}
