//! The whole: services put together into one process, and the tools around them.
//!
//! Duty: the command line and the composition root. This is the one place that names concrete
//! services and concrete stores side by side. Prohibition: no business rule; a command reads
//! its arguments, calls the crate that knows, and prints what came back.

mod audit;
mod bench;
mod calc;
pub mod checkpoints;
pub mod cli;
pub mod config;
pub mod data_folder;
pub mod dev;
mod doctor;
pub mod engine;
pub mod exit;
mod explain;
mod feed;
pub mod feed_desk;
mod history;
pub mod house;
mod http;
mod newcomers;
pub mod node;
mod numbers;
pub mod payments_desk;
mod replay;
pub mod screen;
mod serve;
mod signals;
mod trace;
