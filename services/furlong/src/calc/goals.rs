//! `furlong calc goals`.

use crate::exit::{Ended, Failure, Outcome};
use crate::numbers::{exact_list, exact_text};
use crate::screen::Screen;
use clap::Args;
use odds_domain::goals::{GoalGrid, GoalMarkets, GoalModel, GoalModelError, MATCH_MINUTES};
use odds_domain::outcome::Score;

pub const EXAMPLES: &str = "\
Examples:
  furlong calc goals --home 1.5 --away 1.1
  furlong calc goals --home 1.35 --away 1.35 --rho -0.1 --json
  furlong calc goals --home 1.5 --away 1.1 --score 1-0 --minute 60

With a score, the markets are those of the final score and the grid holds the goals still to come.";

/// Poisson or Dixon-Coles.
#[derive(Debug, Args)]
pub struct Goals {
    /// Goals that the home side is expected to score in a whole match
    #[arg(long, value_name = "RATE")]
    home: f64,
    /// Goals that the away side is expected to score in a whole match
    #[arg(long, value_name = "RATE")]
    away: f64,
    /// Correlation at low scores (Dixon-Coles)
    #[arg(long, default_value_t = 0.0)]
    rho: f64,
    /// The present score, such as 1-0
    #[arg(long, requires = "minute")]
    score: Option<Score>,
    /// Minutes played, 0 to 90
    #[arg(long, requires = "score")]
    minute: Option<f64>,
}

pub fn run(arguments: &Goals, screen: &mut Screen<'_>) -> Ended {
    let grid = model(arguments)?.grid();
    let score = arguments.score.unwrap_or_default();
    let markets = grid.markets(score);
    if screen.json {
        put_json(&grid, markets, screen)?;
    } else {
        put_tables(&grid, markets, screen)?;
    }
    Ok(Outcome::Fine)
}

fn model(arguments: &Goals) -> Result<GoalModel, Failure> {
    let Goals {
        home,
        away,
        rho,
        minute,
        ..
    } = *arguments;
    let usage = |error: GoalModelError| {
        let argument = match error {
            GoalModelError::RateOutOfRange(rate) if rate.to_bits() == home.to_bits() => "--home",
            GoalModelError::RateOutOfRange(_) => "--away",
            GoalModelError::RhoOutOfRange { .. } => "--rho",
            GoalModelError::MinutesOutOfRange(_) => "--minute",
        };
        Failure::Usage(format!("{argument}: {error}"))
    };
    let model = GoalModel::dixon_coles(home, away, rho).map_err(usage)?;
    match minute {
        None => Ok(model),
        Some(minute) if (0.0..=MATCH_MINUTES).contains(&minute) => {
            model.with_minutes_left(minutes_left(minute)).map_err(usage)
        }
        Some(minute) => Err(Failure::Usage(format!(
            "--minute: between 0 and {MATCH_MINUTES}, got {minute}"
        ))),
    }
}

#[expect(
    clippy::float_arithmetic,
    reason = "minutes of a match, for a model of floats"
)]
fn minutes_left(minute: f64) -> f64 {
    MATCH_MINUTES - minute
}

fn put_json(grid: &GoalGrid, markets: GoalMarkets, screen: &mut Screen<'_>) -> std::io::Result<()> {
    let rows: Vec<String> = grid.cells().iter().map(|row| exact_list(row)).collect();
    screen.put(format_args!(
        "{{\"home\":{},\"draw\":{},\"away\":{},\"over25\":{},\"btts\":{},\"grid\":[{}]}}",
        exact_text(markets.home),
        exact_text(markets.draw),
        exact_text(markets.away),
        exact_text(markets.over25),
        exact_text(markets.btts),
        rows.join(","),
    ))
}

/// Goals of a side that fit on a screen.
const SHOWN: usize = 7;

fn put_tables(
    grid: &GoalGrid,
    markets: GoalMarkets,
    screen: &mut Screen<'_>,
) -> std::io::Result<()> {
    for (name, chance) in [
        ("home", markets.home),
        ("draw", markets.draw),
        ("away", markets.away),
        ("over 2.5", markets.over25),
        ("both score", markets.btts),
    ] {
        screen.put(format_args!(
            "{name:<11} {chance:.6}   fair price {:.3}",
            chance.recip()
        ))?;
    }
    screen.put("\ngoals to come, home down and away across")?;
    let header: Vec<String> = (0..SHOWN).map(|goals| format!("{goals:>7}")).collect();
    screen.put(format_args!("  {}", header.concat()))?;
    for (goals, row) in grid.cells().iter().enumerate().take(SHOWN) {
        let cells: Vec<String> = row
            .iter()
            .take(SHOWN)
            .map(|cell| format!("{cell:>7.4}"))
            .collect();
        screen.put(format_args!("{goals:>2}{}", cells.concat()))?;
    }
    Ok(())
}

#[cfg(test)]
#[expect(
    clippy::float_arithmetic,
    reason = "distances between floats, in tests"
)]
mod tests {
    use crate::cli::tests::{refused, typed};
    use serde_json::Value;

    fn answer(line: &str) -> Value {
        serde_json::from_str(&typed(&format!("calc goals {line} --json"))).unwrap()
    }

    fn check(answer: &Value, expected: &[(&str, f64)]) {
        for (pointer, value) in expected {
            let found = answer.pointer(pointer).and_then(Value::as_f64).unwrap();
            assert!(
                (found - value).abs() < 5.1e-11,
                "{pointer}: {found}, expected {value}"
            );
        }
    }

    #[test]
    fn independent_goals() {
        let answer = answer("--home 1.5 --away 1.1");
        check(
            &answer,
            &[
                ("/grid/0/0", 0.074_273_578_2),
                ("/grid/0/1", 0.081_700_936_0),
                ("/grid/1/0", 0.111_410_367_3),
                ("/grid/1/1", 0.122_551_404_1),
                ("/home", 0.464_244_185_8),
                ("/draw", 0.257_667_214_8),
                ("/away", 0.278_088_599_4),
                ("/over25", 0.481_570_424_1),
                ("/btts", 0.518_272_334_4),
            ],
        );
        let rows = answer["grid"].as_array().unwrap();
        assert!(rows.len() == 16 && rows.iter().all(|row| row.as_array().unwrap().len() == 16));
    }

    #[test]
    fn low_scores_that_depend_on_each_other() {
        check(
            &answer("--home 1.35 --away 1.35 --rho -0.1"),
            &[
                ("/grid/0/0", 0.079_453_717_4),
                ("/grid/0/1", 0.078_479_237_5),
                ("/grid/1/0", 0.078_479_237_5),
                ("/grid/1/1", 0.134_730_251_7),
                ("/home", 0.358_661_733_5),
                ("/draw", 0.282_676_533_0),
                ("/away", 0.358_661_733_5),
            ],
        );
    }

    #[test]
    fn what_is_left_to_play() {
        check(
            &answer("--home 1.5 --away 1.1 --score 1-0 --minute 60"),
            &[
                ("/home", 0.797_312_285_1),
                ("/draw", 0.168_695_276_5),
                ("/away", 0.033_992_438_4),
            ],
        );
    }

    #[test]
    fn after_the_last_minute_the_score_stands() {
        let answer = answer("--home 1.5 --away 1.1 --score 2-1 --minute 90");
        check(
            &answer,
            &[
                ("/home", 1.0),
                ("/over25", 1.0),
                ("/btts", 1.0),
                ("/grid/0/0", 1.0),
            ],
        );
    }

    #[test]
    fn what_does_not_fit_names_the_argument() {
        for (line, named) in [
            ("--home -1 --away 1", "--home"),
            ("--home 1 --away 7", "--away"),
            ("--home 1 --away x", "--away"),
            ("--home 1 --away 1 --rho 2", "--rho"),
            ("--home 1 --away 1 --rho -1.5", "--rho"),
            ("--home 1 --away 1 --score 1:0 --minute 5", "--score"),
            ("--home 1 --away 1 --score 1-0", "--minute"),
            ("--home 1 --away 1 --score 1-0 --minute 91", "--minute"),
            ("--home 1 --away 1 --score 1-0 --minute -1", "--minute"),
        ] {
            let message = refused(&format!("calc goals {line}"));
            assert!(message.contains(named), "{line}: {message}");
        }
    }
}
