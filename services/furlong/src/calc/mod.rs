//! `furlong calc`: the arithmetic of the engine, by hand.
//!
//! Duty: read numbers from arguments, hand them to the domain crate that also serves the engine,
//! and print what came back. Prohibition: nothing is computed here.

mod goals;
mod margin;
mod model;
mod settle;

use crate::exit::Ended;
use crate::screen::Screen;
use clap::Subcommand;

/// What can be worked out.
#[derive(Debug, Subcommand)]
pub enum Calc {
    /// What a slip returns, from prices and results
    #[command(after_help = settle::EXAMPLES)]
    Settle(settle::Settle),
    /// Take the margin out of prices
    #[command(after_help = margin::DEVIG_EXAMPLES)]
    Devig(margin::Devig),
    /// Put a margin into probabilities
    #[command(after_help = margin::PRICE_EXAMPLES)]
    Price(margin::Quote),
    /// Probabilities of scores from two scoring rates
    #[command(after_help = goals::EXAMPLES, allow_negative_numbers = true)]
    Goals(goals::Goals),
}

/// Runs one of them.
///
/// # Errors
/// Numbers that do not fit together, or output that cannot be written.
pub fn run(calc: &Calc, screen: &mut Screen<'_>) -> Ended {
    match calc {
        Calc::Settle(arguments) => settle::run(arguments, screen),
        Calc::Devig(arguments) => margin::devig(arguments, screen),
        Calc::Price(arguments) => margin::quote(arguments, screen),
        Calc::Goals(arguments) => goals::run(arguments, screen),
    }
}
