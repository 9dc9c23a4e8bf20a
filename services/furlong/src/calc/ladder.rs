//! `furlong calc ladder`: prices on a ladder.

use crate::exit::{Ended, Outcome};
use crate::screen::Screen;
use clap::Args;
use kernel::Price;
use odds_domain::ladder::{HOUSE_FRACTIONS, Ladder};

pub const LADDER_EXAMPLES: &str = "\
Examples:
  furlong calc ladder --ladder classic --prices 2.01,3.96
  furlong calc ladder --ladder fractions --prices 4.3 --json
  furlong calc ladder --ladder classic

Ladders: hundredths, classic, fractions. Of two prices that are equally near the lower one counts
as nearest. Without prices the whole ladder is listed.";

/// Prices on a ladder.
#[derive(Debug, Args)]
pub struct OnLadder {
    /// Which prices may be offered
    #[arg(long)]
    ladder: Ladder,
    /// Prices to bring onto it: decimal (2.5) or fractional (6/4)
    #[arg(long, value_delimiter = ',', value_parser = super::settle::price)]
    prices: Vec<Price>,
}

/// A price as an exact ratio.
pub(super) fn ratio(price: Price) -> String {
    match price.denominator() {
        1 => price.numerator().to_string(),
        lower => format!("{}/{lower}", price.numerator()),
    }
}

pub fn ladder(arguments: &OnLadder, screen: &mut Screen<'_>) -> Ended {
    if arguments.prices.is_empty() {
        return whole_ladder(arguments.ladder, screen);
    }
    let shown = |price: Option<Price>| price.map_or_else(|| "-".to_owned(), |p| p.to_string());
    if !screen.json {
        screen.put("price       down        up          nearest")?;
    }
    let mut rows = Vec::new();
    for &price in &arguments.prices {
        let (down, up) = (arguments.ladder.down(price), arguments.ladder.up(price));
        let nearest = arguments.ladder.nearest(price);
        if screen.json {
            let or_null = |price: Option<Price>| {
                price.map_or_else(
                    || "null".to_owned(),
                    |price| format!("\"{}\"", ratio(price)),
                )
            };
            rows.push(format!(
                "{{\"price\":\"{}\",\"down\":{},\"up\":{},\"nearest\":\"{}\"}}",
                ratio(price),
                or_null(down),
                or_null(up),
                ratio(nearest)
            ));
        } else {
            screen.put(format_args!(
                "{:<10}  {:<10}  {:<10}  {nearest}",
                price.to_string(),
                shown(down),
                shown(up),
            ))?;
        }
    }
    if screen.json {
        screen.put(format_args!(
            "{{\"ladder\":\"{}\",\"prices\":[{}]}}",
            arguments.ladder,
            rows.join(",")
        ))?;
    }
    Ok(Outcome::Fine)
}

fn whole_ladder(ladder: Ladder, screen: &mut Screen<'_>) -> Ended {
    let prices = ladder.prices();
    if screen.json {
        let rungs: Vec<String> = prices
            .iter()
            .map(|price| format!("\"{}\"", ratio(*price)))
            .collect();
        screen.put(format_args!(
            "{{\"ladder\":\"{ladder}\",\"count\":{},\"rungs\":[{}]}}",
            prices.len(),
            rungs.join(",")
        ))?;
        return Ok(Outcome::Fine);
    }
    match ladder {
        Ladder::Hundredths | Ladder::Classic => {
            for price in &prices {
                screen.put(price)?;
            }
        }
        Ladder::Fractions => {
            for ((winnings, stake), price) in HOUSE_FRACTIONS.iter().zip(&prices) {
                let fraction = format!("{winnings}/{stake}");
                screen.put(format_args!("{fraction:<8} {price}"))?;
            }
        }
    }
    screen.tell(format_args!("{} prices", prices.len()));
    Ok(Outcome::Fine)
}

#[cfg(test)]
mod tests {
    use crate::cli::tests::{refused, typed};
    use serde_json::{Value, json};

    fn answer(line: &str) -> Value {
        serde_json::from_str(&typed(&format!("calc {line}"))).unwrap()
    }

    #[test]
    fn prices_on_ladders() {
        let answer = answer("ladder --ladder classic --prices 2.01,1200 --json");
        assert_eq!(
            answer["prices"],
            json!([
                {"price": "201/100", "down": "2", "up": "101/50", "nearest": "2"},
                {"price": "1200", "down": "1000", "up": null, "nearest": "1000"},
            ])
        );
    }

    #[test]
    fn a_whole_ladder() {
        assert_eq!(answer("ladder --ladder classic --json")["count"], 350);
        assert!(typed("calc ladder --ladder fractions").contains("100/30   4.333333"));
    }

    #[test]
    fn what_does_not_fit_names_the_argument() {
        for (line, named) in [
            ("ladder --ladder rungs", "--ladder"),
            ("ladder --ladder classic --prices 0.5", "--prices"),
        ] {
            let message = refused(&format!("calc {line}"));
            assert!(message.contains(named), "{line}: {message}");
        }
    }
}
