//! auth-domain.
