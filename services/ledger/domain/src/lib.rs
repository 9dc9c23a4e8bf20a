//! ledger-domain.
