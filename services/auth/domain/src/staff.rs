//! People who work here: let in by command, and what they still owe before a session is of use.
//!
//! Duty: whoever was let in with a password that another has chosen owes one of his own; whoever
//! works here owes a second factor or a passkey; each session that begins or goes on while something
//! is owed says so. A machine owes nothing: nobody could enrol for it, and what it shows was drawn at
//! random. Prohibition: what a session may do meanwhile is not known here; the gateway gives it a
//! token without roles.

use crate::command::AdmitStaff;
use crate::decide::{Rejection, register};
use crate::event::{Event, Role};
use crate::state::{Customer, SecondFactor, StaffMark, State};
use kernel::{CustomerId, SessionId};

pub(crate) fn admit(state: &State, command: &AdmitStaff) -> Result<Vec<Event>, Rejection> {
    let mut events = register(state, &command.registration)?;
    if !events.is_empty() {
        events.push(Event::StaffAdmitted {
            customer: command.registration.customer,
            machine: command.machine,
            at: command.registration.now,
        });
    }
    Ok(events)
}

/// What somebody owes in this session; none: nothing.
pub(crate) fn owed(id: CustomerId, customer: &Customer, session: SessionId) -> Option<Event> {
    let works_here = customer.roles.iter().any(|role| *role != Role::Customer);
    if !works_here || customer.staff == Some(StaffMark::Machine) {
        return None;
    }
    let new_password = customer.staff == Some(StaffMark::FirstPassword);
    let in_force = matches!(customer.second_factor, Some(SecondFactor::Enabled { .. }));
    let second_factor = !in_force && customer.passkeys.kept.is_empty();
    (new_password || second_factor).then_some(Event::EnrolmentOwed {
        customer: id,
        session,
        new_password,
        second_factor,
    })
}

#[cfg(test)]
mod tests;
