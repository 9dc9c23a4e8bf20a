//! bets-domain.
