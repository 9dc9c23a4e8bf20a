//! Passkeys (WebAuthn): challenges, and what authenticators say to them.
//!
//! Duty: make challenges for one purpose and one person, say whose an assertion claims to be, and
//! check registrations and assertions: challenge, origin, site, user verification, signature. A
//! challenge is kept by whoever asked for it, as a ticket under a seal of the house, so that the
//! answer may come to another gateway than the question.
//!
//! Prohibition: nothing is remembered here. That a challenge counts once and that a counter only
//! rises is decided where the log is; this crate only hands over what that needs. Nobody else
//! names the library of WebAuthn.

mod decoy;
mod site;
mod ticket;

pub use site::{Added, PasskeyError, Proved, Question, Site, SiteError};
pub use ticket::{CHALLENGE_LIFETIME, Challenge, Purpose};
