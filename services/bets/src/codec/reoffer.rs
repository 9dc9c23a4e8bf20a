//! Re-offers on the wire.
//!
//! Duty and prohibition are those of the codec: a slip that is offered is told in the words in
//! which one is asked for.

use super::request::slip_from_wire;
use super::{policy_to_wire, rejection_from_wire, rejection_to_wire, sizes_to_wire, type_to_wire};
use bets_domain::{BetReoffered, SlipRequest};
use schemas::{DecodeError, bets as wire};

pub(super) fn to_wire(told: &BetReoffered) -> wire::BetReoffered {
    let (slip, options) = slip_request_to_wire(&told.slip);
    wire::BetReoffered {
        bet: told.bet,
        customer: told.customer,
        why: rejection_to_wire(&told.why),
        slip,
        options,
        stake: told.stake,
        potential_return: told.potential_return,
        cleared: told.cleared,
        offered_at: told.offered_at,
        until: told.until,
    }
}

pub(super) fn from_wire(told: wire::BetReoffered) -> Result<BetReoffered, DecodeError> {
    Ok(BetReoffered {
        bet: told.bet,
        customer: told.customer,
        why: rejection_from_wire(told.why)?,
        slip: slip_from_wire(told.slip, &told.options),
        stake: told.stake,
        potential_return: told.potential_return,
        cleared: told.cleared,
        offered_at: told.offered_at,
        until: told.until,
    })
}

/// A slip as it is asked for, in its two parts.
pub(crate) fn slip_request_to_wire(slip: &SlipRequest) -> (wire::Slip, wire::SlipOptions) {
    let legs = slip.legs.iter().map(|leg| wire::Leg {
        selection: leg.selection,
        market: leg.market,
        fixture: leg.fixture,
        price: leg.price,
        market_version: leg.market_version,
    });
    let told = wire::Slip {
        bet_type: type_to_wire(slip.bet_type),
        legs: legs.collect(),
        stake: slip.unit_stake,
        price_policy: policy_to_wire(slip.price_policy),
        each_way: slip.each_way,
        client_ref: slip.client_ref.clone(),
    };
    let options = wire::SlipOptions {
        sizes: sizes_to_wire(slip.sizes),
        starting_price: slip.legs.iter().map(|leg| leg.starting_price).collect(),
    };
    (told, options)
}

/// The same back.
pub(crate) fn slip_request_from_wire(slip: wire::Slip, options: &wire::SlipOptions) -> SlipRequest {
    slip_from_wire(slip, options)
}
