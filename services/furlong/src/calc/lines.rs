//! `furlong calc totals`, `handicap` and `scores`: one question about the goals, with what each
//! answer may come to.

use super::model::Match;
use crate::exit::{Ended, Failure, Outcome};
use crate::numbers::exact_text;
use crate::screen::Screen;
use clap::Args;
use odds_domain::goals::OutcomeChances;
use odds_domain::outcome::{Line, Score, Side};
use odds_domain::question::{GoalQuestion, GoalSelection};

pub const TOTALS_EXAMPLES: &str = "\
Examples:
  furlong calc totals --home 1.5 --away 1.1 --line 2.5
  furlong calc totals --home 1.5 --away 1.1 --line 2.75 --json
  furlong calc totals --home 1.5 --away 1.1 --line 1.5 --of away
  furlong calc totals --total 2.6 --supremacy 0.4 --score 1-0 --minute 60 --line 2.5

Lines are in quarters of a goal; a quarter line is half a stake on each neighbour. The fair price
is the one at which the average return is the stake.";

pub const HANDICAP_EXAMPLES: &str = "\
Examples:
  furlong calc handicap --home 1.5 --away 1.1 --line -0.75
  furlong calc handicap --home 1.5 --away 1.1 --rho -0.1 --line -0.25 --json
  furlong calc handicap --home 1.5 --away 1.1 --line -1 --european
  furlong calc handicap --home 1.5 --away 1.1 --score 1-0 --minute 60 --line -0.5

The line is the home side's. In play an Asian handicap counts the goals from now on, as bets on it
are settled; --final counts those of the whole match.";

pub const SCORES_EXAMPLES: &str = "\
Examples:
  furlong calc scores --home 1.5 --away 1.1
  furlong calc scores --home 1.5 --away 1.1 --rho -0.1 --up-to 5 --json";

/// More or fewer goals than a line.
#[derive(Debug, Args)]
pub struct Totals {
    #[command(flatten)]
    of_match: Match,
    /// Goals to compare with, in quarters: 2.5, 2.75
    #[arg(long)]
    line: Line,
    /// Only the goals of one side
    #[arg(long, value_name = "SIDE", value_parser = side)]
    of: Option<Side>,
}

/// Goals added to one side.
#[derive(Debug, Args)]
pub struct Handicap {
    #[command(flatten)]
    of_match: Match,
    /// Goals added to the home side, in quarters: -0.75
    #[arg(long)]
    line: Line,
    /// Three ways and no push: whole goals only
    #[arg(long)]
    european: bool,
    /// In play: count the goals of the whole match
    #[arg(long = "final", requires = "score")]
    whole_match: bool,
}

/// The exact score.
#[derive(Debug, Args)]
pub struct Scores {
    #[command(flatten)]
    of_match: Match,
    /// Goals of a side up to which scores are listed
    #[arg(long, value_name = "GOALS", default_value_t = 3)]
    up_to: u16,
}

fn side(text: &str) -> Result<Side, &'static str> {
    match text {
        "home" => Ok(Side::Home),
        "away" => Ok(Side::Away),
        _ => Err("home or away"),
    }
}

pub fn totals(arguments: &Totals, screen: &mut Screen<'_>) -> Ended {
    let question = match arguments.of {
        None => GoalQuestion::Total(arguments.line),
        Some(side) => GoalQuestion::SideTotal(side, arguments.line),
    };
    put(
        &arguments.of_match,
        arguments.of_match.score(),
        question,
        screen,
    )
}

pub fn handicap(arguments: &Handicap, screen: &mut Screen<'_>) -> Ended {
    let of_match = &arguments.of_match;
    if arguments.european {
        let quarters = arguments.line.quarters();
        if quarters.checked_rem(4) != Some(0) {
            return Err(Failure::Usage(format!(
                "--line: a European handicap is in whole goals, got {}",
                arguments.line
            )));
        }
        let goals = quarters.checked_div(4).unwrap_or(0);
        let question = GoalQuestion::EuropeanHandicap(goals);
        return put(of_match, of_match.score(), question, screen);
    }
    let from_now = of_match.is_in_play() && !arguments.whole_match;
    let score = if from_now {
        Score::default()
    } else {
        of_match.score()
    };
    put(
        of_match,
        score,
        GoalQuestion::AsianHandicap(arguments.line),
        screen,
    )
}

pub fn scores(arguments: &Scores, screen: &mut Screen<'_>) -> Ended {
    let of_match = &arguments.of_match;
    if arguments.up_to > 10 {
        return Err(Failure::Usage("--up-to: at most 10 goals".to_owned()));
    }
    put(
        of_match,
        of_match.score(),
        GoalQuestion::CorrectScore(arguments.up_to),
        screen,
    )
}

fn put(of: &Match, score: Score, question: GoalQuestion, screen: &mut Screen<'_>) -> Ended {
    let model = of.model()?;
    let sheet = model.grid().sheet(score, question);
    if screen.json {
        let selections: Vec<String> = sheet.iter().map(|(s, c)| json(*s, *c)).collect();
        screen.put(format_args!(
            "{{\"model\":\"{}\",\"selections\":[{}]}}",
            model.version(),
            selections.join(",")
        ))?;
        return Ok(Outcome::Fine);
    }
    screen
        .put("selection          won       half won  push      half lost lost      fair price")?;
    for (selection, chances) in sheet {
        let OutcomeChances {
            won,
            half_won,
            push,
            half_lost,
            lost,
        } = chances;
        let fair = chances
            .fair_price()
            .map_or_else(|| "-".to_owned(), |price| format!("{price:.4}"));
        let name = selection.to_string();
        screen.put(format_args!(
            "{name:<18} {won:.6}  {half_won:.6}  {push:.6}  {half_lost:.6}  {lost:.6}  {fair}"
        ))?;
    }
    screen.put(format_args!("by {}", model.version()))?;
    Ok(Outcome::Fine)
}

fn json(selection: GoalSelection, chances: OutcomeChances) -> String {
    let or_null = |value: Option<f64>| value.map_or_else(|| "null".to_owned(), exact_text);
    format!(
        "{{\"selection\":\"{selection}\",\"won\":{},\"half_won\":{},\"push\":{},\"half_lost\":{},\"lost\":{},\"fair_probability\":{},\"fair_price\":{}}}",
        exact_text(chances.won),
        exact_text(chances.half_won),
        exact_text(chances.push),
        exact_text(chances.half_lost),
        exact_text(chances.lost),
        or_null(chances.fair_probability()),
        or_null(chances.fair_price()),
    )
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
        serde_json::from_str(&typed(&format!("calc {line} --json"))).unwrap()
    }

    fn number(answer: &Value, pointer: &str) -> f64 {
        answer
            .pointer(pointer)
            .and_then(Value::as_f64)
            .unwrap_or_else(|| panic!("{pointer} of {answer}"))
    }

    const RATES: &str = "--home 1.5 --away 1.1";

    #[test]
    fn totals_and_the_grid_agree() {
        let over = answer(&format!("totals {RATES} --line 2.5"));
        assert!((number(&over, "/selections/0/won") - 0.481_570_424_1).abs() < 5.1e-11);
        let quarter = answer(&format!("totals {RATES} --line 2.75"));
        assert!(number(&quarter, "/selections/0/half_won") > 0.2);
        assert_eq!(quarter["model"], "poisson/1");
        let blank = answer(&format!("totals {RATES} --line 0.5 --of away"));
        assert!((number(&blank, "/selections/1/won") - (-1.1_f64).exp()).abs() < 1e-9);
    }

    #[test]
    fn handicaps_of_every_kind() {
        let half = answer(&format!("handicap {RATES} --line -0.5"));
        assert!((number(&half, "/selections/0/won") - 0.464_244_185_8).abs() < 5.1e-11);
        let level = answer(&format!("handicap {RATES} --line 0"));
        assert!((number(&level, "/selections/0/push") - 0.257_667_214_8).abs() < 5.1e-11);
        let european = answer(&format!("handicap {RATES} --line -1 --european"));
        let whole = answer(&format!("handicap {RATES} --line -1"));
        assert_eq!(
            european.pointer("/selections/1/won"),
            whole.pointer("/selections/0/push")
        );
    }

    #[test]
    fn in_play_a_handicap_counts_from_now_unless_told() {
        let at = format!("{RATES} --score 1-0 --minute 60 --line -0.5");
        let from_now = answer(&format!("handicap {at}"));
        let of_all = answer(&format!("handicap {at} --final"));
        assert!((number(&of_all, "/selections/0/won") - 0.797_312_285_1).abs() < 5.1e-11);
        assert!(number(&from_now, "/selections/0/won") < 0.4);
    }

    #[test]
    fn scores_and_all_others_share_one() {
        let answer = answer(&format!("scores {RATES} --up-to 2"));
        let all = answer["selections"].as_array().unwrap();
        assert_eq!(all.len(), 10);
        assert_eq!(all[9]["selection"], "any other score");
        let sum: f64 = all.iter().map(|s| s["won"].as_f64().unwrap()).sum();
        assert!((sum - 1.0).abs() < 1e-9);
    }

    #[test]
    fn people_read_a_table() {
        let text = typed(&format!("calc handicap {RATES} --line -0.75"));
        assert!(
            text.contains("home -0.75") && text.contains("away +0.75"),
            "{text}"
        );
    }

    #[test]
    fn what_does_not_fit_names_the_argument() {
        for (line, named) in [
            ("totals --home 1 --away 1 --line 2.3", "--line"),
            ("totals --home 1 --away 1 --line 2.5 --of both", "--of"),
            ("totals --home 9 --away 1 --line 2.5", "--home"),
            (
                "handicap --home 1 --away 1 --line -0.5 --european",
                "--line",
            ),
            ("handicap --home 1 --away 1 --line -0.5 --final", "--score"),
            ("scores --home 1 --away 1 --up-to 11", "--up-to"),
        ] {
            let message = refused(&format!("calc {line}"));
            assert!(message.contains(named), "{line}: {message}");
        }
    }
}
