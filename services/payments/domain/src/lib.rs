//! payments-domain.
