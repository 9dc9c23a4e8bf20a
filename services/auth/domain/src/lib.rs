//! Who the customers are and what binds them: registrations, sign-ins, second factors, passkeys,
//! sessions, roles, limits, exclusions, reality checks.
//!
//! Duty: the rules, as a pure decider over one partition's customers. A login is unique because
//! all accounts with one login hash are decided in one partition.
//!
//! Prohibition: no password is ever seen here (only verdicts on one, and opaque hashes), no token
//! (only digests), no clock and no randomness.

mod command;
mod credential;
mod decide;
mod event;
#[cfg(test)]
mod examples;
mod exclusion;
mod increase;
mod limit;
mod marketing;
mod passkey;
mod person;
mod reality_check;
mod reset;
mod role;
mod second_factor;
mod session;
mod staff;
mod state;
mod stranger;

pub use command::{
    AcknowledgeRealityCheck, AddPasskey, AdmitStaff, Assertion, Challenge, ChangePassword, Command,
    ConfirmIncrease, ConfirmSecondFactor, EndOtherSessions, ErasePersonalData, Exclude, GrantRole,
    OfferReset, OfferSecondFactor, Proof, RefreshSession, Register, RemovePasskey,
    RemoveSecondFactor, ReplaceProfile, ResetPassword, RevokeRole, SetLimit, SetMarketing,
    SetRealityCheck, SignIn, SignInWithPasskey, SignOut, StepUp,
};
pub use credential::{BLOCK_FIRST, BLOCK_LONGEST, FAILURES_BEFORE_BLOCK, block_after};
pub use decide::{Auth, Rejection};
pub use event::{
    CustomerRegistered, Event, ExclusionKind, LimitKind, RevokeReason, Role, SecondFactorEnabled,
    SessionOpened, SessionRefreshed,
};
pub use exclusion::{CLOCK_SLACK, SELF_EXCLUSION_SHORTEST, TIME_OUT_SHORTEST, kind_by_length};
pub use increase::{CONFIRM_WITHIN, INCREASE_COOL_OFF};
pub use passkey::{CHALLENGE_LONGEST, PASSKEYS_MAX};
pub use reality_check::{REALITY_CHECK_LONGEST, REALITY_CHECK_SHORTEST};
pub use reset::RESET_LONGEST;
pub use second_factor::{STEP_UP_LIFETIME, TOTP_STEP, step_at};
pub use session::{REFRESH_LIFETIME, RETRY_GRACE, SESSION_LIFETIME, SESSIONS_MAX};
pub use state::{
    Customer, Exclusion, Limit, Passkeys, PendingIncrease, Reset, SecondFactor, Session, StaffMark,
    State, Stranger, TimerKey,
};
pub use stranger::STRANGERS_MAX;
