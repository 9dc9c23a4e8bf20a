//! viewstore-sqlite.
