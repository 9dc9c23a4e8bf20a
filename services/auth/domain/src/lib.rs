//! Who the customers are and what binds them: registrations, sign-ins, sessions, roles, limits,
//! exclusions.
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
mod limit;
mod session;
mod state;

pub use command::{
    ChangePassword, Command, Exclude, GrantRole, RefreshSession, Register, SetLimit, SignIn,
    SignOut,
};
pub use credential::{BLOCK_FIRST, BLOCK_LONGEST, FAILURES_BEFORE_BLOCK, block_after};
pub use decide::{Auth, Rejection};
pub use event::{
    CustomerRegistered, Event, LimitKind, RevokeReason, Role, SessionOpened, SessionRefreshed,
};
pub use exclusion::{CLOCK_SLACK, EXCLUSION_SHORTEST};
pub use limit::INCREASE_COOL_OFF;
pub use session::{REFRESH_LIFETIME, RETRY_GRACE, SESSIONS_MAX};
pub use state::{Customer, Limit, PendingIncrease, Session, State, TimerKey};
