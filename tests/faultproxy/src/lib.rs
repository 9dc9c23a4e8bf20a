//! A proxy between clients and brokers that does what networks do.
