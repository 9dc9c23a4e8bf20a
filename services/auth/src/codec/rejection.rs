//! Why not, to the wire.

use auth_domain as domain;
use schemas::auth as wire;

pub(crate) fn rejection_to_wire(rejection: &domain::Rejection) -> wire::Rejection {
    use wire::RejectionReason as Reason;
    let reason = match rejection {
        domain::Rejection::LoginTaken => Reason::LoginTaken(wire::LoginTaken {}),
        domain::Rejection::CustomerIdNotAllowed => {
            Reason::CustomerIdNotAllowed(wire::CustomerIdNotAllowed {})
        }
        domain::Rejection::CustomerUnknown => Reason::CustomerUnknown(wire::CustomerUnknown {}),
        domain::Rejection::CredentialVersionStale { current } => {
            Reason::CredentialVersionStale(wire::CredentialVersionStale { current: *current })
        }
        // How many failures an unknown login had, nobody counts.
        domain::Rejection::CredentialsWrong => {
            Reason::CredentialsWrong(wire::CredentialsWrong { failures: 0 })
        }
        domain::Rejection::SignInBlocked { until } => {
            Reason::SignInBlocked(wire::SignInBlocked { until: *until })
        }
        domain::Rejection::SessionEnded => Reason::SessionEnded(wire::SessionEnded {}),
        domain::Rejection::LimitNotAllowed { detail } => {
            let detail = (*detail).to_owned();
            Reason::LimitNotAllowed(wire::LimitNotAllowed { detail })
        }
        domain::Rejection::ExclusionTooShort { earliest } => {
            let earliest = *earliest;
            Reason::ExclusionTooShort(wire::ExclusionTooShort { earliest })
        }
        domain::Rejection::Excluded { until } => Reason::Excluded(wire::Excluded { until: *until }),
        domain::Rejection::NoIncreaseWaits => Reason::NoIncreaseWaits(wire::NoIncreaseWaits {}),
        domain::Rejection::CoolOffNotOver { from } => {
            Reason::CoolOffNotOver(wire::CoolOffNotOver { from: *from })
        }
        domain::Rejection::RealityCheckNotSet => {
            Reason::RealityCheckNotSet(wire::RealityCheckNotSet {})
        }
        domain::Rejection::RealityCheckNotAllowed { detail } => {
            let detail = (*detail).to_owned();
            Reason::RealityCheckNotAllowed(wire::RealityCheckNotAllowed { detail })
        }
        domain::Rejection::SecondFactorMissing => {
            Reason::SecondFactorMissing(wire::SecondFactorMissing {})
        }
        domain::Rejection::SecondFactorUnknown => {
            Reason::SecondFactorUnknown(wire::SecondFactorUnknown {})
        }
        domain::Rejection::SecondFactorInForce => {
            Reason::SecondFactorInForce(wire::SecondFactorInForce {})
        }
        domain::Rejection::PersonalDataGone => Reason::PersonalDataGone(wire::PersonalDataGone {}),
        domain::Rejection::ResetNotAllowed => Reason::ResetNotAllowed(wire::ResetNotAllowed {}),
        domain::Rejection::PasskeyUnknown => Reason::PasskeyUnknown(wire::PasskeyUnknown {}),
        domain::Rejection::PasskeysFull => Reason::PasskeysFull(wire::PasskeysFull {}),
        domain::Rejection::ChallengeSpent => Reason::ChallengeSpent(wire::ChallengeSpent {}),
        domain::Rejection::PasskeyCountsBackwards { last } => {
            Reason::PasskeyCountsBackwards(wire::PasskeyCountsBackwards { last: *last })
        }
    };
    wire::Rejection { reason }
}
