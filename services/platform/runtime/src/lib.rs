//! The machinery that every service runs on.
//!
//! Duty: the owner of a partition (claim, fold, decide, read back), the readers of journals, the
//! one clock, ids and randomness, configuration, tracing and shutdown.
//!
//! Prohibition: no business rule. The owner is a synchronous machine without I/O; only the thin
//! shells around it (`task`, `tail`) are asynchronous.

mod attendance;
mod clock;
mod context;
mod duty;
mod figures;
mod health;
mod owner;
mod reader;
mod roll;
mod service;
mod tail;
mod task;

pub use attendance::{Attendance, Noticeboard, Seats};
pub use clock::{Clock, Entropy, SystemClock, SystemEntropy, mint};
pub use context::Shared;
pub use duty::{Duty, is_called, is_relieved};
pub use figures::{Durations, Figure, Figures, OwnerFigures, ReaderFigures, ReaderKind};
pub use health::{Condition, Health};
pub use owner::{Bounds, Owner, Stop};
pub use reader::{Drawing, Listener, Projection, Reader, Rows, end_of, rows_of};
pub use roll::{MemberId, Notice, Roll};
pub use service::{Command, Context, Event, Rejection, Service, State, Timer, Work, fold};
pub use tail::{Effective, Stretch, Tail, TailError, chain_from_bytes, chain_to_bytes, take};
pub use task::{OwnerParts, SNAPSHOT_FORMAT, run_owner};
