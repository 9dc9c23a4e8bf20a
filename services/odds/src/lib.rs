//! odds.
