//! What binds customers, on the wire.
//!
//! Duty and prohibition are those of the codec: every variant there and back, nothing judged.

use bets_domain::{FactorScope, OwnLimit, SetFactor};
use kernel::Timestamp;
use schemas::bets as wire;

/// Limits have the same names on both sides.
macro_rules! own_limits {
    ($($name:ident),*) => {
        pub(crate) const fn own_limit_to_wire(limit: OwnLimit) -> wire::OwnLimit {
            match limit { $(OwnLimit::$name => wire::OwnLimit::$name,)* }
        }

        pub(crate) const fn own_limit_from_wire(limit: wire::OwnLimit) -> OwnLimit {
            match limit { $(wire::OwnLimit::$name => OwnLimit::$name,)* }
        }
    };
}

own_limits!(
    StakeSlip, StakeDay, StakeWeek, StakeMonth, LossDay, LossWeek, LossMonth
);

/// A trader's word as the domain takes it.
pub(crate) fn factor_from_wire(asked: wire::SetStakeFactor, now: Timestamp) -> SetFactor {
    SetFactor {
        customer: asked.customer,
        scope: scope_from_wire(asked.scope),
        stake_permille: asked.stake_permille,
        reason: asked.reason,
        by: asked.by,
        at: now,
    }
}

pub(super) fn factor_set_to_wire(set: &SetFactor) -> wire::StakeFactorSet {
    wire::StakeFactorSet {
        customer: set.customer,
        scope: scope_to_wire(&set.scope),
        stake_permille: set.stake_permille,
        reason: set.reason.clone(),
        by: set.by.clone(),
        set_at: set.at,
    }
}

pub(super) fn factor_set_from_wire(set: wire::StakeFactorSet) -> SetFactor {
    SetFactor {
        customer: set.customer,
        scope: scope_from_wire(set.scope),
        stake_permille: set.stake_permille,
        reason: set.reason,
        by: set.by,
        at: set.set_at,
    }
}

pub(crate) fn scope_to_wire(scope: &FactorScope) -> wire::FactorScope {
    wire::FactorScope {
        sport: scope.sport.clone(),
        market_kind: scope.market_kind.clone(),
    }
}

pub(crate) fn scope_from_wire(scope: wire::FactorScope) -> FactorScope {
    FactorScope {
        sport: scope.sport,
        market_kind: scope.market_kind,
    }
}
