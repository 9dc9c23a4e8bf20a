//! `furlong calc fit`: scoring rates from a season's results.

use crate::exit::{Ended, Failure, Outcome};
use crate::numbers::{exact_list, exact_text};
use crate::screen::Screen;
use clap::Args;
use jiff::civil::Date;
use odds::feed::football_data::{self, MatchRow};
use odds::forecast::{HeldOut, held_out, played};
use odds_domain::goals::fit::{Fit, FitError, FitTerms, fit};
use odds_domain::goals::{GoalMarkets, GoalModel};
use odds_domain::outcome::Score;
use std::path::PathBuf;

pub const EXAMPLES: &str = "\
Examples:
  furlong calc fit E0.csv
  furlong calc fit E0.csv --home Arsenal --away Wolves
  furlong calc fit E0.csv --as-of 2025-12-01 --xi 0.005 --ridge 0 --json
  furlong calc fit E0.csv --held-out 100

FILE is a season of football-data.co.uk: Div, Date, Time, HomeTeam, AwayTeam, FTHG, FTAG.
Results weigh exp(-xi · days). --held-out N tells every match after the first N from the matches
before its day, and compares with closing prices: mean minus logarithm of the probability of what
happened, lower is better.";

/// The Dixon-Coles model that is likeliest for a season's results.
#[derive(Debug, Args)]
pub struct FitSeason {
    /// A season, as CSV
    file: PathBuf,
    /// The last day that counts, such as 2025-12-31; the last one of the file if not told
    #[arg(long, value_name = "DATE")]
    as_of: Option<Date>,
    /// How fast results lose weight, a day
    #[arg(long, default_value_t = 0.0018)]
    xi: f64,
    /// How many average matches draw each side towards the average
    #[arg(long, value_name = "MATCHES", default_value_t = 2.0)]
    ridge: f64,
    /// Independent goals
    #[arg(long)]
    no_rho: bool,
    /// Price a match: this side at home
    #[arg(long, value_name = "SIDE", requires = "away")]
    home: Option<String>,
    /// Price a match: these visitors
    #[arg(long, value_name = "SIDE", requires = "home")]
    away: Option<String>,
    /// Tell all matches but the first so many from earlier ones, and score that
    #[arg(long, value_name = "MATCHES", conflicts_with_all = ["home", "as_of"])]
    held_out: Option<usize>,
}

pub fn run(arguments: &FitSeason, screen: &mut Screen<'_>) -> Ended {
    let rows = read(arguments)?;
    let results = played(&rows);
    let last = results.iter().map(|result| result.day).max().unwrap_or(0);
    let terms = FitTerms {
        as_of: arguments.as_of.map_or(last, day),
        xi: arguments.xi,
        ridge: arguments.ridge,
        with_rho: !arguments.no_rho,
    };
    if let Some(first) = arguments.held_out {
        let told = held_out(&rows, first, &terms).map_err(|error| usage(&error))?;
        return put_held_out(&told, screen);
    }
    let fitted = fit(&results, &terms).map_err(|error| usage(&error))?;
    let priced = match (&arguments.home, &arguments.away) {
        (Some(home), Some(away)) => {
            let model = fitted.model(home, away).map_err(|error| usage(&error))?;
            Some((model, model.grid().markets(Score::default())))
        }
        (None, _) | (_, None) => None,
    };
    if screen.json {
        put_json(&fitted, priced, screen)?;
    } else {
        put_table(&fitted, priced, screen)?;
    }
    Ok(Outcome::Fine)
}

fn read(arguments: &FitSeason) -> Result<Vec<MatchRow>, Failure> {
    let name = arguments.file.display();
    let unreadable =
        |error: &dyn std::fmt::Display| Failure::Unreadable(format!("{name}: {error}"));
    let text = std::fs::read_to_string(&arguments.file).map_err(|error| unreadable(&error))?;
    football_data::read(&text).map_err(|error| unreadable(&error))
}

/// The day counted from 1970.
fn day(date: Date) -> i64 {
    let start = Date::constant(1970, 1, 1);
    date.duration_since(start).as_hours().div_euclid(24)
}

fn usage(error: &FitError) -> Failure {
    let argument = match error {
        FitError::XiOutOfRange(_) => "--xi",
        FitError::RidgeOutOfRange(_) | FitError::NotConverged { .. } => "--ridge",
        FitError::NoGoals => "--as-of",
        FitError::SideUnknown(_) | FitError::Model(_) => "--home, --away",
    };
    Failure::Usage(format!("{argument}: {error}"))
}

fn put_held_out(told: &HeldOut, screen: &mut Screen<'_>) -> Ended {
    if screen.json {
        screen.put(format_args!(
            "{{\"matches\":{},\"passed_over\":{},\"model\":{},\"closing\":{},\"opening\":{},\"frequencies\":{}}}",
            told.matches,
            told.passed_over,
            exact_text(told.model),
            exact_text(told.closing),
            exact_text(told.opening),
            exact_text(told.frequencies),
        ))?;
        return Ok(Outcome::Fine);
    }
    screen.put(format_args!(
        "matches told     {} ({} passed over)",
        told.matches, told.passed_over
    ))?;
    for (name, loss) in [
        ("model", told.model),
        ("closing prices", told.closing),
        ("opening prices", told.opening),
        ("frequencies", told.frequencies),
    ] {
        screen.put(format_args!("{name:<16} {loss:.4}"))?;
    }
    Ok(Outcome::Fine)
}

type Priced = Option<(GoalModel, GoalMarkets)>;

fn put_json(fitted: &Fit, priced: Priced, screen: &mut Screen<'_>) -> std::io::Result<()> {
    let sides: Vec<String> = fitted
        .sides
        .iter()
        .map(|(name, side)| {
            let name = serde_json::Value::from(name.as_str());
            format!("{name}:{}", exact_list(&[side.attack, side.defence]))
        })
        .collect();
    let fixture = priced.map_or_else(
        || "null".to_owned(),
        |(model, markets)| {
            format!(
                "{{\"model\":\"{}\",\"home_rate\":{},\"away_rate\":{},\"home\":{},\"draw\":{},\"away\":{},\"over25\":{},\"btts\":{}}}",
                model.version(),
                exact_text(model.home_rate()),
                exact_text(model.away_rate()),
                exact_text(markets.home),
                exact_text(markets.draw),
                exact_text(markets.away),
                exact_text(markets.over25),
                exact_text(markets.btts),
            )
        },
    );
    screen.put(format_args!(
        "{{\"base\":{},\"at_home\":{},\"rho\":{},\"matches\":{},\"weight\":{},\"log_likelihood\":{},\"steps\":{},\"sides\":{{{}}},\"fixture\":{fixture}}}",
        exact_text(fitted.base),
        exact_text(fitted.at_home),
        exact_text(fitted.rho),
        fitted.matches,
        exact_text(fitted.weight),
        exact_text(fitted.log_likelihood),
        fitted.steps,
        sides.join(","),
    ))
}

fn put_table(fitted: &Fit, priced: Priced, screen: &mut Screen<'_>) -> std::io::Result<()> {
    screen.put(format_args!(
        "{} matches of weight {:.2}, log-likelihood {:.4}, {} steps",
        fitted.matches, fitted.weight, fitted.log_likelihood, fitted.steps
    ))?;
    screen.put(format_args!(
        "average goals away {:.4}, at home times {:.4}, rho {:.4}",
        fitted.base.exp(),
        fitted.at_home.exp(),
        fitted.rho
    ))?;
    screen.put("\nside                  scores times  lets through times")?;
    for (name, side) in &fitted.sides {
        let through = side.defence.exp().recip();
        screen.put(format_args!(
            "{name:<20}  {:<12.4}  {through:.4}",
            side.attack.exp()
        ))?;
    }
    if let Some((model, markets)) = priced {
        screen.put(format_args!(
            "\nexpected goals {:.4} and {:.4}",
            model.home_rate(),
            model.away_rate()
        ))?;
        for (name, chance) in [
            ("home", markets.home),
            ("draw", markets.draw),
            ("away", markets.away),
            ("over 2.5", markets.over25),
            ("both score", markets.btts),
        ] {
            let fair = chance.recip();
            screen.put(format_args!(
                "{name:<11} {chance:.6}   fair price {fair:.3}"
            ))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::cli::tests::{refused, typed};
    use serde_json::Value;
    use std::io::Write;

    const SEASON: &str = "\
Div,Date,Time,HomeTeam,AwayTeam,FTHG,FTAG
E0,15/08/2025,20:00,Ashford,Brook,2,1
E0,16/08/2025,15:00,Cairn,Dale,0,0
E0,23/08/2025,15:00,Brook,Cairn,1,1
E0,23/08/2025,15:00,Dale,Ashford,0,3
E0,30/08/2025,15:00,Ashford,Cairn,1,0
E0,30/08/2025,15:00,Brook,Dale,2,2
";

    fn with_season(line: &str, run: impl Fn(&str) -> String) -> String {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(SEASON.as_bytes()).unwrap();
        run(&format!("calc fit {} {line}", file.path().display()))
    }

    #[test]
    fn a_season_becomes_rates_and_prices() {
        let text = with_season("--home Ashford --away Dale --json", typed);
        let answer: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(answer["matches"], 6);
        assert_eq!(answer["sides"].as_object().unwrap().len(), 4);
        let home = answer["fixture"]["home"].as_f64().unwrap();
        assert!(home > 0.5, "{text}");
        // The same bits again.
        assert_eq!(
            with_season("--home Ashford --away Dale --json", typed),
            text
        );
    }

    #[test]
    fn later_results_do_not_count() {
        let text = with_season("--as-of 2025-08-23 --json", typed);
        let answer: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(answer["matches"], 4);
        assert!(with_season("", typed).contains("Ashford"));
    }

    #[test]
    fn what_does_not_fit_names_the_argument() {
        for (line, named) in [
            ("--xi=-1", "--xi"),
            ("--ridge=-1", "--ridge"),
            ("--home Ashford", "--away"),
            ("--home Ashford --away Elm", "--away"),
            ("--as-of 2025-01-01", "--as-of"),
            ("--as-of yesterday", "--as-of"),
        ] {
            let message = with_season(line, refused);
            assert!(message.contains(named), "{line}: {message}");
        }
    }
}
