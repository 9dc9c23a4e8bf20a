//! The odds service's edge: feeds and operators come in, decisions go out.
//!
//! Duty: turn what feed sources send into one kind of update ([`feed`]), join the decider of
//! `odds-domain` to the wire ([`codec`]) and to the runtime ([`OddsService`]); learn goal models
//! from recorded seasons ([`forecast`]), price matches ([`pricing`]); answer questions about prices ([`calculator`]).
//!
//! Prohibition: no rule about prices or markets; those are decided in `odds-domain`. There is no
//! projection: readers of fixtures and markets fold the journal into their own picture.

pub mod calculator;
pub mod codec;
pub mod feed;
pub mod forecast;
pub mod pricing;
pub mod reactor;

mod service;
mod snapshot;
mod terms;

pub use service::OddsService;
pub use terms::Terms;

#[cfg(test)]
mod tests;
