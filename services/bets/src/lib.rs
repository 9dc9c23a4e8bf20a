//! bets.
