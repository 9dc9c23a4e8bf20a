//! Views in ScyllaDB or Apache Cassandra.
