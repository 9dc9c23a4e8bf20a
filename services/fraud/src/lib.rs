//! fraud.
