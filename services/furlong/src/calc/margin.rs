//! `furlong calc devig` and `furlong calc price`: the margin out and in.

use crate::exit::{Ended, Failure, Outcome};
use crate::numbers::{exact_list, exact_text};
use crate::screen::Screen;
use clap::Args;
use odds_domain::ladder::{self, Ladder};
use odds_domain::margin::{MarginError, MarginMethod, apply_margin, remove_margin};

pub const DEVIG_EXAMPLES: &str = "\
Examples:
  furlong calc devig --method shin --prices 2.7,2.3,4.4
  furlong calc devig --method power --prices 10/11,10/11 --json

Methods: multiplicative, additive, power, shin, odds-ratio, logarithmic, wpo.
The parameter is k for power, z for shin, c for odds-ratio, ln c for logarithmic.";

pub const PRICE_EXAMPLES: &str = "\
Examples:
  furlong calc price --method shin --probabilities 0.36,0.42,0.22 --booksum 1.05
  furlong calc price --method multiplicative --probabilities 0.5,0.5 --booksum 1.1 --json

Methods: multiplicative, additive, power, shin, odds-ratio, logarithmic, wpo.
Offered prices are rounded down to hundredths, so their booksum is a little above the one asked for.";

/// Takes the margin out.
#[derive(Debug, Args)]
pub struct Devig {
    /// How the margin is taken to be spread
    #[arg(long)]
    method: MarginMethod,
    /// The prices of one market: decimal (2.5) or fractional (6/4)
    #[arg(long, required = true, value_delimiter = ',', value_parser = decimal_price, allow_hyphen_values = true)]
    prices: Vec<f64>,
}

/// Puts a margin in.
#[derive(Debug, Args)]
pub struct Quote {
    /// How the margin is spread
    #[arg(long)]
    method: MarginMethod,
    /// Fair probabilities, which add up to 1
    #[arg(
        long,
        required = true,
        value_delimiter = ',',
        allow_hyphen_values = true
    )]
    probabilities: Vec<f64>,
    /// What the inverse prices add up to: 1.05 is a margin of 5 %
    #[arg(long, allow_hyphen_values = true)]
    booksum: f64,
}

/// The nearest float to a price, with more digits than a price that is offered may have.
fn decimal_price(text: &str) -> Result<f64, String> {
    if text.contains('/') {
        return super::settle::price(text).map(ladder::as_float);
    }
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() && value > 1.0 => Ok(value),
        Ok(_) | Err(_) => Err("a price is a number above 1, such as 2.5 or 6/4".to_owned()),
    }
}

fn usage(argument: &str, error: &MarginError) -> Failure {
    let argument = match error {
        MarginError::UnknownMethod(_) => "--method",
        MarginError::BooksumOutOfReach { .. } if argument == "--probabilities" => "--booksum",
        MarginError::TooFewSelections(_)
        | MarginError::NotAPrice { .. }
        | MarginError::NotAProbability { .. }
        | MarginError::NotFair(_)
        | MarginError::BooksumOutOfReach { .. } => argument,
    };
    Failure::Usage(format!("{argument}: {error}"))
}

fn parameter_text(parameter: Option<f64>) -> String {
    parameter.map_or_else(|| "null".to_owned(), exact_text)
}

pub fn devig(arguments: &Devig, screen: &mut Screen<'_>) -> Ended {
    let book = remove_margin(arguments.method, &arguments.prices)
        .map_err(|error| usage("--prices", &error))?;
    for index in book.improper() {
        let number = index.saturating_add(1);
        screen.tell(format_args!(
            "warning: this method gives selection {number} a probability of 0 or less"
        ));
    }
    if screen.json {
        screen.put(format_args!(
            "{{\"probabilities\":{},\"parameter\":{},\"booksum\":{}}}",
            exact_list(&book.probabilities),
            parameter_text(book.parameter),
            exact_text(book.booksum),
        ))?;
        return Ok(Outcome::Fine);
    }
    screen.put("price       probability   fair price")?;
    for (price, probability) in arguments.prices.iter().zip(&book.probabilities) {
        let fair = probability.recip();
        screen.put(format_args!("{price:<10}  {probability:.10}  {fair:.4}"))?;
    }
    screen.put(format_args!("booksum     {:.10}", book.booksum))?;
    if let Some(parameter) = book.parameter {
        screen.put(format_args!("parameter   {parameter:.10}"))?;
    }
    Ok(Outcome::Fine)
}

pub fn quote(arguments: &Quote, screen: &mut Screen<'_>) -> Ended {
    let book = apply_margin(
        arguments.method,
        &arguments.probabilities,
        arguments.booksum,
    )
    .map_err(|error| usage("--probabilities", &error))?;
    let offered = Ladder::Hundredths
        .book(&book.prices)
        .map_err(|error| Failure::Usage(format!("--booksum: {error}")))?;
    if screen.json {
        let texts: Vec<String> = offered
            .prices
            .iter()
            .map(|price| format!("\"{price}\""))
            .collect();
        screen.put(format_args!(
            "{{\"prices\":{},\"parameter\":{},\"booksum\":{},\"offered\":[{}],\"offered_booksum\":{}}}",
            exact_list(&book.prices),
            parameter_text(book.parameter),
            exact_text(book.booksum),
            texts.join(","),
            exact_text(offered.booksum),
        ))?;
        return Ok(Outcome::Fine);
    }
    screen.put("probability   price         offered")?;
    let rows = arguments
        .probabilities
        .iter()
        .zip(&book.prices)
        .zip(&offered.prices);
    for ((probability, price), offered) in rows {
        screen.put(format_args!("{probability:<12}  {price:<12.8}  {offered}"))?;
    }
    screen.put(format_args!(
        "booksum       {:<12.10}  {:.6}",
        book.booksum, offered.booksum
    ))?;
    if let Some(parameter) = book.parameter {
        screen.put(format_args!("parameter     {parameter:.10}"))?;
    }
    Ok(Outcome::Fine)
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

    fn close(value: &Value, expected: f64) -> bool {
        (value.as_f64().unwrap() - expected).abs() < 5.1e-11
    }

    const A: &str = "2.70,2.30,4.40";
    const B: &str = "1.85,3.60,4.50";
    const G: &str = "2.6,2.4,4.3";
    /// Book, method, probabilities, parameter: computed three times independently.
    const REFERENCE: &[(&str, &str, [f64; 3], Option<f64>)] = &[
        (
            A,
            "multiplicative",
            [0.358_738_036_2, 0.421_127_259_8, 0.220_134_704_0],
            None,
        ),
        (
            A,
            "additive",
            [0.359_561_801_6, 0.423_974_039_9, 0.216_464_158_5],
            None,
        ),
        (
            A,
            "power",
            [0.359_171_099_9, 0.423_730_753_0, 0.217_098_147_2],
            Some(1.030_913_239_315_94),
        ),
        (
            A,
            "shin",
            [0.359_343_919_6, 0.423_243_848_2, 0.217_412_232_2],
            Some(0.016_236_442_856_292_7),
        ),
        (
            A,
            "odds-ratio",
            [0.358_810_362_1, 0.422_561_422_2, 0.218_628_215_7],
            Some(1.051_169_127_293_15),
        ),
        (
            A,
            "logarithmic",
            [0.358_810_362_1, 0.422_561_422_2, 0.218_628_215_7],
            Some(0.049_902_999_303_565_2),
        ),
        (
            A,
            "wpo",
            [0.359_561_801_6, 0.423_974_039_9, 0.216_464_158_5],
            None,
        ),
        (
            B,
            "multiplicative",
            [0.519_480_519_5, 0.266_955_267_0, 0.213_564_213_6],
            None,
        ),
        (
            B,
            "additive",
            [0.527_027_027_0, 0.264_264_264_3, 0.208_708_708_7],
            None,
        ),
        (
            B,
            "power",
            [0.527_218_225_7, 0.263_712_681_6, 0.209_069_092_7],
            Some(1.040_565_131_810_15),
        ),
        (
            B,
            "shin",
            [0.525_097_782_7, 0.264_939_195_4, 0.209_963_022_0],
            Some(0.020_341_650_538_201_5),
        ),
        (
            B,
            "odds-ratio",
            [0.524_164_820_6, 0.264_775_085_1, 0.211_060_094_3],
            Some(1.067_996_308_474_56),
        ),
        (
            G,
            "shin",
            [0.372_994_060_3, 0.404_779_410_9, 0.222_226_528_7],
            Some(0.016_942_512_763_6),
        ),
    ];

    #[test]
    fn reference_books() {
        for (prices, method, probabilities, parameter) in REFERENCE {
            let answer = answer(&format!("devig --method {method} --prices {prices}"));
            for (index, expected) in probabilities.iter().enumerate() {
                assert!(
                    close(&answer["probabilities"][index], *expected),
                    "{method} {answer}"
                );
            }
            match parameter {
                Some(expected) => {
                    assert!(close(&answer["parameter"], *expected), "{method} {answer}")
                }
                None => assert_eq!(answer["parameter"], Value::Null),
            }
        }
    }

    #[test]
    fn two_equal_prices_are_even_under_every_method() {
        for (method, parameter) in [
            ("multiplicative", None),
            ("additive", None),
            ("power", Some(1.071_942_563_131_08)),
            ("shin", Some(0.047_619_047_619_047_7)),
            ("odds-ratio", Some(1.1)),
        ] {
            let answer = answer(&format!("devig --method {method} --prices 10/11,10/11"));
            assert!(close(&answer["probabilities"][0], 0.5), "{method}");
            if let Some(parameter) = parameter {
                assert!(close(&answer["parameter"], parameter), "{method} {answer}");
            }
        }
    }

    #[test]
    fn what_devig_takes_out_price_puts_in() {
        for method in [
            "multiplicative",
            "additive",
            "power",
            "shin",
            "odds-ratio",
            "logarithmic",
            "wpo",
        ] {
            let fair = answer(&format!("devig --method {method} --prices {A}"));
            let probabilities: Vec<String> = fair["probabilities"]
                .as_array()
                .unwrap()
                .iter()
                .map(ToString::to_string)
                .collect();
            let quoted = answer(&format!(
                "price --method {method} --probabilities {} --booksum {}",
                probabilities.join(","),
                fair["booksum"]
            ));
            for (price, expected) in quoted["prices"]
                .as_array()
                .unwrap()
                .iter()
                .zip([2.7, 2.3, 4.4])
            {
                assert!(
                    (price.as_f64().unwrap() - expected).abs() < 1e-9,
                    "{method} {quoted}"
                );
            }
        }
    }

    #[test]
    fn a_probability_has_17_significant_digits() {
        let text = typed("calc devig --method multiplicative --prices 2.7,2.3,4.4 --json");
        let first = text.split(['[', ',']).nth(1).unwrap();
        assert_eq!(first.trim_start_matches("0.").len(), 17, "{first}");
    }

    #[test]
    fn an_improper_probability_is_shown_and_warned_of() {
        let (out, messages) =
            crate::cli::tests::both("calc devig --method additive --prices 1.02,1.5,200 --json");
        let answer: Value = serde_json::from_str(&out).unwrap();
        assert!(answer["probabilities"][2].as_f64().unwrap() < 0.0);
        assert!(messages.contains("selection 3"), "{messages}");
    }

    #[test]
    fn offered_prices_never_give_margin_away() {
        let answer = answer("price --method shin --probabilities 0.36,0.42,0.22 --booksum 1.05");
        assert!(answer["offered_booksum"].as_f64().unwrap() >= 1.05);
        assert_eq!(answer["offered"].as_array().unwrap().len(), 3);
    }

    #[test]
    fn what_does_not_fit_names_the_argument() {
        for (line, named) in [
            ("devig --method best --prices 2,2", "--method"),
            ("devig --method shin --prices 2", "--prices"),
            ("devig --method shin --prices 2,1", "--prices"),
            ("devig --method shin --prices 2,-3", "--prices"),
            ("devig --method shin --prices 2,x", "--prices"),
            (
                "price --method shin --probabilities 0.5,0.6 --booksum 1.05",
                "--probabilities",
            ),
            (
                "price --method shin --probabilities 0.5,0.5 --booksum 9",
                "--booksum",
            ),
            (
                "price --method shin --probabilities 0.5,0.5 --booksum -1",
                "--booksum",
            ),
            (
                "price --method shin --probabilities 1.5,-0.5 --booksum 1",
                "--probabilities",
            ),
        ] {
            let message = refused(&format!("calc {line}"));
            assert!(message.contains(named), "{line}: {message}");
        }
    }
}
