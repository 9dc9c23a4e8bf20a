//! Roles: given and taken away, by somebody who is named.
//!
//! Duty: every change of roles is an event that tells who made it. A role that is taken away ends
//! all sessions, so that no token that still names it is good any more. Prohibition: what a role
//! may do is not known here; the gateway's table of permissions says that.

use crate::command::{GrantRole, RevokeRole};
use crate::decide::{Rejection, customer};
use crate::event::{Event, RevokeReason};
use crate::session;
use crate::state::State;

pub(crate) fn grant(state: &State, command: &GrantRole) -> Result<Vec<Event>, Rejection> {
    let customer = customer(state, command.customer)?;
    if customer.roles.contains(&command.role) {
        return Ok(vec![]);
    }
    let mut roles = customer.roles.clone();
    roles.push(command.role);
    roles.sort_unstable();
    Ok(vec![Event::RoleGranted {
        customer: command.customer,
        role: command.role,
        by: command.by.clone(),
        roles,
    }])
}

pub(crate) fn revoke(state: &State, command: &RevokeRole) -> Result<Vec<Event>, Rejection> {
    let customer = customer(state, command.customer)?;
    if !customer.roles.contains(&command.role) {
        return Ok(vec![]);
    }
    let mut roles = customer.roles.clone();
    roles.retain(|role| *role != command.role);
    let revoked = Event::RoleRevoked {
        customer: command.customer,
        role: command.role,
        by: command.by.clone(),
        roles,
    };
    let ended = session::all_revoked(command.customer, customer, RevokeReason::RoleRevoked);
    Ok(std::iter::once(revoked).chain(ended).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Command;
    use crate::event::Role;
    use crate::examples::*;
    use crate::session::REFRESH_LIFETIME;

    fn grant_to_anna(role: Role) -> Command {
        Command::GrantRole(GrantRole {
            customer: ANNA,
            role,
            by: "operator".to_owned(),
        })
    }

    fn revoke_from_anna(role: Role) -> Command {
        Command::RevokeRole(RevokeRole {
            customer: ANNA,
            role,
            by: "operator".to_owned(),
        })
    }

    fn trader_granted() -> Event {
        Event::RoleGranted {
            customer: ANNA,
            role: Role::Trader,
            by: "operator".to_owned(),
            roles: vec![Role::Customer, Role::Trader],
        }
    }

    #[test]
    fn a_role_is_given() {
        scenario([anna_registered()])
            .when(grant_to_anna(Role::Trader))
            .then([trader_granted()]);
    }

    #[test]
    fn a_role_that_is_held_is_not_given_again() {
        scenario([anna_registered(), trader_granted()])
            .when(grant_to_anna(Role::Trader))
            .then_nothing();
    }

    #[test]
    fn a_stranger_gets_no_role_and_loses_none() {
        scenario([])
            .when(grant_to_anna(Role::Trader))
            .then_rejected(Rejection::CustomerUnknown);
        scenario([])
            .when(revoke_from_anna(Role::Trader))
            .then_rejected(Rejection::CustomerUnknown);
    }

    #[test]
    fn a_role_that_is_taken_away_ends_all_sessions() {
        scenario([anna_registered(), trader_granted(), anna_signed_in(at(10))])
            .when(revoke_from_anna(Role::Trader))
            .then([
                Event::RoleRevoked {
                    customer: ANNA,
                    role: Role::Trader,
                    by: "operator".to_owned(),
                    roles: vec![Role::Customer],
                },
                Event::SessionRevoked {
                    customer: ANNA,
                    session: SESSION,
                    reason: RevokeReason::RoleRevoked,
                    expires_at: at(10).plus(REFRESH_LIFETIME),
                },
            ]);
    }

    #[test]
    fn a_role_that_is_not_held_cannot_be_taken_away() {
        scenario([anna_registered(), trader_granted()])
            .after(revoke_from_anna(Role::Trader))
            .when(revoke_from_anna(Role::Trader))
            .then_nothing();
    }
}
