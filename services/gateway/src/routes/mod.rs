//! The routes, by what they are about.

pub(crate) mod account;
pub(crate) mod admin;
pub(crate) mod audit;
pub(crate) mod auth;
pub(crate) mod bets;
pub(crate) mod calc;
pub(crate) mod cases;
pub(crate) mod dev;
pub(crate) mod factors;
pub(crate) mod feed;
pub(crate) mod health;
pub(crate) mod lean;
pub(crate) mod liability;
pub(crate) mod markets;
pub(crate) mod payments;
pub(crate) mod placing;
pub(crate) mod preview;
pub(crate) mod protection;
pub(crate) mod races;
pub(crate) mod reality_check;
pub(crate) mod referrals;
pub(crate) mod registering;
pub(crate) mod reoffers;
pub(crate) mod rulings;
