//! odds-domain.
