//! eventlog-sqlite.
