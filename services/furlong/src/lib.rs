//! The whole: services put together into one process, and the tools around them.
//!
//! Duty: the command line and the composition root. This is the one place that names concrete
//! services and concrete stores side by side. Prohibition: no business rule; a command reads
//! its arguments, calls the crate that knows, and prints what came back.

pub mod admission;
pub mod audit;
mod bench;
mod calc;
pub mod checkpoints;
pub mod cli;
#[cfg(feature = "cluster")]
mod cluster;
#[cfg(not(feature = "cluster"))]
#[path = "no_cluster.rs"]
mod cluster;
pub mod config;
pub mod data_folder;
mod descriptors;
pub mod dev;
mod doctor;
pub mod engine;
pub mod exit;
mod explain;
mod feed;
pub mod feed_desk;
#[cfg(feature = "grpc")]
pub mod feed_door;
#[cfg(not(feature = "grpc"))]
#[path = "no_feed_door.rs"]
pub mod feed_door;
mod front;
mod health;
pub mod history;
pub mod house;
mod house_factors;
pub mod house_passkeys;
pub mod house_tokens;
mod http;
mod newcomers;
pub mod node;
pub mod notices_desk;
mod numbers;
mod part_figures;
pub mod payments_desk;
pub mod providers;
mod ready_file;
pub mod reconciling;
mod replay;
pub mod roles;
mod schema;
pub mod screen;
mod serve;
mod sign_in;
mod signals;
mod source_figures;
mod staff;
mod topics;
mod trace;
