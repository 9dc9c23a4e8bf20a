//! The odds service's edge: feeds come in, the decider's events go out.
//!
//! Duty: turn what feed sources send into one kind of update ([`feed`]).
//! Prohibition: no rule about prices or markets; those are decided in `odds-domain`.

pub mod feed;
