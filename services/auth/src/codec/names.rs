//! What has the same names in both shapes.

use auth_domain as domain;
use schemas::auth as wire;

macro_rules! same_names {
    ($to_wire:ident, $from_wire:ident, $type:ident { $($name:ident),* $(,)? }) => {
        pub(crate) const fn $to_wire(value: domain::$type) -> wire::$type {
            match value { $(domain::$type::$name => wire::$type::$name,)* }
        }
        pub(crate) const fn $from_wire(value: wire::$type) -> domain::$type {
            match value { $(wire::$type::$name => domain::$type::$name,)* }
        }
    };
}

same_names!(
    role_to_wire,
    role_from_wire,
    Role {
        Customer,
        Trader,
        Operator,
        Auditor,
        Compliance
    }
);
same_names!(
    kind_to_wire,
    kind_from_wire,
    LimitKind {
        DepositDay,
        DepositWeek,
        DepositMonth,
        StakeSlip,
        StakeDay,
        StakeWeek,
        StakeMonth,
        LossDay,
        LossWeek,
        LossMonth
    }
);
same_names!(
    exclusion_to_wire,
    exclusion_from_wire,
    ExclusionKind {
        TimeOut,
        SelfExclusion
    }
);
same_names!(
    reason_to_wire,
    reason_from_wire,
    RevokeReason {
        SignedOut,
        TokenReused,
        Excluded,
        CredentialChanged,
        Displaced,
        RoleRevoked,
        Erased
    }
);

pub(crate) fn roles_to_wire(roles: &[domain::Role]) -> Vec<wire::Role> {
    roles.iter().copied().map(role_to_wire).collect()
}

pub(crate) fn roles_from_wire(roles: Vec<wire::Role>) -> Vec<domain::Role> {
    roles.into_iter().map(role_from_wire).collect()
}
