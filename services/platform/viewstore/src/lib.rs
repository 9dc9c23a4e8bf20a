//! viewstore.
