//! `furlong calc shade`: prices that lean against what the house stands to lose.

use super::ladder::ratio;
use crate::exit::{Ended, Failure, Outcome};
use crate::numbers::{exact_list, exact_text};
use crate::screen::Screen;
use clap::Args;
use kernel::{Currency, Money, Price};
use odds_domain::ladder::{self, Ladder};
use odds_domain::margin::{MarginMethod, apply_margin, remove_margin};
use odds_domain::shade::{self, ShadeError, ShadeRule};

pub const EXAMPLES: &str = "\
Examples:
  furlong calc shade --prices 10/11,10/11 --stakes 5500,2200 --returns 10500,4200 --limit 10000
  furlong calc shade --prices 2.7,2.3,4.4 --exposures 400,-300,50 --limit 1000 --kappa 0.5 --clamp 0.05
  furlong calc shade --prices 2.7,2.3,4.4 --exposures 400,-300,50 --limit 1000 --method power --json

Exposure of a selection is what is returned if it wins, less all stakes. Its probability is
multiplied by exp(kappa · exposure / limit) and held within the clamp. Without --method the margin
is proportional and all of it is computed in integers, as decisions do it; other methods use floats
around the same integer step. --booksum is the least; a book with more keeps its own.";

/// A book and what it stands to lose.
#[derive(Debug, Args)]
pub struct Shade {
    /// The prices of one market: decimal (2.5) or fractional (6/4)
    #[arg(long, required = true, value_delimiter = ',', value_parser = super::settle::price)]
    prices: Vec<Price>,
    /// What is staked on each selection
    #[arg(
        long,
        value_delimiter = ',',
        requires = "returns",
        value_name = "AMOUNTS"
    )]
    stakes: Vec<String>,
    /// What is returned if each selection wins
    #[arg(
        long,
        value_delimiter = ',',
        requires = "stakes",
        value_name = "AMOUNTS"
    )]
    returns: Vec<String>,
    /// Instead of stakes and returns: the exposure of each selection
    #[arg(
        long,
        value_delimiter = ',',
        conflicts_with = "stakes",
        required_unless_present = "stakes",
        value_name = "AMOUNTS",
        allow_hyphen_values = true
    )]
    exposures: Vec<String>,
    /// The exposure at which a probability is multiplied by exp(kappa)
    #[arg(long, value_name = "AMOUNT")]
    limit: String,
    /// How strongly prices lean, in thousandths at the finest
    #[arg(long, default_value = "0.5", value_parser = thousandths)]
    kappa: u32,
    /// The most by which a probability changes, in millionths at the finest
    #[arg(long, default_value = "0.05", value_parser = millionths)]
    clamp: u32,
    /// The least booksum, in millionths at the finest
    #[arg(long, default_value = "1", value_parser = millionths)]
    booksum: u32,
    /// How the margin is spread
    #[arg(long, default_value = "multiplicative")]
    method: MarginMethod,
    /// Which prices may be offered
    #[arg(long, default_value = "hundredths")]
    ladder: Ladder,
    /// In which currency the amounts are
    #[arg(long, default_value = "EUR")]
    currency: Currency,
}

/// What came out.
struct Leaning {
    exposures: Vec<i64>,
    fair: Vec<u64>,
    shaded: Vec<u64>,
    prices: Vec<Option<Price>>,
}

pub fn run(arguments: &Shade, screen: &mut Screen<'_>) -> Ended {
    let leaning = work_out(arguments)?;
    let offered: Vec<Price> = leaning.prices.iter().flatten().copied().collect();
    let booksum = ladder::booksum(&offered);
    let floats =
        |parts: &[u64]| -> Vec<f64> { parts.iter().map(|part| shade::as_float(*part)).collect() };
    if screen.json {
        let prices: Vec<String> = leaning
            .prices
            .iter()
            .map(|price| {
                price.map_or_else(
                    || "null".to_owned(),
                    |price| format!("\"{}\"", ratio(price)),
                )
            })
            .collect();
        let exposures: Vec<String> = leaning.exposures.iter().map(ToString::to_string).collect();
        screen.put(format_args!(
            "{{\"exposures_minor\":[{}],\"fair\":{},\"shaded\":{},\"offered\":[{}],\"offered_booksum\":{}}}",
            exposures.join(","),
            exact_list(&floats(&leaning.fair)),
            exact_list(&floats(&leaning.shaded)),
            prices.join(","),
            exact_text(booksum),
        ))?;
        return Ok(Outcome::Fine);
    }
    screen.put("price       exposure      fair           shaded         offered")?;
    let rows = arguments
        .prices
        .iter()
        .zip(&leaning.exposures)
        .zip(
            floats(&leaning.fair)
                .into_iter()
                .zip(floats(&leaning.shaded)),
        )
        .zip(&leaning.prices);
    for (((price, exposure), (fair, shaded)), offered) in rows {
        let exposure = Money::from_minor(*exposure, arguments.currency).to_string();
        let offered = offered.map_or_else(|| "-".to_owned(), |price| price.to_string());
        screen.put(format_args!(
            "{:<10}  {exposure:<12}  {fair:.10}   {shaded:.10}   {offered}",
            price.to_string()
        ))?;
    }
    screen.put(format_args!("booksum of the offered prices {booksum:.6}"))?;
    Ok(Outcome::Fine)
}

fn work_out(arguments: &Shade) -> Result<Leaning, Failure> {
    let exposures = exposures(arguments)?;
    let limit = minor("--limit", &arguments.limit, arguments.currency)?;
    let rule = ShadeRule {
        kappa_permille: arguments.kappa,
        limit_minor: limit,
        clamp_ppm: arguments.clamp,
        booksum_least_ppm: arguments.booksum,
    };
    let prices = &arguments.prices;
    if arguments.method == MarginMethod::Multiplicative {
        let fair = shade::fair_parts(prices);
        let shaded = shade::shade(&fair, &exposures, &rule).map_err(|error| refused(&error))?;
        let prices = shade::reprice(prices, &exposures, &rule, arguments.ladder)
            .map_err(|error| refused(&error))?;
        return Ok(Leaning {
            exposures,
            fair,
            shaded,
            prices,
        });
    }
    let quoted: Vec<f64> = prices
        .iter()
        .map(|price| ladder::as_float(*price))
        .collect();
    let book = remove_margin(arguments.method, &quoted)
        .map_err(|error| Failure::Usage(format!("--prices: {error}")))?;
    let fair = shade::parts_of(&book.probabilities).map_err(|_| {
        Failure::Usage("--method: it gives a selection a probability of 0 or less".to_owned())
    })?;
    let shaded = shade::shade(&fair, &exposures, &rule).map_err(|error| refused(&error))?;
    let probabilities: Vec<f64> = shaded.iter().map(|part| shade::as_float(*part)).collect();
    let least = ladder_free(rule.booksum_least_ppm);
    let quoted = apply_margin(arguments.method, &probabilities, book.booksum.max(least))
        .map_err(|error| Failure::Usage(format!("--booksum: {error}")))?;
    let offered = arguments
        .ladder
        .book(&quoted.prices)
        .map_err(|error| Failure::Usage(format!("--booksum: {error}")))?;
    Ok(Leaning {
        exposures,
        fair,
        shaded,
        prices: offered.prices.into_iter().map(Some).collect(),
    })
}

/// Millionths as a number.
#[expect(clippy::float_arithmetic, reason = "a target for a method of floats")]
fn ladder_free(ppm: u32) -> f64 {
    f64::from(ppm) / 1e6
}

fn refused(error: &ShadeError) -> Failure {
    let argument = match error {
        ShadeError::TooFewSelections(_) | ShadeError::NotFair(_) => "--prices",
        ShadeError::CountsDiffer { .. } => "--exposures",
        ShadeError::LimitNotPositive(_) => "--limit",
        ShadeError::KappaOutOfRange(_) => "--kappa",
        ShadeError::ClampOutOfRange(_) => "--clamp",
        ShadeError::BooksumBelowOne(_) => "--booksum",
    };
    Failure::Usage(format!("{argument}: {error}"))
}

fn exposures(arguments: &Shade) -> Result<Vec<i64>, Failure> {
    let list = |name: &str, texts: &[String]| -> Result<Vec<i64>, Failure> {
        texts
            .iter()
            .map(|text| minor(name, text, arguments.currency))
            .collect()
    };
    if arguments.stakes.is_empty() {
        return list("--exposures", &arguments.exposures);
    }
    let stakes = list("--stakes", &arguments.stakes)?;
    let returns = list("--returns", &arguments.returns)?;
    if stakes.len() != returns.len() {
        return Err(Failure::Usage(format!(
            "--returns: one for each stake, so {}, got {}",
            stakes.len(),
            returns.len()
        )));
    }
    Ok(shade::exposures(&stakes, &returns))
}

fn minor(name: &str, text: &str, currency: Currency) -> Result<i64, Failure> {
    Money::parse(text, currency)
        .map(Money::minor)
        .map_err(|error| Failure::Usage(format!("{name}: {error}")))
}

fn thousandths(text: &str) -> Result<u32, String> {
    scaled(text, 3)
}

fn millionths(text: &str) -> Result<u32, String> {
    scaled(text, 6)
}

/// A decimal of 0 or more without its point, which has so many places behind it.
fn scaled(text: &str, places: usize) -> Result<u32, String> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let fraction = fraction.trim_end_matches('0');
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    (!whole.is_empty() && digits(whole) && digits(fraction) && fraction.len() <= places)
        .then(|| format!("{whole}{fraction:0<places$}").parse().ok())
        .flatten()
        .ok_or_else(|| format!("a number of 0 or more with at most {places} places"))
}

#[cfg(test)]
#[expect(
    clippy::float_arithmetic,
    reason = "distances between floats, in tests"
)]
mod tests {
    use crate::cli::tests::{refused, typed};
    use serde_json::{Value, json};

    fn answer(line: &str) -> Value {
        serde_json::from_str(&typed(&format!("calc shade {line} --json"))).unwrap()
    }

    const BOOK: &str = "--prices 2.7,2.3,4.4 --limit 1000";

    #[test]
    fn the_worked_exposure() {
        let answer = answer(
            "--prices 10/11,10/11 --stakes 5500,2200 --returns 10500,4200 --limit 10000 --clamp 0.1",
        );
        assert_eq!(answer["exposures_minor"], json!([280_000, -350_000]));
        let first = answer["shaded"][0].as_f64().unwrap();
        assert!((first - 0.578_105_232_884).abs() < 1e-9, "{answer}");
        assert!(answer["offered_booksum"].as_f64().unwrap() >= 22.0 / 21.0 - 1e-12);
    }

    #[test]
    fn without_exposure_the_prices_stay() {
        let answer = answer(&format!("{BOOK} --exposures 0,0,0"));
        assert_eq!(answer["offered"], json!(["27/10", "23/10", "22/5"]));
    }

    #[test]
    fn every_proper_method_leans_the_same_way() {
        for method in [
            "multiplicative",
            "power",
            "shin",
            "odds-ratio",
            "logarithmic",
        ] {
            let answer = answer(&format!("{BOOK} --exposures 400,-300,50 --method {method}"));
            let (fair, shaded) = (&answer["fair"], &answer["shaded"]);
            assert!(shaded[0].as_f64() > fair[0].as_f64(), "{method}");
            assert!(shaded[1].as_f64() < fair[1].as_f64(), "{method}");
            assert!(
                answer["offered_booksum"].as_f64().unwrap() >= 1.0,
                "{method}"
            );
        }
    }

    #[test]
    fn what_does_not_fit_names_the_argument() {
        for (line, named) in [
            ("--exposures 0,0", "--exposures"),
            ("--exposures 0,0,x", "--exposures"),
            ("--stakes 1,1,1", "--returns"),
            ("--stakes 1,1,1 --returns 1,1", "--returns"),
            ("--exposures 0,0,0 --clamp 1.5", "--clamp"),
            ("--exposures 0,0,0 --kappa 0.0001", "--kappa"),
            ("--exposures 0,0,0 --booksum 0.99", "--booksum"),
            ("--exposures 0,0,0 --limit 0", "--limit"),
            ("--exposures 0,0,0 --ladder steps", "--ladder"),
        ] {
            let book = if line.contains("--limit") {
                "--prices 2.7,2.3,4.4"
            } else {
                BOOK
            };
            let message = refused(&format!("calc shade {book} {line}"));
            assert!(message.contains(named), "{line}: {message}");
        }
    }
}
