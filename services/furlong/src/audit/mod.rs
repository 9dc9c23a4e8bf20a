//! `furlong audit`: for those who trust nobody.

mod export;
mod verify;

pub use verify::{Verified, Verifying};

use crate::exit::Ended;
use crate::screen::Screen;
use clap::Subcommand;

/// What an auditor may ask.
#[derive(Debug, Subcommand)]
pub enum Audit {
    /// Check bytes, signatures, chains, folds, invariants and views
    #[command(after_help = verify::EXAMPLES)]
    Verify(verify::Verify),
    /// Write every effective decision to files
    #[command(after_help = export::EXAMPLES)]
    Export(export::Export),
}

/// Runs one of them.
///
/// # Errors
/// The data cannot be opened, or files cannot be written.
pub fn run(audit: &Audit, screen: &mut Screen<'_>) -> Ended {
    match audit {
        Audit::Verify(arguments) => verify::run(arguments, screen),
        Audit::Export(arguments) => export::run(arguments, screen),
    }
}
