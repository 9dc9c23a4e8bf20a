//! Audit: what a stranger can check with nothing but the log.
//!
//! Duty: read effective decisions and say which invariant does not hold, and where. The checks
//! are a second opinion: they fold wire events on their own and share no code with the services
//! whose work they judge. The simulator, the fault tests and `furlong audit verify` all use them.
//!
//! Prohibition: audit changes nothing, and no service crate is named here.

mod adjustments;
mod auditor;
mod book;
mod cancellations;
pub mod checkpoint;
mod findings;
mod funded;
mod limits;
mod own_limits;
mod payments;
mod prices;
mod promotions;
mod protection;
pub mod receipt;
mod requests;
mod reviews;
mod slip_return;
mod slips;
mod tokens;

pub use auditor::Auditor;
pub use book::{AccountKey, AccountState};
pub use findings::Violation;
