//! A real Kafka and a real Cassandra in one call.
