//! `furlong calc`: the arithmetic of the engine, by hand.
//!
//! Duty: read numbers from arguments, hand them to the domain crate that also serves the engine,
//! and print what came back. Prohibition: nothing is computed here.

mod ask;
mod conformance;
mod fit;
mod goals;
mod ladder;
mod lines;
mod margin;
mod model;
mod settle;
mod shade;

pub use ask::answer;

use crate::exit::Ended;
use crate::screen::Screen;
use clap::Subcommand;

/// What can be worked out.
#[derive(Debug, Subcommand)]
pub enum Calc {
    /// What a slip returns, from prices and results
    #[command(after_help = settle::EXAMPLES)]
    Settle(settle::Settle),
    /// Anything about slips and prices, asked in JSON
    #[command(after_help = ask::EXAMPLES)]
    Ask(ask::Ask),
    /// Run or print the conformance vectors
    #[command(after_help = conformance::EXAMPLES)]
    Conformance(conformance::Conformance),
    /// Take the margin out of prices
    #[command(after_help = margin::DEVIG_EXAMPLES)]
    Devig(margin::Devig),
    /// Put a margin into probabilities
    #[command(after_help = margin::PRICE_EXAMPLES)]
    Price(margin::Quote),
    /// Probabilities of scores from two scoring rates
    #[command(after_help = goals::EXAMPLES, allow_negative_numbers = true)]
    Goals(goals::Goals),
    /// More or fewer goals than a line, and what each answer may come to
    #[command(after_help = lines::TOTALS_EXAMPLES, allow_negative_numbers = true)]
    Totals(lines::Totals),
    /// Handicaps of every kind of line, and what each answer may come to
    #[command(after_help = lines::HANDICAP_EXAMPLES, allow_negative_numbers = true)]
    Handicap(lines::Handicap),
    /// Exact scores
    #[command(after_help = lines::SCORES_EXAMPLES, allow_negative_numbers = true)]
    Scores(lines::Scores),
    /// Scoring rates that are likeliest for a season's results
    #[command(after_help = fit::EXAMPLES, allow_negative_numbers = true)]
    Fit(fit::FitSeason),
    /// Prices that lean against what the house stands to lose
    #[command(after_help = shade::EXAMPLES)]
    Shade(shade::Shade),
    /// Prices on a ladder
    #[command(after_help = ladder::LADDER_EXAMPLES)]
    Ladder(ladder::OnLadder),
}

/// Runs one of them.
///
/// # Errors
/// Numbers that do not fit together, or output that cannot be written.
pub fn run(calc: &Calc, screen: &mut Screen<'_>) -> Ended {
    match calc {
        Calc::Settle(arguments) => settle::run(arguments, screen),
        Calc::Ask(arguments) => ask::run(arguments, screen),
        Calc::Conformance(arguments) => conformance::run(arguments, screen),
        Calc::Devig(arguments) => margin::devig(arguments, screen),
        Calc::Price(arguments) => margin::quote(arguments, screen),
        Calc::Goals(arguments) => goals::run(arguments, screen),
        Calc::Totals(arguments) => lines::totals(arguments, screen),
        Calc::Handicap(arguments) => lines::handicap(arguments, screen),
        Calc::Scores(arguments) => lines::scores(arguments, screen),
        Calc::Fit(arguments) => fit::run(arguments, screen),
        Calc::Shade(arguments) => shade::run(arguments, screen),
        Calc::Ladder(arguments) => ladder::ladder(arguments, screen),
    }
}
