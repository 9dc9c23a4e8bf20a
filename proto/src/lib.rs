//! The feed as gRPC speaks it.
//!
//! Duty: the code made from `feed.proto`, nothing else. A test makes it again and compares;
//! `FURLONG_GENERATE=1 cargo test -p proto` writes it. Prohibition: nothing is written by hand.

// As it is made, so that it can be compared.
#[rustfmt::skip]
mod generated;

pub use generated::*;
