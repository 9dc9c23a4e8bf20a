//! Where schemas are published.
