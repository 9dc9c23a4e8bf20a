//! `furlong calc goals`.

use super::model::Match;
use crate::exit::{Ended, Outcome};
use crate::numbers::{exact_list, exact_text};
use crate::screen::Screen;
use clap::Args;
use odds_domain::goals::{GoalGrid, GoalMarkets};

pub const EXAMPLES: &str = "\
Examples:
  furlong calc goals --home 1.5 --away 1.1
  furlong calc goals --home 1.35 --away 1.35 --rho -0.1 --json
  furlong calc goals --home 1.5 --away 1.1 --shared 0.15
  furlong calc goals --total 2.6 --supremacy 0.4
  furlong calc goals --home 1.5 --away 1.1 --score 1-0 --minute 60

With a score, the markets are those of the final score and the grid holds the goals still to come.";

/// All three models.
#[derive(Debug, Args)]
pub struct Goals {
    #[command(flatten)]
    of: Match,
}

pub fn run(arguments: &Goals, screen: &mut Screen<'_>) -> Ended {
    let grid = arguments.of.model()?.grid();
    let markets = grid.markets(arguments.of.score());
    if screen.json {
        put_json(&grid, markets, screen)?;
    } else {
        put_tables(&grid, markets, screen)?;
    }
    Ok(Outcome::Fine)
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
    fn a_total_and_a_supremacy_are_two_rates() {
        assert_eq!(
            answer("--total 2.6 --supremacy 0.4"),
            answer("--home 1.5 --away 1.1")
        );
    }

    #[test]
    fn shared_goals_make_draws_likelier() {
        let apart = answer("--home 1.5 --away 1.1");
        let together = answer("--home 1.5 --away 1.1 --shared 0.15");
        let draw = |answer: &Value| answer["draw"].as_f64().unwrap();
        assert!(draw(&together) > draw(&apart) + 0.01);
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
            ("--home 1 --away 1 --shared 1.1", "--shared"),
            ("--home 1 --away 1 --shared 0.1 --rho 0.1", "--rho"),
            ("--total 2 --supremacy 3", "--supremacy"),
            ("--total 2", "--supremacy"),
            ("--home 2", "--away"),
            ("--total 2 --supremacy 1 --home 2 --away 1", "--home"),
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
