//! fraud-domain.
