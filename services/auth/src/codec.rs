//! Domain and wire, joined.
//!
//! Duty: every command, event and rejection of auth in both shapes, exhaustively. Prohibition:
//! no judgement; a wire value that the domain cannot hold is a decode error.

mod event;
mod names;
mod passkey;
mod person;
mod protection;
mod rejection;
mod reset;
mod second_factor;
mod session;

pub(crate) use event::event_to_wire;
pub(crate) use names::{
    exclusion_from_wire, exclusion_to_wire, kind_from_wire, kind_to_wire, roles_from_wire,
    roles_to_wire,
};
pub(crate) use rejection::rejection_to_wire;

use auth_domain as domain;
use kernel::{Partition, Timestamp};
use schemas::auth as wire;

pub(crate) fn command(
    partition: Partition,
    command: wire::Command,
    now: Timestamp,
) -> domain::Command {
    match command {
        wire::Command::Register(asked) => person::register(partition, asked, now),
        wire::Command::SignIn(asked) => session::sign_in(asked, now),
        wire::Command::SignInWithProof(asked) => session::sign_in_with_proof(asked, now),
        wire::Command::OfferSecondFactor(asked) => second_factor::offer_second_factor(asked, now),
        wire::Command::ConfirmSecondFactor(asked) => {
            second_factor::confirm_second_factor(asked, now)
        }
        wire::Command::RemoveSecondFactor(asked) => second_factor::remove_second_factor(asked, now),
        wire::Command::StepUp(asked) => second_factor::step_up(asked, now),
        wire::Command::AddPasskey(asked) => passkey::add_passkey(asked, now),
        wire::Command::RemovePasskey(asked) => passkey::remove_passkey(asked, now),
        wire::Command::SignInWithPasskey(asked) => passkey::sign_in_with_passkey(asked, now),
        wire::Command::RevokeRole(asked) => person::revoke_role(asked),
        wire::Command::ReplaceProfile(asked) => person::replace_profile(asked, now),
        wire::Command::ErasePersonalData(asked) => person::erase_personal_data(asked, now),
        wire::Command::RefreshSession(asked) => session::refresh_session(asked, now),
        wire::Command::SignOut(asked) => session::sign_out(asked),
        wire::Command::OfferReset(asked) => reset::offer_reset(asked, now),
        wire::Command::ResetPassword(asked) => reset::reset_password(asked, now),
        wire::Command::AdmitStaff(asked) => person::admit_staff(partition, asked, now),
        wire::Command::EndOtherSessions(asked) => session::end_other_sessions(asked, now),
        wire::Command::SetLimit(asked) => protection::set_limit(asked, now),
        wire::Command::Exclude(asked) => protection::exclude(asked, now),
        wire::Command::ExcludeAs(asked) => protection::exclude_as(asked, now),
        wire::Command::ConfirmIncrease(asked) => protection::confirm_increase(asked, now),
        wire::Command::SetMarketing(asked) => protection::set_marketing(asked, now),
        wire::Command::SetRealityCheck(asked) => protection::set_reality_check(asked, now),
        wire::Command::AcknowledgeRealityCheck(asked) => {
            protection::acknowledge_reality_check(asked, now)
        }
        wire::Command::GrantRole(asked) => person::grant_role(asked),
        wire::Command::ChangePassword(asked) => session::change_password(asked, now),
    }
}

pub(crate) fn event_from_wire(event: wire::Event) -> domain::Event {
    match event {
        wire::Event::CustomerRegistered(event) => person::customer_registered(event),
        wire::Event::SignedIn(event) => session::signed_in(event),
        wire::Event::SignInFailed(event) => session::sign_in_failed(event),
        wire::Event::SessionRefreshed(event) => session::session_refreshed(event),
        wire::Event::SessionRevoked(event) => session::session_revoked(event),
        wire::Event::LimitSet(event) => protection::limit_set(event),
        wire::Event::LimitIncreaseRequested(event) => protection::limit_increase_requested(event),
        wire::Event::CustomerExcluded(event) => protection::customer_excluded(event),
        wire::Event::RoleGranted(event) => person::role_granted(event),
        wire::Event::PasswordChanged(event) => session::password_changed(event),
        wire::Event::LimitIncreaseAsked(event) => protection::limit_increase_asked(event),
        wire::Event::LimitIncreaseConfirmed(event) => protection::limit_increase_confirmed(event),
        wire::Event::LimitIncreaseLapsed(event) => protection::limit_increase_lapsed(event),
        wire::Event::ExclusionKindSet(event) => protection::exclusion_kind_set(event),
        wire::Event::MarketingSet(event) => protection::marketing_set(event),
        wire::Event::RealityCheckSet(event) => protection::reality_check_set(event),
        wire::Event::RealityCheckAcknowledged(event) => {
            protection::reality_check_acknowledged(event)
        }
        wire::Event::SessionRefreshRepeated(event) => session::session_refresh_repeated(event),
        wire::Event::StrangerTurnedAway(event) => session::stranger_turned_away(event),
        wire::Event::SecondFactorOffered(event) => second_factor::second_factor_offered(event),
        wire::Event::SecondFactorRemoved(event) => second_factor::second_factor_removed(event),
        wire::Event::SecondFactorProved(event) => second_factor::second_factor_proved(event),
        wire::Event::RecoveryCodeUsed(event) => second_factor::recovery_code_used(event),
        wire::Event::SteppedUp(event) => second_factor::stepped_up(event),
        wire::Event::RoleRevoked(event) => person::role_revoked(event),
        wire::Event::ProfileReplaced(event) => person::profile_replaced(event),
        wire::Event::PersonalDataErased(event) => person::personal_data_erased(event),
        wire::Event::PasswordResetOffered(event) => reset::password_reset_offered(event),
        wire::Event::PasswordResetTaken(event) => reset::password_reset_taken(&event),
        wire::Event::StaffAdmitted(event) => person::staff_admitted(&event),
        wire::Event::EnrolmentOwed(event) => session::enrolment_owed(&event),
        wire::Event::PasskeyAdded(event) => passkey::passkey_added(event),
        wire::Event::PasskeyRemoved(event) => passkey::passkey_removed(event),
        wire::Event::PasskeyUsed(event) => passkey::passkey_used(event),
        wire::Event::SecondFactorEnabled(event) => second_factor::second_factor_enabled(event),
    }
}
