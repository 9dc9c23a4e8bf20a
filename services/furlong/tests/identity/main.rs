//! Who is let in, for how long, and to what: against the whole, in one process.
//!
//! Duty: a node as `furlong` runs it (real keys, tokens, passwords, log and views), asked through
//! its own router by everybody who might: the owner, another customer, every role, nobody, and
//! those with tokens that do not hold. Prohibition: no double stands in for any part.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "counts of one run; a test that overflows has failed"
)]

mod authenticator;
mod canaries;
mod factors;
mod forged;
mod matrix;
mod passkeys;
mod persons;
mod resets;
mod rig;
mod sessions;
mod staff;
