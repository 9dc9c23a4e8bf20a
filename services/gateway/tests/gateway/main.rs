//! The gateway from outside: requests go in through the router, the owners are played by the
//! tests on a log in memory.

mod placing;
mod world;
